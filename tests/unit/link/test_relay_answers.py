"""Answers to flags over a real socket: acknowledged after the commit, never lost, never twice, bounded.

docs/protocol.md, «Answers», is the specification; the store is one that a test can hold up or make fail.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from agent.link.checks import FUTURE_MS
from agent.link.relay import MAX_ANSWERS, RelayServer
from agent.store.errors import StoreError, StoreFull
from tests.support.client import RelayClient, answer, load
from tests.support.waiting import until
from tests.unit.link.keeping import NOW, House, finding

Calling = Callable[..., AbstractAsyncContextManager[RelayClient]]


async def test_an_answer_is_acknowledged_once_it_is_stored_and_not_before(browser: RelayClient, house: House) -> None:
    house.keeper.proceed.clear()
    await browser.send(answer("f1", NOW, "mistaken", 77))
    await browser.send({"v": 1, "kind": "ping"})
    await browser.expect("pong")
    assert browser.seen("answered") == []
    house.keeper.proceed.set()
    said = await browser.expect("answered")
    assert said == {"v": 1, "kind": "answered", "finding": "f1", "at": NOW, "recorded": True}
    (kept,) = house.answers
    assert (kept.finding, kept.category, kept.at, kept.dwell_ms) == ("f1", "mistaken", NOW, 77)


async def test_the_same_answer_again_is_over_and_not_recorded_again(browser: RelayClient, house: House) -> None:
    for recorded in (True, False):
        await browser.send(answer("f1", NOW))
        await browser.expect("answered", lambda said, r=recorded: said["recorded"] is r)  # type: ignore[misc]
    assert len(house.answers) == 1


async def test_a_full_disk_or_a_failing_one_asks_for_it_again(browser: RelayClient, house: House) -> None:
    for failure, reason in ((StoreFull("full"), "store_full"), (StoreError("no"), "store_failed")):
        house.keeper.fails = [failure]
        await browser.send(answer("f1", NOW))
        await browser.expect("refuse", lambda said, r=reason: said["reason"] == r)  # type: ignore[misc]
    assert not house.answers
    assert not browser.seen("answered")
    await browser.send(answer("f1", NOW))
    await browser.expect("answered")


async def test_an_answer_from_the_future_is_over_without_being_kept(browser: RelayClient, house: House) -> None:
    await browser.send(answer("f1", NOW + FUTURE_MS))
    assert (await browser.expect("answered"))["recorded"] is True
    await browser.send(answer("f2", NOW + FUTURE_MS + 1))
    assert (await browser.expect("answered", lambda said: said["finding"] == "f2"))["recorded"] is False
    assert [kept.finding for kept in house.answers] == ["f1"]
    assert house.counts["relay.answer_in_future"] == 1


async def test_nobody_answers_before_a_greeting(calling: Calling, house: House) -> None:
    async with calling() as link:
        await link.send(answer("f1", NOW))
        assert (await link.expect("refuse"))["reason"] == "no_hello"
    assert house.answers == []


async def test_only_so_many_wait_at_a_time_and_page_loads_go_on(browser: RelayClient, house: House) -> None:
    house.keeper.proceed.clear()
    for number in range(MAX_ANSWERS + 3):
        await browser.send(answer(f"f{number}", NOW))
    await until(lambda: house.counts["relay.answers_busy"] == 3, "three answers to be put off")
    await browser.send(load(1, NOW))
    house.keeper.proceed.set()
    await browser.acknowledged(1)
    await until(lambda: len(browser.seen("answered")) == MAX_ANSWERS, "every answer that was taken")
    await browser.send(answer(f"f{MAX_ANSWERS}", NOW))
    await until(lambda: len(house.answers) == MAX_ANSWERS + 1, "one that was put off, sent again")


async def test_a_defect_of_ours_ends_the_connection_and_is_counted(browser: RelayClient, house: House) -> None:
    house.keeper.fails = [RuntimeError("a defect")]
    await browser.send(answer("f1", NOW))
    await until(lambda: house.counts["relay.session_failed"] == 1, "the defect to be counted")


async def test_an_answer_is_pushed_to_every_browser_with_its_flag(
    calling: Calling, server: RelayServer, browser: RelayClient
) -> None:
    async with calling("B" * 22) as other:
        await other.greet()
        await other.expect("flags")
        server.push_flags([finding(answer="mistaken")])
        for link in (browser, other):
            said = await link.expect("flags", lambda message: bool(message["flags"]))
            assert said["flags"][0]["answer"] == "mistaken"
