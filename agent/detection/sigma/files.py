"""Which files of a folder are rules, and their text: regular files ending in .yml or .yaml, within bounds.

Files are taken in the order of their names, so that two runs give the same rules. What is no regular file, too large or
not UTF-8 is refused like a rule.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from agent.detection.sigma.form import Refusal

MAX_FILE: Final = 1 << 20
"""Bytes of one file; the largest of SigmaHQ has 300,000."""
MAX_FILES: Final = 20_000
ENDINGS: Final = (".yml", ".yaml")


class TooMany(ValueError):
    """The folder holds more rule files than can be meant."""


def rule_files(place: Path) -> list[Path]:
    """Return the rule files below a folder, by name; a file by itself is its own list.

    Links to folders are not followed, so there are no circles; names that begin with a dot are left out.

    Raises:
        TooMany: There are more than `MAX_FILES`.
        OSError: The folder cannot be read.
    """
    if not place.is_dir():
        place.stat()
        return [place]
    found: list[Path] = []
    for folder, folders, names in os.walk(place, onerror=_raise):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(folder) / name for name in names if name.endswith(ENDINGS) and not name.startswith(".")]
        if len(found) > MAX_FILES:
            raise TooMany(f"more than {MAX_FILES} rule files lie below this folder; name one that holds only rules")
    return sorted(found)


def read_rule(path: Path, name: str) -> str | Refusal:
    """Return the text of a rule file, or why it is not read. A pipe or a device is not waited for."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as problem:
        return Refusal(name, None, "", 1, f"the file cannot be opened: {_why(problem)}")
    with os.fdopen(handle, "rb") as file:
        try:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                return Refusal(name, None, "", 1, "it is not a regular file")
            content = file.read(MAX_FILE + 1)
        except OSError as problem:
            return Refusal(name, None, "", 1, f"the file cannot be read: {_why(problem)}")
    if len(content) > MAX_FILE:
        return Refusal(name, None, "", 1, f"the file has more than {MAX_FILE} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Refusal(name, None, "", 1, "the file is not UTF-8 text")


def read_files(place: Path) -> tuple[list[tuple[str, str]], tuple[Refusal, ...]]:
    """Return the name (below the folder) and text of every rule file, and what could not be read.

    Raises:
        TooMany: There are more than `MAX_FILES`.
        OSError: The folder cannot be read.
    """
    read: list[tuple[str, str]] = []
    refused: list[Refusal] = []
    for path in rule_files(place):
        name = named(path, place)
        text = read_rule(path, name)
        if isinstance(text, Refusal):
            refused.append(text)
        else:
            read.append((name, text))
    return read, tuple(refused)


def named(path: Path, place: Path) -> str:
    """Return what to call a file in refusals: its path below the folder that was asked for."""
    return path.name if path == place else path.relative_to(place).as_posix()


def _why(problem: OSError | ValueError) -> str:
    return (problem.strerror if isinstance(problem, OSError) else None) or type(problem).__name__


def _raise(problem: OSError) -> None:
    raise problem
