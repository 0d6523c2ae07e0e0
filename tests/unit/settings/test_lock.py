"""One agent on one instance: the lock names its holder, and is gone with it however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.settings.lock import InstanceLock, LockHeld

HOLDER = """
import sys, time
from pathlib import Path
from agent.settings.lock import InstanceLock
InstanceLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_agent_learns_who_holds_it_and_a_kill_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "agent.lock"
    checkout = Path(__file__).resolve().parents[3]
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(LockHeld, match=f"process {holder.pid}") as caught:
            InstanceLock(path).acquire()
        assert caught.value.pid == holder.pid
    finally:
        holder.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        holder.communicate()
    with InstanceLock(path):
        assert path.read_text().strip() == str(os.getpid())


def test_in_one_process_too_only_one_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "agent.lock"
    with InstanceLock(path), pytest.raises(LockHeld):
        InstanceLock(path).acquire()
    lock = InstanceLock(path)
    lock.acquire()
    with pytest.raises(RuntimeError):
        lock.acquire()
    lock.release()
    lock.release()
    with lock:
        pass


def test_an_unreadable_pid_is_said_as_unknown(tmp_path: Path) -> None:
    path = tmp_path / "agent.lock"
    with InstanceLock(path):
        path.write_text("?")
        with pytest.raises(LockHeld, match="another process") as caught:
            InstanceLock(path).acquire()
    assert caught.value.pid is None
