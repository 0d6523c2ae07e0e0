"""What real programs do with a real server on loopback, as counts: by each way of seeing sockets that works here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.model.events import Activity, ProcessKey
from agent.sensors.connections import PlatformAddresses, PlatformConnections, Sampler, Sockets, socket_lister
from agent.sensors.connections.diag import DiagTest, SockDiag, self_test
from agent.sensors.connections.holding import MAX_DESCRIPTORS, Holding
from agent.sensors.processes import reader_for
from agent.sensors.processes.reader import Identity
from agent.settings.clock import SystemClock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks by uid")
HOSTS = {"www.linkedin.com": "linkedin", "www.facebook.com": "facebook"}
WORKS = self_test() if sys.platform == "linux" else DiagTest(False, False, "not Linux")
WAYS = ["diagnostics", "table", "portable"]


@contextlib.asynccontextmanager
async def server(host: str = "127.0.0.1", *, answer: int = 1000, closes: bool = False) -> AsyncIterator[int]:
    """A server that answers each line with so many bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while await reader.readline():
                writer.write(b"x" * answer)
                await writer.drain()
                if closes:
                    break
        writer.close()

    running = await asyncio.start_server(serve, host, 0)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        running.close()


CRAWL = """
import socket, sys, time
port, rate, count, kept, answer = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "kept", 1000
print(flush=True)
sys.stdin.readline()
there = None
for _ in range(count):
    there = there or socket.create_connection(("127.0.0.1", port))
    there.sendall(b"GET /\\n")
    got = 0
    while got < answer:
        got += len(there.recv(65536))
    time.sleep(0.5 / rate)
    if not kept:
        there.close()
        there = None
    time.sleep(0.5 / rate)
print(flush=True)
sys.stdin.readline()
"""
HOLD = """
import socket, sys, time
held = [socket.create_connection((sys.argv[1], int(port))) for port in sys.argv[2:]]
print(flush=True)
time.sleep(60)
"""
DOWNLOAD = """
import socket, sys, time
print(flush=True)
sys.stdin.readline()
there = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
there.sendall(b"GET /\\n")
got = 0
while got < int(sys.argv[2]):
    got += len(there.recv(65536))
print(flush=True)
time.sleep(60)
"""


def key_of(pid: int) -> ProcessKey:
    identity = reader_for(os.getuid()).identity(pid)
    assert isinstance(identity, Identity)
    return identity.key


