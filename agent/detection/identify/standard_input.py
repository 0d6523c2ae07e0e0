"""What was an interpreter given on standard input? A file that can be opened anew, or text that a shell script holds.

`python3 < leads.py` and a long here-document stand behind `/proc/PID/fd/0` as a regular file, deleted or not: opened
anew it is read from its beginning, and the process misses nothing. A short here-document or `cat leads.py | python3` is
a pipe, which only its reader may read; then the text is looked for where it came from, in the shell script (or the
`-c` code) of the parent process. The system is asked through `StdinOf`, so that tests say what stands there.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agent.detection.identify.executable import Form, Program, program_of
from agent.detection.identify.folders import absolute, is_file, read_head
from agent.model.events import CommandLine

MAX_SCRIPT_BYTES = 262_144
MAX_PARENT_BYTES = 65_536
MAX_DOCUMENTS = 16
_START = re.compile(r"<<(?P<dash>-?)[ \t]*(?P<quote>['\"]?)(?P<word>[A-Za-z_]\w*)(?P=quote)")
_HERE_STRING = re.compile(r"<<<[ \t]*(?:\$?'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")", re.DOTALL)
_FED = re.compile(r"(?:\bcat[ \t]+|<[ \t]*)([\w./~-]+)")


class StdinOf(Protocol):
    """Asks the system about a process of this person's."""

    def file(self, pid: int) -> str:
        """Return a path at which the regular file on its standard input can be opened anew, or an empty string."""
        ...

    def is_pipe(self, pid: int) -> bool:
        """Return whether its standard input is a pipe: neither a terminal nor nothing."""
        ...

    def command_of(self, pid: int) -> CommandLine | None:
        """Return what a process was started with, or None where that cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Given:
    """What was given on standard input. In memory only.

    Attributes:
        path: Where it can be opened, or empty.
        code: The text itself, or empty.
    """

    path: str = field(default="", repr=False)
    code: str = field(default="", repr=False)


def given_to(program: Program, pid: int, parent: int, stdin: StdinOf) -> Given:
    """Say what an interpreter without a script was given to run.

    Args:
        program: Its command line, taken apart; anything but `Form.NOTHING` was given its program elsewhere.
        pid: Its number.
        parent: Its parent's number.
        stdin: Asks the system.
    """
    if program.form is not Form.NOTHING or program.language is None:
        return Given()
    path = stdin.file(pid)
    if path:
        return Given(path=path)
    if not stdin.is_pipe(pid):
        return Given()
    command = stdin.command_of(parent)
    if command is None:
        return Given()
    shell = program_of(command)
    if shell.form is Form.CODE:
        text = shell.target
    elif shell.form is Form.SCRIPT:
        text = read_head(absolute(shell.target, command.cwd), MAX_SCRIPT_BYTES)
    else:
        return Given()
    return in_script(text[:MAX_SCRIPT_BYTES], program.base, command.cwd)


def in_script(text: str, interpreter: str, cwd: str) -> Given:
    """Find in a shell script what it feeds to an interpreter: here-documents, here-strings, or a file.

    Args:
        text: The script.
        interpreter: Base name of the interpreter, such as `python3`.
        cwd: The working folder that a file's name starts from.
    """
    stem = re.escape(re.sub(r"[\d.]+$", "", interpreter))
    called = re.compile(rf"(?<![\w-]){stem}[\d.]*(?![\w-])")
    found = [body for line, body in _documents(text) if called.search(line)][:MAX_DOCUMENTS]
    if found:
        return Given(code="\n".join(found))
    for line in text.splitlines():
        if called.search(line) and "<<<" in line:
            continue
        if called.search(line) and (fed := _FED.search(line)):
            path = absolute(fed[1], cwd)
            if path and is_file(path):
                return Given(path=path)
    for match in _HERE_STRING.finditer(text):
        before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if called.search(before):
            return Given(code=(match[1] or match[2] or "").replace("\\n", "\n"))
    return Given()


def _documents(text: str) -> list[tuple[str, str]]:
    """Return every here-document with the line that starts it."""
    found = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        start = _START.search(line) if "<<" in line and "<<<" not in line else None
        at += 1
        if start is None:
            continue
        body = []
        while at < len(lines):
            piece = lines[at].lstrip("\t") if start["dash"] else lines[at]
            at += 1
            if piece.rstrip("\r") == start["word"]:
                break
            body.append(piece)
        found.append((line, "\n".join(body)))
    return found


class ProcStdin:
    """Asks Linux, by `/proc`. Elsewhere, and for other people's processes, every answer is empty."""

    def __init__(self, proc: Path = Path("/proc"), uid: int | None = None) -> None:
        """Set where to look.

        Args:
            proc: The process file system.
            uid: Whose processes may be looked at; the agent's own user by default.
        """
        self._proc = proc
        self._uid = uid if uid is not None else getattr(os, "getuid", lambda: -1)()

    def file(self, pid: int) -> str:
        """Return a path at which the regular file on a process's standard input can be opened anew."""
        path = self._proc / str(pid) / "fd" / "0"
        return str(path) if stat.S_ISREG(self._mode(path)) and self._ours(pid) else ""

    def is_pipe(self, pid: int) -> bool:
        """Return whether a process's standard input is a pipe or a socket."""
        mode = self._mode(self._proc / str(pid) / "fd" / "0")
        return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)

    def command_of(self, pid: int) -> CommandLine | None:
        """Return what a process of this person was started with."""
        folder = self._proc / str(pid)
        if not self._ours(pid):
            return None
        try:
            with (folder / "cmdline").open("rb") as handle:
                argv = handle.read(MAX_PARENT_BYTES).split(b"\0")[:-1]
            exe, cwd = str((folder / "exe").readlink()), str((folder / "cwd").readlink())
        except OSError:
            return None
        return CommandLine(tuple(os.fsdecode(one) for one in argv), exe, cwd)

    def _ours(self, pid: int) -> bool:
        try:
            return (self._proc / str(pid)).stat().st_uid == self._uid
        except OSError:
            return False

    @staticmethod
    def _mode(path: Path) -> int:
        try:
            return path.stat().st_mode
        except (OSError, ValueError):
            return 0
