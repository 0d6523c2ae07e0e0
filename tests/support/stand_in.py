"""A stand-in for the agent: listens where the agent would and speaks docs/protocol.md, but keeps nothing.

Two uses. The end-to-end tests of extension and native host put it in the agent's place to see every frame exactly as it
crossed the wire, and to go away, come back, or hold its acknowledgements at will. The bench runs it as a process of its
own (`python -m tests.support.stand_in SOCKET`) as «the same extension without persistence».

    frame → `problems` against the protocol → answer: welcome+gate+flags to hello, ack to loads, told to asks
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import wire
from tests.support.wire import Message

PURPOSE = "security.detect-bulk-collection"
BEGUN = time.time_ns() // 1_000_000
"""A stand-in that takes another's place is the same agent come back: its gate has stood as it stands since then."""


@dataclass(slots=True)
class StandIn:
    """A listening stand-in.

    Attributes:
        socket: Where it listens.
        gate: State of the one gate: `open`, `waiting` or `closed`.
        until: When a waiting gate opens, UTC milliseconds.
        reason: Why, one of the protocol's keys.
        since: When this state began, UTC milliseconds.
        acknowledge: Whether page loads and answers are acknowledged.
        frames: Every message received, in order, over all connections.
        problems: What was not in the protocol.
        arrived: For each frame, when it arrived, `time.monotonic()`.
        page_url: What `open_page` is answered with.
        contact: What `welcome` says; None is an agent of an earlier release, which knows no questions.
        documents: What questions are answered with, by `what` or, for acts, by `act`; others are refused in words.
    """

    socket: Path
    gate: str = "open"
    until: int | None = None
    reason: str = "test"
    since: int = BEGUN
    acknowledge: bool = True
    frames: list[Message] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    page_url: str = "http://127.0.0.1:1/once"
    flags: list[Message] = field(default_factory=list)
    mode: str = "personal"
    organisation: str = ""
    contact: str | None = ""
    documents: dict[str, object] = field(default_factory=lambda: {"today": {"since": BEGUN, "platforms": []}})
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _acked: dict[str, int] = field(default_factory=dict)

    @property
    def connections(self) -> int:
        """How many hosts are connected now."""
        return len(self._writers)

    @property
    def loads(self) -> list[Message]:
        """Every page load received, in order, repetitions included."""
        return [load for frame in self.frames for load in wire.loads_of(frame)]

    @property
    def answers(self) -> list[Message]:
        """Every answer received, in order, repetitions included."""
        return [frame for frame in self.frames if frame.get("kind") == "answer"]

    @property
    def hellos(self) -> list[Message]:
        """Every greeting received, in order."""
        return [frame for frame in self.frames if frame.get("kind") == "hello"]

    async def start(self) -> None:
        """Begin to listen; the folder is made 0700, the socket 0600."""
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(self.socket))
        finally:
            os.umask(before)

    async def stop(self) -> None:
        """Go away as a killed agent does: every connection ends, the socket file stays."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()
        self._writers.clear()

    async def set_gate(self, state: str, until: int | None = None, reason: str = "test") -> None:
        """Change the gate and tell every connection."""
        self.gate, self.until, self.reason, self.since = state, until, reason, time.time_ns() // 1_000_000
        for writer in list(self._writers):
            self._say(writer, self._gate_message())

    async def send_flags(self, flags: list[Message]) -> None:
        """Change the flags and tell every connection."""
        self.flags = flags
        await self.say({"kind": "flags", "flags": flags})

    async def say(self, message: Message) -> None:
        """Say something to every connection."""
        for writer in list(self._writers):
            self._say(writer, message)

    def _gate_message(self) -> dict[str, Any]:
        gate = {"purpose": PURPOSE, "state": self.gate, "since": self.since, "until": self.until, "reason": self.reason}
        return {"kind": "gate", "gates": [gate]}

    def _pause(self, minutes: int) -> None:
        self.since = time.time_ns() // 1_000_000
        self.gate, self.reason = ("waiting", "paused") if minutes else ("open", "")
        self.until = self.since + minutes * 60_000 if minutes else None

    def _tell(self, writer: asyncio.StreamWriter, ask: int, document: object) -> None:
        """Answer a question, in two parts, so that they have to be joined."""
        if document is None:
            self._say(writer, {"kind": "told", "ask": ask, "error": "The stand-in knows nothing of that."})
            return
        text = json.dumps(document)
        for number, part in enumerate((text[: len(text) // 2], text[len(text) // 2 :]), 1):
            self._say(writer, {"kind": "told", "ask": ask, "part": number, "parts": 2, "text": part})

    def _say(self, writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(wire.encode({"v": 1, **message}))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        client = ""
        try:
            while (body := await wire.read_body(reader)) is not None:
                message = json.loads(body)
                self.frames.append(message)
                self.arrived.append(time.monotonic())
                self.problems += wire.problems(message)
                if message.get("kind") == "hello":
                    client = message["client"]
                self._answer(writer, client, message)
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, client: str, message: Message) -> None:
        match message.get("kind"):
            case "hello":
                acked = self._acked.get(client, 0)
                welcome = {"kind": "welcome", "agent_version": "0.1.0", "mode": self.mode, "acked": acked}
                contact = {} if self.contact is None else {"contact": self.contact}
                self._say(writer, {**welcome, **contact, "organisation": self.organisation})
                self._say(writer, self._gate_message())
                self._say(writer, {"kind": "flags", "flags": self.flags})
            case "load" | "loads" if self.acknowledge:
                self._acked[client] = wire.loads_of(message)[-1]["seq"]
                self._say(writer, {"kind": "ack", "seq": self._acked[client]})
            case "answer" if self.acknowledge:
                over = {"kind": "answered", "finding": message["finding"], "at": message["at"], "recorded": True}
                self._say(writer, over)
                for flag in self.flags:
                    if flag["id"] == message["finding"]:
                        flag["answer"] = message["category"]
                for other in list(self._writers):
                    self._say(other, {"kind": "flags", "flags": self.flags})
            case "ping":
                self._say(writer, {"kind": "pong"})
            case "pause":
                self._pause(message["minutes"])
                for other in list(self._writers):
                    self._say(other, self._gate_message())
                self._tell(writer, message["ask"], {"gates": self._gate_message()["gates"]})
            case "ask" | "act" as kind:
                what = message["what"] if kind == "ask" else "act"
                self._tell(writer, message["ask"], self.documents.get(what))
            case "open_page":
                self._say(writer, {"kind": "page", "url": self.page_url})


@asynccontextmanager
async def start_stand_in(socket: Path, gate: str = "open") -> AsyncIterator[StandIn]:
    """Listen until the block ends."""
    stand_in = StandIn(socket, gate=gate)
    await stand_in.start()
    try:
        yield stand_in
    finally:
        await stand_in.stop()


async def _forever(socket: Path) -> None:
    async with start_stand_in(socket):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_forever(Path(sys.argv[1])))
