"""Programs that become another program: `env`, `nice`, `nohup`, `torsocks`, a version manager's shim, `busybox`.

Such a program replaces itself by what follows on its command line (exec): the same process is a moment later the real
one. Whoever reads its command line early must still see the real one, so it is looked through. A program that *starts*
another and waits (`timeout`, `sudo`, `xvfb-run`, `time`, `watch`) is left alone: the real one is a process of its own
and is judged there, and the waiting one would be a second finding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.detection.identify.program import base_name


@dataclass(frozen=True, slots=True)
class _Grammar:
    """How a wrapper's own part of the command line ends.

    Attributes:
        values: Options that take the next word.
        skip: How many words of its own stand before the program.
        assigns: Whether NAME=VALUE words are its own.
    """

    values: frozenset[str] = frozenset()
    skip: int = 0
    assigns: bool = False


def _with(values: str = "", skip: int = 0, *, assigns: bool = False) -> _Grammar:
    return _Grammar(frozenset(values.split()), skip, assigns)


WRAPPERS = {
    "env": _with("-u --unset -C --chdir -a --argv0", assigns=True),
    "nohup": _with(),
    "nice": _with("-n --adjustment"),
    "ionice": _with("-c --class -n --classdata"),
    "chrt": _with("-T -P -D", skip=1),
    "taskset": _with(skip=1),
    "numactl": _with("-m -i -N -C -p --membind --interleave --cpunodebind --physcpubind --preferred"),
    "stdbuf": _with("-i -o -e --input --output --error"),
    "setsid": _with(),
    "setarch": _with(skip=1),
    "linux64": _with(),
    "linux32": _with(),
    "prlimit": _with(),
    "arch": _with("-e -arch"),
    "exec": _with("-a"),
    "command": _with(),
    "builtin": _with(),
    "torsocks": _with("-u --user -p --pass -a --address -P --port"),
    "torify": _with(),
    "tsocks": _with(),
    "proxychains": _with("-f"),
    "proxychains3": _with("-f"),
    "proxychains4": _with("-f"),
    "graftcp": _with(),
    "eatmydata": _with(),
    "fakeroot": _with("-l --lib -s -i -b --faked"),
}
"""Each replaces itself by the program (coreutils, util-linux, torsocks(1), proxychains manuals)."""

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_MULTI_CALL = frozenset(["busybox", "toybox"])
_SIMPLE = re.compile(r"[^|&;<>()$`\\\"'\n*?\[#~{}]+")
MAX_SIMPLE = 4096


def inside(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the command line of the program that this one becomes, or nothing when it is no wrapper.

    Args:
        argv: A command line of at least one word.
    """
    first = base_name(argv[0].lstrip("-"))
    rest = list(argv[1:])
    if first in _MULTI_CALL:
        return tuple(rest) if rest and not rest[0].startswith("-") else ()
    grammar = WRAPPERS.get(first)
    return _after(grammar, rest, first) if grammar is not None else ()


def inside_script(script: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the command line behind a shell script that is a wrapper or a version manager's shim.

    Args:
        script: The script's path; pyenv, rbenv and asdf lay shims named as the program into a folder `shims`.
        arguments: What follows it.
    """
    parts = re.split(r"[/\\]", script)
    if len(parts) > 1 and parts[-2] == "shims":
        return (parts[-1], *arguments)
    return inside((script, *arguments)) if base_name(script) in WRAPPERS else ()


def inside_code(code: str) -> tuple[str, ...]:
    """Return the command line of `sh -c 'exec PROGRAM …'`, where the code is this one simple command."""
    if not code.startswith("exec ") or len(code) > MAX_SIMPLE or not _SIMPLE.fullmatch(code):
        return ()
    return inside(code.split())


def _after(grammar: _Grammar, rest: list[str], first: str) -> tuple[str, ...]:
    skip = grammar.skip
    i = 0
    while i < len(rest):
        arg = rest[i]
        if arg == "--":
            i += 1
            break
        if first == "env" and arg in ("-S", "--split-string") and i + 1 < len(rest):
            return (*rest[i + 1].split(), *rest[i + 2 :])
        if arg in grammar.values:
            i += 2
        elif arg.startswith("-") or (grammar.assigns and _ASSIGNMENT.match(arg)):
            i += 1
        elif skip:
            skip -= 1
            i += 1
        else:
            break
    return tuple(rest[i:])
