"""Checkpoints: three lines of ours, more lines of others read but never written again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import checkpoint
from agent.ledger.checkpoint import MAX_EXTENSIONS, MAX_ORIGIN, Checkpoint
from agent.ledger.merkle import EMPTY_ROOT, MAX_SIZE
from agent.ledger.note import NoteError
from tests.unit.ledger.formats.trees import Tree

GOOD = Tree.of(5).text()
ORIGIN, SIZE, ROOT = GOOD.splitlines()


@given(st.integers(1, MAX_SIZE), st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read(size: int, root: bytes) -> None:
    state = Checkpoint("log.example/one", size, root)
    assert checkpoint.parse(checkpoint.encode(state)) == state
    assert checkpoint.encode(state).count("\n") == 3


def test_extension_lines_of_others_are_kept_apart() -> None:
    state = checkpoint.parse(f"Their log\n5\n{ROOT}\nmore\n— even this\n")
    assert (state.origin, state.size, state.extensions) == ("Their log", 5, ("more", "— even this"))
    with pytest.raises(NoteError, match="extension lines are not written"):
        checkpoint.encode(state)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "at least three lines"),
        (GOOD[:-1], "each ending in a newline"),
        (f"{ORIGIN}\n5\n", "at least three lines"),
        (f"\n5\n{ROOT}\n", "line 1 of the checkpoint is empty"),
        (f"{ORIGIN}\n\n{ROOT}\n", "line 2 of the checkpoint is empty"),
        (f"{GOOD}\nmore\n", "line 4 of the checkpoint is empty"),
        (f"{ORIGIN}\n05\n{ROOT}\n", "line 2 of the checkpoint, the size, must be a plain decimal"),
        (f"{ORIGIN}\n-5\n{ROOT}\n", "line 2 .* plain decimal"),
        (f"{ORIGIN}\n5 \n{ROOT}\n", "line 2 .* plain decimal"),
        (f"{ORIGIN}\n٥\n{ROOT}\n", "line 2 .* plain decimal"),
        (f"{ORIGIN}\n{MAX_SIZE + 1}\n{ROOT}\n", f"at most {MAX_SIZE}"),
        (f"{ORIGIN}\n5\nbananas!\n", "line 3 of the checkpoint, the root, is not base64"),
        (f"{ORIGIN}\n5\nYmFuYW5hcw==\n", "line 3 of the checkpoint, the root, has 7 bytes, not the 32"),
        (f"a\tb\n5\n{ROOT}\n", "control character"),
        (f"{'é' * 128}\n5\n{ROOT}\n", f"longer than {MAX_ORIGIN} bytes"),
        (GOOD + "x\n" * (MAX_EXTENSIONS + 1), f"more than {MAX_EXTENSIONS} extension lines"),
    ],
)
def test_a_malformed_checkpoint_names_the_line(text: str, reason: str) -> None:
    with pytest.raises(NoteError, match=reason):
        checkpoint.parse(text)


@pytest.mark.parametrize(
    "state",
    [
        Checkpoint("", 1, bytes(32)),
        Checkpoint("with space", 1, bytes(32)),
        Checkpoint("with\nline", 1, bytes(32)),
        Checkpoint("with+plus", 1, bytes(32)),
        Checkpoint("x" * (MAX_ORIGIN + 1), 1, bytes(32)),
        Checkpoint("log.example", -1, bytes(32)),
        Checkpoint("log.example", MAX_SIZE + 1, bytes(32)),
        Checkpoint("log.example", 1, bytes(31)),
        Checkpoint("log.example", 0, bytes(32)),
    ],
)
def test_a_state_that_no_log_of_ours_has_is_not_written(state: Checkpoint) -> None:
    with pytest.raises(NoteError):
        checkpoint.encode(state)


def test_the_empty_log() -> None:
    assert checkpoint.parse(Tree.of(0).text()) == Checkpoint("log.example/one", 0, EMPTY_ROOT)
