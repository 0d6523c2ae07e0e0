"""Reads the packages in a node_modules folder: of a global one every folder, of a project's only what it asked for.

A project's folder holds hundreds of packages that other packages brought along; those say nothing about the person, so
only the names in its package.json count. Versions come from each package's own package.json. Format: npm's
package.json.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from agent.model.events import PackageFound
from agent.sensors.present import is_folder

_MAX_FILE_BYTES = 1024 * 1024
_MAX_ENTRIES = 20_000
_NAME = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[A-Za-z0-9~_-][A-Za-z0-9._~-]*")


class _Manifest(msgspec.Struct):
    """The part of a package.json that is read."""

    version: str = ""
    dependencies: dict[str, object] = {}
    devDependencies: dict[str, object] = {}
    optionalDependencies: dict[str, object] = {}


def global_packages(node_modules: Path) -> Iterator[PackageFound]:
    """Yield every package of a global node_modules folder, scoped ones included."""
    for name in _names(node_modules):
        if name.startswith("@"):
            yield from _packages(node_modules, (f"{name}/{inner}" for inner in _names(node_modules / name)))
        else:
            yield from _packages(node_modules, (name,))


def project_packages(project: Path) -> Iterator[PackageFound]:
    """Yield the packages that a project asked for and that are installed in it."""
    manifest = _manifest(project)
    if manifest is None:
        return
    asked = {**manifest.dependencies, **manifest.devDependencies, **manifest.optionalDependencies}
    yield from _packages(project / "node_modules", sorted(asked)[:_MAX_ENTRIES])


def _packages(node_modules: Path, names: Iterable[str]) -> Iterator[PackageFound]:
    for name in names:
        if len(name) > 214 or not _NAME.fullmatch(name):
            continue  # not a package's name, and nothing to build a path from
        folder = node_modules / name
        if is_folder(folder):
            manifest = _manifest(folder)
            yield PackageFound("npm", name.lower(), manifest.version[:64] if manifest is not None else "")


def _names(folder: Path) -> list[str]:
    try:
        return [name for name in sorted(os.listdir(folder))[:_MAX_ENTRIES] if not name.startswith(".")]  # noqa: PTH208 - names only
    except OSError:
        return []


def _manifest(folder: Path) -> _Manifest | None:
    try:
        with (folder / "package.json").open("rb") as file:
            return msgspec.json.decode(file.read(_MAX_FILE_BYTES), type=_Manifest)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
