"""`gleanwatch rehearse`: what a policy would do, before it does it; for a works council to read, check and sign.

POLICY → `agent.rehearsing` plays it → side by side on a wide terminal, stacked on a narrow one, JSON, or one HTML file
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text

from agent.cli.asking import Failure, this_instance
from agent.cli.pager import paged, pager_option
from agent.cli.show import UNFOLDED, json_option, print_json

if TYPE_CHECKING:
    from agent.rehearsing.rehearsal import KeyChange, Rehearsal

WIDE = 100
"""Columns from which the three sides stand side by side."""
MOST_LINES = 60
"""Lines of the notice's difference that a terminal shows; the HTML file and --json have them all."""
_SIDES = (("The person sees", "person"), ("The compliance team sees", "team"), ("A researcher sees", "researcher"))
_MARKS = {"+": "green", "-": "red"}


@click.command("rehearse")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option(
    "--jurisdiction", "codes", multiple=True, metavar="CODE", help="Hold it against this place only; may be repeated."
)
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day on which the notice is shown in the play.  [default: 2026-11-23]",
)
@click.option("--html", type=click.Path(path_type=Path), help="Also write it as one HTML file, to print and sign.")
@pager_option
@json_option
def rehearse(
    *,
    policy: Path,
    codes: tuple[str, ...],
    on: datetime.datetime | None,
    html: Path | None,
    no_pager: bool,
    as_json: bool,
) -> None:
    """Play a made-up working day under POLICY and show what everybody would see of it.

    Nothing is observed, and nothing of the policy in force changes. The hash at the end is the same on any computer, so
    that what was agreed can be checked later.

    \b
    gleanwatch rehearse policy.toml
    gleanwatch rehearse policy.toml --jurisdiction NO --jurisdiction DE --html rehearsal.html
    """
    rehearsal = _rehearsed(policy.absolute(), codes, on.date() if on is not None else None)
    if html is not None:
        _write(html, page(rehearsal))
    if as_json:
        print_json(msgspec.to_builtins(rehearsal))
        return
    with paged(no_pager) as say:
        show(say, rehearsal)
        if html is not None:
            say.print(f"\nWritten to {html}", soft_wrap=True, markup=False)


def _rehearsed(path: Path, codes: Sequence[str], on: datetime.date | None) -> Rehearsal:
    from agent.content.jurisdictions import UnknownJurisdiction
    from agent.opening import StartError, read_rules
    from agent.rehearsing.draft import read_draft
    from agent.rehearsing.rehearsal import USUAL_DAY, rehearse

    instance = this_instance()
    try:
        draft = read_draft(path, instance)
        in_force = read_rules(instance)
        wanted = [code.strip().upper() for code in codes]
        return asyncio.run(rehearse(draft, in_force, wanted, on or USUAL_DAY))
    except StartError as problem:
        raise Failure(str(problem)) from None
    except UnknownJurisdiction as problem:
        raise Failure(f"{problem}.") from None


def show(say: Console, rehearsal: Rehearsal) -> None:
    """Print a rehearsal for people."""
    _head(say, rehearsal)
    if WIDE <= say.width < UNFOLDED:
        _beside(say, rehearsal)
    else:
        _stacked(say, rehearsal)
    _places(say, rehearsal)
    _difference(say, rehearsal)
    _seal(say, rehearsal)


def _head(say: Console, rehearsal: Rehearsal) -> None:
    say.print(Text.assemble(("Rehearsal", "bold"), f" of the policy of {rehearsal.organisation} "), end="")
    say.print(Text(f"({rehearsal.jurisdiction}), Gleanwatch {rehearsal.release}."))
    say.print(
        f"The working day is made up; gates, notice, recognition, hold and retention are the real ones. Day 1 is "
        f"{rehearsal.on}; times are the play's own.",
        style="dim",
    )
    for one in rehearsal.left_out:
        say.print(Text(f"Not taken: {one}", style="yellow"))


def _beside(say: Console, rehearsal: Rehearsal) -> None:
    from rich.table import Table

    table = Table(show_lines=True, header_style="bold", expand=True)
    table.add_column("What happens", ratio=2, overflow="fold")
    for title, _ in _SIDES:
        table.add_column(title, ratio=4, overflow="fold")
    for scene in rehearsal.scenes:
        first = Text.assemble((scene.title, "bold"), "\n", (scene.when, "dim"))
        table.add_row(first, *(Group(*map(_line, getattr(scene, side))) for _, side in _SIDES))
    say.print(table)


