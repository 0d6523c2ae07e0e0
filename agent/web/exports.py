"""Rows of the database as files: CSV that no spreadsheet takes for a formula, and JSON, a row a line.

Pure functions: a row goes in as the agent tells it, text comes out. `data_views` streams what they make, so that a
table of a million rows is never in memory at once.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from agent.store.inspection import SIZED

Value = str | int | float | None
Row = Mapping[str, Value]

_FORMULA: Final = re.compile(r"""^(?=[\t\r])|(?:^|(?<=[;\t\r\n]))(?=[" ]*[=+\-@])""")
"""Where spreadsheets would take a text for the beginning of a formula.

At its beginning, and wherever they may cut it in two: our commas and quotes mean little to one whose list separator is
the semicolon (Excel in German, French, Spanish, Norwegian) or that was told to cut at tabs.
"""


def plain(table: str, column: str, value: Value) -> Value:
    """Return a value as a file tells it: of a secret and of sealed content only how many bytes there are."""
    return f"{value} bytes, not shown" if (table, column) in SIZED and value is not None else value


def csv_lines(table: str, columns: Sequence[str], rows: Iterable[Row], *, head: bool) -> str:
    """Return rows as CSV (RFC 4180: commas, CRLF, quotes doubled).

    What a spreadsheet would take for a formula gets an apostrophe in front, in the middle of a text too: names of tools
    come from outside. The JSON of the same rows is exact.

    Args:
        table: Whose rows.
        columns: Which columns, in order.
        rows: The rows.
        head: Whether a line with the columns' names comes first.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    if head:
        writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(plain(table, column, row[column])) for column in columns])
    return out.getvalue()


def _cell(value: Value) -> Value:
    return _FORMULA.sub("'", value) if isinstance(value, str) else value


def json_rows(table: str, rows: Iterable[Row]) -> bytes:
    """Return rows as JSON objects, one a line, with commas between them."""
    return b",\n".join(
        msgspec.json.encode({column: plain(table, column, value) for column, value in row.items()}) for row in rows
    )
