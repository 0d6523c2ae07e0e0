"""Which program is this process? An interpreter is not the program: the script, module or code it was given is.

Takes the command line, in memory only, and takes it apart into a `Program`. The base name of what really runs decides;
a name that merely stands among the arguments (`vim scrapy.py`, `man scrapy`, `pip install scrapy`) never does. What
merely becomes another program (`env`, `nohup`, a shim: `wrappers.py`) is looked through; each interpreter's own options
are `interpreters.py`.
"""

from __future__ import annotations

import re

from agent.detection.identify import wrappers
from agent.detection.identify.interpreters import INTERPRETERS, NODE_RUNNERS
from agent.detection.identify.program import Form, Language, Program, base_name, word_of
from agent.model.events import CommandLine

__all__ = ["Form", "Language", "Program", "base_name", "program_of"]

MAX_WRAPPERS = 8
_VERSION = r"(?:-?\d+(?:\.\d+)*)?"
_NAMES: dict[Language, str] = {
    Language.PYTHON: (
        r"(?:python|pythonw|pypy|python-?freethreaded|py|graalpy|ipython)(?:\d+(?:\.\d+)*t?)?"
        r"(?:-intel64|-arm64|-dbg|-config|d)?"
    ),
    Language.JAVASCRIPT: rf"(?:node|nodejs|deno|bun|bunx|electron|electron-node){_VERSION}",
    Language.PERL: rf"(?:perl|cperl){_VERSION}",
    Language.RUBY: rf"(?:ruby|truffleruby){_VERSION}",
    Language.PHP: rf"php{_VERSION}(?:-cli)?",
    Language.LUA: rf"(?:lua|luajit|texlua){_VERSION}",
    Language.R: r"r|rscript|rterm",
    Language.POWERSHELL: r"pwsh(?:-preview)?|powershell",
    Language.JAVA: r"javaw?",
    Language.GO: r"go",
    Language.SHELL: r"(?:r?bash|sh|dash|zsh|r?ksh|mksh|oksh|ksh93|ash|fish|yash)",
}
_NAMED = re.compile("|".join(f"(?P<{language.name}>{pattern})" for language, pattern in _NAMES.items()))
"""All in one: this is asked of every program that starts."""
_HOSTS = frozenset(["dotnet", "mono", "wine", "wine64"])
"""Programs that run a program of another kind, which is known by its name only."""


def program_of(command: CommandLine, name: str = "") -> Program:
    """Take a command line apart.

    Args:
        command: What the process was started with; an unreadable `exe` or empty `argv` is fine.
        name: The kernel's name for the process, used when nothing else is known.
    """
    argv, exe = command.argv, command.exe
    for _ in range(MAX_WRAPPERS):
        found = _program(argv, exe, name)
        become: tuple[str, ...] = ()
        if found.language is None:
            become = wrappers.inside(argv) if argv and argv[0] else ()
        elif found.language is Language.SHELL and found.form is Form.SCRIPT:
            become = wrappers.inside_script(found.target, found.arguments)
        elif found.language is Language.SHELL and found.form is Form.CODE:
            become = wrappers.inside_code(found.target)
        if not become:
            return found
        argv, exe = become, ""
    return found


def _program(argv: tuple[str, ...], exe: str, name: str) -> Program:
    first = argv[0] if argv else ""
    named = (exe.removesuffix(" (deleted)"), first.lstrip("-"))
    candidates = [base_name(text) for text in named if text] or [base_name(name)]
    if base_name(first) in NODE_RUNNERS:
        return INTERPRETERS[Language.JAVASCRIPT](base_name(first), first, argv[1:])
    for base in candidates:
        language = _language(base)
        if language is not None:
            return INTERPRETERS[language](base, first, argv[1:])
    # A multi-call or renamed binary: what it was called as and what it is may differ; argv[0] is what it acts as.
    called = base_name(first) if first else candidates[0]
    if called in _HOSTS:
        return _hosted(called, argv)
    return Program(candidates[0], None, Form.NATIVE, "", argv[1:], first, called or candidates[0])


def _hosted(base: str, argv: tuple[str, ...]) -> Program:
    for i, arg in enumerate(argv[1:], start=1):
        if arg.lower().endswith((".dll", ".exe")):
            word = word_of(arg).removesuffix(".dll")
            return Program(base, None, Form.NATIVE, "", argv[i + 1 :], argv[0], word)
    return Program(base, None, Form.NATIVE, "", argv[1:], argv[0], base)


def _language(base: str) -> Language | None:
    found = _NAMED.fullmatch(base)
    return Language[found.lastgroup] if found is not None and found.lastgroup is not None else None
