"""Joins sockets and addresses: how many open connections a process has to which platform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from agent.model.events import ProcessKey
from agent.sensors.connections.sockets import SocketLister

PlatformOf = Callable[[bytes, int], str | None]
"""Platform of a packed address and port: `PlatformAddresses.platform_of`."""


class PlatformConnections:
    """The `Connections` of `agent.model.ports`, as of this moment. One call costs about a millisecond."""

    def __init__(self, sockets: SocketLister, platform_of: PlatformOf) -> None:
        self._sockets = sockets
        self._platform_of = platform_of

    def platforms_of(self, key: ProcessKey) -> Mapping[str, int]:
        """Open outgoing connections of one process per platform; empty when none or not readable."""
        counts: Counter[str] = Counter()
        for endpoint in self._sockets((key,))[key] or ():
            platform = self._platform_of(endpoint.address, endpoint.port)
            if platform is not None:
                counts[platform] += 1
        return dict(counts)

    def total_of(self, key: ProcessKey) -> int:
        """Number of open outgoing connections of one process, wherever they go."""
        return len(self._sockets((key,))[key] or ())
