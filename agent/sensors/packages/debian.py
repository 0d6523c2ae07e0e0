"""Reads Debian's list of packages from dpkg's status file, which also says which of them are really installed
(dpkg(1)).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.model.events import PackageFound

_MAX_LINE = 4096


def debian_packages(status: Path) -> Iterator[PackageFound]:
    """Yield installed packages; nothing on a system without dpkg."""
    name = version = ""
    installed = False
    try:
        with status.open("rb") as file:
            for line in file:
                if line == b"\n":
                    if installed and name:
                        yield PackageFound("debian", name, version)
                    name, version, installed = "", "", False
                elif line.startswith(b"Package: "):
                    name = line[9:_MAX_LINE].strip().decode("utf-8", "replace")
                elif line.startswith(b"Version: "):
                    version = line[9:_MAX_LINE].strip().decode("utf-8", "replace")
                elif line.startswith(b"Status: "):
                    installed = line.split()[-1:] == [b"installed"]
    except OSError:
        return
    if installed and name:
        yield PackageFound("debian", name, version)
