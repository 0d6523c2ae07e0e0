"""Plays the demonstration: site, agent, browser and two collecting tools, started in order and ended in any case.

    invented site → agent (a real one, in a folder that is thrown away) → browser with the extension, led by `tour`
                  → scrapy spider → requests loop → pictures of the person's page → everything ended, by pid

All of it is real but the people on the site and the names' addresses. Twice a second the agent is asked over its
control socket what it kept and found; what cannot be had (no browser, no tools) becomes a hint, and the rest goes on.
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
NAME_SERVER_PORT: Final = 53
PICTURE_WIDTH: Final = 1280
PICTURE_SCALE: Final = 1.5
PICTURE_TALLEST: Final = 2400


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
        Failed: The agent did not start, or went away.
    """
    try:
        async with AsyncExitStack() as stack:
            await _perform(props, story, stack)
    except Silent:
        raise Failed(f"the agent ended before its time{_last_line(props.folder / 'agent.log')}") from None
    story.tell("everything that was started has ended")


async def _perform(props: Props, story: Story, stack: AsyncExitStack) -> None:
    site = await stack.enter_async_context(start_site(props.folder))
    story.tell("an invented social site answers on loopback")
    env = apart(props.environment, props.folder, GLEANWATCH_HOME=str(props.instance.root), GLEANWATCH_DESKTOP="off")
    agent = await _start_agent(props, site, env, story, stack)
    story.tell("Gleanwatch runs: a test instance that acknowledges its own notice")
    browser = await _start_browser(props, site, env, story, stack)
    parts = (
        asyncio.create_task(_collect(props, site, env, story, stack)),
        asyncio.create_task(_browse(browser, story)),
        asyncio.create_task(_watch(props, site, story, agent)),
    )
    try:
        done, _ = await asyncio.wait(
            parts, timeout=max(0.0, story.seconds - story.elapsed), return_when=asyncio.FIRST_EXCEPTION
        )
        for part in done:
            part.result()
        await _await_flags(story)
        await _take_pictures(props, story, browser)
        await _look(props, site, story, agent)
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)


async def _start_agent(
    props: Props, site: Site, env: Mapping[str, str], story: Story, stack: AsyncExitStack
) -> psutil.Process:
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
            status = await _status(props, story)
            if any(gate.purpose is Purpose.DETECT and gate.state is GateState.OPEN for gate in status.gates):
                return psutil.Process(process.pid)
        await asyncio.sleep(0.1)
    raise Failed(f"the agent did not start{_last_line(log)}")


async def _start_browser(
    props: Props, site: Site, env: Mapping[str, str], story: Story, stack: AsyncExitStack
) -> Chromium | None:
    program, hint = find_chromium(sys.platform, env.get("PATH"))
    if program is not None and not (props.extension / "manifest.json").exists():
        program, hint = None, "the extension's folder is not beside this program: run the demonstration from a checkout"
    if program is None:
        story.hint(hint)
        return None
    profile = props.folder / "browser"
    profile.mkdir(mode=0o700)
    instance = props.instance
    report = manifests.install(instance.host_dir, instance.relay_socket, (user_data_place(profile),))
    try:
        browser = await stack.enter_async_context(
            start_chromium(program, profile, props.extension, site.https_port, env)
        )
        await _connected(props, story)
    except (BrowserError, TimeoutError) as problem:
        at_fault = "" if report.ok else " (its native host could not be registered)"
        told = str(problem) or "the extension did not connect"
        story.hint(f"no page loads: {told}{at_fault}; try: make browsers")
        return None
    story.browsing = True
    story.tell(f"a headless {program.name} with the extension is connected")
    return browser


