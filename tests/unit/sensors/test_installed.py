"""Packages and browser extensions, found in folders as real tools lay them out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.events import ExtensionFound, PackageFound
from agent.sensors.extensions import extension_folders, find_extensions
from agent.sensors.packages import Limits, PackageSearch, find_projects, parse_dist_folder, places
from agent.sensors.packages.debian import debian_packages
from native_host.browsers import profile_roots


def site_packages(prefix: Path, *folders: str) -> None:
    for folder in folders:
        (prefix / "lib/python3.12/site-packages" / folder).mkdir(parents=True)


def node_package(folder: Path, version: str = "1.0.0", **more: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"name": "ignored", "version": version, **more}))


def search(home: Path, system: str = "linux", **env: str) -> set[PackageFound]:
    root = home.parent / "root"
    return set(PackageSearch(system, home, env, lambda: 0.0, root=root).find())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("folder", "name", "version"),
    [
        ("Scrapy-2.11.0.dist-info", "scrapy", "2.11.0"),
        ("yt_dlp-2026.1.1.dist-info", "yt-dlp", "2026.1.1"),
        ("zope.interface-6.0-py3.11.egg-info", "zope-interface", "6.0"),
        ("snscrape-0.7.0.20230622.dist-info", "snscrape", "0.7.0.20230622"),
        ("wheel.egg-info", "wheel", ""),
    ],
)
def test_name_and_version_stand_in_the_folders_name(folder: str, name: str, version: str) -> None:
    assert parse_dist_folder(folder) == PackageFound("pypi", name, version)


@given(st.text(max_size=60))
def test_no_folder_name_breaks_the_parser(folder: str) -> None:
    found = parse_dist_folder(folder)
    assert found is None or found.name


@pytest.mark.parametrize(
    "folder", ["scrapy", ".dist-info", "-1.0.dist-info", "~crapy-2.0.dist-info", "a/b-1.dist-info"]
)
def test_what_is_no_package_is_passed_over(folder: str) -> None:
    assert parse_dist_folder(folder) is None


def test_python_packages_are_found_wherever_their_tools_put_them(home: Path) -> None:
    tools = {
        ".local": "a", ".pyenv/versions/3.12.1": "b", ".local/share/pipx/venvs/x": "c", ".local/share/uv/tools/y": "d",
        "miniconda3": "e", "miniconda3/envs/z": "f", ".virtualenvs/w": "g",
    }  # fmt: skip
    for place, name in tools.items():
        site_packages(home / place, f"{name}-1.0.dist-info")
    site_packages(home.parent / "root/usr", "system-1.0.dist-info")
    site_packages(home.parent / "elsewhere", "listed-1.0.dist-info")
    (home / ".conda").mkdir()
    (home / ".conda/environments.txt").write_text(f"{home.parent / 'elsewhere'}\nnot absolute\n")
    site_packages(home.parent / "moved/versions/3.9", "moved-1.0.dist-info")
    found = search(home, PYENV_ROOT=str(home.parent / "moved"))
    assert {package.name for package in found} == {*tools.values(), "system", "listed", "moved"}


@pytest.mark.parametrize(
    ("system", "place"),
    [
        ("darwin", "Library/Python/3.12/lib/python/site-packages"),
        ("win32", "AppData/Local/Programs/Python/Python312/Lib/site-packages"),
        ("win32", "AppData/Roaming/Python/Python312/site-packages"),
    ],
)
def test_other_systems_places_are_known_here_too(home: Path, system: str, place: str) -> None:
    (home / place / "scrapy-2.11.dist-info").mkdir(parents=True)
    assert search(home, system) == {PackageFound("pypi", "scrapy", "2.11")}


def test_a_real_virtual_environment_in_a_project_is_found(home: Path) -> None:
    venv.create(home / "code/project/.venv", with_pip=False, symlinks=sys.platform != "win32")
    (lib,) = (home / "code/project/.venv").glob("*ib/python*/site-packages") if os.name != "nt" else [home]
    (lib / "instaloader-4.10.dist-info").mkdir()
    assert PackageFound("pypi", "instaloader", "4.10") in search(home)


def test_of_a_node_project_only_what_it_asked_for_counts(home: Path) -> None:
    node_package(home / "app", dependencies={"puppeteer": "^22", "@scope/tool": "*", "not-installed": "1", "../x": "1"})
    for name in ("puppeteer", "brought-along", "@scope/tool"):
        node_package(home / "app/node_modules" / name, "3.2.1")
    node_package(home / ".nvm/versions/node/v22/lib/node_modules/global-tool")
    node_package(home / ".nvm/versions/node/v22/lib/node_modules/@acme/cli", "9")
    assert search(home) == {
        PackageFound("npm", "puppeteer", "3.2.1"),
        PackageFound("npm", "@scope/tool", "3.2.1"),
        PackageFound("npm", "global-tool", "1.0.0"),
        PackageFound("npm", "@acme/cli", "9"),
    }


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"version": 3}', b"\xff\xfe"])
def test_a_broken_package_json_costs_only_its_version(home: Path, content: bytes) -> None:
    folder = home / ".nvm/versions/node/v22/lib/node_modules/broken"
    folder.mkdir(parents=True)
    (folder / "package.json").write_bytes(content)
    assert search(home) == {PackageFound("npm", "broken", "")}


def test_the_walk_follows_no_link_and_keeps_its_limits(home: Path) -> None:
    (home / "a").mkdir()
    (home / "a/loop").symlink_to(home)
    outside = home.parent / "outside/.venv"
    outside.mkdir(parents=True)
    (outside / "pyvenv.cfg").touch()
    (home / "link").symlink_to(home.parent / "outside")
    for place in ("p/.venv", "x/y/.venv", "x/y/z/.venv", "node_modules/m/.venv", ".git/.venv", "Documents/.venv"):
        (home / place).mkdir(parents=True)
        (home / place / "pyvenv.cfg").touch()

    def names(system: str) -> set[str]:
        found = find_projects(home, Limits(), lambda: 0.0, system)
        return {str(path.relative_to(home)) for path in found.environments}

    assert names("linux") == {"p/.venv", "x/y/.venv", "Documents/.venv"}
    assert names("darwin") == {"p/.venv", "x/y/.venv"}, "opening Documents would ask the person for permission"
    few = find_projects(home, Limits(entries=3), lambda: 0.0, "linux")
    assert not few.complete
    ticking = iter(range(1000))
    slow = find_projects(home, Limits(seconds=2), lambda: float(next(ticking)), "linux")
    assert not slow.complete


def test_progress_rises_to_the_end_and_names_no_folder(home: Path) -> None:
    site_packages(home / ".local", "a-1.dist-info")
    steps: list[tuple[int, int, str]] = []
    package_search = PackageSearch("linux", home, {}, lambda: 0.0, root=home.parent / "root")
    list(package_search.find(lambda done, total, what: steps.append((done, total, what))))
    assert [done for done, _, _ in steps] == sorted(done for done, _, _ in steps)
    assert steps[-1][0] == steps[-1][1] > 0
    assert not [what for _, _, what in steps if "/" in what or "home" in what]
    assert package_search.complete


def test_debian_lists_what_is_installed_and_not_what_was_removed(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text(
        "Package: httrack\nStatus: install ok installed\nVersion: 3.49-1\n\n"
        "Package: wget\nStatus: deinstall ok config-files\nVersion: 1.21\nDescription: x\n Package: fake\n\n"
        "Package: curl\nStatus: install ok installed\nVersion: 7.88"
    )
    assert list(debian_packages(status)) == [
        PackageFound("debian", "httrack", "3.49-1"),
        PackageFound("debian", "curl", "7.88"),
    ]
    assert list(debian_packages(tmp_path / "absent")) == []


@pytest.mark.skipif(not Path("/var/lib/dpkg/status").exists(), reason="not a Debian")
def test_debian_agrees_with_dpkg_here() -> None:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Status}\n"],
        capture_output=True,
        text=True,
        check=True,
    )
    installed = {tuple(line.split()[:2]) for line in asked.stdout.splitlines() if line.endswith(" installed")}
    assert {(p.name, p.version) for p in debian_packages(Path("/var/lib/dpkg/status"))} == installed


def test_this_interpreters_own_packages_are_found() -> None:
    found = places(sys.platform, Path("/nonexistent"), {}, [Path(sys.prefix)], Path("/nonexistent"))
    assert [place.path for place in found if (place.path / "psutil").is_dir()]


@dataclass(frozen=True)
class Root:
    browser: str
    path: Path
    kind: str


ID = "abcdefghijklmnopabcdefghijklmnop"
OTHER = "ponmlkjihgfedcbaponmlkjihgfedcba"


def test_chromium_extensions_of_every_profile(tmp_path: Path) -> None:
    (tmp_path / "Default/Extensions" / ID / "1.2.3_0").mkdir(parents=True)
    (tmp_path / "Profile 1/Extensions" / ID / "1.3_1").mkdir(parents=True)
    (tmp_path / "Default/Extensions/Temp").mkdir()
    (tmp_path / "Default/Secure Preferences").write_text(
        json.dumps({"extensions": {"settings": {OTHER: {"location": 4, "path": "/x"}, ID: {"location": 1}, "z": 3}}})
    )
    (tmp_path / "Profile 1/Preferences").write_text('{"extensions": [')
    roots = [Root("chromium", tmp_path, "chromium"), Root("edge", tmp_path / "absent", "chromium")]
    assert set(find_extensions(roots)) == {
        ExtensionFound("chromium", ID, "1.2.3"),
        ExtensionFound("chromium", ID, "1.3"),
        ExtensionFound("chromium", OTHER, ""),
    }
    assert [path.parent.name for path in extension_folders(roots)] == ["Default", "Profile 1"]


def test_the_native_hosts_table_of_profiles_leads_to_extensions(home: Path) -> None:
    (home / ".config/chromium/Default/Extensions" / ID / "4.5_0").mkdir(parents=True)
    profile = home / ".mozilla/firefox/x.default"
    profile.mkdir(parents=True)
    addon = {"id": "a@b.c", "version": "1", "type": "extension", "location": "app-profile", "active": True}
    (profile / "extensions.json").write_text(json.dumps({"addons": [addon]}))
    assert set(find_extensions(profile_roots("linux", home, {}))) == {
        ExtensionFound("chromium", ID, "4.5"),
        ExtensionFound("firefox", "a@b.c", "1"),
    }


def test_firefox_extensions_that_are_switched_on_and_not_its_own(tmp_path: Path) -> None:
    profile = tmp_path / "x.default"
    profile.mkdir()
    addons = [
        {"id": "scraper@example.org", "version": "2.0", "type": "extension", "location": "app-profile", "active": True},
        {"id": "off@example.org", "version": "1", "type": "extension", "location": "app-profile", "active": False},
        {"id": "theme@example.org", "version": "1", "type": "theme", "location": "app-profile", "active": True},
        {"id": "own@mozilla.org", "version": "1", "type": "extension", "location": "app-builtin", "active": True},
        {"id": "<script>", "version": "1", "type": "extension", "location": "app-profile", "active": True},
    ]
    (profile / "extensions.json").write_text(json.dumps({"schemaVersion": 36, "addons": addons}))
    roots = [Root("firefox", tmp_path, "firefox")]
    assert list(find_extensions(roots)) == [ExtensionFound("firefox", "scraper@example.org", "2.0")]
    (profile / "extensions.json").write_text('{"addons": 5}')
    assert list(find_extensions(roots)) == []
