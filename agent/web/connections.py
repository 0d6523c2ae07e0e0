"""How many connections the local page holds, and for how long: whoever has no session cannot use it up.

Every program of every user of this computer can connect to a loopback port. A connection is a stranger's until a
request with a session came over it. A stranger's lasts ten seconds; when there are as many connections as may be, or
the process is short of file descriptors, the oldest of a stranger makes room for the next. Until its first byte a
connection costs a descriptor and a timer, and nothing of the server behind it.

    accepted → `_Connection` (a stranger's) → first byte → the server's own protocol → a session → the person's
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Final, cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from agent.pages.security import SESSION

MOST: Final = 64
"""Open connections: the person's 24 live views, and six of each browser besides."""
STRANGER_SECONDS: Final = 10.0
"""How long a connection over which nobody with a session asked may last."""
IN_HAND: Final = 48
"""File descriptors that connections leave to everything else the agent does."""
BACKLOG: Final = 8
"""Connections that one turn of the event loop takes on, and that the system lets wait: few, so that those taken on
cannot outnumber what is in hand before the oldest are put down."""
CROWDED: Final = "web.crowded"


def highest_descriptor() -> int | None:
    """Return the number from which on descriptors are kept in hand; None where the system has no such limit.

    The lowest free number is always given out (POSIX 2.6), so a high number says that nearly all are taken.
    """
    if sys.platform == "win32":
        return None
    import resource  # it does not exist on Windows

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft - min(IN_HAND, soft // 4)


class Connections:
    """Every open connection of one server, strangers' apart from those of the person."""

    def __init__(
        self,
        protocol: Callable[[], asyncio.Protocol],
        count: Callable[[str], None],
        *,
        most: int = MOST,
        seconds: float = STRANGER_SECONDS,
    ) -> None:
        """Start with none.

        Args:
            protocol: Makes what serves one connection.
            count: Called with a counter's name for each connection that had to make room.
            most: How many may be open.
            seconds: How long a stranger's lasts.
        """
        self.protocol = protocol
        self.seconds = seconds
        self._count = count
        self._most = most
        self._highest = highest_descriptor()
        self._strangers: dict[_Connection, None] = {}  # oldest first
        self._known: set[_Connection] = set()

    def __len__(self) -> int:
        return len(self._strangers) + len(self._known)

    def open(self) -> asyncio.Protocol:
        """Make what a newly accepted connection talks to."""
        return _Connection(self)

    def admit(self, connection: _Connection, descriptor: int) -> None:
        """Take a connection in, at the cost of the oldest of a stranger where there is no room.

        Args:
            connection: Just accepted.
            descriptor: Its number.
        """
        self._strangers[connection] = None
        if len(self) > self._most or (self._highest is not None and descriptor >= self._highest):
            self._count(CROWDED)
            next(iter(self._strangers)).cut()

    def forget(self, connection: _Connection) -> None:
        """Take out what was closed."""
        self._strangers.pop(connection, None)
        self._known.discard(connection)

    def know(self, transport: asyncio.BaseTransport | None) -> None:
        """Remember that somebody with a session asked over this connection."""
        connection = next((each for each in self._strangers if each.transport is transport), None)
        if connection is not None:
            del self._strangers[connection]
            self._known.add(connection)
            connection.stay()

    def middleware(self) -> Middleware:
        """Return the middleware that tells whose connection it is; it belongs behind the guard."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            if SESSION in request:
                self.know(request.transport)
            return await handler(request)

        return middleware

    def cut_strangers(self) -> None:
        """Close what belongs to nobody."""
        for connection in tuple(self._strangers):
            connection.cut()


class _Connection(asyncio.Protocol):
    """One connection; what comes over it goes to the server's own protocol, which is made with the first byte."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._inner: asyncio.Protocol | None = None
        self._late: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._late = asyncio.get_running_loop().call_later(self._connections.seconds, self.cut)
        self._connections.admit(self, transport.get_extra_info("socket").fileno())

    def data_received(self, data: bytes) -> None:
        if self._inner is None and self.transport is not None:
            self._inner = self._connections.protocol()
            self._inner.connection_made(self.transport)
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.stay()
        self._connections.forget(self)
        self.transport = None
        if self._inner is not None:
            self._inner.connection_lost(exc)

    def stay(self) -> None:
        """Let it last."""
        if self._late is not None:
            self._late.cancel()

    def cut(self) -> None:
        """Close it at once, also where the other end reads nothing of what was written."""
        self._connections.forget(self)
        if self.transport is not None:
            self.transport.abort()
