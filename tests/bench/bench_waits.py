"""How long other pages wait while one goes through everything: «Verify now», the log as a ZIP, `doctor`, the export.

The real agent over a ledger of 60,000 entries (and page loads beside it). A plain client that has entered by a one-time
link opens the overview and «My data», one after the other without a pause, while one of the long things runs; what
counts is the slowest answer. Beside it stands the slowest answer of as many openings with nothing going on.

    python -m tests.bench.bench_waits [--json] [--quick]
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

import aiohttp

from tests.bench.bench_pages import LINK
from tests.bench.rows import Row, run
from tests.support.agent import Agent, prepared_agent
from tests.support.filled import fill_ledger, fill_page_loads
from tests.support.places import short_folder

ENTRIES = 60_000
OTHERS = ("/", "/data")
MOST_WAIT = 0.5
TOKEN = re.compile(r'name="form-token" content="([^"]+)"')


class Visitor:
    """Somebody who has entered the page."""

    def __init__(self, http: aiohttp.ClientSession, link: str) -> None:
        """Take a one-time link, unused."""
        self._http = http
        found = re.fullmatch(r"http://(gw-[0-9a-z]+\.localhost:(\d+))(/\S+)", link)
        if found is None:
            raise ValueError("that is no link to the page")
        self._host, self._port, self._entry = found.group(1), int(found.group(2)), found.group(3)
        self._cookie = self._token = ""

    async def enter(self) -> None:
        """Use the link up."""
        async with self._http.get(self._url(self._entry), headers=self._headers(), allow_redirects=False) as answer:
            self._cookie = answer.cookies["gleanwatch"].value
        self._token = str(TOKEN.findall((await self.get("/ledger")).decode())[0])

    async def get(self, path: str) -> bytes:
        """Open a page, all of it."""
        async with self._http.get(self._url(path), headers=self._headers(), allow_redirects=False) as answer:
            return await _whole(path, answer)

    async def post(self, path: str) -> bytes:
        """Press a button without fields."""
        headers = {**self._headers(), "Origin": f"http://{self._host}", "Sec-Fetch-Site": "same-origin"}
        fields = {"form_token": self._token}
        async with self._http.post(self._url(path), data=fields, headers=headers, allow_redirects=False) as answer:
            return await _whole(path, answer)

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._port}{path}"

    def _headers(self) -> dict[str, str]:
        return {"Host": self._host, "Cookie": f"gleanwatch={self._cookie}"}


async def _whole(path: str, answer: aiohttp.ClientResponse) -> bytes:
    body = await answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} was answered with {answer.status}")
    return body


async def slowest(visitor: Visitor, while_: asyncio.Future[object]) -> tuple[float, int]:
    """Open pages until something is done; return the slowest answer in seconds and how many there were."""
    worst, opened = 0.0, 0
    while not while_.done():
        for path in OTHERS:
            begun = time.perf_counter()
            await visitor.get(path)
            worst, opened = max(worst, time.perf_counter() - begun), opened + 1
    return worst, opened


async def beside(visitor: Visitor, what: str, long: Callable[[], Awaitable[object]]) -> Row:
    """Measure the slowest answer while one long thing runs, and as long with nothing going on."""
    begun = time.perf_counter()
    work = asyncio.ensure_future(long())
    await asyncio.sleep(0.02)  # it has begun
    worst, opened = await slowest(visitor, work)
    took = time.perf_counter() - begun
    await work
    quiet, _ = await slowest(visitor, asyncio.ensure_future(asyncio.sleep(min(took, 5.0))))
    return Row(
        f"Slowest other page while {what}",
        f"≤ {MOST_WAIT * 1000:.0f} ms",
        f"{worst * 1000:.0f} ms of {opened}",
        f"{quiet * 1000:.0f} ms with nothing going on",
        f"{worst / quiet:.1f}",
        met=worst <= MOST_WAIT,
        note=f"{what}: {took:.1f} s",
    )


async def measure(quick: bool) -> list[Row]:
    """Measure each long thing."""
    with short_folder() as folder:
        async with prepared_agent(folder) as agent:
            await agent.start()
            await agent.stop()
            await fill_ledger(agent.env, folder, ENTRIES)
            await fill_page_loads(agent.env, folder, 20_000 if quick else 1_000_000)
            await agent.start()
            return await _rows(agent)


async def _rows(agent: Agent) -> list[Row]:
    found = LINK.search((await agent.command("status")).out)
    if found is None:
        raise RuntimeError("the agent gives no link")
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(600)) as http:
        visitor = Visitor(http, found.group(0))
        await visitor.enter()
        return [
            await beside(visitor, "«Verify now» runs", lambda: visitor.post("/verify")),
            await beside(visitor, "ledger.zip is made", lambda: visitor.get("/ledger.zip")),
            await beside(visitor, "doctor tries everything", lambda: agent.command("doctor")),
            await beside(visitor, "export.zip is made", lambda: visitor.get("/export.zip")),
        ]


if __name__ == "__main__":
    run(measure, __doc__ or "")
