"""YAML of unknown authors → documents that know their lines, within bounds.

The text is first read as a stream of events, without building anything: that is where too deep, too many and too many
aliases are found, since a parser that builds would exhaust the stack or the memory on them. Then each document is built
twice, as plain data for pySigma and as nodes, from which `Document.line` tells where a part of it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml
from sigma.exceptions import SigmaError
from sigma.rule.base import check_alias_expansion

MAX_DEPTH: Final = 40
"""Of nesting; rules have six levels."""
MAX_PARTS: Final = 200_000
"""Events in one file; the largest file of SigmaHQ has 4,500."""
MAX_DOCUMENTS: Final = 1000

_OPENING = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
_CLOSING = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
_MERGE = "tag:yaml.org,2002:merge"


class Unreadable(ValueError):
    """This is not YAML that can be a rule; `line` is where it goes wrong."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its plain data, and where its parts stand."""

    data: Any
    node: Any

    def line(self, *path: str) -> int:
        """Return the line (from 1) of the key that a path of keys leads to, or of the last one found on the way."""
        node = self.node
        line: int = node.start_mark.line + 1
        for name in path:
            if not isinstance(node, yaml.MappingNode):
                break
            found = next(((key, value) for key, value in node.value if key.value == name), None)
            if found is None:
                break
            node, line = found[1], found[0].start_mark.line + 1
        return line

    def line_within(self, *path: str, field: str) -> int:
        """Return the line of the first test of a field, anywhere below a path; the path's own where there is none."""
        node = self.node
        for name in path:
            below = [value for key, value in node.value if key.value == name] if _is_mapping(node) else []
            if not below:
                return self.line(*path)
            node = below[0]
        waiting = [node]
        while waiting:
            here = waiting.pop()
            if _is_mapping(here):
                for key, value in here.value:
                    if key.value == field or key.value.startswith(f"{field}|"):
                        line: int = key.start_mark.line + 1
                        return line
                    waiting.append(value)
            elif isinstance(here, yaml.SequenceNode):
                waiting.extend(here.value)
        return self.line(*path)


def documents(text: str) -> Iterator[Document | Unreadable]:
    """Yield every document of a text that is not empty, or why one cannot be used.

    Args:
        text: YAML, of any author.

    Raises:
        Unreadable: The text as a whole cannot be read; what was yielded before stays good.
    """
    _bounded(text)
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_node():
            node: Any = loader.get_node()
            line = node.start_mark.line + 1
            try:
                _plain(node)
                data = loader.construct_document(node)
                check_alias_expansion(data)
            except Unreadable as problem:
                yield problem
                continue
            except (yaml.YAMLError, SigmaError, ValueError, RecursionError) as problem:
                yield Unreadable(_said(problem), _line(problem, line))
                continue
            if data is not None:
                yield Document(data, node)
    except yaml.YAMLError as problem:
        raise Unreadable(_said(problem), _line(problem, 1)) from None
    finally:
        loader.dispose()


def _bounded(text: str) -> None:
    depth = started = 0
    line = 1
    try:
        event: Any
        for number, event in enumerate(yaml.parse(text, yaml.CSafeLoader)):
            line = event.start_mark.line + 1
            if isinstance(event, _OPENING):
                depth += 1
            elif isinstance(event, _CLOSING):
                depth -= 1
            elif isinstance(event, yaml.DocumentStartEvent):
                started += 1
            if depth > MAX_DEPTH:
                raise Unreadable(f"it is nested more than {MAX_DEPTH} levels deep", line)
            if number > MAX_PARTS:
                raise Unreadable(f"it has more than {MAX_PARTS} parts", line)
            if started > MAX_DOCUMENTS:
                raise Unreadable(f"it holds more than {MAX_DOCUMENTS} documents", line)
    except yaml.YAMLError as problem:
        raise Unreadable(_said(problem), _line(problem, line)) from None
    except UnicodeEncodeError:
        raise Unreadable("it is not valid Unicode", line) from None


def _plain(root: Any) -> None:
    """Refuse what plain data would hide: a key that stands twice, a merge key (it can grow without bound)."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            keys = set()
            for key, value in node.value:
                line = key.start_mark.line + 1
                if not isinstance(key, yaml.ScalarNode):
                    raise Unreadable("a key is not a plain word", line)
                if key.tag == _MERGE:
                    raise Unreadable("merge keys (<<) are not used in rules; write the parts out", line)
                if key.value in keys:
                    raise Unreadable(f"the key «{key.value[:80]}» stands twice in one mapping", line)
                keys.add(key.value)
                waiting.append(value)


def _is_mapping(node: Any) -> bool:
    return isinstance(node, yaml.MappingNode)


def _said(problem: Exception) -> str:
    if isinstance(problem, yaml.MarkedYAMLError) and problem.problem:
        return f"it is not well-formed YAML: {problem.problem}"
    return f"it is not well-formed YAML: {problem}"


def _line(problem: Exception, otherwise: int) -> int:
    mark: Any = getattr(problem, "problem_mark", None)
    return mark.line + 1 if mark is not None else otherwise
