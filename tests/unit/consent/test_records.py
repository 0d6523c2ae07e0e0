"""The record of one act: what every record says, what none may say, and what the schema refuses as untrue."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from agent.consent import vocabulary
from agent.consent.bundle import bundle
from agent.consent.records import ONCE, RecordError, consent_record
from agent.consenting import STRENGTHS
from agent.content.purposes import load_purposes
from agent.model.purposes import ActKind, Channel, Mode, Purpose
from agent.model.records import RecordFacts
from tests.support.consent_records import CONSENT_KINDS, MANDATORY, NOTICE_KINDS, OPTIONAL, every_act, facts, real_log

SCHEMA = json.loads(files("agent.consent").joinpath("schemas/consent_record.schema.json").read_text("utf-8"))
VALID = Draft202012Validator(SCHEMA)
Change = Callable[[dict[str, Any]], object]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_purpose_act_and_mode_makes_a_valid_record() -> None:
    made = [consent_record(one) for one in every_act()]
    assert len(made) == 3 * (5 * 6 + 4 * 6)
    for record in made:
        VALID.validate(record)


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
named = texts.filter(bool)


@st.composite
def any_facts(draw: st.DrawFn) -> RecordFacts:
    """Facts that can be, with the words and names of people who wish us ill."""
    purpose = draw(st.sampled_from(Purpose))
    mode = draw(st.sampled_from(Mode))
    known = load_purposes()[purpose]
    kind = draw(st.sampled_from(CONSENT_KINDS if purpose.optional else NOTICE_KINDS))
    codes = sorted(set(known.basis.values()) - {"own-choice"})
    basis = "own-choice" if mode is Mode.PERSONAL else draw(st.sampled_from(codes))
    made = facts(purpose, kind, mode, basis=basis, words=draw(texts), entry=draw(st.integers(0, 2**20)))
    parties = made.parties
    if mode is not Mode.PERSONAL:
        parties = replace(
            parties,
            organisation=draw(named),
            contact=draw(named),
            address=draw(texts),
            jurisdiction=draw(st.sampled_from(("", "NO", "US-NY", "XX-9"))),
            authority=draw(texts),
            dpia=draw(texts),
            representatives=draw(texts),
        )
    return replace(
        made,
        parties=parties,
        prior_id=draw(st.sampled_from(("", "00000000-0000-4000-8000-000000000001"))),
        title=draw(named),
        meaning=draw(named),
        retention=draw(named),
        categories=known.categories,
        recipients=known.recipients,
        dpv=known.dpv,
        expires_at=draw(st.none() | st.integers(0, 2**42)),
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(any_facts())
def test_whatever_the_words_and_names_a_record_is_valid_and_json(one: RecordFacts) -> None:
    record = consent_record(one)
    VALID.validate(record)
    assert json.loads(json.dumps(record)) == record


@pytest.mark.parametrize("channel", [c for c in Channel if c not in (Channel.CLOCK, Channel.SELF)])
def test_wherever_a_person_can_act_the_record_and_its_page_can_be_made(channel: Channel) -> None:
    strength = STRENGTHS[channel]
    one = facts(kind=ActKind.DISPUTED, channel=channel, strength=strength)
    VALID.validate(consent_record(one))
    assert bundle(real_log([one]), (), b"", {})


def test_only_an_optional_purpose_makes_a_consent_record() -> None:
    for one in every_act():
        record = consent_record(one)
        assert (record["@type"] == "dpv:ConsentRecord") is one.act.purpose.optional
        assert ("dpv:hasConsentStatus" in record) is one.act.purpose.optional


# Each law of the schema, by a record that breaks it and nothing else.

MANDATORY_LAWS: dict[str, Change] = {
    "a consent as its basis": lambda r: r["dpv:hasProcess"]["dpv:hasLegalBasis"].update(
        {"@id": "eu-gdpr:A6-1-a", "skos:broader": "dpv:ExpressedConsent"}
    ),
    "a consent as its basis, said to be something else": lambda r: r["dpv:hasProcess"]["dpv:hasLegalBasis"].update(
        {"@id": "eu-gdpr:A6-1-a"}
    ),
    "a consent status": lambda r: r.update(
        {"dpv:hasConsentStatus": consent_record(facts(OPTIONAL[0], ActKind.GIVEN))["dpv:hasConsentStatus"]}
    ),
    "a consent control": lambda r: r.update(
        {"dpv:hasConsentControl": {"@type": ["dpv:WithdrawConsent"], "dpv:isExercisedAt": "here"}}
    ),
    "a record of consent": lambda r: r.update({"@type": "dpv:ConsentRecord"}),
    "the profile of a consent record": lambda r: r.update(
        {"dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record"}
    ),
    "an act of consent": lambda r: r.update({"gw:act": "given"}),
    "an optional purpose": lambda r: r.update({"gw:purpose": OPTIONAL[0].value}),
    "a notice that asks for consent": lambda r: r["dpv:hasNotice"].update({"@type": "dpv:ConsentNotice"}),
    "no event": lambda r: r.pop("gw:event"),
    "an acknowledgement that nobody made": lambda r: r.update({"gw:act": "shown"}),
}
OPTIONAL_LAWS: dict[str, Change] = {
    "an interest as its basis": lambda r: r["dpv:hasProcess"]["dpv:hasLegalBasis"].update(
        {"@id": "eu-gdpr:A6-1-f", "skos:broader": "dpv:LegitimateInterest"}
    ),
    "a mandatory purpose": lambda r: r.update({"gw:purpose": Purpose.DETECT.value}),
    "data that are required": lambda r: r["dpv:hasProcess"].update({"dpv:hasNecessity": "dpv:Required"}),
    "no status": lambda r: r.pop("dpv:hasConsentStatus"),
    "another act than its status": lambda r: r.update({"gw:act": "refused"}),
    "no way to withdraw": lambda r: r["dpv:hasConsentControl"].update({"@type": ["dpv:ProvideConsent"]}),
    "the clock as giver": lambda r: r["dpv:hasConsentStatus"][0].update({"dpv:isIndicatedBy": "gw:Clock"}),
    "the instance itself as giver": lambda r: r["dpv:hasConsentStatus"][0].update(
        {"dpv:isIndicatedBy": "gw:TestInstance"}
    ),
}
ALL_LAWS: dict[str, Change] = {
    "an unknown purpose": lambda r: r.update({"gw:purpose": "productivity.score"}),
    "no notice": lambda r: r.pop("dpv:hasNotice"),
    "no hash of the notice": lambda r: r["dpv:hasNotice"].pop("gw:sha256"),
    "half a hash": lambda r: r["dpv:hasNotice"].update({"gw:sha256": "ab" * 16}),
    "no language": lambda r: r["dpv:hasNotice"].pop("dct:language"),
    "no controller": lambda r: r.pop("dpv:hasDataController"),
    "a controller without a contact": lambda r: r["dpv:hasDataController"].pop("dpv:hasContact"),
    "no legal basis": lambda r: r["dpv:hasProcess"].pop("dpv:hasLegalBasis"),
    "nobody's own choice": lambda r: r["dpv:hasProcess"]["dpv:hasLegalBasis"].update(
        {"@id": "gw:basis-own-choice", "skos:broader": "dpv:LegalBasis"}
    ),
    "no jurisdiction": lambda r: r.pop("dpv:hasJurisdiction"),
    "no rights": lambda r: r.update({"dpv:hasRight": []}),
    "no context": lambda r: r.pop("@context"),
    "a context to be fetched": lambda r: r.update({"@context": "https://example.com/context.jsonld"}),
    "a prefix that means something else": lambda r: r["@context"].update({"dpv": "https://example.com/#"}),
    "a name of the person": lambda r: r["dpv:hasDataSubject"].update({"dpv:hasName": "A. Person"}),
    "performance as its purpose": lambda r: r["dpv:hasProcess"]["dpv:hasPurpose"]["@type"].append(
        "dpv:PersonnelPerformanceMonitoring"
    ),
    "a field that nobody declared": lambda r: r.update({"gw:url": "https://example.com/"}),
    "words of its own that are empty": lambda r: r.update({"gw:words": ""}),
    "a time that is not UTC": lambda r: (r.get("gw:event") or r["dpv:hasConsentStatus"][0]).update(
        {"dpv:isIndicatedAtTime": "2026-11-23T08:00:00+01:00"}
    ),
    "an answer without a finding": lambda r: r.update({"gw:justification": {"gw:category": "work"}}),
    "a dispute about nothing": lambda r: r.update({"gw:disputes": 3}),
}
CASES = [
    *((facts(), name, law) for name, law in (MANDATORY_LAWS | ALL_LAWS).items()),
    *((facts(OPTIONAL[0], ActKind.GIVEN), name, law) for name, law in (OPTIONAL_LAWS | ALL_LAWS).items()),
]


@pytest.mark.parametrize(("one", "law", "change"), CASES, ids=[f"{one.act.kind}: {law}" for one, law, _ in CASES])
def test_the_schema_refuses(one: RecordFacts, law: str, change: Change) -> None:
    record = consent_record(one)
    broken = copy.deepcopy(record)
    change(broken)
    assert broken != record
    assert VALID.is_valid(record)
    assert not VALID.is_valid(broken), law


def test_the_schema_lets_nobody_but_the_person_into_a_personal_record() -> None:
    record: dict[str, Any] = consent_record(facts(mode=Mode.PERSONAL))
    managed: dict[str, Any] = consent_record(facts())
    for name in ("dpv:hasDataController", "dpv:hasAuthority", "dpv:hasImpactAssessment"):
        assert not VALID.is_valid(record | {name: managed[name]}), name
    record["dpv:hasProcess"]["dpv:hasRecipient"].append(
        {"@id": managed["dpv:hasDataController"]["@id"], "@type": ["dpv:Recipient", "dpv:DataController"]}
    )
    assert not VALID.is_valid(record)


# What a record says


def test_a_personal_record_names_no_organisation_even_where_the_facts_do() -> None:
    one = facts(mode=Mode.PERSONAL)
    record: dict[str, Any] = consent_record(
        replace(one, parties=replace(facts().parties, mode=Mode.PERSONAL), recipients=("person", "organisation"))
    )
    assert "Example AS" not in json.dumps(record)
    assert "Datatilsynet" not in json.dumps(record)
    controller = record["dpv:hasDataController"]
    assert controller["@id"] == record["dpv:hasDataSubject"]["@id"]
    assert controller["gw:householdUse"] is True
    assert "no legal basis" in controller["rdfs:comment"]
    VALID.validate(record)


def test_an_act_made_before_an_organisation_came_stays_personal() -> None:
    """What the person decided for themselves is not made the organisation's by enrolling later."""
    now_managed = replace(facts(mode=Mode.PERSONAL), parties=facts().parties)
    record = consent_record(now_managed)
    assert record["gw:mode"] == "personal"
    assert "Example AS" not in json.dumps(record)


