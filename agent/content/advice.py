"""What to do now, and what is allowed instead, for each family of tools.

`advice.yaml` beside this file is the source; `load_advice` reads and checks it, `ways` joins a family's allowed ways
with those that the platforms themselves offer (`terms.yaml`). `detection/explain.py` says it with a finding,
`gleanwatch ask` before anything ran.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

from agent.content.terms import Way, load_terms

Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class AdviceError(ValueError):
    """The shipped advice is wrong; the message says where."""


class FamilyAdvice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do about a tool of one family.

    Attributes:
        family: One of the families of DESIGN 4.
        stop: How it is stopped.
        keep: What becomes of what it has already collected.
        instead: Ways to the same end that are allowed in general.
    """

    family: str
    stop: Sentence
    keep: Sentence
    instead: Annotated[tuple[Way, ...], msgspec.Meta(min_length=1)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema_version: Literal[1]
    checked: datetime.date
    tell: Annotated[tuple[Sentence, ...], msgspec.Meta(min_length=1)]
    everywhere: Annotated[tuple[Way, ...], msgspec.Meta(min_length=1)]
    families: list[FamilyAdvice]


@dataclass(frozen=True, slots=True)
class Advice:
    """All of it: each family's by its key, whom to tell, and the ways that are open whatever the family."""

    families: Mapping[str, FamilyAdvice]
    tell: tuple[str, ...]
    everywhere: tuple[Way, ...]


def parse_advice(text: str) -> Advice:
    """Read and check advice.

    Args:
        text: YAML, in the form that the head of `advice.yaml` describes.

    Raises:
        AdviceError: The data is not well formed, or names a family twice.
    """
    import yaml

    try:
        found = msgspec.convert(yaml.safe_load(text), _File)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise AdviceError(f"advice.yaml is not well formed: {' '.join(str(error).split())}") from None
    families = {one.family: one for one in found.families}
    if len(families) != len(found.families):
        raise AdviceError("advice.yaml names a family twice; merge the two entries")
    return Advice(families, found.tell, found.everywhere)


@cache
def load_advice() -> Advice:
    """Return the shipped advice, read once.

    Raises:
        AdviceError: The shipped data is broken; reinstalling is the only remedy.
    """
    return parse_advice(files("agent.content").joinpath("advice.yaml").read_text("utf-8"))


def to_do(family: str) -> tuple[str, ...]:
    """Return what to do now about a flagged tool of a family: stop, keep it to oneself, tell. In whole sentences."""
    advice = load_advice()
    own = advice.families.get(family)
    return (*((own.stop, own.keep) if own is not None else ()), *advice.tell)


def ways(family: str, platforms: Iterable[str] = ()) -> tuple[Way, ...]:
    """Return what is allowed instead: what the platforms offer first, then the family's ways, then what always is."""
    advice, terms = load_advice(), load_terms()
    own = advice.families.get(family)
    offered = [way for key in sorted(set(platforms)) if key in terms for way in terms[key].instead]
    found = (*offered, *(own.instead if own is not None else ()), *advice.everywhere)
    return tuple({way.way: way for way in found}.values())
