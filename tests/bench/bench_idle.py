"""What the agent costs while nothing happens: processor time and memory beside two hundred sleeping processes.

The agent and whatever helpers it keeps are counted together. Five minutes, or thirty seconds with `--quick`; the first
ten seconds, in which it starts and looks round once, are left out.

    python -m tests.bench.bench_idle [--json] [--quick]
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator

import psutil

from agent.budget import memory_of
from agent.settings.config import Budget
from tests.bench.rows import Row, run
from tests.support.agent import running_agent
from tests.support.places import short_folder
from tests.support.processes import descendants
from tests.support.tool import start_quietly

SLEEPERS = 200
BUDGET = Budget()


@contextlib.contextmanager
def sleepers(count: int) -> Iterator[None]:
    """Keep some processes asleep, and end exactly those afterwards."""
    kept = [start_quietly("sleep", "100000") for _ in range(count)]
    try:
        yield
    finally:
        for process in kept:
            process.kill()
        for process in kept:
            process.wait()


def cost(pid: int) -> tuple[float, int]:
    """Return processor seconds and resident bytes of a process with its helpers, ended ones' seconds included.

    Raises:
        psutil.NoSuchProcess: It is gone.
    """
    ended = psutil.Process(pid).cpu_times()
    seconds, resident = ended.children_user + ended.children_system, 0
    for process in (psutil.Process(pid), *descendants(pid)):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
            resident += process.memory_info().rss
    return seconds, resident


async def measure(quick: bool) -> list[Row]:
    """Measure everything; see the module's docstring."""
    window = 30 if quick else 300
    with short_folder() as folder, sleepers(SLEEPERS):
        bare = start_quietly(sys.executable, "-c", "import asyncio, time; time.sleep(100000)")
        try:
            async with running_agent(folder) as agent:
                await asyncio.sleep(10)
                before, _ = cost(agent.pid)
                await asyncio.sleep(window)
                after, resident = cost(agent.pid)
                once = sum(memory_of(one) for one in (psutil.Process(agent.pid), *descendants(agent.pid))) / 1e6
                _, bare_resident = cost(bare.pid)
                processes = len(psutil.pids())
        finally:
            bare.kill()
            bare.wait()
    share, megabytes, bare_megabytes = (after - before) / window, resident / 1e6, bare_resident / 1e6
    return [
        Row(
            f"processor time of the idle agent, {SLEEPERS} processes more ({processes} in all), {window} s",
            "≤ 0.3 % of a core",
            f"{share:.2%}",
            met=share <= 0.003,
            note="" if not quick else "a short window: the clock ticks only 100 times a second",
        ),
        Row(
            "memory of the idle agent, helpers included",
            "≤ 110 MB resident",
            f"{megabytes:.0f} MB",
            f"{bare_megabytes:.0f} MB a Python with asyncio and nothing else",
            f"{megabytes / bare_megabytes:.1f} ×",
            megabytes <= 110,
        ),
        Row(
            "the same, pages that the agent shares with its helpers counted once, as its own budget counts",
            f"≤ {BUDGET.memory_mb:g} MB and {BUDGET.cpu_percent:g} % of a core",
            f"{once:.0f} MB and {share:.2%}",
            met=once <= BUDGET.memory_mb and share * 100 <= BUDGET.cpu_percent,
        ),
    ]


if __name__ == "__main__":
    run(measure, __doc__ or "")