def _stacked(say: Console, rehearsal: Rehearsal) -> None:
    for scene in rehearsal.scenes:
        say.print(Text.assemble("\n", (scene.title, "bold"), ("  " + scene.when, "dim")))
        for title, side in _SIDES:
            say.print(Text(f"  {title}", style="underline"))
            for line in getattr(scene, side):
                say.print(Padding(_line(line), (0, 0, 0, 4)))


def _line(text: str) -> Text:
    """Return one line; what is only designed, and «nothing», stand back."""
    from agent.rehearsing.sides import DESIGNED, NOTHING

    back = f"[{DESIGNED}]" in text or text == NOTHING
    return Text(text, style="dim" if back else "")


def _places(say: Console, rehearsal: Rehearsal) -> None:
    say.print(Text("\nWhat jurisdictions refuse", style="bold"))
    for place in rehearsal.places:
        if place.problems or place.languages_missing:
            say.print(Text(f"  {place.name} ({place.code})", style="yellow"))
        for problem in place.problems:
            say.print(Text(f"    {problem.key}: {problem.reason}."))
            say.print(Text(f"      → {problem.mend}"))
        if place.languages_missing:
            say.print(
                Text(f"    The notice must be in one of {', '.join(place.languages_missing)}: we have none of them.")
            )
    allowing = allowed(rehearsal)
    if allowing:
        say.print(Text(f"  Allowed as it stands in: {', '.join(allowing)}."))
    say.print(Text("  This is not legal advice.", style="dim"))


def allowed(rehearsal: Rehearsal) -> list[str]:
    """Return the codes of the places that refuse nothing."""
    return [place.code for place in rehearsal.places if not place.problems and not place.languages_missing]


def compared(rehearsal: Rehearsal) -> str:
    """Say what the policy is compared with."""
    if rehearsal.in_force == "managed":
        return "Compared with the policy in force on this computer."
    return "No organisation's policy is in force on this computer: compared with personal use."


def different(rehearsal: Rehearsal) -> list[KeyChange]:
    """Return the keys that differ to the eye: one that is not set is like one that is set to nothing."""
    return [one for one in rehearsal.keys if plain(one.before) != plain(one.after)]


def _difference(say: Console, rehearsal: Rehearsal) -> None:
    say.print(Text("\nHow it differs from the policy in force", style="bold"))
    say.print(Text(f"  {compared(rehearsal)}", style="dim"))
    if not different(rehearsal) and not rehearsal.notice:
        say.print(Text("  Nothing differs."))
    for one in different(rehearsal):
        say.print(Text.assemble(f"  {one.key}: ", (plain(one.before), "red"), " → ", (plain(one.after), "green")))
    if rehearsal.notice:
        say.print(Text("  The notice:"))
    for mark, line in rehearsal.notice[:MOST_LINES]:
        say.print(Text(f"    {mark} {line}", style=_MARKS.get(mark, "dim")))
    if len(rehearsal.notice) > MOST_LINES:
        say.print(Text(f"    … {len(rehearsal.notice) - MOST_LINES} more lines: --html FILE has them.", style="dim"))


def plain(value: Any) -> str:
    """Say a value of a policy; one that is not set is a dash."""
    match value:
        case None | "" | [] | ():
            return "–"
        case list() | tuple():
            return ", ".join(plain(item) for item in value)
        case dict():
            return ", ".join(f"{key} {plain(item)}" for key, item in value.items())
    return str(value)


def _seal(say: Console, rehearsal: Rehearsal) -> None:
    say.print(Text("\nWhat is signed: the SHA-256 of these lines, each ended by a line feed", style="bold"))
    for line in rehearsal.sealed.lines:
        say.print(Text(f"  {line}"), soft_wrap=True)
    say.print(Text(f"sha256 {rehearsal.sealed.sha256}", style="bold"), soft_wrap=True)


def page(rehearsal: Rehearsal) -> str:
    """Return a rehearsal as one HTML file that needs nothing else."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("agent.rehearsing", "")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    refusing = [place for place in rehearsal.places if place.problems or place.languages_missing]
    return environment.get_template("rehearsal.html").render(
        r=rehearsal,
        keys=different(rehearsal),
        refusing=refusing,
        allowing=allowed(rehearsal),
        compared=compared(rehearsal),
        shown=plain,
    )


def _write(path: Path, text: str) -> None:
    from native_host.own_files import write_whole

    try:
        write_whole(path, text.encode(), 0o644)
    except OSError as problem:
        raise Failure(f"{path} cannot be written: {problem.strerror}. Name another file with --html.") from None
