"""The gate: DESIGN 3.10, 3.11 and 3.16; what was observed is judged by the time of observation."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from agent.consent.gate import GateHistory, GateReason, GateRules, decide
from agent.consent.standing import DAY_MS, PERMISSIVE
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Mode, Purpose, StartRule

SHA, GERMAN, OLD = "a" * 64, "d" * 64, "0" * 64
T0 = 1_795_420_000_000
DETECT, LONGER = Purpose.DETECT, Purpose.LONGER_HISTORY
MANDATORY = [p for p in Purpose if not p.optional]
OPTIONAL = [p for p in Purpose if p.optional]
OPEN, WAITING, CLOSED = GateState.OPEN, GateState.WAITING, GateState.CLOSED
NOW = T0 + 90 * DAY_MS

PERSONAL = GateRules(Mode.PERSONAL, notices=frozenset({SHA, GERMAN}))
MANAGED = replace(PERSONAL, mode=Mode.MANAGED, lead_days=14)
SHOWING_IS_ENOUGH = replace(MANAGED, start=StartRule.SHOWN)
TO_AUTHORISE = replace(MANAGED, start=StartRule.AUTHORISED)


class Record:
    """Acts as the ledger numbers them, in the order in which they are made."""

    def __init__(self, purpose: Purpose = DETECT) -> None:
        self.acts: list[Act] = []
        self._purpose = purpose

    def add(self, kind: ActKind, at: int = 0, *, sha: str = SHA, of: ActKind | None = None) -> Record:
        """Record one act `at` milliseconds after T0; for a dispute, `of` the last act of that kind."""
        disputes = None
        if of is not None:
            disputes = next(a.entry for a in reversed(self.acts) if a.kind is of)
        self.acts.append(Act(self._purpose, kind, T0 + at, sha, Channel.PAGE, disputes=disputes, entry=len(self.acts)))
        return self

    def gate(self, rules: GateRules, now: int = NOW) -> Gate:
        return decide(self._purpose, self.acts, rules, now)

    def said(self, rules: GateRules, now: int = NOW) -> tuple[GateState, str]:
        gate = self.gate(rules, now)
        return gate.state, gate.reason


def shown(at: int = 0, *, sha: str = SHA, purpose: Purpose = DETECT) -> Record:
    return Record(purpose).add(ActKind.SHOWN, at, sha=sha)


def answered(kind: ActKind = ActKind.ACKNOWLEDGED, *, sha: str = SHA) -> Record:
    return shown(sha=sha).add(kind, 5, sha=sha)


# Before anything was said


@pytest.mark.parametrize("rules", [PERSONAL, replace(PERSONAL, mode=Mode.TEST), MANAGED, SHOWING_IS_ENOUGH])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_purpose_is_closed_until_something_is_said_in_every_mode(purpose: Purpose, rules: GateRules) -> None:
    reason = GateReason.NOT_GIVEN if purpose.optional else GateReason.NOTICE_NOT_SHOWN
    assert decide(purpose, [], rules, NOW) == Gate(purpose, CLOSED, 0, reason=reason)


# Personal and test mode: nobody but the person decides


@pytest.mark.parametrize("mode", [Mode.PERSONAL, Mode.TEST])
def test_where_nobody_else_decides_showing_alone_does_not_open(mode: Mode) -> None:
    gate = shown().gate(replace(PERSONAL, mode=mode))
    assert (gate.state, gate.reason, gate.until) == (WAITING, "not_acknowledged", None)


def test_yes_opens_no_closes_yes_opens_again() -> None:
    record = answered()
    assert record.gate(PERSONAL) == Gate(DETECT, OPEN, T0 + 5)
    assert record.add(ActKind.OBJECTED, 9).said(PERSONAL) == (CLOSED, "objected")
    assert record.add(ActKind.ACKNOWLEDGED, 12).gate(PERSONAL).since == T0 + 12


def test_a_test_instance_is_stopped_by_a_no_as_a_person_would_stop_it() -> None:
    assert answered(ActKind.OBJECTED).said(replace(PERSONAL, mode=Mode.TEST)) == (CLOSED, "objected")


def test_a_no_closes_at_once_also_when_the_clock_was_set_back_since_the_yes() -> None:
    assert answered().add(ActKind.OBJECTED, -1000).said(PERSONAL) == (CLOSED, "objected")


# Managed mode: the notice decides


def test_managed_waits_for_lead_days_and_acknowledgement() -> None:
    record = shown()
    assert record.said(MANAGED) == (WAITING, "not_acknowledged")
    record.add(ActKind.ACKNOWLEDGED, DAY_MS)
    waiting = record.gate(MANAGED, T0 + 2 * DAY_MS)
    assert (waiting.state, waiting.reason, waiting.until) == (WAITING, "lead_days", T0 + 14 * DAY_MS)
    assert record.gate(MANAGED, T0 + 14 * DAY_MS) == Gate(DETECT, OPEN, T0 + 14 * DAY_MS)


def test_a_late_acknowledgement_opens_when_it_was_made_not_before() -> None:
    record = shown().add(ActKind.ACKNOWLEDGED, 20 * DAY_MS)
    assert record.gate(MANAGED).since == T0 + 20 * DAY_MS


def test_where_showing_is_enough_it_opens_on_its_date() -> None:
    waiting = shown().gate(SHOWING_IS_ENOUGH, T0 + 14 * DAY_MS - 1)
    assert (waiting.state, waiting.reason, waiting.until) == (WAITING, "lead_days", T0 + 14 * DAY_MS)
    assert shown().gate(SHOWING_IS_ENOUGH, T0 + 14 * DAY_MS) == Gate(DETECT, OPEN, T0 + 14 * DAY_MS)


@pytest.mark.parametrize("rules", [MANAGED, SHOWING_IS_ENOUGH])
def test_an_objection_to_an_employers_mandatory_purpose_is_recorded_and_counts_as_shown(rules: GateRules) -> None:
    assert answered(ActKind.OBJECTED).gate(rules).state is OPEN


def test_lead_days_count_from_the_first_showing_in_whichever_language() -> None:
    record = shown(sha=GERMAN).add(ActKind.SHOWN, DAY_MS).add(ActKind.ACKNOWLEDGED, 2 * DAY_MS)
    assert record.gate(MANAGED).since == T0 + 14 * DAY_MS


# Managed mode where an authorisation is needed


@pytest.mark.parametrize("kinds", [(), (ActKind.ACKNOWLEDGED,)])
def test_where_an_authorisation_is_needed_nothing_less_opens(kinds: tuple[ActKind, ...]) -> None:
    record = shown()
    for kind in kinds:
        record.add(kind, 5)
    assert record.said(TO_AUTHORISE) == (WAITING, "not_authorised")


def test_an_authorisation_opens_after_the_lead_days_and_an_objection_closes_at_once() -> None:
    record = answered(ActKind.AUTHORISED)
    assert record.gate(TO_AUTHORISE, T0 + DAY_MS).until == T0 + 14 * DAY_MS
    assert record.gate(TO_AUTHORISE) == Gate(DETECT, OPEN, T0 + 14 * DAY_MS)
    assert record.add(ActKind.OBJECTED, 20 * DAY_MS).gate(TO_AUTHORISE) == Gate(
        DETECT, CLOSED, T0 + 20 * DAY_MS, reason="objected"
    )
    assert record.add(ActKind.ACKNOWLEDGED, 21 * DAY_MS).said(TO_AUTHORISE) == (CLOSED, "objected")
    assert record.add(ActKind.AUTHORISED, 22 * DAY_MS).gate(TO_AUTHORISE).since == T0 + 22 * DAY_MS


# A changed notice


@pytest.mark.parametrize("rules", [PERSONAL, MANAGED, SHOWING_IS_ENOUGH, TO_AUTHORISE])
@pytest.mark.parametrize("kind", [ActKind.ACKNOWLEDGED, ActKind.AUTHORISED, ActKind.OBJECTED])
def test_a_changed_notice_asks_again_and_says_that_it_changed(kind: ActKind, rules: GateRules) -> None:
    assert answered(kind, sha=OLD).said(rules) == (CLOSED, "notice_changed")


@pytest.mark.parametrize("rules", [PERSONAL, MANAGED])
def test_an_earlier_notice_that_nobody_answered_is_as_if_none_was_shown(rules: GateRules) -> None:
    assert shown(sha=OLD).said(rules) == (CLOSED, "notice_not_shown")


def test_the_new_notice_has_its_own_lead_days() -> None:
    record = answered(sha=OLD).add(ActKind.SHOWN, 30 * DAY_MS).add(ActKind.ACKNOWLEDGED, 30 * DAY_MS)
    assert record.gate(MANAGED, T0 + 31 * DAY_MS).until == T0 + 44 * DAY_MS


def test_an_objection_to_an_old_text_is_not_the_answer_to_the_new_one() -> None:
    record = shown().add(ActKind.OBJECTED, 5, sha=OLD)
    assert record.said(MANAGED) == (WAITING, "not_acknowledged")


def test_a_no_from_a_page_that_still_shows_the_old_text_is_a_no() -> None:
    assert answered().add(ActKind.OBJECTED, 9, sha=OLD).said(PERSONAL) == (CLOSED, "objected")
    consent = Record(LONGER).add(ActKind.GIVEN).add(ActKind.WITHDRAWN, 9, sha=OLD)
    assert consent.said(PERSONAL) == (CLOSED, "withdrawn")


def test_a_text_that_holds_once_more_does_not_undo_the_no_that_came_in_between() -> None:
    record = answered().add(ActKind.SHOWN, 6, sha=OLD).add(ActKind.OBJECTED, 7, sha=OLD)
    assert record.said(PERSONAL) == (CLOSED, "objected")


def test_a_no_to_an_earlier_text_does_not_answer_the_new_one_either() -> None:
    record = answered(ActKind.OBJECTED, sha=OLD).add(ActKind.SHOWN, 9)
    assert record.said(PERSONAL) == (WAITING, "not_acknowledged")


# Optional purposes


@pytest.mark.parametrize("rules", [PERSONAL, MANAGED, TO_AUTHORISE])
@pytest.mark.parametrize("purpose", OPTIONAL)
def test_optional_is_off_until_given_and_off_again_with_any_no(purpose: Purpose, rules: GateRules) -> None:
    for no in (ActKind.REFUSED, ActKind.WITHDRAWN, ActKind.EXPIRED):
        record = Record(purpose).add(ActKind.SHOWN)
        assert record.said(rules) == (CLOSED, "not_given")
        assert record.add(ActKind.GIVEN, 1).gate(rules) == Gate(purpose, OPEN, T0 + 1)
        assert record.add(no, 2).gate(rules) == Gate(purpose, CLOSED, T0 + 2, reason=no.value)
        assert record.add(ActKind.GIVEN, 3).gate(rules) == Gate(purpose, OPEN, T0 + 3)


def test_a_consent_to_an_earlier_text_asks_again_and_a_no_needs_no_asking() -> None:
    assert Record(LONGER).add(ActKind.GIVEN, sha=OLD).said(PERSONAL) == (CLOSED, "notice_changed")
    assert Record(LONGER).add(ActKind.REFUSED, sha=OLD).said(PERSONAL) == (CLOSED, "refused")


# What no act can open


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (replace(MANAGED, switched_off=frozenset(Purpose), not_in_use=frozenset(Purpose)), "switched_off"),
        (replace(MANAGED, not_in_use=frozenset(Purpose), language_missing=True), "not_in_use"),
        (replace(MANAGED, language_missing=True), "language_missing"),
    ],
)
def test_what_is_switched_off_not_in_use_or_without_its_language_stays_closed(rules: GateRules, reason: str) -> None:
    assert answered().said(rules) == (CLOSED, reason)
    assert Record(LONGER).add(ActKind.GIVEN).said(rules) == (CLOSED, reason)


def test_only_the_named_purposes_are_switched_off() -> None:
    rules = replace(PERSONAL, switched_off=frozenset({Purpose.WARN}), not_in_use=frozenset({Purpose.HEALTH}))
    assert answered().gate(rules).state is OPEN


# «That was not me»


@pytest.mark.parametrize(
    ("rules", "kinds", "disputed", "after"),
    [
        (PERSONAL, [ActKind.ACKNOWLEDGED], ActKind.ACKNOWLEDGED, (WAITING, "not_acknowledged")),
        (PERSONAL, [ActKind.ACKNOWLEDGED], ActKind.SHOWN, (CLOSED, "notice_not_shown")),
        (MANAGED, [ActKind.ACKNOWLEDGED], ActKind.ACKNOWLEDGED, (WAITING, "not_acknowledged")),
        (MANAGED, [ActKind.ACKNOWLEDGED], ActKind.SHOWN, (CLOSED, "notice_not_shown")),
        (MANAGED, [ActKind.OBJECTED], ActKind.OBJECTED, (WAITING, "not_acknowledged")),
        (SHOWING_IS_ENOUGH, [], ActKind.SHOWN, (CLOSED, "notice_not_shown")),
        (TO_AUTHORISE, [ActKind.AUTHORISED], ActKind.AUTHORISED, (WAITING, "not_authorised")),
    ],
)
def test_a_disputed_act_allows_nothing_from_then_on(
    rules: GateRules, kinds: list[ActKind], disputed: ActKind, after: tuple[GateState, str]
) -> None:
    record = shown()
    for kind in kinds:
        record.add(kind, 5)
    assert record.gate(rules).state is OPEN
    gate = record.add(ActKind.DISPUTED, 20 * DAY_MS, of=disputed).gate(rules)
    assert (gate.state, gate.reason) == after
    assert gate.since == T0 + 20 * DAY_MS


def test_a_disputed_consent_allows_nothing_and_the_word_before_it_is_back() -> None:
    record = Record(LONGER).add(ActKind.GIVEN).add(ActKind.DISPUTED, 1, of=ActKind.GIVEN)
    assert record.said(PERSONAL) == (CLOSED, "not_given")
    record = Record(LONGER).add(ActKind.REFUSED).add(ActKind.GIVEN, 1).add(ActKind.DISPUTED, 2, of=ActKind.GIVEN)
    assert record.said(PERSONAL) == (CLOSED, "refused")


@pytest.mark.parametrize("no", [ActKind.REFUSED, ActKind.WITHDRAWN, ActKind.EXPIRED])
def test_a_disputed_no_stays_a_no(no: ActKind) -> None:
    record = Record(LONGER).add(ActKind.GIVEN).add(no, 1).add(ActKind.DISPUTED, 2, of=no)
    assert record.said(PERSONAL) == (CLOSED, no.value)


@pytest.mark.parametrize("rules", [PERSONAL, TO_AUTHORISE])
def test_a_disputed_objection_stays_an_objection(rules: GateRules) -> None:
    record = shown().add(ActKind.AUTHORISED, 1).add(ActKind.OBJECTED, 2).add(ActKind.DISPUTED, 3, of=ActKind.OBJECTED)
    assert record.said(rules) == (CLOSED, "objected")


def test_a_dispute_counts_before_it_is_in_the_ledger_and_cannot_be_disputed_itself() -> None:
    record = answered()
    dispute = Act(DETECT, ActKind.DISPUTED, T0 + 9, SHA, Channel.PAGE, disputes=1)
    assert decide(DETECT, [*record.acts, dispute], PERSONAL, NOW).state is WAITING
    record.add(ActKind.DISPUTED, 9, of=ActKind.ACKNOWLEDGED).add(ActKind.DISPUTED, 10, of=ActKind.DISPUTED)
    assert record.gate(PERSONAL).state is WAITING


def test_after_a_dispute_the_person_can_answer_themselves() -> None:
    record = answered().add(ActKind.DISPUTED, 9, of=ActKind.ACKNOWLEDGED).add(ActKind.ACKNOWLEDGED, 12)
    assert record.gate(PERSONAL) == Gate(DETECT, OPEN, T0 + 12)


# Laws: whatever is on record

LAWS = [PERSONAL, replace(PERSONAL, mode=Mode.TEST), MANAGED, SHOWING_IS_ENOUGH, TO_AUTHORISE]
SOME_PURPOSES = [DETECT, Purpose.REPORT, LONGER, Purpose.RESEARCH]


@st.composite
def records(draw: st.DrawFn, shas: tuple[str, ...] = (SHA, GERMAN, OLD), size: int = 10) -> list[Act]:
    """Acts as they can stand in the ledger, with clocks set back and disputes of anything that came before."""
    acts: list[Act] = []
    for entry in range(draw(st.integers(0, size))):
        kind = draw(st.sampled_from(list(ActKind)))
        of = draw(st.integers(0, entry - 1)) if kind is ActKind.DISPUTED and entry else None
        acts.append(
            Act(
                draw(st.sampled_from(SOME_PURPOSES)),
                kind,
                T0 + draw(st.integers(0, 40)) * DAY_MS,
                draw(st.sampled_from(shas)),
                Channel.PAGE,
                disputes=of,
                entry=entry,
            )
        )
    return acts


rules_of_some_kind = st.sampled_from(LAWS)
some_purpose = st.sampled_from(SOME_PURPOSES)
some_time = st.integers(-1, 60).map(lambda days: T0 + days * DAY_MS)


@given(records(), rules_of_some_kind, some_purpose, some_time, st.randoms(use_true_random=False))
def test_the_order_of_the_list_does_not_matter(
    acts: list[Act], rules: GateRules, purpose: Purpose, now: int, shuffle: random.Random
) -> None:
    mixed = list(acts)
    shuffle.shuffle(mixed)
    assert decide(purpose, mixed, rules, now) == decide(purpose, acts, rules, now)


@given(records(), rules_of_some_kind, some_purpose, some_time, st.data())
def test_an_act_that_forbids_or_remarks_never_opens(
    acts: list[Act], rules: GateRules, purpose: Purpose, now: int, data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from([k for k in ActKind if k not in PERMISSIVE]))
    # The one no that says «I have been shown this» too: there it is the answer that was waited for.
    assume(not (kind is ActKind.OBJECTED and rules == MANAGED))
    of = data.draw(st.integers(0, len(acts))) if kind is ActKind.DISPUTED else None
    more = Act(
        data.draw(some_purpose),
        kind,
        data.draw(some_time),
        data.draw(st.sampled_from([SHA, OLD])),
        Channel.PAGE,
        disputes=of,
        entry=len(acts),
    )
    if decide(purpose, [*acts, more], rules, now).state is OPEN:
        assert decide(purpose, acts, rules, now).state is OPEN


@given(records(), rules_of_some_kind, some_time, st.sampled_from([ActKind.REFUSED, ActKind.WITHDRAWN]))
def test_refusing_or_withdrawing_changes_no_other_purpose(
    acts: list[Act], rules: GateRules, now: int, no: ActKind
) -> None:
    for refused in OPTIONAL:
        after = [*acts, Act(refused, no, now, SHA, Channel.PAGE, entry=len(acts))]
        for other in Purpose:
            if other is not refused:
                assert decide(other, after, rules, now) == decide(other, acts, rules, now)


@given(records(), rules_of_some_kind, some_time, st.sampled_from(MANDATORY))
def test_no_mandatory_purpose_opens_before_its_notice_was_shown_and_the_lead_days_are_over(
    acts: list[Act], rules: GateRules, now: int, purpose: Purpose
) -> None:
    showings = [a.at for a in acts if a.kind is ActKind.SHOWN and a.purpose is purpose and a.notice_sha256 != OLD]
    gate = decide(purpose, acts, rules, now)
    if gate.state is OPEN:
        lead = rules.lead_days * DAY_MS if rules.mode is Mode.MANAGED else 0
        assert showings
        assert gate.since >= min(showings) + lead or rules.mode is not Mode.MANAGED
        assert now >= min(showings) + lead or rules.mode is not Mode.MANAGED


@given(records(shas=(OLD, "1" * 64)), rules_of_some_kind, some_purpose, some_time)
def test_nothing_that_was_said_of_old_notices_opens_anything(
    acts: list[Act], rules: GateRules, purpose: Purpose, now: int
) -> None:
    assert decide(purpose, acts, rules, now).state is CLOSED


@given(records(), rules_of_some_kind, some_purpose, some_time)
def test_a_gate_that_is_not_open_says_why_and_when_only_where_it_opens_by_itself(
    acts: list[Act], rules: GateRules, purpose: Purpose, now: int
) -> None:
    gate = decide(purpose, acts, rules, now)
    assert (gate.reason == "") == (gate.state is OPEN)
    if gate.reason:
        assert gate.reason in set(GateReason)
    assert (gate.until is not None) == (gate.reason == "lead_days")
    if gate.until is not None:
        assert gate.until > now
        assert decide(purpose, acts, rules, gate.until - 1).state is WAITING
        assert decide(purpose, acts, rules, gate.until).state is OPEN


# History


def test_an_observation_is_judged_by_when_it_was_made() -> None:
    history = GateHistory()
    history.record(Gate(DETECT, OPEN, T0))
    history.record(Gate(DETECT, CLOSED, T0 + 100, reason="objected"))
    judged = [history.was_open(DETECT, T0 + d) for d in (-1, 0, 99, 100, 101)]
    assert judged == [False, True, True, False, False]


def test_the_same_gate_again_is_no_change() -> None:
    history = GateHistory()
    assert history.record(Gate(DETECT, OPEN, T0))
    assert not history.record(Gate(DETECT, OPEN, T0 + 50))


@example([(0, WAITING), (1, WAITING), (0, OPEN)], 0)
@given(st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(list(GateState))), max_size=30), st.integers(-5, 1005))
def test_the_past_is_never_judged_anew(changes: list[tuple[int, GateState]], at: int) -> None:
    history = GateHistory()
    newest = -1
    for since, state in changes:
        before = history.was_open(DETECT, at)
        newest = max(newest, since)
        history.record(Gate(DETECT, state, since))
        if at < newest:
            assert history.was_open(DETECT, at) == before


@pytest.mark.parametrize("purpose", list(Purpose))
def test_each_purpose_has_a_history_of_its_own(purpose: Purpose) -> None:
    history = GateHistory([Gate(purpose, OPEN, T0)])
    assert [g.purpose for g in history.all_current()] == list(Purpose)
    assert [p for p in Purpose if history.was_open(p, T0)] == [purpose]


def take(history: GateHistory, gate: Gate, now: int) -> bool:
    """Record what was decided at a moment, as the agent does."""
    return history.record(history.dated(gate, now))


def test_what_closes_closes_with_the_act_that_does_it() -> None:
    history = GateHistory()
    take(history, Gate(DETECT, OPEN, T0), T0)
    take(history, Gate(DETECT, CLOSED, T0 + 100, reason="objected"), T0 + 103)
    assert [history.was_open(DETECT, T0 + d) for d in (99, 100, 101)] == [True, False, False]


def test_what_was_lawful_when_it_was_observed_stays_so_when_the_rules_change() -> None:
    """An objection that an employer's notice outweighed, and a later policy under which it counts."""
    history = GateHistory()
    take(history, Gate(DETECT, OPEN, T0), T0)
    take(history, Gate(DETECT, OPEN, T0), T0 + 100)
    take(history, Gate(DETECT, CLOSED, T0 + 100, reason="objected"), T0 + 500)
    assert [history.was_open(DETECT, T0 + d) for d in (100, 499, 500)] == [True, True, False]


