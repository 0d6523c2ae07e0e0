"""What may be said of an exception in a log: its type and its place in our code, never its text.

An exception's text can hold anything that was being worked on, and a log is kept: see `docs/privacy.md`. A file's
folder can hold a person's name: of our own files the way from the package on is said, of others the file's name.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OURS: Final = ("agent", "native_host")
"""Our packages: the first part of a frame's place."""
_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Frame:
    """One place in the code.

    Attributes:
        file: Of ours the way from the package on, such as `agent/watching.py`; of others the file's name.
        line: From 1; 0 where it is not known.
        function: The function's name.
        ours: Whether it is our code.
    """

    file: str
    line: int
    function: str
    ours: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def frames(problem: BaseException) -> tuple[Frame, ...]:
    """Return the places that an exception came through, the outermost first."""
    passed = traceback.walk_tb(problem.__traceback__)
    return tuple(frame_of(at.f_code.co_filename, line or 0, at.f_code.co_name) for at, line in passed)


def frame_of(file: str, line: int, function: str) -> Frame:
    """Return a place in the code, with as much of its file's path as may be said."""
    path = Path(file)
    inside = path.relative_to(_ROOT).parts if path.is_relative_to(_ROOT) else ()
    ours = bool(inside) and inside[0] in OURS
    return Frame("/".join(inside) if ours else path.name, line, function, ours)


def described(problem: BaseException) -> str:
    """Return the type of an exception and where in the code it was raised, a line for each place."""
    return "\n".join([type(problem).__name__, *(f"  {place}" for place in frames(problem))])
