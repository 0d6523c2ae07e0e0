"""Lines of events in, lines of matches out: one for each, whatever a line is; and time taken from where it stands."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detection.sigma import Engine
from agent.detection.sigma.stream import MAX_LINE, LineJudge
from tests.unit.detection.sigma.making import ID, load, rule_text

GOOD = b'{"logsources": [{"category": "test"}], "fields": {"f": "a"}}'
COUNT = (
    "title: c\nid: 00000000-0000-4000-8000-000000000002\n"
    f"correlation:\n  type: event_count\n  rules: [{ID}]\n  timespan: 1m\n  condition: {{gte: 2}}\n"
)


def judging(*more: str) -> LineJudge:
    return LineJudge(Engine(load(rule_text("f: a"), *more)))


def test_one_line_out_for_each_line_in() -> None:
    judge = judging()
    lines = [GOOD, b"nonsense", b"", GOOD.replace(b'"a"', b'"b"'), b"[]", GOOD + b"\n"]
    answers = [msgspec.json.decode(msgspec.json.encode(answer)) for answer in judge.answers(lines)]
    assert [answer["matches"] for answer in answers] == [[ID], [], [], [], [], [ID]]
    assert ["error" in answer for answer in answers] == [False, True, True, False, True, False]
    assert judge.bad == 3


@pytest.mark.parametrize(
    "line",
    [
        b'{"fields": {}}',
        b'{"logsources": {}, "fields": {}}',
        b'{"logsources": ["test"], "fields": {}}',
        b'{"logsources": [], "fields": []}',
        b'{"logsources": [], "fields": {"a": NaN}}',
        b"\xff",
        b"[" * 100_000,
        b" " * (MAX_LINE + 1),
        b'{"logsources": [], "fields": {}} x',
    ],
)
def test_what_is_no_event_is_said_and_counted(line: bytes) -> None:
    judge = judging()
    answer = judge.answer(line)
    assert answer.matches == []
    assert answer.error
    assert judge.bad == 1


@pytest.mark.parametrize(
    ("times", "fires"),
    [
        (['"at": 0', '"at": 60000'], True),
        (['"at": 0', '"at": 60001'], False),
        (['"at": "2026-01-01T10:00:00Z"', '"at": "2026-01-01T10:01:00Z"'], True),
        (['"at": "2026-01-01T10:00:00Z"', '"at": "2026-01-01T10:02:00Z"'], False),
        (['"time": 0', '"time": 60'], True),
        (['"timestamp": 0', '"timestamp": 61'], False),
        (["", ""], True),
        (['"at": "2026-01-01T10:00:00Z"', ""], True),
    ],
)
def test_the_time_stands_beside_the_event(times: list[str], fires: bool) -> None:
    judge = judging(COUNT)
    answers = [judge.answer(GOOD[:-1] + f",{time}".encode().rstrip(b",") + b"}") for time in times]
    assert bool(answers[-1].matches) is fires


@pytest.mark.parametrize("field", ["UtcTime", "@timestamp", "TimeCreated"])
def test_the_time_is_found_in_the_event(field: str) -> None:
    for second, fires in (("2025-12-06 21:12:02.631", True), ("2025-12-06 21:12:02.633", False)):
        judge = judging(COUNT)
        events = [GOOD[:-2] + f', "{field}": "{at}"}}}}'.encode() for at in ("2025-12-06 21:11:02.632", second)]
        assert bool([judge.answer(event) for event in events][-1].matches) is fires


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_line_makes_it_fail(line: bytes) -> None:
    judging().answer(line)
