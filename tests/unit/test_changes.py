"""Topics of what changed: everybody hears each, nobody is held up, and nothing grows."""

from __future__ import annotations

import asyncio
import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.changes import Changes, Listener


async def heard(listener: Listener) -> list[str]:
    """Return what a listener has to hear now."""
    topics = []
    while True:
        try:
            async with asyncio.timeout(0.01):
                topics.append(await anext(listener))
        except TimeoutError:
            return topics


async def test_every_listener_hears_a_topic_said_after_it_began() -> None:
    changes = Changes()
    early = changes.listen()
    changes.say("findings")
    late = changes.listen()
    changes.say("gates")
    assert await heard(early) == ["findings", "gates"]
    assert await heard(late) == ["gates"]


async def test_a_listener_that_waits_is_woken() -> None:
    changes = Changes()
    listener = changes.listen()
    waiting = asyncio.ensure_future(anext(listener))
    await asyncio.sleep(0)
    assert not waiting.done()
    changes.say("health")
    assert await asyncio.wait_for(waiting, 10) == "health"


async def test_one_listener_takes_nothing_from_another() -> None:
    changes = Changes()
    one, two = changes.listen(), changes.listen()
    changes.say("pages")
    assert await heard(one) == ["pages"]
    assert await heard(two) == ["pages"]


async def test_a_listener_that_gave_up_waiting_misses_nothing() -> None:
    changes = Changes()
    listener = changes.listen()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(listener), 0.01)
    changes.say("findings")
    assert await asyncio.wait_for(anext(listener), 10) == "findings"


async def test_a_listener_that_is_gone_is_forgotten() -> None:
    changes = Changes()
    listener = changes.listen()
    changes.say("findings")
    assert len(changes._listeners) == 1
    del listener
    gc.collect()
    assert len(changes._listeners) == 0
    changes.say("findings")


@given(st.lists(st.sampled_from(["findings", "pages", "browsers", "gates", "health"]), max_size=40))
def test_a_slow_listener_hears_each_topic_once_in_the_order_of_its_first_saying(said: list[str]) -> None:
    async def run() -> None:
        changes = Changes()
        listener = changes.listen()
        for topic in said:
            changes.say(topic)
        expected = list(dict.fromkeys(said))
        assert [await anext(listener) for _ in expected] == expected
        waiting = asyncio.ensure_future(anext(listener))
        await asyncio.sleep(0)
        assert not waiting.done(), "something was said twice"
        waiting.cancel()

    asyncio.run(run())
