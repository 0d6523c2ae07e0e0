"""Bad input at the agent's socket: each piece is refused with a reason, counted, and disturbs nobody.

The table below is docs/protocol.md's table of broken frames and refusals. After each of them the same agent must still
take a good page load, over the same connection where the protocol says that it goes on, else over a new one.
"""

from __future__ import annotations

import json
import random
import struct
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import client, wire
from tests.support.agent import Agent
from tests.support.client import RelayClient, connect, load, new_client_id, now_ms
from tests.support.waiting import until
from tests.support.wire import Message

DAY = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Broken:
    """Something that must be refused.

    Attributes:
        name: What is wrong with it.
        data: The bytes.
        reason: The refusal's reason.
        goes_on: Whether the connection goes on.
    """

    name: str
    data: bytes
    reason: str
    goes_on: bool = True


def message(**fields: object) -> bytes:
    return wire.encode({"v": 1, **fields})


BROKEN = [
    Broken("a frame one byte too long", wire.pack(b" " * (wire.LIMIT + 1)), "frame_too_long", goes_on=False),
    Broken("a length of four gigabytes", struct.pack("=I", 0xFFFFFFFF), "frame_too_long", goes_on=False),
    Broken("an empty frame", wire.pack(b""), "frame_empty"),
    Broken("not JSON", wire.pack(b"{seq: 1"), "not_json"),
    Broken("not UTF-8", wire.pack(b'{"v":1,"kind":"\xff\xfe"}'), "not_json"),
    Broken("a list instead of an object", wire.pack(b"[1]"), "not_json"),
    Broken("a number instead of an object", wire.pack(b"7"), "not_json"),
    Broken("nested far too deep", wire.pack(b'{"v":1,"kind":' + b"[" * 30_000 + b"]" * 30_000 + b"}"), "not_json"),
    Broken("a version that does not exist yet", message(v=2, kind="load"), "unknown_version"),
    Broken("no version", wire.encode({"kind": "ping"}), "unknown_version"),
    Broken("an unknown kind", message(kind="telemetry", everything=1), "unknown_kind"),
    Broken("a field that the protocol does not have", message(kind="ping", url="https://x.com/a"), "bad_field"),
]

DROPPED: list[tuple[str, dict[str, Any], str]] = [
    ("an hour in the future", {"at": 3600 * 1000}, "time_in_future"),
    ("two days old", {"at": -2 * DAY}, "time_too_old"),
    ("an unknown platform", {"platform": "example"}, "unknown_platform"),
    ("a class that does not exist", {"page_class": "diary"}, "unknown_class"),
    ("a class that is never sent", {"page_class": "messages"}, "unknown_class"),
    ("a text where a truth value belongs", {"first": "yes"}, "bad_field"),
    ("a number where a text belongs", {"platform": 7}, "bad_field"),
    ("a field too many", {"title": "My private page"}, "bad_field"),
]


async def good(link: RelayClient, seq: int) -> None:
    """A good page load must be taken."""
    await link.send(load(seq))
    await link.acknowledged(seq)
    assert seq not in [drop["seq"] for drop in link.dropped]


async def test_each_broken_frame_is_refused_counted_and_survived(agent: Agent) -> None:
    await agent.start()
    for seq, broken in enumerate(BROKEN, start=1):
        before = (await agent.counters()).get(f"relay.{broken.reason}", 0)
        async with connect(agent.socket, new_client_id(seq)) as link:
            await link.greet()
            await link.send_bytes(broken.data)
            refusal = await link.expect("refuse")
            assert refusal["reason"] == broken.reason, broken.name
            assert refusal["detail"].strip(), f"{broken.name}: says what to do"
            if broken.reason == "unknown_version":
                assert refusal["speaks"] == [1]
            if broken.goes_on:
                await good(link, 1)
            else:
                await until(link.closed.is_set, "the agent to close")
        assert (await agent.counters())[f"relay.{broken.reason}"] == before + 1, broken.name
    async with connect(agent.socket, new_client_id(99)) as link:
        await link.greet()
        await good(link, 1)


async def test_each_wrong_page_load_is_acknowledged_as_dropped(agent: Agent) -> None:
    await agent.start()
    async with connect(agent.socket, new_client_id(1)) as link:
        await link.greet()
        for seq, (name, change, reason) in enumerate(DROPPED, start=1):
            moved = {"at": now_ms() + change["at"]} if "at" in change else {}
            await link.send(load(seq, **{**change, **moved}))
            await link.acknowledged(seq)
            assert {"seq": seq, "reason": reason} in link.dropped, name
        await good(link, len(DROPPED) + 1)
    assert await agent.totals() == {("linkedin", "profile"): 1}
    counters = await agent.counters()
    for reason in {reason for _, _, reason in DROPPED}:
        assert counters[f"relay.{reason}"] >= 1, reason


