"""`gleanwatch browser`: connect browsers to the agent by their native messaging manifests, or disconnect them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from agent.cli.asking import Failure, this_instance
from agent.cli.show import console, json_option, print_json
from agent.settings.instance import Instance
from native_host import manifests
from native_host.browsers import Level, Place, firefox_home_place, places, user_data_place
from native_host.manifests import Outcome, Report

_STYLE = {Outcome.WRITTEN: "green", Outcome.UNCHANGED: "green", Outcome.FAILED: "red", Outcome.FOREIGN: "red"}

where_options = [
    click.option("--user-data-dir", type=click.Path(path_type=Path), help="A Chromium with this --user-data-dir only."),
    click.option("--home", type=click.Path(path_type=Path), help="A Firefox that is started with this HOME only."),
    click.option(
        "--system", "for_all", is_flag=True, help="For every person on this machine (needs its administrator)."
    ),
]


@click.group()
def browser() -> None:
    """Connect browsers to the agent, or disconnect them.

    A browser may talk to the agent only where a small file of its own names it. These commands write, show and take
    away exactly our own files; one that another program wrote is reported and never touched.
    """


def _with_where(command: click.decorators.FC) -> click.decorators.FC:
    for option in reversed(where_options):
        command = option(command)
    return command


@browser.command()
@_with_where
@json_option
def install(user_data_dir: Path | None, home: Path | None, for_all: bool, as_json: bool) -> None:
    """Connect every browser that is found, or the one named."""
    instance = _prepared(this_instance())
    report = _guard(
        lambda: manifests.install(instance.host_dir, instance.relay_socket, _places(user_data_dir, home, for_all))
    )
    _print(report, as_json)


@browser.command()
@_with_where
@json_option
def status(user_data_dir: Path | None, home: Path | None, for_all: bool, as_json: bool) -> None:
    """Show which browsers are connected, and how to load the extension."""
    instance = this_instance()
    report = _guard(
        lambda: manifests.status(instance.host_dir, instance.relay_socket, _places(user_data_dir, home, for_all))
    )
    _print(report, as_json)
    if not as_json:
        console().print("\nTo load the extension: chrome://extensions → Developer mode → «Load unpacked» → the folder")
        console().print(f"{Path(__file__).resolve().parents[2] / 'extension'}", soft_wrap=True)


@browser.command()
@_with_where
@json_option
def remove(user_data_dir: Path | None, home: Path | None, for_all: bool, as_json: bool) -> None:
    """Take away every file that `install` wrote."""
    instance = this_instance()
    report = _guard(lambda: manifests.remove(instance.host_dir, _places(user_data_dir, home, for_all)))
    _print(report, as_json)


def register_all(instance: Instance) -> None:
    """Connect every browser found and say which (for `gleanwatch run --register`)."""
    report = manifests.install(instance.host_dir, instance.relay_socket, _places(None, None, False))
    found = [r for r in report.places if r.outcome is not Outcome.SKIPPED]
    say = console()
    if report.launcher.outcome is Outcome.FAILED:
        say.print(f"[red]Browsers are not connected:[/] {report.launcher.detail}")
    if not found:
        say.print("No browser was found here. Install one (make browsers) and start again.")
    for result in found:
        style = _STYLE.get(result.outcome, "dim")
        detail = f" {result.detail}" if result.detail else ""
        say.print(
            f"  {result.title}: [{style}]{_WORDS.get(result.outcome, result.outcome.value)}[/].{detail}", soft_wrap=True
        )
        if result.caveat:
            say.print(f"    [yellow]{result.caveat}[/]", soft_wrap=True)


_WORDS = {Outcome.WRITTEN: "connected", Outcome.UNCHANGED: "already connected"}


def _prepared(instance: Instance) -> Instance:
    from agent.cli.asking import uid
    from agent.settings.instance import InstanceError, prepare

    try:
        prepare(instance, uid())
    except InstanceError as problem:
        raise Failure(str(problem)) from None
    return instance


def _places(user_data_dir: Path | None, home: Path | None, for_all: bool) -> Sequence[Place]:
    named = []
    if user_data_dir is not None:
        named.append(user_data_place(user_data_dir.absolute()))
    if home is not None:
        named.append(firefox_home_place(sys.platform, home.absolute()))
    if named:
        return named
    wanted = Level.SYSTEM if for_all else Level.USER
    return [p for p in places(sys.platform, Path.home(), os.environ) if p.level is wanted]


def places_report(instance: Instance) -> Sequence[manifests.PlaceResult]:
    """Return the state of every browser that is found (for `gleanwatch doctor`)."""
    report = _guard(lambda: manifests.status(instance.host_dir, instance.relay_socket, _places(None, None, False)))
    return [r for r in (report.launcher, *report.places) if r.outcome is not Outcome.SKIPPED]


def _guard(work: Callable[[], Report]) -> Report:
    try:
        return work()
    except ValueError as problem:
        raise Failure(str(problem)) from None


def _print(report: Report, as_json: bool) -> None:
    if as_json:
        print_json({"ok": report.ok, **msgspec.to_builtins(report)})
    else:
        from rich.table import Table

        table = Table("browser", "state", "file", box=None, header_style="bold")
        shown = [r for r in report.places if r.outcome is not Outcome.SKIPPED]
        for result in (report.launcher, *shown):
            table.add_row(result.title, f"[{_STYLE.get(result.outcome, 'dim')}]{result.outcome.value}[/]", result.where)
        say = console()
        say.print(table)
        for result in (report.launcher, *shown):
            for text in (result.detail, result.caveat):
                if text:
                    say.print(f"{result.title}: {text}", soft_wrap=True)
        skipped = [r.title for r in report.places if r.outcome is Outcome.SKIPPED]
        if skipped:
            say.print(f"[dim]Not found here: {', '.join(dict.fromkeys(skipped))}.[/]", soft_wrap=True)
    if not report.ok:
        raise Failure("not everything could be done: see above.")
