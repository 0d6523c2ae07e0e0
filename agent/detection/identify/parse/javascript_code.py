"""Reads JavaScript and TypeScript by tokens and says what shape it has; the same questions as for Python.

There is no parser of JavaScript in Python's standard library, and none is needed for these questions: comments are
taken out, texts are set apart, and what remains is a list of words, texts and signs. Braces and parentheses give the
reach of a loop. A regular expression that is mistaken for a division spoils a few tokens, not the answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from agent.detection.identify.parse import vocabulary as words
from agent.detection.identify.parse.facts import MAX_IMPORTS, CodeFacts

MAX_TOKENS = 200_000
MAX_OWN_MODULES = 8
_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|\#![^\n]*)
    |(?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)
    |(?P<regex>(?<=[=(,:;!&|?{}\[])\s*/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*)
    |(?P<word>[A-Za-z_$][\w$]*)
    |(?P<sign>=>|[^\s])""",
    re.VERBOSE | re.DOTALL,
)
_LOOP_WORDS = frozenset(["for", "while", "do"])
_LOOP_CALLS = frozenset(
    ["forEach", "map", "flatMap", "reduce", "setInterval", "each", "mapSeries", "eachLimit", "schedule"]
)
_DRIVER_VERBS = frozenset(["goto", "get", "navigateTo", "url", "navigate"])
_GROW = frozenset(["push", "add", "enqueue", "unshift", "enqueueLinks"])


def read(source: bytes, beside: Callable[[str], bytes | None] = lambda name: None) -> CodeFacts:
    """Say what shape a JavaScript program has.

    Args:
        source: The program.
        beside: Gives the source of a file of the program's own by its relative name (`./x`), or None.
    """
    texts = [source.decode("utf-8", "replace")]
    readers = [_Reader(_tokens(texts[0]))]
    waiting = sorted(name for name in readers[0].imports if name.startswith("."))
    seen: set[str] = set()
    while waiting and len(readers) <= MAX_OWN_MODULES:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        more = beside(name)
        if more is not None:
            readers.append(_Reader(_tokens(more.decode("utf-8", "replace"))))
    imports = {_package(name) for reader in readers for name in reader.imports if not name.startswith((".", "/"))}
    driver = bool(imports & words.DRIVERS)
    http = bool(imports & words.JAVASCRIPT_HTTP)
    asking = {name for reader in readers for name in reader.asking_functions(driver)}
    results = [reader.shape(driver, asking) for reader in readers]
    in_loop = any(one[1] for one in results)
    hosts = [host for reader in readers for host in reader.hosts]
    parses = any(reader.parses for reader in readers)
    return CodeFacts(
        imports=tuple(sorted(name for name in imports if name)[:MAX_IMPORTS]),
        requests=any(one[0] for one in results),
        in_loop=in_loop,
        drives=in_loop and driver,
        parses=parses
        and (http or driver or bool(imports & words.JAVASCRIPT_PARSERS) or any(one[0] for one in results)),
        writes=any(reader.writes for reader in readers),
        walks=in_loop and (any(one[2] for one in results) or any(reader.links for reader in readers)),
        people=any(reader.people for reader in readers),
        own_host=words.all_own(hosts),
        looped=tuple(sorted({name for reader in readers for name in reader.looped()})[:MAX_IMPORTS]),
    )


def _tokens(text: str) -> list[tuple[str, str]]:
    """Return (kind, text) of every token; kinds are `text`, `word`, `sign`."""
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "skip"
        if kind == "skip":
            continue
        value = match[0]
        if kind == "text":
            found.append(("text", value[1:-1]))
            if value[0] == "`" and "${" in value:
                for inner in re.findall(r"\$\{([^}]*)\}", value)[:20]:
                    found += [("word", word) for word in re.findall(r"[A-Za-z_$][\w$]*", inner)]
        elif kind == "regex":
            found.append(("text", value.strip()))
        else:
            found.append((kind, value))
        if len(found) >= MAX_TOKENS:
            break
    return found


