"""Delivery through interruptions: each part of the chain goes away in turn, and every event still arrives exactly once.

«Exactly once» is what the agent keeps: it forgets repetitions by number, so these tests look at the numbers. An event
may cross the wire twice; it must never be missing, never out of order, and never carry another number the second time.
"""

from __future__ import annotations

import os
import signal

from tests.e2e.rig import Rig
from tests.e2e.test_page_loads import arrived, see_sentinel
from tests.support.browser import Browser
from tests.support.chromium import Chromium
from tests.support.processes import alive
from tests.support.stand_in import StandIn
from tests.support.waiting import until


def kept(*stand_ins: StandIn) -> list[int]:
    """Return the numbers as the agent would keep them: each once, in the order in which they first came."""
    return list(dict.fromkeys(load["seq"] for stand_in in stand_ins for load in stand_in.loads))


async def visit(browser: Browser, first: int, count: int) -> None:
    for number in range(first, first + count):
        await browser.open(f"https://www.linkedin.com/in/person-{number}")


async def test_what_waits_outlives_an_agent_that_goes_and_comes_back(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in() as before, rig.browser(browser_name) as browser:
        await visit(browser, 1, 2)
        await arrived(before, 2)
        await rig.queue_emptied(browser)
        before.acknowledge = False
        await visit(browser, 3, 5)
        await arrived(before, 7)
        await before.stop()
        await until(lambda: before.connections == 0, "the connection to end")
        # No open gate holds now, so these are not looked at (DESIGN 2).
        await visit(browser, 100, 2)
        async with rig.stand_in() as after:
            await arrived(after, 5)
            await visit(browser, 8, 1)
            await arrived(after, 6)

            assert [load["seq"] for load in after.loads[:5]] == [load["seq"] for load in before.loads[2:]]
            assert len(after.loads) == 6, "nothing twice: what was acknowledged before is not sent again"
            assert kept(before, after) == sorted(kept(before, after))
            assert before.hellos[0]["client"] == after.hellos[0]["client"]
            assert after.hellos[0]["waiting"] == 5
            assert after.problems == []


async def test_unacknowledged_events_come_again_under_their_own_numbers(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in() as deaf, rig.browser(browser_name) as browser:
        deaf.acknowledge = False
        await visit(browser, 1, 3)
        await arrived(deaf, 3)
        await deaf.stop()
        async with rig.stand_in() as after:
            await arrived(after, 3)
            sent = {load["seq"]: load for load in deaf.loads}
            assert [load["seq"] for load in after.loads] == list(sent)
            for load in after.loads:
                assert load["at"] == sent[load["seq"]]["at"], "the time is when it was seen, not when it was sent"


async def test_a_killed_host_is_replaced_and_nothing_is_lost(browser: Browser, stand_in: StandIn, rig: Rig) -> None:
    stand_in.acknowledge = False
    await visit(browser, 1, 5)
    await arrived(stand_in, 5)
    host = await rig.host_of(browser)
    stand_in.acknowledge = True
    os.kill(host, signal.SIGKILL)
    await until(lambda: len(stand_in.hellos) == 2, "a new host", seconds=40)
    await until(lambda: len(stand_in.loads) >= 10, "what was not acknowledged")
    await visit(browser, 6, 1)
    await until(lambda: len(kept(stand_in)) == 6, "a page seen through the new host")

    assert kept(stand_in) == sorted(kept(stand_in))
    assert await rig.host_of(browser) != host


async def test_a_host_that_was_suspended_goes_on(browser: Browser, stand_in: StandIn, rig: Rig) -> None:
    await visit(browser, 1, 1)
    await arrived(stand_in, 1)
    host = await rig.host_of(browser)
    os.kill(host, signal.SIGSTOP)
    try:
        await visit(browser, 2, 3)
        assert len(stand_in.loads) == 1
    finally:
        os.kill(host, signal.SIGCONT)
    await until(lambda: len(kept(stand_in)) == 4, "what was seen meanwhile")
    assert kept(stand_in) == sorted(kept(stand_in))
    assert stand_in.problems == []


async def test_the_host_leaves_with_its_browser(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in() as stand_in, rig.browser(browser_name) as browser:
        await until(lambda: stand_in.connections, "the connection")
        host = await rig.host_of(browser)
        await browser.close()
        await until(lambda: not alive(host), "the host to leave", seconds=5)
        await until(lambda: stand_in.connections == 0, "its connection to end")


async def test_the_host_leaves_at_once_when_the_browser_crashes(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in() as stand_in, rig.browser(browser_name) as browser:
        await until(lambda: stand_in.connections, "the connection")
        host = await rig.host_of(browser)
        await browser.kill()
        await until(lambda: not alive(host), "the host to leave", seconds=5)


async def test_what_a_crash_took_is_reported_as_lost(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in() as deaf:
        deaf.acknowledge = False
        async with rig.browser(browser_name) as browser:
            await visit(browser, 1, 3)
            await arrived(deaf, 3)
            await rig.profile_written(browser, waiting=3)
            await browser.kill()
    async with rig.stand_in() as stand_in, rig.browser(browser_name) as browser:
        await until(lambda: stand_in.hellos, "the next session")
        assert stand_in.hellos[0]["lost"] == 3
        await see_sentinel(browser, stand_in)
        assert [load["page_class"] for load in stand_in.loads] == ["company_page"]


async def test_a_stopped_worker_wakes_with_its_queue(rig: Rig) -> None:
    async with rig.stand_in() as deaf, rig.browser("chromium") as browser:
        assert isinstance(browser, Chromium)
        deaf.acknowledge = False
        await visit(browser, 1, 2)
        await arrived(deaf, 2)
        await deaf.stop()
        await browser.stop_worker()
        async with rig.stand_in() as after:
            await visit(browser, 3, 1)  # wakes a new worker, which finds the queue
            await until(lambda: len(kept(after)) >= 2, "the two that were waiting", seconds=30)
            await visit(browser, 4, 1)
            await until(lambda: len(kept(after)) >= 3, "a page seen by the new worker")
            assert kept(after)[:2] == kept(deaf), "the queue outlived the worker"
            assert kept(after) == sorted(kept(after))
            assert after.hellos[0]["client"] == deaf.hellos[0]["client"]


async def test_two_browsers_at_once_do_not_mix(rig: Rig) -> None:
    async with rig.stand_in() as stand_in, rig.browser("chromium") as one, rig.browser("firefox") as two:
        await until(lambda: len(stand_in.hellos) >= 2, "both browsers", seconds=40)
        for number in range(3):
            await visit(one, number, 1)
            await visit(two, 100 + number, 1)
        await arrived(stand_in, 6)

        assert {hello["browser"] for hello in stand_in.hellos} == {"chromium", "firefox"}
        assert len({hello["client"] for hello in stand_in.hellos}) == 2
        assert len(stand_in.loads) == 6
        assert stand_in.problems == []
