"""Watching: the sensors and detection while the gate is open, and nothing at all while it is not.

`open` chooses a way of seeing processes and starts the loops: starts and ends go to the detector as they come, a second
and closer look follows once the first finding is out, and while something suspicious lives its connections are
sampled. `close` stops all of it. What the detector found goes to one callback.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass

from agent.detection.correlate.said import Judge
from agent.detection.findings import Detector
from agent.model.approvals import Approval
from agent.model.events import (
    ExportWritten,
    ExtensionFound,
    MediaGrew,
    PackageFound,
    PageLoad,
    ProcessEnded,
    ProcessKey,
    ProcessStarted,
)
from agent.model.faults import described
from agent.model.findings import Finding
from agent.model.health import Condition, Health, Part
from agent.model.ports import Clock
from agent.sensors.connections.addresses import PlatformAddresses
from agent.sensors.connections.sampler import Sampler
from agent.sensors.processes.choose import choose_source
from agent.sensors.processes.source import ProcessEvent, ProcessSource
from agent.sensors.tree import CachedTree

log = logging.getLogger(__name__)

BUSY_SECONDS = 0.5
IDLE_SECONDS = 60.0
CLOSER_LOOKS_AT_ONCE = 2
REST_SECONDS = 1.0
"""The longest rest after a closer look, however slow the agent is to be."""
AT_ONCE = 8
"""Events taken before others on the event loop get a turn: the source's reader, for whom programs do not wait."""


@dataclass(frozen=True, slots=True)
class WatchParts:
    """What watching is built from.

    Attributes:
        detector: Turns events into findings.
        tree: Learns of every start, so that the detector can ask what stands above a process.
        sampler: Counts connections of the processes that are worth it.
        addresses: Knows which address is which platform.
        clock: Time.
        uid: Whose processes are seen; None on Windows.
        poll_seconds: Time between two looks where looking is all there is.
        ignore: Says of a pid that it is the agent's own.
    """

    detector: Detector
    tree: CachedTree
    sampler: Sampler
    addresses: PlatformAddresses
    clock: Clock
    uid: int | None
    poll_seconds: float
    ignore: Callable[[int], bool]


