"""Which few of many rules an event can match at all, found by what it holds instead of by asking each rule.

Each rule has witnesses (`witness.py`); this turns those of all rules of one route around: from a field's text to the
rules that may match. Whole values and last parts of paths are looked up, texts within are found by one Aho-Corasick
automaton a field, all of them in one pass. What is found is a superset: each rule found is then really asked, so the
result is the same as without this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ahocorasick_rs import AhoCorasick

from agent.detection.sigma.event import Event
from agent.detection.sigma.witness import Kind, Witness

Places = tuple[int, ...]
Gather = Callable[[str, set[int]], None]
"""Add the places of the rules that a text witnesses."""


class Prefilter:
    """From an event to the places of the rules that may match it."""

    __slots__ = ("_always", "_anywhere", "_fields")

    def __init__(self, witnessed: Iterable[tuple[int, frozenset[Witness] | None]]) -> None:
        """Turn witnesses around.

        Args:
            witnessed: Each rule's place and its witnesses; None for a rule that must always be tried.
        """
        always: list[int] = []
        signs: dict[str | None, dict[Kind, dict[str, list[int]]]] = {}
        for place, witnesses in witnessed:
            if witnesses is None:
                always.append(place)
                continue
            for witness in witnesses:
                texts = signs.setdefault(witness.field, {}).setdefault(witness.kind, {})
                texts.setdefault(witness.text, []).append(place)
        self._always = frozenset(always)
        anywhere = signs.pop(None, None)
        self._anywhere = _within(anywhere["has"]) if anywhere else None
        self._fields = [(str(field), _joined(kinds)) for field, kinds in signs.items()]

    def candidates(self, event: Event) -> Sequence[int]:
        """Return the places of the rules that may match, in order."""
        found = set(self._always)
        for name, gather in self._fields:
            value = event.get(name)
            if value.__class__ is str:
                gather(value, found)
            elif value is not None:
                for each in value:
                    gather(each, found)
        if self._anywhere is not None:
            for value in event.values():
                for each in (value,) if isinstance(value, str) else value:
                    self._anywhere(each, found)
        return sorted(found) if found else ()


def _joined(kinds: Mapping[Kind, Mapping[str, list[int]]]) -> Gather:
    """Return one look at a field's text for all kinds of witnesses that it has."""
    makers: dict[Kind, Callable[[Mapping[str, list[int]]], Gather]] = {
        "is": _whole,
        "tail": _tail,
        "has": _within,
        "there": _there,
    }
    gathers = [makers[kind](texts) for kind, texts in kinds.items()]
    if len(gathers) == 1:
        return gathers[0]

    def every(text: str, found: set[int]) -> None:
        for gather in gathers:
            gather(text, found)

    return every


def _whole(texts: Mapping[str, list[int]]) -> Gather:
    places = {text: tuple(rules) for text, rules in texts.items()}

    def gather(text: str, found: set[int]) -> None:
        if text in places:
            found.update(places[text])

    return gather


def _tail(texts: Mapping[str, list[int]]) -> Gather:
    places = {text: tuple(rules) for text, rules in texts.items()}

    def gather(text: str, found: set[int]) -> None:
        slash, other = text.rfind("/"), text.rfind("\\")
        tail = text[slash if slash > other else other :]
        if tail in places:
            found.update(places[tail])

    return gather


def _within(texts: Mapping[str, list[int]]) -> Gather:
    """Find all the texts in one pass."""
    places = tuple(tuple(rules) for rules in texts.values())
    find = AhoCorasick(list(texts)).find_matches_as_indexes

    def gather(text: str, found: set[int]) -> None:
        for which, _, _ in find(text, overlapping=True):
            found.update(places[which])

    return gather


def _there(texts: Mapping[str, list[int]]) -> Gather:
    places = tuple(place for rules in texts.values() for place in rules)

    def gather(text: str, found: set[int]) -> None:
        found.update(places)

    return gather
