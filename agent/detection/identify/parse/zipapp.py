"""Reads the beginning of a zip application: its `__main__.py` and a few modules of its own, never a whole archive.

Python runs a zip file, with or without a `#!` line or a Windows launcher before it, by the `__main__.py` in it (PEP
441; console scripts on Windows are such files too). Sizes are taken from the archive's own directory and not believed:
what is unpacked is cut off at fixed limits, so that a zip bomb is one refused file.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from typing import BinaryIO

MAX_ENTRIES = 20_000
MAX_MODULE = 512 * 1024
MAX_TAKEN = 1024 * 1024
_ENTRY = ("__main__.py", "__main__.pyc")
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, KeyError, ValueError),
    *(RuntimeError, NotImplementedError),
)
"""How `zipfile` says that an archive cannot be read: RuntimeError for members with a password, NotImplementedError for
ways of packing that it does not know, ValueError for names that are no text."""

Beside = Callable[[str], bytes | None]


def is_zip(source: bytes) -> bool:
    """Return whether a file's bytes may be a zip archive, with anything before it."""
    if source.startswith(b"PK\x03\x04"):
        return True
    # After a `#!` line or a launcher; the archive's directory ends the file.
    return source.startswith((b"#!", b"MZ")) and b"PK\x05\x06" in source[-66_000:]


def program(source: bytes) -> tuple[bytes, Beside]:
    """Return the text with which a zip application begins, and what gives its own modules.

    Raises:
        ValueError: It is no application, or broken.
    """
    return _open(io.BytesIO(source))


def smaller(handle: BinaryIO) -> bytes:
    """Return a small zip application that begins like a large one: its entry and its own modules, as far as they fit.

    They are the modules at its top, then those directly in its packages; libraries that were packed along and modules
    that are too large are left out.

    Raises:
        ValueError: It is no application, or broken.
    """
    main, _ = _open(handle)
    out = io.BytesIO()
    left = MAX_TAKEN - len(main)
    try:
        with zipfile.ZipFile(handle) as archive, zipfile.ZipFile(out, "w") as made:
            made.writestr("__main__.py" if main[2:4] != b"\r\n" else "__main__.pyc", main)
            names = archive.namelist()[:MAX_ENTRIES]
            packed = _packed(names)
            for name in names:
                if name.endswith(".dist-info/METADATA"):
                    made.writestr(name, b"")
            own = [name for name in names if name.endswith(".py") and name.count("/") <= 1 and name not in _ENTRY]
            for name in sorted(own, key=lambda name: name.count("/")):
                if left <= 0:
                    break
                if _top(name) not in packed and (text := _take(archive, name, min(left, MAX_MODULE))) is not None:
                    left -= len(text)
                    made.writestr(name, text)
    except BROKEN:
        raise ValueError("a broken archive") from None
    return out.getvalue()


def _packed(names: Iterable[str]) -> set[str]:
    """Return the libraries that were packed along: they say so by their metadata, and are not the program's own."""
    return {name.split("-")[0].lower() for name in names if ".dist-info/" in name and name.count("/") == 1}


def _top(name: str) -> str:
    """Return the first part of a module's place in an archive, or of its dotted name."""
    return re.split(r"[./]", name, maxsplit=1)[0].lower()


def _open(handle: BinaryIO) -> tuple[bytes, Beside]:
    try:
        with zipfile.ZipFile(handle) as archive:
            names = archive.namelist()
            if len(names) > MAX_ENTRIES:
                raise ValueError("too many entries")
            held = set(names)
            entry = next((name for name in _ENTRY if name in held), "")
            if not entry:
                raise ValueError("not an application")
            main = _take(archive, entry, MAX_MODULE)
            packed = _packed(held)
            if main is None:
                raise ValueError("too large")
    except BROKEN:
        raise ValueError("a broken archive") from None

    def beside(name: str) -> bytes | None:
        if _top(name) in packed:
            return None
        path = name.replace(".", "/")
        for candidate in (f"{path}.py", f"{path}/__init__.py"):
            if candidate in held:
                try:
                    with zipfile.ZipFile(handle) as again:
                        return _take(again, candidate, MAX_MODULE)
                except BROKEN:
                    return None
        return None

    return main, beside


def _take(archive: zipfile.ZipFile, name: str, most: int) -> bytes | None:
    """Return one member, or None where it is larger than it may be."""
    with archive.open(name) as entry:
        text = entry.read(most + 1)
    return text if len(text) <= most else None
