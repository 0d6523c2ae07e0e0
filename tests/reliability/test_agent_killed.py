"""The agent is killed with -9 in mid-stream, again and again; what it acknowledged is there, exactly once.

Each round starts the agent, sends a stream of page loads, kills the agent at a random moment, and remembers the highest
number that was acknowledged. After a restart everything that was not acknowledged is sent again under its old number,
as an extension does. In the end every number was acknowledged, so the store must hold each exactly once. A loss and a
repetition could hide each other in one total, so the numbers are spread over many platforms and classes, and each of
those totals must be right.

`GW_RELIABILITY=full` kills a hundred times, otherwise ten.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter

import pytest

from tests.reliability.through_host import HostPipe
from tests.support import client, wire
from tests.support.agent import Agent
from tests.support.client import RelayClient, connect, load, new_client_id
from tests.support.wire import Message

ROUNDS = 100 if os.environ.get("GW_RELIABILITY") == "full" else 10
KINDS = [(platform, page_class) for platform in ("linkedin", "x", "youtube", "tiktok") for page_class in sorted(
    {"profile", "people_list", "search", "post", "media"}
)]  # fmt: skip


def numbered(seq: int) -> Message:
    """Make the page load with a number; its platform and class follow from the number."""
    platform, page_class = KINDS[seq % len(KINDS)]
    return load(seq, platform=platform, page_class=page_class)


def expected(last: int) -> Counter[tuple[str, str]]:
    """Return the totals when each number from 1 to `last` is there once."""
    return Counter(KINDS[seq % len(KINDS)] for seq in range(1, last + 1))


class Stream:
    """The extension's side: which numbers exist, and which of them are acknowledged."""

    def __init__(self) -> None:
        self.waiting: dict[int, Message] = {}
        self.next = 1

    def make(self, count: int) -> list[Message]:
        """See some more pages."""
        fresh = [numbered(seq) for seq in range(self.next, self.next + count)]
        self.next += count
        self.waiting.update({message["seq"]: message for message in fresh})
        return fresh

    def forget(self, acked: int) -> None:
        """Forget what is acknowledged."""
        for seq in [seq for seq in self.waiting if seq <= acked]:
            del self.waiting[seq]


async def replay(link: RelayClient, stream: Stream) -> None:
    """Greet and send everything that waits, oldest first, a few hundred at a time."""
    stream.forget((await link.greet(waiting=len(stream.waiting)))["acked"])
    waiting = list(stream.waiting.values())
    for start in range(0, len(waiting), 400):
        await link.send(client.loads(waiting[start : start + 400]))


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_every_acknowledged_event_is_there_exactly_once(agent: Agent) -> None:
    chance = random.Random(11)
    stream = Stream()
    who = new_client_id(1)
    killed_with_events_in_flight = 0
    for _ in range(ROUNDS):
        await agent.start()
        async with connect(agent.socket, who) as link:
            await replay(link, stream)
            kill = asyncio.create_task(kill_later(agent, chance.uniform(0.01, 0.15)))
            try:
                while not kill.done():
                    for message in stream.make(chance.randint(1, 40)):
                        await link.send(message)
                    await asyncio.sleep(chance.uniform(0, 0.004))
            except ConnectionError:
                pass
            await kill
            await link.closed.wait()
            stream.forget(link.acked)
            killed_with_events_in_flight += bool(stream.waiting)

    await agent.start()
    async with connect(agent.socket, who) as link:
        await replay(link, stream)
        await link.acknowledged(stream.next - 1)
    assert killed_with_events_in_flight > ROUNDS // 2, "the kills really came in mid-stream"
    assert await agent.totals() == expected(stream.next - 1)


async def kill_later(agent: Agent, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await agent.kill()


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_the_same_through_the_native_host(agent: Agent) -> None:
    chance = random.Random(12)
    stream = Stream()
    await agent.start()
    async with HostPipe.start(agent.folder, agent.env) as host:
        for round_number in range(ROUNDS // 2):
            if round_number:
                await agent.start()
            await host.until_up()
            await replay(host, stream)
            kill = asyncio.create_task(kill_later(agent, chance.uniform(0.01, 0.15)))
            while not kill.done():
                for message in stream.make(chance.randint(1, 40)):
                    await host.send(message)
                await asyncio.sleep(chance.uniform(0, 0.004))
            await kill
            await host.until_down()
            stream.forget(host.acked)
        await agent.start()
        await host.until_up()
        await replay(host, stream)
        await host.acknowledged(stream.next - 1)
    assert await agent.totals() == expected(stream.next - 1)


async def test_a_connection_cut_in_mid_stream_doubles_nothing(agent: Agent) -> None:
    """The browser reconnects while the agent still works on what the old connection had sent."""
    await agent.start()
    stream = Stream()
    who = new_client_id(3)
    for _ in range(8):
        async with connect(agent.socket, who) as link:
            await replay(link, stream)
            fresh = stream.make(3000)
            await link.send_bytes(b"".join(wire.encode(message) for message in fresh))
            stream.forget(link.acked)
    async with connect(agent.socket, who) as link:
        await replay(link, stream)
        await link.acknowledged(stream.next - 1)
    assert await agent.totals() == expected(stream.next - 1)


async def test_an_orderly_stop_keeps_everything_too(agent: Agent) -> None:
    await agent.start()
    who = new_client_id(4)
    async with connect(agent.socket, who) as link:
        await link.greet()
        for seq in range(1, 201):
            await link.send(numbered(seq))
        await link.acknowledged(200)
    assert await agent.stop() == 0
    await agent.start()
    assert await agent.totals() == expected(200)
