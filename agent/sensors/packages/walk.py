"""Finds virtual environments and Node projects below the home folder, within limits and without following a link.

Breadth first, so that what lies near the top is found even where a limit stops the walk. Hidden folders are left out
(their interpreters are known by place), and on macOS the folders whose opening would ask the person for permission.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_NEVER = frozenset(("node_modules", "__pycache__", "site-packages", "snap", "AppData"))
_GUARDED_ON_MACOS = frozenset(
    ("Desktop", "Documents", "Downloads", "Library", "Movies", "Music", "Pictures", "Applications")
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How far the walk goes.

    Attributes:
        depth: Levels below home at which an environment or project may lie.
        entries: Directory entries looked at in all.
        seconds: Time in all.
    """

    depth: int = 3
    entries: int = 100_000
    seconds: float = 5.0


@dataclass(slots=True)
class Projects:
    """What the walk found.

    Attributes:
        environments: Prefixes of virtual environments.
        node: Folders with both package.json and node_modules.
        complete: False when a limit ended the walk.
    """

    environments: list[Path] = field(default_factory=list)
    node: list[Path] = field(default_factory=list)
    complete: bool = True


def find_projects(home: Path, limits: Limits, monotonic: Callable[[], float], system: str) -> Projects:
    """Walk the home folder.

    Args:
        home: Where to begin.
        limits: When to stop.
        monotonic: Seconds that never go back.
        system: As `sys.platform`.
    """
    found = Projects()
    until = monotonic() + limits.seconds
    left = limits.entries
    waiting = deque([(home, 0)])
    while waiting:
        folder, depth = waiting.popleft()
        names: set[str] = set()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    left -= 1
                    if left < 0 or monotonic() > until:
                        found.complete = False
                        return found
                    names.add(entry.name)
                    if depth < limits.depth and _enter(entry, depth, system):
                        waiting.append((folder / entry.name, depth + 1))
        except OSError:
            continue
        if "pyvenv.cfg" in names or "conda-meta" in names:
            found.environments.append(folder)
            # Nothing of interest lies below an environment.
            while waiting and waiting[-1][0].parent == folder:
                waiting.pop()
        elif depth > 0 and {"package.json", "node_modules"} <= names:
            found.node.append(folder)
    return found


def _enter(entry: os.DirEntry[str], depth: int, system: str) -> bool:
    name = entry.name
    if name in _NEVER or (name.startswith(".") and name != ".venv"):
        return False
    if depth == 0 and system == "darwin" and name in _GUARDED_ON_MACOS:
        return False
    return entry.is_dir(follow_symlinks=False)