@pytest.fixture
def program() -> Iterator[Callable[..., Any]]:
    """Start programs that say a line when they are ready and wait for one before they go on."""
    started: list[subprocess.Popen[bytes]] = []

    def start(script: str, *arguments: object, via: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        argv = [*via, sys.executable, "-c", script, *map(str, arguments)]
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


async def line(child: subprocess.Popen[bytes]) -> None:
    assert child.stdout is not None
    await asyncio.to_thread(child.stdout.readline)


def go(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.write(b"\n")
    child.stdin.flush()


def addresses(loopback: dict[str, str] | None = None) -> PlatformAddresses:
    return PlatformAddresses(HOSTS.get, (), SystemClock(), loopback=loopback, hosts_file=None)


@pytest.fixture
def sockets() -> Iterator[Callable[..., Sockets]]:
    """Make one way of seeing sockets; skips, saying why, where it does not work here."""
    made: list[Sockets] = []

    def make(way: str, ports: frozenset[int]) -> Sockets:
        if way != "portable" and sys.platform != "linux":
            pytest.skip("Linux only")
        if way == "diagnostics" and not WORKS.table:
            pytest.skip(f"socket diagnostics do not work here: {WORKS.why}")
        made.append(
            socket_lister(
                reader_for(os.getuid()),
                ports,
                "darwin" if way == "portable" else "linux",
                test=lambda: DiagTest(way == "diagnostics", way == "diagnostics"),
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not reached():  # noqa: ASYNC110 - waits for the world, which sets no event
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("way", WAYS)
async def test_open_connections_are_counted_and_the_servers_own_side_is_not(
    way: str, sockets: Any, program: Any
) -> None:
    async with server() as linkedin, server() as facebook, server() as other:
        child = program(HOLD, "127.0.0.1", linkedin, linkedin, facebook, other)
        await line(child)
        known = addresses({"www.linkedin.com": f"127.0.0.1:{linkedin}", "www.facebook.com": f"127.0.0.1:{facebook}"})
        look = PlatformConnections(sockets(way, known.ports | {other}), known)
        seen = look.activity_of(key_of(child.pid))
        assert (seen.platforms, seen.opened, seen.hosts) == ({"linkedin": 2, "facebook": 1}, 3, 1)
        assert seen.own == 0, "a platform that is configured to be here is not «this machine itself»"
        assert look.activity_of(key_of(os.getpid())) == Activity(looks=1), "this is the server"
        later = ProcessKey(child.pid, key_of(child.pid).started_at + 5000)
        assert look.activity_of(later).opened == 0, "another process with this number"
        assert look.activity_of(ProcessKey(2**22 - 1, 1)).opened == 0, "no process has this number"


@pytest.mark.skipif(not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
@pytest.mark.parametrize("way", WAYS)
async def test_connections_over_ipv6_count_too(way: str, sockets: Any, program: Any) -> None:
    async with server("::1") as port:
        child = program(HOLD, "::1", port)
        await line(child)
        known = addresses({"www.linkedin.com": f"[::1]:{port}"})
        seen = PlatformConnections(sockets(way, known.ports), known).activity_of(key_of(child.pid))
        assert seen.platforms == {"linkedin": 1}


async def crawl(sockets: Any, program: Any, way: str, *, kept: bool, count: int = 20, rate: float = 40) -> Activity:
    """Let a crawler make `count` requests while it is watched, and end."""
    async with server() as port:
        known = addresses({"www.linkedin.com": f"127.0.0.1:{port}"})
        sampler = Sampler(sockets(way, known.ports), known, SystemClock())
        child = program(CRAWL, port, rate, count, "kept" if kept else "new")
        await line(child)
        key = key_of(child.pid)
        assert not sampler.active, "no candidate, no timer"
        sampler.watch(key)
        assert sampler.active
        go(child)
        await line(child)
        sampler.sample()
        child.kill()
        child.wait()
        await until(lambda: not sampler.active)
        seen = sampler.activity_of(key)
        sampler.forget(key)
        assert sampler.activity_of(key) == Activity(), "forgotten is forgotten"
        sampler.close()
        return seen


async def test_each_request_on_a_kept_connection_is_a_turn(sockets: Any, program: Any) -> None:
    seen = await crawl(sockets, program, "diagnostics", kept=True)
    assert (seen.opened, seen.platforms) == (1, {"linkedin": 1})
    assert seen.turns == 20
    assert seen.received in (20_000, 20_001), "the end of a connection counts as a byte"
    assert 1 < seen.steady <= seen.looks


async def test_a_connection_per_request_is_counted_though_most_are_gone_when_somebody_looks(
    sockets: Any, program: Any
) -> None:
    if not WORKS.closings:
        pytest.skip(f"the kernel tells of no closings here: {WORKS.why}")
    seen = await crawl(sockets, program, "diagnostics", kept=False)
    assert 16 <= seen.opened <= 20
    assert 16 <= seen.turns <= 20
    assert seen.platforms == {"linkedin": seen.opened}


@pytest.mark.parametrize("way", ["table", "portable"])
async def test_other_ways_count_what_they_find_open_and_know_no_turns(way: str, sockets: Any, program: Any) -> None:
    seen = await crawl(sockets, program, way, kept=False, count=12, rate=8)
    assert 2 <= seen.opened <= 12
    assert (seen.turns, seen.received) == (0, 0)


async def test_a_download_has_few_turns_and_much_received(sockets: Any, program: Any) -> None:
    size = 30_000_000
    async with server(answer=size) as port:
        known = addresses({"www.linkedin.com": f"127.0.0.1:{port}"})
        sampler = Sampler(sockets("diagnostics", known.ports), known, SystemClock())
        child = program(DOWNLOAD, port, size)
        await line(child)
        sampler.watch(key_of(child.pid))
        go(child)
        await line(child)
        sampler.sample()
        seen = sampler.activity_of(key_of(child.pid))
        assert seen.received == size
        assert seen.turns == 1
        sampler.close()


async def test_two_programs_at_one_far_end_get_only_what_they_were_seen_to_hold(sockets: Any, program: Any) -> None:
    """A connection that nobody was seen to hold is nobody's when two may have made it."""
    if not WORKS.closings:
        pytest.skip(f"the kernel tells of no closings here: {WORKS.why}")
    async with server() as port:
        known = addresses({"www.linkedin.com": f"127.0.0.1:{port}"})
        eyes = sockets("diagnostics", known.ports)
        sampler = Sampler(eyes, known, SystemClock(), pace=30)
        suspect, stranger = program(HOLD, "127.0.0.1", port), program(HOLD, "127.0.0.1", port)
        await line(suspect)
        await line(stranger)
        sampler.watch(key_of(suspect.pid))
        for _ in range(5):
            await asyncio.to_thread(lambda: socket.create_connection(("127.0.0.1", port)).close())
        await until(lambda: sampler.sample() is None and eyes.loss().unowned == 5)  # type: ignore[func-returns-value]
        assert sampler.activity_of(key_of(suspect.pid)).opened == 1
        assert "too short" in sampler.health().missed
        sampler.close()


async def test_what_an_old_process_did_before_it_was_watched_is_not_held_against_it(sockets: Any, program: Any) -> None:
    class Later(SystemClock):
        """An hour on: the program has been running for so long."""

        def now(self) -> int:
            return super().now() + 3_600_000

    async with server() as port:
        known = addresses({"www.linkedin.com": f"127.0.0.1:{port}"})
        child = program(CRAWL, port, 200, 10, "kept")
        await line(child)
        go(child)
        await line(child)
        eyes = sockets("diagnostics", known.ports)
        counts = {}
        for clock in (SystemClock(), Later()):
            sampler = Sampler(eyes, known, clock, pace=30)
            sampler.watch(key_of(child.pid))
            seen = sampler.activity_of(key_of(child.pid))
            counts[type(clock)] = (seen.opened, seen.turns)
            sampler.close()
        assert counts == {SystemClock: (1, 10), Later: (1, 0)}


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"),
    reason="needs root, unshare and ip to make a network namespace",
)
async def test_a_process_in_another_network_namespace_is_seen_without_turns(sockets: Any, program: Any) -> None:
    both = """
import socket, subprocess, sys, time
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = socket.create_server(("127.0.0.1", 8080))
held = socket.create_connection(("127.0.0.1", 8080))
print(flush=True)
time.sleep(60)
"""
    child = program(both, via=("unshare", "-n"))
    await line(child)
    known = addresses()
    sampler = Sampler(sockets("diagnostics", known.ports), known, SystemClock())
    sampler.watch(key_of(child.pid))
    seen = sampler.activity_of(key_of(child.pid))
    assert (seen.opened, seen.own, seen.turns) == (1, 1, 0)
    sampler.close()


async def test_somebody_elses_process_is_left_at_that_and_counted(program: Any) -> None:
    reader = reader_for(os.getuid() + 1)
    eyes = socket_lister(reader, system="linux", uid=os.getuid() + 1)
    if sys.platform != "linux":
        pytest.skip("Linux only")
    assert eyes.look([key_of(os.getpid())]) == {key_of(os.getpid()): None}
    assert eyes.loss().unreadable == 1
    eyes.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux only")
def test_a_program_with_very_many_open_files_is_read_in_parts() -> None:
    import resource

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS + 500
    if limit[1] < wanted + 100:
        pytest.skip("so many files may not be opened here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted + 200, limit[1]))
    opened = [os.open("/dev/null", os.O_RDONLY) for _ in range(wanted)]
    try:
        with socket.socket() as last:
            holding = Holding(key_of(os.getpid()), reader_for(os.getuid()))
            inode = os.fstat(last.fileno()).st_ino
            parts = [inode in holding.inodes() for _ in range(2)]
            assert parts == [False, True], "the socket stands behind the first part"
            assert holding.cut == 2
            holding.close()
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


@pytest.mark.skipif(not WORKS.table, reason=f"socket diagnostics do not work here: {WORKS.why}")
def test_a_table_too_long_to_read_is_cut_and_the_next_one_is_read_afresh() -> None:
    with contextlib.ExitStack() as held:
        listening = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=512))
        port = listening.getsockname()[1]
        for _ in range(200):
            held.enter_context(socket.create_connection(("127.0.0.1", port)))
        for most, complete in ((10, False), (10, False), (1000, True)):
            diag = SockDiag((port,), most=most)
            for _ in range(2):
                rows, whole = diag.rows()
                assert whole is complete
                assert len(rows) == 200 if complete else 10 <= len(rows) < 200
            diag.close()


@pytest.mark.skipif(not WORKS.closings, reason=f"no closings are told here: {WORKS.why}")
def test_more_closings_than_there_is_room_for_are_lost_and_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        diag = SockDiag((port,))

        def open_and_close() -> None:
            socket.create_connection(("127.0.0.1", port)).close()
            listening.accept()[0].close()

        for _ in range(1500):
            open_and_close()
        found, until = len(diag.closed()), time.monotonic() + 20
        while found < 1500 and not diag.lost and time.monotonic() < until:
            time.sleep(0.05)  # the kernel tells of some a moment later
            found += len(diag.closed())
        assert found == 1500 or diag.lost >= 1
        end, again = time.monotonic() + 20, 0
        while not again and time.monotonic() < end:
            open_and_close()
            time.sleep(0.01)
            again = len(diag.closed())
        assert again >= 1, "it goes on after a loss"
        diag.close()


async def test_the_pace_slows_down_and_never_costs_more_than_its_share() -> None:
    class Still(SystemClock):
        seconds = 1000.0

        def monotonic(self) -> float:
            return self.seconds

    class Dear:
        """A machine where each look costs a fifth of a second of processor time."""

        how = "a costly way"
        spent = 0.0

        def look(self, keys: Any) -> dict[ProcessKey, tuple[()]]:
            Dear.spent += 0.2
            return dict.fromkeys(keys, ())

        def forget(self, key: ProcessKey) -> None: ...

        def loss(self) -> Any:
            from agent.sensors.connections.sightings import SocketLoss

            return SocketLoss()

        def close(self) -> None: ...

    clock = Still()
    costs_nothing = Sampler(Dear(), addresses(), clock, cpu=lambda: 0.0)
    costs_nothing.watch(ProcessKey(1, clock.now()))
    paces = []
    for seconds in (0, 5, 11, 30):
        clock.seconds = 1000.0 + seconds
        paces.append(costs_nothing.pace())
    assert paces == sorted(paces)
    assert paces[0] < paces[-1] == 1.0
    costs_nothing.close()

    clock.seconds, Dear.spent = 2000.0, 0.0
    dear = Sampler(Dear(), addresses(), clock, cpu=lambda: Dear.spent)
    dear.watch(ProcessKey(1, clock.now()))
    begun = Dear.spent
    while clock.seconds < 2600:
        clock.seconds += dear.pace()
        dear.sample()
    assert (Dear.spent - begun) / 600 < 0.06, "a twentieth of a core, however dear a look is"
    dear.close()
