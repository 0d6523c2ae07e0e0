"""A busy agent keeps to its budget for real: it slows its sensors, says why, loses nothing handed to it, and recovers.

The agent is a process of its own with a short minute and a small budget; what makes it busy is a burst of real
programs. Page loads come in all the while.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from tests.support.agent import Agent
from tests.support.client import connect, load, new_client_id
from tests.support.tool import NAME, lay_out_tool
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(240)

MINUTE = "4"
PAGE_LOADS = 200


@asynccontextmanager
async def a_burst(folder: Path) -> AsyncIterator[None]:
    """Start a script anew again and again, each time another one, so that none is known from before."""

    async def one_after_the_other() -> None:
        for number in itertools.count():
            script = folder / f"script{number % 400}.py"
            script.write_text(f"import json, sys  # {number}\nprint({number})\n")
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", script, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL
            )
            await child.wait()

    tasks = [asyncio.create_task(one_after_the_other()) for _ in range(3)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def budget(agent: Agent) -> dict[str, str]:
    return {part["part"]: part for part in (await agent.status())["health"]}["budget"]


@pytest.fixture
async def small(agent: Agent) -> Agent:
    """An agent that may take six percent of a core, and has a minute of four seconds."""
    agent.env["GLEANWATCH_BUDGET_MINUTE"] = MINUTE
    agent.home.mkdir(mode=0o700, exist_ok=True)
    (agent.home / "config.toml").write_text("[budget]\ncpu_percent = 6.0\n")
    return agent


async def test_busy_it_slows_down_says_which_limit_keeps_every_page_load_and_recovers(
    small: Agent, tmp_path: Path
) -> None:
    await small.start()
    async with a_burst(tmp_path):
        slow = await until(lambda: _slow(small), "the agent to slow down", seconds=60, every=0.5)
        assert "processor limit" in slow["how"]
        assert "Page loads and your answers are taken as always" in slow["missed"]
        # A page load that comes now is acknowledged and kept as at any other time, and so is an act.
        async with connect(small.socket, new_client_id(7)) as link:
            await link.greet()
            for seq in range(1, PAGE_LOADS + 1):
                await link.send(load(seq))
            await until(lambda: link.acked >= PAGE_LOADS, "every acknowledgement", seconds=60)
    assert sum((await small.totals()).values()) == PAGE_LOADS
    # Read off the log: every question would cost of the budget.
    await until(lambda: paces(small)[-1] == 1, "the agent to be at its usual pace", seconds=150, every=0.5)
    steps = [1, *paces(small)]
    assert all(max(a, b) == 2 * min(a, b) for a, b in itertools.pairwise(steps))
    assert (await budget(small))["condition"] == "working"


async def test_a_tool_that_starts_while_it_is_slow_is_still_flagged(small: Agent, tmp_path: Path) -> None:
    await small.start()
    async with a_burst(tmp_path):
        await until(lambda: _slow(small), "the agent to slow down", seconds=60, every=0.5)
        told = await small.command("try", "--json")
    assert told.code == 0, told.err
    assert told.json["finding"]["flagged"] is True


BURST = """
import os, subprocess, sys
same, python, tool = sys.argv[1:]
quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
running = []
for number in range(2000):
    if number == 1500:
        collects = subprocess.Popen([python, tool, "profile"], **quiet)
    running.append(os.posix_spawn(same, [same, str(number)], os.environ))
    if len(running) > 8:
        os.waitpid(running.pop(0), 0)
for pid in running:
    os.waitpid(pid, 0)
