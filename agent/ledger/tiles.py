"""A log as plain files, in the layout that other people's tools read.

Source: C2SP tlog-tiles, sections «Merkle Tree» and «Log Entries». Beside the checkpoint lie tiles of 256 hashes each, a
higher level for every 8 levels of the tree, and bundles of 256 entries, each entry preceded by its length in two bytes.
A last, partial tile is named with its width.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

WIDTH: Final = 256
_HEIGHT: Final = 8
MOST_ENTRY: Final = 65_535
"""Longest entry that a bundle holds, bytes."""


def files(
    size: int, checkpoint: bytes, entries: Iterable[bytes], node: Callable[[int, int], bytes]
) -> Iterator[tuple[str, bytes]]:
    """Return the files of a log: name with `/`, and content.

    Args:
        size: How many entries the checkpoint covers.
        checkpoint: The signed checkpoint.
        entries: Every entry, in order.
        node: Returns a subtree's hash by level and index.

    Raises:
        ValueError: An entry is too long for the layout.
    """
    yield "checkpoint", checkpoint
    coming = iter(entries)
    number = 0
    while bundle := list(islice(coming, WIDTH)):
        if any(len(entry) > MOST_ENTRY for entry in bundle):
            raise ValueError(f"an entry is longer than {MOST_ENTRY} bytes, which this layout cannot hold")
        yield (
            f"tile/entries/{name(number, len(bundle))}",
            b"".join(struct.pack(">H", len(entry)) + entry for entry in bundle),
        )
        number += 1
    level = 0
    while size >> (level * _HEIGHT):
        wide = size >> (level * _HEIGHT)
        for start in range(0, wide, WIDTH):
            hashes = [node(level * _HEIGHT, index) for index in range(start, min(start + WIDTH, wide))]
            yield f"tile/{level}/{name(start // WIDTH, len(hashes))}", b"".join(hashes)
        level += 1


def name(number: int, width: int) -> str:
    """Return a tile's name: groups of three digits, all but the last after an `x`, and `.p/W` for a partial one."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03d}")
    return "/".join(groups) + ("" if width == WIDTH else f".p/{width}")
