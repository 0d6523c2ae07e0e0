"""Proofs that need no network: what is written reads back, proves one entry in one log, and tells who witnessed it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import note, proof
from agent.ledger.fields import base64_text
from agent.ledger.merkle import ProofError
from agent.ledger.note import NoteError
from agent.ledger.proof import MAX_EXTRA, MAX_PROOF, TlogProof
from tests.unit.ledger.formats.trees import LOG, SECONDS, STRANGER, WITNESS, Tree, bit_flipped

SIZE = 21
TREE = Tree.of(SIZE)
BARE = note.parse(TREE.signed())
HASH = base64_text(bytes(32))


def proof_of(index: int, *lines: str, extra: bytes | None = None) -> TlogProof:
    return TlogProof(index, tuple(TREE.inclusion(index, SIZE)), TREE.signed(None, *lines), extra)


@given(st.integers(0, SIZE - 1), st.none() | st.binary(max_size=40))
def test_every_entry_can_be_proved_from_the_bytes_alone(index: int, extra: bytes | None) -> None:
    read = proof.parse(proof.encode(proof_of(index, extra=extra)))
    assert read == proof_of(index, extra=extra)
    checked = proof.check(read, TREE.entries[index], LOG.verifier)
    assert (checked.checkpoint.size, checked.checkpoint.root) == (SIZE, TREE.root())


@given(st.integers(0, SIZE - 1), st.data())
def test_no_bit_of_entry_or_proof_can_change(index: int, data: st.DataObject) -> None:
    good = proof.encode(proof_of(index))
    entry = TREE.entries[index]
    bit = data.draw(st.integers(0, 8 * (len(good) + len(entry)) - 1))
    changed = bit_flipped(good + entry, bit)
    with pytest.raises((NoteError, ProofError)):
        proof.check(proof.parse(changed[: len(good)]), changed[len(good) :], LOG.verifier)


def test_the_text_is_as_specified() -> None:
    index, path = 20, TREE.inclusion(20, SIZE)
    lines = "".join(f"{base64_text(each)}\n" for each in path)
    checkpoint = TREE.signed().decode()
    assert proof.encode(proof_of(index)).decode() == f"c2sp.org/tlog-proof@v1\nindex 20\n{lines}\n{checkpoint}"
    more = proof.encode(proof_of(index, extra=b"extra information")).decode()
    assert more.startswith("c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 20\n")
    only = Tree.of(1)
    assert proof.encode(TlogProof(0, (), only.signed())).startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n\nlog.example")


def test_known_witnesses_are_named_and_unknown_ones_only_counted() -> None:
    signed = proof_of(
        3, STRANGER.cosign(BARE, SECONDS), WITNESS.cosign(BARE, SECONDS), WITNESS.cosign(BARE, SECONDS + 1)
    )
    checked = proof.check(signed, TREE.entries[3], LOG.verifier, [WITNESS.verifier])
    assert (checked.witnesses, checked.unknown) == (("witness.example",), 1)
    alone = proof.check(signed, TREE.entries[3], LOG.verifier)
    assert (alone.witnesses, alone.unknown) == ((), 3)


def test_a_wrong_cosignature_counts_only_for_those_who_know_the_witness() -> None:
    wrong = proof_of(3, WITNESS.cosign(note.parse(TREE.signed(20)), SECONDS))
    proof.check(wrong, TREE.entries[3], LOG.verifier)
    with pytest.raises(NoteError, match=r"the signature by witness\.example .* is wrong"):
        proof.check(wrong, TREE.entries[3], LOG.verifier, [WITNESS.verifier])


def test_the_log_itself_must_have_signed() -> None:
    text = TREE.text()
    by_witness_only = TlogProof(3, proof_of(3).path, note.signed(text, WITNESS.cosign(BARE, SECONDS)))
    with pytest.raises(NoteError, match=r"not signed by the log's key log\.example/one"):
        proof.check(by_witness_only, TREE.entries[3], LOG.verifier, [WITNESS.verifier])


def test_a_log_is_no_witness_of_itself() -> None:
    with pytest.raises(NoteError, match="that is the key of a log"):
        proof.check(proof_of(3), TREE.entries[3], LOG.verifier, [LOG.verifier])


def test_a_checkpoint_of_another_log_is_refused_unless_its_origin_was_asked_for() -> None:
    text = TREE.text(origin="log.example/two")
    foreign = dataclasses.replace(proof_of(3), checkpoint=note.signed(text, LOG.sign(text)))
    with pytest.raises(NoteError, match="of another log: its origin, on line 1"):
        proof.check(foreign, TREE.entries[3], LOG.verifier)
    checked = proof.check(foreign, TREE.entries[3], LOG.verifier, origin="log.example/two")
    assert checked.checkpoint.origin == "log.example/two"


def test_a_proof_for_another_size_says_so() -> None:
    older = dataclasses.replace(proof_of(3), path=tuple(TREE.inclusion(3, 8)))
    with pytest.raises(ProofError, match="entry 3 in a tree of 21 entries is too short: it needs 5 hashes and has 3"):
        proof.check(older, TREE.entries[3], LOG.verifier)
    beyond = dataclasses.replace(proof_of(3), index=SIZE)
    with pytest.raises(ProofError, match="entry 21 is not in a tree of 21 entries"):
        proof.check(beyond, TREE.entries[3], LOG.verifier)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no blank line"),
        ("c2sp.org/tlog-proof@v1\nindex 0\n", "no blank line"),
        ("wrong\nindex 0\n\nnote\n", "line 1 of the proof must be c2sp.org/tlog-proof@v1"),
        ("c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nnote\n", "line 2 of the proof, the extra data, is not base64"),
        ("c2sp.org/tlog-proof@v1\n\nnote\n", "line 2 of the proof must state the index"),
        ("c2sp.org/tlog-proof@v1\nextra AAAA\n\nnote\n", "line 3 of the proof must state the index"),
        ("c2sp.org/tlog-proof@v1\nindex x\n\nnote\n", "line 2 of the proof, the index, must be a plain decimal"),
        ("c2sp.org/tlog-proof@v1\nindex -5\n\nnote\n", "line 2 of the proof, the index"),
        ("c2sp.org/tlog-proof@v1\nindex 05\n\nnote\n", "line 2 of the proof, the index"),
        (f"c2sp.org/tlog-proof@v1\nindex 5\n{HASH}\n!\n\nnote\n", "line 4, a hash of the path, is not base64"),
        ("c2sp.org/tlog-proof@v1\nindex 5\nAAAA\n\nnote\n", "line 3, a hash of the path, has 3 bytes, not the 32"),
        (f"c2sp.org/tlog-proof@v1\nindex 5\n{(HASH + chr(10)) * 64}\nnote\n", "too long: it has 64 hashes"),
        ("c2sp.org/tlog-proof@v1\nindex ٥\n\nnote\n", "not ASCII before its checkpoint: byte 29"),
        ("c2sp.org/tlog-proof@v1\nindex 5\n" + "a" * MAX_PROOF, f"more than {MAX_PROOF} are not read"),
        (f"c2sp.org/tlog-proof@v1\nextra {'A' * 4 * (MAX_EXTRA // 3 + 1)}\nindex 0\n\nnote\n", "bytes of extra data"),
    ],
    ids=lambda value: None if len(value) > 100 else value,
)
def test_a_malformed_proof_names_the_line(text: str, reason: str) -> None:
    with pytest.raises(NoteError, match=reason):
        proof.parse(text.encode())


@pytest.mark.parametrize(
    "bad",
    [
        TlogProof(-1, (), b"note\n"),
        TlogProof(0, (bytes(32),) * 64, b"note\n"),
        TlogProof(0, (bytes(31),), b"note\n"),
        TlogProof(0, (), b"note\n", bytes(MAX_EXTRA + 1)),
    ],
    ids=["negative index", "64 hashes", "short hash", "too much extra"],
)
def test_what_the_format_cannot_hold_is_not_written(bad: TlogProof) -> None:
    with pytest.raises(NoteError):
        proof.encode(bad)


def test_the_largest_extra_data_is_carried() -> None:
    full = proof_of(3, extra=bytes(MAX_EXTRA))
    assert proof.parse(proof.encode(full)) == full
