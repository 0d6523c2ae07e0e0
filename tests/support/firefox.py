"""Firefox with the extension in it, driven over WebDriver BiDi: no geckodriver and no Marionette package needed.

    start: temporary profile with prefs → firefox-esr --headless --remote-debugging-port=0 → websocket → install add-on
    a call: number it, send it, wait for the answer with that number

`--remote-allow-system-access` allows what a test needs beyond web pages: the extension's own pages, a private window
beside the ordinary one, and the colour scheme. The page address of the extension is random per profile; a pref pins it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.browser import Tab, find_browser
from tests.support.extension import ExtensionFolder
from tests.support.processes import end, started
from tests.support.waiting import until

PAGE_UUID = "3f0b7a52-6c0e-4f3e-9a51-8f5d2f1c7a10"


class BidiError(RuntimeError):
    """Firefox answered a call with an error, or a script threw."""


class Firefox:
    """A running Firefox. Made by `start_firefox`."""

    name = "firefox"

    def __init__(
        self, process: asyncio.subprocess.Process, socket: aiohttp.ClientWebSocketResponse, extension: ExtensionFolder
    ) -> None:
        self._process = process
        self._socket = socket
        self._extension = extension
        self._number = 0
        self._first = ""
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """Process id of the browser."""
        return self._process.pid

    async def _read(self) -> None:
        async for message in self._socket:
            answer = message.json()
            future = self._waiting.pop(answer.get("id") or 0, None)
            if future is not None and not future.done():
                future.set_result(answer)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(BidiError("the browser is gone"))

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call one method of the protocol and return its result."""
        self._number += 1
        number = self._number
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": dict(params or {})})
        answer = await asyncio.wait_for(self._waiting[number], 60)
        if answer["type"] == "error":
            raise BidiError(f"{method}: {answer['error']}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def _contexts(self, scope: str = "content") -> dict[str, str]:
        """Return the address each open page stands at, by context."""
        tree = await self.call("browsingContext.getTree", {"moz:scope": scope})
        return {context["context"]: context["url"] for context in tree["contexts"]}

    async def _in_browser(self, script: str) -> Any:
        """Evaluate a script in the browser's own window."""
        return await self.run(Tab(next(iter(await self._contexts("chrome")))), script)

    async def open(self, url: str) -> Tab:
        """Open an address in a new tab and wait until it has loaded."""
        # Beside the first tab: without that it would open in the newest window, which may be a private one.
        beside = {"referenceContext": self._first or next(iter(await self._contexts()))}
        self._first = beside["referenceContext"]
        tab = Tab((await self.call("browsingContext.create", {"type": "tab", **beside}))["context"])
        await self.go(tab, url)
        return tab

    async def go(self, tab: Tab, url: str) -> None:
        """Load an address in an existing tab and wait until it has loaded."""
        await self.call("browsingContext.navigate", {"context": tab.target, "url": url, "wait": "complete"})

    async def open_private(self, url: str) -> Tab:
        """Open an address in a private window beside the ordinary one."""
        before = await self._contexts()
        # The browser opens it at the address: a navigation begun from here can be lost when the private window's own
        # start page arrives during it.
        await self._in_browser(f'void openTrustedLinkIn({json.dumps(url)}, "window", {{private: true}})')

        async def fresh() -> str | None:
            pages = await self._contexts()
            return next((page for page, at in pages.items() if page not in before and at == url), None)

        tab = Tab(await until(fresh, "a private window"))
        await until(lambda: self.run(tab, "document.readyState === 'complete'"), "the private page to load")
        return tab

    async def run(self, tab: Tab, script: str) -> Any:
        """Evaluate an expression in a page, await it when it is a promise, and return its JSON value."""
        # BiDi has its own notation for values; JSON text crosses it unchanged.
        answer = await self.call(
            "script.evaluate",
            {
                "expression": f"(async () => JSON.stringify(await ({script})) ?? 'null')()",
                "target": {"context": tab.target},
                "awaitPromise": True,
                "userActivation": True,
            },
        )
        if answer["type"] == "exception":
            raise BidiError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def popup(self) -> Tab:
        """Open the extension's pop-up as a page.

        The browser's own window opens it: a page that BiDi navigates to by itself gets no extension interfaces.
        """
        before = await self._contexts()
        url = f"moz-extension://{PAGE_UUID}/{self._extension.popup}"
        principal = "{triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal()}"
        await self._in_browser(f"void (gBrowser.selectedTab = gBrowser.addTab({json.dumps(url)}, {principal}))")

        async def fresh() -> str | None:
            pages = await self._contexts()
            return next((page for page, at in pages.items() if page not in before and at == url), None)

        tab = Tab(await until(fresh, "the pop-up"))
        await until(lambda: self.run(tab, "document.readyState === 'complete'"), "the pop-up to load")
        return tab

    async def close_tab(self, tab: Tab) -> None:
        """Close one page."""
        await self.call("browsingContext.close", {"context": tab.target})

    async def screenshot(self, tab: Tab, file: Path, width: int = 380, height: int = 560, dark: bool = False) -> None:
        """Save a picture of a page at a size, in the light or the dark colour scheme."""
        scheme = 0 if dark else 1
        pref = "layout.css.prefers-color-scheme.content-override"
        await self._in_browser(f"void Services.prefs.setIntPref({json.dumps(pref)}, {scheme})")
        size = {"width": width, "height": height}
        await self.call("browsingContext.setViewport", {"context": tab.target, "viewport": size, "devicePixelRatio": 2})
        await until(
            lambda: self.run(tab, f"matchMedia('(prefers-color-scheme: dark)').matches === {json.dumps(dark)}"),
            "the colour scheme",
        )
        shot = await self.call("browsingContext.captureScreenshot", {"context": tab.target})
        file.write_bytes(base64.b64decode(shot["data"]))

    async def close(self) -> None:
        """Close the browser as a person does."""
        with contextlib.suppress(BidiError, ConnectionError, TimeoutError):
            await asyncio.wait_for(self.call("browser.close"), 10)
        await self._forget()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 10)
        await end(self._process)

    async def kill(self) -> None:
        """Kill the browser's own process, as a crash does; its native host has to notice by itself."""
        os.kill(self.pid, signal.SIGKILL)
        await self._process.wait()
        await self._forget()

    async def _forget(self) -> None:
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader
        await self._socket.close()