def test_what_closes_with_no_act_closes_when_it_was_decided() -> None:
    history = GateHistory([Gate(DETECT, OPEN, T0)])
    assert take(history, Gate(DETECT, CLOSED, 0, reason="notice_changed"), T0 + 100)
    assert [history.was_open(DETECT, T0 + d) for d in (99, 100)] == [True, False]
    assert history.current(DETECT).since == T0 + 100


def test_what_opens_again_was_not_open_in_between() -> None:
    """A policy that switches a purpose off and on again: the acts alone would say that it was open all the time."""
    history = GateHistory([Gate(DETECT, OPEN, T0)])
    take(history, Gate(DETECT, CLOSED, 0, reason="switched_off"), T0 + 100)
    take(history, Gate(DETECT, OPEN, T0), T0 + 200)
    assert [history.was_open(DETECT, T0 + d) for d in (99, 100, 199, 200)] == [True, False, False, True]


def test_what_waited_for_a_date_opens_on_it_also_when_the_machine_slept() -> None:
    history = GateHistory()
    take(history, Gate(DETECT, WAITING, T0, until=T0 + 100, reason="lead_days"), T0)
    take(history, Gate(DETECT, OPEN, T0 + 100), T0 + 500)
    assert [history.was_open(DETECT, T0 + d) for d in (99, 100)] == [False, True]


