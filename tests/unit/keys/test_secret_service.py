"""The system's key store over a real message bus, with keyring's own Secret Service client: never a prompt.

A private bus and a small service on it (`secret_service.py`) are started for each test and ended afterwards.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[2]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the Secret Service is Linux' key store"),
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon (Debian: dbus)"),
    pytest.mark.skipif(importlib.util.find_spec("dbus_fast") is None, reason="needs dbus-fast"),
]

ASK = """
import json, sys
from dataclasses import dataclass
from pathlib import Path
from agent.keys.keystore import KeyStoreError, database_key
from agent.keys.system import system_backend

@dataclass
class Places:
    database: Path
    key_file: Path

folder = Path(sys.argv[1])
try:
    made = database_key(Places(folder / "g.db", folder / "g.key"), system_backend(), timeout=2)
    print(json.dumps({"where": made.where, "key": made.key.hex()}))
except KeyStoreError as error:
    print(json.dumps({"error": type(error).__name__, "words": str(error)}))
"""

Ask = Callable[[Path], dict[str, str]]


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a session with a message bus of its own."""
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address", f"--address=unix:path={tmp_path}/bus"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert daemon.stdout is not None
    address = daemon.stdout.readline().strip()
    yield {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(CHECKOUT),
        "DBUS_SESSION_BUS_ADDRESS": address,
    }
    daemon.terminate()
    daemon.communicate()


@pytest.fixture
def service(bus: dict[str, str]) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a Secret Service that is `open`, `locked` or `empty`."""
    running = []

    def start(how: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(HERE / "secret_service.py"), how], env=bus, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.terminate()
            process.communicate()


@pytest.fixture
def ask(bus: dict[str, str]) -> Ask:
    """Ask for the key in a process of its own, as an agent would at its start."""

    def run(folder: Path) -> dict[str, str]:
        done = subprocess.run(
            [sys.executable, "-c", ASK, str(folder)], env=bus, capture_output=True, text=True, check=True
        )
        answer: dict[str, str] = json.loads(done.stdout)
        return answer

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "data"
    place.mkdir(mode=0o700)
    return place


def said_afterwards(process: subprocess.Popen[str]) -> str:
    process.terminate()
    return process.communicate()[0]


def test_an_open_store_keeps_the_key(service: Callable[[str], subprocess.Popen[str]], ask: Ask, folder: Path) -> None:
    running = service("open")
    first = ask(folder)
    assert first["where"] == "the system's key store"
    (folder / "g.db").write_bytes(b"a database")
    assert ask(folder) == first
    assert not (folder / "g.key").exists()
    assert said_afterwards(running) == ""


def test_a_locked_store_is_waited_for_without_a_prompt(
    service: Callable[[str], subprocess.Popen[str]], ask: Ask, folder: Path
) -> None:
    running = service("locked")
    answer = ask(folder)
    assert answer["error"] == "KeyLocked"
    assert "is locked" in answer["words"]
    assert list(folder.iterdir()) == []
    assert said_afterwards(running) == "", "the person was prompted"


def test_a_service_without_a_default_collection_is_no_store(
    service: Callable[[str], subprocess.Popen[str]], ask: Ask, folder: Path
) -> None:
    """Making one would ask the person to invent a password."""
    running = service("empty")
    assert "g.key" in ask(folder)["where"]
    assert said_afterwards(running) == ""


def test_a_bus_without_the_service_is_no_store(ask: Ask, folder: Path) -> None:
    assert "g.key" in ask(folder)["where"]
