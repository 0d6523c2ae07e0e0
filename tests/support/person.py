"""A second person on this machine: a real user of the system with a home of their own, made for a test and gone after.

Needs root and `useradd`; `second_person` skips the test with the reason where that cannot be had. Programs run as that
person through `setpriv`, in an environment that names nothing of whoever runs the tests.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.support.installed import Installed, build_wheel, install_wheel
from tests.support.places import short_folder


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account.

    Attributes:
        name: The account's name.
        uid: Its number.
        home: Its home folder, mode 0700.
        env: What programs of theirs find in their environment.
    """

    name: str
    uid: int
    home: Path
    env: Mapping[str, str]

    def words(self, *command: str | Path) -> list[str]:
        """Return a command as this person's: same arguments, their number, their groups."""
        gid = pwd.getpwuid(self.uid).pw_gid
        return ["setpriv", f"--reuid={self.uid}", f"--regid={gid}", "--clear-groups", "--", *map(str, command)]

    def runs(self, *command: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a program as this person, to its end."""
        return subprocess.run(
            self.words(*command),
            env={**self.env, **env},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )


def interpreter_for_all() -> Path | None:
    """Return an interpreter of this release that every user can run, or None."""
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (Path(getattr(sys, "_base_executable", sys.executable)), Path(f"/usr/bin/python{wanted}")):
        if python.exists() and _open_to_all(python.resolve()):
            return python
    return None


def _open_to_all(path: Path) -> bool:
    return all(place.stat().st_mode & 0o001 for place in (path, *path.parents))


@contextmanager
def shared_installation() -> Iterator[Installed]:
    """Install Gleanwatch where every user of this machine can run it, as an administrator would."""
    python = interpreter_for_all()
    if python is None:
        pytest.skip("no interpreter of this release can be run by another user")
    with short_folder("gwi") as folder:
        folder.chmod(0o755)
        made = install_wheel(build_wheel(folder), folder / "venv", python)
        dependencies = Path((made.packages / "dependencies.pth").read_text().strip())
        if not _open_to_all(dependencies):
            pytest.skip("what it depends on cannot be read by another user")
        yield made


@contextmanager
def second_person(folder: Path) -> Iterator[Person]:
    """Make a user whose home lies in `folder`, and remove both, with every program of theirs that is left.

    Args:
        folder: An existing folder that others may pass through.
    """
    if os.getuid() != 0 or shutil.which("useradd") is None or shutil.which("setpriv") is None:
        pytest.skip("making a user needs root, useradd and setpriv")
    name = f"gwtest{secrets.token_hex(4)}"
    home = folder / name
    made = subprocess.run(["useradd", "--create-home", "--home-dir", home, "--shell", "/bin/sh", name], check=False)
    if made.returncode:
        pytest.skip("useradd could not make a user here")
    try:
        home.chmod(0o700)
        uid = pwd.getpwnam(name).pw_uid
        yield Person(name, uid, home, {"PATH": "/usr/bin:/bin", "HOME": str(home), "USER": name, "LANG": "C.UTF-8"})
    finally:
        _end_all(pwd.getpwnam(name).pw_uid)
        subprocess.run(["userdel", "--remove", name], check=False, capture_output=True)


def _end_all(uid: int) -> None:
    """End what still runs as a user that this test made: nothing else can run as them."""
    left = [process for process in psutil.process_iter(["uids"]) if process.info["uids"].real == uid]
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, 10)


def as_script(folder: Path, person: Person, program: Path) -> Path:
    """Write a program that runs another one as a person, for whoever starts it as root."""
    script = folder / f"as-{person.name}"
    words: Sequence[str] = person.words(program)
    script.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
    script.chmod(0o755)
    return script
