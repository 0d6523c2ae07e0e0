"""The helper process: takes requests on standard input, answers facts on standard output, under hard limits.

Started by `helper.py` as `python -IS -c ... ROOT ENGINE`; ends when its standard input does. A frame is a 32-bit
little-endian length and that many bytes of JSON. The first request is `{"rules": ...}`, the YARA rules as an earlier
helper compiled them, or null; it is answered with the compiled rules before any foreign byte was seen. Then come
`{"language", "path"}` or `{"language", "code"}`, with `loopback`, the names that addresses of this machine stand for,
and `libraries`, those that may be named of compiled code, answered by `{"facts": ..., "identity": ...}`, and
`{"binary": path}`, answered by `{"binary": ..., "identity": ...}`; whatever goes wrong is `{"error": reason}`. A file
is opened once, and everything is read from what was opened.

Executables are looked at by YARA's rules, code by the reader of its language (`languages.py`), and by the rules where
that cannot read it (Python of another age). Foreign code is parsed here and never run. A request that takes more than a
second of processor time is given up; what a limit cannot stop softly, the kernel or the parent's watchdog ends. Memory
is limited twice on Linux: 256 MB of what can be written to (RLIMIT_DATA, which since Linux 4.7 counts every private
writable mapping), and an address space of half as much more, since the YARA engine reserves 120 MB of addresses for its
WebAssembly memory of which it touches 13 (measured); without that room a large script would be refused that was read
before.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from agent.detection.confined import TooSlow, clock, confine
from agent.detection.identify.parse import binary_code, python_code, zipapp
from agent.detection.identify.parse.binary_facts import BinaryFacts
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.parse.languages import READERS, Beside, Reader
from agent.detection.identify.parse.scan import Scanner

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_NOTEBOOK_BYTES = 16 * 1024 * 1024
"""A notebook is mostly what it printed, which is dropped as soon as it was read."""
MAX_JAR_BYTES = 32 * 1024 * 1024
"""A jar with its libraries inside; only its list of names and a class or two are unpacked."""
MAX_ARCHIVE_BYTES = 512 * 1024 * 1024
"""Of a zip application only the directory and a few small members are read."""
MAX_FRAME_BYTES = 4 * 1024 * 1024
MEMORY_BYTES = 256 * 1024 * 1024
ENGINE_BYTES = 128 * 1024 * 1024
"""Addresses that the YARA engine reserves and hardly touches."""
CPU_SECONDS = 120
"""For the whole life of one helper; the parent starts another when it is spent."""
REQUEST_CPU_SECONDS = 1.0

HEADER = struct.Struct("<I")
RULES_FOLDER = Path(__file__).resolve().parents[3] / "content" / "yara"
Identity = list[int]


class Unreadable(Exception):
    """The file is not a regular file that can be read, or is too large."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def main() -> None:
    """Answer requests until standard input ends."""
    confine(CPU_SECONDS, MEMORY_BYTES, address_bytes=MEMORY_BYTES + ENGINE_BYTES)
    serve(sys.stdin.buffer, sys.stdout.buffer, Scanner(sys.argv[2] if len(sys.argv) > 2 else "", RULES_FOLDER))


def serve(requests: BinaryIO, answers: BinaryIO, scanner: Scanner) -> None:
    """Answer one request after the other."""
    while True:
        header = requests.read(HEADER.size)
        if len(header) < HEADER.size:
            return
        (length,) = HEADER.unpack(header)
        if length > MAX_FRAME_BYTES:
            return
        body = requests.read(length)
        if len(body) < length:
            return
        reply = json.dumps(answer(body, scanner)).encode()
        answers.write(HEADER.pack(len(reply)) + reply)
        answers.flush()


def answer(body: bytes, scanner: Scanner) -> dict[str, object]:
    """Answer one request; whatever goes wrong becomes a reason, never an exception."""
    try:
        request = json.loads(body)
        if "rules" in request:
            return {"rules": base64.b64encode(scanner.load(base64.b64decode(request["rules"] or ""))).decode()}
        clock(REQUEST_CPU_SECONDS)
        if "binary" in request:
            return _binary(request["binary"], scanner)
        if "code" in request:
            source = request["code"].encode("utf-8", "replace")
            return {"facts": _facts(source, request, None, scanner).to_json()}
        source, identity = _program(request["path"], request["language"])
        return {"facts": _facts(source, request, request["path"], scanner).to_json(), "identity": identity}
    except Unreadable as error:
        return {"error": error.reason}
    except TooSlow:
        return {"error": "too_slow"}
    except (SyntaxError, ValueError):
        return {"error": "not_code"}
    except (RecursionError, MemoryError):
        return {"error": "too_complex"}
    except Exception:  # a reader's own mistake must cost one answer, not the helper
        return {"error": "failed"}
    finally:
        clock(0)


