"""Draws the demonstration: a story becomes four columns, and an outcome a table. Nothing here waits or asks.

The columns are the four questions that a person may ask of a program that watches: what happened, what was kept of it,
what left this machine, who looked. On a narrow terminal they stand two by two.
"""

from __future__ import annotations

import math
from typing import Final

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from agent.demo.story import TOOLS, Outcome, Story, reason, said
from agent.pages.words import say

WIDE: Final = 112
FLAG: Final = "⚑"


def screen(story: Story, width: int, height: int) -> RenderableType:
    """Return the whole screen.

    Args:
        story: The demonstration so far.
        width: Columns of the terminal.
        height: Its lines; the screen takes two less at most.
    """
    rows = 1 if width >= WIDE else 2
    tall = max(7, min((height - 5 - len(story.hints)) // rows, 34 // rows))
    first, kept, left, looked = (0.34, 0.30, 0.18, 0.18) if rows == 1 else (0.55, 0.45, 0.55, 0.45)
    happened = Panel(_happened(story, int(width * first) - 4, tall - 2), title="what happened", height=tall)
    panels = (
        (happened, first),
        (Panel(_kept(story), title="what was kept", height=tall), kept),
        (Panel(_left(story), title="what left", height=tall, border_style="green"), left),
        (Panel(_looked(story), title="who looked", height=tall), looked),
    )
    shown: list[RenderableType] = [_head(story, width)]
    per_row = len(panels) // rows
    for start in range(0, len(panels), per_row):
        grid = Table.grid(expand=True)
        some = panels[start : start + per_row]
        for _, share in some:
            grid.add_column(ratio=int(share * 100))
        grid.add_row(*(panel for panel, _ in some))
        shown.append(grid)
    shown.extend(Text(f"• {hint}", style="yellow") for hint in story.hints)
    return Group(*shown)


def _head(story: Story, width: int) -> RenderableType:
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right")
    elapsed = min(story.elapsed, story.seconds)
    bar = ProgressBar(total=story.seconds, completed=elapsed, width=max(10, width // 5))
    grid.add_row(
        f"[bold]gleanwatch demo[/]  on this machine alone  [dim]{elapsed:.0f} of {story.seconds:.0f} s[/]", bar
    )
    return grid


def _happened(story: Story, width: int, lines: int) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", style="dim", no_wrap=True, width=4)
    grid.add_column(overflow="fold")
    shown = []
    for happening in reversed(story.happenings):
        # Word wrap may need one line more than the letters do; a line lost at the bottom is a line of the newest.
        lines -= math.ceil((len(happening.text) + 4) / max(width - 6, 10))
        if lines < 0:
            break
        shown.append(happening)
    for happening in reversed(shown):
        text = Text(f"{FLAG} {happening.text}" if happening.flag else happening.text)
        text.stylize("bold red" if happening.flag else "")
        grid.add_row(f"{happening.at:.0f} s", text)
    return grid


def _kept(story: Story) -> RenderableType:
    loads = Table.grid(expand=True, padding=(0, 1))
    loads.add_column()
    loads.add_column(justify="right", style="bold")
    for total in story.totals:
        loads.add_row(f"{say(total.platform, 'platform')}: {say(total.page_class, 'page_class')}", str(total.count))
    if not story.totals:
        loads.add_row("[dim]no page load yet[/]", "")
    found: list[RenderableType] = []
    for finding in story.findings:
        mark = f"[bold red]{FLAG}[/] " if finding.flagged else "  "
        found.append(Text.from_markup(f"{mark}[bold]{escape(said(finding))}[/]"))
        found.append(Text(f"  {reason(finding)}", style="dim"))
    return Group(loads, Text(""), *(found or [Text("no tool recognised yet", style="dim")]))


def _left(story: Story) -> RenderableType:
    connections, lookups = story.outside or ("not visible here", 0)
    lines = [
        Text("Nothing of what was seen.", style="bold green"),
        Text("\nThis release has no part that sends: no collector, no report, no telemetry."),
        Text(f"\nThe agent's connections to other machines: {connections}"),
    ]
    if lookups:
        lines.append(Text("\nIt asked a name server for the addresses of the watched sites.", style="yellow"))
    return Group(*lines)


def _looked(story: Story) -> RenderableType:
    lines = [Text(f"You, here: asked {sum(story.asked.values())} times", style="bold")]
    lines += [Text(f"  {command} {count}", style="dim") for command, count in sorted(story.asked.items())]
    lines.append(Text(f"\nYou, on the page: {story.page_sessions or 'no'} session{'s' * (story.page_sessions != 1)}"))
    lines.append(Text("\nNobody else can: the socket and the page answer to programs of your own user only."))
    return Group(*lines)


def summary(outcome: Outcome) -> RenderableType:
    """Return the table that stands at the end."""
    story = outcome.story
    loads = Table("platform", "kind of page", "page loads kept", box=None, header_style="bold")
    for total in story.totals:
        loads.add_row(say(total.platform, "platform"), say(total.page_class, "page_class"), str(total.count))
    tools = Table("tool", "flagged", "recognised as", "where", "why", box=None, header_style="bold")
    for tool in TOOLS:
        finding = story.finding_of(tool)
        if finding is None:
            tools.add_row(tool, "[red]no[/]", "–", "–", "not seen" if tool in story.pids else "did not run")
            continue
        where = ", ".join(say(key, "platform") for key in finding.platforms) or "–"
        flagged = f"[green]yes[/] {FLAG}" if finding.flagged else "[red]no[/]"
        tools.add_row(tool, flagged, escape(said(finding)), where, escape(reason(finding)))
    parts: list[RenderableType] = [Text(""), loads if story.totals else Text("No page load was counted.", "yellow")]
    parts += [Text(""), tools, Text("")]
    parts.append(
        Text(
            f"The invented site served {story.requests} pages, all on this machine. What left it of all this: nothing."
        )
    )
    parts += [Text(f"Picture of the local page: {file}", overflow="fold", no_wrap=True) for file in story.pictures]
    parts += [Text(f"✗ {text}", style="red") for text in outcome.missing]
    parts += [Text(f"• {hint}", style="yellow") for hint in story.hints]
    if outcome.ok:
        parts.append(Text("✓ Page loads were counted, and each tool was flagged with its reason.", style="bold green"))
    return Group(*parts)
