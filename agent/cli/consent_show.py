"""`consent show`, `consent history` and the pieces of them that other commands print too.

Purposes come as the agent tells them (`PurposeView`); each is printed as a short block: what it is called, whether it
is on, why, and what the person last said. Programs get the same views as JSON.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from agent.cli import consent_words as words
from agent.cli.show import PROSE, print_json
from agent.model.consent import ActView, PurposeView
from agent.model.face import NoticeText
from agent.model.purposes import GateState, Mode

_DIFFERENCE = {"+": "green", "-": "red"}
_MARKS = {GateState.OPEN: ("●", "green"), GateState.WAITING: ("◐", "yellow"), GateState.CLOSED: ("○", "dim")}


def print_purposes(say: Console, views: Sequence[PurposeView], mode: Mode) -> None:
    """Print every purpose with its gate, why it is so and the last word on it."""
    used = [v for v in views if v.in_use]
    heads = {False: "On the ground of the notice", True: "Only if you allow it"}
    for optional, head in heads.items():
        mine = [v for v in used if v.optional is optional]
        if not mine:
            continue
        say.print(f"[bold]{head}[/]")
        for view in mine:
            _print_state(say, view, mode)
        say.print()
    if unused := [v.title for v in views if not v.in_use]:
        say.print(Text(f"Not in use here, so nobody asks you about it: {'; '.join(unused)}.", style="dim"))


def _print_state(say: Console, view: PurposeView, mode: Mode) -> None:
    mark, style = _MARKS[view.gate.state]
    say.print(Text.assemble((f"{mark} ", style), (view.title, "bold"), "  ", (view.purpose.value, "dim")))
    lines = [words.why(view, mode), words.last_word(view, mode)]
    if view.held and mode is Mode.MANAGED:
        lines.append("Because you objected, its data stays on this computer until that is answered or taken back.")
    for line in lines:
        say.print(Padding(Text(line), (0, 0, 0, 2), expand=False))
    if do := words.mend(view):
        say.print(Padding(Text(f"→ {do}", style="cyan"), (0, 0, 0, 2), expand=False))


def print_meaning(say: Console, view: PurposeView) -> None:
    """Print what one purpose means: in plain words, on which basis, for whom, for how long."""
    say.print(Padding(Text(view.meaning), (0, 0, 1, 2), expand=False))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    table.add_row("Legal basis", Text(view.basis))
    table.add_row("What is looked at", Text("; ".join(view.categories) or "nothing"))
    table.add_row("Who sees it", Text("; ".join(view.recipients) or "nobody"))
    table.add_row("How long", Text(view.retention))
    say.print(Padding(table, (0, 0, 1, 2), expand=False))


def print_now(say: Console, view: PurposeView, mode: Mode) -> None:
    """Print whether one purpose is on and what was last said of it."""
    said = Text(f"Now: {words.why(view, mode)} {words.last_word(view, mode)}", style="dim")
    say.print(Padding(said, (0, 0, 1, 2), expand=False))


def print_notice(say: Console, notice: NoticeText) -> None:
    """Print a notice as the text that its hash covers."""
    # No box: a long text is read by scrolling, and copied without a frame in it.
    wide = min(say.width, PROSE)
    say.print(Rule(Text(f"Notice, version {notice.version}, {notice.language}", style="bold"), style="dim"), width=wide)
    say.print(Padding(Markdown(notice.text), (0, 2)), width=wide)
    say.print(Rule(style="dim"), width=wide)
    say.print(Text(f"SHA-256 of this text:\n{notice.sha256}", style="dim"))


def print_difference(say: Console, lines: Sequence[tuple[str, str]]) -> None:
    """Print what changed. The lines come shortened: `+` new, `-` gone, a space and «…» for what stayed."""
    text = Text()
    for mark, line in lines:
        if mark != " " or line.strip():
            text.append(f"{mark} {line}\n", style=_DIFFERENCE.get(mark, "dim"))
    text.rstrip()
    about = Panel(text, title="What changed since you last answered", border_style="yellow", padding=(1, 2))
    say.print(about, width=min(say.width, PROSE))
    say.print(Text("+ is new, - is gone. The whole text follows.\n", style="dim"))


def purposes_json(views: Sequence[PurposeView], mode: Mode) -> None:
    """Write every purpose as JSON, with the sentence that says why its gate is as it is."""
    print_json({"mode": mode.value, "purposes": [{**msgspec.to_builtins(v), "why": words.why(v, mode)} for v in views]})


def history_json(acts: Sequence[ActView]) -> None:
    """Write every act as JSON, newest first."""
    print_json({"history": [msgspec.to_builtins(one) for one in acts]})


def print_history(say: Console, acts: Sequence[ActView], mode: Mode) -> None:
    """Print every act, newest first."""
    if not acts:
        say.print("Nothing is on record yet. It begins with the notice: gleanwatch consent review")
        return
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("entry", justify="right", no_wrap=True)
    table.add_column("when", no_wrap=True)
    table.add_column("what", ratio=1)
    for one in acts:
        table.add_row(
            "–" if one.act.entry is None else str(one.act.entry), words.when(one.act.at), _history_cell(one, mode)
        )
    say.print(table)
    if any(one.can_dispute for one in acts):
        say.print("\nOne of these was not you? gleanwatch consent dispute ENTRY", highlight=False)
    say.print("A proof of each, to keep:    gleanwatch consent receipts --out FOLDER", highlight=False)


def _history_cell(one: ActView, mode: Mode) -> Text:
    if one.erased:
        return Text(words.told(one, mode), style="dim")
    cell = Text(words.told(one, mode))
    cell.append(f"\n{one.title} · {words.by(one.act)}", style="dim")
    if one.words:
        cell.append(f"\n«{words.plain(one.words)}»", style="italic")
    if one.disputed_by is not None:
        cell.append(f"\nYou said that this was not you: entry {one.disputed_by}", style="yellow")
    return cell
