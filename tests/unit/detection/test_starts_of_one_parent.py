"""Starts of one tool below one parent: a loop is told by when processes began, not by when the agent learned of them.

When watching begins, again after a pause or after an erasure, everything that runs is reported within a moment.
"""

from __future__ import annotations

import pytest

from agent.detection.correlate.shipped import load_rules
from agent.detection.findings import MAX_CANDIDATES
from agent.model.events import ProcessEnded
from agent.model.findings import CollectMode
from tests.unit.detection.small import MINUTE, SECOND, Small, who


def small() -> Small:
    """Return a detector with our own rules."""
    one = Small(load_rules())
    one.of["t"] = who("t")
    return one


def loops(one: Small) -> bool:
    return any(CollectMode.LOOP in found.modes for found in one.open().values())


@pytest.mark.parametrize(("apart", "is_one"), [(60 * MINUTE, False), (MINUTE, False), (10 * SECOND, True)])
async def test_what_already_runs_is_a_loop_where_it_was_started_as_one(apart: int, is_one: bool) -> None:
    one = small()
    for n in range(4, 0, -1):
        await one.start("t", parent=7, began=one.time.at - n * apart)
    assert loops(one) is is_one


@pytest.mark.parametrize("order", [(1, 2, 3, 4), (4, 3, 2, 1), (2, 4, 1, 3)])
async def test_numbers_that_were_given_out_anew_change_nothing(order: tuple[int, ...]) -> None:
    """What runs is reported in the order of process numbers, which is not always that of time."""
    one = small()
    for n in order:
        await one.start("t", parent=7, began=one.time.at - n * 60 * MINUTE)
    assert not loops(one)


@pytest.mark.parametrize(("loop_ago", "other_ago"), [(60, 0), (0, 60)])
async def test_a_loop_says_nothing_of_what_began_an_hour_before_or_after(loop_ago: int, other_ago: int) -> None:
    one = small()
    for n in range(4):
        await one.start("t", parent=7, began=one.time.at - loop_ago * MINUTE + n * SECOND)
    (loop,) = one.open().values()
    other = await one.start("t", parent=7, began=one.time.at - other_ago * MINUTE)
    (beside,) = [found for found in one.open().values() if found.id != loop.id]
    assert loop.modes == (CollectMode.LOOP,)
    assert ([ref.pid for ref in beside.processes], beside.modes) == ([other.key.pid], ())


async def test_processes_that_are_reported_again_after_a_pause_were_not_started_again() -> None:
    one = small()
    running = [await one.start("t", parent=7), await one.start("t", parent=7)]
    for _ in range(3):
        one.time.at += 30 * SECOND
        for event in running:
            await one.detector.started(one.seen_again(event))
    assert not loops(one)
    assert [found.count for found in one.open().values()] == [2]


async def test_after_an_erasure_nothing_is_left_of_the_starts_before() -> None:
    one = small()
    running = [await one.start("t", parent=7) for _ in range(3)]
    one.detector.forget()
    for event in running:
        await one.detector.started(one.seen_again(event))
    assert not loops(one)
    await one.start("t", parent=7)
    assert loops(one), "the fourth"


async def test_fetching_programs_are_judged_by_when_they_began_too() -> None:
    one = small()
    for n in range(12, 0, -1):
        await one.start("curl", parent=7, began=one.time.at - n * 60 * MINUTE)
    assert one.open() == {}
    for n in range(12, 0, -1):
        await one.start("curl", parent=8, began=one.time.at - n * SECOND)
    assert loops(one)


@pytest.mark.parametrize("name", ["t", "curl"])
async def test_of_loops_no_more_is_remembered_than_is_useful(name: str) -> None:
    one = small()
    for parent in range(5000, 5000 + MAX_CANDIDATES + 20):
        for _ in range(10 if name == "curl" else 4):
            event = await one.start(name, parent=parent)
            one.detector.ended(ProcessEnded(event.key, one.time.at))
    assert len(one.detector._loops) == MAX_CANDIDATES
