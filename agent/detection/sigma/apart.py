"""Rule files → `RuleSet` in a process that is gone afterwards: how the daemon and the command line read rules.

pySigma and what it makes of rules need tens of megabytes that nobody needs once the rules are compiled, and rule files
may be anybody's. So a short-lived process reads them (`parse_child.py`) under limits and sends each file's rules back
as it goes. Should a file end it, that file is refused and another process goes on with the rest. Only joining the files
(`link.py`) happens here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from agent.detection.sigma.files import named, rule_files
from agent.detection.sigma.form import Parsed, Refusal, RuleSet
from agent.detection.sigma.link import link

WATCHDOG_SECONDS: Final = 30.0
"""Wall time for one file; the process gives up much earlier by itself where it can."""
MAX_ANSWER: Final = 64 << 20
"""Bytes of one file's rules."""
MAX_STARTS: Final = 8
"""So many processes are tried; when the last one is ended too, what is left is refused."""
_BOOT: Final = "import sys;sys.path[:0]=sys.argv[1:];from agent.detection.sigma.parse_child import main;main()"


async def parse_apart(
    places: Sequence[Path],
    *,
    watchdog_seconds: float = WATCHDOG_SECONDS,
    progress: Callable[[int, int], None] | None = None,
) -> RuleSet:
    """Read every rule file of some places.

    Args:
        places: Folders, or single files. A rule gives way to one of the same id in an earlier place.
        watchdog_seconds: How long one file may take.
        progress: Called with how many files are read, and how many there are.

    Returns:
        The rules, and in `refusals` whatever could not be used.

    Raises:
        TooMany: A folder holds more files than can be meant.
        OSError: A place cannot be read, or no process can be started.
    """
    waiting = [(path, named(path, place)) for place in places for path in rule_files(place)]
    total = len(waiting)
    parsed: list[Parsed] = []

    def tell() -> None:
        if progress is not None:
            progress(len(parsed), total)

    for _ in range(MAX_STARTS):
        if not waiting:
            break
        before = len(parsed)
        await _read(waiting, parsed, watchdog_seconds, tell)
        waiting = waiting[len(parsed) - before :]
        if waiting:
            parsed.append(_given_up(waiting.pop(0)[1], "reading it takes too long or too much memory"))
            tell()
    parsed += [_given_up(name, "it was not read: other files ended the reading too often") for _, name in waiting]
    return link(parsed)


async def _read(
    files: Sequence[tuple[Path, str]], parsed: list[Parsed], watchdog_seconds: float, tell: Callable[[], None]
) -> None:
    """Let one process read files, and append what each gave until all are read or the process ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-IS",
        "-c",
        _BOOT,
        *_search_path(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},
        limit=MAX_ANSWER,
    )
    if process.stdin is None or process.stdout is None:
        raise OSError("the reading process has no pipes")
    try:
        asked = json.dumps([[str(path), name] for path, name in files])
        with contextlib.suppress(ConnectionError):
            process.stdin.write(asked.encode())
            await process.stdin.drain()
            process.stdin.close()
        for _ in files:
            line = await asyncio.wait_for(process.stdout.readline(), watchdog_seconds)
            if not line.endswith(b"\n"):
                return
            parsed.append(msgspec.json.decode(line, type=Parsed))
            tell()
    except (TimeoutError, ValueError, ConnectionError):
        return
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _search_path() -> list[str]:
    """Return where Python finds modules, for a process that is started without any place of its own."""
    return [str(Path(each).absolute()) for each in sys.path if each]


def _given_up(name: str, reason: str) -> Parsed:
    return Parsed(refusals=(Refusal(name, None, "", 1, reason),))
