"""Browsers that automation libraries brought along, and the folders that are watched for installations."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.model.events import PackageFound
from agent.sensors.caches import cache_folders, find_caches
from agent.sensors.userdirs import user_folders
from agent.sensors.watched import watched_folders
from native_host.browsers import profile_roots


@pytest.mark.parametrize(
    ("system", "folder", "name", "version"),
    [
        ("linux", ".cache/ms-playwright/chromium-1148", "playwright", "1148"),
        ("linux", ".cache/puppeteer/chrome", "puppeteer", ""),
        ("linux", ".cache/selenium/chromedriver", "selenium", ""),
        ("linux", ".cache/camoufox/camoufox-bin", "camoufox", ""),
        ("linux", ".local/share/undetected_chromedriver/x_chromedriver", "undetected-chromedriver", ""),
        ("linux", ".wdm/drivers", "webdriver-manager", ""),
        ("darwin", "Library/Caches/ms-playwright/webkit-2100", "playwright", "2100"),
        ("darwin", ".cache/puppeteer/chrome", "puppeteer", ""),
        ("win32", "AppData/Local/ms-playwright/firefox-1466", "playwright", "1466"),
    ],
)
def test_a_cache_with_something_in_it_names_its_library(
    system: str, folder: str, name: str, version: str, tmp_path: Path
) -> None:
    (tmp_path / folder).mkdir(parents=True)
    assert list(find_caches(system, tmp_path, {})) == [PackageFound("cache", name, version)]
    assert [path for path, _ in cache_folders(system, tmp_path, {})] == [(tmp_path / folder).parent]


def test_an_empty_cache_a_file_in_its_place_and_a_foreign_cache_say_nothing(tmp_path: Path) -> None:
    (tmp_path / ".cache/ms-playwright/.links").mkdir(parents=True)
    (tmp_path / ".cache/puppeteer").touch()
    (tmp_path / ".cache/pip/http").mkdir(parents=True)
    assert list(find_caches("linux", tmp_path, {})) == []


def test_a_cache_that_was_moved_is_found_and_each_library_named_once(tmp_path: Path) -> None:
    (tmp_path / "moved/chromium-1200").mkdir(parents=True)
    (tmp_path / ".cache/ms-playwright/chromium-1148").mkdir(parents=True)
    found = list(find_caches("linux", tmp_path, {"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "moved")}))
    assert [one.name for one in found] == ["playwright"]
    assert list(find_caches("linux", tmp_path / "none", {"PLAYWRIGHT_BROWSERS_PATH": "0"})) == []


def test_what_is_watched_is_flat_exists_and_is_named_once(tmp_path: Path) -> None:
    wanted = [
        ("packages", ".local/share/pipx/venvs"),
        ("packages", ".local/share/uv/tools"),
        ("packages", ".local/lib/python3.12/site-packages"),
        ("packages", ".npm-global/lib/node_modules"),
        ("packages", ".npm-global/lib/node_modules/@acme"),
        ("extensions", ".config/chromium/Default/Extensions"),
        ("extensions", ".mozilla/firefox/x.default/extensions"),
        ("caches", ".cache/ms-playwright"),
    ]
    for _, folder in wanted:
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / ".npm-global/lib/node_modules/plain/deep").mkdir(parents=True)
    found = watched_folders("linux", tmp_path, {}, profile_roots("linux", tmp_path, {}))
    below = [(kind, str(path.relative_to(tmp_path))) for kind, path in found if path.is_relative_to(tmp_path)]
    assert sorted(below) == sorted(wanted)
    assert len(found) == len(set(found))


def test_folders_of_the_person_are_found_in_their_own_language(tmp_path: Path) -> None:
    for name in ("Downloads", "Schreibtisch", "Téléchargements"):
        (tmp_path / name).mkdir()
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config/user-dirs.dirs").write_text(
        '# made by xdg-user-dirs\nXDG_DESKTOP_DIR="$HOME/Schreibtisch"\nXDG_DOWNLOAD_DIR="$HOME/Téléchargements"\n'
        'XDG_PICTURES_DIR="$HOME/"\nXDG_VIDEOS_DIR="relative"\nXDG_MUSIC_DIR="$HOME/Downloads"\n'
    )
    assert user_folders("linux", tmp_path, {}) == {
        "downloads": tmp_path / "Téléchargements",
        "desktop": tmp_path / "Schreibtisch",
    }
    assert user_folders("darwin", tmp_path, {}) == {"downloads": tmp_path / "Downloads"}
