"""The law of delivery (docs/protocol.md, «Delivery»), for any chunking, any sequence of replays and any store failures.

A model of the extension numbers events, sends them alone or many at once, and begins again from its oldest whenever it
likes. Whatever happens, what the store has is each number once, in order, and nothing that was acknowledged is missing
from it; and once the store works again, a replay brings everything home.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.link.relay import RelayServer
from agent.store.errors import StoreError
from tests.support import wire
from tests.support.client import RelayClient, connect, hello, load, loads
from tests.support.places import short_folder
from tests.unit.link.conftest import CLIENT
from tests.unit.link.keeping import NOW, House, MemoryKeeper


@dataclass
class Extension:
    """The queue of docs/protocol.md: numbered once, sent in rising order, forgotten when acknowledged."""

    waiting: list[int] = field(default_factory=list)
    last: int = 0
    posted: int = 0

    def forget(self, acked: int) -> None:
        self.waiting = [seq for seq in self.waiting if seq > acked]

    def happen(self, gap: int) -> None:
        self.last += gap
        self.waiting.append(self.last)

    def begin_again(self) -> None:
        self.posted = 0

    def messages(self, size: int) -> Iterator[wire.Message]:
        """Yield what was not posted yet, `size` at a time."""
        due = [seq for seq in self.waiting if seq > self.posted]
        for start in range(0, len(due), size):
            part = [load(seq, NOW) for seq in due[start : start + size]]
            yield part[0] if len(part) == 1 else loads(part)
        self.posted = due[-1] if due else self.posted


STEPS = st.one_of(
    st.tuples(st.just("happen"), st.lists(st.integers(1, 3), min_size=1, max_size=6)),
    st.tuples(st.just("send"), st.integers(1, 4)),
    st.tuples(st.just("begin_again"), st.just(0)),
    st.tuples(st.just("fail"), st.lists(st.booleans(), min_size=1, max_size=4)),
    st.tuples(st.just("listen"), st.integers(0, 12)),
    st.tuples(st.just("hello"), st.just(0)),
)


def chunks(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Cut bytes into pieces of the given sizes, over and over."""
    start, turn = 0, 0
    while start < len(data):
        yield data[start : start + sizes[turn % len(sizes)]]
        start += sizes[turn % len(sizes)]
        turn += 1


async def live(server: RelayServer, house: House, steps: list[tuple[str, Any]], sizes: list[int], path: Any) -> None:
    extension, keeper = Extension(), house.keeper
    async with connect(path, CLIENT) as link:

        def heard() -> None:
            """Take in what came back, as the extension does, and hold the law at this moment."""
            stored = keeper.seqs(CLIENT)
            assert stored == sorted(set(stored)), "something is stored twice or out of order"
            lost = [seq for seq in extension.waiting if seq <= link.acked and seq not in stored]
            assert not lost, f"acknowledged and not stored: {lost}"
            extension.forget(link.acked)

        async def say(message: wire.Message) -> None:
            for piece in chunks(wire.encode(message), sizes):
                await link.send_bytes(piece)
                if len(piece) < 64:
                    await asyncio.sleep(0)

        await link.greet()
        for what, how in steps:
            match what:
                case "happen":
                    for gap in how:
                        extension.happen(gap)
                case "send":
                    for message in extension.messages(how):
                        await say(message)
                case "begin_again":
                    extension.begin_again()
                case "fail":
                    keeper.fails += [StoreError("broken") if fails else None for fails in how]
                case "listen":
                    for _ in range(how):
                        await asyncio.sleep(0)
                case "hello":
                    await say(hello(CLIENT))
                    extension.begin_again()
            if refused_since(link):
                # Said to send again later: a restart from the oldest, after what is under way already.
                extension.begin_again()
            heard()
        keeper.fails.clear()
        await home(link, extension, say, heard)
        heard()
    assert keeper.seqs(CLIENT) == everything(extension, steps)


def refused_since(link: RelayClient) -> bool:
    """Whether the store was said to have failed since this was last asked."""
    refusals = [m for m in link.received if m["kind"] == "refuse" and m["reason"] == "store_failed"]
    link.received = [m for m in link.received if m not in refusals]
    return bool(refusals)


async def home(link: RelayClient, extension: Extension, say: Any, heard: Any) -> None:
    """Send everything again until all of it is acknowledged; a failure from before may still be on its way."""
    for _ in range(20):
        heard()
        if not extension.waiting:
            return
        extension.begin_again()
        for message in extension.messages(3):
            await say(message)
        try:
            await link.acknowledged(extension.last, 0.5)
        except TimeoutError:
            continue
    raise AssertionError("what waits is never acknowledged")


def everything(extension: Extension, steps: list[tuple[str, Any]]) -> list[int]:
    numbers, last = [], 0
    for what, how in steps:
        for gap in how if what == "happen" else ():
            last += gap
            numbers.append(last)
    return numbers


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(STEPS, max_size=24),
    st.lists(st.integers(1, 400), min_size=1, max_size=4),
)
def test_each_number_is_stored_once_and_nothing_acknowledged_is_lost(
    steps: list[tuple[str, Any]], sizes: list[int]
) -> None:
    async def run() -> None:
        house = House(MemoryKeeper())
        house.open_gate()
        with short_folder() as folder:
            server = RelayServer(house.settings(), folder / "relay.sock", os.getuid())
            await server.start()
            try:
                await live(server, house, steps, sizes, folder / "relay.sock")
            finally:
                await server.stop()
                await asyncio.sleep(0)

    asyncio.run(run())
