"""What terms and law say of a finding: complete, sourced, dated, and silent about what nobody confirmed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.content.consequences import (
    AUTHORITIES,
    EFFECTS,
    ConsequencesError,
    consequences_of,
    law_of,
    load_laws,
    parse_laws,
)
from agent.content.jurisdictions import load_jurisdictions
from agent.content.platforms import load_platforms
from agent.content.terms import load_terms

PLACES = sorted(load_jurisdictions())
PLATFORMS = st.lists(st.sampled_from(sorted(load_platforms().keys)), max_size=4)


@given(PLATFORMS, st.sampled_from(["", "AT", "AU-VIC", *PLACES]), st.booleans(), st.booleans())
def test_every_statement_has_a_source_a_date_or_none_and_says_how_sure_we_are(
    platforms: list[str], code: str, reviewed: bool, elsewhere: bool
) -> None:
    said = consequences_of(platforms, code, reviewed=reviewed, elsewhere=elsewhere)
    assert said, "something is always known"
    for one in said:
        assert one.says.endswith(".")
        assert one.source
        assert re.fullmatch(r"(\d{4}(-\d{2}(-\d{2})?)?)?", one.date)
        assert one.certainty in ({"A", "B", "C"} if reviewed else {"A", "B"})
    law = [one for one in said if one.about.startswith("The law: ")]
    assert bool(law) is (bool(code) and not elsewhere)
    assert any(one.about == AUTHORITIES for one in said)


@pytest.mark.parametrize("code", [*PLACES, "AT", "IE"])
def test_every_place_is_told_of_and_hides_what_nobody_confirmed(code: str) -> None:
    shown, all_of_it = law_of(code, reviewed=False), law_of(code, reviewed=True)
    assert shown
    assert all_of_it
    law = load_laws().of(code)
    assert law is not None
    assert law.effect in EFFECTS
    hidden = {fact.says for fact in law.facts if fact.certainty == "C"}
    assert hidden.isdisjoint(one.says for one in shown)
    assert hidden <= {one.says for one in all_of_it}


def test_indias_exemption_is_told_as_narrow_and_for_what_people_published_themselves() -> None:
    said = " ".join(one.says for one in law_of("IN", reviewed=False))
    assert "leaves out what a person made public themselves" in said
    assert "narrow" in said
    assert "May 2027" in said
    assert load_laws().by_code["IN"].effect == "exempt-narrow"


def test_switzerlands_rule_on_generally_accessible_data_waits_for_a_reviewer() -> None:
    rule = "generally accessible"
    (unknown, signed) = law_of("CH", reviewed=False)
    assert rule not in unknown.says
    assert "not confirmed by a lawyer" in unknown.says
    assert "Federal Act on Data Protection" in unknown.source
    assert "2023 and 2024" in signed.says
    (known, _signed) = law_of("CH", reviewed=True)
    assert rule in known.says
    assert (known.source, known.certainty) == ("Federal Act on Data Protection, Article 30(3)", "C")


def test_places_differ() -> None:
    effects = {code: law.effect for code, law in load_laws().by_code.items()}
    assert effects["US"] == "broad-exclusion"
    assert effects["EU"] == effects["GB"] == effects["AU"] == "regulated"
    assert effects["NZ"] == effects["CO"] == "conditional"
    assert law_of("US-NY", reviewed=False)[0].about == "The law: New York"
    assert {one.says for one in law_of("AT", reviewed=False)} == {one.says for one in law_of("EU", reviewed=False)}


def test_a_statement_is_ascribed_only_to_an_authority_that_signed_it() -> None:
    signed = {code: law.signed for code, law in load_laws().by_code.items()}
    assert {code for code, years in signed.items() if not years} == {"EU", "IN", "US"}
    assert signed["ES"] == (2024,)


def test_terms_that_nobody_confirmed_are_not_told_either() -> None:
    assert load_terms()["github"].certainty == "C"
    for reviewed in (False, True):
        said = consequences_of(["github", "x"], reviewed=reviewed)
        assert ("GitHub's terms" in {one.about for one in said}) is reviewed
        assert "X's terms" in {one.about for one in said}


def test_an_unknown_place_or_platform_has_nothing_said_of_it() -> None:
    assert law_of("ZZ", reviewed=True) == ()
    assert {one.about for one in consequences_of(["reddit"], "ZZ")} == {AUTHORITIES}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "not well formed"),
        ("schema_version: 1\nchecked: 2026-01-01\ngeneral: []\nlaw: [{code: X}]", "effect"),
        (
            "schema_version: 1\nchecked: 2026-01-01\ngeneral: []\nlaw:\n"
            + "- {code: X, effect: regulated, signed: [], facts: [{says: s, source: s, date: '', certainty: A}]}\n" * 2,
            "twice",
        ),
        (
            "schema_version: 1\nchecked: 2026-01-01\nlaw: []\n"
            "general: [{says: s, source: s, date: soon, certainty: A}]",
            "date",
        ),
    ],
)
def test_broken_facts_are_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(ConsequencesError, match=said):
        parse_laws(text)
