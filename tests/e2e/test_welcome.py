"""The welcome page in real browsers: from install to the receipt and to the first page load that is counted.

The real agent, personal, stands behind the page wherever something is recorded; a stand-in only where the agent is
another one (managed, an older release). Presses of the onboarding are real ones of a mouse, and counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.cli.asking import ask
from tests.e2e.rig import Rig
from tests.e2e.test_gate import person
from tests.e2e.test_real_agent import kept
from tests.support.agent import Agent
from tests.support.browser import Browser, Tab
from tests.support.chromium import Chromium
from tests.support.etc import with_etc
from tests.support.places import CHECKOUT
from tests.support.stand_in import PURPOSE
from tests.support.waiting import until

MOST_PRESSES = 4
PROFILE = "https://www.linkedin.com/in/ada-amber-0"
SHOWN_CODE = "[...document.querySelectorAll('main, footer')].map((part) => part.innerText).join(' ')"


@pytest.fixture
async def agent(rig: Rig) -> AsyncIterator[Agent]:
    """Prepare the real agent, personal, where the browsers of this test look for it; not started."""
    made = Agent(rig.folder, rig.env, ("run",))
    try:
        yield made
    finally:
        await made.close()


@dataclass(slots=True)
class Mouse:
    """A mouse that counts its presses.

    Attributes:
        browser: Whose.
        presses: What was pressed, in order.
    """

    browser: Chromium
    presses: list[str] = field(default_factory=list)

    async def press(self, tab: Tab, selector: str) -> None:
        """Press where an element is; it must be on the screen and not covered."""
        await until(lambda: self.browser.run(tab, f"!!document.querySelector({json.dumps(selector)})"), selector)
        place = await self.browser.run(
            tab,
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); const r = e.getBoundingClientRect();"
            " const [x, y] = [r.x + r.width / 2, r.y + r.height / 2];"
            " return e.contains(document.elementFromPoint(x, y)) ? {x, y} : null; })()",
        )
        assert place is not None, f"{selector} is not on the screen"
        for kind in ("mousePressed", "mouseReleased"):
            await self.browser.call(
                "Input.dispatchMouseEvent", tab.session, type=kind, button="left", clickCount=1, **place
            )
        self.presses.append(selector)


async def installed_page(browser: Chromium) -> Tab:
    """Attach to the tab that the extension opened by itself when it was installed."""

    async def there() -> str | None:
        targets = (await browser.call("Target.getTargets"))["targetInfos"]
        return next((one["targetId"] for one in targets if one["url"].endswith("/welcome.html")), None)

    target = await until(there, "the welcome page to open by itself")
    attached = await browser.call("Target.attachToTarget", targetId=target, flatten=True)
    tab = Tab(target, attached["sessionId"])
    await browser.call("Page.bringToFront", tab.session)
    # The first tab may be narrow or wide, as the system likes: here it is a laptop's.
    await browser.call(
        "Emulation.setDeviceMetricsOverride", tab.session, width=1200, height=800, deviceScaleFactor=1, mobile=False
    )
    return tab


async def welcome(browser: Browser) -> Tab:
    """Open the welcome page in front, in either browser; the one that the install opened stays behind it."""
    tab = await browser.popup()
    front = (
        "chrome.tabs.getCurrent().then(({id}) => chrome.tabs.update(id, {active: true})).then(() => !document.hidden)"
    )
    count = "chrome.tabs.query({url: chrome.runtime.getURL('welcome.html')}).then((tabs) => tabs.length > 0)"
    await until(lambda: browser.run(tab, count), "the page that the install opens", every=0.1)
    await browser.run(tab, f"{front}.then(() => 1)")
    await move(browser, tab, "/welcome.html")
    return tab


async def move(browser: Browser, tab: Tab, path: str) -> None:
    """Go to another page of the extension in a tab that shows one."""
    await browser.run(tab, f"void setTimeout(() => location.assign({json.dumps(path)}), 50)")
    there = f"location.pathname === {json.dumps(path)} && document.readyState === 'complete'"

    async def arrived() -> bool:
        with contextlib.suppress(RuntimeError):  # asked in the moment between two pages
            return bool(await browser.run(tab, there))
        return False

    await until(arrived, path, every=0.1)


async def says(browser: Browser, tab: Tab, *words: str) -> None:
    """Wait until the page shows some words."""

    async def there() -> bool:
        text = str(await browser.run(tab, SHOWN_CODE))
        return all(word in text for word in words)

    await until(there, f"the page to say {words}", every=0.1)


async def click(browser: Browser, tab: Tab, selector: str) -> None:
    """Press a button by script, once it is there."""
    code = json.dumps(selector)
    await until(lambda: browser.run(tab, f"!!document.querySelector({code})"), selector, every=0.1)
    await browser.run(tab, f"document.querySelector({code}).click(), 1")


async def read_to(browser: Browser, tab: Tab, selector: str = "#notice") -> None:
    """Bring the text onto the screen, as a person who scrolls."""
    code = json.dumps(selector)
    await until(lambda: browser.run(tab, f"document.querySelector({code})?.hidden === false"), "the text", every=0.1)
    await browser.run(tab, f"document.querySelector({code}).scrollIntoView(), 1")


async def becomes(browser: Browser, tab: Tab, code: str, value: str) -> None:
    """Wait until an expression in the page has a value."""
    await until(lambda: browser.run(tab, f"({code}) === {json.dumps(value)}"), f"{code} to be {value}", every=0.1)


async def history(agent: Agent) -> list[dict[str, Any]]:
    """Return the acts on record, newest first, as the command line tells them."""
    told = await asyncio.to_thread(ask, person(agent), "history", {"language": "en"})
    return [item.get("act", item) for item in told.items]


@asynccontextmanager
async def chromium(rig: Rig) -> AsyncIterator[Chromium]:
    async with rig.browser("chromium", ready=False) as browser:
        assert isinstance(browser, Chromium)
        yield browser


async def test_from_install_to_the_receipt_and_the_first_counted_page_load(rig: Rig, agent: Agent) -> None:
    await agent.start()
    async with chromium(rig) as browser:
        mouse = Mouse(browser)
        tab = await installed_page(browser)
        await says(browser, tab, "You do. Nobody else runs it", "What is never seen", "Nothing is looked at before you")
        await browser.open(PROFILE)
        assert await agent.totals() == {}

        await browser.call("Page.bringToFront", tab.session)
        await read_to(browser, tab)
        await mouse.press(tab, "#acknowledged-notice")
        await says(browser, tab, "«Start watching»", "Watching has been on since")
        await browser.open("https://www.linkedin.com/in/bela-birch-1")
        await kept(agent, 1)
        assert len(mouse.presses) <= MOST_PRESSES
        assert mouse.presses == ["#acknowledged-notice"], "one press is enough"

        acts = [act for act in await history(agent) if act["kind"] == "acknowledged"]
        assert len(acts) == 4, "one for each purpose that rests on the notice"
        assert {(act["channel"], act["control"]) for act in acts} == {("extension", "welcome.acknowledge")}
        assert all(act["dwell_ms"] > 0 for act in acts)

        await browser.call("Page.bringToFront", tab.session)
        downloads = rig.folder / "downloads"
        downloads.mkdir()
        await browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        entry = acts[0]["entry"]
        await browser.run(tab, f"document.querySelector('#receipt-{entry}').scrollIntoView({{block: 'center'}}), 1")
        await mouse.press(tab, f"#receipt-{entry}")
        receipt = downloads / f"receipt-{entry}.json"
        await until(receipt.exists, "the receipt's file")
        checked = await asyncio.to_thread(verified, receipt)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def verified(receipt: Path) -> subprocess.CompletedProcess[str]:
    """Check a receipt with the one file that anybody can run without Gleanwatch."""
    verifier = CHECKOUT / "agent" / "ledger" / "verify_receipt.py"
    return subprocess.run([sys.executable, verifier, receipt], capture_output=True, text=True, timeout=60, check=False)


async def test_nobody_starts_what_was_not_on_the_screen(rig: Rig, agent: Agent) -> None:
    await agent.start()
    async with chromium(rig) as browser:
        mouse = Mouse(browser)
        tab = await installed_page(browser)
        await mouse.press(tab, "#acknowledged-notice")
        await says(browser, tab, "The notice was not on the screen yet")
        assert await history(agent) == []
        top = await browser.run(tab, "document.querySelector('#notice').getBoundingClientRect().top < innerHeight")
        assert top, "the text was brought onto the screen"
        await mouse.press(tab, "#acknowledged-notice")
        await says(browser, tab, "Watching has been on since")
        assert len(mouse.presses) <= MOST_PRESSES


async def test_the_notice_is_the_agents_word_for_word_in_the_language_that_was_chosen(rig: Rig, agent: Agent) -> None:
    await agent.start()
    async with chromium(rig) as browser:
        tab = await installed_page(browser)
        await read_to(browser, tab)
        for language in ("en", "de", "nb"):
            await click(browser, tab, f"#language-{language}")
            await becomes(browser, tab, "document.querySelector('#notice').lang", language)
            text = (await asyncio.to_thread(ask, person(agent), "notice", {"language": language})).result
            shown = await browser.run(
                tab,
                "[...document.querySelectorAll('#notice :is(h3, h4, h5, p, li)')].map((e) => e.textContent).join(' ')",
            )
            plain = " ".join(line.lstrip("#").removeprefix("- ").strip() for line in text["text"].splitlines())
            assert shown.split() == plain.replace("**", "").replace("`", "").split()
            assert await browser.run(tab, "document.querySelector('#hash').textContent") == text["sha256"]


async def test_what_is_optional_is_off_and_withdrawn_as_easily_as_given(
    rig: Rig, agent: Agent, browser_name: str
) -> None:
    await agent.start()
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await welcome(browser)
        await read_to(browser, tab)
        switch = "#switch-self-longer-history"
        state = f"document.querySelector('{switch}')?.getAttribute('aria-checked')"
        await becomes(browser, tab, state, "false")
        sizes = await browser.run(
            tab,
            "[...document.querySelectorAll('#optional .choices button')].map((e) => e.getBoundingClientRect())"
            ".map(({width, height}) => [Math.round(width), Math.round(height)])",
        )
        assert len(sizes) == 2
        assert sizes[0] == sizes[1], "no side is louder"
        await click(browser, tab, "#acknowledged-notice")
        await says(browser, tab, "Watching has been on since")
        for checked, kind in (("true", "given"), ("false", "withdrawn")):
            await click(browser, tab, switch)
            await becomes(browser, tab, state, checked)
            newest = (await history(agent))[0]
            assert (newest["kind"], newest["purpose"]) == (kind, "self.longer-history")


async def test_after_stopping_the_next_page_load_is_not_counted(rig: Rig, agent: Agent, browser_name: str) -> None:
    await agent.start()
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await welcome(browser)
        await read_to(browser, tab)
        await click(browser, tab, "#acknowledged-notice")
        await says(browser, tab, "Watching has been on since")
        await browser.open(PROFILE)
        await kept(agent, 1)
        await click(browser, tab, "#objected-notice")
        await says(browser, tab, "because you said no")
        await browser.open("https://www.linkedin.com/in/bela-birch-1")
        await asyncio.sleep(1)
        assert await agent.totals() == {("linkedin", "profile"): 1}


async def test_the_page_says_what_is_missing_and_goes_on_when_it_is_there(rig: Rig, agent: Agent) -> None:
    async with chromium(rig) as browser:
        tab = await installed_page(browser)
        await says(browser, tab, "The agent is not running", "gleanwatch run", "What is never seen")
        assert not await browser.run(tab, "document.querySelector('#choice').checkVisibility()")
        await agent.start()
        await says(browser, tab, "You do. Nobody else runs it", "Your choice")
        assert not await browser.run(tab, "document.querySelector('#trouble').checkVisibility()")


async def test_without_the_agent_it_says_how_to_get_it(rig: Rig, browser_name: str) -> None:
    for place in rig.host.manifests:
        place.unlink()
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await welcome(browser)
        await says(browser, tab, "Gleanwatch is not installed here", "pipx install gleanwatch", "gleanwatch setup")
        assert "_" not in str(await browser.run(tab, SHOWN_CODE)), "every text has its words"


async def test_an_agent_of_an_earlier_release_is_asked_on_its_own_page(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in(gate="closed") as stand_in:
        stand_in.contact, stand_in.reason = None, "notice_not_shown"
        async with rig.browser(browser_name) as browser:
            tab = await welcome(browser)
            await says(browser, tab, "an older release", "Open my page")
            await click(browser, tab, "#trouble-page")
            await until(lambda: [one for one in stand_in.frames if one["kind"] == "open_page"], "the wish", every=0.1)
            assert not [one for one in stand_in.frames if one["kind"] in ("ask", "act")]


def managed_purpose(**more: Any) -> dict[str, Any]:
    gate = {"purpose": PURPOSE, "state": "closed", "since": 1, "until": None, "reason": "not_acknowledged"}
    return {
        "purpose": PURPOSE,
        "optional": False,
        "in_use": True,
        "gate": gate,
        "standing": None,
        "title": "Recognising bulk collection",
        "meaning": "<b>Gleanwatch</b> notices which programs gather data.",
        "basis": "the organisation's interest in security",
        "categories": ["page loads"],
        "recipients": ["you"],
        "retention": "24 hours",
        "expires_at": None,
        "held": False,
        **more,
    }


async def test_at_work_it_names_who_is_responsible_and_asks_for_no_agreement(rig: Rig, browser_name: str) -> None:
    """A hostile name, too: what comes from outside stays text."""
    name = "<img src=x onerror=alert(1)> & Sons"
    async with rig.stand_in(gate="closed") as stand_in:
        stand_in.mode, stand_in.organisation, stand_in.contact = "managed", name, "privacy@example.org"
        stand_in.reason = "not_acknowledged"
        purpose = managed_purpose()
        stand_in.documents |= {
            "notice": {
                "notice": "managed",
                "version": "3",
                "language": "en",
                "text": f"# What {name} looks at\n\n- **All** of `it`",
                "sha256": "ab" * 32,
                "languages": ["en"],
                "mode": "managed",
                "organisation": name,
                "contact": "privacy@example.org",
                "difference": [
                    [" ", "## Rules"],
                    ["-", "- Held for **24** hours by <b>us</b>"],
                    ["+", "- Held for **48** hours by <b>us</b>"],
                    [" ", "same"],
                    ["+", "- A rule that was not there"],
                ],
                "gates": [purpose["gate"]],
                "press": {"shown": "I have been shown this", "object": "I have been shown this and I object"},
            },
            "purposes": {"purposes": [purpose]},
            "act": {"gates": [], "entries": [3]},
        }
        async with rig.browser(browser_name) as browser:
            tab = await welcome(browser)
            await says(browser, tab, f"{name} runs Gleanwatch on this computer", "privacy@example.org")
            await says(
                browser, tab, "I have been shown this", "Neither says that you agree", "A rule that was not there"
            )
            marked = (
                "[...document.querySelectorAll('#diff :is(h4, del, ins)')].map((e) => [e.localName, e.textContent])"
            )
            assert await browser.run(tab, marked) == [
                ["h4", "Rules"],
                ["del", "24"],
                ["ins", "48"],
                ["ins", "A rule that was not there"],
            ]
            heard = "[...document.querySelectorAll('#diff li > div')].map((e) => e.textContent)"
            assert await browser.run(tab, heard) == [
                "No longer: Held for 24 hours by <b>us</b>",
                "New: Held for 48 hours by <b>us</b>",
                "New: A rule that was not there",
            ]
            each = "[...document.querySelectorAll('#diff :is(del, ins)')]"
            drawn = f"{each}.map((e) => getComputedStyle(e).textDecoration.match(/underline|line-through/)[0])"
            assert await browser.run(tab, drawn) == ["line-through", "underline", "underline"], "not by colour alone"
            assert await browser.run(tab, "document.querySelectorAll('main img, main b').length") == 0
            await read_to(browser, tab)
            await click(browser, tab, "#acknowledged-notice")
            await says(browser, tab, "It is on record on this computer")
            acts = [(one["act"], one["control"]) for one in stand_in.frames if one["kind"] == "act"]
            assert acts == [("shown", "welcome.show"), ("acknowledged", "welcome.acknowledge")]
            assert stand_in.problems == []


POLICY = """
[organisation]
name = "Fjord & Sons"
contact = "privacy@fjord.example"

