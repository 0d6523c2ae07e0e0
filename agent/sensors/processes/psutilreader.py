"""Reads one process through psutil, for macOS and Windows, and only where it is the person's own.

psutil asks the system separately for each attribute, so the owner is asked first and nothing else of a process that
belongs to somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TypeVar

import psutil

from agent.model.events import CommandLine, ProcessKey
from agent.sensors.processes.reader import MAX_ARGUMENTS, MAX_COMMAND_BYTES, Absence, Held, Identity, Reading

_T = TypeVar("_T")


def owned_by_uid(uid: int) -> Callable[[psutil.Process], bool]:
    """Return a check by effective uid, for systems that have one."""
    # typeshed knows `uids` on POSIX only; the same code is checked for Windows too.
    return lambda process: bool(getattr(process, "uids")().effective == uid)  # noqa: B009 - as above


def owned_by_name(username: str) -> Callable[[psutil.Process], bool]:
    """Return a check by account name, for Windows."""
    return lambda process: process.username() == username


class PsutilReader:
    """Reads the processes for which `owned` says yes."""

    def __init__(self, owned: Callable[[psutil.Process], bool]) -> None:
        self._owned = owned

    def pids(self) -> Sequence[int]:
        """Every process number on the machine, anybody's."""
        return psutil.pids()

    def newest(self) -> int | None:
        """Not told by these systems."""
        return None

    def identity(self, pid: int) -> Identity | Absence:
        """Tell who a process is, without its command line."""
        process = self._open(pid)
        return process if isinstance(process, Absence) else _identity(process)

    def read(self, pid: int) -> Reading | Absence:
        """Read a process in full, command line first."""
        process = self._open(pid)
        if isinstance(process, Absence):
            return process
        argv = _bounded(_attribute(process.cmdline, []))
        identity = _identity(process)
        if isinstance(identity, Absence):
            return identity
        return Reading(
            identity, CommandLine(argv=argv, exe=_attribute(process.exe, ""), cwd=_attribute(process.cwd, ""))
        )

    def hold(self, pid: int) -> Held:
        """Read a process in full."""
        reading = self.read(pid)
        return lambda: reading

    def _open(self, pid: int) -> psutil.Process | Absence:
        try:
            process = psutil.Process(pid)
            return process if self._owned(process) else Absence.NOT_OURS
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            return Absence.GONE
        except (psutil.AccessDenied, OSError):
            return Absence.NOT_OURS


def _identity(process: psutil.Process) -> Identity | Absence:
    try:
        with process.oneshot():
            if process.status() == psutil.STATUS_ZOMBIE:
                return Absence.GONE
            name = process.name()
            # There is no sign of an exec to be had here; a changed name is the best there is.
            program = hash(name) & 0x7FFFFFFF
            return Identity(
                ProcessKey(process.pid, int(process.create_time() * 1000)),
                process.ppid(),
                PurePath(name).name,
                program,
            )
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return Absence.GONE
    except (psutil.AccessDenied, OSError):
        return Absence.NOT_OURS


def _attribute(ask: Callable[[], _T], otherwise: _T) -> _T:
    """Ask for one attribute; what the system does not tell is `otherwise`."""
    try:
        return ask()
    except (psutil.Error, OSError):
        return otherwise


def _bounded(argv: Sequence[str]) -> tuple[str, ...]:
    """Keep at most `MAX_ARGUMENTS` arguments and `MAX_COMMAND_BYTES` characters of them."""
    kept: list[str] = []
    room = MAX_COMMAND_BYTES
    for argument in argv[:MAX_ARGUMENTS]:
        if room <= 0:
            break
        kept.append(argument[:room])
        room -= len(argument) + 1
    return tuple(kept)
