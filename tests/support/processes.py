"""Processes that a test starts: each is ended again by its own pid, whatever the test did.

`started` runs a program in a process group of its own, keeps what it printed in a file, and on leaving asks it to end,
then kills the group. Nothing is ever ended by name.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil


def descendants(pid: int) -> list[psutil.Process]:
    """Return the processes below one, oldest first; empty when it is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_group(pid: int) -> None:
    """Kill a process we started as the leader of its own group, and what is left of the group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


async def end(process: asyncio.subprocess.Process, how: int = signal.SIGTERM, grace: float = 10.0) -> int:
    """Signal a process, wait, and kill its group when it does not go. Returns the exit status."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace)
    kill_group(process.pid)
    return await process.wait()


@asynccontextmanager
async def started(
    command: Sequence[str | Path], output: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program until the block ends.

    Args:
        command: Program and arguments.
        output: File that receives what it prints, both streams, appended.
        env: Its environment; ours when None.
        cwd: Its folder.
    """
    with output.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=asyncio.subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await end(process)
