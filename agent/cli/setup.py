"""`gleanwatch setup`: after `pipx install`, everything that a person needs before the first start, in one go.

folders → browsers that are found (native messaging manifests) → where the extension lies → the service, if wanted
→ what to do next. Done a second time it brings up to date what changed and says so; it observes nothing and starts
nothing but the service that was asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
from rich.markup import escape

from agent.cli.asking import Failure, running, this_instance, uid
from agent.cli.service import TRIED, installed, said, standing
from agent.cli.show import console, json_option, print_json
from agent.packaging.place import extension_folder
from agent.service.plan import Done, Outcome
from agent.settings.instance import Instance, InstanceError, prepare
from native_host import launcher, manifests
from native_host.browsers import Level, places
from native_host.manifests import PlaceResult, Report

_DONE = {
    manifests.Outcome.WRITTEN: "[green]connected[/]",
    manifests.Outcome.UNCHANGED: "[green]connected already[/]",
}


@dataclass(frozen=True, slots=True)
class SetUp:
    """What setting up came to.

    Attributes:
        folder: Where the instance's files are.
        launcher: What browsers start.
        browsers: Every browser that was found.
        extension: The extension's folder, or None where this installation has none.
        service: The service, or None where it was not asked for and is not there.
        running: Whether an agent runs.
    """

    folder: Path
    launcher: PlaceResult
    browsers: Sequence[PlaceResult]
    extension: Path | None
    service: Done | None
    running: bool

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        results = (self.launcher, *self.browsers)
        bad = {manifests.Outcome.FAILED, manifests.Outcome.FOREIGN}
        failed = self.service is not None and self.service.outcome in (Outcome.FAILED, Outcome.REFUSED)
        return self.extension is not None and not failed and not any(one.outcome in bad for one in results)


@click.command()
@click.option("--service/--no-service", "wanted", default=None, help="Whether it starts with your log-in; else asked.")
@json_option
def setup(wanted: bool | None, as_json: bool) -> None:
    """Connect your browsers, say how to load the extension, offer the service, say what is next.

    May be repeated: what is in place stays, what is out of date is renewed. Nothing is observed by it.

    \b
    gleanwatch setup
    gleanwatch setup --service
    gleanwatch setup --no-service --json
    """
    instance = this_instance()
    if uid() == 0 and os.environ.get("SUDO_USER"):
        raise Failure("this would set it up for root. Run it as yourself, without sudo.")
    try:
        prepare(instance, uid())
        report = _browsers(instance)
    except (InstanceError, ValueError) as problem:
        raise Failure(str(problem)) from None
    if not as_json:
        _print_browsers(report)
    ask = None if as_json else _asks_at_terminal()
    service = _service(instance, wanted, ask)
    found = [one for one in report.places if one.outcome is not manifests.Outcome.SKIPPED]
    done = SetUp(instance.root, report.launcher, found, extension_folder(), service, running(instance))
    if as_json:
        print_json({"ok": done.ok, **msgspec.to_builtins(done, enc_hook=str), "next": [*next_steps(done)]})
    else:
        _print_rest(done)
    if not done.ok:
        raise Failure("not everything could be set up: see above. Mend it and run gleanwatch setup again.")


def _browsers(instance: Instance) -> Report:
    wanted = [one for one in places(sys.platform, Path.home(), os.environ) if one.level is Level.USER]
    from agent.cli.chain import further_callers

    known = further_callers(instance.host_dir / launcher.NAME)
    return manifests.install(instance.host_dir, instance.relay_socket, wanted, extra_callers=known)


def _asks_at_terminal() -> Callable[[], bool] | None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    return lambda: click.confirm("Shall Gleanwatch start with each log-in, as a service of your own?", default=True)


def _service(instance: Instance, wanted: bool | None, ask: Callable[[], bool] | None) -> Done | None:
    """Install the service where it is wanted; else say how it is, or None where there is none."""
    now = standing(instance)
    there = now.outcome not in (Outcome.ABSENT, Outcome.FAILED)
    if wanted is None and not there:
        wanted = ask() if ask is not None else False
    if wanted is False:
        return now if there else None
    if now.outcome is Outcome.STARTED:
        return now
    return installed(instance)


def next_steps(done: SetUp) -> Sequence[str]:
    """Say what to do next, one sentence a step."""
    steps = []
    if not done.browsers:
        steps.append("Start a browser once, then run gleanwatch setup again: none was found here.")
    if done.extension is None:
        steps.append("Install Gleanwatch again: the extension is not part of this installation.")
    else:
        steps.append(f"Load the extension into your browser, from {done.extension}")
    if done.running or (done.service is not None and done.service.outcome is Outcome.STARTED):
        steps.append("Open your page, read the notice, and answer it: gleanwatch status prints the link.")
    else:
        steps.append("Start the agent, read the notice, and answer it: gleanwatch run")
    if done.service is None:
        steps.append("If it shall start with each log-in: gleanwatch service install")
    steps.append("See a first flag, of a harmless collection of your own: gleanwatch try")
    return steps


def _print_browsers(report: Report) -> None:
    say = console()
    say.print("[bold]Browsers[/]")
    if report.launcher.outcome not in _DONE:
        say.print(f"  [red]not connected[/]: {escape(report.launcher.detail)}", soft_wrap=True)
    found = [one for one in report.places if one.outcome is not manifests.Outcome.SKIPPED]
    for one in found:
        state = _DONE.get(one.outcome, f"[red]{one.outcome.value}[/]")
        say.print(f"  {one.title}: {state}. {escape(one.detail)}".rstrip(), soft_wrap=True)
        if one.caveat:
            say.print(f"    [yellow]{escape(one.caveat)}[/]", soft_wrap=True)
    if not found:
        say.print("  None was found for you here.")


def _print_rest(done: SetUp) -> None:
    say = console()
    say.print("[bold]Extension[/]")
    if done.extension is None:
        say.print("  [red]It is not part of this installation.[/]")
    else:
        say.print(f"  {done.extension}", soft_wrap=True, markup=False)
        say.print("  Chromium, Chrome, Edge, Brave: chrome://extensions → Developer mode →")
        say.print("    «Load unpacked» → this folder")
        say.print("  Firefox: about:debugging#/runtime/this-firefox → «Load Temporary Add-on…»")
        say.print("    → manifest.json in this folder")
    say.print("[bold]Service[/]")
    say.print(f"  {said(done.service) if done.service else 'not installed: it runs while you start it yourself'}")
    if done.service is not None and TRIED.get(sys.platform):
        say.print(f"  {TRIED[sys.platform]}", soft_wrap=True)
    say.print("[bold]Next[/]")
    for number, step in enumerate(next_steps(done), 1):
        say.print(f"  {number}. {step}", soft_wrap=True, markup=False)
