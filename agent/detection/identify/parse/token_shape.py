"""Finds the structure of a program in its tokens: names, loops, functions, and every place that asks the web.

First it notes which names stand for a library or something made from one, and which are constants. Then how far each
loop reaches, whether a word begins it (`for`) or a function that calls what it is handed (`map`, `each`, `lapply`).
Then every place that asks the web, and which functions do so; a call of such a function is such a place too.
`token_facts.py` makes the facts of it. Every walk is linear in the tokens, or bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from agent.detection.identify.parse import hints
from agent.detection.identify.parse import vocabulary as words
from agent.detection.identify.parse.grammar import Blocks, Grammar, among
from agent.detection.identify.parse.tokens import Tokens

MAX_ARGUMENTS = 200
MAX_LOOPS = 2000
MAX_STATEMENT = 400
"""How far the end of a statement without brackets is looked for."""
_ROUNDS = 4
_CONTROL = frozenset(
    [
        *("if", "for", "foreach", "while", "switch", "catch", "function", "return", "until", "unless", "elsif"),
        *("do", "try", "with", "else", "match", "new", "await", "typeof", "synchronized", "when", "case", "elseif"),
    ]
)
_PASSED_OVER = frozenset(
    [
        *("new", "await", "async", "my", "our", "local", "yield", "return", "let", "const", "var", "this", "self"),
        *("true", "false", "null", "nil", "none", "undefined", "encodeuricomponent", "string", "process", "env"),
        *("headers", "options", "opts", "timeout", "ctx", "context", "background", "logger", "uri", "method", "err"),
        *("request", "newrequest", "final", "auto", "qw", "try", "config", "require", "import"),
    ]
)
_OWN = frozenset(["this", "self"])
_PARAMETERS = frozenset(
    ["params", "query", "qs", "searchparams", "body", "data", "form", "json", "variables", "form_params", "payload"]
)
TIMERS = frozenset(["setinterval", "schedule", "scheduleatfixedrate", "cron", "cronjob", "addjob"])
_COUNTS = frozenset(["range", "times", "upto", "step", "seq", "seq_len", "keys", "rangeclosed", "seq_along"])
_DRIVER_NAMES = frozenset(["driver", "browser", "page", "wd", "session", "webdriver", "tab", "remdr", "b", "p", "pg"])
_EACH = frozenset(["of", "in", "as", "range", "each", "ipairs", "pairs"])
_BEGINS = frozenset([";", "{", "}", "(", ")", "|", ":", ">", "=>"])
_PAGED_VERBS = frozenset(["list", "search", "query", "feed", "followers", "following", "timeline", "paginate"])
_SHARED_VERBS = frozenset(["get", "open", "to", "go", "url", "queue", "execute"])


@dataclass(frozen=True, slots=True)
class Loop:
    """Reach of one loop, as places of tokens.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        few: It runs over a short list in the code itself.
        counts: It counts.
        over: Words of what it runs over.
    """

    start: int
    end: int
    few: bool
    counts: bool
    over: frozenset[str]


class TokenShape:
    """The structure of one program (its own modules appended)."""

    def __init__(self, tokens: Tokens, grammar: Grammar, imports: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        """Find names, loops, functions and requests.

        Args:
            tokens: The program.
            grammar: Its language.
            imports: What it imports: the library's name, and the names that stand for it in the program.
        """
        self.t = tokens
        self.g = grammar
        self.imports: set[str] = set()
        self.owner: dict[str, str] = {}
        """Which library a name stands for; in lower case."""
        for library, names in imports:
            self.imports.add(library)
            for name in names:
                self.owner.setdefault(name.lower(), library)
        self._roots()
        self.libraries = {name.lower() for name in self.imports}
        self.http = any(among(name, grammar.http) for name in self.libraries)
        self.driver = any(among(name, grammar.drivers) for name in self.libraries)
        if grammar.blocks is Blocks.ENDS:
            self._pair_ends()
        self.opened = {end: at for at, end in enumerate(tokens.close) if end >= 0}
        self.constants: set[str] = set()
        self.assigned: list[tuple[str, int, int]] = []
        """Every assignment: the name, and the reach of what it is given."""
        self._assignments()
        self.loops = list(self._loops())
        self.turns = self._turns()
        self.timed = self._timed()
        self.functions = list(self._functions())
        self.words = grammar.verbs | grammar.calls | grammar.maybe_calls | grammar.drives | grammar.sure | grammar.moves
        self.asking: dict[str, bool] = {}
        """Functions that ask the web, and whether what they ask for changes."""
        self._asking()
        self.asks = list(self._asks())
        """Place, whether what is asked for changes, and whether it only sends, of every request."""

    def turn(self, at: int, varies: bool) -> str:
        """Say how a request repeats: `many` (what it asks for changes), `few` (it does not, or hardly), or not at all.

        Args:
            at: Where it stands.
            varies: Whether what it asks for changes.
        """
        if self.turns[at][0]:
            return "many" if varies and self.turns[at][1] else "few"
        if self.timed[at]:
            start, end = self.arguments(at)
            return "many" if self.next_within(start, end) else "few"
        return ""

    def around(self, at: int) -> Iterator[Loop]:
        """Yield the loops that a place stands in."""
        return (loop for loop in self.loops if loop.start <= at < loop.end)

    def next_within(self, start: int, end: int) -> bool:
        """Return whether a word or a text between two places speaks of pages to go through."""
        t = self.t
        return any(
            t.low[i] in words.PAGE_KEYS
            or bool(hints.NEXT.search(t.values[i][: hints.MAX_TEXT]))
            or (t.kinds[i] == "t" and bool(words.PAGE_WORD.search(t.values[i][-80:])))
            for i in range(start, end)
            if t.kinds[i] != "s"
        )

    # Names

    def _roots(self) -> None:
        """Note libraries that are named at the beginning of an expression (`Nokogiri.HTML`, `rvest.read_html`)."""
        roots = self.g.roots
        if not roots:
            return
        t = self.t
        for at in range(len(t)):
            name = t.word(at)
            library = roots.get(name) if name and t.sign(at - 1) != "." else None
            if library is not None and (t.sign(at + 1) == "." or name in self.g.calls):
                self.imports.add(library)
                self.owner.setdefault(name, library)

    def _assignments(self) -> None:
        """Find names made from a library, and names that are constants; three rounds reach what matters."""
        t = self.t
        times: dict[str, int] = {}
        for at in range(len(t)):
            if t.sign(at) in ("+", "-") and t.sign(at + 1) in (t.sign(at), "=") and t.word(at - 1):
                # Counted up or added to: never a constant.
                times[t.word(at - 1)] = 2
            if t.sign(at) not in ("=", "<-") or not (name := t.word(at - 1) or self._declared(at)):
                continue
            if t.word(at - 2) in self.g.loops:
                times[name] = 1
            times[name] = times.get(name, 0) + 1
            self.assigned.append((name, at + 1, self._statement_end(at + 1, 4 * hints.FEW)))
        for name, start, end in self.assigned:
            says = any(t.kinds[i] == "t" and t.values[i] for i in range(start, min(end, len(t))))
            if says and times[name] == 1 and end - start < 4 * hints.FEW and not self._any_changes(start, end):
                self.constants.add(name)
        for _ in range(3):
            before = len(self.owner)
            for name, start, end in self.assigned:
                root = self._first_word(start, end)
                if root in self.owner and name not in self.owner and not self._asks_within(start, end):
                    self.owner[name] = self.owner[root]
            if len(self.owner) == before:
                break

    def _any_changes(self, start: int, end: int) -> bool:
        return any(self._changes(i) for i in range(start, min(end, len(self.t))))

    def _declared(self, at: int) -> str:
        """Return the name before a type (`x: T = …`) or a Go assignment (`x := …`), or an empty string."""
        if self.t.sign(at - 1) == ":":
            return self.t.word(at - 2)
        return self.t.word(at - 3) if self.t.sign(at - 2) == ":" else ""

    def _first_word(self, start: int, end: int) -> str:
        for at in range(start, min(end, start + 10)):
            word = self.t.word(at)
            if word and word not in _PASSED_OVER:
                return word
            if not word and self.t.sign(at) not in ("(", "{", "*", "&", ".", "\\"):
                return ""
        return ""

    def _asks_within(self, start: int, end: int) -> bool:
        g, t = self.g, self.t
        return any(
            (word := t.word(at)) and (word in g.verbs or word in g.calls or word in g.drives) and t.sign(at + 1) == "("
            for at in range(start, end)
        )

    def _changes(self, at: int) -> bool:
        """Return whether a token stands for something that may be another thing the next time."""
        t = self.t
        if t.kinds[at] == "t":
            return t.varies[at] and not self.g.templates
        if t.kinds[at] != "w":
            return False
        name = t.values[at]
        low = t.low[at]
        if low in _PASSED_OVER or low in self.constants or hints.CONSTANT_NAME.fullmatch(name):
            return False
        before = t.word(at - 2) if t.sign(at - 1) == "." else ""
        return t.sign(at + 1) != ":" and before not in ("env", "process") and before not in self.constants

    # Loops and functions

    def _loops(self) -> Iterator[Loop]:
        """Yield every loop; one whose head speaks of attempts only tries again and is none."""
        t, g = self.t, self.g
        found = 0
        for at in range(len(t)):
            word = t.word(at)
            if not word or found >= MAX_LOOPS:
                continue
            if word in g.loops and t.sign(at - 1) != ".":
                start, end = self._loop_reach(at)
                body = min(end, self._head_end(at))
                if not any(t.kinds[i] == "w" and hints.RETRY.search(t.values[i]) for i in range(at + 1, body)):
                    found += 1
                    yield self._loop(start, end, at + 1, end if start < at else body)
            elif word in g.loop_calls and t.sign(at + 1) != ":":
                end = self._call_end(at)
                if end > at + 1:
                    found += 1
                    yield self._loop(at, end, max(0, self._chain_start(at)), min(len(t), at + 8))

    def _loop(self, start: int, end: int, head: int, body: int) -> Loop:
        t = self.t
        inner = range(head, min(body, head + 60))
        over = frozenset(t.low[i] for i in inner if t.kinds[i] == "w")
        listed = [i for i in inner if t.sign(i) in ("[", "(") and i + 1 < len(t) and t.kinds[i + 1] == "t"]
        few = any(t.close[i] - i <= 2 * hints.FEW + 1 and not self._any_changes(i, t.close[i]) for i in listed)
        each = over & _EACH or t.low[start] in self.g.loop_calls or t.low[start].startswith("foreach")
        few = (few or bool(each and over & self.constants)) and not over & hints.GIVES_LIST
        counts = bool(over & _COUNTS) or any(
            t.sign(i) == ".."
            or (t.sign(i) == "+" and t.sign(i + 1) == "+")
            or (t.sign(i) == ":" and t.sign(i + 1).isdigit())
            for i in inner
        )
        return Loop(start, min(end, len(t)), few and not counts, counts, over)

    def _chain_start(self, at: int) -> int:
        """Return where the expression begins whose member stands at `at`."""
        t = self.t
        i = at
        for _ in range(12):
            if t.sign(i - 1) not in (".", "|", ">"):
                break
            i -= 2
            if t.sign(i) in (")", "]"):
                i = self.opened.get(i, 0)
                if t.word(i - 1) and t.word(i - 1) not in _CONTROL:
                    i -= 1
        return i

    def _head_end(self, at: int) -> int:
        t = self.t
        for i in range(at + 1, min(len(t), at + 60)):
            if t.lines[i] != t.lines[at] or t.sign(i) == "{" or t.word(i) == "do":
                return i
            if t.sign(i) == "(":
                return t.after(i)
        return at + 1

    def _turns(self) -> list[tuple[bool, bool]]:
        """Return for every token whether it stands in a loop, and whether in one over more than a few things."""
        every = [0] * (len(self.t) + 1)
        many = [0] * (len(self.t) + 1)
        for loop in self.loops:
            every[loop.start] += 1
            every[loop.end] -= 1
            if not loop.few:
                many[loop.start] += 1
                many[loop.end] -= 1
        found = []
        one = two = 0
        for at in range(len(self.t)):
            one += every[at]
            two += many[at]
            found.append((one > 0, two > 0))
        return found

    def _timed(self) -> list[bool]:
        """Return for every token whether a timer calls it."""
        t = self.t
        found = [False] * len(t)
        for at in range(len(t)):
            if t.kinds[at] == "w" and t.low[at] in TIMERS and t.sign(at + 1) == "(":
                end = min(t.close[at + 1], len(t), at + 5000)
                found[at:end] = [True] * (end - at)
        return found

    def _loop_reach(self, at: int) -> tuple[int, int]:
        t = self.t
        begins = at == 0 or t.sign(at - 1) in _BEGINS or t.lines[at - 1] < t.lines[at]
        if self.g.blocks is Blocks.ENDS:
            return (at, t.close[at] + 1) if t.close[at] >= 0 else (at, self._line_end(at))
        if self.g.bare_calls and not begins and t.word(at - 1) not in ("do", "then", "else"):
            # `STATEMENT for LIST;`: the loop stands behind what it repeats.
            start = at
            while start > 0 and t.sign(start - 1) not in (";", "{", "}") and at - start < MAX_ARGUMENTS:
                start -= 1
            return start, self._statement_end(at, MAX_ARGUMENTS)
        i = at + 1
        while (
            i < len(t)
            and (t.kinds[i] == "w" and t.sign(i) != "{")
            and i - at < 6
            and t.sign(i + 1) in ("(", "")
            and t.kinds[i] == "w"
        ):
            if t.kinds[i] == "w" and t.sign(i + 1) == "(" and t.word(i) not in ("my", "our", "await", "each"):
                i += 1
                break
            i += 1
        if t.sign(i) == "(":
            i = t.after(i)
        elif t.sign(i) != "{" and t.word(at) != "do":
            i = next((n for n in range(i, min(len(t), i + MAX_ARGUMENTS)) if t.sign(n) == "{"), i)
        if t.sign(i) == "{":
            return at, t.after(i)
        if t.sign(i) == ":":
            return at, next((n for n in range(i, len(t)) if t.word(n).startswith("end")), len(t))
        return at, self._statement_end(i, MAX_STATEMENT)

    def _call_end(self, at: int) -> int:
        """Return where a call ends, with the block that is handed to it."""
        t = self.t
        i = at + 1
        if t.sign(i) == "(":
            i = t.after(i)
        if t.sign(i) == "{":
            return t.after(i)
        if self.g.blocks is Blocks.ENDS:
            for n in range(i, min(len(t), i + 12)):
                if t.word(n) == "do" and t.close[n] >= 0:
                    return t.close[n] + 1
                if t.lines[n] != t.lines[at]:
                    break
        if i == at + 1 and self.g.bare_calls:
            block = next((n for n in range(i, min(len(t), i + 6)) if t.sign(n) == "{"), -1)
            return t.after(block) if block >= 0 else i
        return i

    def _pair_ends(self) -> None:
        """Pair words that open a block with their `end`; a loop's own `do` opens none."""
        t, g = self.t, self.g
        waiting: list[int] = []
        openers = g.functions | g.loops | {"def", "class", "module", "begin", "case", "if", "unless", "repeat", "do"}
        for at in range(len(t)):
            word = t.word(at)
            if not word or t.sign(at - 1) == "." or t.sign(at + 1) == ":":
                continue
            if word in ("end", "until") and waiting and (word == "end" or t.word(waiting[-1]) == "repeat"):
                t.close[waiting.pop()] = at
            elif word in openers:
                begins = at == 0 or t.lines[at - 1] < t.lines[at] or t.sign(at - 1) in (";", "=", "(", ",", "{", "|")
                begins = begins or t.word(at - 1) in ("local", "else", "then", "do")
                if word in ("if", "unless", "while", "until") and not begins:
                    continue
                if word == "do" and waiting and t.word(waiting[-1]) in g.loops and self._same_head(waiting[-1], at):
                    continue
                if word == "function" or begins or word in ("do", "begin", "repeat"):
                    waiting.append(at)

    def _same_head(self, loop: int, at: int) -> bool:
        return self.t.lines[loop] == self.t.lines[at] and not any(
            self.t.word(i) == "do" for i in range(loop + 1, at)[:MAX_ARGUMENTS]
        )

    def _functions(self) -> Iterator[tuple[str, int, int]]:
        """Yield name and reach of every function that has a name."""
        t, g = self.t, self.g
        for at in range(len(t)):
            word = t.word(at)
            if not word:
                continue
            if word in g.functions:
                name, start = self._function(at)
                if name:
                    yield name, start, self._body_end(start)
            elif t.sign(at + 1) in ("=", ":") and t.word(at + 2) not in g.functions and g.templates:
                start = self._arrow(at + 2)
                if start:
                    yield word, at, self._body_end(start)
            elif g.methods and t.sign(at + 1) == "(" and word not in _CONTROL and t.sign(at - 1) not in (".", "="):
                end = t.after(at + 1)
                if t.word(end) == "throws" or (t.sign(end) == ":" and t.lines[end] == t.lines[at]):
                    end = next((n for n in range(end, min(len(t), end + 12)) if t.sign(n) == "{"), end)
                if t.sign(end) == "{":
                    yield word, end, t.after(end)

    def _function(self, at: int) -> tuple[str, int]:
        t = self.t
        name = ""
        i = at + 1
        if t.sign(i) == "*":
            i += 1
        if t.sign(i) == "(" and t.word(t.after(i)) and t.word(at) == "func":
            # Go: the receiver of a method stands before its name.
            i = t.after(i)
        while t.word(i):
            name = t.word(i)
            i += 2 if t.sign(i + 1) == "." else 1
            if t.sign(i - 1) != ".":
                break
        if not name and t.sign(at - 1) in ("=", "<-", ":"):
            name = t.word(at - 2)
        return name, at if self.g.blocks is Blocks.ENDS else i

    def _arrow(self, at: int) -> int:
        """Return where the body of an arrow function begins that is assigned here, or 0."""
        t = self.t
        if t.word(at) == "async":
            at += 1
        if t.sign(at) == "(":
            at = t.after(at)
            at = (
                next((n for n in range(at, min(len(t), at + 12)) if t.sign(n) == "=>"), at) if t.sign(at) == ":" else at
            )
        elif t.word(at):
            at += 1
        return at + 1 if t.sign(at) == "=>" else 0

    def _body_end(self, start: int) -> int:
        t = self.t
        if self.g.blocks is Blocks.ENDS:
            return t.close[start] + 1 if t.close[start] >= 0 else self._line_end(start)
        i = t.after(start) if t.sign(start) == "(" else start
        for n in range(i, min(len(t), i + 12)):
            if t.sign(n) == "{":
                return t.after(n)
            if t.sign(n) in (";", "("):
                break
        return self._statement_end(i, MAX_STATEMENT)

    def _statement_end(self, at: int, most: int) -> int:
        t = self.t
        i = at
        end = min(len(t), at + most)
        while i < end:
            sign = t.sign(i)
            if sign in (";", ")", "}", "]"):
                return i
            if (
                i > at
                and t.lines[i] > t.lines[i - 1]
                and sign != "."
                and t.sign(i - 1) not in (",", "=", "+", "(", ".")
            ):
                return i
            i = t.after(i) if t.close[i] >= 0 and sign in ("(", "{", "[") and t.close[i] - i > 40 else i + 1
        return end

    def _line_end(self, at: int) -> int:
        line = self.t.lines[at]
        return next((n for n in range(at, min(len(self.t), at + 500)) if self.t.lines[n] != line), len(self.t))

    def _asks(self) -> Iterator[tuple[int, bool, bool]]:
        """Yield place, whether what is asked for changes, and whether it only sends, of every request."""
        for at in range(len(self.t)):
            if self.t.kinds[at] == "w":
                found = self._ask(at)
                if found is not None:
                    yield at, *found

    def _ask(self, at: int) -> tuple[bool, bool] | None:
        t, g = self.t, self.g
        word = t.low[at]
        asking = word in self.asking
        known = asking or word in self.words or word in self.owner
        if not known and not (g.clients and word in _PAGED_VERBS):
            return None
        called = t.sign(at + 1) == "(" or (g.bare_calls and t.sign(at + 1) not in ("=", ".", ":", ",", ")", "=>"))
        if not called or t.word(at - 1) in g.functions:
            return None
        if g.methods and t.sign(at + 1) == "(" and t.sign(t.after(at + 1)) == "{":
            # `fetch(key) {`: here it is defined.
            return None
        member = t.sign(at - 1) == "."
        start, end = self.arguments(at)
        if start >= end and member and t.sign(at - 2) == ")":
            # `new URL(address).openStream()`, `Jsoup.connect(address).get()`: what is asked for stands before.
            start, end = self.opened.get(at - 2, at - 3) + 1, at - 2
        if member:
            root, near = self._chain(at)
            if asking and (near in _OWN or (near not in self.owner and root not in self.owner)):
                return self._varies_for(word, start, end), False
            drives = word in g.drives and self.driver and not among(self.owner.get(root, "").lower(), g.http)
            if drives and (word not in _SHARED_VERBS or near in _DRIVER_NAMES or self._drives(root)):
                return self._varies(start, end), False
            if word in g.moves and (self.http or self.driver):
                return True, False
            if word in g.sure:
                return self._varies(start, end), False
            library = self.owner.get(root) or self.owner.get(near)
            client = library is not None and (among(library.lower(), g.http) or library.lower() in g.calls)
            if library in g.clients and self.next_within(start, end):
                return True, False
            if word in g.verbs and (client or root in g.calls):
                return self._varies(start, end), self._sends(word, start, end)
            if word in g.calls and (client or root in g.roots or near in g.roots):
                return self._varies(start, end), False
            if word in g.verbs and (self.http or self.driver) and self._address(start, end):
                return self._varies(start, end), self._sends(word, start, end)
            return None
        if asking:
            return self._varies_for(word, start, end), False
        if word in g.calls:
            return self._varies(start, end), self._sends(word, start, end)
        library = self.owner.get(word)
        if library is not None and among(library.lower(), g.http):
            return self._varies(start, end), self._sends(word, start, end)
        if word in g.drives and self.driver and g.bare_calls and word in ("visit", "goto"):
            return self._varies(start, end), False
        if word in g.maybe_calls and self._address(start, end):
            return self._varies(start, end), False
        return None

    def _drives(self, root: str) -> bool:
        library = self.owner.get(root)
        return library is not None and among(library.lower(), self.g.drivers)

    def _chain(self, at: int) -> tuple[str, str]:
        """Return the first name of an expression that ends in the member at `at`, and the name just before it."""
        t = self.t
        i = at - 2
        near = t.word(i)
        root = near
        for _ in range(12):
            if t.sign(i) in (")", "]"):
                i = self.opened.get(i, 0) - 1
            if not t.word(i):
                break
            root = t.word(i)
            if t.sign(i - 1) != ".":
                break
            if t.word(i - 2) in _OWN:
                break
            i -= 2
        return root, near

    def arguments(self, at: int) -> tuple[int, int]:
        """Return the reach of what a call is given, bounded."""
        t = self.t
        if t.sign(at + 1) == "(":
            return at + 2, min(t.close[at + 1], at + MAX_ARGUMENTS)
        end = at + 1
        while end < len(t) and t.lines[end] == t.lines[at] and t.sign(end) not in (";", ")", "}", "|"):
            end += 1
        return at + 1, min(end, at + MAX_ARGUMENTS)

    def _varies(self, start: int, end: int) -> bool:
        """Return whether the first argument changes, or the parameters in a later one."""
        t = self.t
        argument = depth = 0
        named = False
        for i in range(start, end):
            sign = t.sign(i)
            if sign in ("(", "[", "{"):
                depth += 1
            elif sign in (")", "]", "}"):
                depth -= 1
            # `request("GET", address)`: the verb is not what is asked for.
            if sign == "," and depth == 0 and not (i == start + 1 and t.text(start).isupper()):
                argument += 1
                if argument > 2:
                    return False
            if argument and t.word(i) in _PARAMETERS:
                named = True
                if t.sign(i + 1) in (",", "}"):
                    return True
            if (argument == 0 or named) and self._changes(i):
                return True
            if argument == 0 and sign == "=>":
                return False
        return False

    def _varies_for(self, function: str, start: int, end: int) -> bool:
        return self.asking[function] and (start >= end or any(self._changes(i) for i in range(start, end)))

    def _sends(self, word: str, start: int, end: int) -> bool:
        """Return whether a request only hands something over: an update, or a post without a word on the next page."""
        t = self.t
        if word in ("put", "patch", "delete"):
            return True
        posts = word == "post" or any(hints.SENDING.fullmatch(t.text(i)) for i in range(start, end))
        return posts and not self.next_within(start, end)

    def _address(self, start: int, end: int) -> bool:
        t = self.t
        for i in range(start, end):
            if t.sign(i) == ",":
                break
            if t.kinds[i] == "t" and ("://" in t.values[i][:200] or t.values[i] in ("href", "src")):
                return True
            if t.kinds[i] == "w" and hints.ADDRESS_NAME.search(t.values[i]):
                return True
        return False

    def _asking(self) -> None:
        """Find the functions that ask the web, directly or through others."""
        for _ in range(_ROUNDS):
            places = [(at, varies) for at, varies, _ in self._asks()]
            counts = [0] * (len(self.t) + 1)
            changing = [0] * (len(self.t) + 1)
            for at, varies in places:
                counts[at + 1] += 1
                changing[at + 1] += varies
            for i in range(len(self.t)):
                counts[i + 1] += counts[i]
                changing[i + 1] += changing[i]
            before = dict(self.asking)
            for name, start, end in self.functions:
                stop = min(end, len(self.t))
                if counts[stop] - counts[start] > 0 and len(name) > 1:
                    varies = changing[stop] - changing[start] > 0
                    self.asking[name] = self.asking.get(name, False) or varies
            if self.asking == before:
                break

    # Repetition by other means

    def recursive(self) -> bool:
        """Return whether a function that asks for changing things calls itself for something new."""
        for name, start, end in self.functions:
            if not self.asking.get(name) or name in self.g.verbs:
                continue
            for i in range(start + 1, min(end, len(self.t))):
                if self.t.low[i] != name or self.t.kinds[i] != "w" or self.t.sign(i + 1) != "(":
                    continue
                if self.t.word(i - 1) in self.g.functions or self.t.word(i - 2) in _CONTROL - {"await", "new"}:
                    continue
                first, last = self.arguments(i)
                if last > first and self._varies_for(name, first, last) and not self._again(first, last):
                    return True
        return False

    def _again(self, start: int, end: int) -> bool:
        """Return whether a function calls itself with one attempt fewer, or one more."""
        return any(hints.RETRY.search(self.t.values[i]) for i in range(start, end) if self.t.kinds[i] == "w")

    def handed_over(self) -> bool:
        """Return whether a function that asks for changing things is handed to one that calls it many times."""
        t = self.t
        for loop in self.loops:
            if loop.few or t.low[loop.start] not in self.g.loop_calls:
                continue
            start, end = self.arguments(loop.start)
            if any(self.asking.get(t.word(i)) and t.sign(i + 1) != "(" for i in range(start, end) if t.word(i)):
                return True
        return False

    def holding(self, wanted: Set[str]) -> set[str]:
        """Return the names that hold what some functions give, however often it was handed on."""
        t = self.t
        held: set[str] = set()
        pairs = [
            (name, {t.low[i] for i in range(start, min(end, start + 80)) if t.kinds[i] == "w"})
            for name, start, end in self.assigned
        ]
        for _ in range(4):
            before = len(held)
            for name, inner in pairs:
                if inner & wanted or inner & held:
                    held.add(name)
            if len(held) == before:
                break
        return held
