"""A tap between native host and agent: passes every byte on and notes when page loads and acknowledgements pass.

It listens where the native host looks for the agent, and leads to one of several agents; `lead_to` ends the connections
that are open, so that the host comes back and reaches the other one. Both ways of one measurement go through the same
tap, so its own cost is on both sides of the comparison.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import wire


@dataclass(slots=True)
class Passed:
    """One page load on its way: when the browser saw it, when it reached the tap, when its acknowledgement came back.

    All in seconds since 1970; `observed` has only whole milliseconds.
    """

    observed: float
    reached: float
    acked: float | None = None


@dataclass(slots=True)
class Tap:
    """A running tap.

    Attributes:
        place: Where it listens.
        target: The agent's socket that it leads to.
        passed: What went by since `lead_to`, by number.
        acked: The highest number acknowledged since `lead_to`.
        greeted: How many greetings were answered since `lead_to`.
    """

    place: Path
    target: Path
    passed: dict[int, Passed] = field(default_factory=dict)
    acked: int = 0
    greeted: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def lead_to(self, target: Path) -> None:
        """Lead to another agent from now on, and forget what went by."""
        self.target, self.passed, self.acked, self.greeted = target, {}, 0, 0
        for writer in list(self._writers):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, both ways, until either end closes."""
        try:
            there_reader, there = await asyncio.open_unix_connection(str(self.target))
        except OSError:
            writer.close()
            return
        self._writers |= {writer, there}
        ways = [asyncio.create_task(self._out(reader, there)), asyncio.create_task(self._back(there_reader, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        self._writers -= {writer, there}
        for end in (writer, there):
            end.close()

    async def _out(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (body := await wire.read_body(reader)) is not None:
            writer.write(wire.pack(body))
            now = time.time()
            for load in wire.loads_of(json.loads(body)):
                self.passed.setdefault(load["seq"], Passed(load["at"] / 1000, now))

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (body := await wire.read_body(reader)) is not None:
            now = time.time()
            writer.write(wire.pack(body))
            message = json.loads(body)
            if message["kind"] == "gate":
                self.greeted += 1
            if message["kind"] == "ack":
                self.acked = message["seq"]
                for seq, load in self.passed.items():
                    if seq <= self.acked and load.acked is None:
                        load.acked = now


@asynccontextmanager
async def start_tap(place: Path, target: Path) -> AsyncIterator[Tap]:
    """Listen at `place` until the block ends."""
    tap = Tap(place, target)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(tap.serve, str(place))
    finally:
        os.umask(before)
    try:
        yield tap
    finally:
        server.close()
        tap.lead_to(target)
        with contextlib.suppress(FileNotFoundError):
            place.unlink()
