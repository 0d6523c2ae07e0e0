"""Reads one process from Linux's /proc, in the order that loses least, and only where it is the person's own.

The folder /proc/PID is opened once and everything is read through it, so that a number that the kernel gives to another
process in between leads nowhere instead of to somebody else. First the owner (a process of another uid is left at
that), then the command line, which a short-lived process takes with it first, then stat, exe and cwd. Formats:
proc_pid_stat(5), proc_pid_cmdline(5).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.model.events import CommandLine, ProcessKey
from agent.sensors.processes.reader import MAX_ARGUMENTS, MAX_COMMAND_BYTES, Absence, Held, Identity, Reading

_PF_EXITING = 0x4
_PF_KTHREAD = 0x200000
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
_COMM_LIMIT = 15
"""The kernel cuts a program's name to this many bytes."""


@dataclass(frozen=True, slots=True)
class ProcStat:
    """The fields of /proc/PID/stat that matter here.

    Attributes:
        comm: The program's name, cut to 15 bytes by the kernel, any bytes at all.
        state: One letter.
        parent: The parent's pid.
        flags: The kernel's PF_ bits.
        threads: Number of threads.
        start_ticks: Start, in clock ticks since boot.
        stack: Address of the bottom of the stack: drawn anew by every exec.
    """

    comm: bytes
    state: str
    parent: int
    flags: int
    threads: int
    start_ticks: int
    stack: int

    @property
    def over(self) -> bool:
        """Whether the process ended: a zombie, or on its way to be one, with no thread left to run."""
        return self.threads <= 1 and (self.state in "ZXx" or bool(self.flags & _PF_EXITING))


def parse_stat(data: bytes) -> ProcStat:
    """Read /proc/PID/stat. The name stands in parentheses and may itself hold parentheses, spaces and line ends.

    Raises:
        ValueError: This is not such a line.
    """
    begin, end = data.find(b"("), data.rfind(b")")
    fields = data[end + 1 :].split()
    if begin < 0 or end < begin or len(fields) < 26:
        raise ValueError("not a line of /proc/PID/stat")
    return ProcStat(
        comm=data[begin + 1 : end],
        state=fields[0].decode("ascii", "replace"),
        parent=int(fields[1]),
        flags=int(fields[6]),
        threads=int(fields[17]),
        start_ticks=int(fields[19]),
        stack=int(fields[25]),
    )


def parse_command_line(data: bytes) -> tuple[str, ...]:
    """Split /proc/PID/cmdline into arguments, at most `MAX_ARGUMENTS`; undecodable bytes become surrogates."""
    parts = data.split(b"\0", MAX_ARGUMENTS)
    if len(parts) > MAX_ARGUMENTS or parts[-1] == b"":
        parts.pop()
    return tuple(os.fsdecode(part) for part in parts)


def full_name(comm: bytes, argv: Sequence[str], exe: str) -> str:
    """Return the program's base name, completed from the command line where the kernel had to cut it.

    A script started through its first line carries its own name in `comm` and its path as the second argument.
    """
    name = comm.decode("utf-8", "replace")
    if len(comm) >= _COMM_LIMIT:
        for candidate in (*argv[:2], exe):
            base = os.path.basename(candidate)  # noqa: PTH119 - any text, not a path to follow
            if os.fsencode(base).startswith(comm) and len(base) < 256:
                return os.fsencode(base).decode("utf-8", "replace")
    return name


def boot_time(proc: Path = Path("/proc")) -> int:
    """Return when the machine booted, in UTC milliseconds, from the `btime` line of /proc/stat (whole seconds).

    It stays the same as long as nobody sets the clock, so a process keeps its key over a restart of the agent.

    Raises:
        OSError: /proc is not mounted or not readable.
        ValueError: There is no such line.
    """
    for line in (proc / "stat").read_bytes().splitlines():
        if line.startswith(b"btime "):
            return int(line.split()[1]) * 1000
    raise ValueError("/proc/stat has no btime line: the time at which processes started cannot be told")


