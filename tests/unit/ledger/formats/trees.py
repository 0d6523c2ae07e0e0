"""What the tests of the formats share: a log kept in lists, keys that are always the same, signed checkpoints of it."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from agent.ledger import checkpoint, note
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.cosignature import Cosigner
from agent.ledger.merkle import Frontier, consistency_path, inclusion_path, leaf_hash, tree_root
from agent.ledger.note import Signer

ORIGIN = "log.example/one"
SECONDS = 1_795_000_000


def seed(name: str) -> bytes:
    return sha256(name.encode()).digest()


LOG = Signer(ORIGIN, seed("log"))
WITNESS = Cosigner("witness.example", seed("witness"))
STRANGER = Cosigner("stranger.example", seed("stranger"))


class Tree:
    """A log in memory: its entries, and the perfect subtrees over them as a database would keep them."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = list(entries)
        self.leaves = [leaf_hash(each) for each in entries]
        self._nodes: dict[tuple[int, int], bytes] = {}
        frontier = Frontier()
        for leaf in self.leaves:
            self._nodes |= {(level, index): value for level, index, value in frontier.append(leaf)}

    @classmethod
    def of(cls, size: int) -> Tree:
        return cls([f"entry {number}".encode() for number in range(size)])

    def node(self, level: int, index: int) -> bytes:
        return self._nodes[level, index]

    def root(self, size: int | None = None) -> bytes:
        return tree_root(self.leaves[:size])

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return inclusion_path(index, size, self.node)

    def consistency(self, old: int, new: int) -> list[bytes]:
        return consistency_path(old, new, self.node)

    def text(self, size: int | None = None, origin: str = ORIGIN) -> str:
        size = len(self.leaves) if size is None else size
        return checkpoint.encode(Checkpoint(origin, size, self.root(size)))

    def signed(self, size: int | None = None, *lines: str, by: Signer = LOG) -> bytes:
        text = self.text(size, by.verifier.name)
        return note.signed(text, by.sign(text), *lines)


def bit_flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
