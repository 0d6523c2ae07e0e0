"""Reads addresses: packed, with a port, from a hosts file, from proxy settings, of network cards. None is kept here."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

import psutil


def packed(address: str) -> bytes:
    """Return an address as 4 or 16 bytes, an IPv4 address in IPv6 clothes as 4.

    Raises:
        ValueError: It is not an address.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.packed


def parse_endpoint(text: str) -> tuple[bytes, int]:
    """Read `ip:port` or `[ip]:port`.

    Raises:
        ValueError: It is neither, with what to write instead.
    """
    host, _, port = text.rpartition(":")
    try:
        address, number = packed(host.strip("[]")), int(port)
    except ValueError:
        address, number = b"", 0
    if not address or not 0 < number < 65536:
        raise ValueError("an address that a host is mapped to must be written as 127.0.0.1:8080 or [::1]:8080")
    return address, number


def parse_hosts(text: str) -> Iterable[tuple[bytes, Sequence[str]]]:
    """Yield each line of a hosts file as address and names; lines that are none are passed over (hosts(5))."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        try:
            address = packed(words[0]) if len(words) > 1 else b""
        except ValueError:
            continue
        if address.strip(b"\0"):  # 0.0.0.0 is how block lists say «nowhere»
            yield address, words[1:]


def proxies_of(environ: Mapping[str, str]) -> frozenset[tuple[str, int]]:
    """Return host and port of the proxies that the usual variables name; what is not one is passed over.

    Behind a proxy every page comes from it, so its port is one of the web's. The variables are the agent's own, and
    with them those of the session that it belongs to; no other program's are looked at.
    """
    found: set[tuple[str, int]] = set()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        text = environ.get(name, "")
        try:
            parts = urlsplit(text if "//" in text else f"//{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            continue
        if host:
            found.add((host, port or (443 if parts.scheme == "https" else 80)))
    return frozenset(found)


def is_loopback(address: bytes) -> bool:
    """Whether a packed address is this machine talking to itself: 127.0.0.0/8 or ::1."""
    return address[0] == 127 if len(address) == 4 else address == bytes(15) + b"\1"


def is_local(address: bytes) -> bool:
    """Whether a packed address is loopback or no address at all, as a block list answers."""
    return is_loopback(address) or not address.strip(b"\0")


def card_addresses() -> frozenset[bytes]:
    """Return the addresses of this machine's network cards.

    Those of the loopback device are left out: `is_loopback` knows the real ones, and any other address there was put
    there on purpose as a stand-in for another machine, by a demo or a test.
    """
    found: set[bytes] = set()
    for name, addresses in psutil.net_if_addrs().items():
        listed = [one.address for one in addresses if one.family in (socket.AF_INET, socket.AF_INET6)]
        try:
            mine = {packed(address) for address in listed}
        except ValueError:
            continue
        if name != "lo" and not any(is_loopback(address) for address in mine):
            found |= mine
    return frozenset(found)
