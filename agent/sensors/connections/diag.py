"""Asks Linux for its table of TCP connections, and hears of those that close, over netlink (sock_diag(7)).

A look is one request and a few datagrams; measured, it costs a thirtieth of reading /proc/net/tcp. Beside it stands a
second socket in the groups that tell of every closed connection with its last counters, so that a connection which
lived between two looks is known too, though not whose it was. No privilege is needed where the kernel allows it at all;
`self_test` finds out by opening a connection of its own, never by the kernel's version. Both see the network namespace
in which the agent runs, and no other.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

from agent.sensors.connections import diagwire
from agent.sensors.connections.diagwire import Row

MAX_ROWS = 4096
"""Connections to ports of interest read at one look, at most."""
MAX_CLOSINGS = 2048
"""Closed connections taken in at one look, at most; more wait in the socket's buffer."""

_SOCK_DIAG = 4
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_SO_ATTACH_FILTER = 26
_BUFFER = 256 * 1024
_WAITING_ROOM = 1024 * 1024
_PATIENCE = 0.5


class SockDiag:
    """The table of connections, and closings where the kernel tells them.

    Args:
        ports: Only connections whose far end has one of these ports are reported.
        most: Rows read at one look.

    Raises:
        OSError: This kernel has no socket diagnostics, or forbids them.
    """

    def __init__(self, ports: Sequence[int], most: int = MAX_ROWS) -> None:
        self._ports = tuple(sorted(set(ports)))
        self._most = most
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._sequence = 0
        self.lost = 0
        """Times closings were lost because too many came at once."""
        self._table = _open()
        self._closings: socket.socket | None = None
        with contextlib.suppress(OSError):
            self._closings = _listen(self._ports)

    def rows(self) -> tuple[list[Row], bool]:
        """Return the open connections, and whether that is all of them.

        Raises:
            OSError: The kernel refuses or does not answer.
        """
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        self._table.send(diagwire.request(self._ports, self._sequence))
        rows: list[Row] = []
        while True:
            size = self._table.recv_into(self._buffer)
            answer = diagwire.parse(self._view[:size], self._sequence)
            rows += answer.rows
            if answer.error:
                raise OSError(answer.error, os.strerror(answer.error))
            if answer.done:
                return rows, True
            if len(rows) >= self._most:
                # The kernel makes the rest only as it is read: a new socket leaves it undone.
                self._table.close()
                self._table = _open()
                return rows, False

    def closed(self) -> list[Row]:
        """Return the connections that closed since the last call."""
        rows: list[Row] = []
        while self._closings is not None and len(rows) < MAX_CLOSINGS:
            try:
                size = self._closings.recv_into(self._buffer)
            except BlockingIOError:
                break
            except OSError as problem:
                if problem.errno != errno.ENOBUFS:
                    self._closings.close()
                    self._closings = None
                self.lost += 1
                continue
            rows += diagwire.parse(self._view[:size]).rows
        return rows

    def hear_closings(self, wanted: bool) -> None:
        """Stop hearing of closings while nobody is watched, or begin again; what waited is thrown away."""
        if not wanted and self._closings is not None:
            self._closings.close()
            self._closings = None
        elif wanted and self._closings is None:
            with contextlib.suppress(OSError):
                self._closings = _listen(self._ports)

    @property
    def hears_closings(self) -> bool:
        """Whether closed connections are told."""
        return self._closings is not None

    def close(self) -> None:
        """Give the sockets back."""
        self._table.close()
        if self._closings is not None:
            self._closings.close()


@dataclass(frozen=True, slots=True)
class DiagTest:
    """What a live test found.

    Attributes:
        table: Whether an own connection was found in the table, with its inode and its counters.
        closings: Whether its end was told, with the counters.
        why: Why not, in a few words for health; empty when both work.
    """

    table: bool
    closings: bool
    why: str = ""


def self_test(patience: float = _PATIENCE) -> DiagTest:
    """Open a connection to oneself on loopback, exchange a byte each way, find it in the table, close it, hear of it.

    Args:
        patience: Seconds to wait for the closing.
    """
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            diag = SockDiag((port,))
            try:
                return _tried(server, diag, port, patience)
            finally:
                diag.close()
    except OSError as problem:
        return DiagTest(False, False, os.strerror(problem.errno) if problem.errno else type(problem).__name__)


def _tried(server: socket.socket, diag: SockDiag, port: int, patience: float) -> DiagTest:
    server.settimeout(patience)
    with socket.create_connection(("127.0.0.1", port), patience) as client, server.accept()[0] as answering:
        answering.settimeout(patience)
        client.send(b"?")
        answering.recv(1)
        answering.send(b"!")
        client.recv(1)
        inode = os.fstat(client.fileno()).st_ino
        found = [row for row in diag.rows()[0] if row.inode == inode and row.port == port]
        if not found or found[0].traffic[:2] != (1, 1):
            return DiagTest(False, False, "an own connection was not found with its counters")
    cookie = found[0].cookie
    until = time.monotonic() + patience
    while diag.hears_closings and time.monotonic() < until:
        if any(row.cookie == cookie for row in diag.closed()):
            return DiagTest(True, True)
        time.sleep(0.005)
    return DiagTest(True, False, "the end of an own connection was not told")


def _open() -> socket.socket:
    if not hasattr(socket, "AF_NETLINK"):
        raise OSError(errno.EAFNOSUPPORT, "no netlink here")
    made = socket.socket(getattr(socket, "AF_NETLINK"), socket.SOCK_RAW | _CLOEXEC, _SOCK_DIAG)  # noqa: B009 - other systems' types know none
    made.settimeout(_PATIENCE)
    return made


_CLOEXEC: int = getattr(socket, "SOCK_CLOEXEC", 0)


def _listen(ports: Sequence[int]) -> socket.socket:
    made = _open()
    try:
        program = diagwire.closing_filter(ports)
        memory = ctypes.create_string_buffer(program, len(program))
        fprog = struct.pack("HL", len(program) // 8, ctypes.addressof(memory))
        made.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WAITING_ROOM)
        made.bind((0, 0))  # a socket without a number of its own is passed over when the kernel tells
        for group in diagwire.GROUPS:
            made.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
