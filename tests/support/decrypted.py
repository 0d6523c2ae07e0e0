"""Decrypted pages of a database file and its write-ahead log, by a reader of our own: what lies on the disk, all of it.

SQL shows only what SQLite still counts as content. This reads the files themselves: every page of the file, on the free
list or not, and every frame of the log, valid or left over. Each page's Poly1305 tag is checked, so a page that comes
out was read as it was written.

Source: the page format of SQLite3 Multiple Ciphers for ChaCha20-Poly1305, which the tag proves right: 4,064 encrypted
bytes, 16 random bytes, 16 bytes of tag; the random bytes give the nonce and, with the page's number, the block counter;
the first block gives the keys of the page. Bytes 16 to 23 of page 1 stay in the open.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.poly1305 import Poly1305

PAGE = 4096
_RESERVED = 32
_OPEN = 24
_LOG_HEADER = 32
_FRAME_HEADER = 24


def pages(database: Path, key: bytes) -> Iterator[bytes]:
    """Yield every page of the file, then every frame of its write-ahead log, decrypted.

    Raises:
        cryptography.exceptions.InvalidSignature: A page is not as it was written, or the key is another one.
    """
    whole = database.read_bytes()
    for start in range(0, len(whole), PAGE):
        yield _opened(whole[start : start + PAGE], start // PAGE + 1, key)
    log = database.with_name(database.name + "-wal")
    if log.exists():
        for number, page in frames(log.read_bytes()):
            yield _opened(page, number, key)


def frames(log: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield page number and encrypted page of every whole frame of a write-ahead log."""
    for start in range(_LOG_HEADER, len(log) - _FRAME_HEADER - PAGE + 1, _FRAME_HEADER + PAGE):
        (number,) = struct.unpack_from(">I", log, start)
        body = start + _FRAME_HEADER
        yield number, log[body : body + PAGE]


def commits(log: bytes) -> list[int]:
    """Return where each committed transaction of a write-ahead log ends, in bytes from its beginning."""
    return [
        start + _FRAME_HEADER + PAGE
        for start in range(_LOG_HEADER, len(log) - _FRAME_HEADER - PAGE + 1, _FRAME_HEADER + PAGE)
        if struct.unpack_from(">I", log, start + 4)[0]
    ]


def holds(database: Path, key: bytes, needle: bytes) -> int:
    """Return in how many pages and frames a run of bytes stands; one that lies over a page's end is not found."""
    return sum(needle in page for page in pages(database, key))


def _opened(page: bytes, number: int, key: bytes) -> bytes:
    end = PAGE - _RESERVED
    random, tag = page[end : end + 16], page[end + 16 :]
    counter = int.from_bytes(random[12:], "little") ^ number
    keys = _chacha20(key, counter, random[:12], bytes(64))
    Poly1305.verify_tag(keys[:32], page[: end + 16], tag)
    start = _OPEN if number == 1 else 0
    return page[:start] + _chacha20(keys[32:], counter + 1, random[:12], page[start:end])


def _chacha20(key: bytes, counter: int, nonce: bytes, data: bytes) -> bytes:
    start = (counter & 0xFFFF_FFFF).to_bytes(4, "little") + nonce
    return Cipher(algorithms.ChaCha20(key, start), None).encryptor().update(data)
