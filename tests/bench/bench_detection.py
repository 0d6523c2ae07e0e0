"""What judging one started process costs, and how soon its finding is there.

Processor time, of this process and of the helper together, for each of a few thousand starts of a working day
(`starts.py`), judged as the agent judges them: started, looked at a second time, ended. First every start as the first
of its kind, then the same ones again, from memory. Beside it, in the same run: what psutil needs to merely read a
process, and a bare interpreter's start. Last, the time by the clock from a start to its finding.

    python -m tests.bench.bench_detection [--json] [--quick]
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import psutil

from agent.content.catalogue import load_catalogue
from agent.detection.correlate.shipped import load_rules
from agent.detection.findings import Detector
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.model.events import Activity, CommandLine, ProcessEnded, ProcessKey, ProcessStarted
from tests.bench.rows import Row, percentile, run, spread
from tests.bench.starts import GATHERS, Day

GOAL_MEDIAN, GOAL_MOST, GOAL_AGAIN = 0.008, 0.050, 0.0003
"""Seconds of processor time for one process: in the middle, for 99 of 100, and where the answer is remembered."""
GOAL_SOON = 0.2
KEPT = 4000
"""Fewer than the answers that are remembered."""


class Still:
    """A clock, no sockets, no parents: only judging is measured."""

    def now(self) -> int:
        """Return the time."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return the time."""
        return time.monotonic()

    def activity_of(self, key: ProcessKey) -> Activity:
        """Return no activity."""
        return Activity()

    def ancestors(self, pid: int) -> tuple[str, ...]:
        """Return what stands above most programs."""
        return ("bash", "gnome-terminal-server", "systemd")

    def above_agent(self, pid: int) -> bool:
        """Return that nothing stands above."""
        return False


