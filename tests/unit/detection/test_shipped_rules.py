"""Our own rules, one by one: what each is for, where it begins, and what it must not say; and the facts they may read.

Each row is a rule, facts that it speaks of, and the same facts with one thing changed, of which it says nothing. The
rules are those that the agent loads (`rules.json`).
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.content.catalogue import Family
from agent.detection.correlate import facts
from agent.detection.correlate.rules import PRODUCT, Rules, worth_of
from agent.detection.correlate.shipped import load_rule_set
from agent.detection.identified import CAPABILITIES, Bulk, Identified, Role
from agent.detection.sigma.form import And, Correlation, Node, Not, Or, Rule
from agent.detection.sigma.shipped import SHIPPED
from agent.model.events import Activity, ExportWritten, MediaGrew
from agent.model.findings import CollectMode, EvidenceClass, Finding, Level, Stage

SET = load_rule_set()
NOW = 1_800_000_000_000
FOUND = Identified("t", "T", "site-mirror", Role.COLLECTOR, Bulk.NEVER, (), capability="mirrors")
FINDING = Finding("f", "t", "T", "site-mirror", Stage.RUNNING, 0.7, Level.MEDIUM, True, ("linkedin",), 0, 0, 1)

SAMPLES: Mapping[str, Mapping[str, object]] = {
    facts.ACTIVITY: facts.activity(
        FOUND, 0.5, (), Activity(9.0, 30, 2, 40, 99_000, 0, {"linkedin": 9}, 9, 20), busy=20, started=0
    ),
    facts.START: facts.start(FOUND, (), 77),
    facts.FETCH: facts.fetch("curl", 77, "hash"),
    facts.EXPORT: facts.export(FINDING, facts.About(), ExportWritten("csv", ("email", "name"), 30, "downloads", NOW)),
    facts.MEDIA: facts.media(FINDING, facts.About(), MediaGrew(30, 30.0, "downloads", NOW)),
    facts.FINDING: facts.standing(FINDING, facts.About()),
}
"""Facts of each kind, as they are made; every field is there."""

QUIET_ACTIVITY = {
    **SAMPLES[facts.ACTIVITY],
    **{"opened": 0, "turns": 0, "busy": 0, "hosts": 0, "per_host": 0.0, "seconds": 0.0, "started": 0},
    **{"platforms": [], "platform_connections": 0, "sure": 0.5, "asks": False},
}
BROWSER = {"family": "browser-automation", "capability": "drives"}
UNREAD = {"capability": "unread"}

Change = Mapping[str, object]

ACTIVITY_RULES: list[tuple[str, Change, list[Change]]] = [
    ("network.many", {"opened": 8, "busy": 3}, [{"opened": 7}, {"busy": 2}, {"sure": 0.29}, BROWSER]),
    ("network.walk", {"turns": 10, "busy": 4}, [{"turns": 9}, {"busy": 3}, {"sure": 0.29}, BROWSER]),
    ("network.fetchers", {"started": 4}, [{"started": 3}, {"sure": 0.29}]),
    (
        "network.driven",
        {**BROWSER, "opened": 3, "busy": 8, "seconds": 6.0},
        [{"busy": 7}, {"seconds": 5.9}, {"opened": 2}],
    ),
    ("network.driven-many", {**BROWSER, "busy": 8, "per_host": 20.0}, [{"busy": 7}, {"per_host": 19.9}]),
    ("network.platform-seen", {"platform_connections": 1}, [{"platform_connections": 0}]),
    (
        "network.platform",
        {"platform_connections": 1, "asks": True},
        [{"asks": False}, {"platform_connections": 0}, {"role": "engine"}],
    ),
    ("network.platform", {"role": "script", "platform_connections": 4}, [{"platform_connections": 3}]),
    ("network.platform", {"role": "script", "platform_connections": 1, "turns": 6}, [{"turns": 5}]),
    ("network.platform", {"role": "script", "platform_connections": 1, "busy": 5}, [{"busy": 4}]),
    (
        "network.platform",
        {"role": "engine", "platform_connections": 40, "turns": 60},
        [{"family": "generic-http"}, {"role": "collector"}],
    ),
]


def said(rule: str, kind: str, *rows: tuple[Mapping[str, object], int]) -> list[str]:
    """Return what one rule says of facts that come one after the other, on an engine of their own."""
    rules = Rules(SET)
    return [one.evidence.detail for fields, at in rows for one in rules(kind, fields, at) if one.evidence.rule == rule]


def shipped() -> list[Rule | Correlation]:
    """Return the rules whose match is worth something."""
    everything: tuple[Rule | Correlation, ...] = (*SET.rules, *SET.correlations)
    return [rule for rule in everything if rule.custom]


@pytest.mark.parametrize(
    ("rule", "change", "not_so"), ACTIVITY_RULES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_rule_about_activity_begins_where_it_says(rule: str, change: Change, not_so: list[Change]) -> None:
    seen = {**QUIET_ACTIVITY, **change}
    assert said(rule, facts.ACTIVITY, (seen, NOW)), "speaks"
    assert not said(rule, facts.ACTIVITY, (QUIET_ACTIVITY, NOW)), "of nothing it says nothing"
    for other in not_so:
        assert not said(rule, facts.ACTIVITY, ({**seen, **other}, NOW)), other


def test_code_that_cannot_be_read_is_judged_by_its_walk_alone() -> None:
    (rule,) = [one for one in SET.rules if one.custom.get("rule") == "network.unread"]
    assert "capability" in set(fields_of(rule.condition))
    walk = {
        **QUIET_ACTIVITY,
        **UNREAD,
        "busy": 60,
        "per_host": 60.0,
        "turns": 60,
        "opened": 60,
        "hosts": 1,
        "seconds": 60.0,
    }
    assert said("network.unread", facts.ACTIVITY, (walk, NOW))
    for other in ({"busy": 2}, {"per_host": 2.0}, {"turns": 3, "opened": 3}, {"capability": "fetches"}):
        assert not said("network.unread", facts.ACTIVITY, ({**walk, **other}, NOW)), other


def test_a_table_of_people_counts_from_five_rows_and_for_an_idle_card_not_at_all() -> None:
    row = SAMPLES[facts.EXPORT]
    (detail,) = said("export.people", facts.EXPORT, (row, NOW))
    assert detail == "a file of 30 records about people (email and name) was written"
    for change in ({"rows": 4}, {"people_columns": 0}, {"stage": "installed", "loads": 2}):
        assert not said("export.people", facts.EXPORT, ({**row, **change}, NOW)), change
    assert said("export.people", facts.EXPORT, ({**row, "stage": "installed", "loads": 3}, NOW))


def test_a_media_folder_counts_from_twenty_files_that_come_fast() -> None:
    row = SAMPLES[facts.MEDIA]
    assert said("media.grows", facts.MEDIA, ({**row, "files": 20, "files_per_minute": 10.0}, NOW))
    for change in ({"files": 19}, {"files_per_minute": 9.9}):
        assert not said("media.grows", facts.MEDIA, ({**row, **change}, NOW)), change


def test_the_same_tool_four_times_in_two_minutes_below_one_parent() -> None:
    def starts(step: int, **change: object) -> list[tuple[Mapping[str, object], int]]:
        return [({**SAMPLES[facts.START], **change}, NOW + n * step) for n in range(4)]

    assert said("start.loop", facts.START, *starts(40_000))
    assert not said("start.loop", facts.START, *starts(40_001))
    assert not said("start.loop", facts.START, *starts(1)[:3])
    others = [({**row, "parent": n}, at) for n, (row, at) in enumerate(starts(1))]
    assert not said("start.loop", facts.START, *others)
    tools = [({**row, "tool": f"t{n}"}, at) for n, (row, at) in enumerate(starts(1))]
    assert not said("start.loop", facts.START, *tools)


def test_ten_addresses_in_two_minutes_below_one_parent() -> None:
    def fetches(count: int, step: int = 1000, **change: object) -> list[tuple[Mapping[str, object], int]]:
        return [({**facts.fetch("curl", 77, f"a{n}"), **change}, NOW + n * step) for n in range(count)]

    assert said("fetch.loop", facts.FETCH, *fetches(10))
    assert not said("fetch.loop", facts.FETCH, *fetches(9))
    assert not said("fetch.loop", facts.FETCH, *fetches(40, address="the same")), "waiting for one's own server"
    assert not said("fetch.loop", facts.FETCH, *fetches(40, step=20_000)), "six in two minutes"
    assert not said("fetch.loop", facts.FETCH, *[({**row, "parent": n}, at) for n, (row, at) in enumerate(fetches(40))])


def test_every_rule_has_a_test_here() -> None:
    tested = {rule for rule, _, _ in ACTIVITY_RULES}
    tested |= {"export.people", "media.grows", "start.loop", "fetch.loop", "network.unread"}
    assert {worth_of(rule).rule for rule in shipped()} == tested


def fields_of(node: Node) -> Iterator[str]:
    """Return every field that a condition looks at; keywords would look at all of them."""
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from fields_of(part)
    elif isinstance(node, Not):
        yield from fields_of(node.part)
    else:
        assert node.field is not None, "a keyword looks at every fact"
        yield node.field


def named_in(text: str) -> Iterable[str]:
    """Return the fields that a sentence has places for."""
    return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]


@pytest.mark.parametrize("rule", (*SET.rules, *SET.correlations), ids=lambda rule: rule.title)
def test_every_field_that_a_rule_reads_or_says_is_a_fact_of_its_kind(rule: Rule | Correlation) -> None:
    base = {one.id: one for one in SET.rules}
    about = [rule] if isinstance(rule, Rule) else [base[name] for name in rule.rules]
    for one in about:
        assert one.logsource.product == PRODUCT and one.logsource.service is None
        there = SAMPLES[str(one.logsource.category)]
        used = set(fields_of(one.condition))
        if isinstance(rule, Correlation):
            used |= {*rule.group_by, *rule.fields}
        if rule.custom:
            used |= set(named_in(worth_of(rule).says))
        assert used <= set(there), "a misspelt field would never match"


def test_a_rule_can_only_ask_for_words_that_exist() -> None:
    """A capability, role, stage or family that nobody ever has makes a rule that never speaks."""
    known: Mapping[str, set[str]] = {
        "capability": set(CAPABILITIES),
        "role": {role.value for role in Role},
        "stage": {stage.value for stage in Stage},
        "family": set(get_args(Family)),
    }

    def literals(node: Node) -> Iterator[tuple[str, str]]:
        if isinstance(node, And | Or):
            for part in node.parts:
                yield from literals(part)
        elif isinstance(node, Not):
            yield from literals(node.part)
        elif getattr(node, "pieces", None):
            yield str(node.field), str(getattr(node, "literal", ""))

    for rule in SET.rules:
        for name, word in literals(rule.condition):
            if name in known:
                assert word in known[name], f"{rule.title}: {name} is never {word}"


def test_ids_are_unique_and_each_is_worth_what_scoring_can_use() -> None:
    rules = shipped()
    assert len({rule.id for rule in rules}) == len(rules) == len({worth_of(rule).rule for rule in rules})
    for rule in rules:
        worth = worth_of(rule)
        assert 0 < worth.weight < 0.6, "activity alone is never reason for a flag"
        assert worth.evidence in (EvidenceClass.NETWORK, EvidenceClass.FLAGS, EvidenceClass.ARTEFACT)
        assert rule.description and rule.title


def test_the_files_are_what_the_agent_loads() -> None:
    written = {path.name for path in Path(SHIPPED).glob("*.yml")}
    assert {Path(rule.file).name for rule in (*SET.rules, *SET.correlations)} == written
    assert SET.refusals == ()


# What several processes did, together.

ACTIVITIES = st.builds(
    Activity,
    seconds=st.integers(0, 600).map(float),
    opened=st.integers(0, 50),
    hosts=st.integers(0, 20),
    turns=st.integers(0, 99),
    received=st.integers(0, 10**9),
    own=st.integers(0, 50),
    platforms=st.dictionaries(st.sampled_from(["x", "linkedin", "reddit"]), st.integers(0, 9), max_size=3),
    steady=st.integers(0, 30),
    looks=st.integers(0, 60),
)
ADDED = ("opened", "own", "turns", "received", "steady", "looks")
LARGEST = ("seconds", "hosts")


@given(st.lists(ACTIVITIES, max_size=5), st.randoms(use_true_random=False))
def test_counts_of_a_process_and_its_helpers_add_up_in_any_order(parts: list[Activity], chance: Any) -> None:
    whole = facts.together(parts)
    for name in ADDED:
        assert getattr(whole, name) == sum(getattr(part, name) for part in parts)
    for name in LARGEST:
        assert getattr(whole, name) == max((getattr(part, name) for part in parts), default=0)
    assert sum(whole.platforms.values()) == sum(sum(part.platforms.values()) for part in parts)
    shuffled = list(parts)
    chance.shuffle(shuffled)
    assert facts.together(shuffled) == whole


@given(st.lists(ACTIVITIES, min_size=1, max_size=5), st.integers(0, 5))
def test_what_ended_before_counts_as_if_it_still_ran(parts: list[Activity], cut: int) -> None:
    past, now = parts[:cut], parts[cut:]
    assert facts.together([facts.together(past), *now]) == facts.together(parts)


@given(ACTIVITIES)
def test_nobody_beside_it_changes_nothing(part: Activity) -> None:
    assert facts.together([part]) == part == facts.together([part, Activity()])


@given(ACTIVITIES, st.integers(0, 50), st.integers(0, 9))
def test_connections_to_this_machine_itself_are_never_foreign(seen: Activity, busy: int, started: int) -> None:
    fields = facts.activity(FOUND, 0.5, (CollectMode.LIST,), seen, busy=busy, started=started)
    assert fields["own"] == seen.own
    if seen.opened <= seen.own:
        assert fields["turns"] == 0 and fields["per_host"] == 0.0
    unattributed = fields["unattributed"]
    assert isinstance(unattributed, int) and unattributed >= 0
    assert fields["platforms"] == sorted(name for name, count in seen.platforms.items() if count)
    assert fields["asks"] is True and fields["modes"] == ["list"]
    assert set(fields) == set(SAMPLES[facts.ACTIVITY])
