"""Any system: look at the list of process numbers every second and read only those that were not there before.

The list alone costs a fraction of a millisecond. A process that was new at the last look is looked at once more,
since a shell's child may not have become its program yet; numbers that went to another process, and programs that
were replaced later, are found by the full comparison every `reconcile_seconds`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from agent.model.events import ProcessStarted
from agent.model.health import Condition, Health
from agent.model.ports import Clock
from agent.sensors.processes.observer import Observer
from agent.sensors.processes.outbox import Outbox
from agent.sensors.processes.source import ProcessEvent, SourceStats
from agent.sensors.processes.ticker import Ticker

_QUICK_SECONDS = 0.25


class PollingSource:
    """The difference of process lists as a `ProcessSource`.

    Args:
        observer: Reads and remembers processes.
        clock: Times the reconciliation and the quicker looks.
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
        self._young: set[int] = set()
        self._reconcile_at = 0.0
        self._quick_until = 0.0
        self._failure = "not started yet"

    @property
    def stats(self) -> SourceStats:
        """The counts so far."""
        return self._observer.stats

    async def probe(self) -> Health:
        """Take the first list of processes; observe from then on."""
        try:
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

    def quicken(self, seconds: float) -> None:
        """Look every quarter of a second for a while."""
        self._quick_until = self._clock.monotonic() + seconds
        self._ticker.hurry()

    def health(self) -> Health:
        """Say how often it looks and what it misses."""
        if self._failure:
            return Health(
                "processes",
                Condition.FAILED,
                "polling",
                f"every program: {self._failure}",
                "Check that /proc is mounted and readable for you.",
            )
        every = "every second" if self._poll_seconds == 1 else f"every {self._poll_seconds:g} seconds"
        missed = f"most programs that run for less than {self._poll_seconds:g} s"
        if not self._instead_of:
            return Health("processes", Condition.WORKING, f"polling {every}", missed)
        return Health(
            "processes",
            Condition.DEGRADED,
            f"polling {every}",
            f"{missed}: the process connector is not at work ({self._instead_of})",
            "Run the agent outside a container and on Linux 6.6 or newer to see short-lived programs too.",
        )

    async def close(self) -> None:
        """End."""
        self._ticker.stop()
        self._outbox.close()

    def _pace(self) -> float:
        quick = self._clock.monotonic() < self._quick_until
        return min(_QUICK_SECONDS, self._poll_seconds) if quick else self._poll_seconds

    def _poll(self) -> None:
        now = self._clock.monotonic()
        try:
            pids = self._observer.pids()
            new = pids - self._pids
            for pid in self._pids - pids:
                self._outbox.put(self._observer.ended(pid))
            for pid in sorted((self._young | self._observer.take_loading()) & pids):
                self._outbox.put(self._observer.look_again(pid))
            for pid in sorted(new):
                self._outbox.put(self._observer.look(pid))
            self._pids, self._young = pids, new
            if now >= self._reconcile_at:
                self._reconcile_at = now + self._reconcile_seconds
                self._outbox.put(self._observer.compare())
            self._failure = ""
        except OSError as error:
            self._failure = error.strerror or "the list of processes cannot be read"
