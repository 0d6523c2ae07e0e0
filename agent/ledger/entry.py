"""An entry: the bytes whose hash becomes a leaf of the log, and the commitment to a content that is kept elsewhere.

```
content (canonical JSON) + salt → HMAC-SHA256 → commitment ─┐
kind, time, facts that may stand in the open ───────────────┴→ entry (canonical JSON) → leaf hash → tree
```
The entry says in the open which kind it is and when it was made, nothing else about a person. What it is about lies in
the content; without the salt nobody can guess a content and compare, and when content and salt are deleted the entry
stays valid and says nothing more (EDPB Guidelines 02/2025: salted commitments).

Canonical JSON is RFC 8785 for what occurs here: objects with ASCII names in sorted order, strings, integers, lists,
true, false; no floating-point numbers, which are refused.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Final

VERSION: Final = 1
COMMITMENT_BYTES: Final = 32
SALT_BYTES: Final = 32
MOST_BYTES: Final = 16_384
"""Longest entry that is read."""

KINDS: Final = frozenset(
    {
        "agent-start",
        "agent-stop",
        "agent-update",
        "monitoring-start",
        "gate",
        "policy",
        "rules",
        "notice",
        "act",
        "finding-opened",
        "report",
        "erased",
        "rotate",
    }
)
"""Every kind of entry there is."""

_KIND = re.compile(r"[a-z][a-z-]{0,31}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")

Json = str | int | bool | None | list["Json"] | Mapping[str, "Json"]


class EntryError(ValueError):
    """Bytes that are no entry, or values that make none; the text says which part and why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        kind: One of `KINDS`.
        at: UTC milliseconds, by the machine's clock.
        commitment: HMAC-SHA256 of the content under its salt, 32 bytes.
        facts: What may stand in the open, because others must be able to check it without the content.
    """

    kind: str
    at: int
    commitment: bytes
    facts: Mapping[str, Json] = field(default_factory=dict)


def canonical(value: Json) -> bytes:
    """Return canonical JSON (RFC 8785, for the values named above).

    Raises:
        EntryError: A number that is no integer, an integer beyond 2**53, a name that is not plain ASCII, or a text that
            is not Unicode.
    """
    try:
        return _written(value).encode()
    except UnicodeEncodeError:
        raise EntryError("a text holds half a character (a lone surrogate), which JSON in UTF-8 cannot") from None


def _written(value: Json) -> str:
    # The commonest first, and written out instead of handed to `json.dumps`: all that is recorded comes through here.
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if abs(value) > 2**53:
            raise EntryError("a whole number beyond 2**53 is not the same in every JSON reader")
        return str(int(value))
    if isinstance(value, (dict, Mapping)):
        if not all(isinstance(name, str) and name.isascii() for name in value):
            raise EntryError("a name in an entry or its content must be plain ASCII")
        return "{" + ",".join([f"{encode_basestring(name)}:{_written(value[name])}" for name in sorted(value)]) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    raise EntryError(f"a {type(value).__name__} has no canonical form here: use whole numbers and texts")


def commit(salt: bytes, content: bytes) -> bytes:
    """Return the commitment to a content: HMAC-SHA256 (RFC 2104) under a random salt of 32 bytes."""
    if len(salt) != SALT_BYTES:
        raise EntryError(f"a salt is {SALT_BYTES} random bytes")
    return hmac.digest(salt, content, hashlib.sha256)


def encode(entry: Entry) -> bytes:
    """Return the bytes that are hashed into the tree.

    Raises:
        EntryError: A field is not what it must be.
    """
    if entry.kind not in KINDS:
        raise EntryError(f"there is no kind of entry called «{entry.kind[:32]}»")
    if len(entry.commitment) != COMMITMENT_BYTES:
        raise EntryError(f"a commitment is {COMMITMENT_BYTES} bytes long")
    if not 0 <= entry.at <= 2**53:
        raise EntryError("the time of an entry is in milliseconds since 1970, up to 2**53")
    # The frame around is written by hand: it is the same each time, and an entry is made on the way to the disk.
    frame = b'{"at":%d,"commitment":"%s",' % (entry.at, entry.commitment.hex().encode())
    if entry.facts:
        if not all(_NAME.fullmatch(name) for name in entry.facts):
            raise EntryError("a fact's name is lower-case ASCII letters, digits and _")
        frame += b'"facts":%s,' % canonical(entry.facts)
    encoded = frame + b'"kind":"%s","v":%d}' % (entry.kind.encode(), VERSION)
    if len(encoded) > MOST_BYTES:
        raise EntryError(f"an entry is at most {MOST_BYTES} bytes long")
    return encoded


def decode(data: bytes) -> Entry:
    """Read an entry back; only the exact bytes that `encode` writes are one.

    Raises:
        EntryError: They are not.
    """
    if len(data) > MOST_BYTES:
        raise EntryError(f"longer than {MOST_BYTES} bytes")
    try:
        read = json.loads(data)
    except (ValueError, RecursionError):
        raise EntryError("not JSON in UTF-8") from None
    if not isinstance(read, dict) or not {"at", "commitment", "kind", "v"} <= set(read) <= {
        "at",
        "commitment",
        "facts",
        "kind",
        "v",
    }:
        raise EntryError("not an object with at, commitment, kind, v and perhaps facts")
    if read["v"] != VERSION or isinstance(read["v"], bool):
        raise EntryError(f"of a version that this release does not know (it knows {VERSION})")
    at, commitment, kind, facts = read["at"], read["commitment"], read["kind"], read.get("facts", {})
    if not isinstance(at, int) or isinstance(at, bool):
        raise EntryError("its time is not a whole number")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        raise EntryError("its kind is not a word")
    if not isinstance(facts, dict):
        raise EntryError("its facts are not an object")
    if not isinstance(commitment, str) or len(commitment) != 2 * COMMITMENT_BYTES:
        raise EntryError("its commitment is not 32 bytes in hexadecimal")
    try:
        entry = Entry(kind, at, bytes.fromhex(commitment), facts)
    except ValueError:
        raise EntryError("its commitment is not 32 bytes in hexadecimal") from None
    if encode(entry) != data:
        raise EntryError("not in canonical form: it was written by something else, or changed")
    return entry
