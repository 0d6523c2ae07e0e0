"""Reads shell scripts and says what shape they have: loops around programs that fetch, and what is done with the pages.

`shell_commands.py` takes a script apart into simple commands. Here every command that fetches is asked: does it stand
in a loop (also `xargs`, `parallel`, `find -exec`, a list or a range in its own address), does its address change from
turn to turn, where does its output go? A poll of one address, a look at status codes and a post are told apart. Code
in here-documents and behind `python -c` is handed to the reader of its language, and what it says is joined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from agent.detection.identify.parse import hints
from agent.detection.identify.parse import vocabulary as words
from agent.detection.identify.parse.facts import LISTS, CodeFacts
from agent.detection.identify.parse.shell_commands import Command, Loop, commands_of, pipe_of

MAX_RUNS = 50
MAX_EMBEDDED = 6
MAX_OPENED = 100_000
FETCHERS = words.SHELL_FETCHERS | {
    "https",
    "xhs",
    "elinks",
    "links",
    "axel",
    "lwp-request",
    "httpie",
    "curlie",
    "fetch",
}
_LANGUAGES = {
    "python": "python",
    "pypy": "python",
    "node": "javascript",
    "bun": "javascript",
    "deno": "javascript",
    "perl": "perl",
    "ruby": "ruby",
    "php": "php",
    "rscript": "r",
    "lua": "lua",
    "bash": "shell",
    "sh": "shell",
}
_CODE_OPTIONS = frozenset(["-c", "-e", "-r", "-E", "-ne", "-pe", "-lne", "-p", "--eval", "-le", "-nle"])
_LAUNCHERS = {
    "sudo": ("-u", "-g"),
    "nohup": (),
    "nice": ("-n",),
    "ionice": ("-c", "-n"),
    "timeout": ("-k", "-s"),
    "env": ("-u", "-C"),
    "exec": (),
    "command": (),
    "time": ("-f", "-o"),
    "proxychains": ("-f",),
    "proxychains4": ("-f",),
    "torsocks": (),
    "torify": (),
    "setsid": (),
    "stdbuf": ("-o", "-i", "-e"),
    "xvfb-run": ("-s", "-n"),
    "caffeinate": (),
    "retry": (),
}
_SPREADS = {
    "xargs": ("-n", "-P", "-I", "-L", "-d", "-s", "-a", "--max-procs", "--max-args", "--replace"),
    "parallel": ("-j", "--jobs", "-N", "--delay", "--joblog", "-a", "--colsep", "-C", "--retries", "--timeout", "-I"),
}
"""Programs that start another one for each line they are given; options that take a value."""
_BUILTINS = frozenset(
    [
        *(
            "echo",
            "printf",
            "cd",
            "test",
            "[",
            "[[",
            "true",
            "false",
            "read",
            "export",
            "set",
            "local",
            "return",
            "exit",
        ),
        *(
            "sleep",
            "wait",
            "trap",
            "shift",
            "declare",
            "typeset",
            "readonly",
            "unset",
            "source",
            ".",
            ":",
            "eval",
            "let",
        ),
        *(
            "break",
            "continue",
            "mapfile",
            "readarray",
            "getopts",
            "pushd",
            "popd",
            "umask",
            "type",
            "hash",
            "done",
            "kill",
        ),
    ]
)
_TAKES_APART = frozenset(
    ["pup", "htmlq", "hxselect", "hxnormalize", "hxextract", "xidel", "html2text", "hq", "xq", "cascadia"]
)
_FINDS = frozenset(["grep", "egrep", "rg", "ggrep", "ugrep", "ag"])
_EDITS = frozenset(["sed", "awk", "gawk", "perl", "cut", "gsed", "mawk", "tr", "python3", "python", "ruby"])
_DISCARDED = frozenset(["/dev/null", "/dev/stdout", "/dev/stderr", "-", "NUL"])
_SAVES = frozenset(
    ["-o", "-O", "--output", "-P", "--output-document", "--remote-name", "-d", "--directory-prefix", "-OJ"]
)
_SENDS = re.compile(r"-d|--data.*|-F|--form|-T|--upload-file|--post-data.*|--post-file.*|--json|-XPOST|-XPUT|-XDELETE")
_METHODS = frozenset(["POST", "PUT", "PATCH", "DELETE"])
_RAW = frozenset(["nc", "ncat", "netcat", "telnet", "socat", "openssl"])
_NAME = re.compile(r"[A-Za-z_][\w@.+-]{0,60}")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*|[1-9@*])|(\{\d*\}|\$\(\))")
_GLOB = re.compile(r"://\S*(?:\[\d+-\d+(?::\d+)?\]|\[[a-z]-[a-z]\]|\{[^{}$]+,[^{}]+\}|\{\d+\.\.\d+\})")
_MOST_ADDRESSES = 4000
_LIST_MAKERS = frozenset(
    ["cat", "cut", "awk", "sort", "uniq", "head", "tail", "jq", "shuf", "tac", "grep", "csvcut", "zcat"]
)
_FILE_ENDING = re.compile(
    r"\.(?:zip|tar|t?gz|bz2|xz|zst|7z|parquet|csv|whl|deb|rpm|iso|bin|exe|msi|dmg|jar|apk|img|sha256|asc|sig|patch|ya?ml|toml"
    r"|gguf|safetensors|nc|grib2?|tiff?|sql|conf|repo|list|gpg|key|pem|crt|po|json|sh)\b[^/]*$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Fetch:
    """One command that fetches.

    Attributes:
        name: Its program.
        words: Its arguments.
        looped: It is done again and again.
        few: What it asks for does not change, or is a short list in the script itself.
        counts: Its address is counted up.
        lists: It works through a list from elsewhere.
        head: It only asks whether something is there.
        sends: It hands something over.
        saves: Its answer is kept in a file.
    """

    name: str
    words: list[str]
    looped: bool = False
    few: bool = False
    counts: bool = False
    lists: bool = False
    head: bool = False
    sends: bool = False
    saves: bool = False


@dataclass(frozen=True, slots=True)
class _Embedded:
    """Code of another language: its text, or the script of the person's own that holds it."""

    language: str
    code: str = ""
    script: str = ""
    in_loop: bool = False
    varies: bool = False


