"""A policy against the jurisdiction's rules: it can narrow and wait longer; all else is refused with its reason."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.consent.gate import GateRules, decide
from agent.consent.ruling import Ruling, RulingRefused, rule
from agent.content.jurisdictions import REFERENCES, find, load_jurisdictions
from agent.content.platforms import load_platforms
from agent.content.purposes import load_purposes
from agent.model.legal import Jurisdiction
from agent.model.purposes import Act, ActKind, Channel, GateState, Mode, Purpose, StartRule
from agent.settings.policy import Monitoring, Organisation, Policy, References, load_policy

EVERYTHING_NAMED = References(*(["our file"] * len(REFERENCES)))
PLATFORMS = load_platforms().keys


def policy(
    jurisdiction: str = "NO", *, references: References = EVERYTHING_NAMED, lead_days: int = 14, **monitoring: Any
) -> Policy:
    return Policy(
        organisation=Organisation("Example Ltd", "privacy@example.org"),
        monitoring=Monitoring(jurisdiction, lead_days, **monitoring),
        references=references,
    )


def ruled(asked: Policy, mode: Mode = Mode.MANAGED) -> Ruling:
    return rule(mode, asked, load_purposes(), load_jurisdictions())


def refused(asked: Policy, mode: Mode = Mode.MANAGED) -> RulingRefused:
    with pytest.raises(RulingRefused) as caught:
        ruled(asked, mode)
    return caught.value


def keys(error: RulingRefused) -> list[str]:
    return [problem.key for problem in error.problems]


def test_in_personal_mode_nothing_but_the_persons_word_is_waited_for() -> None:
    assert rule(Mode.PERSONAL, None, load_purposes(), load_jurisdictions()) == Ruling(
        StartRule.ACKNOWLEDGED, 0, frozenset(), frozenset(), frozenset(), None
    )


def test_a_test_instance_is_under_no_jurisdiction_and_does_without_what_its_policy_does_without() -> None:
    asked = policy("ZZ", lead_days=30, start=StartRule.SHOWN, purposes_off=(Purpose.RESEARCH,), platforms_off=("x",))
    assert ruled(asked, Mode.TEST) == Ruling(
        StartRule.ACKNOWLEDGED, 0, frozenset({Purpose.RESEARCH}), frozenset({"x"}), frozenset(), None
    )
    assert rule(Mode.TEST, None, load_purposes(), load_jurisdictions()).lead_days == 0
    assert keys(refused(policy(purposes_off=(Purpose.LEDGER,)), Mode.TEST)) == ["monitoring.purposes_off"]


def test_managed_mode_rests_on_a_policy() -> None:
    with pytest.raises(ValueError, match="rests on a policy"):
        rule(Mode.MANAGED, None, load_purposes(), load_jurisdictions())


def test_what_a_policy_asks_for_within_the_rules_is_followed() -> None:
    asked = policy("NO", lead_days=7, start=StartRule.SHOWN, purposes_off=(Purpose.WARN,), platforms_off=("x",))
    assert ruled(asked) == Ruling(
        start=StartRule.SHOWN,
        lead_days=7,
        switched_off=frozenset({Purpose.WARN, Purpose.REPORT}),
        platforms_off=frozenset({"x"}),
        languages_required=frozenset(),
        jurisdiction=load_jurisdictions()["NO"],
    )


def test_a_policy_may_wait_longer_and_ask_for_more_than_it_must() -> None:
    ruling = ruled(policy("AU-NSW", lead_days=60, start=StartRule.ACKNOWLEDGED))
    assert (ruling.lead_days, ruling.start) == (60, StartRule.ACKNOWLEDGED)


def test_new_south_wales_waits_fourteen_days() -> None:
    assert ruled(policy("AU-NSW", lead_days=14)).lead_days == 14
    error = refused(policy("AU-NSW", lead_days=13))
    assert keys(error) == ["monitoring.lead_days"]
    assert "New South Wales (AU-NSW) asks for at least 14 days" in str(error)
    assert "Workplace Surveillance Act 2005 (NSW); Privacy Act 1988; we read the text itself" in str(error)
    assert "write lead_days = 14 or more" in str(error)


def test_new_york_waits_for_the_acknowledgement() -> None:
    error = refused(policy("US-NY", start=StartRule.SHOWN))
    assert keys(error) == ["monitoring.start"]
    assert "New York (US-NY) asks that the person acknowledged the notice" in str(error)
    assert "section 52-c; from a secondary source" in str(error)
    assert 'write start = "acknowledged"' in str(error)


def test_colombia_waits_for_an_authorisation_and_says_that_this_was_not_checked() -> None:
    assert ruled(policy("CO", start=StartRule.AUTHORISED)).start is StartRule.AUTHORISED
    error = refused(policy("CO"))
    assert keys(error) == ["monitoring.start"]
    assert "general knowledge that we did not check; ask counsel" in str(error)
    assert 'write start = "authorised"' in str(error)


@pytest.mark.parametrize("code", ["EU", "DE", "AT", "NO"])
def test_where_staff_cannot_freely_authorise_they_are_not_asked_to(code: str) -> None:
    error = refused(policy(code, start=StartRule.AUTHORISED))
    assert keys(error) == ["monitoring.start"]
    assert "would pass off a notice as a consent" in str(error)


@pytest.mark.parametrize("code", sorted(load_jurisdictions()))
def test_every_reference_that_a_place_asks_for_must_be_named(code: str) -> None:
    there = load_jurisdictions()[code]
    asked = policy(code, references=References(dpia=" \t"), start=enough(there))
    if not there.references:
        assert ruled(asked).jurisdiction == there
        return
    error = refused(asked)
    assert keys(error) == [f"references.{key}" for key in sorted(there.references)]
    for key in there.references:
        assert f'under [references]: {key} = "where it is found"' in str(error)


def test_the_sample_for_compliance_teams_is_followed(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "policy.md").read_text("utf-8")
    (tmp_path / "supplement.md").write_text("More.\n")
    (tmp_path / "policy.toml").write_text(page.partition("```toml\n")[2].partition("```")[0])
    sample = load_policy(tmp_path / "policy.toml", require_root=False)
    assert sample is not None
    assert ruled(sample).switched_off == {Purpose.LONGER_HISTORY}


def enough(there: Jurisdiction) -> StartRule:
    return StartRule.AUTHORISED if there.start is StartRule.AUTHORISED else StartRule.ACKNOWLEDGED


@pytest.mark.parametrize("code", sorted(load_jurisdictions()))
def test_there_is_a_policy_that_each_place_allows(code: str) -> None:
    there = load_jurisdictions()[code]
    ruling = ruled(policy(code, start=enough(there)))
    assert ruling.jurisdiction == there
    assert ruling.languages_required == there.languages


def test_a_language_that_the_place_requires_is_handed_on_for_the_gate_to_wait_for() -> None:
    assert ruled(policy("FR")).languages_required == {"fr"}
    assert ruled(policy("AT")).languages_required == frozenset()


@pytest.mark.parametrize("code", ["ZZ", "GG", "AU-NWS"])
def test_an_unknown_jurisdiction_is_refused_with_what_is_known(code: str) -> None:
    error = refused(policy(code))
    assert keys(error) == ["monitoring.jurisdiction"]
    assert f"{code} is not known" in str(error)
    assert "name the place where the staff work" in str(error)


def test_nothing_is_observed_without_the_record_of_the_notice() -> None:
    error = refused(policy(purposes_off=(Purpose.LEDGER,)))
    assert keys(error) == ["monitoring.purposes_off"]
    assert "take accountability.notice-consent-ledger off the list" in str(error)


def test_who_does_without_everything_needs_no_record() -> None:
    assert ruled(policy(purposes_off=tuple(Purpose))).switched_off == frozenset(Purpose)


def test_what_needs_a_purpose_that_is_off_is_off_too() -> None:
    off = ruled(policy(purposes_off=(Purpose.DETECT,))).switched_off
    assert off == {Purpose.DETECT, Purpose.WARN, Purpose.REPORT, Purpose.RESEARCH, Purpose.LONGER_HISTORY}


def test_a_platform_that_there_is_not_is_not_silently_off() -> None:
    error = refused(policy(platforms_off=("linkedln", "qqqqqq")))
    assert keys(error) == ["monitoring.platforms_off"] * 2
    assert "did you mean linkedin?" in str(error)
    assert "known are facebook, " in str(error)


def test_some_platform_stays() -> None:
    first, *rest = sorted(PLATFORMS)
    assert ruled(policy(platforms_off=tuple(rest))).platforms_off == PLATFORMS - {first}
    error = refused(policy(platforms_off=tuple(sorted(PLATFORMS))))
    assert keys(error) == ["monitoring.platforms_off"]
    assert "leave at least one" in str(error)


def test_everything_that_is_wrong_is_said_at_once_in_one_line() -> None:
    error = refused(
        policy(
            "AU-NSW",
            references=References(),
            lead_days=0,
            start=StartRule.SHOWN,
            purposes_off=(Purpose.LEDGER,),
            platforms_off=("myspace",),
        )
    )
    assert keys(error) == [
        "monitoring.purposes_off",
        "monitoring.platforms_off",
        "monitoring.lead_days",
        "references.policy",
    ]
    for problem in error.problems:
        assert f"{problem.key}: {problem.reason}: {problem.mend}" in str(error)
        assert problem.reason
        assert problem.mend
    assert "\n" not in str(error)
    assert str(error).startswith("The policy cannot be followed, so nothing is observed.")


def test_an_unknown_place_does_not_hide_what_else_is_wrong() -> None:
    error = refused(policy("ZZ", purposes_off=(Purpose.LEDGER,)))
    assert keys(error) == ["monitoring.purposes_off", "monitoring.jurisdiction"]


def test_the_rules_of_any_place_are_enforced_not_only_of_those_that_ship() -> None:
    strict = replace(
        find(load_jurisdictions(), "NO"),
        code="XX",
        name="Strictland",
        lead_days=200,
        start=StartRule.AUTHORISED,
        languages=frozenset({"xx"}),
        forbids=frozenset(),
    )
    with pytest.raises(RulingRefused, match="Strictland") as caught:
        rule(Mode.MANAGED, policy("XX"), load_purposes(), {"XX": strict}, {"a"})
    assert keys(caught.value) == ["monitoring.lead_days", "monitoring.start"]
    asked = policy("XX", lead_days=200, start=StartRule.AUTHORISED)
    assert rule(Mode.MANAGED, asked, load_purposes(), {"XX": strict}, {"a"}).languages_required == {"xx"}


anything = st.builds(
    policy,
    st.sampled_from([*load_jurisdictions(), "AT", "IS", "ZZ", "AU-NWS"]),
    references=st.builds(References, *[st.sampled_from(["", "ours"])] * len(REFERENCES)),
    lead_days=st.integers(0, 365),
    start=st.sampled_from(StartRule),
    purposes_off=st.lists(st.sampled_from(Purpose), max_size=9).map(tuple),
    platforms_off=st.lists(st.sampled_from([*sorted(PLATFORMS), "nowhere"]), max_size=10).map(tuple),
)
likely_allowed = st.builds(
    policy,
    st.sampled_from([*load_jurisdictions(), "AT", "IS"]),
    lead_days=st.integers(14, 365),
    start=st.sampled_from(StartRule),
    purposes_off=st.lists(st.sampled_from([each for each in Purpose if each is not Purpose.LEDGER])).map(tuple),
    platforms_off=st.lists(st.sampled_from(sorted(PLATFORMS)), max_size=len(PLATFORMS) - 1).map(tuple),
)
STRENGTH = [StartRule.SHOWN, StartRule.ACKNOWLEDGED, StartRule.AUTHORISED]
YEARS_LATER = 100_000_000_000


@given(anything | likely_allowed)
def test_whatever_is_followed_is_no_weaker_than_the_place_and_no_wider_than_the_purposes(asked: Policy) -> None:
    """The law of the ruling: it narrows and waits, it never widens; and what the policy switches off is off."""
    try:
        ruling = ruled(asked)
    except RulingRefused as error:
        assert error.problems
        return
    there = ruling.jurisdiction
    assert there is not None
    assert there.code == asked.monitoring.jurisdiction
    assert ruling.lead_days == asked.monitoring.lead_days >= there.lead_days
    assert STRENGTH.index(ruling.start) >= STRENGTH.index(there.start)
    assert all(getattr(asked.references, key) for key in there.references)
    assert ruling.switched_off >= set(asked.monitoring.purposes_off)
    assert PLATFORMS - ruling.platforms_off
    on = set(Purpose) - ruling.switched_off
    assert not any(load_purposes()[purpose].needs and Purpose.LEDGER not in on for purpose in on)


def test_nothing_in_a_policys_shape_can_open_an_optional_purpose_or_make_it_a_duty() -> None:
    """Purposes occur in a policy in one place, which switches them off, and in a ruling in one, which says so."""

    def places_of_purposes(shape: Any, name: str) -> list[str]:
        found: list[str] = []
        for field in msgspec.structs.fields(shape):
            if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
                found += places_of_purposes(field.type, f"{name}{field.name}.")
            elif "Purpose" in str(field.type):
                found.append(f"{name}{field.name}")
        return found

    assert places_of_purposes(Policy, "") == ["monitoring.purposes_off"]
    assert [field.name for field in fields(Ruling) if "Purpose" in str(field.type)] == ["switched_off"]


@given(likely_allowed)
def test_whatever_the_policy_an_optional_purpose_is_open_only_by_the_persons_own_consent(asked: Policy) -> None:
    """Through the real gate: notices shown, acknowledged and authorised, everything long ago, open nothing optional."""
    try:
        ruling = ruled(asked)
    except RulingRefused:
        return
    rules = GateRules(Mode.MANAGED, ruling.start, ruling.lead_days, ruling.switched_off, notices=frozenset({"a" * 64}))
    for purpose in Purpose:
        towards = [
            Act(purpose, kind, at, "a" * 64, Channel.PAGE)
            for at, kind in enumerate((ActKind.SHOWN, ActKind.ACKNOWLEDGED, ActKind.AUTHORISED))
        ]
        usable = purpose not in ruling.switched_off
        is_open = decide(purpose, towards, rules, YEARS_LATER).state is GateState.OPEN
        assert is_open is (usable and not purpose.optional)
        if purpose.optional:
            given_too = [*towards, Act(purpose, ActKind.GIVEN, 9, "a" * 64, Channel.PAGE)]
            assert (decide(purpose, given_too, rules, YEARS_LATER).state is GateState.OPEN) is usable
