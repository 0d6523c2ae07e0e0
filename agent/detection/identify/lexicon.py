"""The words by which software says that it collects, and the words that take that away, as data.

`agent/content/own_words.yaml` holds them, with where the weights come from; here they are read, checked and made into
patterns, once, at the first question. `own_words.py` looks for every entry in the name, summary, keywords and first
paragraph of a package and adds up what it finds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from agent.detection.identified import CAPABILITIES

FILE = Path(__file__).resolve().parents[2] / "content" / "own_words.yaml"
HELPS = frozenset(["platform", "place", "media", "pages", "unofficial", "api", "takes", "evasion", "many"])
"""What an act is done to, or how: counts only where an act was named."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One set of words.

    Attributes:
        kind: One of `CAPABILITIES`, of `HELPS`, or `against`.
        weight: How much it says; below zero for what takes away.
        pattern: How it is written, in lower case.
        only: The capabilities it concerns; empty for all.
    """

    kind: str
    weight: float
    pattern: re.Pattern[str]
    only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All entries: what speaks for, and what takes away."""

    speaks: tuple[Entry, ...]
    against: tuple[Entry, ...]


class _Raw(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    weight: float
    words: list[str]
    only: list[str] = msgspec.field(default_factory=list)


class _File(msgspec.Struct, forbid_unknown_fields=True, rename={"speaks": "for"}):
    speaks: list[_Raw]
    against: list[_Raw]


@cache
def lexicon() -> Lexicon:
    """Return the shipped words.

    Raises:
        ValueError: The file is broken; it says which entry, and an update or a new installation mends it.
    """
    return read_lexicon(FILE.read_text(encoding="utf-8"))


def read_lexicon(text: str) -> Lexicon:
    """Read and check entries.

    Args:
        text: The file's text, YAML.

    Raises:
        ValueError: An entry is not as it should be.
    """
    # The parser costs a megabyte, and the agent that has loaded its catalogue has it already.
    import yaml

    loader: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    # Both loaders are the safe ones, which build plain values only.
    raw = msgspec.convert(yaml.load(text, Loader=loader), _File)  # noqa: S506
    kinds = CAPABILITIES | HELPS
    return Lexicon(
        tuple(_entry(one, kinds) for one in raw.speaks),
        tuple(_entry(one, frozenset(["against"])) for one in raw.against),
    )


def _entry(raw: _Raw, kinds: frozenset[str]) -> Entry:
    first = raw.words[0] if raw.words else ""
    if raw.kind not in kinds or not raw.words or not set(raw.only) <= CAPABILITIES:
        raise ValueError(
            f"the entry «{raw.kind}» that begins with «{first}» has an unknown kind or no words. Correct it."
        )
    if (raw.weight < 0) != (raw.kind == "against"):
        raise ValueError(
            f"the entry «{raw.kind}» that begins with «{first}» has a weight of the wrong sign. Correct it."
        )
    try:
        pattern = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(raw.words)})(?![a-z0-9])")
    except re.error as error:
        raise ValueError(
            f"the entry «{raw.kind}» that begins with «{first}» is no pattern: {error}. Correct it."
        ) from error
    return Entry(raw.kind, raw.weight, pattern, frozenset(raw.only))
