"""What terms and law say of a finding: picked from data, as information with source, date and certainty.

```
platforms it talked to ─→ terms.yaml ─────────┐
jurisdiction of the policy ─→ consequences.yaml ─┼─→ what is confirmed, or reviewed ─→ Consequence, in the order shown
every finding ─→ the authorities' statement ──┘
```
A fact that nobody confirmed (certainty C) is left out until the policy names a legal reviewer and a date; then it is
shown as what it is. The law's part is left out where the person said that they do not work there. Nothing in here is
legal advice, and every face says so.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal

import msgspec

from agent.content.jurisdictions import UnknownJurisdiction, country_of, find, is_eea, load_jurisdictions
from agent.content.platforms import load_platforms
from agent.content.terms import Certainty, load_terms
from agent.model.consequences import Consequence

NOT_ADVICE: Final = "This is information from the sources named, not legal advice."
AUTHORITIES: Final = "Data protection authorities"
EFFECTS: Final = {
    "regulated": "The law there holds for public data in full.",
    "conditional": "The law there holds for public data; for some public sources one of its duties may fall away.",
    "exempt-narrow": "Public data are outside the law there for a narrow class only.",
    "broad-exclusion": "Publicly available data are mostly outside the privacy acts there; contracts still bind.",
}
"""How a law treats public data, in a sentence of its own, for whoever compares places."""

_STATEMENTS: Final = {
    (2023, 2024): "signed both joint statements on data scraping, of 2023 and 2024",
    (2023,): "signed the joint statement on data scraping of 2023",
    (2024,): "signed the concluding joint statement on data scraping of 2024",
}


class ConsequencesError(ValueError):
    """The shipped facts are wrong; the message says where."""


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact of law: what it says in our words, which text, its date, how sure we are."""

    says: Annotated[str, msgspec.Meta(min_length=1, max_length=600)]
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    date: Annotated[str, msgspec.Meta(pattern=r"^(\d{4}(-\d{2}(-\d{2})?)?)?\Z")]
    certainty: Certainty


class Law(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the law of one place says of public data.

    Attributes:
        code: A jurisdiction.
        effect: A key of `EFFECTS`.
        signed: The joint statements that its authority signed, by year.
        facts: What is known of it, most important first.
    """

    code: str
    effect: Literal["regulated", "conditional", "exempt-narrow", "broad-exclusion"]
    signed: tuple[Literal[2023, 2024], ...]
    facts: Annotated[tuple[Fact, ...], msgspec.Meta(min_length=1)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: Literal[1]
    checked: datetime.date
    general: tuple[Fact, ...]
    law: list[Law]


@dataclass(frozen=True, slots=True)
class Laws:
    """The shipped facts: those that hold for every place, and each place's by its code."""

    general: tuple[Fact, ...]
    by_code: Mapping[str, Law]
    checked: datetime.date

    def of(self, code: str) -> Law | None:
        """Return the row that holds for a code: its own, its country's, or the EU's for a member of the EEA."""
        country = country_of(code)
        found = self.by_code.get(code) or self.by_code.get(country)
        return found or (self.by_code.get("EU") if is_eea(country) else None)


def parse_laws(text: str) -> Laws:
    """Read and check facts of law.

    Args:
        text: YAML, in the form that the head of `consequences.yaml` describes.

    Raises:
        ConsequencesError: The data is not well formed, or names a place twice.
    """
    import yaml

    try:
        found = msgspec.convert(yaml.safe_load(text), _File)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise ConsequencesError(f"consequences.yaml is not well formed: {' '.join(str(error).split())}") from None
    by_code = {law.code: law for law in found.law}
    if len(by_code) != len(found.law):
        raise ConsequencesError("consequences.yaml names a place twice; merge the two rows")
    return Laws(found.general, by_code, found.checked)


@cache
def load_laws() -> Laws:
    """Return the shipped facts, read once.

    Raises:
        ConsequencesError: The shipped data is broken; reinstalling is the only remedy.
    """
    return parse_laws(files("agent.content").joinpath("consequences.yaml").read_text("utf-8"))


def consequences_of(
    platforms: Iterable[str], jurisdiction: str = "", *, reviewed: bool = False, elsewhere: bool = False
) -> tuple[Consequence, ...]:
    """Return what terms and law say of collecting from these platforms, in the order in which it is shown.

    Args:
        platforms: Keys of the platforms that were seen.
        jurisdiction: Code of the place where the person works; empty where none is configured.
        reviewed: Whether the policy names a legal reviewer and a date: then unconfirmed facts are shown too.
        elsewhere: Whether the person said that they do not work there: the law's part is left out then.
    """
    said = [*_terms(platforms, reviewed)]
    if jurisdiction and not elsewhere:
        said += law_of(jurisdiction, reviewed=reviewed)
    said += [_as_said(AUTHORITIES, fact) for fact in load_laws().general if reviewed or fact.certainty != "C"]
    return tuple(said)


def place_of(code: str) -> tuple[str, str]:
    """Return code and name of the place whose law is told; two empty strings where nothing is known of it."""
    try:
        there = find(load_jurisdictions(), code)
    except UnknownJurisdiction:
        return "", ""
    return there.code, there.name


def law_of(code: str, *, reviewed: bool) -> tuple[Consequence, ...]:
    """Return what the law of one place says of collecting public data about people; nothing for an unknown code.

    Where all that is known of a place is unconfirmed and nobody reviewed it, one sentence says just that.
    """
    try:
        there = find(load_jurisdictions(), code)
    except UnknownJurisdiction:
        return ()
    laws = load_laws()
    law = laws.of(code)
    if law is None:
        return ()
    about = f"The law: {there.name}"
    shown = [_as_said(about, fact) for fact in law.facts if reviewed or fact.certainty != "C"]
    if not shown:
        unknown = (
            "A law on personal data holds there. What it says of public data was not confirmed by a lawyer, so it is "
            "not shown before the organisation names one in its policy."
        )
        shown = [Consequence(about, unknown, there.statute, laws.checked.isoformat(), there.certainty["statute"])]
    if law.signed:
        signed = f"The authority there {_STATEMENTS[law.signed]}."
        shown.append(Consequence(about, signed, "List of signatories", f"{law.signed[-1]}", "B"))
    return tuple(shown)


def _terms(platforms: Iterable[str], reviewed: bool) -> Sequence[Consequence]:
    terms, names = load_terms(), load_platforms()
    found = []
    for key in sorted(set(platforms)):
        entry = terms.get(key)
        if entry is None or (entry.certainty == "C" and not reviewed):
            continue
        says = f"{entry.substance} {entry.note}".strip()
        found.append(Consequence(f"{names.name(key)}'s terms", says, entry.document, entry.effective, entry.certainty))
    return found


def _as_said(about: str, fact: Fact) -> Consequence:
    return Consequence(about, fact.says, fact.source, fact.date, fact.certainty)
