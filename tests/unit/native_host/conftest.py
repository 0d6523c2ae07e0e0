"""The installed launcher, a folder with a short path for the socket, and an agent in it."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from native_host import launcher, manifests
from tests.unit.native_host.relay_rig import ORIGIN, Agent, Host, running


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A 0700 folder whose path is short enough for a socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="gw-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def python() -> Path:
    return launcher.choose_python(sys.platform)


@pytest.fixture
def program(run_dir: Path, tmp_path: Path, python: Path) -> Path:
    """The launcher as the installer writes it."""
    report = manifests.install(tmp_path / "host", run_dir / "relay.sock", (), python=python)
    assert report.ok
    return tmp_path / "host" / launcher.NAME


@pytest.fixture
def agent(run_dir: Path) -> Iterator[Agent]:
    listening = Agent(run_dir / "relay.sock")
    yield listening
    listening.stop()


@pytest.fixture
def start(program: Path) -> Iterator[Callable[[], Host]]:
    """Start a relay as Chromium does; several may run at once."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(running([program, ORIGIN]))
