"""What the sensors' tests share: a source under observation, and programs to observe.

Other programs start and end on the machine meanwhile, so every test asks about processes of its own by number.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import pytest

from agent.model.events import ProcessEnded, ProcessStarted
from agent.sensors.processes import ProcessEvent, ProcessSource, choose_source
from agent.settings.clock import SystemClock


@dataclass
class Watching:
    """A running source and everything it reported."""

    source: ProcessSource
    events: list[ProcessEvent] = field(default_factory=list)

    def starts(self, pid: int) -> list[ProcessStarted]:
        return [event for event in self.events if isinstance(event, ProcessStarted) and event.key.pid == pid]

    def ends(self, pid: int) -> list[ProcessEnded]:
        return [event for event in self.events if isinstance(event, ProcessEnded) and event.key.pid == pid]

    async def until(self, reached: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(seconds):
            while not reached():  # noqa: ASYNC110 - waits for the world, which sets no event
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def watching(source: ProcessSource) -> AsyncIterator[Watching]:
    state = Watching(source)

    async def collect() -> None:
        async for event in source.events():
            state.events.append(event)

    task = asyncio.create_task(collect())
    try:
        yield state
    finally:
        await source.close()
        await task


@pytest.fixture
def watch() -> Callable[[ProcessSource], contextlib.AbstractAsyncContextManager[Watching]]:
    """Collect what a given source reports."""
    return watching


Observe = Callable[..., contextlib.AbstractAsyncContextManager[Watching]]


@pytest.fixture
def observe() -> Observe:
    """Observe this user's processes with a chosen kind of source."""

    @contextlib.asynccontextmanager
    async def observe(kind: str, **options: object) -> AsyncIterator[Watching]:
        options = {"poll_seconds": 0.05, "reconcile_seconds": 0.15, "uid": os.getuid(), **options}
        source = await choose_source(SystemClock(), connector=kind == "connector", **options)  # type: ignore[arg-type]
        how = source.health().how
        if kind == "connector" and not how.startswith("process connector"):
            await source.close()
            pytest.skip(f"the process connector does not work here: {source.health().missed}")
        async with watching(source) as state:
            yield state

    return observe


Spawn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start programs that do not outlive the test."""
    started: list[subprocess.Popen[bytes]] = []

    def spawn(*argv: str, **options: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload]
        started.append(process)
        return process

    yield spawn
    for process in started:
        process.kill()
        process.wait()
