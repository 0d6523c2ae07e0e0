"""A browser's session over a real socket: greeting, acknowledging after the commit, dropping, refusing, failing.

The store is one that a test can hold up or make fail; docs/protocol.md is the specification.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from agent.link.relay import PAUSE_AT, RelayServer, RelaySession
from agent.store.errors import StoreError, StoreFull
from tests.support import wire
from tests.support.client import RelayClient, hello, load, loads
from tests.support.waiting import until
from tests.unit.link.conftest import CLIENT
from tests.unit.link.keeping import DAY_MS, MARKER, NOW, House, call_as_nobody, finding

Calling = Callable[..., AbstractAsyncContextManager[RelayClient]]


def at_now(seq: int, **fields: Any) -> wire.Message:
    return load(seq, fields.pop("at", NOW), **fields)


def many(first: int, last: int) -> wire.Message:
    return loads(at_now(seq) for seq in range(first, last + 1))


async def answered(link: RelayClient) -> None:
    """Wait until everything sent so far was read: answers come in order."""
    before = len(link.seen("pong"))
    await link.send({"v": 1, "kind": "ping"})
    await until(lambda: len(link.seen("pong")) > before, "a pong")


# Greeting


async def test_hello_is_answered_by_welcome_gate_and_flags_in_this_order(
    calling: Calling, server: RelayServer, house: House
) -> None:
    server.push_flags([finding()])
    house.keeper.marks[CLIENT] = 41
    async with calling() as link:
        await link.greet(waiting=3)
        await link.expect("flags")
        assert [message["kind"] for message in link.received] == ["welcome", "gate", "flags"]
        assert link.received[0] == {
            "v": 1,
            "kind": "welcome",
            "agent_version": "9.9.9",
            "mode": "personal",
            "organisation": "",
            "contact": "",
            "acked": 41,
        }
        states = {gate["purpose"]: gate["state"] for gate in link.received[1]["gates"]}
        assert states["security.detect-bulk-collection"] == "open"
        assert [flag["name"] for flag in link.received[2]["flags"]] == ["yt-dlp"]
        assert server.connected() == {CLIENT: ()}
        assert house.keeper.hellos[0].waiting == 3
    await until(lambda: not server.connected(), "the session to be forgotten")
    assert house.changes >= 2


async def test_nothing_is_taken_before_hello(calling: Calling, house: House) -> None:
    async with calling() as link:
        await link.send(at_now(1))
        assert (await link.expect("refuse"))["reason"] == "no_hello"
        assert house.counts["relay.no_hello"] == 1
        await link.greet()
        await link.send(at_now(1))
        await link.acknowledged(1)
    assert house.keeper.seqs(CLIENT) == [1]


async def test_one_connection_serves_one_client(browser: RelayClient, house: House) -> None:
    await browser.send(at_now(1))
    await browser.send(hello("B" * 22))
    assert (await browser.expect("refuse"))["reason"] == "bad_field"
    await browser.send(at_now(2))
    await browser.acknowledged(2)
    assert house.keeper.seqs(CLIENT) == [1, 2]
    assert house.keeper.seqs("B" * 22) == []


async def test_who_says_hello_twice_is_answered_twice(browser: RelayClient, house: House) -> None:
    await browser.send(at_now(1))
    await browser.send(hello(CLIENT))
    await browser.send(at_now(2))
    await browser.acknowledged(2)
    await until(lambda: len(browser.seen("welcome")) == 2, "a second welcome")
    assert house.keeper.seqs(CLIENT) == [1, 2]


async def test_ping_and_open_page_are_answered(browser: RelayClient) -> None:
    await browser.send({"v": 1, "kind": "ping"})
    await browser.expect("pong")
    await browser.send({"v": 1, "kind": "open_page"})
    page = await browser.expect("page")
    assert len(page["url"]) <= 512


async def test_gates_and_flags_are_pushed_to_every_greeted_browser_and_to_no_other(
    calling: Calling, server: RelayServer, house: House
) -> None:
    async with calling("A" * 22) as one, calling("B" * 22) as two, calling("C" * 22) as silent:
        await one.greet()
        await two.greet()
        await answered(silent)
        house.close_gate(NOW)
        server.push_gates()
        server.push_flags([finding()])
        for link in (one, two):
            closed = await link.expect("gate", lambda m: m["gates"][0]["state"] == "closed")
            assert closed["gates"][0]["reason"] == "objected"
            await link.expect("flags", lambda m: len(m["flags"]) == 1)
        await answered(silent)
        assert [message["kind"] for message in silent.received] == ["pong", "pong"]


# Page loads


async def test_an_acknowledgement_comes_after_the_commit_and_never_before(browser: RelayClient, house: House) -> None:
    house.keeper.proceed.clear()
    await browser.send(at_now(1))
    await browser.send(at_now(2))
    await answered(browser)
    assert browser.seen("ack") == []
    assert house.detected == []
    house.keeper.proceed.set()
    await browser.acknowledged(2)
    assert house.keeper.seqs(CLIENT) == [1, 2]
    assert [seen.seq for seen in house.detected] == [1, 2]


async def test_what_comes_during_a_commit_goes_into_the_next_and_is_acknowledged_together(
    browser: RelayClient, house: House
) -> None:
    house.keeper.proceed.clear()
    for seq in range(1, 51):
        await browser.send(at_now(seq))
    await answered(browser)
    house.keeper.proceed.set()
    await browser.acknowledged(50)
    assert house.keeper.seqs(CLIENT) == list(range(1, 51))
    assert house.keeper.commits <= 3
    assert len(browser.seen("ack")) == house.keeper.commits


async def test_every_field_of_a_page_load_is_kept_as_it_was_sent(browser: RelayClient, house: House) -> None:
    sent = at_now(7, platform="x", page_class="search", first=False, sequential=True, at=NOW - 5)
    await browser.send(sent)
    await browser.acknowledged(7)
    (kept,) = house.keeper.stored[CLIENT]
    assert (kept.client, kept.seq, kept.platform, kept.page_class) == (CLIENT, 7, "x", "search")
    assert (kept.at, kept.first, kept.sequential) == (NOW - 5, False, True)


async def test_replayed_numbers_are_counted_and_kept_once(browser: RelayClient, house: House) -> None:
    await browser.send(many(1, 3))
    await browser.acknowledged(3)
    await browser.send(many(2, 5))
    await browser.acknowledged(5)
    await browser.send(at_now(1))
    await until(lambda: house.counts["relay.replayed"] == 3, "the replay to be counted")
    await until(lambda: len(browser.seen("ack")) == 3, "the replay to be acknowledged")
    assert browser.seen("ack")[-1] == {"v": 1, "kind": "ack", "seq": 5}
    assert house.keeper.seqs(CLIENT) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"at": NOW + 5_001}, "time_in_future"),
        ({"at": NOW - DAY_MS - 1}, "time_too_old"),
        ({"platform": "example"}, "unknown_platform"),
        ({"page_class": "messages"}, "unknown_class"),
    ],
)
async def test_what_may_not_be_kept_is_acknowledged_as_dropped(
    browser: RelayClient, house: House, fields: dict[str, Any], reason: str
) -> None:
    await browser.send(at_now(1, **fields))
    await browser.send(at_now(2))
    await browser.acknowledged(2)
    assert browser.dropped == [{"seq": 1, "reason": reason}]
    assert house.counts[f"relay.{reason}"] == 1
    assert house.keeper.seqs(CLIENT) == [2]
    assert house.keeper.marks[CLIENT] == 2


async def test_the_edges_of_time_belong_to_what_is_kept(browser: RelayClient, house: House) -> None:
    await browser.send(at_now(1, at=NOW + 5_000))
    await browser.send(at_now(2, at=NOW - DAY_MS))
    await browser.acknowledged(2)
    assert house.keeper.seqs(CLIENT) == [1, 2]


async def test_a_page_load_is_judged_by_the_gate_that_held_when_it_was_observed(
    browser: RelayClient, house: House
) -> None:
    house.close_gate(NOW - 1_000)
    await browser.send(loads([at_now(1, at=NOW - 1_001), at_now(2, at=NOW - 1_000), at_now(3)]))
    await browser.acknowledged(3)
    assert house.keeper.seqs(CLIENT) == [1]
    assert browser.dropped == [{"seq": 2, "reason": "gate_closed"}, {"seq": 3, "reason": "gate_closed"}]
    assert house.counts["relay.gate_closed"] == 2


async def test_a_batch_of_which_nothing_is_kept_moves_the_mark(browser: RelayClient, house: House) -> None:
    await browser.send(at_now(4, platform="example"))
    await browser.acknowledged(4)
    assert house.keeper.marks[CLIENT] == 4
    assert house.detected == []


async def test_one_broken_event_among_many_is_dropped_alone(browser: RelayClient, house: House) -> None:
    broken = many(1, 3)
    broken["loads"][1]["first"] = "yes"
    await browser.send(broken)
    await browser.acknowledged(3)
    assert (await browser.expect("refuse"))["reason"] == "bad_field"
    assert browser.dropped == [{"seq": 2, "reason": "bad_field"}]
    assert house.keeper.seqs(CLIENT) == [1, 3]


async def test_what_is_salvaged_while_the_greeting_is_under_way_is_not_skipped(calling: Calling, house: House) -> None:
    """A later number's acknowledgement would speak for it."""
    house.keeper.proceed.clear()
    broken = many(1, 3)
    broken["loads"][1]["first"] = "yes"
    async with calling() as link:
        await link.send(hello(CLIENT))
        await link.send(broken)
        await link.send(at_now(4))
        await answered(link)
        house.keeper.proceed.set()
        await link.acknowledged(4)
    assert house.keeper.seqs(CLIENT) == [1, 3, 4]


