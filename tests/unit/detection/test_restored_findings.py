"""Open findings from before a restart: each is taken up or closed, and keeps its reasons until there are newer ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from agent.detection.findings import CLOSE_AFTER_MS, no_rules
from agent.model.findings import Evidence, EvidenceClass, Finding, Level, ProcessRef, Stage
from tests.unit.detection.small import Small, organisation, who

NAME = Evidence(EvidenceClass.NAME, "test.name", "named t", 0.6)
RULE = Evidence(EvidenceClass.RULE, "organisation.r", "the rule", 0.0)


def kept(small: Small, name: str, *, flagged: bool, evidence: tuple[Evidence, ...] = (NAME,)) -> Finding:
    """Return a finding as the store has it."""
    at = small.time.at
    level = Level.MEDIUM
    return Finding(
        name, "t", "t", "media-downloader", Stage.RUNNING, 0.6, level, flagged, (), at, at, 1, evidence=evidence
    )


def closed(found: Iterable[Finding]) -> set[str]:
    return {one.id for one in found if one.closed_at is not None}


@pytest.mark.parametrize("flagged", [(True, True), (True, False), (False, False), (True, True, True, False)])
async def test_every_one_is_taken_up_or_closed(flagged: tuple[bool, ...]) -> None:
    small = Small()
    ids = [f"old{n}" for n in range(len(flagged))]
    small.detector.restore([kept(small, one, flagged=each) for one, each in zip(ids, flagged, strict=True)])
    taken_up = set(small.open())
    assert taken_up | closed(small.detector.tick(small.time.at)) == set(ids)
    assert set(small.open()) == taken_up, "closed ones are gone, and told once"
    assert small.detector.tick(small.time.at) == []
    assert closed(small.detector.tick(small.time.at + CLOSE_AFTER_MS)) == taken_up


async def test_two_warnings_of_one_tool_both_stay() -> None:
    small = Small()
    small.detector.restore([kept(small, "one", flagged=True), kept(small, "two", flagged=True)])
    assert set(small.open()) == {"one", "two"}


async def test_a_harmless_use_keeps_its_place_before_a_second_warning() -> None:
    small = Small()
    three = [kept(small, "one", flagged=True), kept(small, "two", flagged=True), kept(small, "own", flagged=False)]
    small.detector.restore(three)
    assert set(small.open()) == {"one", "own"}


async def test_an_erasure_takes_those_without_a_place_too() -> None:
    small = Small()
    small.detector.restore([kept(small, f"old{n}", flagged=True) for n in range(3)])
    small.detector.forget()
    assert small.detector.tick(small.time.at) == []


async def test_the_rule_that_flagged_it_stays_among_its_reasons_while_nobody_knows_what_the_tool_can_do() -> None:
    small = Small()
    small.detector.restore([kept(small, "old", flagged=True, evidence=(NAME, RULE))])
    small.detector.follow(organisation(capability="downloads"), ())
    assert small.open()["old"].evidence == (NAME, RULE)


@pytest.mark.parametrize(("able", "reasons"), [("downloads", (NAME, RULE)), ("mirrors", (NAME,))])
async def test_once_a_process_has_spoken_the_rules_are_asked_anew(able: str, reasons: tuple[Evidence, ...]) -> None:
    small = Small()
    small.of["t"] = who("t", 0.6, capability=able)
    running = small.event("t")
    behind = (ProcessRef(running.key.pid, running.key.started_at, "t"),)
    small.detector.restore([replace(kept(small, "old", flagged=True, evidence=(NAME, RULE)), processes=behind)])
    small.detector.follow(organisation(capability="downloads"), ())
    await small.detector.started(running)
    assert small.open()["old"].evidence == reasons


async def test_rules_that_are_in_force_no_longer_are_no_reason_after_a_restart_either() -> None:
    small = Small()
    small.detector.restore([kept(small, "old", flagged=True, evidence=(NAME, RULE))])
    small.detector.follow(no_rules, ())
    assert small.open()["old"].evidence == (NAME,)
    assert small.open()["old"].flagged, "the flag stays while it is open"
