"""Rules that wait, in a real browser: they count as shown once they were on the screen, not the notice's beginning."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.content.rules_notice import with_rules
from agent.model.face import NoticeText
from agent.model.organisation import Added
from agent.model.own_rules import OwnRule
from agent.model.purposes import ActKind, Mode
from tests.support.chromium import Chromium, start_chromium
from tests.support.extension import ExtensionFolder
from tests.support.waiting import until
from tests.unit.web.fake_face import FakeFace
from tests.unit.web.served import LABEL, Page

pytestmark = pytest.mark.browser

RULE = OwnRule("id", "Media comes from the library", "Ask the desk instead.", "media-downloader", ("tool is «yt-dlp»",))


class Told(FakeFace):
    """An agent whose notice has rules at its end that were not read yet."""

    def __init__(self, rules: int = 1) -> None:
        super().__init__(Mode.MANAGED)
        self.adds = Added(rules=(RULE,) * rules)

    def notice(self, language: str = "en") -> NoticeText:
        return with_rules(super().notice(language), self.adds.rules, "ab" * 32, "Acme")


@pytest.fixture
async def browser(page: Page, tmp_path: Path) -> AsyncIterator[Chromium]:
    """Chromium with nothing in it; every name leads to the page."""
    folder = tmp_path / "nothing"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps({"manifest_version": 3, "name": "nothing", "version": "1"}))
    extension = ExtensionFolder(folder, "", "", "")
    profile = tmp_path / "profile"
    async with start_chromium(profile, os.environ, extension, page.serving.port, wait_for_worker=False) as chromium:
        yield chromium


@pytest.mark.parametrize("face", [Told()])
async def test_the_rules_must_have_been_on_the_screen(page: Page, browser: Chromium) -> None:
    tab = await browser.open(page.links.make())
    assert "Something new to read" in await browser.run(tab, "document.body.innerText")
    await browser.go(tab, f"http://gw-{LABEL}.localhost:{page.serving.port}/notice")
    assert "New at the end of this notice" in await browser.run(tab, "document.body.innerText")
    await asyncio.sleep(3)
    assert page.face.pressed == []
    await browser.run(tab, "document.querySelector('a[href=\"#notice-last\"]').click()")
    heading = "[...document.querySelectorAll('#notice h2')].pop().getBoundingClientRect()"
    assert await browser.run(tab, f"(place => place.top >= 0 && place.top < innerHeight)({heading})")
    await until(lambda: page.face.pressed, "the script to report that the rules were shown")
    assert [one.press.kind for one in page.face.pressed] == [ActKind.SHOWN]
    assert page.face.pressed[0].press.notice_sha256 == page.face.notice().sha256


@pytest.mark.parametrize("face", [Told(20)])
async def test_of_many_rules_the_heading_alone_is_not_enough(page: Page, browser: Chromium) -> None:
    tab = await browser.open(page.links.make())
    await browser.go(tab, f"http://gw-{LABEL}.localhost:{page.serving.port}/notice")
    await browser.run(tab, "document.querySelector('a[href=\"#notice-last\"]').click()")
    await asyncio.sleep(3)
    assert page.face.pressed == [], "twenty rules were not on the screen"
    await browser.run(tab, "document.getElementById('notice-end').scrollIntoView({block: 'center'})")
    await until(lambda: page.face.pressed, "the script to report that the rules were shown")
    assert [one.press.kind for one in page.face.pressed] == [ActKind.SHOWN]
