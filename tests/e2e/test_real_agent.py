"""The whole way with the real agent: browser → extension → native host → agent → database → command line.

What the command line says is what was really stored; the agent is started, killed, suspended and doubled as a person or
a machine would.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.e2e.rig import Rig, gate_state, queue_is_empty
from tests.e2e.test_delivery import visit
from tests.support.agent import Agent
from tests.support.browser import Browser
from tests.support.waiting import until

PROFILE = ("linkedin", "profile")


@pytest.fixture
async def agent(rig: Rig) -> AsyncIterator[Agent]:
    """Run the real agent where the browsers of this test look for it."""
    made = Agent(rig.folder, rig.env)
    try:
        await made.start()
        yield made
    finally:
        await made.close()


async def kept(agent: Agent, count: int, kind: tuple[str, str] = PROFILE) -> None:
    """Wait until exactly so many page loads of a kind are kept."""

    async def enough() -> bool:
        return (await agent.totals()).get(kind, 0) >= count

    await until(enough, f"{count} of {kind}", every=0.2, seconds=40)
    assert (await agent.totals())[kind] == count


async def watching(browser: Browser) -> None:
    """Wait until the extension has an open gate."""

    async def open_gate() -> bool:
        return await gate_state(browser) == "open"

    await until(open_gate, "an open gate", every=0.2, seconds=60)


async def test_a_page_load_is_kept_as_platform_and_class(rig: Rig, agent: Agent, browser_name: str) -> None:
    async with rig.browser(browser_name) as browser:
        await watching(browser)
        await visit(browser, 1, 3)
        tab = await browser.open("https://www.instagram.com/secretname/followers")
        await browser.run(tab, "history.pushState({}, '', '/secretname')")
        await browser.open("https://www.linkedin.com/feed")
        await browser.open("https://social.example/in/somebody")
        await kept(agent, 3)
        await kept(agent, 1, ("instagram", "profile"))
        assert await agent.totals() == {
            PROFILE: 3,
            ("instagram", "people_list"): 1,
            ("instagram", "profile"): 1,
        }
        (shown,) = (await agent.status())["browsers"]
        assert shown["browser"] == browser_name
        assert shown["connected"] is True
        assert shown["waiting"] == 0


async def test_nothing_of_the_address_is_anywhere_on_disk(rig: Rig, agent: Agent, browser_name: str) -> None:
    async with rig.browser(browser_name) as browser:
        await watching(browser)
        await browser.open("https://www.linkedin.com/in/verysecretperson-12345")
        await kept(agent, 1)
    await agent.stop()
    for path in agent.home.rglob("*"):
        if path.is_file():
            assert b"verysecretperson" not in path.read_bytes(), path.name
    assert "verysecretperson" not in agent.log


async def test_the_agent_killed_and_started_again_goes_on_counting(rig: Rig, agent: Agent, browser_name: str) -> None:
    async with rig.browser(browser_name) as browser:
        await watching(browser)
        await visit(browser, 1, 3)
        await kept(agent, 3)
        await agent.kill()
        await until(lambda: not_watching(browser), "the extension to notice", every=0.2)
        await agent.start()
        await watching(browser)
        await visit(browser, 4, 2)
        await kept(agent, 5)


async def not_watching(browser: Browser) -> bool:
    return await gate_state(browser) is None


async def test_a_suspended_agent_gets_everything_when_it_wakes(rig: Rig, agent: Agent, browser_name: str) -> None:
    async with rig.browser(browser_name) as browser:
        await watching(browser)
        await visit(browser, 1, 1)
        await kept(agent, 1)
        agent.suspend()
        await visit(browser, 2, 4)
        agent.resume()
        await kept(agent, 5)
        await until(lambda: queue_is_empty(browser), "an empty queue", every=0.2)


async def test_two_browsers_are_two_rows_and_one_count(rig: Rig, agent: Agent) -> None:
    async with rig.browser("chromium") as one, rig.browser("firefox") as two:
        await watching(one)
        await watching(two)
        for number in range(3):
            await visit(one, number, 1)
            await visit(two, 50 + number, 1)
        await kept(agent, 6)
        assert {shown["browser"] for shown in (await agent.status())["browsers"]} == {"chromium", "firefox"}


async def test_browser_install_is_all_a_browser_needs(rig: Rig, agent: Agent) -> None:
    """The command a person runs writes the manifest and the launcher; the browser finds the agent through them."""
    for manifest in rig.host.manifests:
        manifest.unlink()
    answer = await agent.command("browser", "install", "--user-data-dir", str(rig.folder / "chromium"))
    assert answer.code == 0, answer.err
    async with rig.browser("chromium") as browser:
        await watching(browser)
        await visit(browser, 1, 1)
        await kept(agent, 1)
    answer = await agent.command("browser", "remove", "--user-data-dir", str(rig.folder / "chromium"))
    assert answer.code == 0, answer.err
    assert not rig.host.manifests[0].exists()
