"""The name service of the isolation: every name has an address, one for each registrable domain, all of them loopback.

The addresses are those set aside for documentation (RFC 5737), routed to the loopback device, so that nothing asked
here could ever leave the machine even if the isolation failed.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
from typing import cast

ADDRESS, IPV4_SECONDS = 1, 60
_TWO_PART_ENDINGS = frozenset({"co", "com", "org", "ac", "gov"})


def address_of(name: str) -> str:
    """Return the address of a host name: that of its registrable domain, the same on every run."""
    labels = name.lower().rstrip(".").split(".")
    deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _TWO_PART_ENDINGS
    domain = ".".join(labels[-3:] if deep else labels[-2:])
    place = int.from_bytes(hashlib.blake2s(domain.encode()).digest()[:4], "big") % 480
    return f"198.51.100.{place + 10}" if place < 240 else f"203.0.113.{place - 230}"


class Names(asyncio.DatagramProtocol):
    """Answers questions for an IPv4 address; says of everything else that there is none (RFC 1035)."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        # Not an isinstance: before Python 3.12 the selector's own datagram transport was none by type.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question; what is no question is left unanswered."""
        if (reply := answer(data)) is not None:
            self._transport.sendto(reply, addr)


def answer(question: bytes) -> bytes | None:
    """Return the answer to one question of one name, or None where it cannot be read."""
    labels, at = [], 12
    try:
        while size := question[at]:
            labels.append(question[at + 1 : at + 1 + size].decode("ascii", "replace"))
            at += 1 + size
        (kind,) = struct.unpack_from(">H", question, at + 1)
    except (IndexError, struct.error):
        return None
    asked = question[12 : at + 5]
    name = ".".join(labels)
    address = "127.0.0.1" if name == "localhost" else address_of(name)
    body = b""
    if kind == ADDRESS:
        packed = bytes(map(int, address.split(".")))
        body = b"\xc0\x0c" + struct.pack(">HHIH", ADDRESS, 1, IPV4_SECONDS, 4) + packed
    return question[:2] + struct.pack(">HHHHH", 0x8180, 1, bool(body), 0, 0) + asked + body
