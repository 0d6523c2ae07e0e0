"""Which folders are watched for installations, the most telling first, since the number of watches is limited.

Site-packages folders and roots of node_modules with their scopes; folders in which pipx and uv make an environment for
each tool; browsers' folders of extensions; caches into which automation libraries download browsers. All of them flat:
a package shows as one new name. Virtual environments of projects are not watched: they are met when they run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from agent.sensors.caches import cache_folders
from agent.sensors.extensions import ProfileRoot, extension_folders
from agent.sensors.packages import places
from agent.sensors.present import is_folder
from agent.sensors.watch import Kind

_TOOL_FOLDERS = {
    "linux": (".local/share/pipx/venvs", ".local/pipx/venvs", ".local/share/uv/tools"),
    "darwin": ("Library/Application Support/pipx/venvs", ".local/pipx/venvs", ".local/share/uv/tools"),
    "win32": ("pipx/venvs", "AppData/Local/pipx/pipx/venvs", "AppData/Roaming/uv/tools"),
}
_FROM_ENVIRONMENT = {"PIPX_HOME": "venvs", "UV_TOOL_DIR": ""}
_MOST_SCOPES = 32


def watched_folders(
    system: str, home: Path, env: Mapping[str, str], roots: Iterable[ProfileRoot]
) -> list[tuple[Kind, Path]]:
    """Return every existing folder worth a flat watch, each once, for `FolderWatch.start`.

    Args:
        system: As `sys.platform`.
        home: The person's home folder.
        env: The environment, for folders that were moved.
        roots: Where browsers keep profiles (`native_host.browsers.profile_roots`).
    """
    found: list[tuple[Kind, Path]] = []
    tools = [home / folder for folder in _TOOL_FOLDERS.get(system, _TOOL_FOLDERS["linux"])]
    tools += [
        Path(env[name], below) for name, below in _FROM_ENVIRONMENT.items() if Path(env.get(name, "")).is_absolute()
    ]
    known = places(system, home, env)
    packages = [folder for folder in tools if is_folder(folder)]
    packages += [place.path for place in known]
    packages += [scope for place in known if place.kind == "node" for scope in _scopes(place.path)]
    found.extend(("extensions", folder) for folder in extension_folders(roots))
    found.extend(("caches", folder) for folder, _ in cache_folders(system, home, env))
    found.extend(("packages", folder) for folder in packages)
    return list(dict.fromkeys(found))


def _scopes(root: Path) -> list[Path]:
    """Return the scopes (`@name`) below a root of node_modules, at most 32."""
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries if entry.name.startswith("@") and is_folder(entry))
    except OSError:
        return []
    return [root / name for name in names[:_MOST_SCOPES]]
