"""A collecting tool as pip lays one out, without downloading anything: metadata, package, entry point, program.

The package has the name and the shape of a catalogued tool and none of its code: its program only sleeps. What the
agent can know of it by name, entry point and package is exactly what it could know of the real one.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAME, VERSION, MODULE = "instaloader", "4.14.2", "instaloader"


def lay_out_tool(place: Path, python: Path, name: str = NAME, version: str = VERSION, module: str = MODULE) -> Path:
    """Write the tool below a folder and return the path of its program.

    Args:
        place: The environment's folder; made.
        python: The interpreter that its program names.
        name: Its distribution, and its program.
        version: Its release.
        module: Its package.
    """
    site = place / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    package, metadata, programs = site / module, site / f"{name}-{version}.dist-info", place / "bin"
    for folder in (package, metadata, programs):
        folder.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import time\n\n\ndef main():\n    time.sleep(60)\n")
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (metadata / "entry_points.txt").write_text(f"[console_scripts]\n{name} = {module}.__main__:main\n")
    (metadata / "RECORD").write_text(f"{module}/__init__.py,,\n{module}/__main__.py,,\n")
    (metadata / "INSTALLER").write_text("pip\n")
    (place / "pyvenv.cfg").write_text(f"home = {python.parent}\n")
    interpreter = programs / "python"
    interpreter.symlink_to(python.resolve())
    program = programs / name
    program.write_text(f"#!{interpreter}\nimport sys\nfrom {module}.__main__ import main\nsys.exit(main())\n")
    program.chmod(0o755)
    return program


def start_quietly(*command: str | Path) -> subprocess.Popen[bytes]:
    """Start a program whose output is of no interest; the caller ends it."""
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(list(map(str, command)), stdin=nowhere, stdout=nowhere, stderr=nowhere)
