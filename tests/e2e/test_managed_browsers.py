"""The Linux samples of docs/deploy.md, tried in real Chromium and Firefox: installed, connected, blocked, told.

    packages of `make extension` → a web server on loopback → the policy that the generator gives, in a private /etc
    → a browser that knows nothing else of the extension → what the far end of the wire hears of it

Chromium lets no debugger near an extension that a policy installed, so its managed values are read where the extension
is loaded from its folder under the same policy. Firefox has no such rule. Release Firefox takes only packages that
Mozilla signed; the tests' own are unsigned, which ESR allows where a pref says so.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from agent.demo.site import HOSTS
from agent.packaging.build import Built, build
from agent.packaging.policies import Browser as Told
from agent.packaging.policies import Deployment, System, deployment, sample
from native_host import manifests
from native_host.browsers import user_data_place
from tests.e2e.rig import Rig, snapshot, storage
from tests.e2e.test_options import options
from tests.support.chromium import Chromium, start_chromium
from tests.support.etc import with_etc
from tests.support.extension import read_extension
from tests.support.firefox import Firefox, start_firefox
from tests.support.places import EXTENSION
from tests.support.stand_in import StandIn
from tests.support.waiting import until

MANAGED = {"organisation": "Møller & Sons", "contact": "privacy@example.org", "welcome": False}
UNSIGNED = {"xpinstall.signatures.required": False, "extensions.install.requireSecureOrigin": False}
PROFILE = "https://www.linkedin.com/in/somebody"
OWN = "news.example"


@dataclass(frozen=True, slots=True)
class Served:
    """What an organisation's server has.

    Attributes:
        built: What was built.
        wanted: The deployment that leads there.
        asked: Paths that were fetched, in order.
    """

    built: Built
    wanted: Deployment
    asked: list[str]


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[Served]:
    """Build the packages with a key of the test's own and serve them on loopback."""
    key = rsa.generate_private_key(65537, 2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    out = folder / "served"
    out.mkdir()
    asked: list[str] = []

    async def answer(request: web.Request) -> web.FileResponse:
        asked.append(request.path)
        return web.FileResponse(out / request.match_info["name"])

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        built = build(EXTENSION, out, url=url, key=folder / "key.pem")
        wanted = deployment(url, built.version, extension_id=built.signed_id, managed=MANAGED)
        yield Served(built, wanted, asked)
    finally:
        await runner.cleanup()


def policy_of(browser: Told, wanted: Deployment, **more: Any) -> dict[str, Any]:
    """Return the sample as the file it goes to, with further policies of the organisation's own."""
    made = sample(browser, System.LINUX, wanted)
    return {made.path: {**json.loads(made.text), **more}}


@asynccontextmanager
async def managed_chromium(rig: Rig, files: dict[str, Any], *, extension_id: str = "") -> AsyncIterator[Chromium]:
    """Start Chromium under policies; with an id, the extension comes from the policy and not from its folder."""
    extension = replace(rig.extension, chromium_id=extension_id) if extension_id else rig.extension
    prefix = with_etc(rig.folder / "etc", files)
    port = rig.site.https_port
    options: dict[str, Any] = {"prefix": prefix, "load": not extension_id}
    async with start_chromium(rig.folder / "chromium", rig.env, extension, port, **options) as browser:
        yield browser


@asynccontextmanager
async def managed_firefox(rig: Rig, files: dict[str, Any], *, load: bool = False) -> AsyncIterator[Firefox]:
    """Start Firefox under policies; the extension comes from the policy, or from its folder where `load` says so."""
    options: dict[str, Any] = {"prefix": with_etc(rig.folder / "etc", files), "load": load, "prefs": UNSIGNED}
    place = rig.folder / "firefox"
    async with start_firefox(place, rig.env, rig.extension, rig.site.https_port, HOSTS, **options) as browser:
        yield browser


def without_install(files: dict[str, Any]) -> dict[str, Any]:
    """Leave out the forced install, which would take the place of the extension that is loaded from its folder."""
    return {
        path: {name: value for name, value in policy.items() if name != "ExtensionSettings"}
        for path, policy in files.items()
    }


def kinds(stand_in: StandIn) -> list[str]:
    return [str(frame.get("kind")) for frame in stand_in.frames]


async def link_of(browser: Chromium | Firefox) -> dict[str, Any]:
    """Return what the extension says of its connection, asked for as its pop-up asks."""
    popup = await browser.popup()
    shown = await browser.run(
        popup,
        "new Promise((give) => { const port = chrome.runtime.connect({name: 'popup'});"
        " port.onMessage.addListener((said) => { port.disconnect(); give((said.state ?? said).link); }); })",
    )
    await browser.close_tab(popup)
    return dict(shown)


async def managed_values(browser: Chromium | Firefox) -> dict[str, Any]:
    """Return what the browser hands to the extension as managed storage."""
    popup = await browser.popup()
    values = await browser.run(popup, "(globalThis.browser ?? chrome).storage.managed.get(null)")
    await browser.close_tab(popup)
    return dict(values)


async def test_chromium_installs_the_package_by_policy_and_counts(rig: Rig, stand_in: StandIn) -> None:
    async with serving(rig.folder) as served:
        caller = f"chrome-extension://{served.built.signed_id}/"
        place = user_data_place(rig.folder / "chromium")
        report = manifests.install(rig.folder / "host", rig.relay_socket, [place], extra_callers=[caller])
        assert report.ok
        files = policy_of(Told.CHROMIUM, served.wanted, NativeMessagingBlocklist=["*"])
        async with managed_chromium(rig, files, extension_id=served.built.signed_id) as browser:
            await until(lambda: "hello" in kinds(stand_in), "the installed extension to greet", seconds=30)
            assert served.asked[:2] == ["/updates.xml", f"/gleanwatch-{served.built.version}.crx"]

            async def counted() -> bool:
                await browser.close_tab(await browser.open(PROFILE))
                return any(kind in ("load", "loads") for kind in kinds(stand_in))

            await until(counted, "a page load from the installed extension", seconds=30)
        assert not stand_in.problems


async def test_chromium_hands_over_the_managed_values_and_nothing_else(rig: Rig, stand_in: StandIn) -> None:
    wanted = Deployment("http://127.0.0.1:9/updates.xml", "", managed={**MANAGED, "acknowledged": True})
    async with managed_chromium(rig, without_install(policy_of(Told.CHROMIUM, wanted))) as browser:
        assert await until(lambda: managed_values(browser), "managed values") == MANAGED


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_block_list_for_all_needs_the_sample_s_allow_list(rig: Rig, stand_in: StandIn, allowed: bool) -> None:
    wanted = Deployment("http://127.0.0.1:9/updates.xml", "", managed=MANAGED)
    lists: dict[str, Any] = {"NativeMessagingBlocklist": ["*"]}
    if not allowed:
        lists["NativeMessagingAllowlist"] = ["org.example.other"]
    async with managed_chromium(rig, without_install(policy_of(Told.CHROMIUM, wanted, **lists))) as browser:

        async def settled() -> dict[str, Any] | None:
            link = await link_of(browser)
            return link if link["phase"] == "failed" or "hello" in kinds(stand_in) else None

        link = await until(settled, "the connection to be made or refused", seconds=30)
        if allowed:
            assert "hello" in kinds(stand_in)
        else:
            assert (link["phase"], link["problem"]) == ("failed", "blocked")
            popup = await browser.popup()
            title = "document.querySelector('#title').textContent"
            blocked = "Not connected: blocked by your administrator"
            await until(lambda: browser.run(popup, f"{title} === {json.dumps(blocked)}"), "the pop-up to say so")
            assert stand_in.frames == []


async def test_firefox_installs_the_package_by_policy_and_hands_over_the_values(rig: Rig, stand_in: StandIn) -> None:
    async with serving(rig.folder) as served:
        files = policy_of(Told.FIREFOX, served.wanted)
        async with managed_firefox(rig, files) as browser:
            await until(lambda: "hello" in kinds(stand_in), "the installed extension to greet", seconds=60)
            assert served.asked == [f"/gleanwatch-{served.built.version}.xpi"]
            assert await managed_values(browser) == MANAGED

            async def counted() -> bool:
                await browser.close_tab(await browser.open(PROFILE))
                return any(kind in ("load", "loads") for kind in kinds(stand_in))

            await until(counted, "a page load from the installed extension", seconds=30)
        assert not stand_in.problems


@pytest.mark.parametrize("told", [Told.CHROMIUM, Told.FIREFOX], ids=lambda told: told.value)
async def test_no_site_of_one_s_own_is_kept_where_the_policy_forbids_it(
    rig: Rig, stand_in: StandIn, told: Told
) -> None:
    """Pressed at once after the install, when Chromium may not have heard of the policy, and asked for after it has.

    No test can press the browser's own prompt: the site is granted by the manifest of a copy of the extension. Firefox
    hears of its policy at once and offers no form, so there is nothing to press.
    """
    folder = rig.folder / "extension"
    shutil.copytree(rig.extension.folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["host_permissions"] += [f"https://{OWN}/*", f"https://www.{OWN}/*"]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    granted = replace(rig, extension=read_extension(folder))
    wanted = Deployment("http://127.0.0.1:9/updates", "", managed={**MANAGED, "own_sites": False})
    files = without_install(policy_of(told, wanted))
    managed = managed_chromium(granted, files) if told is Told.CHROMIUM else managed_firefox(granted, files, load=True)
    async with managed as browser:
        tab = await options(browser)
        offered = "document.querySelector('#own-form').checkVisibility()"
        if told is Told.CHROMIUM:
            field, form = "document.querySelector('#own-host')", "document.querySelector('#own-form')"
            await browser.run(tab, f"({field}.value = '{OWN}', {form}.requestSubmit(), 1)")
            said = "document.querySelector('#own-said')"
            words = f'{said}.checkVisibility() && {said}.textContent.includes("allows no sites of one\'s own")'
            await until(lambda: browser.run(tab, words), "the page to say that it is not allowed", seconds=90)
        await until(lambda: browser.run(tab, f"!{offered}"), "the form to be gone", seconds=90)
        ask = "openPort('options', () => {}).ask('own_sites_add', {host: 'news.example'})"
        answer = await browser.run(tab, f"import('/background_port.js').then(({{openPort}}) => {ask})")
        assert answer == {"refused": "forbidden"}
        assert (await snapshot(browser))["ownSites"] == []
        assert OWN not in json.dumps(await storage(browser))
        assert OWN not in json.dumps(stand_in.frames)


@pytest.mark.parametrize("allowed", [False, True])
async def test_a_policy_that_blocks_a_site_hides_it_unnoticed_unless_it_is_allowed_again(
    rig: Rig, stand_in: StandIn, allowed: bool
) -> None:
    """A limit, told in docs/deploy.md: Chromium says that the extension may see the site, and shows it no address."""
    wanted = Deployment("http://127.0.0.1:9/updates.xml", "", managed=MANAGED)
    files = without_install(policy_of(Told.CHROMIUM, wanted))
    settings: dict[str, Any] = {"*": {"runtime_blocked_hosts": ["*://*.linkedin.com"]}}
    if allowed:
        settings[rig.extension.chromium_id] = {"runtime_allowed_hosts": ["*://*.linkedin.com"]}
    files = {path: {**policy, "ExtensionSettings": settings} for path, policy in files.items()}
    async with managed_chromium(rig, files) as browser:
        await until(lambda: "coverage" in kinds(stand_in), "the extension to say what it may see", seconds=30)
        await browser.open(PROFILE)
        await browser.open("https://www.instagram.com/somebody/")
        await until(lambda: any(load["platform"] == "instagram" for load in stand_in.loads), "a page load", seconds=30)
        assert [load["platform"] for load in stand_in.loads] == [*(["linkedin"] if allowed else []), "instagram"]
        assert [frame["missing"] for frame in stand_in.frames if frame["kind"] == "coverage"] == [[]]
