"""Which extensions are installed in every browser profile found, and which of them may read pages.

Chromium family: a folder per id and version below `<profile>/Extensions`, with a manifest in it; and, for extensions
loaded from a folder of one's own, the ids in the profile's preferences whose location says so, with the manifest in
that folder. Firefox: `extensions.json`, which repeats what matters of each manifest; no package is opened. Of all these
files nothing but id, name, version, kind, state and whether the permissions let it read pages is taken; profile names,
paths and permissions themselves are not reported. One that is installed and switched off in Firefox is left out;
Chromium's folders do not tell.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from agent.content.platforms import load_platforms
from agent.model.events import ExtensionFound
from agent.sensors.present import is_folder
from agent.sensors.reach import reads_pages
from agent.sensors.regular import read_regular

_T = TypeVar("_T")

_CHROMIUM_ID = re.compile(r"[a-p]{32}")
_FIREFOX_ID = re.compile(r"[A-Za-z0-9._@{}+-]{1,80}")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+_-]{0,63}")
_MESSAGE = re.compile(r"__MSG_(\w{1,64})__")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8}){0,2}")
_COMMENT = re.compile(rb"^[ \t]*//[^\n]*", re.MULTILINE)
_OWN_FOLDER = frozenset((4, 8))
"""Chromium's locations «unpacked» and «command line»."""
_MAX_FILE_BYTES = 32 * 1024 * 1024
_MAX_MANIFEST_BYTES = 1024 * 1024
_MAX_PROFILES = 64
_MAX_EXTENSIONS = 512
_MAX_NAME = 75
"""Most characters of a name, as the Chrome Web Store has it."""


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


@dataclass(slots=True)
class Passed:
    """What was passed over, counted.

    Attributes:
        unreadable: Files of a profile or an extension that are not as expected: too large, broken, no ordinary file.
        too_many: Profiles and extensions beyond the limits.
    """

    unreadable: int = 0
    too_many: int = 0


class _Setting(msgspec.Struct):
    location: int = 0
    path: str = ""


class _Settings(msgspec.Struct):
    settings: dict[str, msgspec.Raw] = {}


class _Preferences(msgspec.Struct):
    extensions: _Settings = msgspec.field(default_factory=_Settings)


class _ContentScript(msgspec.Struct):
    matches: list[str] = []


class _Manifest(msgspec.Struct):
    """Of a `manifest.json`: what matters here, loosely typed where manifests are loose."""

    name: str = ""
    version: str = ""
    default_locale: str = ""
    manifest_version: int = 2
    permissions: list[str | dict[str, msgspec.Raw]] = []
    host_permissions: list[str] = []
    content_scripts: list[_ContentScript] = []


class _Message(msgspec.Struct):
    message: str = ""


class _Granted(msgspec.Struct):
    permissions: list[str] = []
    origins: list[str] = []


class _Locale(msgspec.Struct):
    name: str | None = None


class _Addon(msgspec.Struct):
    id: str = ""
    version: str = ""
    type: str = ""
    location: str | None = None
    active: bool = False
    default_locale: _Locale | None = msgspec.field(name="defaultLocale", default=None)
    user_permissions: _Granted | None = msgspec.field(name="userPermissions", default=None)
    manifest_version: int | None = msgspec.field(name="manifestVersion", default=2)


class _Addons(msgspec.Struct):
    addons: list[msgspec.Raw] = []


def find_extensions(
    roots: Iterable[ProfileRoot], domains: Collection[str] | None = None, passed: Passed | None = None
) -> Iterator[ExtensionFound]:
    """Yield every extension of every profile below `roots`, each once.

    Args:
        roots: Where browsers keep profiles.
        domains: Registrable domains whose pages matter; those of the platform data where none are given.
        passed: Counts what was passed over.
    """
    if domains is None:
        domains = frozenset(domain for platform in load_platforms().all for domain in platform.domains)
    counts = passed if passed is not None else Passed()
    seen: set[ExtensionFound] = set()
    for root in roots:
        read = _firefox if root.kind == "firefox" else _chromium
        for profile in _profiles(root.path, counts):
            for extension in read(root.browser, profile, domains, counts):
                if extension not in seen:
                    seen.add(extension)
                    yield extension


def extension_folders(roots: Iterable[ProfileRoot]) -> list[Path]:
    """Return the existing folders in which a new extension shows, for watching.

    The `Extensions` folders of the Chromium family, and the `extensions` folders of Firefox profiles.
    """
    return [
        profile / name
        for root in roots
        for name in ("extensions" if root.kind == "firefox" else "Extensions",)
        for profile in _profiles(root.path, Passed())
        if is_folder(profile / name)
    ]


def _profiles(root: Path, counts: Passed) -> list[Path]:
    """A root and the folders directly in it: browsers keep profiles one level down, some (Opera) in the root itself."""
    try:
        names = _folders(root)
    except OSError:
        return []
    counts.too_many += max(0, len(names) - _MAX_PROFILES)
    return [root, *(root / name for name in names[:_MAX_PROFILES])]


def _folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if is_folder(entry))


