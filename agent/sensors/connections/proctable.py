"""The table of connections of one network namespace, from /proc/PID/net/tcp and tcp6 (proc(5)).

The way for a namespace that the agent does not live in, and for a kernel without socket diagnostics. It says nothing of
how much went over a connection, and reading it costs the kernel's walk over all of its table, twice: milliseconds.
Read by hand: psutil builds an object for every socket of the machine instead.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from agent.sensors.connections.sightings import Sighting

MAX_TABLE_BYTES = 8 * 1024 * 1024
"""Read of each of the two tables: about 55,000 connections."""

_LISTEN = 0x0A
_OPEN = frozenset((0x01, 0x02, 0x04, 0x05, 0x08, 0x09, 0x0B))
"""States of a connection that has, or had a moment ago, both ends: all but TIME_WAIT, CLOSE, LISTEN and
half-accepted.
"""
_V4_MAPPED = bytes(10) + b"\xff\xff"


class TableRow(NamedTuple):
    """One line.

    Attributes:
        state: Of the connection, as the kernel numbers them.
        inode: By which /proc/PID/fd names the socket; 0 when no process holds it.
        local_port: The port on this machine.
        address: The far end, 4 or 16 bytes, an IPv4 address in IPv6 clothes as 4.
        port: The far end's port.
    """

    state: int
    inode: int
    local_port: int
    address: bytes
    port: int


def parse_table(data: bytes, order: str = sys.byteorder) -> Iterator[TableRow]:
    """Yield each line of /proc/net/tcp or tcp6; the heading and broken lines are passed over.

    Addresses are written as 32-bit words in the machine's byte order, ports as plain numbers.
    """
    for line in data.splitlines():
        fields = line.split()
        if len(fields) < 10:
            continue
        try:
            address_hex, _, port_hex = fields[2].partition(b":")
            raw = bytes.fromhex(address_hex.decode("ascii"))
            row = TableRow(
                int(fields[3], 16), int(fields[9]), int(fields[1].partition(b":")[2], 16), b"", int(port_hex, 16)
            )
        except ValueError:
            continue
        if len(raw) not in (4, 16):
            continue
        if order == "little":
            words = len(raw) // 4
            raw = struct.pack(f">{words}I", *struct.unpack(f"<{words}I", raw))
        yield row._replace(address=raw[12:] if raw.startswith(_V4_MAPPED) else raw)


def outgoing(rows: Iterable[TableRow], ports: Collection[int]) -> dict[int, Sighting]:
    """Keep, by inode, the open connections to one of `ports` that this machine began.

    Those on a local port that somebody listens on were begun by the other side.
    """
    listening: set[int] = set()
    held: list[TableRow] = []
    for row in rows:
        if row.state == _LISTEN:
            listening.add(row.local_port)
        elif row.state in _OPEN and row.inode and row.port in ports:
            held.append(row)
    # Ports come round again on a busy machine; port and inode together hardly do.
    return {
        row.inode: Sighting((row.local_port, row.inode), row.address, row.port)
        for row in held
        if row.local_port not in listening
    }


def read_table(pid: int, ports: Collection[int], proc: str = "/proc") -> tuple[dict[int, Sighting], bool]:
    """Read the tables of the namespace that a process lives in.

    Returns:
        Connections by inode, and whether the tables were short enough to be read whole.
    """
    rows: list[TableRow] = []
    whole = True
    for name in ("tcp", "tcp6"):
        try:
            with open(f"{proc}/{pid}/net/{name}", "rb") as file:  # noqa: PTH123 - read for every look: a path object costs more than the reading
                data = file.read(MAX_TABLE_BYTES)
        except OSError:
            continue  # no IPv6 here, or the process is gone
        whole = whole and len(data) < MAX_TABLE_BYTES
        rows += parse_table(data)
    return outgoing(rows, ports), whole
