"""Which program is this process? An interpreter is not the program: the script, module or code it was given is.

Takes the command line, in memory only, and takes it apart into a `Program`. The base name of what really runs decides;
a name that merely stands among the arguments (`vim scrapy.py`, `man scrapy`, `pip install scrapy`) never does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from agent.model.events import CommandLine


class Language(StrEnum):
    """Interpreters that are looked through."""

    PYTHON = "python"
    JAVASCRIPT = "javascript"
    SHELL = "shell"
    JAVA = "java"
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
        target: Script path, module name or code, as the form says.
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


_PYTHON = re.compile(r"(?:python|pythonw|pypy|python-?freethreaded|py)(?:\d+(?:\.\d+)*t?)?(?:-intel64|-arm64|d)?")
_JAVASCRIPT = re.compile(r"(?:node|nodejs|deno|bun|bunx|electron-node)(?:-?\d+(?:\.\d+)*)?")
_SHELLS = frozenset(["sh", "bash", "dash", "zsh", "ksh", "ash", "fish"])
_JAVA = frozenset(["java", "javaw"])
_OTHER = re.compile(r"(?:perl|ruby|php|lua)(?:\d+(?:\.\d+)*)?")
_ENDINGS = (".py", ".pyw", ".pyz", ".pyc", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".exe", ".sh")

_NODE_VALUE_OPTIONS = frozenset(
    [
        "-r",
        "--require",
        "--import",
        "--loader",
        "--experimental-loader",
        "-C",
        "--conditions",
        "--env-file",
        "--title",
        "--icu-data-dir",
        "--openssl-config",
        "--redirect-warnings",
        "--test-name-pattern",
        "--inspect-port",
        "--debug-port",
    ]
)
_NODE_CODE_OPTIONS = frozenset(["-e", "--eval", "-p", "--print", "-pe"])
_DENO_COMMANDS = frozenset(["run", "serve"])
_BUN_COMMANDS = frozenset(["run", "x"])
_DENO_VALUE_OPTIONS = frozenset(["-c", "--config", "--import-map", "--lock", "--cert", "--location", "--env-file"])
_JAVA_VALUE_OPTIONS = frozenset(["-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules"])
_NODE_RUNNERS = frozenset(["tsx", "ts-node", "ts-node-esm", "babel-node", "esno", "jiti", "swc-node"])
"""Programs that run the script that follows them inside their own process, or as a child of the same shape."""


def base_name(path: str) -> str:
    """Return the last part of a path of any system, lower-case, without `.exe`."""
    name = re.split(r"[/\\]", path.strip())[-1].lower()
    return name.removesuffix(".exe")


def program_of(command: CommandLine, name: str = "") -> Program:
    """Take a command line apart.

    Args:
        command: What the process was started with; an unreadable `exe` or empty `argv` is fine.
        name: The kernel's name for the process, used when nothing else is known.
    """
    argv = command.argv
    first = argv[0] if argv else ""
    named = (command.exe.removesuffix(" (deleted)"), first.lstrip("-"))
    candidates = [base_name(text) for text in named if text] or [base_name(name)]
    base = candidates[0]
    for candidate in candidates:
        language = _language(candidate)
        if language is not None:
            base = candidate
            break
    else:
        # A multi-call or renamed binary: what it was called as and what it is may differ; argv[0] is what it acts as.
        called = base_name(first) if first else base
        return Program(base, None, Form.NATIVE, "", argv[1:], first, called or base)
    return _READERS[language](base, first, argv[1:])


def _language(base: str) -> Language | None:
    if _PYTHON.fullmatch(base):
        return Language.PYTHON
    if _JAVASCRIPT.fullmatch(base):
        return Language.JAVASCRIPT
    if base in _SHELLS:
        return Language.SHELL
    if base in _JAVA:
        return Language.JAVA
    return Language.OTHER if _OTHER.fullmatch(base) else None


def _word(target: str) -> str:
    word = base_name(target)
    for ending in _ENDINGS:
        if word.endswith(ending):
            return word[: -len(ending)]
    return word


def _python(base: str, first: str, rest: Sequence[str]) -> Program:
    """Python's own option grammar: short options in clusters, `-c` and `-m` end it (docs.python.org, using/cmdline)."""

    def made(form: Form, target: str, at: int, word: str = "") -> Program:
        return Program(base, Language.PYTHON, form, target, tuple(rest[at:]), first, word)

    i = 0
    while i < len(rest):
        arg = rest[i]
        if arg == "-" or not arg:
            return made(Form.NOTHING, "", i + 1)
        if not arg.startswith("-"):
            return made(Form.SCRIPT, arg, i + 1, _word(arg))
        i += 1
        if arg == "--check-hash-based-pycs":
            i += 1
        if arg.startswith("--"):
            continue
        for j, letter in enumerate(arg[1:], start=1):
            if letter not in "cmWX":
                continue
            value = arg[j + 1 :]
            if not value and i < len(rest):
                value = rest[i]
                i += 1
            if letter == "c":
                return made(Form.CODE, value, i)
            if letter == "m":
                return made(Form.MODULE, value, i, value.lower())
            break
    return made(Form.NOTHING, "", i)


