"""Gleanwatch as somebody has it who installed it: the wheel, in an environment of its own, without the checkout.

    the checkout → hatchling → a wheel → unpacked into a fresh virtual environment → its `gleanwatch`

What the wheel depends on is taken from the environment that runs the tests, by one line in a `.pth` file: that way no
download is needed, and the checkout's own `.pth` beside it is not read. The interpreter may be another one of the same
release, for a person who cannot read ours.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.support.places import CHECKOUT

SCRIPT = "#!{python}\nimport sys\nfrom agent.cli.main import main\nsys.exit(main(prog_name='gleanwatch'))\n"


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed Gleanwatch.

    Attributes:
        folder: Its virtual environment.
        python: Its interpreter.
        command: Its `gleanwatch`.
        packages: Where its packages lie.
    """

    folder: Path
    python: Path
    command: Path
    packages: Path


def build_wheel(folder: Path) -> Path:
    """Build the wheel into a folder, as `pipx install` would, and return its file."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def install_wheel(wheel: Path, folder: Path, python: Path = Path(sys.executable)) -> Installed:
    """Install a wheel into a fresh virtual environment at `folder`."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True, capture_output=True, timeout=60)
    own = folder / "bin" / "python"
    packages = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = folder / "bin" / "gleanwatch"
    command.write_text(SCRIPT.format(python=own))
    command.chmod(0o755)
    return Installed(folder, own, command, packages)
