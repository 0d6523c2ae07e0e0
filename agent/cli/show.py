"""What commands print: JSON for programs on stdout and nothing else there, rich text for people."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, Any, Final, cast

import click
import msgspec
from rich.console import Console
from rich.text import Text

from agent.detection.scoring import is_approved, is_reportable
from agent.model.answers import disputed
from agent.model.consequences import Consequence
from agent.model.findings import Finding

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout and nothing else.")

LEVEL_STYLE = {"high": "bold red", "medium": "yellow", "low": "dim", "hidden": "dim"}


PROSE: Final = 100
"""Most letters of a line of prose, and of what is drawn across the screen."""
UNFOLDED: Final = 4096
"""Letters of a line where nobody looks at a screen: the longest path that Linux takes."""


class _Trimmed(io.TextIOBase):
    """Standard output for a file or another program: no line ends in the blanks that fill a table's last column."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        sys.stdout.write(re.sub(r" +(?=\n)", "", text))
        return len(text)

    def flush(self) -> None:
        sys.stdout.flush()


def console(stderr: bool = False) -> Console:
    """Return a console for people.

    What goes into a file or to another program is not folded, unless COLUMNS asks for it: a path or a command with a
    line break in it is none, and one finding is one line to grep.
    """
    to = sys.stderr if stderr else sys.stdout
    # A process may have been started without standard output at all.
    if stderr or to is None or to.isatty() or os.environ.get("COLUMNS"):
        return Console(stderr=stderr, highlight=False)
    return Console(file=cast(IO[str], _Trimmed()), width=UNFOLDED, highlight=False)


def print_json(value: object) -> None:
    """Write one JSON document: UTF-8 whatever the terminal's encoding is, as RFC 8259 has it."""
    sys.stdout.flush()
    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    sys.stdout.buffer.flush()


def told(item: object) -> tuple[Finding, list[Consequence]]:
    """Read a finding as the running agent sends it, with what terms and law say of it."""
    said = item.get("consequences", []) if isinstance(item, dict) else []
    return msgspec.convert(item, Finding), msgspec.convert(said, list[Consequence])


def finding_json(finding: Finding, now: int, consequences: Sequence[Consequence] = ()) -> dict[str, Any]:
    """Return a finding as the command line's contract has it (DESIGN 5); times are UTC milliseconds.

    Args:
        finding: The finding.
        now: UTC milliseconds.
        consequences: What terms and law say of it, as the agent told them.
    """
    return {
        "id": finding.id,
        "tool": finding.tool,
        "name": finding.name,
        "family": finding.family,
        "stage": finding.stage.value,
        "confidence": round(finding.confidence, 3),
        "level": finding.level.value,
        "flagged": finding.flagged,
        "reportable": is_reportable(finding, now),
        "held_until": finding.held_until,
        "approved": is_approved(finding, now),
        "approved_until": finding.approved_until,
        "platforms": list(finding.platforms),
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "count": finding.count,
        "processes": [{"pid": p.pid, "started_at": p.started_at, "name": p.name} for p in finding.processes],
        "evidence": [{"class": e.cls.value, "rule": e.rule, "detail": e.detail} for e in finding.evidence],
        "techniques": list(finding.techniques),
        "consequences": [msgspec.to_builtins(one) for one in consequences],
        "lowered": finding.lowered,
        "answer": finding.answer,
        "disputed": disputed(finding.answer),
    }


def hang(say: Console, text: Text | str, mark: str = "•", indent: int = 2) -> None:
    """Print a text whose further lines stand below its first letter, not below its mark.

    Args:
        say: Where to.
        text: A `Text`, or a string without markup.
        mark: What stands before it; may be empty.
        indent: Letters before the mark.
    """
    from rich.table import Table

    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=indent + len(mark), justify="right", no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(mark, Text(text) if isinstance(text, str) else text)
    say.print(line)


def show_consequences(say: Console, consequences: Sequence[Consequence]) -> None:
    """Print what terms and law say, each with its source, date and certainty."""
    from agent.content.consequences import NOT_ADVICE
    from agent.content.terms import CERTAINTY

    if not consequences:
        return
    say.print("\n[bold]What terms and law say[/]")
    about = ""
    for one in consequences:
        if one.about != about:
            about = one.about
            say.print(Text(f"  {about}", style="underline"))
        hang(say, one.says)
        dated = f", {one.date}" if one.date else ""
        hang(say, Text(f"{one.source}{dated}; {CERTAINTY[one.certainty]}.", style="dim"), "", 3)
    hang(say, Text(NOT_ADVICE, style="dim"), "", 1)


def moment(at: int | None) -> str:
    """Say a time of this machine's day, or a dash."""
    if at is None:
        return "–"
    then = datetime.fromtimestamp(at / 1000, UTC).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return then.strftime("%H:%M:%S" if then.date() == today else "%Y-%m-%d %H:%M")
