"""Linux: the kernel announces every exec and exit over netlink, and this source reads each program at once.

Programs that begin and programs that end come over a socket each: the first wakes the agent at once, the second is read
twice a second, which halves what a busy machine costs. An end that is read late is told from the next process with the
same number by the kernel's own time.

Whether it works is tried, never inferred from a version: subscribe, start a child, wait for its pid. Kernels differ in
whom they allow, other network namespaces are refused, other user namespaces silently get nothing. Announcements that
the kernel had to drop (ENOBUFS) bring a full scan at once; one such scan every `reconcile_seconds` finds what else
was lost, and forks that never exec. If the socket breaks while running, the scans alone go on, once a second, and
health says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import os
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence

from agent.model.events import ProcessStarted
from agent.model.health import Condition, Health, Part
from agent.sensors.processes import netlink
from agent.sensors.processes.gather import Gather
from agent.sensors.processes.observer import Observer
from agent.sensors.processes.outbox import Outbox
from agent.sensors.processes.source import ProcessEvent, SourceStats
from agent.sensors.processes.ticker import Ticker

assert sys.platform == "linux", "the process connector exists on Linux only"  # noqa: S101 - tells the type checker too

_NETLINK_CONNECTOR = 11
_SO_RCVBUFFORCE = 33
_SO_ATTACH_FILTER = 26
RECEIVE_BUFFER = 4 * 1024 * 1024
"""Bytes asked of the kernel for announcements not read yet: some thousands of them."""
_SELF_TEST_SECONDS = 0.5
"""For each of two ways to subscribe."""
_BROKEN_PACE = 1.0
_EXITS_PACE = 0.5
_BATCH = 1024
"""Announcements read before others on the event loop get a turn."""


def open_socket(event: int, receive_buffer: int = RECEIVE_BUFFER) -> socket.socket:
    """Open a socket on the process connector's multicast group for one kind of event, not yet subscribed.

    Raises:
        OSError: The kernel has no connector, or does not allow it.
    """
    connection = socket.socket(
        socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, _NETLINK_CONNECTOR
    )
    try:
        _resize(connection, receive_buffer)
        program = netlink.socket_filter(event, socket.htonl)
        memory = ctypes.create_string_buffer(program)
        connection.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program) // 8, ctypes.addressof(memory))
        )
        connection.bind((0, netlink.CN_IDX_PROC))
    except OSError:
        connection.close()
        raise
    return connection


def _resize(connection: socket.socket, size: int) -> None:
    """Ask for a large buffer; without privilege the system's limit holds, and a loss brings a scan."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except OSError:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


