"""The events of one group of one correlation within its span, and whether the condition holds.

Entries stand in the order of time. While events come in order, the tally of the newest window is kept up to date; when
one comes late, within the tolerance, all windows that it is part of are looked at in one pass. So which groups ever
fire does not depend on the order in which events within the tolerance arrive.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final

from agent.detection.sigma.form import Correlation
from agent.detection.sigma.match import compare_with
from agent.detection.sigma.tally import Entry, tally_for

_TRIM: Final = 64
"""Entries that are over are taken away in such lots: taking away one by one costs a copy each."""
_SET_BACK: Final = 3
"""So many late events in a row mean that the clock was set back."""


class Window:
    """Entries of one group."""

    __slots__ = ("_entries", "_holds", "_late", "_rule", "_silent_until", "_start", "_tally", "_tolerance", "event")

    def __init__(self, rule: Correlation, tolerance_ms: int) -> None:
        """Start empty."""
        self._rule = rule
        self._tolerance = tolerance_ms
        self._holds = compare_with(rule.op, rule.count)
        self._entries: list[Entry] = []
        self._start = 0
        self._tally = tally_for(rule)
        self._late = 0
        self._silent_until: int | None = None
        self.event = -1
        """The number of the last event that was added."""

    def __len__(self) -> int:
        return len(self._entries)

    def takes(self, at_ms: int) -> bool:
        """Say whether an event is not too late. After several that are, the group starts afresh with the next."""
        if not self._entries or at_ms >= self._entries[-1][0] - self._tolerance:
            self._late = 0
            return True
        self._late += 1
        if self._late < _SET_BACK:
            return False
        self._late = 0
        self._entries.clear()
        self._begin()
        self._silent_until = None
        return True

    def add(self, at_ms: int, event: int, value: str | float) -> float | None:
        """Take an entry in; return what is counted where the condition holds in a window with it, or None."""
        self.event = event
        entry = (at_ms, event, value)
        entries = self._entries
        if entries and at_ms < entries[-1][0]:
            return self._inserted(entry)
        entries.append(entry)
        self._tally.enter(entry)
        self._move(at_ms - self._rule.span_ms)
        return self._judged(self._tally.count())

    def speaks(self, at_ms: int) -> bool:
        """Say whether the group may fire now, and if so begin its silence of one span."""
        span, until = self._rule.span_ms, self._silent_until
        if until is not None and until - 2 * span <= at_ms < until:
            return False
        self._silent_until = at_ms + span
        return True

    def over(self, at_ms: int) -> bool:
        """Say whether nothing of this can matter to an event from then on."""
        newest = self._entries[-1][0] if self._entries else 0
        return max(newest + self._rule.span_ms, self._silent_until or 0) + self._tolerance < at_ms

    def shorten(self, most: int) -> int:
        """Keep at most `most` entries; return how many went.

        Where only different values count, those that stand again later go first: they change nothing.
        """
        entries = self._entries
        before = len(entries)
        if self._rule.type in ("value_count", "temporal"):
            sure = bisect_left(entries, (entries[-1][0] - self._tolerance,))
            latest = {value: place for place, (_, _, value) in enumerate(entries[:sure])}
            kept = set(latest.values())
            entries[:sure] = [entry for place, entry in enumerate(entries[:sure]) if place in kept]
        del entries[: max(0, len(entries) - most)]
        self._begin()
        return before - len(entries)

    def _judged(self, count: float | None) -> float | None:
        return count if count is not None and self._holds(count) else None

    def _begin(self) -> None:
        """Tally the newest window anew."""
        self._tally = tally_for(self._rule)
        entries = self._entries
        self._start = bisect_left(entries, (entries[-1][0] - self._rule.span_ms,)) if entries else 0
        for entry in entries[self._start :]:
            self._tally.enter(entry)

    def _move(self, first: int) -> None:
        """Let the newest window begin at `first`, and forget what no late event can reach any more."""
        entries, start = self._entries, self._start
        while entries[start][0] < first:
            self._tally.leave(entries[start])
            start += 1
        self._start = start
        if start >= _TRIM:
            gone = min(start, bisect_left(entries, (first - self._tolerance,)))
            if gone >= _TRIM:
                del entries[:gone]
                self._start -= gone

    def _inserted(self, entry: Entry) -> float | None:
        """Put a late entry in its place and look at every window that it is part of, in one pass."""
        insort(self._entries, entry)
        span = self._rule.span_ms
        begin = bisect_left(self._entries, (entry[0] - span,))
        tally, found = tally_for(self._rule), None
        for each in self._entries[begin:]:
            if each[0] > entry[0] + span:
                break
            tally.enter(each)
            while self._entries[begin][0] < each[0] - span:
                tally.leave(self._entries[begin])
                begin += 1
            held = self._judged(tally.count()) if each >= entry else None
            found = found if held is None else held
        self._begin()
        return found
