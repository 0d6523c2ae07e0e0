"""The Merkle tree: hashes of entries in, roots out, and proofs in between.

Source: RFC 6962 section 2.1, stated again with the checking algorithms as RFC 9162 section 2.1. SHA-256 throughout.

    entry bytes → leaf_hash → Frontier.append → completed nodes (the caller keeps them) and the root
    kept nodes → inclusion_path / consistency_path → check_inclusion / check_consistency on somebody else's machine

A tree is addressed by perfect subtrees: node (level, index) covers the 2**level leaves from index * 2**level on. Only
these are ever kept, since they never change again; everything else is worked out from them when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1
"""The largest tree, entries: as far as the 63 hashes of a tlog-proof reach, and a database counts."""

EMPTY_ROOT = sha256(b"").digest()
"""The root of the tree without entries (RFC 6962 section 2.1)."""

Nodes = Callable[[int, int], bytes]
"""(level, index) of a perfect subtree → its hash, 32 bytes. Level 0 are the leaf hashes."""


class ProofError(Exception):
    """A path that does not prove what it should, or numbers that no tree has. The text says which and where."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry as a leaf: SHA-256 of 0x00 and the entry (RFC 6962 section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees together: SHA-256 of 0x01 and both hashes (RFC 6962 section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """Root of the tree over these leaf hashes, in order. `EMPTY_ROOT` when there are none."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


class Frontier:
    """The right edge of a growing tree: all that is needed to append and to state the root.

    Attributes:
        size: Number of leaves so far.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Start at a tree of `size` leaves.

        Args:
            size: Leaves that are already there.
            hashes: Hashes of the perfect subtrees they form, largest first: one for each 1 in binary `size`.

        Raises:
            ProofError: Size and number of hashes do not belong together, or a hash is not 32 bytes.
        """
        _in_range("the size of the tree", size)
        if len(hashes) != size.bit_count():
            raise ProofError(
                f"a tree of {size} entries has {size.bit_count()} perfect subtrees at its edge, not {len(hashes)}"
            )
        for place, each in enumerate(hashes):
            _is_hash(f"subtree {place} of the edge", each)
        self.size = size
        self._hashes = list(hashes)

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """Hashes of the perfect subtrees, largest first: what `Frontier` can be started from again."""
        return tuple(self._hashes)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add one leaf hash.

        Returns:
            The nodes that are now complete, lowest first, as (level, index, hash); the leaf itself is the first.
        """
        index = self.size
        self.size = index + 1
        completed = [(0, index, leaf)]
        level = 0
        while index & 1:  # a finished left neighbour waits: together they are the next larger subtree
            leaf = sha256(b"\x01" + self._hashes.pop() + leaf).digest()
            index >>= 1
            level += 1
            completed.append((level, index, leaf))
        self._hashes.append(leaf)
        return completed

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[int, int, list[bytes]]]:
        """Add many leaf hashes at once, level by level: the same tree as `append` for each, several times faster.

        Returns:
            The nodes that are now complete, as runs (level, index of the first, hashes); lowest level first, no run
            empty.
        """
        runs: list[tuple[int, int, list[bytes]]] = []
        waiting = self._hashes  # smallest subtree last, so it is met first
        edge: list[bytes] = []  # of the new edge, smallest first
        row, first, level = list(leaves), self.size, 0
        self.size += len(row)
        while row or waiting:
            if row:
                runs.append((level, first, row))
            pairs = row
            if first & 1:
                pairs = [waiting.pop(), *row]
            if len(pairs) & 1:
                edge.append(pairs[-1])
            lefts = iter(pairs)
            row = [sha256(b"\x01" + left + right).digest() for left, right in zip(lefts, lefts, strict=False)]
            # An odd `first` takes its waiting neighbour along, so both cases begin at the same parent.
            first >>= 1
            level += 1
        edge.reverse()
        self._hashes = edge
        return runs

    def root(self) -> bytes:
        """Root of the tree as it stands."""
        if not self._hashes:
            return EMPTY_ROOT
        return _folded(self._hashes)


def frontier_of(size: int, nodes: Nodes) -> Frontier:
    """Find the right edge of the tree of `size` leaves among kept nodes."""
    _in_range("the size of the tree", size)
    return Frontier(size, [nodes(level, index) for level, index in _perfect(0, size)])


def inclusion_path(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Hashes that lead from leaf `index` to the root of the tree of `size` leaves, the leaf's neighbour first.

    Source: RFC 9162 section 2.1.3.1.

    Raises:
        ProofError: There is no such entry in a tree of that size.
    """
    _in_range("the size of the tree", size)
    if not 0 <= index < size:
        raise ProofError(f"entry {index} is not in a tree of {size} entries")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, nodes))
            end = middle
        else:
            path.append(_range_root(start, middle, nodes))
            start = middle
    path.reverse()
    return path


