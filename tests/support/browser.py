"""The face that both browser drivers have, and the refusal when a browser is not there.

A test is written once against `Browser` and runs in Chromium (`chromium.py`, Chrome DevTools Protocol) and in Firefox
(`firefox.py`, WebDriver BiDi). Neither driver needs more than aiohttp. Every name resolves to the invented site on
loopback, so no test can reach the internet by accident.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

REQUIRE = "GW_REQUIRE_BROWSERS"


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of a browser: the driver's own ids for it."""

    target: str
    session: str = ""


class Browser(Protocol):
    """A running browser with the extension in it."""

    name: str
    """`chromium` or `firefox`, the way the extension says it."""

    @property
    def pid(self) -> int:
        """Process id of the browser."""
        ...

    async def open(self, url: str) -> Tab:
        """Open an address in a new tab and wait until it has loaded."""
        ...

    async def go(self, tab: Tab, url: str) -> None:
        """Load an address in an existing tab and wait until it has loaded."""
        ...

    async def open_private(self, url: str) -> Tab:
        """Open an address in a private window and wait until it has loaded."""
        ...

    async def run(self, tab: Tab, script: str) -> Any:
        """Evaluate an expression in a page, await it when it is a promise, and return its JSON value."""
        ...

    async def popup(self) -> Tab:
        """Open the extension's pop-up as a page: it is an extension page, so it may read the extension's storage."""
        ...

    async def close_tab(self, tab: Tab) -> None:
        """Close one page."""
        ...

    async def screenshot(self, tab: Tab, file: Path, width: int = 380, height: int = 560, dark: bool = False) -> None:
        """Save a picture of a page at a size, in the light or the dark colour scheme."""
        ...

    async def close(self) -> None:
        """Close the browser as a person does."""
        ...

    async def kill(self) -> None:
        """Kill the browser's own process, as a crash does; its native host has to notice by itself."""
        ...


def find_browser(*names: str) -> str:
    """Return the path of the first program found.

    Skips the test where there is none; fails it instead where GW_REQUIRE_BROWSERS=1 says that browsers must be there.
    """
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    message = f"needs {names[0]}: run `make browsers`, which installs it where it can"
    if os.environ.get(REQUIRE) == "1":
        pytest.fail(message)
    pytest.skip(message)
