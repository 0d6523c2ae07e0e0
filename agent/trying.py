"""`gleanwatch try`: the harmless collection, run as a program of its own so that it is seen like any other."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path


class Trying:
    """The one harmless collection that may run at a time."""

    def __init__(self) -> None:
        """Run nothing yet."""
        self._process: asyncio.subprocess.Process | None = None

    def pids(self) -> Sequence[int]:
        """Return the process of the collection while it runs: a child of the agent, and none of its work."""
        return () if self._process is None or self._process.returncode is not None else (self._process.pid,)

    async def start(self) -> None:
        """Begin a collection; one that still runs ends first.

        Raises:
            OSError: The program cannot be started.
        """
        running = self._process
        if running is not None and running.returncode is None:
            # Whoever asks again waits for a flag of this one, not of one that was seen already.
            self.end()
            await running.wait()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "import gleanwatch_try; gleanwatch_try.collect()",
            cwd=Path(__file__).parent / "demo",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    def end(self) -> None:
        """Ask the collection to end, if one runs."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
