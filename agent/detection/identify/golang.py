"""Go's build information: which module a Go program was built from, and on which others it depends.

The linker leaves a small record behind the mark `\\xff Go buildinf:`; since Go 1.18 the version and the text follow it
in place, each behind its length. The text has a line each for the path, the module and every dependency. Own words for
the format; source: Go's `debug/buildinfo` package documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from agent.detection.identify.elf import Bytes

MARK = b"\xff Go buildinf:"
MAX_TEXT = 512 * 1024
MAX_DEPENDENCIES = 400
_TOOLCHAIN = frozenset(["cmd", "std"])
"""First parts of module paths that belong to Go's own programs and library (go.dev/ref/mod, «Module paths»)."""
_SEARCHED = 1024 * 1024
_SENTINEL = 16
_PATH = re.compile(r"[A-Za-z0-9][\w.~/-]{0,150}")


@dataclass(frozen=True, slots=True)
class GoBuild:
    """What a Go program was built from.

    Attributes:
        module: Path of its main module or package.
        dependencies: Paths of the modules it depends on.
    """

    module: str
    dependencies: tuple[str, ...]


def build_of(data: Bytes, found: Mapping[str, tuple[int, int]]) -> GoBuild | None:
    """Return what a program was built from, or None where it is not Go's or does not say.

    Args:
        data: The program's bytes.
        found: Its sections; without the right one the start of its data is searched.
    """
    offset, size = found.get(".go.buildinfo", (0, min(len(data), _SEARCHED)))
    start = data[offset : offset + min(size, _SEARCHED)].find(MARK)
    if start < 0:
        return None
    start += offset
    flags = data[start + 15 : start + 16]
    if not flags or not flags[0] & 2:
        return GoBuild("", ())
    _, at = _text(data, start + 32)
    text, _ = _text(data, at)
    return read_text(text[_SENTINEL:-_SENTINEL].decode("utf-8", "replace"))


def is_unpublished(module: str) -> bool:
    """Say whether a module's path names no public source: its first part is no host, and it is not Go's own.

    Args:
        module: As in `GoBuild`; an empty one says nothing.
    """
    first = module.split("/", maxsplit=1)[0]
    return bool(first) and "." not in first and first not in _TOOLCHAIN


def read_text(text: str) -> GoBuild:
    """Read the lines of the build information."""
    module = ""
    dependencies: list[str] = []
    for line in text.splitlines():
        kind, _, rest = line.partition("\t")
        path = rest.split("\t", 1)[0]
        if not _PATH.fullmatch(path):
            continue
        if kind == "mod" or (kind == "path" and not module):
            module = path
        elif kind == "dep" and len(dependencies) < MAX_DEPENDENCIES:
            dependencies.append(path)
    return GoBuild(module, tuple(dependencies))


def _text(data: Bytes, at: int) -> tuple[bytes, int]:
    """Return the text that stands at a place behind its length (unsigned LEB128), and the place after it."""
    length = shift = 0
    for index in range(5):
        one = data[at + index : at + index + 1]
        if not one:
            return b"", at
        length |= (one[0] & 0x7F) << shift
        shift += 7
        if not one[0] & 0x80:
            at += index + 1
            return data[at : at + min(length, MAX_TEXT)], at + min(length, MAX_TEXT)
    return b"", at
