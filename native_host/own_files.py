"""Files that we write and take away: whole or not at all, with the rights that are meant, never through a link."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Put `content` at `path` so that a reader finds the old file or the new one, never half of one.

    A relay that runs from the old file goes on undisturbed: it is replaced by name, not written into.

    Raises:
        OSError: It could not be written; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)  # whatever the umask says
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def read_plain(path: Path) -> bytes | None:
    """Return the content of a plain file, None when nothing is there.

    Raises:
        OSError: It is not a plain file (a link, a folder), or not readable.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        return file.read()


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # Windows has no such call, and keeps names by itself
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
