"""One look at a process's connections, for a scan that stores nothing and waits for nothing."""

from __future__ import annotations

from agent.model.events import Activity, ProcessKey
from agent.sensors.connections.sightings import FarEnds, Sockets
from agent.sensors.connections.tally import Tally


class PlatformConnections:
    """The `Connections` of `agent.model.ports` as of this moment: what is open, and no turns. A call is one look.

    Args:
        sockets: Sees connections (`socket_lister`).
        far_ends: Knows what stands at a far end (`PlatformAddresses`).
    """

    def __init__(self, sockets: Sockets, far_ends: FarEnds) -> None:
        self._sockets = sockets
        self._far_ends = far_ends

    def activity_of(self, key: ProcessKey) -> Activity:
        """Open outgoing connections of one process; all zero where there are none or it may not be read."""
        tally = Tally(0.0, whole=False)
        tally.look(self._sockets.look((key,)).get(key) or (), self._far_ends, 0.0)
        self._sockets.forget(key)
        return tally.activity(self._far_ends)
