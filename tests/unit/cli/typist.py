"""A person at a real terminal: `gleanwatch` runs in a pty, a test waits for what it says and types what it chooses."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

# The pty becomes the program's controlling terminal, as a person's is: Ctrl-C must reach it.
_PROGRAM = "import os; os.open(os.ttyname(0), os.O_RDWR); from agent.cli.main import main; main()"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PATIENCE_SECONDS = 60.0


@dataclass
class Typist:
    """One run of the command line at a terminal.

    Attributes:
        terminal: Our end of the pty.
        process: The program.
        said: Everything it said so far, without colours.
    """

    terminal: int
    process: subprocess.Popen[bytes]
    said: str = ""
    _read_up_to: int = 0

    def expect(self, text: str) -> None:
        """Wait until the program says something that it had not said before the last thing that was expected."""
        assert self._comes(text, PATIENCE_SECONDS), f"«{text}» did not come:\n{self.said[-3000:]}"

    def interrupt(self, text: str) -> None:
        """Press Ctrl-C until the program says something.

        A program that is just about to wait for its line can miss the first one (Python looks for signals before it
        reads and not between); a person presses it again.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        self.press(b"\x03")
        while not self._comes(text, 2.0):
            assert time.monotonic() < end, f"«{text}» did not come:\n{self.said[-3000:]}"
            self.press(b"\x03")

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self.terminal, line.encode() + b"\n")

    def press(self, keys: bytes) -> None:
        """Press keys without Enter."""
        os.write(self.terminal, keys)

    def end(self) -> int:
        """Wait for the program's end and return its exit code."""
        while self._read(PATIENCE_SECONDS):
            pass
        return self.process.wait(PATIENCE_SECONDS)

    def _comes(self, text: str, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while (found := self.said.find(text, self._read_up_to)) < 0:
            if not self._read(max(0.0, end - time.monotonic())):
                return False
        self._read_up_to = found + len(text)
        return True

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self.terminal, 65_536)
        except OSError:  # how Linux says that nobody holds the other end any more
            return False
        self.said = _ESCAPES.sub("", self.said + data.decode("utf-8", "replace").replace("\r", ""))
        return bool(data)


@contextmanager
def at_terminal(env: Mapping[str, str], *arguments: str, columns: int = 100) -> Iterator[Typist]:
    """Run `gleanwatch` at a terminal of its own until the block ends."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    values = {k: v for k, v in env.items() if k not in ("COLUMNS", "LINES")} | {"TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        env=values,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Typist(ours, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)
