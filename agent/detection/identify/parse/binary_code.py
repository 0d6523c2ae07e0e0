"""Reads an executable in the helper process: how it was built or frozen, what is inside, which YARA rules speak.

The file is opened once by `main.py`; every piece is read from that open file by its place, never mapped, so that a file
that shrinks under us reads as shorter and kills nobody. Files up to `MAX_BYTES` are looked at as a whole; of larger
ones, which runtimes that carry a browser's engine make, only the sections and the end are read. Pure but for reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from agent.detection.identify.elf import Pieces, build_id, sections
from agent.detection.identify.frozen import Frozen, frozen
from agent.detection.identify.golang import build_of
from agent.detection.identify.parse.binary_facts import MAX_NAMES, BinaryFacts

MAX_BYTES = 64 * 1024 * 1024
MAX_TAIL_BYTES = 1024 * 1024 * 1024
SCANNED = 12 * 1024 * 1024
"""How much of a program YARA and the search for Rust's crates look at: its read-only data, else its start and end."""
_CRATE = re.compile(rb"registry/src/[^/\0]{1,60}/([a-z][a-z0-9_-]{1,60}?)-\d+\.\d+")


def read(handle: int, size: int, path: str, scan: Callable[[bytes], Iterable[str]]) -> BinaryFacts:
    """Read one executable.

    Args:
        handle: The open file.
        size: Its size in bytes when it was opened.
        path: Where it lies, for the archive or folder that some ways of freezing put beside it.
        scan: Returns the ids of the YARA rules that match.
    """
    data = Pieces(handle, size)
    found = sections(data)
    inside = frozen(data, found, path)
    if size > MAX_BYTES:
        return _facts(inside)
    build = build_of(data, found)
    text = _scanned(data, found.get(".rodata", (0, 0)))
    crates = {match.decode("ascii").replace("_", "-") for match in _CRATE.findall(text)}
    made = _facts(inside)
    return replace(
        made,
        language=made.language or ("go" if build else "rust" if crates else ""),
        module=build.module if build else "",
        dependencies=(build.dependencies if build else tuple(sorted(crates)))[:MAX_NAMES],
        build=build_id(data, found),
        yara=tuple(sorted(scan(text))),
    )


def _facts(inside: Frozen | None) -> BinaryFacts:
    if inside is None:
        return BinaryFacts()
    return BinaryFacts(
        frozen=inside.by,
        language=inside.language,
        modules=inside.modules,
        name=inside.words.get("name", ""),
        description=inside.words.get("description", ""),
    )


def _scanned(data: Pieces, rodata: tuple[int, int]) -> bytes:
    """Return what is searched for words: all of a small file; else its head, its constants and its end."""
    if len(data) <= SCANNED:
        return data[0 : len(data)]
    third = SCANNED // 3
    offset, size = rodata
    return data[0:third] + data[offset : offset + min(size, third)] + data[len(data) - third : len(data)]
