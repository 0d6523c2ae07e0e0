"""Which sockets a process holds, by inode, read from its /proc/PID/fd (proc_pid_fd(5)).

The folder /proc/PID is opened once, when the process begins to be watched, and its owner and start are checked then:
whatever is read through it later is of this process or fails, even when the kernel gives its number to another one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from agent.model.events import ProcessKey
from agent.sensors.processes.reader import Absence, Identity, ProcessReader

MAX_DESCRIPTORS = 4096
"""Open files of one process read at one look; of a process with more, each look reads the next part."""
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class Holding:
    """One process's open sockets.

    Args:
        key: Which process.
        reader: Says whether the number still belongs to it, and whose it is.
        proc: Where procfs is mounted.

    Raises:
        ProcessLookupError: It is gone.
        PermissionError: It may not be looked into: another person's, or one that guards itself.
    """

    def __init__(self, key: ProcessKey, reader: ProcessReader, proc: str = "/proc") -> None:
        self.key = key
        self._reader = reader
        self._next = 0
        self.cut = 0
        """Looks at which it had more open files than are read."""
        try:
            self._folder = os.open(f"{proc}/{key.pid}", _FOLDER)
        except FileNotFoundError:
            raise ProcessLookupError from None
        try:
            if not self.alive():
                raise ProcessLookupError
            self._descriptors = os.open("fd", _FOLDER, dir_fd=self._folder)
        except FileNotFoundError:
            os.close(self._folder)
            raise ProcessLookupError from None
        except OSError:
            os.close(self._folder)
            raise

    def alive(self) -> bool:
        """Whether the number is still this process's.

        Raises:
            PermissionError: It is somebody else's.
        """
        identity = self._reader.identity(self.key.pid)
        if identity is Absence.NOT_OURS:
            raise PermissionError
        return isinstance(identity, Identity) and identity.key == self.key

    def namespace(self) -> str:
        """Return the name of its network namespace.

        Raises:
            OSError: It is gone or may not be read.
        """
        return os.readlink("ns/net", dir_fd=self._folder)

    def inodes(self) -> set[int]:
        """Return the inodes of its sockets, of `MAX_DESCRIPTORS` open files at most.

        Raises:
            OSError: It is gone or may not be read.
        """
        names: Sequence[str] = os.listdir(self._descriptors)  # noqa: PTH208 - a path would leave this process
        if len(names) > MAX_DESCRIPTORS:
            self.cut += 1
            begin = self._next % len(names)
            self._next = begin + MAX_DESCRIPTORS
            names = [*names[begin : begin + MAX_DESCRIPTORS], *names[: max(0, begin + MAX_DESCRIPTORS - len(names))]]
        found: set[int] = set()
        for name in names:
            try:
                target = os.readlink(name, dir_fd=self._descriptors)
            except OSError:
                continue
            if target.startswith("socket:["):
                found.add(int(target[8:-1]))
        return found

    def close(self) -> None:
        """Give the folders back."""
        os.close(self._descriptors)
        os.close(self._folder)
