"""Which platform an address belongs to, where that can be told at all.

In this order: the map that this instance's configuration gives; the hosts file; what platforms' own hosts resolved to
lately; the ranges that a platform's owner announces as its own (`content/ranges`). Platforms sit behind content
networks that serve thousands of sites from one address. So the agent also resolves names of other services, and an
address that two of them share counts for nobody; one that only services we do not know share with a platform cannot be
told apart, so an address is weak evidence and only ever one class of it. Whatever is left is `unattributed`: its
connections count, for no platform.

Look-ups happen when a process is about to be looked at, never by a timer: an idle machine asks no name server anything.
What they brought is used for `KEPT_SECONDS` and then no longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from agent.content.ranges import OLD_AFTER_DAYS, Ranges
from agent.model.health import Condition, Health, Part
from agent.model.ports import Clock
from agent.model.tasks import end_task
from agent.sensors.connections.endpoints import (
    card_addresses,
    is_local,
    is_loopback,
    packed,
    parse_endpoint,
    parse_hosts,
)
from agent.sensors.connections.sightings import WEB_PORTS

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""Host name to addresses as text; raises OSError where it does not resolve."""

_K = TypeVar("_K")

RESOLVED_FOR_SECONDS = 600.0
"""After so long names are looked up again, when somebody is looked at."""
KEPT_SECONDS = 3600.0
"""For so long an address counts after a look-up named it: answers rotate, and a connection outlives its answer."""
_OTHER = " other"
"""Who is not a platform that counts is written with a space before it, which no platform's key has."""
_LOOKUP_SECONDS = 4.0
_LOOKUPS_AT_ONCE = 16
_CARDS_SECONDS = 60.0
_MAX_HOSTS_BYTES = 4 * 1024 * 1024
_MAX_REMEMBERED = 20_000


