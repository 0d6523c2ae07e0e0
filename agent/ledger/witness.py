"""A witness: cosigns a log's checkpoint only when it has grown from the last one it cosigned. Both ends of the talk.

Source: C2SP tlog-witness, sections «add-checkpoint» and «Monitor Retrieval Mechanism». No network in here: whoever
serves HTTP hands bodies to `Witness` and sends its `Answer`; whoever asks sends `request` and hands what came back to
`read_answer`.

    log:      request(old size, path, signed checkpoint) ─► body ─► Witness.add_checkpoint ─► Answer
    witness:  checks, remembers through WitnessStates, and only then answers
    log:      read_answer ─► Cosigned (lines to add to the note), Conflict (the size that the witness has) or Refused
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from agent.ledger import checkpoint as checkpoints
from agent.ledger import cosignature, note
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.cosignature import Cosigner
from agent.ledger.fields import NoteError, base64_text, decimal
from agent.ledger.merkle import EMPTY_ROOT, ProofError, check_consistency
from agent.ledger.note import Note, VerifierKey
from agent.ledger.proof import check_path, read_path
from agent.ledger.signatures import stated_seconds

SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"
MAX_REQUEST = 256 * 1024
"""Bytes of a request that is still read: 16 post-quantum signatures fit in well."""
MAX_ANSWER = 256 * 1024
"""Bytes of an answer that is still read."""

_MEANINGS = {
    400: "it could not read the request",
    403: "it does not accept the signature of this log's key",
    404: "it does not know this log: give its operator the log's verifier key",
    422: "it has seen another history of this log: the log was forked or rolled back",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest checkpoint of one log that a witness has cosigned.

    Attributes:
        size: Entries in the log.
        root: Merkle root over them, 32 bytes.
        checkpoint: The note with the log's signature and the witness's own.
    """

    size: int
    root: bytes
    checkpoint: bytes


class WitnessStates(Protocol):
    """What a witness remembers: one `Seen` per log. It must survive a crash, or rolling back would go unseen."""

    def latest(self, origin: str) -> Seen | None:
        """Return the newest checkpoint of this log that was cosigned, None when there is none."""
        ...

    def advance(self, origin: str, old_size: int | None, seen: Seen) -> bool:
        """Remember `seen` if the newest is still of `old_size` (None: still none), in one step, durably.

        Returns:
            Whether it is remembered; False when another request was faster.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back over HTTP."""

    status: int
    content_type: str
    body: bytes


class Witness:
    """Watches over the logs it is configured with."""

    def __init__(
        self,
        cosigner: Cosigner,
        known: Mapping[str, VerifierKey],
        states: WitnessStates,
        now: Callable[[], int],
    ) -> None:
        """Take what it works with.

        Args:
            cosigner: Its key.
            known: Origin of a log → the key that the log signs with.
            states: Where it remembers.
            now: The clock, whole seconds since 1970.
        """
        self._cosigner = cosigner
        self._known = known
        self._states = states
        self._now = now

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer a POST to `add-checkpoint`. Nothing is answered with 200 that is not remembered.

        Raises:
            Whatever `states` raises when it cannot remember: answer 500 then, nothing was cosigned.
        """
        try:
            old_size, path, read, checkpoint = _read_request(body)
        except NoteError as error:
            return _refusal(400, str(error))
        key = self._known.get(checkpoint.origin)
        if key is None:
            return _refusal(404, "this witness does not know the log")
        try:
            has_signed = note.verified(read, [key])
        except NoteError as error:
            return _refusal(403, str(error))
        if not has_signed:
            return _refusal(403, "the checkpoint is not signed by the log's key")
        if old_size > checkpoint.size:
            return _refusal(400, f"the old size {old_size} is larger than the checkpoint's {checkpoint.size}")
        latest = self._states.latest(checkpoint.origin)
        if old_size != _size_of(latest):
            return _conflict(latest)
        try:
            _check_growth(latest, checkpoint, path)
        except ProofError as error:
            return _refusal(422, str(error))
        line = self._cosigner.cosign(read, self._now())
        seen = Seen(checkpoint.size, checkpoint.root, self._kept(read, key, line))
        if not self._states.advance(checkpoint.origin, None if latest is None else latest.size, seen):
            return _conflict(self._states.latest(checkpoint.origin))
        return Answer(200, TEXT_TYPE, line.encode())

    def checkpoint(self, origin_hash: str) -> Answer:
        """Answer a GET of `<origin hash>/checkpoint`: the newest cosigned checkpoint of a log, for other observers.

        Args:
            origin_hash: SHA-256 of the origin, lower-case hex.
        """
        for origin in self._known:
            if sha256(origin.encode()).hexdigest() == origin_hash:
                latest = self._states.latest(origin)
                if latest is not None:
                    return Answer(200, TEXT_TYPE, latest.checkpoint)
        return _refusal(404, "no checkpoint of this log has been cosigned here")

    @staticmethod
    def _kept(read: Note, key: VerifierKey, line: str) -> bytes:
        """The note with a signature that was verified and the witness's own, and no others."""
        by_log = next(each for each in read.signatures if (each.name, each.key_id) == (key.name, key.key_id))
        return note.signed(read.text, note.signature_line(by_log), line)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness has cosigned.

    Attributes:
        lines: Signature lines by witnesses we know, to be added to the note; each with its newline.
        seconds: The latest time they state, seconds since 1970.
        unknown: Lines by keys that we do not know: dropped.
    """

    lines: tuple[str, ...]
    seconds: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """The witness's newest checkpoint is of another size: ask again from there, if the log has reached it.

    A size beyond the log's own means that this log was rolled back.
    """

    size: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The witness does not cosign.

    Attributes:
        status: HTTP status.
        meaning: What that says, for people.
    """

    status: int
    meaning: str


