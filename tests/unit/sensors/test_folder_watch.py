"""Folders in which packages and extensions appear, watched for real."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.model.health import Condition
from agent.sensors.watch import MAX_WATCHES, FolderWatch, Kind


class Told:
    """Collects callbacks."""

    def __init__(self) -> None:
        self.calls: list[tuple[Kind, Path]] = []
        self._arrived = threading.Condition()

    def __call__(self, kind: Kind, path: Path) -> None:
        with self._arrived:
            self.calls.append((kind, path))
            self._arrived.notify_all()

    def wait(self, reached: Callable[[], bool]) -> None:
        with self._arrived:
            assert self._arrived.wait_for(reached, 20)


def test_an_install_is_told_once_however_many_files_it_brings(tmp_path: Path) -> None:
    site, extensions = tmp_path / "site-packages", tmp_path / "Extensions"
    site.mkdir()
    extensions.mkdir()
    told = Told()
    watch = FolderWatch(told, quiet_seconds=0.3)
    health = watch.start([("packages", site), ("extensions", extensions), ("packages", tmp_path / "absent")])
    assert health.condition is Condition.WORKING
    for number in range(30):
        (site / f"p{number}-1.0.dist-info").mkdir()
    (tmp_path / "new").mkdir()
    shutil.move(tmp_path / "new", extensions / "new")
    told.wait(lambda: len(told.calls) >= 2)
    assert sorted(told.calls) == [("extensions", extensions), ("packages", site)]
    (site / "p0-1.0.dist-info/RECORD").touch()  # flat: what happens further down is not seen
    (site / "p0-1.0.dist-info/licenses").mkdir()
    time.sleep(0.5)
    watch.close()
    watch.close()
    assert len(told.calls) == 2


def test_no_more_watches_than_the_limit_and_health_counts_the_rest(tmp_path: Path) -> None:
    folders: list[tuple[Kind, Path]] = []
    for number in range(MAX_WATCHES + 5):
        folder = tmp_path / str(number)
        folder.mkdir()
        folders.append(("packages", folder))
    watch = FolderWatch(Told())
    health = watch.start(folders)
    watch.close()
    assert "5 further folders" in health.missed


@pytest.mark.skipif(sys.platform != "linux", reason="inotify's limits are Linux's")
def test_where_the_system_has_no_watches_left_it_polls_and_says_so(tmp_path: Path) -> None:
    script = """
import resource, sys, threading, os
from pathlib import Path
from agent.sensors.watch import FolderWatch
folder = Path(sys.argv[1])
told = threading.Event()
watch = FolderWatch(lambda kind, path: told.set(), quiet_seconds=0.01, poll_seconds=0.1)
used = max(int(fd) for fd in os.listdir("/proc/self/fd"))
resource.setrlimit(resource.RLIMIT_NOFILE, (used + 8, used + 8))
held = []
try:
    while True:
        held.append(os.open(folder, os.O_RDONLY))
except OSError:
    pass
for _ in range(2):  # enough to look into a folder, not enough to watch one
    os.close(held.pop())
health = watch.start([("packages", folder)])
for fd in held:
    os.close(fd)
print(health.condition, "|", health.how, "|", health.missed)
import time
time.sleep(0.3)
(folder / "new").mkdir()
print(told.wait(20))
watch.close()
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    health, noticed = ran.stdout.splitlines()
    assert health.startswith("degraded | polling")
    assert "noticed later" in health
    assert noticed == "True"


def test_one_that_was_closed_before_it_had_begun_watches_nothing(tmp_path: Path) -> None:
    """Beginning runs in a thread of its own, and may be the slower of the two."""
    seen: list[tuple[Kind, Path]] = []
    watch = FolderWatch(lambda kind, folder: seen.append((kind, folder)), quiet_seconds=0.05)
    before = set(threading.enumerate())
    watch.close()
    watch.start([("packages", tmp_path)])
    assert set(threading.enumerate()) == before
    (tmp_path / "new-1.0.dist-info").mkdir()
    assert seen == []
