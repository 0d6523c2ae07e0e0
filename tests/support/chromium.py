"""Chromium with the extension in it, driven over the Chrome DevTools Protocol.

    start: temporary profile → manifest of the native host in it → chromium --headless=new --load-extension → websocket
    a call: number it, send it, wait for the answer with that number

Caution: attaching a debugger to the extension's worker keeps the worker alive, so the lifetime tests only list targets,
and the extension's storage is read from its pop-up opened as a page.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
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


class CdpError(RuntimeError):
    """Chromium answered a call with an error, or a script threw."""


class Chromium:
    """A running Chromium. Made by `start_chromium`."""

    name = "chromium"

    def __init__(
        self, process: asyncio.subprocess.Process, socket: aiohttp.ClientWebSocketResponse, extension: ExtensionFolder
    ) -> None:
        self._process = process
        self._socket = socket
        self._extension = extension
        self._number = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """Process id of the browser."""
        return self._process.pid

    async def _read(self) -> None:
        async for message in self._socket:
            answer = message.json()
            future = self._waiting.pop(answer.get("id", 0), None)
            if future is not None and not future.done():
                future.set_result(answer)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(CdpError("the browser is gone"))

    async def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """Call one method of the protocol and return its result."""
        self._number += 1
        number = self._number
        self._waiting[number] = asyncio.get_running_loop().create_future()
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        await self._socket.send_json(message)
        answer = await asyncio.wait_for(self._waiting[number], 60)
        if "error" in answer:
            raise CdpError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def _attach(self, target: str) -> Tab:
        attached = await self.call("Target.attachToTarget", targetId=target, flatten=True)
        return Tab(target, attached["sessionId"])

    async def _loaded(self, tab: Tab, url: str) -> None:
        """Wait until the tab stands at the address and has loaded; the address may have been rewritten by the page."""
        await until(
            lambda: self.run(tab, "location.href !== 'about:blank' && document.readyState === 'complete'"),
            f"{url.partition('?')[0]} to load",
        )

    async def open(self, url: str) -> Tab:
        """Open an address in a new tab and wait until it has loaded."""
        tab = await self._attach((await self.call("Target.createTarget", url="about:blank"))["targetId"])
        await self.go(tab, url)
        return tab

    async def go(self, tab: Tab, url: str) -> None:
        """Load an address in an existing tab and wait until it has loaded."""
        answer = await self.call("Page.navigate", tab.session, url=url)
        if answer.get("errorText"):
            raise CdpError(f"navigation failed: {answer['errorText']}")
        await self._loaded(tab, url)

    async def open_private(self, url: str) -> Tab:
        """Open an address in an off-the-record context, which is what a private window is."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        target = (await self.call("Target.createTarget", url="about:blank", browserContextId=context))["targetId"]
        tab = await self._attach(target)
        await self.go(tab, url)
        return tab

    async def run(self, tab: Tab, script: str) -> Any:
        """Evaluate an expression in a page, await it when it is a promise, and return its JSON value."""
        answer = await self.call(
            "Runtime.evaluate", tab.session, expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise CdpError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    async def popup(self) -> Tab:
        """Open the extension's pop-up as a page."""
        return await self.open(f"chrome-extension://{self._extension.chromium_id}/{self._extension.popup}")

    async def close_tab(self, tab: Tab) -> None:
        """Close one page."""
        await self.call("Target.closeTarget", targetId=tab.target)

    async def screenshot(self, tab: Tab, file: Path, width: int = 380, height: int = 560, dark: bool = False) -> None:
        """Save a picture of a page at a size, in the light or the dark colour scheme."""
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            tab.session,
            width=width,
            height=height,
            deviceScaleFactor=2,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", tab.session, features=[scheme])
        shot = await self.call("Page.captureScreenshot", tab.session, format="png")
        file.write_bytes(base64.b64decode(shot["data"]))

    async def worker(self) -> str | None:
        """Return the target id of the extension's worker, or None while it does not run. Does not keep it alive."""
        for target in (await self.call("Target.getTargets"))["targetInfos"]:
            mine = target["url"].startswith(f"chrome-extension://{self._extension.chromium_id}/")
            if target["type"] == "service_worker" and mine:
                return str(target["targetId"])
        return None

    async def attach_worker(self) -> Tab:
        """Attach to the extension's worker, to run something in it. Keeps it alive until `detach`."""
        return await self._attach(await until(self.worker, "the extension's worker"))

    async def detach(self, tab: Tab) -> None:
        """Let go of a target again."""
        await self.call("Target.detachFromTarget", sessionId=tab.session)

    async def stop_worker(self) -> None:
        """Stop the extension's worker by force and wait until it is gone."""
        target = await self.worker()
        if target is None:
            return
        await self.call("Target.closeTarget", targetId=target)

        async def gone() -> bool:
            return await self.worker() != target

        await until(gone, "the worker to stop")

    async def close(self) -> None:
        """Close the browser as a person does."""
        with contextlib.suppress(CdpError, ConnectionError, TimeoutError):
            await self.call("Browser.close")
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


@asynccontextmanager
async def start_chromium(
    profile: Path,
    env: Mapping[str, str],
    extension: ExtensionFolder,
    https_port: int,
    wait_for_worker: bool = True,
    *,
    prefix: Sequence[str] = (),
    load: bool = True,
) -> AsyncIterator[Chromium]:
    """Run Chromium until the block ends.

    Args:
        profile: The user data folder; kept, so that a second start can use it again. The native host's manifest must
            already be in it.
        env: The environment, which the native host inherits.
        extension: What to load.
        https_port: Port of the invented site; every name leads there, save this machine's own.
        wait_for_worker: Whether to wait until the extension's worker runs: pages opened before are missed.
        prefix: A command that becomes the browser's, such as one that lays other files over /etc.
        load: Whether to load the extension from its folder; False where a policy installs it.
    """
    program = find_browser("chromium", "chromium-browser", "google-chrome-for-testing")
    profile.mkdir(parents=True, exist_ok=True)
    port_file = profile / "DevToolsActivePort"
    port_file.unlink(missing_ok=True)
    command = [
        *prefix,
        program,
        "--headless=new",
        "--disable-gpu",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-component-update",
        "--disable-sync",
        "--password-store=basic",
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",
        f"--host-resolver-rules=MAP * 127.0.0.1:{https_port}, EXCLUDE 127.0.0.1, EXCLUDE *.localhost",
        "--ignore-certificate-errors",
        # What a policy installs is fetched by the same part of the browser that else only calls home.
        *([f"--load-extension={extension.folder}", "--disable-background-networking"] if load else []),
        "about:blank",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.insert(len(prefix) + 1, "--no-sandbox")  # Chromium refuses to run as root with its sandbox
    async with started(command, profile / "browser.log", env) as process, aiohttp.ClientSession() as http:
        # Two lines: the port and the websocket's path; the file is there before it is full.
        await until(
            lambda: port_file.exists() and port_file.read_text().count("\n") == 1,
            "Chromium's debugging port",
            seconds=60,
        )
        port, path = port_file.read_text().split("\n")
        socket = await http.ws_connect(f"ws://127.0.0.1:{port}{path}", max_msg_size=0)
        browser = Chromium(process, socket, extension)
        try:
            if wait_for_worker:
                await until(browser.worker, "the extension's worker", seconds=30)
            yield browser
        finally:
            if process.returncode is None:
                await browser.close()
