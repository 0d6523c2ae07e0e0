"""What the acts on record amount to: DESIGN 3.10; issue 3, items 3 and 4."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.consent.standing import (
    DAY_MS,
    disputes,
    expires_at,
    expiries,
    fits,
    held,
    in_order,
    next_expiry,
    standing,
)
from agent.model.legal import PurposeFacts
from agent.model.purposes import Act, ActKind, Channel, Mode, Purpose, StartRule

SHA = "a" * 64
T0 = 1_795_420_000_000
DETECT, LONGER = Purpose.DETECT, Purpose.LONGER_HISTORY
MANDATORY = [p for p in Purpose if not p.optional]
OPTIONAL = [p for p in Purpose if p.optional]


def act(
    kind: ActKind,
    entry: int | None = None,
    *,
    at: int | None = None,
    purpose: Purpose = DETECT,
    of: int | None = None,
    sha: str = SHA,
) -> Act:
    when = at if at is not None else T0 + (entry or 0)
    return Act(purpose, kind, when, sha, Channel.PAGE, disputes=of, entry=entry)


def facts(purpose: Purpose, *, days: int | None = None) -> PurposeFacts:
    return PurposeFacts(
        purpose=purpose,
        in_use=True,
        leaves=False,
        basis={"default": "A6-1-a"},
        categories=(),
        recipients=(),
        retention="longer",
        consent_days=days,
        one_time=False,
        dpv=(),
    )


def year(*purposes: Purpose) -> Mapping[Purpose, PurposeFacts]:
    return {p: facts(p, days=365) for p in purposes}


# The order of acts


def test_the_ledger_numbers_are_the_order_whatever_the_clock_said() -> None:
    first, then = act(ActKind.OBJECTED, 4, at=T0 + 900), act(ActKind.ACKNOWLEDGED, 5, at=T0 + 100)
    assert in_order([then, first]) == [first, then]


def test_acts_without_a_number_stand_by_their_time_and_keep_their_order() -> None:
    one, two = act(ActKind.SHOWN, at=T0 + 5), act(ActKind.ACKNOWLEDGED, at=T0 + 5)
    early, late = act(ActKind.SHOWN, 0, at=T0 + 5), act(ActKind.OBJECTED, 1, at=T0 + 6)
    assert in_order([late, one, two, early]) == [early, one, two, late]
    assert in_order([one, replace(two, at=T0)]) == [replace(two, at=T0), one]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=12), st.randoms(use_true_random=False))
def test_no_act_is_lost_by_ordering_and_numbers_always_rise(
    times: list[tuple[int, bool]], shuffle: random.Random
) -> None:
    acts = [act(ActKind.SHOWN, i if numbered else None, at=at) for i, (at, numbered) in enumerate(times)]
    mixed = list(acts)
    shuffle.shuffle(mixed)
    ordered = in_order(mixed)
    assert sorted(map(id, ordered)) == sorted(map(id, acts))
    numbers = [a.entry for a in ordered if a.entry is not None]
    assert numbers == sorted(numbers)


# Which word stands


@pytest.mark.parametrize("kind", [ActKind.ACKNOWLEDGED, ActKind.AUTHORISED, ActKind.OBJECTED])
def test_the_last_word_on_a_mandatory_purpose_stands(kind: ActKind) -> None:
    last = act(kind, 3)
    assert standing(DETECT, [last, act(ActKind.ACKNOWLEDGED, 1), act(ActKind.OBJECTED, 2)]) == last


@pytest.mark.parametrize("kind", [ActKind.GIVEN, ActKind.REFUSED, ActKind.WITHDRAWN, ActKind.EXPIRED])
def test_the_last_word_on_an_optional_purpose_stands(kind: ActKind) -> None:
    last = act(kind, 3, purpose=LONGER)
    assert standing(LONGER, [act(ActKind.GIVEN, 1, purpose=LONGER), last]) == last


def test_having_been_shown_something_answering_and_disputing_are_no_words_on_it() -> None:
    acts = [act(ActKind.SHOWN, 1), act(ActKind.ANSWERED, 2), act(ActKind.DISPUTED, 3, of=2)]
    assert standing(DETECT, acts) is None


def test_a_word_stands_under_whichever_notice_it_was_said() -> None:
    last = act(ActKind.ACKNOWLEDGED, 2, sha="b" * 64)
    assert standing(DETECT, [act(ActKind.OBJECTED, 1), last]) == last


def test_what_is_said_of_one_purpose_says_nothing_of_another() -> None:
    acts = [act(ActKind.GIVEN, 1, purpose=Purpose.RESEARCH)]
    assert [p for p in Purpose if standing(p, acts) is not None] == [Purpose.RESEARCH]


def test_a_disputed_consent_does_not_stand_and_the_word_before_it_does() -> None:
    refused = act(ActKind.REFUSED, 1, purpose=LONGER)
    acts = [refused, act(ActKind.GIVEN, 2, purpose=LONGER), act(ActKind.DISPUTED, 3, purpose=LONGER, of=2)]
    assert standing(LONGER, acts) == refused


@pytest.mark.parametrize("kind", [ActKind.REFUSED, ActKind.WITHDRAWN, ActKind.EXPIRED])
def test_a_disputed_no_to_an_optional_purpose_stands(kind: ActKind) -> None:
    no = act(kind, 2, purpose=LONGER)
    acts = [act(ActKind.GIVEN, 1, purpose=LONGER), no, act(ActKind.DISPUTED, 3, purpose=LONGER, of=2)]
    assert standing(LONGER, acts) == no


# Disputes


def test_each_disputed_act_is_listed_with_the_first_dispute_about_it() -> None:
    acts = [
        act(ActKind.DISPUTED, 9, of=1),
        act(ActKind.ACKNOWLEDGED, 1),
        act(ActKind.DISPUTED, 4, of=1),
        act(ActKind.DISPUTED, 5, of=2),
    ]
    assert disputes(acts) == {1: 4, 2: 5}


def test_a_dispute_that_is_not_recorded_yet_has_no_number_to_list() -> None:
    assert disputes([act(ActKind.DISPUTED, None, of=1)]) == {}


# What an objection holds back


def test_an_objection_holds_until_the_person_takes_it_back() -> None:
    acts = [act(ActKind.ACKNOWLEDGED, 1)]
    assert not held(DETECT, acts)
    acts.append(act(ActKind.OBJECTED, 2))
    assert held(DETECT, acts)
    assert not held(DETECT, [*acts, act(ActKind.ACKNOWLEDGED, 3)])
    assert not held(DETECT, [*acts, act(ActKind.AUTHORISED, 3)])


def test_an_objection_is_never_lost_by_a_dispute_a_new_notice_or_another_purpose() -> None:
    objected = act(ActKind.OBJECTED, 2)
    later = [
        act(ActKind.DISPUTED, 3, of=2),
        act(ActKind.SHOWN, 4, sha="b" * 64),
        act(ActKind.ACKNOWLEDGED, 5, purpose=Purpose.REPORT),
    ]
    assert held(DETECT, [objected, *later])


def test_an_objection_holds_again_when_what_took_it_back_was_not_the_person() -> None:
    acts = [act(ActKind.OBJECTED, 1), act(ActKind.ACKNOWLEDGED, 2), act(ActKind.DISPUTED, 3, of=2)]
    assert held(DETECT, acts)


@pytest.mark.parametrize("purpose", OPTIONAL)
def test_nothing_is_held_for_what_rests_on_consent(purpose: Purpose) -> None:
    assert not held(purpose, [act(ActKind.WITHDRAWN, 1, purpose=purpose), act(ActKind.OBJECTED, 2, purpose=purpose)])


# Consents end


def test_a_consent_ends_after_its_days_and_only_a_consent_does() -> None:
    given_ = act(ActKind.GIVEN, 1, purpose=LONGER)
    assert expires_at(given_, facts(LONGER, days=365)) == given_.at + 365 * DAY_MS
    assert expires_at(given_, facts(LONGER)) is None
    assert expires_at(act(ActKind.WITHDRAWN, 1, purpose=LONGER), facts(LONGER, days=365)) is None


def test_a_consent_is_due_to_expire_from_its_end_on_and_once() -> None:
    acts = [act(ActKind.GIVEN, 1, purpose=LONGER)]
    end = acts[0].at + 365 * DAY_MS
    assert next_expiry(acts, year(LONGER)) == end
    assert expiries(acts, year(LONGER), end - 1) == []
    assert expiries(acts, year(LONGER), end) == [LONGER]
    acts.append(act(ActKind.EXPIRED, 2, at=end, purpose=LONGER))
    assert expiries(acts, year(LONGER), end + DAY_MS) == []
    assert next_expiry(acts, year(LONGER)) is None


def test_a_consent_given_anew_lasts_from_then() -> None:
    again = act(ActKind.GIVEN, 2, at=T0 + 300 * DAY_MS, purpose=LONGER)
    acts = [act(ActKind.GIVEN, 1, at=T0, purpose=LONGER), again]
    assert next_expiry(acts, year(LONGER)) == T0 + 665 * DAY_MS


def test_the_first_of_several_ends_is_the_next() -> None:
    acts = [
        act(ActKind.GIVEN, 1, at=T0 + DAY_MS, purpose=LONGER),
        act(ActKind.GIVEN, 2, at=T0 + 2 * DAY_MS, purpose=Purpose.RESEARCH),
    ]
    known = year(LONGER, Purpose.RESEARCH)
    assert next_expiry(acts, known) == T0 + 366 * DAY_MS
    assert expiries(acts, known, T0 + 400 * DAY_MS) == [Purpose.RESEARCH, LONGER]


def test_mandatory_purposes_never_expire() -> None:
    acts = [act(ActKind.ACKNOWLEDGED, 1), act(ActKind.GIVEN, 2)]
    assert next_expiry(acts, {p: facts(p, days=1) for p in Purpose}) is None


# What fits


ALLOWED = {
    (False, ActKind.SHOWN),
    (False, ActKind.ACKNOWLEDGED),
    (False, ActKind.OBJECTED),
    (True, ActKind.SHOWN),
    (True, ActKind.GIVEN),
    (True, ActKind.REFUSED),
    (True, ActKind.WITHDRAWN),
}


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("start", list(StartRule))
@pytest.mark.parametrize("kind", list(ActKind))
def test_notices_are_acknowledged_and_consents_given_never_the_other_way_round(
    kind: ActKind, start: StartRule, mode: Mode
) -> None:
    asks_to_authorise = mode is Mode.MANAGED and start is StartRule.AUTHORISED
    for purpose in Purpose:
        may = (purpose.optional, kind) in ALLOWED
        may = may or (kind is ActKind.AUTHORISED and not purpose.optional and asks_to_authorise)
        said = fits(purpose, kind, start, mode)
        assert (said == "") == may
        assert said == "" or said.endswith("."), "a sentence that says what to do"


@pytest.mark.parametrize("purpose", MANDATORY)
def test_no_consent_can_be_had_for_a_mandatory_purpose(purpose: Purpose) -> None:
    assert "does not rest on consent" in fits(purpose, ActKind.GIVEN, StartRule.ACKNOWLEDGED, Mode.MANAGED)
