"""Who must not get at the person's page tries it, with the real agent and in a real Chromium that is signed in to it.

The page lies on loopback, in reach of every site that the person visits and of every program on the machine. Each test
is one attacker: a hostile site (cross-site reads, changes, framing, the live view), a name of theirs turned to loopback
(DNS rebinding), another local web server, a local process without the link, another user of the machine, and text from
outside that would like to be a script.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.support.agent import Agent, running_agent
from tests.support.browser import Tab
from tests.support.chromium import CdpError, Chromium, start_chromium
from tests.support.collecting import flagged, own_script
from tests.support.extension import ExtensionFolder
from tests.support.places import short_folder
from tests.support.waiting import until

LINK = re.compile(r"http://(gw-[0-9a-z]+\.localhost:(\d+))/enter/\S+")
NASTY = "<img src=x onerror=window.stolen=1>"
PAGES = ("/", "/findings", "/data", "/consent", "/history", "/ledger", "/settings", "/health", "/why", "/reports")


@dataclass
class Other:
    """A web server of somebody else on this machine, with everything that was sent to it."""

    port: int
    heard: list[dict[str, str]] = field(default_factory=list)

    @property
    def site(self) -> str:
        """Its address under a name that no browser takes for the page's own site."""
        return f"http://evil.localhost:{self.port}"


@dataclass
class Scene:
    """The agent, its page open in a browser, and somebody else's server beside it."""

    agent: Agent
    browser: Chromium
    mine: Tab
    host: str
    other: Other

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    @property
    def port(self) -> int:
        return int(self.host.rpartition(":")[2])

    async def acts(self) -> int:
        """How many acts are on record."""
        answer = await self.agent.command("consent", "history", "--json")
        assert answer.code == 0, answer.err
        return len(answer.json["history"])

    async def counted(self, name: str, before: int = 0) -> None:
        """Wait until the agent has counted a refusal."""

        async def look() -> bool:
            return (await self.agent.counters()).get(name, 0) > before

        await until(look, f"{name} to be counted", seconds=30, every=0.3)


