"""What a correlation counts over the events of one window, kept up to date as events enter and leave it.

`window.py` decides which events are in the window; a tally only hears of each that enters at its end and leaves at its
beginning, and each answer takes the same short time however many there are.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Protocol

from agent.detection.sigma.form import Correlation

Entry = tuple[int, int, str | float]
"""Time in ms, number of the event, value."""

_EXACT: Final = 1_000_000
"""Sums are kept in whole millionths, so that what was added can be taken away again without an error that grows."""


class Tally(Protocol):
    """What the windows ask for."""

    def enter(self, entry: Entry) -> None:
        """Take in an entry that is later than all before."""

    def leave(self, entry: Entry) -> None:
        """Let the earliest entry go."""

    def count(self) -> float | None:
        """Return what is counted now; None where there is nothing to compare."""


class Events:
    """How many events."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def enter(self, entry: Entry) -> None:
        """Count it."""
        self._count += 1

    def leave(self, entry: Entry) -> None:
        """Count it no more."""
        self._count -= 1

    def count(self) -> float:
        """Return the number."""
        return self._count


class Distinct:
    """How many different values; for `temporal`, how many different rules."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: Counter[str | float] = Counter()

    def enter(self, entry: Entry) -> None:
        """Count its value."""
        self._values[entry[2]] += 1

    def leave(self, entry: Entry) -> None:
        """Count its value no more."""
        left = self._values[entry[2]] - 1
        if left:
            self._values[entry[2]] = left
        else:
            del self._values[entry[2]]

    def count(self) -> float:
        """Return the number."""
        return len(self._values)


class Sum:
    """The sum of the values, or their mean."""

    __slots__ = ("_entries", "_mean", "_sum")

    def __init__(self, mean: bool) -> None:
        self._mean = mean
        self._sum = 0
        self._entries = 0

    def enter(self, entry: Entry) -> None:
        """Add its value."""
        self._sum += _whole(entry)
        self._entries += 1

    def leave(self, entry: Entry) -> None:
        """Take its value away."""
        self._sum -= _whole(entry)
        self._entries -= 1

    def count(self) -> float | None:
        """Return the sum or the mean."""
        if not self._entries:
            return None
        return self._sum / _EXACT / (self._entries if self._mean else 1)


class Ordered:
    """Whether all rules matched one after the other, in the order in which they are named, by different events.

    For each rule it keeps when the latest chain that ends with it began. An event of the next rule carries that chain
    on; what began before the window does not count.
    """

    __slots__ = ("_before", "_event", "_now", "_result", "_rules", "_span")

    def __init__(self, rules: tuple[str, ...], span_ms: int) -> None:
        self._rules = {rule: place for place, rule in enumerate(rules)}
        self._span = span_ms
        self._now: list[int | None] = [None] * len(rules)
        self._before = self._now
        self._event = -1
        self._result: float | None = None

    def enter(self, entry: Entry) -> None:
        """Carry chains on. Those that the same event began or carried on are not carried on by it again."""
        at, event, rule = entry
        if event != self._event:
            self._event, self._before = event, list(self._now)
        place = self._rules[str(rule)]
        began = at if place == 0 else self._before[place - 1]
        self._result = None
        if began is not None and began >= at - self._span:
            self._now[place] = max(began, self._now[place] or began)
            if place == len(self._now) - 1:
                self._result = len(self._now)

    def leave(self, entry: Entry) -> None:
        """Nothing: a chain knows when it began."""

    def count(self) -> float | None:
        """Return the number of rules where the last event completed a chain."""
        return self._result


def tally_for(rule: Correlation) -> Tally:
    """Return an empty tally of a correlation's kind."""
    if rule.type == "event_count":
        return Events()
    if rule.type in ("value_count", "temporal"):
        return Distinct()
    if rule.type == "temporal_ordered":
        return Ordered(rule.rules, rule.span_ms)
    return Sum(mean=rule.type == "value_avg")


def _whole(entry: Entry) -> int:
    return round(float(entry[2]) * _EXACT)
