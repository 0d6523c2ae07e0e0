"""A page load in a real browser, from the moment the extension sees it to its durable acknowledgement.

Three questions. In a *busy* browser (pages loading one after another while other tabs keep a processor busy): how much
does durability add to the same extension, the same native host and a stand-in agent that keeps nothing, in turns within
one browser? On an *idle* browser: how long does an event take that is handed to the extension's listener, there and
back? And *cold*: with the worker stopped and no native host, from the start of the navigation?

In the first and the last the agents are reached through a tap, which notes when the acknowledgement of a page load
passes; the page load itself carries the time at which it was seen, in whole milliseconds, so that those times are up to
one millisecond too long, on both sides.

    python -m tests.bench.bench_page_load [--json] [--quick]
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from agent.demo.site import start_site
from tests.bench.rows import Row, percentile, run, spread
from tests.bench.tap import Tap, start_tap
from tests.support.agent import Agent, running_agent
from tests.support.browser import Tab
from tests.support.chromium import Chromium, start_chromium
from tests.support.extension import read_extension
from tests.support.host import host_below, install_host
from tests.support.places import CHECKOUT, clean_environment, relay_socket, short_folder
from tests.support.processes import started
from tests.support.waiting import until

PROFILE = "https://www.linkedin.com/in/person-{}"
BUSY = "void setInterval(() => { const end = performance.now() + 15; while (performance.now() < end); }, 30)"

WATCHING = "globalThis.gleanwatch?.snapshot().gate?.state === 'open'"

SYNTHETIC = """(async () => {
  const channel = new MessageChannel();
  const yields = () => new Promise((go) => { channel.port1.onmessage = go; channel.port2.postMessage(0); });
  const taken = [];
  for (let number = 0; number < COUNT; number += 1) {
    const url = `https://www.linkedin.com/in/synthetic-${number}`;
    await new Promise((go) => setTimeout(go, 60));
    const begin = performance.now();
    gleanwatch.look(1, { url }, { url, incognito: false }, Date.now());
    while (gleanwatch.snapshot().waiting === 0 && performance.now() - begin < 1000) await yields();
    while (gleanwatch.snapshot().waiting !== 0) await yields();
    taken.push(performance.now() - begin);
  }
  return taken;
})()"""


class Bench:
    """What the three measurements share."""

    def __init__(self, browser: Chromium, tap: Tap, agent: Agent, stand_in: Path) -> None:
        self.browser = browser
        self.tap = tap
        self.agent = agent
        self.stand_in = stand_in
        self.page = 0

    def next_page(self) -> str:
        """Return an address that was not opened before."""
        self.page += 1
        return PROFILE.format(self.page)

    async def lead_to(self, target: Path) -> None:
        """Connect the browser to one of the two agents."""
        self.tap.lead_to(target)
        await until(lambda: self.tap.greeted, "the host to come back", seconds=30)
        await asyncio.sleep(0.3)

    async def visit(self, tab: Tab, count: int) -> list[float]:
        """Load pages one after another; seconds from seen to acknowledged of each."""
        for _ in range(count):
            await self.browser.go(tab, self.next_page())
        await until(
            lambda: len([load for load in self.tap.passed.values() if load.acked]) >= count, "the acknowledgements"
        )
        return [load.acked - load.observed for load in self.tap.passed.values() if load.acked]

    async def busy(self, rounds: int, pages: int) -> tuple[list[float], list[float]]:
        """Measure in a busy browser; durable and not, in turns."""
        others = [await self.browser.open("https://social.example/in/busy") for _ in range(2)]
        for other in others:
            await self.browser.run(other, BUSY)
        tab = await self.browser.open(self.next_page())
        durable: list[float] = []
        volatile: list[float] = []
        for _ in range(rounds):
            for target, times in ((self.agent.socket, durable), (self.stand_in, volatile)):
                await self.lead_to(target)
                times.extend(await self.visit(tab, pages))
        for other in (*others, tab):
            await self.browser.close_tab(other)
        return durable, volatile

    async def cold(self, repeats: int) -> list[float]:
        """Stop worker and host, then load a page; seconds from the start of the navigation to the acknowledgement."""
        await self.lead_to(self.agent.socket)
        tab = await self.browser.open("about:blank#")
        taken = []
        for _ in range(repeats):
            await self.browser.stop_worker()
            await until(lambda: host_below(self.browser.pid) is None, "the host to leave", seconds=30)
            self.tap.passed.clear()
            begin = time.time()
            await self.browser.call("Page.navigate", tab.session, url=self.next_page())
            await until(lambda: any(load.acked for load in self.tap.passed.values()), "the page load", every=0.005)
            taken.append(max(load.acked or 0.0 for load in self.tap.passed.values()) - begin)
            await asyncio.sleep(0.5)
        return taken


@asynccontextmanager
async def benched() -> AsyncIterator[Bench]:
    """Start everything: site, agent, stand-in, tap, browser."""
    with short_folder() as folder, short_folder("gwa") as agent_folder:
        env = clean_environment(folder)
        extension = read_extension()
        install_host(folder, env)
        stand_in = folder / "run" / "stand_in.sock"
        command: list[str | Path] = [sys.executable, "-m", "tests.support.stand_in", stand_in]
        async with (
            start_site(folder) as site,
            running_agent(agent_folder) as agent,
            started(command, folder / "stand_in.log", cwd=CHECKOUT),
            start_tap(relay_socket(env), agent.socket) as tap,
            start_chromium(folder / "chromium", env, extension, site.https_port) as browser,
        ):
            await until(lambda: tap.greeted, "the first connection", seconds=30)
            yield Bench(browser, tap, agent, stand_in)


async def synthetic(count: int) -> list[float]:
    """Hand events to the extension's listener in an idle browser, no tap between; seconds, seen from inside."""
    with short_folder() as folder:
        extension = read_extension()
        async with start_site(folder) as site, running_agent(folder) as agent:
            install_host(folder, agent.env)
            profile = folder / "chromium"
            async with start_chromium(profile, agent.env, extension, site.https_port) as browser:
                worker = await browser.attach_worker()
                await until(lambda: browser.run(worker, WATCHING), "an open gate", seconds=30)
                await asyncio.sleep(3)  # the browser's own start is over
                taken = await browser.run(worker, SYNTHETIC.replace("COUNT", str(count)))
    return [milliseconds / 1000 for milliseconds in taken]


