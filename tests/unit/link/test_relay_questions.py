"""Questions of the extension's pages over a real socket: told in parts, refused in words, never in anybody's way.

docs/protocol.md, «Questions», is the specification; what the documents hold is the business of `test_asks.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from agent.link.asks import CannotAnswer
from agent.link.messages import PART_CHARACTERS, ActOfPerson, Ask, Pause
from agent.link.relay import MAX_BACKLOG, MAX_QUESTIONS, MAX_SESSIONS, RelayServer
from agent.model.tasks import end_task
from agent.store.errors import StoreError, StoreFull
from tests.support import wire
from tests.support.client import RelayClient, hello, load
from tests.support.waiting import until
from tests.unit.link.keeping import MARKER, NOW, House

Calling = Callable[..., AbstractAsyncContextManager[RelayClient]]
SHA = "0" * 64


def ask(number: int = 1, what: str = "today", **fields: Any) -> dict[str, Any]:
    return {"v": 1, "kind": "ask", "ask": number, "what": what, **fields}


def act(number: int = 1, **fields: Any) -> dict[str, Any]:
    said = {"purpose": "", "act": "acknowledged", "notice_sha256": SHA, "control": "welcome.acknowledge", "dwell_ms": 7}
    return {"v": 1, "kind": "act", "ask": number, **said, **fields}


def pause(number: int = 1, minutes: int = 60) -> dict[str, Any]:
    return {"v": 1, "kind": "pause", "ask": number, "minutes": minutes}


async def told(browser: RelayClient, number: int) -> Any:
    """Wait for a whole document and join it."""

    def parts() -> list[dict[str, Any]]:
        return [said for said in browser.seen("told") if said["ask"] == number]

    await until(lambda: parts() and len(parts()) == parts()[0].get("parts", 1), "every part")
    assert [part.get("part") for part in parts()] == list(range(1, len(parts()) + 1))
    return json.loads("".join(part["text"] for part in parts()))


async def test_each_kind_of_question_reaches_the_agent_as_it_was_asked(browser: RelayClient, house: House) -> None:
    await browser.send(ask(1, "notice", language="de"))
    await browser.send(ask(2, "receipt", entry=9))
    await browser.send(act(3, purpose="history.longer", act="given"))
    await browser.send(pause(4, 0))
    for number in range(1, 5):
        assert await told(browser, number) == {"asked": number}
    assert house.asked == [
        Ask(1, 1, "notice", language="de"),
        Ask(1, 2, "receipt", entry=9),
        ActOfPerson(1, 3, "history.longer", "given", SHA, "welcome.acknowledge", 7),
        Pause(1, 4, 0),
    ]


@pytest.mark.parametrize("text", ["a" * 50_000, "Ærlig talt 😀 " * 4_000, '"\\\n\u0001' * 9_000, ""])
async def test_a_long_document_comes_in_parts_that_each_fit_a_frame(
    browser: RelayClient, house: House, text: str
) -> None:
    house.told = {"text": text}
    await browser.send(ask(5))
    assert await told(browser, 5) == {"text": text}
    for part in browser.seen("told"):
        assert len(part["text"]) <= PART_CHARACTERS
        assert len(wire.encode(part)) <= wire.LIMIT


async def test_what_cannot_be_answered_is_told_in_words_and_nothing_else_is(browser: RelayClient, house: House) -> None:
    failures = (
        (CannotAnswer("There is no such entry."), "There is no such entry."),
        (StoreFull(MARKER), "The disk is full"),
        (StoreError(MARKER), "doctor"),
        (RuntimeError(MARKER), "doctor"),
    )
    for number, (failure, words) in enumerate(failures):
        house.keeper.fails = [failure]
        await browser.send(act(number))
        said = await browser.expect("told", lambda said, n=number: said["ask"] == n)  # type: ignore[misc]
        assert words in said["error"]
        assert set(said) == {"v", "kind", "ask", "error"}
    assert MARKER not in json.dumps(browser.received)
    assert house.counts["relay.question_failed"] == 2
    await browser.send(ask(9))
    assert await told(browser, 9) == {"asked": 9}


async def test_only_so_many_are_under_way_and_page_loads_go_on(browser: RelayClient, house: House) -> None:
    house.keeper.proceed.clear()
    for number in range(MAX_QUESTIONS + 2):
        await browser.send(ask(number))
    await until(lambda: house.counts["relay.questions_busy"] == 2, "two questions to be put off")
    assert {said["ask"] for said in browser.seen("told")} == {MAX_QUESTIONS, MAX_QUESTIONS + 1}
    assert all("Try again" in said["error"] for said in browser.seen("told"))
    await browser.send(load(1, NOW))
    house.keeper.proceed.set()
    await browser.acknowledged(1)
    for number in range(MAX_QUESTIONS):
        assert await told(browser, number) == {"asked": number}


async def test_nobody_asks_before_a_greeting(calling: Calling, house: House) -> None:
    for said in (ask(), act(), pause()):
        async with calling() as link:
            await link.send(said)
            assert (await link.expect("refuse"))["reason"] == "no_hello"
    assert house.asked == []


async def test_who_went_away_is_not_waited_for(calling: Calling, house: House) -> None:
    house.keeper.proceed.clear()
    async with calling() as link:
        house.keeper.proceed.set()
        await link.greet()
        house.keeper.proceed.clear()
        await link.send(ask())
        await link.send({"v": 1, "kind": "ping"})
        await link.expect("pong")
    house.keeper.proceed.set()
    async with calling() as link:
        await link.greet()
        await link.send(ask(2))
        assert await told(link, 2) == {"asked": 2}
    assert house.counts["relay.session_failed"] == 0


@pytest.mark.parametrize(
    "said",
    [
        act(act="disputed"),
        act(notice_sha256="A" * 64),
        act(control="Any <b>control</b>"),
        act(control=""),
        act(dwell_ms=-1),
        act(purpose="Not.One"),
        pause(minutes=1441),
        pause(minutes=-1),
        ask(what="findings"),
        ask(language="x" * 33),
        ask(number=-1),
    ],
    ids=lambda said: "-".join(str(value)[:12] for value in list(said.values())[1:5]),
)
async def test_what_is_not_a_question_is_refused_by_its_kind(
    browser: RelayClient, house: House, said: dict[str, Any]
) -> None:
    await browser.send(said)
    refused = await browser.expect("refuse")
    assert (refused["reason"], refused["about"]) == ("bad_field", said["kind"])
    assert house.asked == []


async def test_coverage_is_remembered_for_its_connection_and_names_only_what_is_watched(
    browser: RelayClient, house: House, server: RelayServer, calling: Calling
) -> None:
    (session,) = server.sessions
    before = house.changes
    await browser.send({"v": 1, "kind": "coverage", "missing": ["x", "linkedin", "x", MARKER]})
    await until(lambda: session.missing == ("linkedin", "x"), "the coverage")
    assert house.changes > before
    await browser.send({"v": 1, "kind": "coverage", "missing": []})
    await until(lambda: session.missing == (), "everything to be covered again")
    await browser.send({"v": 1, "kind": "coverage", "missing": ["x"] * 33})
    assert (await browser.expect("refuse"))["about"] == "coverage"
    async with calling("B" * 22) as other:
        await other.greet()
        await other.send({"v": 1, "kind": "coverage", "missing": ["x"]})
        await until(lambda: {s.missing for s in server.sessions} == {(), ("x",)}, "each its own")


async def test_who_reads_nothing_is_read_no_more_and_gets_the_answers_when_they_read_again(
    folder: Path, server: RelayServer, house: House
) -> None:
    house.told = {"text": "a" * 50_000}
    reader, writer = await asyncio.open_unix_connection(str(folder / "relay.sock"), limit=1_000)
    writer.write(wire.encode(hello("A" * 22)))
    await until(lambda: any(session.client for session in server.sessions), "the welcome")
    (session,) = server.sessions
    link = session._transport
    assert link is not None
    for number in range(2_000):
        writer.write(wire.encode(ask(number, "notice", language="de")))
    await until(lambda: not link.is_reading(), "reading to pause")
    most = 0
    for _ in range(100):
        await asyncio.sleep(0.005)
        most = max(most, link.get_write_buffer_size())
    assert most < MAX_BACKLOG
    assert not link.is_reading()
    heard: set[int] = set()
    reading = asyncio.create_task(answered(reader, heard))
    await until(lambda: len(house.asked) + house.counts["relay.questions_busy"] == 2_000, "all to be taken in")
    await until(lambda: not session._questions and link.is_reading() and not link.get_write_buffer_size(), "quiet")
    writer.write(wire.encode(ask(2_000, "notice", language="de")))
    await until(lambda: 2_000 in heard, "the answer to what is asked then")
    assert {asked.ask for asked in house.asked} <= heard
    assert house.counts["relay.not_reading"] == 0
    await end_task(reading)
    writer.close()


async def answered(reader: asyncio.StreamReader, heard: set[int]) -> None:
    """Read, noting which questions were answered, in whatever way."""
    while (body := await wire.read_body(reader)) is not None:
        said = json.loads(body)
        if said["kind"] == "told" and said.get("part", 1) == said.get("parts", 1):
            heard.add(said["ask"])


async def test_what_is_told_to_everybody_closes_a_connection_that_reads_nothing_of_it(
    folder: Path, server: RelayServer, house: House
) -> None:
    _, writer = await asyncio.open_unix_connection(str(folder / "relay.sock"), limit=1_000)
    writer.write(wire.encode(hello("A" * 22)))
    await until(lambda: any(session.client for session in server.sessions), "the welcome")
    (session,) = server.sessions
    pushed = 0
    while server.sessions and pushed < 1_000_000:
        server.push_gates()
        pushed += 1
        if pushed % 100 == 0:
            await asyncio.sleep(0)
    assert house.counts["relay.not_reading"] == 1
    assert session._transport is None
    writer.close()


async def test_too_many_connections_cost_the_oldest_that_has_not_greeted(
    browser: RelayClient, folder: Path, server: RelayServer, house: House
) -> None:
    held = [await asyncio.open_unix_connection(str(folder / "relay.sock")) for _ in range(2 * MAX_SESSIONS)]
    await until(lambda: house.counts["relay.crowded"] == MAX_SESSIONS + 1, "the oldest to make room")
    assert len(server.sessions) == MAX_SESSIONS
    for reader, _ in held[: MAX_SESSIONS + 1]:
        assert await asyncio.wait_for(reader.read(), 10) == b""
    await browser.send(ask(3))
    assert await told(browser, 3) == {"asked": 3}
    for _, writer in held:
        writer.close()
