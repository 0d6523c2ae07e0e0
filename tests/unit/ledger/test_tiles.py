"""A log as plain files, read back by a reader that knows C2SP tlog-tiles and nothing of us."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence

import pytest

from agent.ledger import merkle, tiles


class Naive:
    """Works out every hash of a level from the leaves, and every tile from those, by the specification alone."""

    def __init__(self, entries: list[bytes]) -> None:
        self.levels = [[merkle.leaf_hash(each) for each in entries]]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append(
                [merkle.node_hash(below[i], below[i + 1]) for i in range(0, len(below) - len(below) % 2, 2)]
            )

    def node(self, level: int, index: int) -> bytes:
        return self.levels[level][index]


def path(level: str, index: int, width: int) -> str:
    """The path of a tile as tlog-tiles spells it, written once more in another way."""
    digits = str(index).zfill(3 * ((len(str(index)) + 2) // 3))
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join(["tile", level, *[f"x{group}" for group in groups[:-1]], groups[-1]]) + (
        f".p/{width}" if width < 256 else ""
    )


def unbundled(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from(">H", data, at)
        yield data[at + 2 : at + 2 + length]
        at += 2 + length
    assert at == len(data)


def files(entries: Sequence[bytes], node: Callable[[int, int], bytes]) -> dict[str, bytes]:
    """Every file of a log: its name and what it holds."""
    return {tile.name: tile.content(lambda first, end: entries[first:end], node) for tile in tiles.layout(len(entries))}


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537])
def test_every_tile_is_there_and_no_other(size: int) -> None:
    entries = [b"%d" % number for number in range(size)]
    tree = Naive(entries)
    made = files(entries, tree.node)

    read: list[bytes] = []
    for index in range((size + 255) // 256):
        read += unbundled(made.pop(path("entries", index, min(256, size - 256 * index))))
    assert read == entries

    level = 0
    while (wide := size >> 8 * level) > 0:
        for index in range((wide + 255) // 256):
            width = min(256, wide - 256 * index)
            tile = made.pop(path(str(level), index, width))
            hashes = tree.levels[8 * level][256 * index : 256 * index + width]
            assert tile == b"".join(hashes)
        level += 1
    assert made == {}


def test_a_root_can_be_worked_out_from_the_tiles_alone() -> None:
    size = 70_000
    entries = [b"%d" % number for number in range(size)]
    made = files(entries, Naive(entries).node)

    def node(level: int, index: int) -> bytes:
        """A reader's way: the nearest tile level below, and the hashes in it joined up."""
        if level % 8:
            return merkle.node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
        wide = size >> level
        tile = made[path(str(level // 8), index // 256, min(256, wide - index // 256 * 256))]
        return tile[32 * (index % 256) : 32 * (index % 256) + 32]

    root = merkle.frontier_of(size, node).root()
    assert root == merkle.tree_root([merkle.leaf_hash(each) for each in entries])


@pytest.mark.parametrize(
    ("number", "width", "spelled"),
    [
        (0, 256, "000"),
        (0, 1, "000.p/1"),
        (67, 256, "067"),
        (999, 255, "999.p/255"),
        (1000, 256, "x001/000"),
        (1234067, 256, "x001/x234/067"),
        (1234067, 8, "x001/x234/067.p/8"),
    ],
)
def test_a_name_is_spelled_as_the_specification_does(number: int, width: int, spelled: str) -> None:
    assert tiles.name(number, width) == spelled


def test_the_longest_entry_fits_and_a_longer_one_is_refused() -> None:
    longest = b"x" * 65_535
    made = files([longest], Naive([longest]).node)
    assert made["tile/entries/000.p/1"] == b"\xff\xff" + longest
    with pytest.raises(ValueError, match="65535 bytes"):
        files([longest + b"x"], Naive([longest]).node)
