"""What is in this file of records? Its format, the kinds of its columns and how many rows: nothing else.

Reads the first 64 KiB of a text file and counts in them, so that the number of rows is a lower bound for a large file.
Of a workbook (XLSX) it reads the first rows of the first sheet and the beginning of its table of texts, each bounded
*after* unpacking, and only where the archive's directory is small; markup is never given to an XML parser. The bytes
are forgotten when the answer is given. Formats: RFC 4180, RFC 8259, JSON Lines, RFC 6350, ECMA-376 part 1 (18.3, 18.4).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from agent.sensors.columns import kinds_of
from agent.sensors.regular import open_regular, read_regular

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
_TEXTS_BYTES = 256 * 1024
_WORKBOOK_BYTES = 64 * 1024 * 1024
_DIRECTORY_BYTES = 256 * 1024
_MOST_COLUMNS = 256
_SAMPLE_ROWS = 20

_KEY = re.compile(r'"([^"\\\n]{1,80})"\s*:')
_ROW = re.compile(r"<row\b[^>]*>(.*?)</row>", re.DOTALL)
_CELL = re.compile(r"<c\b([^>]*)>(.*?)</c>", re.DOTALL)
_TEXT = re.compile(r"<t\b[^>]*>([^<]{0,200})")
_VALUE = re.compile(r"<v>(\d{1,7})</v>")
_DIMENSION = re.compile(r'<dimension ref="[A-Z]{1,3}\d{1,7}:[A-Z]{1,3}(\d{1,7})"')
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
        return _workbook(path)
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


def _workbook(path: Path) -> Table | None:
    file = open_regular(path)
    if file is None:
        return None
    with file:
        try:
            if file.seek(0, io.SEEK_END) > _WORKBOOK_BYTES or not _small_directory(file):
                return None
            with zipfile.ZipFile(file) as archive:
                names = sorted(
                    name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)
                )
                if not names:
                    return None
                sheet = _unpacked(archive, names[0], HEAD_BYTES)
                texts = _unpacked(archive, "xl/sharedStrings.xml", _TEXTS_BYTES)
        except (
            OSError,
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            RuntimeError,  # members with a password
            NotImplementedError,  # a way of packing that zipfile does not know
            ValueError,
            EOFError,
        ):
            return None
    shared = ["".join(_TEXT.findall(entry)) for entry in texts.split("</si>")]
    first = _ROW.search(sheet)
    header = [_cell(kind, content, shared) for kind, content in _CELL.findall(first[1])] if first is not None else []
    size = _DIMENSION.search(sheet)
    rows = int(size[1]) if size is not None else sheet.count("<row")
    return Table("xlsx", kinds_of(header[:_MOST_COLUMNS]), max(0, rows - 1))


def _small_directory(file: IO[bytes]) -> bool:
    """Whether the archive's directory is small enough to be read in full (APPNOTE 4.3.16)."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - 65_557))
    tail = file.read(65_557)
    at = tail.rfind(b"PK\x05\x06")
    return at >= 0 and int.from_bytes(tail[at + 12 : at + 16], "little") <= _DIRECTORY_BYTES


def _unpacked(archive: zipfile.ZipFile, name: str, limit: int) -> str:
    """Return the beginning of one part of a workbook, at most `limit` bytes unpacked; empty where there is none."""
    try:
        with archive.open(name) as part:
            return part.read(limit).decode("utf-8", "replace")
    except KeyError:
        return ""


def _cell(attributes: str, content: str, shared: Sequence[str]) -> str:
    if 't="s"' in attributes:
        value = _VALUE.search(content)
        number = int(value[1]) if value is not None else len(shared)
        return shared[number] if number < len(shared) else ""
    return "".join(_TEXT.findall(content))
