"""The kernel's process connector on the wire: what is sent to subscribe, and what comes back.

A datagram is a netlink header (16 bytes), a connector message (20 bytes) and a process event; all in native byte order.
Formats: Linux include/uapi/linux/{netlink,connector,cn_proc,filter}.h. Pure functions and no socket.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
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
_EVENT = struct.Struct("=IIQII")
_EVENT_AT = _NETLINK.size + _CONNECTOR.size


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


def subscribe(*, masked: bool) -> bytes:
    """Build the request to listen.

    Args:
        masked: Ask the kernel to send exec and exit only, which it can since 6.6. An older kernel ignores a request of
            this length without a word.
    """
    payload = struct.pack("=II", _LISTEN, EVENT_EXEC | EVENT_EXIT) if masked else struct.pack("=I", _LISTEN)
    return _message(payload)


def unsubscribe() -> bytes:
    """Build the request to listen no longer. Kernels before 6.6 keep a count of listeners that only this lowers."""
    return _message(struct.pack("=I", _IGNORE))


def _message(payload: bytes) -> bytes:
    body = _CONNECTOR.pack(CN_IDX_PROC, _CN_VAL_PROC, 0, 0, len(payload), 0) + payload
    return _NETLINK.pack(_NETLINK.size + len(body), _NLMSG_DONE, 0, 0, 0) + body


def parse(datagram: bytes) -> Iterator[Announcement]:
    """Yield the exec of a process and the exit of its first thread; whatever else there is, is passed over.

    A thread's own exit is left out: the process goes on without it.
    """
    offset = 0
    while offset + _EVENT_AT + _EVENT.size <= len(datagram):
        length = _NETLINK.unpack_from(datagram, offset)[0]
        index, value = struct.unpack_from("=II", datagram, offset + _NETLINK.size)
        if length < _EVENT_AT + _EVENT.size:
            return
        if (index, value) == (CN_IDX_PROC, _CN_VAL_PROC):
            what, _cpu, at, thread, process = _EVENT.unpack_from(datagram, offset + _EVENT_AT)
            if what == EVENT_EXEC:
                yield Announcement("exec", process, at)
            elif what == EVENT_EXIT and thread == process:
                yield Announcement("exit", process, at)
        offset += (length + 3) & ~3


def socket_filter(to_network: Callable[[int], int]) -> bytes:
    """Build the classic BPF program that lets exec events and exits of first threads through and drops the rest.

    It runs in the kernel, so that the forks and thread exits of a busy machine never wake the agent, on kernels without
    the event mask too. Needs no privilege.

    Args:
        to_network: `socket.htonl`: the program loads words in network order.
    """
    load, to_x, equals, equals_x, give = 0x20, 0x07, 0x15, 0x1D, 0x06
    thread_at, process_at = _EVENT_AT + 16, _EVENT_AT + 20
    program = [
        (load, 0, 0, _EVENT_AT),
        (equals, 5, 0, to_network(EVENT_EXEC)),
        (equals, 0, 5, to_network(EVENT_EXIT)),
        (load, 0, 0, thread_at),
        (to_x, 0, 0, 0),
        (load, 0, 0, process_at),
        (equals_x, 0, 1, 0),
        (give, 0, 0, 0xFFFFFFFF),
        (give, 0, 0, 0),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
