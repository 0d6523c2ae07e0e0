"""One walk over Python's syntax trees that notes everything the questions of `python_code.py` need, each thing once.

The walk is the expensive part of reading a program; all that follows goes over short lists. Trees in, `Gathered` out:
imports and who owns which name, every call with the loops and functions around it, bindings, texts and names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

Loop = ast.For | ast.AsyncFor | ast.While | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MAX_NODES = 400_000
_SILENT = frozenset(["ctx", "op", "ops", "type_comment", "type_params", "annotation", "returns"])


@dataclass(slots=True)
class Site:
    """One call where it stands.

    Attributes:
        call: The call.
        name: The last name of what is called: `get` of `s.get`.
        root: The name that the called expression starts from: `s` of `s.get`, `x` of `self.x.get`.
        bare: Whether it is called by a plain name.
        loops: The loops around it within its function, outermost first.
        functions: Names of the functions around it.
    """

    call: ast.Call
    name: str
    root: str
    bare: bool
    loops: tuple[Loop, ...]
    functions: tuple[str, ...]


@dataclass(slots=True)
class Gathered:
    """What stands in a program."""

    imports: set[str] = field(default_factory=set)
    owner: dict[str, str] = field(default_factory=dict)
    """Name in the program → first part of the library it comes from."""
    sites: list[Site] = field(default_factory=list)
    bindings: list[tuple[set[str], ast.expr]] = field(default_factory=list)
    once: dict[str, ast.expr] = field(default_factory=dict)
    """Names that are bound to one thing only."""
    many: set[str] = field(default_factory=set)
    stepped: set[str] = field(default_factory=set)
    """Names that something is added to (`page += 1`)."""
    parameters: dict[str, set[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    built: list[ast.expr] = field(default_factory=list)
    """Texts that are put together: f-strings and sums, outermost only."""
    documentation: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """Names of variables, attributes, functions, parameters and keywords."""
    attributes: set[str] = field(default_factory=set)
    bases: set[str] = field(default_factory=set)
    definitions: set[str] = field(default_factory=set)
    asserts: int = 0
    nodes: int = 0


def gather(trees: Iterable[ast.AST], into: Gathered | None = None) -> Gathered:
    """Walk over the trees once.

    Args:
        trees: Parsed programs.
        into: Where an earlier walk over the same program's other parts left off.

    Raises:
        ValueError: The program has more nodes than anybody writes.
    """
    found = into if into is not None else Gathered()
    none: tuple[Loop, ...] = ()
    waiting: list[tuple[ast.AST, tuple[Loop, ...], tuple[str, ...], bool]] = [(tree, none, (), False) for tree in trees]
    while waiting:
        node, loops, functions, inside_text = waiting.pop()
        found.nodes += 1
        if found.nodes > MAX_NODES:
            raise ValueError("too many nodes")
        # Two comparisons instead of `isinstance` for the two kinds that most nodes are; mypy does not follow them.
        kind = type(node)
        if kind is ast.Name:
            found.names.add(node.id)  # type: ignore[attr-defined]
            continue
        if kind is ast.Constant:
            value = node.value  # type: ignore[attr-defined]
            if isinstance(value, str):
                found.texts.append(value)
            elif isinstance(value, bytes):
                found.texts.append(value[:4000].decode("latin-1"))
            continue
        if isinstance(node, ast.Attribute):
            found.names.add(node.attr)
            found.attributes.add(node.attr)
        elif isinstance(node, ast.Call):
            found.sites.append(_site(node, loops, functions))
        elif isinstance(node, LOOPS):
            _loop(node, loops, functions, waiting, found)
            continue
        elif isinstance(node, FUNCTIONS):
            found.definitions.add(node.name)
            found.names.add(node.name)
            arguments = node.args
            given = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
            found.parameters.setdefault(node.name, set()).update(given)
            found.names |= given
            loops, functions = (), (*functions, node.name)
        elif isinstance(node, ast.Lambda):
            loops = ()
        elif isinstance(node, ast.ClassDef):
            found.names.add(node.name)
            found.bases.update(last_name(base) for base in node.bases)
        elif isinstance(node, ast.Expr):
            value = node.value
            if isinstance(value, ast.Constant):
                if isinstance(value.value, str):
                    found.documentation.append(value.value[:2000])
                continue
        elif isinstance(node, ast.JoinedStr | ast.BinOp):
            if not inside_text and (isinstance(node, ast.JoinedStr) or isinstance(node.op, ast.Add | ast.Mod)):
                found.built.append(node)
            inside_text = True
        elif isinstance(node, ast.Assert):
            found.asserts += 1
        elif isinstance(node, ast.keyword):
            if node.arg:
                found.names.add(node.arg)
        elif isinstance(node, ast.AugAssign):
            found.stepped |= targets(node.target)
            found.many |= targets(node.target)
            found.bindings.append((targets(node.target), node.value))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            _import(node, found)
            continue
        else:
            _bind(node, found)
        for child in children(node):
            waiting.append((child, loops, functions, inside_text))
    return found


def _site(call: ast.Call, loops: tuple[Loop, ...], functions: tuple[str, ...]) -> Site:
    called = call.func
    if isinstance(called, ast.Call) and last_name(called.func) == "getattr" and len(called.args) >= 2:
        # getattr(requests, "get")(address) is requests.get(address).
        named = called.args[1]
        name = named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else ""
        return Site(call, name, root_name(called.args[0]), False, loops, functions)
    return Site(call, last_name(called), root_name(called), isinstance(called, ast.Name), loops, functions)


def _loop(
    node: Loop,
    loops: tuple[Loop, ...],
    functions: tuple[str, ...],
    waiting: list[tuple[ast.AST, tuple[Loop, ...], tuple[str, ...], bool]],
    found: Gathered,
) -> None:
    """Go on inside a loop. What a `for` runs over is evaluated once, before the loop."""
    inner = (*loops, node)
    if isinstance(node, ast.For | ast.AsyncFor):
        found.bindings.append((targets(node.target), node.iter))
        found.many |= targets(node.target)
        waiting.append((node.iter, loops, functions, False))
        for child in (node.target, *node.body, *node.orelse):
            waiting.append((child, inner, functions, False))
        return
    if isinstance(node, ast.While):
        for child in children(node):
            waiting.append((child, inner, functions, False))
        return
    for number, part in enumerate(node.generators):
        found.bindings.append((targets(part.target), part.iter))
        found.many |= targets(part.target)
        waiting.append((part.iter, inner if number else loops, functions, False))
        for child in (part.target, *part.ifs):
            waiting.append((child, inner, functions, False))
    results = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
    for result in results:
        waiting.append((result, inner, functions, False))


def _import(node: ast.Import | ast.ImportFrom, found: Gathered) -> None:
    if isinstance(node, ast.Import):
        for alias in node.names:
            found.imports.add(alias.name)
            found.owner[(alias.asname or alias.name).split(".")[0]] = alias.name.split(".")[0]
        return
    module = node.module or ""
    if module:
        found.imports.add(module)
    for alias in node.names:
        if alias.name != "*":
            found.imports.add(f"{module}.{alias.name}".lstrip("."))
            if module and not node.level:
                found.owner[alias.asname or alias.name] = module.split(".")[0]


def _bind(node: ast.AST, found: Gathered) -> None:
    pairs: list[tuple[ast.AST, ast.expr]] = []
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        pairs = [(node.target, node.value)]
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        pairs = [(node.optional_vars, node.context_expr)]
    for target, value in pairs:
        named = targets(target)
        found.bindings.append((named, value))
        if len(named) == 1:
            (name,) = named
            if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) and name in names_in(value):
                found.stepped.add(name)
            if name in found.once:
                found.many.add(name)
            found.once[name] = value
        else:
            found.many |= named


def targets(target: ast.AST) -> set[str]:
    """Return the names that something is bound to: `x` of `self.x` too."""
    if isinstance(target, ast.Name):
        return {target.id}
    if isinstance(target, ast.Attribute):
        return {target.attr}
    return {node.id for node in inside(target) if isinstance(node, ast.Name)}


def root_name(node: ast.AST) -> str:
    """Return the name that an expression starts from: `p` of `await p.chromium.launch()`; `x` of `self.x.get()`."""
    while True:
        if isinstance(node, ast.Await | ast.Subscript | ast.Starred):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                return node.attr
            node = node.value
        else:
            return node.id if isinstance(node, ast.Name) else ""


def last_name(node: ast.AST) -> str:
    """Return the last name of an expression: `get` of `s.get`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def names_in(node: ast.AST) -> frozenset[str]:
    """Return the names and attributes in an expression. Asked often: the answer is kept at the node itself."""
    kept: frozenset[str] | None = getattr(node, "_names_in", None)
    if kept is not None:
        return kept
    found = set()
    for one in inside(node):
        if isinstance(one, ast.Name):
            found.add(one.id)
        elif isinstance(one, ast.Attribute):
            found.add(one.attr)
    answer = frozenset(found)
    # A name of ours on a node of the standard library's: there it lives exactly as long as the node.
    node._names_in = answer  # type: ignore[attr-defined]
    return answer


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below a node, without those that say nothing here (operators, load or store)."""
    found: list[ast.AST] = []
    for name in node._fields:
        if name in _SILENT:
            continue
        value = getattr(node, name, None)
        if type(value) is list:
            found += [one for one in value if isinstance(one, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def inside(node: ast.AST) -> list[ast.AST]:
    """Return a node and all that is below it, in no particular order."""
    found = [node]
    for one in found:
        found += children(one)
    return found
