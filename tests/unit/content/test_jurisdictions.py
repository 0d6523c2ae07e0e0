"""Jurisdictions as data: the rules that were read, how sure we are of each, no weaker rules by a slip of the pen."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.content.jurisdictions import (
    FORBIDS,
    REFERENCES,
    UNCHECKED,
    JurisdictionDataError,
    UnknownJurisdiction,
    find,
    is_eea,
    load_jurisdictions,
    parse_jurisdictions,
)
from agent.model.legal import Jurisdiction
from agent.model.purposes import StartRule

SHIPPED = files("agent.content").joinpath("jurisdictions.yaml").read_text("utf-8")
CELLS = {
    "authority",
    "statute",
    "start",
    "lead_days",
    "languages",
    "references",
    "forbids",
    "claims_years",
    "monitoring",
}


def changed(row: str | None = None, **cells: Any) -> str:
    """Return the shipped file with some cells of one row changed, or of the file itself."""
    data = yaml.safe_load(SHIPPED)
    place = data if row is None else next(entry for entry in data["jurisdictions"] if entry["code"] == row)
    for cell, value in cells.items():
        if value is None:
            del place[cell]
        else:
            place[cell] = value
    return yaml.safe_dump(data)


@pytest.mark.parametrize(
    ("code", "start", "lead_days", "references"),
    [
        ("AU-NSW", StartRule.SHOWN, 14, {"policy"}),
        ("AU-ACT", StartRule.SHOWN, 14, {"policy"}),
        ("AU-VIC", StartRule.SHOWN, 0, {"policy"}),
        ("NO", StartRule.SHOWN, 0, {"dpia", "representatives"}),
        ("ES", StartRule.SHOWN, 0, {"dpia", "representatives"}),
        ("DE", StartRule.SHOWN, 0, {"dpia", "representatives"}),
        ("AT", StartRule.SHOWN, 0, {"dpia"}),
        ("GB", StartRule.SHOWN, 0, {"dpia"}),
        ("CH", StartRule.SHOWN, 0, set()),
        ("CO", StartRule.AUTHORISED, 0, {"policy"}),
        ("IN", StartRule.ACKNOWLEDGED, 0, set()),
        ("MA", StartRule.SHOWN, 0, {"regulator_filing"}),
        ("HK", StartRule.SHOWN, 0, {"policy"}),
        ("CA-ON", StartRule.SHOWN, 0, {"policy"}),
        ("US-NY", StartRule.ACKNOWLEDGED, 0, {"posting"}),
        ("US-DE", StartRule.ACKNOWLEDGED, 0, set()),
        ("US-CT", StartRule.SHOWN, 0, {"posting"}),
        ("US-TX", StartRule.SHOWN, 0, set()),
    ],
)
def test_what_each_place_asks_for(code: str, start: StartRule, lead_days: int, references: set[str]) -> None:
    there = find(load_jurisdictions(), code)
    assert (there.start, there.lead_days, there.references) == (start, lead_days, frozenset(references))


def test_every_cell_of_every_row_says_how_sure_we_are() -> None:
    for there in load_jurisdictions().values():
        assert set(there.certainty) == CELLS
        assert set(there.certainty.values()) <= {"A", "B", "C"}


def test_nothing_unchecked_is_stated_as_certain() -> None:
    for there in load_jurisdictions().values():
        for cell in ("authority", "statute", "monitoring"):
            assert getattr(there, cell).startswith(UNCHECKED) is (there.certainty[cell] == "C"), (there.code, cell)


def test_how_long_claims_last_was_looked_up_nowhere_and_says_so() -> None:
    assert {there.certainty["claims_years"] for there in load_jurisdictions().values()} == {"C"}
    assert {there.claims_years for there in load_jurisdictions().values()} == {3}


def test_only_known_keys_are_asked_for_and_forbidden() -> None:
    for there in load_jurisdictions().values():
        assert there.references <= REFERENCES
        assert there.forbids <= FORBIDS


def test_languages_are_required_where_the_law_names_them() -> None:
    rows = load_jurisdictions()
    assert rows["FR"].languages == rows["CA-QC"].languages == {"fr"}
    assert "en" in rows["IN"].languages
    assert len(rows["IN"].languages) == 23  # English and the 22 of the eighth schedule
    required = {code for code, there in rows.items() if there.languages}
    assert required == {"FR", "CA-QC", "IN"}
    assert all(rows[code].certainty["languages"] == "C" for code in required)


def test_what_a_row_does_not_say_holds_as_around_it_with_its_certainty() -> None:
    rows = load_jurisdictions()
    assert rows["DE"].authority == rows["EU"].authority
    assert rows["DE"].forbids == rows["EU"].forbids
    assert rows["DE"].certainty["authority"] == rows["EU"].certainty["authority"] == "A"
    assert rows["US-NY"].start is not rows["US"].start
    assert rows["US-NY"].certainty["start"] == "B"
    assert rows["US"].certainty["start"] == "C"


def test_a_member_of_the_eea_without_a_row_has_the_eus_rules_under_its_own_code() -> None:
    rows = load_jurisdictions()
    for code in ("AT", "PL", "IS", "AT-9"):
        there = find(rows, code)
        assert there.code == code
        assert code in there.name
        assert (there.references, there.forbids, there.monitoring) == (
            rows["EU"].references,
            rows["EU"].forbids,
            rows["EU"].monitoring,
        )


def test_a_region_without_a_row_has_its_countrys_rules_under_its_own_code() -> None:
    rows = load_jurisdictions()
    assert find(rows, "US-TX").code == "US-TX"
    assert find(rows, "US-TX").monitoring == rows["US"].monitoring
    assert find(rows, "CH-ZH").monitoring == rows["CH"].monitoring
    assert find(rows, "DE-BY").references == rows["DE"].references


@pytest.mark.parametrize("code", ["AU-NWS", "US-NYC", "CA-ONT", "US-XX"])
def test_a_misspelt_region_does_not_fall_back_to_weaker_rules(code: str) -> None:
    with pytest.raises(UnknownJurisdiction, match=f"{code} is not known; of {code[:2]} there are {code[:2]}-"):
        find(load_jurisdictions(), code)


@pytest.mark.parametrize("code", ["ZZ", "GG", "IL", "MC", "CN-BJ", ""])
def test_a_place_that_nothing_is_known_about_is_refused_with_what_is_known(code: str) -> None:
    with pytest.raises(UnknownJurisdiction, match=r"is not known; there are AR, AU, CA, .* members of the EEA"):
        find(load_jurisdictions(), code)


def test_the_eea_is_the_union_and_three_more() -> None:
    letters = [chr(number) for number in range(ord("A"), ord("Z") + 1)]
    members = {a + b for a in letters for b in letters if is_eea(a + b)}
    assert len(members) == 30
    assert {"NO", "IS", "LI", "GR"} <= members
    assert members.isdisjoint({"GB", "CH", "EU", "EL"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (changed("NO", lead_days=None), "NO: says nothing of lead_days"),
        (changed("NO", monitoring=None), "NO: says nothing of monitoring"),
        (changed("NO", lead_days={"is": 0}), "missing required field `certainty`"),
        (changed("NO", lead_days={"is": 0, "certainty": "D"}), "Invalid enum value 'D'"),
        (changed("NO", lead_days={"is": -1, "certainty": "A"}), ">= 0"),
        (changed("NO", start={"is": "never", "certainty": "A"}), "Invalid enum value 'never'"),
        (changed("NO", references={"is": ["letter"], "certainty": "A"}), "references knows no 'letter'"),
        (changed("NO", forbids={"is": ["everything"], "certainty": "A"}), "forbids knows no 'everything'"),
        (changed("NO", languages={"is": ["Norsk"], "certainty": "A"}), "matching regex"),
        (changed("NO", monitoring={"is": "Sure.", "certainty": "C"}), "exactly the texts of certainty C begin with"),
        (changed("NO", monitoring={"is": "Not checked: yes.", "certainty": "A"}), "exactly the texts of certainty C"),
        (changed("NO", claims_years={"is": 0, "certainty": "C"}), ">= 1"),
        (changed("NO", within="SE"), "lies within 'SE', which does not come before it"),
        (changed("NO", code="ES"), "names ES twice"),
        (changed("NO", code="Norway"), "matching regex"),
        (changed("NO", fines=1), "unknown field `fines`"),
        (changed(None, schema_version=9), "Invalid enum value 9"),
        (changed(None, defaults=None), "missing required field `defaults`"),
        ("jurisdictions: [", "not well formed"),
    ],
)
def test_data_that_cannot_be_are_refused_loudly(text: str, words: str) -> None:
    with pytest.raises(JurisdictionDataError) as caught:
        parse_jurisdictions(text)
    assert words in str(caught.value)
    assert "jurisdictions.yaml" in str(caught.value)


def as_told(there: Jurisdiction) -> str:
    """Return the row that `docs/policy.md` must have for a place."""
    references = ", ".join(f"`{key}`" for key in sorted(there.references)) or "none"
    languages = "`en` or one of 22" if len(there.languages) == 23 else ", ".join(f"`{x}`" for x in there.languages)
    cells = {
        "start": there.start.value,
        "lead_days": str(there.lead_days),
        "references": references,
        "languages": languages or "any",
        "forbids": ", ".join(sorted(there.forbids)) or "nothing more",
    }
    told = " | ".join(f"{text} {there.certainty[cell]}" for cell, text in cells.items())
    return f"| `{there.code}` | {there.name} | {told} |"


def test_the_page_for_compliance_teams_tells_every_row_with_its_certainty() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "policy.md").read_text("utf-8")
    written = [row["code"] for row in yaml.safe_load(SHIPPED)["jurisdictions"]]
    table = [line for line in page.partition("## The places")[2].splitlines() if line.startswith("| `")]
    assert table == [as_told(load_jurisdictions()[code]) for code in sorted(written)]
