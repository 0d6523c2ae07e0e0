"""Registering the relay with browsers: writes, shows and takes away exactly our own files.

    places (`browsers.py`) + host folder + relay socket
        → launcher and private copy (`launcher.py`) → one manifest for each browser that is installed → a `Report`

A browser finds the relay by a small JSON file with our host's name in a folder of its own (on Windows: where a registry
key points). A file in that place which is not ours, because it is another program's or another Gleanwatch instance's,
is never overwritten or removed: the report says what it is and what to do. Every file is written whole or not at all.
Beside the launcher lies a list of the manifests that were written (`RECORD`): some are where only who wrote them knows,
and the launcher stays for as long as one of them leads to it.
Form of the manifest: Chrome's «Native messaging» and Mozilla's «Native manifests».
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from native_host import launcher
from native_host.browsers import Kind, Level, Place, is_installed
from native_host.launcher import LauncherError, choose_python
from native_host.own_files import read_plain, write_whole
from native_host.registry import Registry

HOST_NAME = "org.gleanwatch.relay"
RECORD = "browsers.txt"
DESCRIPTION = "Gleanwatch: passes page-load counts from the extension to the agent on this computer"
ORIGINS = ("chrome-extension://mknhlinkinafnncanjmoelmjghdbpgdg/",)
ADDONS = ("gleanwatch@gleanwatch.org",)

_ORIGIN = re.compile(r"chrome-extension://[a-p]{32}/")
_ADDON = re.compile(r"[A-Za-z0-9._-]*@[A-Za-z0-9._-]+|\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
_LONGEST_SOCKET_PATH = 103  # bytes; macOS has 104 with the closing zero, Linux 108


class Outcome(StrEnum):
    """What was done or found at one place."""

    WRITTEN = "written"
    UNCHANGED = "already there"
    OUTDATED = "out of date"
    ABSENT = "not registered"
    SKIPPED = "not installed"
    REMOVED = "removed"
    KEPT = "kept"
    """It stays, because something else still needs it."""
    FOREIGN = "not ours"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PlaceResult:
    """What was done or found at one place.

    Attributes:
        browser: Key as in `Place`.
        title: The browser's name for people.
        where: The manifest's file, on Windows the registry key.
        outcome: What happened.
        detail: What it means and what to do; empty where nothing is to be done.
        caveat: What may still keep the host from working there; empty when nothing does.
    """

    browser: str
    title: str
    where: str
    outcome: Outcome
    detail: str = ""
    caveat: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The launcher's result, with the browser `launcher`, and one result for each place, in the places' order."""

    launcher: PlaceResult
    places: tuple[PlaceResult, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed and nothing foreign was in the way."""
        return all(result.outcome not in (Outcome.FAILED, Outcome.FOREIGN) for result in (self.launcher, *self.places))


@dataclass(frozen=True, slots=True)
class Callers:
    """Who may start the relay: origins of Chromium's family and Firefox add-on ids."""

    origins: tuple[str, ...] = ORIGINS
    addons: tuple[str, ...] = ADDONS

    @classmethod
    def of(cls, extra: Sequence[str] = ()) -> Callers:
        """Return our own extension's two names and further ones, such as another store's id.

        Raises:
            ValueError: One of them is neither an origin nor an add-on id.
        """
        origins, addons = list(ORIGINS), list(ADDONS)
        for name in extra:
            if _ORIGIN.fullmatch(name):
                origins.append(name)
            elif _ADDON.fullmatch(name):
                addons.append(name)
            else:
                raise ValueError(
                    f"{name!r} is neither «chrome-extension://» with 32 letters a-p and «/» nor a Firefox add-on id."
                )
        return cls(tuple(dict.fromkeys(origins)), tuple(dict.fromkeys(addons)))


def render(kind: Kind, program: Path, callers: Callers) -> bytes:
    """Return one manifest: Chromium's family lists origins, Firefox add-on ids. UTF-8 without a byte order mark."""
    manifest: dict[str, object] = {
        "name": HOST_NAME,
        "description": DESCRIPTION,
        "path": str(program),
        "type": "stdio",
    }
    if kind is Kind.CHROMIUM:
        manifest["allowed_origins"] = list(callers.origins)
    else:
        manifest["allowed_extensions"] = list(callers.addons)
    return (json.dumps(manifest, indent=2) + "\n").encode()


def install(
    host_dir: Path,
    relay_socket: Path,
    places: Sequence[Place],
    *,
    extra_callers: Sequence[str] = (),
    python: Path | None = None,
    system: str = sys.platform,
    registry: Registry | None = None,
    installed: Callable[[Place], bool] = is_installed,
) -> Report:
    """Write the launcher and register it with every browser of `places` that is installed.

    Args:
        host_dir: This instance's folder for the launcher.
        relay_socket: The agent's `relay.sock`.
        places: Where to register; system-level ones need the administrator's rights.
        extra_callers: Further origins or add-on ids that may start the relay.
        python: The interpreter; None chooses one.
        system: As `sys.platform` names it.
        registry: On Windows.
        installed: Tells whether a place's browser is installed.

    Raises:
        ValueError: A caller's name is malformed, or a path is not absolute or too long: the caller's mistake.
    """
    callers = Callers.of(extra_callers)
    _check_paths(host_dir, relay_socket)
    program = host_dir / launcher.NAME
    if system == "win32":
        detail = "The relay does not run on Windows yet: browsers there are not connected."
        return Report(_launcher_result(program, Outcome.FAILED, detail), ())
    try:
        chosen = python or choose_python(system)
        changed = launcher.write(host_dir, relay_socket, (*callers.origins, *callers.addons), chosen)
    except LauncherError as problem:
        return Report(_launcher_result(program, Outcome.FAILED, str(problem)), ())
    except OSError as problem:
        return Report(_launcher_result(program, Outcome.FAILED, _why(problem, host_dir)), ())
    done = _launcher_result(program, Outcome.WRITTEN if changed else Outcome.UNCHANGED)
    results = register(program, places, callers, registry=registry, installed=installed)
    try:
        _note(host_dir, [Path(one.where) for one in results if one.outcome in (Outcome.WRITTEN, Outcome.UNCHANGED)])
    except OSError as problem:
        done = _launcher_result(program, Outcome.FAILED, _why(problem, host_dir))
    return Report(done, results)


def register(
    program: Path,
    places: Sequence[Place],
    callers: Callers,
    *,
    registry: Registry | None = None,
    installed: Callable[[Place], bool] = is_installed,
) -> tuple[PlaceResult, ...]:
    """Write the manifests alone, for a program that is there already. Arguments as `install`."""
    results: list[PlaceResult] = []
    for place in places:
        for spot in _spots(place, program, registry):
            if not installed(place):
                results.append(spot.result(Outcome.SKIPPED))
                continue
            results.append(spot.attempt(partial(spot.write, render(place.kind, program, callers))))
    return tuple(results)


def status(
    host_dir: Path,
    relay_socket: Path,
    places: Sequence[Place],
    *,
    extra_callers: Sequence[str] = (),
    python: Path | None = None,
    system: str = sys.platform,
    registry: Registry | None = None,
    installed: Callable[[Place], bool] = is_installed,
) -> Report:
    """Say what is registered, and change nothing. Arguments and errors as `install`."""
    callers = Callers.of(extra_callers)
    _check_paths(host_dir, relay_socket)
    program = host_dir / launcher.NAME
    try:
        allowed = (*callers.origins, *callers.addons)
        current = launcher.is_current(host_dir, relay_socket, allowed, python or choose_python(system))
        outcome = Outcome.ABSENT if current is None else Outcome.UNCHANGED if current else Outcome.OUTDATED
        found = _launcher_result(program, outcome, "" if current else _INSTALL)
    except LauncherError as problem:
        found = _launcher_result(program, Outcome.FAILED, str(problem))
    results: list[PlaceResult] = []
    for place in places:
        for spot in _spots(place, program, registry):
            results.append(spot.attempt(partial(spot.look, render(place.kind, program, callers), installed)))
    return Report(found, tuple(results))


def remove(host_dir: Path, places: Sequence[Place], *, registry: Registry | None = None) -> Report:
    """Take away every manifest of these places that points to this instance's launcher, then the launcher itself.

    The launcher stays while a manifest that points to it is elsewhere or could not be removed.
    """
    program = host_dir / launcher.NAME
    results = tuple(spot.attempt(spot.remove) for place in places for spot in _spots(place, program, registry))
    if any(result.outcome is Outcome.FAILED for result in results):
        detail = "Kept, because a manifest that points to it could not be removed. Remove that first, then try again."
        return Report(_launcher_result(program, Outcome.FAILED, detail), results)
    try:
        if others := noted(host_dir):
            detail = f"It stays, because other browsers still use it: {', '.join(map(str, others))}."
            return Report(_launcher_result(program, Outcome.KEPT, detail), results)
        (host_dir / RECORD).unlink(missing_ok=True)
        outcome = Outcome.REMOVED if launcher.remove(host_dir) else Outcome.ABSENT
        return Report(_launcher_result(program, outcome), results)
    except LauncherError as problem:
        return Report(_launcher_result(program, Outcome.FOREIGN, str(problem)), results)
    except OSError as problem:
        return Report(_launcher_result(program, Outcome.FAILED, _why(problem, host_dir)), results)


def noted(host_dir: Path) -> Sequence[Path]:
    """Return the manifests that were written for this instance, wherever that was, and still lead to its launcher."""
    try:
        lines = (read_plain(host_dir / RECORD) or b"").splitlines()
    except OSError:
        return ()
    return [file for line in lines if _leads_to(file := Path(os.fsdecode(line)), host_dir / launcher.NAME)]


def noted_places(host_dir: Path) -> Sequence[Place]:
    """Return the places of `noted`, to be shown or taken away."""
    title = "A browser that was connected by its folder"
    return [
        Place("by-folder", title, Kind.CHROMIUM, Level.USER, file.parent, explicit=True) for file in noted(host_dir)
    ]


def _note(host_dir: Path, written: Sequence[Path]) -> None:
    """Keep which manifests lead to this instance, one path a line."""
    known = [*noted(host_dir), *(file for file in written if _leads_to(file, host_dir / launcher.NAME))]
    content = b"".join(os.fsencode(file) + b"\n" for file in dict.fromkeys(known) if b"\n" not in os.fsencode(file))
    if content != read_plain(host_dir / RECORD):
        write_whole(host_dir / RECORD, content, 0o600)


def _leads_to(file: Path, program: Path) -> bool:
    try:
        manifest = json.loads(read_plain(file) or b"")
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and manifest.get("path") == str(program)


_INSTALL = "Run `gleanwatch browser install`."


class _Foreign(Exception):
    """Something that is not ours is in the way; the text says what and what to do."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """One manifest: a file in a browser's folder, or a registry key with a file in the host's folder."""

    place: Place
    program: Path
    file: Path
    key: str = ""
    registry: Registry | None = None

    @property
    def where(self) -> str:
        return self.key or str(self.file)

    def result(self, outcome: Outcome, detail: str = "") -> PlaceResult:
        caveat = self.place.caveat if outcome in (Outcome.WRITTEN, Outcome.UNCHANGED) else ""
        return PlaceResult(self.place.browser, self.place.title, self.where, outcome, detail, caveat)

    def attempt(self, act: Callable[[], PlaceResult]) -> PlaceResult:
        """Do something at this spot; whatever stops it becomes a result that says what to do."""
        try:
            return act()
        except _Foreign as problem:
            return self.result(Outcome.FOREIGN, str(problem))
        except OSError as problem:
            return self.result(Outcome.FAILED, _why(problem, self.file.parent))

    def write(self, manifest: bytes) -> PlaceResult:
        before, pointed = self._ours(), self._points_here()
        if before == manifest and pointed:
            return self.result(Outcome.UNCHANGED)
        if before != manifest:
            mode = 0o700 if self.place.level is Level.USER else 0o755
            self.file.parent.mkdir(mode=mode, parents=True, exist_ok=True)
            write_whole(self.file, manifest, 0o644)
        if self.registry is not None and not pointed:
            self.registry.set(self.place.level, self.key, str(self.file))
        return self.result(Outcome.WRITTEN)

    def look(self, manifest: bytes, installed: Callable[[Place], bool]) -> PlaceResult:
        before = self._ours()
        if before is None or not self._points_here():
            if installed(self.place):
                return self.result(Outcome.ABSENT, _INSTALL)
            return self.result(Outcome.SKIPPED)
        if before != manifest:
            return self.result(Outcome.OUTDATED, _INSTALL)
        return self.result(Outcome.UNCHANGED)

    def remove(self) -> PlaceResult:
        before, pointed = self._ours(), self._points_here()
        if self.registry is not None and pointed:
            self.registry.delete(self.place.level, self.key)
        if before is not None:
            self.file.unlink(missing_ok=True)
        return self.result(Outcome.REMOVED if before is not None or (self.key and pointed) else Outcome.ABSENT)

    def _ours(self) -> bytes | None:
        """Return the manifest that is there, None when there is none; refuse one that is not ours."""
        try:
            content = read_plain(self.file)
        except PermissionError:
            raise
        except OSError as problem:  # a link, a folder
            raise _Foreign(f"Not a plain file ({problem.strerror}). Move it away, then try again.") from None
        if content is None:
            return None
        try:
            manifest = json.loads(content)
        except ValueError:
            manifest = None
        if not isinstance(manifest, dict) or manifest.get("name") != HOST_NAME:
            raise _Foreign("Another program's file has our name. Move it away, then try again.")
        if manifest.get("path") != str(self.program) or manifest.get("description") != DESCRIPTION:
            raise _Foreign(
                "Another Gleanwatch is registered there, and a browser talks to one only. Remove it with that one's "
                "`gleanwatch browser remove` (the same GLEANWATCH_HOME), or delete the file if it is gone for good."
            )
        return content

    def _points_here(self) -> bool:
        """Tell whether the browser is sent to our file; refuse a registry key that sends it elsewhere."""
        if self.registry is None:
            return True
        value = self.registry.get(self.place.level, self.key)
        if value not in (None, "", str(self.file)):
            raise _Foreign("The registry key points to another file. Delete the key if that program is gone.")
        return value == str(self.file)


def _spots(place: Place, program: Path, registry: Registry | None) -> list[_Spot]:
    if place.folder is not None:
        return [_Spot(place, program, place.folder / f"{HOST_NAME}.json")]
    file = program.parent / f"{HOST_NAME}.{place.kind}.json"
    return [_Spot(place, program, file, rf"{key}\{HOST_NAME}", registry) for key in place.registry]


def _launcher_result(program: Path, outcome: Outcome, detail: str = "") -> PlaceResult:
    return PlaceResult("launcher", "The relay that browsers start", str(program), outcome, detail)


def _check_paths(host_dir: Path, relay_socket: Path) -> None:
    if not host_dir.is_absolute() or not relay_socket.is_absolute():
        raise ValueError(
            "The host's folder and the relay's socket must be absolute paths: browsers start in their own."
        )
    if len(str(relay_socket).encode(errors="surrogateescape")) > _LONGEST_SOCKET_PATH:
        raise ValueError("The socket's path is longer than 103 bytes, which the system does not allow.")


def _why(problem: OSError, folder: Path) -> str:
    reason = problem.strerror or type(problem).__name__
    if isinstance(problem, PermissionError):
        return f"{reason}: no right to write in {folder}. Ask your administrator, or register for yourself only."
    return f"{reason}, in {folder}. Put that right, then run the command again."
