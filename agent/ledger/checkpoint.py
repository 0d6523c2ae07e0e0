"""A checkpoint: which log, how many entries, which root. The text that the log signs.

Source: C2SP tlog-checkpoint, section «Note text». Ours have exactly three lines. Those of other logs may carry
extension lines: they are read, since the format allows them, and kept apart; nothing of ours goes by what they say, and
a checkpoint with any is not written again.

    Checkpoint → encode → text for `note.signed`          note.parse(...).text → parse → Checkpoint

A checkpoint means nothing until the signature of the log over its text has been verified (`note.verified`).
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.ledger.fields import NoteError, base64_hash, base64_text, decimal, is_clean, is_key_name
from agent.ledger.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE

MAX_ORIGIN = 255
"""Bytes of an origin: what an ML-DSA cosignature can state (tlog-cosignature, section «ML-DSA-44 signed message»)."""
MAX_EXTENSIONS = 64
"""Extension lines of a foreign checkpoint that are still read."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log.

    Attributes:
        origin: Unique name of the log; for our logs the name of the key too.
        size: Entries in the log.
        root: Merkle root over them, 32 bytes.
        extensions: Further lines of a foreign checkpoint, never trusted; empty for ours.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def encode(checkpoint: Checkpoint) -> str:
    """Write the three lines.

    Raises:
        NoteError: Extension lines, an origin that is no key name, a size or root that no tree has.
    """
    if checkpoint.extensions:
        raise NoteError("a checkpoint of ours has three lines: extension lines are not written")
    if not is_key_name(checkpoint.origin) or len(checkpoint.origin.encode()) > MAX_ORIGIN:
        raise NoteError(f"the origin must be 1 to {MAX_ORIGIN} bytes without spaces, plus signs and control characters")
    if not 0 <= checkpoint.size <= MAX_SIZE:
        raise NoteError(f"the size of a log must be between 0 and {MAX_SIZE}")
    if len(checkpoint.root) != HASH_BYTES:
        raise NoteError(f"the root has {len(checkpoint.root)} bytes, not {HASH_BYTES}")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise NoteError("the root of an empty log must be the SHA-256 of nothing")
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64_text(checkpoint.root)}\n"


def parse(text: str) -> Checkpoint:
    """Read the text of a checkpoint note, ours or a foreign one.

    Raises:
        NoteError: Naming the line: fewer than three lines, an empty one, a size or root that cannot be.
    """
    lines = text.split("\n")
    if lines.pop() != "" or len(lines) < 3:
        raise NoteError("a checkpoint has at least three lines (origin, size, root), each ending in a newline")
    if len(lines) > 3 + MAX_EXTENSIONS:
        raise NoteError(f"the checkpoint has more than {MAX_EXTENSIONS} extension lines")
    for number, line in enumerate(lines, 1):
        if not line:
            raise NoteError(f"line {number} of the checkpoint is empty")
    if not is_clean(text):
        raise NoteError("the checkpoint contains a control character or is not UTF-8")
    origin, size, root = lines[:3]
    if len(origin.encode()) > MAX_ORIGIN:
        raise NoteError(f"line 1 of the checkpoint, the origin, is longer than {MAX_ORIGIN} bytes")
    return Checkpoint(
        origin=origin,
        size=decimal("line 2 of the checkpoint, the size,", size),
        root=base64_hash("line 3 of the checkpoint, the root,", root),
        extensions=tuple(lines[3:]),
    )
