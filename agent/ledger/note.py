"""Signed notes: text, a blank line, and one line per signature.

Source: C2SP signed-note, sections «Format», «Signatures», «Ed25519 signatures» and «Verifier keys».

    text → Signer.sign → line; text and lines → signed → bytes on disk or wire
    bytes from anywhere → parse → Note → verified(note, keys we trust) → which of them signed

`parse` promises shape only. Nothing a note says may be used before `verified` has named a key that signed it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.ledger.fields import NoteError, base64_bytes, base64_text, is_clean, is_key_name
from agent.ledger.signatures import ED25519, KEY_ID_BYTES, PUBLIC_BYTES, holds, key_id

__all__ = [
    "MAX_NOTE",
    "MAX_SIGNATURES",
    "Note",
    "NoteError",
    "Signature",
    "Signer",
    "VerifierKey",
    "parse",
    "signature_line",
    "signature_lines",
    "signed",
    "verified",
]

MAX_NOTE = 1 << 20
"""Bytes of a note that is still read."""
MAX_SIGNATURES = 100
"""Signature lines of a note that is still read; the format asks for 16 at least."""
MAX_KEY = 4096
"""Characters of a verifier key that is still read: an ML-DSA-44 key has about 1,800."""

_KEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")
_DASH = "— "


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key that signs notes, as configured or as it stands in a receipt.

    Attributes:
        name: The signer's name, such as a URL without scheme.
        key_id: Four bytes that tell keys of the same name apart.
        algorithm: Signature type: 0x01, 0x04 or 0x06 (`signatures`).
        public: The public key as its type encodes it.
    """

    name: str
    key_id: bytes
    algorithm: int
    public: bytes

    @classmethod
    def of(cls, name: str, algorithm: int, public: bytes) -> VerifierKey:
        """Make a key and work out its id.

        Raises:
            NoteError: A name that signed-note does not allow, an unknown type, a key of the wrong length.
        """
        if not is_key_name(name):
            raise NoteError("the name of a key must not be empty nor contain spaces, plus signs or control characters")
        if algorithm not in PUBLIC_BYTES:
            known = ", ".join(f"0x{each:02x}" for each in PUBLIC_BYTES)
            raise NoteError(f"the key is of signature type 0x{algorithm:02x}; supported are {known}")
        if len(public) != PUBLIC_BYTES[algorithm]:
            raise NoteError(f"the public key has {len(public)} bytes, its type needs {PUBLIC_BYTES[algorithm]}")
        return cls(name, key_id(name, algorithm, public), algorithm, public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read `name+id+key` («vkey»).

        Raises:
            NoteError: Not three parts, not base64, an unknown type, or an id that is not this key's.
        """
        found = _KEY.fullmatch(text) if len(text) <= MAX_KEY else None
        if found is None:
            raise NoteError("a verifier key is written name+8 hex digits+base64")
        name, stated, material = found.groups()
        value = base64_bytes("the last part of the verifier key", material)
        key = cls.of(name, value[0], value[1:])
        if key.key_id.hex() != stated:
            raise NoteError("the id in the verifier key is not the id of that name and key: one of them was mistyped")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64_text(bytes([self.algorithm]) + self.public)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line, read but not yet verified.

    Attributes:
        name: Name of the key that is said to have signed.
        key_id: Its four bytes.
        blob: The signature, for cosignatures with their time in front.
    """

    name: str
    key_id: bytes
    blob: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note, read but not yet verified.

    Attributes:
        text: What is signed; ends in a newline.
        signatures: In the order of their lines, at least one.
    """

    text: str
    signatures: tuple[Signature, ...]

    def line_of(self, place: int) -> int:
        """Number of the line, from 1, on which signature `place`, from 0, stands."""
        return self.text.count("\n") + 2 + place


class Signer:
    """Signs notes with an Ed25519 key, type 0x01.

    Attributes:
        verifier: The key that others check with.
    """

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        """Make the key from its 32 secret bytes.

        Raises:
            NoteError: A name that signed-note does not allow.
            ValueError: The seed is not 32 bytes.
        """
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey.of(name, ED25519, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Sign a note's text, final newline included; one signature line."""
        blob = self._key.sign(text.encode())
        return signature_line(Signature(self.verifier.name, self.verifier.key_id, blob))


def signature_line(signature: Signature) -> str:
    """Write one signature line, newline included."""
    return f"{_DASH}{signature.name} {base64_text(signature.key_id + signature.blob)}\n"


def signed(text: str, *lines: str) -> bytes:
    """Put text and signature lines together.

    Raises:
        NoteError: A text that no note can have, no line at all, or a line that is none.
    """
    _check_text(text)
    signature_lines("".join(lines), text.count("\n") + 2)
    return "".join((text, "\n", *lines)).encode()


def parse(data: bytes) -> Note:
    """Read a note.

    Raises:
        NoteError: Too large, not UTF-8, no signatures, or a mangled signature line, which is named by its number.
    """
    if len(data) > MAX_NOTE:
        raise NoteError(f"the note has {len(data)} bytes; more than {MAX_NOTE} are not read")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise NoteError(f"the note is not UTF-8: byte {error.start} is wrong") from error
    end = whole.rfind("\n\n")
    if end < 0:
        raise NoteError("the note has no blank line between its text and its signatures")
    text = whole[: end + 1]
    _check_text(text)
    return Note(text, signature_lines(whole[end + 2 :], text.count("\n") + 2))


def signature_lines(block: str, first: int = 1) -> tuple[Signature, ...]:
    """Read signature lines, one after the other.

    Args:
        block: The lines, each ending in a newline.
        first: Number of the first line, for messages.

    Raises:
        NoteError: No line, too many, or a mangled one, which is named by its number.
    """
    lines = block.split("\n")
    if lines.pop() != "":
        raise NoteError(f"line {first + len(lines)}: the last signature line does not end in a newline")
    if not lines:
        raise NoteError("the note has no signature lines")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"the note has {len(lines)} signature lines; more than {MAX_SIGNATURES} are not read")
    return tuple(_signature(line, number) for number, line in enumerate(lines, first))