class ConnectorSource:
    """The process connector as a `ProcessSource`.

    Args:
        observer: Reads and remembers processes.
        reconcile_seconds: How often a full scan looks for what was missed.
        child: A harmless program for the self-test.
        receive_buffer: Bytes of announcements that the kernel keeps for us.
    """

    def __init__(
        self,
        observer: Observer,
        reconcile_seconds: float = 45.0,
        child: Sequence[str] = (sys.executable, "-ISc", ""),
        receive_buffer: int = RECEIVE_BUFFER,
    ) -> None:
        self._observer = observer
        self._reconcile_seconds = reconcile_seconds
        self._child = child
        self._receive_buffer = receive_buffer
        self._outbox = Outbox(observer.stats)
        self._gather = Gather(self._report)
        self._ticker = Ticker(self._pace, self._reconcile)
        self._exits_ticker = Ticker(lambda: _EXITS_PACE, self._drain_exits)
        self._socket: socket.socket | None = None
        self._exits: socket.socket | None = None
        self._testing: tuple[int, asyncio.Event] | None = None
        self._masked = True
        self._factor = 1
        self._why_not = "not tried yet"

    @property
    def stats(self) -> SourceStats:
        """The counts so far."""
        return self._observer.stats

    @property
    def why_not(self) -> str:
        """Why it is not at work, in plain words; empty while it is."""
        return self._why_not

    async def probe(self) -> Health:
        """Subscribe and wait for a child of our own to be announced; observe from then on."""
        for self._masked in (True, False):
            try:
                self._listen()
                if await self._sees_its_child():
                    self._why_not = ""
                    self._ticker.start()
                    self._exits_ticker.start()
                    break
                self._why_not = "the kernel accepts the subscription and announces nothing"
            except OSError as error:
                self._why_not = _reason(error)
            self._stop_listening()
        return self.health()

    def existing(self) -> AsyncIterator[ProcessStarted]:
        """Yield the processes that run already."""
        return self._observer.existing()

    def events(self) -> AsyncIterator[ProcessEvent]:
        """Yield starts and ends as the kernel announces them."""
        return self._outbox.events()

    def health(self) -> Health:
        """Say whether the connector works and what it misses."""
        if self._socket is not None:
            how = "process connector" if self._masked else "process connector, filtered by the agent's own socket"
            return Health(Part.PROCESSES, Condition.WORKING, how, self._coverage())
        if self._ticker.running:
            return Health(
                Part.PROCESSES,
                Condition.DEGRADED,
                "a full scan every second",
                f"programs that run for less than a second: the process connector failed ({self._why_not})",
                "Restart the agent; if it happens again, `gleanwatch doctor` says more.",
            )
        return Health(Part.PROCESSES, Condition.FAILED, "process connector", f"everything: {self._why_not}")

    def slow(self, factor: int) -> None:
        """Scan so many times less often where scans are all there is; what the kernel announces is never left out.

        Nor does the scan beside it wait longer: it finds what was not announced, and costs next to nothing.
        """
        self._factor = factor
        self._ticker.hurry()

    async def close(self) -> None:
        """Unsubscribe and end."""
        self._ticker.stop()
        self._exits_ticker.stop()
        self._stop_listening()
        self._gather.stop()
        self._outbox.close()

    def _pace(self) -> float:
        return self._reconcile_seconds if self._socket is not None else _BROKEN_PACE * self._factor

    def _coverage(self) -> str:
        """Say how many programs were seen and what of them was missed; empty while nothing was."""
        stats = self.stats
        missed = []
        if stats.unread:
            share = stats.unread / (stats.started + stats.unread)
            missed.append(f"{stats.unread} programs ({share:.1%}) that ended before they could be read")
        if stats.overflows:
            missed.append(f"short-lived programs in {stats.overflows} moments of overload")
        if stats.lost:
            missed.append(f"{stats.lost} starts and ends that the agent was too busy to take")
        return "; ".join(missed)

    def _listen(self) -> None:
        self._socket = open_socket(netlink.EVENT_EXEC, self._receive_buffer)
        self._exits = open_socket(netlink.EVENT_EXIT, self._receive_buffer)
        self._socket.send(netlink.subscribe(netlink.EVENT_EXEC, masked=self._masked))
        self._exits.send(netlink.subscribe(netlink.EVENT_EXIT, masked=self._masked))
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._drain)

    def _stop_listening(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
        for connection in (self._socket, self._exits):
            if connection is None:
                continue
            with contextlib.suppress(OSError):  # closing it ends the subscription too; only old kernels keep a count
                connection.send(netlink.unsubscribe())
            connection.close()
        self._socket = self._exits = None

    async def _sees_its_child(self) -> bool:
        # Started from this thread and not awaited in between, so that the announcement cannot be handled before the pid
        # is known here.
        child = subprocess.Popen(  # noqa: ASYNC220 - as above
            self._child, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        seen = asyncio.Event()
        self._testing = (child.pid, seen)
        try:
            await asyncio.wait_for(seen.wait(), _SELF_TEST_SECONDS)
        except TimeoutError:
            return False
        finally:
            self._testing = None
            await asyncio.get_running_loop().run_in_executor(None, child.wait)
        return True

    def _drain(self) -> None:
        """Read what the kernel announced, and each new program at once: the shortest-lived are gone in a moment."""
        for announcement in self._received(self._socket):
            if self._testing is not None and announcement.pid == self._testing[0]:
                self._testing[1].set()
            elif announcement.kind == "exec":
                self._observer.notice(announcement.pid, announcement.at)
        self._gather.soon()

    def _report(self) -> None:
        """Make sense of what was read; on a busy machine of several programs at a time."""
        self._outbox.put(self._observer.noticed())

    def _drain_exits(self) -> None:
        """Read who ended; nothing is lost by coming a little later, and much is saved by coming once for many."""
        self._report()  # whoever ended began first
        for announcement in self._received(self._exits):
            if announcement.kind == "exit":
                self._outbox.put(self._observer.ended(announcement.pid, announcement.at))

    def _received(self, connection: socket.socket | None) -> Iterator[netlink.Announcement]:
        """Yield what waits in a socket, up to a limit so that others on the event loop get a turn."""
        for _ in range(_BATCH):
            if connection is None or connection.fileno() < 0:
                return
            try:
                datagram, sender = connection.recvfrom(4096)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._broken(error)
                return
            if sender[0] == 0:  # from the kernel
                yield from netlink.parse(datagram)

    def _broken(self, error: OSError) -> None:
        if error.errno == errno.ENOBUFS:
            self.stats.overflows += 1
        else:
            self._why_not = _reason(error)
            self._stop_listening()
            self._ticker.hurry()
        self._reconcile()

    def _reconcile(self) -> None:
        self._report()
        self._outbox.put(self._observer.compare())


def _reason(error: OSError) -> str:
    """Say in plain words why the kernel refused."""
    known = {
        errno.ECONNREFUSED: "not available in this network namespace",
        errno.EPERM: "this kernel allows it to the administrator only",
        errno.EACCES: "this kernel allows it to the administrator only",
        errno.EPROTONOSUPPORT: "this kernel was built without it",
    }
    return known.get(error.errno or 0, os.strerror(error.errno or 0))
