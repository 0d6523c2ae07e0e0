"""`gleanwatch doctor`: tries every link of the chain by really using it, and names the mend of each failure.

surroundings (instance, browsers' folders, extension) → `chain.py` tries link after link → one line each
→ exit code 1 where one is broken
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agent.cli import chain
from agent.cli.asking import Failure, this_instance, uid
from agent.cli.chain import Check, State, Surroundings
from agent.cli.progress import Tell, progress
from agent.cli.show import console, json_option, print_json
from agent.packaging.place import extension_folder
from native_host.browsers import Place, firefox_home_place, places, user_data_place

_MARKS: Final = {State.FINE: ("✓", "green"), State.NOTE: ("•", "yellow"), State.BROKEN: ("✗", "bold red")}


@click.command()
@click.option("--user-data-dir", type=click.Path(path_type=Path), help="A Chromium with this --user-data-dir only.")
@click.option("--home", type=click.Path(path_type=Path), help="A Firefox that is started with this HOME only.")
@json_option
def doctor(user_data_dir: Path | None, home: Path | None, as_json: bool) -> None:
    """Check every link from browser to ledger by really using it, and say what to mend.

    Extension, each browser's manifest, the host that browsers start, the socket, the agent, the store, the ledger. What
    is tried leaves nothing behind. ✓ works, • is worth knowing, ✗ is broken, with the command that mends it after the
    arrow. Exit code 1 when anything is broken.

    \b
    gleanwatch doctor
    gleanwatch doctor --json
    gleanwatch doctor --user-data-dir ~/chromium-for-work
    """
    around = Surroundings(this_instance(), uid(), sys.platform, _places(user_data_dir, home), extension_folder())
    with progress("Looking") as tell:
        checks = list(_tried(around, tell))
    bad = [check for check in checks if check.state is State.BROKEN]
    if as_json:
        print_json({"ok": not bad, "checks": [msgspec.to_builtins(check) for check in checks]})
    else:
        show(console(), checks)
    if bad:
        raise Failure(f"{len(bad)} thing{'s' if len(bad) > 1 else ''} to mend, first: {bad[0].do}")


def _tried(around: Surroundings, tell: Tell) -> Iterator[Check]:
    links = chain.chain(around)
    for number, (name, look) in enumerate(links):
        tell(number, len(links), name)
        yield from look()


def show(say: Console, checks: Sequence[Check]) -> None:
    """Print one line for each check under its link's name, and what it comes to."""
    for link in dict.fromkeys(check.link for check in checks):
        say.print(Text(link.capitalize(), style="bold"))
        for check in checks:
            if check.link == link:
                say.print(_line(check))
    if not any(check.state is State.BROKEN for check in checks):
        noted = any(check.state is State.NOTE for check in checks)
        say.print(f"[bold green]Every link of the chain works.[/]{' What has a • is worth knowing.' if noted else ''}")


def _line(check: Check) -> Table:
    mark, style = _MARKS[check.state]
    # A path at the end is there to be copied: it takes no full stop along.
    stop = "" if "/" in check.found.rpartition(" ")[2] else "."
    said = Text.assemble((check.what, "dim" if check.state is State.FINE else "bold"), f": {check.found}{stop}")
    if check.do:
        said.append(f"\n→ {check.do}", style="cyan")
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=3, justify="right")
    line.add_column(overflow="fold")
    line.add_row(Text(mark, style=style), said)
    return line


def _places(user_data_dir: Path | None, home: Path | None) -> Sequence[Place]:
    named = [] if user_data_dir is None else [user_data_place(user_data_dir.absolute())]
    if home is not None:
        named.append(firefox_home_place(sys.platform, home.absolute()))
    return named or places(sys.platform, Path.home(), os.environ)
