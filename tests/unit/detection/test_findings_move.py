"""Processes move between the findings of a tool, and findings rise, while others look at them: nobody is lost.

The law at the end lets starts, ends, replaced programs, page loads, exports, rules and inventories come in any order;
the tests before it are the orders that once went wrong.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.detection.correlate import facts
from agent.detection.correlate.said import Said
from agent.detection.findings import no_rules
from agent.detection.identified import Bulk, Identified
from agent.model.events import ExportWritten, PackageFound, ProcessStarted
from agent.model.findings import Evidence, EvidenceClass, Finding, Stage
from tests.unit.detection.small import SECOND, Small, organisation, who

TABLE = ("csv", ("email", "name"), 50, "downloads")


async def test_a_finding_that_a_rule_lifts_while_its_processes_are_looked_at_keeps_them_all() -> None:
    small = Small()
    small.of["t"] = who("t")
    both = [await small.start("t"), await small.start("t")]
    small.detector.follow(organisation(loads=1), ())
    small.detector.page_loads([small.load()])
    small.detector.tick(small.time.at + SECOND)
    assert [found.flagged for found in small.open().values()] == [True]
    assert set(small.detector.candidates()) == {event.key for event in both}


async def test_a_finding_that_an_export_and_then_its_activity_lift_keeps_all_its_processes() -> None:
    collecting: list[bool] = []

    def judge(kind: str, _fields: facts.Fields, _at: int) -> list[Said]:
        if kind == facts.EXPORT:
            return [Said(Evidence(EvidenceClass.ARTEFACT, "e", "e", 0.25), False, None)]
        if kind == facts.ACTIVITY and collecting:
            return [Said(Evidence(EvidenceClass.NETWORK, "n", "n", 0.1), True, None)]
        return []

    small = Small(judge)
    small.of["t"] = who("t")
    both = [await small.start("t"), await small.start("t")]
    small.detector.exported(ExportWritten(*TABLE, small.time.at))
    collecting.append(True)
    small.detector.tick(small.time.at + SECOND)
    assert set(small.detector.candidates()) == {event.key for event in both}


async def test_a_card_whose_package_goes_while_its_tool_runs_stays_as_what_runs() -> None:
    """The start says nothing by itself, and is under the warning since the organisation's rule says so."""
    small = Small()
    small.of["t"], small.cards["t"] = who("t", 0.1), who("t", 0.4)
    (card,) = small.detector.installed([PackageFound("pypi", "t", "1")], complete=True)
    small.detector.follow(organisation(), ())
    running = await small.start("t")
    found = small.open()[card.id]
    assert (found.stage, found.flagged) == (Stage.RUNNING, True)
    assert small.detector.installed([], complete=True) == []
    small.detector.tick(small.time.at + SECOND)
    small.detector.candidates()
    small.end(running)
    assert card.id in small.open()


async def test_what_a_closer_look_found_is_not_said_of_the_program_that_took_the_place() -> None:
    small, answer = Small(), asyncio.Event()
    small.of |= {"a": who("a"), "b": who("b")}

    async def slowly(_event: ProcessStarted) -> Identified | None:
        await answer.wait()
        return who("a", 0.9, bulk=Bulk.ALWAYS)

    small.detector._refine = slowly
    first = await small.start("a")
    looking = asyncio.ensure_future(small.detector.refine(first))
    await asyncio.sleep(0)
    await small.detector.started(replace(small.event("b", pid=first.key.pid), key=first.key))
    answer.set()
    assert await looking == []
    assert {found.tool: found.flagged for found in small.open().values()} == {"a": False, "b": False}


async def test_a_closer_look_that_begins_after_its_program_was_replaced_asks_nothing() -> None:
    small, asked = Small(), list[ProcessStarted]()
    small.of |= {"a": who("a"), "b": who("b")}

    async def note(event: ProcessStarted) -> Identified | None:
        asked.append(event)
        return who("a", 0.9, bulk=Bulk.ALWAYS)

    small.detector._refine = note
    first = await small.start("a")
    await small.detector.started(replace(small.event("b", pid=first.key.pid), key=first.key))
    assert await small.detector.refine(first) == []
    assert asked == []
    assert not any(found.flagged for found in small.open().values())


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["start", "start", "exec", "end", "talk", "tick", "load", "export", "rule", "no rule", "there", "gone"]
        ),
        st.sampled_from("abc"),
        st.integers(0, 5),
        st.integers(0, 3_000_000),
    ),
    max_size=40,
)


@settings(max_examples=80, deadline=None)
@given(STEPS)
async def test_every_live_process_is_under_one_open_finding_whatever_comes(
    steps: list[tuple[str, str, int, int]],
) -> None:
    def judge(kind: str, fields: facts.Fields, _at: int) -> list[Said]:
        if kind == facts.EXPORT:
            return [Said(Evidence(EvidenceClass.ARTEFACT, "e", "e", 0.25), False, None)]
        if kind == facts.ACTIVITY and fields["opened"]:
            return [Said(Evidence(EvidenceClass.NETWORK, "n", "n", 0.3), True, None)]
        return []

    small = Small(judge)
    for tool, weight in {"a": 0.8, "b": 0.5, "c": 0.2}.items():
        small.of[tool], small.cards[tool] = who(tool, weight, bulk=Bulk.ALWAYS), who(tool, 0.4)
    live: list[ProcessStarted] = []
    shown: dict[str, Finding] = {}
    for what, tool, number, passes in steps:
        small.time.at += passes
        one = live[number % len(live)] if live else None
        changed: list[Finding] = []
        if what == "start":
            live.append(small.event(tool))
            changed = await small.detector.started(live[-1])
        elif what == "exec" and one is not None:
            changed = await small.detector.started(replace(small.event(tool, pid=one.key.pid), key=one.key))
        elif what == "end" and one is not None:
            live.remove(one)
            changed = small.end(one)
        elif what == "talk" and one is not None:
            small.sockets.of[one.key] = {"youtube": 3}
        elif what == "load":
            changed = small.detector.page_loads([small.load()])
        elif what == "export":
            changed = small.detector.exported(ExportWritten(*TABLE, small.time.at))
        elif what in ("rule", "no rule"):
            changed = small.detector.follow(organisation(loads=number % 2) if what == "rule" else no_rules, ())
        elif what in ("there", "gone"):
            there = [PackageFound("pypi", tool, "1")] if what == "there" else []
            changed = small.detector.installed(there, complete=True)
        changed += small.detector.tick(small.time.at)
        for found in changed:
            before = shown.get(found.id)
            assert before is None or (before.closed_at is None and found.stage.rank >= before.stage.rank)
            shown[found.id] = found
        assert {one.key for one in live} == set(small.detector.candidates())
        assert {found.id for found in shown.values() if found.closed_at is None} == set(small.open())
        for found in small.open().values():
            assert found.stage is not Stage.INSTALLED or not found.flagged