def _chromium(browser: str, profile: Path, domains: Collection[str], counts: Passed) -> Iterator[ExtensionFound]:
    extensions = profile / "Extensions"
    try:
        ids = [name for name in _folders(extensions) if _CHROMIUM_ID.fullmatch(name)]
    except OSError:
        ids = []
    counts.too_many += max(0, len(ids) - _MAX_EXTENSIONS)
    for extension_id in ids[:_MAX_EXTENSIONS]:
        try:
            versions = [name for name in _folders(extensions / extension_id) if _VERSION.fullmatch(name)]
        except OSError:
            counts.unreadable += 1
            continue
        if versions:
            newest = max(versions, key=_order)
            # The browser adds _0, _1 to a version that it installs again.
            version = newest.partition("_")[0]
            found = ExtensionFound(browser, extension_id, version)
            yield _described(found, extensions / extension_id / newest, domains, counts)
    for name in ("Secure Preferences", "Preferences"):
        preferences = _decode(profile / name, _Preferences, _MAX_FILE_BYTES, counts)
        settings = preferences.extensions.settings if preferences is not None else {}
        for extension_id, raw in list(settings.items())[: 2 * _MAX_EXTENSIONS]:
            folder = _own_folder(raw) if _CHROMIUM_ID.fullmatch(extension_id) else None
            if folder is not None:
                yield _described(ExtensionFound(browser, extension_id, ""), folder, domains, counts)


def _own_folder(raw: msgspec.Raw) -> Path | None:
    """Return the folder of an extension that was loaded from one, or None for all others."""
    try:
        setting = msgspec.json.decode(raw, type=_Setting)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return Path(setting.path) if setting.location in _OWN_FOLDER else None


def _described(found: ExtensionFound, folder: Path, domains: Collection[str], counts: Passed) -> ExtensionFound:
    """Add what the manifest says; without a readable manifest the id has to do."""
    absolute = folder.is_absolute()
    manifest = _decode(folder / "manifest.json", _Manifest, _MAX_MANIFEST_BYTES, counts) if absolute else None
    if manifest is None:
        return found
    version = found.version or (manifest.version if _VERSION.fullmatch(manifest.version) else "")
    patterns = [*manifest.host_permissions, *(one for script in manifest.content_scripts for one in script.matches)]
    reads = reads_pages(
        [one for one in manifest.permissions if isinstance(one, str)],
        patterns,
        domains,
        scripts_by_click=manifest.manifest_version < 3,
    )
    return replace(found, version=version, name=_name(manifest, folder, counts), reads_pages=reads)


def _name(manifest: _Manifest, folder: Path, counts: Passed) -> str:
    """Return the name, looked up in the manifest's own language where it is a key."""
    key = _MESSAGE.fullmatch(manifest.name.strip())
    if key is None:
        return _clean(manifest.name)
    if not _LOCALE.fullmatch(manifest.default_locale):
        return ""
    path = folder / "_locales" / manifest.default_locale / "messages.json"
    messages = _decode(path, dict[str, msgspec.Raw], _MAX_MANIFEST_BYTES, counts) or {}
    raw = next((value for name, value in messages.items() if name.lower() == key[1].lower()), None)
    try:
        return _clean(msgspec.json.decode(raw, type=_Message).message) if raw is not None else ""
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""


def _clean(name: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name[:1024]).split())[:_MAX_NAME]


def _order(version: str) -> tuple[int, ...]:
    """Order versions as the browser does, number by number."""
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version))


def _firefox(browser: str, profile: Path, domains: Collection[str], counts: Passed) -> Iterator[ExtensionFound]:
    listed = _decode(profile / "extensions.json", _Addons, _MAX_FILE_BYTES, counts)
    addons = listed.addons if listed is not None else []
    counts.too_many += max(0, len(addons) - _MAX_EXTENSIONS)
    for raw in addons[:_MAX_EXTENSIONS]:
        try:
            addon = msgspec.json.decode(raw, type=_Addon)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            counts.unreadable += 1
            continue
        built_in = (addon.location or "").startswith(("app-builtin", "app-system"))
        if addon.type != "extension" or not addon.active or built_in or not _FIREFOX_ID.fullmatch(addon.id):
            continue
        granted = addon.user_permissions or _Granted()
        yield ExtensionFound(
            browser,
            addon.id,
            addon.version if _VERSION.fullmatch(addon.version) else "",
            _clean((addon.default_locale.name if addon.default_locale is not None else "") or ""),
            reads_pages(
                granted.permissions,
                granted.origins,
                domains,
                scripts_by_click=(addon.manifest_version or 2) < 3,
            ),
        )


def _decode(path: Path, kind: type[_T], limit: int, counts: Passed) -> _T | None:
    """Read one of the browser's files; None where it is absent, or, counted, too large or not as expected."""
    data = read_regular(path, limit)
    if data is None:
        counts.unreadable += os.path.lexists(path)
        return None
    data = data.removeprefix(b"\xef\xbb\xbf")
    # Chromium accepts comments in manifests; a line of JSON never begins with one inside a text.
    found = _parsed(data, kind)
    if found is None and b"//" in data:
        found = _parsed(_COMMENT.sub(b"", data), kind)
    counts.unreadable += found is None
    return found


def _parsed(data: bytes, kind: type[_T]) -> _T | None:
    try:
        return msgspec.json.decode(data, type=kind, strict=False)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