# Broken frames


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (wire.pack(b""), "frame_empty"),
        (wire.pack(b"{"), "not_json"),
        (wire.encode({"v": 9, "kind": "ping"}), "unknown_version"),
        (wire.encode({"v": 1, "kind": "sonnet"}), "unknown_kind"),
        (wire.encode({"v": 1, "kind": "ping", "x": 1}), "bad_field"),
    ],
)
async def test_a_broken_frame_is_refused_counted_and_the_session_goes_on(
    browser: RelayClient, house: House, data: bytes, reason: str
) -> None:
    await browser.send_bytes(wire.encode(at_now(1)) + data + wire.encode(at_now(2)))
    await browser.acknowledged(2)
    assert [refusal["reason"] for refusal in browser.seen("refuse")] == [reason]
    assert house.counts[f"relay.{reason}"] == 1
    assert house.keeper.seqs(CLIENT) == [1, 2]


async def test_a_frame_too_long_ends_the_connection_and_loses_nothing_before_it(
    browser: RelayClient, server: RelayServer, house: House
) -> None:
    await browser.send_bytes(wire.encode(at_now(1)) + wire.pack(b" " * (wire.LIMIT + 1)))
    await until(browser.closed.is_set, "the agent to close")
    assert browser.seen("refuse")[0]["reason"] == "frame_too_long"
    await until(lambda: house.keeper.seqs(CLIENT) == [1], "what came before to be stored")
    await until(lambda: not server.sessions, "the session to be forgotten")
    assert (house.counts["relay.frame_too_long"], house.counts["relay.frame_short"]) == (1, 0)


