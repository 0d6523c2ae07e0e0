"""The purposes as data: legal basis by jurisdiction, categories, recipients, retention, how long a consent holds.

`purposes.yaml` beside this file is the source; `load_purposes` reads and checks it, `basis_for` says which basis a
purpose has somewhere. Words for people are `content/notices/`'s, by the keys given here. The notice is rendered from
these facts, so that its hash covers them: a changed recipient or retention is another notice and asks again
(DESIGN 3.10, 3.16).

Whether a purpose is optional is decided by the code (`Purpose.optional`), never by a file: data that disagree are
refused, and so is a mandatory purpose on a consent or an optional one on anything else.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal

import msgspec

from agent.content.jurisdictions import Certainty, country_of, is_eea
from agent.model.legal import PurposeFacts
from agent.model.purposes import Purpose

RECIPIENTS: Final = frozenset({"person", "organisation", "researcher"})
"""Keys of who can see anything at all."""

NEVER: Final = frozenset({"PersonnelPerformanceMonitoring", "PersonnelBehaviourMonitoring"})
"""DPV terms that no purpose here may carry (DESIGN 3.21)."""

_OUTSIDE: Final = frozenset({"default", "personal"})
_PLACE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?(@\d{4}-\d{2}-\d{2})?")

Retention = Literal["observations", "findings", "claims", "longer", "once"]
Key = Annotated[str, msgspec.Meta(pattern="^[a-z]+(-[a-z]+)*$")]
Term = Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Za-z]+$")]


class PurposeDataError(ValueError):
    """The shipped purposes are wrong; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Basis:
    """One legal basis.

    Attributes:
        code: Such as `A6-1-f`.
        certainty: How sure we are that it is one there: `A`, `B` or `C`, as for jurisdictions.
        consent: Whether it is a consent, which only an optional purpose may rest on.
        source: Where it is from, in English, for compliance teams; people read `content/notices/`'s words.
    """

    code: str
    certainty: Certainty
    consent: bool
    source: str


class _BasisFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    certainty: Certainty
    consent: bool
    source: str


