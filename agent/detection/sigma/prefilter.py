"""Which few of many rules an event can match at all, found by what it holds instead of by asking each rule.

Each rule has witnesses (`witness.py`); this turns those of all rules of one route around: from a field's text to the
rules that may match. Whole values and last parts of paths are looked up, texts within are found by one Aho-Corasick
automaton a field, all of them in one pass. What is found is a superset: each rule found is then really asked, so the
result is the same as without this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick

from agent.detection.sigma.event import Event
from agent.detection.sigma.witness import Witness

Places = tuple[int, ...]


class _Within:
    """Texts that a value may hold, found in one pass."""

    __slots__ = ("_find", "_rules")

    def __init__(self, rules: Mapping[str, list[int]]) -> None:
        self._rules = tuple(tuple(places) for places in rules.values())
        self._find = AhoCorasick(list(rules)).find_matches_as_indexes

    def gather(self, text: str, found: set[int]) -> None:
        rules = self._rules
        for which, _, _ in self._find(text, overlapping=True):
            found.update(rules[which])


@dataclass(frozen=True, slots=True)
class _Field:
    """What the values of one field may witness."""

    whole: Mapping[str, Places]
    tails: Mapping[str, Places]
    there: Places
    within: _Within | None

    def gather(self, text: str, found: set[int]) -> None:
        if text in self.whole:
            found.update(self.whole[text])
        if self.tails:
            tail = text[max(text.rfind("\\"), text.rfind("/")) :]
            if tail in self.tails:
                found.update(self.tails[tail])
        if self.within is not None:
            self.within.gather(text, found)
        if self.there:
            found.update(self.there)


class Prefilter:
    """From an event to the places of the rules that may match it."""

    __slots__ = ("_always", "_anywhere", "_fields")

    def __init__(self, witnessed: Iterable[tuple[int, frozenset[Witness] | None]]) -> None:
        """Turn witnesses around.

        Args:
            witnessed: Each rule's place and its witnesses; None for a rule that must always be tried.
        """
        always: list[int] = []
        signs: dict[str | None, dict[str, dict[str, list[int]]]] = {}
        for place, witnesses in witnessed:
            if witnesses is None:
                always.append(place)
                continue
            for witness in witnesses:
                texts = signs.setdefault(witness.field, {}).setdefault(witness.kind, {})
                texts.setdefault(witness.text, []).append(place)
        self._always = frozenset(always)
        anywhere = signs.pop(None, None)
        self._anywhere = _Within(anywhere["has"]) if anywhere else None
        self._fields = [(str(field), _field(kinds)) for field, kinds in signs.items()]

    def candidates(self, event: Event) -> Sequence[int]:
        """Return the places of the rules that may match, in order."""
        found = set(self._always)
        for name, field in self._fields:
            value = event.get(name)
            if value is None:
                continue
            if value.__class__ is str:
                field.gather(value, found)
            else:
                for each in value:
                    field.gather(each, found)
        if self._anywhere is not None:
            for value in event.values():
                for each in (value,) if isinstance(value, str) else value:
                    self._anywhere.gather(each, found)
        return sorted(found)


def _field(kinds: Mapping[str, Mapping[str, list[int]]]) -> _Field:
    def places(kind: str) -> dict[str, Places]:
        return {text: tuple(found) for text, found in kinds.get(kind, {}).items()}

    texts = kinds.get("has")
    return _Field(places("is"), places("tail"), places("there").get("", ()), _Within(texts) if texts else None)
