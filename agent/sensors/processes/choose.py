"""Picks the best way of seeing processes that works on this machine, by trying.

On Linux the process connector is tested for real; where the test fails, and on every other system, the list of
processes is polled, and the source's health says which way it is and what it misses.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import psutil

from agent.model.health import Condition
from agent.model.ports import Clock
from agent.sensors.processes.observer import Observer
from agent.sensors.processes.polling import PollingSource
from agent.sensors.processes.procfs import ProcReader, boot_time
from agent.sensors.processes.psutilreader import PsutilReader, owned_by_name, owned_by_uid
from agent.sensors.processes.reader import ProcessReader
from agent.sensors.processes.source import ProcessSource


def only_itself(pid: int) -> bool:
    """Say whether a process is the agent: what is ignored where nothing else is asked for."""
    return pid == os.getpid()


def reader_for(uid: int | None, system: str = sys.platform) -> ProcessReader:
    """Return what reads one process on this system.

    Args:
        uid: Whose processes are read; None on Windows, where the account of this process is taken.
        system: As `sys.platform`.

    Raises:
        OSError, ValueError: /proc is not mounted or not readable.
    """
    if sys.platform == "linux" and system == "linux" and uid is not None:
        return ProcReader(uid, boot_time(), os.sysconf("SC_CLK_TCK"))
    return PsutilReader(owned_by_name(psutil.Process().username()) if uid is None else owned_by_uid(uid))


async def choose_source(
    clock: Clock,
    uid: int | None,
    poll_seconds: float = 1.0,
    *,
    system: str = sys.platform,
    ignore: Callable[[int], bool] = only_itself,
    reconcile_seconds: float = 45.0,
    connector: bool = True,
) -> ProcessSource:
    """Return a source that observes already; ask its `health()` which one it is.

    Args:
        clock: The house's clock.
        uid: Whose processes are observed (`os.getuid()`); None on Windows.
        poll_seconds: Time between two looks where polling is at work.
        system: As `sys.platform`.
        ignore: Says of a pid that it is the agent's own; such processes are not read. Called for every candidate.
        reconcile_seconds: Time between two full comparisons.
        connector: Whether to try the process connector at all; an instance can be told not to.

    Raises:
        OSError, ValueError: /proc is not mounted or not readable.
    """
    reader = reader_for(uid, system)
    instead_of = ""
    if sys.platform == "linux" and system == "linux":
        from agent.sensors.processes.connector import ConnectorSource

        instead_of = "switched off for this instance"
        if connector:
            source = ConnectorSource(Observer(reader, clock, ignore), reconcile_seconds)
            health = await source.probe()
            if health.condition is Condition.WORKING:
                return source
            instead_of = source.why_not
            await source.close()
    observer = Observer(reader, clock, ignore)
    polling = PollingSource(observer, clock, poll_seconds, reconcile_seconds, instead_of)
    await polling.probe()
    return polling
