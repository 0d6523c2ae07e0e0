"""The record of one act: ISO/IEC TS 27560 as JSON-LD in DPV 2.3 terms, one per person, purpose and act, never edited.

```
RecordFacts ── checked: do they fit each other? ──► header · parties · notice · process · event · proof ──► dict
```
An optional purpose makes a `dpv:ConsentRecord` with a consent status. A mandatory one never rests on consent, so its
acts make a `gw:NoticeRecord`, which has no consent status at all: «I have been shown this» is not «I agree». The JSON
Schema beside this file refuses whatever mixes the two.

In personal mode there is no organisation. The record then says so: the person is data subject and controller in one,
nobody else receives anything, no basis in law is claimed, since purely personal use needs none (GDPR, Article 2(2)(c)).

Fields and their places in 27560, DPV and Kantara: docs/consent-records.md. Specifications: the DPV group's guide to
ISO/IEC TS 27560:2023 (15 February 2026), sections 8 and 9; JSON-LD 1.1.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from agent.consent import vocabulary
from agent.model.purposes import Act, ActKind, Channel, Mode, Purpose
from agent.model.records import Parties, RecordFacts

RECORD: Final = "https://w3id.org/dpv/schema/dpv-27560#record"
RECORD_GDPR: Final = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
NOTICE_PROFILE: Final = "urn:gleanwatch:profile:notice-record:1"

ONCE: Final = frozenset({Purpose.SHARE_LOG})
"""Purposes whose consent is used up by being used once, as `content/purposes.yaml` has it."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SUBJECT = re.compile(r"[A-Za-z0-9_-]{16,64}")

_STATUS: Final[Mapping[ActKind, str]] = {
    ActKind.SHOWN: "dpv:ConsentRequested",
    ActKind.GIVEN: "dpv:ConsentGiven",
    ActKind.REFUSED: "dpv:ConsentRefused",
    ActKind.WITHDRAWN: "dpv:ConsentWithdrawn",
    ActKind.EXPIRED: "dpv:ConsentExpired",
    # The person says that it was not them: whether they consented is then not known, and that allows nothing.
    ActKind.DISPUTED: "dpv:ConsentUnknown",
}
"""What can be said of an optional purpose → the consent status that it leaves."""

_NOTICE_ACTS: Final = frozenset(
    {
        ActKind.SHOWN,
        ActKind.ACKNOWLEDGED,
        ActKind.AUTHORISED,
        ActKind.OBJECTED,
        ActKind.ANSWERED,
        ActKind.DISPUTED,
    }
)
"""What can be said of a mandatory purpose."""

_READ: Final = frozenset({ActKind.ACKNOWLEDGED, ActKind.AUTHORISED, ActKind.OBJECTED})
"""Acts by which the person says that they have been shown the notice."""

_WHERE: Final = "On the agent's local page, or at a terminal: gleanwatch consent"
"""Where every right of a record can be used, at once and without asking anybody."""

_PROVES: Final = (
    "The log shows when this was recorded and that it is unchanged since. That this person did it rests on the session "
    "named under gw:strength."
)
_TEST: Final = "Made by a test or demonstration instance. It says nothing about anybody's consent."
_HOUSEHOLD: Final = (
    "No organisation stands behind this record. The person runs Gleanwatch for themselves on their own computer and "
    "decides alone; nothing leaves it. Purely personal use needs no legal basis (GDPR, Article 2(2)(c)), and none is "
    "claimed."
)


class RecordError(ValueError):
    """Facts that make no true record; the text says which two do not fit and what to do."""


