"""The agent under its own budget: measured like any other program, slowed down when it takes too much.

    processes of the agent → `OwnProcesses.read` → `Meter`: memory now, processor over the last minute and just now
    → `decide`: a step more, a step less or none → `pace(factor)`: the sensors look less often by that factor

Five steps, each with waits twice as long as the one before. A step more is taken while a limit is exceeded over the
minute and still is; a step less once what was met is well below its limit. Only looking is slowed: page loads are
taken, answers and consent recorded, programs that the system announces judged, at every step as at the first. Health
says which limit was met, and what is seen later or not at all because of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import psutil

from agent.model.faults import described
from agent.model.health import Condition, Health, Part

log = logging.getLogger(__name__)

FACTORS: Final = (1, 2, 4, 8, 16)
"""By what each step multiplies the time between two looks."""
MINUTE: Final = 60.0
WELL_BELOW: Final = 0.8
"""Share of a limit below which a step is taken back: less than the limit itself, so that it does not swing."""
MEGABYTE: Final = 1_000_000


class Limit(StrEnum):
    """What there is a limit for."""

    CPU = "processor"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget.

    Attributes:
        memory_mb: Memory of the agent with its helpers (`memory_of`), in megabytes of 10^6 bytes.
        cpu_percent: Processor time of the same over a minute, in percent of one core.
    """

    memory_mb: float
    cpu_percent: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the agent and its helpers took so far: processor seconds, which never fall, and bytes in memory now."""

    cpu_seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Use:
    """What is taken.

    Attributes:
        memory_mb: Now.
        minute: Percent of one core over the last minute; None before there was a whole one.
        lately: The same over the last quarter of it; None before there was one.
    """

    memory_mb: float
    minute: float | None
    lately: float | None


@dataclass(frozen=True, slots=True)
class State:
    """How far the sensors are slowed.

    Attributes:
        step: Index into `FACTORS`.
        since: When it was last changed, monotonic seconds.
        met: The limits that brought it there; empty at step 0.
    """

    step: int = 0
    since: float = 0.0
    met: frozenset[Limit] = frozenset()


def exceeded(use: Use, limits: Limits) -> frozenset[Limit]:
    """Return the limits that are exceeded: of the processor only what is so over the minute and still lately."""
    over = set()
    if use.memory_mb > limits.memory_mb:
        over.add(Limit.MEMORY)
    if use.minute is not None and use.lately is not None and min(use.minute, use.lately) > limits.cpu_percent:
        over.add(Limit.CPU)
    return frozenset(over)


def at_ease(use: Use, limits: Limits, met: frozenset[Limit]) -> bool:
    """Say whether a step may be taken back: well below each limit that was met, and not over the other.

    What never was too much may lie anywhere below its limit: it is not what the slowing was for.
    """
    memory = limits.memory_mb * (WELL_BELOW if Limit.MEMORY in met else 1)
    cpu = limits.cpu_percent * (WELL_BELOW if Limit.CPU in met else 1)
    return use.memory_mb <= memory and use.lately is not None and use.lately <= cpu


def decide(state: State, use: Use, limits: Limits, now: float, minute: float = MINUTE) -> State:
    """Return the next state: at most one step further or back, and never two within a quarter of a minute.

    Args:
        state: The state so far.
        use: What is taken.
        limits: The budget.
        now: Monotonic seconds.
        minute: How long the minute is, in seconds; tests have a short one.
    """
    over = exceeded(use, limits)
    if over:
        if now - state.since < minute / 4 and state.step:
            return state
        step = min(state.step + 1, len(FACTORS) - 1)
        return State(step, now, over) if step != state.step or over != state.met else state
    if state.step and at_ease(use, limits, state.met) and now - state.since >= minute:
        return State(state.step - 1, now, state.met if state.step > 1 else frozenset())
    return state


class Meter:
    """Turns readings into what was taken over the last minute.

    Args:
        minute: How long the minute is, in seconds.
    """

    def __init__(self, minute: float = MINUTE) -> None:
        self._minute = minute
        self._readings: deque[tuple[float, Reading]] = deque()

    def add(self, reading: Reading, now: float) -> Use:
        """Take in a reading at `now` (monotonic seconds) and return what is taken."""
        self._readings.append((now, reading))
        while len(self._readings) > 2 and self._readings[1][0] <= now - self._minute:
            self._readings.popleft()
        return Use(reading.memory_bytes / MEGABYTE, self._over(self._minute, now), self._over(self._minute / 4, now))

    def _over(self, seconds: float, now: float) -> float | None:
        """Return the percentage over at least so many seconds before `now`."""
        newest = self._readings[-1][1]
        for at, reading in reversed(self._readings):
            if now - at >= seconds > 0:
                return max(0.0, (newest.cpu_seconds - reading.cpu_seconds) / (now - at) * 100)
        return None


def memory_of(process: psutil.Process) -> int:
    """Return what a process has in memory, bytes: on Linux its share of what it holds with others (proc(5), «Pss»).

    Resident memory counts the pages that the agent and its helpers have in common once for each of them; it stands
    where there is nothing better.

    Raises:
        psutil.Error: There is no such process, or it may not be looked at.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_bytes().splitlines():
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
    return process.memory_info().rss


