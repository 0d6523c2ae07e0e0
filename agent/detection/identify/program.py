"""What runs, as data: the language, how the code was handed to its interpreter, and what it is called by.

`executable.py` makes a `Program` from a command line, with `interpreters.py` for the option grammar of each interpreter
and `wrappers.py` for programs that merely become another one. Nothing here is ever kept: `Program` hides its texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Language(StrEnum):
    """Interpreters that are looked through. The values name the readers in `parse/languages.py`."""

    PYTHON = "python"
    JAVASCRIPT = "javascript"
    SHELL = "shell"
    JAVA = "java"
    PERL = "perl"
    RUBY = "ruby"
    PHP = "php"
    LUA = "lua"
    R = "r"
    POWERSHELL = "powershell"
    GO = "go"
    OTHER = "other"


class Form(StrEnum):
    """How the program was handed to its interpreter."""

    NATIVE = "native"
    SCRIPT = "script"
    MODULE = "module"
    CODE = "code"
    NOTHING = "nothing"
    """Standard input or an interactive session: there is nothing to look at."""


@dataclass(frozen=True, slots=True)
class Program:
    """What runs. `target` and `arguments` are from the command line: in memory only, never kept.

    Attributes:
        base: Lower-case base name of the executable, without `.exe`.
        language: The interpreter's language, or None for a native program.
        form: How the program was handed over.
        target: Script path, module name or code, as the form says. Modules that the options ask for beside code
            (`perl -MLWP::Simple -e …`) stand in front of the code, as the language writes it.
        arguments: What follows the program on the command line.
        interpreter: `argv[0]`: a virtual environment's interpreter names the environment by its folder.
        word: Lower-case base name of what really runs: script without ending, module, or executable.
    """

    base: str
    language: Language | None
    form: Form
    target: str = field(default="", repr=False)
    arguments: tuple[str, ...] = field(default=(), repr=False)
    interpreter: str = field(default="", repr=False)
    word: str = ""


_ENDING = re.compile(
    r"\.(?:py[wzc]?|[mc]?js|[mc]?ts|jsx|tsx|exe|sh|bash|zsh|pl|rb|php|phar|lua|r|ps1|go|jl|java)$", re.IGNORECASE
)


def base_name(path: str) -> str:
    """Return the last part of a path of any system, lower-case, without `.exe`."""
    name = path.strip().replace("\\", "/").rpartition("/")[2].lower()
    return name.removesuffix(".exe")


def word_of(target: str) -> str:
    """Return what a script is called by: its base name without the ending of its language."""
    return _ENDING.sub("", base_name(target))
