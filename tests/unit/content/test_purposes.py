"""The purposes as data: nine, none of them different from what the code says, none on a basis that it cannot have."""

from __future__ import annotations

import datetime
import re
from importlib.resources import files
from typing import Any

import pytest
import yaml

from agent.content.jurisdictions import load_jurisdictions
from agent.content.purposes import PurposeDataError, basis_for, load_bases, load_purposes, parse_purposes
from agent.model.purposes import Purpose

SHIPPED = files("agent.content").joinpath("purposes.yaml").read_text("utf-8")


def changed(purpose: str | None = None, **cells: Any) -> str:
    """Return the shipped file with some cells of one purpose changed, or of the file itself."""
    data = yaml.safe_load(SHIPPED)
    place = data if purpose is None else next(entry for entry in data["purposes"] if entry["key"] == purpose)
    for cell, value in cells.items():
        if value is None:
            del place[cell]
        else:
            place[cell] = value
    return yaml.safe_dump(data)


def test_all_nine_purposes_are_described_in_the_order_of_the_code() -> None:
    assert tuple(load_purposes()) == tuple(Purpose)


def test_what_this_release_does_and_what_it_does_not_do_yet() -> None:
    assert {purpose for purpose, facts in load_purposes().items() if facts.in_use} == {
        Purpose.DETECT,
        Purpose.WARN,
        Purpose.LEDGER,
        Purpose.HEALTH,
        Purpose.LONGER_HISTORY,
    }


def test_nothing_that_is_in_use_leaves_the_laptop() -> None:
    for facts in load_purposes().values():
        if facts.in_use:
            assert not facts.leaves
            assert facts.recipients == ("person",)


def test_exactly_the_optional_purposes_have_a_consent_that_ends() -> None:
    for purpose, facts in load_purposes().items():
        assert (facts.consent_days is not None) is purpose.optional
    assert load_purposes()[Purpose.LONGER_HISTORY].consent_days == 365
    assert load_purposes()[Purpose.RESEARCH].consent_days == 365
    assert [purpose for purpose, facts in load_purposes().items() if facts.one_time] == [Purpose.SHARE_LOG]


def test_nothing_is_without_the_record_but_the_record() -> None:
    for purpose, facts in load_purposes().items():
        assert (Purpose.LEDGER in facts.needs) is (purpose is not Purpose.LEDGER)


@pytest.mark.parametrize("code", ["", *load_jurisdictions(), "AT", "IS", "AT-9", "ZZ"])
@pytest.mark.parametrize("day", [None, datetime.date(2026, 1, 1), datetime.date(2030, 1, 1)])
def test_everywhere_and_always_mandatory_purposes_rest_on_no_consent_and_optional_ones_on_one(
    code: str, day: datetime.date | None
) -> None:
    for purpose, facts in load_purposes().items():
        basis = load_bases()[basis_for(facts, code, day)]
        assert basis.consent is (purpose.optional and code != "")


@pytest.mark.parametrize(
    ("code", "basis"),
    [
        ("EU", "A6-1-f"),
        ("AT", "A6-1-f"),
        ("NO", "A6-1-f"),
        ("ES", "A6-1-f"),
        ("GB", "gb-6-1-f"),
        ("CH", "ch-security-ground"),
        ("CO", "co-authorisation"),
        ("AU-NSW", "au-nsw-notice"),
        ("AU-VIC", "local-notice"),
        ("AU", "local-notice"),
        ("US-NY", "us-notice"),
        ("NZ", "local-notice"),
        ("", "own-choice"),
    ],
)
def test_the_basis_is_that_of_the_place_its_country_the_eu_or_the_default(code: str, basis: str) -> None:
    assert basis_for(load_purposes()[Purpose.DETECT], code) == basis


def test_the_record_rests_on_a_duty_and_optional_purposes_in_the_eu_on_consent() -> None:
    assert basis_for(load_purposes()[Purpose.LEDGER], "DE") == "A6-1-c"
    assert basis_for(load_purposes()[Purpose.LONGER_HISTORY], "FR") == "A6-1-a"


def test_indias_basis_changes_with_a_day() -> None:
    detect = load_purposes()[Purpose.DETECT]
    assert basis_for(detect, "IN") == "in-contract-policy"
    assert basis_for(detect, "IN", datetime.date(2027, 5, 13)) == "in-contract-policy"
    assert basis_for(detect, "IN", datetime.date(2027, 5, 14)) == "in-dpdp-7-i"
    assert basis_for(detect, "IN-KA", datetime.date(2028, 1, 1)) == "in-dpdp-7-i"


