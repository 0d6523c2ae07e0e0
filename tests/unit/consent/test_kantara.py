"""The Kantara receipt: written for consents given to an organisation, and for nothing that it could not truly say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agent.consent.kantara import kantara_receipt
from agent.model.purposes import ActKind, Mode, Purpose
from agent.model.records import RecordFacts
from tests.support.consent_records import AT, OPTIONAL, every_act, facts, real_log

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "minItems": 1, "items": TEXT}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        "version",
        "jurisdiction",
        "consentTimestamp",
        "collectionMethod",
        "consentReceiptID",
        "language",
        "piiPrincipalId",
        "piiControllers",
        "policyUrl",
        "services",
        "sensitive",
        "spiCat",
    ],
    "properties": {
        "version": {"const": "KI-CR-v1.1.0"},
        "jurisdiction": {"type": "string"},
        "consentTimestamp": {"type": "integer", "minimum": 1_000_000_000, "maximum": 99_999_999_999},
        "collectionMethod": TEXT,
        "consentReceiptID": {"type": "string", "format": "uuid"},
        "publicKey": TEXT,
        "language": TEXT,
        "piiPrincipalId": TEXT,
        "piiControllers": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["piiController", "onBehalf", "contact"],
                "properties": {
                    "piiController": TEXT,
                    "onBehalf": {"const": False},
                    "contact": TEXT,
                    "email": TEXT,
                    "address": TEXT,
                },
            },
        },
        "policyUrl": {"type": "string", "pattern": "^urn:gleanwatch:notice:[0-9a-f]{64}$"},
        "services": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["service", "purposes"],
                "properties": {
                    "service": TEXT,
                    "purposes": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": [
                                "purpose",
                                "purposeCategory",
                                "consentType",
                                "piiCategory",
                                "primaryPurpose",
                                "termination",
                                "thirdPartyDisclosure",
                            ],
                            "properties": {
                                "purpose": TEXT,
                                "purposeCategory": TEXTS,
                                "consentType": {"const": "EXPLICIT"},
                                "piiCategory": TEXTS,
                                "primaryPurpose": {"const": False},
                                "termination": TEXT,
                                "thirdPartyDisclosure": {"type": "boolean"},
                                "thirdPartyName": TEXT,
                            },
                            "if": {"properties": {"thirdPartyDisclosure": {"const": True}}},
                            "then": {"required": ["thirdPartyName"]},
                            "else": {"not": {"required": ["thirdPartyName"]}},
                        },
                    },
                },
            },
        },
        "sensitive": {"const": False},
        "spiCat": {"type": "array", "maxItems": 0},
    },
}
VALID = Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("purpose", OPTIONAL)
def test_a_given_consent_makes_a_valid_receipt(purpose: Purpose) -> None:
    (one,) = real_log([facts(purpose, ActKind.GIVEN)])
    receipt = kantara_receipt(one)
    assert receipt is not None
    VALID.validate(receipt)
    assert receipt["consentTimestamp"] == (AT + 7 * 3_600_000) // 1000
    assert one.receipt is not None
    assert receipt["publicKey"] == one.receipt["key"]


@given(st.sampled_from(list(every_act())))
def test_nothing_but_a_consent_given_to_an_organisation_makes_one(one: RecordFacts) -> None:
    given_to_an_organisation = one.act.kind is ActKind.GIVEN and one.parties.mode is Mode.MANAGED
    assert (kantara_receipt(one) is not None) is given_to_an_organisation


def test_whoever_else_sees_it_is_named() -> None:
    one = replace(facts(Purpose.RESEARCH, ActKind.GIVEN), recipients=("person", "organisation", "researcher"))
    receipt = kantara_receipt(one)
    assert receipt is not None
    VALID.validate(receipt)
    (purpose,) = receipt["services"][0]["purposes"]  # type: ignore[index]
    assert purpose["thirdPartyName"] == "researcher"


@pytest.mark.parametrize(("contact", "email"), [("dpo@example.com", True), ("Room 4, ask for the DPO", False)])
def test_only_an_address_is_called_an_email(contact: str, email: bool) -> None:
    one = facts(OPTIONAL[0], ActKind.GIVEN)
    receipt = kantara_receipt(replace(one, parties=replace(one.parties, contact=contact)))
    assert receipt is not None
    VALID.validate(receipt)
    assert ("email" in receipt["piiControllers"][0]) is email  # type: ignore[index]