@dataclass(slots=True)
class _Found:
    runs_in_loop: set[str] = field(default_factory=set)
    fetches: list[_Fetch] = field(default_factory=list)
    embedded: list[_Embedded] = field(default_factory=list)


def read(
    source: bytes,
    beside: Callable[[str], bytes | None] = lambda name: None,
    embedded: Callable[[str, bytes], CodeFacts | None] = lambda language, code: None,
) -> CodeFacts:
    """Say what shape a shell script has.

    Args:
        source: The script.
        beside: Gives the source of a file of the script's own (`source ./lib.sh`), or None.
        embedded: Reads code of another language that stands in the script.
    """
    text = source.decode("utf-8", "replace")
    found = commands_of(text)
    for command in list(found)[:500]:
        if command.words[0] in ("source", ".") and len(command.words) > 1 and len(text) < 1_000_000:
            more = beside(command.words[1].removeprefix("$(dirname $0)/").removeprefix("$DIR/"))
            if more is not None:
                found = commands_of(more.decode("utf-8", "replace")) + found
                break
    script = _Script(found)
    facts = script.facts()
    for one in script.found.embedded:
        code = beside(one.script) if one.script else one.code.encode("utf-8", "replace")
        inner = embedded(one.language, code) if code is not None else None
        if inner is not None:
            facts = _joined(facts, _repeated(inner, one))
    return facts


