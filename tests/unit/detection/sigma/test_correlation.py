"""Correlations: when each type fires, for which group, how often, in how much memory, and in what order of events."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detection.sigma import Correlation, Engine, Match
from agent.detection.sigma.correlation import TOLERANCE_MS, Correlator
from agent.detection.sigma.event import event_of
from tests.unit.detection.sigma.making import SOURCE, load, rule_text

BASE = "\n---\n".join(
    rule_text(f"kind: {kind}", rule_id=f"00000000-0000-4000-8000-00000000000{number}", more=f"name: {kind}\n")
    for number, kind in enumerate(("login", "load", "export"), start=1)
)
SPAN_MS = 60_000


def correlation(body: str, number: int = 9, more: str = "") -> str:
    """Return a correlation whose body's lines stand below `correlation:`; its span is a minute."""
    lines = "\n".join(f"  {line}" for line in body.splitlines())
    return (
        f"title: together\nid: 00000000-0000-4000-8000-00000000000{number}\n{more}"
        f"correlation:\n{lines}\n  timespan: 1m\n"
    )


def engine(*correlations: str, tolerance_ms: int = TOLERANCE_MS) -> Engine:
    return Engine(load(BASE, *correlations), tolerance_ms=tolerance_ms)


def fired(engine: Engine, events: list[tuple[int, dict[str, Any]]]) -> list[Match]:
    """Show an engine events at seconds, and return the correlations that fire."""
    found = []
    for second, fields in events:
        found += [m for m in engine.match(SOURCE, fields, second * 1000) if m.kind == "correlation"]
    return found


def at(kind: str, *seconds: int, **fields: Any) -> list[tuple[int, dict[str, Any]]]:
    return [(second, {"kind": kind, **fields}) for second in seconds]


COUNT = "type: event_count\nrules: [load]\ngroup-by: [user]\ncondition: {gte: 3}"
DISTINCT = "type: value_count\nrules: [load]\ngroup-by: [user]\ncondition: {field: page, gte: 3}"
TOGETHER = "type: temporal\nrules: [load, export]\ngroup-by: [user]"
IN_ORDER = "type: temporal_ordered\nrules: [login, load, export]\ngroup-by: [user]"


def test_event_count_fires_at_the_count_within_the_span() -> None:
    found = fired(engine(correlation(COUNT)), at("load", 0, 30, 60, user="Ann"))
    assert [(m.title, dict(m.group), m.count) for m in found] == [("together", {"user": "ann"}, 3)]
    assert fired(engine(correlation(COUNT)), at("load", 0, 30, 61, user="ann")) == []


def test_groups_count_apart() -> None:
    events = at("load", 0, 2, user="ann") + at("load", 1, 3, user="bob")
    assert fired(engine(correlation(COUNT)), sorted(events, key=lambda e: e[0])) == []


def test_an_event_without_the_group_does_not_count() -> None:
    assert fired(engine(correlation(COUNT)), at("load", 0, 1, 2)) == []
    assert fired(engine(correlation(COUNT)), at("load", 0, 1, 2, user=None)) == []


def test_without_groups_all_count_together() -> None:
    body = COUNT.replace("group-by: [user]\n", "")
    assert len(fired(engine(correlation(body)), at("load", 0, user="a") + at("load", 1, user="b") + at("load", 2))) == 1


def test_after_firing_a_group_is_silent_for_one_span() -> None:
    found = fired(engine(correlation(COUNT)), at("load", *range(0, 200, 5), user="ann"))
    assert len(found) == 4  # at 10, 70, 130 and 190 s


def test_what_happens_in_the_silence_still_counts() -> None:
    found = fired(engine(correlation(COUNT)), at("load", 0, 1, 2, 50, 55, 62, user="ann"))
    assert len(found) == 2


