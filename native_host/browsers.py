"""The table: where each browser on each system looks for a native host's manifest, and where it keeps its profiles.

In: the system's name, the person's home and environment. Out: plain `Place` and `ProfileRoot` rows; nothing on the disk
is touched, so every system is tested on any system. `manifests.py` writes to the places; the agent's sensors read the
extensions below the profile roots. Chromium's family looks in `<user data folder>/NativeMessagingHosts` and in one
folder for the whole machine; Firefox in folders that do not move with the profile; Windows asks the registry.

Sources: the browsers' own manuals («Native messaging», «Native manifests»), the tables of password managers and media
bridges that have served these browsers for years, and runs of Chromium and Firefox on Linux. Only Linux Chromium and
Firefox were run by us; a place that a browser does not read does no harm.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    """Which form of manifest and of profile a browser has."""

    CHROMIUM = "chromium"
    FIREFOX = "firefox"


class Level(StrEnum):
    """Whom a manifest serves; `SYSTEM` needs the administrator's rights."""

    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Place:
    """One place where one browser looks for manifests.

    Attributes:
        browser: Stable key, such as `chrome-beta` or `firefox-flatpak`.
        title: The browser's name for people.
        kind: Which form of manifest it reads.
        level: Whom it serves.
        folder: The manifest's folder; None on Windows, where the registry says where the file lies.
        registry: Windows registry keys below HKEY_CURRENT_USER or HKEY_LOCAL_MACHINE; empty elsewhere.
        signs: Folders of which one exists where this browser is installed or was started.
        executables: Names on the PATH that tell the same.
        caveat: What may keep the host from working there and what to do; empty when nothing does.
        explicit: A place the person named: used whether or not the browser seems installed.
    """

    browser: str
    title: str
    kind: Kind
    level: Level
    folder: Path | None
    registry: tuple[str, ...] = ()
    signs: tuple[Path, ...] = ()
    executables: tuple[str, ...] = ()
    caveat: str = ""
    explicit: bool = False


@dataclass(frozen=True, slots=True)
class ProfileRoot:
    """A folder with a browser's profiles.

    Attributes:
        browser: Key as in `Place`.
        path: Chromium's family: the user data folder, with `Default`, `Profile 1` and so on in it (Opera keeps its only
            profile in the folder itself). Firefox: the folder with `profiles.ini`.
        kind: Which of the two.
    """

    browser: str
    path: Path
    kind: Kind


@dataclass(frozen=True, slots=True)
class _Machine:
    """Where a family of browsers looks for the whole machine's manifests, and its registry keys on Windows."""

    linux: str
    mac: str
    registry: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """One browser of Chromium's family: its folders below the system's usual ones; empty where it does not exist."""

    browser: str
    title: str  # on macOS also the bundle's name
    machine: _Machine
    linux: str = ""  # below ~/.config
    mac: str = ""  # below ~/Library/Application Support
    windows: str = ""  # below %LOCALAPPDATA%
    roaming: str = ""  # below %APPDATA%, for those that keep their profile there
    executables: tuple[str, ...] = ()
    reads_chrome: bool = False  # its manual names Chrome's user folder: written as well as its own


_CHROME_KEY = r"SOFTWARE\Google\Chrome\NativeMessagingHosts"
_CHROME = _Machine(
    "/etc/opt/chrome/native-messaging-hosts", "/Library/Google/Chrome/NativeMessagingHosts", (_CHROME_KEY,)
)
_CHROMIUM = _Machine(
    "/etc/chromium/native-messaging-hosts",
    "/Library/Application Support/Chromium/NativeMessagingHosts",
    (r"SOFTWARE\Chromium\NativeMessagingHosts",),
)
_EDGE = _Machine(
    "/etc/opt/edge/native-messaging-hosts",
    "/Library/Microsoft/Edge/NativeMessagingHosts",
    (r"SOFTWARE\Microsoft\Edge\NativeMessagingHosts",),
)
# Brave and Vivaldi are said to read Chrome's key and, elsewhere, one of their own: both are written.
_BRAVE = _Machine(
    _CHROME.linux, _CHROME.mac, (_CHROME_KEY, r"SOFTWARE\BraveSoftware\Brave-Browser\NativeMessagingHosts")
)
_VIVALDI = _Machine(
    "/etc/opt/vivaldi/native-messaging-hosts",
    "/Library/Application Support/Vivaldi/NativeMessagingHosts",
    (_CHROME_KEY, r"SOFTWARE\Vivaldi\NativeMessagingHosts"),
)


def _brave(browser: str, title: str, folder: str, *executables: str) -> _Row:
    path = f"BraveSoftware/{folder}"
    return _Row(browser, title, _BRAVE, path, path, f"{path}/User Data", executables=executables)


