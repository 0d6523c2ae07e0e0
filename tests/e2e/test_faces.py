"""One thing said in one place is true in every other: the page, the pop-up of each browser, the terminal, the ledger.

The real agent, real browsers with the extension, the page opened by a one-time link as a person opens it. The link's
own states are tried in both browsers as well: whatever is broken between browser and agent, the pop-up says which.
"""

from __future__ import annotations

import json
import re
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.e2e.rig import Rig, gate_state, snapshot
from tests.support.agent import Agent
from tests.support.browser import Browser, Tab
from tests.support.waiting import until

LINK = re.compile(r"http://(gw-[0-9a-z]+\.localhost:\d+)/enter/\S+")
PROFILE = "https://www.linkedin.com/in/somebody-{}"


@pytest.fixture
async def agent(rig: Rig) -> AsyncIterator[Agent]:
    """The real agent where the browsers of this test look for it."""
    made = Agent(rig.folder, rig.env)
    try:
        await made.start()
        yield made
    finally:
        await made.close()


async def page(browser: Browser, agent: Agent) -> Tab:
    """Open the person's page by a fresh link."""
    found = LINK.search((await agent.command("status")).out)
    assert found is not None, "status gives no link"
    tab = await browser.open(found.group(0))
    await until(lambda: browser.run(tab, "location.pathname === '/'"), "the page to be entered")
    return tab


async def says(browser: Browser, tab: Tab, words: str) -> None:
    """Wait until a page shows some words."""

    async def there() -> bool:
        return words.lower() in str(await browser.run(tab, "document.body?.innerText ?? ''")).lower()

    await until(there, f"«{words}»", seconds=30, every=0.1)


async def gate_is(browser: Browser, state: str) -> None:
    """Wait until the extension knows that its gate is in a state."""

    async def it_is() -> bool:
        return await gate_state(browser) == state

    await until(it_is, f"a gate that is {state}", seconds=60, every=0.2)


async def test_who_stops_on_the_page_is_not_counted_from_the_next_page_load_on(
    rig: Rig, agent: Agent, browser_name: str
) -> None:
    async with rig.browser(browser_name) as browser:
        await gate_is(browser, "open")
        await browser.open(PROFILE.format(1))

        async def counted() -> bool:
            return sum((await agent.totals()).values()) == 1

        await until(counted, "the first page load", every=0.2)
        mine = await page(browser, agent)
        await browser.run(mine, "document.querySelector('.state-acts form[action=\"/act\"] button').click()")
        await gate_is(browser, "closed")
        await browser.open(PROFILE.format(2))
        popup = await browser.popup()
        await says(browser, popup, "you said no")
        assert sum((await agent.totals()).values()) == 1
        assert (await snapshot(browser))["waiting"] == 0
        acts = (await agent.command("consent", "history", "--json")).json["history"]
        assert acts[0]["act"]["kind"] == "objected"
        assert acts[0]["act"]["channel"] == "page"
        # And as easily back again.
        await browser.go(mine, str(await browser.run(mine, "location.origin")) + "/")
        await browser.run(mine, "document.querySelector('form[action=\"/act\"] button').click()")
        await gate_is(browser, "open")
        await browser.open(PROFILE.format(3))

        async def counted_again() -> bool:
            return sum((await agent.totals()).values()) == 2

        await until(counted_again, "the page load after starting again", every=0.2)


async def test_a_flag_answered_in_one_browser_is_answered_everywhere(rig: Rig, agent: Agent) -> None:
    async with rig.browser("chromium") as chromium, rig.browser("firefox") as firefox:
        for browser in (chromium, firefox):
            await gate_is(browser, "open")
        # The page comes last: like any page it listens while it can be seen.
        pressed, elsewhere = await chromium.popup(), await firefox.popup()
        mine = await page(chromium, agent)
        done = await agent.command("try", "--json")
        assert done.code == 0, done.err
        finding = str(done.json["finding"]["id"])
        await says(chromium, pressed, "I have stopped")
        await says(firefox, elsewhere, "I have stopped")
        await chromium.run(pressed, f"document.getElementById('stopped-{finding}').click()")

        # Every open face, without being loaded anew.
        await says(firefox, elsewhere, "change your answer")
        await says(chromium, mine, "you said that you have stopped")
        (listed,) = [one for one in await agent.findings() if one["id"] == finding]
        assert listed["answer"] == "stopped"
        acts = (await agent.command("consent", "history", "--json")).json["history"]
        (answered,) = [one["act"] for one in acts if one["act"]["finding"] == finding]
        assert (answered["kind"], answered["category"], answered["channel"]) == ("answered", "stopped", "extension")
        receipt = await agent.command("ledger", "receipt", str(answered["entry"]))
        assert receipt.code == 0, receipt.err
        assert finding in receipt.out
        origin = await chromium.run(mine, "location.origin")
        await chromium.go(mine, f"{origin}/history")
        await says(chromium, mine, "in the browser's Gleanwatch pop-up")