def test_a_record_of_a_test_instance_says_so() -> None:
    record = consent_record(facts(mode=Mode.TEST, channel=Channel.SELF))
    assert record["gw:mode"] == "test"
    assert "test or demonstration" in str(record["rdfs:comment"])
    assert record["gw:event"]["dpv:isIndicatedBy"] == "gw:TestInstance"  # type: ignore[index]
    VALID.validate(record)


def test_acknowledging_is_defined_in_the_record_and_is_no_agreement() -> None:
    status = consent_record(facts())["dpv:hasNotice"]["dpv:hasNoticeStatus"]  # type: ignore[index]
    assert [one["@id"] for one in status] == ["dpv:NoticeCommunicated", "gw:NoticeAcknowledged"]
    assert "dpv:NoticeStatus" in status[1]["skos:broader"]
    assert "not an agreement" in status[1]["skos:definition"]
    shown = consent_record(facts(kind=ActKind.SHOWN))["dpv:hasNotice"]["dpv:hasNoticeStatus"]  # type: ignore[index]
    assert [one["@id"] for one in shown] == ["dpv:NoticeCommunicated"]


def test_objecting_is_the_right_of_article_21_only_where_the_basis_is_an_interest() -> None:
    interest: Any = consent_record(facts(kind=ActKind.OBJECTED))
    duty: Any = consent_record(facts(Purpose.LEDGER, ActKind.OBJECTED, basis="A6-1-c"))
    assert interest["gw:event"]["gw:exercises"] == "eu-gdpr:A21"
    assert interest["gw:event"]["dpv:hasStatus"] == "dpv:LegitimateInterestObjected"
    assert "gw:exercises" not in duty["gw:event"]
    assert "eu-gdpr:A21" not in json.dumps(duty)