class Judging:
    """The detector as the daemon builds it, and what it and its helper have used so far."""

    def __init__(self) -> None:
        still, ids = Still(), itertools.count()
        self.reader = CodeReader()
        one = Identifier(load_catalogue(), self.reader, above=still.ancestors)
        self._detector = Detector(
            one.identify,
            still,
            still,
            still,
            lambda: str(next(ids)),
            hold_ms=1,
            refine=one.refine,
            recognise=one.installed,
            judge=load_rules(),
            package_of=one.package_of,
            plain=one.plain,
            fetcher=one.fetcher,
        )
        self._pids = itertools.count(10_000_000)
        self._helper: int | None = None
        self._helpers_used, self._helper_used = 0.0, 0.0

    async def judge(self, command: CommandLine) -> tuple[float, float]:
        """Judge one start as `watching.py` does; returns seconds of processor time and of the clock."""
        key = ProcessKey(next(self._pids), time.time_ns() // 1_000_000)
        event = ProcessStarted(key, 2, Path(command.exe).name[:15], command, key.started_at)
        before, began = self.spent(), time.perf_counter()
        if not self._detector.passes(event):
            await self._detector.started(event)
            await self._detector.refine(event)
        self._detector.ended(ProcessEnded(key, key.started_at + 1))
        return self.spent() - before, time.perf_counter() - began

    def spent(self) -> float:
        """Return the processor time used so far, the helpers' from their first moment."""
        pid = self.reader.pid
        if pid != self._helper:
            self._helpers_used += self._helper_used
            self._helper, self._helper_used = pid, 0.0
        if pid is not None:
            with contextlib.suppress(OSError, psutil.Error):  # it has just ended: what was last seen of it counts
                self._helper_used = _used_by(pid)
        return time.process_time() + self._helpers_used + self._helper_used


def _used_by(pid: int) -> float:
    """Return the processor time of another process in seconds, to the nanosecond where the system tells."""
    if sys.platform == "linux":
        return time.clock_gettime((~pid << 3) | 2)  # clock_getcpuclockid(3)
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def read_by_psutil() -> float:
    """Return the seconds of processor time that psutil needs to read one process as detection needs it."""
    rounds = 300
    before = time.process_time()
    for _ in range(rounds):
        process = psutil.Process(os.getpid())
        with process.oneshot():
            process.name(), process.cmdline(), process.exe(), process.cwd(), process.ppid(), process.create_time()
    return (time.process_time() - before) / rounds


def bare_start() -> float:
    """Return the seconds of processor time of a bare interpreter's start and end."""
    before = os.times()
    for _ in range(10):
        subprocess.run([sys.executable, "-IS", "-c", "pass"], check=True)
    after = os.times()
    return (after.children_user + after.children_system - before.children_user - before.children_system) / 10


async def measure(quick: bool) -> list[Row]:
    """Measure and return the rows."""
    count = 600 if quick else KEPT
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        day = list(itertools.islice(Day(folder, random.Random(4)).starts(), count))
        judging = Judging()
        try:
            (folder / "first.py").write_text(GATHERS.format(number="first"))
            cold, waited = await judging.judge(_script(folder, "first"))
            first = [(kind, *await judging.judge(command)) for kind, command in day]
            again = [(kind, *await judging.judge(command)) for kind, command in day]
            soon = []
            for number in range(100 if quick else 400):
                (folder / f"soon{number}.py").write_text(GATHERS.format(number=f"soon{number}"))
                soon.append((await judging.judge(_script(folder, f"soon{number}")))[1])
        finally:
            await judging.reader.close()
    beside = (
        f"{read_by_psutil() * 1000:.2f} ms psutil reads one process; {bare_start() * 1000:.0f} ms a bare python -IS"
    )
    return [
        *rows_of(first, again, beside),
        Row(
            "a new script of one's own, by the clock: from its start to its finding, helper running",
            f"p95 ≤ {GOAL_SOON * 1000:.0f} ms with sensing",
            spread(soon),
            met=percentile(soon, 0.95) <= GOAL_SOON,
        ),
        Row(
            "the first script after a while: the helper starts, compiles its rules and answers",
            "",
            f"{cold * 1000:.0f} ms of processor time, {waited * 1000:.0f} ms by the clock",
            beside,
        ),
    ]


def _script(folder: Path, name: str) -> CommandLine:
    return CommandLine(("python3", f"{name}.py"), "/usr/bin/python3", str(folder))


def rows_of(
    first: Sequence[tuple[str, float, float]], again: Sequence[tuple[str, float, float]], beside: str
) -> list[Row]:
    """Put processor times by kind into rows."""
    times, repeats = ([spent for _, spent, _ in part] for part in (first, again))
    by_kind: dict[str, list[float]] = defaultdict(list)
    for kind, spent, _ in first:
        by_kind[kind].append(spent)
    costly = sorted(by_kind.items(), key=lambda each: -percentile(each[1], 0.5))[:4]
    middle, most, once_more = percentile(times, 0.5), percentile(times, 0.99), percentile(repeats, 0.5)
    return [
        Row(
            f"processor time for one process seen for the first time, {len(times):,} starts of {len(by_kind)} kinds",
            f"p50 ≤ {GOAL_MEDIAN * 1000:.0f} ms, p99 ≤ {GOAL_MOST * 1000:.0f} ms",
            f"p50 {middle * 1000:.2f} ms, p99 {most * 1000:.1f} ms, most {max(times) * 1000:.0f} ms",
            beside,
            met=middle <= GOAL_MEDIAN and most <= GOAL_MOST,
            note="; ".join(
                f"{kind}: p50 {percentile(spent, 0.5) * 1000:.1f}, p99 {percentile(spent, 0.99) * 1000:.1f} ms"
                for kind, spent in costly
            ),
        ),
        Row(
            "the same starts once more, from memory",
            f"p50 ≤ {GOAL_AGAIN * 1000:.1f} ms",
            f"p50 {once_more * 1e6:.0f} µs, p95 {percentile(repeats, 0.95) * 1e6:.0f} µs",
            met=once_more <= GOAL_AGAIN,
        ),
    ]


if __name__ == "__main__":
    run(measure, __doc__ or "")
