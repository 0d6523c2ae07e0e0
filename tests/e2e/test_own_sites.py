"""A site that the person adds, in real browsers: counted in the browser, and not one word of it crosses.

The prompt of `permissions.request` is the browser's own and no test can press it, so the site is granted by the
manifest of a copy of the extension; everything after the grant is as it is shipped. What the browser says at install is
asked of Chromium itself, with the shipped manifest.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import Any

import pytest

from tests.e2e.rig import LOOKALIKE, Rig, snapshot, storage
from tests.e2e.test_page_loads import arrived
from tests.support.extension import read_extension
from tests.support.waiting import until

OWN = LOOKALIKE.removeprefix("www.")


async def test_its_page_loads_are_counted_here_and_never_told(rig: Rig, browser_name: str) -> None:
    folder = rig.folder / "extension"
    shutil.copytree(rig.extension.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["host_permissions"] += [f"https://{OWN}/*", f"https://{LOOKALIKE}/*"]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    granted = replace(rig, extension=read_extension(folder))
    async with rig.stand_in() as stand_in, granted.browser(browser_name) as browser:
        popup = await browser.popup()
        page = "import('/background_port.js').then(({openPort}) => openPort('options', () => {}))"

        async def say(what: str, host: str) -> Any:
            return await browser.run(popup, f"{page}.then((port) => port.ask('{what}', {{host: '{host}'}}))")

        assert await say("own_sites_add", f"https://{LOOKALIKE}/x") == {"refused": ""}

        async def counted() -> int | None:
            own = (await snapshot(browser))["ownSites"]
            return own[0]["today"] if own else None

        async def added() -> bool:
            return await counted() == 0

        await until(added, "the site to be there")
        for number in range(3):
            await browser.open(f"https://{LOOKALIKE}/in/secret-{number}")
        await browser.open("https://www.linkedin.com/in/ada-amber-0")
        await arrived(stand_in, 1)

        async def three() -> bool:
            return await counted() == 3

        await until(three, "three page loads to be counted")

        async def kept() -> bool:
            return OWN in json.dumps((await storage(browser))["local"])

        await until(kept, "the counts to be kept")
        assert "secret" not in json.dumps(await storage(browser))
        assert len(stand_in.loads) == 1
        assert OWN not in json.dumps(stand_in.frames)
        assert stand_in.problems == []
        await say("own_sites_remove", OWN)

        async def gone() -> bool:
            return OWN not in json.dumps(await storage(browser))

        await until(gone, "everything of it to be gone")


@pytest.mark.parametrize("browser_name", ["chromium"])
async def test_the_browser_warns_of_nothing_at_install_for_what_is_optional(rig: Rig, browser_name: str) -> None:
    async with rig.browser(browser_name, ready=False) as browser:
        tab = await browser.popup()

        async def warnings(change: str) -> list[str]:
            manifest = f"JSON.stringify(((m) => {{ {change}; return m; }})(chrome.runtime.getManifest()))"
            asked = f"new Promise((give) => chrome.management.getPermissionWarningsByManifest({manifest}, give))"
            return list(await browser.run(tab, asked))

        shipped = await warnings("")
        assert shipped == await warnings("delete m.optional_permissions; delete m.optional_host_permissions")
        assert shipped == [
            "Read and change your data on a number of websites",
            "Communicate with cooperating native applications",
        ]
        assert len(await warnings("m.permissions.push('notifications')")) == 3
        # Decision 0027: what it would be if the permission were asked for later.
        later = "m.permissions = m.permissions.filter((one) => one !== 'nativeMessaging')"
        assert await warnings(f"{later}; m.optional_permissions.push('nativeMessaging')") == shipped[:1]
        (linkedin, _) = await warnings("m.host_permissions = ['https://*.linkedin.com/*']")
        assert "linkedin.com" in linkedin
