"""Correlations: what several matches over time mean together, group by group, in bounded memory.

`Correlator.observe` takes the ids of rules that one event matched. For each correlation that refers to one of them it
finds the event's group (the values of `group-by`, through aliases), adds the event to the group's window (`window.py`)
and fires when the condition holds. A correlation that fires is an event for those that refer to it: its fields are its
group.

What is laid down here, since Sigma leaves it open:
- Time is the events' own. A span includes both of its ends.
- A condition is decided when an event comes, over each window of the span that this event is part of.
- After firing, a group is silent until a whole span has passed since the event that made it fire; what happens
  meanwhile still counts. So a lasting burst fires once a span.
- An event that is later than `tolerance_ms` behind the newest of its group does not count and is itself counted
  (`late`); after three such in a row the clock is taken to have been set back, and the group starts afresh.
- An event counts once for a correlation and group, also where several of its rules match; `temporal` and
  `temporal_ordered` count rules, and `temporal_ordered` needs a different event for each.
- An event without one of the `group-by` fields, or without a value to count, does not count. A list as value counts
  with each of its values; as group, it is taken as one.
- Memory: at most `MAX_GROUPS` groups a correlation, the least recently used go first, and `MAX_ENTRIES` events in all,
  the oldest go first. Texts that are longer than 64 characters are remembered as hashes.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agent.detection.sigma.event import Event, event_of, texts
from agent.detection.sigma.form import Correlation
from agent.detection.sigma.window import Window

TOLERANCE_MS: Final = 5_000
MAX_GROUPS: Final = 10_000
MAX_ENTRIES: Final = 100_000
"""Remembered events of all correlations together: about 20 MB."""
_LONG: Final = 64
_SWEEP: Final = 2
"""Groups looked at for age with every event: enough that none outlives its time by much."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A correlation whose condition came to hold.

    Attributes:
        rule: Its id.
        group: Field or alias → folded value.
        count: What was counted.
    """

    rule: str
    group: Mapping[str, str]
    count: float


class _State:
    """One correlation and its groups, the least recently used first."""

    __slots__ = ("entries", "groups", "most", "rule")

    def __init__(self, rule: Correlation, most: int) -> None:
        self.rule = rule
        self.most = most
        self.entries = 0
        self.groups: OrderedDict[tuple[str, ...], Window] = OrderedDict()


class Correlator:
    """All correlations of a rule set."""

    def __init__(
        self,
        correlations: Sequence[Correlation],
        *,
        tolerance_ms: int = TOLERANCE_MS,
        max_groups: int = MAX_GROUPS,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        """Start with nothing seen.

        Args:
            correlations: In the order of need: each refers to earlier ones only.
            tolerance_ms: How late an event may be.
            max_groups: Of one correlation.
            max_entries: Of all correlations; each gets an equal share, and at least what its own condition needs.
        """
        self._tolerance = tolerance_ms
        self._max_groups = max_groups
        share = max_entries // max(1, len(correlations))
        self._states = [_State(rule, max(share, 2 * _needed(rule) + 64)) for rule in correlations]
        self._feeds: dict[str, list[_State]] = {}
        for state in self._states:
            for each in state.rule.rules:
                self._feeds.setdefault(each, []).append(state)
        self._events = 0
        self.late = 0
        """How many events came too late to count."""

    @property
    def groups(self) -> int:
        """How many groups are remembered now."""
        return sum(len(state.groups) for state in self._states)

    @property
    def entries(self) -> int:
        """How many events are remembered now, in all groups."""
        return sum(state.entries for state in self._states)

    def observe(self, rules: Iterable[str], event: Event, at_ms: int) -> list[Fired]:
        """Take one event in.

        Args:
            rules: Ids of the rules that it matched.
            event: It.
            at_ms: When it happened.

        Returns:
            The correlations that fire, in the order of need.
        """
        fired: list[Fired] = []
        self._events += 1
        waiting = [(rule, event, self._events) for rule in rules]
        for rule, its, number in waiting:  # grows while it is walked: a correlation that fires is an event itself
            for state in self._feeds.get(rule, ()):
                each = self._added(state, rule, its, number, at_ms)
                if each is not None:
                    fired.append(each)
                    self._events += 1
                    waiting.append((each.rule, event_of(each.group), self._events))
        return fired

    def _added(self, state: _State, rule: str, event: Event, number: int, at_ms: int) -> Fired | None:
        key = _group(state.rule, rule, event)
        values = _values(state.rule, rule, event) if key is not None else []
        if key is None or not values:
            return None
        groups = state.groups
        window = groups.get(key)
        if window is None:
            window = groups[key] = Window(state.rule, self._tolerance)
        else:
            groups.move_to_end(key)
            if window.event == number and not state.rule.type.startswith("temporal"):
                return None
        before = len(window)
        count = None
        if window.takes(at_ms):
            for value in values:
                held = window.add(at_ms, number, value)
                count = count if held is None else held
        else:
            self.late += 1
        state.entries += len(window) - before
        self._forget(state, key, at_ms)
        if count is None or not window.speaks(at_ms):
            return None
        return Fired(state.rule.id, dict(zip(state.rule.group_by, key, strict=True)), count)

    def _forget(self, state: _State, current: tuple[str, ...], at_ms: int) -> None:
        """Let go of groups that are too old, too many or too large together; then of this one's oldest events."""
        groups = state.groups
        for _ in range(_SWEEP):
            oldest = next(iter(groups))
            if oldest == current or not groups[oldest].over(at_ms):
                break
            state.entries -= len(groups.pop(oldest))
        while len(groups) > self._max_groups or (state.entries > state.most and len(groups) > 1):
            _, gone = groups.popitem(last=False)
            state.entries -= len(gone)
        if state.entries > state.most:
            state.entries -= groups[current].shorten(state.most // 2)


def _needed(rule: Correlation) -> int:
    return int(rule.count) if rule.type in ("event_count", "value_count") else len(rule.rules)


def _field(rule: Correlation, name: str, matched: str) -> str:
    """Return which field of an event that `matched` matched stands for a field or alias of a correlation."""
    return rule.aliases.get(name, {}).get(matched, name)


def _group(rule: Correlation, matched: str, event: Event) -> tuple[str, ...] | None:
    key = []
    for name in rule.group_by:
        value = event.get(_field(rule, name, matched))
        if value is None:
            return None
        key.append(_short(value if isinstance(value, str) else "\n".join(value)))
    return tuple(key)


def _values(rule: Correlation, matched: str, event: Event) -> list[str | float]:
    """Return what an event adds to its group's window: nothing where it lacks the value."""
    if rule.type == "event_count":
        return [0.0]
    if rule.type in ("temporal", "temporal_ordered"):
        return [matched]
    if rule.type == "value_count":
        parts = [event.get(_field(rule, name, matched)) for name in rule.fields]
        if any(part is None for part in parts):
            return []
        if len(parts) == 1 and isinstance(parts[0], tuple):
            return [_short(each) for each in dict.fromkeys(parts[0])]
        return [_short("\n".join(part if isinstance(part, str) else "\n".join(part) for part in parts if part))]
    found = []
    for text in texts(event.raw.get(_field(rule, rule.fields[0], matched))):
        try:
            number = float(text)
        except ValueError:
            continue
        if abs(number) < 1e15:  # beyond, adding up is no longer exact; this also leaves out inf and nan
            found.append(number)
    return list(found)


def _short(text: str) -> str:
    if len(text) <= _LONG:
        return text
    return "#" + hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
