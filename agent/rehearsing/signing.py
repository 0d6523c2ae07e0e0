"""The hash that a works council signs: one line for each thing that was rehearsed, and the SHA-256 of those lines.

Every line names what it stands for and a hash or a plain value, so that anybody can check each part by itself:
`sha256sum policy.toml` is the policy's line. How a policy differs from the one in force is not in it: that depends on
the computer where one looks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

FIRST_LINE = "gleanwatch rehearsal v1"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is signed.

    Attributes:
        lines: One fact each.
        sha256: Of the lines, each ended by a line feed, in lower-case hex.
    """

    lines: tuple[str, ...]
    sha256: str


def seal(facts: Sequence[tuple[str, str]]) -> Sealed:
    """Seal facts (name, value) in their order.

    Raises:
        ValueError: A name or value would not stay one line.
    """
    for name, value in facts:
        if any(mark in part for part in (name, value) for mark in "\r\n") or " " in name or not name:
            raise ValueError("a fact is one line, and its name one word")
    lines = (FIRST_LINE, *(f"{name} {value}" for name, value in facts))
    return Sealed(lines, sha256_of("".join(f"{line}\n" for line in lines).encode()))


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 in lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_data(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """Return the SHA-256 of plain data: JSON without spaces, keys in order, UTF-8."""
    return sha256_of(msgspec.json.encode(msgspec.to_builtins(value), order="deterministic"))