class _Script:
    def __init__(self, commands: list[Command]) -> None:
        self.commands = [one for command in commands for one in _opened(command)]
        self.functions: dict[str, list[Command]] = {}
        for command in self.commands:
            if command.function:
                self.functions.setdefault(command.function, []).append(command)
        self.changing = self._changing()
        self.raw = any(
            one.words[0] in _RAW or any("/dev/tcp/" in target for target in (*one.into, *one.reads))
            for one in self.commands
        )
        """It speaks to a server over a bare connection."""
        self.found = _Found()
        self.calls = self._loops_of_calls()

    def facts(self) -> CodeFacts:
        for command in self.commands:
            self._look(command)
        every = {word for command in self.commands for word in (*command.words, command.here[:2000]) if word}
        text = [word[:4000] for word in every]
        fetches = self.found.fetches
        looped = [one for one in fetches if one.looped]
        direct = [one for one in looped if not one.head]
        in_loop = bool(looped)
        takes = in_loop and self._takes_apart()
        interface = any(command.words[0] in ("jq", "gron", "jello", "fx") for command in self.commands)
        keeps = any(one.saves for one in looped) or (in_loop and self._keeps())
        follows = in_loop and self._follows()
        few = in_loop and all(one.few for one in looped)
        paged = any(self._paged(one) for one in direct)
        hosts = [host for word in text for host in words.hosts(word)]
        fetched = [word for one in fetches for word in one.words]
        saved = [one for one in looped if one.saves and not one.head]
        return CodeFacts(
            imports=tuple(sorted({one.name for one in fetches})),
            requests=bool(fetches),
            in_loop=in_loop,
            parses=takes,
            writes=keeps,
            walks=in_loop and not few and (follows or paged),
            people=any(words.about_people(word) for word in text),
            own_host=words.all_own(hosts),
            platforms=tuple(sorted(set().union(*(words.platforms(word) for word in text)))) if text else (),
            searches=in_loop and any(words.asks_search(word) for word in text if "." in word),
            token=any(words.has_token(word) for word in fetched if len(word) < 400),
            api=bool(fetches) and not takes and (interface or any(map(hints.API_PLACE.search, fetched))),
            feeds=any(words.FEED.search(word) for word in fetched) or _reads_feeds(text),
            heads=bool(fetches) and all(one.head for one in (looped or fetches)),
            tests=any(word in ("bats", "shunit2", "assert_equals", "@test", "run_test") for word in every),
            downloads=bool(saved),
            runs_in_loop=tuple(sorted(self.found.runs_in_loop)[:MAX_RUNS]),
            follows=follows,
            lists=any(one.lists and not one.few for one in looped),
            few=few,
            contacts=takes and any(words.EMAIL_PATTERN.search(w) or words.PHONE_PATTERN.search(w) for w in text),
            media=bool(saved) and any(words.MEDIA.search(word) for word in text),
            hides=any(words.HIDES.search(word) for word in text),
            sends=bool(looped) and all(one.sends for one in looped),
            says_so=any(words.SAYS_SO.search(word) for word in text),
        )

    # Loops and what changes in them

    def _changing(self) -> set[str]:
        """Return the variables that are another thing the next time: of loops, assigned in loops, and arguments."""
        found = {"1", "2", "3", "@", "*"}
        for command in self.commands:
            for loop in command.loops:
                found |= _variables_of(loop)
            if command.loops or command.function:
                for word in command.words:
                    match = re.match(r"([A-Za-z_]\w*)\+?=", word)
                    if match:
                        found.add(match[1])
                if command.words[0] in ("let", "read"):
                    found |= {word.split("=")[0].rstrip("+") for word in command.words[1:] if word[:1].isalpha()}
        return found

    def _loops_of_calls(self) -> dict[str, tuple[Loop, ...]]:
        """Return for every function the loops that it is called in."""
        found: dict[str, tuple[Loop, ...]] = {}
        for _ in range(3):
            before = dict(found)
            for command in self.commands:
                _, rest, spread = _program(command.words)
                name = rest[0] if rest else ""
                if name in self.functions:
                    loops = (*command.loops, *found.get(command.function, ()))
                    if spread:
                        loops = (*loops, Loop("xargs", [], ["@"], body=True))
                    if loops and command.function != name:
                        found[name] = loops
            if found == before:
                break
        return found

    def _look(self, command: Command) -> None:
        name, rest, spread = _program(command.words)
        if not name:
            return
        loops = (*command.loops, *self.calls.get(command.function, ()))
        in_loop = bool(spread or (loops and not command.head) or (command.head and len(command.loops) > 1))
        for program in (*((name,) if in_loop else ()), *_handed(rest)):
            if _NAME.fullmatch(program) and program not in _BUILTINS and program not in self.functions:
                self.found.runs_in_loop.add(program)
        self._embed(command, name, rest, in_loop)
        if name in FETCHERS:
            self.found.fetches.append(self._fetch(command, name, rest[1:], loops, spread))
        if name in ("printf", "echo") and self.raw and any(word.startswith("GET /") for word in rest):
            self.found.fetches.append(self._fetch(command, "nc", rest[1:], loops, spread))
        if name == "find" and "-exec" in rest:
            inner = rest[rest.index("-exec") + 1 :]
            if inner[:1] and inner[0] in FETCHERS:
                self.found.fetches.append(_Fetch(inner[0], inner[1:], looped=True, lists=True))

    def _fetch(self, command: Command, name: str, rest: list[str], loops: tuple[Loop, ...], spread: str) -> _Fetch:
        one = _Fetch(name, rest)
        given = " ".join(rest)
        from_list = bool(
            (name.startswith("wget") and _option(rest, "-i", "--input-file"))
            or (name == "curl" and _option(rest, "-K", "--config"))
            or (name == "aria2c" and _option(rest, "-i", "--input-file"))
            or (name == "axel" and "-i" in rest)
        )
        # Cut: in a text of nothing but `://` these would look at the rest of it from each.
        addresses = given[:_MOST_ADDRESSES]
        globbed = name == "curl" and _GLOB.search(addresses) is not None
        braced = re.search(r"://\S*\{\d+\.\.\d+\}", addresses) is not None
        one.head = _only_asks(name, rest, command)
        one.sends = any(_SENDS.fullmatch(word) for word in rest) or bool(_METHODS & set(rest))
        one.sends = one.sends and not re.search(r"(?i)page|cursor|offset|search|query", given)
        changes = {match[1] or "{}" for match in _VARIABLE.finditer(given)}
        varies = bool(changes & self.changing) or "{}" in changes
        if spread:
            one.looped = True
            one.lists = True
            one.counts = any(one.words[0] in ("seq", "jot") for one in pipe_of(command)) or any(
                inside.words[:1] == ["seq"] or word.startswith("{")
                for inside in (*command.inner, command)
                for word in inside.words[-1:]
            )
            one.few = not one.counts and _short(command)
        elif from_list or globbed or braced:
            one.looped = True
            one.lists = from_list
            one.counts = globbed or braced
            one.few = globbed and not re.search(r"\[\d+-\d{2,}|\[[a-z]-[a-z]\]", given) and not one.saves
        elif loops and not (command.head and len(loops) == len(command.loops) == 1):
            retry = any(hints.RETRY.search(word) for loop in loops for word in (*loop.head, *_variables_of(loop)))
            one.looped = not retry
            used = [loop for loop in loops if _variables_of(loop) & changes] or list(loops)
            one.counts = varies and any(_counts(loop) for loop in used)
            one.lists = varies and any(_from_list(loop) for loop in used)
            one.few = not varies or all(_few(loop) for loop in used)
        one.saves = self._saved(command, name, rest)
        return one

    def _saved(self, command: Command, name: str, rest: list[str]) -> bool:
        if any(target not in _DISCARDED and not target.startswith("&") for target in command.into):
            return True
        if name.startswith("wget"):
            return _document(rest) not in _DISCARDED
        for at, word in enumerate(rest):
            if word in _SAVES or re.fullmatch(r"-[sSLkfgRJ]*[oO]", word):
                if name == "curl" and word == "-d":
                    continue
                target = rest[at + 1] if at + 1 < len(rest) else ""
                return target not in _DISCARDED
            if word.startswith(("-O", "-o")) and name.startswith("curl"):
                return word[2:] not in _DISCARDED
        return name in ("aria2c", "axel")

    def _paged(self, one: _Fetch) -> bool:
        given = " ".join(one.words)
        if _FILE_ENDING.search(given.split("?")[0]) and "page" not in given.lower():
            return False
        if one.counts:
            return True
        if hints.NEXT.search(given):
            return True
        for match in _VARIABLE.finditer(given):
            if words.PAGE_WORD.search(given[max(0, match.start() - 40) : match.start()]):
                return True
        return False

    def _follows(self) -> bool:
        """Return whether the next address is taken out of an answer: a variable that is set from one and asked for."""
        answers: set[str] = set()
        for command in self.commands:
            match = re.match(r"([A-Za-z_]\w*)=", command.words[0])
            inner = [one for inside in command.inner for one in pipe_of(inside)]
            if match and any(
                _program(one.words)[0] in FETCHERS
                or any(
                    f"${name}" in word or f"${{{name}" in word for name in answers for word in (*one.words, one.here)
                )
                for one in inner
            ):
                answers.add(match[1])
        asked = {
            m[1]
            for one in self.found.fetches
            if one.looped and not one.few
            for m in _VARIABLE.finditer(" ".join(one.words))
        }
        over = {
            match[1]
            for command in self.commands
            for loop in command.loops
            for word in (*loop.head, *loop.fed)
            for match in _VARIABLE.finditer(word)
        }
        looped = any(
            _program(word.split())[0] in FETCHERS
            for command in self.commands
            for loop in command.loops
            for word in (*loop.head, *loop.fed)
        )
        return bool(answers & (asked | over)) or (looped and bool(self.found.fetches))

    # What becomes of the answers

    def _takes_apart(self) -> bool:
        for command in self.commands:
            name, rest, _ = _program(command.words)
            if name in _TAKES_APART or (
                name in ("xmllint", "xsltproc", "xmlstarlet") and ("--html" in rest or "sel" in rest)
            ):
                return True
            if name in _FINDS and any(re.match(r"-[a-zA-Z]*[oP]", word) or word == "--only-matching" for word in rest):
                return True
            if name in _EDITS and any(hints.MARKUP_PATTERN.search(word[:600]) for word in rest[1:]):
                return True
            if name == "[[" and "=~" in rest and any(hints.MARKUP_PATTERN.search(word) for word in rest):
                return True
            if name in ("lynx", "w3m", "elinks") and ("-dump" in rest or "-listonly" in rest):
                return True
        return False

    def _keeps(self) -> bool:
        for command in self.commands:
            if not (command.loops or command.function):
                continue
            if any(target not in _DISCARDED and not target.startswith("&") for target in command.into):
                return True
            if command.words[0] in ("tee", "sqlite3", "psql", "mysql"):
                return True
        loops = [one for command in self.commands if command.words[0] == "done" for one in command.into]
        return any(target not in _DISCARDED for target in loops)

    def _embed(self, command: Command, name: str, rest: list[str], in_loop: bool) -> None:
        language = _LANGUAGES.get(re.sub(r"[\d.]+$", "", name.lower()), "")
        if len(self.found.embedded) >= MAX_EMBEDDED:
            return
        varies = bool({match[1] for match in _VARIABLE.finditer(" ".join(rest))} & self.changing)
        if language and command.here and not any(not word.startswith("-") for word in rest[1:2]):
            self.found.embedded.append(_Embedded(language, command.here, "", in_loop))
        elif language:
            for at, word in enumerate(rest[:-1]):
                if word in _CODE_OPTIONS:
                    self.found.embedded.append(_Embedded(language, rest[at + 1], "", in_loop, varies))
                    return
            script = next((word for word in rest[1:] if not word.startswith("-")), "")
            if re.fullmatch(r"[\w./-]+\.(?:py|m?js|ts|rb|pl|php|R|lua)", script) and not script.startswith("/"):
                self.found.embedded.append(_Embedded(language, "", script, in_loop, varies))
        elif name in ("cat", "tee") and command.here:
            for target in (*command.into, *rest[1:]):
                ending = target.rsplit(".", 1)[-1] if "." in target else ""
                kind = {"py": "python", "js": "javascript", "mjs": "javascript", "rb": "ruby", "php": "php"}.get(
                    ending, ""
                )
                if kind:
                    self.found.embedded.append(_Embedded(kind, command.here))


