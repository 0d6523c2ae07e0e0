"""How a command gets its answer: from the running agent, or from the instance itself where none runs.

`ask` sends one request over the control socket. Where nobody listens it takes the instance lock, opens the database and
runs the very same `Face.serve_command` in this process, so that both ways give the same answer (DESIGN 3.5).
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from agent.settings.instance import Instance, InstanceError, locate
from native_host.frames import Decoder, FrameError, encode

NEEDS_AGENT = frozenset({"page_link", "try", "stop", "pause"})


class Failure(click.ClickException):
    """Something went wrong: one line on stderr, exit code 1."""

    def show(self, file: Any = None) -> None:
        """Write the line."""
        click.echo(f"gleanwatch: {self.message}", err=True)


class NotRunning(Failure):
    """No agent runs on this instance."""

    def __init__(self) -> None:
        super().__init__("no agent is running here. Start it with: gleanwatch run")


def uid() -> int:
    """Return who runs this; 0 where the system has no such number."""
    if sys.platform == "win32":
        return 0
    return os.getuid()


def this_instance(demo: bool = False) -> Instance:
    """Return the instance that this environment names.

    Raises:
        Failure: GLEANWATCH_HOME cannot be used.
    """
    try:
        return locate(os.environ, sys.platform, Path.home(), uid(), demo=demo)
    except InstanceError as problem:
        raise Failure(str(problem)) from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the items of a list, then the result."""

    items: list[Any]
    result: Any


def running(instance: Instance) -> bool:
    """Say whether an agent listens on this instance."""
    try:
        _connect(instance).close()
    except NotRunning:
        return False
    return True


def ask(instance: Instance, command: str, args: Mapping[str, object] | None = None) -> Answer:
    """Run one command, wherever it can be run.

    Raises:
        Failure: It cannot be done; the text says what to do.
    """
    try:
        items = list(follow(instance, command, args))
    except NotRunning:
        if command in NEEDS_AGENT:
            raise
        return _ask_offline(instance, command, args or {})
    return Answer(items[:-1], items[-1])


def follow(
    instance: Instance, command: str, args: Mapping[str, object] | None = None, *, patience: float | None = None
) -> Iterator[Any]:
    """Yield the items of a command as they come from the running agent, and its result last.

    Args:
        instance: Whose agent.
        command: What it is asked.
        args: With which arguments.
        patience: Most seconds of silence; None waits for as long as it takes.

    Raises:
        NotRunning: Nobody listens.
        Failure: The agent refused, went away, or was silent for too long.
    """
    request = {"v": 1, "kind": "request", "id": 1, "command": command, "args": dict(args or {})}
    with _connect(instance) as link:
        link.settimeout(patience)
        link.sendall(encode(msgspec.json.encode(request)))
        decoder = Decoder()
        while data := _receive(link):
            try:
                bodies = decoder.feed(data)
            except FrameError:
                raise Failure("the agent answered something that is no frame. Is it another release?") from None
            for body in bodies:
                message = msgspec.json.decode(body)
                if message["kind"] == "item":
                    yield message["result"]
                elif message["ok"]:
                    yield message["result"]
                    return
                else:
                    raise Failure(message["error"])
    raise Failure("the agent went away before it answered. Start it with: gleanwatch run")


def _receive(link: socket.socket) -> bytes:
    try:
        return link.recv(65_536)
    except TimeoutError:
        raise Failure(
            "the agent runs and does not answer: it is stopped, or very busy. Wait a little, or end it and start it "
            "again: gleanwatch run"
        ) from None


def _connect(instance: Instance) -> socket.socket:
    if sys.platform == "win32":
        raise NotRunning
    from agent.link.local_socket import SocketError, check_folder, peer_uid

    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.connect(str(instance.control_socket))
        check_folder(instance.control_socket.parent, uid())
        if peer_uid(link) not in (None, uid()):
            raise Failure(f"{instance.control_socket} belongs to another user's program. Nothing was sent to it.")
    except (FileNotFoundError, ConnectionRefusedError):
        link.close()
        raise NotRunning from None
    except (OSError, SocketError) as problem:
        link.close()
        raise Failure(f"the agent's socket cannot be used: {problem}") from None
    return link


class _Offline:
    """The instance itself, opened by this command because no agent runs; nobody else can open it meanwhile."""

    def __init__(self, instance: Instance) -> None:
        import asyncio

        from agent.daemon import Daemon
        from agent.keys.system import system_backend
        from agent.opening import open_instance
        from agent.settings.clock import SystemClock

        self._runner = asyncio.Runner()
        clock = SystemClock()
        opened = open_instance(
            instance, uid(), clock, find_backend=system_backend, say=lambda _text: None, wait_for_key=False
        )

        async def build() -> Daemon:
            daemon = Daemon(opened, clock, uid(), Path.home())
            await daemon.load()
            return daemon

        self._daemon = self._runner.run(build())

    def ask(self, command: str, args: Mapping[str, object]) -> Answer:
        items: list[Any] = []

        async def emit(item: object) -> None:
            items.append(item)

        result = self._runner.run(self._daemon.face.serve_command(command, args, emit))
        return Answer(items, result)

    def close(self) -> None:
        self._runner.run(self._daemon.stop())
        self._runner.close()


_kept: ContextVar[_Offline | None] = ContextVar("_kept", default=None)


@contextmanager
def opened_once(instance: Instance) -> Iterator[None]:
    """Answer several requests from one opening of the instance, where no agent runs. Not for while a person thinks."""
    if running(instance) or not instance.database.exists():
        yield
        return
    with _explained():
        offline = _Offline(instance)
    before = _kept.set(offline)
    try:
        yield
    finally:
        _kept.reset(before)
        offline.close()


def _ask_offline(instance: Instance, command: str, args: Mapping[str, object]) -> Answer:
    if not instance.database.exists():
        raise NotRunning
    with _explained():
        if (kept := _kept.get()) is not None:
            return kept.ask(command, args)
        offline = _Offline(instance)
        try:
            return offline.ask(command, args)
        finally:
            offline.close()


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what can go wrong on this side into one line for the person."""
    from agent.link.control import CommandError
    from agent.opening import StartError
    from agent.store.database import StoreError

    try:
        yield
    except (StartError, CommandError, StoreError) as problem:
        raise Failure(str(problem)) from None
