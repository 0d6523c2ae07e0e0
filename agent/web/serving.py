"""Serving an application on the loopback interface, on IPv4 and IPv6 with one port.

A browser resolves `gw-<random>.localhost` to 127.0.0.1 and ::1 and may try either first. Where ::1 exists, its port
must therefore be ours too: otherwise another program could wait there and be handed a one-time link. How many
connections there may be, and for how long, stands in `connections.py`.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from agent.web.connections import BACKLOG, MOST, STRANGER_SECONDS, Connections

_TRIES = 20
_IDLE_SECONDS = 75.0
"""How long a connection of the person is kept between two requests."""
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Serving:
    """A running server.

    Attributes:
        port: The port it listens on, the same on every address.
        addresses: The addresses it listens on.
    """

    port: int
    addresses: tuple[str, ...]
    _runner: web.AppRunner
    _servers: tuple[asyncio.Server, ...]
    _connections: Connections

    async def close(self) -> None:
        """Stop listening, end streams, finish what is being answered."""
        for server in self._servers:
            server.close()
        self._connections.cut_strangers()
        await self._runner.cleanup()


def _nothing(_counter: str) -> None:
    """Count nothing."""


async def serve(
    app: web.Application,
    port: int = 0,
    count: Callable[[str], None] = _nothing,
    *,
    most: int = MOST,
    stranger_seconds: float = STRANGER_SECONDS,
) -> Serving:
    """Serve `app` on loopback; return once it listens.

    Args:
        app: What to serve; not served before, and guarded by `agent.pages.security`.
        port: The port, or 0 for any that is free on both addresses.
        count: Called with a counter's name for each connection that had to make room.
        most: How many connections may be open.
        stranger_seconds: How long one lasts over which nobody with a session asked.

    Raises:
        OSError: The port is taken, or none is free; the text says what to do.
    """
    sockets = _listen(port)
    # No access log: it would write one-time links down.
    runner = web.AppRunner(
        app, access_log=None, logger=_quiet_logger(), shutdown_timeout=3.0, keepalive_timeout=_IDLE_SECONDS
    )
    connections = Connections(lambda: _protocol(runner), count, most=most, seconds=stranger_seconds)
    app.middlewares.append(connections.middleware())
    servers: list[asyncio.Server] = []
    try:
        await runner.setup()
        for bound in sockets:
            loop = asyncio.get_running_loop()
            servers.append(await loop.create_server(connections.open, sock=bound, backlog=BACKLOG))
    except BaseException:
        for server in servers:
            server.close()
        await runner.cleanup()
        for bound in sockets:
            bound.close()
        raise
    addresses = tuple(bound.getsockname()[0] for bound in sockets)
    return Serving(sockets[0].getsockname()[1], addresses, runner, tuple(servers), connections)


def _protocol(runner: web.AppRunner) -> asyncio.Protocol:
    """Make what serves one connection."""
    if runner.server is None:
        raise ConnectionAbortedError("The local page is not served any more.")
    return runner.server()


class _OnlyThatItHappened(logging.Filter):
    """Takes what was sent out of the server's own messages: a malformed request may hold a link or a cookie.

    Anybody can send any number of them, so they are said once a minute: else they would push all else out of the log.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said_at: float | None = None
        self._unsaid = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the first record of each minute, without the request's bytes and the traceback that quotes them."""
        if self._said_at is not None and 0 <= record.created - self._said_at < _MINUTE:
            self._unsaid += 1
            return False
        record.msg = "The local page was sent something that is not a request; it was refused (unsaid before: %d)."
        record.args = (self._unsaid,)
        self._said_at, self._unsaid = record.created, 0
        record.exc_info = record.exc_text = None
        return True


def _quiet_logger() -> logging.Logger:
    """Make a logger of this one server's own, so that two count apart."""
    logger = logging.Logger(f"{__name__}.protocol")  # not by its name, which would be one for all
    logger.parent = logging.getLogger(__name__)
    logger.addFilter(_OnlyThatItHappened())
    return logger


def _listen(port: int) -> list[socket.socket]:
    """Bind 127.0.0.1 and, where the system has it, ::1 on one port."""
    for _ in range(_TRIES):
        try:
            four = _bind(socket.AF_INET, "127.0.0.1", port)
        except OSError as error:
            raise OSError(
                error.errno, f"The local page cannot use port {port} on 127.0.0.1. Choose another port, or 0 for any."
            ) from error
        try:
            return [four, _bind(socket.AF_INET6, "::1", four.getsockname()[1])]
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return [four]  # This system has no ::1: nobody else can wait there either.
            four.close()
            if port:
                raise OSError(
                    error.errno, f"Another program uses port {port} on ::1. Choose another port, or 0 for any."
                ) from error
    raise OSError(errno.EADDRINUSE, "No port is free on both 127.0.0.1 and ::1. Close some programs and try again.")


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            # A port of one's own can be bound again at once after a restart. On Windows the option means something
            # else: it would let another program take the port away.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((address, port))
    except BaseException:
        bound.close()
        raise
    return bound
