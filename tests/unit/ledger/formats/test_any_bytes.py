"""Whatever comes from outside, each reader takes it or refuses it with a reason; nothing else ever happens.

Fed with bytes of any kind and with good inputs that were cut, doubled, overwritten or bent at a random place.
"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import checkpoint, cosignature, note, proof
from agent.ledger.merkle import ProofError, check_consistency, check_inclusion
from agent.ledger.note import NoteError, VerifierKey
from agent.ledger.proof import TlogProof
from agent.ledger.witness import Seen, Witness, read_answer, request
from tests.unit.ledger.formats.trees import LOG, ORIGIN, SECONDS, STRANGER, WITNESS, Tree

TREE = Tree.of(9)
BARE = note.parse(TREE.signed())
COSIGNED = TREE.signed(None, WITNESS.cosign(BARE, SECONDS), STRANGER.cosign(BARE, SECONDS))
PROOF = proof.encode(TlogProof(4, tuple(TREE.inclusion(4, 9)), COSIGNED, b"extra"))
REQUEST = request(5, TREE.consistency(5, 9), COSIGNED)
ANSWER = (WITNESS.cosign(BARE, SECONDS) + STRANGER.cosign(BARE, SECONDS)).encode()
FRAGMENTS = [
    b"",
    b"\n",
    b"\n\n",
    b" ",
    b"+",
    b"\x00",
    b"\xff",
    "— ".encode(),
    b"0",
    b"-1",
    b"9" * 30,
    b"=",
    b"old ",
    b"A" * 44,
]


@st.composite
def bent(draw: st.DrawFn, good: bytes) -> bytes:
    """A good input with up to three places replaced by something else, or bytes of any kind."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=200))
    value = good
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(value)))
        end = min(len(value), start + draw(st.integers(0, 60)))
        value = value[:start] + draw(st.sampled_from(FRAGMENTS) | st.binary(max_size=8)) + value[end:]
    return value


class Remembers5:
    """A witness's memory that has seen the log at 5 entries and takes everything."""

    def latest(self, origin: str) -> Seen | None:
        return Seen(5, TREE.root(5), b"")

    def advance(self, origin: str, old_size: int | None, seen: Seen) -> bool:
        return True


REFUSED = contextlib.suppress(NoteError, ProofError)


@given(bent(COSIGNED))
def test_notes(data: bytes) -> None:
    with REFUSED:
        read = note.parse(data)
        assert note.verified(read, [LOG.verifier]) == () or read.text == TREE.text()
        checkpoint.parse(read.text)
        assert cosignature.check(read, WITNESS.verifier) == SECONDS


@given(st.text(max_size=60) | bent(TREE.text().encode()).map(lambda data: data.decode(errors="replace")))
def test_checkpoints(text: str) -> None:
    with REFUSED:
        state = checkpoint.parse(text)
        assert checkpoint.encode(state) == text


@given(st.text(max_size=80) | bent(str(LOG.verifier).encode()).map(lambda data: data.decode(errors="replace")))
def test_keys(text: str) -> None:
    with REFUSED:
        assert str(VerifierKey.parse(text)) == text


@given(bent(PROOF))
def test_proofs(data: bytes) -> None:
    with REFUSED:
        read = proof.parse(data)
        assert proof.encode(read) == data
        checked = proof.check(read, TREE.entries[4], LOG.verifier, [WITNESS.verifier])
        assert checked.checkpoint.root == TREE.root()
        assert read.index == 4


@given(bent(REQUEST))
def test_requests_to_a_witness(data: bytes) -> None:
    witness = Witness(WITNESS, {ORIGIN: LOG.verifier}, Remembers5(), lambda: SECONDS)
    answer = witness.add_checkpoint(data)
    assert answer.status in {200, 400, 403, 404, 409, 422}
    if answer.status == 200:
        read_answer(200, answer.content_type, answer.body, BARE, [WITNESS.verifier])


@given(st.sampled_from([200, 409, 404, 500]), st.text(max_size=20) | st.just("text/x.tlog.size"), bent(ANSWER))
def test_answers_of_a_witness(status: int, content_type: str, body: bytes) -> None:
    with REFUSED:
        read_answer(status, content_type, body, BARE, [WITNESS.verifier])


@given(
    st.integers(-2, 2**70),
    st.integers(-2, 2**70),
    st.lists(st.binary(max_size=40), max_size=70),
    st.binary(max_size=40),
)
def test_paths(small: int, large: int, path: list[bytes], root: bytes) -> None:
    with pytest.raises(ProofError):
        check_inclusion(root, small, large, path, TREE.root())
    with REFUSED:
        check_consistency(small, large, path, root, TREE.root())
        assert (small, path, root) == (large, [], TREE.root())


def test_the_good_inputs_are_good() -> None:
    """Otherwise the rest of this file would show nothing."""
    assert proof.check(proof.parse(PROOF), TREE.entries[4], LOG.verifier, [WITNESS.verifier]).witnesses
    assert Witness(WITNESS, {ORIGIN: LOG.verifier}, Remembers5(), lambda: SECONDS).add_checkpoint(REQUEST).status == 200
    assert read_answer(200, "text/plain", ANSWER, BARE, [WITNESS.verifier])
    assert cosignature.check(note.parse(COSIGNED), WITNESS.verifier) == SECONDS
