"""Checking what lies in files: signed notes, proofs and receipts, ours and anybody's. No instance, no agent.

    bytes of a file + keys of one's own → what was found, as the JSON document that `--json` prints → `told` for people

Whatever a file says is printed as plain text: it was written by somebody else, and must not steer a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from agent.ledger import checkpoint as checkpoints
from agent.ledger import cosignature, signatures
from agent.ledger import note as notes
from agent.ledger import proof as proofs
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.merkle import ProofError
from agent.ledger.note import Note, NoteError, VerifierKey
from agent.ledger.receipt import ReceiptError, check_receipt

_TYPES = {
    signatures.ED25519: "Ed25519",
    signatures.COSIGNATURE: "Ed25519 cosignature",
    signatures.ML_DSA_44: "ML-DSA-44 cosignature",
}


class Refused(Exception):
    """What was checked does not hold; the text says what is wrong and where."""


class VKey(click.ParamType[VerifierKey]):
    """A verifier key as C2SP signed-note writes it, or the name of a file that holds one."""

    name = "vkey"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> VerifierKey:
        """Return the key."""
        if isinstance(value, VerifierKey):
            return value
        text = str(value)
        try:
            if "+" not in text:
                with click.open_file(text, "rb") as file:
                    text = file.read(notes.MAX_KEY + 1).decode().strip()
            return VerifierKey.parse(text)
        except OSError as problem:
            self.fail(f"neither a key nor a file that can be read: {problem.strerror}.", param, ctx)
        except (NoteError, UnicodeDecodeError) as problem:
            self.fail(f"not a verifier key: {problem}.", param, ctx)


def check_note(data: bytes, keys: Sequence[VerifierKey], witnesses: Sequence[VerifierKey]) -> dict[str, Any]:
    """Check a signed note: a checkpoint, or any other text.

    Raises:
        Refused: None of the keys signed it, one of the witnesses did not, or a signature is wrong.
    """
    try:
        for witness in witnesses:
            cosignature.require_witness_key(witness)
        note = notes.parse(data)
        signers = notes.verified(note, [*keys, *witnesses])
    except NoteError as problem:
        raise Refused(str(problem)) from None
    if not set(signers) & set(keys):
        who = ", ".join(sorted({f"{each.name} ({each.key_id.hex()})" for each in note.signatures}))
        raise Refused(f"none of the given keys signed it. It is said to be signed by {who}")
    _need_all(witnesses, signers)
    try:
        checkpoint = _checkpoint(checkpoints.parse(note.text))
    except NoteError:
        checkpoint = None
    return {
        "ok": True,
        "what": "note" if checkpoint is None else "checkpoint",
        "text": note.text,
        "checkpoint": checkpoint,
        "signed_by": _signers(note, signers),
        "signatures_by_others": sum(
            (s.name, s.key_id) not in {(k.name, k.key_id) for k in signers} for s in note.signatures
        ),
    }


def check_proof(
    data: bytes, entry: bytes, key: VerifierKey, witnesses: Sequence[VerifierKey], origin: str | None
) -> dict[str, Any]:
    """Check that an entry is in the log of a key, by a proof of any log that hashes its entries as RFC 6962 does.

    `origin` is the log's name where that is not its key's.

    Raises:
        Refused: It is not shown to be.
    """
    try:
        proof = proofs.parse(data)
        found = proofs.check(proof, entry, key, witnesses, origin)
        note = notes.parse(proof.checkpoint)
        signers = notes.verified(note, [key, *witnesses])
    except (NoteError, ProofError) as problem:
        raise Refused(str(problem)) from None
    _need_all(witnesses, signers)
    return {
        "ok": True,
        "what": "proof",
        "index": proof.index,
        "hashes": len(proof.path),
        "checkpoint": _checkpoint(found.checkpoint),
        "signed_by": _signers(note, signers),
    }


def check_receipt_data(data: bytes, key: VerifierKey | None, witnesses: Sequence[VerifierKey]) -> dict[str, Any]:
    """Check a receipt of ours.

    Raises:
        Refused: It does not hold.
    """
    try:
        found = check_receipt(data, key, witnesses)
    except ReceiptError as problem:
        raise Refused(str(problem)) from None
    _need_all(witnesses, found.witnesses)
    return {
        "ok": True,
        "what": "receipt",
        "index": found.index,
        "checkpoint": _checkpoint(found.checkpoint),
        "entry": {"kind": found.entry.kind, "at": found.entry.at, "facts": found.entry.facts},
        "payload": found.payload,
        "notice": found.notice,
        "key": str(found.key),
        "key_given": key is not None,
        "witnesses": [
            {"name": each.name, "key": str(each), "at_seconds": at, "given": each in witnesses}
            for each, at in found.witnesses.items()
        ],
    }


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """Say to a person what was found, what was checked and what was not; lines for rich."""
    checkpoint, what = found["checkpoint"], found["what"]
    yield {
        "note": "[green]✓ The note is signed by a key that you gave.[/] It is not a checkpoint of a log.",
        "checkpoint": "[green]✓ The checkpoint is signed by a key that you gave.[/]",
        "proof": "[green]✓ The entry is in the log.[/]",
        "receipt": "[green]✓ The receipt holds.[/]",
    }[what]
    if "index" in found:
        yield f"  number        {found['index']} (counted from 0)"
    if checkpoint:
        yield f"  log           {plain(checkpoint['origin'])}"
        yield f"  entries       {checkpoint['size']}"
        yield f"  root          {checkpoint['root']}"
        for line in checkpoint["extensions"]:
            yield f"  extension     {plain(line)} [dim](nothing vouches for what it means)[/]"
    for each in found.get("signed_by", ()):
        at = f", {seconds(each['at_seconds'])}" if each["at_seconds"] is not None else ""
        yield f"  signed by     {plain(each['name'])} ({each['key_id']}, {each['type']}{at})"
    if what == "receipt":
        yield from _told_receipt(found)
    if what == "checkpoint":
        yield "Checked: form and signatures. Not checked: what is in the log, and that it has only grown."
    if what == "note":
        yield ""
        yield from (plain(line) for line in found["text"].splitlines())
    if others := found.get("signatures_by_others"):
        yield f"[dim]Signatures by keys that you did not give, not looked at: {others}.[/]"


def _told_receipt(found: Mapping[str, Any]) -> Iterator[str]:
    entry = found["entry"]
    yield "What it says:"  # apart from what was found, since a content may name its fields as it likes
    yield f"  entered       {seconds(entry['at'] / 1000)} by that computer's clock, as {plain(entry['kind'])}"
    for name, value in found["payload"].items():
        yield f"  {plain(name):<13} {seconds(value / 1000) if name == 'at' and type(value) is int else plain(value)}"
    for each in found["witnesses"]:
        whose = "the key that you gave" if each["given"] else "its key came with the receipt"
        yield f"  witness       {plain(each['name'])}, {seconds(each['at_seconds'])}; {whose}"
    yield (
        "Checked: content against commitment, the entry's place in the log, signature"
        + (", cosignatures" if found["witnesses"] else "")
        + (", the notice's text." if found["notice"] is not None else "; the notice's text is not in this receipt.")
    )
    if not found["key_given"]:
        yield "[yellow]The log's key came with the receipt: whose log it is, is not proved. Pass the key with --key.[/]"
    if not found["witnesses"]:
        yield "[yellow]No witness has seen this log: a rollback to an older copy would not be seen.[/]"
    elif not any(each["given"] for each in found["witnesses"]):
        yield "[yellow]Employer-witnessed only, as far as the receipt shows. Pass a witness's key with --witness.[/]"


def plain(value: object) -> str:
    """Return a foreign value as one line that neither rich nor a terminal takes as an instruction."""
    from json import dumps

    from rich.markup import escape

    text = value if isinstance(value, str) else dumps(value)
    return escape("".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text))


def seconds(at: float) -> str:
    """Say a time, seconds since 1970, in UTC; the number itself where no calendar has it."""
    try:
        return f"{datetime.fromtimestamp(0, UTC) + timedelta(seconds=at):%Y-%m-%d %H:%M:%S} UTC"
    except OverflowError:
        return f"{at:.0f} s"


def _checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "extensions": list(checkpoint.extensions),
    }


def _signers(note: Note, keys: Sequence[VerifierKey]) -> list[dict[str, Any]]:
    return [
        {
            "name": key.name,
            "key_id": key.key_id.hex(),
            "type": _TYPES[key.algorithm],
            "at_seconds": None if key.algorithm == signatures.ED25519 else cosignature.check(note, key),
        }
        for key in keys
    ]


def _need_all(wanted: Sequence[VerifierKey], found: Any) -> None:
    for key in wanted:
        if key not in found:
            raise Refused(f"the witness {key.name} ({key.key_id.hex()}) has not cosigned it")
