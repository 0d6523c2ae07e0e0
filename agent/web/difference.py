"""What changed in a notice, put together under the headings it stands under, without the lines that stayed.

`AgentFace.difference` gives the whole text line by line with marks; a person needs to see what is new and what is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed under one heading.

    Attributes:
        heading: The heading without its marks, or empty before the first.
        lines: Mark (`+` or `-`) and line without its list or heading mark.
    """

    heading: str
    lines: tuple[tuple[str, str], ...]


def grouped(lines: Sequence[tuple[str, str]]) -> tuple[Changed, ...]:
    """Return what changed, in the order of the text; empty lines never count."""
    groups: list[Changed] = []
    heading = ""
    changed: list[tuple[str, str]] = []

    def close() -> None:
        if changed:
            groups.append(Changed(heading, tuple(changed)))
            changed.clear()

    for mark, line in lines:
        plain = line.lstrip("#- ").strip()
        if not plain:
            continue
        if mark in ("+", "-"):
            changed.append((mark, plain))
        elif line.startswith("#"):
            close()
            heading = plain
    close()
    return tuple(groups)