def preferences(hosts: Sequence[str], https_port: int, extension: ExtensionFolder) -> dict[str, str | int | bool]:
    """Return the prefs of a test profile: names to loopback, one port for https, nothing fetched from outside."""
    return {
        "network.dns.localDomains": ",".join(hosts),
        "network.socket.forcePort": f"443={https_port}",
        "extensions.webextensions.uuids": json.dumps({extension.firefox_id: PAGE_UUID}),
        # A temporary add-on is gone after a restart; its storage must not be, as an installed one's is not.
        "extensions.webextensions.keepStorageOnUninstall": True,
        "extensions.webextensions.keepUuidOnUninstall": True,
        "browser.sessionstore.resume_from_crash": False,
        "toolkit.startup.max_resumed_crashes": -1,
        "datareporting.policy.dataSubmissionEnabled": False,
        "app.update.enabled": False,
        "app.normandy.enabled": False,
        "browser.shell.checkDefaultBrowser": False,
        "browser.startup.page": 0,
        "browser.newtabpage.enabled": False,
        "extensions.getAddons.cache.enabled": False,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "services.settings.server": "http://127.0.0.1:9/",
        "toolkit.telemetry.server": "http://127.0.0.1:9/",
    }


async def lay_out_profile(profile: Path, seed: Path, env: Mapping[str, str], extension: ExtensionFolder) -> None:
    """Make a new profile as one that Firefox was started with once, without any extension, and nothing was done in.

    Half of what a first start costs is what Firefox makes anew in every empty profile.

    Args:
        profile: The profile to make; must not be there.
        seed: What it is copied from; made where it is not there yet.
        env: The environment for making it.
        extension: Whose prefs it has; not loaded.
    """
    if not seed.exists():
        making = seed.with_name(f"{seed.name}-making")
        async with start_firefox(making, env, extension, 9, (), load=False):
            pass
        making.rename(seed)
    shutil.copytree(seed, profile, ignore=shutil.ignore_patterns("lock", ".parentlock", "browser.log"))


@asynccontextmanager
async def start_firefox(
    profile: Path,
    env: Mapping[str, str],
    extension: ExtensionFolder,
    https_port: int,
    hosts: Sequence[str],
    *,
    prefix: Sequence[str] = (),
    load: bool = True,
    prefs: Mapping[str, str | int | bool] | None = None,
) -> AsyncIterator[Firefox]:
    """Run Firefox until the block ends.

    Args:
        profile: The profile folder; kept, so that a second start can use it again.
        env: The environment. The native host's manifest must already be below its HOME.
        extension: What to load, as a temporary add-on.
        https_port: Port of the invented site.
        hosts: The names that lead there.
        prefix: A command that becomes the browser's, such as one that lays other files over /etc.
        load: Whether to install the extension from its folder; False where a policy installs it.
        prefs: Further prefs of the profile.
    """
    program = find_browser("firefox-esr", "firefox")
    profile.mkdir(parents=True, exist_ok=True)
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});"
        for name, value in {**preferences(hosts, https_port, extension), **(prefs or {})}.items()
    ]
    (profile / "user.js").write_text("\n".join(lines))
    port_file = profile / "WebDriverBiDiServer.json"
    port_file.unlink(missing_ok=True)
    command: list[str | Path] = [
        *prefix,
        program,
        "--headless",
        "--no-remote",
        "--remote-debugging-port=0",
        "--remote-allow-system-access",
        "--profile",
        profile,
    ]
    async with started(command, profile / "browser.log", env) as process, aiohttp.ClientSession() as http:
        await until(
            lambda: port_file.exists() and port_file.read_text().rstrip().endswith("}"),
            "Firefox's debugging port",
            seconds=90,
        )
        place = json.loads(port_file.read_text())
        socket = await http.ws_connect(f"ws://{place['ws_host']}:{place['ws_port']}/session", max_msg_size=0)
        browser = Firefox(process, socket, extension)
        try:
            await browser.call("session.new", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": True}}})
            if load:
                data = {"type": "path", "path": str(extension.folder)}
                await browser.call("webExtension.install", {"extensionData": data})
            yield browser
        finally:
            if process.returncode is None:
                await browser.close()
