"""Reads one of our TOML files into a checked type, and says what is wrong with it in words.

Text → TOML → every key looked up in the type (an unknown one is named with the nearest known one) → values converted
and checked by msgspec. The caller gives the exception to raise, so that policy and configuration each have their own.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


class TomlError(Exception):
    """A settings file is wrong.

    Attributes:
        file: Which one.
        key: The key as `section.key`; empty where the file as a whole is meant.
        problem: What is wrong with it and what to do.
    """

    def __init__(self, file: Path, key: str, problem: str) -> None:
        self.file = file
        self.key = key
        self.problem = problem
        super().__init__(f"{file}: {key}: {problem}" if key else f"{file}: {problem}")


def parse(file: Path, text: bytes, shape: type[S], error: type[TomlError]) -> S:
    """Return `text` as `shape`.

    Args:
        file: Named in errors; not opened.
        text: The file's bytes.
        shape: A struct whose own fields are structs (sections) or values.
        error: The exception to raise.

    Raises:
        TomlError: As `error`: not UTF-8, not TOML, an unknown key, a wrong type, a value out of its range.
    """
    try:
        data = tomllib.loads(text.decode())
    except UnicodeDecodeError:
        raise error(file, "", "is not UTF-8 text; save it again as UTF-8") from None
    except tomllib.TOMLDecodeError as wrong:
        raise error(file, "", f"is not TOML: {wrong}") from None
    _refuse_unknown(file, data, shape, "", error)
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as wrong:
        # msgspec says `Expected ... - at `$.section.key``.
        problem, _, place = str(wrong).partition(" - at `$")
        raise error(file, place.rstrip("`").lstrip("."), problem) from None


def _refuse_unknown(
    file: Path, data: Mapping[str, object], shape: type[msgspec.Struct], prefix: str, error: type[TomlError]
) -> None:
    known = {field.encode_name: field.type for field in msgspec.structs.fields(shape)}
    for name, value in data.items():
        key = f"{prefix}{name}"
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {prefix}{near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
            raise error(file, key, f"is not known; {hint}")
        inner = known[name]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and isinstance(value, dict):
            _refuse_unknown(file, value, inner, f"{key}.", error)
