"""Detection with its parts around it: what goes wrong with one process is counted and costs no other.

The detector is the real one over a real source of processes; only the question «which tool is this?» is answered by the
test, since its failure is what is asked about.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from agent.detection.correlate.said import Said
from agent.detection.findings import MAX_FINDINGS, Detector
from agent.detection.identified import Bulk, Identified, Role
from agent.model.events import (
    Activity,
    CommandLine,
    ExtensionFound,
    PackageFound,
    PageLoad,
    ProcessEnded,
    ProcessKey,
    ProcessStarted,
)
from agent.model.findings import Evidence, EvidenceClass, Finding
from agent.sensors.connections.addresses import PlatformAddresses
from agent.sensors.connections.sampler import Sampler
from agent.sensors.connections.sockets import socket_lister
from agent.sensors.processes.choose import only_itself, reader_for
from agent.sensors.tree import CachedTree
from agent.settings.clock import SystemClock
from agent.watching import Watching, WatchParts
from tests.support.waiting import until
from tests.unit.joined.rig import MovedClock

Identify = Callable[[ProcessStarted], Awaitable[Identified | None]]


def recognised(tool: str, weight: float = 0.9) -> Identified:
    """Return a collector that asks for many by nature."""
    piece = Evidence(EvidenceClass.NAME, "test.name", "its name", weight)
    return Identified(tool, tool, "site-mirror", Role.COLLECTOR, Bulk.ALWAYS, (piece,))


class Nobody:
    """Connections and ancestors of nobody."""

    def activity_of(self, _key: ProcessKey) -> Activity:
        return Activity()

    def ancestors(self, _pid: int) -> tuple[str, ...]:
        return ()

    def above_agent(self, _pid: int) -> bool:
        return False


@dataclass
class Alone:
    """A detector without sensors."""

    identify: Identify
    clock: MovedClock = field(default_factory=MovedClock)
    pids: int = 1000
    ids: int = 0

    def __post_init__(self) -> None:
        self.detector = Detector(self.identify, Nobody(), Nobody(), self.clock, self._id, hold_ms=1)

    def _id(self) -> str:
        self.ids += 1
        return f"f{self.ids}"

    def event(self, parent: int = 1) -> ProcessStarted:
        self.pids += 1
        command = CommandLine(("x",), "/x", "/")
        return ProcessStarted(ProcessKey(self.pids, self.clock.at), parent, "x", command, self.clock.at)


async def test_more_tools_than_are_kept_are_counted_and_do_no_harm() -> None:
    """The last one and what it starts are left out; those before stay as they are, and room is made as they close."""

    async def each_another(event: ProcessStarted) -> Identified:
        return recognised(f"tool-{event.key.pid}")

    alone = Alone(each_another)
    first = alone.event()
    assert await alone.detector.started(first)
    for _ in range(MAX_FINDINGS - 1):
        assert await alone.detector.started(alone.event())
    late = alone.event()
    assert await alone.detector.started(late) == []
    child = alone.event(parent=late.key.pid)
    assert await alone.detector.started(child) == []
    assert alone.detector.left_out == 2
    assert len(alone.detector.open_findings()) == MAX_FINDINGS
    assert alone.detector.ended(ProcessEnded(child.key, alone.clock.at)) == []
    assert alone.detector.ended(ProcessEnded(late.key, alone.clock.at)) == []

    alone.detector.ended(ProcessEnded(first.key, alone.clock.at))
    alone.clock.advance(days=1)
    assert [found.closed_at is not None for found in alone.detector.tick(alone.clock.at)].count(True) == 1
    assert await alone.detector.started(alone.event())


async def test_what_was_never_shown_makes_room_first() -> None:
    async def hardly(event: ProcessStarted) -> Identified:
        return recognised(f"tool-{event.key.pid}", weight=0.9 if event.key.pid > 1000 + MAX_FINDINGS else 0.1)

    alone = Alone(hardly)
    for _ in range(MAX_FINDINGS):
        event = alone.event()
        assert await alone.detector.started(event) == []
        alone.detector.ended(ProcessEnded(event.key, alone.clock.at))
    assert await alone.detector.started(alone.event())
    assert alone.detector.left_out == 0


@asynccontextmanager
async def watching(
    identify: Identify,
    found: list[Finding],
    on_active: Callable[[bool], None] = lambda _active: None,
    recognise: Callable[[PackageFound | ExtensionFound], Identified | None] = lambda _found: None,
    kind: type[Detector] = Detector,
) -> AsyncIterator[Watching]:
    """Watch the real processes of this person, with an answer of the test's own."""

    async def nowhere(_host: str) -> Sequence[str]:
        return ()

    clock = SystemClock()
    reader = reader_for(os.getuid())
    tree = CachedTree(reader, agent=os.getpid())
    addresses = PlatformAddresses(lambda _host: None, [], clock, resolver=nowhere)
    sockets = socket_lister(reader, addresses.ports)
    sampler = Sampler(sockets, addresses, clock)
    numbers = iter(range(1 << 30))
    detector = kind(identify, sampler, tree, clock, lambda: f"f{next(numbers)}", hold_ms=1, recognise=recognise)
    parts = WatchParts(detector, tree, sampler, addresses, clock, os.getuid(), 0.2, only_itself)
    one = Watching(parts, found.extend, on_active)
    await one.open()
    try:
        yield one
    finally:
        await one.close()
        sockets.close()