def _javascript(base: str, first: str, rest: Sequence[str]) -> Program:
    def made(form: Form, target: str, at: int, word: str = "") -> Program:
        return Program(base, Language.JAVASCRIPT, form, target, tuple(rest[at:]), first, word)

    i = 0
    values = _NODE_VALUE_OPTIONS
    if base.startswith("deno"):
        if rest[:1] == ("eval",) or list(rest[:1]) == ["eval"]:
            return made(Form.CODE, rest[1] if len(rest) > 1 else "", 2)
        if not rest or rest[0] not in _DENO_COMMANDS:
            return Program(base, None, Form.NATIVE, "", tuple(rest), first, "deno")
        i, values = 1, _DENO_VALUE_OPTIONS
    elif base.startswith("bun") and rest and rest[0] in _BUN_COMMANDS:
        i = 1
    while i < len(rest):
        arg = rest[i]
        if arg == "-" or not arg:
            return made(Form.NOTHING, "", i + 1)
        if not arg.startswith("-"):
            word = _word(arg)
            if word in _NODE_RUNNERS or (word == "cli" and any(f"/{one}/" in arg for one in _NODE_RUNNERS)):
                return _javascript("node", first, rest[i + 1 :])
            return made(Form.SCRIPT, arg, i + 1, word)
        i += 1
        if arg in _NODE_CODE_OPTIONS and not base.startswith("deno"):
            return made(Form.CODE, rest[i] if i < len(rest) else "", i + 1)
        if arg.startswith(("--eval=", "--print=")):
            return made(Form.CODE, arg.split("=", 1)[1], i)
        if arg in values:
            i += 1
    return made(Form.NOTHING, "", i)


def _shell(base: str, first: str, rest: Sequence[str]) -> Program:
    for i, arg in enumerate(rest):
        if arg.startswith("-") and not arg.startswith("--") and "c" in arg:
            code = rest[i + 1] if i + 1 < len(rest) else ""
            return Program(base, Language.SHELL, Form.CODE, code, tuple(rest[i + 2 :]), first)
        if not arg.startswith(("-", "+")):
            return Program(base, Language.SHELL, Form.SCRIPT, arg, tuple(rest[i + 1 :]), first, _word(arg))
    return Program(base, Language.SHELL, Form.NOTHING, "", (), first)


def _java(base: str, first: str, rest: Sequence[str]) -> Program:
    i = 0
    while i < len(rest):
        arg = rest[i]
        if arg == "-jar" and i + 1 < len(rest):
            word = re.sub(r"(?:[-_.]v?\d[\w.]*)?\.jar$", "", base_name(rest[i + 1]))
            return Program(base, Language.JAVA, Form.SCRIPT, rest[i + 1], tuple(rest[i + 2 :]), first, word)
        if not arg.startswith("-"):
            return Program(
                base, Language.JAVA, Form.MODULE, arg, tuple(rest[i + 1 :]), first, arg.rsplit(".", 1)[-1].lower()
            )
        i += 2 if arg in _JAVA_VALUE_OPTIONS else 1
    return Program(base, Language.JAVA, Form.NOTHING, "", (), first)


def _other(base: str, first: str, rest: Sequence[str]) -> Program:
    for i, arg in enumerate(rest):
        if arg in ("-e", "-r", "-E"):
            break
        if not arg.startswith("-"):
            return Program(base, Language.OTHER, Form.SCRIPT, arg, tuple(rest[i + 1 :]), first, _word(arg))
    return Program(base, Language.OTHER, Form.NOTHING, "", (), first)


_READERS: dict[Language, Callable[[str, str, Sequence[str]], Program]] = {
    Language.PYTHON: _python,
    Language.JAVASCRIPT: _javascript,
    Language.SHELL: _shell,
    Language.JAVA: _java,
    Language.OTHER: _other,
}
