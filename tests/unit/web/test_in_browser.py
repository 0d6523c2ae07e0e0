"""The page in a real browser: what the policy blocks, what a redirect does to a Strict cookie and what a script is
allowed to do are the browser's to say, not ours.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from agent.model.consent import Press
from agent.model.face import KeptTable
from agent.model.purposes import ActKind, Channel, Gate, GateState, Mode, Purpose
from tests.support.browser import Tab
from tests.support.chromium import CdpError, Chromium, start_chromium
from tests.support.extension import ExtensionFolder
from tests.support.waiting import until
from tests.unit.web.fake_face import DAY, NOW, FakeFace, fill
from tests.unit.web.served import Page

pytestmark = pytest.mark.browser

NOT_SHOWN = Gate(Purpose.DETECT, GateState.CLOSED, 0, reason="notice_not_shown")
SHOWN = Gate(Purpose.DETECT, GateState.WAITING, NOW, reason="not_acknowledged")


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


async def says(browser: Chromium, tab: Tab, words: str) -> bool:
    """Say whether the page shows some words; between two pages there is no text at all."""
    return await holds(browser, tab, f"(document.body?.innerText ?? '').includes({json.dumps(words)})")


async def holds(browser: Chromium, tab: Tab, condition: str) -> bool:
    """Say whether a condition holds on the page; a page that leaves while it is asked does not say so."""
    try:
        return bool(await browser.run(tab, condition))
    except CdpError as problem:
        if "navigated or closed" not in str(problem):
            raise
        return False


def refused(page: Page) -> list[str]:
    """What was refused, less the browser's own background requests: every name leads here."""
    return [name for name in page.refused if name != "web.wrong_host"]


@pytest.mark.parametrize("face", [FakeFace(gate=NOT_SHOWN)])
async def test_from_the_notice_to_an_answer_without_loading_the_page_anew(page: Page, browser: Chromium) -> None:
    tab = await browser.open(page.links.make())
    assert "Start watching" in await browser.run(tab, "document.body.innerText")
    await until(lambda: page.face.pressed, "the script to report that the notice was shown")
    assert [p.press.kind for p in page.face.pressed] == [ActKind.SHOWN]

    await browser.run(tab, "document.querySelector('.choice button').click()")
    await until(lambda: page.face.listeners, "the overview to listen")
    assert await browser.run(tab, "location.pathname + location.search") == "/?said=started"
    # The style sheet was let in by the policy.
    assert await browser.run(tab, "getComputedStyle(document.body).backgroundColor") in (
        "rgb(246, 247, 245)",
        "rgb(17, 22, 20)",
    )

    fill(page.face)
    page.face.say("findings")
    await until(lambda: says(browser, tab, "Scrapy"), "the finding to appear")
    await browser.run(tab, "window.same = true; document.querySelector('#day-table').open = true")
    await browser.run(tab, "document.querySelector('#approved-f1').focus()")
    await browser.run(tab, "document.querySelector('#approved-f1').click()")
    await until(lambda: page.face.found[0].answer, "the answer to arrive")
    said = "document.body.innerText.split('You said that this is approved.').length === 3"
    await until(lambda: browser.run(tab, said), "the page to show the answer")
    assert await browser.run(tab, "window.same === true && document.querySelector('#day-table').open")

    await page.serving.close()
    await until(lambda: browser.run(tab, "!document.querySelector('#gone').hidden"), "the page to say that it is old")
    assert refused(page) == []


async def test_a_refresh_takes_neither_focus_nor_what_was_opened_and_a_press_does_not_leave_the_page(
    page: Page, browser: Chromium
) -> None:
    fill(page.face)
    tab = await browser.open(page.links.make())
    await until(lambda: page.face.listeners, "the overview to listen")
    await browser.run(tab, "window.same = true; document.querySelector('#day-table').open = true")
    # A link without an id, in a section that is replaced.
    await browser.run(tab, "document.querySelector('#day a[href=\"/data\"]').focus()")
    page.face.next_deletion = NOW + 77 * 60_000
    page.face.say("pages")
    await until(lambda: says(browser, tab, "in 1 hour"), "the fresh time of the next deletion")
    assert await browser.run(tab, "document.activeElement.getAttribute('href')") == "/data"
    assert await browser.run(tab, "document.querySelector('#day-table').open")
    for button, words in (("pause", "Paused by you until"), ("go-on", "Watching, with gaps")):
        await until(lambda button=button: holds(browser, tab, f"!!document.querySelector('#{button}')"), "the button")
        await browser.run(tab, f"document.querySelector('#{button}').click()")
        await until(partial(says, browser, tab, words), "the line to change")
    assert page.face.pauses == [60, 0]
    assert await browser.run(tab, "window.same === true")
    assert refused(page) == []


