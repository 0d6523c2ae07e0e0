"""`gleanwatch run`: the agent in the foreground.

Opens the instance, starts the daemon, shows the notice and asks for an answer where a person sits at the terminal and
the notice is due (`run_notice`), and says in plain lines what happens. Ctrl-C ends it cleanly, in the middle of the
question too. As a service it says nothing at all but why it could not start: what it prints would be kept by the
system's journal, outside the encrypted database. Either way a log of its own is kept (`agent/logs.py`).
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from agent import __version__
from agent.cli.asking import Failure, this_instance, uid
from agent.cli.show import LEVEL_STYLE, console
from agent.model.purposes import GateState, Mode, Purpose
from agent.packaging.place import extension_folder
from agent.service.plan import HELPLESS

if TYPE_CHECKING:
    from agent.daemon import Daemon
    from agent.model.ports import Clock
    from agent.opening import Opened

log = logging.getLogger(__name__)

MODES = {
    Mode.PERSONAL: "personal: no organisation, nothing leaves this machine",
    Mode.MANAGED: "managed",
    Mode.TEST: "TEST instance: it acknowledges its own notices",
}


@click.command()
@click.option("--demo", is_flag=True, help="A throw-away test instance: stamped as such, acknowledges its own notices.")
@click.option("--register/--no-register", default=False, help="First connect every browser that is found.")
@click.option("--set-aside", is_flag=True, help="Keep a damaged database beside a new one instead of stopping.")
@click.option("--service", is_flag=True, help="As a service starts it: prints nothing but why it could not start.")
@click.option("--wait", default=0.0, metavar="SECONDS", help="Wait that long for another agent here to end.")
@click.option("--refusal-code", default=HELPLESS, hidden=True, help="Exit status of a service that cannot start.")
@click.option("--verbose", "-v", is_flag=True, help="Say more of what the agent does.")
def run(
    *, demo: bool, register: bool, set_aside: bool, service: bool, wait: float, refusal_code: int, verbose: bool
) -> None:
    """Run the agent in the foreground, with its local page.

    Nothing is observed before its notice was shown and, in personal mode, before you said yes. At a terminal the notice
    is printed and asks for your answer, in your language where we have it; otherwise it waits on the local page.

    \b
    gleanwatch run
    gleanwatch run --register         connect every browser first
    gleanwatch run --demo             a throw-away instance, to look around
    """
    from agent.crashes import keep, report_of
    from agent.daemon import run as run_daemon
    from agent.keys.system import system_backend
    from agent.logs import keep_log
    from agent.model.faults import described
    from agent.opening import StartError, open_instance
    from agent.settings.clock import SystemClock

    instance = this_instance(demo)
    say = console()
    clock = SystemClock()
    if not service:
        printed = logging.StreamHandler()
        printed.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        printed.setLevel(logging.INFO if verbose else logging.WARNING)
        logging.getLogger().addHandler(printed)
    try:
        opened = open_instance(
            instance,
            uid(),
            clock,
            find_backend=system_backend,
            say=lambda text: None if service else say.print(f"[yellow]{text}[/]"),
            keep_damaged_aside=set_aside,
            wait_for_lock=wait,
        )
    except StartError as problem:
        _refuse(problem, refusal_code if service else 1)
    # Only who holds the instance writes its log.
    keep_log(instance.log_dir)
    log.info("release %s starts, %s mode", __version__, opened.rulebook.mode.value)
    if register:
        from agent.cli.browser import register_all

        register_all(instance)
    # What was loaded until here stays for ever: keep the collector from walking it again and again.
    gc.collect()
    gc.freeze()

    def ready(daemon: Daemon) -> None:
        if not service:
            daemon.background(_converse(daemon, opened, clock))

    try:
        asyncio.run(run_daemon(opened, clock, uid(), Path.home(), ready))
    except StartError as problem:
        log.error("the agent could not start")
        _refuse(problem, refusal_code if service else 1)
    except Exception as problem:
        log.critical("the agent ended by a fault of its own: %s", described(problem))
        keep(instance.fault_dir, report_of(problem, clock.now()))
        raise Failure(
            f"the agent ended by a fault of its own ({type(problem).__name__}). A report of it, on this computer only: "
            "gleanwatch faults. What was kept is kept; start it anew: gleanwatch run"
        ) from None
    log.info("stopped")
    if service:
        return
    say.print("Gleanwatch has stopped. What was kept stays until its time is over; nothing is observed now.")


def _refuse(problem: Exception, code: int) -> NoReturn:
    """End an agent that cannot start; a service's exit status tells the system not to try again."""
    Failure(str(problem)).show()
    sys.exit(code)


