"""What a reader tells of one process, whichever system it runs on.

A source knows only a process number. A reader checks first whether the process belongs to the observed person and reads
nothing of it where it does not; then it reads what was typed, what runs and from where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from agent.model.events import CommandLine, ProcessKey

MAX_COMMAND_BYTES = 64 * 1024
"""How much of a command line is read at most, in bytes."""
MAX_ARGUMENTS = 512
"""How many arguments of a command line are kept at most."""


class Absence(Enum):
    """Why there is nothing to tell of a process."""

    GONE = "gone"
    """It ended, or is a zombie."""
    LOADING = "loading"
    """Its next program is being loaded: there is no command line at this moment, and one in the next."""
    NOT_OURS = "not ours"
    """It belongs to somebody else or to the kernel; nothing of it was read."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells one process and the program in it apart from others.

    Attributes:
        key: Which process.
        parent: The parent's pid.
        name: The program's base name.
        program: A number that changes when the process replaces its program; 0 where the system does not show one.
    """

    key: ProcessKey
    parent: int
    name: str
    program: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A process read in full: its identity and, in memory only, its command line."""

    identity: Identity
    command: CommandLine


Held = Callable[[], Reading | Absence]
"""What was copied of a process, to be made sense of later, whether it runs still or not."""


class ProcessReader(Protocol):
    """Reads processes of one person."""

    def pids(self) -> Sequence[int]:
        """Every process number on the machine, anybody's."""
        ...

    def newest(self) -> int | None:
        """The number given last to a process or thread, anybody's; None where the system does not tell."""
        ...

    def identity(self, pid: int) -> Identity | Absence:
        """Tell who a process is, without its command line."""
        ...

    def read(self, pid: int) -> Reading | Absence:
        """Read a process in full."""
        ...

    def hold(self, pid: int) -> Held:
        """Copy at once what a process takes with it when it ends, and make a reading of it when asked."""
        ...
