"""`gleanwatch service`: the agent as a service of the person's own, so that it is there after each log-in.

instance, environment → `agent.service.plan` → the system's own form → installed, shown, removed. What is written can be
read before: `gleanwatch service show`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import msgspec

from agent.cli.asking import Failure, running, this_instance, uid
from agent.cli.group import Teaching
from agent.cli.show import console, json_option, print_json
from agent.service.choose import Manager, interpreter, manager_for
from agent.service.plan import Done, Outcome, Plan, plan_for
from agent.settings.instance import Instance, InstanceError, locate, prepare

WORDS = {
    Outcome.STARTED: "[green]installed and running[/]",
    Outcome.WRITTEN: "[green]installed[/]; it begins with your next log-in",
    Outcome.STOPPED: "[yellow]installed, not running[/]",
    Outcome.OUTDATED: "[yellow]installed by another release[/]",
    Outcome.ABSENT: "not installed",
    Outcome.REMOVED: "removed",
    Outcome.FAILED: "[red]not done[/]",
}
TRIED = {
    "linux": "",
    "darwin": "This form for macOS follows Apple's manual; it was not tried on a Mac by us.",
    "win32": "This form for Windows follows Microsoft's schema; it was not tried on Windows by us.",
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
    """Say whether it is installed and runs.

    \b
    gleanwatch service status
    """
    _print(manager(this_instance()).status(), as_json)


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
    env = {"XDG_RUNTIME_DIR": f"/run/user/{person.pw_uid}"}
    own = locate(env, sys.platform, Path(person.pw_dir), person.pw_uid)
    return system_unit(plan_for(own, {}, interpreter()), person.pw_uid)


def plan(instance: Instance) -> Plan:
    """Return what is to run for an instance."""
    return plan_for(instance, os.environ, interpreter())


def manager(instance: Instance, *, held: bool = False) -> Manager:
    """Return this system's way of running it; `held`: an agent runs there, whoever started it."""
    return manager_for(plan(instance), os.environ, Path.home(), uid(), held=held)


def installed(instance: Instance) -> Done:
    """Install the service and say what came of it.

    Raises:
        Failure: The instance's folders cannot be made, or a demo was meant.
    """
    try:
        prepare(instance, uid())
        return manager(instance, held=running(instance)).install()
    except (InstanceError, ValueError) as problem:
        raise Failure(str(problem)) from None


def said(done: Done) -> str:
    """Say what came of it in one line, with rich's marks."""
    return f"{WORDS[done.outcome]}.{' ' + done.detail if done.detail else ''}"


def _print(done: Done, as_json: bool) -> None:
    ok = done.outcome is not Outcome.FAILED
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
        raise Failure("the service could not be changed: see above.")