async def test_a_page_load_before_any_greeting_is_refused(agent: Agent) -> None:
    await agent.start()
    async with connect(agent.socket, new_client_id(1)) as link:
        await link.send(load(1))
        assert (await link.expect("refuse"))["reason"] == "no_hello"
        await link.greet()
        await good(link, 1)


async def test_a_stream_that_ends_inside_a_frame_is_counted(agent: Agent) -> None:
    await agent.start()
    async with connect(agent.socket, new_client_id(1)) as link:
        await link.greet()
        await link.send_bytes(wire.encode(load(1))[:-3])

    async def counted() -> bool:
        return (await agent.counters()).get("relay.frame_short", 0) == 1

    await until(counted, "the short frame to be counted")
    assert await agent.totals() == {}


async def test_replayed_and_reordered_numbers_are_kept_once(agent: Agent) -> None:
    await agent.start()
    async with connect(agent.socket, new_client_id(1)) as link:
        await link.greet()
        for seq in (1, 2, 5, 3, 2, 5, 6, 1):
            await link.send(load(seq))
        await link.acknowledged(6)
        await good(link, 7)
    # 3 came after 5 was taken: gaps are allowed and final, so that one number can stand for everything before it.
    assert await agent.totals() == {("linkedin", "profile"): 5}
    assert (await agent.counters())["relay.replayed"] == 4


async def test_a_replay_of_several_at_once_keeps_what_is_new(agent: Agent) -> None:
    await agent.start()
    async with connect(agent.socket, new_client_id(1)) as link:
        await link.greet()
        await link.send(client.loads(load(seq) for seq in range(1, 301)))
        await link.acknowledged(300)
        await link.send(client.loads(load(seq) for seq in range(201, 401)))
        await link.acknowledged(400)
    assert await agent.totals() == {("linkedin", "profile"): 400}


async def test_the_welcome_says_what_is_stored_already(agent: Agent) -> None:
    await agent.start()
    for expected in (0, 3):
        async with connect(agent.socket, new_client_id(1)) as link:
            assert (await link.greet())["acked"] == expected
            await link.send(load(3))
            await link.acknowledged(3)
    async with connect(agent.socket, new_client_id(2)) as other:
        assert (await other.greet())["acked"] == 0


async def test_noise_never_brings_the_agent_down(agent: Agent) -> None:
    """Random bytes, random frames, and good messages with one thing broken: the agent lives and stays reachable."""
    await agent.start()
    noise = random.Random(5)
    for _ in range(150):
        async with connect(agent.socket, new_client_id(noise.randrange(10))) as link:
            try:
                if noise.random() < 0.7:
                    await link.greet()
                for _ in range(noise.randint(1, 6)):
                    await link.send_bytes(_noise(noise))
            except ConnectionError:
                continue
    assert agent.running
    async with connect(agent.socket, new_client_id(1000)) as link:
        await link.greet()
        await good(link, 1)
    assert "Traceback" not in agent.log


def _noise(noise: random.Random) -> bytes:
    sort = noise.randrange(4)
    if sort == 0:
        return noise.randbytes(noise.randint(1, 300))
    if sort == 1:
        return wire.pack(noise.randbytes(noise.randint(0, 300)))
    broken: Message = load(noise.randint(-5, 1 << 70))
    broken[noise.choice(list(broken))] = noise.choice([None, -1, 1 << 80, "x" * 5000, [], {}, 1.5, True, "\ud800"])
    if sort == 2:
        return wire.encode(broken)
    return wire.encode({"v": 1, "kind": "loads", "loads": [broken] * noise.randint(0, 3)})


async def test_nothing_that_was_sent_is_logged_or_said_back(agent: Agent) -> None:
    await agent.start()
    async with connect(agent.socket, new_client_id(1)) as link:
        await link.greet()
        await link.send(load(1, title="SECRET-TITLE"))
        await link.send(load(2, platform="SECRET-PLATFORM"))
        await link.send({"v": 1, "kind": "SECRET-KIND"})
        await link.send({"v": 1, "kind": "ping", "SECRET-FIELD": "SECRET-VALUE"})
        await link.send_bytes(wire.pack(b'{"v":1,"kind":"SECRET-JSON'))
        await good(link, 3)
        answers = json.dumps(link.received)
    assert "SECRET" not in answers
    assert "SECRET" not in agent.log
    assert "SECRET" not in json.dumps(await agent.status())


@pytest.mark.parametrize("release", ["0.0.9", "0.2.0", "7.0.0"])
async def test_an_extension_of_another_release_is_welcome_and_shown(agent: Agent, release: str) -> None:
    await agent.start()
    async with connect(agent.socket, new_client_id(1)) as link:
        welcome = await link.greet(extension_version=release)
        assert welcome["v"] == 1
        await good(link, 1)
        assert [browser["extension_version"] for browser in (await agent.status())["browsers"]] == [release]
