"""Which files of the extension's folder are packed: those that its manifest leads to, and no other.

    manifest.json → every file it names → every file that those name, and so on → the texts of `_locales`

A file is named where its path stands as a text of its own: `"popup.js"`, `"./gate.js"`, `'icons/icon-32.png'`. What is
left over (a drawing's source, a note, an editor's copy) stays out; `left_out` says which. A script or page that is
named and missing is an error, since a browser would load a broken extension without a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

MANIFEST = "manifest.json"
_TEXTS = {".js", ".json", ".html", ".css"}
_KINDS = _TEXTS | {".png", ".svg"}
_NAMED = re.compile(r"""["'`(]([\w./-]+\.(?:js|json|html|css|png|svg))["'`)]""")
_NEEDED = re.compile(r"""(?:\bfrom\s*|\bimport\s*\(?\s*)["'](\./[\w./-]+)["']|(?:src|href)="([\w./-]+)\"""")


class PackagingError(Exception):
    """The extension cannot be packed; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is packed.

    Attributes:
        files: Path inside the archive (with `/`) → bytes, in the order of their names.
        left_out: Files of the folder that nothing names, by path.
    """

    files: Mapping[str, bytes]
    left_out: tuple[str, ...]

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest, read."""
        read: dict[str, Any] = json.loads(self.files[MANIFEST])
        return read


def read_contents(folder: Path) -> Contents:
    """Read what has to be packed from the extension's folder.

    Raises:
        PackagingError: There is no manifest, it cannot be read, or a file that is needed is missing.
    """
    if not (folder / MANIFEST).is_file():
        raise PackagingError(
            f"{folder} is no extension: there is no {MANIFEST} in it. Name the folder with --source; it is `extension` "
            "in Gleanwatch's source."
        )
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if _ordinary(path, folder)}
    files: dict[str, bytes] = {}
    waiting = [MANIFEST]
    while waiting:
        name = waiting.pop()
        if name in files:
            continue
        files[name] = there[name].read_bytes()
        if PurePosixPath(name).suffix in _TEXTS:
            waiting += _named_in(name, files[name], there)
    try:
        manifest = json.loads(files[MANIFEST])
    except ValueError:
        raise PackagingError(f"{folder / MANIFEST} is not JSON. Put it right, then try again.") from None
    if "default_locale" in manifest:
        files |= {name: path.read_bytes() for name, path in there.items() if name.startswith("_locales/")}
    left = tuple(sorted(set(there) - set(files)))
    return Contents({name: files[name] for name in sorted(files)}, left)


def _ordinary(path: Path, folder: Path) -> bool:
    """Whether a file could be packed at all: a plain file of a known kind, not hidden and not below a hidden folder."""
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and not path.is_symlink() and path.is_file() and path.suffix in _KINDS


def _named_in(name: str, content: bytes, there: Mapping[str, Path]) -> list[str]:
    text = content.decode("utf-8", "replace")
    beside = PurePosixPath(name).parent
    for needed in (found for pair in _NEEDED.findall(text) for found in pair if found):
        if _place(beside, needed) not in there:
            raise PackagingError(f"{name} asks for {needed}, which is not there. Put the file back, then try again.")
    named = set(_NAMED.findall(text))
    return sorted(
        {place for each in named for place in (_place(beside, each), _place(PurePosixPath(), each))} & there.keys()
    )


def _place(beside: PurePosixPath, named: str) -> str:
    """Return where a name leads, as a path inside the folder; a leading `/` is the folder itself."""
    parts: list[str] = []
    for part in (PurePosixPath(named[1:]) if named.startswith("/") else beside / named).parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
