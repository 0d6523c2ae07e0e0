"""Facts of acts for the tests of records and exports: every purpose, act and mode that can be, with real receipts.

`facts` makes the facts of one act from a few choices; `every_act` walks all combinations that make sense; `real_log`
turns facts into facts with receipts from a real tree with real signatures, made with the ledger's own parts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace

from agent.ledger.checkpoint import Checkpoint, encode
from agent.ledger.entry import Entry, commit
from agent.ledger.entry import encode as encode_entry
from agent.ledger.merkle import Frontier, inclusion_path, leaf_hash
from agent.ledger.note import Signer, signed
from agent.ledger.proof import TlogProof
from agent.ledger.proof import encode as encode_proof
from agent.model.face import NoticeText
from agent.model.purposes import Act, ActKind, Channel, Mode, Purpose, Strength
from agent.model.records import Parties, RecordFacts

AT = 1_795_000_000_000
SUBJECT = "Jf8s2nQ0cWq7yHt3LxVb9A"
MANDATORY = tuple(purpose for purpose in Purpose if not purpose.optional)
OPTIONAL = tuple(purpose for purpose in Purpose if purpose.optional)
NOTICE_KINDS = (
    ActKind.SHOWN,
    ActKind.ACKNOWLEDGED,
    ActKind.AUTHORISED,
    ActKind.OBJECTED,
    ActKind.ANSWERED,
    ActKind.DISPUTED,
)
CONSENT_KINDS = (
    ActKind.SHOWN,
    ActKind.GIVEN,
    ActKind.REFUSED,
    ActKind.WITHDRAWN,
    ActKind.EXPIRED,
    ActKind.DISPUTED,
)


def notice(
    mode: Mode, text: str = "# What is looked at\n\nPrograms, and **only** programs.\n- nothing else\n"
) -> NoticeText:
    """A notice text with its real SHA-256."""
    return NoticeText(mode.value, "2", "en", text, hashlib.sha256(text.encode()).hexdigest())


def parties(mode: Mode) -> Parties:
    """The two sides in a mode."""
    if mode is Mode.PERSONAL:
        return Parties(mode, "", "", "", "", SUBJECT)
    return Parties(
        mode,
        "Example AS",
        "privacy@example.com",
        "NO",
        "Datatilsynet",
        SUBJECT,
        dpia="DPIA-7",
        representatives="WC-12",
        address="1 Example Street, 0150 Oslo",
    )


def facts(
    purpose: Purpose = Purpose.DETECT,
    kind: ActKind = ActKind.ACKNOWLEDGED,
    mode: Mode = Mode.MANAGED,
    *,
    entry: int = 7,
    basis: str = "",
    words: str = "",
    **about: object,
) -> RecordFacts:
    """The facts of one act; `about` replaces fields of the act."""
    channel = Channel.CLOCK if kind is ActKind.EXPIRED else Channel.PAGE
    text = notice(mode)
    act = Act(
        purpose=purpose,
        kind=kind,
        at=AT + entry * 3_600_000,
        notice_sha256=text.sha256,
        channel=channel,
        control="" if channel is Channel.CLOCK else f"notice.{kind.value}",
        dwell_ms=None if channel is Channel.CLOCK else 8_250,
        strength=Strength.NONE if channel is Channel.CLOCK else Strength.PAGE_LINK,
        disputes=3 if kind is ActKind.DISPUTED else None,
        finding="f-17" if kind is ActKind.ANSWERED else "",
        category="work" if kind is ActKind.ANSWERED else "",
        entry=entry,
    )
    usual = "own-choice" if mode is Mode.PERSONAL else "A6-1-a" if purpose.optional else "A6-1-f"
    return RecordFacts(
        act=replace(act, **about),  # type: ignore[arg-type]
        record_id=str(uuid.UUID(int=entry + 1)),
        prior_id="",
        notice=text,
        title="Noticing bulk collection",
        meaning="Programs that gather people's data in bulk are noticed on this computer.",
        basis=basis or usual,
        categories=("page-classes", "programs"),
        recipients=("person",),
        retention="24 hours; findings 90 days after they close",
        dpv=("dpv:PersonnelMonitoring",),
        expires_at=AT + 31_536_000_000 if kind is ActKind.GIVEN else None,
        words=words,
        parties=parties(mode),
    )


def every_act() -> Iterator[RecordFacts]:
    """Every purpose with every act that can be about it, in every mode."""
    for mode in Mode:
        for purposes, kinds in ((MANDATORY, NOTICE_KINDS), (OPTIONAL, CONSENT_KINDS)):
            for purpose in purposes:
                for kind in kinds:
                    yield facts(purpose, kind, mode)


def real_log(listed: Sequence[RecordFacts], seed: bytes = b"\x07" * 32) -> list[RecordFacts]:
    """Put acts into a real log and give each its receipt; their entries become 0, 1, 2 …"""
    origin = "gleanwatch.localhost/abcdefghij234567/1"
    signer = Signer(origin, seed)
    frontier, nodes, entries = Frontier(), {}, []
    for number, one in enumerate(listed):
        known = replace(one, act=replace(one.act, entry=number), record_id=str(uuid.UUID(int=number + 1)))
        payload = json.dumps(_payload(known), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        salt = hashlib.sha256(b"salt %d" % number).digest()
        entry = encode_entry(Entry("act", known.act.at, commit(salt, payload.encode()), {}))
        for level, index, digest in frontier.append(leaf_hash(entry)):
            nodes[level, index] = digest
        entries.append((known, entry, payload, salt))
    note = signed(text := encode(Checkpoint(origin, frontier.size, frontier.root())), signer.sign(text))
    finished = []
    for number, (known, entry, payload, salt) in enumerate(entries):
        path = inclusion_path(number, frontier.size, lambda level, index: nodes[level, index])
        receipt = {
            "v": 1,
            "kind": "gleanwatch-receipt",
            "entry": entry.decode(),
            "payload": payload,
            "salt": base64.b64encode(salt).decode(),
            "proof": encode_proof(TlogProof(number, tuple(path), note)).decode(),
            "key": str(signer.verifier),
            "witnesses": [],
            "notice": known.notice.text,
        }
        finished.append(replace(known, receipt=receipt))
    return finished


def _payload(one: RecordFacts) -> dict[str, object]:
    act = one.act
    found: dict[str, object] = {
        "purpose": act.purpose.value,
        "kind": act.kind.value,
        "at": act.at,
        "notice_sha256": act.notice_sha256,
        "channel": act.channel.value,
        "language": act.language,
        "control": act.control,
        "dwell_ms": act.dwell_ms,
        "strength": act.strength.value,
        "disputes": act.disputes,
        "finding": act.finding,
        "category": act.category,
        "words": one.words,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}
