"""Reads Python by its syntax tree and says what shape it has: what is asked for in loops, and what becomes of it.

`read` takes a program in any of its forms (source, notebook, zip application, compiled), parses it, reads a few
modules of its own along, and code that it hands to `exec` as a literal. `python_tree.py` walks over the trees once;
`_Reader` then asks over short lists: which names stand for a library or something made from one (`s = Session()`),
which functions make requests, which requests happen in a loop (directly, through a function, `map`, `submit`, threads
or recursion), and whether what is asked for changes from turn to turn. A loop that only tries again is none.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable

from agent.detection.identify.parse import commands, compiled, hints, notebook, zipapp
from agent.detection.identify.parse import python_words as about
from agent.detection.identify.parse import vocabulary as words
from agent.detection.identify.parse.facts import MAX_IMPORTS, CodeFacts
from agent.detection.identify.parse.python_strings import Texts
from agent.detection.identify.parse.python_tree import (
    COMPREHENSIONS,
    Gathered,
    Loop,
    Site,
    gather,
    inside,
    last_name,
    names_in,
    root_name,
    targets,
)

MAX_OWN_MODULES = 8
MAX_MADE_CODE = 4
_FAN_OUT = frozenset(
    [
        "map",
        "imap",
        "imap_unordered",
        "starmap",
        "submit",
        "gather",
        "run_in_executor",
        "amap",
        "apply_async",
        "create_task",
        "spawn",
        "process_map",
        "thread_map",
        "p_map",
        "p_umap",
        "to_thread",
        "start_soon",
    ]
)
_GROW = frozenset(
    [
        "append",
        "add",
        "put",
        "put_nowait",
        "extend",
        "push",
        "update",
        "appendleft",
        "enqueue",
        "lpush",
        "rpush",
        "sadd",
        "feed",
    ]
)
_TAKE = frozenset(["pop", "popleft", "get", "get_nowait", "next", "rpop", "blpop", "read"])
_KEYWORDS = frozenset(
    ["params", "headers", "timeout", "cookies", "proxies", "allow_redirects", "verify", "auth", "stream", "impersonate"]
)
_SENDING = frozenset(["post", "put", "patch", "delete"])
_RAW = frozenset(["open_connection", "create_connection", "sendall", "connect"])
_TABLE_READS = frozenset(["read_html", "read_csv", "read_json", "read_xml", "read_excel", "read_parquet"])
_GIVEN = frozenset(["open", "readlines", "read_text", "splitlines", "reader", "DictReader", "read_csv", "read_excel"])
UNPACKS = frozenset(
    ["b64decode", "b85decode", "a85decode", "b32decode", "unhexlify", "fromhex", "decompress", "decrypt", "loads"]
)
"""Calls that unpack what is then run: with a text that is not in the code, nobody can tell what."""
_MADE_CODE = frozenset(["exec", "eval", "compile"])


def read(
    source: bytes,
    beside: Callable[[str], bytes | None] = lambda name: None,
    libraries: frozenset[str] = frozenset(),
) -> CodeFacts:
    """Say what shape a Python program has.

    Args:
        source: The program: text, a notebook, a zip application or compiled code.
        beside: Gives the source of a module of the program's own by its dotted name, or None.
        libraries: Which may be named of compiled code, besides those of `vocabulary.py`.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: It cannot be read as Python.
    """
    if zipapp.is_zip(source):
        source, beside = zipapp.program(source)
    if compiled.is_compiled(source):
        return about.of_names(compiled.names_of(source), libraries)
    if source[:64].lstrip().startswith(b"{") and b'"cell_type"' in source:
        source = notebook.source_of(source)
    trees = [parse(source)]
    found = gather(trees)
    seen: set[str] = set()
    waiting = sorted(found.imports | _loaded(found))
    while waiting and len(trees) <= MAX_OWN_MODULES:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        more = beside(name) or (beside(name.partition(".")[2]) if "." in name else None)
        if more is None:
            continue
        try:
            tree = parse(more)
        except (SyntaxError, ValueError):
            continue
        trees.append(tree)
        before = set(found.imports)
        gather([tree], found)
        waiting += sorted(found.imports - before - seen)
    return _Reader(found).facts()


def parse(source: bytes | str) -> ast.Module:
    """Parse a program; `await` at the top is allowed, as in notebooks.

    Raises:
        SyntaxError, ValueError: It is not Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(
            source, "<program>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
        )
    if not isinstance(tree, ast.Module):
        raise ValueError("not a program")
    return tree


