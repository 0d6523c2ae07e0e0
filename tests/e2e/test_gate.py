"""The gate in a real browser: without an open gate nothing is looked at, computed, queued or kept.

The extension's own storage is read through its pop-up page, so «nothing queued» is what the browser holds and not what
the extension says of itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import AsyncExitStack

import pytest

from agent.cli.asking import ask
from agent.settings.instance import Instance, locate
from tests.e2e.rig import Rig, gate_state, queued, storage
from tests.e2e.test_page_loads import SENTINEL, arrived, classes, see_sentinel
from tests.support.agent import Agent
from tests.support.browser import Browser
from tests.support.chromium import Chromium
from tests.support.stand_in import StandIn
from tests.support.waiting import until
from tests.unit.cli.typist import at_terminal

TRACES = ("linkedin", "instagram", "profile", "page_class", "amber", "/in/")


async def stored(browser: Browser) -> str:
    """Return everything the extension holds, as text, in small letters."""
    return json.dumps(await storage(browser)).lower()


async def known(browser: Browser, state: str) -> None:
    """Wait until the extension has heard of a gate's state."""

    async def heard() -> bool:
        return await gate_state(browser) == state

    await until(heard, f"the extension to hear that the gate is {state}", seconds=40, every=0.2)


@pytest.mark.parametrize("state", ["closed", "waiting"])
async def test_a_gate_that_is_not_open_lets_nothing_in(browser: Browser, stand_in: StandIn, state: str) -> None:
    await stand_in.set_gate(state)
    await known(browser, state)
    await browser.open("https://www.linkedin.com/in/ada-amber-0")
    await browser.open("https://www.instagram.com/ada.amber")
    assert not [trace for trace in TRACES if trace in await stored(browser)]

    await stand_in.set_gate("open")
    await known(browser, "open")
    await see_sentinel(browser, stand_in)
    assert classes(stand_in) == [("linkedin", "company_page")]


async def test_closing_the_gate_empties_the_queue(browser: Browser, stand_in: StandIn, rig: Rig) -> None:
    stand_in.acknowledge = False
    await browser.open("https://www.linkedin.com/in/ada-amber-0")
    await arrived(stand_in, 1)
    assert await queued(browser) == 1

    await stand_in.set_gate("closed")
    await rig.queue_emptied(browser)
    stand_in.acknowledge = True
    before = len(stand_in.loads)
    await stand_in.set_gate("open")
    await known(browser, "open")
    await browser.open(SENTINEL)
    await arrived(stand_in, before + 1)
    assert stand_in.loads[before]["page_class"] == "company_page", "the profile was forgotten, not sent again"


async def test_without_ever_reaching_an_agent_nothing_is_looked_at(rig: Rig, browser_name: str) -> None:
    async with rig.browser(browser_name, ready=False) as browser:
        await browser.open("https://www.linkedin.com/in/ada-amber-0")
        await browser.open("https://www.linkedin.com/in/bela-birch-1")
        assert not [trace for trace in TRACES if trace in await stored(browser)]
        async with rig.stand_in() as stand_in:
            await known(browser, "open")
            await see_sentinel(browser, stand_in)
            assert classes(stand_in) == [("linkedin", "company_page")]


