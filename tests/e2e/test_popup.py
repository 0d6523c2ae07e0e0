"""The pop-up in a real browser: each state it can show, in words a person understands, in light and dark.

The pictures go into the folder that GW_SCREENSHOTS names, else into pytest's temporary folder, to be looked at.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from tests.e2e.rig import Rig
from tests.e2e.test_page_loads import arrived
from tests.e2e.test_welcome import move
from tests.support.browser import Browser, Tab
from tests.support.chromium import Chromium
from tests.support.extension import ExtensionFolder
from tests.support.stand_in import StandIn
from tests.support.waiting import until

FLAG = {
    "id": "f1",
    "name": "Instaloader",
    "family": "social-media-scraper",
    "stage": "collecting",
    "level": "high",
    "platforms": ["instagram"],
    "since": 0,
    "why": "a downloader of profiles, run over a list of names",
    "answer": "",
}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Say where the pictures go."""
    place = Path(os.environ.get("GW_SCREENSHOTS") or tmp_path)
    place.mkdir(parents=True, exist_ok=True)
    return place


async def shows(browser: Browser, *words: str) -> Tab:
    """Open the pop-up and wait until it shows some words."""
    tab = await browser.popup()

    async def there() -> bool:
        text = str(await browser.run(tab, "document.body.innerText")).lower()
        return all(word.lower() in text for word in words)

    await until(there, f"the pop-up to show {words}")
    return tab


async def picture(browser: Browser, tab: Tab, pictures: Path, state: str) -> None:
    for dark in (False, True):
        file = pictures / f"popup-{browser.name}-{state}-{'dark' if dark else 'light'}.png"
        await browser.screenshot(tab, file, 380, 620, dark)
        assert file.stat().st_size > 4000, "a picture of something"
    await browser.close_tab(tab)


async def test_every_state_is_shown_in_plain_words(browser: Browser, stand_in: StandIn, pictures: Path) -> None:
    await picture(browser, await shows(browser, "connected and watching", "not yet"), pictures, "open")

    await browser.open("https://www.linkedin.com/in/ada-amber-0")
    await arrived(stand_in, 1)
    stand_in.acknowledge = False
    await browser.open("https://www.linkedin.com/in/ada-amber-1")
    await arrived(stand_in, 2)
    tab = await shows(browser, "seen, not acknowledged yet")
    assert "ada" not in str(await browser.run(tab, "document.body.innerText")).lower()
    await picture(browser, tab, pictures, "waiting-event")

    now = time.time_ns() // 1_000_000
    await stand_in.send_flags([{**FLAG, "since": now - 120_000}])
    await picture(browser, await shows(browser, "flags for you", "Instaloader", "2 minutes ago"), pictures, "flag")

    await stand_in.say({"kind": "refuse", "reason": "store_full", "detail": "The disk is full: free some space."})
    await picture(browser, await shows(browser, "not everything is stored", "disk is full"), pictures, "store-full")

    for reason, words in (
        ("notice_not_shown", "first you read the notice"),
        ("not_acknowledged", "only after you have answered"),
        ("objected", "you said no, and that holds"),
    ):
        await stand_in.set_gate("closed", reason=reason)
        await picture(browser, await shows(browser, "nothing is watched", words), pictures, reason)

    await stand_in.stop()
    await picture(browser, await shows(browser, "the agent"), pictures, "agent-down")


async def test_today_is_drawn_from_what_the_agent_has_and_counts_on(
    browser: Browser, stand_in: StandIn, pictures: Path
) -> None:
    tab = await shows(browser, "nothing counted today", "linkedin")
    await picture(browser, tab, pictures, "today-empty")
    counts = [("linkedin", 42), ("youtube", 17), ("x", 3), ("whatsapp", 1)]
    stand_in.documents["today"] = {"platforms": [{"platform": name, "count": count} for name, count in counts]}
    tab = await shows(browser, "linkedin", "42", "whatsapp", "pause for an hour")
    cells = "[...document.querySelectorAll('#bars tr')].map((row) => [...row.cells].map((cell) => cell.innerText))"
    assert await browser.run(tab, cells) == [
        ["LinkedIn", "", "42"],
        ["YouTube", "", "17"],
        ["X", "", "3"],
        ["WhatsApp", "", "1"],
    ]
    widths = await browser.run(tab, "[...document.querySelectorAll('.bar')].map((bar) => bar.offsetWidth)")
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 2 * widths[1] > 0
    stand_in.documents["today"] = {"platforms": [{"platform": "linkedin", "count": 43}]}
    await browser.open("https://www.linkedin.com/in/ada-amber-0")

    async def counted_on() -> bool:
        return bool(await browser.run(tab, cells) == [["LinkedIn", "", "43"]])

    await until(counted_on, "today's bars to follow what was acknowledged")
    await picture(browser, tab, pictures, "today")