async def test_on_a_phone_every_column_of_what_is_kept_can_be_read(page: Page, browser: Chromium) -> None:
    async def kept() -> list[KeptTable]:
        return [KeptTable("page_load", 7, NOW - 3 * 3_600_000, NOW + 2 * 3_600_000, DAY), KeptTable("counter", 9)]

    page.face.kept = kept  # type: ignore[method-assign]
    tab = await browser.open(page.links.make())
    size = {"height": 640, "deviceScaleFactor": 1, "mobile": False}
    row = "document.querySelector('.held-now a[href=\"/data/%s\"]').closest('tr').innerText"
    for width, named in ((320, True), (1280, False)):
        await browser.call("Emulation.setDeviceMetricsOverride", tab.session, width=width, **size)
        await browser.go(tab, f"{page.origin}/data")
        loads, counters = [await browser.run(tab, row % table) for table in ("page_load", "counter")]
        for words in ("7", "3 hours ago", "Deleted 24 hours after the page was opened.", "in 2 hours"):
            assert words in loads, (width, words)
        # On a wide screen the head of the table says it, on a narrow one each cell does.
        assert [name in loads for name in ("Oldest", "Next deletion")] == [named, named]
        assert "Oldest" not in counters
        assert await browser.run(tab, "document.documentElement.scrollWidth <= window.innerWidth")


async def test_on_a_phone_a_purpose_is_short_and_what_one_agrees_to_is_before_one(
    page: Page, browser: Chromium
) -> None:
    """Facts are folded where the notice has told them; where consent can be given they lie open. No script."""
    tab = await browser.open(page.links.make())
    await browser.call("Emulation.setScriptExecutionDisabled", tab.session, value=True)
    size = {"height": 640, "deviceScaleFactor": 1, "mobile": False}
    card = "document.querySelector('#purpose-%s').innerText"
    for width, folded in ((320, True), (1280, False)):
        await browser.call("Emulation.setDeviceMetricsOverride", tab.session, width=width, **size)
        await browser.go(tab, f"{page.origin}/consent")
        detect = await browser.run(tab, card % "detect")
        for words in ("Recognising", "Gleanwatch notices which programs", "On since", "Stop"):
            assert words in detect, (width, words)
        assert ("Legal basis" not in detect) is folded
        longer = await browser.run(tab, card % "longer_history")
        for words in ("Legal basis", "What is looked at", "Who sees it", "How long it is kept", "I allow this"):
            assert words in longer, (width, words)
    await browser.call("Emulation.setDeviceMetricsOverride", tab.session, width=320, **size)
    await browser.go(tab, f"{page.origin}/consent")
    await browser.run(tab, "document.querySelector('#purpose-detect summary').click()")
    assert "Legal basis" in await browser.run(tab, card % "detect")


async def test_everything_works_without_a_script(page: Page, browser: Chromium) -> None:
    fill(page.face)
    tab = await browser.open("about:blank#")
    await browser.call("Emulation.setScriptExecutionDisabled", tab.session, value=True)
    await browser.go(tab, page.links.make())
    await browser.run(tab, "document.querySelector('#not_me-f1').click()")
    await until(lambda: page.face.found[0].answer, "the answer to arrive")
    await until(lambda: holds(browser, tab, "location.search === '?said=answered'"), "the page to come back")
    await browser.run(tab, "document.querySelector('#stop').click()")
    await until(lambda: says(browser, tab, "Not watching"), "watching to stop")
    assert refused(page) == []


async def test_consent_is_given_and_withdrawn_by_one_press_each_without_a_script(page: Page, browser: Chromium) -> None:
    tab = await browser.open("about:blank#")
    await browser.call("Emulation.setScriptExecutionDisabled", tab.session, value=True)
    await browser.go(tab, page.links.make())
    await browser.go(tab, f"{page.origin}/consent")
    for button, said in (("given", "You: «I allow this»"), ("withdrawn", "You: «I withdraw my consent»")):
        await browser.run(tab, f"document.querySelector('#{button}-longer_history').click()")
        await until(partial(says, browser, tab, said), f"the page to say that it was {button}")
    assert [p.press.kind for p in page.face.pressed] == [ActKind.GIVEN, ActKind.WITHDRAWN]
    assert all(p.press.dwell_ms is not None for p in page.face.pressed)
    assert refused(page) == []


LOOK = """[...document.querySelectorAll('.choices')].map((all) => [...all.querySelectorAll('button')].map((button) => {
  const { width, height } = button.getBoundingClientRect();
  const style = getComputedStyle(button);
  return [width, height, style.color, style.backgroundColor, style.border, style.font].join(' | ');
}))"""
"""Size and look of every button, choice by choice."""


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED, SHOWN)])
async def test_no_side_of_a_choice_is_bigger_or_louder(page: Page, browser: Chromium) -> None:
    tab = await browser.open(page.links.make())
    for path in ("/notice", "/consent", "/consent?lang=de"):
        for width in (400, 1200):
            await sized(browser, tab, width)
            await browser.go(tab, page.origin + path)
            choices = await browser.run(tab, LOOK)
            assert len(choices) == (1 if path == "/notice" else 5)
            for looks in choices:
                assert len(looks) == 2
                assert len(set(looks)) == 1, (path, width)


async def sized(browser: Chromium, tab: Tab, width: int) -> None:
    await browser.call(
        "Emulation.setDeviceMetricsOverride", tab.session, width=width, height=800, deviceScaleFactor=1, mobile=False
    )


@pytest.mark.parametrize("face", [FakeFace(Mode.MANAGED)])
async def test_every_page_fits_a_narrow_window_and_the_code_can_be_seen(page: Page, browser: Chromium) -> None:
    fill(page.face)
    page.face.before["de"] = page.face.notice("de").text.replace("24", "12")
    press = Press(ActKind.GIVEN, page.face.text.sha256, "purpose.allow", 4200)
    await page.face.act(Purpose.LONGER_HISTORY, press, Channel.PAGE)
    entry = page.face.record[0].entry
    tab = await browser.open(page.links.make())
    for path in (
        "/", "/consent?lang=de", "/notice?lang=de", f"/history?check={entry}", f"/history/{entry}/dispute", "/erase",
        "/erase?what=all&ground=unlawful", "/data", "/data/finding", "/findings", "/ledger", "/findings/f1",
        "/settings", "/health", "/why", "/reports", f"/receipts/{entry}",
    ):  # fmt: skip
        for width in (320, 400, 1200):
            await sized(browser, tab, width)
            await browser.go(tab, page.origin + path)
            assert await browser.run(tab, "document.documentElement.scrollWidth") <= width, path
    # Last came the receipt: its code is drawn big enough for a camera, black on white also on a dark page.
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    await browser.call("Emulation.setEmulatedMedia", tab.session, features=dark)
    assert await browser.run(tab, "document.querySelector('.qr-code svg').getBoundingClientRect().width") > 250
    white = "getComputedStyle(document.querySelector('.qr-code')).backgroundColor"
    assert await browser.run(tab, white) == "rgb(255, 255, 255)"
    assert refused(page) == []


async def test_a_link_followed_from_another_site_still_opens_the_page(page: Page, browser: Chromium) -> None:
    elsewhere = await browser.open(f"http://elsewhere.example:{page.serving.port}/")
    assert "not the address" in await browser.run(elsewhere, "document.body.innerText")
    # Not at once: a page that leaves while it is being asked gives no answer.
    await browser.run(elsewhere, f"void setTimeout(() => {{ location.href = {page.links.make()!r} }}, 50)")
    await until(lambda: says(browser, elsewhere, "Watching programs only"), "the overview")
    assert refused(page) == []