async def test_a_pause_in_the_pop_up_is_told_by_page_and_terminal(rig: Rig, agent: Agent, browser_name: str) -> None:
    async with rig.browser(browser_name) as browser:
        await gate_is(browser, "open")
        popup = await browser.popup()
        await until(lambda: browser.run(popup, "!document.querySelector('#pause').hidden"), "the pause to be offered")
        await browser.run(popup, "document.querySelector('#pause').click()")
        await gate_is(browser, "waiting")
        await browser.open(PROFILE.format(1))
        mine = await page(browser, agent)
        await says(browser, mine, "Go on now")
        assert (await agent.status())["paused_until"] is not None
        done = await agent.command("consent", "resume")
        assert done.code == 0, done.err
        await gate_is(browser, "open")
        await browser.go(mine, str(await browser.run(mine, "location.origin")) + "/")
        await says(browser, mine, "Pause for an hour")
        assert await agent.totals() == {}


# What can be broken between browser and agent


def remove_manifests(rig: Rig) -> None:
    for manifest in rig.host.manifests:
        manifest.unlink()


def end_at_once(rig: Rig) -> None:
    rig.host.point_at(program(rig.folder / "ends", "exit 3"))


def speak_out_of_turn(rig: Rig) -> None:
    rig.host.point_at(
        program(rig.folder / "babbles", "printf '\\377\\377\\377\\377 nothing that was agreed'; sleep 60")
    )


def allow_others_only(rig: Rig) -> None:
    for manifest in rig.host.manifests:
        content = json.loads(manifest.read_text("utf-8"))
        if "allowed_origins" in content:
            content["allowed_origins"] = ["chrome-extension://" + "a" * 32 + "/"]
        else:
            content["allowed_extensions"] = ["somebody@else.example"]
        manifest.write_text(json.dumps(content), "utf-8")


def no_agent(rig: Rig) -> None:
    """The host is there, and nobody behind it."""


def unsafe_place(rig: Rig) -> None:
    rig.relay_socket.parent.mkdir(parents=True, exist_ok=True)
    rig.relay_socket.parent.chmod(0o777)


def program(path: Path, line: str) -> Path:
    """Write a program of one line."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


BROKEN: dict[str, tuple[Callable[[Rig], None], dict[str, tuple[str, ...]]]] = {
    "not installed": (remove_manifests, {"chromium": ("not_installed",), "firefox": ("not_installed",)}),
    "ends at once": (end_at_once, {"chromium": ("died",), "firefox": ("died",)}),
    "speaks out of turn": (speak_out_of_turn, {"chromium": ("protocol", "died"), "firefox": ("protocol", "died")}),
    # Firefox tells a host that is not for this extension like one that is not there.
    "allows others only": (allow_others_only, {"chromium": ("forbidden",), "firefox": ("not_installed", "forbidden")}),
    "no agent": (no_agent, {"chromium": ("not_running",), "firefox": ("not_running",)}),
    "an unsafe place": (unsafe_place, {"chromium": ("refused",), "firefox": ("refused",)}),
}


@pytest.mark.parametrize("broken", BROKEN)
async def test_the_pop_up_and_the_options_say_what_is_broken_and_what_to_do(
    rig: Rig, browser_name: str, broken: str
) -> None:
    """The fifth error of browsers, a policy that forbids the link, is tried in test_managed_browsers.py."""
    break_it, expected = BROKEN[broken]
    break_it(rig)
    async with rig.browser(browser_name, ready=False) as browser:

        async def known() -> str:
            link = (await snapshot(browser))["link"]
            return str(link["problem"] or link["agentReason"] or "")

        async def as_expected() -> bool:
            return await known() in expected[browser_name]

        await until(as_expected, f"one of {expected[browser_name]}", seconds=40, every=0.3)
        problem = await known()
        popup = await browser.popup()
        state = "document.querySelector('#headline').dataset.tone + ' ' + document.querySelector('#todo').innerText"
        await until(lambda: browser.run(popup, f"({state}).startsWith('trouble ')"), "the pop-up to say so")
        todo = str(await browser.run(popup, state)).removeprefix("trouble ")
        assert todo.strip(), f"{problem}: nothing says what to do"
        assert "state_" not in str(await browser.run(popup, "document.body.innerText"))
