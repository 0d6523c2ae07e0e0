"""Events as lines of JSON → one line of JSON each: what `gleanwatch rules test` reads and writes.

In: `{"logsources": [{"category": ..., "product": ..., "service": ...}], "fields": {...}}`. When the event happened may
stand beside them as `at` (milliseconds since 1970, or ISO 8601), or as `time` or `timestamp` (ISO 8601, or seconds or
milliseconds since 1970); else it is looked for in the fields that logs commonly have for it; else it is that of the
line before. Out: `{"matches": [rule ids]}`. A line that cannot be read gives no matches and an `error`, is counted, and
stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from agent.detection.sigma.engine import Engine
from agent.detection.sigma.match import moment

MAX_LINE: Final = 16 << 20
"""Bytes."""
TIME_FIELDS: Final = (
    "@timestamp",
    "UtcTime",
    "SystemTime",
    "TimeCreated",
    "TimeGenerated",
    "EventTime",
    "timestamp",
    "time",
)


class _Line(msgspec.Struct):
    logsources: list[dict[str, Any]]
    fields: dict[str, Any]
    at: int | str | None = None
    time: int | float | str | None = None
    timestamp: int | float | str | None = None


class Answer(msgspec.Struct, omit_defaults=True):
    """One line out.

    Attributes:
        matches: Ids of the rules that the event made match.
        error: Why the line could not be read.
    """

    matches: list[str]
    error: str | None = None


class LineJudge:
    """Answers lines; counts those that it could not read."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine that judges."""
        self._engine = engine
        self._decoder = msgspec.json.Decoder(_Line)
        self._at = 0
        self.bad = 0
        """How many lines could not be read."""

    def answers(self, lines: Iterable[bytes]) -> Iterator[Answer]:
        """Yield one answer for each line, also for an empty one."""
        for line in lines:
            yield self.answer(line)

    def answer(self, line: bytes) -> Answer:
        """Answer one line."""
        if len(line) > MAX_LINE:
            return self._refused(f"the line has more than {MAX_LINE} bytes")
        try:
            event = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            return self._refused(f"the line is no event: {problem}")
        if self._engine.correlates:
            self._at = self._when(event)
        return Answer([match.rule for match in self._engine.match(event.logsources, event.fields, self._at)])

    def _refused(self, error: str) -> Answer:
        self.bad += 1
        return Answer([], error)

    def _when(self, event: _Line) -> int:
        if isinstance(event.at, int):
            return event.at
        for value in (event.at, event.time, event.timestamp, *(event.fields.get(name) for name in TIME_FIELDS)):
            at = moment(str(value)) if isinstance(value, str | int | float) else None
            if at is not None:
                return round(at.timestamp() * 1000)
        return self._at