class _Reader:
    def __init__(self, found: Gathered) -> None:
        self.found = found
        self.texts = Texts(self._bound())
        self.opaque = self._made_code()
        self._dynamic_imports()
        self.built = [self.texts.text(node) for node in found.built[:2000]]
        self.tops = {name.split(".")[0] for name in found.imports}
        self.every = [*found.texts, *self.built]
        raw = any("HTTP/1." in text and ("GET " in text or "POST " in text) for text in self.every)
        self.raw = raw and bool(self.tops & {"socket", "asyncio", "ssl", "trio", "anyio"})
        self.http = bool(self.tops & words.PYTHON_HTTP) or self.raw
        self.driver = bool(self.tops & words.DRIVERS)
        self.tables = bool(self.tops & {"pandas", "polars"})
        self.web = self.http or self.driver
        self.made: set[str] = set()
        """Names that stand for a web library, a driver, or something made from one."""
        self.asking: set[str] = set()
        """Names of functions that make a request, directly or through others."""
        self.answers: set[str] = set()
        """Names that hold something that came out of an answer."""
        self.given: set[str] = set()
        """Names that hold something that came out of a file or standard input."""

    def _bound(self) -> dict[str, ast.expr]:
        return {name: value for name, value in self.found.once.items() if name not in self.found.many}

    def _made_code(self) -> bool:
        """Read code along that is handed to `exec` as a literal, however it is wrapped up."""
        opaque = False
        for _ in range(MAX_MADE_CODE):
            pending = [site for site in self.found.sites if site.bare and site.name in _MADE_CODE and site.call.args]
            for site in pending[:MAX_MADE_CODE]:
                site.name = ""
                text = self.texts.text(site.call.args[0])
                try:
                    tree = parse(text) if len(text) > 8 else None
                except (SyntaxError, ValueError):
                    tree = None
                    opaque = opaque or len(text) > 500
                if tree is not None:
                    gather([tree], self.found)
                    self.texts = Texts(self._bound())
                else:
                    opaque = opaque or bool(_calls_in(site.call.args[0]) & UNPACKS)
            if not pending:
                break
        return opaque

    def _dynamic_imports(self) -> None:
        for site in self.found.sites:
            if site.name in ("import_module", "__import__") and site.call.args:
                name = self.texts.text(site.call.args[0]).lstrip(".")
                if name and all(part.isidentifier() for part in name.split(".")):
                    self.found.imports.add(name)

    def facts(self) -> CodeFacts:
        if not self._may_ask():
            return self._quiet()
        self._names()
        self._functions()
        self.answers = self._flow(self._holds_answer)
        # What an answer is put into gives it back: a queue, a parser that was fed.
        for _ in range(2):
            self._grown()
            self.answers = self._spread(self.answers)
        self.given = self._flow(_holds_given)
        asked = [site for site in self.found.sites if self._asks(site) or self._fans_out(site)]
        turns = [(site, self._turn(site)) for site in asked]
        looped_sites = [site for site, turn in turns if turn]
        clicks = self._clicks()
        scrolls = self._scrolls()
        again = [site for site in looped_sites if self._direct(site)] or looped_sites
        runs, runs_in_loop = self._runs()
        libraries = self._looped()
        client = {words.PLATFORM_LIBRARIES[name] for name in self.tops if name in words.PLATFORM_LIBRARIES}
        clients = {name for name in libraries if name in words.PLATFORM_LIBRARIES} | libraries & words.SEARCH_LIBRARIES
        pages_client = bool(clients)
        looped_sites += [site for site in self.found.sites if site.loops and self._owner(site) in clients]
        if "googleapiclient" in self.tops and "youtube" in self.found.texts:
            client.add("youtube")
            pages_client = pages_client or "googleapiclient" in libraries
        in_loop = bool(looped_sites) or self._recursive() or clicks or scrolls or pages_client
        if words.SHELL_FETCHERS & set(runs_in_loop):
            in_loop = True
            looped_sites += [site for site in self.found.sites if site.name in commands.STARTS and site.loops]
        follows = in_loop and self._follows(looped_sites)
        lists = any(self._over(site) & self.given for site in looped_sites)
        few = bool(looped_sites) and not (clicks or scrolls or lists or follows)
        few = few and all(turn == "few" for _, turn in turns if turn)
        walks = follows or clicks or scrolls or (in_loop and self._walks(looped_sites, asked))
        requests = bool(asked) or pages_client or bool(words.SHELL_FETCHERS & set(runs))
        direct = [site for site in asked if self._direct(site)]
        taken = about.taken(self.found, self.every, self.tops, self.texts)
        fetching = self.web or self.tables or bool(words.SHELL_FETCHERS & set(runs))
        html = taken.parses and (fetching or bool(self.tops & words.PYTHON_PARSERS))
        keeps = taken.writes
        downloads = in_loop and (taken.saves or bool({"curl", "wget", "aria2c"} & set(runs_in_loop) and taken.media))
        return CodeFacts(
            imports=tuple(sorted(name for name in self.found.imports if len(name) < 100)[:MAX_IMPORTS]),
            requests=requests,
            in_loop=in_loop,
            drives=in_loop and self.driver and (clicks or scrolls or bool(looped_sites)),
            parses=html,
            writes=keeps or self._redirects(runs_in_loop),
            walks=walks,
            people=about.people(self.found, self.every, pages=html or self.driver),
            own_host=words.all_own([host for text in self.every for host in words.hosts(text)]),
            looped=tuple(sorted(libraries)[:MAX_IMPORTS]),
            platforms=tuple(sorted(client.union(*(words.platforms(text) for text in self._addresses())))),
            searches=in_loop
            and (
                any(words.asks_search(text) for text in self._addresses()) or bool(libraries & words.SEARCH_LIBRARIES)
            ),
            token=taken.token or any(keyword.arg == "auth" for site in direct for keyword in site.call.keywords),
            api=requests and taken.answers_json and not html,
            feeds=taken.feeds,
            heads=bool(direct) and self._heads(direct, taken.checks),
            tests=taken.tests,
            serves=taken.serves,
            downloads=downloads,
            runs_in_loop=tuple(sorted(runs_in_loop)[:50]),
            follows=follows,
            lists=lists,
            few=few,
            contacts=html and taken.contacts,
            media=downloads and taken.media,
            hides=taken.hides or bool({name.split(".")[0] for name in self.found.imports} & words.EVASION),
            scrolls=scrolls,
            sends=bool(again and direct) and not walks and all(self._sends(site) for site in direct),
            says_so=taken.says_so,
            tells=taken.tells,
            opaque=self.opaque,
        )

    def _may_ask(self) -> bool:
        """Return whether the program has anything that could ask the web; most code has not, and is done with."""
        known = words.PYTHON_PARSERS | words.FEED_LIBRARIES | words.SEARCH_LIBRARIES
        other = self.tops & (known | set(words.PLATFORM_LIBRARIES) | {"googleapiclient", "sh"})
        starts = self.tops & {"subprocess", "os", "asyncio", "pexpect", "plumbum"} and self._starts()
        return bool(self.web or self.tables or other or starts)

    def _starts(self) -> bool:
        return any(site.name in commands.STARTS for site in self.found.sites)

    def _quiet(self) -> CodeFacts:
        return CodeFacts(
            imports=tuple(sorted(name for name in self.found.imports if len(name) < 100)[:MAX_IMPORTS]),
            looped=tuple(sorted(self._looped())[:MAX_IMPORTS]),
            tests=about.is_test(self.found, self.tops),
            opaque=self.opaque,
        )

    def _addresses(self) -> Iterable[str]:
        return (text for text in self.every if 3 < len(text) < 4000 and "." in text)

    def _names(self) -> None:
        """Find the names that stand for a library or something made from one; a few rounds reach what matters."""
        libraries = words.PYTHON_HTTP | words.DRIVERS
        if self.raw:
            libraries |= {"socket", "asyncio", "ssl"}
        self.made = {name for name, owner in self.found.owner.items() if owner in libraries}
        for bound, value in self.found.bindings:
            # requests = __import__("requests")
            how = last_name(value.func) if isinstance(value, ast.Call) and value.args else ""
            if how in ("import_module", "__import__") and isinstance(value, ast.Call):
                self.made |= bound if self.texts.text(value.args[0]).split(".")[0] in libraries else set()
        rooted = [(named, root_name(value)) for named, value in self.found.bindings]
        for _ in range(4):
            before = len(self.made)
            for named, root in rooted:
                if root and root in self.made:
                    self.made |= named
            if len(self.made) == before:
                break

    def _functions(self) -> None:
        for _ in range(6):
            before = len(self.asking)
            for site in self.found.sites:
                if site.functions and self._asks(site):
                    self.asking.update(site.functions)
            if len(self.asking) == before:
                break

    def _direct(self, site: Site) -> bool:
        """Return whether a call itself goes to the web, not through a function of the program."""
        if site.name in self.asking and (site.bare or site.root not in self.made):
            return False
        return self._asks(site)

    def _asks(self, site: Site) -> bool:
        """Return whether a call makes a web request or drives a browser to a page."""
        name, call = site.name, site.call
        if self.tables and name in _TABLE_READS:
            return self._goes_to_address(call)
        if site.bare:
            return name in self.asking or (name in words.REQUEST_VERBS and name in self.made)
        if not isinstance(call.func, ast.Attribute | ast.Call):
            return False
        if name in self.asking and (site.root == "self" or site.root not in self.made):
            return True
        if self.raw and name in _RAW:
            return True
        if name not in words.REQUEST_VERBS or not self.web:
            return False
        if site.root in self.made:
            first = call.args[0] if call.args else None
            text = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
            # `reply.headers.get("x")` is no request.
            return not (name == "get" and text is not None and "/" not in text and text.upper() != "GET")
        return self._looks_like_address(call, name)

    def _goes_to_address(self, call: ast.Call) -> bool:
        if not call.args:
            return False
        text = self.texts.text(call.args[0])
        spoken = last_name(call.args[0]).lower()
        return "://" in text[:20] or any(word in spoken for word in ("url", "link", "href"))

    def _looks_like_address(self, call: ast.Call, name: str) -> bool:
        """Return whether the call's arguments say that it goes to an address, whoever's method it is."""
        if any(keyword.arg in _KEYWORDS for keyword in call.keywords):
            return name in ("get", "post", "request")
        if not call.args:
            return False
        text = self.texts.text(call.args[0])
        if "://" in text or (text.startswith("/") and len(text) > 1 and name in ("get", "post", "request", "goto")):
            return True
        spoken = last_name(call.args[0]).lower()
        return any(word in spoken for word in ("url", "link", "href")) or (
            spoken == "u" and site_owner(call) in ("s", "session", "client", "sess", "c")
        )

    def _fans_out(self, site: Site) -> bool:
        """Return whether a function that makes requests is handed to something that calls it many times."""
        handed = [*site.call.args, *(keyword.value for keyword in site.call.keywords)]
        if site.name in _FAN_OUT or (site.loops and site.name in ("Thread", "Process", "delayed", "partial", "Task")):
            for one in handed:
                if last_name(one) in self.asking:
                    return True
                if isinstance(one, ast.Call) and any(last_name(inner) in self.asking for inner in one.args):
                    return True
                if isinstance(one, ast.Lambda) and any(name in self.asking for name in names_in(one)):
                    return True
                if isinstance(one, ast.Lambda) and names_in(one) & self.made and names_in(one) & words.REQUEST_VERBS:
                    return True
        return False

    def _turn(self, site: Site) -> str:
        """Say how a request repeats: `many` (what it asks for changes), `few` (hardly), or not at all."""
        if self._fans_out(site) and not (site.loops and site.name in ("submit", "create_task", "spawn", "start_soon")):
            if site.loops or site.name not in ("submit", "create_task", "spawn", "to_thread", "start_soon"):
                over = [self.texts.constants(argument) for argument in site.call.args[1:]]
                return "few" if any(count is not None and count <= hints.FEW for count in over) else "many"
            return ""
        if not site.loops:
            return ""
        used = self._used(site)
        answer = ""
        for loop in site.loops:
            changing = _changing(loop)
            if used & changing or _takes(site.call):
                answer = "many" if self._counts(loop) or not self._literal(loop) else answer or "few"
            elif not _gives_up(loop):
                answer = answer or ("few" if not self._stateful(site) else "many")
        return answer

    def _used(self, site: Site) -> set[str]:
        call = site.call
        used: set[str] = set()
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            used |= names_in(argument)
        # What an argument was made from in the same loop counts too: url = base + str(page).
        for _ in range(2):
            for named, value in self.found.bindings:
                if named & used:
                    used |= names_in(value) if not isinstance(value, ast.Call) or len(used) < 40 else set()
        if not call.args and not call.keywords and isinstance(call.func, ast.Attribute):
            used |= names_in(call.func.value)
        return used

    def _stateful(self, site: Site) -> bool:
        """Return whether a call without arguments may walk on by itself: a method, or a function over counters."""
        return not self._direct(site) and bool(self.found.stepped) and not site.bare

    def _literal(self, loop: Loop) -> bool:
        heads = [loop.iter] if isinstance(loop, ast.For | ast.AsyncFor) else []
        if isinstance(loop, COMPREHENSIONS):
            heads = [part.iter for part in loop.generators]
        counts = [self.texts.constants(head) for head in heads]
        return bool(counts) and all(count is not None and count <= hints.FEW for count in counts)

    def _counts(self, loop: Loop) -> bool:
        heads = [loop.iter] if isinstance(loop, ast.For | ast.AsyncFor) else []
        return any(isinstance(head, ast.Call) and last_name(head.func) in ("range", "count") for head in heads)

    def _over(self, site: Site) -> set[str]:
        """Return the names that the loops around a call run over, and those that a fan-out is given."""
        found: set[str] = set()
        used = self._used(site)
        for loop in site.loops:
            heads = [(loop.target, loop.iter)] if isinstance(loop, ast.For | ast.AsyncFor) else []
            if isinstance(loop, COMPREHENSIONS):
                heads = [(part.target, part.iter) for part in loop.generators]
            for target, over in heads:
                if used & targets(target):
                    found |= names_in(over) | targets(target)
        if self._fans_out(site):
            for argument in site.call.args[1:]:
                found |= names_in(argument)
        return found

    def _flow(self, starts: Callable[[ast.expr], bool]) -> set[str]:
        """Return the names that hold what some expressions give, however often it was handed on."""
        held: set[str] = set()
        for named, value in self.found.bindings:
            if starts(value):
                held |= named
        return self._spread(held)

    def _spread(self, held: set[str]) -> set[str]:
        """Return some names and all that are made from them."""
        pairs = [(named, names_in(value)) for named, value in self.found.bindings]
        for _ in range(4):
            before = len(held)
            for named, inner in pairs:
                if inner & held:
                    held |= named
            if len(held) == before:
                break
        return held

    def _holds_answer(self, value: ast.expr) -> bool:
        for node in inside(value):
            if isinstance(node, ast.Call):
                name = last_name(node.func)
                if name in self.asking or (
                    name in words.REQUEST_VERBS and root_name(node) in self.made and root_name(node) != name
                ):
                    return True
                if self.driver and name in about.DRIVER_READS:
                    return True
        return False

    def _follows(self, looped: list[Site]) -> bool:
        """Return whether addresses or names out of earlier answers are asked for next."""
        for site in looped:
            for loop in site.loops:
                if isinstance(loop, ast.For | ast.AsyncFor):
                    found = names_in(loop.iter) & self.answers or self._holds_answer(loop.iter)
                    if found and self._used(site) & targets(loop.target):
                        return True
                elif isinstance(loop, ast.While):
                    grown = self._grown()
                    taken = {root_name(one.call) for one in self.found.sites if one.name in _TAKE and loop in one.loops}
                    if grown & taken & (names_in(loop.test) | self.answers | grown) and grown & self.answers:
                        return True
                    if names_in(loop.test) & self.answers & self._used(site):
                        return True
            if self._fans_out(site) and any(names_in(argument) & self.answers for argument in site.call.args[1:]):
                return True
        return self._recursive()

    def _grown(self) -> set[str]:
        """Return the collections that something out of an answer is put into."""
        grown: set[str] = set()
        for site in self.found.sites:
            if site.name in _GROW and site.call.args:
                inner: set[str] = set().union(*(names_in(argument) for argument in site.call.args))
                if inner & (self.answers | self.asking):
                    grown.add(site.root)
        self.answers |= grown
        return grown

    def _walks(self, looped: list[Site], asked: list[Site]) -> bool:
        """Return whether the addresses go from page to page: by number, by a page's word, or by «next»."""
        fetched_files = False
        for site in looped:
            arguments = [*site.call.args, *(keyword.value for keyword in site.call.keywords)]
            used = self._used(site)
            text = " ".join(self.texts.text(argument) for argument in arguments)
            if about.FILE_ENDING.search(text) and not self._paged(arguments):
                fetched_files = True
                continue
            for loop in site.loops:
                if self._counts(loop) and isinstance(loop, ast.For | ast.AsyncFor) and used & targets(loop.target):
                    return True
                if isinstance(loop, COMPREHENSIONS):
                    for part in loop.generators:
                        counted = isinstance(part.iter, ast.Call) and last_name(part.iter.func) in ("range", "count")
                        if counted and used & targets(part.target):
                            return True
                if isinstance(loop, ast.While) and used & self.found.stepped & _changing(loop):
                    return True
            if self._fans_out(site):
                for argument in arguments:
                    if isinstance(argument, ast.Call) and last_name(argument.func) in ("range", "count"):
                        return True
        if self.found.attributes & about.NEXT_CALLS:
            return True
        for site in asked:
            named = {(keyword.arg or "").lower() for keyword in site.call.keywords}
            if site.loops and named & words.PAGE_KEYS:
                return True
            if self._direct(site) and self._paged([*site.call.args, *(one.value for one in site.call.keywords)]):
                return True
        if fetched_files:
            return False
        lowered = {text.lower() for text in self.found.texts if len(text) < 24}
        nexts = words.PAGE_KEYS - {"p", "start", "skip", "page", "offset", "after", "next"}
        if lowered & nexts or "hasnextpage" in "".join(self.found.texts).lower():
            return True
        assigned = {name.lower() for named, value in self.found.bindings for name in named if names_in(value)}
        moving = assigned & {"next_url", "next_page", "next_link", "cursor", "nexturl", "nextpage", "page_url", "after"}
        return bool(moving) or (
            "next" in lowered and any(isinstance(one, ast.While) for s in looped for one in s.loops)
        )

    def _paged(self, arguments: list[ast.expr]) -> bool:
        for argument in arguments:
            for node in inside(argument):
                if _is_page_word(node):
                    return True
                if isinstance(node, ast.Name):
                    bound = self.found.once.get(node.id)
                    if bound is not None and any(_is_page_word(inner) for inner in inside(bound)):
                        return True
                elif isinstance(node, ast.keyword) and (node.arg or "").lower() in words.PAGE_KEYS:
                    return True
        return False

    def _recursive(self) -> bool:
        """Return whether a function that asks calls itself for something new; trying again is nothing new."""
        for site in self.found.sites:
            if site.name not in self.asking or site.name not in site.functions:
                continue
            own = self.found.parameters.get(site.name, set())
            for argument in (*site.call.args, *(keyword.value for keyword in site.call.keywords)):
                adds = any(isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) for node in inside(argument))
                fresh = names_in(argument) - own - {"self"}
                if (adds and not any("retr" in name or "attempt" in name for name in names_in(argument))) or (
                    fresh & (self.answers | {name for loop in site.loops for name in _changing(loop)})
                ):
                    return True
        return False

    def _clicks(self) -> bool:
        """Return whether a driven browser goes on by clicking in a loop and reads; filling in forms is no reading."""
        if not self.driver:
            return False
        for site in self.found.sites:
            if site.name == "click" and site.loops:
                beside = {one.name for one in self.found.sites if set(one.loops) & set(site.loops)}
                if beside & about.DRIVER_READS and not beside & {"send_keys", "fill", "select_option", "type", "press"}:
                    return True
        return False

    def _scrolls(self) -> bool:
        if not self.driver:
            return False
        for site in self.found.sites:
            if not site.loops and not any(name in self._called_in_loops() for name in site.functions):
                continue
            if site.name in ("wheel", "scroll_by", "scroll_into_view_if_needed", "scroll_to", "scroll_down", "scroll"):
                return True
            if "scroll" in names_in(site.call.func):
                return True
            text = " ".join(self.texts.text(argument) for argument in site.call.args).lower()
            if "scroll" in text and site.name in ("execute_script", "evaluate", "run_js", "execute_async_script"):
                return True
            if site.name in ("send_keys", "press") and (
                {"END", "PAGE_DOWN"} & {name for argument in site.call.args for name in names_in(argument)}
                or text in ("end", "pagedown")
            ):
                return True
        return False

    def _called_in_loops(self) -> set[str]:
        return {site.name for site in self.found.sites if site.loops}

    def _looped(self) -> set[str]:
        """Return the libraries that are called in a loop, or whose results are looped over."""
        owner = dict(self.found.owner)
        for _ in range(4):
            before = len(owner)
            for named, value in self.found.bindings:
                root = root_name(value)
                if root in owner:
                    for name in named:
                        owner.setdefault(name, owner[root])
            if len(owner) == before:
                break
        found = set()
        called = self._called_in_loops()
        for site in self.found.sites:
            if site.root in owner and (site.loops or any(name in called for name in site.functions)):
                found.add(owner[site.root])
            for loop in site.loops:
                heads = [loop.iter] if isinstance(loop, ast.For | ast.AsyncFor) else []
                if isinstance(loop, COMPREHENSIONS):
                    heads = [part.iter for part in loop.generators]
                for head in heads:
                    root = root_name(head)
                    if root in owner and isinstance(head, ast.Call):
                        found.add(owner[root])
        for site in self.found.sites:
            if site.name in _FAN_OUT:
                for argument in site.call.args[:1]:
                    root = root_name(argument)
                    if root in owner:
                        found.add(owner[root])
        return found

    def _owner(self, site: Site) -> str:
        return self.found.owner.get(site.root, "")

    def _runs(self) -> tuple[set[str], set[str]]:
        """Return the programs that are started, and those that are started in a loop."""
        runs: set[str] = set()
        looped: set[str] = set()
        called = self._called_in_loops()
        fanned = {last_name(one) for site in self.found.sites if site.name in _FAN_OUT for one in site.call.args}
        for site in self.found.sites:
            programs: set[str] = set()
            if site.name in commands.STARTS and site.call.args:
                parts = self.texts.parts(site.call.args[0])
                if parts is None and site.name in ("create_subprocess_exec", "execvp", "execv", "execlp", "spawnlp"):
                    parts = [self.texts.text(argument) for argument in site.call.args]
                if parts is not None:
                    programs = commands.of_words(parts)
                else:
                    programs = commands.of_text(self.texts.text(site.call.args[0]))
            elif site.root in self.found.owner and self.found.owner[site.root] == "sh":
                programs = {site.name.replace("_", "-")}
            if not programs:
                continue
            runs |= programs
            varying = [loop for loop in site.loops if self._used(site) & _changing(loop) or not _gives_up(loop)]
            if varying or set(site.functions) & (called | fanned):
                looped |= programs
        return runs, looped

    def _redirects(self, looped: set[str]) -> bool:
        """Return whether what a started program fetches in a loop goes to a file."""
        return bool(words.SHELL_FETCHERS & looped) and any(
            " -o" in text or " -O" in text or ">" in text or text in ("-o", "-O", "-P") for text in self.every
        )

    def _heads(self, direct: list[Site], checks: bool) -> bool:
        if all(self._verb(site) == "head" for site in direct):
            return True
        read = self.found.attributes & about.BODIES
        if not read and not self.driver and not self.tables:
            return bool(self.found.attributes & about.STATUSES)
        return checks and bool(self.found.attributes & about.STATUSES)

    def _verb(self, site: Site) -> str:
        if site.name in ("request", "Request", "send") and site.call.args:
            return self.texts.text(site.call.args[0]).lower()
        for keyword in site.call.keywords:
            if keyword.arg == "method":
                return self.texts.text(keyword.value).lower()
        return site.name.lower()

    def _sends(self, site: Site) -> bool:
        if self._verb(site) not in _SENDING:
            return False
        return not any("query" in text[:400].lower() and "{" in text for text in self.found.texts)


