"""Exports and media while a finding is active: what fails once is said, counted, and ends nothing.

What they find, and that they read nothing else, is in `tests/unit/detection/test_artefacts.py`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from agent.artefacts import Artefacts
from agent.model.events import ExportWritten, MediaGrew
from agent.model.health import Condition
from agent.settings.clock import SystemClock
from tests.support.waiting import until
from tests.unit.joined.breaking import SECRET, Breaking, fails


async def test_a_look_at_media_that_fails_ends_no_later_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    downloads = tmp_path / "Downloads"
    downloads.mkdir()
    counts: Counter[str] = Counter()
    grown: list[MediaGrew] = []

    def taken_in(media: MediaGrew) -> None:
        grown.append(media)
        if len(grown) == 1:
            fails(media)

    artefacts = Artefacts(
        tmp_path,
        {},
        SystemClock(),
        lambda _export: None,
        taken_in,
        system="linux",
        look_seconds=0.05,
        count=lambda name: counts.update([name]),
    )
    number = 0

    async def grows() -> bool:
        nonlocal number
        number += 1
        (downloads / f"{number}.jpg").touch()
        return len(grown) > 1

    await artefacts.attend(True)
    try:
        await until(grows, "a second look", every=0.01)
    finally:
        await artefacts.close()
    assert counts == {"artefacts.look_failed": 1}
    assert "ValueError" in caplog.text and SECRET not in caplog.text


async def test_a_beginning_that_failed_is_said_and_the_next_word_begins_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "Downloads").mkdir()
    env, counts, exports = Breaking(), Counter[str](), list[ExportWritten]()
    artefacts = Artefacts(
        tmp_path,
        env,
        SystemClock(),
        exports.append,
        lambda _media: None,
        system="linux",
        count=lambda name: counts.update([name]),
    )
    await artefacts.attend(True)
    await until(lambda: counts, "the beginning to fail")
    assert not artefacts.on
    health = artefacts.health()
    assert health is not None and health.condition is Condition.FAILED
    await artefacts.attend(False)
    assert artefacts.health() is None, "nothing is to be looked at"

    env.broken = False
    await artefacts.attend(True)
    await until(lambda: artefacts.health() is not None, "the folders to be watched")
    assert artefacts.on
    (tmp_path / "Downloads/a.csv").write_text("Full name,Email\n" + "A B,a@example.org\n" * 20)
    await until(lambda: exports, "the export")
    await artefacts.close()
    assert counts == {"artefacts.failed": 1}
    assert "BrokenError" in caplog.text and SECRET not in caplog.text


async def test_it_can_be_closed_at_any_moment_also_when_it_is_about_to_fail(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    for step in range(20):
        artefacts = Artefacts(
            tmp_path, Breaking(), SystemClock(), lambda _export: None, lambda _media: None, system="linux"
        )
        await artefacts.attend(True)
        await asyncio.sleep(step / 4000)
        await artefacts.close()
    assert asyncio.all_tasks() == before