@given(st.data(), rules_of_some_kind, st.sampled_from([DETECT, LONGER]))
def test_history_says_of_every_moment_what_was_decided_then(
    data: st.DataObject, rules: GateRules, purpose: Purpose
) -> None:
    """Acts are made one after another, now and then a notice changes or a purpose is switched off; the agent decides at
    every such moment and is started again in between with what it stored."""
    history, acts, stored = GateHistory(), list[Act](), list[Gate]()
    decided: list[tuple[int, bool]] = []
    now = T0
    changes: list[Callable[[GateRules], GateRules]] = [
        lambda r: r,
        lambda r: replace(r, notices=frozenset({OLD})),
        lambda r: replace(r, notices=frozenset({SHA, GERMAN})),
        lambda r: replace(r, switched_off=frozenset({purpose})),
        lambda r: replace(r, switched_off=frozenset()),
    ]
    for _ in range(data.draw(st.integers(1, 12))):
        now += data.draw(st.integers(1, 20)) * DAY_MS
        rules = data.draw(st.sampled_from(changes))(rules)
        kind = data.draw(st.sampled_from(list(ActKind)))
        of = data.draw(st.integers(0, len(acts)))
        acts.append(
            Act(
                purpose,
                kind,
                now,
                data.draw(st.sampled_from([SHA, OLD])),
                Channel.PAGE,
                disputes=of if kind is ActKind.DISPUTED else None,
                entry=len(acts),
            )
        )
        gate = decide(purpose, acts, rules, now)
        if take(history, gate, now):
            stored.append(history.current(purpose))
        decided.append((now, gate.state is OPEN))
        if data.draw(st.booleans()):
            history = GateHistory(stored)
        assert history.current(purpose).state is gate.state
        assert [(at, history.was_open(purpose, at)) for at, _ in decided] == decided
        for (start, was), (end, is_) in pairwise(decided):
            if not was and not is_:
                assert not history.was_open(purpose, end - 1), f"opened between {start} and {end}"


