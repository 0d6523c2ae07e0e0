"""Cards of what is installed: there while the tool does not run, and active while pages are loaded for what exports."""

from __future__ import annotations

from agent.detection.findings import AT_ONCE_MS, CLOSE_AFTER_MS, MAX_RECENT_LOADS
from agent.model.events import ExtensionFound, PackageFound
from agent.model.findings import Stage
from tests.unit.detection.small import MINUTE, Small, who

HERE = [PackageFound("pypi", "t", "1")]


def with_card() -> Small:
    small = Small()
    small.of["t"], small.cards["t"] = who("t"), who("t", 0.4)
    small.detector.installed(HERE, complete=True)
    return small


async def run_and_close(small: Small) -> list[Stage]:
    """Let the tool run once; return the stages of what is open after its finding has closed."""
    event = await small.start("t")
    small.end(event)
    small.time.at += CLOSE_AFTER_MS
    changed = small.detector.tick(small.time.at)
    closed = [found.id for found in changed if found.closed_at is not None]
    assert len(closed) == 1 and closed[0] not in small.open()
    assert {found.id for found in changed} - set(closed) == set(small.open()), "and is told"
    return [found.stage for found in small.open().values()]


async def test_when_the_tool_has_not_run_for_long_its_card_is_there_again() -> None:
    small = with_card()
    for _ in range(3):
        assert await run_and_close(small) == [Stage.INSTALLED]
    assert not any(found.flagged or found.processes for found in small.open().values())


async def test_what_was_removed_meanwhile_has_no_card_again() -> None:
    small = with_card()
    event = await small.start("t")
    small.detector.installed([], complete=True)
    small.end(event)
    small.time.at += CLOSE_AFTER_MS
    small.detector.tick(small.time.at)
    assert small.open() == {}


async def test_what_was_never_installed_has_no_card() -> None:
    small = Small()
    small.of["t"] = who("t")
    assert await run_and_close(small) == []


async def test_an_erasure_takes_what_was_listed_too() -> None:
    small = with_card()
    small.detector.forget()
    assert await run_and_close(small) == []


def with_extension() -> Small:
    small = Small()
    small.cards["e"] = who("e", 0.4, family="scraper-extension")
    small.detector.installed([ExtensionFound("chromium", "a" * 32, "1", "e")], complete=True)
    return small


def test_an_exporting_extension_is_active_while_pages_are_loaded_and_ten_minutes_longer() -> None:
    small = with_extension()
    assert not small.detector.active()
    small.detector.page_loads([small.load()])
    assert small.detector.active()
    small.time.at += AT_ONCE_MS
    assert small.detector.active()
    small.time.at += 1
    assert not small.detector.active()


def test_the_late_queue_of_another_browser_changes_nothing() -> None:
    small = with_extension()
    small.detector.page_loads([small.load()])
    small.detector.page_loads([small.load(ago=60 * MINUTE, seq=n) for n in range(MAX_RECENT_LOADS + 1)])
    assert small.detector.active()


def test_a_load_from_a_clock_that_was_wrong_does_not_keep_it_active() -> None:
    small = with_extension()
    small.detector.page_loads([small.load(ago=-60 * MINUTE)])
    assert not small.detector.active()
