"""A raw client of `relay.sock`: says exactly the bytes it is told to, which a browser never could.

`RelayClient.connect` opens the socket; `greet` says hello; `send`/`send_bytes` write; a reader task keeps everything
that comes back, in order, and the highest acknowledged number.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support import wire
from tests.support.waiting import until
from tests.support.wire import Message


def new_client_id(seed: int) -> str:
    """Return a client id of 22 characters; the same seed gives the same id."""
    return base64.urlsafe_b64encode(random.Random(seed).randbytes(16)).decode().rstrip("=")


def now_ms() -> int:
    """The time as the protocol writes it."""
    return time.time_ns() // 1_000_000


def hello(client: str, **fields: Any) -> Message:
    """Make a well-formed `hello`; fields replace or add."""
    return {
        "v": 1,
        "kind": "hello",
        "client": client,
        "browser": "chromium",
        "browser_version": "156",
        "extension_version": "0.1.0",
        "waiting": 0,
        "dropped": 0,
        "lost": 0,
        "oldest_seq": 0,
        **fields,
    }


def load(seq: int, at: int | None = None, **fields: Any) -> Message:
    """Make a well-formed `load`; fields replace or add."""
    return {
        "v": 1,
        "kind": "load",
        "seq": seq,
        "platform": "linkedin",
        "page_class": "profile",
        "at": now_ms() if at is None else at,
        "first": True,
        "sequential": False,
        **fields,
    }


def answer(finding: str, at: int, category: str = "stopped", dwell_ms: int = 900) -> Message:
    """Return an `answer` message."""
    return {"v": 1, "kind": "answer", "finding": finding, "category": category, "at": at, "dwell_ms": dwell_ms}


def loads(items: Iterable[Message]) -> Message:
    """Make a `loads` of several `load` messages."""
    return {
        "v": 1,
        "kind": "loads",
        "loads": [{name: item[name] for name in wire.LOAD} for item in items],
    }


class RelayClient:
    """One connection to the agent's `relay.sock`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
        self.client = client
        self.received: list[Message] = []
        self.acked = 0
        self.dropped: list[Message] = []
        self.closed = asyncio.Event()
        self._writer = writer
        self._heard = asyncio.Event()
        self._task = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while (body := await wire.read_body(reader)) is not None:
                message = json.loads(body)
                self.received.append(message)
                if message["kind"] == "welcome":
                    self.acked = max(self.acked, message["acked"])
                if message["kind"] == "ack":
                    self.acked = max(self.acked, message["seq"])
                    self.dropped += message.get("dropped", [])
                self._heard.set()
        finally:
            self.closed.set()
            self._heard.set()

    async def send(self, message: Message) -> None:
        """Send one message."""
        await self.send_bytes(wire.encode(message))

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are, broken or not."""
        self._writer.write(data)
        await self._writer.drain()

    async def greet(self, **fields: Any) -> Message:
        """Say hello, wait for the welcome, and return it."""
        await self.send(hello(self.client, **fields))
        welcome = await self.expect("welcome")
        await self.expect("gate")
        return welcome

    def seen(self, kind: str) -> list[Message]:
        """Return what came of one kind, oldest first."""
        return [message for message in self.received if message["kind"] == kind]

    async def expect(self, kind: str, where: Callable[[Message], bool] = lambda _: True) -> Message:
        """Wait for a message of a kind and return the newest."""
        found = await until(lambda: [m for m in self.seen(kind) if where(m)], f"a {kind} message")
        return dict(found[-1])

    async def acknowledged(self, seq: int, seconds: float = 20.0) -> None:
        """Wait until everything up to a number is acknowledged; returns at once when the ack comes in."""
        async with asyncio.timeout(seconds):
            while self.acked < seq:
                if self.closed.is_set():
                    raise ConnectionResetError("the agent closed the connection")
                self._heard.clear()
                if self.acked < seq and not self.closed.is_set():
                    await self._heard.wait()

    async def close(self) -> None:
        """Close the connection."""
        self._task.cancel()
        self._writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._writer.wait_closed()


@asynccontextmanager
async def connect(socket: Path, client: str) -> AsyncIterator[RelayClient]:
    """Connect to a relay socket as one client until the block ends."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    link = RelayClient(reader, writer, client)
    try:
        yield link
    finally:
        await link.close()
