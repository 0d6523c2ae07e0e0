"""Sees the connections of watched processes on Linux: the kernel's table joined with what each process holds open.

One look: the table comes from socket diagnostics (`diag`), in one request for everybody. A connection whose owner is
known from before costs nothing more; only when there is one of unknown owner are the watched processes' open files read
(`holding`). What none of them holds and somebody still does afterwards is somebody else's and remembered as such. Then
come the connections that closed meanwhile, with their last counters; `unseen` judges those that were never seen held. A
process in another network namespace, and every process where diagnostics do not work, is looked up in its namespace's
/proc tables instead (`proctable`), which know no counters and no closings.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from agent.model.events import ProcessKey
from agent.sensors.connections.diag import SockDiag
from agent.sensors.connections.diagwire import Row
from agent.sensors.connections.holding import Holding
from agent.sensors.connections.proctable import read_table
from agent.sensors.connections.sightings import Sighting, SocketLoss
from agent.sensors.connections.unseen import NOBODY, Owners, Unseen
from agent.sensors.processes.reader import ProcessReader

_CHECK_SECONDS = 1.0
_MAX_KNOWN = 50_000
"""Connections whose owner is remembered while the table is too long to be read whole."""


class LinuxSockets:
    """The `Sockets` of Linux.

    Args:
        reader: Says whether a number still belongs to the process that was meant, and whose it is.
        ports: Far ends' ports that are of interest.
        monotonic: Seconds that never go back.
        diag: Socket diagnostics, None where they do not work.
        uid: Whose connections can be a watched process's; None to consider everybody's.
        proc: Where procfs is mounted.
    """

    def __init__(
        self,
        reader: ProcessReader,
        ports: Collection[int],
        monotonic: Callable[[], float],
        diag: SockDiag | None,
        *,
        uid: int | None = None,
        proc: str = "/proc",
    ) -> None:
        self._reader = reader
        self._ports = frozenset(ports)
        self._monotonic = monotonic
        self._diag = diag
        self._uid = uid
        self._proc = proc
        self._held: dict[ProcessKey, Holding] = {}
        self._elsewhere: dict[ProcessKey, str] = {}
        self._checked: dict[ProcessKey, float] = {}
        self._owners: dict[int, Owners] = {}
        self._unseen = Unseen()
        self._counts: Counter[str] = Counter()
        if diag is not None:
            diag.hear_closings(False)

    @property
    def how(self) -> str:
        """What is at work, for health."""
        return "the system's table of connections" if self._diag is None else "the kernel's socket diagnostics"

    def look(self, keys: Iterable[ProcessKey]) -> Mapping[ProcessKey, Sequence[Sighting] | None]:
        """Return each process's connections now and those closed since the last look; None for one that is gone."""
        now = self._monotonic()
        found: dict[ProcessKey, list[Sighting] | None] = {}
        new: list[Holding] = []
        for key in keys:
            holding = self._holding(key, now, new)
            found[key] = None if holding is None else []
        here = [key for key, seen in found.items() if seen is not None and key not in self._elsewhere]
        if here and self._diag is not None:
            self._look_here(self._diag, new, found, now)
        if self._elsewhere:
            self._look_elsewhere(found)
        return found

    def forget(self, key: ProcessKey) -> None:
        """Let go of whatever is kept for a process."""
        holding = self._held.pop(key, None)
        if holding is not None:
            self._counts["descriptors"] += holding.cut
            holding.close()
            self._unseen.drop(key)
        self._elsewhere.pop(key, None)
        self._checked.pop(key, None)
        if not self._held and self._diag is not None:
            # Nobody is watched: the kernel need tell nothing, and what it told is no longer remembered.
            self._diag.hear_closings(False)
            self._owners.clear()

    def loss(self) -> SocketLoss:
        """Say what was left out so far."""
        cut = self._counts["descriptors"] + sum(holding.cut for holding in self._held.values())
        closings = 0 if self._diag is None else self._diag.lost
        return SocketLoss(self._counts["rows"], closings, cut, self._unseen.unowned, self._counts["unreadable"])

    def close(self) -> None:
        """Let go of everything."""
        for key in tuple(self._held):
            self.forget(key)
        if self._diag is not None:
            self._diag.close()
            self._diag = None

    def _holding(self, key: ProcessKey, now: float, new: list[Holding]) -> Holding | None:
        """Return what tells a process's open files; None where it is gone or may not be read."""
        holding = self._held.get(key)
        try:
            if holding is None:
                holding = Holding(key, self._reader, self._proc)
                self._held[key] = holding
                self._checked[key] = now
                new.append(holding)
                self._unseen.watches(key, now)
                namespace = holding.namespace()
                if self._diag is None or namespace != self._own_namespace():
                    self._elsewhere[key] = namespace
            elif now - self._checked[key] >= _CHECK_SECONDS:
                self._checked[key] = now
                if not holding.alive():
                    raise ProcessLookupError
        except ProcessLookupError:
            self.forget(key)
            return None
        except OSError:
            self._counts["unreadable"] += 1
            self.forget(key)
            return None
        return holding

    def _own_namespace(self) -> str:
        return os.readlink(f"{self._proc}/self/ns/net")  # noqa: PTH115 - a name to compare, not a path to follow

    def _look_here(
        self, diag: SockDiag, new: list[Holding], found: dict[ProcessKey, list[Sighting] | None], now: float
    ) -> None:
        diag.hear_closings(True)
        try:
            rows, whole = diag.rows()
        except OSError:
            self._counts["rows"] += 1
            return
        if not whole:
            self._counts["rows"] += 1
        owners = self._own(diag, rows, new, whole)
        closed = diag.closed()
        for row in rows:
            who = owners.get(row.cookie)
            if who is not None:
                self._unseen.talks((row.address, row.port), who, now)
                for key in who:
                    _add(found, key, _sighting(row))
        for row in closed:
            who = owners.pop(row.cookie, None) or self._owners.get(row.cookie)
            if who is None:
                self._unseen.closed(row, now)
            else:
                for key in who:
                    _add(found, key, _sighting(row, closed=True))
        for key, row in self._unseen.settle(now):
            _add(found, key, _sighting(row, closed=True))
        self._owners = owners

    def _own(self, diag: SockDiag, rows: Sequence[Row], new: Sequence[Holding], whole: bool) -> dict[int, Owners]:
        """Say whose each row is where that is known, reading open files only where there is something to find out."""
        known = self._owners
        owners: dict[int, Owners] = {} if whole or len(known) > _MAX_KNOWN else dict(known)
        unknown: dict[int, int] = {}
        for row in rows:
            owner = known.get(row.cookie)
            if owner is not None:
                owners[row.cookie] = owner
            elif self._uid is not None and row.uid != self._uid:
                owners[row.cookie] = NOBODY
            elif row.inode:
                unknown[row.inode] = row.cookie
        if new:
            # Somebody new may hold what was nobody's so far, and a child what its parent opened.
            cookies = {row.inode: row.cookie for row in rows if row.inode}
            for holding in new:
                for inode in _inodes(holding) & cookies.keys():
                    owners[cookies[inode]] = owners.get(cookies[inode], NOBODY) | {holding.key}
                    unknown.pop(inode, None)
        for holding in self._held.values():
            if not unknown:
                break
            if holding in new or holding.key in self._elsewhere:
                continue
            for inode in _inodes(holding) & unknown.keys():
                owners[unknown.pop(inode)] = frozenset((holding.key,))
        if unknown:
            # It may have been closed between the table and the files. Who is still in the table was held all the time.
            try:
                after, _ = diag.rows()
            except OSError:
                return owners
            still = {row.cookie for row in after if row.inode}
            owners.update(dict.fromkeys(still.intersection(unknown.values()), NOBODY))
        return owners

    def _look_elsewhere(self, found: dict[ProcessKey, list[Sighting] | None]) -> None:
        tables: dict[str, dict[int, Sighting]] = {}
        for key, namespace in self._elsewhere.items():
            if found.get(key) is None:
                continue
            if namespace not in tables:
                tables[namespace], whole = read_table(key.pid, self._ports, self._proc)
                self._counts["rows"] += not whole
            table = tables[namespace]
            for inode in _inodes(self._held[key]) & table.keys():
                _add(found, key, table[inode])


def _inodes(holding: Holding) -> set[int]:
    try:
        return holding.inodes()
    except OSError:
        return set()


def _sighting(row: Row, *, closed: bool = False) -> Sighting:
    return Sighting((row.cookie, 0), row.address, row.port, row.traffic, closed)


def _add(found: Mapping[ProcessKey, list[Sighting] | None], key: ProcessKey, sighting: Sighting) -> None:
    seen = found.get(key)
    if seen is not None:
        seen.append(sighting)
