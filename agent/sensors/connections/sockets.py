"""The open outgoing TCP connections of one process.

Linux: the process's own socket inodes (/proc/PID/fd) looked up in its network namespace's tables (/proc/PID/net/tcp and
tcp6, proc(5)), read by hand: psutil builds an object for every socket of the machine instead. Elsewhere psutil.

A connection that was already closed cannot be attributed: it stays in the table as TIME_WAIT without an inode and
without an owner. So a program that opens one connection per request is seen only in the moments in which one is open;
`sampler` looks often enough to see many of them, and its counts are lower bounds. QUIC (UDP) is not seen.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import psutil

from agent.model.events import ProcessKey
from agent.sensors.connections.addresses import packed
from agent.sensors.processes.reader import Identity, ProcessReader

_ESTABLISHED, _LISTEN = 0x01, 0x0A
_OPEN = frozenset((_ESTABLISHED, 0x02, 0x04, 0x05, 0x08, 0x09, 0x0B))
"""States of a connection that has, or had a moment ago, both ends: all but TIME_WAIT, CLOSE, LISTEN and
half-accepted.
"""
_MAX_TABLE_BYTES = 8 * 1024 * 1024
_MAX_DESCRIPTORS = 8192
_V4_MAPPED = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The far end of one connection.

    Attributes:
        address: 4 or 16 bytes.
        port: Its port.
        local_port: The port on this machine.
        socket: The socket's inode, which no other socket has at the same time; 0 where the system does not tell.
    """

    address: bytes
    port: int
    local_port: int
    socket: int


SocketLister = Callable[[Iterable[ProcessKey]], dict[ProcessKey, Sequence[Endpoint] | None]]
"""Open outgoing connections of each process; None for one that is gone or may not be read."""


def parse_table(data: bytes, order: str = sys.byteorder) -> Iterator[tuple[int, Endpoint]]:
    """Yield state and endpoint of each line of /proc/net/tcp or tcp6; the heading and broken lines are passed over.

    Addresses are written as 32-bit words in the machine's byte order, ports as plain numbers.
    """
    for line in data.splitlines():
        fields = line.split()
        if len(fields) < 10:
            continue
        try:
            local, remote = fields[1], fields[2]
            state = int(fields[3], 16)
            inode = int(fields[9])
            address_hex, _, port_hex = remote.partition(b":")
            raw = bytes.fromhex(address_hex.decode("ascii"))
            port, local_port = int(port_hex, 16), int(local.partition(b":")[2], 16)
        except ValueError:
            continue
        if len(raw) not in (4, 16):
            continue
        if order == "little":
            words = len(raw) // 4
            raw = struct.pack(f">{words}I", *struct.unpack(f"<{words}I", raw))
        if raw.startswith(_V4_MAPPED):
            raw = raw[12:]
        yield state, Endpoint(raw, port, local_port, inode)


def outgoing(rows: Iterable[tuple[int, Endpoint]]) -> dict[int, Endpoint]:
    """Keep, by inode, the open connections that this machine began: those whose local port nobody listens on."""
    listening: set[int] = set()
    open_rows: list[Endpoint] = []
    for state, endpoint in rows:
        if state == _LISTEN:
            listening.add(endpoint.local_port)
        elif state in _OPEN and endpoint.socket:
            open_rows.append(endpoint)
    return {endpoint.socket: endpoint for endpoint in open_rows if endpoint.local_port not in listening}


class ProcSockets:
    """Lists connections from Linux's /proc. One call reads each network namespace's table once.

    Args:
        reader: Says whether a number still belongs to the process that was meant, and whose it is.
        proc: Where procfs is mounted.
    """

    def __init__(self, reader: ProcessReader, proc: str = "/proc") -> None:
        self._reader = reader
        self._proc = proc

    def __call__(self, keys: Iterable[ProcessKey]) -> dict[ProcessKey, Sequence[Endpoint] | None]:
        """List the open outgoing connections of each process."""
        tables: dict[str, dict[int, Endpoint]] = {}
        found: dict[ProcessKey, Sequence[Endpoint] | None] = {}
        for key in keys:
            inodes = self._inodes(key)
            found[key] = inodes if inodes is None else ()
            if not inodes:
                continue
            try:
                namespace = os.readlink(f"{self._proc}/{key.pid}/ns/net")  # noqa: PTH115 - a link to no path
                if namespace not in tables:
                    tables[namespace] = self._table(key.pid)
            except OSError:
                found[key] = None
                continue
            table = tables[namespace]
            found[key] = [table[inode] for inode in inodes if inode in table]
        return found

    def _inodes(self, key: ProcessKey) -> list[int] | None:
        """Inodes of the sockets that a process holds; None where it is gone or may not be read."""
        identity = self._reader.identity(key.pid)
        if not isinstance(identity, Identity) or identity.key != key:
            return None
        folder = f"{self._proc}/{key.pid}/fd"
        inodes: list[int] = []
        try:
            for name in os.listdir(folder)[:_MAX_DESCRIPTORS]:  # noqa: PTH208 - half the cost
                try:
                    target = os.readlink(f"{folder}/{name}")  # noqa: PTH115 - a link to no path
                except OSError:
                    continue
                if target.startswith("socket:["):
                    inodes.append(int(target[8:-1]))
        except OSError:
            return None
        return inodes

    def _table(self, pid: int) -> dict[int, Endpoint]:
        rows: list[tuple[int, Endpoint]] = []
        for name in ("tcp", "tcp6"):
            try:
                with open(f"{self._proc}/{pid}/net/{name}", "rb") as file:  # noqa: PTH123
                    rows += parse_table(file.read(_MAX_TABLE_BYTES))
            except OSError:
                continue  # no IPv6 here
        return outgoing(rows)


class PsutilSockets:
    """Lists connections through psutil, for macOS and Windows."""

    def __init__(self, reader: ProcessReader) -> None:
        self._reader = reader

    def __call__(self, keys: Iterable[ProcessKey]) -> dict[ProcessKey, Sequence[Endpoint] | None]:
        """List the open outgoing connections of each process."""
        return {key: self._of(key) for key in keys}

    def _of(self, key: ProcessKey) -> Sequence[Endpoint] | None:
        identity = self._reader.identity(key.pid)
        if not isinstance(identity, Identity) or identity.key != key:
            return None
        try:
            connections = psutil.Process(key.pid).net_connections("tcp")
        except (psutil.Error, OSError):
            return None
        listening = {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN and c.laddr}
        closed = (psutil.CONN_LISTEN, psutil.CONN_TIME_WAIT, psutil.CONN_CLOSE, psutil.CONN_NONE)
        return [
            Endpoint(packed(c.raddr.ip), c.raddr.port, c.laddr.port, 0)
            for c in connections
            if c.raddr and c.laddr and c.status not in closed and c.laddr.port not in listening
        ]


def socket_lister(reader: ProcessReader, system: str = sys.platform) -> SocketLister:
    """Return what lists connections on this system."""
    return ProcSockets(reader) if system == "linux" else PsutilSockets(reader)
