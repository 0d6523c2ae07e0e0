"""Two people on one computer, each with a real account and an agent of their own, both at once.

Neither sees the other's page, sockets, files or findings; where a folder was left open by mistake, the agent itself
still refuses the other.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from agent.service.plan import HELPLESS
from tests.support.installed import Installed
from tests.support.person import Person, second_person, shared_installation
from tests.support.places import short_folder
from tests.support.processes import started
from tests.support.waiting import until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="accounts are made the way Linux has it"),
    pytest.mark.timeout(300),
]

ASK = b'{"v":1,"kind":"request","id":1,"command":"status","args":{}}'
CONNECT = """
import socket, struct, sys
link = socket.socket(socket.AF_UNIX)
link.settimeout(10)
try:
    link.connect(sys.argv[1])
    body = sys.argv[2].encode()
    link.sendall(struct.pack("<I", len(body)) + body)
    print("answered", len(link.recv(65536)))
except OSError as problem:
    print(type(problem).__name__)
"""
FETCH = """
import sys, urllib.request, urllib.error
for host in sys.argv[2:]:
    asked = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/", headers={"Host": host})
    try:
        print(urllib.request.urlopen(asked, timeout=10).status)
    except urllib.error.HTTPError as problem:
        print(problem.code, "Gleanwatch" in problem.read().decode() and "page loads" in problem.read().decode())
"""


@dataclass
class Owner:
    """A person with their agent."""

    person: Person
    installed: Installed
    folder: Path

    @property
    def root(self) -> Path:
        return self.person.home / "gw"

    @property
    def env(self) -> dict[str, str]:
        return {**self.person.env, "GLEANWATCH_HOME": str(self.root), "GLEANWATCH_DESKTOP": "off"}

    def says(self, *arguments: str) -> dict[str, object]:
        done = self.person.runs(self.installed.command, *arguments, "--json", **self.env)
        assert done.returncode == 0, done.stderr
        told: dict[str, object] = json.loads(done.stdout)
        return told

    async def start(self, stack: AsyncExitStack) -> None:
        self.root.mkdir()
        os.chown(self.root, self.person.uid, -1)
        self.root.chmod(0o700)
        words = self.person.words(self.installed.command, "run", "--demo", "--service")
        await stack.enter_async_context(started(words, self.folder / f"{self.person.name}.log", self.env, Path("/")))
        await until((self.root / "run/control.sock").exists, "the agent's socket", seconds=60)
        await until(lambda: self.says("status")["running"], "the agent's answer", seconds=60)

    def seen(self) -> set[str]:
        """Every tool that their agent saw running; what is installed for everybody, everybody's agent finds."""
        found = self.says("findings")["findings"]
        assert isinstance(found, list)
        return {one["tool"] for one in found if one["stage"] != "installed"}

    @property
    def pid(self) -> int:
        return int((self.root / "data/agent.lock").read_text())

    @property
    def page(self) -> int:
        """The port of the page."""
        listening = [one for one in psutil.Process(self.pid).net_connections("tcp") if one.status == "LISTEN"]
        return int(listening[0].laddr.port)


@pytest.fixture
def two() -> Iterator[tuple[Owner, Owner]]:
    with short_folder() as folder, shared_installation() as installed:
        folder.chmod(0o711)
        with second_person(folder) as ada, second_person(folder) as ben:
            yield Owner(ada, installed, folder), Owner(ben, installed, folder)


async def test_both_run_at_once_and_each_sees_only_their_own(two: tuple[Owner, Owner]) -> None:
    ada, ben = two
    async with AsyncExitStack() as stack:
        await asyncio.gather(ada.start(stack), ben.start(stack))
        assert ada.pid != ben.pid and ada.page != ben.page

        # Ben collects; only Ben's agent knows.
        flagged = await asyncio.to_thread(ben.says, "try")
        assert flagged["finding"]["flagged"] is True  # type: ignore[index]
        assert ben.seen() == {"gleanwatch-try"}
        assert ada.seen() == set()

        # Files and sockets.
        for name in (
            "data/gleanwatch.db",
            "data/gleanwatch.key",
            "log/agent.log",
            "run/control.sock",
            "run/relay.sock",
        ):
            assert (ada.root / name).exists()
            assert ben.person.runs("cat", ada.root / name).returncode != 0
        for name in ("run/control.sock", "run/relay.sock"):
            tried = ben.person.runs(ben.installed.python, "-c", CONNECT, str(ada.root / name), ASK.decode())
            assert tried.stdout.strip() == "PermissionError"

        # The page: another's port can be reached on this machine; without the link it tells nothing.
        link = ada.person.runs(ada.installed.command, "status", **ada.env).stdout
        host = re.search(r"http://(gw-\w+\.localhost:\d+)/", link)
        assert host is not None
        port = str(ada.page)
        hosts = (f"127.0.0.1:{port}", f"localhost:{port}", host[1])
        answers = ben.person.runs(ben.installed.python, "-c", FETCH, port, *hosts).stdout.splitlines()
        assert len(answers) == 3
        assert all(line[0] == "4" and line.endswith("False") for line in answers)

        # The other's process tells nothing either: argv is common, environment and files are not.
        for entry in ("environ", "cwd", "fd"):
            assert ben.person.runs("ls", "-L", f"/proc/{ada.pid}/{entry}/").returncode != 0


async def test_where_folders_were_left_open_the_agent_still_refuses_the_other(two: tuple[Owner, Owner]) -> None:
    ada, ben = two
    async with AsyncExitStack() as stack:
        await ada.start(stack)
        for folder in (ada.person.home, ada.root, ada.root / "run"):
            folder.chmod(0o755)
        for name in ("control.sock", "relay.sock"):
            (ada.root / "run" / name).chmod(0o666)
            tried = ben.person.runs(ben.installed.python, "-c", CONNECT, str(ada.root / "run" / name), ASK.decode())
            assert tried.stdout.strip() in ("answered 0", "ConnectionResetError", "BrokenPipeError")
        # And the other's command line says nothing to it: whose agent it is, is checked on both sides.
        asked = ben.person.runs(ben.installed.command, "status", **{**ada.env, "HOME": str(ben.person.home)})
        assert asked.returncode == 1
        assert "Gleanwatch 0" not in asked.stdout


def test_the_others_folder_is_not_taken_for_ones_own(two: tuple[Owner, Owner]) -> None:
    ada, ben = two
    theirs = ada.person.home / "gw"
    ada.person.home.chmod(0o777)
    assert ben.person.runs("mkdir", "-m", "777", theirs).returncode == 0
    done = ada.person.runs(ada.installed.command, "run", "--demo", "--service", **ada.env)
    assert done.returncode == HELPLESS
    assert "belongs to another user" in done.stderr
