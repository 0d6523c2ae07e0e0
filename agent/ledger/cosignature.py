"""Cosignatures: a witness states that at this time this checkpoint was the newest it knew, grown from the ones before.

Source: C2SP tlog-cosignature, sections «Format», «Ed25519 signed message» and «ML-DSA-44 signed message».

    a checkpoint's Note → Cosigner.cosign → one more signature line for it
    a note with such lines → check(note, the witness's key) → the time it states

We cosign with Ed25519 (type 0x04); checking knows ML-DSA-44 (0x06) too.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.ledger import checkpoint
from agent.ledger.note import Note, NoteError, Signature, VerifierKey, signature_line, verified
from agent.ledger.signatures import COSIGNATURE, MAX_SECONDS, ML_DSA_44, cosignature_message, stated_seconds


class Cosigner:
    """Signs checkpoints of other people's logs with an Ed25519 key, type 0x04.

    The message does not name the cosigner, so each cosigner needs a key of its own.

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
        self.verifier = VerifierKey.of(name, COSIGNATURE, self._key.public_key().public_bytes_raw())

    def cosign(self, note: Note, at_seconds: int) -> str:
        """Sign a checkpoint; whether it deserves that is for the caller to have checked (`witness.Witness`).

        Args:
            note: The checkpoint.
            at_seconds: Now, whole seconds since 1970; not 0, which would say that no time is stated.

        Returns:
            One signature line, newline included.

        Raises:
            NoteError: The note's text is no checkpoint, or the time is out of range.
        """
        checkpoint.parse(note.text)
        if not 0 < at_seconds <= MAX_SECONDS:
            raise NoteError("the time of a cosignature must be a positive number of seconds since 1970")
        blob = at_seconds.to_bytes(8, "big") + self._key.sign(cosignature_message(note.text, at_seconds))
        return signature_line(Signature(self.verifier.name, self.verifier.key_id, blob))


def check(note: Note, key: VerifierKey) -> int:
    """Accept only a checkpoint that this witness has cosigned.

    Returns:
        The time it states, seconds since 1970; the latest where it signed several times, and 0 where it states none
        (ML-DSA-44 only).

    Raises:
        NoteError: Not a witness's key, no cosignature by it, or one that is wrong.
    """
    require_witness_key(key)
    checkpoint.parse(note.text)
    if not verified(note, [key]):
        raise NoteError(f"there is no cosignature by {key.name} ({key.key_id.hex()})")
    return max(
        stated_seconds(each.blob) for each in note.signatures if (each.name, each.key_id) == (key.name, key.key_id)
    )


def require_witness_key(key: VerifierKey) -> None:
    """Refuse a key that is not of a type that cosigns.

    Raises:
        NoteError: It is not.
    """
    if key.algorithm not in (COSIGNATURE, ML_DSA_44):
        raise NoteError(
            f"{key.name} is of signature type 0x{key.algorithm:02x}: that is the key of a log, not a witness"
        )
