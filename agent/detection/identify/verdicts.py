"""Remembers what was answered for a command line, as long as the files behind it are the same.

Most starts repeat: a shell prompt's helpers, a build's compilers, an editor's language server. The answer for the same
executable, command line and working folder is given from memory. What is kept is a keyed hash of these, never
themselves; the key lives as long as the agent runs. An answer is good while the script it was made from is unchanged,
and for ten minutes at most, since a package may be installed meanwhile.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Callable

from agent.detection.identified import Identified
from agent.model.events import CommandLine

MAX_KEPT = 4096
MAX_CHARACTERS = 65_536
"""A longer command line is judged anew each time: hashing it costs more than it saves."""
GOOD_FOR_SECONDS = 600.0

Stamp = tuple[int, int, int, int] | None


class Verdicts:
    """Answers by command line. Not thread-safe."""

    def __init__(self, key: bytes, monotonic: Callable[[], float], max_kept: int = MAX_KEPT) -> None:
        """Begin with none.

        Args:
            key: Secret of at most 64 bytes; command lines cannot be guessed from what is kept without it.
            monotonic: Seconds that never go back.
            max_kept: How many are kept, the last used ones.
        """
        self._key = key
        self._monotonic = monotonic
        self._max = max_kept
        self._kept: OrderedDict[bytes, tuple[float, str, Stamp, Identified | None]] = OrderedDict()

    def name(self, command: CommandLine) -> bytes | None:
        """Return what a command line is known by here; None where it is too long to be."""
        parts = (command.exe, command.cwd, *command.argv)
        if sum(map(len, parts)) > MAX_CHARACTERS:
            return None
        return self._digest("\0".join(parts))

    def hash(self, text: str) -> str:
        """Return a keyed hash of a text, to tell texts apart without keeping them."""
        return self._digest(text).hex()

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=self._key).digest()

    def get(self, name: bytes) -> tuple[bool, Identified | None]:
        """Return whether there is an answer that still holds, and the answer."""
        held = self._kept.get(name)
        if held is None:
            return False, None
        until, path, stamp, answer = held
        if self._monotonic() >= until or (path and stamp_of(path) != stamp):
            del self._kept[name]
            return False, None
        self._kept.move_to_end(name)
        return True, answer

    def keep(self, name: bytes, path: str, stamp: Stamp, answer: Identified | None) -> None:
        """Keep an answer.

        Args:
            name: As from `name`.
            path: The script or executable it was made from, or empty. In memory only.
            stamp: That file's identity from before it was read.
            answer: The answer.
        """
        self._kept[name] = (self._monotonic() + GOOD_FOR_SECONDS, path, stamp, answer)
        while len(self._kept) > self._max:
            self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)


def stamp_of(path: str) -> Stamp:
    """Return a file's identity: device, inode, size, time of change; None where it cannot be had."""
    try:
        state = os.stat(path)  # noqa: PTH116 - one system call in a hot path
    except (OSError, ValueError):
        return None
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns
