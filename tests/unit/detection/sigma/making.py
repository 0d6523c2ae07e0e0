"""Rules and events for the tests of the Sigma engine: rules as their authors write them, from a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from agent.detection.sigma import Engine, LogSource, Rule, RuleSet, link
from agent.detection.sigma.form import ANY, ONE, And, Cidr, Compare, Exists, Node, Not, Null, Or, Regex, Same, Text
from agent.detection.sigma.parse import parse_text

SOURCE = [{"category": "test"}]
ID = "00000000-0000-4000-8000-000000000001"


def rule_text(detection: str, *, condition: str = "selection", rule_id: str = ID, more: str = "") -> str:
    """Return a rule file: the detection's lines as they stand below `selection:`."""
    lines = "\n".join(f"    {line}" for line in detection.strip("\n").splitlines())
    return (
        f"title: a rule\nid: {rule_id}\nlogsource:\n  category: test\n{more}"
        f"detection:\n  selection:\n{lines}\n  condition: {condition}\n"
    )


def load(*texts: str) -> RuleSet:
    """Load files that must all be good."""
    found = link(parse_text(text, f"file{number}.yml") for number, text in enumerate(texts))
    assert not found.refusals, found.refusals
    return found


def refused(text: str) -> tuple[int, str]:
    """Return the line and the reason of the one refusal of a file."""
    found = link([parse_text(text, "file.yml")])
    assert len(found.refusals) == 1, found.refusals
    return found.refusals[0].line, found.refusals[0].reason


def matches(text: str, fields: Mapping[str, Any]) -> bool:
    """Say whether a rule file's one rule matches an event; with and without the prefilter."""
    rules = load(text)
    return judged(rules.rules[0].condition, fields)


def judged(condition: Node, fields: Mapping[str, Any]) -> bool:
    """Say whether a condition holds for an event; with and without the prefilter, which must agree."""
    return judged_all([condition], fields)[0]


def judged_all(conditions: list[Node], fields: Mapping[str, Any]) -> list[bool]:
    """Say of each condition whether it holds; with and without the prefilter, which must agree."""
    padding = [Text("nowhere", (f"padding{number}",)) for number in range(9)]
    rules = RuleSet(
        tuple(
            Rule(id=str(number), title="", logsource=LogSource("test"), condition=condition)
            for number, condition in enumerate([*conditions, *padding])
        )
    )
    plain = {match.rule for match in Engine(rules, prefilter=False).match(SOURCE, fields, 0)}
    filtered = {match.rule for match in Engine(rules).match(SOURCE, fields, 0)}
    assert plain == filtered
    return [str(number) in plain for number in range(len(conditions))]


# Any condition, any event: few letters, so that they meet

LETTERS = st.text("aAbß/\\.0é", max_size=5)
FIELDS = st.sampled_from(["f", "g", "h"])
PIECES = st.lists(st.one_of(LETTERS.filter(bool), st.just(ANY), st.just(ONE)), max_size=4).map(tuple)
VALUES = st.recursive(
    st.one_of(LETTERS, st.integers(-2, 12), st.floats(allow_nan=False, width=16), st.booleans(), st.none()),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(FIELDS, below, max_size=2)),
    max_leaves=4,
)
EVENTS = st.dictionaries(FIELDS, VALUES, max_size=3)
TESTS: st.SearchStrategy[Node] = st.one_of(
    st.builds(Text, st.one_of(FIELDS, st.none()), PIECES, st.booleans()),
    st.builds(
        lambda field, text, how: Text(field, {"is": (text,), "has": (ANY, text, ANY), "ends": (ANY, text)}[how]),
        FIELDS,
        LETTERS.filter(bool),
        st.sampled_from(["is", "has", "ends"]),
    ),
    st.builds(Regex, st.one_of(FIELDS, st.none()), st.sampled_from(["a.b", "(a|b)+0", "a?b", "\\.", "^ab", "[ab]0$"])),
    st.builds(Cidr, FIELDS, st.just("10.0.0.0/8")),
    st.builds(Compare, FIELDS, st.sampled_from(["eq", "lt", "gte"]), st.integers(0, 5)),
    st.builds(Null, FIELDS),
    st.builds(Exists, FIELDS, st.booleans()),
    st.builds(Same, FIELDS, FIELDS, st.sampled_from(["is", "starts", "ends", "has"])),
)
CONDITIONS: st.SearchStrategy[Node] = st.recursive(
    TESTS,
    lambda below: st.one_of(
        st.lists(below, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(below, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
        below.map(Not),
    ),
    max_leaves=8,
)
