"""Reads the code out of a notebook (nbformat 4, and the older worksheets of 3): one Python text of all its code cells.

Cells are not always Python: `%magic` lines go, `!program` lines and `%%bash` cells become a call of `os.system`: the
reader of Python sees the program that is started, and a cell that does not parse costs only itself. Outputs, which
make a notebook large, are dropped at once.
"""

from __future__ import annotations

import ast
import json
import re

MAX_NOTEBOOK_BYTES = 16 * 1024 * 1024
MAX_CELLS = 500
MAX_CELL = 65_536
_SHELL_CELLS = ("%%bash", "%%sh", "%%script", "%%!", "%%cmd")
_ASSIGNED = re.compile(r"^(\s*)([A-Za-z_][\w, ]*=\s*)?([!%])(.*)$")


def source_of(notebook: bytes) -> bytes:
    """Return the code of a notebook as Python.

    Raises:
        ValueError: It is no notebook, or too large.
    """
    if len(notebook) > MAX_NOTEBOOK_BYTES:
        raise ValueError("the notebook is too large")
    held = json.loads(notebook)
    cells = held.get("cells") if isinstance(held, dict) else None
    if cells is None and isinstance(held, dict):
        sheets = held.get("worksheets")
        cells = sheets[0].get("cells") if isinstance(sheets, list) and sheets and isinstance(sheets[0], dict) else None
    if not isinstance(cells, list):
        raise ValueError("not a notebook")
    texts = []
    for cell in cells[:MAX_CELLS]:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            text = _python(_text(cell.get("source", cell.get("input", "")))[:MAX_CELL])
            if _parses(text):
                texts.append(text)
    return "\n".join(texts).encode("utf-8", "replace")


def _text(source: object) -> str:
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _python(cell: str) -> str:
    """Turn what IPython understands into Python."""
    first = cell.lstrip().split("\n", 1)[0]
    if first.startswith(_SHELL_CELLS):
        return _started(cell.lstrip().partition("\n")[2])
    if first.startswith("%%"):
        # `%%time`, `%%capture`: the rest is Python; of any other language it will not parse and is left out.
        cell = cell.lstrip().partition("\n")[2]
    lines = []
    for line in cell.split("\n"):
        found = _ASSIGNED.match(line)
        if found is None:
            lines.append("" if line.startswith("?") or line.rstrip().endswith("?") else line)
            continue
        indent, target, mark, rest = found[1], found[2] or "", found[3], found[4]
        if mark == "!" or rest.startswith(("sx ", "system ", "run ")):
            lines.append(indent + target + _started(rest.removeprefix("run ")))
        else:
            lines.append(indent + (f"{target}None" if target else "pass"))
    return "\n".join(lines)


def _started(command: str) -> str:
    return f"__import__('os').system({command!r})"


def _parses(text: str) -> bool:
    try:
        compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
