"""Verification of one whole log: every entry, every kept node, every checkpoint, and the signatures that matter.

```
entries in order → leaf hashes → tree ── compared on the way with the kept nodes
                                  └───── at each checkpoint's size: compared with the root that was signed
last checkpoint (or every one) → signature; cosignatures → which witnesses hold
```
What is wrong comes back as `Problem`s that name the place; nothing is mended and nothing raises: a log that cannot be
read is a log with a problem. One thing no check on one machine can see: that a whole tail is missing, or that another
log was shown to somebody else. That is what witnesses are for (C2SP tlog-witness).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Final

from agent.ledger import checkpoint as checkpoints
from agent.ledger import cosignature, note
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.fields import base64_text
from agent.ledger.note import NoteError, VerifierKey

AT_ONCE: Final = 8192
"""Entries between two words about the progress."""
MOST_PROBLEMS: Final = 50
"""Problems of one kind that are named one by one; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was signed: where, and what that means."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One log as it lies somewhere.

    Attributes:
        key: The public key that it is held against.
        entries: Every entry in order, each with the hashes of the subtrees that it completed (as `Storage.add_nodes`).
        checkpoints: Returns size and signed note of every checkpoint, in the order in which they were kept.
        cosignatures: Size of a checkpoint → its cosignature lines.
        first: What the entry of index 0 is called in problems.
    """

    key: VerifierKey
    entries: Iterable[tuple[bytes, bytes | None]]
    checkpoints: Callable[[], Iterable[tuple[int, bytes]]]
    cosignatures: Mapping[int, Sequence[str]] = field(default_factory=dict)
    first: int = 0


@dataclass(slots=True)
class LogReport:
    """What verification of one log found.

    Attributes:
        entries: How many entries were hashed.
        checkpoints: How many checkpoints were compared with the tree.
        signatures: How many log signatures were verified.
        witnesses: Names of witnesses whose cosignature of the newest cosigned checkpoint holds.
        witnessed: Size of the newest checkpoint that a known witness cosigned; 0 for none.
        last: The last checkpoint, where it could be read.
        problems: What is wrong, in the order in which it was met.
    """

    entries: int = 0
    checkpoints: int = 0
    signatures: int = 0
    witnesses: tuple[str, ...] = ()
    witnessed: int = 0
    last: Checkpoint | None = None
    problems: list[Problem] = field(default_factory=list)


def verify_log(
    log: LogRecord,
    *,
    every_checkpoint: bool = False,
    witnesses: Sequence[VerifierKey] = (),
    progress: Callable[[int], None] = lambda _done: None,
) -> LogReport:
    """Verify one log.

    Args:
        log: The log.
        every_checkpoint: Verify the signature of every checkpoint, not only of the last.
        witnesses: Keys of witnesses whose cosignatures count.
        progress: Called with how many entries are done, every few thousand.
    """
    return _Run(log, every_checkpoint, witnesses, progress).report()


class _Run:
    """One pass over a log."""

    def __init__(
        self, log: LogRecord, every: bool, witnesses: Sequence[VerifierKey], progress: Callable[[int], None]
    ) -> None:
        self._log = log
        self._every = every
        self._witnesses = witnesses
        self._progress = progress
        self._keys = (log.key,)
        self._entries = iter(log.entries)
        self._size = 0
        self._edge: list[bytes] = []
        """Hashes of the perfect subtrees at the tree's right edge, largest first."""
        self._roots_differ = False
        self._found = LogReport()

    def report(self) -> LogReport:
        found, log = self._found, self._log
        waiting: tuple[int, bytes] | None = None
        for size, signed in log.checkpoints():
            if waiting is not None:
                self._hold(*waiting, signature=self._every)
            if size <= self._size:
                self._say(f"checkpoint of size {size}", "comes out of order: sizes only grow")
                waiting = None
                continue
            self._grow(size)
            waiting = (size, signed)
            found.checkpoints += 1
        if waiting is None:
            if found.checkpoints == 0 and next(self._entries, None) is not None:
                self._say("the last checkpoint", "there is none, though there are entries: nothing says who wrote them")
        else:
            self._hold(*waiting, signature=True)
            rest = sum(1 for _ in self._entries)
            if rest:
                self._say(
                    self._name(self._size),
                    f"{rest} {'entry is' if rest == 1 else 'entries are'} covered by no signed checkpoint",
                )
        self._cosigned()
        found.entries = self._size
        return found

    def _grow(self, size: int) -> None:
        """Take in entries until the tree has this size, comparing every node that becomes complete.

        As `merkle.Frontier.append`, written out: this loop is what verifying costs.
        """
        edge, at = self._edge, self._size
        for body, kept in islice(self._entries, size - at):
            node = sha256(b"\x00" + body).digest()
            if at & 1:
                made = [node]
                carry = at
                while carry & 1:
                    node = sha256(b"\x01" + edge.pop() + node).digest()
                    made.append(node)
                    carry >>= 1
                edge.append(node)
                if b"".join(made) != kept:
                    self._name_nodes(at, made, kept)
            else:
                edge.append(node)
                if node != kept:
                    self._name_nodes(at, [node], kept)
            at += 1
            if at % AT_ONCE == 0:
                self._progress(at)
        self._size = at
        if at < size:
            self._say(f"checkpoint of size {size}", f"only {at} entries are there: the others were deleted")
        self._progress(at)

    def _name_nodes(self, at: int, made: Sequence[bytes], kept: bytes | None) -> None:
        if kept is None or kept[:32] != made[0]:
            self._say(self._name(at), "its bytes are not what was hashed when it was written")
        else:
            self._say(self._name(at), "a node of the tree that is kept with it is not what the entries up to it give")

    def _hold(self, size: int, signed: bytes, *, signature: bool) -> None:
        """Hold one checkpoint against the tree at its size, and its signature against the key.

        What this log must have signed is written out first, since almost every checkpoint is exactly that: only one
        that differs is taken apart.
        """
        where = f"checkpoint of size {size}"
        root = self._root() if self._size == size else b""
        expected = f"{self._log.key.name}\n{size}\n{base64_text(root)}\n" if root else ""
        if expected and not signature and signed.startswith(f"{expected}\n".encode()):
            return
        try:
            read = note.parse(signed)
            if signature:
                if not note.verified(read, self._keys):
                    self._say(where, "is not signed by this log's key")
                    return
                if len(read.signatures) > 1:
                    self._say(where, "carries signatures that the log did not write")
                self._found.signatures += 1
            if read.text == expected:
                self._found.last = Checkpoint(self._log.key.name, size, root)
            else:
                self._differs(where, size, root, checkpoints.parse(read.text))
        except NoteError as problem:
            self._say(where, str(problem))

    def _root(self) -> bytes:
        """Root of the tree as it stands, as `merkle.Frontier.root`; there is at least one entry."""
        root = self._edge[-1]
        for left in self._edge[-2::-1]:
            root = sha256(b"\x01" + left + root).digest()
        return root

    def _differs(self, where: str, size: int, root: bytes, read: Checkpoint) -> None:
        """Say in what a checkpoint is not the one that this log must have signed at this size."""
        self._found.last = read
        if read.origin != self._log.key.name:
            self._say(where, f"is of another log: {read.origin}")
        elif read.size != size:
            self._say(where, f"says {read.size} entries: it was put in another's place")
        elif read.root == root:
            self._say(where, "is not written in the three lines that this log writes")
        elif root and not self._roots_differ:
            self._roots_differ = True
            self._say(
                where,
                f"the root that was signed is not that of these entries: one up to {self._name(size - 1)}"
                " was changed, moved or removed",
            )

    def _cosigned(self) -> None:
        """Find the newest checkpoint that known witnesses cosigned, and say of every cosignature that fails."""
        if not self._log.cosignatures:
            return
        notes = {size: signed for size, signed in self._log.checkpoints() if size in self._log.cosignatures}
        for size in sorted(self._log.cosignatures, reverse=True):
            where = f"cosignature of the checkpoint of size {size}"
            if size not in notes:
                self._say(where, "that checkpoint is not there: a witness has seen more than this log shows")
                continue
            try:
                names = self._held_by(where, notes[size], self._log.cosignatures[size])
            except NoteError as problem:
                self._say(where, str(problem))
                continue
            if names and size > self._found.witnessed:
                self._found.witnessed, self._found.witnesses = size, tuple(names)

    def _held_by(self, where: str, signed: bytes, lines: Sequence[str]) -> list[str]:
        """Return the known witnesses whose cosignatures of one checkpoint hold; unknown ones are passed over.

        Raises:
            NoteError: A line is none, or a known witness's cosignature is wrong.
        """
        for line in lines:
            by = note.signature_lines(line)
            ids = {key.key_id for key in self._witnesses if key.name == by[0].name}
            if len(by) > 1:
                self._say(where, "more than one line is kept as one")
            elif ids and by[0].key_id not in ids:
                self._say(where, f"is by a key that is not {by[0].name}'s, under its name")
        read = note.parse(signed + "".join(lines).encode())
        names = []
        for key in self._witnesses:
            if any((s.name, s.key_id) == (key.name, key.key_id) for s in read.signatures):
                cosignature.check(read, key)
                names.append(key.name)
        return names

    def _name(self, index: int) -> str:
        return f"entry {self._log.first + index}"

    def _say(self, where: str, what: str) -> None:
        problems = self._found.problems
        if len(problems) < MOST_PROBLEMS:
            problems.append(Problem(where, what))
        elif len(problems) == MOST_PROBLEMS:
            problems.append(Problem("more", f"only the first {MOST_PROBLEMS} problems of this log are named"))
