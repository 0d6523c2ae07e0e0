"""Where interpreters keep installed packages, as patterns for each system; data, and the code that expands it.

Each pattern names a *prefix* (a Python installation or virtual environment) or a `node_modules` folder. Paths are built
from the home folder and environment that are passed in, so that every system's table is tested on any system.
Sources: the documentation of each tool named beside its pattern.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.sensors.present import is_folder

_PYTHON_BELOW_HOME = (
    ".local",  # pip install --user
    ".pyenv/versions/*",
    ".local/share/pipx/venvs/*",
    ".local/pipx/venvs/*",
    ".local/share/uv/tools/*",
    ".local/share/uv/python/*",
    ".virtualenvs/*",  # virtualenvwrapper
    ".local/share/virtualenvs/*",  # pipenv
    ".cache/pypoetry/virtualenvs/*",
    ".local/share/hatch/env/virtual/*/*/*",
    *(
        f"{name}{rest}"
        for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda")
        for rest in ("", "/envs/*")
    ),
)
_PYTHON_BELOW_HOME_ON = {
    "darwin": (
        "Library/Python/*",
        "Library/Caches/pypoetry/virtualenvs/*",
        "Library/Application Support/pipx/venvs/*",
        "Library/Application Support/hatch/env/virtual/*/*/*",
    ),
    "win32": (
        "AppData/Local/Programs/Python/*",
        "AppData/Roaming/Python/*",
        "AppData/Roaming/uv/tools/*",
        "AppData/Local/pypoetry/Cache/virtualenvs/*",
        "pipx/venvs/*",
    ),
}
_PYTHON_OF_SYSTEM = {
    "linux": ("/usr", "/usr/local", "/opt/conda", "/opt/conda/envs/*"),
    "darwin": ("/usr/local", "/opt/homebrew", "/Library/Frameworks/Python.framework/Versions/*"),
    "win32": ("C:/Python*", "C:/Program Files/Python*"),
}
_PYTHON_FROM_ENVIRONMENT = {
    "PYENV_ROOT": "versions/*",
    "PIPX_HOME": "venvs/*",
    "UV_TOOL_DIR": "*",
    "WORKON_HOME": "*",
    "CONDA_PREFIX": "",
    "VIRTUAL_ENV": "",
}
_SITE_PACKAGES = (
    "lib/python*/site-packages",
    "lib/python*/dist-packages",  # Debian's own
    "lib64/python*/site-packages",  # Fedora
    "lib/python/site-packages",  # macOS --user
    "Lib/site-packages",
    "site-packages",  # Windows --user
)
_NODE_BELOW_HOME = (
    ".npm-global/lib/node_modules",
    ".nvm/versions/node/*/lib/node_modules",
    ".fnm/node-versions/*/installation/lib/node_modules",
    ".local/share/fnm/node-versions/*/installation/lib/node_modules",
    ".volta/tools/image/node/*/lib/node_modules",
    ".volta/tools/image/packages/*/lib/node_modules",
    ".local/share/pnpm/global/*/node_modules",
    ".config/yarn/global/node_modules",
    ".bun/install/global/node_modules",
    ".npm/_npx/*/node_modules",
    "node_modules",
)
_NODE_BELOW_HOME_ON = {
    "darwin": (
        "Library/Application Support/fnm/node-versions/*/installation/lib/node_modules",
        "Library/pnpm/global/*/node_modules",
    ),
    "win32": ("AppData/Roaming/npm/node_modules", "AppData/Roaming/nvm/*/node_modules"),
}
_NODE_OF_SYSTEM = {
    "linux": ("/usr/lib/node_modules", "/usr/local/lib/node_modules", "/usr/share/nodejs"),
    "darwin": ("/usr/local/lib/node_modules", "/opt/homebrew/lib/node_modules"),
    "win32": ("C:/Program Files/nodejs/node_modules",),
}
_NODE_FROM_ENVIRONMENT = {
    "NVM_DIR": "versions/node/*/lib/node_modules",
    "FNM_DIR": "node-versions/*/installation/lib/node_modules",
    "VOLTA_HOME": "tools/image/packages/*/lib/node_modules",
    "NPM_CONFIG_PREFIX": "lib/node_modules",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that holds installed packages.

    Attributes:
        kind: `python` for a site-packages folder, `node` for a node_modules folder.
        path: The folder, with links resolved.
    """

    kind: Literal["python", "node"]
    path: Path


def places(
    system: str,
    home: Path,
    env: Mapping[str, str],
    prefixes: Iterable[Path] = (),
    root: Path = Path("/"),
) -> list[Place]:
    """Return every existing folder with packages that is known from its place, each once.

    Args:
        system: As `sys.platform`.
        home: The person's home folder.
        env: The environment, for tools whose folder can be moved.
        prefixes: Prefixes of interpreters that run now, and of virtual environments found elsewhere.
        root: What absolute patterns start from; another folder than `/` in tests.
    """
    found: dict[Path, Place] = {}
    patterns = [(home, pattern) for pattern in (*_PYTHON_BELOW_HOME, *_PYTHON_BELOW_HOME_ON.get(system, ()))]
    patterns += [(root, pattern) for pattern in _absolute(_PYTHON_OF_SYSTEM.get(system, ()))]
    patterns += [(Path(env[name]), pattern) for name, pattern in _PYTHON_FROM_ENVIRONMENT.items() if env.get(name)]
    patterns += [(prefix, "") for prefix in (*prefixes, *_conda_environments(home))]
    for base, pattern in patterns:
        for prefix in _expand(base, pattern):
            for site_packages in site_packages_of(prefix):
                found.setdefault(site_packages, Place("python", site_packages))
    patterns = [(home, pattern) for pattern in (*_NODE_BELOW_HOME, *_NODE_BELOW_HOME_ON.get(system, ()))]
    patterns += [(root, pattern) for pattern in _absolute(_NODE_OF_SYSTEM.get(system, ()))]
    patterns += [(Path(env[name]), pattern) for name, pattern in _NODE_FROM_ENVIRONMENT.items() if env.get(name)]
    for base, pattern in patterns:
        for folder in _expand(base, pattern):
            found.setdefault(folder, Place("node", folder))
    return list(found.values())


def site_packages_of(prefix: Path) -> Iterator[Path]:
    """Yield the site-packages folders below one prefix, links resolved."""
    for pattern in _SITE_PACKAGES:
        yield from _expand(prefix, pattern)


def _absolute(patterns: Iterable[str]) -> list[str]:
    return [pattern.removeprefix("C:").lstrip("/") for pattern in patterns]


def _expand(base: Path, pattern: str) -> Iterator[Path]:
    """Yield existing folders; one that cannot be listed is passed over."""
    try:
        for path in base.glob(pattern) if pattern else (base,):
            if is_folder(path):
                yield path.resolve()
    except (OSError, RuntimeError, ValueError):
        return


def _conda_environments(home: Path) -> list[Path]:
    """Read the list that conda keeps of its environments, wherever they lie."""
    try:
        with (home / ".conda" / "environments.txt").open(encoding="utf-8", errors="replace") as file:
            return [Path(line.strip()) for line in file.read(65536).splitlines() if Path(line.strip()).is_absolute()]
    except OSError:
        return []
