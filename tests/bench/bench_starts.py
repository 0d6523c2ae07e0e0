"""A machine at work beside the real agent: a hundred starts a second, at least ninety-five of them repeats.

`gleanwatch run --demo` in a home of its own watches; this program starts others, a hundredth of a second apart, each
living 5 ms or longer: the same few commands again and again, among them command lines that were never there before.
Three things are looked for from outside. How many were seen: a program with a catalogued tool's name, started once a
second for 5 ms, is counted by its own finding. How soon a first sighting is judged: every ten seconds a script that is
new collects, and the time is taken until its finding can be asked for. And what it costs: processor time and memory of
the agent and its helper together. Ten minutes, or thirty seconds with `--quick`.

The agent sees every program of this person: what others start meanwhile is part of the cost and of the count.

    python -m tests.bench.bench_starts [--json] [--quick]
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from agent.cli.asking import ask
from agent.settings.instance import Instance, locate
from tests.bench.bench_idle import cost
from tests.bench.rows import Row, percentile, run
from tests.support.agent import Agent, running_agent
from tests.support.places import short_folder
from tests.support.processes import descendants

PER_SECOND = 100
NEW_EVERY, COUNTED_EVERY, COLLECTING_EVERY = 25, 100, 1000
"""Of so many starts one is a command line that was never there, one is counted by its finding, one collects."""
LIVES = "0.005"
REPEATS = (
    *(("/bin/sleep", f"{LIVES}{digit}") for digit in range(8)),
    (sys.executable, "-ISc", f"import time; time.sleep({LIVES})"),
)
COUNTED_TOOL = "wpull"
"""A catalogued tool's name, for a copy of `sleep`."""
WARM_SECONDS, SAMPLE_SECONDS, ASK_SECONDS, LAST_SECONDS = 10.0, 2.0, 0.2, 3.0
GOAL_SEEN, GOAL_SOON, GOAL_COST, GOAL_GROWTH = 0.99, 2.0, 0.05, 3.0
"""Shares of all, seconds, a share of a core, and megabytes within which memory is the same."""

COLLECTS = """import csv
import requests
from bs4 import BeautifulSoup
# {number}
with open("/dev/null", "w") as out:
    rows = csv.writer(out)
    for page in range(500):
        soup = BeautifulSoup(requests.get(f"https://www.linkedin.com/search?page={{page}}").text, "html.parser")
        for card in soup.select("li.person"):
            rows.writerow([card.select_one(".name").text, card.select_one(".email").text])
"""


@dataclass(slots=True)
class Load:
    """The programs that are started, one after the other.

    Attributes:
        folder: Where scripts are made.
        tool: The copy with a tool's name.
        starts: How many programs so far.
        counted: How many of them with the tool's name.
        collecting: When each collecting script was started, in the clock's seconds.
        running: What runs still.
    """

    folder: Path
    tool: Path
    starts: int = 0
    counted: int = 0
    collecting: list[float] = field(default_factory=list)
    running: set[int] = field(default_factory=set)

    def command(self) -> list[str]:
        """Return the next command line."""
        number = self.starts
        if number % COLLECTING_EVERY == COLLECTING_EVERY // 2:
            script = self.folder / f"people{number}.py"
            script.write_text(COLLECTS.format(number=number))
            self.collecting.append(time.monotonic())
            return [sys.executable, "-S", str(script)]
        if number % COUNTED_EVERY == 0:
            self.counted += 1
            return [str(self.tool), LIVES]
        if number % NEW_EVERY == 1:
            return ["/bin/sleep", LIVES, f"0.00000{number}"]
        return list(REPEATS[number % len(REPEATS)])

    def start(self) -> None:
        """Start one more program."""
        command = self.command()
        quiet = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
        self.running.add(os.posix_spawn(command[0], command, os.environ, file_actions=quiet))
        self.starts += 1

    def reap(self) -> None:
        """Take leave of those that ended."""
        self.running -= {pid for pid in self.running if os.waitpid(pid, os.WNOHANG)[0]}

    async def go_on(self, seconds: float) -> None:
        """Start programs at an even pace."""
        began, before = time.monotonic(), self.starts
        while (now := time.monotonic()) < began + seconds:
            self.start()
            self.reap()
            await asyncio.sleep(max(0.0, began + (self.starts - before) / PER_SECOND - now))


@dataclass(slots=True)
class Watched:
    """What was seen of the agent from outside: memory over time, and how long findings took."""

    megabytes: list[float] = field(default_factory=list)
    shared_once: float = 0.0
    took: list[float] = field(default_factory=list)

    async def measure_memory(self, pid: int) -> None:
        """Look at the agent's memory again and again, until cancelled."""
        while True:
            self.megabytes.append(cost(pid)[1] / 1e6)
            if not self.shared_once:
                self.shared_once = resident_once(pid)
            await asyncio.sleep(SAMPLE_SECONDS)

    async def wait_for_findings(self, load: Load, instance: Instance) -> None:
        """While there is a script without a finding, ask for findings; until cancelled."""
        while True:
            if len(load.collecting) > len(self.took):
                for _ in range(len(await scripts_found(instance)) - len(self.took)):
                    self.took.append(time.monotonic() - load.collecting[len(self.took)])
            await asyncio.sleep(ASK_SECONDS)


