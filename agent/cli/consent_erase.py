"""`consent erase`: what, why, what would go and what would stay, one typed word, done.

The agent works out the preview and does the erasing (`erase_preview`, `erase`); here a person is asked for what they
did not name, sees the preview before anything is gone, and types the word. A preview alone may be read by a program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.cli.asking import Failure
from agent.cli.consent_desk import Desk
from agent.cli.progress import progress
from agent.model.consent import Erasable, ErasurePreview, Ground
from agent.model.purposes import Channel

Key = TypeVar("Key", Erasable, Ground)

WHAT: Final[Mapping[Erasable, str]] = {
    Erasable.PAGE_LOADS: "the facts of page loads that are kept",
    Erasable.FINDINGS: "what was recognised, with your answers to it",
    Erasable.WORDS: "your own words, in answers and disputes",
    Erasable.RECORD: "the content of one entry of the record, by its number",
    Erasable.ALL: "everything but the answers that still hold and what proves the rest",
}
GROUNDS: Final[Mapping[Ground, str]] = {
    Ground.NOT_NEEDED: "it is not needed any more for what it was kept for",
    Ground.WITHDRAWN: "you took back the consent that it rests on",
    Ground.OBJECTED: "you object to its being kept",
    Ground.UNLAWFUL: "it should not have been kept in the first place",
}
"""The grounds of GDPR 17(1) that a person can name; the sweeper has one of its own."""


def erase(desk: Desk, what: Erasable | None, entry: int | None, ground: Ground | None) -> None:
    """Ask for what is missing, show the preview, have the word typed, erase.

    Raises:
        Failure: There is nothing of it, or the person decided otherwise.
    """
    if what is None:
        what = _menu(desk, "What is to be erased?", WHAT)
    if what is Erasable.RECORD and entry is None:
        entry = _entry(desk)
    coming = preview(desk, what, entry)
    print_preview(desk.say, coming, "What would go")
    if nothing(coming):
        raise Failure("there is nothing of it here. Nothing was changed.")
    if ground is None:
        ground = _menu(desk, "On which ground?", GROUNDS)
    desk.say.print("\nThis cannot be taken back: what is erased, nobody can bring back.")
    desk.confirm("erase", "erase it for good")
    args = {"what": what.value, "ground": ground.value, "entry": entry, "channel": Channel.TERMINAL.value}
    # Compacting a large database takes its time.
    with progress("Erasing"):
        gone = msgspec.convert(desk.send("erase", args).result, ErasurePreview)
    desk.say.print()
    print_preview(desk.say, replace(gone, stays=()), "What went")
    desk.say.print("That it was erased, when and on which ground is on record: gleanwatch ledger verify")


def preview(desk: Desk, what: Erasable, entry: int | None) -> ErasurePreview:
    """Ask the agent what would go and what would stay."""
    return msgspec.convert(desk.send("erase_preview", {"what": what.value, "entry": entry}).result, ErasurePreview)


def nothing(coming: ErasurePreview) -> bool:
    """Say whether nothing would go."""
    return not (coming.page_loads or coming.findings or coming.entries)


def print_preview(say: Console, coming: ErasurePreview, head: str) -> None:
    """Print what goes and what stays, with the reason of each thing that stays."""
    say.print(f"[bold]{head}[/]")
    for count, one, many in (
        (coming.page_loads, "page load", "page loads"),
        (coming.findings, "finding", "findings"),
        (len(coming.entries), "entry's content in the record", "entries' content in the record"),
    ):
        if count:
            say.print(f"  {count} {one if count == 1 else many}")
    if coming.entries:
        which = "entry" if len(coming.entries) == 1 else "entries"
        say.print(Text(f"    {which} {_ranges(coming.entries)}", style="dim"))
    if nothing(coming):
        say.print("  nothing")
    if coming.stays:
        say.print("[bold]What stays, and why[/]")
        for sentence in coming.stays:
            say.print(Text(f"  • {sentence}"))


def _menu(desk: Desk, head: str, offered: Mapping[Key, str]) -> Key:
    """Have one of several things chosen, by its number or its name.

    Raises:
        Failure: None of them was chosen.
    """
    desk.say.print(f"[bold]{head}[/]")
    known: dict[str, Key | None] = {"": None}
    table = Table.grid(padding=(0, 2, 0, 0))
    for number, (key, text) in enumerate(offered.items(), 1):
        known[str(number)] = known[key.value] = key
        table.add_row(str(number), Text(key.value, style="bold", no_wrap=True), text)
    desk.say.print(Padding(table, (0, 0, 0, 2), expand=False))
    chosen = desk.choose("Type a number or a name, or Enter to leave it", known)
    if chosen is None:
        raise Failure("nothing was changed.")
    return chosen


def _entry(desk: Desk) -> int:
    while True:
        typed = desk.line("Number of the entry, or Enter to leave it (gleanwatch consent history has them)")
        if not typed:
            raise Failure("nothing was changed.")
        if typed.isascii() and typed.isdigit():
            return int(typed)
        desk.say.print("  [yellow]Not understood.[/] Type a whole number.")


def _ranges(entries: tuple[int, ...]) -> str:
    """Say numbers as `3, 5 to 9`."""
    runs: list[list[int]] = []
    for number in sorted(entries):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