class OwnProcesses:
    """What the agent takes, with the helpers that it keeps, those that have ended included.

    A process that ends hands its time to whoever waits for it, on systems that tell such times. So between two looks
    counts what each living one worked itself, and of what was handed over to one of ours only what the last look had
    not seen while it ran. Whatever outlives its starter goes to the system, hands nothing to us and is forgotten.

    Args:
        apart: Numbers of children that are not the agent's own work, such as a collection that the person asked for.
            Neither is what such a child starts, nor what has a session of its own, as a browser that shows the page.
    """

    def __init__(self, apart: Callable[[], Collection[int]]) -> None:
        self._apart = apart
        self._self = psutil.Process()
        self._own: dict[psutil.Process, _Times] = {}
        self._other: dict[psutil.Process, dict[psutil.Process, _Times]] = {}
        self._seconds = 0.0

    def read(self) -> Reading:
        """Return what was taken so far."""
        memory = memory_of(self._self)
        own = {self._self: _times(self._self)}
        asked, roots = self._apart(), dict[int, psutil.Process]()  # whoever is left out → the child that it came by
        other: defaultdict[psutil.Process, dict[psutil.Process, _Times]] = defaultdict(dict)
        for child in self._self.children(recursive=True):  # whoever started a process comes before it
            with contextlib.suppress(psutil.Error, ProcessLookupError):
                took, parent = _times(child), child.ppid()
                if parent in roots or child.pid in asked or _in_another_session(child.pid):
                    root = roots[child.pid] = roots.get(parent, child)
                    other[root][child] = took
                else:
                    memory += memory_of(child)
                    own[child] = took
        worked = handed = 0.0
        seen = self._own | {process: took for members in self._other.values() for process, took in members.items()}
        for process, took in own.items():
            before = seen.get(process, _Times(0.0, 0.0))
            worked += took.worked - before.worked
            handed += took.handed - before.handed
        self._seconds += worked + max(0.0, handed - self._seen_before(own, other))
        self._own, self._other = own, dict(other)
        return Reading(self._seconds, memory)

    def _seen_before(self, own: Collection[psutil.Process], other: Collection[psutil.Process]) -> float:
        """Return how many of the seconds that may have been handed to us since the last look it had seen already."""
        ended = [(process, took) for process, took in self._own.items() if process not in own]
        for root, members in self._other.items():
            if root not in other and not root.is_running():
                ended += members.items()
        return sum(took.worked + took.handed for process, took in ended if not process.is_running())


