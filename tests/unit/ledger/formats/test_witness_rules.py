"""A witness cosigns one growing history of a log and nothing else, and each refusal has its status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import checkpoint, cosignature, note
from agent.ledger.fields import base64_text
from agent.ledger.note import NoteError, Signer
from agent.ledger.witness import (
    MAX_ANSWER,
    MAX_REQUEST,
    SIZE_TYPE,
    Answer,
    Conflict,
    Cosigned,
    Refused,
    Seen,
    Witness,
    read_answer,
    request,
)
from tests.unit.ledger.formats.trees import LOG, ORIGIN, SECONDS, STRANGER, WITNESS, Tree, seed

TREE = Tree.of(20)
FORK = Tree([*TREE.entries[:7], *[b"something else"] * 13])


class States:
    """Remembers in memory; `before_advance` runs between a request's check and its own remembering."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self.before_advance: Callable[[], object] = lambda: None

    def latest(self, origin: str) -> Seen | None:
        return self.seen.get(origin)

    def advance(self, origin: str, old_size: int | None, seen: Seen) -> bool:
        first, self.before_advance = self.before_advance, lambda: None
        first()
        latest = self.seen.get(origin)
        if (None if latest is None else latest.size) != old_size:
            return False
        self.seen[origin] = seen
        return True


@pytest.fixture
def states() -> States:
    return States()


@pytest.fixture
def witness(states: States) -> Witness:
    return watching(states)


def watching(states: States) -> Witness:
    return Witness(WITNESS, {ORIGIN: LOG.verifier}, states, lambda: SECONDS)


def growth(old: int, new: int, tree: Tree = TREE) -> bytes:
    return request(old, tree.consistency(old, new), tree.signed(new))


def believed(answer: Answer, tree: Tree, size: int) -> Cosigned | Conflict | Refused:
    """The answer as the log reads it."""
    submitted = note.parse(tree.signed(size))
    return read_answer(answer.status, answer.content_type, answer.body, submitted, [WITNESS.verifier])


def test_a_growing_log_is_cosigned_step_by_step(witness: Witness) -> None:
    before = 0
    for size in (0, 1, 5, 5, 8, 20):
        answer = witness.add_checkpoint(growth(before, size))
        assert answer.status == 200
        got = believed(answer, TREE, size)
        assert isinstance(got, Cosigned)
        assert (got.seconds, got.unknown) == (SECONDS, 0)
        assert cosignature.check(note.parse(TREE.signed(size, *got.lines)), WITNESS.verifier) == SECONDS
        before = size


def test_the_first_checkpoint_may_have_any_size(witness: Witness) -> None:
    assert witness.add_checkpoint(growth(0, 13)).status == 200


@pytest.mark.parametrize("claimed", [0, 4, 6])
def test_another_old_size_gets_the_size_that_is_known(witness: Witness, claimed: int) -> None:
    witness.add_checkpoint(growth(0, 5))
    answer = witness.add_checkpoint(growth(claimed, 8))
    assert answer == Answer(409, SIZE_TYPE, b"5\n")
    assert believed(answer, TREE, 8) == Conflict(5)


def test_the_size_of_a_log_never_seen_is_0(witness: Witness) -> None:
    assert witness.add_checkpoint(growth(3, 5)) == Answer(409, SIZE_TYPE, b"0\n")


def test_a_log_rolled_back_learns_that_the_witness_is_ahead(witness: Witness) -> None:
    witness.add_checkpoint(growth(0, 12))
    answer = witness.add_checkpoint(growth(5, 8))
    assert believed(answer, TREE, 8) == Conflict(12)


def test_a_fork_is_refused_and_told_what_that_means(witness: Witness, states: States) -> None:
    witness.add_checkpoint(growth(0, 8))
    remembered = dict(states.seen)
    answer = witness.add_checkpoint(growth(8, 12, FORK))
    assert answer.status == 422
    refused = believed(answer, FORK, 12)
    assert isinstance(refused, Refused)
    assert "forked or rolled back" in refused.meaning
    assert states.seen == remembered


