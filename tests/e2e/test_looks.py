"""Every page of every face, looked at in a real Chromium: pictures to be looked at, and axe-core's word on each.

One agent that has something to tell (page loads, a flag, an answer) stands behind all of it. For each page: a picture
in light and dark, narrow and wide, kept below `build/shots/` for whoever reviews a change; axe-core in light and dark,
which may find nothing serious; in each language the page says which one it is. That pages can be read without
JavaScript is tested by reading them without.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.rig import Rig, gate_state
from tests.support.agent import Agent
from tests.support.browser import Tab
from tests.support.chromium import Chromium
from tests.support.places import CHECKOUT
from tests.support.waiting import until

AXE = CHECKOUT / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = Path(os.environ.get("GW_SHOTS") or CHECKOUT / "build" / "shots")
LINK = re.compile(r"http://(gw-[0-9a-z]+\.localhost:\d+)/enter/\S+")
LANGUAGES = ("en", "de", "fr", "es", "nb")
PAGES = (
    "/",
    "/findings",
    "/findings?show=all",
    "/data",
    "/data/page_load",
    "/consent",
    "/notice",
    "/history",
    "/receipts/0",
    "/erase",
    "/ledger",
    "/reports",
    "/settings",
    "/organisation",
    "/health",
    "/why",
    "/nothing-here",
)
PICTURED = ("/", "/consent", "/settings")
"""Pages of which there is a picture in each language."""
EXTENSION_PAGES = ("popup.html", "welcome.html", "options.html")
SIZES = {"wide": (1280, 900), "narrow": (360, 740)}
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


async def set_scheme(browser: Chromium, tab: Tab, *, dark: bool) -> None:
    """Put a tab into the light or the dark colour scheme."""
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    await browser.call("Emulation.setEmulatedMedia", tab.session, features=[scheme])


async def picture(
    browser: Chromium,
    tab: Tab,
    name: str,
    *,
    widths: tuple[str, ...] = ("wide", "narrow"),
    schemes: tuple[str, ...] = ("light", "dark"),
) -> None:
    """Save a page in each colour scheme at each width, as long as it is."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    # A picture of more than the window leaves the scroll bar's width out, and the right edge of the page with it.
    await browser.call("Emulation.setScrollbarsHidden", tab.session, hidden=True)
    for size in widths:
        width, height = SIZES.get(size, (380, 600))
        await browser.call(
            "Emulation.setDeviceMetricsOverride",
            tab.session,
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        for scheme in schemes:
            await set_scheme(browser, tab, dark=scheme == "dark")
            shot = await browser.call("Page.captureScreenshot", tab.session, format="png", captureBeyondViewport=True)
            (SHOTS / f"{name}-{size}-{scheme}.png").write_bytes(base64.b64decode(shot["data"]))


async def faults(browser: Chromium, tab: Tab) -> list[str]:
    """Return what axe-core finds on a page that is serious or worse, in both colour schemes, each in one line."""
    found = []
    for dark in (False, True):
        await set_scheme(browser, tab, dark=dark)
        await browser.run(tab, AXE.read_text("utf-8") + "; true")
        said: list[dict[str, Any]] = await browser.run(
            tab,
            f"axe.run(document, {{runOnly: {json.dumps(WCAG)}}}).then((all) => all.violations.map((one) =>"
            " ({id: one.id, impact: one.impact, where: one.nodes.slice(0, 3).map((node) =>"
            " node.target.join(' ') + ': ' + (node.any[0]?.message ?? node.failureSummary ?? ''))})))",
        )
        found += [
            f"{'dark' if dark else 'light'} {one['impact']} {one['id']}: {'; '.join(one['where'])}"[:600]
            for one in said
            if one["impact"] in ("serious", "critical")
        ]
    return found


async def too_wide(browser: Chromium, tab: Tab) -> int:
    """How many pixels a page is wider than a narrow window: nobody should have to scroll two ways (WCAG 1.4.10)."""
    await browser.call(
        "Emulation.setDeviceMetricsOverride", tab.session, width=320, height=640, deviceScaleFactor=1, mobile=False
    )
    return int(await browser.run(tab, "document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def name_of(path: str) -> str:
    """A file name for a page."""
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "overview"


@pytest.fixture
async def agent(rig: Rig) -> AsyncIterator[Agent]:
    """The real agent where the browser of this test looks for it."""
    made = Agent(rig.folder, rig.env)
    try:
        await made.start()
        yield made
    finally:
        await made.close()


@pytest.fixture
async def browser(rig: Rig, agent: Agent) -> AsyncIterator[Chromium]:
    """Chromium with the extension, after a little life: page loads, and a flag."""
    async with rig.browser("chromium") as running:
        assert isinstance(running, Chromium)

        async def watched() -> bool:
            return await gate_state(running) == "open"

        await until(watched, "an open gate", every=0.2, seconds=60)
        for number in range(12):
            await running.open(f"https://www.linkedin.com/in/person-{number}")
        await running.open("https://www.instagram.com/somebody/followers")
        done = await agent.command("try", "--json")
        assert done.code == 0, done.err

        async def kept() -> bool:
            return sum((await agent.totals()).values()) >= 13

        await until(kept, "the page loads", every=0.2, seconds=40)
        yield running


async def entered(browser: Chromium, agent: Agent) -> tuple[Tab, str]:
    """Open the page by a fresh link; return the tab and the page's origin."""
    found = LINK.search((await agent.command("status")).out)
    assert found is not None
    tab = await browser.open(found.group(0))
    await until(lambda: browser.run(tab, "location.pathname === '/'"), "the page to be entered")
    return tab, f"http://{found.group(1)}"


async def test_every_page_is_pictured_and_axe_finds_nothing_serious(browser: Chromium, agent: Agent) -> None:
    tab, origin = await entered(browser, agent)
    (finding,) = [one["id"] for one in await agent.findings() if one["flagged"]][:1]
    found: dict[str, list[str]] = {}
    for path in (*PAGES, f"/findings/{finding}"):
        await browser.go(tab, origin + path)
        name = "finding" if finding in path else name_of(path)
        await picture(browser, tab, f"page-{name}")
        wrong = await faults(browser, tab)
        over = await too_wide(browser, tab)
        if over > 0:
            wrong.append(f"{over} pixels too wide at 320")
        if wrong:
            found[path] = wrong
    assert found == {}


async def test_every_page_says_its_language_and_speaks_it(browser: Chromium, agent: Agent) -> None:
    tab, origin = await entered(browser, agent)
    (finding,) = [one["id"] for one in await agent.findings() if one["flagged"]][:1]
    titles: dict[str, set[str]] = {}
    too_long: list[str] = []
    for language in LANGUAGES:
        for path in (*PAGES, f"/findings/{finding}"):
            await browser.go(tab, f"{origin}{path}{'&' if '?' in path else '?'}lang={language}")
            said = await browser.run(tab, "[document.documentElement.lang, document.querySelector('h1').innerText]")
            assert said[0] == language, path
            titles.setdefault(path, set()).add(said[1])
            if (over := await too_wide(browser, tab)) > 0:
                too_long.append(f"{language} {path}: {over} pixels")
            if path in PICTURED:
                await picture(browser, tab, f"language-{language}-{name_of(path)}", schemes=("light",))
    # What a finding is called is its own name.
    alike = {path for path, heard in titles.items() if len(heard) < 3 and finding not in path}
    assert alike == set(), titles
    assert too_long == [], "words that do not fit a narrow window"


async def test_every_page_can_be_read_without_a_script(browser: Chromium, agent: Agent) -> None:
    tab, origin = await entered(browser, agent)
    words = "document.querySelector('main').innerText.replace(/\\d+/g, '#')"
    hidden = "[...document.querySelectorAll('main [hidden]:not([data-copies])')].map((one) => one.id)"
    with_script = {}
    for path in PAGES:
        await browser.go(tab, origin + path)
        with_script[path] = len(await browser.run(tab, words))
    await browser.call("Emulation.setScriptExecutionDisabled", tab.session, value=True)
    for path in PAGES:
        await browser.go(tab, origin + path)
        text = await browser.run(tab, words)
        assert len(text) >= 0.9 * with_script[path], f"{path} says less without a script"
        # Only what needs a script, what tells of its troubles, and what there is none of may be hidden for good.
        assert set(await browser.run(tab, hidden)) <= {"gone", "added"}, path
        assert (
            await browser.run(
                tab, "document.querySelectorAll('main button:not([form]):not([data-copies]):not(form button)').length"
            )
            == 0
        )


@pytest.mark.parametrize("page", EXTENSION_PAGES)
async def test_every_page_of_the_extension_is_pictured_and_axe_finds_nothing_serious(
    browser: Chromium, rig: Rig, page: str
) -> None:
    tab = await browser.open(f"chrome-extension://{rig.extension.chromium_id}/{page}")
    await asyncio.sleep(1.5)  # the agent's answers are laid out as they come
    await picture(browser, tab, f"extension-{page.removesuffix('.html')}", widths=("wide", "narrow", "popup"))
    wrong = await faults(browser, tab)
    if page != "popup.html" and (over := await too_wide(browser, tab)) > 0:
        wrong.append(f"{over} pixels too wide at 320")
    assert wrong == []
