"""The archive that stores take: the same files give the same bytes, on any machine, at any time.

    contents → one zip: names in order, one fixed time, one fixed mode, stored uncompressed

A zip remembers more than what is in it: the order in which a folder was read, each file's time in the packer's time
zone, the modes its umask left, and how this release of zlib packs. All of it is fixed here, and nothing is compressed,
because the bytes of a compressed file differ between libraries. Whoever has the source can so check a package by
building it: the hash is the proof. Format: PKWARE's APPNOTE, sections 4.3.7 and 4.4.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that the format can say
_MODE = 0o100644 << 16  # a plain file that everybody may read
_UNIX = 3  # «made by»: otherwise Python writes down which system it ran on


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a zip of files (path with `/` → bytes)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=False) as packed:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            packed.writestr(entry, files[name])
    return out.getvalue()
