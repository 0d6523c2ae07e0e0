"""What each type of signature signs, and whether it holds. Plain bytes and text in, a time or nothing out.

Sources: C2SP signed-note, sections «Signature types» and «Ed25519 signatures» (type 0x01: the text itself); C2SP
tlog-cosignature, sections «Format», «Ed25519 signed message» (0x04) and «ML-DSA-44 signed message» (0x06): a
time in front of the signature, and a message made of that time and the checkpoint. The key id of all three is the
beginning of a hash over name, type and key.

We sign with Ed25519 only (0x01 as log, 0x04 as witness). ML-DSA-44 is checked, since logs and witnesses of other people
should move to it.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from agent.ledger.checkpoint import parse
from agent.ledger.fields import NoteError

ED25519 = 0x01
"""A plain signature over the text of a note."""
COSIGNATURE = 0x04
"""A timestamped Ed25519 signature over a checkpoint."""
ML_DSA_44 = 0x06
"""A timestamped ML-DSA-44 signature over a checkpoint."""

PUBLIC_BYTES = {ED25519: 32, COSIGNATURE: 32, ML_DSA_44: 1312}
"""Signature type → length of its public key."""
SIGNATURE_BYTES = {ED25519: 64, COSIGNATURE: 8 + 64, ML_DSA_44: 8 + 2420}
"""Signature type → length of what follows the key id in a signature line, time included."""

KEY_ID_BYTES = 4
MAX_SECONDS = 2**63 - 1


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """Work out the four bytes that name a key together with its name (signed-note, section «Signatures»)."""
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:KEY_ID_BYTES]


def cosignature_message(text: str, seconds: int) -> bytes:
    """What an Ed25519 cosigner signs: a header line, a time line, the text of the checkpoint."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def ml_dsa_message(name: str, text: str, seconds: int) -> bytes:
    """What an ML-DSA-44 cosigner signs for a whole checkpoint: the names, the time, 0, the size and the root.

    Raises:
        NoteError: The text is no checkpoint.
    """
    checkpoint = parse(text)
    return b"".join(
        (
            b"subtree/v1\n\x00",
            _short_string(name),
            seconds.to_bytes(8, "big"),
            _short_string(checkpoint.origin),
            bytes(8),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def holds(algorithm: int, public: bytes, name: str, text: str, blob: bytes) -> bool:
    """Whether `blob`, as it follows the key id in a signature line, is this key's signature over the note's text.

    Args:
        algorithm: `ED25519`, `COSIGNATURE` or `ML_DSA_44`.
        public: The public key.
        name: The key's name.
        text: Text of the note, final newline included.
        blob: The time where the type has one, and the signature.

    Raises:
        NoteError: `ML_DSA_44` only: the text is no checkpoint, or the cryptography library lacks the algorithm.
    """
    if len(blob) != SIGNATURE_BYTES[algorithm]:
        return False
    if algorithm != ED25519 and stated_seconds(blob) > MAX_SECONDS:
        return False
    try:
        if algorithm == ED25519:
            _ed25519(public).verify(blob, text.encode())
        elif algorithm == COSIGNATURE:
            message = cosignature_message(text, stated_seconds(blob))
            _ed25519(public).verify(blob[8:], message)
        else:
            message = ml_dsa_message(name, text, stated_seconds(blob))
            MLDSA44PublicKey.from_public_bytes(public).verify(blob[8:], message)
    except UnsupportedAlgorithm as error:
        raise NoteError("the cryptography library of this machine cannot check this type of signature") from error
    except (InvalidSignature, ValueError):  # ValueError: no public key, or a name too long to be signed
        return False
    return True


def stated_seconds(blob: bytes) -> int:
    """The time that a cosignature states, seconds since 1970; worth nothing until the signature `holds`."""
    return int.from_bytes(blob[:8], "big")


@lru_cache(maxsize=16)
def _ed25519(public: bytes) -> Ed25519PublicKey:
    """Read a public key once: a log has one, and as many signatures as checkpoints.

    Raises:
        ValueError: The bytes are no public key.
    """
    return Ed25519PublicKey.from_public_bytes(public)


def _short_string(text: str) -> bytes:
    value = text.encode()
    return bytes([len(value)]) + value
