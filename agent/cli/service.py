"""`gleanwatch service`: the agent as a service of the person's own, so that it is there after each log-in.

instance, environment → `agent.service.plan` → the system's own form → installed, shown, removed. What is written can be
read before: `gleanwatch service show`. Why it cannot start is found by trying what the agent does at its start.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click
import msgspec

from agent.cli.asking import Failure, NotRunning, ask, running, this_instance, uid
from agent.cli.group import Teaching
from agent.cli.show import console, json_option, print_json
from agent.service.choose import interpreter, manager_for
from agent.service.plan import Done, Outcome, Plan, plan_for
from agent.service.standing import Manager
from agent.service.standing import install as service_install
from agent.service.standing import status as service_status
from agent.settings.instance import Instance, InstanceError, locate, prepare

UP_SECONDS = 10.0
"""How long a start is watched. An agent that waits for a locked key store takes longer, and is well."""

WORDS = {
    Outcome.STARTED: "[green]installed and running[/]",
    Outcome.WRITTEN: "[green]installed[/]; it begins with your next log-in",
    Outcome.STOPPED: "[yellow]installed, not running[/]",
    Outcome.REFUSED: "[red]installed, and cannot start[/]",
    Outcome.OUTDATED: "[yellow]installed by another release[/]",
    Outcome.ABSENT: "not installed",
    Outcome.REMOVED: "removed",
    Outcome.FAILED: "[red]not done[/]",
}
TRIED = {
    "linux": "",
    "darwin": "This form for macOS follows Apple's manual; it was not tried on a Mac by us.",
    "win32": "This form for Windows follows Microsoft's schema; it was not tried by us, and the agent itself does not "
    "start on Windows yet.",
}


@click.group(cls=Teaching)
def service() -> None:
    """Let the agent start with your log-in, in its own sandbox, under ceilings that the system enforces."""


@service.command()
@json_option
def install(as_json: bool) -> None:
    """Install it for you, and start it now where that can be done.

    \b
    gleanwatch service install
    """
    _print(installed(this_instance()), as_json)


@service.command()
@json_option
def remove(as_json: bool) -> None:
    """Stop it and take it away; what was kept stays.

    \b
    gleanwatch service remove
    """
    _print(manager(this_instance()).remove(), as_json)


@service.command()
@json_option
def status(as_json: bool) -> None:
    """Say whether it is installed and runs, and why not where it cannot start.

    \b
    gleanwatch service status
    """
    _print(standing(this_instance()), as_json)


@service.command()
@click.option("--system", "for_all", is_flag=True, help="Linux: the stronger form, which an administrator installs.")
@click.option("--user", "person", default="", help="With --system: whose it is, by their name; you when left out.")
@json_option
def show(for_all: bool, person: str, as_json: bool) -> None:
    """Print what would be installed, and install nothing.

    \b
    gleanwatch service show
    gleanwatch service show --system
    """
    if for_all and sys.platform != "linux":
        raise Failure("--system is for Linux: it prints a unit of systemd.")
    if person and not for_all:
        raise Failure("--user goes with --system. Without it, the service is your own.")
    text = _for_one_person(person) if for_all else manager(this_instance()).show()
    if as_json:
        print_json({"system": sys.platform, "text": text})
    else:
        click.echo(text, nl=False)


def _for_one_person(name: str) -> str:
    """Return the unit that an administrator installs for one person."""
    if sys.platform == "win32":
        raise Failure("--system is for Linux: it prints a unit of systemd.")
    import pwd

    from agent.service.systemd import system_unit

    try:
        person = pwd.getpwnam(name) if name else pwd.getpwuid(os.getuid())
    except KeyError:
        raise Failure(f"there is no user {name} here. Name them as in: id -un") from None
    python = interpreter()
    if (closed := closed_to(python, person.pw_uid, person.pw_gid)) is not None:
        raise Failure(
            f"{person.pw_name} cannot run {python}, which the unit would start: {closed} is closed to them. Install "
            "Gleanwatch where everybody can run it, such as /opt/gleanwatch, and print the unit with that one."
        )
    env = {"XDG_RUNTIME_DIR": f"/run/user/{person.pw_uid}"}
    own = locate(env, sys.platform, Path(person.pw_dir), person.pw_uid)
    return system_unit(plan_for(own, {}, python), person.pw_uid)


def closed_to(program: Path, uid: int, gid: int) -> Path | None:
    """Return what keeps a person from running a program: itself or a folder above it; None where nothing does.

    Args:
        program: As it is called; where it is a link, what it leads to is looked at as well.
        uid: The person's number.
        gid: Their first group; others of theirs are not looked at.
    """
    if uid == 0:
        return None
    for place in (program, *program.parents, program.resolve(), *program.resolve().parents):
        about = place.stat()
        mine = 0o100 if about.st_uid == uid else 0o010 if about.st_gid == gid else 0o001
        if not about.st_mode & mine:
            return place
    return None


def plan(instance: Instance) -> Plan:
    """Return what is to run for an instance."""
    return plan_for(instance, os.environ, interpreter())


def manager(instance: Instance) -> Manager:
    """Return this system's way of running it."""
    return manager_for(plan(instance), os.environ, Path.home(), uid())


