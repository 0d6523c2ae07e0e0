"""A headless Chromium with the extension in it, led by hand over the Chrome DevTools Protocol.

    throw-away profile → chromium --headless=new --load-extension → websocket → a call: number it, send it, await it

Just what the demonstration needs: open an address, press something in the page, take a picture. Every name leads to
this machine, whatever the page asks for, so the browser cannot reach the internet even by accident.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from agent.demo.programs import started
from agent.model.tasks import end_task

START_SECONDS: Final = 40.0
CALL_SECONDS: Final = 30.0
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome-for-testing")
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "darwin": (
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
    ),
}


class BrowserError(Exception):
    """The browser did not start, answered with an error, or is gone."""


def find_chromium(system: str, path: str | None = None) -> tuple[Path | None, str]:
    """Look for a Chromium that takes an extension from the command line, which branded Chrome no longer does.

    Args:
        system: As `sys.platform` names it.
        path: Where to look, as in PATH; None for the environment's own.

    Returns:
        The program and an empty text, or None and what to do about it.
    """
    named = [found for name in _NAMES if (found := shutil.which(name, path=path))]
    for candidate in (*named, *(place for place in _PLACES.get(system, ()) if Path(place).exists())):
        if "/snap/" not in str(Path(candidate).resolve()) and "/snap/" not in candidate:
            return Path(candidate), ""
    if named:
        return None, "the Chromium here is a snap, which may not read the throw-away folder; another one: make browsers"
    return None, "no Chromium was found, so nobody browses and no picture is taken; get one with: make browsers"


class Chromium:
    """A running browser. Made by `start_chromium`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Speak over a websocket that is open already."""
        self._socket = socket
        self._number = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """Call one method of the protocol and return its result.

        Raises:
            BrowserError: It refused, did not answer in time, or is gone.
        """
        if self._reader.done():
            raise BrowserError("the browser is gone")
        self._number += 1
        answered = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        try:
            await self._socket.send_json(message)
            answer = await asyncio.wait_for(answered, CALL_SECONDS)
        except (TimeoutError, ConnectionError):
            raise BrowserError(f"the browser did not answer {method}") from None
        if "error" in answer:
            raise BrowserError(f"the browser refused {method}: {answer['error'].get('message', '')}")
        result: dict[str, Any] = answer["result"]
        return result

    async def tab(self) -> str:
        """Open an empty tab and return the session that leads it."""
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        return str((await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"])

    async def go(self, tab: str, url: str) -> None:
        """Load an address and wait until it stands there.

        Raises:
            BrowserError: It cannot be loaded.
        """
        answer = await self.call("Page.navigate", tab, url=url)
        if answer.get("errorText"):
            raise BrowserError(f"a page could not be loaded: {answer['errorText']}")
        await self.until(tab, "location.href !== 'about:blank' && document.readyState === 'complete'")

    async def evaluate(self, tab: str, script: str) -> Any:
        """Evaluate an expression in a page, await it when it is a promise, and return its JSON value.

        Raises:
            BrowserError: The script threw.
        """
        answer = await self.call(
            "Runtime.evaluate", tab, expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in answer:
            raise BrowserError("a script in a page failed")
        return answer["result"].get("value")

    async def until(self, tab: str, condition: str) -> None:
        """Wait until an expression is true in a page.

        Raises:
            BrowserError: It stayed false.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + CALL_SECONDS
        while not await self.evaluate(tab, condition):
            if loop.time() > end:
                raise BrowserError("a page did not finish loading")
            await asyncio.sleep(0.05)

    async def picture(self, tab: str, width: int, dark: bool, scale: float, tallest: int) -> bytes:
        """Return a PNG of a whole page.

        Args:
            tab: Which.
            width: In CSS pixels.
            dark: The dark colour scheme, else the light one.
            scale: Pixels of the picture for one CSS pixel.
            tallest: In CSS pixels; what is below is left out.
        """
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        # With motion reduced nothing is caught half faded in.
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        await self.call("Emulation.setEmulatedMedia", tab, features=[scheme, still])
        for height in (800, None):
            if height is None:
                size = (await self.call("Page.getLayoutMetrics", tab))["cssContentSize"]
                height = min(round(size["height"]), tallest)  # noqa: PLW2901 -- measured at the width just set
            await self.call(
                "Emulation.setDeviceMetricsOverride",
                tab,
                width=width,
                height=height,
                deviceScaleFactor=scale,
                mobile=False,
            )
        await self.evaluate(tab, "document.fonts.ready.then(() => new Promise(requestAnimationFrame)).then(() => 1)")
        shot = await self.call("Page.captureScreenshot", tab, format="png")
        return base64.b64decode(shot["data"])

    async def close(self) -> None:
        """Close the browser as a person does."""
        with contextlib.suppress(BrowserError):
            await self.call("Browser.close")
        await end_task(self._reader)
        await self._socket.close()

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                answer = message.json()
                waiting = self._waiting.pop(answer.get("id", 0), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(answer)
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(BrowserError("the browser is gone"))


@asynccontextmanager
async def start_chromium(
    program: Path, profile: Path, extension: Path, https_port: int, env: Mapping[str, str]
) -> AsyncIterator[Chromium]:
    """Run Chromium until the block ends.

    Args:
        program: The browser.
        profile: Its user data folder, with the native host's manifest already in it.
        extension: The extension's folder.
        https_port: Port of the invented site; every name leads there, save this machine's own.
        env: Its environment, which the native host inherits.

    Raises:
        BrowserError: It does not start.
    """
    command: list[str | Path] = [
        program,
        "--headless=new",
        "--disable-gpu",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--password-store=basic",
        "--use-mock-keychain",
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",
        f"--host-resolver-rules=MAP * 127.0.0.1:{https_port}, EXCLUDE 127.0.0.1, EXCLUDE *.localhost",
        "--ignore-certificate-errors",
        f"--load-extension={extension}",
        "about:blank",
    ]
    if sys.platform != "win32" and os.geteuid() == 0:
        command.insert(1, "--no-sandbox")  # Chromium refuses to run as root with its sandbox
    log = profile.parent / "browser.log"
    try:
        async with started(command, log, env, profile.parent) as process, aiohttp.ClientSession() as http:
            port, path = await _debugging_port(profile / "DevToolsActivePort", process)
            socket = await http.ws_connect(f"ws://127.0.0.1:{port}{path}", max_msg_size=0)
            browser = Chromium(socket)
            try:
                yield browser
            finally:
                await browser.close()
    except (OSError, aiohttp.ClientError) as problem:
        raise BrowserError(f"{program.name} could not be started: {type(problem).__name__}") from None


async def _debugging_port(file: Path, process: asyncio.subprocess.Process) -> tuple[str, str]:
    """Wait for the two lines that Chromium writes: its port and the websocket's path.

    Raises:
        BrowserError: It ended, or wrote nothing in time.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + START_SECONDS
    while process.returncode is None and loop.time() < end:
        lines = _lines(file)
        if len(lines) == 2:
            return lines[0], lines[1]
        await asyncio.sleep(0.05)
    raise BrowserError("the browser ended at once" if process.returncode is not None else "the browser did not start")


def _lines(file: Path) -> list[str]:
    """Return a file's lines; none while it is not there. The file is there before it is full."""
    try:
        return file.read_text("utf-8").split("\n")
    except FileNotFoundError:
        return []