async def measure(quick: bool) -> list[Row]:
    """Measure everything; see the module's docstring."""
    rounds, pages, events, colds = (3, 15, 60, 5) if quick else (6, 40, 300, 15)
    given = await synthetic(events)
    async with benched() as bench:
        durable, volatile = await bench.busy(rounds, pages)
        cold = await bench.cold(colds)
    middle = statistics.median(durable) / statistics.median(volatile)
    slow = percentile(durable, 0.95) / percentile(volatile, 0.95)
    return [
        Row(
            "page load in a busy browser → durable acknowledgement",
            "≤ 1.3 × without persistence, at p50 and p95",
            spread(durable),
            f"{spread(volatile)} the same extension, nothing kept",
            f"p50 {middle:.2f} ×, p95 {slow:.2f} ×",
            middle <= 1.3 and slow <= 1.3,
        ),
        Row(
            "synthetic event on an idle browser, there and back",
            "p50 ≤ 5 ms",
            spread(given),
            met=statistics.median(given) <= 0.005,
        ),
        Row(
            "cold: worker stopped, no host; navigation → durable acknowledgement",
            "median ≤ 150 ms",
            spread(cold),
            met=statistics.median(cold) <= 0.150,
            note="the page's own loading is in it",
        ),
    ]


if __name__ == "__main__":
    run(measure, __doc__ or "")
