"""One line of the bench's table, and the frame that every bench here has around its measuring.

A bench is a module with `async def measure(quick) -> list[Row]`. `run` gives it a command line: the table for people,
`--json` for programs, `--quick` for a short look. A row compares with something measured in the *same* run, on the same
machine under the same load, because absolute numbers of two days cannot be compared.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One measured thing.

    Attributes:
        what: What was measured.
        goal: What it should reach, in words.
        measured: What it reached, with its unit.
        beside: The peer or limit of the same run, with its unit and name; empty where the goal is absolute.
        ratio: The number the goal is about, as text.
        met: Whether the goal was reached; None where there is nothing to compare or it could not be measured.
        note: What limits it, or why it could not be measured.
    """

    what: str
    goal: str
    measured: str
    beside: str = ""
    ratio: str = ""
    met: bool | None = None
    note: str = ""

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON can hold it."""
        return dataclasses.asdict(self)


Measure = Callable[[bool], Awaitable[list[Row]]]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share (0 to 1) of the values lies; the nearest one measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def spread(values: Sequence[float], unit: str = "ms", scale: float = 1000.0) -> str:
    """Say median and 95th percentile of values in seconds."""
    return f"p50 {statistics.median(values) * scale:.1f} {unit}, p95 {percentile(values, 0.95) * scale:.1f} {unit}"


def table_console() -> Console:
    """Return a console that is wide enough for the table where nobody looks at it live."""
    return Console() if sys.stdout.isatty() else Console(width=170)


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table."""
    table = Table(title="Measured in this run, on this machine", show_lines=True)
    for column in ("what", "goal", "measured", "beside it, same run", "ratio", "", "note"):
        table.add_column(column, overflow="fold")
    words = {True: "[green]met", False: "[red]missed", None: "–"}
    for row in rows:
        table.add_row(row.what, row.goal, row.measured, row.beside, row.ratio, words[row.met], row.note)
    console.print(table)


def run(measure: Measure, description: str) -> None:
    """Give a bench its command line and run it."""
    parser = argparse.ArgumentParser(description=description.partition("\n\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quick", action="store_true", help="a short look: fewer repetitions, shorter windows")
    chosen = parser.parse_args()

    async def measured() -> list[Row]:
        return await measure(chosen.quick)

    rows = asyncio.run(measured())
    if chosen.json:
        print(json.dumps({"rows": [row.as_dict() for row in rows]}))
    else:
        show(rows, table_console())
