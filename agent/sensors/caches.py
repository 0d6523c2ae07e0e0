"""Which automation libraries brought a browser of their own along: a look at their caches, by folder names only.

A driven browser is rarely the person's own: the library downloads one into a cache. A cache with a browser in it says
that the library was set up here, whichever environment it lies in. Only the library's name is reported, and a version
where the folder's name carries one. Folders are the libraries' documented defaults and the environment variables that
move them; none is looked into further than two levels.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.model.events import PackageFound
from agent.sensors.present import is_folder

_BELOW_CACHE = {
    "ms-playwright": "playwright",
    "ms-playwright-go": "playwright",
    "ms-patchright": "patchright",
    "puppeteer": "puppeteer",
    "selenium": "selenium",
    "camoufox": "camoufox",
    "pyppeteer": "pyppeteer",
    "rod": "rod",
    "cloakbrowser": "cloakbrowser",
    "botasaurus": "botasaurus",
    "browser-use": "browser-use",
    "crawl4ai": "crawl4ai",
}
"""Folder below the system's cache folder, and the library."""
_BELOW_DATA = {
    "undetected_chromedriver": "undetected-chromedriver",
    "pyppeteer": "pyppeteer",
    "browseruse": "browser-use",
}
"""Folder below the system's folder for application data."""
_BELOW_HOME = {
    ".wdm": "webdriver-manager",
    ".crawl4ai": "crawl4ai",
    ".webdrivers": "webdrivers",
    ".config/browseruse": "browser-use",
    ".seleniumbase": "seleniumbase",
}
_FROM_ENVIRONMENT = {
    "PLAYWRIGHT_BROWSERS_PATH": "playwright",
    "PUPPETEER_CACHE_DIR": "puppeteer",
    "SE_CACHE_PATH": "selenium",
}
_VERSION = re.compile(r"\d{1,6}(?:\.\d{1,6}){0,4}")
_MOST_ENTRIES = 256


def cache_folders(system: str, home: Path, env: Mapping[str, str]) -> list[tuple[Path, str]]:
    """Return the existing caches of automation libraries, with the library's name; also for watching.

    Args:
        system: As `sys.platform`.
        home: The person's home folder.
        env: The environment, for caches that were moved.
    """
    cache, data = _system_folders(system, home, env)
    places = [(cache / folder, library) for folder, library in _BELOW_CACHE.items()]
    places += [(data / folder, library) for folder, library in _BELOW_DATA.items()]
    places += [(home / folder, library) for folder, library in _BELOW_HOME.items()]
    # Puppeteer and Selenium keep to ~/.cache on every system.
    places += [(home / ".cache" / library, library) for library in ("puppeteer", "selenium")]
    places += [
        (Path(env[name]), library)
        for name, library in _FROM_ENVIRONMENT.items()
        if Path(env.get(name, "")).is_absolute()
    ]
    found: dict[Path, str] = {}
    for folder, library in places:
        if is_folder(folder):
            found.setdefault(folder, library)
    return list(found.items())


def find_caches(system: str, home: Path, env: Mapping[str, str]) -> Iterator[PackageFound]:
    """Yield every automation library that brought something along, each once. Arguments as `cache_folders`."""
    seen: dict[str, str] = {}
    for folder, library in cache_folders(system, home, env):
        version = _inside(folder)
        if version is not None and not seen.get(library):
            seen[library] = version
    for library, version in seen.items():
        yield PackageFound("cache", library, version)


def _inside(folder: Path) -> str | None:
    """Return the highest version among the names in a cache, empty where none has one; None for an empty cache."""
    names: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if len(names) >= _MOST_ENTRIES:
                    break
                if not entry.name.startswith("."):
                    names.append(entry.name)
    except OSError:
        return None
    if not names:
        return None
    versions = [found[0] for name in names if (found := _VERSION.search(name)) is not None]
    return max(versions, key=lambda version: [int(part) for part in version.split(".")], default="")


def _system_folders(system: str, home: Path, env: Mapping[str, str]) -> tuple[Path, Path]:
    """Return the folders for caches and for application data."""
    if system == "darwin":
        return home / "Library/Caches", home / "Library/Application Support"
    if system == "win32":
        local, roaming = env.get("LOCALAPPDATA", ""), env.get("APPDATA", "")
        return (
            Path(local) if Path(local).is_absolute() else home / "AppData/Local",
            Path(roaming) if Path(roaming).is_absolute() else home / "AppData/Roaming",
        )
    cache, data = env.get("XDG_CACHE_HOME", ""), env.get("XDG_DATA_HOME", "")
    return (
        Path(cache) if Path(cache).is_absolute() else home / ".cache",
        Path(data) if Path(data).is_absolute() else home / ".local/share",
    )