def consent_record(facts: RecordFacts) -> dict[str, object]:
    """Write the record of one act.

    Args:
        facts: The act, its `entry` set, and everything that held when it was made.

    Returns:
        A JSON-LD document that `schemas/consent_record.schema.json` accepts. It carries the person's words only where
        `facts.words` has them: of a receipt whose content was erased, entry and proof remain.

    Raises:
        RecordError: The facts contradict each other.
    """
    mode = mode_of(facts)
    _check(facts, mode)
    act, optional = facts.act, facts.act.purpose.optional
    record: dict[str, object] = {
        "@context": dict(vocabulary.CONTEXT),
        "@id": f"urn:uuid:{facts.record_id}",
        "@type": "dpv:ConsentRecord" if optional else "gw:NoticeRecord",
        "dct:identifier": facts.record_id,
        "dct:conformsTo": _profile(facts),
        "gw:mode": mode.value,
        "gw:entry": act.entry,
        "gw:act": act.kind.value,
        "gw:purpose": act.purpose.value,
        "rdfs:comment": _TEST if mode is Mode.TEST else _PROVES,
        "dpv:hasDataSubject": _subject(facts.parties, mode),
        "dpv:hasDataController": _controller(facts.parties, mode),
        "dpv:hasJurisdiction": vocabulary.jurisdiction(facts.parties.jurisdiction if mode is not Mode.PERSONAL else ""),
        "dpv:hasNotice": _notice(facts),
        "dpv:hasProcess": _process(facts, mode),
        "dpv:hasRight": _rights(facts, mode),
    }
    if optional:
        record["dpv:hasConsentStatus"] = [_consent_event(facts, mode)]
        record["dpv:hasConsentControl"] = {
            "@type": ["dpv:ProvideConsent", "dpv:RefuseConsent", "dpv:WithdrawConsent"],
            "dpv:isExercisedAt": _WHERE,
        }
    else:
        record["gw:event"] = _event(facts, mode)
    record |= _references(facts.parties, mode)
    if act.kind is ActKind.ANSWERED:
        record["gw:justification"] = {"gw:category": act.category, "gw:finding": act.finding} | _words(facts)
    elif facts.words:
        record |= _words(facts)
    if act.kind is ActKind.DISPUTED:
        record["gw:disputes"] = act.disputes
    if facts.prior_id:
        record["gw:prior"] = f"urn:uuid:{facts.prior_id}"
    if facts.receipt is not None:
        # The notice's text is not repeated in every record: its SHA-256 stands above, the text is handed out once.
        record["gw:ledgerProof"] = {name: value for name, value in receipt_for(facts).items() if name != "notice"}
    return record


def mode_of(facts: RecordFacts) -> Mode:
    """Return the mode in which the act was made: its notice names it, whatever the instance became afterwards."""
    try:
        return Mode(facts.notice.notice)
    except ValueError:
        return facts.parties.mode


def receipt_for(facts: RecordFacts) -> dict[str, object]:
    """Return the receipt as it may leave: without content and salt where the words in it were erased since.

    What remains then still proves that an entry was made at that time, and says no more.

    Raises:
        RecordError: There is no receipt, or its content is not readable.
    """
    if facts.receipt is None:
        raise RecordError(f"act {facts.act.entry} came without a receipt: ask the ledger for one")
    receipt = dict(facts.receipt)
    if not facts.words and "words" in _content(receipt, facts.act):
        return {name: value for name, value in receipt.items() if name not in ("payload", "salt")} | {"erased": True}
    return receipt


