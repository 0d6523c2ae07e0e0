"""Puts facts before our rules and turns what matches into evidence.

The rules are Sigma (`agent/content/rules/*.yml`) of the product `gleanwatch`; each carries, under the key `gleanwatch`,
what its match is worth: the class of evidence, its weight, a sentence with places for facts, and whether it shows
collecting. `findings.py` asks once for each fact; the answer is evidence small enough to keep.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from agent.detection.correlate.facts import KINDS, Fields
from agent.detection.correlate.said import Said
from agent.detection.names import join, platform_name
from agent.detection.sigma.engine import Engine
from agent.detection.sigma.form import Correlation, LogSource, Rule, RuleSet
from agent.model.findings import CollectMode, Evidence, EvidenceClass

PRODUCT = "gleanwatch"


class Worth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule's match is worth: the block `gleanwatch` of a rule file.

    Attributes:
        rule: The evidence's stable id, such as `network.many`.
        evidence: The class of evidence.
        weight: 0 to 1.
        says: The sentence, with names of fields in braces.
        collecting: Whether a match shows that the tool collects.
        mode: A way of being asked for many that a match shows, or empty.
    """

    rule: str
    evidence: EvidenceClass
    weight: float
    says: str
    collecting: bool = False
    mode: CollectMode | None = None


class Rules:
    """Our own rules, ready to be asked."""

    def __init__(self, rules: RuleSet) -> None:
        """Prepare the rules.

        Args:
            rules: As `agent.detection.sigma.link` joined them.

        Raises:
            ValueError: A rule does not say what a match is worth.
        """
        self._engine = Engine(rules)
        all_of_them: tuple[Rule | Correlation, ...] = (*rules.rules, *rules.correlations)
        self._worth = {rule.id: worth_of(rule) for rule in all_of_them if rule.custom}
        self._sources = {kind: (LogSource(category=kind, product=PRODUCT),) for kind in KINDS}

    def __call__(self, kind: str, fields: Fields, at: int) -> Sequence[Said]:
        """Return what the rules say of one fact; rules that only serve others' correlation say nothing."""
        return [
            _said(self._worth[match.rule], fields)
            for match in self._engine.match(self._sources[kind], fields, at)
            if match.rule in self._worth
        ]

    def forget(self) -> None:
        """Forget what rules over time have counted."""
        self._engine.forget()


def _said(worth: Worth, fields: Fields) -> Said:
    detail = worth.says.format_map({name: _in_words(name, value) for name, value in fields.items()})
    return Said(Evidence(worth.evidence, worth.rule, detail, worth.weight), worth.collecting, worth.mode)


def _in_words(name: str, value: object) -> str:
    if name == "platforms" and isinstance(value, list):
        return join([platform_name(key) for key in value])
    if isinstance(value, list):
        return join([str(one) for one in value])
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def worth_of(rule: Rule | Correlation) -> Worth:
    """Return what a rule's match is worth.

    Raises:
        ValueError: The rule does not say, or says it wrongly.
    """
    try:
        return msgspec.convert(rule.custom, Worth)
    except msgspec.ValidationError as problem:
        raise ValueError(f"Rule «{rule.title}» does not say what a match is worth: {problem}") from None
