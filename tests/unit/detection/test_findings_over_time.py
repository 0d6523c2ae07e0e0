"""One open finding per tool, over time: it rises, it is held, it closes; restarts, loops, helpers and page loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import agent.content
from agent.detection.correlate.rules import Rules
from agent.detection.findings import CLOSE_AFTER_MS, MAX_CANDIDATES, Detector
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.sigma.parse import parse_in_process
from agent.detection.track import MAX_PROCESSES
from agent.detection.weights import UNVERIFIED_RULE
from agent.model.events import Activity, CommandLine, PageLoad, ProcessEnded, ProcessKey, ProcessStarted
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Finding, Stage

DRIVER = "from selenium import webdriver\nd = webdriver.Chrome()\nd.get('https://site.example/')\n"
RULES = parse_in_process(Path(agent.content.__file__).parent / "rules")
ONE_VIDEO = ("yt-dlp", "https://www.youtube.com/watch?v=abc")


async def test_connections_raise_a_driver_to_collecting(world: Any, machine: Any) -> None:
    machine.script("d.py", DRIVER)
    event = world.event("python3", "d.py")
    assert await world.detector.started(event) == []
    browser = world.event("chromium", "--headless", parent=event.key.pid)
    await world.detector.started(browser)
    assert set(world.detector.candidates()) == {event.key, browser.key}
    world.sockets.of[browser.key] = {"linkedin": 4}
    (found,) = world.detector.tick(world.time.at)
    assert (found.stage, found.platforms, found.flagged) == (Stage.COLLECTING, ("linkedin",), True)
    assert found.held_until == world.time.at + 24 * 3_600_000
    assert world.detector.tick(world.time.at + 1000) == []


async def test_one_download_that_reaches_its_platform_is_still_one_download(world: Any) -> None:
    event = world.event(*ONE_VIDEO)
    await world.detector.started(event)
    world.sockets.of[event.key] = {"youtube": 3}
    (found,) = world.detector.tick(world.time.at)
    assert (found.stage, found.flagged, found.platforms) == (Stage.RUNNING, False, ("youtube",))


async def test_the_same_download_again_and_again_from_one_parent_is_a_loop(world: Any) -> None:
    seen: list[Finding] = []
    for _ in range(4):
        world.time.at += 5_000
        event = world.event(*ONE_VIDEO, parent=77)
        seen += await world.detector.started(event)
        world.end(event)
    assert [found.flagged for found in seen] == [False, False, False, True]
    assert seen[-1].modes == (CollectMode.LOOP,) and seen[-1].count == 4


async def test_four_downloads_over_an_afternoon_are_no_loop(world: Any) -> None:
    for _ in range(4):
        world.time.at += 600_000
        assert not any(found.flagged for found in await world.start(*ONE_VIDEO, parent=77))


async def test_it_closes_half_an_hour_after_its_last_process(world: Any) -> None:
    event = world.event("httrack", "https://site.example/")
    (first,) = await world.detector.started(event)
    world.time.at += 3 * CLOSE_AFTER_MS
    assert all(found.closed_at is None for found in world.detector.tick(world.time.at))
    world.end(event)
    assert world.detector.candidates() == []
    assert all(found.closed_at is None for found in world.detector.tick(world.time.at + CLOSE_AFTER_MS - 1))
    (closed,) = world.detector.tick(world.time.at + CLOSE_AFTER_MS)
    assert (closed.id, closed.closed_at) == (first.id, world.time.at + CLOSE_AFTER_MS)
    (again,) = await world.start("httrack", "https://site.example/")
    assert again.id != first.id


async def test_a_restart_takes_up_the_open_finding_without_counting_twice(world: Any) -> None:
    event = world.event("httrack", "https://site.example/")
    (before,) = await world.detector.started(event)
    after = Detector(
        world.identifier.identify, world.sockets, world.tree, world.time, lambda: "new", hold_ms=1, judge=Rules(RULES)
    )
    after.restore([before])
    assert await after.started(event) == []
    (same,) = after.open_findings()
    assert (same.id, same.count, same.held_until) == (before.id, 1, before.held_until)
    assert after.candidates() == [event.key]


async def test_a_program_that_replaces_itself_is_judged_by_what_it_became(world: Any) -> None:
    event = world.event("httrack", "https://site.example/")
    await world.detector.started(event)
    became = ProcessStarted(event.key, 1, "sleep", CommandLine(("sleep", "9"), "/bin/sleep", "/"), world.time.at)
    assert await world.detector.started(became) == []
    assert world.detector.candidates() == []


async def test_a_process_that_ends_while_it_is_being_identified_does_not_stay(world: Any, machine: Any) -> None:
    detector: Detector
    event = world.event("python3", "x.py")

    async def slow(started: ProcessStarted) -> Identified:
        detector.ended(ProcessEnded(started.key, world.time.at))
        piece = Evidence(EvidenceClass.NAME, "r", "d", 0.9)
        return Identified("t", "T", "site-mirror", Role.COLLECTOR, Bulk.ALWAYS, (piece,))

    detector = Detector(slow, world.sockets, world.tree, world.time, lambda: "i", hold_ms=1, judge=Rules(RULES))
    (found,) = await detector.started(event)
    assert found.count == 1
    assert detector.candidates() == []


async def test_a_process_that_ended_before_anybody_looked_does_not_stay(world: Any) -> None:
    event = world.event("httrack", "https://site.example/")
    world.end(event)
    (found,) = await world.detector.started(event)
    assert found.flagged
    assert world.detector.candidates() == []


async def test_an_answer_about_a_program_that_was_replaced_meanwhile_is_dropped(world: Any) -> None:
    event = world.event("python3", "x.py")
    became = ProcessStarted(event.key, 1, "sleep", CommandLine(("sleep",), "/bin/sleep", "/"), world.time.at)

    async def slow(started: ProcessStarted) -> Identified | None:
        if started is became:
            return None
        assert await detector.started(became) == []
        piece = Evidence(EvidenceClass.NAME, "r", "d", 0.9)
        return Identified("t", "T", "site-mirror", Role.COLLECTOR, Bulk.ALWAYS, (piece,))

    detector = Detector(slow, world.sockets, world.tree, world.time, lambda: "i", hold_ms=1, judge=Rules(RULES))
    assert await detector.started(event) == []
    assert detector.candidates() == []


async def test_what_nobody_verified_never_decides_a_flag(world: Any) -> None:
    async def guess(event: ProcessStarted) -> Identified:
        pieces = (
            Evidence(EvidenceClass.NAME, UNVERIFIED_RULE, "d", 0.1),
            Evidence(EvidenceClass.FLAGS, UNVERIFIED_RULE, "d", 0.4),
        )
        return Identified("t", "T", "site-mirror", Role.COLLECTOR, Bulk.ALWAYS, pieces, (CollectMode.LIST,))

    detector = Detector(guess, world.sockets, world.tree, world.time, lambda: "i", hold_ms=1, judge=Rules(RULES))
    event = world.event("x")
    await detector.started(event)
    world.sockets.of[event.key] = {"linkedin": 1}
    (found,) = detector.tick(world.time.at)
    assert found.stage is Stage.COLLECTING
    assert not found.flagged


async def test_an_answer_is_kept_with_the_finding(world: Any) -> None:
    (found,) = await world.start("httrack", "https://site.example/")
    answered = world.detector.answer(found.id, "work")
    assert answered is not None and answered.answer == "work"
    assert world.detector.answer("nobody", "work") is None
    (later,) = await world.start("httrack", "https://site.example/b")
    assert later.answer == "work"


async def test_an_installed_card_becomes_the_running_finding(world: Any) -> None:
    from agent.model.events import PackageFound

    (card,) = world.detector.installed([PackageFound("pypi", "gallery-dl", "1")])
    (found,) = await world.start("gallery-dl", "https://site.example/gallery")
    assert found.id == card.id
    assert found.stage is Stage.RUNNING
    assert "inventory.installed" not in {piece.rule for piece in found.evidence}


async def test_a_harmless_use_is_listed_beside_a_flagged_one_and_never_under_it(world: Any) -> None:
    (flagged,) = await world.start("yt-dlp", "https://www.youtube.com/@somebody/videos")
    assert flagged.flagged
    harmless = world.event(*ONE_VIDEO)
    (beside,) = await world.detector.started(harmless)
    assert (beside.id != flagged.id, beside.flagged, beside.tool) == (True, False, flagged.tool)
    assert [one.pid for one in beside.processes] == [harmless.key.pid]
    again = world.event("yt-dlp", "https://www.youtube.com/@another/videos")
    await world.detector.started(again)
    now = {found.id: found for found in world.detector.open_findings()}
    assert again.key.pid in [one.pid for one in now[flagged.id].processes]
    assert again.key.pid not in [one.pid for one in now[beside.id].processes]


async def test_evidence_of_one_process_is_not_mixed_with_anothers(world: Any, machine: Any) -> None:
    machine.script("d.py", DRIVER)
    tested = world.event("python3", "d.py", parent=500)
    world.tree.above[tested.key.pid] = ("pytest",)
    alone = world.event("python3", "d.py")
    await world.detector.started(alone)
    world.end(alone)
    await world.detector.started(tested)
    world.sockets.of[tested.key] = {"linkedin": 2}
    world.detector.tick(world.time.at)
    assert not any(found.flagged for found in world.detector.open_findings())


async def test_what_helpers_did_counts_after_they_ended(world: Any, machine: Any) -> None:
    machine.script("d.py", DRIVER)
    event = world.event("python3", "d.py")
    await world.detector.started(event)
    helper = world.event("unknown-helper", parent=event.key.pid)
    await world.detector.started(helper)
    world.sockets.of[helper.key] = {"linkedin": 4}
    (found,) = world.end(helper)
    assert (found.stage, found.platforms) == (Stage.COLLECTING, ("linkedin",))


def machine_like(world: Any, count: int = 40, platform: str = "linkedin") -> list[PageLoad]:
    at = world.time.at
    return [PageLoad("c", seq, platform, "profile", at + seq * 2000, True, True) for seq in range(1, count)]


def test_page_loads_in_a_machines_rhythm_are_a_finding_of_their_own(world: Any) -> None:
    found = world.detector.page_loads(machine_like(world))
    assert [one.tool for one in found] == ["cadence:linkedin"]
    assert found[0].platforms == ("linkedin",)
    assert found[0].flagged
    assert world.detector.page_loads(machine_like(world, count=41)[-1:]) == []


async def test_page_loads_in_a_machines_rhythm_speak_against_a_live_driver(world: Any, machine: Any) -> None:
    machine.script("d.py", DRIVER)
    await world.start("python3", "d.py")
    (found,) = world.detector.page_loads(machine_like(world))
    assert found.tool == "selenium"
    assert found.flagged and found.stage is Stage.COLLECTING


async def test_a_person_who_reads_makes_no_finding(world: Any) -> None:
    at, loads = world.time.at, []
    for seq in range(1, 60):
        at += 3_000 + (seq * 7919) % 60_000
        loads.append(PageLoad("c", seq, "linkedin", "profile", at, seq % 3 != 0, False))
    assert world.detector.page_loads(loads) == []


TOOLS = st.sampled_from(["a", "b", "c"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["start", "end", "tick", "socket", "quiet"]), TOOLS, st.integers(0, 2_000_000)),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
async def test_while_it_is_open_a_finding_only_rises(steps: list[tuple[str, str, int]]) -> None:
    class Still:
        at = 1_000_000

        def now(self) -> int:
            return self.at

        def monotonic(self) -> float:
            return 0.0

    class Sockets:
        def __init__(self) -> None:
            self.of: dict[ProcessKey, dict[str, int]] = {}

        def activity_of(self, key: ProcessKey) -> Activity:
            platforms = self.of.get(key, {})
            return Activity(opened=sum(platforms.values()), platforms=platforms)

    class Alone:
        def ancestors(self, pid: int) -> tuple[str, ...]:
            return ()

        def above_agent(self, pid: int) -> bool:
            return False

    async def identify(event: ProcessStarted) -> Identified:
        tool, quiet = event.name[0], event.name.endswith("q")
        piece = Evidence(EvidenceClass.NAME, "r", "d", {"a": 0.9, "b": 0.4, "c": 0.1}[tool])
        role = Role.COLLECTOR if tool == "a" else Role.ENGINE
        return Identified(tool, tool, "site-mirror", role, Bulk.ALWAYS, (piece,), quiet=quiet)

    clock, sockets = Still(), Sockets()
    numbers = iter(range(10_000))
    detector = Detector(identify, sockets, Alone(), clock, lambda: str(next(numbers)), hold_ms=10, judge=Rules(RULES))
    seen: dict[str, Finding] = {}
    live: list[ProcessKey] = []
    for number, (what, tool, passes) in enumerate(steps):
        clock.at += passes
        changed: list[Finding] = []
        if what in ("start", "quiet"):
            key = ProcessKey(number, clock.at)
            live.append(key)
            name = tool + ("q" if what == "quiet" else "")
            changed = await detector.started(ProcessStarted(key, 1, name, CommandLine((), "", ""), clock.at))
        elif what == "end" and live:
            changed = detector.ended(ProcessEnded(live.pop(), clock.at))
        elif what == "socket" and live:
            sockets.of[live[-1]] = {"x": 1}
        else:
            changed = detector.tick(clock.at)
        for found in changed:
            before = seen.get(found.id)
            if before is not None:
                assert before.closed_at is None
                assert found.stage.rank >= before.stage.rank
                assert found.level.rank >= before.level.rank
                assert found.flagged >= before.flagged
                assert found.count >= before.count
                assert set(found.platforms) >= set(before.platforms)
            assert not found.flagged or found.held_until is not None
            assert len(found.processes) <= MAX_PROCESSES
            seen[found.id] = found
    still_open = [(found.tool, found.flagged) for found in seen.values() if found.closed_at is None]
    assert len(still_open) == len(set(still_open))
    assert len(detector.candidates()) <= MAX_CANDIDATES
