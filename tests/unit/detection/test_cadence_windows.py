"""A person reads, a machine walks: simulated, since no recorded sessions are to be had; seeds are fixed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detection.cadence import MAX_PAUSE_MS, WINDOW, Cadence, CadenceWindows, judge
from agent.model.events import PageLoad

START = 1_800_000_000_000
Pause = Callable[[random.Random], float]


def loads(pause: Pause, seed: int, first: float = 0.7, sequential: float = 0.0, count: int = 90) -> Iterator[PageLoad]:
    chance = random.Random(seed)
    at = float(START)
    for seq in range(1, count + 1):
        at += pause(chance) * 1000
        yield PageLoad("c", seq, "linkedin", "profile", int(at), chance.random() < first, chance.random() < sequential)


def verdicts(stream: Iterator[PageLoad]) -> list[Cadence]:
    windows = CadenceWindows()
    return [verdict for load in stream for verdict, _ in windows.add([load])]


def reading(chance: random.Random) -> float:
    return min(600, chance.lognormvariate(2.8, 1.0))


def recruiting(chance: random.Random) -> float:
    """Goes through many new profiles, some only glanced at."""
    return min(300, chance.lognormvariate(2.3, 0.8))


@pytest.mark.parametrize("seed", range(20))
def test_a_person_who_reads_is_not_a_machine(seed: int) -> None:
    assert verdicts(loads(reading, seed)) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_busy_recruiter_is_not_a_machine(seed: int) -> None:
    assert verdicts(loads(recruiting, seed, first=0.85)) == []


@pytest.mark.parametrize(
    ("pause", "sequential"),
    [
        (lambda chance: 2.0, 0.0),
        (lambda chance: chance.uniform(1, 3), 0.0),
        (lambda chance: chance.uniform(5.6, 10.4), 0.0),
        (lambda chance: chance.lognormvariate(2, 1), 1.0),
    ],
    ids=["every two seconds", "scrapy's random delay", "eight seconds with jitter", "numbers in sequence"],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_machine_that_walks_new_pages_is_seen(pause: Pause, sequential: float, seed: int) -> None:
    found = verdicts(loads(pause, seed, first=1.0, sequential=sequential))
    assert found
    assert all(len(verdict.signs) >= 2 for verdict in found)


def test_a_machine_that_takes_its_time_like_a_person_is_not_seen_by_rhythm_alone() -> None:
    assert verdicts(loads(reading, 1, first=1.0)) == []


def test_fewer_loads_than_a_window_say_nothing() -> None:
    assert verdicts(loads(lambda chance: 1.0, 1, first=1.0, sequential=1.0, count=WINDOW - 1)) == []


def test_a_long_pause_starts_a_new_window() -> None:
    windows = CadenceWindows()
    stream = list(loads(lambda chance: 1.0, 1, first=1.0, count=WINDOW))
    assert not any(windows.add([load]) for load in stream[:-1])
    late = stream[-1]
    assert not windows.add([PageLoad("c", 99, "linkedin", "profile", late.at + MAX_PAUSE_MS, True, True)])


def test_two_browsers_and_two_platforms_are_judged_apart() -> None:
    windows = CadenceWindows()
    for load in loads(lambda chance: 1.0, 1, first=1.0, count=40):
        for client, platform in (("a", "x"), ("a", "linkedin"), ("b", "x")):
            part = PageLoad(client, load.seq, platform, "profile", load.at, True, False)
            assert not ((client == "a") == (load.seq % 2 == 0) and windows.add([part]))


@given(st.lists(st.integers(0, 500), max_size=300))
def test_memory_is_bounded_whatever_comes(clients: list[int]) -> None:
    windows = CadenceWindows(max_windows=8)
    for seq, client in enumerate(clients):
        windows.add([PageLoad(str(client), seq, "x", "profile", START + seq, False, False)])
        assert len(windows) <= 8


@given(st.lists(st.integers(START - 10_000, START + 10_000), min_size=WINDOW, max_size=WINDOW), st.booleans())
def test_any_times_in_any_order_are_judged_without_error(times: list[int], first: bool) -> None:
    judge("x", [PageLoad("c", seq, "x", "profile", at, first, False) for seq, at in enumerate(times)])


@given(st.integers(2 * WINDOW, 200), st.integers(0, 100), st.integers(0, 100))
def test_a_machine_inside_a_replayed_queue_is_seen_wherever_it_begins(machine: int, before: int, after: int) -> None:
    """However the batch is cut into windows, one of them lies wholly inside a run of two windows' length."""

    def slow(count: int, start: int) -> list[PageLoad]:
        return [PageLoad("c", start + n, "x", "profile", (start + n) ** 2 * 900, False, False) for n in range(count)]

    head = slow(before, 1)
    begin = head[-1].at + 60_000 if head else START
    run = [PageLoad("c", before + 1 + n, "x", "profile", begin + n * 500, True, True) for n in range(machine)]
    verdicts_of_batch = CadenceWindows().add([*head, *run])
    assert verdicts_of_batch, "seen in one batch"
    assert len(verdicts_of_batch) <= (len(head) + len(run)) // WINDOW + 1, "and not judged load by load"
    tail = [PageLoad("c", 500 + n, "x", "profile", run[-1].at + 600_000 * (n + 1), False, False) for n in range(after)]
    assert CadenceWindows().add([*head, *run, *tail])