def _edge(browser: str, channel: str, windows: str, *executables: str) -> _Row:
    title = f"Microsoft Edge {channel}".strip()
    linux = executables[0] if executables else ""
    return _Row(browser, title, _EDGE, linux, title, f"Microsoft/{windows}/User Data", executables=executables)


def _chrome(browser: str, channel: str, windows: str, *executables: str) -> _Row:
    name = f"Chrome {channel}".strip()
    data = f"Google/{windows}/User Data"
    return _Row(browser, f"Google {name}", _CHROME, executables[0], f"Google/{name}", data, executables=executables)


_ROWS = (
    _chrome("chrome", "", "Chrome", "google-chrome", "google-chrome-stable"),
    _chrome("chrome-beta", "Beta", "Chrome Beta", "google-chrome-beta"),
    _chrome("chrome-unstable", "Dev", "Chrome Dev", "google-chrome-unstable"),
    _chrome("chrome-canary", "Canary", "Chrome SxS", "google-chrome-canary"),
    _Row(
        "chromium",
        "Chromium",
        _CHROMIUM,
        linux="chromium",
        mac="Chromium",
        windows="Chromium/User Data",
        executables=("chromium", "chromium-browser"),
    ),
    _edge("edge", "", "Edge", "microsoft-edge", "microsoft-edge-stable"),
    _edge("edge-beta", "Beta", "Edge Beta", "microsoft-edge-beta"),
    _edge("edge-dev", "Dev", "Edge Dev", "microsoft-edge-dev"),
    _edge("edge-canary", "Canary", "Edge SxS"),
    _brave("brave", "Brave Browser", "Brave-Browser", "brave-browser", "brave", "brave-browser-stable"),
    _brave("brave-beta", "Brave Browser Beta", "Brave-Browser-Beta", "brave-browser-beta"),
    _brave("brave-nightly", "Brave Browser Nightly", "Brave-Browser-Nightly", "brave-browser-nightly"),
    _brave("brave-origin", "Brave Origin", "Brave-Origin", "brave-origin"),
    _Row(
        "vivaldi",
        "Vivaldi",
        _VIVALDI,
        linux="vivaldi",
        mac="Vivaldi",
        windows="Vivaldi/User Data",
        executables=("vivaldi", "vivaldi-stable"),
    ),
    _Row(
        "vivaldi-snapshot",
        "Vivaldi Snapshot",
        _VIVALDI,
        linux="vivaldi-snapshot",
        mac="Vivaldi Snapshot",
        executables=("vivaldi-snapshot",),
    ),
    _Row(
        "opera",
        "Opera",
        _CHROME,
        linux="opera",
        mac="com.operasoftware.Opera",
        roaming="Opera Software/Opera Stable",
        executables=("opera", "opera-stable"),
        reads_chrome=True,
    ),
)

# Application id, key, title, folder of the profiles below ~/.var/app/<id>.
_FLATPAKS = (
    ("com.google.Chrome", "chrome-flatpak", "Google Chrome (flatpak)", "config/google-chrome"),
    ("com.google.ChromeDev", "chrome-unstable-flatpak", "Google Chrome Dev (flatpak)", "config/google-chrome-unstable"),
    ("org.chromium.Chromium", "chromium-flatpak", "Chromium (flatpak)", "config/chromium"),
    ("com.microsoft.Edge", "edge-flatpak", "Microsoft Edge (flatpak)", "config/microsoft-edge"),
    ("com.brave.Browser", "brave-flatpak", "Brave (flatpak)", "config/BraveSoftware/Brave-Browser"),
    ("com.vivaldi.Vivaldi", "vivaldi-flatpak", "Vivaldi (flatpak)", "config/vivaldi"),
    ("com.opera.Opera", "opera-flatpak", "Opera (flatpak)", "config/opera"),
)
# Snap's name, key, title, folder of the profiles below ~/snap/<name>.
_SNAPS = (
    ("chromium", "chromium-snap", "Chromium (snap)", "common/chromium"),
    ("brave", "brave-snap", "Brave (snap)", "current/.config/BraveSoftware/Brave-Browser"),
)

_FLATPAK_CAVEAT = (
    "A flatpak browser is shut in: it sees neither the relay nor the agent's socket unless you let it. Try "
    "`flatpak override --user --filesystem=<the relay's folder>:ro --filesystem=<the socket's folder> {app}`, "
    "or use the browser of your distribution. Not tested by us."
)
_SNAP_CAVEAT = (
    "A snap of Chromium's family is shut in and may not start programs outside of it, so the extension will say "
    "«not connected». Use the browser's own package, or Firefox."
)
_FIREFOX_SNAP_CAVEAT = (
    "The snap starts the relay through the desktop's WebExtensions portal, reads Firefox's usual folder for it, and "
    "asks you once. Without that portal (xdg-desktop-portal of Ubuntu 22.04 or later) it will say «not connected»."
)
_BRAVE_MAC_CAVEAT = "Older Brave reads Google Chrome's folder instead; register Chrome too if it says «not connected»."