@pytest.mark.parametrize(
    "body",
    [
        growth(8, 8, FORK),
        request(8, TREE.consistency(8, 12)[:-1], TREE.signed(12)),
        request(8, [*TREE.consistency(8, 12), bytes(32)], TREE.signed(12)),
        request(8, TREE.consistency(7, 12), TREE.signed(12)),
        request(8, [bytes(32)], TREE.signed(8)),
    ],
    ids=["fork of the same size", "hash missing", "hash too many", "path of another size", "path to the same size"],
)
def test_a_path_that_proves_nothing_is_422(witness: Witness, body: bytes) -> None:
    witness.add_checkpoint(growth(0, 8))
    assert witness.add_checkpoint(body).status == 422


def test_a_path_from_nothing_must_be_empty(witness: Witness) -> None:
    assert witness.add_checkpoint(request(0, [bytes(32)], TREE.signed(5))).status == 422


def test_an_empty_log_has_one_root_only(witness: Witness) -> None:
    text = f"{ORIGIN}\n0\n{base64_text(bytes(32))}\n"
    assert witness.add_checkpoint(request(0, [], note.signed(text, LOG.sign(text)))).status == 422


def test_an_unknown_log_is_404(witness: Witness) -> None:
    other = Signer("log.example/unknown", seed("log"))
    assert witness.add_checkpoint(request(0, [], TREE.signed(5, by=other))).status == 404


def test_a_signature_by_anybody_else_is_403(witness: Witness) -> None:
    text = TREE.text(5)
    impostor = Signer(ORIGIN, seed("impostor"))
    wrong = LOG.sign(TREE.text(6))
    for line in (impostor.sign(text), wrong, WITNESS.cosign(note.parse(TREE.signed(5)), SECONDS)):
        assert witness.add_checkpoint(request(0, [], note.signed(text, line))).status == 403


def test_an_old_size_beyond_the_checkpoint_is_400(witness: Witness) -> None:
    assert witness.add_checkpoint(request(6, [], TREE.signed(5))).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 0\n\n",
        TREE.signed(5),
        growth(0, 5).replace(b"old 0", b"old 00"),
        growth(0, 5).replace(b"old 0", b"old -1"),
        growth(0, 5).replace(b"old 0", b"new 0"),
        growth(0, 5).replace(b"old 0", b"old 0\nAAAA"),
        growth(0, 5).replace(b"old 0", b"old 0\xff"),
        growth(0, 5).replace(b"old 0", b"old 0\n" + b"\n".join([base64_text(bytes(32)).encode()] * 64)),
        growth(0, 5)[:-1],
        growth(0, 5).replace(b"\n5\n", b"\n05\n"),
        b"old 0\n\n" + b"a" * MAX_REQUEST,
    ],
    ids=lambda body: body[:24],
)
def test_what_cannot_be_read_is_400(witness: Witness, states: States, body: bytes) -> None:
    answer = witness.add_checkpoint(body)
    assert answer.status == 400
    assert answer.body.endswith(b"\n")
    assert states.seen == {}


def test_a_hundred_signatures_of_the_log_are_no_trouble(witness: Witness) -> None:
    text = TREE.text(5)
    assert witness.add_checkpoint(request(0, [], note.signed(text, *[LOG.sign(text)] * 100))).status == 200


@pytest.mark.parametrize("start", [0, 5])
def test_of_two_requests_at_once_only_one_is_cosigned(witness: Witness, states: States, start: int) -> None:
    if start:
        witness.add_checkpoint(growth(0, start))
    faster: list[Answer] = []
    states.before_advance = lambda: faster.append(witness.add_checkpoint(growth(start, 12)))
    slower = witness.add_checkpoint(growth(start, 10, FORK))
    assert [each.status for each in faster] == [200]
    assert slower == Answer(409, SIZE_TYPE, b"12\n")
    latest = states.seen[ORIGIN]
    assert (latest.size, latest.root) == (12, TREE.root(12))


def test_nothing_is_answered_that_could_not_be_remembered(witness: Witness, states: States) -> None:
    def full_disk() -> None:
        raise OSError("no space")

    states.before_advance = full_disk
    with pytest.raises(OSError, match="no space"):
        witness.add_checkpoint(growth(0, 5))
    assert states.seen == {}


STEPS = st.tuples(
    st.sampled_from([TREE, FORK, Tree([b"again", *TREE.entries[1:]])]),
    st.integers(0, 20),
    st.none() | st.integers(0, 20),
)


