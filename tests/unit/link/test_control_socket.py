"""The command line's socket: one request, its items, one answer; whoever goes away ends what they asked for."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.link.control import MAX_COMMANDS, CommandError, ControlServer, Emit
from tests.support import wire
from tests.support.waiting import until
from tests.unit.link.keeping import MARKER, call_as_nobody


@dataclass
class Agent:
    """Runs commands as a test needs them."""

    counts: Counter[str] = field(default_factory=Counter)
    asked: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    async def handle(self, command: str, args: Mapping[str, object], emit: Emit) -> object:
        self.asked.append((command, args))
        match command:
            case "status":
                return {"mode": "personal"}
            case "findings":
                for number in range(3):
                    await emit({"id": number})
                return {}
            case "follow":
                try:
                    while True:
                        await emit({"tick": True})
                        await asyncio.sleep(0.01)
                finally:
                    self.ended.append(command)
            case "broken":
                raise ValueError(MARKER)
            case "large":
                return "x" * wire.LIMIT
        raise CommandError("There is no such command. Try another.")


@dataclass
class Caller:
    """One connection of the command line."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, command: str, **args: object) -> None:
        await self.send({"v": 1, "kind": "request", "id": 7, "command": command, "args": args})

    async def send(self, message: wire.Message) -> None:
        self.writer.write(wire.encode(message))
        await self.writer.drain()

    async def hear(self) -> Any:
        body = await asyncio.wait_for(wire.read_body(self.reader), 20)
        return None if body is None else json.loads(body)


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
async def control(folder: Path, agent: Agent) -> AsyncIterator[ControlServer]:
    server = ControlServer(folder / "control.sock", os.getuid(), agent.handle, lambda name: agent.counts.update([name]))
    await server.start()
    yield server
    await server.stop()


@asynccontextmanager
async def calling(folder: Path) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_unix_connection(str(folder / "control.sock"))
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()


pytestmark = pytest.mark.usefixtures("control")


async def test_a_command_is_answered_under_the_number_of_its_request(folder: Path, agent: Agent) -> None:
    async with calling(folder) as caller:
        await caller.ask("status", since=None, follow=True, name="x", n=3)
        assert await caller.hear() == {"v": 1, "id": 7, "kind": "answer", "ok": True, "result": {"mode": "personal"}}
        assert await caller.hear() is None
    assert agent.asked == [("status", {"since": None, "follow": True, "name": "x", "n": 3})]


async def test_a_list_comes_item_by_item_before_the_answer(folder: Path) -> None:
    async with calling(folder) as caller:
        await caller.ask("findings")
        heard = [await caller.hear() for _ in range(4)]
    assert [(one["kind"], one["id"], one["result"]) for one in heard] == [
        ("item", 7, {"id": 0}),
        ("item", 7, {"id": 1}),
        ("item", 7, {"id": 2}),
        ("answer", 7, {}),
    ]


async def test_a_command_that_cannot_be_done_says_what_to_do(folder: Path, agent: Agent) -> None:
    async with calling(folder) as caller:
        await caller.ask("sonnet")
        answer = await caller.hear()
    assert (answer["ok"], answer["error"]) == (False, "There is no such command. Try another.")
    assert not agent.counts