_HOSTS = "NativeMessagingHosts"


def places(system: str, home: Path, env: Mapping[str, str]) -> tuple[Place, ...]:
    """Return every place on this system, for the person and for the whole machine.

    Args:
        system: As `sys.platform` names it; what is neither `darwin` nor `win32` counts as Linux.
        home: The person's home folder.
        env: The environment: `XDG_CONFIG_HOME`, `CHROME_CONFIG_HOME`, `LOCALAPPDATA`, `APPDATA`.
    """
    rows: list[Place] = []
    for row in _ROWS:
        rows += _chromium_places(row, system, home, env)
    rows += _firefox_places(system, home, env)
    if system not in ("darwin", "win32"):
        rows += _sandboxed_places(home)
    return tuple(rows)


def profile_roots(system: str, home: Path, env: Mapping[str, str]) -> tuple[ProfileRoot, ...]:
    """Return every folder that may hold profiles on this system, whether it exists or not. Arguments as `places`."""
    roots = [
        ProfileRoot(row.browser, data, Kind.CHROMIUM)
        for row in _ROWS
        if (data := _user_data(row, system, home, env)) is not None
    ]
    roots += [ProfileRoot("firefox", path, Kind.FIREFOX) for path in _firefox_profiles(system, home, env)]
    if system not in ("darwin", "win32"):
        roots += [
            ProfileRoot(browser, home / ".var/app" / app / data, Kind.CHROMIUM) for app, browser, _, data in _FLATPAKS
        ]
        roots += [ProfileRoot(browser, home / "snap" / name / data, Kind.CHROMIUM) for name, browser, _, data in _SNAPS]
        flatpak = home / ".var/app/org.mozilla.firefox"
        roots += [
            ProfileRoot("firefox-flatpak", flatpak / ".mozilla/firefox", Kind.FIREFOX),
            ProfileRoot("firefox-flatpak", flatpak / "config/mozilla/firefox", Kind.FIREFOX),
            ProfileRoot("firefox-snap", home / "snap/firefox/common/.mozilla/firefox", Kind.FIREFOX),
            ProfileRoot("firefox-snap", home / "snap/firefox/common/.config/mozilla/firefox", Kind.FIREFOX),
        ]
    return tuple(roots)


def user_data_place(folder: Path) -> Place:
    """Return the place for a browser of Chromium's family that runs with `--user-data-dir=<folder>`.

    With its own user data folder Chromium looks only there and in the folder for the whole machine (measured).
    """
    return Place(
        "user-data-dir",
        "Chromium with its own user data folder",
        Kind.CHROMIUM,
        Level.USER,
        folder / _HOSTS,
        explicit=True,
    )


def firefox_home_place(system: str, home: Path) -> Place:
    """Return Firefox's place below another home, for a Firefox that is started with that `HOME`."""
    folder = _firefox_user_folder(system, home)
    return Place("firefox-home", "Firefox with its own home", Kind.FIREFOX, Level.USER, folder, explicit=True)


def is_installed(
    place: Place,
    exists: Callable[[Path], bool] = Path.exists,
    which: Callable[[str], str | None] = shutil.which,
) -> bool:
    """Tell whether the place's browser seems to be installed: it left a folder, or its program is on the PATH."""
    return (
        place.explicit
        or any(exists(sign) for sign in place.signs)
        or any(which(name) is not None for name in place.executables)
    )


def _absolute(env: Mapping[str, str], name: str, otherwise: Path) -> Path:
    """Return a folder from the environment; relative values do not count (XDG Base Directory Specification)."""
    value = env.get(name, "")
    return Path(value) if value and Path(value).is_absolute() else otherwise


def _config(home: Path, env: Mapping[str, str]) -> Path:
    return _absolute(env, "XDG_CONFIG_HOME", home / ".config")


def _user_data(row: _Row, system: str, home: Path, env: Mapping[str, str]) -> Path | None:
    """Return a Chromium-family browser's default user data folder, None where it does not exist."""
    if system == "darwin":
        return home / "Library/Application Support" / row.mac if row.mac else None
    if system == "win32":
        if row.roaming:
            return _absolute(env, "APPDATA", home / "AppData/Roaming") / row.roaming
        return _absolute(env, "LOCALAPPDATA", home / "AppData/Local") / row.windows if row.windows else None
    # Chromium's own order: CHROME_CONFIG_HOME, XDG_CONFIG_HOME, ~/.config.
    return _absolute(env, "CHROME_CONFIG_HOME", _config(home, env)) / row.linux if row.linux else None


