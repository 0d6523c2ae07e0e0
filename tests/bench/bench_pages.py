"""The local page with a million stored page loads, in headless Chromium: what is transferred, and when it is painted.

The real agent, its database filled before it starts, its page opened by a one-time link. Bytes are what Chromium says
it received, style sheet, script and icon included, with an empty cache; where each request went is looked at too.
Largest Contentful Paint comes from the browser's own timeline. Beside it, in turns: a page of the same bytes that a
server of nothing but aiohttp holds ready in memory, which is what this machine and browser allow at best.

    python -m tests.bench.bench_pages [--json] [--quick]
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from aiohttp import web

from tests.bench.rows import Row, percentile, run, spread
from tests.support.agent import prepared_agent
from tests.support.browser import Tab
from tests.support.chromium import Chromium, start_chromium
from tests.support.extension import ExtensionFolder
from tests.support.filled import fill_page_loads
from tests.support.places import short_folder
from tests.support.waiting import until

LINK = re.compile(r"http://gw-[0-9a-z]+\.localhost:(\d+)/enter/\S+")
PAGES = (
    "/findings",
    "/data",
    "/data/page_load",
    "/consent",
    "/history",
    "/ledger",
    "/settings",
    "/health",
    "/why",
    "/reports",
)
MOST_BYTES = 60_000
MOST_PAINT = 0.3

PAINTED = """new Promise((give) => {
    let last = 0;
    new PerformanceObserver((list) => { for (const one of list.getEntries()) last = one.startTime; })
        .observe({type: 'largest-contentful-paint', buffered: true});
    setTimeout(() => {
        const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
        give({status: all[0].responseStatus, painted: last / 1000, response: all[0].responseEnd / 1000,
              loaded: all.map((one) => [one.name, one.transferSize])});
    }, 400);
})"""


class Opened:
    """What opening a page showed."""

    def __init__(self, painted: float, response: float, loaded: list[tuple[str, int]]) -> None:
        self.painted, self.response, self.loaded = painted, response, loaded

    @property
    def bytes(self) -> int:
        """Everything that was transferred, headers included."""
        return sum(size for _, size in self.loaded)


async def opened(browser: Chromium, tab: Tab, url: str) -> Opened:
    """Open a page with an empty cache."""
    await browser.call("Network.enable", tab.session)
    await browser.call("Network.setCacheDisabled", tab.session, cacheDisabled=True)
    await browser.call("Page.bringToFront", tab.session)  # what nobody sees is not painted
    await browser.go(tab, url)
    said = await browser.run(tab, PAINTED)
    if said["status"] != 200:
        raise RuntimeError(f"{urlsplit(url).path} was answered with {said['status']}")
    return Opened(said["painted"], said["response"], said["loaded"])


@asynccontextmanager
async def ready_made(files: dict[str, tuple[bytes, str]]) -> AsyncIterator[str]:
    """Serve some files out of memory and give the address of the first."""

    async def answer(request: web.Request) -> web.Response:
        body, kind = files.get(request.path, (b"", "text/plain"))
        return web.Response(body=body, content_type=kind)

    app = web.Application()
    app.router.add_get("/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def taken(browser: Chromium, tab: Tab, loaded: list[tuple[str, int]]) -> dict[str, tuple[bytes, str]]:
    """Take the page's own files out of the browser, to serve them from somewhere else."""
    files = {}
    for name, _ in loaded:
        path = urlsplit(name).path
        body, kind = await browser.run(
            tab,
            f"fetch({json.dumps(path)})"
            ".then(async (r) => [await r.text(), r.headers.get('content-type').split(';')[0]])",
        )
        files[path] = (body.encode(), kind)
    return files


async def measure(quick: bool) -> list[Row]:
    """Measure every page."""
    many, rounds = (100_000, 5) if quick else (1_000_000, 20)
    with short_folder() as folder:
        empty = folder / "nothing"
        empty.mkdir()
        (empty / "manifest.json").write_text(json.dumps({"manifest_version": 3, "name": "nothing", "version": "1"}))
        async with prepared_agent(folder) as agent:
            await agent.start()
            await agent.stop()
            await fill_page_loads(agent.env, folder, many)
            await agent.start()
            found = LINK.search((await agent.command("status")).out)
            assert found is not None, "the agent gives no link"
            nothing = ExtensionFolder(empty, "", "", "")
            async with start_chromium(
                folder / "chromium", agent.env, nothing, int(found.group(1)), wait_for_worker=False
            ) as browser:
                tab = await browser.open(found.group(0))
                await until(lambda: browser.run(tab, "location.pathname === '/'"), "the page to be entered")
                return await rows_of(browser, tab, many, rounds)


async def rows_of(browser: Chromium, tab: Tab, many: int, rounds: int) -> list[Row]:
    """Open the pages again and again, in turns with the ready-made one."""
    origin = await browser.run(tab, "location.origin")
    first = await opened(browser, tab, f"{origin}/")
    files = await taken(browser, tab, first.loaded)
    async with ready_made(files) as beside:
        other = await browser.open("about:blank#")
        mine, theirs = [], []
        for _ in range(rounds):
            mine.append(await opened(browser, tab, f"{origin}/"))
            theirs.append(await opened(browser, other, beside))
    painted, ready = [one.painted for one in mine], [one.painted for one in theirs]
    hosts = {urlsplit(name).netloc for one in mine for name, _ in one.loaded}
    kept = f"{many:,} page loads kept"
    rows = [
        Row(
            "Overview: bytes transferred, empty cache",
            "≤ 60 kB",
            f"{first.bytes / 1000:.1f} kB",
            met=first.bytes <= MOST_BYTES,
            note=kept,
        ),
        Row(
            "Overview: requests off the machine",
            "none",
            f"{len(hosts - {urlsplit(origin).netloc})}",
            met=hosts == {urlsplit(origin).netloc},
        ),
        Row(
            "Overview: Largest Contentful Paint",
            "≤ 300 ms",
            spread(painted),
            spread(ready) + ", same bytes ready in memory",
            f"{statistics.median(painted) / statistics.median(ready):.2f}",
            met=percentile(painted, 0.95) <= MOST_PAINT,
            note=kept,
        ),
    ]
    for path in PAGES:
        seen = [await opened(browser, tab, f"{origin}{path}") for _ in range(max(3, rounds // 4))]
        rows.append(
            Row(
                f"{path}: answered, painted",
                "nothing that grows without bound",
                f"{spread([one.response for one in seen])}; {spread([one.painted for one in seen])}",
                ratio=f"{seen[0].bytes / 1000:.0f} kB",
                note=kept,
            )
        )
    return rows


if __name__ == "__main__":
    run(measure, __doc__ or "")