def _repeated(inner: CodeFacts, one: _Embedded) -> CodeFacts:
    """Return what code says that a loop of the script runs again and again."""
    if one.in_loop and inner.requests and not inner.in_loop:
        return replace(inner, in_loop=True, few=not one.varies, lists=one.varies)
    return inner


def _joined(facts: CodeFacts, inner: CodeFacts) -> CodeFacts:
    """Join what code of another language inside the script says."""
    joined: dict[str, Any] = {}
    for one in fields(CodeFacts):
        ours, theirs = getattr(facts, one.name), getattr(inner, one.name)
        if one.name in LISTS:
            joined[one.name] = tuple(sorted({*ours, *theirs}))
        elif one.name in ("few", "heads", "sends", "own_host", "tests", "serves", "feeds"):
            # These take away: they hold for the whole only where they hold for each part that asks.
            joined[one.name] = (ours or not facts.requests) and (theirs or not inner.requests)
        else:
            joined[one.name] = ours or theirs
    return CodeFacts(**joined)


def _opened(command: Command) -> Iterator[Command]:
    """Yield a command, or those that stand in a text it is given: `parallel "…"`, `xargs sh -c '…'`, `bash -c '…'`."""
    _, rest, spread = _program(command.words)
    code = ""
    if rest[:1] and rest[0] in ("sh", "bash", "zsh", "dash"):
        at = next((i for i, word in enumerate(rest) if re.fullmatch(r"-[a-z]*c", word)), len(rest))
        code = rest[at + 1] if at + 1 < len(rest) else ""
    elif spread or rest[:1] == ["eval"] or rest[:1] == ["watch"]:
        code = next((word for word in command.words[1:] if re.search(r"\w \S", word) and not word.startswith("-")), "")
    if not code or len(code) > MAX_OPENED:
        yield command
        return
    loops = command.loops
    if spread:
        fed = [word for one in pipe_of(command)[1:] for word in one.words]
        fed += command.words[command.words.index(":::") + 1 :] if ":::" in command.words else []
        loops = (*loops, Loop("xargs", [], fed, body=True))
    for one in commands_of(code):
        one.loops = (*loops, *one.loops)
        one.function = one.function or command.function
        yield one


