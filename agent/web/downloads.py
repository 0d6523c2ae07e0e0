"""Everything about the person as one file: the export's files in a ZIP archive, made in memory and never on disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath


def zipped(files: Mapping[str, bytes], at: int, folder: str = "gleanwatch") -> bytes:
    """Return a ZIP archive of `files`.

    Args:
        files: Name → content; names may have folders, with `/`.
        at: The time that every file in it carries, UTC milliseconds.
        folder: The folder that everything lies in, so that unpacking scatters nothing.

    Raises:
        ValueError: A name leads out of the folder.
    """
    made = datetime.fromtimestamp(at / 1000, UTC)
    stamp = (made.year, made.month, made.day, made.hour, made.minute, made.second)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            path = PurePosixPath(name)
            if path.is_absolute() or not path.parts or ".." in path.parts:
                raise ValueError("A file of the export has a name that leads out of its folder; nothing was packed.")
            entry = zipfile.ZipInfo(f"{folder}/{path}", stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()
