"""Every DPV term in a record is one that DPV 2.3 has: records and data against the frozen list, the list against DPV.

The list is the whole truth for a public clone. With a checkout of w3c/dpv named by the environment variable
GLEANWATCH_DPV the list itself is held against the vocabulary's Turtle files. No package carries DPV 2.3: the one that
comes near, @vocabulary/dpv on the JavaScript registry, holds a version from before these terms.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from agent.consent import vocabulary
from agent.consent.records import consent_record
from agent.content.jurisdictions import load_jurisdictions
from agent.content.purposes import load_purposes
from agent.model.purposes import Mode
from agent.model.records import RecordFacts
from tests.support.consent_records import every_act

TERM = re.compile(r'"((?:dpv|eu-gdpr|pd|loc):[A-Za-z0-9][\w-]*)"')
LISTED = vocabulary.dpv_terms()
LINES = files("agent.consent").joinpath("dpv_terms.txt").read_text("utf-8").splitlines()
TURTLE = {"dpv": "dpv/dpv.ttl", "pd": "pd/pd.ttl", "loc": "loc/loc.ttl", "eu-gdpr": "legal/eu/gdpr/eu-gdpr.ttl"}
KINDS = {
    "purpose": "dpv:Purpose",
    "personal-data": "dpv:PersonalData",
    "legal-basis": "dpv:LegalBasis",
    "right": "dpv:Right",
    "measure": "dpv:OrganisationalMeasure",
    "consent-status": "dpv:ConsentStatus",
    "notice-status": "dpv:NoticeStatus",
    "processing": "dpv:Processing",
    "necessity": "dpv:Necessity",
    "property": "rdf:Property",
}


def every_record() -> Iterator[RecordFacts]:
    """Every act with the categories, recipients, terms and each basis of its purpose as shipped."""
    known = load_purposes()
    for one in every_act():
        shipped = known[one.act.purpose]
        own = one.parties.mode is Mode.PERSONAL
        codes = {"own-choice"} if own else set(shipped.basis.values()) - {"own-choice"}
        for code in sorted(codes):
            yield replace(
                one,
                basis=code,
                categories=shipped.categories,
                recipients=shipped.recipients,
                dpv=shipped.dpv,
            )


@cache
def used() -> frozenset[str]:
    """Every term in any record, in the purposes' data, and each jurisdiction as a record would name it."""
    found: set[str] = set()
    for one in every_record():
        found.update(TERM.findall(json.dumps(consent_record(one))))
    for shipped in load_purposes().values():
        found.update(shipped.dpv)
    return frozenset(found)


def test_the_list_is_sorted_and_names_its_source() -> None:
    terms = [line for line in LINES if not line.startswith("#")]
    assert terms == sorted(set(terms))
    assert "DPV 2.3" in "\n".join(LINES[:3])
    assert re.search(r"commit [0-9a-f]{40}", "\n".join(LINES[:3]))


def test_every_term_that_is_used_is_listed() -> None:
    assert used() <= set(LISTED)


def test_every_listed_term_is_used() -> None:
    """Places apart: a policy may name any of those listed, not only the ones in our tests."""
    assert {term for term in LISTED if not term.startswith("loc:")} <= used()


def test_every_purpose_has_purposes_as_its_terms_and_no_measure() -> None:
    """DPV has measures with names like purposes, such as WebBrowserSecurity and DataSecurityManagement."""
    for purpose, shipped in load_purposes().items():
        assert shipped.dpv, purpose
        assert {LISTED[term] for term in shipped.dpv} == {"purpose"}, purpose


def test_every_jurisdiction_that_we_know_has_its_term() -> None:
    for code in load_jurisdictions():
        assert vocabulary.jurisdiction(code)["@id"] == f"loc:{code}"


@cache
def vocabulary_in(folder: str, prefix: str) -> dict[str, set[str]]:
    """The terms that DPV's Turtle file defines, each with its types."""
    text = (Path(folder) / "2.3" / TURTLE[prefix]).read_text("utf-8")
    found = re.findall(rf"^({re.escape(prefix)}:[\w-]+) a ([^;.]*)[;.]", text, re.MULTILINE)
    return {term: {kind.strip() for kind in kinds.split(",")} for term, kinds in found}


def test_every_listed_term_exists_in_dpv_and_is_of_its_kind() -> None:
    folder = os.environ.get("GLEANWATCH_DPV", "")
    if not folder:
        pytest.skip("name a checkout of w3c/dpv by GLEANWATCH_DPV to look terms up in DPV itself")
    for term, kind in LISTED.items():
        known = vocabulary_in(folder, term.partition(":")[0])
        assert term in known, f"{term} is not in DPV 2.3"
        assert kind not in KINDS or KINDS[kind] in known[term], (term, kind)
