"""Is an unknown executable a copy of a known one under another name? By the build id that the linker leaves in both.

`known_builds` reads the build id of every catalogued program that is installed in the folders for programs: a few
kilobytes each, once, and again when a folder has changed. A copy keeps it whatever it is called. A copy that was
brought from elsewhere is told by its texts instead (`agent/content/yara/binaries.yar`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent.detection.identify.elf import MAGIC, Pieces, build_id, sections
from agent.detection.identify.folders import is_file

FOLDERS = ("/usr/bin", "/usr/local/bin", "/usr/games", "/opt/bin")
MAX_PROGRAMS = 2000
MAX_BYTES = 64 * 1024 * 1024


class KnownBuilds:
    """Build ids of the catalogued programs on this machine, by build id; reads the disk when asked."""

    def __init__(self, names: Iterable[str], folders: Iterable[str] = FOLDERS) -> None:
        """Say what to look for.

        Args:
            names: Commands of the catalogue.
            folders: Where programs are installed.
        """
        self._names = tuple(dict.fromkeys(names))[:MAX_PROGRAMS]
        self._folders = tuple(folders)
        self._stamp: tuple[int, ...] | None = None
        self._builds: Mapping[str, str] = {}

    def name_of(self, build: str) -> str:
        """Return the command that has this build id, or an empty string."""
        if not build:
            return ""
        stamp = tuple(_changed(folder) for folder in self._folders)
        if stamp != self._stamp:
            self._stamp, self._builds = stamp, known_builds(self._names, self._folders)
        return self._builds.get(build, "")


def known_builds(names: Iterable[str], folders: Iterable[str]) -> Mapping[str, str]:
    """Return the build ids of the named programs that are installed."""
    found: dict[str, str] = {}
    wanted = list(names)
    for folder in folders:
        for name in wanted:
            build = _build_of(Path(folder, name))
            if build:
                found.setdefault(build, name)
    return found


def _build_of(path: Path) -> str:
    if not is_file(str(path)):
        return ""  # a pipe with a tool's name would block whoever opens it
    try:
        with path.open("rb") as file:
            if file.read(4) != MAGIC:
                return ""
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                return ""
            data = Pieces(file.fileno(), size)
            return build_id(data, sections(data))
    except OSError:
        return ""


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - one system call in a hot path
    except OSError:
        return -1
