"""The little of the ELF format that is needed here: where the sections are, and a program's build id.

`sections` reads the header and the table of sections from any bytes that can be sliced (`Pieces`: an open file), within
bounds; whatever is not as the format says reads as «no sections». Used by the readers of frozen programs and of Go's
build information, and by `renamed.py`, which compares build ids. Source: System V ABI, «Object Files» (ELF64, ELF32).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from typing import Protocol

MAX_SECTIONS = 512
MAGIC = b"\x7fELF"


class Bytes(Protocol):
    """What can be cut into pieces: bytes, or an open file as `Pieces`."""

    def __getitem__(self, key: slice, /) -> bytes:
        """Return a piece."""

    def __len__(self) -> int:
        """Return the number of bytes."""


class Pieces:
    """An open file that can be cut into pieces. Read, never mapped: a file that shrinks meanwhile reads as shorter."""

    def __init__(self, handle: int, size: int) -> None:
        """Take an open file and its size in bytes."""
        self._handle = handle
        self._size = size

    def __len__(self) -> int:
        """Return the size."""
        return self._size

    def __getitem__(self, key: slice, /) -> bytes:
        """Return a piece."""
        start, stop, _ = key.indices(self._size)
        if stop <= start:
            return b""
        os.lseek(self._handle, start, os.SEEK_SET)
        return os.read(self._handle, stop - start)


def sections(data: Bytes) -> Mapping[str, tuple[int, int]]:
    """Return offset and size of each section by its name; empty where it is no ELF file, or a broken one."""
    if data[:4] != MAGIC or len(data) < 64:
        return {}
    wide = data[4:5] == b"\x02"
    order = "<" if data[5:6] == b"\x01" else ">"
    try:
        if wide:
            (table,) = struct.unpack(order + "Q", data[40:48])
            each, count, names = struct.unpack(order + "HHH", data[58:64])
            entry, at = struct.Struct(order + "IIQQQQ"), slice(0, 40)
        else:
            (table,) = struct.unpack(order + "I", data[32:36])
            each, count, names = struct.unpack(order + "HHH", data[46:52])
            entry, at = struct.Struct(order + "IIIIII"), slice(0, 24)
        heads = []
        for index in range(min(count, MAX_SECTIONS)):
            head = data[table + index * each : table + (index + 1) * each]
            name, _, _, _, offset, size = entry.unpack(head[at])
            heads.append((name, offset, size))
        _, start, length = heads[names]
    except (struct.error, IndexError, OverflowError):
        return {}
    strings = data[start : start + min(length, 65_536)]
    found: dict[str, tuple[int, int]] = {}
    for name, offset, size in heads:
        text = strings[name : name + 64].split(b"\0", 1)[0].decode("ascii", "replace")
        if text and offset < len(data):
            found.setdefault(text, (offset, min(size, len(data) - offset)))
    return found


def build_id(data: Bytes, found: Mapping[str, tuple[int, int]]) -> str:
    """Return the build id that the linker left, in hexadecimal, or an empty string."""
    offset, size = found.get(".note.gnu.build-id", (0, 0))
    if not 16 < size <= 256:
        return ""
    note = data[offset : offset + size]
    (length,) = struct.unpack("<I", note[4:8])
    return note[16 : 16 + length].hex() if 8 <= length <= 64 else ""