@pytest.mark.parametrize(
    ("body", "values", "fires"),
    [
        (DISTINCT, ["a", "b", "c"], True),
        (DISTINCT, ["a", "b", "A", "b"], False),
        (DISTINCT.replace("field: page", "field: [page, kind]"), ["a", "b", "c"], True),
        ("type: value_sum\nrules: [load]\ncondition: {field: page, gt: 10}", [4, "5.5", 0.5], False),
        ("type: value_sum\nrules: [load]\ncondition: {field: page, gt: 10}", [4, "5.5", 0.6], True),
        ("type: value_sum\nrules: [load]\ncondition: {field: page, gte: 2}", ["x", None, "nan", "inf", 1], False),
        ("type: value_avg\nrules: [load]\ncondition: {field: page, gte: 3}", [1, 2, 3], False),
        ("type: value_avg\nrules: [load]\ncondition: {field: page, gte: 3}", [1, 2, 9], True),
        ("type: value_avg\nrules: [load]\ncondition: {field: page, lt: 1}", [5, 0], False),
        ("type: value_avg\nrules: [load]\ncondition: {field: page, lt: 1}", [0], True),
    ],
)
def test_values(body: str, values: list[Any], fires: bool) -> None:
    events = [each for second, value in enumerate(values) for each in at("load", second, user="a", page=value)]
    assert bool(fired(engine(correlation(body)), events)) is fires


def test_values_leave_with_their_events() -> None:
    body = "type: value_sum\nrules: [load]\ncondition: {field: page, gte: 10}"
    assert fired(engine(correlation(body)), at("load", 0, page=9) + at("load", 61, page=9)) == []


def test_temporal_needs_all_rules_in_any_order() -> None:
    assert fired(engine(correlation(TOGETHER)), at("export", 0, user="a") + at("load", 9, user="a"))
    assert not fired(engine(correlation(TOGETHER)), at("load", 0, 1, 2, user="a"))
    assert not fired(engine(correlation(TOGETHER)), at("load", 0, user="a") + at("export", 61, user="a"))
    assert not fired(engine(correlation(TOGETHER)), at("load", 0, user="a") + at("export", 1, user="b"))


def test_temporal_may_ask_for_fewer() -> None:
    body = "type: temporal\nrules: [login, load, export]\ncondition: {gte: 2}"
    assert fired(engine(correlation(body)), at("login", 0) + at("export", 9))


def test_temporal_ordered_needs_the_order() -> None:
    right = at("login", 0, user="a") + at("load", 20, user="a") + at("export", 60, user="a")
    wrong = at("load", 0, user="a") + at("login", 20, user="a") + at("export", 60, user="a")
    again = at("login", 0, user="a") + at("export", 1, user="a") + at("load", 2, user="a") + at("export", 3, user="a")
    late = at("login", 0, user="a") + at("load", 20, user="a") + at("export", 61, user="a")
    assert len(fired(engine(correlation(IN_ORDER)), right)) == 1
    assert not fired(engine(correlation(IN_ORDER)), wrong)
    assert fired(engine(correlation(IN_ORDER)), again)
    assert not fired(engine(correlation(IN_ORDER)), late)
    assert fired(engine(correlation(IN_ORDER)), at("login", 0, user="a") + [(s + 30, f) for s, f in right])


def test_one_event_is_not_before_itself() -> None:
    both = rule_text("kind: [login, load]", rule_id="00000000-0000-4000-8000-000000000005", more="name: either\n")
    body = "type: temporal_ordered\nrules: [login, either]"
    assert not fired(engine(both, correlation(body)), at("login", 0))
    assert fired(engine(both, correlation(body)), at("login", 0, 1))


def test_an_event_that_matches_two_rules_counts_once() -> None:
    both = rule_text("kind: [login, load]", rule_id="00000000-0000-4000-8000-000000000005", more="name: either\n")
    body = "type: event_count\nrules: [login, either]\ncondition: {gte: 2}"
    assert not fired(engine(both, correlation(body)), at("login", 0))
    assert fired(engine(both, correlation(body)), at("login", 0, 1))


