"""The words that consent records are written in: DPV 2.3 terms, our own `gw:` terms, the inline JSON-LD context.

`records.py` turns our keys (legal bases, data categories) into terms by the tables here. Every term of somebody else's
vocabulary that can appear in a record stands in `dpv_terms.txt`, frozen with the DPV version it was read from; tests
hold the tables, the records and the purposes' data against that list, and the list against DPV itself.

The context stands in every record, whole: a reader never has to fetch anything to know what a field means.

Specifications: W3C DPV 2.3 and its guide to ISO/IEC TS 27560:2023 of 15 February 2026; JSON-LD 1.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

GW: Final = "urn:gleanwatch:terms#"
"""Namespace of the terms that are ours; what each means: docs/consent-records.md."""

CONTEXT: Final[Mapping[str, object]] = {
    "@version": 1.1,
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "dct": "http://purl.org/dc/terms/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "gw": GW,
    **{
        name: {"@type": "@id"}
        for name in (
            "dct:conformsTo",
            "dpv:hasJurisdiction",
            "dpv:hasLocation",
            "dpv:hasNecessity",
            "dpv:hasProcessing",
            "dpv:hasStatus",
            "dpv:isIndicatedBy",
            "gw:exercises",
            "gw:prior",
            "skos:broader",
        )
    },
    "dpv:isIndicatedAtTime": {"@type": "xsd:dateTime"},
    "gw:ledgerProof": {"@type": "@json"},
}

CONSENT: Final = "dpv:ExpressedConsent"
"""What every basis that is a consent is a kind of."""

_BASES: Final[Mapping[str, str]] = {
    "gb-6-1-a": CONSENT,
    "consent": CONSENT,
    "gb-6-1-c": "dpv:LegalObligation",
    "local-record": "dpv:LegalObligation",
    "gb-6-1-f": "dpv:LegitimateInterest",
    "ch-security-ground": "dpv:LegitimateInterest",
    "local-notice": "dpv:LegitimateInterest",
    "au-nsw-notice": "dpv:LegalBasis",
    "co-authorisation": "dpv:LegalBasis",
    "in-contract-policy": "dpv:LegalBasis",
    "in-dpdp-7-i": "dpv:LegalBasis",
    "mx-employment": "dpv:LegalBasis",
    "us-notice": "dpv:LegalBasis",
    "own-choice": "dpv:LegalBasis",
}
"""Bases that DPV has no term for → what they are a kind of."""

OWN_CHOICE: Final = "own-choice"
"""The basis where nobody but the person decides: no basis in law is needed then, and none is claimed."""

_GDPR: Final[Mapping[str, str]] = {
    "A6-1-a": CONSENT,
    "A6-1-c": "dpv:LegalObligation",
    "A6-1-f": "dpv:LegitimateInterest",
}

_CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "page-classes": ("pd:BrowsingBehaviour",),
    "page-totals": ("pd:BrowsingBehaviour",),
    "programs": ("pd:DeviceApplications",),
    "tool-counts": ("pd:DeviceApplications",),
    "connections": ("pd:CommunicationsMetadata",),
    "packages": ("pd:DeviceSoftware",),
    "browser-extensions": ("pd:DeviceSoftware",),
    "browser-state": ("pd:DeviceSoftware",),
    "crash-places": ("pd:DeviceSoftware",),
    "agent-state": ("pd:DeviceBased",),
    "log-extract": ("pd:DeviceBased",),
    "findings": ("dpv:DerivedPersonalData", "pd:DeviceApplications"),
    "answers": ("dpv:ProvidedPersonalData",),
    "own-words": ("dpv:ProvidedPersonalData",),
    "acts": ("pd:PrivacyPreference",),
    "notice-texts": ("dpv:GeneratedPersonalData",),
}
"""Our data categories → what they are a kind of."""


class UnknownTerm(ValueError):
    """A key that no table here knows; the text names it and where it belongs."""


@cache
def dpv_terms() -> Mapping[str, str]:
    """Return every DPV term that records may use, with its kind as `dpv_terms.txt` states it."""
    lines = files(__package__).joinpath("dpv_terms.txt").read_text("utf-8").splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))


def basis(code: str) -> dict[str, object]:
    """Return a legal basis as a node.

    Args:
        code: As in `content/purposes.yaml`, such as `A6-1-f` or `us-notice`.

    Raises:
        UnknownTerm: No table knows it.
    """
    if code in _GDPR:
        return {"@id": f"eu-gdpr:{code}", "@type": "dpv:LegalBasis", "skos:broader": _GDPR[code]}
    if code in _BASES:
        return {"@id": f"gw:basis-{code}", "@type": "dpv:LegalBasis", "skos:broader": _BASES[code]}
    raise UnknownTerm(f"the legal basis {code!r} has no DPV term: add it to agent/consent/vocabulary.py")


def is_gdpr(code: str) -> bool:
    """Say whether a basis is one of the GDPR of the EU."""
    return code in _GDPR


def personal_data(category: str) -> dict[str, object]:
    """Return one of our data categories as a node.

    Raises:
        UnknownTerm: No table knows it.
    """
    if category not in _CATEGORIES:
        raise UnknownTerm(f"the data category {category!r} has no DPV term: add it to agent/consent/vocabulary.py")
    return {
        "@id": f"gw:data-{category}",
        "@type": "dpv:PersonalData",
        "dct:identifier": category,
        "skos:broader": list(_CATEGORIES[category]),
    }


def jurisdiction(code: str) -> dict[str, object]:
    """Return a jurisdiction as a node: DPV's where the frozen list has it, ours by its ISO 3166 code where not."""
    if not code:
        return {"@id": "gw:UnstatedJurisdiction"}
    term = f"loc:{code}"
    return {"@id": term if term in dpv_terms() else f"gw:jurisdiction-{code}", "dct:identifier": code}