async def test_a_stream_that_ends_inside_a_frame_is_counted(
    calling: Calling, server: RelayServer, house: House
) -> None:
    async with calling() as link:
        await link.greet()
        await link.send_bytes(wire.encode(at_now(1))[:-1])
    await until(lambda: house.counts["relay.frame_short"], "the short frame to be counted")
    assert house.keeper.seqs(CLIENT) == []


async def test_nothing_that_was_sent_is_answered_or_logged(
    browser: RelayClient, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house.keeper.fails = [StoreError(f"a page of {MARKER}.db cannot be read")]
    for message in (
        {"v": 1, "kind": MARKER},
        {"v": MARKER, "kind": "ping"},
        {"v": 1, "kind": "ping", f"x - at [{MARKER}]": MARKER},
        at_now(1, platform=MARKER),
        at_now(2, page_class=MARKER),
        at_now(3, title=MARKER),
        {**at_now(4), "seq": MARKER},
        hello(MARKER),
    ):
        await browser.send(message)
    await browser.send_bytes(wire.pack(MARKER.encode()))
    await browser.expect("refuse", lambda refusal: refusal["reason"] == "store_failed")
    await browser.send(many(1, 4))
    await browser.acknowledged(4)
    assert len(browser.seen("refuse")) >= 7
    assert MARKER not in str(browser.received)
    assert caplog.records
    assert MARKER not in caplog.text


# A store that fails


@pytest.mark.parametrize(
    ("failure", "reason"), [(StoreFull("full"), "store_full"), (StoreError("broken"), "store_failed")]
)
async def test_what_could_not_be_stored_is_said_and_taken_when_it_comes_again(
    browser: RelayClient, house: House, failure: Exception, reason: str
) -> None:
    house.keeper.fails = [failure]
    await browser.send(at_now(1))
    assert (await browser.expect("refuse"))["reason"] == reason
    assert house.counts[f"relay.{reason}"] == 1
    assert browser.seen("ack") == []
    await browser.send(at_now(1))
    await browser.acknowledged(1)
    assert house.keeper.seqs(CLIENT) == [1]


async def test_after_a_failure_nothing_newer_is_taken_until_the_oldest_comes_again(
    browser: RelayClient, house: House
) -> None:
    house.keeper.fails = [StoreError("broken")]
    await browser.send(many(1, 3))
    await browser.expect("refuse")
    await browser.send(at_now(4))
    await browser.send(at_now(5))
    await answered(browser)
    assert house.counts["relay.after_failure"] == 2
    assert (browser.seen("ack"), house.keeper.seqs(CLIENT)) == ([], [])
    await browser.send(many(1, 5))
    await browser.acknowledged(5)
    assert house.keeper.seqs(CLIENT) == [1, 2, 3, 4, 5]


async def test_a_replay_that_fails_in_its_turn_is_not_spoken_for_by_its_second_half(
    browser: RelayClient, house: House
) -> None:
    house.keeper.fails = [StoreError("broken"), StoreError("broken")]
    await browser.send(many(1, 6))
    await browser.expect("refuse")
    await browser.send(many(1, 3))
    await until(lambda: len(browser.seen("refuse")) == 2, "the replay to fail")
    await browser.send(many(4, 6))  # was under way when its first half failed, and went up to 6 once before
    await answered(browser)
    assert (browser.seen("ack"), house.keeper.seqs(CLIENT)) == ([], [])
    await browser.send(many(1, 6))
    await browser.acknowledged(6)
    assert house.keeper.seqs(CLIENT) == [1, 2, 3, 4, 5, 6]


async def test_a_queue_that_dropped_its_oldest_meanwhile_begins_again_all_the_same(
    browser: RelayClient, house: House
) -> None:
    house.keeper.fails = [StoreError("broken")]
    await browser.send(many(1, 6))
    await browser.expect("refuse")
    await browser.send(many(3, 8))
    await browser.acknowledged(8)
    assert house.keeper.seqs(CLIENT) == [3, 4, 5, 6, 7, 8]


async def test_a_greeting_that_could_not_be_stored_may_be_said_again(calling: Calling, house: House) -> None:
    house.keeper.fails = [StoreError("broken")]
    async with calling() as link:
        await link.send(hello(CLIENT))
        assert (await link.expect("refuse"))["reason"] == "store_failed"
        assert link.seen("welcome") == []
        await link.greet()
        await link.send(at_now(1))
        await link.acknowledged(1)


async def test_a_defect_in_the_store_ends_this_session_and_no_other(
    calling: Calling, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async with calling("A" * 22) as one, calling("B" * 22) as two:
        await one.greet()
        await two.greet()
        house.keeper.fails = [RuntimeError(MARKER)]
        await one.send(at_now(1))
        await until(one.closed.is_set, "the session to be closed")
        assert house.counts["relay.session_failed"] == 1
        assert MARKER not in caplog.text
        await two.send(at_now(1))
        await two.acknowledged(1)


# Back-pressure


async def test_a_browser_that_sends_faster_than_the_disk_is_made_to_wait(
    browser: RelayClient, server: RelayServer, house: House
) -> None:
    house.keeper.proceed.clear()
    batch = 500
    count = 40
    sending = asyncio.create_task(
        browser.send_bytes(b"".join(wire.encode(many(n * batch + 1, (n + 1) * batch)) for n in range(count)))
    )
    session = await until(lambda: next(paused(server), None), "reading to pause")
    await asyncio.sleep(0.05)
    assert PAUSE_AT < len(session._waiting) < count * batch
    house.keeper.proceed.set()
    await sending
    await browser.acknowledged(count * batch)
    assert house.keeper.seqs(CLIENT) == list(range(1, count * batch + 1))


async def test_a_store_that_fails_while_reading_is_paused_does_not_leave_the_browser_waiting(
    browser: RelayClient, server: RelayServer, house: House
) -> None:
    house.keeper.proceed.clear()
    await browser.send(at_now(1))
    await answered(browser)
    for n in range(PAUSE_AT // 500 + 1):
        await browser.send(many(n * 500 + 2, n * 500 + 501))
    await until(lambda: next(paused(server), None), "reading to pause")
    house.keeper.fails = [StoreError("broken")]
    house.keeper.proceed.set()
    await browser.expect("refuse")
    await browser.send(many(1, 3))
    await browser.acknowledged(3)


def paused(server: RelayServer) -> Iterator[RelaySession]:
    return (session for session in server.sessions if session._paused)


# Who may call


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root can call as somebody else")
async def test_another_user_is_turned_away_by_the_kernels_word_whatever_the_rights_say(
    server: RelayServer, house: House, folder: Path
) -> None:
    said = wire.encode(hello(CLIENT)) + wire.encode(at_now(1))
    assert await call_as_nobody(folder / "relay.sock", said) == 0
    assert house.counts["relay.foreign_uid"] == 1
    assert (house.keeper.hellos, server.sessions) == ([], set())


# The socket itself


async def test_stopping_closes_every_session_and_takes_the_socket_away(
    server: RelayServer, browser: RelayClient, folder: Path
) -> None:
    await server.stop()
    await until(browser.closed.is_set, "the agent to close")
    assert not (folder / "relay.sock").exists()
    with socket.socket(socket.AF_UNIX) as link, pytest.raises(FileNotFoundError):
        link.connect(str(folder / "relay.sock"))
