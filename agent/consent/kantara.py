"""The same facts as a Kantara Consent Receipt 1.1, for systems that read those: export only.

The format knows a consent that was given to an organisation and nothing else: no notice, refusal, withdrawal, dispute
or person who runs a program for themselves. For all of these `kantara_receipt` answers None, since whatever was written
would be untrue; the 27560 record (`records.py`) holds them all.

Specification: Kantara Initiative, Consent Receipt Specification 1.1.0, section 4. It asks for a postal address and
telephone number of the controller, which no policy of ours names; they are left out, not invented.
"""

from __future__ import annotations

import re
from typing import Final

from agent.consent.records import mode_of, receipt_for
from agent.model.purposes import ActKind, Mode
from agent.model.records import RecordFacts

VERSION: Final = "KI-CR-v1.1.0"

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")


def kantara_receipt(facts: RecordFacts) -> dict[str, object] | None:
    """Write one given consent as a Kantara receipt.

    Args:
        facts: As for `records.consent_record`.

    Returns:
        The receipt, or None where the format has no true way to say it.
    """
    act, parties = facts.act, facts.parties
    given = act.kind is ActKind.GIVEN and act.purpose.optional
    if not given or mode_of(facts) is not Mode.MANAGED or not parties.organisation:
        return None
    controller: dict[str, object] = {
        "piiController": parties.organisation,
        "onBehalf": False,
        "contact": parties.contact,
    }
    if _EMAIL.fullmatch(parties.contact):
        controller["email"] = parties.contact
    if parties.address:
        controller["address"] = parties.address
    outsiders = [key for key in facts.recipients if key not in ("person", "organisation")]
    purpose: dict[str, object] = {
        "purpose": facts.title,
        "purposeCategory": list(facts.dpv),
        "consentType": "EXPLICIT",
        "piiCategory": list(facts.categories),
        "primaryPurpose": False,
        "termination": facts.retention,
        "thirdPartyDisclosure": bool(outsiders),
    }
    if outsiders:
        purpose["thirdPartyName"] = ", ".join(outsiders)
    receipt: dict[str, object] = {
        "version": VERSION,
        "jurisdiction": parties.jurisdiction,
        "consentTimestamp": act.at // 1000,
        "collectionMethod": f"{act.channel.value} ({act.control or 'control not named'}), off by default",
        "consentReceiptID": facts.record_id,
        "language": act.language,
        "piiPrincipalId": parties.subject,
        "piiControllers": [controller],
        "policyUrl": f"urn:gleanwatch:notice:{act.notice_sha256}",
        "services": [{"service": "Gleanwatch", "purposes": [purpose]}],
        "sensitive": False,
        "spiCat": [],
    }
    if facts.receipt is not None and "key" in (proof := receipt_for(facts)):
        receipt["publicKey"] = proof["key"]
    return receipt