def resident_once(pid: int) -> float:
    """Return the megabytes of a process and its helpers, where pages that they share count once (proc_pid_smaps(5))."""
    found = 0
    for process in (psutil.Process(pid), *descendants(pid)):
        with contextlib.suppress(psutil.Error):
            full = process.memory_full_info()
            found += getattr(full, "pss", full.rss)
    return found / 1e6


async def asked(instance: Instance, command: str) -> Any:
    """Ask the agent; returns the items of a list, or the result."""
    answer = await asyncio.to_thread(ask, instance, command)
    return answer.items or answer.result


async def scripts_found(instance: Instance) -> list[dict[str, Any]]:
    """Return the findings of scripts."""
    return [each for each in await asked(instance, "findings") if each["tool"].startswith("script:")]


def share_seen(missed: str) -> float:
    """Return the share of programs that the agent could read, from what its health says that it misses."""
    found = re.search(r"\(([\d.]+)%\) that ended before", missed)
    return 1 - float(found[1]) / 100 if found else 1.0


async def work(agent: Agent, folder: Path, seconds: float) -> list[Row]:
    """Start programs beside the agent and say what became of it."""
    tool = folder / COUNTED_TOOL
    shutil.copy("/bin/sleep", tool)
    instance = locate(agent.env, sys.platform, folder, os.getuid(), demo=True)
    load, watched = Load(folder, tool), Watched()
    asking = asyncio.create_task(watched.wait_for_findings(load, instance))
    await load.go_on(WARM_SECONDS)
    starts, before, began = load.starts, cost(agent.pid)[0], time.monotonic()
    looking = asyncio.create_task(watched.measure_memory(agent.pid))
    await load.go_on(seconds)
    took, spent, rate = time.monotonic() - began, cost(agent.pid)[0] - before, load.starts - starts
    looking.cancel()
    await asyncio.sleep(LAST_SECONDS)
    asking.cancel()
    load.reap()
    return await rows_of(instance, load, watched, f"{rate / took:.0f} starts a second, {took:.0f} s", spent / took)


async def rows_of(instance: Instance, load: Load, watched: Watched, what: str, share: float) -> list[Row]:
    """Ask the agent what it saw and put everything into rows."""
    health = next(each for each in (await asked(instance, "status"))["health"] if each["part"] == "processes")
    findings = await asked(instance, "findings")
    counted = sum(each["count"] for each in findings if not each["tool"].startswith("script:"))
    works, seen = health["how"].startswith("process connector"), share_seen(health["missed"])
    note = "the process connector does not work here"
    if works:
        note = f"the agent read {seen:.1%} of all programs, those that live shorter and other people's included"
    quarter = max(1, len(watched.megabytes) // 4)
    first, last = (sum(part) / quarter for part in (watched.megabytes[:quarter], watched.megabytes[-quarter:]))
    found, wanted = len(watched.took), len(load.collecting)
    soon = max(watched.took, default=0.0)
    return [
        Row(
            f"seen by the agent of {what}",
            f"≥ {GOAL_SEEN:.0%}",
            f"{counted} of {load.counted} of a tool that lives 5 ms are in its finding: {counted / load.counted:.1%}",
            met=counted >= int(GOAL_SEEN * load.counted) if works else None,
            note=note,
        ),
        Row(
            "from the start of a new collecting script to its finding, meanwhile",
            f"≤ {GOAL_SOON:.0f} s",
            f"{found} of {wanted}: p50 {percentile(watched.took or [0.0], 0.5):.2f} s, most {soon:.2f} s",
            met=found == wanted and soon <= GOAL_SOON,
            note=f"the agent is asked every {ASK_SECONDS:g} s while a finding is awaited",
        ),
        Row(
            "processor time of agent and helper meanwhile",
            f"≤ {GOAL_COST:.0%} of a core",
            f"{share:.2%}",
            met=share <= GOAL_COST,
        ),
        Row(
            "memory of agent and helper meanwhile",
            "no growth",
            f"{first:.1f} MB in the first quarter, {last:.1f} MB in the last",
            ratio=f"{last - first:+.1f} MB",
            met=last - first <= GOAL_GROWTH,
            note=f"{watched.shared_once:.0f} MB where pages that both share count once",
        ),
    ]


async def measure(quick: bool) -> list[Row]:
    """Measure everything; see the module's docstring."""
    with short_folder() as folder:
        async with running_agent(folder) as agent:
            await asyncio.sleep(WARM_SECONDS)
            return await work(agent, folder, 30.0 if quick else 600.0)


if __name__ == "__main__":
    run(measure, __doc__ or "")