def read(source: bytes, language: str, path: str | None, libraries: frozenset[str] = frozenset()) -> CodeFacts:
    """Read one program.

    Args:
        source: Its text.
        language: A key of `languages.READERS`.
        path: Where it lies, to find its own modules beside it; None for code from a command line.
        libraries: Which may be named of compiled code, besides those of `vocabulary.py`.

    Raises:
        ValueError: The language is not one of these.
    """
    reader = READERS.get(language)
    if reader is None:
        raise ValueError("unknown language")
    beside: Beside = _nothing_beside
    if path is not None:
        # What makes a notebook large is what it printed, not its code.
        used = 0 if path.endswith(".ipynb") else len(source)
        beside = _beside(Path(path).parent, reader, used)
    if reader is READERS["python"]:
        return python_code.read(source, beside, libraries)
    return reader.read(source, beside)


def _facts(source: bytes, request: Mapping[str, Any], path: str | None, scanner: Scanner) -> CodeFacts:
    """Read a program; of one that cannot be read, say what the rules find in it, where they find anything."""
    try:
        named = _named(source, request["loopback"])
        return read(named, request["language"], path, frozenset(request["libraries"]))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        rules = tuple(scanner.scan(source))
        if not rules:
            raise
        return CodeFacts(yara=rules)


def _program(path: str, language: str) -> tuple[bytes, Identity]:
    """Return the text of a script, notebook or zip application, and the identity of the file that was opened.

    Raises:
        Unreadable: It is something else, too large, or not ours to read.
    """
    with _opened(path) as (handle, state):
        most = MAX_NOTEBOOK_BYTES if path.endswith(".ipynb") else MAX_FILE_BYTES
        if language == "java":
            most = MAX_JAR_BYTES
        if state.st_size > most and language == "python" and state.st_size <= MAX_ARCHIVE_BYTES:
            with open(handle, "rb", closefd=False) as file:
                head = file.read(4)
                file.seek(-66_000, os.SEEK_END)
                if zipapp.is_zip(head + file.read()):
                    return zipapp.smaller(file), _identity(state)
        return _all(handle, state, most), _identity(state)


def _binary(path: str, scanner: Scanner) -> dict[str, object]:
    with _opened(path) as (handle, state):
        if state.st_size > binary_code.MAX_TAIL_BYTES:
            raise Unreadable("too_large")
        facts: BinaryFacts = binary_code.read(handle, state.st_size, path, scanner.scan)
        return {"binary": facts.to_json(), "identity": _identity(state)}


def _named(source: bytes, loopback: dict[str, str]) -> bytes:
    """Put a platform's name where its configured address on this machine stands: the address is not one's own host."""
    for address, name in loopback.items():
        source = source.replace(address.encode(), name.encode())
    return source


def load(path: str, most: int) -> bytes:
    """Read a regular file of at most `most` bytes.

    Raises:
        Unreadable: It is something else, too large, or not ours to read.
    """
    with _opened(path) as (handle, state):
        return _all(handle, state, most)


@contextmanager
def _opened(path: str) -> Iterator[tuple[int, os.stat_result]]:
    """Open a regular file without waiting for it, and say what it was when it was opened.

    Raises:
        Unreadable: It is something else, or not ours to read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        raise Unreadable("unreadable") from None
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise Unreadable("unreadable")
        yield handle, state
    except OSError:
        raise Unreadable("unreadable") from None
    finally:
        os.close(handle)


def _all(handle: int, state: os.stat_result, most: int) -> bytes:
    if state.st_size > most:
        raise Unreadable("too_large")
    parts = []
    left = most
    while left > 0 and (part := os.read(handle, min(left, 1 << 16))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _identity(state: os.stat_result) -> Identity:
    return [state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns]


def _nothing_beside(name: str) -> None:
    """Give no module to code from a command line, whatever its name."""


def _beside(folder: Path, reader: Reader, used: int) -> Beside:
    """Return what gives the text of a program's own modules: only below its folder, within the same size limit."""
    left = MAX_FILE_BYTES - used
    base = os.path.realpath(folder)

    def beside(name: str) -> bytes | None:
        nonlocal left
        relative = name.replace(".", "/") if reader is READERS["python"] else name
        for ending in reader.beside:
            # Joined as text: an absolute name must come out as it is, and be refused by the next line.
            candidate = os.path.realpath(os.path.join(base, relative + ending))  # noqa: PTH118 - see above
            if not candidate.startswith(base + os.sep) or "node_modules" in candidate or "-packages" in candidate:
                continue
            try:
                text = load(candidate, left)
            except Unreadable:
                continue
            left -= len(text)
            return text
        return None

    return beside