async def test_a_defect_is_counted_and_its_text_is_neither_said_nor_logged(
    folder: Path, agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with calling(folder) as caller:
        await caller.ask("broken", name=MARKER)
        answer = await caller.hear()
        assert await caller.hear() is None
    assert answer["ok"] is False
    assert "ValueError" in answer["error"]
    assert MARKER not in str(answer)
    assert agent.counts == {"control.failed": 1}
    assert "handle" in caplog.text, "the log says where it failed"
    await asyncio.sleep(0)
    logged = [record.getMessage() + str(record.exc_info) for record in caplog.records]
    assert not any(MARKER in line for line in logged)
    async with calling(folder) as caller:
        await caller.ask("status")
        assert (await caller.hear())["ok"] is True


async def test_an_answer_that_no_frame_holds_is_said_to_be_too_long(folder: Path, agent: Agent) -> None:
    async with calling(folder) as caller:
        await caller.ask("large")
        answer = await caller.hear()
    assert (answer["ok"], agent.counts["control.answer_too_long"]) == (False, 1)


@pytest.mark.parametrize(
    "data",
    [
        wire.pack(b"{"),
        wire.pack(b"\xff"),
        wire.encode({"v": 2, "kind": "request", "id": 1, "command": "status", "args": {}}),
        wire.encode({"v": 1, "kind": "request", "id": -1, "command": "status"}),
        wire.encode({"v": 1, "kind": "request", "id": 1, "command": "s" * 33}),
        wire.encode({"v": 1, "kind": "request", "id": 1, "command": "status", "args": {"a": {"deep": 1}}}),
        wire.encode({"v": 1, "kind": "request", "id": 1, "command": "status", "more": MARKER}),
    ],
)
async def test_what_is_no_request_is_refused_and_counted(folder: Path, agent: Agent, data: bytes) -> None:
    async with calling(folder) as caller:
        caller.writer.write(data)
        answer = await caller.hear()
    assert (answer["kind"], answer["ok"]) == ("answer", False)
    assert MARKER not in str(answer)
    assert agent.counts == {"control.bad_request": 1}
    assert agent.asked == []


async def test_a_frame_too_long_ends_the_connection(folder: Path, agent: Agent) -> None:
    async with calling(folder) as caller:
        caller.writer.write(wire.pack(b" " * (wire.LIMIT + 1)))
        assert await caller.hear() is None
    await until(lambda: agent.counts == {"control.frame_too_long": 1}, "the frame to be counted")


async def test_a_request_may_come_in_pieces(folder: Path) -> None:
    async with calling(folder) as caller:
        for byte in wire.encode({"v": 1, "kind": "request", "id": 0, "command": "status"}):
            caller.writer.write(bytes([byte]))
            await caller.writer.drain()
        assert (await caller.hear())["ok"] is True


@pytest.mark.skipif(os.getuid() != 0, reason="only root can call as somebody else")
async def test_another_user_is_turned_away_by_the_kernels_word(folder: Path, agent: Agent) -> None:
    said = wire.encode({"v": 1, "kind": "request", "id": 0, "command": "status"})
    assert await call_as_nobody(folder / "control.sock", said) == 0
    assert (agent.counts, agent.asked) == ({"control.foreign_uid": 1}, [])


async def test_whoever_goes_away_ends_the_stream_they_asked_for(folder: Path, agent: Agent) -> None:
    async with calling(folder) as caller:
        await caller.ask("follow")
        assert (await caller.hear())["kind"] == "item"
    await until(lambda: agent.ended == ["follow"], "the stream to end")


async def test_stopping_ends_every_stream_and_takes_the_socket_away(
    folder: Path, agent: Agent, control: ControlServer
) -> None:
    async with calling(folder) as one, calling(folder) as two:
        for caller in (one, two):
            await caller.ask("follow")
            await caller.hear()
        await control.stop()
        assert agent.ended == ["follow", "follow"]
        for caller in (one, two):
            while await caller.hear() is not None:
                pass
    assert not (folder / "control.sock").exists()


async def test_stopping_while_somebody_listens_is_no_fault(folder: Path, control: ControlServer) -> None:
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: told.append(what))
    async with calling(folder) as follows, calling(folder) as silent:
        await follows.ask("follow")
        await follows.hear()
        await control.stop()
        assert await silent.hear() is None
    assert not told


async def test_too_many_connections_cost_the_oldest_that_has_asked_nothing(folder: Path, agent: Agent) -> None:
    async with calling(folder) as follower:
        await follower.ask("follow")
        assert (await follower.hear())["kind"] == "item"
        silent = [await asyncio.open_unix_connection(str(folder / "control.sock")) for _ in range(2 * MAX_COMMANDS)]
        await until(lambda: agent.counts["control.crowded"] >= MAX_COMMANDS, "the oldest to make room")
        assert await asyncio.wait_for(silent[0][0].read(), 10) == b""
        async with calling(folder) as caller:
            await caller.ask("status")
            assert (await caller.hear())["ok"]
        assert (await follower.hear())["kind"] == "item"
        for _, writer in silent:
            writer.close()


async def test_who_asks_nothing_is_not_waited_for(folder: Path, agent: Agent) -> None:
    path = folder / "other.sock"
    server = ControlServer(path, os.getuid(), agent.handle, lambda name: agent.counts.update([name]), seconds=0.1)
    await server.start()
    try:
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"\x05\x00")
        assert await asyncio.wait_for(reader.read(), 10) == b""
        assert agent.counts["control.no_request"] == 1
        writer.close()
    finally:
        await server.stop()
