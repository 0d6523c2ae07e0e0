"""A rule in plain English, for people who do not read Sigma: on the command line and on pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from agent.detection.sigma.form import (
    ANY,
    And,
    Cidr,
    Compare,
    Correlation,
    Exists,
    LogSource,
    Node,
    Not,
    Null,
    Or,
    Regex,
    Rule,
    Same,
    Text,
)

_HOW = {"is": "is", "starts": "starts with", "ends": "ends with", "has": "holds", "like": "is like"}
_OP = {"eq": "is", "neq": "is not", "lt": "is below", "lte": "is at most", "gt": "is above", "gte": "is at least"}
_UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second"))
MOST = 12
"""Alternatives that are written out; of more, the number is said."""


def place(source: LogSource) -> str:
    """Say where a rule looks."""
    said = [each for each in (source.product, source.category, source.service) if each]
    return " / ".join(said) if said else "every event"


def condition(node: Node) -> list[str]:
    """Return the lines of a condition, indented by two spaces a level."""
    return list(_lines(node, ""))


def meaning(rule: Rule | Correlation) -> list[str]:
    """Return the lines that say when a rule matches."""
    if isinstance(rule, Correlation):
        return _over_time(rule)
    return [f"Looks at: {place(rule.logsource)}", "Matches when:", *(f"  {line}" for line in condition(rule.condition))]


def _lines(node: Node, indent: str) -> Iterator[str]:
    match node:
        case And(parts):
            yield f"{indent}all of:"
            for part in parts:
                yield from _lines(part, indent + "  ")
        case Or(parts):
            yield f"{indent}at least one of:"
            for part in parts[:MOST]:
                yield from _lines(part, indent + "  ")
            if len(parts) > MOST:
                yield f"{indent}  … and {len(parts) - MOST} more"
        case Not(part):
            yield f"{indent}not:"
            yield from _lines(part, indent + "  ")
        case _:
            yield indent + _test(node)


def _test(node: Text | Regex | Cidr | Compare | Null | Exists | Same) -> str:
    match node:
        case Text(field, pieces, cased):
            shown = node.literal
            if node.how == "like":
                shown = "".join(each if isinstance(each, str) else "*" if each == ANY else "?" for each in pieces)
            return f"{_field(field)} {_HOW[node.how]} «{shown}»{' (case counts)' if cased else ''}"
        case Regex(field, pattern):
            return f"{_field(field)} fits the expression {pattern}"
        case Cidr(field, network):
            return f"{field} is an address in {network}"
        case Compare(field, op, number, part):
            return f"{f'the {part} of ' if part else ''}{field} {_OP[op]} {number}"
        case Null(field):
            return f"{field} is missing"
        case Exists(field, wanted):
            return f"{field} is {'there' if wanted else 'not there'}"
        case Same(field, other, how):
            return f"{field} {_HOW[how]} what stands in {other}"
        case _:
            assert_never(node)


def _field(field: str | None) -> str:
    return "any field" if field is None else field


def _over_time(rule: Correlation) -> list[str]:
    what = {
        "event_count": "the number of events",
        "value_count": f"the number of different values of {', '.join(rule.fields)}",
        "value_sum": f"the sum of {', '.join(rule.fields)}",
        "value_avg": f"the mean of {', '.join(rule.fields)}",
        "temporal": "the number of different rules that matched",
        "temporal_ordered": "the number of rules that matched one after the other, in this order,",
    }[rule.type]
    lines = ["Looks at matches of:", *(f"  {each}" for each in rule.rules)]
    if rule.group_by:
        lines.append(f"Each apart: {', '.join(rule.group_by)}")
    return [*lines, f"Matches when: {what} {_OP[rule.op]} {rule.count} within {_span(rule.span_ms)}"]


def _span(milliseconds: int) -> str:
    for size, word in _UNITS:
        if milliseconds % size == 0:
            number = milliseconds // size
            return f"{number} {word}{'' if number == 1 else 's'}"
    return f"{milliseconds} ms"