def standing(instance: Instance) -> Done:
    """Say how the service is and, where it is installed and does not run, why."""
    return service_status(manager(instance), held=running(instance), refusal=lambda: _why_refused(instance))


def installed(instance: Instance) -> Done:
    """Install the service, see whether it comes up, and say what came of it.

    Raises:
        Failure: The instance's folders cannot be made, or a demo was meant.
    """
    try:
        prepare(instance, uid())
        way = manager(instance)
        done = service_install(way, held=running(instance), refusal=_settings_refused(instance))
    except (InstanceError, ValueError) as problem:
        raise Failure(str(problem)) from None
    if done.outcome is not Outcome.STARTED:
        return done
    # Started is not yet there: what only the opened database tells is met after that.
    end = time.monotonic() + UP_SECONDS
    while time.monotonic() < end and not running(instance):
        if (now := standing(instance)).outcome not in (Outcome.STARTED, Outcome.OUTDATED):
            return now
        time.sleep(0.2)
    return done


def _settings_refused(instance: Instance) -> str:
    """Return why policy or configuration keep an agent from starting here; empty where they do not."""
    from agent.opening import StartError, read_rules

    try:
        read_rules(instance)
    except StartError as problem:
        return str(problem)
    return ""


def _why_refused(instance: Instance) -> str:
    """Return why no agent can start here, found by opening the instance as one does; empty where it can."""
    if why := _settings_refused(instance):
        return why
    try:
        prepare(instance, uid())
        ask(instance, "status")
    except NotRunning:  # nothing is kept yet, so there is nothing to open
        return ""
    except InstanceError as problem:
        return str(problem)
    except Failure as problem:
        return problem.message
    return ""


def said(done: Done) -> str:
    """Say what came of it in one line, with rich's marks."""
    return f"{WORDS[done.outcome]}.{' ' + done.detail if done.detail else ''}"


def _print(done: Done, as_json: bool) -> None:
    ok = done.outcome not in (Outcome.FAILED, Outcome.REFUSED)
    remark = TRIED.get(sys.platform, "There is no form for this system.")
    if as_json:
        print_json({"ok": ok, **msgspec.to_builtins(done), "remark": remark})
    else:
        say = console()
        say.print(f"The service: {said(done)}", soft_wrap=True)
        say.print(f"  {done.where}", soft_wrap=True, markup=False)
        if remark:
            say.print(f"  {remark}", soft_wrap=True)
    if not ok:
        refused = done.outcome is Outcome.REFUSED
        raise Failure(f"the service {'cannot start' if refused else 'is not as it should be'}: see above.")
