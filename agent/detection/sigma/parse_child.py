"""The process that reads rule files with pySigma, under limits, and ends: started by `apart.py`.

It takes one JSON document on standard input, `[[path, name], ...]`, and answers one line of JSON for each file in turn,
a `Parsed`. The parent knows by the number of lines which file was being read, should this process be ended by a limit:
memory, processor time in all, and processor time for one file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec

from agent.detection.confined import TooSlow, clock, confine
from agent.detection.sigma.files import read_rule
from agent.detection.sigma.form import Parsed, Refusal
from agent.detection.sigma.parse import parse_text

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 300
"""For all files; 3,700 of them take three."""
FILE_CPU_SECONDS = 5.0


def main() -> None:
    """Read what standard input asks for."""
    confine(CPU_SECONDS, MEMORY_BYTES)
    for path, name in json.load(sys.stdin):
        sys.stdout.buffer.write(msgspec.json.encode(_read(Path(path), name)) + b"\n")
        sys.stdout.buffer.flush()


def _read(path: Path, name: str) -> Parsed:
    text = read_rule(path, name)
    if isinstance(text, Refusal):
        return Parsed(refusals=(text,))
    try:
        clock(FILE_CPU_SECONDS)
        return parse_text(text, name)
    except (TooSlow, MemoryError):
        return Parsed(refusals=(Refusal(name, None, "", 1, "reading it takes too long or too much memory"),))
    finally:
        clock(0)
