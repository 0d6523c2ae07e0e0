"""The gate: DESIGN 3.10 and 3.11, judged by the time of observation."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.consent.gate import DAY_MS, GateHistory, GateRules, decide
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Mode, Purpose

SHA = "a" * 64
T0 = 1_795_420_000_000


def act(kind: ActKind, at: int, *, purpose: Purpose = Purpose.DETECT, sha: str = SHA) -> Act:
    return Act(purpose, kind, at, sha, Channel.PAGE)


PERSONAL = GateRules(Mode.PERSONAL)
MANAGED = GateRules(Mode.MANAGED, lead_days=14)


def test_nothing_is_observed_before_the_notice_was_shown() -> None:
    gate = decide(Purpose.DETECT, [], PERSONAL, SHA, T0)
    assert (gate.state, gate.reason) == (GateState.CLOSED, "notice_not_shown")


def test_showing_alone_does_not_open_a_personal_gate() -> None:
    gate = decide(Purpose.DETECT, [act(ActKind.SHOWN, T0)], PERSONAL, SHA, T0 + 1)
    assert (gate.state, gate.reason, gate.until) == (GateState.WAITING, "not_acknowledged", None)


def test_yes_opens_no_closes_yes_opens_again() -> None:
    acts = [act(ActKind.SHOWN, T0), act(ActKind.ACKNOWLEDGED, T0 + 5)]
    assert decide(Purpose.DETECT, acts, PERSONAL, SHA, T0 + 6) == Gate(Purpose.DETECT, GateState.OPEN, T0 + 5)
    acts.append(act(ActKind.OBJECTED, T0 + 9))
    assert decide(Purpose.DETECT, acts, PERSONAL, SHA, T0 + 10).state is GateState.CLOSED
    acts.append(act(ActKind.ACKNOWLEDGED, T0 + 12))
    assert decide(Purpose.DETECT, acts, PERSONAL, SHA, T0 + 13).since == T0 + 12


def test_a_changed_notice_asks_again() -> None:
    acts = [act(ActKind.SHOWN, T0), act(ActKind.ACKNOWLEDGED, T0 + 5)]
    assert decide(Purpose.DETECT, acts, PERSONAL, "b" * 64, T0 + 6).reason == "notice_not_shown"


def test_managed_waits_for_lead_days_and_acknowledgement() -> None:
    acts = [act(ActKind.SHOWN, T0)]
    assert decide(Purpose.DETECT, acts, MANAGED, SHA, T0 + 20 * DAY_MS).reason == "not_acknowledged"
    acts.append(act(ActKind.ACKNOWLEDGED, T0 + DAY_MS))
    waiting = decide(Purpose.DETECT, acts, MANAGED, SHA, T0 + 2 * DAY_MS)
    assert (waiting.state, waiting.until) == (GateState.WAITING, T0 + 14 * DAY_MS)
    assert decide(Purpose.DETECT, acts, MANAGED, SHA, T0 + 14 * DAY_MS).state is GateState.OPEN


def test_a_late_acknowledgement_opens_when_it_was_made_not_before() -> None:
    acts = [act(ActKind.SHOWN, T0), act(ActKind.ACKNOWLEDGED, T0 + 20 * DAY_MS)]
    assert decide(Purpose.DETECT, acts, MANAGED, SHA, T0 + 21 * DAY_MS).since == T0 + 20 * DAY_MS


def test_where_showing_is_enough_it_opens_on_its_date() -> None:
    rules = GateRules(Mode.MANAGED, lead_days=1, require_acknowledgement=False)
    acts = [act(ActKind.SHOWN, T0)]
    assert decide(Purpose.DETECT, acts, rules, SHA, T0 + DAY_MS - 1).state is GateState.WAITING
    assert decide(Purpose.DETECT, acts, rules, SHA, T0 + DAY_MS).state is GateState.OPEN


def test_an_objection_to_a_mandatory_purpose_of_an_employer_is_recorded_and_does_not_close() -> None:
    acts = [act(ActKind.SHOWN, T0), act(ActKind.OBJECTED, T0 + 1)]
    assert decide(Purpose.DETECT, acts, MANAGED, SHA, T0 + 15 * DAY_MS).state is GateState.OPEN


def test_optional_is_off_until_given_and_off_again_when_withdrawn() -> None:
    def gate(*acts: Act) -> GateState:
        return decide(Purpose.LONGER_HISTORY, acts, MANAGED, SHA, T0 + 99).state

    given_ = act(ActKind.GIVEN, T0, purpose=Purpose.LONGER_HISTORY)
    withdrawn = act(ActKind.WITHDRAWN, T0 + 1, purpose=Purpose.LONGER_HISTORY)
    assert (gate(), gate(given_), gate(given_, withdrawn)) == (GateState.CLOSED, GateState.OPEN, GateState.CLOSED)


def test_policy_can_switch_a_purpose_off() -> None:
    rules = GateRules(Mode.MANAGED, switched_off=frozenset({Purpose.DETECT}))
    acts = [act(ActKind.SHOWN, T0), act(ActKind.ACKNOWLEDGED, T0)]
    assert decide(Purpose.DETECT, acts, rules, SHA, T0 + 90 * DAY_MS).reason == "switched_off"


def test_an_observation_is_judged_by_when_it_was_made() -> None:
    history = GateHistory()
    history.record(Gate(Purpose.DETECT, GateState.OPEN, T0))
    history.record(Gate(Purpose.DETECT, GateState.CLOSED, T0 + 100, reason="objected"))
    judged = [history.was_open(Purpose.DETECT, T0 + d) for d in (-1, 0, 99, 100, 101)]
    assert judged == [False, True, True, False, False]


def test_the_same_gate_again_is_no_change() -> None:
    history = GateHistory()
    assert history.record(Gate(Purpose.DETECT, GateState.OPEN, T0))
    assert not history.record(Gate(Purpose.DETECT, GateState.OPEN, T0 + 50))


@example([(0, GateState.WAITING), (1, GateState.WAITING), (0, GateState.OPEN)], 0)
@given(st.lists(st.tuples(st.integers(0, 1000), st.sampled_from(list(GateState))), max_size=30), st.integers(-5, 1005))
def test_the_past_is_never_judged_anew(changes: list[tuple[int, GateState]], at: int) -> None:
    history = GateHistory()
    newest = -1
    for since, state in changes:
        before = history.was_open(Purpose.DETECT, at)
        newest = max(newest, since)
        history.record(Gate(Purpose.DETECT, state, since))
        if at < newest:
            assert history.was_open(Purpose.DETECT, at) == before


@pytest.mark.parametrize("mode", list(Mode))
def test_every_mode_starts_closed(mode: Mode) -> None:
    assert decide(Purpose.DETECT, [], GateRules(mode), SHA, T0).state is GateState.CLOSED