print("over", flush=True)
collects.wait()
"""
"""Two thousand programs as fast as they go, all of one name and one parent; one of them collects, and lives on."""


@pytest.mark.parametrize("slowed", [False, True], ids=["usual", "slowed"])
async def test_who_collects_among_two_thousand_starts_is_found_as_soon_slowed_as_not(
    agent: Agent, tmp_path: Path, slowed: bool
) -> None:
    agent.env["GLEANWATCH_BUDGET_MINUTE"] = MINUTE
    agent.home.mkdir(mode=0o700, exist_ok=True)
    budget = "memory_mb = 50" if slowed else "memory_mb = 4000\ncpu_percent = 100.0"
    (agent.home / "config.toml").write_text(f"[budget]\n{budget}\n")
    program = lay_out_tool(tmp_path / "env", Path(sys.executable))
    same = tmp_path / "python"  # the name that the kernel gives to whatever the environment's interpreter runs
    same.symlink_to("/bin/true")
    await agent.start()
    if slowed:
        await until(lambda: paces(agent)[-1:] == [16], "the slowest pace", seconds=90, every=0.2)
    burst = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-c", BURST, str(same), str(program.with_name("python")), str(program)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert burst.stdout is not None
        await burst.stdout.readline()
        # Less than the wait for the next full comparison, which would find it as well: by then another may have ended.
        await until(lambda: _collects(agent), "who collects to be flagged", seconds=20, every=0.5)
    finally:
        for child in psutil.Process(burst.pid).children():
            child.kill()
        await burst.wait()


async def _collects(agent: Agent) -> bool:
    return any(each["tool"] == NAME and each["flagged"] for each in await agent.findings())


def paces(agent: Agent) -> list[int]:
    """By how much longer the sensors waited, after each step, as the agent's own log says it."""
    lines = (agent.home / "log/agent.log").read_text().splitlines()
    return [int(line.split("wait ")[1].split(" ")[0]) for line in lines if "budget: the sensors wait" in line]


async def _slow(agent: Agent) -> dict[str, str] | None:
    part = await budget(agent)
    return part if part["condition"] == "degraded" else None


V1, V2 = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/cgroup.controllers")


@asynccontextmanager
async def ceilings(pid: int, memory: int, percent: int) -> AsyncIterator[None]:
    """Put a process and what it starts under ceilings that the kernel enforces."""
    name = f"gwtest-{pid}"
    if V2.exists():
        folders = [V1 / name]
        limits = {V1 / name / "memory.max": memory, V1 / name / "cpu.max": f"{percent * 1000} 100000"}
    else:
        folders = [V1 / "memory" / name, V1 / "cpu" / name]
        limits = {
            V1 / "memory" / name / "memory.limit_in_bytes": memory,
            V1 / "cpu" / name / "cpu.cfs_quota_us": percent * 1000,
        }
    try:
        for folder in folders:
            folder.mkdir()
        for file, value in limits.items():
            file.write_text(str(value))
        for folder in folders:
            (folder / "cgroup.procs").write_text(str(pid))
    except OSError as problem:
        for folder in folders:
            with contextlib.suppress(OSError):
                folder.rmdir()
        pytest.skip(f"no ceilings can be set here: {problem.strerror}")
    try:
        yield
    finally:
        for folder in folders:
            await until(lambda folder=folder: _emptied(folder), "the control group to be empty")


def _emptied(folder: Path) -> bool:
    """Move whoever is in a control group, helpers included, to the one above, and remove it."""
    try:
        for pid in (folder / "cgroup.procs").read_text().split():
            (folder.parent / "cgroup.procs").write_text(pid)
        folder.rmdir()
    except OSError:
        return False
    return True


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="ceilings are set by root, on Linux")
async def test_under_the_units_ceilings_and_harder_ones_nothing_is_lost(agent: Agent, tmp_path: Path) -> None:
    await agent.start()
    async with ceilings(agent.pid, memory=192 * 1024 * 1024, percent=15), a_burst(tmp_path):
        async with connect(agent.socket, new_client_id(8)) as link:
            await link.greet()
            for seq in range(1, 1001):
                await link.send(load(seq))
            await until(lambda: link.acked >= 1000, "every acknowledgement", seconds=120)
        assert sum((await agent.totals()).values()) == 1000
    assert agent.running
