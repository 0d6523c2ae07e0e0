"""What is installed, listed and listed again: what fails once is said, counted, and ends nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from agent.inventory import OFF, Found, Inventory
from agent.model.events import PackageFound
from agent.model.health import Condition
from tests.support.waiting import until
from tests.unit.joined.breaking import SECRET, Breaking, fails


def environments(home: Path) -> Path:
    """Return the folder of environments in which a new tool shows."""
    folder = home / ".local/share/pipx/venvs"
    folder.mkdir(parents=True)
    return folder


def install(home: Path, name: str) -> None:
    """Install a package as pip does, and a tool's environment, which is what is watched."""
    (home / f".local/lib/python3.11/site-packages/{name}-1.0.dist-info").mkdir(parents=True)
    (home / f".local/share/pipx/venvs/{name}").mkdir()


async def test_what_is_installed_is_listed_at_once_and_when_something_is_installed(tmp_path: Path) -> None:
    environments(tmp_path)
    lists: list[Found] = []
    inventory = Inventory(tmp_path, {}, lists.append, "linux")
    assert inventory.health() == OFF
    inventory.open()
    inventory.open()
    try:
        await until(lambda: lists, "the first list")
        install(tmp_path, "new")
        await until(lambda: PackageFound("pypi", "new", "1.0") in lists[-1], "the new one")
        assert inventory.health().condition is Condition.WORKING
    finally:
        await inventory.close()
    assert inventory.health() == OFF


async def test_a_list_that_nobody_can_take_in_ends_no_later_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    environments(tmp_path)
    counts: Counter[str] = Counter()
    lists: list[Found] = []

    def taken_in(found: Found) -> None:
        lists.append(found)
        if len(lists) == 1:
            fails(found)

    inventory = Inventory(tmp_path, {}, taken_in, "linux", count=lambda name: counts.update([name]))
    inventory.open()
    try:
        await until(lambda: counts, "the first list to fail")
        assert inventory.health().condition is Condition.DEGRADED
        install(tmp_path, "new")
        await until(lambda: len(lists) > 1, "the next list")
        assert inventory.health().condition is Condition.WORKING
    finally:
        await inventory.close()
    assert counts == {"inventory.listing_failed": 1}
    assert "ValueError" in caplog.text and SECRET not in caplog.text


async def test_watching_that_failed_is_said_closes_quietly_and_begins_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    env, counts, lists = Breaking(), Counter[str](), list[Found]()
    inventory = Inventory(tmp_path, env, lists.append, "linux", count=lambda name: counts.update([name]))
    inventory.open()
    await until(lambda: counts, "watching to fail")
    assert inventory.health().condition is Condition.FAILED
    await inventory.close()
    assert inventory.health() == OFF

    inventory.open()
    await until(lambda: counts["inventory.watching_failed"] == 2, "watching to fail again")
    env.broken = False
    inventory.open()
    try:
        await until(lambda: lists, "a list")
        assert inventory.health().condition is Condition.WORKING
    finally:
        await inventory.close()
    assert "BrokenError" in caplog.text and SECRET not in caplog.text


async def test_it_can_be_closed_at_any_moment_also_when_it_is_about_to_fail(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    for step in range(20):
        inventory = Inventory(tmp_path, Breaking(), lambda _found: None, "linux")
        inventory.open()
        await asyncio.sleep(step / 4000)
        await inventory.close()
    assert asyncio.all_tasks() == before
