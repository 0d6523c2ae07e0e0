"""Which platform an address belongs to: a configured map first, then the hosts file, then what page hosts resolve to.

Caution: platforms sit behind content networks that serve thousands of sites from one address. An address that two
platforms claim counts for none; one that a platform shares with sites we do not watch cannot be told apart, so an
address is weak evidence and only ever one class of it. Only the ports of the web count: a database on the same address
is not a page.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from agent.model.ports import Clock

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""Host name to addresses as text; raises OSError where it does not resolve."""

_K = TypeVar("_K")

_WEB_PORTS = frozenset((80, 443))
_RESOLVED_FOR_SECONDS = 600.0
_MAX_HOSTS_BYTES = 4 * 1024 * 1024


async def resolve(host: str) -> Sequence[str]:
    """Ask the system's resolver, in a thread.

    Raises:
        OSError: The name does not resolve.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


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


class PlatformAddresses:
    """Tells the platform of an address and port.

    Args:
        platform_of_host: The platform of a host name, None where it is not a watched one.
        page_hosts: The host names to resolve.
        clock: For how long resolved addresses hold.
        loopback: The instance's configured map, host name to `ip:port`.
        hosts_file: The system's hosts file, None to leave it out.
        resolver: Host name to addresses.

    Raises:
        ValueError: The configured map has an entry that is not `ip:port`.
    """

    def __init__(
        self,
        platform_of_host: Callable[[str], str | None],
        page_hosts: Iterable[str],
        clock: Clock,
        *,
        loopback: Mapping[str, str] | None = None,
        hosts_file: Path | None = Path("/etc/hosts"),
        resolver: Resolver = resolve,
    ) -> None:
        self._platform_of_host = platform_of_host
        self._page_hosts = tuple(page_hosts)
        self._clock = clock
        self._hosts_file = hosts_file
        self._resolver = resolver
        self._exact: dict[tuple[bytes, int], str] = {}
        for host, target in (loopback or {}).items():
            platform = platform_of_host(host)
            if platform is not None:
                _claim(self._exact, parse_endpoint(target), platform)
        self._listed: dict[bytes, str] = {}
        self._resolved: dict[bytes, str] = {}
        self._resolved_until = -1.0
        self._resolving = asyncio.Lock()

    async def refresh(self) -> None:
        """Read the hosts file and resolve the page hosts, unless that was done within the last ten minutes.

        Called when a process is about to be looked at, never by a timer: an idle machine asks no name server anything.
        A name that does not resolve is left out.
        """
        async with self._resolving:
            if self._clock.monotonic() < self._resolved_until:
                return
            self._listed = self._read_hosts_file()
            resolved: dict[bytes, str] = {}
            answers = await asyncio.gather(*(self._addresses(host) for host in self._page_hosts))
            for host, addresses in zip(self._page_hosts, answers, strict=True):
                platform = self._platform_of_host(host)
                for address in addresses:
                    if platform is not None:
                        _claim(resolved, address, platform)
            self._resolved = resolved
            self._resolved_until = self._clock.monotonic() + _RESOLVED_FOR_SECONDS

    def platform_of(self, address: bytes, port: int) -> str | None:
        """Return the platform at a packed address and port, or None."""
        exact = self._exact.get((address, port))
        if exact is not None:
            return exact or None
        if port not in _WEB_PORTS:
            return None
        return self._listed.get(address) or self._resolved.get(address) or None

    def _read_hosts_file(self) -> dict[bytes, str]:
        listed: dict[bytes, str] = {}
        if self._hosts_file is None:
            return listed
        try:
            with self._hosts_file.open("rb") as file:
                text = file.read(_MAX_HOSTS_BYTES).decode("utf-8", "replace")
        except OSError:
            return listed
        for address, names in parse_hosts(text):
            for name in names:
                platform = self._platform_of_host(name.lower())
                if platform is not None:
                    _claim(listed, address, platform)
        return listed

    async def _addresses(self, host: str) -> Sequence[bytes]:
        try:
            found = [packed(address) for address in await self._resolver(host)]
        except (OSError, ValueError):
            return ()
        # A block list that answers with loopback or 0.0.0.0 would make every local server a platform.
        return [address for address in found if not _is_local(address)]


def _is_local(address: bytes) -> bool:
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback or parsed.is_unspecified


def _claim(claims: dict[_K, str], what: _K, platform: str) -> None:
    """Note a platform's claim; a second platform's claim makes it nobody's, written as an empty text."""
    claims[what] = platform if claims.get(what, platform) == platform else ""
