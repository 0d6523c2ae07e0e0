"""The gate in a real browser: without an open gate nothing is looked at, computed, queued or kept.

The extension's own storage is read through its pop-up page, so «nothing queued» is what the browser holds and not what
the extension says of itself.
"""

from __future__ import annotations

import json

import pytest

from tests.e2e.rig import Rig
from tests.e2e.test_page_loads import SENTINEL, arrived, classes, see_sentinel
from tests.support.browser import Browser
from tests.support.stand_in import StandIn
from tests.support.waiting import until

TRACES = ("linkedin", "instagram", "profile", "page_class", "amber", "/in/")


async def stored(browser: Browser) -> str:
    """Return everything the extension holds in the browser's storage, as text, in small letters."""
    popup = await browser.popup()
    areas = await browser.run(popup, "Promise.all([chrome.storage.session.get(null), chrome.storage.local.get(null)])")
    await browser.close_tab(popup)
    return json.dumps(areas).lower()


async def queued(browser: Browser) -> int:
    """Count the waiting events in the extension's storage: the only entries that name a page class."""
    return (await stored(browser)).count('"page_class"')


@pytest.mark.parametrize("state", ["closed", "waiting"])
async def test_a_gate_that_is_not_open_lets_nothing_in(browser: Browser, stand_in: StandIn, state: str) -> None:
    await until(lambda: stand_in.hellos, "the connection")
    await stand_in.set_gate(state)
    await until(lambda: stand_in.connections, "the connection")
    await browser.open("https://www.linkedin.com/in/ada-amber-0")
    await browser.open("https://www.instagram.com/ada.amber")
    assert not [trace for trace in TRACES if trace in await stored(browser)]

    await stand_in.set_gate("open")
    await see_sentinel(browser, stand_in)
    assert classes(stand_in) == [("linkedin", "company_page")]


async def test_closing_the_gate_empties_the_queue(browser: Browser, stand_in: StandIn) -> None:
    stand_in.acknowledge = False
    await browser.open("https://www.linkedin.com/in/ada-amber-0")
    await arrived(stand_in, 1)
    assert await queued(browser) == 1

    await stand_in.set_gate("closed")
    await until(lambda: nothing(browser), "an empty queue")
    stand_in.acknowledge = True
    before = len(stand_in.loads)
    await stand_in.set_gate("open")
    await browser.open(SENTINEL)
    await arrived(stand_in, before + 1)
    assert stand_in.loads[before]["page_class"] == "company_page", "the profile was forgotten, not sent again"


async def nothing(browser: Browser) -> bool:
    return await queued(browser) == 0


async def test_without_ever_reaching_an_agent_nothing_is_looked_at(rig: Rig, browser_name: str) -> None:
    async with rig.browser(browser_name) as browser:
        await browser.open("https://www.linkedin.com/in/ada-amber-0")
        await browser.open("https://www.linkedin.com/in/bela-birch-1")
        assert not [trace for trace in TRACES if trace in await stored(browser)]
        async with rig.stand_in() as stand_in:
            await until(lambda: stand_in.hellos, "the connection", seconds=30)
            await see_sentinel(browser, stand_in)
            assert classes(stand_in) == [("linkedin", "company_page")]


async def test_only_a_gate_of_this_connection_counts(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in(gate="open") as first, rig.browser(browser_name) as browser:
        await browser.open("https://www.linkedin.com/in/ada-amber-0")
        await arrived(first, 1)
        await first.stop()
        async with rig.stand_in(gate="closed") as second:
            await until(lambda: second.hellos, "the second connection", seconds=30)
            await browser.open("https://www.linkedin.com/in/bela-birch-1")
            assert await queued(browser) == 0
            assert second.loads == []
