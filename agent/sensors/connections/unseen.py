"""Connections that opened and closed between two looks: whose were they?

The kernel tells that they closed, to which far end and with which counters, but not whose they were. While somebody is
watched it is remembered who is seen talking to which far end. Where exactly one watched process is, and no process that
is not watched, what closed there since it is watched is taken for its own, also what closed up to a minute before it
was first seen there: a crawler that opens a connection per request is caught with one open sooner or later. Where two
talk to the same far end, or nobody was seen to, it stays nobody's and is only counted.

What this gets wrong: a second program that talks to the same far end as a candidate and is never itself seen to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from agent.model.events import ProcessKey
from agent.sensors.connections.diagwire import Row

Owners = frozenset[ProcessKey]
NOBODY: Final[Owners] = frozenset()
"""Owner of what none of the watched processes holds."""

MEMORY_SECONDS = 60.0
MAX_FAR_ENDS = 8192
"""Far ends of which it is remembered who talks to them."""
MAX_WAITING = 2048
"""Connections that wait for their owner to be seen."""

_Far = tuple[bytes, int]


class Unseen:
    """Connections without an owner, and who may turn out to be it."""

    def __init__(self) -> None:
        self._talkers: dict[_Far, tuple[Owners, float, float]] = {}
        self._since: dict[ProcessKey, float] = {}
        self._waiting: deque[tuple[float, Row]] = deque()
        self._expired = 0

    @property
    def unowned(self) -> int:
        """Connections that are nobody's so far."""
        return self._expired + len(self._waiting)

    def watches(self, key: ProcessKey, now: float) -> None:
        """Note since when a process is watched: what closed before is not its doing since then."""
        self._since[key] = now

    def drop(self, key: ProcessKey) -> None:
        """Forget a process that is watched no longer, and with the last of them everything.

        While others are watched, it stays known who else talks to a far end.
        """
        self._since.pop(key, None)
        if not self._since:
            self._talkers.clear()
            self._expired += len(self._waiting)
            self._waiting.clear()
            return
        self._talkers = {
            far: (owners - {key}, others_until, seen)
            for far, (owners, others_until, seen) in self._talkers.items()
            if owners != {key} or others_until
        }

    def talks(self, far: _Far, who: Owners, now: float) -> None:
        """Note that `who` (`NOBODY`: a process that is not watched) talks to `far`."""
        owners, others_until, _ = self._talkers.get(far, (NOBODY, 0.0, 0.0))
        if far not in self._talkers and len(self._talkers) >= MAX_FAR_ENDS:
            self._talkers = {at: one for at, one in self._talkers.items() if now - one[2] <= MEMORY_SECONDS}
            if len(self._talkers) >= MAX_FAR_ENDS:
                return
        self._talkers[far] = (owners | who, others_until if who else now + MEMORY_SECONDS, now)

    def closed(self, row: Row, now: float) -> None:
        """Take in a connection that closed and that nobody was seen to hold."""
        self._waiting.append((now, row))
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()
            self._expired += 1

    def settle(self, now: float) -> Iterator[tuple[ProcessKey, Row]]:
        """Give each connection whose owner is known by now to that owner, and give up on those that waited a minute."""
        for _ in range(len(self._waiting)):
            at, row = self._waiting.popleft()
            owner = self._owner((row.address, row.port), now)
            if owner is not None and at >= self._since.get(owner, now):
                yield owner, row
            elif now - at > MEMORY_SECONDS:
                self._expired += 1
            else:
                self._waiting.append((at, row))

    def _owner(self, far: _Far, now: float) -> ProcessKey | None:
        owners, others_until, seen = self._talkers.get(far, (NOBODY, 0.0, 0.0))
        alone = len(owners) == 1 and others_until <= now and now - seen <= MEMORY_SECONDS
        return next(iter(owners)) if alone else None
