"""Plays the demonstration: site, agent, browser and two collecting tools, started in order and ended in any case.

    invented site → agent (a real one, in a folder that is thrown away) → browser with the extension, led by `tour`
                  → scrapy spider → requests loop → pictures of the person's page → everything ended, by pid

All of it is real but the people on the site and the names' addresses. Twice a second the agent is asked over its control
socket what it kept and found; what cannot be had (no browser, no tools) becomes a hint, and the rest goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import sys
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil

from agent.demo.browser import BrowserError, Chromium, find_chromium, start_chromium
from agent.demo.programs import apart, started
from agent.demo.site import Site, start_site
from agent.demo.story import LOOP, SPIDER, Story
from agent.demo.tour import INSIDE, tour
from agent.model.face import Status
from agent.model.findings import Finding
from agent.model.purposes import GateState, Purpose
from agent.settings.instance import Instance
from native_host import manifests
from native_host.browsers import user_data_place

Ask = Callable[[str], tuple[list[Any], Any]]
"""Asks the agent one command over its control socket; returns the items of a list and the result. Raises `Silent`."""

AGENT: Final = "from agent.cli.main import main; main()"
HERE: Final = Path(__file__).parent
START_SECONDS: Final = 40.0
LOOK_SECONDS: Final = 0.5
STEP_SECONDS: Final = 1.2
SPIDER_AT: Final = 0.2
LOOP_AT: Final = 0.4
PICTURE_WIDTH: Final = 1280
PICTURE_SCALE: Final = 1.5
PICTURE_TALLEST: Final = 1600


class Silent(Exception):
    """The agent does not answer."""


class Failed(Exception):
    """The demonstration cannot go on; the text says why."""


@dataclass(frozen=True, slots=True)
class Props:
    """What the demonstration is played with.

    Attributes:
        folder: An existing throw-away folder with a short path.
        instance: The instance inside it.
        environment: The person's environment, from which little is taken.
        tools: The environment of the collecting tools.
        extension: The extension's folder.
        pictures: Where the pictures go; made.
        ask: Asks the instance's agent.
    """

    folder: Path
    instance: Instance
    environment: Mapping[str, str]
    tools: Path
    extension: Path
    pictures: Path
    ask: Ask


async def perform(props: Props, story: Story) -> None:
    """Play it once, from the first program to the last.

    Raises:
        Failed: The agent did not start, or ended.
    """
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(start_site(props.folder))
        story.tell("an invented social site answers on loopback")
        env = apart(props.environment, props.folder, GLEANWATCH_HOME=str(props.instance.root), GLEANWATCH_DESKTOP="off")
        agent = await _start_agent(props, site, env, stack)
        story.tell("Gleanwatch runs: a test instance that acknowledges its own notice")
        browser = await _start_browser(props, site, env, story, stack)
        acting = asyncio.gather(_collect(props, site, env, story, stack), _browse(browser, story))
        watching = asyncio.create_task(_watch(props, site, story, agent))
        try:
            # Whichever fails first ends the show; otherwise its time does.
            await asyncio.wait({asyncio.ensure_future(acting), watching}, timeout=story.seconds - story.elapsed)
            for part in (watching, acting):
                if part.done():
                    part.result()
            if not watching.done():
                await _await_flags(story)
                await _take_pictures(props, story, browser)
            await _look(props, site, story, agent)
        finally:
            for part in (acting, watching):
                part.cancel()
            await asyncio.gather(acting, watching, return_exceptions=True)
        story.tell("everything is ended, and the throw-away folder removed")


async def _start_agent(props: Props, site: Site, env: Mapping[str, str], stack: AsyncExitStack) -> psutil.Process:
    root = props.instance.root
    root.mkdir(mode=0o700)
    # The tools go to the site's plain port through a proxy setting: there, it is LinkedIn.
    props.instance.config_file.write_text(f'[loopback]\n"www.linkedin.com" = "127.0.0.1:{site.http_port}"\n', "utf-8")
    log = props.folder / "agent.log"
    process = await stack.enter_async_context(
        started([sys.executable, "-c", AGENT, "run", "--demo"], log, env, props.folder)
    )
    loop = asyncio.get_running_loop()
    end = loop.time() + START_SECONDS
    while loop.time() < end and process.returncode is None:
        with contextlib.suppress(Silent):
            status = await _status(props)
            if any(gate.purpose is Purpose.DETECT and gate.state is GateState.OPEN for gate in status.gates):
                return psutil.Process(process.pid)
        await asyncio.sleep(0.1)
    said = log.read_text("utf-8", "replace").strip().splitlines()
    raise Failed(f"the agent did not start{': ' + said[-1] if said else ''}")


async def _start_browser(
    props: Props, site: Site, env: Mapping[str, str], story: Story, stack: AsyncExitStack
) -> Chromium | None:
    program, hint = find_chromium(sys.platform, env.get("PATH"))
    if program is not None and not (props.extension / "manifest.json").exists():
        program, hint = None, "the extension's folder is not beside this program: run the demonstration from a checkout"
    if program is None:
        story.hints.append(hint)
        story.tell(hint)
        return None
    profile = props.folder / "browser"
    profile.mkdir(mode=0o700)
    instance = props.instance
    report = manifests.install(instance.host_dir, instance.relay_socket, (user_data_place(profile),))
    try:
        browser = await stack.enter_async_context(
            start_chromium(program, profile, props.extension, site.https_port, env)
        )
        await _connected(props)
    except (BrowserError, TimeoutError) as problem:
        at_fault = "" if report.ok else " (its native host could not be registered)"
        story.hints.append(f"no page loads: {problem}{at_fault}; try: make browsers")
        story.tell(story.hints[-1])
        return None
    story.browsing = True
    story.tell(f"a headless {program.name} with the extension is connected")
    return browser


async def _connected(props: Props) -> None:
    """Wait until the extension has said hello. Raises TimeoutError."""
    async with asyncio.timeout(START_SECONDS):
        while not any(browser.connected for browser in (await _status(props)).browsers):
            await asyncio.sleep(0.1)


async def _collect(props: Props, site: Site, env: Mapping[str, str], story: Story, stack: AsyncExitStack) -> None:
    """Start the two tools, one after the other; they run until the end of the show, or of their work."""
    python = props.tools / "bin" / "python"
    spider = props.tools / "bin" / "scrapy"
    if not (python.exists() and spider.exists()):
        hint = "the collecting tools are not there, so none runs; make demo installs them into .venv-demo"
        story.hints.append(hint)
        story.tell(hint)
        return
    for name in ("people_spider.py", "people_loop.py"):
        (props.folder / name).write_text((HERE / f"{name}.txt").read_text("utf-8"), "utf-8")
    env = {**env, "http_proxy": f"http://127.0.0.1:{site.http_port}"}
    commands: Mapping[str, tuple[float, list[str | Path]]] = {
        SPIDER: (SPIDER_AT, [spider, "runspider", "people_spider.py", "-o", "people.json"]),
        LOOP: (LOOP_AT, [python, "people_loop.py"]),
    }
    for tool, (at, command) in commands.items():
        await asyncio.sleep(max(0.0, at * story.seconds - story.elapsed))
        log = props.folder / f"{tool.partition(' ')[0]}.log"
        process = await stack.enter_async_context(started(command, log, env, props.folder))
        story.pids[tool] = process.pid
        story.tell(f"a {tool} started (process {process.pid})")


async def _browse(browser: Chromium | None, story: Story) -> None:
    """Lead the browser through its tour until cancelled."""
    if browser is None:
        return
    try:
        tab = await browser.tab()
        for stop in tour():
            if stop.url:
                await browser.go(tab, stop.url)
            else:
                await browser.evaluate(tab, INSIDE)
            story.tell(stop.text)
            await asyncio.sleep(STEP_SECONDS)
    except BrowserError as problem:
        story.hints.append(f"the browser stopped early: {problem}")
        story.tell(story.hints[-1])


async def _watch(props: Props, site: Site, story: Story, agent: psutil.Process) -> None:
    """Look at the agent twice a second until cancelled."""
    while True:
        await _look(props, site, story, agent)
        await asyncio.sleep(LOOK_SECONDS)


async def _look(props: Props, site: Site, story: Story, agent: psutil.Process) -> None:
    """Ask the agent what it kept and found.

    Raises:
        Failed: It does not answer any more.
    """
    try:
        status = await _status(props)
        items, _ = await asyncio.to_thread(props.ask, "findings")
    except Silent as problem:
        raise Failed(f"the agent went away: {problem}") from None
    story.asked.update(("status", "findings"))
    story.requests = sum(site.requests.values())
    strangers = await asyncio.to_thread(_strangers, agent)
    if strangers is not None:
        story.strangers = max(story.strangers or 0, strangers)
    # The store lists the newest first and sends them oldest first; people read what was flagged first.
    found = sorted(msgspec.convert(items, list[Finding]), key=lambda f: (not f.flagged, -f.confidence))
    story.learn(status.totals, tuple(found))


async def _await_flags(story: Story) -> None:
    """Give a tool that was started late a little longer to be seen; a loaded machine is slow, not blind."""
    for _ in range(20):
        seen = [story.finding_of(tool) for tool in story.pids]
        if all(finding is not None and finding.flagged for finding in seen):
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _take_pictures(props: Props, story: Story, browser: Chromium | None) -> None:
    if browser is None:
        return
    _, link = await asyncio.to_thread(props.ask, "page_link")
    story.asked["page_link"] += 1
    try:
        tab = await browser.tab()
        await browser.go(tab, link["url"])
        await browser.until(tab, "location.pathname === '/'")
        story.page_sessions += 1
        props.pictures.mkdir(parents=True, exist_ok=True)
        for name, dark in (("light", False), ("dark", True)):
            shot = await browser.picture(tab, PICTURE_WIDTH, dark, PICTURE_SCALE, PICTURE_TALLEST)
            file = props.pictures / f"overview-{name}.png"
            file.write_bytes(shot)
            story.pictures.append(file)
        story.tell("a picture of your local page was taken, light and dark")
    except (BrowserError, OSError) as problem:
        story.hints.append(f"no picture was taken: {problem}")
        story.tell(story.hints[-1])


async def _status(props: Props) -> Status:
    _, result = await asyncio.to_thread(props.ask, "status")
    return msgspec.convert(result, Status)


def _strangers(agent: psutil.Process) -> int | None:
    """Count the agent's connections to other machines; None where the system does not say."""
    try:
        return sum(1 for link in agent.net_connections("inet") if link.raddr and not _own(link.raddr.ip))
    except psutil.Error:
        return None


def _own(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
