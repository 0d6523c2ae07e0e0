"""Reads Python by its syntax tree and says what shape it has: imports, requests in loops, parsing, writing.

Two passes. The first notes imports (lazy ones and `importlib.import_module('x')` too), which names stand for a library
or for something made from one (`s = requests.Session()`), and which functions make requests. The second asks which
requests happen in a loop: directly, through a function called in one, through `map`, `submit` or `gather`, or by a
function that calls itself. Modules of the program's own that lie beside it are read along, a few of them.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterator

from agent.detection.identify.parse import vocabulary as words
from agent.detection.identify.parse.facts import MAX_IMPORTS, CodeFacts

MAX_OWN_MODULES = 8
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
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
    ]
)
_GROW = frozenset(["append", "add", "put", "put_nowait", "extend", "push", "update", "appendleft", "enqueue"])
_KEYWORDS = frozenset(
    [
        "params",
        "headers",
        "timeout",
        "cookies",
        "proxies",
        "json",
        "data",
        "allow_redirects",
        "verify",
        "auth",
        "stream",
    ]
)


def read(source: bytes, beside: Callable[[str], bytes | None] = lambda name: None) -> CodeFacts:
    """Say what shape a Python program has.

    Args:
        source: The program.
        beside: Gives the source of a module of the program's own by its dotted name, or None.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: It cannot be read as Python.
    """
    trees = [_parse(source)]
    seen: set[str] = set()
    waiting = sorted(_imports(trees[0]))
    while waiting and len(trees) <= MAX_OWN_MODULES:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        more = beside(name)
        if more is None:
            continue
        try:
            tree = _parse(more)
        except (SyntaxError, ValueError):
            continue
        trees.append(tree)
        waiting += sorted(_imports(tree) - seen)
    return _Reader(trees).facts()


def _parse(source: bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _imports(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if module:
                found.add(module)
            found.update(f"{module}.{alias.name}".lstrip(".") for alias in node.names if alias.name != "*")
        elif isinstance(node, ast.Call):
            name = _name(node.func)
            if name in ("import_module", "__import__") and node.args:
                literal = _text(node.args[0])
                if literal:
                    found.add(literal.lstrip("."))
    return found


class _Reader:
    def __init__(self, trees: list[ast.Module]) -> None:
        self.trees = trees
        self.imports: set[str] = set()
        for tree in trees:
            self.imports |= _imports(tree)
        self.tops = {name.split(".")[0] for name in self.imports}
        self.http = bool(self.tops & words.PYTHON_HTTP)
        self.driver = bool(self.tops & words.DRIVERS)
        self.made: set[str] = set()
        """Names that stand for a web library, a driver, or something made from one."""
        self.asking: set[str] = set()
        """Names of functions that make a request, directly or through others."""

    def facts(self) -> CodeFacts:
        self._names()
        self._functions()
        in_loop = walks = drives = False
        for call, loops in self._calls():
            if not self._asks(call) and not self._fans_out(call):
                continue
            if loops or self._fans_out(call):
                in_loop = True
                walks = walks or self._walks(call, loops)
                drives = drives or self.driver
        in_loop = in_loop or self._recursive()
        # Where the loop calls a function, the address with the page's number stands in that function.
        walks = walks or (in_loop and any(self._asks(call) and self._walks(call, ()) for call, _ in self._calls()))
        parses, writes, people, hosts, links = self._words()
        requests = bool(self.asking) or any(self._asks(call) for call, _ in self._calls())
        return CodeFacts(
            imports=tuple(sorted(name for name in self.imports if len(name) < 100)[:MAX_IMPORTS]),
            requests=requests and (self.http or self.driver),
            in_loop=in_loop and (self.http or self.driver),
            drives=drives,
            parses=parses and (self.http or self.driver or bool(self.tops & words.PYTHON_PARSERS)),
            writes=writes,
            walks=walks or (in_loop and links),
            people=people,
            own_host=words.all_own(hosts),
            looped=tuple(sorted(self._looped())[:MAX_IMPORTS]),
        )

    def _names(self) -> None:
        """Find the names that stand for a library or something made from one; three rounds reach what matters."""
        libraries = words.PYTHON_HTTP | words.DRIVERS
        for tree in self.trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        if alias.name.split(".")[0] in libraries:
                            self.made.add((alias.asname or alias.name).split(".")[0])
                elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in libraries:
                    self.made.update(alias.asname or alias.name for alias in node.names)
        for _ in range(3):
            before = len(self.made)
            for tree in self.trees:
                for node in ast.walk(tree):
                    for target, value in _bindings(node):
                        root = _root(value)
                        if root and root in self.made:
                            self.made.update(_targets(target))
            if len(self.made) == before:
                break

    def _functions(self) -> None:
        bodies = [
            (node.name, [one for one in ast.walk(node) if isinstance(one, ast.Call)])
            for tree in self.trees
            for node in ast.walk(tree)
            if isinstance(node, _FUNCTIONS)
        ]
        for _ in range(5):
            before = len(self.asking)
            for name, calls in bodies:
                if name not in self.asking and any(self._asks(call) for call in calls):
                    self.asking.add(name)
            if len(self.asking) == before:
                break

    def _asks(self, call: ast.Call) -> bool:
        """Return whether a call makes a web request or drives a browser to a page."""
        name = _name(call.func)
        if isinstance(call.func, ast.Name):
            return name in self.asking or (name in words.REQUEST_VERBS and name in self.made)
        if not isinstance(call.func, ast.Attribute):
            return False
        root = _root(call.func.value)
        if name in self.asking and (root == "self" or root not in self.made):
            return True
        if name not in words.REQUEST_VERBS or not (self.http or self.driver):
            return False
        if root in self.made:
            first = _text(call.args[0]) if call.args else None
            return not (name == "get" and first is not None and "/" not in first and first.upper() != "GET")
        return self._looks_like_address(call)

    def _looks_like_address(self, call: ast.Call) -> bool:
        """Return whether the call's arguments say that it goes to an address, whoever's method it is."""
        if any(keyword.arg in _KEYWORDS for keyword in call.keywords):
            return _name(call.func) in ("get", "post", "request")
        if not call.args:
            return False
        text = "".join(_texts(call.args[0]))
        if "://" in text:
            return True
        spoken = _name(call.args[0]).lower()
        return any(word in spoken for word in ("url", "link", "href")) or (
            spoken == "u"
            and isinstance(call.func, ast.Attribute)
            and _name(call.func.value) in ("s", "session", "client")
        )

    def _fans_out(self, call: ast.Call) -> bool:
        """Return whether a function that makes requests is handed to something that calls it many times."""
        return _name(call.func) in _FAN_OUT and any(_name(arg) in self.asking for arg in call.args)

    def _calls(self) -> Iterator[tuple[ast.Call, tuple[ast.AST, ...]]]:
        """Yield every call with the loops it stands in; a function's body starts anew."""
        waiting: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(tree, ()) for tree in self.trees]
        while waiting:
            node, loops = waiting.pop()
            if isinstance(node, ast.Call):
                yield node, loops
            if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
                loops = ()
            inner = (*loops, node) if isinstance(node, _LOOPS) else loops
            # What a `for` runs over is evaluated once, before the loop.
            once = node.iter if isinstance(node, ast.For | ast.AsyncFor) else None
            for child in ast.iter_child_nodes(node):
                waiting.append((child, loops if child is once else inner))

    def _looped(self) -> set[str]:
        """Return the libraries that are called in a loop, or whose results are looped over."""
        owner: dict[str, str] = {}
        for tree in self.trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        owner[(alias.asname or alias.name).split(".")[0]] = alias.name.split(".")[0]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    for alias in node.names:
                        owner[alias.asname or alias.name] = node.module.split(".")[0]
        for _ in range(3):
            before = len(owner)
            for tree in self.trees:
                for node in ast.walk(tree):
                    for target, value in _bindings(node):
                        root = _root(value)
                        if root in owner:
                            for name in _targets(target):
                                owner.setdefault(name, owner[root])
            if len(owner) == before:
                break
        found = set()
        for call, loops in self._calls():
            root = _root(call)
            if root in owner and loops:
                found.add(owner[root])
        for tree in self.trees:
            for node in ast.walk(tree):
                for _, over in _loop_heads(node):
                    root = _root(over)
                    if root in owner and isinstance(over, ast.Call):
                        found.add(owner[root])
        return found

    def _recursive(self) -> bool:
        for tree in self.trees:
            for node in ast.walk(tree):
                if isinstance(node, _FUNCTIONS) and node.name in self.asking:
                    for inner in ast.walk(node):
                        if isinstance(inner, ast.Call) and _name(inner.func) == node.name:
                            return True
        return False

    def _walks(self, call: ast.Call, loops: tuple[ast.AST, ...]) -> bool:
        """Return whether the address of a request is made from a number, a page word or the loop's own variable."""
        arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
        pieces = [text for argument in arguments for text in _texts(argument)]
        if any(words.PAGE_WORD.search(text) or text.lower() in words.PAGE_KEYS for text in pieces):
            return True
        named = {node.id for argument in arguments for node in ast.walk(argument) if isinstance(node, ast.Name)}
        for loop in loops:
            for target, over in _loop_heads(loop):
                counted = isinstance(over, ast.Call) and _name(over.func) in ("range", "count")
                if counted and named & _targets(target):
                    return True
        return False

    def _words(self) -> tuple[bool, bool, bool, list[str], bool]:
        """Return (parses, writes, about people, hosts, follows links) from every call, name and text of the program."""
        parses = writes = people = grows = href = False
        hosts: list[str] = []
        for tree in self.trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    name = _name(node.func)
                    parses = parses or name in words.PARSE_CALLS
                    writes = writes or name in words.WRITE_CALLS
                    grows = grows or name in _GROW
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    text = node.value
                    people = people or words.about_people(text)
                    hosts += words.hosts(text)
                    href = href or "href" in text[:200]
                elif isinstance(node, ast.Name):
                    people = people or words.about_people(node.id)
                elif isinstance(node, ast.Attribute):
                    people = people or words.about_people(node.attr)
        return parses, writes, people, hosts, href and grows


def _bindings(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield target, node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr


def _loop_heads(loop: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    if isinstance(loop, ast.For | ast.AsyncFor):
        yield loop.target, loop.iter
    elif isinstance(loop, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        for part in loop.generators:
            yield part.target, part.iter


def _targets(target: ast.AST) -> set[str]:
    if isinstance(target, ast.Attribute):
        return {target.attr}
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _root(node: ast.AST) -> str:
    """Return the name that an expression starts from: `p` of `await p.chromium.launch()`; `x` of `self.x.get()`."""
    while True:
        if isinstance(node, ast.Await):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                return node.attr
            node = node.value
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            return node.id if isinstance(node, ast.Name) else ""


def _name(node: ast.AST) -> str:
    """Return the last name of an expression: `get` of `s.get`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _texts(node: ast.AST) -> list[str]:
    return [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