# A pause: it only ever takes away, and ends by itself


HOUR = 3_600_000


@given(
    paused=st.tuples(st.integers(T0, T0 + DAY_MS), st.integers(1, 24 * HOUR)).map(lambda one: (one[0], sum(one))),
    now=st.integers(T0, T0 + 3 * DAY_MS),
    rules=st.sampled_from([PERSONAL, MANAGED, SHOWING_IS_ENOUGH, replace(MANAGED, lead_days=0)]),
    kind=st.sampled_from([ActKind.ACKNOWLEDGED, ActKind.OBJECTED]),
    purpose=st.sampled_from(Purpose),
)
def test_a_pause_never_opens_anything_and_closes_watching_alone(
    paused: tuple[int, int], now: int, rules: GateRules, kind: ActKind, purpose: Purpose
) -> None:
    record = Record(purpose).add(ActKind.SHOWN).add(kind, 5)
    without, gate = record.gate(rules, now), record.gate(replace(rules, paused=paused), now)
    if purpose is DETECT and without.state is OPEN and now < paused[1]:
        assert (gate.state, gate.reason, gate.until) == (WAITING, "paused", paused[1])
    else:
        assert replace(gate, since=0) == replace(without, since=0)


def test_after_a_pause_watching_goes_on_from_its_end_and_not_from_before() -> None:
    rules = replace(PERSONAL, paused=(T0 + 10, T0 + 20))
    assert answered().gate(rules, T0 + 19) == Gate(DETECT, WAITING, T0 + 10, T0 + 20, "paused")
    assert answered().gate(rules, T0 + 25) == Gate(DETECT, OPEN, T0 + 20)