async def _converse(daemon: Daemon, opened: Opened, clock: Clock) -> None:
    """Say what runs, ask for the notice where it is due, then tell what happens until the agent stops."""
    from agent.cli.run_notice import ask_at_start, at_terminal, terminal_line

    say, mode = console(), opened.rulebook.mode
    say.print(f"[bold]Gleanwatch[/] runs ({MODES[mode]}). Ctrl-C ends it.")
    if at_terminal():
        try:
            await ask_at_start(daemon.face, mode, clock, terminal_line)
        except ValueError as problem:
            say.print(f"[yellow]{problem}[/]")
    _introduce(daemon, mode)
    await _tell(daemon)


def _introduce(daemon: Daemon, mode: Mode) -> None:
    """Say where the page is, and how to connect a browser."""
    say = console()
    say.print(f"  Your page, once, within a minute: {daemon.face.page_link()}", soft_wrap=True)
    say.print("  A fresh link at any time:         gleanwatch status")
    if mode is Mode.TEST or daemon.relay.connected():
        return
    say.print()
    extension = extension_folder()
    if extension is None:
        say.print("  The extension is not part of this installation: pages are not seen. Install Gleanwatch again.")
        return
    say.print("  To see page loads, load the extension (its folder is the source, as you read it):")
    say.print("    Chromium, Chrome, Edge, Brave: chrome://extensions → Developer mode → «Load unpacked» →")
    say.print(f"      {extension}", soft_wrap=True)
    say.print("    Firefox: about:debugging#/runtime/this-firefox → «Load Temporary Add-on…» → manifest.json there")
    say.print("  The browser will say «read and change your data» on eight sites. It has no smaller permission that")
    say.print("  tells an extension which page was opened. It is not used for more: the manifest has no content script")
    say.print("  and no scripting permission. Check: grep -c content_scripts extension/manifest.json   prints 0")


async def _tell(daemon: Daemon) -> None:
    """Print one line whenever the gate changes or a flag appears, until the agent stops."""
    say = console()
    heard = daemon.changes.listen()
    told: dict[str, str] = {}
    gate = daemon.gate(Purpose.DETECT)
    say.print(f"  Watching: {_gate_words(gate.state, gate.reason)}")
    async for topic in heard:
        if topic == "gates" and daemon.gate(Purpose.DETECT) != gate:
            gate = daemon.gate(Purpose.DETECT)
            say.print(f"  Watching: {_gate_words(gate.state, gate.reason)}")
        if topic != "findings":
            continue
        for finding in await daemon.face.findings():
            mark = f"{finding.stage}/{finding.level}"
            if finding.flagged and told.get(finding.id) != mark:
                told[finding.id] = mark
                why = finding.evidence[0].detail if finding.evidence else ""
                style = LEVEL_STYLE[finding.level.value]
                say.print(f"  [{style}]⚑ {finding.name}[/] {finding.stage.value}, {finding.level.value}: {why}")


def _gate_words(state: GateState, reason: str) -> str:
    if state is GateState.OPEN:
        return "on"
    waits = {
        "notice_not_shown": "off, until you have read the notice on your page, or here: gleanwatch consent review",
        "notice_changed": "off, until you have read what changed in the notice: gleanwatch consent review",
        "not_acknowledged": "off, until you have answered the notice on your page, or here: gleanwatch consent review",
        "not_authorised": "off, until you authorise it: gleanwatch consent review",
        "language_missing": "off, because the law here asks for a notice in a language that is not there yet",
        "lead_days": "off, until the days between notice and start are over",
        "objected": "off, because you said no. Start again: gleanwatch consent review",
        "switched_off": "off, by the organisation's policy",
    }
    return waits.get(reason, "off")
