"""The live view tells that something changed, never what, and ends with its session or the agent."""

from __future__ import annotations

import asyncio

import aiohttp

from agent.pages.security import HEADERS
from agent.pages.session import SESSION_SECONDS
from agent.web.events import MOST_STREAMS
from tests.unit.web.served import Page

FROM_PAGE = {"Sec-Fetch-Site": "same-origin"}


async def next_event(answer: aiohttp.ClientResponse) -> tuple[str, str]:
    """Return the next event's name and data; comments and settings are passed over."""
    name = ""
    async with asyncio.timeout(5):
        while True:
            line = (await answer.content.readline()).decode()
            assert line, "the stream ended without saying so"
            if line.startswith("event: "):
                name = line.removeprefix("event: ").strip()
            elif line.startswith("data: "):
                return name, line.removeprefix("data: ").strip()


async def listening(page: Page, count: int) -> None:
    async with asyncio.timeout(5):
        while len(page.face.listeners) != count:  # noqa: ASYNC110  the other side has no event to wait for
            await asyncio.sleep(0.01)


async def test_changes_arrive_together_as_names_only(inside: Page) -> None:
    async with inside.get("/events", FROM_PAGE) as answer:
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
        await listening(inside, 1)
        for topic in ("pages", "findings", "pages", "something of a later release"):
            inside.face.say(topic)
        assert await next_event(answer) == ("change", "findings pages")
        inside.face.say("health")
        assert await next_event(answer) == ("change", "health")
    await listening(inside, 0)  # the page was closed: nobody listens to the agent for it any more


async def test_a_flood_of_changes_costs_one_event(inside: Page) -> None:
    async with inside.get("/events", FROM_PAGE) as answer:
        await listening(inside, 1)
        for _ in range(10_000):
            inside.face.say("pages")
        assert await next_event(answer) == ("change", "pages")
        inside.face.say("gates")
        assert (await next_event(answer))[1] in ("gates", "gates pages")


async def test_the_stream_ends_with_its_session(inside: Page) -> None:
    async with inside.get("/events", FROM_PAGE) as answer:
        await listening(inside, 1)
        inside.clock.seconds += SESSION_SECONDS + 1
        assert await next_event(answer) == ("end", "session")
        assert await answer.content.read() == b"\n"
    await listening(inside, 0)


async def test_the_stream_ends_with_the_agent(inside: Page) -> None:
    async with inside.get("/events", FROM_PAGE) as answer:
        await listening(inside, 1)
        closing = asyncio.create_task(inside.serving.close())
        assert await next_event(answer) == ("end", "agent")
        async with asyncio.timeout(2):
            await closing
    assert inside.face.listeners == []


async def test_streams_are_bounded(inside: Page) -> None:
    streams = [await inside.get("/events", FROM_PAGE) for _ in range(MOST_STREAMS)]
    try:
        async with inside.get("/events", FROM_PAGE) as answer:
            assert answer.status == 503
        assert inside.refused == ["web.too_many_streams"]
    finally:
        for stream in streams:
            stream.close()
    await listening(inside, 0)
    async with inside.get("/events", FROM_PAGE) as answer:
        assert answer.status == 200
