"""Which rules look at an event: those whose own log source is a subset of one of the event's.

This is not only for speed: a rule for one kind of log means something else on another. Log sources compare without
their case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from agent.detection.sigma.form import LogSource, Rule


def log_source(given: LogSource | Mapping[str, object]) -> LogSource:
    """Return a log source from what stands in an event; what is not text in it says nothing."""
    if isinstance(given, LogSource):
        found: Iterable[object] = (given.category, given.product, given.service)
    else:
        found = (given.get("category"), given.get("product"), given.get("service"))
    return LogSource(*(value.casefold() if isinstance(value, str) and value else None for value in found))


def applies(rule: LogSource, sources: Sequence[LogSource]) -> bool:
    """Say whether a rule's log source is a subset of one of an event's."""
    return any(
        (rule.category is None or rule.category == source.category)
        and (rule.product is None or rule.product == source.product)
        and (rule.service is None or rule.service == source.service)
        for source in sources
    )


def routed(rules: Sequence[Rule], sources: Sequence[LogSource]) -> tuple[int, ...]:
    """Return the places, in `rules`, of those that apply."""
    return tuple(place for place, rule in enumerate(rules) if applies(rule.logsource, sources))