class _PurposeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: Purpose
    optional: bool
    in_use: bool
    leaves: bool
    basis: dict[str, str]
    categories: Annotated[tuple[Key, ...], msgspec.Meta(min_length=1)]
    recipients: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    retention: Retention
    dpv: Annotated[tuple[Term, ...], msgspec.Meta(min_length=1)]
    consent_days: Annotated[int, msgspec.Meta(ge=1, le=365)] | None = None
    one_time: bool = False
    needs: tuple[Purpose, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: Literal[1]
    checked: datetime.date
    bases: dict[str, _BasisFile]
    purposes: list[_PurposeFile]


def parse_purposes(text: str) -> tuple[Mapping[Purpose, PurposeFacts], Mapping[str, Basis]]:
    """Read and check purposes and the bases that they name.

    Args:
        text: YAML, in the form that the head of `purposes.yaml` describes.

    Returns:
        The purposes, in the order of `Purpose`, and the bases by code.

    Raises:
        PurposeDataError: The data is not well formed, a purpose is missing or there twice, disagrees with the code
            about being optional, or rests on a basis that it cannot have.
    """
    import yaml

    try:
        found = msgspec.convert(yaml.safe_load(text), _File)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise PurposeDataError(f"purposes.yaml is not well formed: {' '.join(str(error).split())}") from None
    bases = {
        code: Basis(code, basis.certainty, basis.consent, basis.source) for code, basis in sorted(found.bases.items())
    }
    facts = {entry.key: _facts(entry, bases) for entry in found.purposes}
    if len(facts) != len(found.purposes):
        raise PurposeDataError("purposes.yaml names a purpose twice; merge the two entries")
    if missing := [purpose.value for purpose in Purpose if purpose not in facts]:
        raise PurposeDataError(f"purposes.yaml lacks {', '.join(missing)}; every purpose must be described")
    return {purpose: facts[purpose] for purpose in Purpose}, bases


def _facts(entry: _PurposeFile, bases: Mapping[str, Basis]) -> PurposeFacts:
    """Turn one entry into facts, or say why it cannot be."""
    for problem in (_against_the_code(entry), _against_itself(entry), _basis_problem(entry, bases)):
        if problem:
            raise PurposeDataError(f"purposes.yaml: {entry.key}: {problem}")
    return PurposeFacts(
        purpose=entry.key,
        in_use=entry.in_use,
        leaves=entry.leaves,
        basis=dict(entry.basis),
        categories=entry.categories,
        recipients=entry.recipients,
        retention=entry.retention,
        consent_days=entry.consent_days,
        one_time=entry.one_time,
        dpv=tuple(f"dpv:{term}" for term in entry.dpv),
        needs=entry.needs,
    )


def _against_the_code(entry: _PurposeFile) -> str:
    """Say where the file contradicts what the code decides, or nothing."""
    if entry.optional is not entry.key.optional:
        here, there = ("optional", "mandatory") if entry.optional else ("mandatory", "optional")
        return f"is {there} in the code and {here} in this file; no file can change that"
    if entry.key.optional is not (entry.consent_days is not None):
        return "consent_days is for optional purposes, and each of them needs it"
    if entry.one_time and not entry.key.optional:
        return "one_time is for consents; a mandatory purpose has none"
    if not entry.key.optional and any(need.optional for need in entry.needs):
        return "is mandatory and needs an optional purpose, which would make that one a duty"
    return ""


def _against_itself(entry: _PurposeFile) -> str:
    """Say where an entry cannot be true, or nothing."""
    if strangers := sorted(set(entry.recipients) - RECIPIENTS):
        return f"knows no recipient {strangers[0]!r}; there are {', '.join(sorted(RECIPIENTS))}"
    if not entry.leaves and set(entry.recipients) != {"person"}:
        return "nothing of it leaves the laptop, so nobody but the person can be its recipient"
    if banned := sorted(NEVER.intersection(entry.dpv)):
        return f"{banned[0]} is never done here"
    if entry.key in entry.needs:
        return "cannot need itself"
    return ""


def _basis_problem(entry: _PurposeFile, bases: Mapping[str, Basis]) -> str:
    """Say what is wrong with the bases of an entry, or nothing."""
    if missing := sorted(_OUTSIDE - set(entry.basis)):
        return f"has no basis for {missing[0]!r}"
    for place, code in entry.basis.items():
        if place not in _OUTSIDE and not _PLACE.fullmatch(place):
            return f"{place!r} is no jurisdiction, nor one with the day from which it holds (IN@2027-05-14)"
        if "@" in place and place.partition("@")[0] not in entry.basis:
            return f"{place} has nothing before it; say what holds until then"
        if code not in bases:
            return f"names the basis {code!r}, which is not among `bases`"
        if place != "personal" and bases[code].consent is not entry.key.optional:
            rests = "an optional purpose rests on consent" if entry.key.optional else "a mandatory one never on consent"
            return f"rests on {code} in {place}; {rests}"
    return ""


@cache
def _shipped() -> tuple[Mapping[Purpose, PurposeFacts], Mapping[str, Basis]]:
    return parse_purposes(files("agent.content").joinpath("purposes.yaml").read_text("utf-8"))


def load_purposes() -> Mapping[Purpose, PurposeFacts]:
    """Return the shipped purposes in the order of `Purpose`, read once.

    Raises:
        PurposeDataError: The shipped data is broken; reinstalling is the only remedy.
    """
    return _shipped()[0]


def load_bases() -> Mapping[str, Basis]:
    """Return the legal bases that purposes name, by code, read once.

    Raises:
        PurposeDataError: The shipped data is broken; reinstalling is the only remedy.
    """
    return _shipped()[1]


def basis_for(facts: PurposeFacts, jurisdiction_code: str, on: datetime.date | None = None) -> str:
    """Return the code of the legal basis that a purpose has somewhere.

    Args:
        facts: The purpose.
        jurisdiction_code: Such as `AU-NSW` or `AT`; empty in personal mode, where nobody else decides anything.
        on: The day that is asked about, for places where the basis changes with a day; None: before any such change.

    Returns:
        The basis of that very place, else of its country, else the EU's for a member of the EEA, else the default.
    """
    if not jurisdiction_code:
        return facts.basis["personal"]
    country = country_of(jurisdiction_code)
    for place in (jurisdiction_code, country, *(("EU",) if is_eea(country) else ())):
        if place in facts.basis:
            return _on(facts.basis, place, on)
    return facts.basis["default"]


def _on(basis: Mapping[str, str], place: str, on: datetime.date | None) -> str:
    """Return what holds in a place on a day: the latest change that has come, else what held before."""
    changes = sorted(key.partition("@")[2] for key in basis if key.startswith(f"{place}@"))
    come = [day for day in changes if on is not None and day <= on.isoformat()]
    return basis[f"{place}@{come[-1]}"] if come else basis[place]