async def resolve(host: str) -> Sequence[str]:
    """Ask the system's resolver, in a thread.

    Raises:
        OSError: The name does not resolve.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class PlatformAddresses:
    """Tells the platform of a far end, whether it belongs to the web, and whether it is this machine itself.

    Args:
        platform_of_host: The platform of a host name, None where it is not a watched one.
        page_hosts: The host names to resolve.
        clock: For how long resolved addresses hold.
        ranges: Ranges with their owners, and further names (`load_ranges`).
        watched: Keys of the platforms that count; None for all of them.
        loopback: The instance's configured map, host name to `ip:port`.
        proxies: Proxies that programs here are told to use (`endpoints.proxies_of`).
        hosts_file: The system's hosts file, None to leave it out.
        resolver: Host name to addresses.
        cards: Addresses of this machine's network cards.

    Raises:
        ValueError: The configured map has an entry that is not `ip:port`.
    """

    def __init__(
        self,
        platform_of_host: Callable[[str], str | None],
        page_hosts: Iterable[str],
        clock: Clock,
        *,
        ranges: Ranges | None = None,
        watched: Iterable[str] | None = None,
        loopback: Mapping[str, str] | None = None,
        proxies: Iterable[tuple[str, int]] = (),
        hosts_file: Path | None = Path("/etc/hosts"),
        resolver: Resolver = resolve,
        cards: Callable[[], frozenset[bytes]] = card_addresses,
    ) -> None:
        self._platform_of_host = platform_of_host
        self._clock = clock
        self._ranges = ranges or Ranges()
        self._watched = None if watched is None else frozenset(watched)
        self._hosts_file = hosts_file
        self._resolver = resolver
        self._card_addresses = cards
        self._proxies = frozenset(proxies)
        self._exact: dict[tuple[bytes, int], str] = {}
        for host, target in (loopback or {}).items():
            platform = platform_of_host(host)
            if platform is not None and self._counts(platform):
                _claim(self._exact, parse_endpoint(target), platform)
        self._names = self._names_to_ask(page_hosts)
        self._listed: dict[bytes, str] = {}
        self._lookups: dict[bytes, dict[str, float]] = {}
        self._proxy_addresses: frozenset[tuple[bytes, int]] = frozenset()
        self._remembered: dict[tuple[bytes, int], str | None] = {}
        self._resolved_until = -1.0
        self._failed = False
        self._refreshing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._cards: frozenset[bytes] = frozenset()
        self._cards_until = -1.0

    @property
    def ports(self) -> frozenset[int]:
        """Ports that matter beside the web's own: of the configured map and of proxies."""
        return frozenset(port for _, port in self._exact) | {port for _, port in self._proxies}

    def refresh_soon(self) -> None:
        """Look names up in the background where that is due; returns at once. Needs a running event loop."""
        if self._clock.monotonic() >= self._resolved_until and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self.refresh())

    async def refresh(self) -> None:
        """Read the hosts file and resolve all names, unless that was done within the last ten minutes.

        A name that does not resolve, or not within four seconds, is left out. Platforms' addresses count only when all
        names were asked, since only then is it known who shares them.
        """
        async with self._refreshing:
            now = self._clock.monotonic()
            if now < self._resolved_until:
                return
            self._listed = self._read_hosts_file()
            gate = asyncio.Semaphore(_LOOKUPS_AT_ONCE)
            answers = await asyncio.gather(*(self._addresses(host, gate) for _, host in self._names))
            for (party, _), addresses in zip(self._names, answers, strict=True):
                for address in addresses:
                    self._lookups.setdefault(address, {})[party] = now
            self._failed = bool(self._names) and not any(answers)
            self._forget_old(now)
            proxies = [(await self._addresses(host, gate, local=True), port) for host, port in self._proxies]
            self._proxy_addresses = frozenset((one, port) for addresses, port in proxies for one in addresses)
            self._remembered.clear()
            self._resolved_until = self._clock.monotonic() + RESOLVED_FOR_SECONDS

    async def close(self) -> None:
        """Stop looking names up."""
        task, self._task = self._task, None
        if task is not None:
            await end_task(task)

    def platform_of(self, address: bytes, port: int) -> str | None:
        """Return the platform at a packed address and port, or None.

        An owner's key (`meta`) stands for its platforms where nothing tells which of them it is.
        """
        far = (address, port)
        if far in self._exact:
            return self._exact[far] or None
        if port not in WEB_PORTS and far not in self._proxy_addresses:
            return None
        if far not in self._remembered:
            if len(self._remembered) >= _MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[far] = self._find(address) if port in WEB_PORTS else None
        return self._remembered[far]

    def is_web(self, address: bytes, port: int) -> bool:
        """Whether a far end is of the web: by its port, by the configured map, or because it is a proxy."""
        return port in WEB_PORTS or (address, port) in self._exact or (address, port) in self._proxy_addresses

    def own(self, address: bytes) -> bool:
        """Whether a packed address is this machine's: loopback, or one of its network cards'."""
        if is_loopback(address):
            return True
        now = self._clock.monotonic()
        if now >= self._cards_until:
            with contextlib.suppress(OSError):
                self._cards = self._card_addresses()
            self._cards_until = now + _CARDS_SECONDS
        return address in self._cards

    def health(self) -> Health:
        """Say whether platforms can be told by their addresses, and what is out of date."""
        part = Part.ADDRESSES
        oldest = self._ranges.oldest()
        today = datetime.datetime.fromtimestamp(self._clock.now() / 1000, datetime.UTC).date()
        if oldest is not None and (today - oldest).days > OLD_AFTER_DAYS:
            return Health(
                part,
                Condition.DEGRADED,
                f"platforms' own addresses as of {oldest.isoformat()}, and look-ups",
                "Addresses that a platform took into use since then count for no platform.",
                "Install a newer release.",
            )
        if self._failed:
            return Health(
                part,
                Condition.DEGRADED,
                "platforms' own addresses",
                "Names of platforms do not resolve: most connections to them count for no platform.",
                "Check that this computer can resolve names, or leave it so: patterns of collecting are seen anyway.",
            )
        return Health(part, Condition.WORKING, "platforms' own addresses, and look-ups while somebody is looked at")

    def _find(self, address: bytes) -> str | None:
        if address in self._listed:
            return self._listed[address] or None
        now = self._clock.monotonic()
        parties = {party for party, at in self._lookups.get(address, {}).items() if now - at <= KEPT_SECONDS}
        owner = self._ranges.owner_of(address)
        if owner is not None:
            mine = [platform for platform in owner.platforms if self._counts(platform)]
            named = parties.intersection(mine)
            if not mine:
                return None
            return named.pop() if len(named) == 1 else mine[0] if len(owner.platforms) == 1 else owner.key
        platform = parties.pop() if len(parties) == 1 else _OTHER
        return None if platform.startswith(" ") else platform

    def _counts(self, platform: str) -> bool:
        return self._watched is None or platform in self._watched

    def _names_to_ask(self, page_hosts: Iterable[str]) -> list[tuple[str, str]]:
        """Pair each name with who answers there; a platform that does not count shares addresses like any other."""
        asked: dict[str, str] = {}
        for host in page_hosts:
            platform = self._platform_of_host(host)
            if platform is not None:
                asked[host] = platform
        for platform, hosts in self._ranges.lookups.items():
            asked.update(dict.fromkeys(hosts, platform))
        asked = {host: party if self._counts(party) else f" {party}" for host, party in asked.items()}
        for host in self._ranges.others:
            asked.setdefault(host, _OTHER)
        return [(party, host) for host, party in asked.items()]

    def _forget_old(self, now: float) -> None:
        kept = {
            address: {party: at for party, at in parties.items() if now - at <= KEPT_SECONDS}
            for address, parties in self._lookups.items()
        }
        self._lookups = {address: parties for address, parties in kept.items() if parties}

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
                if platform is not None and self._counts(platform) and not is_local(address):
                    _claim(listed, address, platform)
        return listed

    async def _addresses(self, host: str, gate: asyncio.Semaphore, *, local: bool = False) -> Sequence[bytes]:
        async with gate:
            try:
                async with asyncio.timeout(_LOOKUP_SECONDS):
                    found = [packed(address) for address in await self._resolver(host)]
            except (OSError, ValueError, UnicodeError):
                return ()
        # A block list that answers with loopback or 0.0.0.0 would make every local server a platform.
        return [address for address in found if local or not is_local(address)]


def _claim(claims: dict[_K, str], what: _K, platform: str) -> None:
    """Note a platform's claim; a second platform's claim makes it nobody's, written as an empty text."""
    claims[what] = platform if claims.get(what, platform) == platform else ""
