"""The options page in real browsers: each state of the link with what to do, consent that follows what happens
elsewhere, the pause, the sites and what never leaves the browser.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator

import pytest

from agent.cli.asking import ask
from tests.e2e.rig import Rig
from tests.e2e.test_gate import objects_at_the_terminal, person, says_yes
from tests.e2e.test_real_agent import kept
from tests.e2e.test_welcome import becomes, history, move
from tests.support.agent import Agent
from tests.support.browser import Browser, Tab
from tests.support.waiting import until

NOW = "document.querySelector('#states .is-now summary')?.firstChild.textContent"
SHOWN = "document.querySelector('main').innerText"


@pytest.fixture
async def agent(rig: Rig) -> AsyncIterator[Agent]:
    """Prepare the real agent, personal, where the browsers of this test look for it; not started."""
    made = Agent(rig.folder, rig.env, ("run",))
    try:
        yield made
    finally:
        await made.close()


async def options(browser: Browser) -> Tab:
    """Open the options page, in either browser."""
    tab = await browser.popup()
    await move(browser, tab, "/options.html")
    return tab


async def press(browser: Browser, tab: Tab, selector: str) -> None:
    """Press a button as a person does: on a page that lies before them, whichever tab has been opened since."""
    pressed = (
        "chrome.tabs.getCurrent().then(({id}) => chrome.tabs.update(id, {active: true})).then(() => {"
        f" const button = document.hidden ? null : document.querySelector({json.dumps(selector)});"
        " button?.click(); return button !== null; })"
    )
    await until(lambda: browser.run(tab, pressed), selector, every=0.1)


async def says(browser: Browser, tab: Tab, *words: str) -> None:
    """Wait until the page shows some words."""

    async def there() -> bool:
        text = str(await browser.run(tab, SHOWN))
        return all(word in text for word in words)

    await until(there, f"the page to say {words}", every=0.1, seconds=40)


async def test_without_a_host_it_says_how_to_install_and_names_boxed_browsers(rig: Rig, browser_name: str) -> None:
    for place in rig.host.manifests:
        place.unlink()
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await options(browser)
        await becomes(browser, tab, NOW, "Gleanwatch is not installed here")
        await says(browser, tab, "pipx install gleanwatch", "Firefox from Snap", "from Flatpak")
        assert await browser.run(tab, "document.querySelector('#retry').checkVisibility()")
        assert not await browser.run(tab, "document.querySelector('#cards').checkVisibility()")
        listed = await browser.run(tab, "document.querySelectorAll('#states > li').length")
        assert listed == 10, "that it works, five reasons for no link, four for no agent"


async def test_a_program_that_is_no_host_is_told_from_one_that_is_missing(rig: Rig, browser_name: str) -> None:
    liar = rig.folder / "liar"
    liar.write_text(f"#!{shutil.which('sh')}\nprintf 'this is not a frame at all, not even nearly'\nsleep 5\n")
    liar.chmod(0o755)
    rig.host.point_at(liar)
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await options(browser)

        async def told() -> bool:
            return await browser.run(tab, NOW) in ("The link spoke out of turn", "The link stopped")

        await until(told, "the state of the link", every=0.1)


async def test_the_agent_comes_and_goes_and_the_page_follows(rig: Rig, agent: Agent, browser_name: str) -> None:
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await options(browser)
        await becomes(browser, tab, NOW, "The agent is not running")
        await agent.start()
        await becomes(browser, tab, NOW, "Connected")
        await says(browser, tab, "Read the notice first")
        await asyncio.to_thread(says_yes, agent)
        await says(browser, tab, "Recognising bulk collection", "On since")
        await asyncio.to_thread(objects_at_the_terminal, agent)
        await says(browser, tab, "Off, because you stopped it.")
        await agent.kill()
        await until(lambda: not_connected(browser, tab), "the page to notice", every=0.1)
        await says(browser, tab, "The purposes come from the agent, and it is not connected")


async def not_connected(browser: Browser, tab: Tab) -> bool:
    return await browser.run(tab, NOW) in ("The agent went away", "The agent is not running")


async def test_each_purpose_is_answered_by_itself(rig: Rig, agent: Agent, browser_name: str) -> None:
    await agent.start()
    await asyncio.to_thread(says_yes, agent)
    async with rig.browser(browser_name) as browser:
        tab = await options(browser)
        switch = "#switch-self-longer-history"
        state = f"document.querySelector('{switch}')?.getAttribute('aria-checked')"
        for checked, kind in (("true", "given"), ("false", "withdrawn")):
            await press(browser, tab, switch)
            await becomes(browser, tab, state, checked)
            newest = (await history(agent))[0]
            assert (newest["kind"], newest["channel"]) == (kind, "extension")
            assert newest["control"].startswith("options.")
        await press(browser, tab, "#objected-security-detect-bulk-collection")
        await says(browser, tab, "Off, because you stopped it.", "On record: «Stop».")
        await browser.open("https://www.linkedin.com/in/ada-amber-0")
        await asyncio.sleep(1)
        assert await agent.totals() == {}


async def test_a_pause_stops_the_counting_and_is_ended_by_one_press(rig: Rig, agent: Agent, browser_name: str) -> None:
    await agent.start()
    await asyncio.to_thread(says_yes, agent)
    async with rig.browser(browser_name) as browser:
        tab = await options(browser)
        await says(browser, tab, "Pause for an hour")
        await press(browser, tab, "#pause")
        await says(browser, tab, "Paused until", "Go on now")
        await browser.open("https://www.linkedin.com/in/ada-amber-0")
        await asyncio.sleep(1)
        assert await agent.totals() == {}
        before = len(await history(agent))
        await press(browser, tab, "#pause")
        await says(browser, tab, "Pause for an hour")
        await browser.open("https://www.linkedin.com/in/bela-birch-1")
        await kept(agent, 1)
        assert len(await history(agent)) == before, "a pause is no act on record"


async def test_what_is_no_site_or_is_watched_already_is_not_added(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in() as stand_in, rig.browser(browser_name) as browser:
        tab = await options(browser)
        await says(browser, tab, "You have added no site.")
        submit = "document.querySelector('#own-form').requestSubmit()"
        for typed, words in (("not a site", "That is no site"), ("www.linkedin.com", "among those above already")):
            field = f"document.querySelector('#own-host').value = {json.dumps(typed)}"
            await browser.run(tab, f"({field}, {submit}, 1)")
            await says(browser, tab, words)
        assert not [frame for frame in stand_in.frames if "linkedin" in json.dumps(frame)]


async def test_every_required_site_is_told_as_seen_or_hidden(rig: Rig, browser_name: str) -> None:
    async with rig.stand_in() as _, rig.browser(browser_name) as browser:
        tab = await options(browser)
        await says(browser, tab, "Facebook", "YouTube", "May be seen", "GitHub")
        pills = "[...document.querySelectorAll('#required .pill')].map((pill) => pill.textContent).join()"
        assert await browser.run(tab, pills) == ",".join(["May be seen"] * 8)


async def test_acts_are_refused_where_the_notice_was_not_read(rig: Rig, agent: Agent) -> None:
    """The page offers nothing then, and an act that names another text is refused by the agent in words."""
    await agent.start()
    async with rig.browser("chromium", ready=False) as browser:
        tab = await options(browser)
        await says(browser, tab, "Read the notice first")
        assert await browser.run(tab, "document.querySelectorAll('#cards .choices button').length") == 0
        refused = await browser.run(
            tab,
            "import('/background_port.js').then(({openPort}) => openPort('options', () => {}).ask('act',"
            " {purpose: '', act: 'acknowledged', notice_sha256: '0'.repeat(64), control: 'options.acknowledge',"
            " dwell_ms: 1})).then(() => '', (error) => error.message)",
        )
        assert refused
        told = await asyncio.to_thread(ask, person(agent), "history", {"language": "en"})
        assert list(told.items) == []
