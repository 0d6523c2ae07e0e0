"""The gate in a real browser: without an open gate nothing is looked at, computed, queued or kept.

The extension's own storage is read through its pop-up page, so «nothing queued» is what the browser holds and not what
the extension says of itself.
"""

from __future__ import annotations

import json
import time

import pytest

from tests.e2e.rig import Rig, gate_state, queued, storage
from tests.e2e.test_page_loads import SENTINEL, arrived, classes, see_sentinel
from tests.support.browser import Browser
from tests.support.chromium import Chromium
from tests.support.stand_in import StandIn
from tests.support.waiting import until

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
            assert {frame["kind"] for frame in after.frames} == {"hello"}
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
        assert {frame["kind"] for frame in after.frames} == {"hello"}
        assert not [trace for trace in TRACES if trace in await stored(browser)]
        await only_the_last_page(browser, after)
