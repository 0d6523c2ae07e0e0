"""The Merkle tree: what holds for every log of every size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    ProofError,
    check_consistency,
    check_inclusion,
    consistency_path,
    frontier_of,
    inclusion_path,
    leaf_hash,
    tree_root,
)
from tests.conformance.ledger import reference
from tests.unit.ledger.formats.trees import Tree, bit_flipped

LARGEST = 200
WHOLE = Tree.of(LARGEST)

sizes = st.integers(1, LARGEST)
bits = st.integers(0, 255)


@st.composite
def places(draw: st.DrawFn) -> tuple[int, int]:
    """An index and a size that has it."""
    size = draw(sizes)
    return draw(st.integers(0, size - 1)), size


@st.composite
def growths(draw: st.DrawFn) -> tuple[int, int]:
    """An old and a new size."""
    new = draw(sizes)
    return draw(st.integers(1, new)), new


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_that_of_the_definition(entries: list[bytes]) -> None:
    assert tree_root([leaf_hash(each) for each in entries]) == reference.tree_hash(entries)


@given(st.lists(st.integers(0, 40), max_size=8))
def test_appending_one_by_one_or_many_at_once_gives_the_same_nodes_and_roots(portions: list[int]) -> None:
    single, many = Frontier(), Frontier()
    for portion in portions:
        leaves = WHOLE.leaves[:portion]
        one_by_one = [node for leaf in leaves for node in single.append(leaf)]
        runs = many.extend(leaves)
        at_once = [(level, first + n, each) for level, first, row in runs for n, each in enumerate(row)]
        assert sorted(at_once) == sorted(one_by_one)
        assert all(row for _, _, row in runs)
        assert (many.size, many.hashes, many.root()) == (single.size, single.hashes, single.root())


@given(sizes, st.integers(0, 20))
def test_a_tree_goes_on_from_its_edge(size: int, more: int) -> None:
    size = min(size, LARGEST - more)
    found = frontier_of(size, WHOLE.node)
    kept = Frontier(size, found.hashes)
    for leaf in WHOLE.leaves[size : size + more]:
        kept.append(leaf)
    assert found.root() == WHOLE.root(size)
    assert kept.root() == WHOLE.root(size + more)


@given(places())
def test_every_inclusion_path_is_that_of_the_definition_and_verifies(place: tuple[int, int]) -> None:
    index, size = place
    path = WHOLE.inclusion(index, size)
    assert path == reference.path(index, WHOLE.entries[:size])
    check_inclusion(WHOLE.leaves[index], index, size, path, WHOLE.root(size))


@given(growths())
def test_every_consistency_path_is_that_of_the_definition_and_verifies(growth: tuple[int, int]) -> None:
    old, new = growth
    path = WHOLE.consistency(old, new)
    assert path == reference.proof(old, WHOLE.entries[:new])
    check_consistency(old, new, path, WHOLE.root(old), WHOLE.root(new))


@given(places(), bits, st.data())
def test_no_bit_of_an_inclusion_proof_can_change(place: tuple[int, int], bit: int, data: st.DataObject) -> None:
    index, size = place
    parts = [WHOLE.leaves[index], WHOLE.root(size), *WHOLE.inclusion(index, size)]
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = bit_flipped(parts[at], bit)
    leaf, root, *path = parts
    with pytest.raises(ProofError, match="does not lead to the root"):
        check_inclusion(leaf, index, size, path, root)


@given(growths(), bits, st.data())
def test_no_bit_of_a_consistency_proof_can_change(growth: tuple[int, int], bit: int, data: st.DataObject) -> None:
    old, new = growth
    parts = [WHOLE.root(old), WHOLE.root(new), *WHOLE.consistency(old, new)]
    at = data.draw(st.integers(0, len(parts) - 1))
    parts[at] = bit_flipped(parts[at], bit)
    old_root, new_root, *path = parts
    with pytest.raises(ProofError):
        check_consistency(old, new, path, old_root, new_root)


@given(places(), st.integers(0, LARGEST))
def test_a_path_proves_one_place_only(place: tuple[int, int], other: int) -> None:
    index, size = place
    if other == index:
        return
    with pytest.raises(ProofError):
        check_inclusion(WHOLE.leaves[index], other, size, WHOLE.inclusion(index, size), WHOLE.root(size))


@given(growths(), st.data())
def test_a_rewritten_entry_shows(growth: tuple[int, int], data: st.DataObject) -> None:
    old, new = growth
    rewritten = data.draw(st.integers(0, old - 1))
    entries = list(WHOLE.entries[:new])
    entries[rewritten] += b"!"
    forged = Tree(entries)
    with pytest.raises(ProofError):
        check_consistency(old, new, forged.consistency(old, new), WHOLE.root(old), forged.root())


@given(places(), st.integers(-3, 3).filter(bool))
def test_a_path_of_another_length_says_how_long_it_must_be(place: tuple[int, int], change: int) -> None:
    index, size = place
    right = WHOLE.inclusion(index, size)
    wrong = [*right, *[bytes(32)] * change] if change > 0 else right[:change]
    if len(wrong) == len(right):
        return
    reason = f"entry {index} in a tree of {size} entries is too (long|short): it needs {len(right)} .* has {len(wrong)}"
    with pytest.raises(ProofError, match=reason):
        check_inclusion(WHOLE.leaves[index], index, size, wrong, WHOLE.root(size))


def test_a_fork_of_the_same_size_is_named_as_one() -> None:
    with pytest.raises(ProofError, match="the log has been forked"):
        check_consistency(5, 5, [], WHOLE.root(5), WHOLE.root(6))


def test_a_changed_beginning_and_a_changed_end_are_told_apart() -> None:
    path = WHOLE.consistency(5, 9)
    with pytest.raises(ProofError, match="the first 5 entries are not the same"):
        check_consistency(5, 9, path, WHOLE.root(6), WHOLE.root(9))
    with pytest.raises(ProofError, match="does not lead to the new root"):
        check_consistency(5, 9, path, WHOLE.root(5), WHOLE.root(8))


def test_out_of_nothing_nothing_is_proved() -> None:
    check_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    with pytest.raises(ProofError, match="nothing to check"):
        check_consistency(0, 3, [], EMPTY_ROOT, WHOLE.root(3))
    with pytest.raises(ProofError, match="root of an empty tree"):
        check_consistency(0, 0, [], WHOLE.root(1), WHOLE.root(1))
    with pytest.raises(ProofError, match="entry 0 is not in a tree of 0"):
        check_inclusion(leaf_hash(b""), 0, 0, [], EMPTY_ROOT)
    assert consistency_path(0, 3, WHOLE.node) == []


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, -1), (0, MAX_SIZE + 1)])
def test_places_that_no_tree_has(index: int, size: int) -> None:
    with pytest.raises(ProofError):
        inclusion_path(index, size, WHOLE.node)
    with pytest.raises(ProofError):
        check_inclusion(WHOLE.leaves[0], index, size, [], WHOLE.root(1))


def test_a_log_does_not_shrink() -> None:
    with pytest.raises(ProofError, match="of 3 entries cannot have grown out of one of 4"):
        consistency_path(4, 3, WHOLE.node)
    with pytest.raises(ProofError, match="of 3 entries cannot have grown out of one of 4"):
        check_consistency(4, 3, [], WHOLE.root(4), WHOLE.root(3))


def test_the_largest_tree_needs_63_hashes() -> None:
    with pytest.raises(ProofError, match="it needs 63 hashes and has 0"):
        check_inclusion(WHOLE.leaves[0], 0, MAX_SIZE, [], WHOLE.root(1))


def test_an_edge_that_does_not_fit_its_size() -> None:
    with pytest.raises(ProofError, match="a tree of 5 entries has 2 perfect subtrees at its edge, not 1"):
        Frontier(5, [bytes(32)])
    with pytest.raises(ProofError, match="subtree 1 of the edge has 31 bytes"):
        Frontier(5, [bytes(32), bytes(31)])
