"""Turns process numbers into starts and ends, each reported once.

Every source, whichever way it learns of a number, hands it in here. The observer asks the reader, remembers in a table
what was already reported, and says what is new. `compare` is the slow and sure way: it holds the table against
everything that runs now, and is what the reconciliation and the recovery from a loss consist of.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from agent.model.events import ProcessEnded, ProcessKey, ProcessStarted
from agent.model.ports import Clock
from agent.sensors.processes.reader import Absence, Held, Identity, ProcessReader, Reading
from agent.sensors.processes.source import ProcessEvent, SourceStats

_EXISTING_AT_ONCE = 32
"""Processes read at the start before others on the event loop get a turn."""
_LOADING_TRIES, _LOADING_SECONDS = 5, 0.02
"""How often, and how long apart, a process that is loading its program is looked at."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A process that was reported, and when it was read on the kernel's monotonic clock, in nanoseconds."""

    key: ProcessKey
    program: int
    read_at: int


@dataclass(frozen=True, slots=True)
class _Noticed:
    """A process that was announced at a time and copied at another, both on the kernel's monotonic clock."""

    pid: int
    at: int
    read_at: int
    held: Held


class Observer:
    """What is known of one person's processes.

    Args:
        reader: Reads one process.
        clock: Gives `seen_at`.
        ignore: Says of a pid that it is the agent's own; such a process is not read. Asked before anything else.
        kernel_clock: CLOCK_MONOTONIC in nanoseconds, which the kernel also stamps its announcements with.
    """

    def __init__(
        self,
        reader: ProcessReader,
        clock: Clock,
        ignore: Callable[[int], bool],
        kernel_clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.stats = SourceStats()
        self._reader = reader
        self._clock = clock
        self._ignore = ignore
        self._kernel_clock = kernel_clock
        self._table: dict[int, _Known] = {}
        self._loading: set[int] = set()
        self._noticed: list[_Noticed] = []

    def pids(self) -> set[int]:
        """Every process number on the machine, anybody's."""
        return set(self._reader.pids())

    def newest(self) -> int | None:
        """The number given last to a process, or None where the system does not tell."""
        return self._reader.newest()

    def announced(self, pid: int, at: int) -> list[ProcessEvent]:
        """Take the kernel's word that `pid` replaced its program at `at` (its monotonic nanoseconds)."""
        self.notice(pid, at)
        return self.noticed()

    def notice(self, pid: int, at: int) -> None:
        """Do of `announced` what cannot wait: copy what the process would take with it; `noticed` does the rest."""
        if not self._read_since(pid, at) and not self._ignore(pid):
            self._noticed.append(_Noticed(pid, at, self._kernel_clock(), self._reader.hold(pid)))

    def noticed(self) -> list[ProcessEvent]:
        """Report the processes that were noticed."""
        noticed, self._noticed = self._noticed, []
        return [event for each in noticed for event in self._make_sense(each)]

    def _make_sense(self, noticed: _Noticed) -> list[ProcessEvent]:
        pid = noticed.pid
        if self._read_since(pid, noticed.at):
            return []
        reading = noticed.held()
        if isinstance(reading, Absence):
            if reading is Absence.GONE:
                self.stats.unread += 1
            elif reading is Absence.NOT_OURS and pid in self._table:
                # A program that runs as somebody else from here on (sudo, su): no longer the person's own.
                return self.ended(pid)
            return []
        return self._report(reading, noticed.read_at)

    def _read_since(self, pid: int, at: int) -> bool:
        """Say whether a process was read after an exec: a scan was quicker, or a second exec followed at once.

        Only the latter hid a program, and the two cannot be told apart here.
        """
        known = self._table.get(pid)
        return known is not None and known.read_at > at

    def look(self, pid: int) -> list[ProcessEvent]:
        """Read a process that may be new, and report it where it is."""
        if self._ignore(pid):
            return []
        read_at = self._kernel_clock()
        reading = self._reader.read(pid)
        if isinstance(reading, Absence):
            if reading is Absence.LOADING:
                self._loading.add(pid)
            return []
        if self._same(reading.identity):
            return []
        return self._report(reading, read_at)

    def look_again(self, pid: int) -> list[ProcessEvent]:
        """Look whether a young process runs another program by now, or its first one."""
        if pid not in self._table:
            return self.look(pid)
        identity = self._reader.identity(pid)
        return [] if isinstance(identity, Absence) or self._same(identity) else self.look(pid)

    def take_loading(self) -> set[int]:
        """Return the processes that were loading their program when they were looked at, to look at again; once."""
        loading, self._loading = self._loading, set()
        return loading

    def ended(self, pid: int, at: int | None = None) -> list[ProcessEvent]:
        """Take note that a process is gone; says nothing of one that was never reported.

        Args:
            pid: Its number.
            at: When, in the kernel's monotonic nanoseconds, where the word may be late and the number have gone to
                another process meanwhile; None for one that was looked for and not found.
        """
        known = self._table.get(pid)
        if known is None or (at is not None and known.read_at > at):
            return []
        del self._table[pid]
        self.stats.ended += 1
        return [ProcessEnded(known.key, self._clock.now())]

    async def existing(self) -> AsyncIterator[ProcessStarted]:
        """Yield what runs now and was not reported yet, a few at a time so that nobody waits long."""
        pids = sorted(self._reader.pids())
        for _ in range(_LOADING_TRIES):
            for number, pid in enumerate(pids, 1):
                for event in self.look(pid):
                    if isinstance(event, ProcessStarted):
                        yield event
                if number % _EXISTING_AT_ONCE == 0:
                    await asyncio.sleep(0)
            pids = sorted(self.take_loading())
            if not pids:
                return
            await asyncio.sleep(_LOADING_SECONDS)

    def compare(self) -> list[ProcessEvent]:
        """Hold what was reported against everything that runs, and report the difference.

        Costs one look at the owner for every process on the machine and one small read for each of the person's own.
        """
        events: list[ProcessEvent] = []
        present = self.pids()
        for pid in [pid for pid in self._table if pid not in present]:
            events += self.ended(pid)
        for pid in sorted(present):
            if self._ignore(pid):
                continue
            identity = self._reader.identity(pid)
            if isinstance(identity, Absence):
                events += self.ended(pid)
            elif not self._same(identity):
                events += self.look(pid)
        self.stats.found_late += len(events)
        return events

    def _same(self, identity: Identity) -> bool:
        """Whether this process with this program was reported already."""
        known = self._table.get(identity.key.pid)
        if known is None or known.key != identity.key:
            return False
        return known.program == identity.program or 0 in (known.program, identity.program)

    def _report(self, reading: Reading, read_at: int) -> list[ProcessEvent]:
        identity = reading.identity
        key = identity.key
        known = self._table.get(key.pid)
        # The number went to another process: the end of the one before was missed.
        events = self.ended(key.pid) if known is not None and known.key != key else []
        self._table[key.pid] = _Known(key, identity.program, read_at)
        self.stats.started += 1
        events.append(ProcessStarted(key, identity.parent, identity.name, reading.command, self._clock.now()))
        return events
