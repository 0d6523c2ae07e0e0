"""The first row of a workbook (XLSX) and how many rows it has, from a file that anybody may have written.

Reads the beginning of the first sheet and of the table of texts, each bounded *after* unpacking, and only where the
archive's directory is small and the parts are packed as the format allows (stored or deflated: what other ways of
packing take to unpack has no bound). Markup is never given to an XML parser, nor to a pattern that may look at it
twice: elements are found from left to right, so that the time is that of the length. Formats: ECMA-376 part 1 (18.3,
18.4) and part 2 (annex B, ways of packing), APPNOTE 4.3.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from agent.sensors.regular import open_regular

_SHEET_BYTES = 64 * 1024
_TEXTS_BYTES = 256 * 1024
_WORKBOOK_BYTES = 64 * 1024 * 1024
_DIRECTORY_BYTES = 256 * 1024
_END_BYTES = 65_557
"""Most bytes of the record that ends an archive, its comment included."""
_END_LEAST = 22
"""Its bytes without one (APPNOTE 4.3.16)."""
_LONGEST_TEXT = 200
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_END = re.compile(rb"PK\x05\x06")
_SHEET = re.compile(r"xl/worksheets/sheet\d{1,6}\.xml")
_VALUE = re.compile(r"<v>(\d{1,7})</v>")
_DIMENSION = re.compile(r'<dimension ref="[A-Z]{1,3}\d{1,7}:[A-Z]{1,3}(\d{1,7})"')


def first_row(path: Path) -> tuple[list[str], int] | None:
    """Return the texts of the first row and how many rows there are; None where it is no workbook, or a broken one."""
    file = open_regular(path)
    if file is None:
        return None
    with file:
        try:
            if file.seek(0, io.SEEK_END) > _WORKBOOK_BYTES or not _small_directory(file):
                return None
            with zipfile.ZipFile(file) as archive:
                names = sorted(name for name in archive.namelist() if _SHEET.fullmatch(name))
                if not names:
                    return None
                sheet = _unpacked(archive, names[0], _SHEET_BYTES)
                texts = _unpacked(archive, "xl/sharedStrings.xml", _TEXTS_BYTES)
        except (
            OSError,
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            zlib.error,
            RuntimeError,  # members with a password
            NotImplementedError,  # a way of packing that zipfile does not know
            ValueError,
            EOFError,
        ):
            return None
    shared = [_text(entry) for entry in texts.split("</si>")]
    rows = (list(elements(row, "c")) for _, row in elements(sheet, "row"))
    header = [_cell(attributes, content, shared) for attributes, content in next(filter(None, rows), ())]
    size = _DIMENSION.search(sheet)
    return header, int(size[1]) if size is not None else sheet.count("<row")


def elements(markup: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield attributes and content of each element of a name that is there in full, in time of the markup's length."""
    opening, closing = f"<{name}", f"</{name}>"
    at = markup.find(opening)
    while at >= 0:
        after = at + len(opening)
        if markup[after : after + 1] not in (">", "/", " ", "\t", "\r", "\n"):  # `<c` also begins `<cols>`
            at = markup.find(opening, after)
            continue
        end = markup.find(">", after)
        if end < 0:
            return
        attributes = markup[after:end]
        close = end + 1
        if attributes.endswith("/"):
            yield attributes, ""
        else:
            close = markup.find(closing, end)
            if close < 0:
                return
            yield attributes, markup[end + 1 : close]
        at = markup.find(opening, close)


def _small_directory(file: IO[bytes]) -> bool:
    """Whether the archive's directory is small enough to be read in full, whichever record of its size is believed."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - _END_BYTES))
    tail = file.read(_END_BYTES)
    sizes = [
        int.from_bytes(tail[found.start() + 12 : found.start() + 16], "little")
        if found.start() + _END_LEAST <= len(tail)
        else _DIRECTORY_BYTES + 1
        for found in _END.finditer(tail)
    ]
    # The mark of a second record, for archives beyond 4 GiB, which would have another size of the directory count.
    return bool(sizes) and max(sizes) <= _DIRECTORY_BYTES and b"PK\x06\x07" not in tail


def _unpacked(archive: zipfile.ZipFile, name: str, limit: int) -> str:
    """Return the beginning of one part of a workbook, at most `limit` bytes unpacked; empty where there is none."""
    try:
        member = archive.getinfo(name)
    except KeyError:
        return ""
    if member.compress_type not in _PACKED:
        return ""
    with archive.open(member) as part:
        return part.read(limit).decode("utf-8", "replace")


def _cell(attributes: str, content: str, shared: Sequence[str]) -> str:
    if 't="s"' in attributes:
        value = _VALUE.search(content)
        number = int(value[1]) if value is not None else len(shared)
        return shared[number] if number < len(shared) else ""
    return _text(content)


def _text(markup: str) -> str:
    return "".join(content[:_LONGEST_TEXT] for _, content in elements(markup, "t"))
