"""A receipt as a QR code, so that it can leave the laptop at once, into any telephone, without any network.

```
receipt (JSON) ─ without the notice text ─► canonical JSON ─► zlib ─► base45 ─► «GW1:…» ─► QR code, inline SVG
```
The notice text is left out: its SHA-256 stands in the receipt, and the text itself in the export's `notices/`. Base45
keeps to the characters that QR codes hold most densely (11 bits for two), as EU health certificates do. Back again:
`from_qr`, or by hand: take off `GW1:`, read every three characters as one number to base 45 (first is lowest, two bytes
each; two characters at the end are one byte), inflate with zlib; what comes out is the receipt, to be checked with
`verify_receipt.py` (docs/consent-records.md).

A code holds at most 4,296 characters (version 40, level L). A proof grows by one hash each time the log doubles, so the
length of the person's own words and the number of witnesses decide, not the size of the log.

Specifications: RFC 9285 (base45), RFC 1950 (zlib), RFC 8785 for what occurs here, ISO/IEC 18004.
"""

from __future__ import annotations

import io
import json
import zlib
from typing import Final

import segno

PREFIX: Final = "GW1:"
MOST_CHARACTERS: Final = 4_296
"""What a code of version 40 and level L holds in these characters."""

MOST_BYTES: Final = 65_536
"""Longest receipt that is unpacked: a short text could otherwise inflate to anything."""

_DAMAGED: Final = "this text is damaged or cut off: scan the code again"
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}


class QrError(ValueError):
    """A receipt that no code can hold, or a text that is none of ours; the text says what to do."""


def without_notice(receipt: bytes) -> bytes:
    """Return a receipt as canonical JSON, without the notice text: what a code carries, byte for byte.

    Raises:
        QrError: It is not a JSON object.
    """
    try:
        found = json.loads(receipt)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise QrError("this is not a receipt: a receipt is one JSON object, as gleanwatch ledger receipt writes it")
    found.pop("notice", None)
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def to_text(receipt: bytes) -> str:
    """Return the text that goes into the code.

    Args:
        receipt: The receipt as JSON, with or without the notice text.

    Raises:
        QrError: It is not a receipt.
    """
    return PREFIX + _to_base45(zlib.compress(without_notice(receipt), 9))


def from_qr(text: str) -> bytes:
    """Return the receipt that a code's text holds: canonical JSON without the notice text.

    Args:
        text: What a scanner read; blanks around it do no harm.

    Raises:
        QrError: The text is not a receipt, was cut off, or holds more than a receipt can.
    """
    stripped = text.strip()
    if not stripped.startswith(PREFIX):
        raise QrError(f"this text is not a receipt from a QR code: it must begin with {PREFIX}")
    reader = zlib.decompressobj()
    try:
        # No text of ours begins or ends with a blank, though base45 has one: prefix and highest digit rule it out.
        receipt = reader.decompress(_from_base45(stripped[len(PREFIX) :]), MOST_BYTES)
    except zlib.error:
        raise QrError(_DAMAGED) from None
    if reader.unconsumed_tail:
        raise QrError(f"this text unpacks to more than {MOST_BYTES} bytes, which no receipt does")
    if not reader.eof or reader.unused_data:
        raise QrError(_DAMAGED)
    return receipt


def qr_svg(receipt: bytes, title: str = "Receipt as a QR code") -> str:
    """Draw a receipt as a QR code.

    Args:
        receipt: The receipt as JSON, with or without the notice text.
        title: What the picture is called for those who do not see it.

    Returns:
        One inline `<svg class="qr">` without size, style or script: the page's style sheet sets its width. Black on its
        own white field with the quiet zone in it, so that it can be scanned from a dark page, too. Level M (15 % may be
        damaged) where it fits, else L (7 %).

    Raises:
        QrError: No code can hold it, or it is not a receipt.
    """
    code = _code(to_text(receipt))
    drawn = io.BytesIO()
    code.save(
        drawn,
        kind="svg",
        border=4,
        dark="#000",
        light="#fff",
        xmldecl=False,
        svgns=False,
        omitsize=True,
        nl=False,
        svgclass="qr",
        lineclass="",
        title=title,
    )
    return drawn.getvalue().decode().replace("<svg ", '<svg role="img" shape-rendering="crispEdges" ', 1)


def _code(text: str) -> segno.QRCode:
    for level in ("m", "l"):
        try:
            return segno.make_qr(text, error=level, mode="alphanumeric", boost_error=False)
        except segno.DataOverflowError:
            continue
    raise QrError(
        f"this receipt is too long for a QR code ({len(text)} characters; {MOST_CHARACTERS} fit): long words of one's "
        "own or many witnesses make it so. Take it as a file instead: gleanwatch ledger receipt"
    )


def _to_base45(data: bytes) -> str:
    parts: list[str] = []
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(3 if len(pair) == 2 else 2):
            value, rest = divmod(value, 45)
            parts.append(_ALPHABET[rest])
    return "".join(parts)


def _from_base45(text: str) -> bytes:
    data = bytearray()
    for start in range(0, len(text), 3):
        group = text[start : start + 3]
        value = 0
        for character in reversed(group):
            if character not in _VALUES:
                raise QrError(f"this text has the character {character!r}, which no code of ours holds: scan it again")
            value = value * 45 + _VALUES[character]
        size = 2 if len(group) == 3 else 1
        if len(group) == 1 or value >= 1 << (8 * size):
            raise QrError(_DAMAGED)
        data += value.to_bytes(size, "big")
    return bytes(data)