async def test_a_pause_is_one_press_and_so_is_its_end(browser: Browser, stand_in: StandIn, pictures: Path) -> None:
    tab = await shows(browser, "pause for an hour", "not reported")
    await browser.run(tab, "document.querySelector('#pause').focus(), document.querySelector('#pause').click()")

    async def beside() -> bool:
        return bool(await browser.run(tab, "document.activeElement.id") == "go-on")

    await until(beside, "the button that came instead to have the focus")
    tab = await shows(browser, "paused", "you paused watching until", "go on now")
    await picture(browser, tab, pictures, "paused")
    await browser.open("https://www.linkedin.com/in/ada-amber-0")
    tab = await shows(browser, "go on now")
    await browser.run(tab, "document.querySelector('#go-on').click()")
    await shows(browser, "connected and watching")
    asked = [frame["minutes"] for frame in stand_in.frames if frame["kind"] == "pause"]
    assert asked == [60, 0]
    assert stand_in.loads == []
    assert stand_in.problems == []


async def test_a_hold_counts_down_where_somebody_would_be_told(rig: Rig, browser_name: str, pictures: Path) -> None:
    now = time.time_ns() // 1_000_000
    held = {**FLAG, "since": now - 60_000, "held_until": now + 23 * 3_600_000 + 1_800_000}
    async with rig.stand_in() as stand_in:
        stand_in.mode, stand_in.organisation, stand_in.contact = "managed", "Example Ltd", "dpo@example.com"
        stand_in.flags = [held]
        async with rig.browser(browser_name) as browser:
            tab = await shows(browser, "stays between you and this computer until", "23 hours left", "dpo@example.com")
            await picture(browser, tab, pictures, "held")
        stand_in.mode, stand_in.organisation = "personal", ""
        async with rig.browser(browser_name) as browser:
            tab = await shows(browser, "Instaloader", "nothing leaves this computer")
            assert "between you" not in str(await browser.run(tab, "document.body.innerText"))


async def take_away(browser: Browser, extension: ExtensionFolder, kept: list[str]) -> None:
    """Let the extension see these sites only, where a person does it: in the browser's own settings."""
    if not isinstance(browser, Chromium):
        popup = await browser.popup()
        required = "chrome.runtime.getManifest().host_permissions"
        taken = f"{required}.filter((one) => !{json.dumps(kept)}.includes(one))"
        assert await browser.run(popup, f"chrome.permissions.remove({{origins: {taken}}})") is True
        await browser.close_tab(popup)
        return
    settings = await browser.open("chrome://extensions/")
    about = json.dumps({"extensionId": extension.chromium_id, "hostAccess": "ON_SPECIFIC_SITES"})
    await browser.run(settings, f"chrome.developerPrivate.updateExtensionConfiguration({about})")
    for pattern in kept:
        add = f"chrome.developerPrivate.addHostPermission('{extension.chromium_id}', {json.dumps(pattern)})"
        await browser.run(settings, add)
    await browser.close_tab(settings)


async def test_what_the_browser_hides_is_lost_coverage_and_told(
    browser: Browser, stand_in: StandIn, rig: Rig, pictures: Path
) -> None:
    def told() -> list[list[str]]:
        return [frame["missing"] for frame in stand_in.frames if frame["kind"] == "coverage"]

    assert told() == [[]]
    required = json.loads((rig.extension.folder / "manifest.json").read_text("utf-8"))["host_permissions"]
    await take_away(browser, rig.extension, [pattern for pattern in required if "linkedin" not in pattern])
    await until(lambda: told()[-1] == ["linkedin"], "the agent to be told")
    tab = await shows(browser, "watching, but not everywhere", "linkedin", "let it see them again")
    await picture(browser, tab, pictures, "hidden")
    await browser.open("https://www.linkedin.com/in/ada-amber-0")
    await browser.open("https://www.instagram.com/somebody/")
    await arrived(stand_in, 1)
    assert [load["platform"] for load in stand_in.loads] == ["instagram"]
    if isinstance(browser, Chromium):  # no test can press the prompt that asks for it; its settings page gives it back
        await take_away(browser, rig.extension, required)
        await until(lambda: told()[-1] == [], "the agent to be told that it sees everything again")
        await browser.close_tab(await shows(browser, "connected and watching"))


