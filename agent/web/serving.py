"""Serving an application on the loopback interface, on IPv4 and IPv6 with one port.

A browser resolves `gw-<random>.localhost` to 127.0.0.1 and ::1 and may try either first. Where ::1 exists, its port
must therefore be ours too: otherwise another program could wait there and be handed a one-time link.
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
from dataclasses import dataclass

from aiohttp import web

_TRIES = 20


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

    async def close(self) -> None:
        """Stop listening, end streams, finish what is being answered."""
        await self._runner.cleanup()


async def serve(app: web.Application, port: int = 0) -> Serving:
    """Serve `app` on loopback; return once it listens.

    Args:
        app: What to serve.
        port: The port, or 0 for any that is free on both addresses.

    Raises:
        OSError: The port is taken, or none is free; the text says what to do.
    """
    sockets = _listen(port)
    # No access log: it would write one-time links down.
    runner = web.AppRunner(app, access_log=None, logger=_quiet_logger(), shutdown_timeout=3.0)
    try:
        await runner.setup()
        for bound in sockets:
            await web.SockSite(runner, bound).start()
    except BaseException:
        await runner.cleanup()
        for bound in sockets:
            bound.close()
        raise
    return Serving(sockets[0].getsockname()[1], tuple(s.getsockname()[0] for s in sockets), runner)


class _OnlyThatItHappened(logging.Filter):
    """Takes what was sent out of the server's own messages: a malformed request may hold a link or a cookie."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, without the request's bytes and the traceback that quotes them."""
        record.msg, record.args = "The local page was sent something that is not a request; it was refused.", ()
        record.exc_info = record.exc_text = None
        return True


def _quiet_logger() -> logging.Logger:
    logger = logging.getLogger(f"{__name__}.protocol")
    if not logger.filters:
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
