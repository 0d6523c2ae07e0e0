"""Other people's cases: every rule of them matches its event, and two engines say the same of every rule and event.

azuma is an evaluator by other people, of the same rules. Where it knows less of Sigma than we do is said below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.detection.sigma import Engine, RuleSet
from agent.detection.sigma.parse import parse_in_process
from tests.conformance.sigma.cases import SIGMAHQ, VECTORS, Case, Event, sigmahq_cases, vector_cases

DEPARTS = re.compile(r"\\\\\\\\|\|re:")
"""Where azuma departs from Sigma's specification and so finds less: it takes two backslashes for two, where they stand
for one, and holds a regular expression against the beginning of a text only. There it may miss what we find."""

needs_vectors = pytest.mark.skipif(not VECTORS.is_dir(), reason="the vectors are absent: set GLEANWATCH_VECTORS")
needs_sigmahq = pytest.mark.skipif(SIGMAHQ is None, reason="set GLEANWATCH_SIGMAHQ to a checkout of SigmaHQ's rules")


@pytest.fixture(scope="module")
def vector_rules() -> RuleSet:
    return parse_in_process(VECTORS / "rules")


@needs_vectors
def test_every_case_of_the_vectors_matches(vector_rules: RuleSet) -> None:
    assert vector_rules.refusals == ()
    cases = vector_cases()
    assert len(cases) == 60
    assert missed(vector_rules, cases) == []


@needs_vectors
def test_azuma_says_the_same(vector_rules: RuleSet) -> None:
    azuma = pytest.importorskip("azuma")
    texts = [path.read_text("utf-8") for path in sorted((VECTORS / "rules").glob("*.yml"))]
    known = [text for text in texts if "|fieldref" not in text]  # the one modifier it refuses
    theirs = [azuma.Rule.model_validate_yaml(text) for text in known]
    looser = {rule.id for rule, text in zip(theirs, known, strict=True) if DEPARTS.search(text)}
    assert len(theirs) >= 59
    ours = {rule.id: (rule.logsource, Engine(RuleSet((rule,)))) for rule in vector_rules.rules}
    for event in events(vector_cases()):
        for rule in theirs:
            source, engine = ours[rule.id]  # azuma knows no log sources: each of our rules is asked about its own
            we, they = bool(engine.match([source], event.fields, 0)), rule.match(event.fields)
            assert we or not they
            assert we is they or rule.id in looser


@needs_vectors
def test_the_prefilter_changes_nothing(vector_rules: RuleSet) -> None:
    same_without_prefilter(vector_rules, events(vector_cases()))


@needs_sigmahq
def test_every_rule_of_sigmahq_loads_or_is_refused_with_a_reason(sigmahq: RuleSet, root: Path) -> None:
    files = len(list((root / "rules").rglob("*.yml")))
    assert len(sigmahq.rules) + len(sigmahq.correlations) + len(sigmahq.refusals) >= files
    assert all(refusal.reason and refusal.line for refusal in sigmahq.refusals)
    assert len(sigmahq.refusals) <= files // 100


@needs_sigmahq
def test_every_regression_case_of_sigmahq_matches(everything: RuleSet) -> None:
    assert missed(everything, sigmahq_cases()) == []


@needs_sigmahq
def test_the_prefilter_changes_nothing_for_all_of_sigmahq(everything: RuleSet) -> None:
    same_without_prefilter(everything, events(sigmahq_cases()))


@pytest.fixture(scope="module")
def root() -> Path:
    assert SIGMAHQ is not None
    return SIGMAHQ


@pytest.fixture(scope="module")
def sigmahq(root: Path) -> RuleSet:
    return parse_in_process(root / "rules")


@pytest.fixture(scope="module")
def everything(root: Path, sigmahq: RuleSet) -> RuleSet:
    others = (parse_in_process(folder) for folder in sorted(root.glob("rules-*")))
    return RuleSet(tuple(rule for part in (sigmahq, *others) for rule in part.rules))


def events(cases: list[Case]) -> list[Event]:
    return [event for case in cases for event in case.events]


def missed(rules: RuleSet, cases: list[Case]) -> list[str]:
    """Return the rules that match none of the events that they must match one of."""
    judge = Engine(rules)
    return [case.rule_id for case in cases if case.rule_id not in set(_matching(judge, case))]


def _matching(judge: Engine, case: Case) -> Iterator[str]:
    for event in case.events:
        yield from (match.rule for match in judge.match(event.logsources, event.fields, 0))


def same_without_prefilter(rules: RuleSet, shown: list[Event]) -> None:
    with_it, without = Engine(rules), Engine(rules, prefilter=False)
    assert shown
    for event in shown:
        arguments = (event.logsources, event.fields, 0)
        assert with_it.match(*arguments) == without.match(*arguments)
