"""Opens a file that others wrote, and only where it is an ordinary file.

A FIFO, a device or a socket under a file's name would block or never end; they are opened without waiting, looked at
and closed again. Nobody's file is read further than the caller's limit.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO | None:
    """Open an ordinary file for reading; None where there is none or it may not be read. Links are followed."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return None
    try:
        if stat.S_ISREG(os.fstat(file).st_mode):
            return os.fdopen(file, "rb")
    except OSError:
        pass
    os.close(file)
    return None


def read_regular(path: Path, limit: int, whole: bool = True) -> bytes | None:
    """Return a file's content.

    Args:
        path: The file; links are followed.
        limit: Most bytes to read.
        whole: Whether a longer file counts as unreadable; otherwise its beginning is returned.

    Returns:
        At most `limit` bytes, or None where there is no such file, it is no ordinary file, too long, or not readable.
    """
    file = open_regular(path)
    if file is None:
        return None
    with file:
        try:
            if whole and os.fstat(file.fileno()).st_size > limit:
                return None
            return file.read(limit)
        except OSError:
            return None