def _reads_feeds(text: list[str]) -> bool:
    """Return whether at least two different words of feeds stand in a script."""
    return len({match[0].lower().strip("/s") for word in text for match in words.FEED.finditer(word)}) > 1


def _program(given: list[str]) -> tuple[str, list[str], str]:
    """Return the program a command starts, its words from the program on, and what spreads it over many, if any."""
    left = list(given)
    spread = ""
    for _ in range(8):
        while left and re.match(r"[A-Za-z_]\w*\+?=", left[0]):
            left.pop(0)
        if not left:
            return "", [], spread
        name = left[0].rsplit("/", 1)[-1]
        options = _LAUNCHERS.get(name)
        if options is None and name in _SPREADS:
            options, spread = _SPREADS[name], name
        if options is None:
            return name, left, spread
        left = _skip(left[1:], options, name)
    return "", [], spread


def _skip(left: list[str], options: tuple[str, ...], name: str) -> list[str]:
    i = 0
    while i < len(left):
        word = left[i]
        if word in options:
            i += 2
        elif (
            word.startswith("-")
            or (name == "env" and "=" in word)
            or (name == "timeout" and re.fullmatch(r"[\d.]+[smhd]?|\$\w+", word))
        ):
            i += 1
        else:
            break
    return left[i:]