async def _connected(props: Props, story: Story) -> None:
    """Wait until the extension has said hello. Raises TimeoutError."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            if any(browser.connected for browser in (await _status(props, story)).browsers):
                return
            await asyncio.sleep(0.1)


async def _collect(props: Props, site: Site, env: Mapping[str, str], story: Story, stack: AsyncExitStack) -> None:
    """Start the two tools, one after the other; they run until the end of the show, or of their work."""
    python = props.tools / "bin" / "python"
    spider = props.tools / "bin" / "scrapy"
    if not (python.exists() and spider.exists()):
        hint = "the collecting tools are not there, so none runs; make demo installs them into .venv-demo"
        story.hint(hint)
        return
    for name in ("people_spider.py", "people_loop.py"):
        (props.folder / name).write_text((HERE / f"{name}.txt").read_text("utf-8"), "utf-8")
    env = {**env, "http_proxy": f"http://127.0.0.1:{site.http_port}"}
    commands: Mapping[str, tuple[float, list[str | Path]]] = {
        SPIDER: (SPIDER_AT, [spider, "runspider", "people_spider.py", "-o", "people.json"]),
        LOOP: (LOOP_AT, [python, "people_loop.py"]),
    }
    running = {}
    for tool, (at, command) in commands.items():
        await asyncio.sleep(max(0.0, at * story.seconds - story.elapsed))
        try:
            process = await stack.enter_async_context(started(command, _log(props, tool), env, props.folder))
        except OSError as problem:
            story.hint(f"the {tool} could not be started: {problem.strerror}; make demo installs it anew")
            continue
        running[tool] = process
        story.pids[tool] = process.pid
        story.tell(f"a {tool} started (process {process.pid})")
    await asyncio.gather(*(_until_over(props, story, tool, process) for tool, process in running.items()))


async def _until_over(props: Props, story: Story, tool: str, process: asyncio.subprocess.Process) -> None:
    """Wait for a tool that is done before the show is, and say how it went."""
    code = await process.wait()
    if code == 0:
        story.tell(f"the {tool} has collected everything there was")
    else:
        story.hint(f"the {tool} broke off with code {code}{_last_line(_log(props, tool))}")


def _log(props: Props, tool: str) -> Path:
    return props.folder / f"{tool.partition(' ')[0]}.log"


def _last_line(log: Path) -> str:
    said = log.read_text("utf-8", "replace").strip().splitlines()
    return f": {said[-1]}" if said else ""


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
        story.hint(f"the browser stopped early: {problem}")


async def _watch(props: Props, site: Site, story: Story, agent: psutil.Process) -> None:
    """Look at the agent twice a second until cancelled."""
    while True:
        await _look(props, site, story, agent)
        await asyncio.sleep(LOOK_SECONDS)


async def _look(props: Props, site: Site, story: Story, agent: psutil.Process) -> None:
    """Ask the agent what it kept and found.

    Raises:
        Silent: It does not answer any more.
    """
    status = await _status(props, story)
    items, _ = await _ask(props, story, "findings")
    story.requests = sum(site.requests.values())
    outside = await asyncio.to_thread(_outside, agent)
    if outside is not None:
        before = story.outside or (0, 0)
        story.outside = (max(before[0], outside[0]), max(before[1], outside[1]))
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
    _, link = await _ask(props, story, "page_link")
    try:
        tab = await browser.tab()
        await browser.go(tab, link["url"])
        await browser.until(tab, "location.pathname === '/' && !!document.querySelector('#day-table')")
        # Opened as a person would open it: the table says which kinds of page the bars count.
        await browser.evaluate(tab, "document.querySelector('#day-table').open = true")
        story.page_sessions += 1
        props.pictures.mkdir(parents=True, exist_ok=True)
        for name, dark in (("light", False), ("dark", True)):
            shot = await browser.picture(tab, PICTURE_WIDTH, dark, PICTURE_SCALE, PICTURE_TALLEST)
            file = props.pictures / f"overview-{name}.png"
            file.write_bytes(shot)
            story.pictures.append(file)
        story.tell("a picture of your local page was taken, light and dark")
    except (BrowserError, OSError) as problem:
        story.hint(f"no picture was taken: {problem}")


async def _ask(props: Props, story: Story, command: str) -> tuple[list[Any], Any]:
    """Ask the agent one command, and count that somebody asked."""
    answer = await asyncio.to_thread(props.ask, command)
    story.asked[command] += 1
    return answer


async def _status(props: Props, story: Story) -> Status:
    _, result = await _ask(props, story, "status")
    return msgspec.convert(result, Status)


def _outside(agent: psutil.Process) -> tuple[int, int] | None:
    """Count the agent's connections to other machines, and apart from them those to a name server.

    Returns:
        Connections and name look-ups under way now; None where the system does not say.
    """
    try:
        links = [link for link in agent.net_connections("inet") if link.raddr and not _own(link.raddr.ip)]
    except psutil.Error:
        return None
    lookups = sum(1 for link in links if link.raddr.port == NAME_SERVER_PORT)
    return len(links) - lookups, lookups


def _own(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback
