"""Adds up what one process was seen to do on the network: sightings in, an `Activity` out.

How the numbers come about, and how far they are off:

`opened` counts distinct connections. A connection that opens and closes between two looks is counted where the kernel
tells of it and it can only have been this process's; so the number is a lower bound.

`turns` counts exchanges: something was sent and something came back. Between two looks at a connection, segments with
data left `s` times and came `a` times; the turns between them are `min(s + w, a)`, where `w` is 1 if something sent
before was still waiting for its answer and else 0, and the sum over looks and connections is what is reported. One
small request with its answer on a kept connection is one turn, however long the answer: a download of any size has a
few, since its thousands of segments all go one way. Off it is

- upwards by one for each request that does not fit one segment or is sent in two writes (a POST often is), by up to two
  for each TLS connection, of whose opening `TLS_TURNS` are taken off and which may need more or less, and on HTTP/2 by
  the client's window updates during long answers;
- downwards where requests are sent together (HTTP/1.1 pipelining, HTTP/2 streams), where several requests and
  their answers fall between two looks in unequal segments, and by all that went over a connection before a process that
  had long been running began to be watched.

For a crawl over kept connections of HTTP/1.1, the usual kind, it is right to a few per cent; take it for an order of
magnitude elsewhere. `received` is exact but for one byte that the end of a connection counts as; on TLS it includes
the wrapping.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from agent.model.events import Activity
from agent.sensors.connections.sightings import NO_TRAFFIC, FarEnds, Sighting, Traffic

TLS_PORTS = frozenset((443, 8443))
TLS_TURNS = 2
"""Turns that opening a TLS connection takes: hello and answer, finish and answer (RFC 8446 2)."""
MAX_SOCKETS = 20_000
"""Connections told apart of one process at once."""
MAX_TARGETS = 4096
"""Far ends told apart of one process; what goes to further ones is counted and attributed to nobody."""

Far = tuple[bytes, int]


@dataclass(slots=True)
class _Open:
    """One connection as it was at the last look."""

    traffic: Traffic | None
    handshake: int
    waiting: int = 0


@dataclass(slots=True)
class Tally:
    """The counts of one process.

    Attributes:
        since: When counting began, monotonic seconds.
        whole: Whether the process was young then, so that everything its connections carried is its doing since.
    """

    since: float
    whole: bool
    last: float = 0.0
    looks: int = 0
    steady: int = 0
    opened: int = 0
    turns: int = 0
    received: int = 0
    active_at: float = 0.0
    _sockets: dict[tuple[int, int], _Open] = field(default_factory=dict)
    _targets: Counter[Far] = field(default_factory=Counter)
    _hosts: set[bytes] = field(default_factory=set)

    def look(self, sightings: Iterable[Sighting], far_ends: FarEnds, now: float) -> None:
        """Take in one look, of connections to the web."""
        opened, turns = self.opened, self.turns
        for sighting in sightings:
            if far_ends.is_web(sighting.address, sighting.port):
                self._take(sighting)
        self.last = now
        self.looks += 1
        if (self.opened, self.turns) != (opened, turns):
            self.steady += 1
            self.active_at = now

    def activity(self, far_ends: FarEnds) -> Activity:
        """Say what was seen. Platforms are told now and not when it was seen, since names resolve meanwhile."""
        platforms: Counter[str] = Counter()
        mine = 0
        for far, count in self._targets.items():
            platform = far_ends.platform_of(*far)
            if platform is not None:
                platforms[platform] += count
            elif far_ends.own(far[0]):
                mine += count
        return Activity(
            seconds=max(0.0, self.last - self.since),
            opened=self.opened,
            hosts=len(self._hosts),
            turns=self.turns,
            received=self.received,
            own=mine,
            platforms=dict(platforms),
            steady=self.steady,
            looks=self.looks,
        )

    def _take(self, sighting: Sighting) -> None:
        known = self._sockets.get(sighting.socket)
        if known is None:
            known = self._begin(sighting)
        if sighting.traffic is not None:
            before = known.traffic or NO_TRAFFIC
            # Counters only rise, but for coming round after 4 thousand million segments.
            sent = max(0, sighting.traffic.sent - before.sent) + known.waiting
            turns = min(sent, max(0, sighting.traffic.answered - before.answered))
            known.waiting = int(turns < sent)
            paid = min(turns, known.handshake)
            known.handshake -= paid
            self.turns += turns - paid
            self.received += max(0, sighting.traffic.received - before.received)
            known.traffic = sighting.traffic
        if sighting.closed:
            self._sockets.pop(sighting.socket, None)

    def _begin(self, sighting: Sighting) -> _Open:
        self.opened += 1
        far = (sighting.address, sighting.port)
        if far in self._targets or len(self._targets) < MAX_TARGETS:
            self._targets[far] += 1
            self._hosts.add(sighting.address)
        handshake = TLS_TURNS if sighting.port in TLS_PORTS else 0
        known = _Open(None, handshake)
        if not self.looks and not self.whole and not sighting.closed:
            known = _Open(sighting.traffic, 0)
        if len(self._sockets) >= MAX_SOCKETS:
            # The oldest ones are closed by now, or idle: at worst one of them is counted anew.
            del self._sockets[next(iter(self._sockets))]
        self._sockets[sighting.socket] = known
        return known