def _document(rest: list[str]) -> str:
    """Return the file that wget is told to write (`-O x`, `-qO x`, `-qOx`, in words as well), or empty."""
    for at, word in enumerate(rest):
        match = re.fullmatch(r"(?:-[A-Za-z46]*?O|--output-document(?:=|$))(.*)", word, re.DOTALL)
        if match:
            return match[1] or (rest[at + 1] if at + 1 < len(rest) else "")
    return ""


def _handed(rest: list[str]) -> Iterator[str]:
    """Yield the program that `find -exec` or `watch` starts again and again."""
    for option in ("-exec", "-execdir"):
        if rest[:1] == ["find"] and option in rest[:-1]:
            yield rest[rest.index(option) + 1].rsplit("/", 1)[-1]


def _option(rest: list[str], short: str, long: str) -> bool:
    return any(word == short or word.startswith((long, short)) for word in rest)


def _only_asks(name: str, rest: list[str], command: Command) -> bool:
    if {"-I", "--head", "--spider"} & set(rest) or any(
        re.fullmatch(r"-[a-zA-Z]*I[a-zA-Z]*", w) for w in rest if name == "curl"
    ):
        return True
    if any("http_code" in word or "time_total" in word or "response_code" in word for word in rest):
        return True
    thrown = set(command.into) & _DISCARDED or any(
        rest[at + 1 : at + 2] in (["/dev/null"], ["-"]) and word in ("-o", "-O") for at, word in enumerate(rest)
    )
    return bool(thrown and "/dev/null" in (*command.into, *rest)) or "-O/dev/null" in rest


