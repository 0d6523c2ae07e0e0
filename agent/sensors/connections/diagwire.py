"""Linux's socket diagnostics on the wire: the request for a table of TCP connections, and what comes back.

A request is a netlink header (16 bytes), `struct inet_diag_req` (56 bytes) and a small program that the kernel runs on
each socket, so that only connections to ports of interest are copied out. An answer is a series of netlink messages
with `struct inet_diag_msg` (72 bytes) and attributes, of which `INET_DIAG_INFO` (`struct tcp_info`) is read. The same
message comes unasked for each closed connection to whoever joined the group. The older request form is used because it
walks the kernel's table once for both address families, which is what a look costs. Formats: Linux
include/uapi/linux/{netlink,inet_diag,sock_diag,tcp}.h, sock_diag(7). Pure functions and no socket.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from agent.sensors.connections.sightings import NO_TRAFFIC, Traffic

GROUPS = (1, 3)
"""Multicast groups that tell of closed TCP connections, over IPv4 and over IPv6."""
MAX_PORTS = 16
"""A program of more ports than this is not made: no port is filtered then."""

_REQUEST = 18
_DUMP = 0x0301
_DONE, _ERROR = 3, 2
_INFO, _BYTECODE = 2, 1
_PORT_IS, _JUMP = 12, 1
_INET, _INET6 = 2, 10
_OPEN = sum(1 << state for state in (1, 2, 4, 5, 8, 9, 11))
"""Established, being opened, and the states of closing in which a process may still hold the socket."""

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_PORTS = struct.Struct("!4xHH")
_SOCKET = struct.Struct("=24x16s4xQ12xII")
_COUNTERS = struct.Struct("=128xQ16xII")
_MESSAGE_BYTES = 72
_V4_MAPPED = bytes(10) + b"\xff\xff"


class Row(NamedTuple):
    """One connection as the kernel tells it.

    Attributes:
        cookie: Tells it apart from every other socket since the machine started.
        inode: The number by which /proc/PID/fd names it; 0 when no process holds it any more.
        uid: Whose it is.
        local_port: The port on this machine.
        address: The far end, 4 or 16 bytes, an IPv4 address in IPv6 clothes as 4.
        port: The far end's port.
        traffic: What went over it.
    """

    cookie: int
    inode: int
    uid: int
    local_port: int
    address: bytes
    port: int
    traffic: Traffic


def request(ports: Sequence[int], sequence: int) -> bytes:
    """Build the request for all open connections, over IPv4 and IPv6, whose far end has one of `ports`."""
    body = struct.pack("=BBBB", 0, 0, 0, 1 << (_INFO - 1)) + bytes(48) + struct.pack("=II", _OPEN, 0)
    if 0 < len(ports) <= MAX_PORTS:
        program = port_program(ports)
        body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(program), _BYTECODE) + program
    return _HEADER.pack(_HEADER.size + len(body), _REQUEST, _DUMP, sequence, 0) + body


def port_program(ports: Sequence[int]) -> bytes:
    """Build the kernel's socket filter that lets through what goes to one of `ports`.

    Each port is compared (8 bytes: on yes go on, on no skip 12); what follows a match is a jump (4 bytes) to the end,
    which means yes. Past the end, where the last «no» leads, means no. The kernel checks such a program by following
    every «yes», hence this shape.
    """
    end = 12 * len(ports) - 4
    program = b""
    for index, port in enumerate(ports):
        program += struct.pack("=BBHBBH", _PORT_IS, 8, 12, 0, 0, port)
        if index < len(ports) - 1:
            program += struct.pack("=BBH", _JUMP, 4, end - len(program))
    return program


def closing_filter(ports: Sequence[int]) -> bytes:
    """Build the classic BPF program by which only closings of connections to `ports` wake the agent.

    The far end's port stands at byte 22 of the datagram. No privilege is needed. Without ports, or with too many, all
    come through.
    """
    load_half, equals, give = 0x28, 0x15, 0x06
    if not 0 < len(ports) <= MAX_PORTS:
        return struct.pack("=HBBI", give, 0, 0, 0xFFFFFFFF)
    program = [(load_half, 0, 0, _HEADER.size + 6)]
    program += [(equals, len(ports) - index, 0, port) for index, port in enumerate(ports)]
    program += [(give, 0, 0, 0), (give, 0, 0, 0xFFFFFFFF)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


class Answer(NamedTuple):
    """What one datagram held: its rows, and whether it was the last one of a dump; `error` is an errno or 0."""

    rows: list[Row]
    done: bool
    error: int


def parse(data: bytes | memoryview, sequence: int | None = None) -> Answer:
    """Read a datagram; broken or foreign messages are passed over.

    Args:
        data: The datagram.
        sequence: Only messages that answer this request count; None takes all, as for closings, which answer nothing.
    """
    rows: list[Row] = []
    at, size = 0, len(data)
    while at + _HEADER.size <= size:
        length, kind, _flags, answers, _sender = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or at + length > size:
            break
        if sequence is None or answers == sequence:
            if kind == _DONE:
                return Answer(rows, True, 0)
            if kind == _ERROR:
                code = -struct.unpack_from("=i", data, at + _HEADER.size)[0] if length >= _HEADER.size + 4 else 0
                return Answer(rows, True, max(code, 0))
            if length >= _HEADER.size + _MESSAGE_BYTES and data[at + _HEADER.size] in (_INET, _INET6):
                rows.append(_row(data, at + _HEADER.size, at + length))
        at += (length + 3) & ~3
    return Answer(rows, False, 0)


def _row(data: bytes | memoryview, at: int, end: int) -> Row:
    local_port, port = _PORTS.unpack_from(data, at)
    address, cookie, uid, inode = _SOCKET.unpack_from(data, at)
    if data[at] == _INET:
        address = address[:4]
    elif address.startswith(_V4_MAPPED):
        address = address[12:]
    traffic = NO_TRAFFIC
    attribute = at + _MESSAGE_BYTES
    while attribute + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, attribute)
        if length < _ATTRIBUTE.size:
            break
        if kind == _INFO:
            # tcp_info has grown with every few releases; fields keep their place. These are there since Linux 4.6.
            if length >= _ATTRIBUTE.size + _COUNTERS.size and attribute + length <= end:
                received, answered, sent = _COUNTERS.unpack_from(data, attribute + _ATTRIBUTE.size)
                traffic = Traffic(sent, answered, received)
            break
        attribute += (length + 3) & ~3
    return Row(cookie, inode, uid, local_port, address, port, traffic)