def test_aliases_join_fields_of_different_names() -> None:
    body = "type: temporal\nrules: [load, export]\naliases:\n  who: {load: user, export: owner}\ngroup-by: [who]"
    found = fired(engine(correlation(body)), at("load", 0, user="Ann") + at("export", 1, owner="ann"))
    assert [dict(match.group) for match in found] == [{"who": "ann"}]
    assert not fired(engine(correlation(body)), at("load", 0, user="ann") + at("export", 1, owner="bob", user="ann"))


def test_a_correlation_of_correlations() -> None:
    inner = correlation(COUNT, 7, "name: burst\n")
    outer = correlation("type: temporal\nrules: [burst, export]\ngroup-by: [user]", 8)
    found = fired(engine(outer, inner), at("load", 0, 1, 2, user="ann") + at("export", 3, user="ann"))
    assert [match.rule[-1] for match in found] == ["8"]


@pytest.mark.parametrize(("generate", "shown"), [("false", 0), ("true", 3)])
def test_rules_that_are_referred_to_report_only_where_asked(generate: str, shown: int) -> None:
    judge = engine(correlation(f"{COUNT}\ngenerate: {generate}"))
    found = [m for s, e in at("load", 0, 1, 2, user="a") for m in judge.match(SOURCE, e, s * 1000)]
    assert [m.kind for m in found].count("event") == shown
    assert [m.kind for m in found].count("correlation") == 1
    assert [m.kind for m in judge.match(SOURCE, {"kind": "export"}, 0)] == ["event"]


def test_custom_data_and_tags_travel() -> None:
    judge = engine(correlation(COUNT, more="tags: [attack.t1119]\ngleanwatch: {family: x, weight: 0.4}\n"))
    (match,) = fired(judge, at("load", 0, 1, 2, user="a"))
    assert match.custom == {"family": "x", "weight": 0.4}
    assert match.tags == ("attack.t1119",)


# Time


def test_a_late_event_within_the_tolerance_counts() -> None:
    assert fired(engine(correlation(COUNT)), at("load", 0, 2, 1, user="a"))
    judge = engine(correlation(COUNT))
    assert not fired(judge, at("load", 20, 21, 14, user="a"))
    assert judge.late == 1


def test_what_a_late_event_may_need_is_still_remembered() -> None:
    body = COUNT.replace("gte: 3", "gte: 101")
    judge = engine(correlation(body), tolerance_ms=10_000)
    times = [*range(100), 61_000, 55_000]
    found = [m for at_ms in times for m in judge.match(SOURCE, {"kind": "load", "user": "a"}, at_ms)]
    assert [match.count for match in found] == [101]


def test_a_clock_that_was_set_back_does_not_silence_a_group_for_ever() -> None:
    assert fired(engine(correlation(COUNT)), at("load", 1_000_000, *range(10, 20), user="a"))


ARRIVALS = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(["login", "load", "export"]), st.sampled_from("ab")),
    max_size=25,
    unique_by=lambda each: each[0],
)