@given(st.lists(STEPS, max_size=12))
def test_whatever_is_asked_what_is_cosigned_is_one_history(steps: Sequence[tuple[Tree, int, int | None]]) -> None:
    states = States()
    witness = watching(states)
    latest = Tree([])
    for tree, size, claimed in steps:
        old = len(latest.entries) if claimed is None else claimed
        path = tree.consistency(old, size) if 0 < old <= size else []
        answer = witness.add_checkpoint(request(old, path, tree.signed(size)))
        is_growth = old == len(latest.entries) <= size and tree.entries[:old] == latest.entries
        assert (answer.status == 200) == is_growth
        if is_growth:
            latest = Tree(tree.entries[:size])


def test_other_observers_can_fetch_what_was_cosigned(witness: Witness) -> None:
    where = sha256(ORIGIN.encode()).hexdigest()
    assert witness.checkpoint(where).status == 404
    bare = note.parse(TREE.signed(5))
    witness.add_checkpoint(request(0, [], TREE.signed(5, STRANGER.cosign(bare, SECONDS))))
    answer = witness.checkpoint(where)
    kept = note.parse(answer.body)
    assert answer.status == 200
    assert note.verified(kept, [LOG.verifier, WITNESS.verifier]) == (LOG.verifier, WITNESS.verifier)
    assert len(kept.signatures) == 2
    assert checkpoint.parse(kept.text).size == 5
    assert witness.checkpoint(where.upper()).status == 404


def test_only_lines_of_the_configured_witness_are_taken_over() -> None:
    submitted = note.parse(TREE.signed(5))
    ours, other = WITNESS.cosign(submitted, SECONDS), STRANGER.cosign(submitted, SECONDS + 5)
    got = read_answer(200, "text/plain", (other + ours).encode(), submitted, [WITNESS.verifier])
    assert got == Cosigned((ours,), SECONDS, 1)


@pytest.mark.parametrize(
    ("status", "content_type", "body", "reason"),
    [
        (200, "text/plain", b"", "no signature lines"),
        (200, "text/plain", b"thank you\n", "line 1: a signature line begins with an em dash"),
        (200, "text/plain", b"\xff\n", "not UTF-8: byte 0"),
        (200, "text/plain", b"a" * (MAX_ANSWER + 1), f"more than {MAX_ANSWER} are not read"),
        (200, "text/plain", STRANGER.cosign(note.parse(TREE.signed(5)), SECONDS).encode(), "no cosignature by"),
        (
            200,
            "text/plain",
            WITNESS.cosign(note.parse(TREE.signed(6)), SECONDS).encode(),
            "not over the checkpoint that was sent",
        ),
        (200, "text/plain", LOG.sign(TREE.text(5)).encode(), "no cosignature by"),
        (409, "text/plain", b"5\n", "409 without the size"),
        (409, SIZE_TYPE, b"5", "does not end in a newline"),
        (409, SIZE_TYPE, b"five\n", "the size in the witness's answer must be a plain decimal"),
        (409, SIZE_TYPE, b"\xff\n", "not a number"),
    ],
)
def test_an_answer_that_means_nothing_is_refused(status: int, content_type: str, body: bytes, reason: str) -> None:
    submitted = note.parse(TREE.signed(5))
    with pytest.raises(NoteError, match=reason):
        read_answer(status, content_type, body, submitted, [WITNESS.verifier])


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(403, "does not accept"), (404, "does not know this log"), (400, "not read"), (503, "later")],
)
def test_a_refusal_says_what_it_means(status: int, meaning: str) -> None:
    refused = read_answer(status, "text/html", b"<html>", note.parse(TREE.signed(5)), [WITNESS.verifier])
    assert isinstance(refused, Refused)
    assert refused.status == status
    assert meaning in refused.meaning


def test_a_conflict_may_carry_a_parameter_in_its_type() -> None:
    submitted = note.parse(TREE.signed(5))
    assert read_answer(409, "Text/X.tlog.size; charset=utf-8", b"12\n", submitted, [WITNESS.verifier]) == Conflict(12)


def test_a_request_that_the_format_cannot_hold_is_not_written() -> None:
    with pytest.raises(NoteError, match="64 hashes"):
        request(1, [bytes(32)] * 64, TREE.signed(5))
    with pytest.raises(NoteError, match="must not be negative"):
        request(-1, [], TREE.signed(5))
