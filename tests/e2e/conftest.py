"""Fixtures of the browser tests: a world of its own for each test, and each test once per browser.

Browsers that are not there skip the test with a line that says how to get them; GW_REQUIRE_BROWSERS=1 fails instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agent.demo.site import Site, start_site
from tests.e2e.rig import Rig
from tests.support.browser import Browser
from tests.support.extension import read_extension
from tests.support.host import install_host
from tests.support.places import clean_environment, relay_socket, short_folder
from tests.support.stand_in import StandIn


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything below this folder as needing a browser."""
    for item in items:
        if "tests/e2e/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(params=["chromium", "firefox"])
def browser_name(request: pytest.FixtureRequest) -> str:
    """Run the test once in each browser."""
    return str(request.param)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Serve the invented site."""
    with short_folder() as folder:
        async with start_site(folder) as running:
            yield running


@pytest.fixture
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """Make one test's world."""
    seed = tmp_path_factory.getbasetemp() / "firefox-seed"
    with short_folder() as folder:
        env = clean_environment(folder)
        extension = read_extension()
        host = install_host(folder, env)
        async with start_site(folder) as site:
            yield Rig(folder, env, site, extension, host, relay_socket(env), seed)


@pytest.fixture
async def stand_in(rig: Rig) -> AsyncIterator[StandIn]:
    """Put a stand-in with an open gate in the agent's place."""
    async with rig.stand_in() as far_end:
        yield far_end


@pytest.fixture
async def browser(rig: Rig, stand_in: StandIn, browser_name: str) -> AsyncIterator[Browser]:
    """Start a browser whose extension is connected and has its gate."""
    async with rig.browser(browser_name) as running:
        yield running
