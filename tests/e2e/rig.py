"""One test's world: a short folder, the invented site, the native host's manifests, and browsers that find all of them.

Rig.browser(name)  → a real browser with the extension, its profile below the folder
Rig.stand_in()     → the far end of the wire
both meet at `relay_socket`, which the native host finds through GLEANWATCH_HOME in the environment it inherits
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import psutil

from agent.demo.site import HOSTS, Site
from tests.support.browser import Browser
from tests.support.chromium import start_chromium
from tests.support.extension import ExtensionFolder
from tests.support.firefox import start_firefox
from tests.support.processes import descendants
from tests.support.stand_in import StandIn, start_stand_in
from tests.support.waiting import until


@dataclass(slots=True)
class Rig:
    """What one test has to itself.

    Attributes:
        folder: A short temporary folder, also HOME.
        env: The environment for everything that is started.
        site: The invented site that every name leads to.
        extension: The extension folder under test.
        relay_socket: Where agent and native host meet.
    """

    folder: Path
    env: dict[str, str]
    site: Site
    extension: ExtensionFolder
    relay_socket: Path

    def browser(self, name: str) -> AbstractAsyncContextManager[Browser]:
        """Start a browser; a second start of the same name uses the same profile."""
        if name == "chromium":
            return start_chromium(self.folder / "chromium", self.env, self.extension, self.site.https_port)
        return start_firefox(self.folder / "firefox", self.env, self.extension, self.site.https_port, HOSTS)

    def stand_in(self, gate: str = "open") -> AbstractAsyncContextManager[StandIn]:
        """Put a stand-in in the agent's place."""
        return start_stand_in(self.relay_socket, gate)

    async def host_of(self, browser: Browser) -> int:
        """Return the pid of the native host below a browser, once there is one."""
        return int(await until(lambda: self._hosts_below(browser.pid), "the native host"))

    @staticmethod
    def _hosts_below(pid: int) -> int | None:
        for process in descendants(pid):
            try:
                if any("native_host" in part for part in process.cmdline()):
                    return process.pid
            except psutil.NoSuchProcess:
                continue
        return None
