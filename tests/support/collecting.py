"""Programs that collect, and what a running agent says of them: for tests that ask whether it still sees.

`SCRIPT` is a person's own collecting script that waits before its first request, so that it is recognised by its code
and nothing leaves this machine. `flagged` waits for the finding of one process, whatever else this person runs.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.agent import Agent
from tests.support.processes import started
from tests.support.waiting import NeverCameError, until

Finding = dict[str, Any]

SCRIPT = """
import csv
import time

time.sleep(60)

import requests
from bs4 import BeautifulSoup

rows = []
for page in range(1, 200):
    listing = BeautifulSoup(requests.get("https://www.linkedin.com/search/results/people?page=%d" % page).text)
    for link in listing.select("a.who"):
        profile = BeautifulSoup(requests.get("https://www.linkedin.com" + link["href"]).text)
        rows.append({"name": profile.select_one(".name").text, "email": profile.select_one(".email").text})
with open("people.csv", "w", newline="") as file:
    csv.DictWriter(file, ["name", "email"]).writerows(rows)
"""


@asynccontextmanager
async def own_script(folder: Path, env: Mapping[str, str] | None = None, mark: str = "") -> AsyncIterator[int]:
    """Run a collecting script of the person's own until the block ends, and give its process number.

    Args:
        folder: Where it is written.
        env: Its environment.
        mark: Something that makes it another script than before.
    """
    script = folder / f"job{mark}.py"
    script.write_text(f"# {mark}\n{SCRIPT}", "utf-8")
    async with started([sys.executable, "-S", script], folder / "job.log", env, folder) as process:
        yield process.pid


def of_process(findings: list[Finding], pid: int) -> list[Finding]:
    """Return the findings that name a process."""
    return [finding for finding in findings if any(one["pid"] == pid for one in finding["processes"])]


async def flagged(agent: Agent, pid: int, seconds: float = 60.0) -> Finding:
    """Wait until a flagged finding names a process, and return it."""

    async def look() -> Finding | None:
        return next((one for one in of_process(await agent.findings(), pid) if one["flagged"]), None)

    try:
        return dict(await until(look, "a flag", seconds=seconds, every=0.2))
    except NeverCameError as never:
        status = await agent.status()
        never.add_note(f"process {pid}: {of_process(await agent.findings(), pid)}")
        never.add_note(f"{status['counters']} {status['health']} {agent.log[-1500:]}")
        raise
