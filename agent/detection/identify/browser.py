"""What was this browser started with, and by whom? A program that drives it leaves its marks on the command line.

Takes the command line, in memory only, apart into a `BrowserStart`: who controls it and how, in words from closed
lists. `judge` turns that into evidence, and into little of it: driving a browser is how pages are tested, printed and
measured as well as how they are collected, so a driven browser by itself stays below what anybody is shown. What is
out of the ordinary by itself is listed and never flagged: a browser that hides that it is driven, one that stands open
for anybody to drive, and a server through which an AI agent drives one. Who drives it (the script's own code), what it
does on the network and how regularly pages load decide the rest.

Left alone: a browser's own helpers (`--type=renderer` and the like), one page printed or photographed, a developer's
debugger on a visible browser, kiosks, and editors and other programs that are built on a browser and debugged as such.

Sources of the switches: the Chromium source's switch files and ChromeDriver's launcher, the Firefox command line and
remote protocol pages, the launchers of Playwright and Puppeteer; facts in our own words.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agent.detection import weights
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify.agents import DRIVING_LIBRARIES, agent_server
from agent.detection.identify.browser_names import (
    CHROMIUM,
    FIREFOX,
    GRIDS,
    LIBRARY_SERVERS,
    SCRIPTED,
    WEBDRIVER,
    WEBKIT,
    by_an_editor,
    who,
)
from agent.detection.identify.executable import Form, Program, base_name
from agent.model.events import CommandLine
from agent.model.findings import Evidence, EvidenceClass

DRIVEN_TOOL: Final = "browser:driven"
"""The tool id of a driven browser and of the driver beside it: one finding for both."""
AGENT_TOOL: Final = "browser:agent"
"""The tool id of servers and agents that drive a browser for a language model."""


class Engine(StrEnum):
    """What kind of program was started."""

    CHROMIUM = "chromium"
    FIREFOX = "firefox"
    WEBKIT = "webkit"
    DRIVER = "driver"
    """A program between a script and a browser: chromedriver, geckodriver, a grid, a library's own server."""
    AGENT = "agent"
    """A server that hands a browser to a language model, or a program that joins the two."""


class Profile(StrEnum):
    """Whose profile the browser was given."""

    DEFAULT = "default"
    OWN_FOLDER = "own folder"
    THROWAWAY = "throwaway"
    AUTOMATION = "automation"
    """Named as an automation library names the ones it makes."""


@dataclass(frozen=True, slots=True)
class BrowserStart:
    """How a browser, or what drives one, was started. Nothing of the command line is in here.

    Attributes:
        engine: What kind of program.
        marks: Names of the switches that say that a program drives it, sorted.
        open_port: Whether it waits for a controller at a fixed port, rather than being held by the one that started it.
        headless: Whether no window is shown.
        profile: Whose profile.
        disguised: Whether it was told to hide that it is driven.
        one_page: The switch of one that shows one page and ends (`--dump-dom`), or empty.
        by: Who started it, in words; empty where that says nothing (a shell, a desktop).
        agent_reads: Whether an agent's server says that it scrapes or crawls.
    """

    engine: Engine
    marks: tuple[str, ...] = ()
    open_port: bool = False
    headless: bool = False
    profile: Profile = Profile.DEFAULT
    disguised: bool = False
    one_page: str = ""
    by: str = ""
    agent_reads: bool = False


