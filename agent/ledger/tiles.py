"""A log as plain files, in the layout that other people's tools read.

Source: C2SP tlog-tiles, sections «Merkle Tree» and «Log Entries». Beside the checkpoint lie tiles of 256 hashes each, a
higher level for every 8 levels of the tree, and bundles of 256 entries, each entry preceded by its length in two bytes.
A last, partial tile is named with its width. `layout` says which files there are; each is read by itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 256
_HEIGHT: Final = 8
MOST_ENTRY: Final = 65_535
"""Longest entry that a bundle holds, bytes."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One file of the layout, and what lies in it.

    Attributes:
        name: The file's name, with `/`.
        level: Level of the tree that its hashes are of; None for a bundle of entries.
        first: Index of the first hash or entry in it.
        width: How many there are.
    """

    name: str
    level: int | None
    first: int
    width: int

    def content(self, entries: Callable[[int, int], Iterable[bytes]], node: Callable[[int, int], bytes]) -> bytes:
        """Return what the file holds.

        Args:
            entries: Returns entries by index, from the first to before the second.
            node: Returns a subtree's hash by level and index.

        Raises:
            ValueError: An entry is too long for the layout.
        """
        end = self.first + self.width
        if self.level is not None:
            return b"".join(node(self.level, index) for index in range(self.first, end))
        bundle = list(entries(self.first, end))
        if any(len(entry) > MOST_ENTRY for entry in bundle):
            raise ValueError(f"an entry is longer than {MOST_ENTRY} bytes, which this layout cannot hold")
        return b"".join(struct.pack(">H", len(entry)) + entry for entry in bundle)


def layout(size: int) -> Iterator[Tile]:
    """Return the files of a log of `size` entries, without the checkpoint that covers them.

    What each holds never changes: they may be read one by one, while the log grows.
    """
    for start in range(0, size, WIDTH):
        width = min(WIDTH, size - start)
        yield Tile(f"tile/entries/{name(start // WIDTH, width)}", None, start, width)
    level = 0
    while wide := size >> (level * _HEIGHT):
        for start in range(0, wide, WIDTH):
            width = min(WIDTH, wide - start)
            yield Tile(f"tile/{level}/{name(start // WIDTH, width)}", level * _HEIGHT, start, width)
        level += 1


def name(number: int, width: int) -> str:
    """Return a tile's name: groups of three digits, all but the last after an `x`, and `.p/W` for a partial one."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03d}")
    return "/".join(groups) + ("" if width == WIDTH else f".p/{width}")
