"""The engine: which rules look at an event, what a match says, and that no event makes it fail."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detection.sigma import Engine, LogSource
from agent.detection.sigma.engine import MAX_ROUTES
from tests.unit.detection.sigma.making import SOURCE, load, rule_text


def engine(logsource: str) -> Engine:
    return Engine(load(rule_text("f: a").replace("category: test", logsource.replace("\n", "\n  "))))


@pytest.mark.parametrize(
    ("own", "sources", "applies"),
    [
        ("category: a", [{"category": "a", "product": "x", "service": "y"}], True),
        ("category: A", [{"category": "a"}], True),
        ("category: a\nproduct: x", [{"category": "a"}], False),
        ("category: a\nproduct: x", [{"category": "a", "product": "y"}, {"category": "b", "product": "x"}], False),
        ("category: a\nproduct: x", [{"category": "b"}, {"category": "a", "product": "x"}], True),
        ("category: a\nservice: s", [{"category": "a", "service": "t"}], False),
        ("service: s", [{"category": None, "product": None, "service": "s"}], True),
        ("product: x", [], False),
        ("product: x", [{}], False),
        ("product: x", [{"product": ["x"]}], False),
        ("product: x", [{"product": 5, "other": "x"}], False),
    ],
)
def test_a_rule_looks_where_its_log_source_is_a_subset_of_one(
    own: str, sources: list[dict[str, Any]], applies: bool
) -> None:
    assert bool(engine(own).match(sources, {"f": "a"}, 0)) is applies


def test_log_sources_may_be_given_as_such() -> None:
    assert engine("category: a").match((LogSource("a", "x"),), {"f": "a"}, 0)


def test_a_match_says_what_the_rule_says() -> None:
    text = rule_text("f: a", more="level: high\ntags: [attack.t1119]\ngleanwatch: {class: flags, more: [1, {a: b}]}\n")
    (match,) = Engine(load(text)).match(SOURCE, {"f": "a"}, 0)
    assert (match.title, match.kind, match.level, match.tags, match.count) == (
        "a rule",
        "event",
        "high",
        ("attack.t1119",),
        1,
    )
    assert match.custom == {"class": "flags", "more": [1, {"a": "b"}]}


def test_matches_come_in_the_order_of_the_rules() -> None:
    texts = [rule_text("f|contains: a", rule_id=f"00000000-0000-4000-8000-0000000000{n:02}") for n in range(20)]
    found = Engine(load(*texts)).match(SOURCE, {"f": "xax"}, 0)
    assert [match.rule[-2:] for match in found] == [f"{n:02}" for n in range(20)]


def test_kinds_of_events_without_end_do_not_fill_the_memory() -> None:
    judge = engine("category: a")
    for number in range(MAX_ROUTES * 2):
        assert judge.match([{"category": "a", "service": str(number)}], {"f": "a"}, 0)
    assert len(judge._routes) <= MAX_ROUTES


HUGE = "x" * (2 << 20)


@pytest.mark.parametrize(
    "value",
    [
        10**6000,
        -(10**20),
        float("nan"),
        float("inf"),
        1e300,
        "\ud800a",
        ["\udcff"],
        b"bytes",
        {1: 2},
        {"a": {"b": ["x"]}},
        [[["deep"]]],
        [{"a": [{"b": "x"}]}],
        object(),
        HUGE,
        [HUGE] * 2,
        {},
        [],
        "",
        "\x00",
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_value_makes_it_fail(value: Any) -> None:
    rule = (
        "- f|contains: q\n- f|re: q\n- f|cased: q\n- f|lt: -99\n- f|cidr: 10.0.0.0/8\n- f|year: 1\n- f|fieldref: g\n"
        "- f: q*w?e\n- f|base64offset|contains: qqq"
    )
    judge = Engine(
        load(rule_text(rule), rule_text("- keyword\n- 'key?word'", rule_id="00000000-0000-4000-8000-000000000002"))
    )
    judge.match(SOURCE, {"f": value}, 0)


def test_nesting_without_end_is_cut() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"a": deep}
    Engine(load(rule_text("f: x"))).match(SOURCE, {"f": deep}, 0)


def test_an_event_is_not_changed() -> None:
    fields = {"f": ["A", {"b": "C"}], "g": {"h": 1}, "i": "\ud800"}
    Engine(load(rule_text("f: x"))).match(SOURCE, fields, 0)
    assert fields == {"f": ["A", {"b": "C"}], "g": {"h": 1}, "i": "\ud800"}


@given(
    st.dictionaries(
        st.text(max_size=3),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.binary(max_size=2),
            lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=2), below, max_size=3),
        ),
        max_size=4,
    )
)
@settings(deadline=None)
def test_no_event_makes_it_fail(fields: dict[str, Any]) -> None:
    rules = load(
        rule_text("- f|re: .\n- a|lt: 5\n- f|hour: 3"), rule_text("- x", rule_id="00000000-0000-4000-8000-000000000002")
    )
    assert Engine(rules).match(SOURCE, fields, 0) == Engine(rules, prefilter=False).match(SOURCE, fields, 0)