_DRIVEN = frozenset(
    [
        "--enable-automation",
        "--remote-debugging-pipe",
        "--remote-debugging-io-pipes",
        "--test-type=webdriver",
        "--marionette",
        "--juggler",
        "--juggler-pipe",
        "--inspector-pipe",
        "--automation",
        "--automation-mode",
    ]
)
"""Switches that nobody types by hand: a program holds the other end."""
_ONE_PAGE = frozenset(["--print-to-pdf", "--screenshot", "--dump-dom"])
_QUIET = frozenset(["--version", "-v", "--help", "-h", "--product-version", "--createprofile", "--first-startup"])
_TELLING = frozenset(
    [
        "--disable-background-networking",
        "--disable-client-side-phishing-detection",
        "--disable-default-apps",
        "--disable-hang-monitor",
        "--disable-popup-blocking",
        "--disable-prompt-on-repost",
        "--metrics-recording-only",
        "--password-store=basic",
        "--use-mock-keychain",
        "--disable-component-extensions-with-background-pages",
        "--force-color-profile=srgb",
        "--export-tagged-pdf",
        "--disable-sync",
        "--disable-breakpad",
        "--disable-component-update",
        "--disable-infobars",
        "--disable-renderer-backgrounding",
        "--disable-backgrounding-occluded-windows",
        "--disable-session-crashed-bubble",
        "--disable-search-engine-choice-screen",
        "--homepage=about:blank",
        "--no-first-run",
        "--no-default-browser-check",
        "--no-pings",
        "--no-service-autorun",
    ]
)
"""Switches that launchers of automation libraries pass in bulk. Five of them are no person's choice."""
_TELLING_ENOUGH: Final = 5

_MADE_BY_LIBRARY = re.compile(
    r"playwright[_-]|puppeteer[_-]|pyppeteer|rust_mozprofile|\.?(?:org|com)\.(?:chromium|google|microsoft)\.\w+\.\w{6}|"
    r"scoped_dir|lighthouse[.-]|chrome-launcher|nodriver|zendriver|uc_|selenium|webdriver|mcp-|ms-playwright|"
    r"browseruse|browser-use|stagehand|\bdrissionpage|\bauto\w*profile|crawl",
    re.IGNORECASE,
)
_TEMPORARY = re.compile(
    r"^(?:/private)?(?:/tmp/|/var/tmp/|/var/folders/|/dev/shm/|/run/user/\d+/)|[/\\]temp[/\\]", re.IGNORECASE
)
_HERE = re.compile(
    r"^(?:file:|data:|about:|chrome:|https?://(?:localhost|127\.[\d.]+|\[::1\]|0\.0\.0\.0|[\w.-]+\.localhost)(?:[:/]|$))",
    re.IGNORECASE,
)


def started(
    program: Program,
    command: CommandLine,
    ancestors: Sequence[str],
    *,
    package: str = "",
    dependencies: Collection[str] = (),
) -> BrowserStart | None:
    """Say how a browser, a browser's driver or an agent's browser server was started; None for whatever else it is.

    Args:
        program: The command line, taken apart (`executable.program_of`).
        command: The command line itself.
        ancestors: Base names of the processes above, nearest first (`ProcessTree.ancestors`).
        package: Normalised name of the package that owns the entry point, or empty.
        dependencies: Normalised names of what that package says it needs (`package.SelfDescription.dependencies`).
    """
    if program.language is not None:
        return _agent(program, package, dependencies) or _library_server(program, package, ancestors)
    if program.form is not Form.NATIVE:
        return None
    arguments = _arguments(command)
    names = {program.base, program.word, base_name(command.exe)}
    if any(WEBDRIVER.fullmatch(name) or GRIDS.fullmatch(name) for name in names):
        return None if _asks_for_help(arguments) else BrowserStart(Engine.DRIVER, by=who(ancestors))
    if names & SCRIPTED:
        return None if _asks_for_help(arguments) else BrowserStart(Engine.DRIVER, headless=True, by=who(ancestors))
    engine = _engine(names, arguments)
    if engine is None:
        return _agent(program, package, dependencies)
    switches = [switch for switch in map(_switch, arguments) if switch]
    if _asks_for_help(switches) or any(switch.startswith("--type=") for switch in switches):
        return None
    if "-contentproc" in arguments or "--contentproc" in switches:
        return None
    return _browser(engine, switches, arguments, ancestors)


