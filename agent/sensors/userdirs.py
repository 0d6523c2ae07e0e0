"""Where a person's Downloads, Desktop, Pictures and Videos lie, in whichever language their system names them.

Linux: `user-dirs.dirs` (xdg-user-dirs), else the English names. macOS and Windows show localised names and keep the
English ones on disk. Only these four are known; nothing else of the home folder is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from agent.sensors.present import is_folder
from agent.sensors.regular import read_regular

PLACES = ("downloads", "desktop", "pictures", "videos")
_XDG = {"DOWNLOAD": "downloads", "DESKTOP": "desktop", "PICTURES": "pictures", "VIDEOS": "videos"}
_LINE = re.compile(r'^XDG_([A-Z]+)_DIR="((?:\$HOME)?/[^"]*)"\s*$', re.MULTILINE)


def user_folders(system: str, home: Path, env: Mapping[str, str]) -> dict[str, Path]:
    """Return the folders of `PLACES` that exist, by place.

    Args:
        system: As `sys.platform`.
        home: The person's home folder.
        env: The environment, for XDG_CONFIG_HOME.
    """
    folders = {place: home / place.capitalize() for place in PLACES}
    if system == "darwin":
        folders["videos"] = home / "Movies"
    if system not in ("darwin", "win32"):
        config = Path(env.get("XDG_CONFIG_HOME", ""))
        listed = read_regular((config if config.is_absolute() else home / ".config") / "user-dirs.dirs", 65_536) or b""
        for name, value in _LINE.findall(listed.decode("utf-8", "replace")):
            if name in _XDG:
                folder = Path(value.replace("$HOME", str(home), 1).replace('\\"', '"'))
                # A place that was switched off points at the home folder itself; that is left out below.
                folders[_XDG[name]] = folder
    kept = {}
    for place, folder in folders.items():
        try:
            if is_folder(folder) and folder.resolve() != home.resolve():
                kept[place] = folder
        except (OSError, RuntimeError):
            continue
    return kept
