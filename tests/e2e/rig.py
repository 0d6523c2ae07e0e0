"""One test's world: a short folder, the invented site, the native host's manifests, and browsers that find all of them.

Rig.browser(name)  → a real browser with the extension, its profile below the folder
Rig.stand_in()     → the far end of the wire
both meet at `relay_socket`, which the native host finds through GLEANWATCH_HOME in the environment it inherits
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.demo.site import HOSTS, Site
from tests.support.browser import Browser
from tests.support.chromium import start_chromium
from tests.support.extension import ExtensionFolder
from tests.support.firefox import lay_out_profile, start_firefox
from tests.support.host import InstalledHost, host_below
from tests.support.stand_in import StandIn, start_stand_in
from tests.support.waiting import until

LOOKALIKE = "www.linkedin.com.social.example"


async def storage(browser: Browser) -> dict[str, dict[str, Any]]:
    """Return everything the extension holds in the browser's storage, by area, read through its pop-up page."""
    popup = await browser.popup()
    areas = "Promise.all([chrome.storage.session.get(null), chrome.storage.local.get(null)])"
    session, local = await browser.run(popup, areas)
    await browser.close_tab(popup)
    return {"session": session, "local": local}


async def queued(browser: Browser) -> int:
    """Count the waiting events in the extension's storage: whatever names a page class."""
    return json.dumps(await storage(browser)).count('"page_class"')


async def queue_is_empty(browser: Browser) -> bool:
    """Whether the extension holds no event."""
    return await queued(browser) == 0


async def snapshot(browser: Browser) -> dict[str, Any]:
    """Return what the extension shows in its pop-up, asked for as the pop-up asks."""
    popup = await browser.popup()
    shown = await browser.run(
        popup,
        # A worker that the browser ends just now takes the port with it: then the next one is asked.
        "new Promise((give) => { const open = () => { const port = chrome.runtime.connect({name: 'popup'});"
        " port.onMessage.addListener(({state}) => { port.disconnect(); give(state); });"
        " port.onDisconnect.addListener(() => setTimeout(open, 100)); }; open(); })",
    )
    await browser.close_tab(popup)
    return dict(shown)


async def gate_state(browser: Browser) -> str | None:
    """Return the gate as the extension knows it, None while it knows none."""
    gate = (await snapshot(browser))["gate"]
    return str(gate["state"]) if gate else None


async def local_records(browser: Browser) -> list[dict[str, Any]]:
    """Return the records in the storage that survives the browser."""
    return [value for value in (await storage(browser))["local"].values() if isinstance(value, dict)]


@dataclass(slots=True)
class Rig:
    """What one test has to itself.

    Attributes:
        folder: A short temporary folder, also HOME.
        env: The environment for everything that is started.
        site: The invented site that every name leads to.
        extension: The extension folder under test.
        host: The native host that the browsers find.
        relay_socket: Where agent and native host meet.
        seed: The Firefox profile that new ones are copied from, the same for many tests.
    """

    folder: Path
    env: dict[str, str]
    site: Site
    extension: ExtensionFolder
    host: InstalledHost
    relay_socket: Path
    seed: Path

    @asynccontextmanager
    async def browser(self, name: str, ready: bool = True) -> AsyncIterator[Browser]:
        """Start a browser; a second start of the same name uses the same profile.

        Args:
            name: `chromium` or `firefox`.
            ready: Whether to wait until the extension has heard of a gate; False where there is nobody to say it.
        """
        async with self._start(name) as browser:
            if ready:
                await until(lambda: gate_state(browser), "the extension to hear of its gate", seconds=40, every=0.2)
            yield browser

    @asynccontextmanager
    async def _start(self, name: str) -> AsyncIterator[Browser]:
        port, profile = self.site.https_port, self.folder / name
        if name == "chromium":
            async with start_chromium(profile, self.env, self.extension, port) as chromium:
                yield chromium
            return
        if not profile.exists():
            await lay_out_profile(profile, self.seed, self.env, self.extension)
        async with start_firefox(profile, self.env, self.extension, port, (*HOSTS, LOOKALIKE)) as firefox:
            yield firefox

    def stand_in(self, gate: str = "open") -> AbstractAsyncContextManager[StandIn]:
        """Put a stand-in in the agent's place."""
        return start_stand_in(self.relay_socket, gate)

    async def queue_emptied(self, browser: Browser) -> None:
        """Wait until the extension's queue is empty, as its storage says."""

        await until(lambda: queue_is_empty(browser), "an empty queue")

    async def profile_written(self, browser: Browser, waiting: int) -> None:
        """Wait until the record of how many wait, which survives the browser, is written: that takes a moment."""

        async def counted() -> bool:
            return any(record.get("waiting") == waiting for record in await local_records(browser))

        await until(counted, "the record of what waits")

    async def host_of(self, browser: Browser) -> int:
        """Return the pid of the native host below a browser, once there is one."""
        return int(await until(lambda: host_below(browser.pid), "the native host"))
