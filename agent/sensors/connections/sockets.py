"""Chooses the way in which connections are seen: on Linux by trying it, elsewhere there is one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable

from agent.sensors.connections.diag import DiagTest, SockDiag, self_test
from agent.sensors.connections.linux import LinuxSockets
from agent.sensors.connections.portable import PortableSockets
from agent.sensors.connections.sightings import WEB_PORTS, Sockets
from agent.sensors.processes.reader import ProcessReader


def socket_lister(
    reader: ProcessReader,
    ports: Iterable[int] = (),
    system: str = sys.platform,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    test: Callable[[], DiagTest] = self_test,
    uid: int | None = None,
) -> Sockets:
    """Return what sees connections on this system.

    Args:
        reader: Says whether a number still belongs to the process that was meant, and whose it is.
        ports: Far ends' ports of interest beside the web's: `PlatformAddresses.ports`.
        system: As `sys.platform`.
        monotonic: Seconds that never go back.
        test: Tries socket diagnostics; takes a few milliseconds where they work, half a second at most.
        uid: The observed person's; None for who runs this.
    """
    wanted = WEB_PORTS | frozenset(ports)
    if system != "linux":
        return PortableSockets(reader, wanted)
    diag: SockDiag | None = None
    if test().table:
        try:
            diag = SockDiag(tuple(wanted))
        except OSError:
            diag = None
    if uid is None:
        uid = os.getuid() if hasattr(os, "getuid") else None
    return LinuxSockets(reader, wanted, monotonic, diag, uid=uid)
