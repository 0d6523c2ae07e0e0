"""Whoever has no session cannot use up the page's connections, however many they open and however little they say."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from agent.web.app import build_app
from agent.web.serving import Serving, serve
from tests.support.waiting import until
from tests.unit.web.fake_face import FakeFace, StillClock
from tests.unit.web.served import LABEL, Page

MOST = 8


@asynccontextmanager
async def served(most: int = MOST, seconds: float = 30.0) -> AsyncIterator[tuple[Page, Counter[str]]]:
    """A page with room for few connections, entered, and what was counted."""
    face, clock, counted = FakeFace(), StillClock(), Counter[str]()
    tokens = iter(f"token-{number:032d}" for number in range(1000))
    bound: list[Serving] = []
    app, links = build_app(
        face,
        host_label=LABEL,
        port_of=lambda: bound[0].port,
        clock=clock,
        new_token=lambda: next(tokens),
        on_refused=lambda _name: None,
        heartbeat=0.05,
    )
    count = counted.update
    bound.append(await serve(app, 0, lambda name: count([name]), most=most, stranger_seconds=seconds))
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            page = Page(face, clock, links, bound[0], http)
            await page.enter()
            yield page, counted
    finally:
        await bound[0].close()


async def connect(page: Page, said: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", page.serving.port)
    writer.write(said)
    return reader, writer


async def closed(reader: asyncio.StreamReader) -> bytes:
    """Read until the other end has closed, in whatever way."""
    got = b""
    try:
        while more := await reader.read(65_536):
            got += more
    except ConnectionError:
        pass
    return got


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: ", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_the_page_answers_while_somebody_holds_more_connections_than_there_may_be(said: bytes) -> None:
    async with served() as (page, counted):
        held = [await connect(page, said) for _ in range(5 * MOST)]
        async with page.get("/") as answer:
            assert answer.status == 200
        assert counted["web.crowded"] >= 4 * MOST
        for reader, _ in held[: 4 * MOST]:
            await asyncio.wait_for(closed(reader), 10)  # the oldest made room
        for _, writer in held:
            writer.close()


async def test_a_live_view_of_the_person_never_makes_room() -> None:
    async with served() as (page, counted):
        async with page.get("/events", {"Sec-Fetch-Site": "same-origin"}) as stream:
            assert stream.status == 200
            held = [await connect(page) for _ in range(5 * MOST)]
            await until(lambda: counted["web.crowded"] >= 4 * MOST, "strangers to make room")
            while b"still here" not in await stream.content.readline():
                pass
        for _, writer in held:
            writer.close()


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: ", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_a_stranger_s_connection_ends_by_itself(said: bytes) -> None:
    async with served(seconds=0.3) as (page, counted):
        reader, writer = await connect(page, said)
        async with page.get("/events", {"Sec-Fetch-Site": "same-origin"}) as stream:
            await asyncio.wait_for(closed(reader), 10)
            while b"still here" not in await stream.content.readline():
                pass  # the person's own lasts
        writer.close()
        assert not counted


async def test_who_reads_nothing_of_what_they_asked_for_is_put_out_too() -> None:
    async with served(seconds=0.5) as (page, _):
        ask = f"GET /static/style.css HTTP/1.1\r\nHost: {page.host}\r\n\r\n".encode()
        _, writer = await connect(page)
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(30):
                while True:
                    writer.write(100 * ask)
                    await writer.drain()
                    await asyncio.sleep(0.01)


async def test_nonsense_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    async with served() as (page, _):
        with caplog.at_level(logging.INFO, logger="agent"):
            for _ in range(20):
                reader, writer = await connect(page, b"s3cret nonsense\r\n\r\n")
                assert b" 400 " in await asyncio.wait_for(closed(reader), 10)
                writer.close()
    said = [record for record in caplog.records if "not a request" in record.getMessage()]
    assert len(said) <= 1
    assert "s3cret" not in caplog.text
