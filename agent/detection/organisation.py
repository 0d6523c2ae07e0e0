"""An organisation's own rules: which are taken, what they may see, and how they are told to the people they are about.

A rule of an organisation is a Sigma rule about one finding as it stands (`correlate/facts.standing`). It sees a closed
list of identified facts and nothing else, names the family of tools it is about, and is told in plain words in the
notice (DESIGN 3.15). What asks for more is refused with a reason. A finding that a rule in force matches is flagged,
whatever else speaks for it; the person reads which rule did so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from agent.content.catalogue import Family
from agent.detection.correlate.facts import FINDING, Fields
from agent.detection.correlate.said import Said
from agent.detection.sigma.engine import Engine
from agent.detection.sigma.form import And, LogSource, Node, Not, Or, Refusal, Rule, RuleSet
from agent.detection.sigma.words import condition
from agent.model.findings import Evidence, EvidenceClass
from agent.model.own_rules import OwnRule

PRODUCT: Final = "gleanwatch"
VISIBLE: Final = frozenset(
    ["tool", "family", "capability", "flags", "modes", "stage", "level", "platforms", "page_classes", "loads", "count"]
)
"""The facts that an organisation's rule may look at."""
MAX_RULES: Final = 50
MAX_TOLD: Final = 24_000
"""Bytes of everything that is told of them: a person has to read it, and a notice has to fit into one frame."""
WEIGHT: Final = 0.0
"""A rule in force flags by itself and adds nothing to how sure we are: it is a word, not a measurement."""


class _Custom(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The block `gleanwatch` of an organisation's rule: the family that it is about, and nothing else."""

    family: Family


class _Described(msgspec.Struct, frozen=True):
    title: Annotated[str, msgspec.Meta(min_length=3, max_length=120)]
    description: Annotated[str, msgspec.Meta(min_length=10, max_length=400)]


NO_RULES: Final = RuleSet()


@dataclass(frozen=True, slots=True)
class OwnRules:
    """The rules that are taken.

    Attributes:
        told: As people are told of them, by title.
        rules: As they are evaluated.
        refused: What was not taken, and why.
        sha256: Of the rules that are taken; empty where there are none.
    """

    told: tuple[OwnRule, ...] = ()
    rules: RuleSet = NO_RULES
    refused: tuple[Refusal, ...] = ()
    sha256: str = ""


def taken(rules: RuleSet) -> OwnRules:
    """Sort an organisation's rules into those that are taken and those that are not.

    Args:
        rules: As they were read; what could not be read stays refused.
    """
    refused = list(rules.refusals)
    kept: list[Rule] = []
    room = MAX_TOLD
    for rule in rules.rules:
        why = _why_not(rule) if len(kept) < MAX_RULES else f"there are more than {MAX_RULES} rules"
        if not why:
            room -= _length(rule)
            why = f"what people read of the rules is longer than {MAX_TOLD} bytes with it" if room < 0 else ""
        if why:
            refused.append(Refusal(rule.file, rule.id, rule.title, rule.line, why))
        else:
            kept.append(rule)
    over_time = "an organisation's rule is about one finding; correlations over time are not taken"
    refused += [Refusal(rule.file, rule.id, rule.title, rule.line, over_time) for rule in rules.correlations]
    kept.sort(key=lambda rule: (rule.title, rule.id))
    told = tuple(
        OwnRule(rule.id, rule.title, rule.description, str(rule.custom["family"]), tuple(condition(rule.condition)))
        for rule in kept
    )
    # Where a rule lies is not what it says: a file that is renamed asks nobody anew.
    bare = [msgspec.structs.replace(rule, file="", line=1) for rule in kept]
    digest = hashlib.sha256(msgspec.json.encode(bare, order="deterministic")).hexdigest() if kept else ""
    return OwnRules(told, RuleSet(rules=tuple(kept)), tuple(refused), digest)


def _why_not(rule: Rule) -> str:
    """Return why a rule is not taken, as a sentence for its author; empty where it is."""
    source = rule.logsource
    if (source.product, source.category, source.service) != (PRODUCT, FINDING, None):
        return f"its logsource must be product: {PRODUCT}, category: {FINDING}; nothing else is visible to it"
    unseen = sorted({field if field is not None else "keywords" for field in _fields(rule.condition)} - VISIBLE)
    if unseen:
        return f"{', '.join(unseen)} cannot be seen by an organisation's rule; it sees {', '.join(sorted(VISIBLE))}"
    try:
        msgspec.convert(rule.custom, _Custom)
    except msgspec.ValidationError:
        return "it must name the family it is about, as gleanwatch: {family: media-downloader}, and nothing else there"
    try:
        msgspec.convert({"title": rule.title, "description": rule.description}, _Described)
    except msgspec.ValidationError:
        return "people read its title (3 to 120 characters) and description (10 to 400): write both for them"
    return ""


def _length(rule: Rule) -> int:
    return len("\n".join((rule.title, rule.description, *condition(rule.condition))).encode())


def _fields(node: Node) -> Iterator[str | None]:
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from _fields(part)
    elif isinstance(node, Not):
        yield from _fields(node.part)
    else:
        yield node.field
        other = getattr(node, "other", None)
        if other is not None:
            yield other


class InForce:
    """The organisation's rules that people were told of: a `Judge` of findings."""

    def __init__(self, rules: OwnRules) -> None:
        self._engine = Engine(rules.rules)
        self._family = {rule.id: rule.family for rule in rules.told}
        self._source = (LogSource(category=FINDING, product=PRODUCT),)

    def __call__(self, kind: str, fields: Fields, at: int) -> Sequence[Said]:
        """Return what the rules say of a finding; a rule about another family says nothing."""
        if kind != FINDING:
            return ()
        return [
            Said(
                Evidence(
                    EvidenceClass.RULE,
                    f"organisation.{match.rule}",
                    f"your organisation's rule «{match.title}»",
                    WEIGHT,
                ),
                collecting=False,
                mode=None,
                flags=True,
            )
            for match in self._engine.match(self._source, fields, at)
            if self._family.get(match.rule) == fields["family"]
        ]
