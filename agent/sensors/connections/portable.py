"""Sees the connections of watched processes through psutil, for macOS and Windows: no counters and no closings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import psutil

from agent.model.events import ProcessKey
from agent.sensors.connections.endpoints import packed
from agent.sensors.connections.sightings import Sighting, SocketLoss
from agent.sensors.processes.reader import Identity, ProcessReader

_MAX_CONNECTIONS = 4096


class PortableSockets:
    """The `Sockets` of every system.

    Args:
        reader: Says whether a number still belongs to the process that was meant, and whose it is.
        ports: Far ends' ports that are of interest.
    """

    def __init__(self, reader: ProcessReader, ports: Collection[int]) -> None:
        self._reader = reader
        self._ports = frozenset(ports)
        self._unreadable = 0
        self._cut = 0

    @property
    def how(self) -> str:
        """What is at work, for health."""
        return "each program's list of connections"

    def look(self, keys: Iterable[ProcessKey]) -> Mapping[ProcessKey, Sequence[Sighting] | None]:
        """Return each process's connections now; None for one that is gone or may not be read."""
        return {key: self._of(key) for key in keys}

    def forget(self, key: ProcessKey) -> None:
        """Nothing is kept for a process."""

    def loss(self) -> SocketLoss:
        """Say what was left out so far."""
        return SocketLoss(descriptors=self._cut, unreadable=self._unreadable)

    def close(self) -> None:
        """Nothing is held."""

    def _of(self, key: ProcessKey) -> Sequence[Sighting] | None:
        identity = self._reader.identity(key.pid)
        if not isinstance(identity, Identity) or identity.key != key:
            return None
        try:
            connections = psutil.Process(key.pid).net_connections("tcp")
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            return None
        except (psutil.Error, OSError):
            self._unreadable += 1
            return None
        self._cut += len(connections) > _MAX_CONNECTIONS
        listening = {c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN and c.laddr}
        over = (psutil.CONN_LISTEN, psutil.CONN_TIME_WAIT, psutil.CONN_CLOSE, psutil.CONN_NONE)
        found: list[Sighting] = []
        for c in connections[:_MAX_CONNECTIONS]:
            if not c.raddr or not c.laddr or c.status in over or c.laddr.port in listening:
                continue
            if c.raddr.port in self._ports:
                address = packed(c.raddr.ip)
                found.append(Sighting((c.laddr.port, hash((address, c.raddr.port))), address, c.raddr.port))
        return found