def _package(name: str) -> str:
    name = name.removeprefix("node:").removeprefix("npm:")
    parts = name.split("/")
    head = "/".join(parts[:2]) if name.startswith("@") else parts[0]
    return re.sub(r"(?<=.)@[\d^~].*$", "", head).lower()


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.imports: set[str] = set()
        self.clients: set[str] = {"fetch", "axios", "got", "undici", "needle", "superagent", "ky"}
        self.owner: dict[str, str] = {}
        """Which import a name stands for."""
        self.parses = self.writes = self.people = False
        self.hosts: list[str] = []
        grows = href = False
        for at, (kind, value) in enumerate(tokens):
            if kind == "text":
                self._import(at, value)
                self.people = self.people or words.about_people(value)
                self.hosts += words.hosts(value)
                href = href or "href" in value[:300]
            elif kind == "word":
                self.people = self.people or words.about_people(value)
                called = self._sign(at + 1) == "("
                parser = self.owner.get(value, "") in words.JAVASCRIPT_PARSERS
                self.parses = self.parses or (called and (parser or value in words.PARSE_CALLS or value == "$"))
                self.writes = self.writes or (called and value in words.WRITE_CALLS)
                grows = grows or (called and value in _GROW)
                href = href or value == "href"
        self.links = href and grows
        self.reach = self._loop_reach()

    def asking_functions(self, driver: bool) -> set[str]:
        """Return names of functions whose body makes a request."""
        found = set()
        for at, (kind, value) in enumerate(self.tokens):
            if kind != "word":
                continue
            name = ""
            if value == "function" and self._kind(at + 1) == "word":
                name = self.tokens[at + 1][1]
            elif value in ("const", "let", "var") and self._sign(at + 2) == "=":
                ahead = [text for _, text in self.tokens[at + 3 : at + 14]]
                if "=>" in ahead or "function" in ahead:
                    name = self.tokens[at + 1][1]
            if not name:
                continue
            start = next((i for i in range(at, min(at + 60, len(self.tokens))) if self._sign(i) in ("{", "=>")), None)
            if start is None:
                continue
            end = self._end(start + (self._sign(start) == "=>"))
            if any(self._asks(i, driver, set()) for i in range(start, end)):
                found.add(name)
        return found

    def shape(self, driver: bool, asking: set[str]) -> tuple[bool, bool, bool]:
        """Return (makes requests, makes them in a loop, their addresses have the number of a page)."""
        requests = in_loop = walks = False
        for at in range(len(self.tokens)):
            if not self._asks(at, driver, asking):
                continue
            requests = True
            in_loop = in_loop or self.reach[at]
            close = self._end(at + 1)
            inside = self.tokens[at + 1 : min(close, at + 60)]
            walks = walks or any(kind == "text" and words.PAGE_WORD.search(value) for kind, value in inside)
        # A function that makes requests and is named as the thing to call for each.
        for at, (kind, value) in enumerate(self.tokens):
            if kind == "word" and value in _LOOP_CALLS and self._sign(at + 1) == "(" and self._word(at + 2) in asking:
                requests = in_loop = True
        return requests, in_loop, walks

    def looped(self) -> set[str]:
        """Return the imports whose names stand inside a loop."""
        return {
            self.owner[value]
            for at, (kind, value) in enumerate(self.tokens)
            if kind == "word" and self.reach[at] and value in self.owner and not self.owner[value].startswith(".")
        }

    def _import(self, at: int, value: str) -> None:
        before = [text for _, text in self.tokens[max(0, at - 2) : at]]
        named = (before[-1:] == ["from"]) or (before[-1:] == ["import"])
        called = before in (["require", "("], ["import", "("])
        if not (named or called) or not 0 < len(value) < 200:
            return
        self.imports.add(value)
        package = _package(value)
        back = self.tokens[max(0, at - 14) : at]
        for name in reversed([text for kind, text in back if kind == "word"]):
            if name in ("import", "const", "let", "var"):
                break
            if name not in ("require", "from", "await", "default", "as"):
                self.owner[name] = package
                if package in words.JAVASCRIPT_HTTP:
                    self.clients.add(name)

    def _asks(self, at: int, driver: bool, asking: set[str]) -> bool:
        kind, value = self.tokens[at]
        if kind != "word" or self._sign(at + 1) != "(":
            return False
        if self._sign(at - 1) == ".":
            owner = self._word(at - 2)
            if value in ("get", "post", "request", "fetch") and owner in self.clients:
                return True
            return driver and value in _DRIVER_VERBS and (value != "get" or owner in ("driver", "browser"))
        if self._word(at - 1) == "function":
            return False
        return value in self.clients or value in asking

    def _loop_reach(self) -> list[bool]:
        """Return for every token whether it stands inside a loop."""
        reach = [False] * len(self.tokens)
        until = 0
        for at, (kind, value) in enumerate(self.tokens):
            if kind == "word" and self._sign(at - 1) != "." and value in _LOOP_WORDS:
                end = self._end(at + 1)
                if value != "do":
                    end = self._end(end)
                until = max(until, end)
            elif kind == "word" and value in _LOOP_CALLS and self._sign(at + 1) == "(":
                until = max(until, self._end(at + 1))
            reach[at] = at < until
        return reach

    def _end(self, at: int) -> int:
        """Return where the bracket that opens at `at` is closed, or where the statement there ends."""
        pairs = {"(": ")", "{": "}", "[": "]"}
        while self._word(at) in ("await", "async"):
            at += 1
        depth = 0
        bracketed = self._sign(at) in pairs
        for i in range(at, len(self.tokens)):
            sign = self._sign(i)
            if sign in pairs:
                depth += 1
            elif sign in pairs.values():
                depth -= 1
                if depth < 0:
                    return i
                if depth == 0 and bracketed:
                    return i + 1
            elif sign == ";" and depth == 0:
                return i + 1
        return len(self.tokens)

    def _kind(self, at: int) -> str:
        return self.tokens[at][0] if 0 <= at < len(self.tokens) else ""

    def _sign(self, at: int) -> str:
        return self.tokens[at][1] if self._kind(at) == "sign" else ""

    def _word(self, at: int) -> str:
        return self.tokens[at][1] if self._kind(at) == "word" else ""
