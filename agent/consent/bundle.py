"""Everything about a person's notices and consents as one folder: what `gleanwatch consent export` hands out.

```
RecordFacts of every act ─┬─► records/<entry>-<act>-<purpose>.jsonld   ISO/IEC TS 27560 (records.py)
                          ├─► kantara/<entry>.json                     where that format can say it (kantara.py)
                          ├─► receipts/<entry>.json ── verify_receipt.py, README.txt: how to check them
                          ├─► notices/<sha256>.md                      the exact texts
                          ├─► index.html                               all of it to read (page.py)
                          └─► everything.json                          all of it for programs
```
Names and bytes in, names and bytes out; who calls writes them. The same acts give the same bytes, so that two exports
can be compared. An act whose facts make no true record (`RecordError`) hides nothing: it stands on the page and in
`everything.json` with the reason, only its `.jsonld` is missing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from agent.consent import page
from agent.consent.kantara import kantara_receipt
from agent.consent.records import RecordError, consent_record, receipt_for
from agent.model.consent import ProofCheck
from agent.model.face import NoticeText
from agent.model.records import RecordFacts

T = TypeVar("T")

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?<!\.)")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_DEEPEST: Final = 8


class BundleError(ValueError):
    """Parts that make no safe folder; the text names the part and why."""


def bundle(
    records: Sequence[RecordFacts],
    notices: Sequence[NoticeText],
    verifier: bytes,
    extra: Mapping[str, T],
    *,
    checks: Mapping[int, ProofCheck] | None = None,
    codes: Collection[int] | None = None,
) -> Mapping[str, bytes | T]:
    """Put the folder together.

    Args:
        records: The facts of every act, in any order.
        notices: Further exact texts to hand out; those that the acts name come by themselves.
        verifier: The stand-alone verifier, as it is to lie in the folder.
        extra: Further files by name, such as the ledger's: parts of letters, digits, `.`, `_`, `-`, joined by `/`.
        checks: By entry, what came of verifying it just now; an act without one is said to be unchecked.
        codes: Entries whose receipt is also drawn as a QR code; None: what holds now about each purpose.

    Returns:
        File names with `/`, in order, and their bytes; those of `extra` with what was handed over.

    Raises:
        BundleError: A notice does not have its SHA-256, an act comes twice or without an entry, or a name in `extra`
            is not safe on every system or taken.
    """
    ordered = _in_order(records)
    texts = _texts(ordered, notices)
    made: dict[str, bytes] = {"verify_receipt.py": verifier}
    acts: list[dict[str, object]] = []
    files: dict[int, page.Files] = {}
    for entry, facts in ordered.items():
        listed, found = _one(entry, facts)
        made |= found
        files[entry] = listed
        acts.append(_told(facts, listed))
    made |= {f"notices/{digest}.md": text.text.encode() for digest, text in texts.items()}
    everything = {
        "v": 1,
        "kind": "gleanwatch-export",
        "acts": acts,
        "notices": [
            {"notice": text.notice, "version": text.version, "language": text.language, "sha256": digest}
            for digest, text in texts.items()
        ],
    }
    made["everything.json"] = _json(everything)
    made["README.txt"] = page.readme(ordered, files).encode()
    made["index.html"] = page.index(ordered, list(texts.values()), files, checks or {}, codes).encode()
    return _joined(made, extra)


def _in_order(records: Sequence[RecordFacts]) -> dict[int, RecordFacts]:
    found: dict[int, RecordFacts] = {}
    for facts in records:
        entry = facts.act.entry
        if entry is None or entry in found:
            what = "has no entry in the ledger" if entry is None else f"comes twice, as entry {entry}"
            raise BundleError(f"an act of {facts.act.purpose.value} {what}: hand over each recorded act once")
        found[entry] = facts
    return dict(sorted(found.items()))


def _texts(ordered: Mapping[int, RecordFacts], notices: Sequence[NoticeText]) -> dict[str, NoticeText]:
    found: dict[str, NoticeText] = {}
    for text in (*notices, *(facts.notice for facts in ordered.values() if facts.notice.text)):
        digest = hashlib.sha256(text.text.encode()).hexdigest()
        if digest != text.sha256:
            raise BundleError(f"a notice text has the SHA-256 {digest} and claims another: it was changed since")
        found.setdefault(digest, text)
    return dict(sorted(found.items()))


def _one(entry: int, facts: RecordFacts) -> tuple[page.Files, dict[str, bytes]]:
    """One act's files, and their names for the page."""
    made: dict[str, bytes] = {}
    record, receipt, kantara, problem = "", "", "", ""
    act = facts.act
    try:
        text = _json(consent_record(facts))
        record = f"records/{entry:06d}-{act.kind.value}-{act.purpose.value}.jsonld"
        made[record] = text
        if (found := kantara_receipt(facts)) is not None:
            kantara = f"kantara/{entry}.json"
            made[kantara] = _json(found)
        if facts.receipt is not None:
            receipt = f"receipts/{entry}.json"
            made[receipt] = _json(receipt_for(facts))
    except RecordError as error:
        problem = str(error)
    return page.Files(record, receipt, kantara, problem), made


def _told(facts: RecordFacts, files: page.Files) -> dict[str, object]:
    """One act as programs read it: the files hold notice text and receipt, here stand their names."""
    told = msgspec.to_builtins(facts)
    told["notice"] = facts.notice.sha256
    told["receipt"] = files.receipt
    told["record"] = files.record
    told["kantara"] = files.kantara
    if files.problem:
        told["problem"] = files.problem
    return dict(told)


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _joined(made: Mapping[str, bytes], extra: Mapping[str, T]) -> Mapping[str, bytes | T]:
    """Ours and what was added. Names that differ only in case are one file on Windows and macOS."""
    taken = {name.casefold() for name in made}
    folders = {"records", "receipts", "kantara", "notices"}
    joined: dict[str, bytes | T] = dict(made)
    for name, data in extra.items():
        parts = name.split("/")
        safe = len(parts) <= _DEEPEST and all(_PART.fullmatch(part) and not _RESERVED.fullmatch(part) for part in parts)
        if not safe:
            raise BundleError(f"the name {name!r} is not safe on every system: use letters, digits, '.', '_', '-'")
        if name.casefold() in taken or parts[0].casefold() in folders:
            raise BundleError(f"the name {name!r} is taken by the export itself: put it into a folder of its own")
        taken.add(name.casefold())
        joined[name] = data
    return dict(sorted(joined.items()))
