"""Small, bounded reads of other people's files and folders: names by listdir, a few kilobytes of text, never more.

Everything that `entry_point.py`, `package.py` and `debian.py` read goes through here, so that a pipe, a device, a giant
file or a folder that is not ours to read is one quiet «nothing there» instead of a daemon that hangs.
"""

from __future__ import annotations

import os
import re
import stat
from collections import OrderedDict
from pathlib import Path

HEAD_BYTES = 4096
METADATA_BYTES = 65_536
MAX_SITES = 64
MAX_DISTRIBUTIONS = 1000


def read_head(path: str, limit: int = HEAD_BYTES) -> str:
    """Return the first bytes of a regular file as text, or an empty string when it cannot be read."""
    return read_bytes(path, limit).decode("utf-8", "replace")


def read_bytes(path: str, limit: int) -> bytes:
    """Return the first bytes of a regular file, at most `limit`, or none when it cannot be read."""
    try:
        # Not blocking: a named pipe in the place of a file must not hold the daemon.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError):
        return b""
    try:
        return os.read(handle, limit) if stat.S_ISREG(os.fstat(handle).st_mode) else b""
    except OSError:
        return b""
    finally:
        os.close(handle)


def absolute(path: str, cwd: str) -> str:
    """Return the real path of something named on a command line, or an empty string when it cannot be resolved."""
    if not path or "\0" in path:
        return ""
    try:
        return os.path.realpath(os.path.join(cwd or os.sep, path))  # noqa: PTH118 - text in, text out, no object needed
    except (OSError, ValueError):
        return ""


def is_file(path: str | Path) -> bool:
    """Say whether a path leads to a regular file; a path too long to exist, or not ours to look at, leads nowhere."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where this says no


def is_dir(path: str | Path) -> bool:
    """Say whether a path leads to a folder; a path too long to exist, or not ours to look at, leads nowhere."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where this says no


def normal(name: str) -> str:
    """Return a Python distribution's name in its normal form (packaging.python.org, name normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def sites_of(root: Path) -> list[Path]:
    """Return the package folders of one Python environment: of a virtual environment, a user's base or the system."""
    found = []
    for pattern in (
        "lib/python*/site-packages",
        "Lib/site-packages",
        "lib/python3/dist-packages",
        "lib64/python*/site-packages",
    ):
        try:
            found += sorted(root.glob(pattern))
        except (OSError, ValueError):
            continue
    return found[:8]


class Distributions:
    """Which Python distributions lie in a folder, by its `*.dist-info` names. Cached by the folder's time of change."""

    def __init__(self, max_sites: int = MAX_SITES) -> None:
        self._max = max_sites
        self._names: OrderedDict[Path, tuple[int, dict[str, Path]]] = OrderedDict()
        self._modules: OrderedDict[Path, tuple[int, dict[str, str]]] = OrderedDict()

    def names(self, site: Path) -> dict[str, Path]:
        """Return normal distribution names and their metadata folders; empty when the folder cannot be read."""
        stamp = _stamp(site)
        held = self._names.get(site)
        if held is not None and held[0] == stamp:
            return held[1]
        found: dict[str, Path] = {}
        try:
            with os.scandir(site) as entries:
                for entry in entries:
                    for ending in (".dist-info", ".egg-info"):
                        if entry.name.endswith(ending) and len(found) < MAX_DISTRIBUTIONS:
                            found[normal(entry.name.removesuffix(ending).split("-")[0])] = site / entry.name
        except OSError:
            found = {}
        self._names[site] = (stamp, found)
        while len(self._names) > self._max:
            self._names.popitem(last=False)
        return found

    def owner(self, module: str, site: Path) -> str:
        """Return the distribution that brings a top-level module, or an empty string."""
        names = self.names(site)
        if normal(module) in names:
            return normal(module)
        stamp = _stamp(site)
        held = self._modules.get(site)
        if held is None or held[0] != stamp:
            modules: dict[str, str] = {}
            for name, folder in names.items():
                for top in _top_level(folder):
                    modules.setdefault(top, name)
            held = self._modules[site] = (stamp, modules)
            while len(self._modules) > self._max:
                self._modules.popitem(last=False)
        return held[1].get(module, "")


def _top_level(folder: Path) -> list[str]:
    declared = read_head(str(folder / "top_level.txt"))
    if declared:
        return declared.split()[:50]
    record = read_head(str(folder / "RECORD"), 16_384)
    tops = {
        line.split(",", 1)[0].split("/", 1)[0].removesuffix(".py")
        for line in record.splitlines()[:200]
        if "/" in line or ".py," in line
    }
    return sorted(top for top in tops if top.isidentifier())[:50]


def _stamp(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except (OSError, ValueError):
        return -1
