"""The table of manifest places and profile roots, for every system on any system."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from native_host.browsers import (
    Kind,
    Level,
    Place,
    firefox_home_place,
    is_installed,
    places,
    profile_roots,
    user_data_place,
)

HOME = Path("/home/ada")
MAC = Path("/Users/ada")
WINDOWS = Path("/C/Users/ada")


def folders(system: str, home: Path, level: Level, env: dict[str, str] | None = None) -> set[tuple[str, str]]:
    return {(place.browser, str(place.folder)) for place in places(system, home, env or {}) if place.level is level}


@pytest.mark.parametrize(
    ("browser", "folder"),
    [
        ("chrome", "/home/ada/.config/google-chrome/NativeMessagingHosts"),
        ("chrome-beta", "/home/ada/.config/google-chrome-beta/NativeMessagingHosts"),
        ("chrome-unstable", "/home/ada/.config/google-chrome-unstable/NativeMessagingHosts"),
        ("chromium", "/home/ada/.config/chromium/NativeMessagingHosts"),
        ("edge", "/home/ada/.config/microsoft-edge/NativeMessagingHosts"),
        ("brave", "/home/ada/.config/BraveSoftware/Brave-Browser/NativeMessagingHosts"),
        ("brave-beta", "/home/ada/.config/BraveSoftware/Brave-Browser-Beta/NativeMessagingHosts"),
        ("brave-nightly", "/home/ada/.config/BraveSoftware/Brave-Browser-Nightly/NativeMessagingHosts"),
        ("brave-origin", "/home/ada/.config/BraveSoftware/Brave-Origin/NativeMessagingHosts"),
        ("vivaldi", "/home/ada/.config/vivaldi/NativeMessagingHosts"),
        ("opera", "/home/ada/.config/opera/NativeMessagingHosts"),
        ("opera", "/home/ada/.config/google-chrome/NativeMessagingHosts"),
        ("firefox", "/home/ada/.mozilla/native-messaging-hosts"),
        ("firefox-flatpak", "/home/ada/.var/app/org.mozilla.firefox/.mozilla/native-messaging-hosts"),
        ("chrome-flatpak", "/home/ada/.var/app/com.google.Chrome/config/google-chrome/NativeMessagingHosts"),
        ("chromium-flatpak", "/home/ada/.var/app/org.chromium.Chromium/config/chromium/NativeMessagingHosts"),
        ("edge-flatpak", "/home/ada/.var/app/com.microsoft.Edge/config/microsoft-edge/NativeMessagingHosts"),
        ("chromium-snap", "/home/ada/snap/chromium/common/chromium/NativeMessagingHosts"),
        ("firefox-snap", "/home/ada/.mozilla/native-messaging-hosts"),
    ],
)
def test_linux_places_of_one_person(browser: str, folder: str) -> None:
    assert (browser, folder) in folders("linux", HOME, Level.USER)


@pytest.mark.parametrize(
    ("browser", "folder"),
    [
        ("chrome", "/etc/opt/chrome/native-messaging-hosts"),
        ("chromium", "/etc/chromium/native-messaging-hosts"),
        ("edge", "/etc/opt/edge/native-messaging-hosts"),
        ("brave", "/etc/opt/chrome/native-messaging-hosts"),
        ("vivaldi", "/etc/opt/vivaldi/native-messaging-hosts"),
        ("opera", "/etc/opt/chrome/native-messaging-hosts"),
        ("firefox", "/usr/lib/mozilla/native-messaging-hosts"),
        ("firefox", "/usr/lib64/mozilla/native-messaging-hosts"),
    ],
)
def test_linux_places_of_the_machine(browser: str, folder: str) -> None:
    assert (browser, folder) in folders("linux", HOME, Level.SYSTEM)


@pytest.mark.parametrize(
    ("level", "browser", "folder"),
    [
        (Level.USER, "chrome", "/Users/ada/Library/Application Support/Google/Chrome/NativeMessagingHosts"),
        (Level.USER, "chrome-beta", "/Users/ada/Library/Application Support/Google/Chrome Beta/NativeMessagingHosts"),
        (Level.USER, "chromium", "/Users/ada/Library/Application Support/Chromium/NativeMessagingHosts"),
        (Level.USER, "edge", "/Users/ada/Library/Application Support/Microsoft Edge/NativeMessagingHosts"),
        (
            Level.USER,
            "edge-canary",
            "/Users/ada/Library/Application Support/Microsoft Edge Canary/NativeMessagingHosts",
        ),
        (
            Level.USER,
            "brave",
            "/Users/ada/Library/Application Support/BraveSoftware/Brave-Browser/NativeMessagingHosts",
        ),
        (Level.USER, "vivaldi", "/Users/ada/Library/Application Support/Vivaldi/NativeMessagingHosts"),
        (Level.USER, "opera", "/Users/ada/Library/Application Support/com.operasoftware.Opera/NativeMessagingHosts"),
        (Level.USER, "firefox", "/Users/ada/Library/Application Support/Mozilla/NativeMessagingHosts"),
        (Level.SYSTEM, "chrome", "/Library/Google/Chrome/NativeMessagingHosts"),
        (Level.SYSTEM, "chromium", "/Library/Application Support/Chromium/NativeMessagingHosts"),
        (Level.SYSTEM, "edge", "/Library/Microsoft/Edge/NativeMessagingHosts"),
        (Level.SYSTEM, "firefox", "/Library/Application Support/Mozilla/NativeMessagingHosts"),
    ],
)
def test_macos_places(level: Level, browser: str, folder: str) -> None:
    assert (browser, folder) in folders("darwin", MAC, level)


@pytest.mark.parametrize(
    ("browser", "keys"),
    [
        ("chrome", {r"SOFTWARE\Google\Chrome\NativeMessagingHosts"}),
        ("chromium", {r"SOFTWARE\Chromium\NativeMessagingHosts"}),
        ("edge", {r"SOFTWARE\Microsoft\Edge\NativeMessagingHosts"}),
        (
            "brave",
            {
                r"SOFTWARE\Google\Chrome\NativeMessagingHosts",
                r"SOFTWARE\BraveSoftware\Brave-Browser\NativeMessagingHosts",
            },
        ),
        ("vivaldi", {r"SOFTWARE\Google\Chrome\NativeMessagingHosts", r"SOFTWARE\Vivaldi\NativeMessagingHosts"}),
        ("opera", {r"SOFTWARE\Google\Chrome\NativeMessagingHosts"}),
        ("firefox", {r"SOFTWARE\Mozilla\NativeMessagingHosts"}),
    ],
)
def test_windows_registry_keys_are_the_same_in_both_hives(browser: str, keys: set[str]) -> None:
    found = [place for place in places("win32", WINDOWS, {}) if place.browser == browser]
    assert {place.level for place in found} == set(Level)
    assert all(set(place.registry) == keys and place.folder is None for place in found)


def test_the_browsers_own_variables_move_their_folders() -> None:
    moved = folders("linux", HOME, Level.USER, {"XDG_CONFIG_HOME": "/elsewhere"})
    assert ("chromium", "/elsewhere/chromium/NativeMessagingHosts") in moved
    assert ("firefox", "/home/ada/.mozilla/native-messaging-hosts") in moved, "Firefox's do not move (measured)"
    both = {"XDG_CONFIG_HOME": "/elsewhere", "CHROME_CONFIG_HOME": "/chromes"}
    assert ("chromium", "/chromes/chromium/NativeMessagingHosts") in folders("linux", HOME, Level.USER, both)
    relative = folders("linux", HOME, Level.USER, {"XDG_CONFIG_HOME": "relative"})
    assert ("chromium", "/home/ada/.config/chromium/NativeMessagingHosts") in relative


def test_browsers_that_run_shut_in_say_what_may_fail() -> None:
    sandboxed = [place for place in places("linux", HOME, {}) if place.browser.endswith(("-snap", "-flatpak"))]
    assert len(sandboxed) >= 10
    assert all(place.caveat for place in sandboxed)
    flatpak = next(place for place in sandboxed if place.browser == "firefox-flatpak")
    assert "flatpak override" in flatpak.caveat
    assert "org.mozilla.firefox" in flatpak.caveat


@pytest.mark.parametrize(("system", "home"), [("linux", HOME), ("darwin", MAC), ("win32", WINDOWS)])
def test_every_row_is_whole(system: str, home: Path) -> None:
    rows = places(system, home, {})
    assert {"chrome", "chromium", "edge", "brave", "vivaldi", "opera", "firefox"} <= {row.browser for row in rows}
    for row in rows:
        assert re.fullmatch(r"[a-z-]+", row.browser)
        assert row.title
        assert row.signs or row.executables
        assert (row.folder is None) == (system == "win32") == bool(row.registry)
        assert row.folder is None or row.folder.is_absolute()
        assert all(sign.is_absolute() for sign in row.signs)
        assert not row.explicit
    assert len(set(rows)) == len(rows)


def test_profiles_of_an_old_and_of_a_new_firefox_are_found() -> None:
    roots = {str(root.path) for root in profile_roots("linux", HOME, {}) if root.browser == "firefox"}
    assert roots == {"/home/ada/.mozilla/firefox", "/home/ada/.config/mozilla/firefox"}
    mac = {str(root.path) for root in profile_roots("darwin", MAC, {}) if root.kind is Kind.FIREFOX}
    assert mac == {"/Users/ada/Library/Application Support/Firefox"}
    windows = {
        root.browser: root for root in profile_roots("win32", WINDOWS, {"APPDATA": "/C/roam", "LOCALAPPDATA": "/C/l"})
    }
    assert windows["firefox"].path == Path("/C/roam/Mozilla/Firefox")
    assert windows["edge"].path == Path("/C/l/Microsoft/Edge/User Data")
    assert windows["opera"].path == Path("/C/roam/Opera Software/Opera Stable")


@pytest.mark.parametrize(("system", "home"), [("linux", HOME), ("darwin", MAC), ("win32", WINDOWS)])
def test_every_browser_with_a_place_has_a_profile_root(system: str, home: Path) -> None:
    assert {place.browser for place in places(system, home, {})} == {
        root.browser for root in profile_roots(system, home, {})
    }


def test_a_browser_is_installed_when_it_left_a_folder_or_is_on_the_path() -> None:
    chromium = next(place for place in places("linux", HOME, {}) if place.browser == "chromium")
    nowhere, nothing = (lambda _: False), (lambda _: None)
    assert not is_installed(chromium, nowhere, nothing)
    assert is_installed(chromium, lambda path: path == HOME / ".config/chromium", nothing)
    assert is_installed(chromium, nowhere, lambda name: "/usr/bin/chromium" if name == "chromium" else None)


def test_a_flatpak_counts_as_installed_before_its_first_start() -> None:
    flatpak = next(place for place in places("linux", HOME, {}) if place.browser == "firefox-flatpak")
    assert is_installed(flatpak, lambda path: path == Path("/var/lib/flatpak/app/org.mozilla.firefox"), lambda _: None)


def test_places_that_the_person_names() -> None:
    own = user_data_place(Path("/data/dir"))
    assert own == Place(
        "user-data-dir",
        own.title,
        Kind.CHROMIUM,
        Level.USER,
        Path("/data/dir/NativeMessagingHosts"),
        explicit=True,
    )
    assert is_installed(own, lambda _: False, lambda _: None)
    firefox = firefox_home_place("linux", Path("/other"))
    assert firefox.folder == Path("/other/.mozilla/native-messaging-hosts")
    assert firefox.kind is Kind.FIREFOX
