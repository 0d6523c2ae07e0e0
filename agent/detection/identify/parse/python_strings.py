"""What a text in Python code comes to without running it: joined, formatted and decoded constants.

`python_code.py` asks for the text of an address, of a command or of code that is handed to `exec`. What is not constant
becomes `{}`, so that `"https://" + HOST + f"/people?page={n}"` reads `https://site.example/people?page={}`. Decoding
(base64, hexadecimal, rot13, zlib) is done on literals only and within fixed limits; nothing of the program is executed.
"""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import contextlib
import zlib
from collections.abc import Mapping

from agent.detection.identify.parse.python_tree import last_name

MAX_DEPTH = 12
MAX_TEXT = 262_144
UNKNOWN = "{}"
_B64 = {
    "b64decode": base64.b64decode,
    "urlsafe_b64decode": base64.urlsafe_b64decode,
    "standard_b64decode": base64.standard_b64decode,
    "decodebytes": base64.decodebytes,
    "b32decode": base64.b32decode,
    "b85decode": base64.b85decode,
    "a85decode": base64.a85decode,
}
_SAME = frozenset(
    ["strip", "rstrip", "lstrip", "lower", "upper", "str", "quote", "quote_plus", "encode", "Path", "URL"]
)


class Texts:
    """Folds constants. `bound` maps a name to what it is bound to, where that is one thing only."""

    def __init__(self, bound: Mapping[str, ast.expr]) -> None:
        self._bound = bound

    def text(self, node: ast.AST, depth: int = 0) -> str:
        """Return what an expression's text comes to; `{}` stands for every part that is not constant."""
        if depth > MAX_DEPTH:
            return UNKNOWN
        if isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, str):
                return value[:MAX_TEXT]
            if isinstance(value, bytes):
                return value[:MAX_TEXT].decode("latin-1")
            return str(value) if isinstance(value, int) else UNKNOWN
        if isinstance(node, ast.JoinedStr):
            return "".join(self.text(part, depth + 1) for part in node.values[:200])[:MAX_TEXT]
        if isinstance(node, ast.FormattedValue):
            return self.text(node.value, depth + 1)
        if isinstance(node, ast.BinOp):
            left = self.text(node.left, depth + 1)
            if isinstance(node.op, ast.Mod):
                return left
            return (left + self.text(node.right, depth + 1))[:MAX_TEXT] if isinstance(node.op, ast.Add) else UNKNOWN
        if isinstance(node, ast.Name):
            bound = self._bound.get(node.id)
            return self.text(bound, depth + 2) if bound is not None else UNKNOWN
        if isinstance(node, ast.Subscript):
            return self._subscript(node, depth)
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        if isinstance(node, ast.List | ast.Tuple):
            return " ".join(self.text(part, depth + 1) for part in node.elts[:50])[:MAX_TEXT]
        return UNKNOWN

    def parts(self, node: ast.AST) -> list[str] | None:
        """Return the texts of a list or tuple, also through a name; None where it is neither."""
        if isinstance(node, ast.Name):
            node = self._bound.get(node.id, node)
        if isinstance(node, ast.Call) and last_name(node.func) == "split" and isinstance(node.func, ast.Attribute):
            return self.text(node.func.value).split()[:200]
        if isinstance(node, ast.Call) and last_name(node.func) == "split" and node.args:
            return self.text(node.args[0]).split()[:200]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left = self.parts(node.left)
            return left if left is None else left + (self.parts(node.right) or [UNKNOWN])
        if isinstance(node, ast.List | ast.Tuple):
            return [self.text(part) for part in node.elts[:200]]
        return None

    def constants(self, node: ast.AST) -> int | None:
        """Return how many constants a literal collection holds, also through a name; None where it is no such thing."""
        if isinstance(node, ast.Name):
            node = self._bound.get(node.id, node)
        if isinstance(node, ast.Call):
            name = last_name(node.func)
            if name in ("enumerate", "sorted", "list", "tuple", "set", "items", "keys", "values", "reversed", "cycle"):
                inner = node.func.value if isinstance(node.func, ast.Attribute) and not node.args else None
                inner = inner or (node.args[0] if node.args else None)
                return self.constants(inner) if inner is not None else None
            if name == "split" and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant):
                return len(str(node.func.value.value).split())
            return None
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            plain = all(isinstance(part, ast.Constant | ast.Tuple | ast.List | ast.Dict) for part in node.elts)
            return len(node.elts) if plain else None
        return len(node.keys) if isinstance(node, ast.Dict) else None

    def _subscript(self, node: ast.Subscript, depth: int) -> str:
        cut = node.slice
        if isinstance(cut, ast.Slice) and isinstance(cut.step, ast.UnaryOp) and isinstance(cut.step.op, ast.USub):
            return self.text(node.value, depth + 1)[::-1]
        value = node.value
        if isinstance(value, ast.Name):
            value = self._bound.get(value.id, value)
        if isinstance(value, ast.Dict) and isinstance(cut, ast.Constant):
            for key, held in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == cut.value:
                    return self.text(held, depth + 1)
        return UNKNOWN

    def _call(self, node: ast.Call, depth: int) -> str:
        name = last_name(node.func)
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        first = node.args[0] if node.args else None
        if name in ("format", "format_map", "replace") and owner is not None:
            return self.text(owner, depth + 1)
        if name == "join" and owner is not None and first is not None:
            return self._join(owner, first, depth)
        if name in ("urljoin", "Request", "getenv", "get") and node.args:
            # A default (`os.environ.get("BASE", "https://…")`) stands last; of an address the parts follow each other.
            return "".join(self.text(one, depth + 1) for one in node.args[:2]).replace(UNKNOWN, "") or UNKNOWN
        if name in _SAME:
            inner = owner if owner is not None and name not in ("quote", "URL", "Path") else first
            return self.text(inner, depth + 1) if inner is not None else UNKNOWN
        decoded = self._decoded(node, depth)
        return decoded.decode("utf-8", "replace")[:MAX_TEXT] if decoded is not None else UNKNOWN

    def _join(self, owner: ast.expr, first: ast.expr, depth: int) -> str:
        between = self.text(owner, depth + 1)
        if isinstance(first, ast.List | ast.Tuple):
            return between.join(self.text(part, depth + 1) for part in first.elts[:200])[:MAX_TEXT]
        if isinstance(first, ast.Call) and last_name(first.func) == "map" and len(first.args) == 2:
            numbers = first.args[1]
            if last_name(first.args[0]) == "chr" and isinstance(numbers, ast.List | ast.Tuple):
                values = [one.value for one in numbers.elts[:4096] if isinstance(one, ast.Constant)]
                return between.join(chr(one) for one in values if isinstance(one, int) and 0 <= one < 0x110000)
        return UNKNOWN

    def _decoded(self, node: ast.AST, depth: int) -> bytes | None:
        """Return the bytes behind a chain of decoding calls on a literal, or None."""
        if depth > MAX_DEPTH:
            return None
        if isinstance(node, ast.Name):
            bound = self._bound.get(node.id)
            return self._decoded(bound, depth + 1) if bound is not None else None
        if isinstance(node, ast.Constant):
            value = node.value
            return value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else None
        if isinstance(node, ast.List | ast.Tuple):
            values = [one.value for one in node.elts[:65_536] if isinstance(one, ast.Constant)]
            return bytes(one for one in values if isinstance(one, int) and 0 <= one < 256)
        if not isinstance(node, ast.Call):
            return None
        name = last_name(node.func)
        inner: ast.AST | None = node.args[0] if node.args else None
        if name in ("decode", "encode") and isinstance(node.func, ast.Attribute):
            how = self.text(node.args[-1], depth + 1) if node.args else ""
            if "rot" in how:
                source = node.args[0] if len(node.args) > 1 else node.func.value
                return codecs.decode(self.text(source, depth + 1), "rot13").encode()
            inner = node.func.value
            name = how.replace("base64", "decodebytes") if "base64" in how else ""
        if inner is None:
            return None
        held = self._decoded(inner, depth + 1)
        if held is None or len(held) > MAX_TEXT:
            return None
        # What does not decode stays unknown, as any text that is not constant does.
        with contextlib.suppress(ValueError, binascii.Error, zlib.error, UnicodeError):
            if name in _B64:
                return _B64[name](held)
            if name in ("fromhex", "unhexlify"):
                return bytes.fromhex(held.decode("ascii"))
            if name == "decompress":
                return zlib.decompressobj(wbits=47).decompress(held, MAX_TEXT)
            if name in ("", "bytes", "bytearray", "str", "compile"):
                return held
        return None
