"""The helper process: takes requests on standard input, answers facts on standard output, under hard limits.

Started by `helper.py` as `python -IS -c ... ROOT`; ends when its standard input does. A frame is a 32-bit little-endian
length and that many bytes of JSON. A request is `{"language", "path"}` or `{"language", "code"}`, with `loopback`, the
names that addresses of this machine stand for; an answer is `{"facts": ...}` or `{"error": reason}`. Foreign code is
parsed here and never run. A request that takes more than a second of processor time is given up; what a limit cannot
stop softly, the kernel or the parent's watchdog ends.
"""

from __future__ import annotations

import json
import os
import stat
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from agent.detection.identify.parse import javascript_code, python_code, shell_code
from agent.detection.identify.parse.facts import CodeFacts

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_FRAME_BYTES = 4 * 1024 * 1024
MEMORY_BYTES = 256 * 1024 * 1024
CPU_SECONDS = 120
"""For the whole life of one helper; the parent starts another when it is spent."""
REQUEST_CPU_SECONDS = 1.0

HEADER = struct.Struct("<I")
_SCRIPT_ENDINGS = {"python": (".py", "/__init__.py"), "javascript": ("", ".js", ".mjs", ".cjs", ".ts", "/index.js")}


class TooSlow(Exception):
    """The request's processor time is spent."""


class Unreadable(Exception):
    """The file is not a regular file that can be read, or is too large."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def main() -> None:
    """Answer requests until standard input ends."""
    limit()
    serve(sys.stdin.buffer, sys.stdout.buffer)


def limit() -> None:
    """Put this process under its limits, where the system has such limits (not on Windows)."""
    if sys.platform == "win32":
        return
    import resource
    import signal

    def lower(which: int, value: int) -> None:
        _, hard = resource.getrlimit(which)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (ceiling, ceiling))

    def spent(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_FSIZE, 0)
    lower(resource.RLIMIT_CPU, CPU_SECONDS)
    if sys.platform != "darwin":
        lower(resource.RLIMIT_AS, MEMORY_BYTES)
    signal.signal(signal.SIGPROF, spent)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
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
        reply = json.dumps(answer(body)).encode()
        answers.write(HEADER.pack(len(reply)) + reply)
        answers.flush()


def answer(body: bytes) -> dict[str, object]:
    """Answer one request; whatever goes wrong becomes a reason, never an exception."""
    try:
        request = json.loads(body)
        language = request["language"]
        _clock(REQUEST_CPU_SECONDS)
        if "code" in request:
            source, path = request["code"].encode("utf-8", "replace"), None
        else:
            source, path = load(request["path"], MAX_FILE_BYTES), request["path"]
        facts = read(_named(source, request["loopback"]), language, path)
        return {"facts": facts.to_json()}
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
        _clock(0)


def read(source: bytes, language: str, path: str | None) -> CodeFacts:
    """Read one program.

    Args:
        source: Its text.
        language: `python`, `javascript` or `shell`.
        path: Where it lies, to find its own modules beside it; None for code from a command line.

    Raises:
        ValueError: The language is not one of these.
    """
    beside = _beside(Path(path).parent, language, len(source)) if path else lambda name: None
    if language == "python":
        return python_code.read(source, beside)
    if language == "javascript":
        return javascript_code.read(source, beside)
    if language == "shell":
        return shell_code.read(source)
    raise ValueError("unknown language")


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
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        raise Unreadable("unreadable") from None
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise Unreadable("unreadable")
        if state.st_size > most:
            raise Unreadable("too_large")
        parts = []
        left = most
        while left > 0 and (part := os.read(handle, min(left, 1 << 16))):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)
    except OSError:
        raise Unreadable("unreadable") from None
    finally:
        os.close(handle)


def _beside(folder: Path, language: str, used: int) -> Callable[[str], bytes | None]:
    """Return what gives the text of a program's own modules: only below its folder, within the same size limit."""
    left = MAX_FILE_BYTES - used
    base = os.path.realpath(folder)

    def beside(name: str) -> bytes | None:
        nonlocal left
        relative = name.replace(".", "/") if language == "python" else name
        for ending in _SCRIPT_ENDINGS[language]:
            candidate = os.path.realpath(os.path.join(base, relative + ending))  # noqa: PTH118
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


def _clock(seconds: float) -> None:
    if sys.platform != "win32":
        import signal

        signal.setitimer(signal.ITIMER_PROF, seconds)