def judge(start: BrowserStart) -> Identified | None:
    """Say what such a start is worth: an engine at most listed; None where it is ordinary."""
    if start.engine is Engine.AGENT:
        detail = f"hands {'pages' if start.agent_reads else 'a browser'} to a language model"
        return _made("A browser for an AI agent", start, "browser.agent", detail, weights.BROWSER_AGENT)
    rule, strength = "browser.driven", weights.BROWSER_DRIVEN
    shape = "without a window" if start.headless else "with a window"
    if start.engine is Engine.DRIVER:
        rule, detail = "browser.driver", "a program stands between a script and a browser"
    elif start.disguised:
        rule, strength = "browser.disguised", weights.BROWSER_DISGUISED
        detail = "a browser was told to hide that a program drives it"
    elif start.marks:
        lent = " and a profile made for it" if start.profile in (Profile.AUTOMATION, Profile.THROWAWAY) else ""
        detail = f"a program drives a browser {shape}{lent}"
    elif start.open_port:
        rule, detail = "browser.open-port", "a browser without a window waits to be driven from outside"
        # Whoever was started by a program is held by it; what was started by hand waits for whoever comes.
        strength = weights.BROWSER_DRIVEN if start.by else weights.BROWSER_OPEN
    elif start.one_page == "--dump-dom":
        rule, strength = "browser.one-page", weights.BROWSER_ONE_PAGE
        detail = "a browser without a window prints a page's content"
    else:
        return None
    by = f", started by {start.by}" if start.by else ""
    return _made("A driven browser", start, rule, detail + by, strength)


def _browser(
    engine: Engine, switches: Sequence[str], arguments: Sequence[str], ancestors: Sequence[str]
) -> BrowserStart | None:
    """Read the switches of a browser's own process; None where they say nothing."""
    keys = {switch.partition("=")[0] for switch in switches}
    headless = "--headless" in keys or "headless" in base_name(arguments[0] if arguments else "")
    if not headless and by_an_editor(ancestors):
        return None  # an editor's own debugger holds the browser that its person works in
    marks = {switch for switch in switches if switch in _DRIVEN} | (keys & _DRIVEN)
    port = _value("--remote-debugging-port", switches, arguments)
    profile = _profile(_value("--user-data-dir", switches, arguments) or _value("--profile", switches, arguments) or "")
    launched = len(_TELLING & ({*switches} | keys)) >= _TELLING_ENOUGH or profile is Profile.AUTOMATION
    if port == "0" or (port is not None and launched):
        marks.add("--remote-debugging-port")
    disguised = any("automationcontrolled" in switch for switch in switches if switch.startswith("--disable-"))
    if "--kiosk" in keys and not headless and not marks:
        return None
    one_page = next((key for key in sorted(keys & _ONE_PAGE)), "") if headless and port is None and not marks else ""
    if one_page and all(_HERE.match(place) for place in _places(arguments)):
        return None
    if not (marks or disguised or one_page or (port is not None and headless)):
        return None
    return BrowserStart(
        engine,
        tuple(sorted(mark.partition("=")[0] for mark in marks)),
        open_port=port not in (None, "0"),
        headless=headless,
        profile=profile,
        disguised=disguised,
        one_page=one_page,
        by=who(ancestors),
    )


def _engine(names: Collection[str], arguments: Sequence[str]) -> Engine | None:
    """Tell the browser by its name, or, under any other name, by what only a launcher of automation passes."""
    for pattern, engine in ((CHROMIUM, Engine.CHROMIUM), (FIREFOX, Engine.FIREFOX), (WEBKIT, Engine.WEBKIT)):
        if any(pattern.fullmatch(name) for name in names):
            return engine
    switches = {switch for switch in map(_switch, arguments) if switch}
    keys = {switch.partition("=")[0] for switch in switches}
    if keys & {"--juggler", "--juggler-pipe", "--marionette"} and keys & {"--headless", "--profile", "--no-remote"}:
        return Engine.FIREFOX
    held = {"--enable-automation", "--remote-debugging-pipe", "--remote-debugging-port", "--headless"} & keys
    hidden = any("automationcontrolled" in switch for switch in switches)
    if "--user-data-dir" in keys and (len(held) >= 2 or (held and hidden)) and len(_TELLING & (switches | keys)) >= 3:
        return Engine.CHROMIUM
    return None


