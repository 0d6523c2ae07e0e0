"""What may not be looked at counts as not there, and costs nothing that lies beside it.

A name that is too long stands for a folder that may not be entered: the system refuses to look at both, and the first
does so to an administrator too, as whom tests may run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.model.health import Condition
from agent.sensors.caches import cache_folders
from agent.sensors.exports import Exports
from agent.sensors.extensions import Passed, extension_folders, find_extensions
from agent.sensors.packages.node import project_packages
from agent.sensors.packages.search import PackageSearch
from agent.sensors.present import is_file, is_folder
from agent.sensors.userdirs import user_folders
from agent.sensors.watch import FolderWatch
from agent.sensors.watched import watched_folders
from agent.settings.clock import SystemClock

LOCKED = "x" * 300


@dataclass(frozen=True)
class Root:
    browser: str
    path: Path
    kind: str


def test_folders_and_files_are_told_apart_and_what_cannot_be_looked_at_is_neither(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    names = ("", "file", "link", "loop", "absent", LOCKED)
    assert [is_folder(tmp_path / name) for name in names] == [True, False, True, False, False, False]
    assert [is_file(tmp_path / name) for name in names] == [False, True, False, False, False, False]


def test_the_folders_to_watch_are_found_beside_one_that_is_locked(tmp_path: Path) -> None:
    venvs = tmp_path / ".local/share/pipx/venvs"
    venvs.mkdir(parents=True)
    locked = str(tmp_path / LOCKED)
    env = {"PIPX_HOME": locked, "UV_TOOL_DIR": locked, "PUPPETEER_CACHE_DIR": locked}
    assert ("packages", venvs) in watched_folders("linux", tmp_path, env, [])
    assert cache_folders("linux", tmp_path, env) == []


def test_watching_begins_beside_a_folder_that_is_locked(tmp_path: Path) -> None:
    watch = FolderWatch(lambda _kind, _folder: None)
    try:
        assert watch.start([("packages", tmp_path / LOCKED), ("packages", tmp_path)]).condition is Condition.WORKING
    finally:
        watch.close()
    exports = Exports({"a": tmp_path / LOCKED, "b": tmp_path}, lambda _found: None, SystemClock())
    exports.activate()
    try:
        assert exports.health().condition is Condition.WORKING
    finally:
        exports.deactivate()


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_extensions_are_found_beside_a_link_that_leads_nowhere_and_a_root_that_is_locked(
    tmp_path: Path, kind: str
) -> None:
    profile = tmp_path / "Default"
    (profile / "Extensions" / ("a" * 32) / "1.0_0").mkdir(parents=True)
    (profile / "extensions").mkdir(exist_ok=True)
    (profile / "extensions.json").write_text('{"addons": [{"id": "a@b", "type": "extension", "active": true}]}')
    (tmp_path / "Locked").symlink_to(tmp_path / LOCKED)
    (profile / "Extensions" / ("b" * 32)).symlink_to(tmp_path / LOCKED)
    roots = [Root("browser", tmp_path / LOCKED, kind), Root("browser", tmp_path, kind)]
    passed = Passed()
    assert [one.extension_id for one in find_extensions(roots, (), passed)] == [
        "a@b" if kind == "firefox" else "a" * 32
    ]
    assert len(extension_folders(roots)) == 1


def test_packages_are_found_beside_one_whose_name_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "node_modules/real").mkdir(parents=True)
    (tmp_path / "package.json").write_text('{"dependencies": {"%s": "1", "real": "1"}}' % ("@a/" + "b" * 211))
    assert [one.name for one in project_packages(tmp_path)] == ["real"]
    search = PackageSearch("linux", tmp_path, {"NODE_PATH": str(tmp_path / LOCKED / "node_modules")}, lambda: 0.0)
    list(search.find())


def test_a_persons_folders_are_found_beside_one_that_is_locked(tmp_path: Path) -> None:
    (tmp_path / "Desktop").mkdir()
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config/user-dirs.dirs").write_text(f'XDG_DOWNLOAD_DIR="$HOME/{LOCKED}"\n')
    assert user_folders("linux", tmp_path, {}) == {"desktop": tmp_path / "Desktop"}