def _loaded(found: Gathered) -> set[str]:
    """Return the modules that are run by their file: `runpy.run_path("worker.py")`, `exec(open("worker.py")…)`."""
    loaded = set()
    for site in found.sites:
        if site.name in ("run_path", "run_module", "exec", "execfile", "spec_from_file_location"):
            for node in inside(site.call):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
                    name = node.value.removesuffix(".py").removeprefix("./").replace("/", ".")
                    if all(part.isidentifier() for part in name.split(".")):
                        loaded.add(name)
    return loaded


def site_owner(call: ast.Call) -> str:
    """Return the name before the last dot of what is called, or an empty string."""
    return last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def _is_page_word(node: ast.AST) -> bool:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    return bool(words.PAGE_WORD.search(node.value)) or node.value.lower() in words.PAGE_KEYS


def _changing(loop: Loop) -> set[str]:
    """Return the names that get a new value from turn to turn."""
    found: set[str] = set()
    for node in inside(loop):
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension | ast.AugAssign | ast.AnnAssign | ast.NamedExpr):
            found |= targets(node.target)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                found |= targets(target)
    return found


def _takes(call: ast.Call) -> bool:
    """Return whether what is asked for is taken out of something right there: `get(queue.pop())`."""
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        for node in inside(argument):
            if isinstance(node, ast.Call) and last_name(node.func) in _TAKE | {"choice", "randint"}:
                return True
    return False


def _gives_up(loop: Loop) -> bool:
    """Return whether a loop ends once it worked: one that tries again."""
    if not isinstance(loop, ast.For | ast.AsyncFor | ast.While):
        return False
    return any(isinstance(node, ast.Break | ast.Return) for node in inside(loop))


def _holds_given(value: ast.expr) -> bool:
    for node in inside(value):
        if isinstance(node, ast.Call) and last_name(node.func) in _GIVEN:
            return True
        if isinstance(node, ast.Attribute) and node.attr in ("stdin", "argv"):
            return True
    return False


def _calls_in(node: ast.AST) -> set[str]:
    """Return the last names of every call in an expression."""
    return {
        each.func.attr if isinstance(each.func, ast.Attribute) else each.func.id
        for each in ast.walk(node)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute | ast.Name)
    }
