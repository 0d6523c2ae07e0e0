"""The real agent as a process: started as a person starts it, asked through the command line, killed by its pid.

`Agent.start` runs `gleanwatch run --demo` in a GLEANWATCH_HOME of its own and waits until the relay's socket answers.
Several starts after one another use the same home, which is what the crash tests are about.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.places import clean_environment, relay_socket
from tests.support.processes import alive, started
from tests.support.waiting import until

COMMAND = Path(os.environ.get("GW_COMMAND") or Path(sys.executable).with_name("gleanwatch"))
"""The command under test; GW_COMMAND names another one, such as that of an installed package."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one run of the command line gave: exit code and both streams as text."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output as one JSON document."""
        return json.loads(self.out)


def answers(path: Path) -> bool:
    """Whether somebody listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


@dataclass(slots=True)
class Agent:
    """One instance of the agent, running or not.

    Attributes:
        folder: A short temporary folder; HOME and GLEANWATCH_HOME are in it.
        env: The environment of the agent and of every command.
        arguments: How it is started, after `gleanwatch`.
        prefix: A command that becomes the agent's, such as one that lays other files over /etc.
    """

    folder: Path
    env: dict[str, str]
    arguments: tuple[str, ...] = ("run", "--demo")
    prefix: tuple[str, ...] = ()
    _process: asyncio.subprocess.Process | None = None
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def home(self) -> Path:
        """Its GLEANWATCH_HOME."""
        return Path(self.env["GLEANWATCH_HOME"])

    @property
    def socket(self) -> Path:
        """Its relay socket."""
        return relay_socket(self.env)

    @property
    def pid(self) -> int:
        """The running agent's process id."""
        assert self._process is not None, "the agent was not started"
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything it printed so far, over all starts."""
        path = self.folder / "agent.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    async def launch(self) -> None:
        """Start it without waiting for anything: for starts that are meant to fail."""
        await self._stack.aclose()
        command: list[str | Path] = [*self.prefix, COMMAND, *self.arguments]
        self._process = await self._stack.enter_async_context(started(command, self.folder / "agent.log", self.env))

    async def start(self) -> None:
        """Start it and wait until its relay's socket answers."""
        await self.launch()

        def ready() -> bool:
            assert alive(self.pid), f"the agent ended by itself:\n{self.log[-2000:]}"
            return answers(self.socket)

        await until(ready, "the agent's socket", seconds=60)

    async def wait(self, seconds: float = 30.0) -> int:
        """Wait until it has ended and return its exit status."""
        assert self._process is not None
        return await asyncio.wait_for(self._process.wait(), seconds)

    async def kill(self) -> None:
        """Kill it at once."""
        os.kill(self.pid, signal.SIGKILL)
        await self.wait()

    async def stop(self) -> int:
        """Ask it to end, as Ctrl-C does, and return its exit status."""
        os.kill(self.pid, signal.SIGINT)
        return await self.wait()

    def suspend(self) -> None:
        """Stop it from running, as a sleeping machine does."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run on."""
        os.kill(self.pid, signal.SIGCONT)

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and alive(self.pid)

    async def command(self, *arguments: str) -> Answer:
        """Run `gleanwatch` with some arguments in the same home, and return what it gave."""
        process = await asyncio.create_subprocess_exec(
            str(COMMAND),
            *arguments,
            env=self.env,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return Answer(process.returncode or 0, out.decode(), err.decode())

    async def status(self) -> dict[str, Any]:
        """Return `gleanwatch status --json`."""
        answer = await self.command("status", "--json")
        assert answer.code == 0, answer.err
        status: dict[str, Any] = answer.json
        return status

    async def findings(self) -> list[dict[str, Any]]:
        """Return `gleanwatch findings --json`."""
        answer = await self.command("findings", "--json")
        assert answer.code == 0, answer.err
        findings = answer.json
        return list(findings["findings"] if isinstance(findings, dict) else findings)

    async def totals(self) -> dict[tuple[str, str], int]:
        """Return how many page loads are kept, by platform and page class."""
        return {(total["platform"], total["page_class"]): total["count"] for total in (await self.status())["totals"]}

    async def counters(self) -> dict[str, int]:
        """Return the agent's counters."""
        return dict((await self.status())["counters"])

    async def close(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None and self.running:
            self.resume()
        await self._stack.aclose()


@asynccontextmanager
async def prepared_agent(folder: Path, *arguments: str, **env: str) -> AsyncIterator[Agent]:
    """Prepare an agent in a folder, not started; whatever was started is ended afterwards."""
    agent = Agent(folder, clean_environment(folder, **env), arguments or ("run", "--demo"))
    try:
        yield agent
    finally:
        await agent.close()


@asynccontextmanager
async def running_agent(folder: Path, *arguments: str, **env: str) -> AsyncIterator[Agent]:
    """Run an agent until the block ends."""
    async with prepared_agent(folder, *arguments, **env) as agent:
        await agent.start()
        yield agent