def _chromium_places(row: _Row, system: str, home: Path, env: Mapping[str, str]) -> list[Place]:
    data = _user_data(row, system, home, env)
    if data is None:
        return []

    def place(level: Level, folder: Path | None, registry: tuple[str, ...] = (), caveat: str = "") -> Place:
        return Place(
            row.browser, row.title, Kind.CHROMIUM, level, folder, registry, tuple(signs), row.executables, caveat
        )

    signs = [data]
    if system == "win32":
        return [place(level, None, row.machine.registry) for level in Level]
    if system == "darwin":
        app = f"{row.title}.app"
        signs += [Path("/Applications") / app, home / "Applications" / app]
    caveat = _BRAVE_MAC_CAVEAT if system == "darwin" and row.browser.startswith("brave") else ""
    found = [place(Level.USER, data / _HOSTS, caveat=caveat)]
    if row.reads_chrome:
        chrome = _user_data(_ROWS[0], system, home, env)
        found += [place(Level.USER, chrome / _HOSTS)] if chrome else []
    system_folder = row.machine.mac if system == "darwin" else row.machine.linux
    return [*found, place(Level.SYSTEM, Path(system_folder))]


def _firefox_user_folder(system: str, home: Path) -> Path:
    # On Linux not below XDG_CONFIG_HOME, even where the profile is (measured with Firefox 153).
    if system == "darwin":
        return home / "Library/Application Support/Mozilla" / _HOSTS
    return home / ".mozilla/native-messaging-hosts"


def _firefox_profiles(system: str, home: Path, env: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders that may hold `profiles.ini`; a new Firefox on Linux uses XDG's, an old one keeps its own."""
    if system == "darwin":
        return (home / "Library/Application Support/Firefox",)
    if system == "win32":
        return (_absolute(env, "APPDATA", home / "AppData/Roaming") / "Mozilla/Firefox",)
    return (home / ".mozilla/firefox", _config(home, env) / "mozilla/firefox")


def _firefox_places(system: str, home: Path, env: Mapping[str, str]) -> list[Place]:
    signs = _firefox_profiles(system, home, env)
    executables = ("firefox", "firefox-esr")

    def place(level: Level, folder: Path | None, registry: tuple[str, ...] = ()) -> Place:
        return Place("firefox", "Firefox", Kind.FIREFOX, level, folder, registry, signs, executables)

    if system == "win32":
        return [place(level, None, (r"SOFTWARE\Mozilla\NativeMessagingHosts",)) for level in Level]
    if system == "darwin":
        signs = (*signs, Path("/Applications/Firefox.app"), home / "Applications/Firefox.app")
        shared = [Path("/Library/Application Support/Mozilla") / _HOSTS]
    else:  # Fedora's Firefox reads lib64, Debian's lib
        shared = [Path("/usr") / lib / "mozilla/native-messaging-hosts" for lib in ("lib", "lib64")]
    return [
        place(Level.USER, _firefox_user_folder(system, home)),
        *(place(Level.SYSTEM, folder) for folder in shared),
    ]


def _sandboxed_places(home: Path) -> list[Place]:
    """Return the places of Linux browsers that run shut in; each says what may keep the host from working."""

    def flatpak(app: str, browser: str, title: str, kind: Kind, folder: str) -> Place:
        own = home / ".var/app" / app
        signs = (own, Path("/var/lib/flatpak/app") / app, home / ".local/share/flatpak/app" / app)
        caveat = _FLATPAK_CAVEAT.format(app=app)
        return Place(browser, title, kind, Level.USER, own / folder, signs=signs, caveat=caveat)

    return [
        *(flatpak(app, browser, title, Kind.CHROMIUM, f"{data}/{_HOSTS}") for app, browser, title, data in _FLATPAKS),
        flatpak(
            "org.mozilla.firefox",
            "firefox-flatpak",
            "Firefox (flatpak)",
            Kind.FIREFOX,
            ".mozilla/native-messaging-hosts",
        ),
        *(
            Place(
                browser,
                title,
                Kind.CHROMIUM,
                Level.USER,
                home / "snap" / name / data / _HOSTS,
                signs=(home / "snap" / name, Path("/snap") / name),
                caveat=_SNAP_CAVEAT,
            )
            for name, browser, title, data in _SNAPS
        ),
        Place(
            "firefox-snap",
            "Firefox (snap)",
            Kind.FIREFOX,
            Level.USER,
            _firefox_user_folder("linux", home),
            signs=(home / "snap/firefox", Path("/snap/firefox")),
            caveat=_FIREFOX_SNAP_CAVEAT,
        ),
    ]