def said_at(at: int) -> str:
    """Write UTC milliseconds as RFC 3339."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _content(receipt: Mapping[str, object], act: Act) -> Mapping[str, object]:
    payload = receipt.get("payload")
    if payload is None:
        return {}
    try:
        found = json.loads(str(payload))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise RecordError(f"the receipt of act {act.entry} holds no readable content: make it anew from the ledger")
    return found


def _check(facts: RecordFacts, mode: Mode) -> None:
    act, parties = facts.act, facts.parties
    about = f"act {act.entry} ({act.kind.value} of {act.purpose.value})"
    if act.entry is None:
        raise RecordError(f"an act of {act.purpose.value} has no entry in the ledger yet: record it first")
    if act.kind not in (_STATUS if act.purpose.optional else _NOTICE_ACTS):
        what = "optional: only consent can be given" if act.purpose.optional else "mandatory: it has no consent"
        raise RecordError(f"{about} cannot be, since the purpose is {what}; look for the part that recorded it")
    if not _UUID.fullmatch(facts.record_id) or (facts.prior_id and not _UUID.fullmatch(facts.prior_id)):
        raise RecordError(f"{about} needs UUIDs in lower case for itself and the record before it")
    if not _SUBJECT.fullmatch(parties.subject):
        raise RecordError(f"{about} needs a random pseudonym of 16 to 64 letters, digits, - and _ as subject")
    if facts.notice.sha256 != act.notice_sha256:
        raise RecordError(f"{about} was made about another notice text than the one given: look it up by its SHA-256")
    if facts.notice.text and hashlib.sha256(facts.notice.text.encode()).hexdigest() != act.notice_sha256:
        raise RecordError(f"{about}: the notice text does not have the SHA-256 that the act names; it was changed")
    if mode is Mode.MANAGED and not (parties.organisation and parties.contact):
        raise RecordError(f"{about} was made under an organisation's notice: give its name and contact of then")
    if act.kind is ActKind.ANSWERED and not (act.category and act.finding):
        raise RecordError(f"{about} needs the finding that was answered and a category")
    if act.kind is ActKind.DISPUTED and act.disputes is None:
        raise RecordError(f"{about} needs the entry that is disputed")
    if (act.channel is Channel.CLOCK) is not (act.kind is ActKind.EXPIRED):
        raise RecordError(
            f"{about} came from {act.channel.value}: a consent expires by the clock, and nothing else does"
        )
    if act.channel is Channel.SELF and mode is not Mode.TEST:
        raise RecordError(f"{about} was made by the instance itself, which only a test instance does")
    _check_basis(facts, mode, about)


def _check_basis(facts: RecordFacts, mode: Mode, about: str) -> None:
    try:
        is_consent = vocabulary.basis(facts.basis)["skos:broader"] == vocabulary.CONSENT
        for category in facts.categories:
            vocabulary.personal_data(category)
    except vocabulary.UnknownTerm as error:
        raise RecordError(f"{about}: {error}") from None
    if facts.basis == vocabulary.OWN_CHOICE:
        if mode is Mode.MANAGED:
            raise RecordError(f"{about}: an organisation's monitoring is nobody's own choice; give its legal basis")
    elif is_consent and not facts.act.purpose.optional:
        raise RecordError(f"{about}: a mandatory purpose never rests on consent; give its legal basis")
    elif not is_consent and facts.act.purpose.optional:
        raise RecordError(f"{about}: an optional purpose rests on consent and nothing else")


def _profile(facts: RecordFacts) -> str:
    if not facts.act.purpose.optional:
        return NOTICE_PROFILE
    return RECORD_GDPR if vocabulary.is_gdpr(facts.basis) else RECORD


def _subject_id(parties: Parties) -> str:
    return f"urn:gleanwatch:subject:{parties.subject}"


def _subject(parties: Parties, mode: Mode) -> dict[str, object]:
    kind = "dpv:Employee" if mode is Mode.MANAGED else "dpv:NaturalPerson"
    return {
        "@id": _subject_id(parties),
        "@type": ["dpv:DataSubject", kind],
        "dpv:hasIdentifier": _subject_id(parties),
    }


def _own_controller(parties: Parties, mode: Mode) -> bool:
    return mode is Mode.PERSONAL or not parties.organisation


def _controller_id(parties: Parties, mode: Mode) -> str:
    if _own_controller(parties, mode):
        return _subject_id(parties)
    # An organisation has no identifier here but its name; its digest keeps blanks and marks out of the IRI.
    return f"urn:gleanwatch:organisation:{hashlib.sha256(parties.organisation.encode()).hexdigest()[:32]}"


def _controller(parties: Parties, mode: Mode) -> dict[str, object]:
    name = _controller_id(parties, mode)
    if _own_controller(parties, mode):
        return {
            "@id": name,
            "@type": ["dpv:DataController", "dpv:NaturalPerson"],
            "dpv:hasIdentifier": name,
            "gw:householdUse": True,
            "rdfs:comment": _HOUSEHOLD if mode is Mode.PERSONAL else _TEST,
        }
    controller: dict[str, object] = {
        "@id": name,
        "@type": ["dpv:DataController", "dpv:Organisation"],
        "dpv:hasIdentifier": name,
        "dpv:hasName": parties.organisation,
    }
    if parties.contact:
        controller["dpv:hasContact"] = parties.contact
    if parties.address:
        controller["dpv:hasAddress"] = parties.address
    return controller


def _notice(facts: RecordFacts) -> dict[str, object]:
    act = facts.act
    kind = "dpv:ConsentNotice" if act.purpose.optional else "dpv:PrivacyNotice"
    if act.kind is ActKind.ANSWERED:
        kind = "dpv:JITNotice"
    status: list[dict[str, object]] = [{"@id": "dpv:NoticeCommunicated"}]
    if act.kind in _READ:
        status.append(
            {
                "@id": "gw:NoticeAcknowledged",
                "@type": "dpv:NoticeStatus",
                "skos:broader": ["dpv:NoticeStatus", "dpv:NoticeUsed"],
                "skos:definition": "The person said that they have been shown this notice. It is not an agreement.",
            }
        )
    return {
        "@id": f"urn:gleanwatch:notice:{act.notice_sha256}",
        "@type": kind,
        "dct:identifier": facts.notice.notice,
        "dct:hasVersion": facts.notice.version,
        "dct:language": act.language,
        "gw:sha256": act.notice_sha256,
        "dpv:hasNoticeStatus": status,
    }


def _process(facts: RecordFacts, mode: Mode) -> dict[str, object]:
    act = facts.act
    recipients = _recipients(facts, mode)
    leaves = len(recipients) > 1 or recipients[0]["@id"] != _subject_id(facts.parties)
    return {
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@id": f"urn:gleanwatch:purpose:{act.purpose.value}",
            "@type": ["dpv:Purpose", *(term for term in facts.dpv if term != "dpv:Purpose")],
            "dct:title": _text(facts.title, act.language),
            "dct:description": _text(facts.meaning, act.language),
        },
        "dpv:hasPersonalData": [vocabulary.personal_data(category) for category in facts.categories],
        "dpv:hasDataSource": {"@type": "dpv:DataSubjectDataSource"},
        "dpv:hasProcessing": ["dpv:Observe", "dpv:Store", *(["dpv:Share"] if leaves else [])],
        "dpv:hasNecessity": "dpv:Optional" if act.purpose.optional else "dpv:Required",
        "dpv:hasLegalBasis": vocabulary.basis(facts.basis),
        "dpv:hasRecipient": recipients,
        "dpv:hasStorageCondition": [
            {
                "@type": "dpv:StorageLocation",
                "dpv:hasLocation": ["dpv:LocalLocation", *(["dpv:RemoteLocation"] if leaves else [])],
            },
            {
                "@type": "dpv:StorageDuration",
                "dpv:hasDuration": {"@type": "dpv:Duration", "dct:description": _text(facts.retention, act.language)},
            },
        ],
    }


def _text(text: str, language: str) -> dict[str, object]:
    return {"@value": text, "@language": language}


def _recipients(facts: RecordFacts, mode: Mode) -> list[dict[str, object]]:
    person: dict[str, object] = {"@id": _subject_id(facts.parties), "@type": ["dpv:Recipient", "dpv:DataSubject"]}
    if _own_controller(facts.parties, mode):
        return [person]
    known: dict[str, dict[str, object]] = {
        "person": person,
        "organisation": {
            "@id": _controller_id(facts.parties, mode),
            "@type": ["dpv:Recipient", "dpv:DataController"],
        },
        "researcher": {"@id": "gw:recipient-researcher", "@type": ["dpv:Recipient", "dpv:ThirdParty"]},
    }
    if strangers := sorted(set(facts.recipients) - known.keys()):
        raise RecordError(f"act {facts.act.entry}: the recipient {strangers[0]!r} is unknown: add it to records.py")
    return [known[key] for key in facts.recipients] or [person]


def _rights(facts: RecordFacts, mode: Mode) -> list[dict[str, object]]:
    """Which rights, and where: all but a complaint can be used on the laptop itself, whatever the law gives."""
    rights = [("See everything that is kept", "eu-gdpr:A15"), ("Have it erased", "eu-gdpr:A17")]
    if facts.act.purpose.optional:
        rights.insert(0, ("Withdraw the consent", "eu-gdpr:A7-3"))
    else:
        rights.insert(0, ("Object", "eu-gdpr:A21"))
    named = vocabulary.is_gdpr(facts.basis)
    listed: list[dict[str, object]] = []
    for title, term in rights:
        # Article 21 is for what rests on an interest or a public task, not for a duty under law.
        lawful = named and (term != "eu-gdpr:A21" or facts.basis == "A6-1-f")
        kinds = ["dpv:DataSubjectRight", term] if lawful else ["dpv:DataSubjectRight"]
        listed.append({"@type": kinds, "dct:title": title, "dpv:isExercisedAt": _WHERE})
    if facts.parties.authority and not _own_controller(facts.parties, mode):
        kinds = ["dpv:DataSubjectRight", "eu-gdpr:A77"] if named else ["dpv:DataSubjectRight"]
        listed.append(
            {
                "@type": kinds,
                "dct:title": "Complain to the supervisory authority",
                "dpv:isExercisedAt": facts.parties.authority,
            }
        )
    return listed


def _event(facts: RecordFacts, mode: Mode) -> dict[str, object]:
    """Who did it, when, how."""
    act = facts.act
    how: dict[str, object] = {"gw:channel": act.channel.value, "gw:strength": act.strength.value}
    if act.control:
        how["gw:control"] = act.control
    if act.dwell_ms is not None:
        how["gw:dwellMilliseconds"] = act.dwell_ms
    event: dict[str, object] = {
        "@type": [f"gw:act-{act.kind.value}"],
        "dpv:isIndicatedAtTime": said_at(act.at),
        "dpv:isIndicatedBy": _actor(facts, mode),
        "dpv:hasIndicationMethod": how,
    }
    if not act.purpose.optional and facts.basis == "A6-1-f":
        if act.kind is ActKind.OBJECTED:
            event |= {"dpv:hasStatus": "dpv:LegitimateInterestObjected", "gw:exercises": "eu-gdpr:A21"}
        elif act.kind in (ActKind.SHOWN, ActKind.ACKNOWLEDGED):
            event["dpv:hasStatus"] = "dpv:LegitimateInterestInformed"
    return event


def _actor(facts: RecordFacts, mode: Mode) -> str:
    act = facts.act
    if act.channel is Channel.CLOCK:
        return "gw:Clock"
    if act.channel is Channel.SELF:
        return "gw:TestInstance"
    # Showing is done by the agent for whoever is responsible for it; everything else by the person.
    return _controller_id(facts.parties, mode) if act.kind is ActKind.SHOWN else _subject_id(facts.parties)


def _consent_event(facts: RecordFacts, mode: Mode) -> dict[str, object]:
    act = facts.act
    event = _event(facts, mode)
    kinds = [_STATUS[act.kind]]
    if act.kind is ActKind.GIVEN:
        kinds.append(vocabulary.CONSENT)
    event["@type"] = kinds
    event["dpv:hasDuration"] = _duration(facts)
    return event


def _duration(facts: RecordFacts) -> list[dict[str, object]]:
    """How long the state holds by itself: 27560 asks for it with every event."""
    if facts.act.kind is not ActKind.GIVEN:
        return [{"@type": "dpv:UntilEventDuration", "rdf:value": "until the person says something else"}]
    held: list[dict[str, object]] = []
    if facts.expires_at is not None:
        held.append({"@type": "dpv:UntilTimeDuration", "rdf:value": said_at(facts.expires_at)})
    if facts.act.purpose in ONCE:
        held.append({"@type": "dpv:FixedOccurrencesDuration", "rdf:value": 1})
    return held or [{"@type": "dpv:UntilEventDuration", "rdf:value": "until the person withdraws"}]


def _references(parties: Parties, mode: Mode) -> dict[str, object]:
    found: dict[str, object] = {}
    if _own_controller(parties, mode):
        return found
    if parties.authority:
        found["dpv:hasAuthority"] = {"@type": "dpv:Authority", "dpv:hasName": parties.authority}
    if parties.dpia:
        found["dpv:hasImpactAssessment"] = {"@type": "dpv:DPIA", "dct:identifier": parties.dpia}
    if parties.representatives:
        found["dpv:hasOrganisationalMeasure"] = [
            {
                "@type": "dpv:ConsultationWithDataSubjectRepresentative",
                "dct:identifier": parties.representatives,
            }
        ]
    return found


def _words(facts: RecordFacts) -> dict[str, object]:
    return {"gw:words": facts.words} if facts.words else {}
