"""Reads the beginning of a zip application: its `__main__.py` and a few modules of its own, never a whole archive.

Python runs a zip file, with or without a `#!` line or a Windows launcher before it, by the `__main__.py` in it (PEP
441; console scripts on Windows are such files too). Sizes are taken from the archive's own directory and not believed:
what is unpacked is cut off at fixed limits, so that a zip bomb is one refused file.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO

MAX_ENTRIES = 20_000
MAX_MODULE = 512 * 1024
MAX_TAKEN = 1024 * 1024
_ENTRY = ("__main__.py", "__main__.pyc")
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError, EOFError, KeyError, ValueError)
"""How `zipfile` says that an archive cannot be read: RuntimeError for members with a password, NotImplementedError for
ways of packing that it does not know."""

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
    """Return a small zip application that begins like a large one: its entry and the modules that lie at its top.

    Raises:
        ValueError: It is no application, or broken.
    """
    main, _ = _open(handle)
    out = io.BytesIO()
    left = MAX_TAKEN - len(main)
    try:
        with zipfile.ZipFile(handle) as archive, zipfile.ZipFile(out, "w") as made:
            made.writestr("__main__.py" if main[2:4] != b"\r\n" else "__main__.pyc", main)
            for name in archive.namelist()[:MAX_ENTRIES]:
                if name.endswith(".dist-info/METADATA"):
                    made.writestr(name, b"")
                elif name.endswith(".py") and name.count("/") <= 1 and name not in _ENTRY and left > 0:
                    text = _take(archive, name, min(left, MAX_MODULE))
                    left -= len(text)
                    made.writestr(name, text)
    except _BROKEN:
        raise ValueError("a broken archive") from None
    return out.getvalue()


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
            # Libraries that were packed along say so by their metadata; they are not the program's own.
            packed = {name.split("-")[0].lower() for name in held if ".dist-info/" in name and name.count("/") == 1}
    except _BROKEN:
        raise ValueError("a broken archive") from None

    def beside(name: str) -> bytes | None:
        if name.split(".", maxsplit=1)[0].lower() in packed:
            return None
        path = name.replace(".", "/")
        for candidate in (f"{path}.py", f"{path}/__init__.py"):
            if candidate in held:
                try:
                    with zipfile.ZipFile(handle) as again:
                        return _take(again, candidate, MAX_MODULE)
                except _BROKEN:
                    return None
        return None

    return main, beside


def _take(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as entry:
        text = entry.read(most + 1)
    if len(text) > most:
        raise ValueError("too large")
    return text
