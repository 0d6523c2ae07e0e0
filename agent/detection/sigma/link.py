"""The rules of many files → one `RuleSet`: unique ids, every reference resolved, correlations in the order of need.

A correlation refers to rules by id or by name, in any file. What refers to a missing, refused or ambiguous rule, or in
a circle, is refused in turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from agent.detection.sigma.form import Correlation, Parsed, Refusal, Rule, RuleSet

MAX_CORRELATIONS = 1000


def link(parsed: Iterable[Parsed]) -> RuleSet:
    """Join what was parsed.

    Args:
        parsed: One for each file, in the order in which a later rule gives way to an earlier one of the same id.
    """
    rules: dict[str, Rule] = {}
    waiting: dict[str, Correlation] = {}
    refusals: list[Refusal] = []
    names: dict[str, list[str]] = {}
    for one in parsed:
        refusals.extend(one.refusals)
        for rule in one.rules:
            first = rules.get(rule.id) or waiting.get(rule.id)
            if first is not None:
                refusals.append(_refused(rule, f"its id is also that of {first.file}, line {first.line}"))
                continue
            if isinstance(rule, Correlation):
                if len(waiting) >= MAX_CORRELATIONS:
                    refusals.append(_refused(rule, f"there are more than {MAX_CORRELATIONS} correlations"))
                    continue
                waiting[rule.id] = rule
            else:
                rules[rule.id] = rule
            if rule.name is not None:
                names.setdefault(rule.name, []).append(rule.id)
    ordered = _ordered(rules, waiting, names, refusals)
    return RuleSet(tuple(rules.values()), tuple(ordered.values()), tuple(refusals))


def _ordered(
    rules: Mapping[str, Rule],
    waiting: dict[str, Correlation],
    names: Mapping[str, list[str]],
    refusals: list[Refusal],
) -> dict[str, Correlation]:
    """Take up, round after round, each correlation whose rules are all there; what is left over cannot be used."""
    ordered: dict[str, Correlation] = {}
    while True:
        ready = []
        for rule in waiting.values():
            resolved = {each: _resolve(each, names) for each in _references(rule)}
            if all(each in rules or each in ordered for each in resolved.values()):
                ready.append(_linked(rule, resolved))
        if not ready:
            break
        for rule in ready:
            del waiting[rule.id]
            ordered[rule.id] = rule
    for rule in waiting.values():
        refusals.append(_refused(rule, _why(rule, rules, ordered, waiting, names)))
    return ordered


def _references(rule: Correlation) -> list[str]:
    return [*rule.rules, *(each for fields in rule.aliases.values() for each in fields)]


def _resolve(reference: str, names: Mapping[str, list[str]]) -> str:
    """Return the id that is meant; an ambiguous name stays a name and so is found nowhere."""
    found = names.get(reference, [])
    return found[0] if len(found) == 1 else reference.lower() if not found else reference


def _linked(rule: Correlation, resolved: Mapping[str, str]) -> Correlation:
    aliases = {
        alias: {resolved[each]: field for each, field in fields.items()} for alias, fields in rule.aliases.items()
    }
    rules = tuple(dict.fromkeys(resolved[each] for each in rule.rules))
    return msgspec.structs.replace(rule, rules=rules, aliases=aliases)


def _why(
    rule: Correlation,
    rules: Mapping[str, Rule],
    ordered: Mapping[str, Correlation],
    waiting: Mapping[str, Correlation],
    names: Mapping[str, list[str]],
) -> str:
    for each in _references(rule):
        if len(names.get(each, [])) > 1:
            return f"it refers to «{each[:80]}», which is the name of several rules; refer to one by its id"
        found = _resolve(each, names)
        if found not in rules and found not in ordered and found not in waiting:
            return f"it refers to «{each[:80]}», which is not among the rules that were loaded"
    return "it refers to correlations that could not be loaded, or to itself in a circle"


def _refused(rule: Rule | Correlation, reason: str) -> Refusal:
    return Refusal(rule.file, rule.id, rule.title, rule.line, reason)
