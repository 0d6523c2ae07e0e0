"""Programs that carry their interpreter and their libraries with them: by what were they frozen, and what is inside?

Each reader below answers one way of freezing from an open file, read piece by piece, and its sections: PyInstaller
(archive in the section `pydata`, or at the end of the file), Nuitka, cx_Freeze (a `lib` folder beside the program), zip
archives with a main module (shiv, pex, zipapp), Node programs (`pkg`, `nexe`, single executable), `deno compile`,
`bun build --compile`, and Electron applications by the `package.json` in their archive. What comes back is the way and
the names of the modules or packages inside; nothing is unpacked, loaded or run, and everything is bounded. Formats in
our own words from the tools' documentation and from files that they made.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agent.detection.identify.elf import Bytes

MAX_NAMES = 200
TAIL = 1024 * 1024
MAX_TABLE = 8 * 1024 * 1024
MAX_HEADER = 4 * 1024 * 1024
BUNDLE_SEARCHED = 16 * 1024 * 1024
_COOKIE = b"MEI\x0c\x0b\x0a\x0b\x0e"
_COOKIE_SIZE = 88
_ENTRY = struct.Struct(">IIIIBc")
_MODULE = re.compile(rb"[zZ\xfa\xda](.)([A-Za-z_][A-Za-z0-9_.]{1,98})", re.DOTALL)
_NODE_MODULE = re.compile(rb"node_modules/((?:@[a-z0-9][a-z0-9._-]{0,60}/)?[a-z0-9][a-z0-9._-]{0,60})[/\"'\\]")
_REQUIRED = re.compile(
    rb"(?:require\(|from |import |import\()[\"']((?:npm:|@[a-z0-9]|[a-z0-9])[a-z0-9._/@-]{1,80})[\"']"
)
_CENTRAL = b"PK\x01\x02"
_NAME = re.compile(r"[@A-Za-z_][\w./@-]{0,99}")


@dataclass(frozen=True, slots=True)
class Frozen:
    """What was found inside.

    Attributes:
        by: The way of freezing: `pyinstaller`, `nuitka`, `cx_freeze`, `zip`, `pkg`, `nexe`, `node`, `deno`, `bun`,
            `electron`.
        language: `python` or `javascript`.
        modules: Top-level modules or package names, sorted, at most 200.
        words: Name and description of an application that brings its own description; lower case.
    """

    by: str
    language: str
    modules: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)


def frozen(data: Bytes, found: Mapping[str, tuple[int, int]], path: str) -> Frozen | None:
    """Say how a program was frozen, or None where it was not, or cannot be told.

    Args:
        data: The program's bytes.
        found: Its sections.
        path: Where it lies, for what lies beside it.
    """
    return (
        _pyinstaller(data, found)
        or _node(data, found)
        or _zip(data)
        or _electron(path)
        or _cx_freeze(path)
        or _nuitka(data, found)
    )


def _pyinstaller(data: Bytes, found: Mapping[str, tuple[int, int]]) -> Frozen | None:
    start, size = found.get("pydata", (max(0, len(data) - TAIL), min(len(data), TAIL)))
    window = max(start, start + size - TAIL)
    at = data[window : start + size].rfind(_COOKIE)
    if at < 0:
        return None
    cookie = window + at
    try:
        length, table, table_size = struct.unpack(">III", data[cookie + 8 : cookie + 20])
    except struct.error:
        return Frozen("pyinstaller", "python")
    base = cookie + _COOKIE_SIZE - length
    if base < 0 or table_size > MAX_TABLE:
        return Frozen("pyinstaller", "python")
    names: set[str] = set()
    at, end = base + table, base + table + table_size
    while at + _ENTRY.size < end and len(names) < 4 * MAX_NAMES:
        head = data[at : at + _ENTRY.size]
        if len(head) < _ENTRY.size:
            break
        step, offset, packed, _, _, kind = _ENTRY.unpack(head)
        if step < _ENTRY.size:
            break
        name = data[at + _ENTRY.size : at + min(step, 512)].split(b"\0", 1)[0].decode("utf-8", "replace")
        if kind in b"zZ" and packed:
            names |= _names_in_pyz(data, base + offset, packed)
        elif kind in b"sm" and not name.startswith(("pyi", "struct")):
            names.add(name.split(".")[0])
        elif kind == b"b" and "/" in name:
            names.add(name.split("/")[0])
        at += step
    return Frozen("pyinstaller", "python", _kept(names))


def _names_in_pyz(data: Bytes, at: int, size: int) -> set[str]:
    """Return the top-level names in a PYZ archive: its table is marshalled, its names stand there as short text."""
    head = data[at : at + 12]
    if head[:4] != b"PYZ\0" or len(head) < 12:
        return set()
    (table,) = struct.unpack(">I", head[8:12])
    if table >= size:
        return set()
    text = data[at + table : at + min(size, table + MAX_TABLE)]
    names = set()
    for match in _MODULE.finditer(text):
        length = match[1][0]
        if 1 < length <= len(match[2]):
            names.add(match[2][:length].decode("ascii").split(".")[0])
    return names


def _nuitka(data: Bytes, found: Mapping[str, tuple[int, int]]) -> Frozen | None:
    """Nuitka leaves its name among the constants; the modules compiled in stand there as `module.NAME` texts."""
    if not found:
        return None
    offset, size = found.get(".rodata", (0, 0))
    text = data[offset : offset + min(size, BUNDLE_SEARCHED)]
    if b"NUITKA_" not in text and b"__nuitka" not in text and b"__compiled__" not in text:
        return None
    names = {
        match.decode("ascii") for match in re.findall(rb"\0module\.([a-z_][a-z0-9_]{1,60})", text)[: 4 * MAX_NAMES]
    }
    names |= {
        match.decode("ascii") for match in re.findall(rb"\0([a-z_][a-z0-9_]{1,60})\.__init__\0", text)[: 4 * MAX_NAMES]
    }
    return Frozen("nuitka", "python", _kept(names))


def _cx_freeze(path: str) -> Frozen | None:
    """cx_Freeze puts everything into a `lib` folder beside the program, with `library.zip` or plain folders."""
    beside = Path(path).parent / "lib"
    try:
        if not (beside / "library.zip").is_file() and not (beside / "cx_Freeze").exists():
            return None
        with os.scandir(beside) as entries:
            names = {entry.name.split(".")[0] for entry, _ in zip(entries, range(1000), strict=False)}
    except OSError:
        return None
    return Frozen("cx_freeze", "python", _kept(names))


def _zip(data: Bytes) -> Frozen | None:
    """Read the names in a zip archive at the file's end, where it has a main module (`__main__.py`)."""
    tail = data[max(0, len(data) - 66_000) :]
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 20:
        return None
    size, _ = struct.unpack("<II", tail[end + 12 : end + 20])
    last = len(data) - len(tail) + end
    table = data[max(0, last - size) : last] if size <= MAX_TABLE else b""
    if table[:4] != _CENTRAL:
        return None
    names: set[str] = set()
    main = False
    at = 0
    while table[at : at + 4] == _CENTRAL and len(names) < 4 * MAX_NAMES:
        lengths = table[at + 28 : at + 34]
        if len(lengths) < 6:
            break
        one, two, three = struct.unpack("<HHH", lengths)
        name = table[at + 46 : at + 46 + min(one, 300)].decode("utf-8", "replace")
        main = main or name in ("__main__.py", "__main__.pyc")
        inside = re.sub(r"^(?:site-packages/|\.deps/[^/]*/|_bootstrap/)", "", name)
        if inside.startswith(".deps/"):
            inside = inside.removeprefix(".deps/")
        names.add(inside.split("/", 1)[0].removesuffix(".py").split("-")[0])
        at += 46 + one + two + three
    return Frozen("zip", "python", _kept(names)) if main else None


