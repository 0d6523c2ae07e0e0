"""Which texts an event must hold for a rule to match at all: the rule's witnesses.

A set of witnesses is sound when every event that satisfies the condition shows at least one of them. An `And` needs
only one of its parts to be witnessed, so the rarest is taken; an `Or` needs all; `Not` witnesses nothing. A test that
only needs its field to be there has that as a weak witness. How rare a text is cannot be known beforehand; a text that
many rules ask for, or a short one, is taken to be common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from agent.detection.sigma.form import And, Cidr, Compare, Exists, Node, Not, Null, Or, Regex, Same, Text
from agent.detection.sigma.regex import required

Kind = Literal["is", "tail", "has", "there"]
MAX_WITNESSES: Final = 6000
"""Of one rule; with more, the rule is always tried."""
_THERE: Final = 300.0
"""How common it is that a field is there, in the units of `rarity`."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One sign in an event that a rule may match.

    Attributes:
        kind: The field's text `is` this, its last part from a slash on (`tail`) is this, it `has` this, or the field
            is `there`.
        field: The field; None for any (only with `has`).
        text: Folded.
    """

    kind: Kind
    field: str | None
    text: str = ""


def commonness(conditions: Iterable[Node]) -> Counter[Witness]:
    """Count for every text by how many rules it is asked for."""
    counts: Counter[Witness] = Counter()
    for condition in conditions:
        counts.update(set(_mentioned(condition)))
    return counts


def witnesses(condition: Node, common: Counter[Witness]) -> frozenset[Witness] | None:
    """Return a rule's witnesses, the rarest there are; None where it must always be tried."""
    found = _rarest(condition, common)
    return found[1] if found is not None and len(found[1]) <= MAX_WITNESSES else None


def _rarest(node: Node, common: Counter[Witness]) -> tuple[float, frozenset[Witness]] | None:
    match node:
        case And(parts):
            able = [found for part in parts if (found := _rarest(part, common)) is not None]
            return min(able, key=lambda each: each[0], default=None)
        case Or(parts):
            union: set[Witness] = set()
            total = 0.0
            for part in parts:
                found = _rarest(part, common)
                if found is None:
                    return None
                total += found[0]
                union |= found[1]
            return total, frozenset(union)
        case Not() | Null() | Exists():
            return None
        case Text() | Regex():
            sign = _sign(node)
            return None if sign is None else (rarity(sign, common), frozenset((sign,)))
        case Cidr(field) | Compare(field) | Same(field):
            return _THERE, frozenset((Witness("there", field),))


def rarity(witness: Witness, common: Counter[Witness]) -> float:
    """Return how common a witness is taken to be: 1 is a long text that one rule asks for."""
    if witness.kind == "there":
        return _THERE
    asked = float(max(1, common[witness]))
    if witness.kind != "has":
        return asked
    length = len(witness.text)
    return asked * (100.0 if length <= 2 else 20.0 if length == 3 else 6.0 if length <= 5 else 1.5)


def _mentioned(node: Node) -> Iterable[Witness]:
    match node:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _mentioned(part)
        case Not(part):
            yield from _mentioned(part)
        case Text() | Regex():
            sign = _sign(node)
            if sign is not None:
                yield sign


def _sign(node: Text | Regex) -> Witness | None:
    literal = required(node.pattern) if isinstance(node, Regex) else node.literal.casefold()
    how = "has" if isinstance(node, Regex) else node.how
    if how == "is" and node.field is not None:
        return Witness("is", node.field, literal)
    if how == "ends" and node.field is not None:
        cut = max(literal.rfind("\\"), literal.rfind("/"))
        if cut >= 0:
            return Witness("tail", node.field, literal[cut:])
    if literal:
        return Witness("has", node.field, literal)
    return None if node.field is None else Witness("there", node.field)