def verified(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Say which of the keys signed this note; signatures by other keys are passed over.

    Returns:
        The keys that signed, each once, in the order of the signature lines; empty when none of them did, and then
        nothing the note says may be used.

    Raises:
        NoteError: A signature that claims to be by one of the keys is wrong, or two of the keys share name and id.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise NoteError(f"two different keys share the name {key.name} and the id {key.key_id.hex()}")
    signers: dict[VerifierKey, None] = {}
    for place, signature in enumerate(note.signatures):
        by = known.get((signature.name, signature.key_id))
        if by is None:
            continue
        if not holds(by.algorithm, by.public, by.name, note.text, signature.blob):
            raise NoteError(
                f"line {note.line_of(place)}: the signature by {by.name} ({by.key_id.hex()}) is wrong: "
                "the text or the signature has been changed"
            )
        signers[by] = None
    return tuple(signers)


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteError("the text of a note must end in a newline")
    if not is_clean(text):
        raise NoteError("the text of a note must be UTF-8 without control characters")


def _signature(line: str, number: int) -> Signature:
    if not line.startswith(_DASH):
        raise NoteError(f"line {number}: a signature line begins with an em dash and a space; this one does not")
    name, space, coded = line[len(_DASH) :].partition(" ")
    if not space or not is_key_name(name):
        raise NoteError(f"line {number}: a signature line has a key name, a space and base64; this one does not")
    value = base64_bytes(f"line {number}: the signature", coded)
    if len(value) <= KEY_ID_BYTES:
        raise NoteError(f"line {number}: the signature has {len(value)} bytes; key id and signature need more than 4")
    return Signature(name, value[:KEY_ID_BYTES], value[KEY_ID_BYTES:])
