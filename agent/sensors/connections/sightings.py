"""What every way of seeing sockets reports, and the one question that all of them answer.

A *sighting* is one outgoing connection of one process at one look: whose far end, and where the system tells it, how
much has gone over it so far. Sightings stay in memory inside this package; `tally` turns them into counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from agent.model.events import ProcessKey

WEB_PORTS = frozenset((80, 443, 8080, 8443))
"""Ports of the web. A database or a mail server on the same address is no page."""


class Traffic(NamedTuple):
    """What has gone over one connection since it was opened (Linux `struct tcp_info`).

    Attributes:
        sent: Segments with data that left, repeated ones included.
        answered: Segments with data that came.
        received: Bytes that came.
    """

    sent: int
    answered: int
    received: int


NO_TRAFFIC = Traffic(0, 0, 0)


class Sighting(NamedTuple):
    """One outgoing connection as seen at one look.

    Attributes:
        socket: Tells this connection apart from every other of its process: the kernel's cookie, or port and inode.
        address: The far end, 4 or 16 bytes.
        port: The far end's port.
        traffic: What went over it; None where the system does not tell.
        closed: Whether it is gone and this is the last that will be said of it.
    """

    socket: tuple[int, int]
    address: bytes
    port: int
    traffic: Traffic | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class SocketLoss:
    """What a way of seeing sockets had to leave out so far, as counts.

    Attributes:
        rows: Looks at which the table of connections was longer than is read.
        closings: Times the kernel had more closed connections to tell of than was waiting room.
        descriptors: Looks at which a process had more open files than are read.
        unowned: Connections that opened and closed between two looks and may have been anybody's.
        unreadable: Processes that may not be looked into.
    """

    rows: int = 0
    closings: int = 0
    descriptors: int = 0
    unowned: int = 0
    unreadable: int = 0


class Sockets(Protocol):
    """Sees the outgoing connections of processes."""

    @property
    def how(self) -> str:
        """What is at work, for health."""
        ...

    def look(self, keys: Iterable[ProcessKey]) -> Mapping[ProcessKey, Sequence[Sighting] | None]:
        """Return each process's connections now and those closed since the last look; None for one that is gone."""
        ...

    def forget(self, key: ProcessKey) -> None:
        """Let go of whatever is kept for a process."""
        ...

    def loss(self) -> SocketLoss:
        """Say what was left out so far."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class FarEnds(Protocol):
    """Knows what stands at a far end: `PlatformAddresses`."""

    def platform_of(self, address: bytes, port: int) -> str | None:
        """The platform at a packed address and port, or None."""
        ...

    def is_web(self, address: bytes, port: int) -> bool:
        """Whether it is of the web."""
        ...

    def own(self, address: bytes) -> bool:
        """Whether a packed address is this machine's."""
        ...
