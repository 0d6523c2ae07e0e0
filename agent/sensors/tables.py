"""What is in this file of records? Its format, the kinds of its columns and how many rows: nothing else.

Reads the first 64 KiB of a text file and counts in them, so that the number of rows is a lower bound for a large file;
a workbook's first row and size come from `workbook.py`. The bytes are forgotten when the answer is given. Formats:
RFC 4180, RFC 8259, JSON Lines, RFC 6350.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.sensors.columns import kinds_of
from agent.sensors.regular import read_regular
from agent.sensors.workbook import first_row

FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
    ".vcf": "vcf",
}
"""File endings that are looked into."""
HEAD_BYTES: Final = 64 * 1024
_MOST_COLUMNS = 256
_SAMPLE_ROWS = 20

_KEY = re.compile(r'"([^"\\\n]{1,80})"\s*:')
_EMAIL = re.compile(r"[^\s@,;]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63})+")
_PHONE = re.compile(r"\+\d[\d\s().-]{6,18}")
_SOMEBODY = re.compile(r"https?://[^/\s]{4,80}/(?:in/|@|profile|people/|users?/|u/)[^\s]{1,120}")


@dataclass(frozen=True, slots=True)
class Table:
    """What a file of records holds.

    Attributes:
        format: One of the values of `FORMATS`.
        columns: Kinds of column, as `ExportWritten.columns`; empty where they are not of people.
        rows: How many records, a lower bound for a large file.
    """

    format: str
    columns: tuple[str, ...]
    rows: int


def look_into(path: Path) -> Table | None:
    """Look into a file of records; None where it is none, or cannot be read."""
    what = FORMATS.get(path.suffix.lower())
    if what is None:
        return None
    if what == "xlsx":
        book = first_row(path)
        return Table(what, kinds_of(book[0][:_MOST_COLUMNS]), max(0, book[1] - 1)) if book is not None else None
    head = read_regular(path, HEAD_BYTES, whole=False)
    if not head:
        return None
    text = _decoded(head)
    if what in ("csv", "tsv"):
        return _separated(text, what, cut=len(head) == HEAD_BYTES)
    if what == "vcf":
        return _cards(text)
    keys = Counter(_KEY.findall(text))
    return Table(what, kinds_of(list(keys)[:_MOST_COLUMNS]), max(keys.values(), default=0))


def _decoded(head: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return head.decode(encoding, "replace")
    return head.decode("utf-8", "replace")


def _separated(text: str, what: str, *, cut: bool) -> Table | None:
    lines = text.splitlines()
    if cut and len(lines) > 1:
        lines.pop()  # not there in full
    lines = [line for line in lines if line.strip()]
    if lines and lines[0].lower().startswith("sep="):
        lines.pop(0)  # a spreadsheet's own word for what separates
    if not lines:
        return None
    mark = "\t" if what == "tsv" else max(",;\t|", key=lines[0].count)
    try:
        sample = [row[:_MOST_COLUMNS] for row in csv.reader(lines[: _SAMPLE_ROWS + 1], delimiter=mark)]
    except csv.Error:
        return None
    if not sample:
        return None
    columns = kinds_of(sample[0])
    if columns:
        return Table(what, columns, len(lines) - 1)
    return Table(what, _by_values(sample), len(lines))


def _by_values(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Tell kinds of column by what stands in them, for a table without a header."""
    found = set()
    for column in range(min(len(max(rows, key=len)), _MOST_COLUMNS)):
        values = [row[column].strip() for row in rows if column < len(row)]
        for kind, pattern in (("email", _EMAIL), ("phone", _PHONE), ("profile", _SOMEBODY)):
            if 2 * sum(pattern.fullmatch(value) is not None for value in values) > len(rows):
                found.add(kind)
    return tuple(sorted(found))


def _cards(text: str) -> Table:
    kinds = {"EMAIL": "email", "TEL": "phone", "FN": "name", "ORG": "employer", "ADR": "place", "URL": "profile"}
    properties = set(re.findall(r"^(?:[\w-]+\.)?([A-Z]+)[;:]", text, re.MULTILINE))
    columns = tuple(sorted(kind for name, kind in kinds.items() if name in properties))
    return Table("vcf", columns, text.count("BEGIN:VCARD"))
