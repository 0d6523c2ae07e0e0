"""Which programs does a command start? Base names out of argument lists and shell texts, nothing else of them.

The readers of code use it for `subprocess.run([...])`, `os.system("...")` and the shell lines of notebooks. A launcher
is looked through: of `sudo nice python3 -m yt_dlp …` what is started is `yt_dlp`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

STARTS = frozenset(
    [
        "run",
        "Popen",
        "call",
        "check_call",
        "check_output",
        "getoutput",
        "getstatusoutput",
        "system",
        "popen",
        "create_subprocess_exec",
        "create_subprocess_shell",
        "execvp",
        "execv",
        "execlp",
        "spawnlp",
        "spawnv",
        "run_process",
        "open_process",
        "runcmd",
    ]
)
"""Calls of Python that start a program. Some are words of many libraries: a name counts only if it looks like one."""
_LAUNCHERS = frozenset(
    [
        "sudo",
        "nohup",
        "time",
        "nice",
        "ionice",
        "exec",
        "env",
        "xargs",
        "timeout",
        "proxychains",
        "proxychains4",
        "torsocks",
        "torify",
        "stdbuf",
        "setsid",
        "caffeinate",
        "uvx",
        "npx",
        "bunx",
        "pipx",
        "uv",
        "poetry",
        "pdm",
        "hatch",
        "rye",
        "conda",
        "parallel",
        "command",
        "then",
        "do",
    ]
)
_LAUNCHER_WORDS = frozenset(["run", "tool", "exec", "--", "dlx"])
_PROGRAM = re.compile(r"[A-Za-z_@][\w@.+-]{0,60}")
_SEPARATORS = re.compile(r"\|\||&&|[|;&\n()]|\$\(|`")
_INTERPRETER = re.compile(r"(?:python|pypy)[\d.]*")
MAX_TEXT = 20_000


def of_words(words: Sequence[str]) -> set[str]:
    """Return the program that a list of arguments starts, by its base name; empty when it cannot be told."""
    if list(words[:1]) and re.split(r"[/\\]", words[0])[-1] in ("sh", "bash", "zsh", "cmd", "cmd.exe", "powershell"):
        return of_text(" ".join(words[1:]).partition("-c ")[2] or " ".join(words[2:]))
    skip_option = False
    left = list(words[:60])
    while left:
        word = left.pop(0).strip("'\"")
        name = re.split(r"[/\\]", word)[-1].removesuffix(".exe")
        if skip_option:
            skip_option = False
            continue
        if not word or word.startswith("-") or re.match(r"[A-Za-z_]\w*=", word):
            continue
        if name in _LAUNCHERS or name in _LAUNCHER_WORDS or re.fullmatch(r"\d+[smhd]?", name):
            continue
        if _INTERPRETER.fullmatch(name) or word == "{}":
            # `[sys.executable, "-m", "yt_dlp", …]`: the module is what runs.
            return {left[1]} if left[:1] == ["-m"] and len(left) > 1 and _PROGRAM.fullmatch(left[1]) else set()
        return {name} if _PROGRAM.fullmatch(name) else set()
    return set()


def of_text(text: str) -> set[str]:
    """Return the programs that a line of shell starts, by their base names."""
    found: set[str] = set()
    for piece in _SEPARATORS.split(text[:MAX_TEXT])[:200]:
        found |= of_words(piece.split()[:60])
    return found