[monitoring]
jurisdiction = "GB"
lead_days = {lead}

[references]
dpia = "D-1"
representatives = "R-1"
policy = "P-1"
"""
DAY_MS = 86_400_000


@pytest.mark.parametrize("lead", [0, 3])
async def test_at_work_the_real_agent_says_who_it_is_and_begins_when_the_policy_says(
    rig: Rig, browser_name: str, lead: int
) -> None:
    """An agent in managed mode, under a policy at its real place: from the organisation's name to receipt and start."""
    prefix = with_etc(rig.folder / "etc", {"/etc/gleanwatch/policy.toml": POLICY.format(lead=lead)})
    agent = Agent(rig.folder, rig.env, ("run",), tuple(prefix))
    try:
        await agent.start()
        assert (await agent.status())["mode"] == "managed"
        async with rig.browser(browser_name, ready=False) as browser:
            tab = await welcome(browser)
            await says(browser, tab, "Fjord & Sons runs Gleanwatch on this computer", "privacy@fjord.example")
            await says(browser, tab, "I have been shown this", "I have been shown this and I object", "D-1")
            await read_to(browser, tab)
            await click(browser, tab, "#acknowledged-notice")
            starts = "Watching starts on " if lead else "Watching has been on since"
            await says(browser, tab, "It is on record on this computer", starts)

            acts = [act for act in await history(agent) if act["kind"] == "acknowledged"]
            mandatory = await browser.run(tab, "document.querySelectorAll('#mandatory .purpose').length")
            assert len(acts) == len({act["purpose"] for act in acts}) == mandatory > 1, "each purpose for itself"
            assert {(act["channel"], act["control"]) for act in acts} == {("extension", "welcome.acknowledge")}
            offered = "[...document.querySelectorAll('#recorded-list button')].map((one) => one.id)"
            assert set(await browser.run(tab, offered)) == {f"receipt-{act['entry']}" for act in acts}
            save = f"document.querySelector('#receipt-{acts[0]['entry']}')"
            await browser.run(tab, f"{save}.click(), 1")
            await says(browser, tab, f"receipt-{acts[0]['entry']}.json")

            await browser.open(PROFILE)
            if lead:
                gates = (await agent.status())["gates"]
                (gate,) = [one for one in gates if one["purpose"] == PURPOSE]
                assert (gate["state"], gate["reason"]) == ("waiting", "lead_days")
                begins = gate["until"] - time.time_ns() // 1_000_000
                assert (lead - 1) * DAY_MS < begins < (lead + 1) * DAY_MS
                words = f"import('/words.js').then(({{date}}) => date({gate['until']}))"
                await says(browser, tab, f"Watching starts on {await browser.run(tab, words)}.")
                await asyncio.sleep(1)
                assert await agent.totals() == {}
            else:
                await kept(agent, 1)
    finally:
        await agent.close()
