"""The kernel's process connector on the wire: what is sent to subscribe, and what comes back.

A datagram is a netlink header (16 bytes), a connector message (20 bytes) and a process event; all in native byte order.
Formats: Linux include/uapi/linux/{netlink,connector,cn_proc,filter}.h. Pure functions and no socket.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

CN_IDX_PROC = 1
"""The multicast group and connector index of process events."""
_CN_VAL_PROC = 1
_NLMSG_DONE = 3
_LISTEN, _IGNORE = 1, 2
EVENT_EXEC = 0x00000002
EVENT_EXIT = 0x80000000

_NETLINK = struct.Struct("=IHHII")
_CONNECTOR = struct.Struct("=IIIIHH")
_EVENT_AT = _NETLINK.size + _CONNECTOR.size
_SINGLE = struct.Struct("=I12xII12xI4xQII")
"""Length, connector's index and value, event, time, thread and process: one announcement in one step."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One process event.

    Attributes:
        kind: `exec` or `exit`.
        pid: The process, in the initial pid namespace.
        at: When, CLOCK_MONOTONIC nanoseconds.
    """

    kind: Literal["exec", "exit"]
    pid: int
    at: int


def subscribe(event: int, *, masked: bool) -> bytes:
    """Build the request to listen.

    Args:
        event: `EVENT_EXEC` or `EVENT_EXIT`.
        masked: Ask the kernel to send this event only, which it can since 6.6. An older kernel ignores a request of
            this length without a word.
    """
    payload = struct.pack("=II", _LISTEN, event) if masked else struct.pack("=I", _LISTEN)
    return _message(payload)


def unsubscribe() -> bytes:
    """Build the request to listen no longer. Kernels before 6.6 keep a count of listeners that only this lowers."""
    return _message(struct.pack("=I", _IGNORE))


def _message(payload: bytes) -> bytes:
    body = _CONNECTOR.pack(CN_IDX_PROC, _CN_VAL_PROC, 0, 0, len(payload), 0) + payload
    return _NETLINK.pack(_NETLINK.size + len(body), _NLMSG_DONE, 0, 0, 0) + body


def parse(datagram: bytes) -> list[Announcement]:
    """Return the exec of a process and the exit of its first thread; whatever else there is, is passed over.

    A thread's own exit is left out: the process goes on without it.
    """
    found: list[Announcement] = []
    offset = 0
    while offset + _SINGLE.size <= len(datagram):
        length, index, value, what, at, thread, process = _SINGLE.unpack_from(datagram, offset)
        if length < _SINGLE.size:
            break
        if index == CN_IDX_PROC and value == _CN_VAL_PROC:
            if what == EVENT_EXEC:
                found.append(Announcement("exec", process, at))
            elif what == EVENT_EXIT and thread == process:
                found.append(Announcement("exit", process, at))
        offset += (length + 3) & ~3
    return found


def socket_filter(event: int, to_network: Callable[[int], int]) -> bytes:
    """Build the classic BPF program that lets one kind of event through and drops the rest.

    It runs in the kernel, so that the forks and thread exits of a busy machine never wake the agent, on kernels without
    the event mask too. Needs no privilege.

    Args:
        event: `EVENT_EXEC`, or `EVENT_EXIT`: of first threads only.
        to_network: `socket.htonl`: the program loads words in network order.
    """
    load, to_x, equals, equals_x, give = 0x20, 0x07, 0x15, 0x1D, 0x06
    thread_at, process_at = _EVENT_AT + 16, _EVENT_AT + 20
    refuse, accept = (give, 0, 0, 0), (give, 0, 0, 0xFFFFFFFF)
    if event == EVENT_EXEC:
        program = [(load, 0, 0, _EVENT_AT), (equals, 0, 1, to_network(event)), accept, refuse]
    else:
        program = [
            (load, 0, 0, _EVENT_AT),
            (equals, 0, 5, to_network(event)),
            (load, 0, 0, thread_at),
            (to_x, 0, 0, 0),
            (load, 0, 0, process_at),
            (equals_x, 0, 1, 0),
            accept,
            refuse,
        ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
