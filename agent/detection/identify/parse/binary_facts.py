"""What may be said of an unknown executable: how it was built, names of libraries inside, rules that spoke. No more.

Travels as JSON from the helper process to the daemon; `from_json` on the daemon's side believes nothing it is told.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

MAX_NAMES = 400
MAX_TEXT = 1000
_NAME = re.compile(r"[@A-Za-z_][\w@.~/-]{0,150}")
_LISTS = ("modules", "dependencies", "yara")
_TEXTS = ("frozen", "language", "module", "build", "name", "description")


@dataclass(frozen=True, slots=True)
class BinaryFacts:
    """What one executable is made of.

    Attributes:
        frozen: How it was frozen (`pyinstaller`, `nuitka`, `cx_freeze`, `zip`, `pkg`, `nexe`, `node`, `deno`, `bun`,
            `electron`), or empty.
        language: `python`, `javascript`, `go`, `rust` or empty.
        modules: Top-level modules or packages that it carries; sorted.
        module: The main module of a Go program.
        dependencies: Go modules or Rust crates that it was built from; sorted.
        build: The build id that its linker left, hexadecimal.
        name: The name that an application's own description gives, lower case.
        description: Its one-line description, lower case.
        yara: Ids of our YARA rules that spoke; sorted.
    """

    frozen: str = ""
    language: str = ""
    modules: tuple[str, ...] = ()
    module: str = ""
    dependencies: tuple[str, ...] = ()
    build: str = ""
    name: str = ""
    description: str = ""
    yara: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the facts as plain JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> BinaryFacts:
        """Read facts that came from the helper process.

        Raises:
            ValueError: The data are not facts.
        """
        if not isinstance(data, dict):
            raise ValueError("the helper's answer is not an object")
        lists = {key: _names(data.get(key)) for key in _LISTS}
        texts = {key: _text(data.get(key)) for key in _TEXTS}
        return cls(
            frozen=texts["frozen"],
            language=texts["language"],
            modules=lists["modules"],
            module=texts["module"],
            dependencies=lists["dependencies"],
            build=texts["build"],
            name=texts["name"],
            description=texts["description"],
            yara=lists["yara"],
        )


def _names(data: object) -> tuple[str, ...]:
    if not isinstance(data, list | tuple) or len(data) > MAX_NAMES:
        raise ValueError("the helper's answer has no list of names")
    return tuple(name for name in data if isinstance(name, str) and _NAME.fullmatch(name))


def _text(data: object) -> str:
    if not isinstance(data, str) or len(data) > MAX_TEXT:
        raise ValueError("the helper's answer has no text where one belongs")
    return data