def _arguments(command: CommandLine) -> tuple[str, ...]:
    """Return the whole command line; a browser's helper writes its own over it, as one text with spaces."""
    if len(command.argv) == 1 and " --" in command.argv[0]:
        return tuple(command.argv[0].split())
    return command.argv


def _switch(argument: str) -> str:
    """Return a switch in one spelling: lower case, two dashes; empty for what is no switch, or too long for one."""
    if not argument.startswith("-") or len(argument) > 4096:
        return ""
    key, equals, value = argument.lstrip("-").partition("=")
    return f"--{key.lower()}{equals}{value.lower()}" if key else ""


def _value(key: str, switches: Sequence[str], arguments: Sequence[str]) -> str | None:
    """Return the value of a switch, given after `=` or as the next argument; None where the switch is absent."""
    for switch in switches:
        if switch.startswith(f"{key}="):
            return switch.partition("=")[2]
    for at, argument in enumerate(arguments):
        if _switch(argument) == key:
            following = arguments[at + 1] if at + 1 < len(arguments) else ""
            return "" if following.startswith("-") else following.lower()
    return None


def _profile(folder: str) -> Profile:
    if not folder:
        return Profile.DEFAULT
    if _MADE_BY_LIBRARY.search(re.split(r"[/\\]", folder.rstrip("/\\"))[-1]):
        return Profile.AUTOMATION
    return Profile.THROWAWAY if _TEMPORARY.search(folder) else Profile.OWN_FOLDER


def _places(arguments: Sequence[str]) -> list[str]:
    """Return what a browser was asked to show: arguments that are addresses, or files of this machine."""
    shown = [argument for argument in arguments[1:] if not argument.startswith("-")]
    return [place if "://" in place or ":" in place[:6] or "." in place else "file:" for place in shown if place]


def _asks_for_help(arguments: Sequence[str]) -> bool:
    return any(argument.lower() in _QUIET for argument in arguments[:4])


def _library_server(program: Program, package: str, ancestors: Sequence[str]) -> BrowserStart | None:
    """Recognise the server that an automation library runs beside the script, and a grid of browsers."""
    library = package in DRIVING_LIBRARIES or any(
        f"/{one}/" in program.target.replace("\\", "/") for one in ("playwright", "playwright-core", "patchright")
    )
    if library and LIBRARY_SERVERS & {argument.lower() for argument in program.arguments[:2]}:
        return BrowserStart(Engine.DRIVER, by=who(ancestors))
    if GRIDS.fullmatch(program.word) and not _asks_for_help(program.arguments):
        return BrowserStart(Engine.DRIVER, by=who(ancestors))
    return None


def _agent(program: Program, package: str, dependencies: Collection[str]) -> BrowserStart | None:
    server = agent_server(program, package, dependencies)
    return None if server is None else BrowserStart(Engine.AGENT, headless=server.headless, agent_reads=server.reads)


def _made(name: str, start: BrowserStart, rule: str, detail: str, strength: float) -> Identified:
    flags = {*start.marks, start.one_page}
    flags |= {"--headless"} if start.headless else set()
    flags |= {"--disable-blink-features"} if start.disguised else set()
    flags |= {"--remote-debugging-port"} if start.open_port else set()
    return Identified(
        tool=AGENT_TOOL if start.engine is Engine.AGENT else DRIVEN_TOOL,
        name=name,
        family="browser-automation",
        role=Role.ENGINE,
        bulk=Bulk.NEVER,
        evidence=(Evidence(EvidenceClass.FLAGS, rule, detail, strength),),
        capability="scrapes" if start.agent_reads else "drives",
        flags=tuple(sorted(flags - {""})),
    )
