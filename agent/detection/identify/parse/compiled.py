"""Reads the names and texts in compiled Python (`.pyc`) without unmarshalling it: nothing is built, nothing is run.

A `.pyc` is sixteen bytes of header (PEP 552) and marshalled code. Names and short texts stand in it as a type letter, a
length and plain bytes; a scan for exactly that finds them whatever version of Python wrote the file, and can be fooled
only into finding a name too many.
"""

from __future__ import annotations

import re

MAX_NAMES = 5000
_SHORT = re.compile(rb"[zZ\xfa\xda](.)", re.DOTALL)
_LONG = re.compile(rb"[aAuts\xe1\xc1\xf5\xf4\xf3](.{4})", re.DOTALL)


def is_compiled(source: bytes) -> bool:
    """Return whether bytes begin like compiled Python: a magic number that ends in `\\r\\n` (PEP 3147) and is known."""
    return len(source) > 20 and source[2:4] == b"\r\n" and 3000 <= int.from_bytes(source[:2], "little") <= 5000


def names_of(source: bytes) -> set[str]:
    """Return the names and short texts of compiled code, at most 5,000."""
    found: set[str] = set()
    for pattern, size in ((_SHORT, 1), (_LONG, 4)):
        for match in pattern.finditer(source, 16):
            length = int.from_bytes(match[1], "little")
            if not 1 < length < 500 or len(found) >= MAX_NAMES:
                continue
            text = source[match.start() + 1 + size : match.start() + 1 + size + length]
            if len(text) == length and text.isascii() and text.decode("ascii").isprintable():
                found.add(text.decode("ascii"))
    return found