async def test_an_earlier_agent_is_asked_nothing_and_the_rest_works(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in() as stand_in:
        stand_in.contact = None
        async with rig.browser(browser_name) as browser:
            tab = await shows(browser, "connected and watching", "older release")
            assert await browser.run(tab, "document.querySelector('#pause').hidden")
            await browser.open("https://www.linkedin.com/in/ada-amber-0")
            await arrived(stand_in, 1)
        assert {frame["kind"] for frame in stand_in.frames} == {"hello", "load"}


async def test_lead_days_name_the_organisation_and_the_day(rig: Rig, browser_name: str, pictures: Path) -> None:
    async with rig.stand_in(gate="waiting") as stand_in:
        stand_in.mode, stand_in.organisation, stand_in.reason = "managed", "Example Ltd", "lead_days"
        stand_in.until = time.time_ns() // 1_000_000 + 5 * 24 * 3600 * 1000
        async with rig.browser(browser_name) as browser:
            tab = await shows(browser, "managed by Example Ltd", "monitoring by Example Ltd starts on")
            await picture(browser, tab, pictures, "lead-days")


async def test_without_the_native_host_it_says_how_to_get_it(rig: Rig, browser_name: str, pictures: Path) -> None:
    for place in rig.host.manifests:
        place.unlink()
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await shows(browser, "not installed here", "gleanwatch browser install")
        await picture(browser, tab, pictures, "not-installed")


async def test_a_broken_host_is_told_from_a_missing_one(rig: Rig, browser_name: str, pictures: Path) -> None:
    liar = rig.folder / "liar"
    liar.write_text(f"#!{shutil.which('sh')}\nprintf 'this is not a frame at all, not even nearly'\nsleep 5\n")
    liar.chmod(0o755)
    rig.host.point_at(liar)
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await shows(browser, "not connected", "nothing is watched")
        assert "not installed" not in str(await browser.run(tab, "document.body.innerText"))
        await picture(browser, tab, pictures, "broken-host")


@pytest.mark.parametrize("page", ["popup.html", "welcome.html", "options.html"])
async def test_trying_again_keeps_the_keyboard_where_it_is(rig: Rig, browser_name: str, page: str) -> None:
    """Through every redraw: the link fails, is tried for a second, fails again, and comes up at last."""
    slow = rig.folder / "slow"
    slow.write_text(f"#!{shutil.which('sh')}\nsleep 1.5\n")
    slow.chmod(0o755)
    good = rig.host.program
    for place in rig.host.manifests:
        place.rename(place.with_suffix(".away"))
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await browser.popup()
        if page != "popup.html":
            await move(browser, tab, f"/{page}")
        visible = "document.querySelector('#retry').checkVisibility()"
        await until(lambda: browser.run(tab, visible), "the button")
        for place in rig.host.manifests:
            place.with_suffix(".away").rename(place)
        rig.host.point_at(slow)
        seen = (
            "(globalThis.seen = [], setInterval(() => seen.push(document.activeElement.id, document.querySelector("
            "'#retry').getAttribute('aria-disabled')), 20), document.querySelector('#retry').focus(), 1)"
        )
        await browser.run(tab, seen)
        await browser.run(tab, "document.querySelector('#retry').click(), 1")
        await until(lambda: browser.run(tab, "globalThis.seen.includes('true')"), "the attempt")
        await until(lambda: browser.run(tab, "globalThis.seen.at(-1) === 'false'"), "its failure")
        assert await browser.run(tab, "[...new Set(globalThis.seen)].sort()") == ["false", "retry", "true"]
        rig.host.point_at(good)
        async with rig.stand_in() as stand_in:
            await browser.run(tab, "document.querySelector('#retry').click(), 1")
            await until(lambda: any(frame["kind"] == "hello" for frame in stand_in.frames), "the link")
            await until(lambda: browser.run(tab, f"!{visible}"), "the button to be gone")


PROBLEMS = {
    "died": ("exit 1", "the link to the agent stopped"),
    "protocol": ("printf 'this is not a frame at all, not even nearly'\nsleep 5", "the link spoke out of turn"),
}


@pytest.mark.parametrize("problem", ["not_installed", "died", "protocol", "forbidden"])
@pytest.mark.parametrize("browser_name", ["chromium"])
async def test_each_reason_for_no_link_is_told_apart(rig: Rig, browser_name: str, problem: str, pictures: Path) -> None:
    """The fifth, «blocked», needs a policy: tests/e2e/test_managed_browsers.py."""
    words = "Gleanwatch is not installed here"
    for place in rig.host.manifests:
        if problem == "not_installed":
            place.unlink()
        elif problem == "forbidden":
            content = json.loads(place.read_text("utf-8"))
            stranger = {**content, "allowed_origins": ["chrome-extension://" + 32 * "a" + "/"]}
            place.write_text(json.dumps(stranger if "allowed_origins" in content else content), "utf-8")
            words = "this copy of the extension is not known"
    if problem in PROBLEMS:
        script, words = PROBLEMS[problem]
        broken = rig.folder / "broken"
        broken.write_text(f"#!{shutil.which('sh')}\n{script}\n")
        broken.chmod(0o755)
        rig.host.point_at(broken)
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await shows(browser, f"Not connected: {words}")
        assert await browser.run(tab, "document.querySelector('#retry').checkVisibility()")
        await picture(browser, tab, pictures, f"link-{problem}")


async def test_an_agent_that_never_ran_is_told_from_one_that_went_away(rig: Rig, browser_name: str) -> None:
    async with rig.browser(browser_name, ready=False) as browser:
        await shows(browser, "The agent is not running", "gleanwatch run")
        async with rig.stand_in():
            tab = await shows(browser, "connected and watching")
            # It says so until the next try finds nobody there, which is soon: whatever is shown is written down.
            shown = "globalThis.shown ??= []; globalThis.shown.push(document.body.innerText)"
            await browser.run(
                tab,
                f"new MutationObserver(() => {{ {shown}; }}).observe(document.body,"
                " {subtree: true, childList: true, characterData: true})",
            )
        said = "(globalThis.shown ?? []).some((text) => text.includes('The agent went away'))"
        await until(lambda: browser.run(tab, said), "the pop-up to say that the agent went away")


async def test_the_page_opens_by_the_agents_one_time_link_only(browser: Browser, stand_in: StandIn, rig: Rig) -> None:
    port = rig.site.http_port
    stand_in.page_url = f"http://127.0.0.1:{port}/in/the-persons-page"
    before = rig.site.requests["127.0.0.1"]
    await stand_in.say({"kind": "page", "url": stand_in.page_url})  # not asked for: not opened
    tab = await shows(browser, "open my page")
    assert rig.site.requests["127.0.0.1"] == before
    await browser.run(tab, "void document.querySelector('#open-page').click()")
    await until(lambda: rig.site.requests["127.0.0.1"] > before, "the page to open")
    assert [frame for frame in stand_in.frames if frame["kind"] == "open_page"] == [{"v": 1, "kind": "open_page"}]


async def test_an_agent_one_release_ahead_is_understood(browser: Browser, stand_in: StandIn) -> None:
    """Unknown kinds and unknown fields of the agent are left alone."""
    await stand_in.say({"kind": "weather", "sky": "blue"})
    await stand_in.say({"kind": "flags", "flags": [{**FLAG, "mood": "good"}], "colour": "green"})
    await stand_in.say({"kind": "pong", "echo": 1})
    await browser.close_tab(await shows(browser, "connected and watching", "Instaloader"))
    await browser.open("https://www.linkedin.com/in/ada-amber-0")
    await arrived(stand_in, 1)
    assert stand_in.problems == []


async def test_a_flag_is_answered_in_the_pop_up_and_the_question_is_closed(
    browser: Browser, stand_in: StandIn, pictures: Path
) -> None:
    stand_in.acknowledge = False
    await stand_in.send_flags([{**FLAG, "since": time.time_ns() // 1_000_000}])
    tab = await shows(browser, "A collector for social media is collecting from Instagram", "This is approved")
    since = "document.querySelector('#since-f1').textContent"
    await browser.run(tab, "globalThis.pressed = document.querySelector('#mistaken-f1'), 1")
    before = await browser.run(tab, since)

    async def told_anew() -> bool:
        return bool(await browser.run(tab, since) != before)

    await until(told_anew, "the time to be told anew", seconds=30)
    # Under a press that goes on meanwhile the same button must still be there.
    assert await browser.run(tab, "document.contains(globalThis.pressed)")
    await browser.run(tab, "document.querySelector('#mistaken-f1').click()")
    await until(lambda: len(stand_in.answers) > 0, "the answer")
    await picture(browser, await shows(browser, "handed to the agent as soon as"), pictures, "answer-waiting")
    stand_in.acknowledge = True
    tab = await shows(browser, "Disputed: you said «This is not what it looks like»")
    await picture(browser, tab, pictures, "answered")
    first, *again = stand_in.answers
    assert (first["finding"], first["category"]) == ("f1", "mistaken")
    assert all(other == first for other in again)
    assert stand_in.problems == []
