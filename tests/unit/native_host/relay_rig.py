"""What the relay's tests need around it: the real launcher in a real process, and an agent made of a plain socket."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from native_host.frames import Decoder, encode

ORIGIN = "chrome-extension://mknhlinkinafnncanjmoelmjghdbpgdg/"
PATIENCE = 30.0  # seconds; only a failing test waits so long


class Agent:
    """Listens on the relay's socket and does what a test says."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        path.unlink(missing_ok=True)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(PATIENCE)
        self.link: socket.socket | None = None
        self._links: list[socket.socket] = []  # every relay's, so that the older ones stay open
        self._decoder = Decoder()
        self._heard: list[bytes] = []

    def accept(self) -> None:
        """Take the next relay's connection; everything else is about the newest one."""
        self.link, _ = self._listener.accept()
        self._links.append(self.link)
        self.link.settimeout(PATIENCE)
        self._decoder, self._heard = Decoder(), []

    def say(self, *bodies: bytes) -> None:
        self.raw(b"".join(map(encode, bodies)))

    def raw(self, data: bytes) -> None:
        assert self.link is not None
        self.link.sendall(data)

    def hear(self) -> bytes:
        assert self.link is not None
        while not self._heard:
            data = self.link.recv(65536)
            assert data, "the relay closed the connection"
            self._heard += self._decoder.feed(data)
        return self._heard.pop(0)

    def heard_so_far(self) -> list[bytes]:
        """Everything up to the end of the stream."""
        assert self.link is not None
        while data := self.link.recv(65536):
            self._heard += self._decoder.feed(data)
        return self._heard

    def drop(self) -> None:
        """Close the connection and go on listening."""
        assert self.link is not None
        self.link.close()

    def stop(self) -> None:
        """Go away altogether."""
        self._listener.close()
        for link in self._links:
            link.close()


class Host:
    """The relay in its process, with the browser's ends of its pipes."""

    def __init__(self, command: Sequence[str | Path], env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, env=env
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self._decoder = Decoder()
        self._heard: list[bytes] = []

    def say(self, *bodies: bytes) -> None:
        self.raw(b"".join(map(encode, bodies)))

    def raw(self, data: bytes) -> None:
        while data:
            data = data[self.stdin.write(data) :]

    def fill(self) -> None:
        """Send frames until the relay takes no more."""
        os.set_blocking(self.stdin.fileno(), False)
        data = encode(bytes(60_000)) * 40
        while select.select([], [self.stdin], [], 0.3)[1]:
            data = data[self.stdin.write(data) or 0 :]
            assert data, "the relay swallows everything: where does it put it?"

    def all_read(self) -> None:
        """Wait until the relay has read everything that was sent."""
        end = time.monotonic() + PATIENCE
        while struct.unpack("i", fcntl.ioctl(self.stdin, termios.FIONREAD, b"\0" * 4))[0]:
            assert time.monotonic() < end
            time.sleep(0.01)

    def hear(self) -> bytes:
        while not self._heard:
            assert select.select([self.stdout], [], [], PATIENCE)[0], "the relay says nothing"
            data = os.read(self.stdout.fileno(), 65536)
            assert data, "the relay closed its output"
            self._heard += self._decoder.feed(data)
        return self._heard.pop(0)

    def agent_is(self) -> dict[str, Any]:
        """The next message must be the relay's own word about the agent."""
        message = json.loads(self.hear())
        assert (message.pop("v"), message.pop("kind")) == (1, "agent")
        assert message.pop("host_version")
        return dict(message)

    def until_up(self) -> None:
        while not self.agent_is()["up"]:
            pass

    def until_down(self) -> str:
        while (state := self.agent_is())["up"]:
            pass
        return str(state["reason"])

    def ended(self) -> int:
        return self.process.wait(PATIENCE)

    def complaint(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()


@contextlib.contextmanager
def running(command: Sequence[str | Path], env: dict[str, str] | None = None) -> Iterator[Host]:
    """Run a relay until the block ends, whatever happened to it."""
    host = Host(command, env)
    try:
        yield host
    finally:
        host.process.kill()
        host.process.wait()
        for pipe in (host.process.stdin, host.process.stdout, host.process.stderr):
            assert pipe is not None
            pipe.close()