@dataclass(frozen=True, slots=True)
class _Times:
    """Processor seconds of one process: what it worked itself, and what those handed to it that it waited for."""

    worked: float
    handed: float


def _times(process: psutil.Process) -> _Times:
    took = process.cpu_times()
    return _Times(took.user + took.system, took.children_user + took.children_system)


def _in_another_session(pid: int) -> bool:
    if sys.platform == "win32":
        return False
    return os.getsid(pid) != os.getsid(0)


class Budget:
    """The watchdog: reads, decides, and sets the pace. For one event loop.

    Args:
        limits: The budget.
        read: What was taken so far; a few milliseconds, called in a thread.
        pace: Told by which factor the sensors shall wait longer.
        monotonic: Seconds that never go back.
        minute: How long the minute is, in seconds.
        on_change: Told when a step was taken.
    """

    def __init__(
        self,
        limits: Limits,
        read: Callable[[], Reading],
        pace: Callable[[int], None],
        monotonic: Callable[[], float],
        *,
        minute: float = MINUTE,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._limits, self._read, self._pace = limits, read, pace
        self._monotonic, self._minute, self._on_change = monotonic, minute, on_change
        self._meter = Meter(minute)
        self._state = State()
        self._use: Use | None = None
        self._failed = False

    @property
    def factor(self) -> int:
        """By how much longer the sensors wait now."""
        return FACTORS[self._state.step]

    async def run(self) -> None:
        """Look ten times a minute, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(self._minute / 10)

    async def look(self) -> None:
        """Look once and act on it; a look that fails is said in health and changes nothing."""
        try:
            reading = await asyncio.to_thread(self._read)
        except (psutil.Error, OSError) as problem:
            if not self._failed:
                log.error("what the agent itself takes cannot be measured: %s", described(problem))
            self._failed = True
            return
        self._failed = False
        self.take(reading, self._monotonic())

    def take(self, reading: Reading, now: float) -> None:
        """Decide by a reading, and set the pace where that changed."""
        self._use = self._meter.add(reading, now)
        before, self._state = self._state, decide(self._state, self._use, self._limits, now, self._minute)
        if Limit.MEMORY in exceeded(self._use, self._limits):
            give_memory_back()
        if self._state.step != before.step:
            met = ", ".join(sorted(self._state.met or before.met))
            log.info("budget: the sensors wait %d times as long (limit: %s)", self.factor, met)
            self._pace(self.factor)
        if self._state != before:
            self._on_change()

    def health(self) -> Health:
        """Say what the agent takes, and which limit slowed it down."""
        if self._failed:
            return Health(
                Part.BUDGET,
                Condition.DEGRADED,
                "not measured",
                "Whether the agent keeps to its budget: this system does not tell what it takes.",
            )
        allowed = f"of {self._limits.memory_mb:g} MB and {self._limits.cpu_percent:g} % of a core"
        if self._use is None:
            return Health(Part.BUDGET, Condition.WORKING, f"not measured yet, {allowed} allowed")
        took = f"{self._use.memory_mb:.0f} MB"
        if self._use.minute is not None:
            took += f" and {self._use.minute:.1f} % of a core over the last minute"
        if not self._state.step:
            return Health(Part.BUDGET, Condition.WORKING, f"{took}, {allowed}")
        met = " and ".join(f"its {limit} limit" for limit in sorted(self._state.met))
        return Health(
            Part.BUDGET,
            Condition.DEGRADED,
            f"sensors wait {self.factor} times as long, since the agent met {met}: {took}, {allowed}",
            "Connections, exports and installations are noticed later. Where the system does not announce programs, "
            "those that run for a moment only are missed. Page loads and your answers are taken as always.",
            "It speeds up again by itself. If it stays slow, raise [budget] in config.toml.",
        )


def give_memory_back() -> None:
    """Put away what nobody holds any more, and hand freed memory back to the system where its allocator keeps it."""
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # musl has no such call and keeps less
            ctypes.CDLL(None).malloc_trim(0)
