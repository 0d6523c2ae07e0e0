"""The .crx that a Chromium browser installs from an organisation's own server: a zip behind a signed header.

    archive + RSA key → "Cr24" · 3 · header length · header (public key, signature, id) · archive

The id of the extension is the first 128 bits of the SHA-256 of the public key, written with the letters a to p: whoever
signs with a key of his own gets an id of his own, and says so to the relay (`gleanwatch browser install
--extension-id`). The signature (RSASSA-PKCS1-v1_5, SHA-256) covers the id and the whole archive and is the same every
time. Format: Chromium's `components/crx_file/crx3.proto`; protobuf's wire form is written by hand, it is four fields.
"""

from __future__ import annotations

import hashlib
import struct

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from agent.packaging.contents import PackagingError

_MAGIC = b"Cr24"
_VERSION = 3
_SIGNED = b"CRX3 SignedData\x00"
_RSA_PROOF, _SIGNED_DATA = 2, 10000  # CrxFileHeader
_PUBLIC_KEY, _SIGNATURE = 1, 2  # AsymmetricKeyProof
_CRX_ID = 1  # SignedData
_LEAST_BITS = 2048


def read_key(pem: bytes) -> rsa.RSAPrivateKey:
    """Read the key that signs.

    Args:
        pem: An RSA private key of at least 2048 bits, PEM, without a password.

    Raises:
        PackagingError: It is none.
    """
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError):
        raise PackagingError(
            "The key cannot be read: it must be an RSA private key in PEM form, without a password. "
            "`openssl genrsa -out key.pem 2048` makes one."
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < _LEAST_BITS:
        raise PackagingError(f"The key must be RSA with at least {_LEAST_BITS} bits, since Chromium takes no other.")
    return key


def public_key(key: rsa.RSAPrivateKey) -> bytes:
    """Return a key's public half as DER (SubjectPublicKeyInfo), which a manifest's `key` holds in base64."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


def extension_id(public: bytes) -> str:
    """Return the id that Chromium gives to a public key (DER): 32 letters from a to p."""
    return "".join(chr(ord("a") + int(digit, 16)) for digit in hashlib.sha256(public).hexdigest()[:32])


def sign(archive: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """Return the .crx of an archive."""
    public = public_key(key)
    signed = _field(_CRX_ID, hashlib.sha256(public).digest()[:16])
    signature = key.sign(_covered(signed, archive), padding.PKCS1v15(), hashes.SHA256())
    proof = _field(_PUBLIC_KEY, public) + _field(_SIGNATURE, signature)
    header = _field(_RSA_PROOF, proof) + _field(_SIGNED_DATA, signed)
    return _MAGIC + struct.pack("<II", _VERSION, len(header)) + header + archive


def verify(crx: bytes) -> tuple[str, bytes]:
    """Return id and archive of a .crx whose signature holds.

    Raises:
        PackagingError: It is no .crx, or was changed after it was signed.
    """
    try:
        version, length = struct.unpack_from("<II", crx, 4)
        header, archive = crx[12 : 12 + length], crx[12 + length :]
        if crx[:4] != _MAGIC or version != _VERSION or len(header) != length:
            raise ValueError
        fields = _fields(header)
        proof, signed = _fields(fields[_RSA_PROOF]), fields[_SIGNED_DATA]
        public = proof[_PUBLIC_KEY]
        key = serialization.load_der_public_key(public)
        if not isinstance(key, rsa.RSAPublicKey) or _fields(signed)[_CRX_ID] != hashlib.sha256(public).digest()[:16]:
            raise ValueError
        key.verify(proof[_SIGNATURE], _covered(signed, archive), padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, KeyError, IndexError, struct.error, InvalidSignature, UnsupportedAlgorithm):
        raise PackagingError("This is no .crx whose signature holds: build it again.") from None
    return extension_id(public), archive


def _covered(signed: bytes, archive: bytes) -> bytes:
    return _SIGNED + struct.pack("<I", len(signed)) + signed + archive


def _number(value: int) -> bytes:
    """Write one number in base 128, the lowest seven bits first (protobuf's varint)."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def _field(number: int, content: bytes) -> bytes:
    return _number(number << 3 | 2) + _number(len(content)) + content


def _fields(message: bytes) -> dict[int, bytes]:
    """Read a message that has only fields of bytes, each at most once."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(message):
        tag, at = _read_number(message, at)
        length, at = _read_number(message, at)
        if tag & 7 != 2 or at + length > len(message) or tag >> 3 in found:
            raise ValueError
        found[tag >> 3] = message[at : at + length]
        at += length
    return found


def _read_number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError
