"""Jurisdictions as data: what watching at work takes in each, in our own words, with how sure we are of every cell.

`jurisdictions.yaml` beside this file is the source; `load_jurisdictions` reads and checks it and fills in what a row
inherits from the one it lies `within`. `find` answers for a code that a policy names. `consent/ruling.py` decides by
the result, notices and compliance pages show it. Not legal advice: no row replaces counsel.

A cell of certainty C is general knowledge that nobody checked here; its text must say so in its first words, so that
no page can show it as if it were certain.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Literal

import msgspec

from agent.model.legal import Jurisdiction
from agent.model.purposes import StartRule

Certainty = Literal["A", "B", "C"]
"""A: the text itself was read. B: a secondary source was read. C: general knowledge, to be checked there."""

REFERENCES: Final = frozenset({"dpia", "representatives", "policy", "regulator_filing", "posting"})
"""Keys of what a policy can refer to; the same as the fields of its `[references]`."""

FORBIDS: Final = frozenset({"behaviour-monitoring", "covert-monitoring", "employee-consent"})
"""Keys of what a jurisdiction can forbid. Nothing here does the first two; `consent/ruling.py` enforces the third."""

UNCHECKED: Final = "Not checked: "
"""How every text of certainty C begins."""

# fmt: off
_EEA: Final = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
    "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
})
# fmt: on

Code = Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Language = Annotated[str, msgspec.Meta(pattern="^[a-z]{2,3}$")]


class JurisdictionDataError(ValueError):
    """The shipped jurisdictions are wrong; the message says which and why."""


class UnknownJurisdiction(LookupError):
    """A code that nothing is known about; the message lists what is known."""


class _Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"value": "is"}):
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=600)]
    certainty: Certainty


class _Start(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"value": "is"}):
    value: StartRule
    certainty: Certainty


class _Days(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"value": "is"}):
    value: Annotated[int, msgspec.Meta(ge=0, le=365)]
    certainty: Certainty


class _Years(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"value": "is"}):
    value: Annotated[int, msgspec.Meta(ge=1, le=30)]
    certainty: Certainty


class _Languages(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"value": "is"}):
    value: frozenset[Language]
    certainty: Certainty


class _Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"value": "is"}):
    value: frozenset[str]
    certainty: Certainty


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: Code
    name: str
    within: str = ""
    regions: tuple[str, ...] = ()
    authority: _Text | None = None
    statute: _Text | None = None
    start: _Start | None = None
    lead_days: _Days | None = None
    languages: _Languages | None = None
    references: _Keys | None = None
    forbids: _Keys | None = None
    claims_years: _Years | None = None
    monitoring: _Text | None = None


class _Defaults(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    languages: _Languages
    forbids: _Keys
    claims_years: _Years


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: Literal[1]
    checked: datetime.date
    defaults: _Defaults
    jurisdictions: list[_Row]


_CELLS: Final = (
    "authority",
    "statute",
    "start",
    "lead_days",
    "languages",
    "references",
    "forbids",
    "claims_years",
    "monitoring",
)


def parse_jurisdictions(text: str) -> Mapping[str, Jurisdiction]:
    """Read and check jurisdictions; return them by code, regions that a country lists included.

    Args:
        text: YAML, in the form that the head of `jurisdictions.yaml` describes.

    Raises:
        JurisdictionDataError: The data is not well formed, a row is there twice, lies within one that does not come
            before it, lacks a cell, names an unknown key, or states something unchecked without saying so.
    """
    import yaml

    try:
        found = msgspec.convert(yaml.safe_load(text), _File)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise JurisdictionDataError(f"jurisdictions.yaml is not well formed: {' '.join(str(error).split())}") from None
    known: dict[str, Jurisdiction] = {}
    for row in found.jurisdictions:
        if row.code in known:
            raise JurisdictionDataError(f"jurisdictions.yaml names {row.code} twice; merge the two rows")
        known[row.code] = _jurisdiction(row, found.defaults, known)
    for row in found.jurisdictions:
        for region in row.regions:
            code = f"{row.code}-{region}"
            known.setdefault(code, _under(known[row.code], code))
    return known


def _jurisdiction(row: _Row, defaults: _Defaults, known: Mapping[str, Jurisdiction]) -> Jurisdiction:
    """Turn a row into a jurisdiction: its own cells, else those of the row around it, else the defaults."""

    def wrong(problem: str) -> JurisdictionDataError:
        return JurisdictionDataError(f"jurisdictions.yaml: {row.code}: {problem}")

    if row.within and row.within not in known:
        raise wrong(f"lies within {row.within!r}, which does not come before it")
    around = known.get(row.within)
    values: dict[str, object] = {}
    certainty: dict[str, Certainty] = {}
    for cell in _CELLS:
        own = getattr(row, cell) or (None if around else getattr(defaults, cell, None))
        if own is not None:
            values[cell], certainty[cell] = own.value, own.certainty
        elif around is None:
            raise wrong(f"says nothing of {cell}, and lies within no row that does")
        if isinstance(own, _Text) and (own.certainty == "C") is not own.value.startswith(UNCHECKED):
            raise wrong(f"{cell}: exactly the texts of certainty C begin with {UNCHECKED!r}")
    for cell, keys in (("references", REFERENCES), ("forbids", FORBIDS)):
        own = getattr(row, cell)
        if own is not None and (strangers := sorted(own.value - keys)):
            raise wrong(f"{cell} knows no {strangers[0]!r}; there are {', '.join(sorted(keys))}")
    if around is not None:
        filled = {**{cell: getattr(around, cell) for cell in _CELLS}, **values}
        return msgspec.convert(
            {**filled, "code": row.code, "name": row.name, "certainty": {**around.certainty, **certainty}}, Jurisdiction
        )
    return msgspec.convert({**values, "code": row.code, "name": row.name, "certainty": certainty}, Jurisdiction)


def _under(around: Jurisdiction, code: str) -> Jurisdiction:
    """Return a jurisdiction's rules under the code of one that has none of its own."""
    return replace(around, code=code, name=f"{around.name} ({code})")


