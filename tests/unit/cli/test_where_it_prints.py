"""Where the command line cannot print, it ends in one line or silently, and never with a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
