"""Running one case: its program is started as a person starts it, watched with everything it starts, and ended.

A mark in the environment, under the name of an ordinary session variable, is inherited by whatever the case starts,
however it detaches; that is how its processes are found. `run_case` returns a record in the form of the development
corpus, with what the agent said in it. Only processes that carry the mark are ever signalled.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import secrets
import shlex
import shutil
import signal
import struct
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.corpus.case import Case, filled
from tests.corpus.certificates import SYSTEM_BUNDLE
from tests.corpus.environments import write_files
from tests.corpus.observer import Unreachable, about
from tests.corpus.places import Places, places, values
from tests.corpus.site import Site, Traffic
from tests.corpus.watched_agent import desk

MARK = "XDG_SESSION_ID"
LOOK_SECONDS = 0.15
TAIL_BYTES = 1200


class Seen:
    """The processes of one case, found by their mark; who was looked at once and is none of it is not read again."""

    def __init__(self, mark: str) -> None:
        """Look for a mark."""
        self._mark = f"{MARK}={mark}".encode()
        self._others: dict[int, str] = {}
        self.pids: dict[int, float] = {}

    def now(self) -> list[int]:
        """Return those that run now."""
        alive = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text("latin-1").rsplit(")", 1)[1].split()
                pid, state, born = int(entry.name), fields[0], fields[19]
                if state == "Z" or self._others.get(pid) == born:
                    continue
                if self._mark in (entry / "environ").read_bytes():
                    alive.append(pid)
                    self.pids.setdefault(pid, time.time())
                elif fields[1] != str(os.getpid()):
                    self._others[pid] = born
        return alive

    async def end(self) -> None:
        """Ask them to end, then kill what is left."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            for _ in range(8):
                if not (alive := self.now()):
                    return
                for pid in alive:
                    with contextlib.suppress(OSError):
                        os.kill(pid, how)
                await asyncio.sleep(0.1)


def environment(case: Case, where: Places, known: dict[str, str], mark: str, isolated: bool) -> dict[str, str]:
    """Return the variables a case is started with: those of an ordinary login, and its own."""
    node = Path(shutil.which("node") or "/usr/bin/node").parent
    path = f"{where.home}/.local/bin:{node}:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/usr/games"
    env = {
        "HOME": str(where.home),
        "USER": "user",
        "LOGNAME": "user",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TMPDIR": str(where.temporary),
        "PATH": path,
        "PYTHONUNBUFFERED": "1",
        MARK: mark,
    }
    if isolated:
        trusted = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
        env |= dict.fromkeys(trusted, str(SYSTEM_BUNDLE))
    return env | {name: filled(value, known) for name, value in case.environ.items()}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around every case of one run.

    Attributes:
        cache: Where the cases were prepared.
        site: The site they talk to.
        addresses: Placeholders that lead to the site.
        isolated: Whether names and certificates of the isolation are in force.
    """

    cache: Path
    site: Site
    addresses: Mapping[str, str]
    isolated: bool


async def run_case(case: Case, around: Surroundings, agent: Path) -> dict[str, Any]:
    """Run one case and ask the agent about it.

    Args:
        case: What to run.
        around: Where; the site's counts are emptied first.
        agent: The watched agent's folder.

    Returns:
        The record; `status` is `ran`, or `failed` with the reason.
    """
    where = places(around.cache, case)
    known = {**values(where, desk(agent)), **around.addresses}
    shutil.rmtree(where.temporary, ignore_errors=True)
    where.temporary.mkdir(parents=True)
    write_files(case, where, known)
    line = case.cmd if isinstance(case.cmd, list) else shlex.split(case.cmd)
    command = [filled(part, known) for part in line]
    mark = secrets.token_hex(4)
    seen = Seen(mark)
    around.site.traffic = Traffic()
    record: dict[str, Any] = {
        "id": case.id,
        "set": case.kind,
        "label": case.expect,
        "family": case.family,
        "split": case.split,
        "allow_inventory": case.allow_inventory,
        "start": time.time(),
    }
    output = where.state / "output"
    try:
        with output.open("wb") as out:
            env = environment(case, where, known, mark, around.isolated)
            await _live(case, _Start(command, where.folder, env, out.fileno(), filled(case.stdin, known)), seen)
    except OSError as problem:
        return {**record, "status": "failed", "error": str(problem), "end": time.time()}
    ended = time.time()
    tail = output.read_bytes()[-TAIL_BYTES:].decode("utf-8", "replace")
    lived = ended - min(seen.pids.values(), default=ended)
    record |= {"end": ended, "life_s": round(lived, 2), "pids": sorted(seen.pids), "tail": tail, "status": "ran"}
    record |= around.site.traffic.as_record()
    try:
        said = await asyncio.to_thread(about, agent, record["start"], set(seen.pids))
    except Unreachable as problem:
        return {**record, "status": "failed", "error": f"the agent does not answer: {problem}"}
    return {**record, "findings": said}


@dataclass(frozen=True, slots=True)
class _Start:
    command: list[str]
    folder: Path
    env: dict[str, str]
    out: int
    text: str


async def _live(case: Case, start: _Start, seen: Seen) -> None:
    """Start the program, wait until it and all it started are gone or its time is up, and end what is left."""
    master, out = None, start.out
    if case.tty:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        # setsid makes the session and takes the terminal; asked to by a session's leader it would fork and end.
        process = await asyncio.create_subprocess_exec(
            "setsid",
            "-c",
            *start.command,
            cwd=start.folder,
            env=start.env,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        asyncio.get_running_loop().add_reader(master, _drain, master, out)
    else:
        source = asyncio.subprocess.PIPE if start.text else asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *start.command,
            cwd=start.folder,
            env=start.env,
            stdin=source,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        if process.stdin is not None:
            process.stdin.write(start.text.encode())
            process.stdin.close()
    try:
        until = time.time() + case.seconds
        while time.time() < until:
            alive = await asyncio.to_thread(seen.now)
            if not alive and process.returncode is not None:
                break
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await seen.end()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 3)
        if master is not None:
            asyncio.get_running_loop().remove_reader(master)
            os.close(master)


def _drain(master: int, out: int) -> None:
    with contextlib.suppress(OSError):
        os.write(out, os.read(master, 65_536))