@pytest.mark.skipif(sys.platform == "win32", reason="starts `sleep`")
async def test_a_process_that_cannot_be_judged_is_counted_and_the_next_one_is_judged() -> None:
    ours: set[int] = set()
    judged: list[int] = []

    async def sometimes(event: ProcessStarted) -> Identified | None:
        if "61.25" in event.command.argv:
            raise RuntimeError("a reader's own mistake")
        if "62.25" in event.command.argv:
            judged.append(event.key.pid)
            return recognised("test")
        return None

    found: list[Finding] = []
    async with watching(sometimes, found) as one:
        children = []
        try:
            for seconds in ("61.25", "62.25"):
                child = await asyncio.create_subprocess_exec("sleep", seconds)
                children.append(child)
                ours.add(child.pid)
            last = children[-1].pid
            await until(lambda: last in judged, "the second one to be judged")
            await until(lambda: one.counts()["detection.failed"] >= 1, "the first one to be counted")
            await until(lambda: any(ref.pid == last for f in found for ref in f.processes), "its finding")
        finally:
            for child in children:
                child.kill()
                await child.wait()
    assert one.counts() == {"detection.failed": 1}
    assert not one.on


@pytest.mark.skipif(sys.platform == "win32", reason="starts `sleep`")
async def test_that_something_is_active_is_told_anew_after_a_pause() -> None:
    """Exports are looked at only between the two words: one that was missing would leave them unseen, or looked at."""
    said: list[bool] = []

    async def ours(event: ProcessStarted) -> Identified | None:
        return recognised("test") if "63.25" in event.command.argv else None

    child = await asyncio.create_subprocess_exec("sleep", "63.25")
    try:
        async with watching(ours, [], said.append) as one:
            await until(lambda: said == [True], "it to be active")
            await one.close()
            assert said == [True, False]
            await one.open()
            await until(lambda: said == [True, False, True], "it to be active again")
        assert said == [True, False, True, False]
    finally:
        child.kill()
        await child.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="starts `sleep`")
async def test_what_ended_in_a_pause_has_ended() -> None:
    """Its finding would stay open for ever otherwise, and its number be looked at as if it were still that program."""

    async def ours(event: ProcessStarted) -> Identified | None:
        return recognised("test") if "65.25" in event.command.argv else None

    found: list[Finding] = []
    children = [await asyncio.create_subprocess_exec("sleep", "65.25") for _ in range(2)]
    try:
        async with watching(ours, found) as one:
            detector = one._parts.detector
            await until(lambda: len(detector.living()) == 2, "both")
            await one.close()
            children[0].kill()
            await children[0].wait()
            assert len(detector.living()) == 2, "nobody could tell"
            await one.open()
            await until(lambda: {key.pid for key in detector.living()} == {children[1].pid}, "the end of the first")
    finally:
        for child in children:
            if child.returncode is None:
                child.kill()
                await child.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="starts `sleep`")
