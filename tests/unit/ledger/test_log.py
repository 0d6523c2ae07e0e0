"""A growing log: sealed under a checkpoint each time, proved afterwards, and nothing sealed that it did not add."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import checkpoint as checkpoints
from agent.ledger import merkle, note
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.log import Log, LogError, checkpoint_of, consistency, prove
from agent.ledger.merkle import check_consistency
from agent.ledger.note import Signer
from agent.ledger.proof import check

SIGNER = Signer("log.example/one", bytes(range(32)))


class Shelf:
    """A storage in lists."""

    def __init__(self, entries: Sequence[bytes] = ()) -> None:
        self.bodies = list(entries)
        self.nodes: list[bytes] = []
        self.checkpoints: list[tuple[int, bytes]] = []
        self.read = 0

    def count(self) -> int:
        return len(self.bodies)

    def entries(self, first: int, end: int) -> Iterable[bytes]:
        return self.bodies[first:end]

    def node(self, level: int, index: int) -> bytes:
        self.read += 1
        completed_by = ((index + 1) << level) - 1
        found = self.nodes[completed_by][32 * level : 32 * level + 32] if completed_by < len(self.nodes) else b""
        if len(found) != 32:
            raise KeyError((level, index))
        return found

    def add_nodes(self, first: int, nodes: Sequence[bytes]) -> None:
        assert first == len(self.nodes)
        self.nodes += nodes

    def last_checkpoint(self) -> bytes | None:
        return self.checkpoints[-1][1] if self.checkpoints else None

    def add_checkpoint(self, size: int, signed: bytes) -> None:
        self.checkpoints.append((size, signed))

    def state(self) -> tuple[int, int, int]:
        return len(self.bodies), len(self.nodes), len(self.checkpoints)

    def back_to(self, state: tuple[int, int, int]) -> None:
        """As a transaction that is rolled back."""
        bodies, nodes, signed = state
        del self.bodies[bodies:], self.nodes[nodes:], self.checkpoints[signed:]


def body(number: int) -> bytes:
    return b"entry %d" % number


def sealed(*portions: int) -> tuple[Log, Shelf]:
    """Return a log sealed after each portion."""
    log, shelf = Log(SIGNER), Shelf()
    for portion in portions:
        shelf.bodies += [body(len(shelf.bodies) + place) for place in range(portion)]
        log.seal(shelf)
    return log, shelf


portions = st.lists(st.integers(1, 9), min_size=1, max_size=8)


@given(portions)
def test_each_seal_signs_the_root_of_everything_so_far(parts: list[int]) -> None:
    log, shelf = sealed(*parts)
    size = 0
    for part, (stated, signed) in zip(parts, shelf.checkpoints, strict=True):
        size += part
        read = note.parse(signed)
        assert note.verified(read, [log.key]) == (log.key,)
        root = merkle.tree_root([merkle.leaf_hash(each) for each in shelf.bodies[:size]])
        assert checkpoints.parse(read.text) == Checkpoint("log.example/one", size, root)
        assert stated == size


@given(portions)
def test_how_it_was_portioned_changes_neither_nodes_nor_the_last_root(parts: list[int]) -> None:
    _, once = sealed(sum(parts))
    _, often = sealed(*parts)
    assert often.nodes == once.nodes
    assert often.checkpoints[-1] == once.checkpoints[-1]


@given(portions, st.data())
def test_every_entry_is_proved_under_every_checkpoint_that_covers_it(parts: list[int], data: st.DataObject) -> None:
    log, shelf = sealed(*parts)
    size, signed = data.draw(st.sampled_from(shelf.checkpoints))
    index = data.draw(st.integers(0, size - 1))
    checked = check(prove(shelf, index, signed), shelf.bodies[index], log.key)
    assert checked.checkpoint.size == size
    with pytest.raises(LogError, match="not covered"):
        prove(shelf, size, signed)
    with pytest.raises(LogError, match="not covered"):
        prove(shelf, -1, signed)


@given(portions)
def test_every_checkpoint_has_grown_out_of_every_earlier_one(parts: list[int]) -> None:
    _, shelf = sealed(*parts)
    stated = [checkpoint_of(signed) for _, signed in shelf.checkpoints]
    for place, new in enumerate(stated):
        for old in stated[: place + 1]:
            check_consistency(old.size, new.size, consistency(shelf, old.size, new.size), old.root, new.root)


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3), (2, 6)])
def test_a_growth_that_is_not_there_is_refused(old: int, new: int) -> None:
    _, shelf = sealed(5)
    with pytest.raises(LogError, match="there is no tree of size"):
        consistency(shelf, old, new)


def test_without_a_new_entry_nothing_is_signed() -> None:
    log, shelf = sealed(3)
    assert log.seal(shelf) is None
    assert Log(SIGNER).seal(Shelf()) is None
    assert len(shelf.checkpoints) == 1


def test_sealing_reads_no_node_while_nothing_was_rolled_back() -> None:
    """The edge is kept in memory: an append costs the same however long the log is."""
    _, shelf = sealed(*[1] * 50)
    assert shelf.read == 0


@given(portions, st.integers(1, 20), st.integers(1, 20))
def test_after_a_rolled_back_transaction_the_edge_is_that_of_the_storage(
    parts: list[int], lost: int, more: int
) -> None:
    log, shelf = sealed(*parts)
    state = shelf.state()
    shelf.bodies += [b"lost"] * lost
    log.seal(shelf)
    shelf.back_to(state)
    shelf.bodies += [body(state[0] + place) for place in range(more)]
    log.seal(shelf)
    _, straight = sealed(*parts, more)
    assert shelf.checkpoints == straight.checkpoints
    assert shelf.nodes == straight.nodes


def test_another_process_goes_on_from_the_nodes() -> None:
    _, shelf = sealed(3, 4)
    shelf.bodies.append(body(7))
    Log(SIGNER).seal(shelf)
    assert shelf.checkpoints == sealed(3, 4, 1)[1].checkpoints


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda shelf: shelf.bodies.__delitem__(slice(3, None)), "covers 5 entries, but only 4 are there"),
        (lambda shelf: shelf.nodes.__setitem__(3, bytes(96)), "do not give the root signed at size 5"),
        (lambda shelf: shelf.nodes.__setitem__(3, b""), "a node of the tree of size 5 is missing"),
        (lambda shelf: shelf.checkpoints.append((5, b"no note")), "cannot be read"),
        (lambda shelf: shelf.checkpoints.append((5, other_log())), "is of another log: other.example"),
    ],
)
def test_on_a_changed_storage_nothing_is_signed(change: object, says: str) -> None:
    _, shelf = sealed(5)
    change(shelf)  # type: ignore[operator]
    shelf.bodies.append(body(9))
    before = shelf.checkpoints[:]
    with pytest.raises(LogError) as raised:
        Log(SIGNER).seal(shelf)
    assert says in str(raised.value)
    assert shelf.checkpoints == before


def other_log() -> bytes:
    text = checkpoints.encode(Checkpoint("other.example", 5, bytes(32)))
    return note.signed(text, Signer("other.example", bytes(32)).sign(text))


def test_a_storage_that_gives_fewer_entries_than_it_counts_is_refused() -> None:
    class Holed(Shelf):
        def entries(self, first: int, end: int) -> Iterable[bytes]:
            return self.bodies[first : end - 1]

    shelf = Holed([body(0), body(1)])
    log = Log(SIGNER)
    with pytest.raises(LogError, match="entry 1 is missing: a log has no holes"):
        log.seal(shelf)
    assert shelf.checkpoints == []
    # What was hashed on the way is not kept: the next seal begins from the storage.
    whole = Shelf([body(0), body(1)])
    log.seal(whole)
    assert whole.checkpoints == sealed(2)[1].checkpoints


def test_a_missing_node_is_named_when_proving() -> None:
    _, shelf = sealed(8)
    shelf.nodes[3] = shelf.nodes[3][:32]
    with pytest.raises(LogError, match="a node on the path of entry 5 is missing"):
        prove(shelf, 5, shelf.checkpoints[-1][1])
    with pytest.raises(LogError, match="a node between sizes 5 and 8 is missing"):
        shelf.nodes[7] = b""
        consistency(shelf, 5, 8)