@asynccontextmanager
async def other_server() -> AsyncIterator[Other]:
    """Serve an empty page to whoever comes, and remember what they sent."""
    other = Other(0)

    async def answer(request: web.Request) -> web.Response:
        other.heard.append({"host": request.host, **{name.lower(): value for name, value in request.headers.items()}})
        return web.Response(text="<!doctype html><title>other</title><body></body>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    other.port = runner.addresses[0][1]
    try:
        yield other
    finally:
        await runner.cleanup()


async def fresh_link(agent: Agent) -> str:
    """Return a one-time link, as a person gets it in a terminal."""
    answer = await agent.command("status")
    found = LINK.search(answer.out)
    assert found is not None, answer.out
    return found.group(0)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Start everything, and sign the browser in."""
    with short_folder() as folder:
        empty = folder / "nothing"
        empty.mkdir()
        (empty / "manifest.json").write_text(json.dumps({"manifest_version": 3, "name": "nothing", "version": "1"}))
        async with running_agent(folder) as agent, other_server() as other:
            link = await fresh_link(agent)
            found = LINK.search(link)
            assert found is not None
            # Every other name leads to the page's own port: that is what a rebound name does.
            async with start_chromium(
                folder / "chromium",
                agent.env,
                ExtensionFolder(empty, "", "", ""),
                int(found.group(2)),
                wait_for_worker=False,
            ) as browser:
                mine = await browser.open(link)
                await until(lambda: browser.run(mine, "location.pathname === '/'"), "the page to be entered")
                yield Scene(agent, browser, mine, found.group(1), other)


async def test_a_hostile_site_reads_nothing_and_changes_nothing(scene: Scene) -> None:
    before, refused = await scene.acts(), (await scene.agent.counters()).get("web.cross_site", 0)
    evil = await scene.browser.open(scene.other.site)
    for mode in ("cors", "no-cors"):
        read = (
            f"fetch('{scene.origin}/', {{mode: '{mode}', credentials: 'include'}})"
            ".then((r) => r.text()).then((t) => 'read:' + t.length).catch(() => 'denied')"
        )
        # A read without cors is answered with nothing that can be looked into: its text has no length.
        assert await scene.browser.run(evil, read) in ("denied", "read:0")
    form = f"""(() => {{
        const form = document.createElement('form');
        form.method = 'post'; form.action = '{scene.origin}/act';
        for (const [name, value] of [['kind', 'objected'], ['purpose', ''], ['from', 'notice']]) {{
            const field = document.createElement('input'); field.name = name; field.value = value; form.append(field);
        }}
        document.body.append(form); form.submit();
    }})()"""
    await scene.browser.run(evil, form)
    await scene.counted("web.cross_site", refused)
    assert await scene.acts() == before
    for tag, source in (("script", "src"), ("img", "src"), ("link", "href")):
        evil = await scene.browser.open(scene.other.site)
        loaded = f"""new Promise((give) => {{
            const one = document.createElement('{tag}'); one.rel = 'stylesheet';
            one.onload = () => give('loaded'); one.onerror = () => give('denied');
            one['{source}'] = '{scene.origin}/static/style.css'; document.body.append(one);
            setTimeout(() => give('nothing'), 5000);
        }})"""
        assert await scene.browser.run(evil, loaded) == "denied"


async def test_nobody_can_frame_the_page(scene: Scene) -> None:
    evil = await scene.browser.open(scene.other.site)
    framed = f"""new Promise((give) => {{
        const frame = document.createElement('iframe'); frame.onload = () => give(true);
        frame.src = '{scene.origin}/'; document.body.append(frame);
    }})"""
    assert await scene.browser.run(evil, framed)
    # The frame keeps the address it was to show, and shows the browser's own refusal.
    frames = [
        target
        for target in (await scene.browser.call("Target.getTargets"))["targetInfos"]
        if target["type"] == "iframe" and scene.host in target["url"]
    ]
    for target in frames:
        attached = await scene.browser.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        inside = Tab(target["targetId"], attached["sessionId"])
        assert await scene.browser.run(inside, "document.querySelector('main, .brand, form') === null")
    tree = await scene.browser.call("Page.getFrameTree", evil.session)
    local = [child["frame"] for child in tree["frameTree"].get("childFrames", [])]
    assert frames or local, "there is no frame to look into"
    assert all(one["url"].startswith("chrome-error:") or one.get("unreachableUrl") for one in local)
    opened = f"""(() => {{ const other = window.open('{scene.origin}/'); return new Promise((give) =>
        setTimeout(() => {{ let seen = 'denied'; try {{ seen = other ? other.document.title : 'denied'; }} catch {{}}
        give(seen); }}, 1500)); }})()"""
    assert await scene.browser.run(evil, opened) in ("denied", "")


async def test_the_live_view_is_for_the_page_alone(scene: Scene) -> None:
    evil = await scene.browser.open(scene.other.site)
    listened = f"""new Promise((give) => {{
        const source = new EventSource('{scene.origin}/events', {{withCredentials: true}});
        source.onopen = () => give('open'); source.onmessage = () => give('heard');
        source.onerror = () => give(source.readyState === EventSource.CLOSED ? 'denied' : 'trying');
    }})"""
    assert await scene.browser.run(evil, listened) == "denied"


async def test_a_name_turned_to_loopback_gets_nothing(scene: Scene) -> None:
    rebound = await scene.browser.open(f"http://evil.example:{scene.port}/")
    text = await scene.browser.run(rebound, "document.body.innerText")
    assert "not the address of the page" in text
    read = "fetch('/').then((r) => [r.status, document.cookie])"
    assert await scene.browser.run(rebound, read) == [421, ""]
    await scene.counted("web.wrong_host")


async def test_another_local_web_server_is_sent_no_cookie(scene: Scene) -> None:
    for name in ("127.0.0.1", "localhost", "evil.localhost"):
        await scene.browser.open(f"http://{name}:{scene.other.port}/")
    assert len(scene.other.heard) >= 3
    assert not any("cookie" in headers for headers in scene.other.heard)
    # Nor does a link in the page tell it where it came from.
    assert scene.host not in json.dumps(scene.other.heard)


async def test_a_local_process_without_the_link_gets_nothing(scene: Scene) -> None:
    """It knows even the page's random name, which only a process of this user could have found out."""
    async with aiohttp.ClientSession() as http:
        for path in (*PAGES, "/events", "/export.zip", "/data.json"):
            url = f"http://127.0.0.1:{scene.port}{path}"
            async with http.get(url, headers={"Host": scene.host}, allow_redirects=False) as answer:
                assert answer.status in (401, 403), path
                assert "Set-Cookie" not in answer.headers
        for guess in ("", "x", "A" * 32):
            url = f"http://127.0.0.1:{scene.port}/enter/{guess}"
            async with http.get(url, headers={"Host": scene.host}, allow_redirects=False) as answer:
                assert answer.status in (401, 403, 404, 410)
                assert "Set-Cookie" not in answer.headers
    link = await fresh_link(scene.agent)
    path = link.partition(scene.host)[2]
    async with aiohttp.ClientSession() as http:
        statuses = []
        for _ in range(2):
            url = f"http://127.0.0.1:{scene.port}{path}"
            async with http.get(url, headers={"Host": scene.host}, allow_redirects=False) as answer:
                statuses.append(answer.status)
    assert statuses[0] == 303
    assert statuses[1] != 303, "a link opens the page once"


AS_ANOTHER_USER = """
import http.client, json, socket, sys
host, port, sockets = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
link.request("GET", "/", headers={"Host": host})
said = {"page": link.getresponse().status}
for path in sockets:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        try:
            one.settimeout(5)
            one.connect(path)
            said[path] = "connected"
        except OSError as problem:
            said[path] = type(problem).__name__
print(json.dumps(said))
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="another user needs root to become one")
async def test_another_user_of_the_machine_gets_nothing(scene: Scene) -> None:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("needs setpriv, to become another user")
    sockets = [str(path) for path in scene.agent.home.rglob("*.sock")]
    assert len(sockets) >= 2
    process = await asyncio.create_subprocess_exec(
        setpriv, "--reuid=65534", "--regid=65534", "--clear-groups",
        "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable,
        "-c", AS_ANOTHER_USER, scene.host, str(scene.port), *sockets,
        stdout=asyncio.subprocess.PIPE, cwd="/",
    )  # fmt: skip
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    said = json.loads(out)
    assert said.pop("page") == 401
    assert set(said.values()) == {"PermissionError"}


async def test_text_from_outside_never_becomes_a_script(scene: Scene) -> None:
    """The name of a script, and a person's own words, would each like to run when they are shown."""
    place = scene.agent.folder / "work"
    place.mkdir()
    async with own_script(place, scene.agent.env, NASTY) as pid:
        finding = await flagged(scene.agent, pid)
        answer = await scene.agent.command("findings", "answer", finding["id"], "mistaken", "--words", NASTY)
        if answer.code != 0:
            await scene.browser.go(scene.mine, f"{scene.origin}/")
            form = f"""fetch('/answer', {{method: 'POST',
                headers: {{'Content-Type': 'application/x-www-form-urlencoded'}},
                body: new URLSearchParams({{finding: {json.dumps(finding["id"])}, answer: 'mistaken', from: 'finding',
                words: {json.dumps(NASTY)}, form_token: document.querySelector('meta[name=form-token]').content}})}})
                .then((r) => r.ok)"""
            assert await scene.browser.run(scene.mine, form)
        for path in (*PAGES, f"/findings/{finding['id']}", "/data/finding", "/data/act", "/findings?show=all"):
            await scene.browser.go(scene.mine, f"{scene.origin}{path}")
            assert await scene.browser.run(scene.mine, "document.querySelectorAll('img[src=\"x\"]').length") == 0, path
            assert await scene.browser.run(scene.mine, "window.stolen === undefined"), path
            inline = "[...document.scripts].filter((one) => !one.src).length"
            assert await scene.browser.run(scene.mine, inline) == 0, path
        await scene.browser.go(scene.mine, f"{scene.origin}/findings/{finding['id']}")
        assert NASTY in await scene.browser.run(scene.mine, "document.body.textContent")
        # Had it become one after all, the policy would not have let it run.
        with pytest.raises(CdpError):
            await scene.browser.run(
                scene.mine,
                "new Promise((give, fail) => { document.addEventListener('securitypolicyviolation', () =>"
                " fail(new Error('denied'))); document.body.insertAdjacentHTML('beforeend',"
                f" {json.dumps(NASTY)}); setTimeout(() => give(window.stolen), 3000); }})",
            )
