"""Cosignatures of witnesses: Ed25519 as we make them, ML-DSA-44 as others do."""

from __future__ import annotations

import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import cosignature, note
from agent.ledger.cosignature import Cosigner
from agent.ledger.note import Note, NoteError, Signature, VerifierKey, signature_line
from agent.ledger.signatures import COSIGNATURE, MAX_SECONDS, ML_DSA_44
from tests.unit.ledger.formats.trees import LOG, ORIGIN, SECONDS, STRANGER, WITNESS, Tree, seed

TREE = Tree.of(5)
BARE = note.parse(TREE.signed())
POST_QUANTUM = MLDSA44PrivateKey.from_seed_bytes(seed("post-quantum"))
POST_QUANTUM_KEY = VerifierKey.of("pq.example", ML_DSA_44, POST_QUANTUM.public_key().public_bytes_raw())


def cosigned(*lines: str) -> Note:
    return note.parse(TREE.signed(None, *lines))


def post_quantum_line(seconds: int, size: int = 5, start: int = 0, name: str = "pq.example") -> str:
    """A cosignature as tlog-cosignature's structure says, put together here by hand."""
    message = (
        b"subtree/v1\n\0"
        + struct.pack(">B", len(name))
        + name.encode()
        + struct.pack(">QB", seconds, len(ORIGIN))
        + ORIGIN.encode()
        + struct.pack(">QQ", start, size)
        + TREE.root(size)
    )
    blob = struct.pack(">Q", seconds) + POST_QUANTUM.sign(message)
    return signature_line(Signature(POST_QUANTUM_KEY.name, POST_QUANTUM_KEY.key_id, blob))


@given(st.integers(1, MAX_SECONDS))
def test_the_time_comes_back(seconds: int) -> None:
    assert cosignature.check(cosigned(WITNESS.cosign(BARE, seconds)), WITNESS.verifier) == seconds


def test_of_several_the_latest_counts() -> None:
    lines = [WITNESS.cosign(BARE, SECONDS + each) for each in (0, 60, 30)]
    assert cosignature.check(cosigned(*lines), WITNESS.verifier) == SECONDS + 60


def test_no_cosignature_by_this_witness_is_not_enough() -> None:
    with pytest.raises(NoteError, match=r"no cosignature by witness\.example"):
        cosignature.check(cosigned(STRANGER.cosign(BARE, SECONDS)), WITNESS.verifier)


def test_neither_text_nor_time_can_be_changed() -> None:
    line = WITNESS.cosign(note.parse(TREE.signed(4)), SECONDS)
    with pytest.raises(NoteError, match=r"line 6: the signature by witness\.example"):
        cosignature.check(cosigned(line), WITNESS.verifier)
    (right,) = note.signature_lines(WITNESS.cosign(BARE, SECONDS))
    later = Signature(right.name, right.key_id, (SECONDS + 1).to_bytes(8, "big") + right.blob[8:])
    with pytest.raises(NoteError, match="is wrong"):
        cosignature.check(cosigned(signature_line(later)), WITNESS.verifier)


def test_one_seed_makes_different_keys_for_logs_and_witnesses() -> None:
    as_witness = Cosigner(LOG.verifier.name, seed("log")).verifier
    assert as_witness.public == LOG.verifier.public
    assert as_witness.algorithm == COSIGNATURE
    assert as_witness.key_id != LOG.verifier.key_id


def test_the_key_of_a_log_is_no_witness() -> None:
    with pytest.raises(NoteError, match="that is the key of a log, not a witness"):
        cosignature.check(BARE, LOG.verifier)


@pytest.mark.parametrize("seconds", [0, -1, MAX_SECONDS + 1])
def test_a_time_must_be_stated(seconds: int) -> None:
    with pytest.raises(NoteError, match="positive number of seconds"):
        WITNESS.cosign(BARE, seconds)


def test_only_checkpoints_are_cosigned() -> None:
    text = "not a checkpoint\n"
    with pytest.raises(NoteError, match="at least three lines"):
        WITNESS.cosign(Note(text, ()), SECONDS)


@pytest.mark.parametrize("seconds", [0, SECONDS])
def test_post_quantum_cosignatures_are_checked(seconds: int) -> None:
    assert cosignature.check(cosigned(post_quantum_line(seconds)), POST_QUANTUM_KEY) == seconds
    assert VerifierKey.parse(str(POST_QUANTUM_KEY)) == POST_QUANTUM_KEY


@pytest.mark.parametrize(
    "line",
    [post_quantum_line(SECONDS, size=4), post_quantum_line(SECONDS, start=4), post_quantum_line(SECONDS, name="other")],
    ids=["another size", "a part of the tree", "another name"],
)
def test_post_quantum_cosignatures_of_something_else_are_refused(line: str) -> None:
    with pytest.raises(NoteError, match=r"the signature by pq\.example .* is wrong"):
        cosignature.check(cosigned(line), POST_QUANTUM_KEY)


def test_a_post_quantum_key_signs_checkpoints_only() -> None:
    line = post_quantum_line(SECONDS)
    with pytest.raises(NoteError):
        note.verified(note.parse(note.signed("anything\n", line)), [POST_QUANTUM_KEY])


def test_a_name_too_long_for_the_post_quantum_message_signs_nothing() -> None:
    key = VerifierKey.of("n" * 256, ML_DSA_44, POST_QUANTUM_KEY.public)
    line = signature_line(Signature(key.name, key.key_id, bytes(8 + 2420)))
    with pytest.raises(NoteError, match="is wrong"):
        cosignature.check(cosigned(line), key)