def request(old_size: int, path: Sequence[bytes], signed: bytes) -> bytes:
    """Write the body of a request.

    Args:
        old_size: Size that the witness is believed to have; 0 for none, or to ask for it.
        path: Consistency path from there to the checkpoint's size; empty from 0.
        signed: The checkpoint, signed by the log.

    Raises:
        NoteError: A path that the format cannot hold, or a negative size.
    """
    if old_size < 0:
        raise NoteError("the old size must not be negative")
    check_path(path)
    return "\n".join((f"old {old_size}", *map(base64_text, path), "", "")).encode() + signed


def read_answer(
    status: int, content_type: str, body: bytes, submitted: Note, keys: Sequence[VerifierKey]
) -> Cosigned | Conflict | Refused:
    """Read what a witness answered, and believe none of it that is not signed by a key in `keys`.

    Args:
        status: HTTP status.
        content_type: The header; decides whether a 409 states a size.
        body: What came back.
        submitted: The checkpoint that was sent.
        keys: Keys of the witness, as configured.

    Raises:
        NoteError: The answer is malformed, wrongly signed, states no time, or is not by any of the keys.
    """
    for each in keys:
        cosignature.require_witness_key(each)
    if len(body) > MAX_ANSWER:
        raise NoteError(f"the witness's answer has {len(body)} bytes; more than {MAX_ANSWER} are not read")
    if status == 409:
        return _read_conflict(content_type, body)
    if status != 200:
        return Refused(status, _MEANINGS.get(status, "it could not answer now: try again later"))
    try:
        lines = note.signature_lines(body.decode())
    except UnicodeDecodeError as error:
        raise NoteError(f"the witness's answer is not UTF-8: byte {error.start} is wrong") from error
    try:
        signers = note.verified(Note(submitted.text, lines), keys)
    except NoteError as error:
        raise NoteError("the witness's cosignature is not over the checkpoint that was sent") from error
    ids = {(each.name, each.key_id) for each in signers}
    ours = [each for each in lines if (each.name, each.key_id) in ids]
    if not ours:
        raise NoteError("the answer holds no cosignature by the witness's configured key")
    if not all(stated_seconds(each.blob) for each in ours):
        raise NoteError("the witness's cosignature states no time")
    return Cosigned(
        lines=tuple(map(note.signature_line, ours)),
        seconds=max(stated_seconds(each.blob) for each in ours),
        unknown=len(lines) - len(ours),
    )


def _read_request(body: bytes) -> tuple[int, tuple[bytes, ...], Note, Checkpoint]:
    if len(body) > MAX_REQUEST:
        raise NoteError(f"the request has {len(body)} bytes; more than {MAX_REQUEST} are not read")
    head, blank, signed = body.partition(b"\n\n")
    if not blank:
        raise NoteError("the request has no blank line between its path and its checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise NoteError(f"the request is not ASCII before its checkpoint: byte {error.start} is wrong") from error
    if not lines[0].startswith("old "):
        raise NoteError("line 1 of the request must state the old size")
    old_size = decimal("line 1 of the request, the old size,", lines[0].removeprefix("old "))
    path = read_path(lines[1:], 2)
    read = note.parse(signed)
    return old_size, path, read, checkpoints.parse(read.text)


def _check_growth(latest: Seen | None, checkpoint: Checkpoint, path: Sequence[bytes]) -> None:
    """Accept only a checkpoint that the newest cosigned one has grown into.

    Raises:
        ProofError: It has not.
    """
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise ProofError("the root of an empty log must be the SHA-256 of nothing")
    if latest is None or latest.size == 0:
        if path:
            raise ProofError("every log has grown out of an empty one: the path from size 0 must be empty")
        return
    check_consistency(latest.size, checkpoint.size, path, latest.root, checkpoint.root)


def _size_of(latest: Seen | None) -> int:
    return 0 if latest is None else latest.size


def _read_conflict(content_type: str, body: bytes) -> Conflict:
    if content_type.partition(";")[0].strip().lower() != SIZE_TYPE:
        raise NoteError("the witness answered 409 without the size it has")
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise NoteError("the size in the witness's answer is not a number") from error
    if not text.endswith("\n"):
        raise NoteError("the size in the witness's answer does not end in a newline")
    return Conflict(decimal("the size in the witness's answer", text[:-1]))


def _conflict(latest: Seen | None) -> Answer:
    return Answer(409, SIZE_TYPE, f"{_size_of(latest)}\n".encode())


def _refusal(status: int, reason: str) -> Answer:
    return Answer(status, TEXT_TYPE, f"{reason}\n".encode())
