"""Starts the demonstration's programs and ends every one of them again, by the pid it was given.

`started` runs a program in a process group of its own, so that Ctrl-C at the terminal reaches the demonstration alone,
which then ends what it began in order. `apart` is the environment they get: nothing of the person's own folders,
sessions or proxies is in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

GRACE_SECONDS: Final = 8.0
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TZ")


def apart(environment: Mapping[str, str], folder: Path, **more: str) -> dict[str, str]:
    """Return an environment whose every private place lies in a folder.

    Args:
        environment: The person's own; only search path, language and time zone are taken from it.
        folder: The throw-away folder.
        more: Further variables.
    """
    kept = {name: environment[name] for name in _KEPT if name in environment}
    private = {
        "HOME": folder,
        "TMPDIR": folder,
        "XDG_CACHE_HOME": folder / "cache",
        "XDG_CONFIG_HOME": folder / "config",
        "XDG_DATA_HOME": folder / "share",
        "XDG_RUNTIME_DIR": folder,
        "XDG_STATE_HOME": folder / "state",
    }
    return {**kept, **{name: str(place) for name, place in private.items()}, "PYTHONUNBUFFERED": "1", **more}


@asynccontextmanager
async def started(
    command: Sequence[str | Path], output: Path, env: Mapping[str, str], cwd: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a program until the block ends, however it ends.

    Args:
        command: Program and arguments.
        output: Receives what it prints.
        env: Its environment.
        cwd: Its folder.

    Raises:
        OSError: It cannot be started.
    """
    with output.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask a program to end, wait, then kill what is left of its group, also when the wait is broken off."""
    try:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), GRACE_SECONDS)
    finally:
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
