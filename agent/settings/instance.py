"""Where one instance of the agent keeps its files and sockets.

`locate` turns environment, system and home folder into an `Instance`, without looking at the disk; `prepare` makes its
folders and refuses any that somebody else could read or write. Everything else in the house takes its paths from here.

```
GLEANWATCH_HOME=R    R/data  R/run  R/host  R/log  R/faults  R/config.toml    for tests, demos, second instances
otherwise            the person's data folder, XDG_RUNTIME_DIR/gleanwatch or ~/.local/state/gleanwatch/run
the policy           a root-owned place of the system; GLEANWATCH_POLICY moves it, and makes this a test instance
```
"""

from __future__ import annotations

import hashlib
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.model.purposes import Mode

MAX_SOCKET_PATH: Final = 100
"""Bytes. The kernels' own limits are 108 (Linux) and 104 (macOS), with the closing zero (DESIGN 3.5)."""

_POLICY_PLACES: Final[Mapping[str, str]] = {
    "linux": "/etc/gleanwatch/policy.toml",
    "darwin": "/Library/Application Support/Gleanwatch/policy.toml",
}


class InstanceError(Exception):
    """The instance cannot live where it was told to; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Instance:
    """The places of one instance; nothing here says that they exist.

    Attributes:
        root: The folder that everything lies under (the person's data folder, without GLEANWATCH_HOME).
        data_dir: The database and what belongs to it.
        run_dir: Sockets and the lock; emptied by the system at log-out where it does that.
        host_dir: What the browsers start: the native host's launcher.
        database: The encrypted database.
        key_file: The database's key, where there is no key store.
        config_file: The person's own configuration.
        policy_file: The organisation's policy.
        relay_socket: For browsers.
        control_socket: For the command line.
        lock_file: Held while an agent runs on this instance.
        mode_hint: `TEST` for a demo and for a moved policy; None where the policy decides.
    """

    root: Path
    data_dir: Path
    run_dir: Path
    host_dir: Path
    database: Path
    key_file: Path
    config_file: Path
    policy_file: Path
    relay_socket: Path
    control_socket: Path
    lock_file: Path
    mode_hint: Mode | None

    @property
    def log_dir(self) -> Path:
        """The agent's log files (`agent/logs.py`)."""
        return self.root / "log"

    @property
    def fault_dir(self) -> Path:
        """Reports of the agent's own faults (`agent/crashes.py`)."""
        return self.root / "faults"


def locate(env: Mapping[str, str], system: str, home: Path, uid: int, demo: bool = False) -> Instance:
    """Work out where an instance lives; touches nothing.

    Args:
        env: The environment: GLEANWATCH_HOME, GLEANWATCH_POLICY, XDG_DATA_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR,
            TMPDIR (macOS, where it is the person's own), LOCALAPPDATA and PROGRAMDATA (Windows).
        system: `linux`, `darwin` or `win32`, as `sys.platform` says it.
        home: The person's home folder.
        uid: The person's user id; 0 on systems without one.
        demo: A throw-away instance: apart from the person's own, and never under an organisation's policy.

    Raises:
        InstanceError: A moved place is not an absolute path, or no socket path is short enough.
    """
    moved = _absolute(env, "GLEANWATCH_HOME")
    policy = _absolute(env, "GLEANWATCH_POLICY")
    root = moved or _own_data(env, system, home) / ("demo" if demo else "")
    if moved or demo:
        run_dir, config_file = root / "run", root / "config.toml"
    else:
        run_dir, config_file = _own_run(env, system, home, root), _own_config(env, system, home, root)
    test = demo or policy is not None
    sockets = _socket_dir(run_dir, env, system, home, uid)
    return Instance(
        root=root,
        data_dir=root / "data",
        run_dir=sockets,
        host_dir=root / "host",
        database=root / "data" / "gleanwatch.db",
        key_file=root / "data" / "gleanwatch.key",
        config_file=config_file,
        policy_file=policy or (root / "policy.toml" if demo else _system_policy(env, system)),
        relay_socket=sockets / "relay.sock",
        control_socket=sockets / "control.sock",
        lock_file=root / "data" / "agent.lock",
        mode_hint=Mode.TEST if test else None,
    )


def _absolute(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name, "")
    if not value:
        return None
    path = Path(value)
    if not path.is_absolute():
        raise InstanceError(f"{name} is not an absolute path: give it from the root of the file system on")
    return path


def _xdg(env: Mapping[str, str], name: str, otherwise: Path) -> Path:
    """A folder of the XDG base directory specification, which says to ignore values that are not absolute."""
    value = env.get(name, "")
    return Path(value) if value.startswith("/") else otherwise


def _own_data(env: Mapping[str, str], system: str, home: Path) -> Path:
    if system == "darwin":
        return home / "Library" / "Application Support" / "gleanwatch"
    if system == "win32":
        return Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local") / "gleanwatch"
    return _xdg(env, "XDG_DATA_HOME", home / ".local" / "share") / "gleanwatch"


def _own_config(env: Mapping[str, str], system: str, home: Path, root: Path) -> Path:
    if system in ("darwin", "win32"):
        return root / "config.toml"
    return _xdg(env, "XDG_CONFIG_HOME", home / ".config") / "gleanwatch" / "config.toml"


def _own_run(env: Mapping[str, str], system: str, home: Path, root: Path) -> Path:
    if system in ("darwin", "win32"):
        return root / "run"
    if env.get("XDG_RUNTIME_DIR", "").startswith("/"):
        return Path(env["XDG_RUNTIME_DIR"]) / "gleanwatch"
    return _xdg(env, "XDG_STATE_HOME", home / ".local" / "state") / "gleanwatch" / "run"


def _system_policy(env: Mapping[str, str], system: str) -> Path:
    if system == "win32":
        return Path(env.get("PROGRAMDATA") or "C:/ProgramData") / "Gleanwatch" / "policy.toml"
    return Path(_POLICY_PLACES.get(system, _POLICY_PLACES["linux"]))


def _socket_dir(run_dir: Path, env: Mapping[str, str], system: str, home: Path, uid: int) -> Path:
    """Return the run folder, or a short one named by its hash where its socket paths would be too long.

    Only folders that are the person's own are used, never one that everybody may write to: there, somebody else could
    make the folder first.
    """
    if system == "win32" or _fits(run_dir):
        return run_dir
    digest = hashlib.sha256(f"{uid}:{run_dir}".encode()).hexdigest()[:16]
    places = [_xdg(env, "XDG_RUNTIME_DIR", home / ".local" / "state")]
    if system == "darwin":
        places.insert(0, _xdg(env, "TMPDIR", home / "Library"))
    places.append(home)
    for place in places:
        name = f".gw-{digest}" if place == home else f"gw-{digest}"
        if _fits(place / name):
            return place / name
    raise InstanceError(
        f"no folder gives a socket path of at most {MAX_SOCKET_PATH} bytes: set GLEANWATCH_HOME to a shorter path"
    )


def _fits(folder: Path) -> bool:
    return len(bytes(folder / "control.sock")) <= MAX_SOCKET_PATH


def prepare(instance: Instance, uid: int) -> None:
    """Make the instance's folders, each readable by its owner only.

    Args:
        instance: Where it lives.
        uid: Who runs it; not looked at on Windows, where the person's own folders are closed to others already.

    Raises:
        InstanceError: A folder exists and is a link, belongs to somebody else, or is open to others.
    """
    for folder in dict.fromkeys((instance.root, instance.data_dir, instance.run_dir, instance.host_dir)):
        _make_private(folder, uid)


def _make_private(folder: Path, uid: int) -> None:
    try:
        # Closed as well (XDG Base Directory Specification): one of them may be another instance's own, as a demo's is.
        for above in reversed([one for one in folder.parents if not one.exists()]):
            above.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()
    except OSError as error:
        raise InstanceError(
            f"the folder {folder} cannot be made: {error.strerror}. Make it, or move GLEANWATCH_HOME"
        ) from error
    if stat.S_ISLNK(state.st_mode):
        raise InstanceError(f"{folder} is a link: somebody could turn it elsewhere. Replace it by a real folder")
    if not stat.S_ISDIR(state.st_mode):
        raise InstanceError(f"{folder} is not a folder: move that file away")
    if sys.platform == "win32":
        return
    if state.st_uid != uid:
        raise InstanceError(
            f"{folder} belongs to another user (id {state.st_uid}): remove it, or move GLEANWATCH_HOME elsewhere"
        )
    if state.st_mode & 0o077:
        raise InstanceError(f"{folder} is open to other users: close it with  chmod 700 '{folder}'")