def test_a_consent_used_up_by_one_use_says_so() -> None:
    once = {purpose for purpose, known in load_purposes().items() if known.one_time}
    assert once == ONCE
    record: Any = consent_record(facts(Purpose.SHARE_LOG, ActKind.GIVEN))
    held = {one["@type"]: one["rdf:value"] for one in record["dpv:hasConsentStatus"][0]["dpv:hasDuration"]}
    assert held["dpv:FixedOccurrencesDuration"] == 1
    assert held["dpv:UntilTimeDuration"].endswith("Z")


def test_the_chain_and_the_proof_are_in_the_record() -> None:
    (one,) = real_log([facts(words="for the survey")])
    record: Any = consent_record(replace(one, prior_id="00000000-0000-4000-8000-000000000009"))
    assert record["gw:prior"] == "urn:uuid:00000000-0000-4000-8000-000000000009"
    assert one.receipt is not None
    assert record["gw:ledgerProof"]["proof"] == one.receipt["proof"]
    assert "notice" not in record["gw:ledgerProof"]
    assert record["gw:words"] == "for the survey"
    VALID.validate(record)


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(categories=("L", "N")), max_size=40).map("«{}»".format), st.sampled_from(ActKind))
def test_erased_words_never_appear(words: str, kind: ActKind) -> None:
    """Not in their own field, and not in the content that a receipt made before the erasure still carries."""
    purpose = Purpose.WARN if kind in NOTICE_KINDS else OPTIONAL[0]
    (one,) = real_log([facts(purpose, kind, words=words)])
    assert words in json.dumps(consent_record(one), ensure_ascii=False)
    erased: Any = consent_record(replace(one, words=""))
    assert words not in json.dumps(erased, ensure_ascii=False)
    assert erased["gw:ledgerProof"]["proof"]
    assert not {"payload", "salt"} & set(erased["gw:ledgerProof"])
    VALID.validate(erased)