@given(ARRIVALS, st.data())
@settings(deadline=None)
def test_which_groups_ever_fire_does_not_depend_on_the_order_within_the_tolerance(
    events: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    bodies = [COUNT, TOGETHER, IN_ORDER, DISTINCT.replace("page", "kind").replace("[load]", "[login, load, export]")]
    for body in bodies:
        shown = correlation(body)
        in_order = sorted(events)
        delayed = sorted(events, key=lambda each: each[0] + data.draw(st.integers(0, 30)))
        found = []
        for arrival in (in_order, delayed):
            stream = [(s, {"kind": kind, "user": user}) for s, kind, user in arrival]
            found.append({m.group["user"] for m in fired(engine(shown, tolerance_ms=31_000), stream)})
        assert found[0] == found[1]


@given(ARRIVALS)
@settings(deadline=None)
def test_a_group_fires_when_a_window_with_enough_events_exists_and_not_otherwise(
    events: list[tuple[int, str, str]],
) -> None:
    stream = [(s, {"kind": kind, "user": user}) for s, kind, user in sorted(events)]
    found = fired(engine(correlation(COUNT)), stream)
    for user in "ab":
        times = sorted(s for s, kind, who in events if kind == "load" and who == user)
        enough = any(third - first <= 60 for first, third in zip(times, times[2:], strict=False))
        assert enough is any(m.group["user"] == user for m in found)
    assert all(m.group["user"] in "ab" for m in found)


# Memory


def rule(**changed: Any) -> Correlation:
    return Correlation(
        **{
            "id": "c", "title": "", "type": "event_count", "rules": ("r",), "group_by": ("user",),
            "span_ms": SPAN_MS, "op": "gte", "count": 10,
        }
        | changed
    )  # fmt: skip


def test_groups_are_bounded_and_the_least_recently_used_go_first() -> None:
    correlator = Correlator([rule(count=2)], max_groups=100)
    for number in range(1000):
        correlator.observe(["r"], event_of({"user": number}), number)
        correlator.observe(["r"], event_of({"user": "always"}), number)
        assert correlator.groups <= 100
    assert correlator.observe(["r"], event_of({"user": 999}), 1000)
    assert not correlator.observe(["r"], event_of({"user": 5}), 1000)


def test_events_are_bounded() -> None:
    correlator = Correlator([rule(count=10), rule(id="d", type="value_count", fields=("page",))], max_entries=1000)
    for number in range(5000):
        correlator.observe(["r"], event_of({"user": number % 3, "page": number}), number)
        assert correlator.entries <= 1000


def test_one_group_alone_is_bounded() -> None:
    correlator = Correlator([rule(group_by=(), count=400, op="eq")], max_entries=1000)
    for number in range(5000):
        correlator.observe(["r"], event_of({}), number)
        assert correlator.entries <= 1000


def test_repeated_values_do_not_push_out_different_ones() -> None:
    correlator = Correlator([rule(type="value_count", fields=("page",), count=3)], max_entries=200, tolerance_ms=10)
    fired = [correlator.observe(["r"], event_of({"user": 1, "page": page}), at) for at, page in enumerate("ab")]
    fired += [correlator.observe(["r"], event_of({"user": 1, "page": "b"}), at) for at in range(2, 2000)]
    assert not any(fired)
    assert correlator.observe(["r"], event_of({"user": 1, "page": "c"}), 2000)
    assert correlator.entries <= 200


def test_old_groups_are_let_go() -> None:
    correlator = Correlator([rule()])
    for number in range(5000):
        correlator.observe(["r"], event_of({"user": number}), number * 1000)
    assert correlator.groups <= 200


def test_long_values_are_not_kept() -> None:
    correlator = Correlator([rule(count=2, type="value_count", fields=("page",))])
    fired = [
        *correlator.observe(["r"], event_of({"user": "u" * 10_000, "page": "p" * 10_000}), 1),
        *correlator.observe(["r"], event_of({"user": "u" * 10_000, "page": "q" * 10_000}), 2),
    ]
    assert [len(each.group["user"]) for each in fired] == [33]


@given(st.lists(st.floats(-1e6, 1e6), max_size=60))
@settings(deadline=None)
def test_a_sum_does_not_drift(values: list[float]) -> None:
    judge = Correlator(
        [rule(type="value_sum", fields=("x",), group_by=(), span_ms=5, op="gte", count=0)], tolerance_ms=0
    )
    for number, value in enumerate(values):
        found = judge.observe(["r"], event_of({"x": value}), number * 10)
        assert [each.count for each in found] == ([pytest.approx(value, abs=1e-6)] if round(value * 1e6) >= 0 else [])


def test_silence_is_at_least_one_span() -> None:
    judge = engine(correlation(COUNT))
    times = [s for s in range(0, 600, 3) if fired(judge, at("load", s, user="a"))]
    assert all(later - earlier >= 60 for earlier, later in pairwise(times))
    assert len(times) > 5