def _variables_of(loop: Loop) -> set[str]:
    if loop.kind in ("for", "select", "foreach") and loop.head:
        first = loop.head[0]
        counted = re.match(r"\(\(\s*([A-Za-z_]\w*)", first)
        return {counted[1]} if counted else {first}
    found: set[str] = set()
    if "read" in loop.head:
        found |= {word for word in loop.head[loop.head.index("read") + 1 :] if re.fullmatch(r"[A-Za-z_]\w*", word)}
        found = found or {"REPLY"}
    if loop.kind == "xargs":
        found |= {"1", "@", "{}"}
    return found | {m[1] for word in loop.head for m in _VARIABLE.finditer(word) if m[1]}


def _counts(loop: Loop) -> bool:
    """Return whether a loop counts: `$(seq 1 9)`, `{1..9}`, `((i=0; …))`, `while [ $i -lt 9 ]`, `seq 9 | …`."""
    if loop.kind in ("while", "until") and "read" not in loop.head:
        compares = any(word in ("-lt", "-le", "-gt", "-ge", "-ne", "<", "<=") for word in loop.head)
        return compares or any(word.startswith("((") for word in loop.head)
    spoken = (*loop.head[:1], *loop.head[2:], *loop.fed)
    return any(word in ("seq", "jot") or word.startswith("((") or re.match(r"\{\d+\.\.", word) for word in spoken)


def _from_list(loop: Loop) -> bool:
    """Return whether a loop runs over lines, an array or what the script was given."""
    if "seq" in loop.fed or "seq" in loop.head:
        return False
    if loop.kind in ("while", "until"):
        return "read" in loop.head
    spoken = [*loop.head[2:], *loop.fed]
    return loop.kind == "xargs" or any(
        word in _LIST_MAKERS or "[@]" in word or word in ("$@", "$*") or word.startswith("$(<") for word in spoken
    )


def _few(loop: Loop) -> bool:
    """Return whether a loop runs over a short list in the script itself."""
    if loop.kind == "xargs":
        return loop.fed[:1] in (["echo"], ["printf"]) and len(loop.fed) <= hints.FEW and "$" not in "".join(loop.fed)
    spoken = loop.head[2:]
    if loop.kind not in ("for", "select", "foreach") or not spoken:
        return False
    if _counts(loop):
        return re.fullmatch(r"\{\d\.\.\d\}", spoken[0]) is not None
    return len(spoken) <= hints.FEW and not any("$" in word or "*" in word for word in spoken)


def _short(command: Command) -> bool:
    """Return whether what is spread over a program is a short list in the script itself (`echo a b c | xargs`)."""
    before = pipe_of(command)[1:]
    if ":::" in command.words:
        given = command.words[command.words.index(":::") + 1 :]
        return len(given) <= hints.FEW and not any("$" in word or "{" in word for word in given)
    if not before or any(one.words[0] not in ("echo", "printf", "tr") for one in before):
        return False
    return not any("$" in word for one in before for word in one.words)
