"""The small fields that all C2SP text formats share: strict base64, plain decimals, key names, clean lines.

Text from outside comes in, values go out, or a `NoteError` that says what was wrong with which field. Stricter than the
formats ask in one thing: base64 must be the only spelling of its bytes, so that nobody can change a note, proof or
answer without changing what it means.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from agent.ledger.merkle import HASH_BYTES, MAX_SIZE

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_UNCLEAN = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")


class NoteError(Exception):
    """A note, checkpoint, proof or key that is malformed or wrongly signed. The text says what and where."""


def base64_bytes(what: str, text: str) -> bytes:
    """Read standard base64 (RFC 4648 section 4): padded, on one line, no bits left over.

    Raises:
        NoteError: Anything else.
    """
    try:
        value = b64decode(text, validate=True)
    except (Base64Error, ValueError) as error:
        raise NoteError(f"{what} is not base64") from error
    if b64encode(value).decode("ascii") != text:
        raise NoteError(f"{what} is base64 that is not written in the one standard way")
    return value


def base64_text(value: bytes) -> str:
    """Write standard base64, padded, on one line."""
    return b64encode(value).decode("ascii")


def base64_hash(what: str, text: str) -> bytes:
    """Read one SHA-256 hash, 32 bytes.

    Raises:
        NoteError: Not base64, or not 32 bytes.
    """
    value = base64_bytes(what, text)
    if len(value) != HASH_BYTES:
        raise NoteError(f"{what} has {len(value)} bytes, not the {HASH_BYTES} of a SHA-256 hash")
    return value


def decimal(what: str, text: str) -> int:
    """Read a number of entries or an index: ASCII digits, no leading zeros, at most 2**63 - 1.

    Raises:
        NoteError: Anything else.
    """
    if not _DECIMAL.fullmatch(text) or (value := int(text)) > MAX_SIZE:
        raise NoteError(f"{what} must be a plain decimal number without leading zeros, at most {MAX_SIZE}")
    return value


def is_key_name(name: str) -> bool:
    """Whether signed-note allows this as the name of a key: not empty, no spaces of any kind, no plus sign."""
    return bool(name) and "+" not in name and not any(map(str.isspace, name)) and is_clean(name)


def is_clean(text: str) -> bool:
    """Whether text is what signed-note allows: valid UTF-8 without control characters other than the newline."""
    return _UNCLEAN.search(text) is None
