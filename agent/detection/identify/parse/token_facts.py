"""Says what shape a program has, from its structure (`token_shape.py`): the same facts in every language.

What is asked for in loops, and whether it changes from turn to turn; what becomes of the answers; and what else the
program is: a test, a server, a reader of feeds, a check. Every attribute means what `CodeFacts` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from agent.detection.identify.parse import commands, hints
from agent.detection.identify.parse import vocabulary as words
from agent.detection.identify.parse.facts import MAX_IMPORTS, CodeFacts
from agent.detection.identify.parse.grammar import Grammar, among
from agent.detection.identify.parse.token_shape import TIMERS, TokenShape
from agent.detection.identify.parse.tokens import Tokens

MAX_RUNS = 50
WEAK_WORDS = 3
"""So many different weaker words about people, where pages are taken apart, count as one strong one."""
_NOT_FILES = frozenset(["res", "response", "stdout", "stderr", "req", "process", "reply", "socket", "ws", "out", "w"])
_FILES = frozenset(
    ["js", "mjs", "ts", "json", "csv", "txt", "html", "xml", "css", "py", "rb", "php", "lua", "log", "jpg", "png", "db"]
)
_CLICKS = frozenset(
    ["click", "$", "locator", "getbyrole", "findelement", "find_element", "getbytext", "click_on", "click_link", "css"]
)
_MATCHES = frozenset(
    [
        *(
            "match",
            "matchall",
            "exec",
            "scan",
            "preg_match",
            "preg_match_all",
            "gmatch",
            "select-string",
            "str_extract",
        ),
        *(
            "matches",
            "gregexpr",
            "str_match",
            "findallstring",
            "findallstringsubmatch",
            "matcher",
            "str_match_all",
            "regmatches",
            "mustcompile",
        ),
        *("str_extract_all", "compile", "test", "m", "regex"),
    ]
)
_WITH_PARSER = frozenset(
    ["find", "$", "each", "search", "at", "css", "load", "html", "filter", "text", "attr", "select"]
)
_LISTENS = frozenset(["createserver", "listenandserve", "listen", "start_polling", "startpolling"])
_NEXT_KEYS = frozenset(words.PAGE_KEYS - {"p", "start", "skip", "page", "offset", "after", "next"})
_HOST = re.compile(r"(?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24}(?:/.*)?", re.IGNORECASE | re.DOTALL)
_LITERAL = re.compile(r"/(?!\^).+/[a-z]*$", re.DOTALL)
"""A regular expression between slashes that is not anchored: one that looks for something in a longer text."""
_MAIL_WORD = re.compile(r"e-?mail|phone|contact", re.IGNORECASE)


def facts_of(tokens: Tokens, grammar: Grammar, imports: Iterable[tuple[str, tuple[str, ...]]]) -> CodeFacts:
    """Say what shape a program has.

    Args:
        tokens: The program, its own modules appended.
        grammar: Its language.
        imports: What it imports: the library's name, and the names that stand for it in the program.
    """
    return _Facts(TokenShape(tokens, grammar, imports)).facts()


class _Facts:
    def __init__(self, shape: TokenShape) -> None:
        self.s = shape
        self.t = shape.t
        self.g = shape.g
        self.texts = {value for kind, value in zip(shape.t.kinds, shape.t.values, strict=True) if kind == "t"}
        self.near = [text[: hints.MAX_TEXT] for text in self.texts]
        self.names = {value for kind, value in zip(shape.t.kinds, shape.t.values, strict=True) if kind == "w"}
        self.low = {name.lower() for name in self.names}
        self.called = self._called()

    def facts(self) -> CodeFacts:
        s, g = self.s, self.g
        repeated = [(at, s.turn(at, varies)) for at, varies, _ in s.asks]
        looped = [at for at, turn in repeated if turn]
        runs, runs_in_loop = self._runs()
        scrolls = s.driver and self._scrolls()
        clicks = s.driver and self._clicks()
        calls = self._looped()
        client = {words.PLATFORM_LIBRARIES[name] for name in s.imports if name in words.PLATFORM_LIBRARIES}
        client |= {key for name, key in g.clients.items() if name in s.libraries and key in self.low}
        crawls = bool(self.called & g.follows) and (s.http or s.driver)
        crawls = crawls or any(among(name, g.crawlers) for name in s.libraries)
        handed = s.handed_over()
        again = s.recursive()
        pages_client = bool(words.PLATFORM_LIBRARIES.keys() & set(calls))
        fetched = bool(words.SHELL_FETCHERS & set(runs_in_loop))
        in_loop = bool(looped or again or handed or scrolls or clicks or crawls or pages_client or fetched)
        requests = bool(s.asks or pages_client or words.SHELL_FETCHERS & set(runs)) or crawls
        apart = self._takes_apart() and (requests or s.http or s.driver)
        follows = in_loop and (crawls or clicks or self._follows(looped))
        lists = in_loop and self._lists(looped)
        few = bool(looped) and not (handed or again or scrolls or clicks or follows or lists or pages_client)
        few = few and all(turn == "few" for _, turn in repeated if turn)
        walks = in_loop and not few and (follows or scrolls or again or self._paging(looped))
        hosts = [host for text in self.texts for host in (words.hosts(text) or _bare_host(text))]
        writes = self._writes()
        addresses = [text for text in self.near if len(text) > 3 and "." in text]
        downloads = in_loop and self._downloads(writes=writes)
        direct = [sends for at, _, sends in s.asks if self.t.low[at] not in s.asking]
        serves = self._serves()
        if serves and self.called & TIMERS and not self.called & _LISTENS and walks and apart:
            # A crawl that a timer starts waits for nobody.
            serves = False
        mails = any(among(name, words.MAIL_LIBRARIES | g.mailers) for name in s.libraries)
        return CodeFacts(
            imports=tuple(sorted(name for name in s.imports if name and len(name) < 100)[:MAX_IMPORTS]),
            requests=requests,
            in_loop=in_loop,
            drives=in_loop and s.driver,
            parses=apart,
            writes=writes,
            walks=walks,
            people=self._people(pages=apart or s.driver, mails=mails),
            own_host=words.all_own(hosts),
            looped=calls,
            platforms=tuple(sorted(client.union(*(words.platforms(text) for text in addresses)))),
            searches=in_loop and (any(map(words.asks_search, addresses)) or bool(words.SEARCH_LIBRARIES & set(calls))),
            token=any(words.has_token(text) for text in self.near if len(text) < 120)
            or any(words.has_token(name) for name in self.names),
            api=requests and not apart and self._interface(),
            feeds=any(among(name, g.feeds) or name in words.FEED_LIBRARIES for name in s.libraries)
            or (bool(self.called & g.reads_xml) and any(words.FEED.search(text) for text in self.near)),
            heads=bool(direct) and not apart and self._heads(),
            tests=self._tests(collects=in_loop and writes),
            serves=serves,
            downloads=downloads,
            runs_in_loop=runs_in_loop,
            follows=follows,
            lists=lists,
            few=few,
            contacts=apart and any(map(words.asks_contacts, self.near)),
            media=downloads and any(words.MEDIA.search(one) for one in (*self.near, *self.names)),
            hides=bool(s.libraries & words.EVASION)
            or any(words.HIDES.search(one) for one in (*self.near, *self.names, *s.libraries)),
            scrolls=scrolls,
            sends=bool(direct) and in_loop and not walks and not apart and all(direct),
            says_so=any(words.SAYS_SO.search(words.CAMEL.sub("_", one)) for one in (*self.near, *self.names)),
            tells=any(map(words.tells_to_gather, self.near)),
        )

    def _called(self) -> set[str]:
        t, bare = self.t, self.g.bare_calls
        return {
            t.low[at]
            for at in range(len(t))
            if t.kinds[at] == "w" and (bare or t.sign(at + 1) in ("(", "<") or t.kinds[at + 1 : at + 2] == ["t"])
        }

    # Loops of a driven browser, and where what is asked for comes from

    def _scrolls(self) -> bool:
        t = self.t
        for at in range(len(t)):
            if not self.s.turns[at][0]:
                continue
            if t.kinds[at] == "w" and (
                t.low[at] in hints.SCROLLS or t.low[at].startswith(("autoscroll", "scrolldown"))
            ):
                return True
            if t.kinds[at] == "t" and "scroll" in t.low[at][:300]:
                return True
        return False

    def _clicks(self) -> bool:
        t = self.t
        for at in range(len(t)):
            if t.kinds[at] != "w" or not self.s.turns[at][0] or t.low[at] not in _CLICKS:
                continue
            start, end = self.s.arguments(at)
            if any(hints.NEXT_SELECTOR.search(t.text(i)[:300]) for i in range(start, end)):
                return True
            if any(hints.NEXT.search(t.values[i]) for i in range(max(0, at - 3), end) if t.kinds[i] == "w"):
                return True
        return False

    def _follows(self, looped: list[int]) -> bool:
        """Return whether addresses or names out of earlier answers are asked for next."""
        t, g = self.t, self.g
        held = self.s.holding(g.parses | g.reads_json | set(self.s.asking))
        if any(loop.over & held and not loop.counts for at in looped for loop in self.s.around(at)):
            return True
        href = "href" in self.low or any("href" in text for text in self.near)
        grows = any(t.word(at) in g.grows and t.sign(at - 1) == "." for at in range(len(t)))
        if href and any(t.low[at] in ("visit", "follow", "follow_link") for at in looped):
            return True
        return bool(looped) and href and (grows or bool(self.low & g.grows and g.bare_calls))

    def _lists(self, looped: list[int]) -> bool:
        held = self.s.holding(set(hints.GIVES_LIST)) | hints.GIVES_LIST
        return any(loop.over & held for at in looped for loop in self.s.around(at))

    def _paging(self, looped: list[int]) -> bool:
        """Return whether the addresses go from page to page: by number, by a page's word, or by «next»."""
        t, s = self.t, self.s
        for at in looped:
            start, end = s.arguments(at)
            if s.next_within(start, end):
                return True
            inside = {t.low[i] for i in range(start, end) if t.kinds[i] == "w"}
            if any(loop.counts and loop.over & inside for loop in s.around(at)):
                return True
        if any(hints.PAGE_PLACE.search(text) for text in self.near):
            return True
        if any(hints.NEXT.search(name) for name in self.names):
            return True
        short = [text for text in self.texts if len(text) < 80]
        if any(hints.NEXT_SELECTOR.search(text) or text.lower() in _NEXT_KEYS for text in short):
            return True
        # A function that asks for the one it is given, handed over with numbers: `range(500).map(one)`.
        handed = (loop for loop in s.loops if loop.counts and t.low[loop.start] in self.g.loop_calls)
        return any(s.asking.get(t.word(i)) for loop in handed for i in range(*s.arguments(loop.start)))

    # What becomes of the answers

    def _takes_apart(self) -> bool:
        t = self.t
        parsers = any(among(name, self.g.parsers) for name in self.s.libraries)
        if self.called & self.g.parses or (parsers and self.called & _WITH_PARSER):
            return True
        if "$" in self.called and (self.s.driver or parsers):
            return True
        if self.g.regexes and any(_LITERAL.match(text) and hints.MARKUP_PATTERN.search(text) for text in self.near):
            return True
        for at in range(len(t)):
            if t.word(at) in _MATCHES or (t.sign(at) == "~" and self.g.bare_calls):
                _, end = self.s.arguments(at)
                if any(hints.MARKUP_PATTERN.search(t.text(i)[:300]) for i in range(max(0, at - 4), end)):
                    return True
        return False

    def _writes(self) -> bool:
        t = self.t
        for at in range(len(t)):
            if t.kinds[at] != "w" or t.low[at] not in self.g.writes or t.word(at - 1) in self.g.functions:
                continue
            if not (t.sign(at - 1) == "." and t.word(at - 2) in _NOT_FILES):
                return True
        return any(hints.KEEPS_ROWS.search(text[:300]) for text in self.texts)

    def _downloads(self, *, writes: bool) -> bool:
        if self._fetched_to_file():
            return True
        alone = {"download.file", "getstore", "copyurltofile", "downloadfile", "mirror", "outfile"}
        if self.called & alone or any(text.lower() == "-outfile" for text in self.texts):
            return True
        binary = self.called & hints.BINARY or {"arraybuffer", "stream", "blob"} & {text.lower() for text in self.near}
        return writes and bool(binary)

    def _fetched_to_file(self) -> bool:
        """Return whether a program that fetches is started with an option to save."""
        return bool(words.SHELL_FETCHERS & self.texts) and bool({"-o", "-O", "--output", "-P"} & self.texts)

    def _interface(self) -> bool:
        return bool(self.called & self.g.reads_json) or any(map(hints.API_PLACE.search, self.near))

    def _heads(self) -> bool:
        t, g = self.t, self.g
        if self.called & g.reads_json or self.called & hints.BINARY:
            return False
        members = {t.low[at] for at in range(len(t)) if t.kinds[at] == "w" and t.sign(at - 1) == "."}
        if members & g.reads_body or any(text.lower() in ("data", "content") for text in self.texts):
            return False
        if "head" in members or "head" in self.called or any(text.upper() == "HEAD" for text in self.texts):
            return True
        return bool(self.low & hints.STATUS)

    def _people(self, *, pages: bool, mails: bool) -> bool:
        weak: set[str] = set()
        for one in (*self.near, *self.names):
            if mails and _MAIL_WORD.search(one) and not words.EMAIL_PATTERN.search(one):
                continue
            if words.about_people(one):
                return True
            if pages:
                weak |= words.maybe_people(one)
        return len(weak) >= WEAK_WORDS

    # What else it is

    def _tests(self, *, collects: bool) -> bool:
        """Return whether it is a test: it declares tests and asserts; without assertions, one that keeps nothing."""
        g = self.g
        t = self.t
        bare = {
            t.low[at]
            for at in range(len(t))
            if t.kinds[at] == "w" and t.sign(at - 1) != "." and (t.low[at] in g.test_calls or t.low[at] in g.checks)
            if g.bare_calls or t.sign(at + 1) in ("(", ".")
        }
        declares = bool(bare & g.test_calls or self.low & g.test_words)
        checks = bool(bare & g.checks) or any(word.startswith("assert") for word in self.low)
        return declares and (checks or (not collects and any(among(name, g.testers) for name in self.s.libraries)))

    def _serves(self) -> bool:
        served = any(among(name, self.g.servers) or name in words.SERVERS for name in self.s.libraries)
        return (served and bool(self.called & (self.g.serves | TIMERS))) or bool(self.called & _LISTENS & self.g.serves)

    def _runs(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the programs that are started, and those started in a loop or by a function that a loop calls."""
        t, g, s = self.t, self.g, self.s
        places: list[tuple[int, str]] = []
        for at in range(len(t)):
            if t.kinds[at] != "w" or t.low[at] not in g.starts or len(places) > 500:
                continue
            if t.low[at] == "exec" and t.sign(at - 1) == "." and not self._starts_here(at):
                continue
            if t.low[at] == "$" and t.kinds[at + 1 : at + 2] != ["t"]:
                # `$("li")` looks for elements; a shell's command is written as a template.
                continue
            places += [(at, name) for name in self._programs(*s.arguments(at))]
        running = {
            name: {program for at, program in places if start <= at < end}
            for name, start, end in (s.functions if places else ())
            if len(name) > 1
        }
        looped = {program for at, program in places if s.turns[at][0]}
        for at in range(len(t) if places else 0):
            if t.kinds[at] == "w" and running.get(t.low[at]):
                handed = any(t.word(i) in g.loop_calls for i in range(max(0, at - 3), at))
                if s.turns[at][0] or handed:
                    looped |= running[t.low[at]]
        return tuple(sorted({name for _, name in places})[:MAX_RUNS]), tuple(sorted(looped)[:MAX_RUNS])

    def _starts_here(self, at: int) -> bool:
        root = self.t.word(at - 2)
        return root in ("shell", "child_process", "cp", "os") or self.s.owner.get(root, "") in (
            "child_process",
            "shelljs",
        )

    def _programs(self, start: int, end: int) -> list[str]:
        t = self.t
        pieces = [t.values[i][:300] for i in range(start, min(end, start + 40)) if t.kinds[i] == "t"]
        if not pieces:
            return []
        spoken = len(pieces[0].split()) > 1
        return sorted(commands.of_text(pieces[0]) if spoken else commands.of_words([p for p in pieces if p]))

    def _looped(self) -> tuple[str, ...]:
        t, owner = self.t, self.s.owner
        found = {
            owner[t.low[at]]
            for at in range(len(t))
            if t.kinds[at] == "w" and self.s.turns[at][0] and t.low[at] in owner and t.sign(at - 1) != "."
        }
        return tuple(sorted(name for name in found if not name.startswith((".", "/")))[:MAX_IMPORTS])


def _bare_host(text: str) -> list[str]:
    """Return the host of an address that is written without its scheme."""
    if len(text) > 300 or "." not in text or not _HOST.fullmatch(text):
        return []
    host = text.split("/", 1)[0]
    return [] if host.rsplit(".", 1)[-1].lower() in _FILES else [host]
