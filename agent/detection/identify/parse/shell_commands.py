"""Takes a shell script apart into its simple commands, each with the loops, the function and the pipe it stands in.

Not the shell's whole grammar, and it need not be: quotes, command substitutions inside them, here-documents, pipes,
loops (`for`, `while`, `until`, `select`), functions. `shell_code.py` says what the commands come to. One pass from left
to right; every pattern consumes what it looks at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_COMMANDS = 20_000
MAX_WORD = 4000
MAX_DEPTH = 60
MAX_NESTED = 8
"""Of loops in loops so many of the innermost count."""
_PLAIN = re.compile(
    r"(?P<blank>[ \t\r]++|\\\n)"
    r"|(?P<comment>(?<![^\s;&|()])#[^\n]*+)"
    r"|(?P<single>\$?'[^']*+'?)"
    r"|(?P<double>\$?\")"
    r"|(?P<arith>\$?\(\((?:[^()\n]|\([^()\n]*+\))*+\)\))"
    r"|(?P<open>\$\(|[<>]\()"
    r"|(?P<tick>`)"
    r"|(?P<here><<-?(?!<)[ \t]*+\\?['\"]?(?P<mark>\w++)['\"]?)"
    r"|(?P<redirect>&>>?|\d?[<>]{1,3}[&|]?(?:-|\d(?=[\s;)|&<>`]|$))?)"
    r"|(?P<operator>;;|&&|\|\||\|&|[;&|()\n])"
    r"|(?P<piece>\$\{[^}\n]*+\}?|\\.|\$[\w@*#?!$-]?|[^\s;&|()<>\"'`$\\]++|.)",
    re.DOTALL,
)
_DOUBLE = re.compile(
    r"(?P<end>\")|(?P<open>\$\((?!\())|(?P<tick>`)"
    r"|(?P<piece>\$\(\((?:[^()\n]|\([^()\n]*+\))*+\)\)|\$\{[^}\n]*+\}?|\\.|[^\"\\`$]++|.)",
    re.DOTALL,
)
_LOOPS = frozenset(["for", "while", "until", "select", "foreach"])
_PASSED = frozenset(["then", "else", "elif", "if", "fi", "case", "esac", "!", "time", "coproc", "begin", "end"])
_ASSIGNED = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")


@dataclass(slots=True)
class Loop:
    """One loop: its words up to `do`, what feeds it, and its variable."""

    kind: str
    head: list[str] = field(default_factory=list)
    fed: list[str] = field(default_factory=list)
    """Words of the command whose output it reads, and files after `done <`."""
    body: bool = False


@dataclass(slots=True)
class Command:
    """One simple command.

    Attributes:
        words: Its words, without quotes; a command inside one is written `$()`.
        loops: The loops it stands in, outermost first.
        function: The function it stands in, or empty.
        before: The command whose output it reads through a pipe, or None.
        into: Files that its output goes to.
        here: Its here-document or here-string, or empty.
        reads: Files that it reads by `<`.
        head: It stands in the head of a loop (`while COMMAND; do`).
    """

    words: list[str] = field(default_factory=list)
    loops: tuple[Loop, ...] = ()
    function: str = ""
    before: Command | None = None
    into: list[str] = field(default_factory=list)
    here: str = ""
    reads: list[str] = field(default_factory=list)
    head: bool = False
    inner: list[Command] = field(default_factory=list)
    """Commands whose output is put into its words."""


@dataclass(slots=True)
class _Level:
    """What is going on inside one pair of parentheses."""

    command: Command
    word: list[str] | None = None
    double: bool = False
    redirect: str = ""
    closes: str = ")"
    before: Command | None = None


def commands_of(text: str) -> list[Command]:
    """Return the simple commands of a script, in their order.

    Args:
        text: The script.
    """
    return _Parser(text).commands()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[Command] = []
        self.loops: list[Loop] = []
        self.braces: list[str] = []
        """For every open brace the function whose body it is, or empty."""
        self.waiting: list[tuple[str, Command]] = []
        """Here-documents that begin with the next line."""
        self.function_next = ""
        self.level = _Level(Command())
        self.levels: list[_Level] = []

    def commands(self) -> list[Command]:
        at, end = 0, len(self.text)
        while at < end and len(self.found) < MAX_COMMANDS:
            pattern = _DOUBLE if self.level.double else _PLAIN
            match = pattern.match(self.text, at)
            if match is None:
                break
            at = match.end()
            kind = match.lastgroup or ""
            if kind == "mark":
                kind = "here"
            value = match[0]
            if kind == "operator" and value == "\n" and self.waiting:
                self._end_command("\n")
                at = self._here_documents(at)
            else:
                self._take(kind, value, match.groupdict().get("mark") or "")
        self._end_word()
        while self.levels:
            self._close()
        self._end_command("\n")
        return self.found

    def _take(self, kind: str, value: str, mark: str) -> None:
        level = self.level
        if kind in ("blank", "comment"):
            self._end_word()
        elif kind == "single":
            self._piece(value.strip("$").strip("'"))
        elif kind == "double":
            level.double = True
            self._piece("")
        elif kind == "end":
            level.double = False
        elif kind == "arith":
            self._piece(value)
        elif kind == "open":
            self._piece("$()" if value != ">(" else "")
            self._enter(")")
        elif kind == "tick":
            if level.closes == "`" and not level.double:
                self._close()
            else:
                self._piece("$()")
                self._enter("`")
        elif kind == "here":
            self._end_word()
            self.waiting.append((mark, level.command))
        elif kind == "redirect":
            self._end_word()
            level.redirect = value if value[-1] not in "-0123456789" else ""
        elif kind == "operator":
            self._operator(value)
        else:
            self._piece(value[1:] if value[0] == "\\" and len(value) == 2 else value)

    def _piece(self, value: str) -> None:
        if self.level.word is None:
            self.level.word = []
        if len(self.level.word) < MAX_WORD:
            self.level.word.append(value[:MAX_WORD] if self.level.command.words[-1:] != ["-c"] else value)

    def _enter(self, closes: str) -> None:
        if len(self.levels) >= MAX_DEPTH:
            return
        outer = self.level
        self.levels.append(outer)
        self.level = _Level(self._command(outer.command.head), closes=closes)

    def _close(self) -> None:
        inner_at = len(self.found)
        self._end_word()
        self._end_command("\n")
        inner = self.level.before
        if self.levels:
            self.level = self.levels.pop()
            if inner is not None:
                self.level.command.inner.append(inner)
        elif inner_at < len(self.found):
            self.level.before = inner

    def _command(self, head: bool = False) -> Command:
        function = next((name for name in reversed(self.braces) if name), "")
        in_head = head or bool(self.loops and not self.loops[-1].body)
        return Command(loops=tuple(self.loops[-MAX_NESTED:]), function=function, head=in_head)

    def _operator(self, value: str) -> None:
        level = self.level
        if value == ")" and level.closes == ")" and self.levels:
            self._close()
            return
        if value == "(":
            self._end_word()
            name = level.command.words[-1] if len(level.command.words) == 1 else ""
            if name and re.fullmatch(r"[\w.:-]+", name):
                self.function_next = name
                level.command.words.clear()
            elif level.command.words[:1] == ["for"] or (name and _ASSIGNED.fullmatch(name)):
                return
            else:
                self._end_command(";")
            return
        if value == ")":
            self._end_word()
            if self.function_next and not level.command.words:
                return
            self._end_command(";")
            return
        self._end_word()
        self._end_command(value)

    def _end_word(self) -> None:
        level = self.level
        if level.word is None:
            return
        word = "".join(level.word)
        level.word = None
        command = level.command
        if level.redirect:
            target = command.reads if "<" in level.redirect else command.into
            if level.redirect.startswith("<<<"):
                command.here = word
            else:
                target.append(word)
            level.redirect = ""
            return
        if (command.words or not self._reserved(word)) and len(command.words) < 500:
            command.words.append(word)

    def _reserved(self, word: str) -> bool:
        """Take a word of the shell's own at the beginning of a command; return whether it was one."""
        level = self.level
        if word in _LOOPS:
            loop = Loop(word)
            if level.before is not None:
                loop.fed = [one for before in pipe_of(level.before) for one in before.words]
            if len(self.loops) < MAX_COMMANDS:
                self.loops.append(loop)
            if word in ("for", "select", "foreach"):
                # Its head is words, not a command.
                level.command = self._command()
                level.command.words.append(word)
            else:
                level.command = self._command()
            return True
        if word == "do":
            if self.loops:
                self.loops[-1].body = True
            level.command = self._command()
            return True
        if word in ("done", "end") and self.loops:
            loop = self.loops.pop()
            level.command = self._command()
            level.command.words.append("done")
            level.command.inner.append(Command(loops=(loop,)))
            return True
        if word == "{":
            self.braces.append(self.function_next)
            self.function_next = ""
            level.command = self._command()
            return True
        if word == "}":
            if self.braces:
                self.braces.pop()
            level.command = self._command()
            return True
        if word == "function":
            self.function_next = " "
            return True
        if self.function_next == " ":
            self.function_next = word
            return True
        return word in _PASSED

    def _end_command(self, operator: str) -> None:
        level = self.level
        command = level.command
        if command.words[:1] in (["for"], ["select"], ["foreach"]):
            if self.loops:
                self.loops[-1].head = command.words[1:] + [word for one in command.inner for word in one.words]
        elif command.words[:1] == ["done"]:
            loop = command.inner[0].loops[0]
            loop.fed += command.reads + [word for one in command.inner[1:] for word in one.words]
            if command.here:
                loop.fed.append(command.here)
        elif command.words:
            if self.loops and not self.loops[-1].body and self.loops[-1].kind in ("while", "until"):
                self.loops[-1].head += command.words
            command.before = command.before or level.before
            self.found.append(command)
        kept = command if command.words else level.before
        level.before = kept if operator in ("|", "|&") else None
        if level.closes in (")", "`") and self.levels and operator == "\n":
            level.before = kept
        level.redirect = ""
        piped = level.before if operator in ("|", "|&") else None
        level.command = self._command()
        level.command.before = piped

    def _here_documents(self, at: int) -> int:
        for mark, command in self.waiting:
            end = re.compile(rf"^[ \t]*{re.escape(mark)}[ \t]*$", re.MULTILINE).search(self.text, at)
            stop = end.start() if end else len(self.text)
            command.here = self.text[at:stop]
            at = min(len(self.text), end.end() + 1) if end else len(self.text)
        self.waiting.clear()
        return at


def pipe_of(command: Command) -> list[Command]:
    """Return the commands of a pipe up to this one."""
    found = [command]
    while found[-1].before is not None and len(found) < 20:
        found.append(found[-1].before)
    return found