async def test_only_a_gate_of_this_connection_counts(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in(gate="open") as first, rig.browser(browser_name) as browser:
        await browser.open("https://www.linkedin.com/in/ada-amber-0")
        await arrived(first, 1)
        await first.stop()
        async with rig.stand_in(gate="closed") as second:
            await known(browser, "closed")
            await browser.open("https://www.linkedin.com/in/bela-birch-1")
            assert await queued(browser) == 0
            assert second.loads == []


async def only_the_last_page(browser: Browser, stand_in: StandIn) -> None:
    """Open the gate and one more page: nothing that was seen before it comes, not even as a number."""
    await stand_in.set_gate("open")
    await known(browser, "open")
    await see_sentinel(browser, stand_in)
    assert classes(stand_in) == [("linkedin", "company_page")]
    assert stand_in.problems == []


async def two_wait(browser: Browser, stand_in: StandIn) -> None:
    """See two pages that the agent takes and does not acknowledge."""
    stand_in.acknowledge = False
    await browser.open("https://www.linkedin.com/in/ada-amber-0")
    await browser.open("https://www.linkedin.com/in/bela-birch-1")
    await arrived(stand_in, 2)
    assert await queued(browser) == 2


@pytest.mark.parametrize("state", ["closed", "waiting"])
async def test_a_gate_that_closed_while_the_agent_was_down_empties_the_queue_first(
    rig: Rig, browser_name: str, state: str
) -> None:
    async with rig.stand_in() as before, rig.browser(browser_name) as browser:
        await two_wait(browser, before)
        await before.stop()
        async with rig.stand_in(gate=state) as after:
            await known(browser, state)
            await rig.queue_emptied(browser)
            assert {frame["kind"] for frame in after.frames} <= {"hello", "coverage", "ask"}
            assert not [trace for trace in TRACES if trace in await stored(browser)]
            await only_the_last_page(browser, after)


async def test_a_gate_that_closed_and_opened_while_nobody_could_say_so_empties_the_queue(
    rig: Rig, browser_name: str
) -> None:
    async with rig.stand_in() as before, rig.browser(browser_name) as browser:
        await two_wait(browser, before)
        await before.stop()
        async with rig.stand_in() as after:
            after.since = time.time_ns() // 1_000_000
            await known(browser, "open")
            await rig.queue_emptied(browser)
            await only_the_last_page(browser, after)


async def test_a_worker_that_was_asleep_when_the_gate_closed_empties_its_queue_when_it_wakes(rig: Rig) -> None:
    async with rig.stand_in() as before, rig.browser("chromium") as browser:
        assert isinstance(browser, Chromium)
        await two_wait(browser, before)
        await before.stop()
        await browser.stop_worker()
        async with rig.stand_in(gate="closed") as after:
            await known(browser, "closed")
            await rig.queue_emptied(browser)
            await only_the_last_page(browser, after)


@pytest.mark.parametrize("how", ["close", "kill"])
async def test_a_browser_that_was_down_when_the_gate_closed_brings_nothing(
    rig: Rig, browser_name: str, how: str
) -> None:
    async with rig.stand_in() as before, rig.browser(browser_name) as browser:
        await two_wait(browser, before)
        await rig.profile_written(browser, waiting=2)
        await (browser.close() if how == "close" else browser.kill())
    async with rig.stand_in(gate="closed") as after, rig.browser(browser_name) as browser:
        await known(browser, "closed")
        assert {frame["kind"] for frame in after.frames} <= {"hello", "coverage", "ask"}
        assert not [trace for trace in TRACES if trace in await stored(browser)]
        await only_the_last_page(browser, after)


def person(agent: Agent) -> Instance:
    """Return the instance of an agent as the command line of the same person finds it."""
    return locate(agent.env, sys.platform, agent.folder, os.getuid())


def says_yes(agent: Agent) -> None:
    """Acknowledge the notice that holds, as the person at the terminal does."""
    notice = ask(person(agent), "notice", {"language": "en"}).result
    for kind in ("shown", "acknowledged"):
        said = {"purpose": None, "kind": kind, "notice_sha256": notice["sha256"], "channel": "terminal"}
        ask(person(agent), "act", {**said, "control": "e2e", "dwell_ms": None, "language": "en"})


def objects_at_the_terminal(agent: Agent) -> None:
    """Say no as a person does: one command and one typed word, whether or not the agent runs."""
    with at_terminal(agent.env, "consent", "object") as typist:
        typist.expect("about to object")
        typist.type("object")
        assert typist.end() == 0, typist.said


@pytest.mark.parametrize("restarted", ["browser stays", "browser restarted"])
async def test_an_objection_while_the_agent_is_down_is_heeded_before_anything_else(
    rig: Rig, browser_name: str, restarted: str
) -> None:
    """The real agent, personal: two pages wait, the agent dies, the person objects at the terminal, all come back."""
    agent = Agent(rig.folder, rig.env, ("run",))
    try:
        await agent.start()
        await asyncio.to_thread(says_yes, agent)
        async with AsyncExitStack() as stack:
            browser = await stack.enter_async_context(rig.browser(browser_name))
            await known(browser, "open")
            agent.suspend()
            await browser.open("https://www.linkedin.com/in/ada-amber-0")
            await browser.open("https://www.linkedin.com/in/bela-birch-1")
            await until(lambda: two_queued(browser), "two pages to wait", every=0.2)
            await agent.kill()
            await asyncio.to_thread(objects_at_the_terminal, agent)
            if restarted == "browser restarted":
                await stack.aclose()
                browser = await stack.enter_async_context(rig.browser(browser_name, ready=False))
            await agent.start()
            await known(browser, "closed")
            await rig.queue_emptied(browser)
            assert not [trace for trace in TRACES if trace in await stored(browser)]
            await browser.open("https://www.linkedin.com/in/cleo-cyan-2")
            assert await queued(browser) == 0
            assert await agent.totals() == {}
            counted = await agent.counters()
            assert "relay.gate_closed" not in counted, "not even sent: the queue was emptied first"

            await asyncio.to_thread(says_yes, agent)
            await known(browser, "open")
            await browser.open(SENTINEL)
            await until(agent.totals, "the last page", every=0.2)
            assert await agent.totals() == {("linkedin", "company_page"): 1}
    finally:
        await agent.close()


async def two_queued(browser: Browser) -> bool:
    return await queued(browser) == 2