async def test_closing_at_the_moment_at_which_the_first_one_is_found_ends() -> None:
    closing: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()

    async def ours(event: ProcessStarted) -> Identified | None:
        return recognised("test") if "64.25" in event.command.argv else None

    def close_at_once(active: bool) -> None:
        if active:
            closing.append(loop.create_task(one.close()))

    async with watching(ours, [], close_at_once) as one:
        child = await asyncio.create_subprocess_exec("sleep", "64.25")
        try:
            await until(lambda: closing and closing[0].done(), "it to be closed")
        finally:
            child.kill()
            await child.wait()
    assert not one.on


async def nobody(_event: ProcessStarted) -> Identified | None:
    """Recognise no process."""
    return None


async def test_what_is_installed_and_exports_is_active_at_once_while_pages_are_loaded() -> None:
    said: list[bool] = []
    found: list[Finding] = []
    card = replace(recognised("e", 0.4), family="scraper-extension")
    async with watching(nobody, found, said.append, lambda _found: card) as one:
        one.page_loads([PageLoad("c", 1, "youtube", "video", SystemClock().now(), True, False)])
        assert said == []
        one.installed([ExtensionFound("chromium", "a" * 32, "1")])
        assert (said, [each.tool for each in found]) == ([True], ["e"])
        one.installed([])
        assert said == [True, False]


@pytest.mark.skipif(sys.platform == "win32", reason="starts `sleep`")
async def test_a_rule_of_the_organisation_that_shows_what_runs_makes_it_active_at_once() -> None:
    said: list[bool] = []
    judged: list[int] = []
    rule = Said(Evidence(EvidenceClass.RULE, "organisation.r", "the rule", 0.0), False, None, flags=True)

    async def hardly(event: ProcessStarted) -> Identified | None:
        if "65.25" not in event.command.argv:
            return None
        judged.append(event.key.pid)
        return recognised("test", 0.1)

    child = await asyncio.create_subprocess_exec("sleep", "65.25")
    try:
        async with watching(hardly, [], said.append) as one:
            await until(lambda: child.pid in judged, "it to be judged")
            await asyncio.sleep(0)
            assert said == []
            one.follow(lambda _kind, _fields, _at: [rule], ())
            assert said == [True]
    finally:
        child.kill()
        await child.wait()


class Stumbling(Detector):
    """A detector that a look and an end can make stumble."""

    looks = 0

    def tick(self, now: int) -> list[Finding]:
        self.looks += 1
        if self.looks == 1:
            raise RuntimeError("a look's own mistake")
        return super().tick(now)

    def ended(self, event: ProcessEnded) -> list[Finding]:
        ours = event.key in self.candidates()
        changed = super().ended(event)
        if ours:
            raise RuntimeError("an end's own mistake")
        return changed


@pytest.mark.skipif(sys.platform == "win32", reason="starts `sleep`")
async def test_a_look_or_an_end_that_fails_is_counted_and_the_next_ones_come() -> None:
    found: list[Finding] = []

    async def ours(event: ProcessStarted) -> Identified | None:
        return next((recognised(one) for one in ("66.25", "67.25") if one in event.command.argv), None)

    async def run(seconds: str) -> None:
        child = await asyncio.create_subprocess_exec("sleep", seconds)
        try:
            await until(lambda: seconds in [each.tool for each in found], "it to be found")
        finally:
            child.kill()
            await child.wait()

    async with watching(ours, found, kind=Stumbling) as one:
        detector = one._parts.detector
        assert isinstance(detector, Stumbling)
        await until(lambda: one.counts()["detection.failed"] == 1, "the first look to be counted")
        await run("66.25")
        await until(lambda: one.counts()["detection.failed"] == 2, "its end to be counted")
        await run("67.25")
        assert detector.looks > 1, "others came after the one that failed"
