"""Which extensions are installed in every browser profile found: the browser's id for each, and its version.

Chromium family: a folder per id and version below `<profile>/Extensions`, and, for extensions loaded from a folder of
one's own, the ids in the profile's preferences whose location says so. Firefox: `extensions.json`. Of these files
nothing but id, version, kind and state is taken; profile names and paths are not reported. One that is installed and
switched off in Firefox is left out; Chromium's folders do not tell.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from agent.model.events import ExtensionFound

_T = TypeVar("_T")

_CHROMIUM_ID = re.compile(r"[a-p]{32}")
_FIREFOX_ID = re.compile(r"[A-Za-z0-9._@{}+-]{1,80}")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+_-]{0,63}")
_OWN_FOLDER = frozenset((4, 8))
"""Chromium's locations «unpacked» and «command line»."""
_MAX_FILE_BYTES = 32 * 1024 * 1024
_MAX_PROFILES = 64


class ProfileRoot(Protocol):
    """Where a browser keeps its profiles, as `native_host.browsers` tells."""

    @property
    def browser(self) -> str:
        """The browser's key."""
        ...

    @property
    def path(self) -> Path:
        """The folder that holds profiles."""
        ...

    @property
    def kind(self) -> str:
        """`chromium` or `firefox`."""
        ...


class _Setting(msgspec.Struct):
    location: int = 0


class _Settings(msgspec.Struct):
    settings: dict[str, msgspec.Raw] = {}


class _Preferences(msgspec.Struct):
    extensions: _Settings = msgspec.field(default_factory=_Settings)


class _Addon(msgspec.Struct):
    id: str = ""
    version: str = ""
    type: str = ""
    location: str = ""
    active: bool = False


class _Addons(msgspec.Struct):
    addons: list[_Addon] = []


def find_extensions(roots: Iterable[ProfileRoot]) -> Iterator[ExtensionFound]:
    """Yield every extension of every profile below `roots`, each (browser, id, version) once."""
    seen: set[ExtensionFound] = set()
    for root in roots:
        read = _firefox if root.kind == "firefox" else _chromium
        for profile in _profiles(root.path):
            for extension in read(root.browser, profile):
                if extension not in seen:
                    seen.add(extension)
                    yield extension


def extension_folders(roots: Iterable[ProfileRoot]) -> list[Path]:
    """Return the existing `Extensions` folders of the Chromium family, for watching."""
    return [
        profile / "Extensions"
        for root in roots
        if root.kind == "chromium"
        for profile in _profiles(root.path)
        if (profile / "Extensions").is_dir()
    ]


def _profiles(root: Path) -> list[Path]:
    """A root and the folders directly in it: browsers keep profiles one level down, some (Opera) in the root itself."""
    try:
        return [root, *(root / name for name in _folders(root)[:_MAX_PROFILES])]
    except OSError:
        return []


def _folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())


def _chromium(browser: str, profile: Path) -> Iterator[ExtensionFound]:
    extensions = profile / "Extensions"
    try:
        for extension_id in filter(_CHROMIUM_ID.fullmatch, _folders(extensions)):
            for version in filter(_VERSION.fullmatch, _folders(extensions / extension_id)):
                # The browser adds _0, _1 to a version that it installs again.
                yield ExtensionFound(browser, extension_id, version.partition("_")[0])
    except OSError:
        pass
    for name in ("Secure Preferences", "Preferences"):
        preferences = _decode(profile / name, _Preferences)
        for extension_id, raw in preferences.extensions.settings.items() if preferences is not None else ():
            if _CHROMIUM_ID.fullmatch(extension_id) and _own_folder(raw):
                yield ExtensionFound(browser, extension_id, "")


def _own_folder(raw: msgspec.Raw) -> bool:
    try:
        return msgspec.json.decode(raw, type=_Setting).location in _OWN_FOLDER
    except msgspec.MsgspecError:
        return False


def _firefox(browser: str, profile: Path) -> Iterator[ExtensionFound]:
    addons = _decode(profile / "extensions.json", _Addons)
    for addon in addons.addons if addons is not None else ():
        built_in = addon.location.startswith("app-builtin") or addon.location.startswith("app-system")
        if addon.type == "extension" and addon.active and not built_in and _FIREFOX_ID.fullmatch(addon.id):
            yield ExtensionFound(browser, addon.id, addon.version if _VERSION.fullmatch(addon.version) else "")


def _decode(path: Path, kind: type[_T]) -> _T | None:
    """Read one of the browser's files; None where it is absent, too large or not as expected."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
        return msgspec.json.decode(data, type=kind) if len(data) <= _MAX_FILE_BYTES else None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
