"""The tree of RFC 6962 section 2.1 as its text defines it, word for word and slowly: what the fast one is held against.

Nothing here imports anything of the agent. Lists of entries go in, hashes and paths come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256


def tree_hash(entries: Sequence[bytes]) -> bytes:
    """MTH(D[n])."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return sha256(b"\x01" + tree_hash(entries[:k]) + tree_hash(entries[k:])).digest()


def path(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if index < k:
        return [*path(index, entries[:k]), tree_hash(entries[k:])]
    return [*path(index - k, entries[k:]), tree_hash(entries[:k])]


def proof(old: int, entries: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n]) for 0 < m."""
    return _subproof(old, entries, True)


def split(size: int) -> int:
    """The largest power of two smaller than `size`, found by doubling."""
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def _subproof(old: int, entries: Sequence[bytes], is_known: bool) -> list[bytes]:
    if old == len(entries):
        return [] if is_known else [tree_hash(entries)]
    k = split(len(entries))
    if old <= k:
        return [*_subproof(old, entries[:k], is_known), tree_hash(entries[k:])]
    return [*_subproof(old - k, entries[k:], False), tree_hash(entries[:k])]
