"""Where things are for one test: the checkout, a short temporary folder, a clean environment below it.

Socket paths are limited to about a hundred bytes, so the folder is made directly below the system's temporary folder
and not in pytest's long one. Everything a program could write to (HOME, XDG folders, GLEANWATCH_HOME) points into it.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agent.settings.instance import locate

CHECKOUT = Path(__file__).resolve().parents[2]
EXTENSION = CHECKOUT / "extension"


@contextmanager
def short_folder(prefix: str = "gw") -> Iterator[Path]:
    """Make a folder with a short path, mode 0700, and remove it with everything in it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment in which a program finds nothing of the person who runs the tests.

    Args:
        home: An existing folder; HOME, the XDG folders and GLEANWATCH_HOME are laid out in it.
        more: Further variables.
    """
    run, instance = home / "run", home / "gw"
    for private in (run, instance):
        private.mkdir(mode=0o700, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "DISPLAY") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(run),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "GLEANWATCH_HOME": str(instance),
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def relay_socket(env: Mapping[str, str]) -> Path:
    """Return where agent and native host meet in an environment."""
    return locate(env, sys.platform, Path(env["HOME"]), os.getuid()).relay_socket