class Watching:
    """Sensors and detection, on or off."""

    def __init__(
        self,
        parts: WatchParts,
        on_findings: Callable[[Sequence[Finding]], None],
        on_active: Callable[[bool], None] = lambda _active: None,
    ) -> None:
        """Join the parts; nothing is observed before `open`.

        Args:
            parts: What watching is built from.
            on_findings: Told what changed.
            on_active: Told when a finding has become active, or none is any longer.
        """
        self._parts = parts
        self._on_findings = on_findings
        self._on_active = on_active
        self._active = False
        self._source: ProcessSource | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closer = asyncio.Semaphore(CLOSER_LOOKS_AT_ONCE)
        self._wake = asyncio.Event()
        self._sampled: set[ProcessKey] = set()
        self._failed = 0
        self._factor = 1
        self._health = Health(Part.PROCESSES, Condition.DEGRADED, "off", "Programs are not seen: the gate is not open.")

    @property
    def on(self) -> bool:
        """Whether anything is observed."""
        return self._source is not None

    def health(self) -> Health:
        """Say which way of seeing processes is at work and what it misses."""
        return self._source.health() if self._source is not None else self._health

    def counts(self) -> Counter[str]:
        """Return what detection had to leave out since the agent started, by reason."""
        return +Counter({"detection.failed": self._failed, "detection.left_out": self._parts.detector.left_out})

    def network_health(self) -> list[Health]:
        """Say how connections are seen, and whether platforms can be told by their addresses."""
        return [self._parts.sampler.health(), self._parts.addresses.health()]

    def slow(self, factor: int) -> None:
        """Look so many times less often, so that the agent keeps to its budget; 1 is the usual pace.

        Programs that the system announces are judged as they start, at any pace. Later come: what they do on the
        network, by at most `BUSY_SECONDS` times the factor; the closer look at one that is recognised, by at most
        `REST_SECONDS` for each that waits before it.
        """
        self._factor = factor
        if self._source is not None:
            self._source.slow(factor)

    def exported(self, written: ExportWritten) -> None:
        """Take in that a file of records appeared."""
        self._found(self._parts.detector.exported(written))

    def media_grew(self, grown: MediaGrew) -> None:
        """Take in that a folder of media grew."""
        self._found(self._parts.detector.media_grew(grown))

    async def open(self) -> None:
        """Begin to observe; does nothing when it does already."""
        if self._source is not None:
            return
        parts = self._parts
        try:
            self._source = await choose_source(parts.clock, parts.uid, parts.poll_seconds, ignore=parts.ignore)
        except (OSError, ValueError) as problem:
            log.warning("processes cannot be seen: %s", type(problem).__name__)
            self._health = Health(
                Part.PROCESSES,
                Condition.FAILED,
                "no way works",
                missed="No program is seen.",
                action="Check that /proc is mounted and readable, then start the agent anew.",
            )
            return
        self._source.slow(self._factor)
        self._start(self._follow(self._source))
        self._start(self._sample())

    async def close(self) -> None:
        """Stop observing; what is open stays open until it is seen again or its time is over."""
        source, self._source = self._source, None
        if source is not None:
            await source.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for key in self._sampled:
            self._parts.sampler.forget(key)
        self._sampled.clear()
        if self._active:
            self._active = False
            self._on_active(False)
        self._parts.sampler.close()
        await self._parts.addresses.close()

    def page_loads(self, loads: Sequence[PageLoad]) -> None:
        """Take in page loads that were stored and acknowledged."""
        self._found(self._parts.detector.page_loads(loads))

    def installed(self, found: Sequence[PackageFound | ExtensionFound]) -> None:
        """Take in everything that is installed."""
        self._found(self._parts.detector.installed(found, complete=True))

    def follow(self, organisation: Judge, approvals: Sequence[Approval]) -> None:
        """Put an organisation's rules and approvals in force."""
        self._found(self._parts.detector.follow(organisation, approvals))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self._stumbled(problem)

    def _stumbled(self, problem: BaseException) -> None:
        """Count and say that something failed: one process that cannot be judged must not blind the agent."""
        self._failed += 1
        log.error("watching: %s", described(problem))

    def _found(self, findings: Sequence[Finding]) -> None:
        if findings:
            self._on_findings(findings)
        # Also where no finding changed: a card of what exports becomes active by page loads alone.
        active = self.on and self._parts.detector.active()
        if active != self._active:
            self._active = active
            self._on_active(active)

    async def _follow(self, source: ProcessSource) -> None:
        running = set()
        async for started in source.existing():
            running.add(started.key)
            self._hear(started)
        # What ended while nothing was looked at was told by nobody.
        for key in self._parts.detector.living() - running:
            self._hear(ProcessEnded(key, self._parts.clock.now()))
        taken = 0
        async for event in source.events():
            self._hear(event)
            taken += 1
            if taken % AT_ONCE == 0:
                await asyncio.sleep(0)

    def _hear(self, event: ProcessEvent) -> None:
        """Take in a start or an end, whatever goes wrong with it."""
        try:
            if isinstance(event, ProcessStarted):
                self._take(event)
            else:
                self._take_end(event)
        except Exception as problem:  # the next one is to be heard of
            self._stumbled(problem)

    def _take(self, event: ProcessStarted) -> None:
        self._parts.tree.saw(event)
        if not self._parts.detector.passes(event):  # a task costs more than all there is to do for most
            self._start(self._judge(event))

    async def _judge(self, event: ProcessStarted) -> None:
        self._found(await self._parts.detector.started(event))
        # At once, not with the next tick: a crawl's helper may live for less than that.
        if self._choose():
            self._wake.set()
        async with self._closer:
            began = self._parts.clock.monotonic()
            self._found(await self._parts.detector.refine(event))
            if self._factor > 1:  # a rest as many times as long as the look took
                rest = (self._parts.clock.monotonic() - began) * (self._factor - 1)
                await asyncio.sleep(min(rest, REST_SECONDS))

    def _take_end(self, event: ProcessEnded) -> None:
        self._found(self._parts.detector.ended(event))
        if event.key in self._sampled:
            self._sampled.discard(event.key)
            self._parts.sampler.forget(event.key)

    def _choose(self) -> set[ProcessKey]:
        """Look at the connections of those that are worth it now, and of nobody else."""
        wanted = set(self._parts.detector.candidates())
        for key in wanted - self._sampled:
            self._parts.sampler.watch(key)
        for key in self._sampled - wanted:
            self._parts.sampler.unwatch(key)
        self._sampled = wanted
        return wanted

    def _look(self) -> None:
        parts = self._parts
        if self._choose():
            parts.addresses.refresh_soon()
        self._found(parts.detector.tick(parts.clock.now()))

    async def _sample(self) -> None:
        """Look at connections while there is somebody worth it; otherwise only let old findings close."""
        while True:
            try:
                self._look()
            except Exception as problem:  # the next look is to come
                self._stumbled(problem)
            self._wake.clear()
            if self._sampled:
                await asyncio.sleep(BUSY_SECONDS * self._factor)
            else:
                # Not `wait_for`: of a cancellation that comes together with the word to wake, it makes none.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._wake.wait()
