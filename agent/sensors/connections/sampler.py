"""Adds up a process's connections per platform while it is being watched.

A program that opens a connection per request shows one at a time. The sampler looks at the watched processes several
times a second and counts every socket that it had not seen before. It runs while at least one process is watched and
costs nothing otherwise: no candidate, no timer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.model.events import ProcessKey
from agent.sensors.connections.platforms import PlatformOf
from agent.sensors.connections.sockets import SocketLister
from agent.sensors.processes.ticker import Ticker

_MAX_SOCKETS = 20_000
"""Sockets remembered per process; more than that is enough for any rule."""
_MAX_ENDED = 256
"""Processes whose counts are kept after they ended."""


@dataclass(slots=True)
class _Seen:
    """What one process was seen to hold; addresses become platforms only when asked, since names resolve meanwhile."""

    sockets: set[tuple[int, int]] = field(default_factory=set)
    targets: Counter[tuple[bytes, int]] = field(default_factory=Counter)


class Sampler:
    """Also a `Connections`: `platforms_of` gives what was seen since `watch`. Used from one event loop.

    Args:
        sockets: Lists connections (`socket_lister`).
        platform_of: Platform of an address (`PlatformAddresses.platform_of`).
        interval: Seconds between two looks, 0.1 to 0.25.
    """

    def __init__(self, sockets: SocketLister, platform_of: PlatformOf, interval: float = 0.2) -> None:
        self._sockets = sockets
        self._platform_of = platform_of
        self._seen: dict[ProcessKey, _Seen] = {}
        self._watched: set[ProcessKey] = set()
        self._ticker = Ticker(lambda: interval, self.sample)

    @property
    def active(self) -> bool:
        """Whether it is looking at anything."""
        return self._ticker.running

    def watch(self, key: ProcessKey) -> None:
        """Begin to count for a process, with a first look at once."""
        if key in self._watched:
            return
        self._watched.add(key)
        self._seen.setdefault(key, _Seen())
        self._look((key,))
        if self._watched and not self._ticker.running:
            self._ticker.start()

    def unwatch(self, key: ProcessKey) -> None:
        """Stop looking at a process; its counts stay until `forget`."""
        self._watched.discard(key)
        if not self._watched:
            self._ticker.stop()
        for old in [old for old in self._seen if old not in self._watched][:-_MAX_ENDED]:
            del self._seen[old]

    def forget(self, key: ProcessKey) -> None:
        """Stop looking at a process and drop its counts."""
        self.unwatch(key)
        self._seen.pop(key, None)

    def platforms_of(self, key: ProcessKey) -> Mapping[str, int]:
        """Distinct connections seen per platform since `watch`: a lower bound. Empty when none were."""
        counts: dict[str, int] = {}
        for (address, port), count in (self._seen[key].targets if key in self._seen else {}).items():
            platform = self._platform_of(address, port)
            if platform is not None:
                counts[platform] = counts.get(platform, 0) + count
        return counts

    def total_of(self, key: ProcessKey) -> int:
        """Distinct outgoing connections seen since `watch`, wherever they go: a lower bound."""
        return len(self._seen[key].sockets) if key in self._seen else 0

    def sample(self) -> None:
        """Look at every watched process once; one that is gone is watched no longer."""
        self._look(tuple(self._watched))

    def close(self) -> None:
        """Stop looking at all of them."""
        for key in tuple(self._watched):
            self.unwatch(key)

    def _look(self, keys: tuple[ProcessKey, ...]) -> None:
        for key, endpoints in self._sockets(keys).items():
            if endpoints is None:
                self.unwatch(key)
                continue
            seen = self._seen[key]
            for endpoint in endpoints:
                # Ports come round again on a busy machine; port and inode together hardly do.
                socket = (endpoint.local_port, endpoint.socket)
                if socket not in seen.sockets and len(seen.sockets) < _MAX_SOCKETS:
                    seen.sockets.add(socket)
                    seen.targets[endpoint.address, endpoint.port] += 1
