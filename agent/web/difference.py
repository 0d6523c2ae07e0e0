"""What changed in a notice, put together under the headings it stands under, without the lines that stayed.

`AgentFace.difference` gives the text line by line with marks; a person needs to see what is new, what is gone, and, in
a line that only changed a little, which words those are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

_MARKS = re.compile(r"\*\*|`")
_WORDS = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is new (`+`) or gone (`-`), in parts: text, and whether that part is what changed in the line."""

    mark: str
    parts: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed under one heading; the heading is empty before the first, or where it was left out."""

    heading: str
    lines: tuple[Line, ...]


def grouped(lines: Sequence[tuple[str, str]]) -> tuple[Changed, ...]:
    """Return what changed, in the order of the text; empty lines never count.

    Args:
        lines: Mark (`+`, `-` or a space) and line.
    """
    groups: list[Changed] = []
    heading = ""
    gone: list[str] = []
    new: list[str] = []
    changed: list[Line] = []

    def settle() -> None:
        changed.extend(_paired(gone, new))
        gone.clear()
        new.clear()

    def close() -> None:
        settle()
        if changed:
            groups.append(Changed(heading, tuple(changed)))
            changed.clear()

    for mark, line in lines:
        plain = _MARKS.sub("", line.lstrip("#- ")).strip()
        if not plain:
            continue
        if mark == "-":
            if new:
                settle()
            gone.append(plain)
        elif mark == "+":
            new.append(plain)
        elif line.startswith("#") or plain == "…":
            close()
            heading = "" if plain == "…" else plain
        else:
            settle()
    close()
    return tuple(groups)


def _paired(gone: Sequence[str], new: Sequence[str]) -> list[Line]:
    """Put each line that is gone before the one that took its place; as many of both are taken for rewritten lines."""
    if len(gone) != len(new):
        return [Line("-", ((text, True),)) for text in gone] + [Line("+", ((text, True),)) for text in new]
    return [line for before, after in zip(gone, new, strict=True) for line in _rewritten(before, after)]


def _rewritten(before: str, after: str) -> tuple[Line, Line]:
    """Return both lines with the words that differ told apart."""
    old, now = _WORDS.findall(before), _WORDS.findall(after)
    steps = difflib.SequenceMatcher(None, old, now, autojunk=False).get_opcodes()
    left = tuple(("".join(old[i1:i2]), tag != "equal") for tag, i1, i2, _, _ in steps if i2 > i1)
    right = tuple(("".join(now[j1:j2]), tag != "equal") for tag, _, _, j1, j2 in steps if j2 > j1)
    return Line("-", left), Line("+", right)
