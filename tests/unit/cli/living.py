"""A real agent and a real installation for tests of the command line: one folder, two browsers that look installed.

Everything is what a person has: the agent is a process, the host and its manifests were put in place by `gleanwatch
browser install`, commands are run as commands. A test may break what it likes, if it mends it again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from tests.support.agent import COMMAND, answers
from tests.support.places import clean_environment, relay_socket, short_folder
from tests.support.waiting import NeverCameError


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as exactly one JSON document."""
        return msgspec.json.decode(self.out)


@dataclass(slots=True)
class Living:
    """One installation.

    Attributes:
        folder: HOME; GLEANWATCH_HOME is in it.
        env: The environment of the agent and of every command.
        process: The agent, None before it was started.
    """

    folder: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def home(self) -> Path:
        """GLEANWATCH_HOME."""
        return Path(self.env["GLEANWATCH_HOME"])

    @property
    def chromium(self) -> Path:
        """The manifest that Chromium reads."""
        return self.folder / ".config/chromium/NativeMessagingHosts/org.gleanwatch.relay.json"

    @property
    def launcher(self) -> Path:
        """What browsers start."""
        return self.home / "host/gleanwatch_native_host"

    @property
    def database(self) -> Path:
        """The database."""
        return self.home / "data/gleanwatch.db"

    def run(self, *arguments: str, **env: str) -> Ran:
        """Run `gleanwatch`."""
        done = subprocess.run(
            [COMMAND, *arguments],
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=90,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def shell(self, line: str) -> int:
        """Run a line in a shell where `gleanwatch` is on the PATH, as a person does who was told to."""
        path = f"{COMMAND.parent}{os.pathsep}{self.env['PATH']}"
        return subprocess.run(
            ["sh", "-c", line], env={**self.env, "PATH": path}, capture_output=True, check=False
        ).returncode

    def doctor(self) -> dict[str, Any]:
        """Run `gleanwatch doctor --json`; its exit code must say what its document says."""
        ran = self.run("doctor", "--json")
        document: dict[str, Any] = ran.json
        assert ran.code == (0 if document["ok"] else 1), ran.err
        return document

    def start(self) -> None:
        """Start the agent and wait until it listens."""
        log = (self.folder / "agent.log").open("ab")
        self.process = subprocess.Popen(
            [COMMAND, "run", "--demo"], env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        log.close()
        end = time.monotonic() + 60
        while not answers(relay_socket(self.env)):
            if time.monotonic() > end:
                raise NeverCameError("waited 60 s in vain for the agent's socket")
            time.sleep(0.05)

    def end(self, how: int = signal.SIGTERM) -> None:
        """End the agent and wait for it."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)
        self.process = None


@contextmanager
def living(*, started: bool = True) -> Iterator[Living]:
    """Make an installation with a running agent, until the block ends."""
    with short_folder() as folder:
        env = clean_environment(folder, COLUMNS="80")
        # What tells that a browser is installed: its own folder. Whatever this machine has is found beside it.
        (folder / ".config/chromium").mkdir(parents=True)
        (folder / ".mozilla/firefox").mkdir(parents=True)
        one = Living(folder, env)
        try:
            if started:
                one.start()
                assert one.run("browser", "install").code == 0
            yield one
        finally:
            one.end(signal.SIGKILL)


def broken(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The checks that failed."""
    return [check for check in document["checks"] if check["state"] == "broken"]
