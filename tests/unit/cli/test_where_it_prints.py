"""Where the command line cannot print, it ends in one line or silently, and never with a traceback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.agent import COMMAND
from tests.support.places import clean_environment, short_folder

GROUP = [sys.executable, "-P", "-m", "agent", "--version"]


def test_without_standard_output_it_does_its_work() -> None:
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *GROUP], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_place_is_said_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(GROUP, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("gleanwatch: ") and done.stderr.count("\n") == 1


# What goes to another program

MANIFEST = ".config/chromium/NativeMessagingHosts/org.gleanwatch.relay.json"


def surroundings(home: Path) -> dict[str, str]:
    """Return an environment whose instance is near the root, since a socket's path is short."""
    return {**clean_environment(home), "GLEANWATCH_HOME": str(home.parents[5] / "gw")}


def piped(home: Path, *words: str) -> list[str]:
    """Return the lines that a command writes into a pipe."""
    env = {name: value for name, value in surroundings(home).items() if name not in ("COLUMNS", "LINES")}
    done = subprocess.run([COMMAND, *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    return done.stdout.decode("utf-8").splitlines()


@pytest.fixture
def deep() -> Iterator[Path]:
    """A home whose paths no terminal has room for, with a browser that is to be connected."""
    with short_folder() as folder:
        home = folder.joinpath(*["a-folder-with-a-long-name"] * 6)
        (home / ".config/chromium").mkdir(parents=True)
        yield home


@pytest.mark.skipif(sys.platform != "linux", reason="the places are those of Linux")
@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("browser", "install"), MANIFEST),
        (("browser", "status"), MANIFEST),
        (("doctor",), MANIFEST),
        (("service", "status"), ".config/systemd/user/gleanwatch"),
        (("uninstall", "--yes"), MANIFEST),
        (("completion", "bash", "--install"), ".local/share/bash-completion/completions/gleanwatch"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_into_a_pipe_no_path_is_folded_and_no_line_ends_in_blanks(deep: Path, words: Sequence[str], path: str) -> None:
    if words[0] == "uninstall":
        piped(deep, "browser", "install")
    lines = piped(deep, *words)
    assert any(path in line for line in lines), lines
    assert not [line for line in lines if line != line.rstrip()]


def test_who_asks_for_columns_gets_them(deep: Path) -> None:
    env = {**surroundings(deep), "COLUMNS": "60"}
    done = subprocess.run([COMMAND, "doctor"], env=env, capture_output=True, text=True, check=False)
    assert max(map(len, done.stdout.splitlines())) <= 60