@cache
def load_jurisdictions() -> Mapping[str, Jurisdiction]:
    """Return the shipped jurisdictions by code, read once.

    Raises:
        JurisdictionDataError: The shipped data is broken; reinstalling is the only remedy.
    """
    return parse_jurisdictions(files("agent.content").joinpath("jurisdictions.yaml").read_text("utf-8"))


def country_of(code: str) -> str:
    """Return the country of a code: `AU` of `AU-NSW`."""
    return code.partition("-")[0]


def is_eea(country: str) -> bool:
    """Whether the GDPR holds in a country because it belongs to the European Economic Area."""
    return country in _EEA


def find(jurisdictions: Mapping[str, Jurisdiction], code: str) -> Jurisdiction:
    """Return what holds for a code, under that very code.

    A region that has no row has its country's rules; a member of the EEA that has none has the EU's. Where a country
    has regions with rules of their own, only those of its regions that are listed are known: a misspelt one must not
    fall back to weaker rules.

    Args:
        jurisdictions: As `load_jurisdictions` returns them.
        code: Such as `NO`, `US-NY` or `AT`.

    Raises:
        UnknownJurisdiction: Nothing is known about it; the message lists what is.
    """
    if code in jurisdictions:
        return jurisdictions[code]
    country = country_of(code)
    regions = sorted(known for known in jurisdictions if known.startswith(f"{country}-"))
    if regions and code != country:
        raise UnknownJurisdiction(f"{code} is not known; of {country} there are {', '.join(regions)}")
    if country in jurisdictions:
        return _under(jurisdictions[country], code)
    if country in _EEA and "EU" in jurisdictions:
        return _under(jurisdictions["EU"], code)
    countries = sorted(known for known in jurisdictions if "-" not in known)
    raise UnknownJurisdiction(
        f"{code} is not known; there are {', '.join(countries)}, their regions, and the members of the EEA"
    )
