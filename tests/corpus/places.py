"""Where a case lives on disk, and what its placeholders stand for.

```
CACHE/e/ENVIRONMENT/.venv, node_modules      what several cases share
CACHE/h/CASE/work                            the case's home and folder
CACHE/ca                                     the certificate authority of the isolation
```
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.corpus.case import Case, short


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one case."""

    home: Path
    folder: Path
    venv: Path
    node_folder: Path
    python: Path

    @property
    def temporary(self) -> Path:
        """Emptied before every run."""
        return self.home / "tmp"

    @property
    def state(self) -> Path:
        """What the runner itself keeps; the case does not look here."""
        return self.home / ".cache"


def places(cache: Path, case: Case) -> Places:
    """Say where a case lives; touches nothing."""
    home = cache / "h" / f"u{short(case.id)}"
    folder = home / case.dir
    shared = cache / "e" / short(case.env)
    venv = {
        "project": folder / ".venv",
        "pipx": home / ".local/share/pipx/venvs" / case.package,
        "uvtool": home / ".local/share/uv/tools" / case.package,
        "user": home / ".local",
    }[case.layout]
    if case.env and case.layout == "project":
        venv = shared / ".venv"
    python = Path("/usr/bin/python3") if case.layout == "user" else venv / "bin/python"
    return Places(home, folder, venv, shared if case.env else folder, python)


def values(where: Places, desk: Path) -> dict[str, str]:
    """Return the placeholders that do not depend on the site."""
    return {
        "VENV": str(where.venv),
        "PY": str(where.python),
        "BIN": str(where.venv / "bin"),
        "HOME": str(where.home),
        "CWD": str(where.folder),
        "TMP": str(where.temporary),
        "NODE": shutil.which("node") or "node",
        "NODEDIR": str(where.node_folder),
        "NBIN": str(where.node_folder / "node_modules/.bin"),
        "SYSPY": "/usr/bin/python3",
        "PYTHON": getattr(sys, "_base_executable", sys.executable),
        "DESK": str(desk),
    }