def test_every_basis_is_used_and_says_how_sure_we_are_of_it() -> None:
    used = {code for facts in load_purposes().values() for code in facts.basis.values()}
    assert used == set(load_bases())
    for basis in load_bases().values():
        assert basis.certainty in {"A", "B", "C"}
        assert basis.source


def test_purposes_carry_terms_in_the_vocabularys_form() -> None:
    for facts in load_purposes().values():
        assert facts.dpv
        assert all(re.fullmatch(r"dpv:[A-Z][A-Za-z]+", term) for term in facts.dpv)


DETECT, LONGER = Purpose.DETECT.value, Purpose.LONGER_HISTORY.value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed(LONGER, optional=False), "is optional in the code and mandatory in this file"),
        (changed(DETECT, optional=True), "is mandatory in the code and optional in this file"),
        (changed(LONGER, optional=False, consent_days=None), "no file can change that"),
        (changed(DETECT, consent_days=30), "consent_days is for optional purposes"),
        (changed(LONGER, consent_days=None), "each of them needs it"),
        (changed(LONGER, consent_days=366), "<= 365"),
        (changed(DETECT, one_time=True), "one_time is for consents"),
        (changed(DETECT, basis={"default": "consent", "personal": "own-choice"}), "a mandatory one never on consent"),
        (changed(LONGER, basis={"default": "local-notice", "personal": "own-choice"}), "rests on consent"),
        (changed(DETECT, basis={"default": "local-notice"}), "no basis for 'personal'"),
        (changed(DETECT, basis={"default": "custom", "personal": "own-choice"}), "not among `bases`"),
        (changed(DETECT, basis={"Norway": "A6-1-f", "default": "local-notice", "personal": "own-choice"}), "'Norway'"),
        (
            changed(DETECT, basis={"IN@2027-05-14": "A6-1-f", "default": "local-notice", "personal": "own-choice"}),
            "nothing before it",
        ),
        (changed(DETECT, needs=[LONGER]), "would make that one a duty"),
        (changed(DETECT, needs=[DETECT]), "cannot need itself"),
        (changed(DETECT, recipients=["manager"]), "no recipient 'manager'"),
        (changed(DETECT, recipients=["person", "organisation"]), "nobody but the person"),
        (changed(DETECT, recipients=[]), "length >= 1"),
        (changed(DETECT, dpv=["PersonnelPerformanceMonitoring"]), "never done here"),
        (changed(DETECT, dpv=["made up"]), "matching regex"),
        (changed(DETECT, retention="forever"), "Invalid enum value 'forever'"),
        (changed(DETECT, productivity=True), "unknown field `productivity`"),
        (changed(DETECT, key="security.keystrokes"), "Invalid enum value 'security.keystrokes'"),
        (changed(DETECT, in_use=None), "missing required field `in_use`"),
        (changed(None, extra=1), "unknown field `extra`"),
        (changed(None, schema_version=2), "Invalid enum value 2"),
        (changed(None, purposes=[]), "lacks security.detect-bulk-collection"),
        (changed(None, purposes=yaml.safe_load(SHIPPED)["purposes"] * 2), "names a purpose twice"),
        ("purposes: [", "not well formed"),
        ("just words", "not well formed"),
    ],
)
def test_data_that_cannot_be_are_refused_loudly(text: str, words: str) -> None:
    with pytest.raises(PurposeDataError) as caught:
        parse_purposes(text)
    assert words in str(caught.value)
    assert "purposes.yaml" in str(caught.value)


@pytest.mark.parametrize("left_out", [purpose.value for purpose in Purpose])
def test_no_purpose_can_be_left_out(left_out: str) -> None:
    kept = [entry for entry in yaml.safe_load(SHIPPED)["purposes"] if entry["key"] != left_out]
    with pytest.raises(PurposeDataError, match=re.escape(left_out)):
        parse_purposes(changed(None, purposes=kept))


@pytest.mark.parametrize("purpose", list(Purpose))
def test_no_file_can_turn_any_purpose_round(purpose: Purpose) -> None:
    with pytest.raises(PurposeDataError, match="no file can change that"):
        parse_purposes(changed(purpose.value, optional=not purpose.optional))
