"""The process that reads rule files with pySigma, under limits, and ends: started by `apart.py`.

It takes one JSON document on standard input, `[[path, name], ...]`, and answers one line of JSON for each file in turn,
a `Parsed`. The parent knows by the number of lines which file was being read, should this process be ended by a limit:
memory, processor time in all, and processor time for one file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import FrameType

import msgspec

from agent.detection.sigma.files import read_rule
from agent.detection.sigma.form import Parsed, Refusal
from agent.detection.sigma.parse import parse_text

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 300
"""For all files; 3,700 of them take three."""
FILE_CPU_SECONDS = 5.0


class TooSlow(Exception):
    """One file's processor time is spent."""


def main() -> None:
    """Read what standard input asks for."""
    _limit()
    for path, name in json.load(sys.stdin):
        sys.stdout.buffer.write(msgspec.json.encode(_read(Path(path), name)) + b"\n")
        sys.stdout.buffer.flush()


def _read(path: Path, name: str) -> Parsed:
    text = read_rule(path, name)
    if isinstance(text, Refusal):
        return Parsed(refusals=(text,))
    try:
        _clock(FILE_CPU_SECONDS)
        return parse_text(text, name)
    except (TooSlow, MemoryError):
        return Parsed(refusals=(Refusal(name, None, "", 1, "reading it takes too long or too much memory"),))
    finally:
        _clock(0)


def _limit() -> None:
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


def _clock(seconds: float) -> None:
    if sys.platform != "win32":
        import signal

        signal.setitimer(signal.ITIMER_PROF, seconds)
