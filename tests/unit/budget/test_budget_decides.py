"""The law of the budget: a step more while a limit is met, a step less once all is well, never a jump or a swing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from agent.budget import (
    FACTORS,
    MEGABYTE,
    MINUTE,
    Budget,
    Limit,
    Limits,
    Meter,
    Reading,
    State,
    Use,
    at_ease,
    decide,
    exceeded,
)
from agent.model.health import Condition

LIMITS = Limits(memory_mb=150, cpu_percent=3)
LAST = len(FACTORS) - 1

percents = st.none() | st.floats(0, 400)
uses = st.builds(Use, st.floats(1, 1000), percents, percents)
looks = st.lists(st.tuples(st.floats(0.1, 90), uses), min_size=1, max_size=60)

QUIET = Use(80, 0.4, 0.3)
BUSY = Use(80, 9.0, 8.0)
LARGE = Use(300, 0.4, 0.3)


def states(told: Sequence[tuple[float, Use]]) -> list[tuple[float, Use, State]]:
    """Each look's time and use, with the state after it; the first is the beginning."""
    now, state = 0.0, State()
    seen = [(now, QUIET, state)]
    for wait, use in told:
        now += wait
        state = decide(state, use, LIMITS, now)
        seen.append((now, use, state))
    return seen


@given(looks)
def test_it_goes_by_single_steps_within_its_bounds(told: list[tuple[float, Use]]) -> None:
    for (_, _, before), (_, _, after) in itertools.pairwise(states(told)):
        assert 0 <= after.step <= LAST
        assert abs(after.step - before.step) <= 1


@given(looks)
def test_it_slows_only_for_a_limit_and_speeds_up_only_at_ease(told: list[tuple[float, Use]]) -> None:
    for (_, _, before), (_, use, after) in itertools.pairwise(states(told)):
        if after.step > before.step:
            assert exceeded(use, LIMITS)
        if after.step < before.step:
            assert at_ease(use, LIMITS, before.met) and not exceeded(use, LIMITS)


@given(looks)
def test_it_says_which_limit_brought_it_there_exactly_while_it_is_slow(told: list[tuple[float, Use]]) -> None:
    for _, _, state in states(told):
        assert bool(state.met) == (state.step > 0)


@given(looks)
def test_no_step_follows_another_at_once(told: list[tuple[float, Use]]) -> None:
    moved = [
        (now, after.step - before.step)
        for (_, _, before), (now, _, after) in itertools.pairwise(states(told))
        if after.step != before.step and before.step
    ]
    changes = [now for now, _ in moved]
    assert all(later - sooner >= MINUTE / 4 for sooner, later in itertools.pairwise(changes))


@given(looks)
def test_whatever_was_before_a_quiet_time_ends_at_the_usual_pace(told: list[tuple[float, Use]]) -> None:
    quiet = [(10.0, QUIET)] * (6 * (LAST + 1) + 6)
    assert states([*told, *quiet])[-1][2].step == 0


@given(looks)
def test_whatever_was_before_a_long_excess_ends_at_the_slowest(told: list[tuple[float, Use]]) -> None:
    state = states([*told, *[(20.0, BUSY)] * (LAST + 1)])[-1][2]
    assert (state.step, state.met) == (LAST, frozenset({Limit.CPU}))


def test_what_was_too_much_and_is_no_longer_slows_nothing() -> None:
    assert decide(State(), Use(80, minute=9.0, lately=0.5), LIMITS, 60.0).step == 0


def test_memory_close_to_its_limit_does_not_keep_slow_what_the_processor_slowed() -> None:
    close = Use(145, minute=0.4, lately=0.3)
    assert decide(State(3, 0.0, frozenset({Limit.CPU})), close, LIMITS, 61.0).step == 2
    assert decide(State(3, 0.0, frozenset({Limit.MEMORY})), close, LIMITS, 61.0).step == 3


def test_a_processor_close_to_its_limit_does_not_keep_slow_what_memory_slowed() -> None:
    close = Use(80, minute=2.7, lately=2.7)
    assert decide(State(3, 0.0, frozenset({Limit.MEMORY})), close, LIMITS, 61.0).step == 2
    assert decide(State(3, 0.0, frozenset({Limit.CPU})), close, LIMITS, 61.0).step == 3


def test_memory_counts_at_once() -> None:
    assert decide(State(), LARGE, LIMITS, 1.0) == State(1, 1.0, frozenset({Limit.MEMORY}))


def test_the_meter_says_percent_of_one_core_over_the_minute() -> None:
    meter = Meter()
    used = [meter.add(Reading(cpu_seconds=at * 0.02, memory_bytes=90 * MEGABYTE), float(at)) for at in range(0, 121, 6)]
    assert used[0] == Use(90, None, None)
    assert used[-1].minute is not None and abs(used[-1].minute - 2.0) < 1e-9
    assert used[-1].lately is not None and abs(used[-1].lately - 2.0) < 1e-9


@given(st.lists(st.tuples(st.floats(0.1, 30), st.floats(0, 20)), min_size=1, max_size=100))
def test_the_meter_is_never_negative_and_holds_no_more_than_a_minute_asks(steps: list[tuple[float, float]]) -> None:
    meter, now, spent = Meter(), 0.0, 0.0
    for wait, seconds in steps:
        now, spent = now + wait, spent + seconds
        use = meter.add(Reading(spent, MEGABYTE), now)
        assert (use.minute or 0.0) >= 0 and (use.lately or 0.0) >= 0
        assert use.minute is None or now >= MINUTE


class Told:
    """What a budget said and did."""

    def __init__(self) -> None:
        self.paces: list[int] = []
        self.budget = Budget(LIMITS, lambda: Reading(0, 0), self.paces.append, lambda: 0.0)

    def spend(self, percent: float, memory_mb: float, minutes: int, since: float, spent: float) -> tuple[float, float]:
        for _ in range(minutes * 10):
            since += MINUTE / 10
            spent += percent / 100 * MINUTE / 10
            self.budget.take(Reading(spent, round(memory_mb * MEGABYTE)), since)
        return since, spent


def test_a_busy_spell_slows_the_sensors_by_doubling_and_ends() -> None:
    told = Told()
    at, spent = told.spend(10, 90, 4, 0.0, 0.0)
    assert told.paces == [2, 4, 8, 16]
    health = told.budget.health()
    assert health.condition is Condition.DEGRADED
    assert "processor limit" in health.how and "memory limit" not in health.how
    told.spend(0.5, 90, 8, at, spent)
    assert told.paces == [2, 4, 8, 16, 8, 4, 2, 1]
    assert told.budget.health().condition is Condition.WORKING


async def test_where_nothing_can_be_measured_nothing_is_slowed_and_health_says_so() -> None:
    paces: list[int] = []

    def denied() -> Reading:
        raise PermissionError

    budget = Budget(LIMITS, denied, paces.append, lambda: 0.0)
    await budget.look()
    assert budget.health().condition is Condition.DEGRADED
    assert not paces
