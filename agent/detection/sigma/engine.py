"""An event in, matches out: the engine joins routing, prefilter, conditions and correlations.

For each combination of log sources that comes up, the rules that apply are put together once (`_Route`) with their own
prefilter; an event of that kind then asks only the rules that its texts witness. Matches of rules that correlations
refer to go on to `correlation.py`. Time is the event's, given by the caller; nothing here reads a clock, a file or a
random number, and nothing of an event is kept but what correlations count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from agent.detection.sigma.compile import Test, compiled
from agent.detection.sigma.correlation import TOLERANCE_MS, Correlator, Fired
from agent.detection.sigma.event import Event, event_of
from agent.detection.sigma.form import Correlation, LogSource, Rule, RuleSet
from agent.detection.sigma.prefilter import Prefilter
from agent.detection.sigma.route import log_source, routed
from agent.detection.sigma.witness import commonness, witnesses

MAX_ROUTES: Final = 256
"""Combinations of log sources kept ready; an event of another one costs building it anew."""
_FEW: Final = 8
"""So many rules are asked faster than filtered."""

Sources = Sequence[LogSource | Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matched.

    Attributes:
        rule: Its id.
        title: Its title.
        kind: `event` for a rule about one event, `correlation` for one about several.
        group: Of a correlation: the values, by field or alias of `group-by`, that its events have in common, folded.
        custom: What the rule holds under the key `gleanwatch`.
        tags: Its tags.
        level: Sigma's word, or None.
        count: Of a correlation: what was counted, summed or averaged when it fired; 1 for a rule about one event.
    """

    rule: str
    title: str
    kind: Literal["event", "correlation"]
    group: Mapping[str, str]
    custom: Mapping[str, Any]
    tags: tuple[str, ...]
    level: str | None
    count: float


@dataclass(frozen=True, slots=True)
class _Ready:
    """A rule that can be asked."""

    id: str
    test: Test
    match: Match
    shown: bool
    feeds: bool


class _Route:
    """The rules for one combination of log sources, and what finds those to ask."""

    __slots__ = ("_prefilter", "rules")

    def __init__(self, rules: Sequence[_Ready], conditions: Sequence[Rule], prefilter: bool) -> None:
        self.rules = tuple(rules)
        self._prefilter = None
        if prefilter and len(rules) > _FEW:
            common = commonness(rule.condition for rule in conditions)
            self._prefilter = Prefilter(
                (place, witnesses(rule.condition, common)) for place, rule in enumerate(conditions)
            )

    def matching(self, event: Event) -> list[_Ready]:
        """Return the rules that match, in their order."""
        rules = self.rules
        if self._prefilter is None:
            return [rule for rule in rules if rule.test(event)]
        return [rule for place in self._prefilter.candidates(event) if (rule := rules[place]).test(event)]


class Engine:
    """Evaluates rules on a stream of events."""

    def __init__(self, rules: RuleSet, *, prefilter: bool = True, tolerance_ms: int = TOLERANCE_MS) -> None:
        """Compile the rules.

        Args:
            rules: As `link.py` joined them.
            prefilter: Whether to find candidates first; the matches are the same without.
            tolerance_ms: How late, behind the newest of its group, an event still counts in correlations.

        Raises:
            RegexRefused: A regular expression cannot be used; parsed rules have been tried.
        """
        shown, feeding = _roles(rules.correlations)
        self._rules = rules.rules
        self._ready = tuple(
            _Ready(rule.id, compiled(rule.condition), _match(rule), shown.get(rule.id, True), rule.id in feeding)
            for rule in rules.rules
        )
        self._prefilter = prefilter
        self._routes: dict[tuple[object, ...], _Route] = {}
        self._correlations = {rule.id: rule for rule in rules.correlations}
        self._shown = {rule.id: shown.get(rule.id, True) for rule in rules.correlations}
        self._tolerance_ms = tolerance_ms
        self.forget()

    def forget(self) -> None:
        """Forget every event: correlations begin anew."""
        self._correlator = Correlator(tuple(self._correlations.values()), tolerance_ms=self._tolerance_ms)

    @property
    def correlates(self) -> bool:
        """Whether there are correlations: without any, it does not matter when an event happened."""
        return bool(self._correlations)

    @property
    def late(self) -> int:
        """How many events came too late to count in a correlation."""
        return self._correlator.late

    def match(self, logsources: Sources, fields: Mapping[str, Any], at_ms: int) -> list[Match]:
        """Return the rules that an event makes match.

        Args:
            logsources: Where the event is from; it may be several. A rule applies where its own is a subset of one.
            fields: The event. Read during the call only; not changed.
            at_ms: When it happened, in milliseconds since 1970 (UTC).

        Returns:
            Rules about one event in the order of the rule set, then the correlations that fire with this event.
            A rule that a correlation refers to is left out unless that correlation says `generate`.
        """
        event = event_of(fields)
        hits = self._route(logsources).matching(event)
        if not hits:
            return []
        found = [hit.match for hit in hits if hit.shown]
        feeding = [hit.id for hit in hits if hit.feeds]
        if feeding:
            fired = self._correlator.observe(feeding, event, at_ms)
            found += [self._fired(each) for each in fired if self._shown[each.rule]]
        return found

    def _route(self, logsources: Sources) -> _Route:
        key: tuple[object, ...] = tuple(
            [
                (each.get("category"), each.get("product"), each.get("service")) if each.__class__ is dict else each
                for each in logsources
            ]
        )
        try:
            route = self._routes.get(key)
        except TypeError:  # something in it cannot be a key
            key = tuple([log_source(each) for each in logsources])
            route = self._routes.get(key)
        if route is None:
            places = routed(self._rules, [log_source(each) for each in logsources])
            route = _Route(
                [self._ready[place] for place in places], [self._rules[place] for place in places], self._prefilter
            )
            self._routes[key] = route
            if len(self._routes) > MAX_ROUTES:
                del self._routes[next(iter(self._routes))]
        return route

    def _fired(self, fired: Fired) -> Match:
        rule = self._correlations[fired.rule]
        return Match(rule.id, rule.title, "correlation", fired.group, rule.custom, rule.tags, rule.level, fired.count)


def _match(rule: Rule) -> Match:
    return Match(rule.id, rule.title, "event", {}, rule.custom, rule.tags, rule.level, 1)


def _roles(correlations: Sequence[Correlation]) -> tuple[dict[str, bool], frozenset[str]]:
    """Return which referred-to rules show their own matches, and the ids of all that correlations refer to."""
    shown: dict[str, bool] = {}
    for rule in correlations:
        for each in rule.rules:
            shown[each] = shown.get(each, False) or rule.generate
    return shown, frozenset(shown)
