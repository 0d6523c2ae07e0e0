"""A machine whose /etc has an administrator's files in it, for one program only.

    files below a folder → a mount namespace of the program's own → an overlay of that folder over /etc → the program

Browsers read enterprise policies from fixed places below /etc. Nothing of the real /etc is written, no other
program sees the files, and they are gone with it. That takes the right to mount: without it the test is skipped.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest


def with_etc(folder: Path, files: Mapping[str, Any]) -> list[str]:
    """Write files and return the command that runs another one with them in /etc.

    Args:
        folder: An empty or missing folder for the files.
        files: Absolute path below /etc → content: text, or anything else as JSON.
    """
    for name, content in files.items():
        place = folder / Path(name).relative_to("/etc")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    mount = f"mount -t overlay overlay -o lowerdir={shlex.quote(str(folder))}:/etc /etc"
    for unshare in (["unshare", "-m"], ["unshare", "-rm"]):
        prefix = [*unshare, "sh", "-c", f'{mount} && exec "$@"', "sh"]
        if (
            shutil.which("unshare")
            and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
        ):
            return prefix
    pytest.skip("needs the right to lay files over /etc in a mount namespace of its own (root, or user namespaces)")
