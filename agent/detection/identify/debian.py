"""Which Debian package does a program belong to, and what does that package say of itself?

`package_of` answers from the package manager's own plain files: the owner of a path from the lists of files, kept as a
small index of everything in the folders that programs are started from, its description from the status file. The
index is made at the first question, and again when the lists have changed; a path elsewhere is looked for in the
package that its folders name, and nowhere else. `judge` turns the description into an answer by `own_words.py`.
Nothing is started, nothing is written, and a machine without these files has no packages.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.detection.identified import Identified
from agent.detection.identify.folders import read_bytes
from agent.detection.identify.own_words import Said, capability
from agent.detection.identify.package import from_words

INFO = Path("/var/lib/dpkg/info")
STATUS = Path("/var/lib/dpkg/status")
MAX_LISTS = 8000
MAX_LIST_BYTES = 4 * 1024 * 1024
MAX_ALL_BYTES = 64 * 1024 * 1024
MAX_STATUS_BYTES = 32 * 1024 * 1024
MAX_KEPT = 256
_PROGRAM = re.compile(rb"\n(?:/usr)?(/(?:bin|sbin|games)/[^/\n]+)(?=\n)")
_FOLDERS = (b"/bin/", b"/sbin/", b"/games/")
_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]{0,99}")
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/lib32/")
_OWN = ("/usr/local/",)


@dataclass(frozen=True, slots=True)
class DebianPackage:
    """One installed Debian package.

    Attributes:
        name: Its name.
        summary: The first line of its description.
        about: The first paragraph of its description.
        keywords: Its section and tags.
    """

    name: str
    summary: str = ""
    about: str = ""
    keywords: str = ""


class DebianPackages:
    """Looks packages up and keeps the answers. Reads small plain files only; never raises."""

    def __init__(self, info: Path = INFO, status: Path = STATUS) -> None:
        """Say where the package manager keeps its lists.

        Args:
            info: The folder of `*.list` files.
            status: The file of installed packages with their descriptions.
        """
        self._info = info
        self._status = status
        self._stamp: tuple[int, int] | None = None
        self._programs: dict[str, str] = {}
        self._kept: OrderedDict[str, DebianPackage | None] = OrderedDict()

    def package_of(self, path: str) -> DebianPackage | None:
        """Return the package that a file belongs to, or None.

        Args:
            path: Real, absolute path of the file.
        """
        self._renew()
        if self._stamp is None or not path.startswith("/") or "\n" in path:
            return None
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        name = self._programs.get(path.removeprefix("/usr")) or self._by_folder(path)
        found = self._described(name) if name else None
        self._kept[path] = found
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return found

    def _renew(self) -> None:
        stamp = _stamp(self._info, self._status)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._kept.clear()
        self._programs = dict(self._read_programs()) if stamp is not None else {}

    def _read_programs(self) -> Iterator[tuple[str, str]]:
        """Yield programs and their packages, from every list, within the bounds."""
        left, folder = MAX_ALL_BYTES, str(self._info)
        try:
            with os.scandir(self._info) as entries:
                names = sorted(
                    entry.name
                    for entry in entries
                    if entry.name.endswith(".list") and not entry.name.startswith("fonts-")
                )[:MAX_LISTS]
        except OSError:
            return
        for name in names:
            data = read_bytes(f"{folder}/{name}", min(left, MAX_LIST_BYTES))
            left -= len(data)
            if not any(one in data for one in _FOLDERS):
                continue
            package = name.removesuffix(".list").split(":")[0]
            for match in _PROGRAM.finditer(b"\n" + data):
                yield match[1].decode("utf-8", "replace"), package

    def _by_folder(self, path: str) -> str:
        """Return the package of a program that lies in a folder named after it (`/usr/lib/PACKAGE/program`)."""
        line = b"\n" + path.encode("utf-8", "replace") + b"\n"
        for part in path.split("/")[2:6]:
            if not _NAME.fullmatch(part) or part in ("lib", "share", "bin", "libexec"):
                continue
            for ending in ("", ":amd64", ":arm64"):
                if line in b"\n" + read_bytes(f"{self._info}/{part}{ending}.list", MAX_LIST_BYTES):
                    return part
        return ""

    def _described(self, name: str) -> DebianPackage:
        text = read_bytes(str(self._status), MAX_STATUS_BYTES)
        mark = b"Package: " + name.encode() + b"\n"
        start = 0 if text.startswith(mark) else text.find(b"\n" + mark) + 1
        if start == 0 and not text.startswith(mark):
            return DebianPackage(name)
        end = text.find(b"\n\n", start)
        return read_stanza(name, text[start : end if end > 0 else start + 65_536].decode("utf-8", "replace"))


def read_stanza(name: str, text: str) -> DebianPackage:
    """Read one package's paragraph of the status file (Debian Policy 5.3 and 5.6.13)."""
    summary, keywords, about = "", [], []
    inside = ""
    for line in text.splitlines():
        if line.startswith((" ", "\t")):
            if inside == "Description" and line.strip() == ".":
                inside = ""
            elif inside == "Description":
                about.append(line.strip())
            elif inside == "Tag":
                keywords.append(line.strip())
            continue
        inside, _, value = line.partition(":")
        if inside == "Description":
            summary = value.strip()
        elif inside in ("Section", "Tag"):
            keywords.append(value.strip())
    tags = " , ".join(keywords).replace("::", " ").replace("-", " ")
    return DebianPackage(name, summary.lower(), " ".join(about)[:1500].lower(), tags.lower()[:500])


def judge(package: DebianPackage) -> Identified | None:
    """Identify a program by what its Debian package says of itself, or return None."""
    found = capability(Said(package.name.replace("-", " "), package.summary, package.keywords, package.about))
    if found is None:
        return None
    return from_words(f"package:debian:{package.name}", package.name, f"the Debian package {package.name}", found)


def is_systems_own(path: str) -> bool:
    """Return whether a path lies where only a package manager puts things: its content need not be looked at."""
    return path.startswith(_SYSTEM) and not path.startswith(_OWN)


def _stamp(info: Path, status: Path) -> tuple[int, int] | None:
    try:
        return info.stat().st_mtime_ns, status.stat().st_mtime_ns
    except OSError:
        return None
