"""A growing log over any storage: entries are added, then sealed under a signed checkpoint, then proved.

`seal` is called once in each transaction, after the last entry was added: it takes the entries that no checkpoint
covers yet, hashes them into the tree, and signs the new root. So every committed state of the storage ends in a signed
checkpoint that covers all of it (DESIGN 3.6).

`Storage` is what a database or a folder of files must offer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from agent.ledger import checkpoint as checkpoints
from agent.ledger import merkle, note
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.note import NoteError, Signer
from agent.ledger.proof import TlogProof


class LogError(Exception):
    """The storage contradicts itself or the log's key; nothing was added. The text says where."""


class Storage(Protocol):
    """Where one log's entries, nodes and checkpoints lie. Indexes begin at 0 for each log."""

    def count(self) -> int:
        """Return how many entries there are, sealed or not."""
        ...

    def entries(self, first: int, end: int) -> Iterable[bytes]:
        """Return the entries from `first` up to but not including `end`, in order."""
        ...

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a perfect subtree; raise `KeyError` where it is not there."""
        ...

    def add_nodes(self, first: int, nodes: Sequence[bytes]) -> None:
        """Keep, for each entry from `first` on, the joined hashes of the subtrees that it completed."""
        ...

    def last_checkpoint(self) -> bytes | None:
        """Return the newest signed checkpoint, or None for a new log."""
        ...

    def add_checkpoint(self, size: int, signed: bytes) -> None:
        """Keep a signed checkpoint."""
        ...


class Log:
    """Seals and proves the log of one key. Keeps the tree's right edge in memory; the storage is what counts."""

    def __init__(self, signer: Signer) -> None:
        self.key = signer.verifier
        self._signer = signer
        self._edge = merkle.Frontier()
        self._signed: bytes | None = None
        """The checkpoint that `_edge` belongs to; another one in the storage means that the edge is read anew."""

    def seal(self, storage: Storage) -> Checkpoint | None:
        """Cover every entry with a signed checkpoint; None where nothing was added since the last one.

        Raises:
            LogError: The storage's last checkpoint is not what its nodes say: nothing is signed on top of that.
        """
        edge = self._edge_at(storage, storage.last_checkpoint())
        count = storage.count()
        if count == edge.size:
            return None
        if count < edge.size:
            raise LogError(f"the last checkpoint covers {edge.size} entries, but only {count} are there")
        # From here on the edge in memory is ahead of the storage until its transaction commits.
        self._signed = None
        first = edge.size
        nodes = []
        for entry in storage.entries(first, count):
            nodes.append(b"".join([node for _, _, node in edge.append(merkle.leaf_hash(entry))]))
        if edge.size != count:
            raise LogError(f"entry {edge.size} is missing: a log has no holes")
        sealed = Checkpoint(self.key.name, count, edge.root())
        text = checkpoints.encode(sealed)
        signed = note.signed(text, self._signer.sign(text))
        storage.add_nodes(first, nodes)
        storage.add_checkpoint(count, signed)
        self._edge, self._signed = edge, signed
        return sealed

    def _edge_at(self, storage: Storage, signed: bytes | None) -> merkle.Frontier:
        """Return the tree's right edge under the last checkpoint, from memory where it is that of this checkpoint.

        A transaction that failed leaves an edge in memory that was never committed: its checkpoint is not in the
        storage, so it is not used.
        """
        if signed is None:
            return merkle.Frontier()
        if signed == self._signed:
            return self._edge
        read = checkpoint_of(signed)
        if read.origin != self.key.name:
            raise LogError(f"the last checkpoint is of another log: {read.origin}")
        try:
            edge = merkle.frontier_of(read.size, storage.node)
        except KeyError:
            raise LogError(f"a node of the tree of size {read.size} is missing") from None
        if edge.root() != read.root:
            raise LogError(f"the nodes do not give the root signed at size {read.size}: the storage was changed")
        self._edge, self._signed = edge, signed
        return edge


def checkpoint_of(signed: bytes) -> Checkpoint:
    """Return what a signed checkpoint of ours says, without looking at its signatures.

    Raises:
        LogError: It is none.
    """
    try:
        return checkpoints.parse(note.parse(signed).text)
    except NoteError as problem:
        raise LogError(f"a stored checkpoint cannot be read: {problem}") from None


def prove(storage: Storage, index: int, signed: bytes) -> TlogProof:
    """Return the proof that entry `index` is in the log under a signed checkpoint.

    Args:
        storage: The log.
        index: Which entry, from 0.
        signed: A checkpoint of this log, with any cosignatures.

    Raises:
        LogError: The entry is not covered by this checkpoint, or a node is missing.
    """
    size = checkpoint_of(signed).size
    if not 0 <= index < size:
        raise LogError(f"entry {index} is not covered by a checkpoint of size {size}")
    try:
        path = merkle.inclusion_path(index, size, storage.node)
    except KeyError:
        raise LogError(f"a node on the path of entry {index} is missing") from None
    return TlogProof(index, tuple(path), signed)


def consistency(storage: Storage, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of size `new` begins with the tree of size `old` (RFC 6962 section 2.1.2).

    Raises:
        LogError: The sizes do not fit, or a node is missing.
    """
    if not 0 <= old <= new <= storage.count():
        raise LogError(f"there is no tree of size {old} inside one of size {new} here")
    try:
        return merkle.consistency_path(old, new, storage.node)
    except KeyError:
        raise LogError(f"a node between sizes {old} and {new} is missing") from None