def consistency_path(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """Hashes that show the tree of `old` leaves to be the beginning of the tree of `new` leaves.

    Source: RFC 9162 section 2.1.4.1. Empty where nothing needs showing: from size 0, and between equal sizes.

    Raises:
        ProofError: `old` is larger than `new`, or a size is out of range.
    """
    _in_range("the new size", new)
    _in_range("the old size", old)
    if old > new:
        raise ProofError(f"a tree of {new} entries cannot have grown out of one of {old}")
    if old == 0:
        return []
    path: list[bytes] = []
    start, end, is_whole = 0, new, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_root(middle, end, nodes))
            end = middle
        else:
            path.append(_range_root(start, middle, nodes))
            start, is_whole = middle, False
    if not is_whole:  # otherwise the checker holds this hash already: it is the old root
        path.append(_range_root(start, end, nodes))
    path.reverse()
    return path


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Accept only a path that leads from this leaf hash at `index` to `root` of the tree of `size` leaves.

    Source: RFC 9162 section 2.1.3.2.

    Raises:
        ProofError: It does not; the text says whether number, length or hashes are wrong.
    """
    _in_range("the size of the tree", size)
    if not 0 <= index < size:
        raise ProofError(f"entry {index} is not in a tree of {size} entries")
    _is_hash("the leaf hash", leaf)
    _is_hash("the root", root)
    inner, border = _shape(index, size)
    _are_hashes(f"the path of entry {index} in a tree of {size} entries", path, inner + border)
    if _climbed(leaf, path, index, inner) != root:
        raise ProofError(f"the path of entry {index} does not lead to the root of the tree of {size} entries")


def check_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Accept only a path that shows the tree of `old` leaves to be the beginning of the tree of `new` leaves.

    Source: RFC 9162 section 2.1.4.2. From size 0 every tree would follow, which proves nothing, so it is refused; equal
    sizes need an empty path and equal roots, and for two empty trees that root is `EMPTY_ROOT`.

    Raises:
        ProofError: It does not; the text says whether numbers, length, the old root or the new root are wrong.
    """
    _in_range("the new size", new)
    _in_range("the old size", old)
    if old > new:
        raise ProofError(f"a tree of {new} entries cannot have grown out of one of {old}")
    what = f"the consistency path from {old} to {new} entries"
    if old == new:
        _are_hashes(what, path, 0)
        if old_root != new_root:
            raise ProofError(f"two different roots for the same size of {new} entries: the log has been forked")
        if new == 0 and new_root != EMPTY_ROOT:
            raise ProofError("the root of an empty tree must be the SHA-256 of nothing")
        return
    if old == 0:
        raise ProofError("a tree of 0 entries is the beginning of every tree: there is nothing to check")
    _is_hash("the old root", old_root)
    _is_hash("the new root", new_root)

    # The climb starts at the largest perfect subtree that ends where the old tree ends.
    lowest = (old & -old).bit_length() - 1
    inner, border = _shape(old - 1, new)
    inner -= lowest
    is_perfect = old == 1 << lowest
    _are_hashes(what, path, inner + border + (not is_perfect))
    seed, rest = (old_root, path) if is_perfect else (path[0], path[1:])
    index = (old - 1) >> lowest

    was = seed
    for level in range(inner):
        if index >> level & 1:  # what lies to the right was not yet there
            was = node_hash(rest[level], was)
    for left in rest[inner:]:
        was = node_hash(left, was)
    if was != old_root:
        raise ProofError(f"{what} does not lead to the old root: the first {old} entries are not the same")
    if _climbed(seed, rest, index, inner) != new_root:
        raise ProofError(f"{what} does not lead to the new root")


def _split(size: int) -> int:
    """Leaves of the left child: the largest power of two below `size`, which is 2 or more."""
    return 1 << (size - 1).bit_length() - 1


def _perfect(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Perfect subtrees (level, index) that the leaves from `start` up to `end` form, left to right, largest first."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _range_root(start: int, end: int, nodes: Nodes) -> bytes:
    """Root over the leaves from `start` up to `end`; `start` is where such a subtree can begin."""
    return _folded([nodes(level, index) for level, index in _perfect(start, end)])


def _folded(hashes: Sequence[bytes]) -> bytes:
    """Root over perfect subtrees, largest first, at least one."""
    root = hashes[-1]
    for left in hashes[-2::-1]:
        root = sha256(b"\x01" + left + root).digest()
    return root


def _shape(index: int, size: int) -> tuple[int, int]:
    """Hashes in the path of leaf `index`: below and above where it meets the right edge of the tree.

    Below, the bits of `index` say on which side a neighbour lies; above, all neighbours lie on the left.
    """
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _climbed(start: bytes, path: Sequence[bytes], index: int, inner: int) -> bytes:
    """Hash that a path leads to from a node whose index on its level is `index`."""
    at = start
    for level, other in enumerate(path):
        is_left = level >= inner or index >> level & 1
        at = node_hash(other, at) if is_left else node_hash(at, other)
    return at


def _in_range(what: str, size: int) -> None:
    if not 0 <= size <= MAX_SIZE:
        raise ProofError(f"{what} must be between 0 and {MAX_SIZE}")


def _is_hash(what: str, value: bytes) -> None:
    if len(value) != HASH_BYTES:
        raise ProofError(f"{what} has {len(value)} bytes, not {HASH_BYTES}")


def _are_hashes(what: str, path: Sequence[bytes], wanted: int) -> None:
    if len(path) != wanted:
        found = "too long" if len(path) > wanted else "too short"
        raise ProofError(f"{what} is {found}: it needs {wanted} hashes and has {len(path)}")
    for place, each in enumerate(path):
        _is_hash(f"hash {place + 1} of {what}", each)
