"""A receipt: everything that is needed to check one entry without the log, in one JSON document.

    entry, content, salt, proof, keys, notice → receipt → bytes that leave the laptop with the person
    bytes from anywhere → check_receipt → Checked, or a ReceiptError that names the part and what is wrong with it

The document (UTF-8; every value a text but `v` and `witnesses`):

    v          1
    kind       gleanwatch-receipt
    entry      the entry, exactly as it was hashed into the tree
    payload    the content, exactly as it was committed to
    salt       base64 of the 32 bytes that the commitment was made with
    proof      a proof that the entry is in the log, with the signed checkpoint (C2SP tlog-proof)
    key        the log's verifier key (C2SP signed-note)
    witnesses  verifier keys of the witnesses that the log names, in any order
    notice     the notice that the content names by its SHA-256; may be left out

`verify_receipt.py` beside this file checks the same without importing any of it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from agent.ledger import cosignature, note
from agent.ledger import entry as entries
from agent.ledger import proof as proofs
from agent.ledger.checkpoint import MAX_ORIGIN, Checkpoint
from agent.ledger.entry import Entry, EntryError
from agent.ledger.fields import base64_bytes, base64_text
from agent.ledger.merkle import ProofError
from agent.ledger.note import NoteError, VerifierKey
from agent.ledger.proof import TlogProof
from agent.ledger.signatures import ED25519

KIND: Final = "gleanwatch-receipt"
VERSION: Final = 1
MAX_RECEIPT: Final = 1 << 20
"""Bytes of a receipt that is still read."""

_TEXTS: Final = ("kind", "entry", "payload", "salt", "proof", "key")
_FIELDS: Final = frozenset({"v", "witnesses", *_TEXTS})


class ReceiptError(Exception):
    """A receipt that does not hold, or is none. The text says which part and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a receipt that holds says.

    Attributes:
        entry: The entry.
        payload: Its content, decoded.
        index: The entry's number in its log, from 0.
        checkpoint: The state of the log that the proof leads to.
        key: The log's key.
        witnesses: Each witness whose cosignature holds → when it cosigned, seconds since 1970. Empty: nobody else is
            known to have seen this log.
        notice: The notice's text, where it lies in the receipt.
    """

    entry: Entry
    payload: Mapping[str, Any]
    index: int
    checkpoint: Checkpoint
    key: VerifierKey
    witnesses: Mapping[VerifierKey, int]
    notice: str | None


def receipt(
    entry: bytes,
    payload: bytes,
    salt: bytes,
    proof: TlogProof,
    key: VerifierKey,
    *,
    witnesses: Sequence[VerifierKey] = (),
    notice: str | None = None,
) -> bytes:
    """Put a receipt together and check it: one that does not hold is never given out.

    Args:
        entry: The entry's bytes, as hashed into the tree.
        payload: The content's bytes, as committed to.
        salt: The 32 bytes of the commitment.
        proof: Of this entry, with the signed checkpoint, whose cosignatures are carried along.
        key: The log's key.
        witnesses: Keys of the witnesses that the log names.
        notice: The text of the notice that the content names.

    Raises:
        ReceiptError: The parts do not belong together.
    """
    try:
        document: dict[str, object] = {
            "v": VERSION,
            "kind": KIND,
            "entry": entry.decode(),
            "payload": payload.decode(),
            "salt": base64_text(salt),
            "proof": proofs.encode(proof).decode(),
            "key": str(key),
            "witnesses": [str(witness) for witness in witnesses],
        }
    except (UnicodeDecodeError, NoteError, ProofError) as problem:
        raise ReceiptError(f"the parts make no receipt: {problem}") from None
    if notice is not None:
        document["notice"] = notice
    made = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    check_receipt(made, key, witnesses)
    return made


def check_receipt(data: bytes, key: VerifierKey | None = None, witnesses: Sequence[VerifierKey] = ()) -> Checked:
    """Check a receipt: content, inclusion, signature, cosignatures, notice, in this order.

    Args:
        data: The document.
        key: The log's key where it is known by another way than this receipt; None takes the receipt's word.
        witnesses: Further witnesses whose cosignatures are checked where they are there; that they must be there is the
            caller's decision, by `Checked.witnesses`.

    Raises:
        ReceiptError: It does not hold.
    """
    document = _document(data)
    texts = {name: _utf8(name, document[name]) for name in _TEXTS}
    try:
        entry = entries.decode(texts["entry"])
        payload = _object("content", texts["payload"])
        made = entries.commit(base64_bytes("the salt", document["salt"]), texts["payload"])
        if not hmac.compare_digest(made, entry.commitment):
            raise ReceiptError("the content is not the one that was entered: it does not fit the entry's commitment")
        own = _log_key(document["key"])
        if key is not None and key != own:
            raise ReceiptError(f"the receipt is of another log's key (id {own.key_id.hex()}) than the one expected")
        known = tuple(dict.fromkeys([*witnesses, *map(VerifierKey.parse, document["witnesses"])]))
        for witness in known:
            cosignature.require_witness_key(witness)
            if len(witness.name.encode()) > MAX_ORIGIN:
                raise ReceiptError(f"the name of a witness is longer than {MAX_ORIGIN} bytes")
            if witness.public == own.public:
                raise ReceiptError("the log's own key is named as its witness")
        proof = proofs.parse(texts["proof"])
        if proof.extra is not None:
            raise ReceiptError("the proof carries extra data, which a receipt has no use for and nothing vouches for")
        found = proofs.check(proof, texts["entry"], own, known)
        if found.checkpoint.extensions:
            raise ReceiptError("the checkpoint has extension lines, which a checkpoint of ours never has")
        signed = note.parse(proof.checkpoint)
        seen = {witness: cosignature.check(signed, witness) for witness in note.verified(signed, known)}
    except EntryError as problem:
        raise ReceiptError(f"the entry: {problem}") from None
    except (NoteError, ProofError) as problem:
        raise ReceiptError(str(problem)) from None
    notice = document.get("notice")
    if notice is not None:
        held = hashlib.sha256(_utf8("notice", notice)).hexdigest()
        if payload.get("notice_sha256") != held:
            raise ReceiptError("the notice in the receipt is not the one that the content names")
    return Checked(entry, payload, proof.index, found.checkpoint, own, seen, notice)


def verifier() -> bytes:
    """Return the source of the stand-alone verifier, to be handed out with receipts."""
    return resources.files("agent.ledger").joinpath("verify_receipt.py").read_bytes()


def _log_key(text: str) -> VerifierKey:
    key = VerifierKey.parse(text)
    if key.algorithm != ED25519:
        raise ReceiptError("the log's key is of another type than Ed25519 (0x01), by which our logs sign")
    return key


def _document(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_RECEIPT:
        raise ReceiptError(f"a receipt is at most {MAX_RECEIPT} bytes long; this has {len(data)}")
    document = _object("receipt", data)
    version = document.get("v")
    if document.get("kind") != KIND or version != VERSION or type(version) is not int:
        raise ReceiptError(f"not a Gleanwatch receipt of version {VERSION}")
    if not _FIELDS <= document.keys() <= _FIELDS | {"notice"}:
        missing = ", ".join(sorted(_FIELDS - document.keys()))
        raise ReceiptError(
            f"the receipt lacks {missing}" if missing else "the receipt has a field that none should have"
        )
    for name in (*_TEXTS, "notice"):
        if not isinstance(document.get(name, ""), str):
            raise ReceiptError(f"{name} is not a text")
    listed = document["witnesses"]
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise ReceiptError("witnesses is not a list of keys")
    return document


def _utf8(name: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ReceiptError(f"{name} holds half a character, which UTF-8 cannot") from None


def _object(name: str, data: bytes) -> dict[str, Any]:
    """Read a JSON object in which no name occurs twice: what two readers could read differently is not read."""
    try:
        value = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_never)
    except (ValueError, RecursionError):
        raise ReceiptError(f"the {name} is not JSON in UTF-8, or has a name twice") from None
    if not isinstance(value, dict):
        raise ReceiptError(f"the {name} is not a JSON object")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError
    return value


def _never(_constant: str) -> Any:
    raise ValueError
