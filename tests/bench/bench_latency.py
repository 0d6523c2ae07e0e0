"""From the start of a catalogued tool to its finding, as somebody who follows the findings sees it.

A tool of the catalogue is laid out the way pip lays one out: a package with its metadata and entry point in an
environment of its own, and a program that names it. Nothing is downloaded and the program only sleeps. Each time it is
started, the clock runs from before the start until `gleanwatch findings --follow --json` names its pid.

    python -m tests.bench.bench_latency [--json] [--quick]
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.rows import Row, percentile, run, spread
from tests.support.agent import COMMAND, Agent, running_agent
from tests.support.places import short_folder
from tests.support.tool import lay_out_tool, start_quietly


class Follower:
    """Reads the stream of findings and remembers when each pid was first named."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.named: dict[int, float] = {}
        self._heard = asyncio.Event()
        self._task = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            now = time.perf_counter()
            document = json.loads(line)
            for finding in document.get("findings", [document]):
                for process in finding.get("processes", []):
                    self.named.setdefault(process["pid"], now)
            self._heard.set()

    async def when(self, pid: int, seconds: float) -> float | None:
        """Wait until a pid was named, and return when; None when it never was."""
        try:
            async with asyncio.timeout(seconds):
                while pid not in self.named:
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            return None
        return self.named[pid]

    def stop(self) -> None:
        """Read no further."""
        self._task.cancel()


@asynccontextmanager
async def following(agent: Agent) -> AsyncIterator[Follower]:
    """Follow the findings of an agent until the block ends."""
    process = await asyncio.create_subprocess_exec(
        str(COMMAND), "findings", "--follow", "--json", env=agent.env, stdout=asyncio.subprocess.PIPE, limit=1 << 22
    )
    assert process.stdout is not None
    follower = Follower(process.stdout)
    try:
        await asyncio.sleep(2)  # the command line has started and follows
        yield follower
    finally:
        follower.stop()
        process.kill()
        await process.wait()


async def start_to_finding(follower: Follower, program: Path) -> float | None:
    """Start the tool once; seconds until its pid was named, None when it never was."""
    begin = time.perf_counter()
    tool = start_quietly(program)
    try:
        named = await follower.when(tool.pid, 10)
    finally:
        tool.kill()
        tool.wait()
    return None if named is None else named - begin


async def measure(quick: bool) -> list[Row]:
    """Measure everything; see the module's docstring."""
    repeats = 15 if quick else 60
    with short_folder() as folder:
        program = lay_out_tool(folder / "tool", Path(sys.executable))
        async with running_agent(folder) as agent, following(agent) as follower:
            how = next((part["how"] for part in (await agent.status())["health"] if part["part"] == "processes"), "?")
            await start_to_finding(follower, program)  # the first one loads what identifying needs
            taken = []
            for _ in range(repeats):
                taken.append(await start_to_finding(follower, program))
                await asyncio.sleep(0.1)
    seen = [seconds for seconds in taken if seconds is not None]
    missed = len(taken) - len(seen)
    slow = percentile(seen, 0.95) if seen else float("inf")
    return [
        Row(
            f"start of a catalogued tool → its finding ({how})",
            "p95 ≤ 200 ms with the connector",
            spread(seen) if seen else "never",
            met=not missed and slow <= 0.2,
            note=f"{missed} of {len(taken)} starts were not seen within 10 s" if missed else "",
        )
    ]


if __name__ == "__main__":
    run(measure, __doc__ or "")
