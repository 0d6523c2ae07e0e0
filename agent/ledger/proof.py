"""A proof that an entry is in a log, in one text that needs no network: index, path, checkpoint, cosignatures.

Source: C2SP tlog-proof, sections «Format» and «Verifying a tlog proof».

    TlogProof → encode → bytes for a receipt      bytes from anywhere → parse → check(entry, keys we trust) → Checked

`extra` is carried but signed by nobody: nothing may be decided by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.ledger import checkpoint as checkpoints
from agent.ledger import cosignature, note
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.fields import NoteError, base64_bytes, base64_hash, base64_text, decimal
from agent.ledger.merkle import HASH_BYTES, MAX_SIZE, check_inclusion, leaf_hash
from agent.ledger.note import MAX_NOTE, VerifierKey

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PATH = 63
"""Hashes of a path."""
MAX_EXTRA = 64 * 1024
"""Bytes of extra data that are still carried."""
MAX_PROOF = MAX_NOTE + 2 * MAX_EXTRA
"""Bytes of a proof that is still read."""


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof, read or about to be written, not yet checked.

    Attributes:
        index: Place of the entry in its log, from 0.
        path: Hashes from the leaf's neighbour up to the root's child, 32 bytes each.
        checkpoint: The signed note, exactly as the log and the witnesses signed it.
        extra: Bytes that nobody signed; None where there are none.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a proof proved.

    Attributes:
        checkpoint: The state of the log that contains the entry.
        witnesses: Names of the given witnesses that have cosigned it, in the order of their lines, each once.
        unknown: Signature lines by keys that were not given: they neither help nor harm.
    """

    checkpoint: Checkpoint
    witnesses: tuple[str, ...]
    unknown: int = 0


def encode(proof: TlogProof) -> bytes:
    """Write a proof.

    Raises:
        NoteError: An index, path or extra data that the format cannot hold.
    """
    if not 0 <= proof.index < MAX_SIZE:
        raise NoteError(f"the index of an entry must be between 0 and {MAX_SIZE - 1}")
    check_path(proof.path)
    if proof.extra is not None and len(proof.extra) > MAX_EXTRA:
        raise NoteError(f"the extra data has {len(proof.extra)} bytes; a proof carries at most {MAX_EXTRA}")
    extra = () if proof.extra is None else (f"extra {base64_text(proof.extra)}",)
    head = "\n".join((HEADER, *extra, f"index {proof.index}", *map(base64_text, proof.path), "", ""))
    return head.encode() + proof.checkpoint


def parse(data: bytes) -> TlogProof:
    """Read a proof. The checkpoint in it is taken as it stands and read by `check`.

    Raises:
        NoteError: Too large, not this format, or a mangled line, which is named by its number.
    """
    if len(data) > MAX_PROOF:
        raise NoteError(f"the proof has {len(data)} bytes; more than {MAX_PROOF} are not read")
    head, blank, checkpoint = data.partition(b"\n\n")
    if not blank:
        raise NoteError("the proof has no blank line between its path and its checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise NoteError(f"the proof is not ASCII before its checkpoint: byte {error.start} is wrong") from error
    if lines[0] != HEADER:
        raise NoteError(f"line 1 of the proof must be {HEADER}")
    at = 1
    extra = None
    if len(lines) > at and lines[at].startswith("extra "):
        extra = base64_bytes("line 2 of the proof, the extra data,", lines[at].removeprefix("extra "))
        if len(extra) > MAX_EXTRA:
            raise NoteError(f"line 2 of the proof has {len(extra)} bytes of extra data; at most {MAX_EXTRA} are read")
        at += 1
    if len(lines) <= at or not lines[at].startswith("index "):
        raise NoteError(f"line {at + 1} of the proof must state the index of the entry")
    index = decimal(f"line {at + 1} of the proof, the index,", lines[at].removeprefix("index "))
    return TlogProof(index, read_path(lines[at + 1 :], at + 2), checkpoint, extra)


def check(
    proof: TlogProof,
    entry: bytes,
    log_key: VerifierKey,
    witnesses: Sequence[VerifierKey] = (),
    origin: str | None = None,
) -> Checked:
    """Accept only a proof that this entry is in the log of this key.

    How many witnesses are enough is for the caller to say: the names of those that signed are returned.

    Args:
        proof: The proof.
        entry: The entry's exact bytes.
        log_key: The key of the log, from a place other than the proof.
        witnesses: Keys of the witnesses that are known.
        origin: The log's origin where it is not the name of its key, as with some logs of other people.

    Raises:
        NoteError: The checkpoint is malformed, of another log, not signed by the log, or wrongly signed by a given key.
        ProofError: The path does not lead from the entry to the checkpoint's root.
    """
    for each in witnesses:
        cosignature.require_witness_key(each)
    read = note.parse(proof.checkpoint)
    signers = note.verified(read, (log_key, *witnesses))
    if log_key not in signers:
        raise NoteError(f"the checkpoint is not signed by the log's key {log_key.name} ({log_key.key_id.hex()})")
    checkpoint = checkpoints.parse(read.text)
    if checkpoint.origin != (log_key.name if origin is None else origin):
        raise NoteError("the checkpoint is of another log: its origin, on line 1, is not the one expected")
    check_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.path, checkpoint.root)
    ids = {(each.name, each.key_id) for each in signers}
    return Checked(
        checkpoint=checkpoint,
        witnesses=tuple(dict.fromkeys(each.name for each in signers if each in witnesses)),
        unknown=sum((each.name, each.key_id) not in ids for each in read.signatures),
    )


def check_path(path: Sequence[bytes]) -> None:
    """Refuse a path that the text formats cannot hold.

    Raises:
        NoteError: More than 63 hashes, or one that is not 32 bytes.
    """
    if len(path) > MAX_PATH:
        raise NoteError(f"the path is too long: it has {len(path)} hashes, and no proof has more than {MAX_PATH}")
    for place, each in enumerate(path, 1):
        if len(each) != HASH_BYTES:
            raise NoteError(f"hash {place} of the path has {len(each)} bytes, not {HASH_BYTES}")


def read_path(lines: Sequence[str], first: int) -> tuple[bytes, ...]:
    """Read the lines of a path, one hash each; `first` is the number of the first line, for messages.

    Raises:
        NoteError: More than 63 lines, or one that is not the base64 of a hash.
    """
    if len(lines) > MAX_PATH:
        raise NoteError(f"the path is too long: it has {len(lines)} hashes, and no proof has more than {MAX_PATH}")
    return tuple(base64_hash(f"line {number}, a hash of the path,", line) for number, line in enumerate(lines, first))
