"""Verification of one log: everything holds, or the place where it does not is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import checkpoint as checkpoints
from agent.ledger import note, verify
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.cosignature import Cosigner
from agent.ledger.note import Signer, VerifierKey
from agent.ledger.verify import LogRecord, LogReport, verify_log
from tests.unit.ledger.test_log import SIGNER, sealed

WITNESS = Cosigner("witness.example", bytes([1]) * 32)
STRANGER = Cosigner("stranger.example", bytes([2]) * 32)


@dataclass
class Kept:
    """One log as rows that a test may change."""

    rows: list[tuple[bytes, bytes | None]]
    notes: list[tuple[int, bytes]]
    cosigned: dict[int, list[str]] = field(default_factory=dict)
    key: VerifierKey = SIGNER.verifier
    first: int = 0

    def checked(self, *, every: bool = True, witnesses: tuple[VerifierKey, ...] = (WITNESS.verifier,)) -> LogReport:
        record = LogRecord(self.key, iter(self.rows), lambda: iter(self.notes), self.cosigned, self.first)
        return verify_log(record, every_checkpoint=every, witnesses=witnesses)

    def said(self, **how: bool) -> list[str]:
        return [f"{problem.where}: {problem.what}" for problem in self.checked(**how).problems]  # type: ignore[arg-type]

    def cosign(self, by: Cosigner, place: int = -1) -> None:
        size, signed = self.notes[place]
        self.cosigned.setdefault(size, []).append(by.cosign(note.parse(signed), 1_795_000_000))


def kept(*portions: int) -> Kept:
    _, shelf = sealed(*portions)
    return Kept(list(zip(shelf.bodies, shelf.nodes, strict=True)), shelf.checkpoints)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.booleans())
def test_an_honest_log_holds(portions: list[int], every: bool) -> None:
    found = kept(*portions).checked(every=every)
    assert found.problems == []
    assert (found.entries, found.checkpoints) == (sum(portions), len(portions))
    assert found.signatures == (len(portions) if every else 1)
    assert found.last is not None
    assert found.last.size == sum(portions)


def test_an_empty_log_holds_and_says_nothing() -> None:
    assert kept().checked() == LogReport()


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.data())
def test_a_changed_entry_is_named_by_its_number(portions: list[int], data: st.DataObject) -> None:
    log = kept(*portions)
    log.first = 100
    index = data.draw(st.integers(0, len(log.rows) - 1))
    body, nodes = log.rows[index]
    bit = data.draw(st.integers(0, 8 * len(body) - 1))
    changed = bytearray(body)
    changed[bit // 8] ^= 1 << bit % 8
    log.rows[index] = bytes(changed), nodes
    assert log.said()[0] == f"entry {100 + index}: its bytes are not what was hashed when it was written"
    assert any("the root that was signed is not that of these entries" in each for each in log.said())


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.data())
def test_no_bit_of_a_kept_node_can_change(portions: list[int], data: st.DataObject) -> None:
    log = kept(*portions)
    index = data.draw(st.integers(0, len(log.rows) - 1))
    body, nodes = log.rows[index]
    assert nodes is not None
    bit = data.draw(st.integers(0, 8 * len(nodes) - 1))
    changed = bytearray(nodes)
    changed[bit // 8] ^= 1 << bit % 8
    log.rows[index] = body, bytes(changed)
    (said,) = log.said()
    assert said.startswith(f"entry {index}: ")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.booleans(), st.data())
def test_no_bit_of_the_last_checkpoint_and_with_every_checkpoint_of_none_can_change(
    portions: list[int], every: bool, data: st.DataObject
) -> None:
    log = kept(*portions)
    place = data.draw(st.integers(0, len(log.notes) - 1)) if every else len(log.notes) - 1
    size, signed = log.notes[place]
    bit = data.draw(st.integers(0, 8 * len(signed) - 1))
    changed = bytearray(signed)
    changed[bit // 8] ^= 1 << bit % 8
    log.notes[place] = size, bytes(changed)
    assert any(f"checkpoint of size {size}" in said for said in log.said(every=every))


def test_without_every_checkpoint_an_earlier_signature_is_not_looked_at_but_its_root_is() -> None:
    log = kept(3, 3)
    size, signed = log.notes[0]
    log.notes[0] = size, signed[:-8] + b"AAAAAA==\n"[-8:]
    assert log.said(every=False) == []
    assert log.said(every=True) != []
    text = checkpoints.encode(Checkpoint(SIGNER.verifier.name, 3, bytes(32)))
    log.notes[0] = 3, note.signed(text, SIGNER.sign(text))
    assert any("the root that was signed" in each for each in log.said(every=False))


Change = Callable[[Kept], object]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda log: log.rows.pop(), "checkpoint of size 9: only 8 entries are there: the others were deleted"),
        (lambda log: log.rows.pop(4), "entry 4: a node of the tree that is kept with it is not"),
        (lambda log: log.rows.insert(4, log.rows[0]), "1 entry is covered by no signed checkpoint"),
        (lambda log: log.rows.append(log.rows[0]), "entry 9: 1 entry is covered by no signed checkpoint"),
        (lambda log: log.rows.extend(log.rows[:2]), "entry 9: 2 entries are covered by no signed checkpoint"),
        (lambda log: log.rows.reverse(), "entry 1: a node of the tree that is kept with it is not"),
        (lambda log: log.notes.clear(), "the last checkpoint: there is none, though there are entries"),
        (lambda log: log.notes.pop(), "entry 6: 3 entries are covered by no signed checkpoint"),
        (lambda log: log.notes.reverse(), "checkpoint of size 6: comes out of order"),
        (lambda log: log.notes.insert(1, log.notes[0]), "checkpoint of size 3: comes out of order"),
        (lambda log: log.notes.insert(0, (0, b"")), "checkpoint of size 0: comes out of order"),
        (lambda log: log.notes.insert(0, (-5, b"")), "checkpoint of size -5: comes out of order"),
        (lambda log: log.notes.append((2**63 - 1, b"")), "only 9 entries are there"),
        (lambda log: log.notes.__setitem__(1, (6, log.notes[0][1])), "size 6: says 3 entries: it was put in another's"),
        (lambda log: log.notes.__setitem__(1, (6, b"")), "checkpoint of size 6: the note has no blank line"),
        (lambda log: log.notes.__setitem__(1, (6, by(Signer("other", bytes(32)), log, 6))), "not signed by this log's"),
        (lambda log: log.notes.__setitem__(1, (6, by(Signer(SIGNER.verifier.name, bytes(32)), log, 6))), "not signed"),
        (lambda log: log.notes.__setitem__(1, (6, twice(log, 6))), "carries signatures that the log did not write"),
        (lambda log: setattr(log, "key", Signer("other", bytes(32)).verifier), "is not signed by this log's key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change: Change, says: str) -> None:
    log = kept(3, 3, 3)
    change(log)
    said = log.said()
    assert any(says in each for each in said), said


def by(signer: Signer, log: Kept, size: int) -> bytes:
    """The checkpoint of that size, signed by another key."""
    stated = checkpoints.parse(note.parse(dict(log.notes)[size]).text)
    text = checkpoints.encode(Checkpoint(signer.verifier.name, size, stated.root))
    return note.signed(text, signer.sign(text))


def twice(log: Kept, size: int) -> bytes:
    """The checkpoint of that size with somebody's line behind the log's."""
    read = dict(log.notes)[size]
    return read + Signer("other", bytes(32)).sign(note.parse(read).text).encode()


def test_of_very_many_problems_the_first_are_named_and_the_rest_counted_as_more() -> None:
    log = kept(*[3] * 40)
    log.rows = [(body, bytes(len(nodes or b""))) for body, nodes in log.rows]
    said = log.said()
    assert len(said) == verify.MOST_PROBLEMS + 1
    assert said[-1].startswith("more: only the first 50")


def test_progress_is_told_up_to_the_end() -> None:
    told: list[int] = []
    log = kept(3, 3)
    verify_log(LogRecord(log.key, iter(log.rows), lambda: iter(log.notes)), progress=told.append)
    assert told == [3, 6]


# Cosignatures


def test_the_newest_checkpoint_that_known_witnesses_saw_counts() -> None:
    log = kept(3, 3, 3)
    assert (log.checked().witnesses, log.checked().witnessed) == ((), 0)
    log.cosign(WITNESS, 0)
    log.cosign(WITNESS, 1)
    log.cosign(STRANGER, 1)
    log.cosign(STRANGER, 2)
    found = log.checked()
    assert (found.problems, found.witnesses, found.witnessed) == ([], ("witness.example",), 6)
    both = log.checked(witnesses=(STRANGER.verifier, WITNESS.verifier))
    assert (both.witnesses, both.witnessed) == (("stranger.example",), 9)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: lines.__setitem__(0, lines[0].replace("A", "B", 1)), "is wrong"),
        (lambda lines: lines.__setitem__(0, lines[0] * 2), "more than one line is kept as one"),
        (lambda lines: lines.__setitem__(0, lines[0][:-1]), "does not end in a newline"),
        (lambda lines: lines.__setitem__(0, ""), "no signature lines"),
        (lambda lines: lines.__setitem__(0, forged()), "is by a key that is not witness.example's, under its name"),
    ],
)
def test_a_changed_cosignature_is_named(change: Callable[[list[str]], object], says: str) -> None:
    log = kept(3, 3)
    log.cosign(WITNESS)
    change(log.cosigned[6])
    said = log.said()
    assert any(each.startswith("cosignature of the checkpoint of size 6") and says in each for each in said), said


def forged() -> str:
    """A cosignature under the witness's name by another key."""
    log = kept(3, 3)
    log.cosign(Cosigner(WITNESS.verifier.name, bytes([9]) * 32))
    return log.cosigned[6][0]


def test_a_cosigned_checkpoint_that_is_gone_is_named() -> None:
    log = kept(3, 3)
    log.cosign(WITNESS)
    del log.notes[-1]
    del log.rows[3:]
    assert log.said() == [
        "cosignature of the checkpoint of size 6: that checkpoint is not there: a witness has seen more than this log "
        "shows"
    ]