def _node(data: Bytes, found: Mapping[str, tuple[int, int]]) -> Frozen | None:
    """Tell Node, Deno and Bun programs by the marks that each leaves at the end or in a section of its own."""
    tail = data[max(0, len(data) - TAIL) :]
    by = ""
    if tail.rfind(b"\n---- Bun! ----\n") >= 0:
        by = "bun"
    elif b"d3n0l4nd" in tail[-256:] or "d3n0l4nd" in found or any("deno" in name for name in found):
        by = "deno"
    elif b"<nexe~~sentinel>" in tail[-256:]:
        by = "nexe"
    elif any("NODE_SEA_BLOB" in name for name in found) or "note.node.sea" in found or ".note.node.sea" in found:
        by = "node"
    elif b"/snapshot/" in tail and b"require(" in tail:
        by = "pkg"
    if not by:
        return None
    bundle = data[max(0, len(data) - BUNDLE_SEARCHED) :]
    for name, (offset, size) in found.items():
        if "sea" in name.lower():
            bundle = data[offset : offset + min(size, BUNDLE_SEARCHED)]
    return Frozen(by, "javascript", _kept(_required(bundle)))


def _required(text: bytes) -> set[str]:
    names = set()
    for pattern in (_NODE_MODULE, _REQUIRED):
        for match in pattern.finditer(text):
            name = match[1].decode("ascii").removeprefix("npm:")
            parts = name.split("/")
            names.add("/".join(parts[:2]) if name.startswith("@") else parts[0].split("@")[0])
            if len(names) >= 4 * MAX_NAMES:
                return names
    return names


def _electron(path: str) -> Frozen | None:
    """Read the application's `package.json` in `resources/app.asar` or `resources/app` beside the program."""
    resources = Path(path).parent / "resources"
    try:
        with (resources / "app.asar").open("rb") as file:
            return _asar(file.read(MAX_HEADER))
    except OSError:
        pass
    try:
        with (resources / "app" / "package.json").open("rb") as file:
            return _application(file.read(256 * 1024))
    except OSError:
        return None


def _asar(data: bytes) -> Frozen | None:
    """Read an asar archive's header: four lengths, then JSON with every file's place."""
    try:
        _, header, _, length = struct.unpack("<IIII", data[:16])
        files = json.loads(data[16 : 16 + length])["files"]
        there = files["package.json"]
        start = 8 + header + int(there["offset"])
        found = _application(data[start : start + min(int(there["size"]), 256 * 1024)])
    except (struct.error, ValueError, KeyError, TypeError, RecursionError):
        return None
    inside = files.get("node_modules", {})
    names = inside.get("files", {}) if isinstance(inside, dict) else {}
    if found is None or not isinstance(names, dict):
        return found
    return Frozen("electron", "javascript", _kept({*found.modules, *(str(name) for name in names)}), found.words)


def _application(text: bytes) -> Frozen | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    needs = data.get("dependencies")
    words = {key: str(data.get(key) or "").lower()[:1000] for key in ("name", "description")}
    return Frozen("electron", "javascript", _kept(needs if isinstance(needs, dict) else ()), words)


def _kept(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in {str(one) for one in names} if _NAME.fullmatch(name)))[:MAX_NAMES]
