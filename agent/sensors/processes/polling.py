"""Any system: look at the list of process numbers every second and read only those that were not there before.

The list alone costs a fraction of a millisecond. Linux tells for a tenth of that which number was given last: there the
look is taken five times a second, and the list only when a number was given, or a second has passed (ends). A process
that was new is looked at again for a second, since a shell's child may not have become its program yet; numbers that
went to another process, and programs that were replaced later, are found by the full comparison every
`reconcile_seconds`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from agent.model.events import ProcessStarted
from agent.model.health import Condition, Health, Part
from agent.model.ports import Clock
from agent.sensors.processes.observer import Observer
from agent.sensors.processes.outbox import Outbox
from agent.sensors.processes.source import ProcessEvent, SourceStats
from agent.sensors.processes.ticker import Ticker

_QUICK_SECONDS = 0.2
"""Time between two looks where the system tells cheaply whether there is anything new."""
_YOUNG_SECONDS = 1.0
"""For so long a new process is looked at again at every poll, whether it runs another program by now."""


class PollingSource:
    """The difference of process lists as a `ProcessSource`.

    Args:
        observer: Reads and remembers processes.
        clock: Times the lists and the reconciliation.
        poll_seconds: Time between two looks.
        reconcile_seconds: How often everything is compared.
        instead_of: Why a better way is not at work; empty where there is none on this system.
    """

    def __init__(
        self,
        observer: Observer,
        clock: Clock,
        poll_seconds: float = 1.0,
        reconcile_seconds: float = 45.0,
        instead_of: str = "",
    ) -> None:
        self._observer = observer
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._reconcile_seconds = reconcile_seconds
        self._instead_of = instead_of
        self._outbox = Outbox(observer.stats)
        self._ticker = Ticker(self._pace, self._poll)
        self._pids: set[int] = set()
        self._newest: int | None = None
        self._young: dict[int, float] = {}
        self._list_at = 0.0
        self._reconcile_at = 0.0
        self._factor = 1
        self._failure = "not started yet"

    @property
    def stats(self) -> SourceStats:
        """The counts so far."""
        return self._observer.stats

    async def probe(self) -> Health:
        """Take the first list of processes; observe from then on."""
        try:
            self._newest = self._observer.newest()
            self._pids = self._observer.pids()
        except OSError as error:
            self._failure = error.strerror or "the list of processes cannot be read"
        else:
            self._failure = ""
            self._reconcile_at = self._clock.monotonic() + self._reconcile_seconds
            self._ticker.start()
        return self.health()

    def existing(self) -> AsyncIterator[ProcessStarted]:
        """Yield the processes that run already."""
        return self._observer.existing()

    def events(self) -> AsyncIterator[ProcessEvent]:
        """Yield starts and ends as the polls find them."""
        return self._outbox.events()

    def health(self) -> Health:
        """Say how often it looks and what it misses."""
        if self._failure:
            return Health(
                Part.PROCESSES,
                Condition.FAILED,
                "polling",
                f"every program: {self._failure}",
                "Check that /proc is mounted and readable for you.",
            )
        pace = self._pace()
        every = "every second" if pace == 1 else f"every {pace:g} seconds"
        missed = f"most programs that run for less than {pace:g} s"
        if not self._instead_of:
            return Health(Part.PROCESSES, Condition.WORKING, f"polling {every}", missed)
        return Health(
            Part.PROCESSES,
            Condition.DEGRADED,
            f"polling {every}",
            f"{missed}: the process connector is not at work ({self._instead_of})",
            "Run the agent outside a container and on Linux 6.6 or newer to see short-lived programs too.",
        )

    def slow(self, factor: int) -> None:
        """Look so many times less often."""
        self._factor = factor
        self._ticker.hurry()

    async def close(self) -> None:
        """End."""
        self._ticker.stop()
        self._outbox.close()

    def _pace(self) -> float:
        usual = self._poll_seconds if self._newest is None else min(_QUICK_SECONDS, self._poll_seconds)
        return usual * self._factor

    def _poll(self) -> None:
        now = self._clock.monotonic()
        try:
            newest = self._observer.newest()
            loading = self._observer.take_loading()
            for pid in sorted(loading | self._young.keys()):
                self._outbox.put(self._observer.look_again(pid))
            if newest is None or newest != self._newest or now >= self._list_at:
                self._newest, self._list_at = newest, now + self._poll_seconds * self._factor
                self._compare_lists(now)
            self._young = {pid: until for pid, until in self._young.items() if until > now and pid in self._pids}
            if now >= self._reconcile_at:
                self._reconcile_at = now + self._reconcile_seconds * self._factor
                self._outbox.put(self._observer.compare())
            self._failure = ""
        except OSError as error:
            self._failure = error.strerror or "the list of processes cannot be read"

    def _compare_lists(self, now: float) -> None:
        """Report what is in the list of processes and was not before, and the other way round."""
        pids = self._observer.pids()
        for pid in self._pids - pids:
            self._outbox.put(self._observer.ended(pid))
        for pid in sorted(pids - self._pids):
            self._outbox.put(self._observer.look(pid))
            self._young[pid] = now + _YOUNG_SECONDS
        self._pids = pids
