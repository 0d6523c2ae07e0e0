"""What each platform's terms say about automatic collection, in our own words, and what is allowed instead.

`terms.yaml` beside this file is the source; `load_terms` reads and checks it. `gleanwatch ask TOOL --platform P` says
it. It is information, not legal advice: every entry names its document, its date and how certain we are of it.
"""

from __future__ import annotations

import datetime
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import msgspec

Certainty = Literal["A", "B", "C"]
"""A: the text itself was read. B: a secondary source was read. C: general knowledge, to be checked there."""

CERTAINTY: Final = {
    "A": "the text itself was read",
    "B": "from a second source",
    "C": "not confirmed by us, check it there",
}
"""Each certainty in words."""


class TermsError(ValueError):
    """The shipped terms are wrong; the message says where."""


class Way(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A way that is allowed: what it is, in our own words, where that is said, how sure we are of it."""

    way: str
    certainty: Certainty
    source: str = ""


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One platform's terms about automatic collection.

    Attributes:
        platform: A platform key.
        document: Which text, and where in it.
        substance: What it says, in our own words.
        effective: The date that the text gives, ISO 8601 as far as it is known; empty when it is not.
        certainty: How it was checked.
        instead: Ways that the platform itself offers, those to collect by first.
        note: What limits this entry, or empty.
    """

    platform: str
    document: str
    substance: str
    effective: str
    certainty: Certainty
    instead: tuple[Way, ...]
    note: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: Literal[1]
    checked: datetime.date
    terms: list[Terms]


def parse_terms(text: str) -> dict[str, Terms]:
    """Read and check terms; return them by platform.

    Args:
        text: YAML, in the form that the head of `terms.yaml` describes.

    Raises:
        TermsError: The data is not well formed, or names a platform twice.
    """
    import yaml

    try:
        found = msgspec.convert(yaml.safe_load(text), _File)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise TermsError(f"terms.yaml is not well formed: {' '.join(str(error).split())}") from None
    terms = {entry.platform: entry for entry in found.terms}
    if len(terms) != len(found.terms):
        raise TermsError("terms.yaml names a platform twice; merge the two entries")
    return terms


@cache
def load_terms() -> dict[str, Terms]:
    """Return the shipped terms by platform, read once.

    Raises:
        TermsError: The shipped data is broken; reinstalling is the only remedy.
    """
    return parse_terms(files("agent.content").joinpath("terms.yaml").read_text("utf-8"))