# What is refused


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(facts(), act=replace(facts().act, entry=None)), "entry"),
        (facts(kind=ActKind.GIVEN), "mandatory"),
        (facts(OPTIONAL[0], ActKind.ACKNOWLEDGED), "optional"),
        (facts(notice_sha256="ab" * 32), "another notice"),
        (replace(facts(), notice=replace(facts().notice, text="changed")), "changed"),
        (replace(facts(), record_id="7"), "UUID"),
        (replace(facts(), parties=replace(facts().parties, subject="Kari Nordmann")), "pseudonym"),
        (replace(facts(), parties=replace(facts().parties, organisation="")), "organisation"),
        (facts(basis="A6-1-a"), "never rests on consent"),
        (facts(OPTIONAL[0], ActKind.GIVEN, basis="A6-1-f"), "rests on consent"),
        (facts(basis="own-choice"), "own choice"),
        (facts(basis="because"), "because"),
        (replace(facts(), categories=("keystrokes",)), "keystrokes"),
        (replace(facts(), recipients=("everybody",)), "everybody"),
        (facts(Purpose.WARN, ActKind.ANSWERED, finding=""), "finding"),
        (facts(kind=ActKind.DISPUTED, disputes=None), "disputed"),
        (facts(OPTIONAL[0], ActKind.GIVEN, channel=Channel.CLOCK), "clock"),
        (facts(OPTIONAL[0], ActKind.EXPIRED, channel=Channel.PAGE), "clock"),
        (facts(channel=Channel.SELF), "itself"),
        (replace(facts(), receipt={"payload": "{"}), "receipt"),
    ],
)
def test_facts_that_contradict_each_other_are_refused_with_the_reason(wrong: RecordFacts, said: str) -> None:
    with pytest.raises(RecordError, match=said):
        consent_record(wrong)


def test_no_refusal_repeats_what_a_person_wrote() -> None:
    with pytest.raises(RecordError) as caught:
        consent_record(facts(words="my own words", kind=ActKind.GIVEN))
    assert "my own words" not in str(caught.value)


# The tables agree with the data


def test_every_basis_and_category_of_the_purposes_has_a_term_and_consents_are_consents() -> None:
    for purpose, known in load_purposes().items():
        for category in known.categories:
            vocabulary.personal_data(category)
        for code in known.basis.values():
            is_consent = vocabulary.basis(code)["skos:broader"] == vocabulary.CONSENT
            assert is_consent is (purpose.optional and code != vocabulary.OWN_CHOICE), code


def test_every_term_of_ours_is_explained_on_the_page() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "consent-records.md").read_text("utf-8")
    used = set()
    for one in [*every_act(), *real_log([facts(words="x")])]:
        used |= set(re.findall(r'"(gw:[A-Za-z-]+)"', json.dumps(consent_record(one))))
    grouped = re.compile(r"gw:(act|basis|data|jurisdiction)-")
    for term in sorted(used):
        said = grouped.match(term)
        assert f"`{said.group(0)}…`" in page if said else f"`{term}`" in page, term
    assert len(MANDATORY) == 5