class ProcReader:
    """Reads the processes of `uid` from /proc.

    Args:
        uid: Whose processes are read; of all others only the owner is asked.
        boot: When the machine booted, UTC milliseconds (`boot_time`).
        ticks: Clock ticks per second (`os.sysconf("SC_CLK_TCK")`).
        proc: Where procfs is mounted.
    """

    def __init__(self, uid: int, boot: int, ticks: int, proc: str = "/proc") -> None:
        self._uid = uid
        self._boot = boot
        self._ticks = ticks
        self._proc = proc
        self._load: int | None = None

    def __del__(self) -> None:
        if self._load is not None:
            os.close(self._load)

    def pids(self) -> Sequence[int]:
        """Every process number on the machine, anybody's."""
        return [int(name) for name in os.listdir(self._proc) if name.isdigit()]  # noqa: PTH208 - half the cost

    def newest(self) -> int | None:
        """The number given last, from /proc/loadavg (proc_loadavg(5)): a tenth of the cost of a list of all."""
        try:
            if self._load is None:
                self._load = os.open(f"{self._proc}/loadavg", os.O_RDONLY)
            os.lseek(self._load, 0, os.SEEK_SET)
            return int(os.read(self._load, 256).split()[-1])
        except (OSError, ValueError, IndexError):
            return None

    def identity(self, pid: int) -> Identity | Absence:
        """Tell who a process is, without its command line."""
        folder = self._open(pid)
        if isinstance(folder, Absence):
            return folder
        try:
            stat = _living(_read(folder, "stat", 4096))
            return stat if isinstance(stat, Absence) else self._identity(pid, stat, full_name(stat.comm, (), ""))
        finally:
            os.close(folder)

    def read(self, pid: int) -> Reading | Absence:
        """Read a process in full, command line first."""
        return self.hold(pid)()

    def hold(self, pid: int) -> Held:
        """Copy a process's files, command line first."""
        folder = self._open(pid)
        if isinstance(folder, Absence):
            return lambda: folder
        try:
            command, stat = _read(folder, "cmdline", MAX_COMMAND_BYTES), _read(folder, "stat", 4096)
            exe, cwd = _link(folder, "exe"), _link(folder, "cwd")
        finally:
            os.close(folder)
        return lambda: self._reading(pid, command, stat, exe, cwd)

    def _reading(self, pid: int, raw: bytes | None, stat_line: bytes | None, exe: str, cwd: str) -> Reading | Absence:
        stat = _living(stat_line)
        if isinstance(stat, Absence):
            return stat
        if raw is None:
            return Absence.GONE
        if not raw:
            # Every program has a name at least, if an empty one: there is nothing at all only while one is loaded.
            return Absence.LOADING
        argv = parse_command_line(raw)
        return Reading(
            self._identity(pid, stat, full_name(stat.comm, argv, exe)), CommandLine(argv=argv, exe=exe, cwd=cwd)
        )

    def _open(self, pid: int) -> int | Absence:
        """Open the process's folder if, and only if, it belongs to the person."""
        try:
            folder = os.open(f"{self._proc}/{pid}", _FOLDER)
        except (FileNotFoundError, ProcessLookupError):
            return Absence.GONE
        except OSError:
            return Absence.NOT_OURS
        try:
            owner = os.fstat(folder).st_uid
        except OSError:
            owner = None
        if owner == self._uid:
            return folder
        os.close(folder)
        return Absence.GONE if owner is None else Absence.NOT_OURS

    def _identity(self, pid: int, stat: ProcStat, name: str) -> Identity:
        started_at = self._boot + stat.start_ticks * 1000 // self._ticks
        return Identity(ProcessKey(pid, started_at), stat.parent, name, stat.stack)


def _living(line: bytes | None) -> ProcStat | Absence:
    """Read /proc/PID/stat of a program that runs."""
    try:
        stat = parse_stat(line or b"")
    except ValueError:
        return Absence.GONE
    if stat.flags & _PF_KTHREAD:
        return Absence.NOT_OURS
    return Absence.GONE if stat.over else stat


def _read(folder: int, name: str, limit: int) -> bytes | None:
    """Read at most `limit` bytes of a file of the process; None where the process is gone."""
    try:
        file = os.open(name, os.O_RDONLY, dir_fd=folder)
    except OSError:
        return None
    try:
        # procfs hands out everything that fits in one read; there is no second to wait for.
        return os.read(file, limit)
    except OSError:
        return None
    finally:
        os.close(file)


def _link(folder: int, name: str) -> str:
    """Follow a link of the process; empty where it may not be read, as for a process that guards its memory."""
    try:
        return os.readlink(name, dir_fd=folder).removesuffix(" (deleted)")
    except OSError:
        return ""
