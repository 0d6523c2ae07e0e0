"""Connections of real programs to a real server on loopback, reduced to platforms."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.events import ProcessKey
from agent.sensors.connections import Endpoint, PlatformAddresses, PlatformConnections, Sampler, socket_lister
from agent.sensors.connections.addresses import packed, parse_endpoint, parse_hosts
from agent.sensors.connections.sockets import outgoing, parse_table
from agent.sensors.processes import reader_for
from agent.sensors.processes.reader import Identity
from agent.settings.clock import SystemClock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks by uid")
HOSTS = {"www.linkedin.com": "linkedin", "www.facebook.com": "facebook", "m.facebook.com": "facebook"}


class FixedClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> int:
        return int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


@contextlib.asynccontextmanager
async def server(host: str = "127.0.0.1") -> AsyncIterator[int]:
    """A server that accepts and says nothing."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read()
        writer.close()

    running = await asyncio.start_server(accept, host, 0)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        running.close()


def key_of(pid: int) -> ProcessKey:
    identity = reader_for(os.getuid()).identity(pid)
    assert isinstance(identity, Identity)
    return identity.key


async def client(spawn: Any, script: str, *arguments: object) -> Any:
    """A program that connects, ready when it has said so."""
    child = spawn(sys.executable, "-c", script, *map(str, arguments), stdout=-1)
    await asyncio.to_thread(child.stdout.readline)
    return child


HOLD = """
import socket, sys, time
held = [socket.create_connection((sys.argv[1], int(port))) for port in sys.argv[2:]]
print(flush=True)
time.sleep(60)
"""
ONE_AFTER_ANOTHER = """
import socket, sys, time
print(flush=True)
for _ in range(6):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))):
        time.sleep(0.1)
time.sleep(60)
"""


def listers() -> list[Any]:
    reader = reader_for(os.getuid())
    return [socket_lister(reader), socket_lister(reader, system="darwin")]


async def test_open_connections_are_counted_per_platform_and_the_servers_own_side_is_not(spawn: Any) -> None:
    async with server() as linkedin, server() as facebook, server() as other:
        child = await client(spawn, HOLD, "127.0.0.1", linkedin, linkedin, facebook, other)
        addresses = PlatformAddresses(
            HOSTS.get,
            (),
            SystemClock(),
            loopback={"www.linkedin.com": f"127.0.0.1:{linkedin}", "www.facebook.com": f"127.0.0.1:{facebook}"},
            hosts_file=None,
        )
        for lister in listers():
            connections = PlatformConnections(lister, addresses.platform_of)
            assert connections.platforms_of(key_of(child.pid)) == {"linkedin": 2, "facebook": 1}
            assert connections.total_of(key_of(child.pid)) == 4
            assert connections.platforms_of(key_of(os.getpid())) == {}, "this is the server"
            later = ProcessKey(child.pid, key_of(child.pid).started_at + 5000)
            assert connections.platforms_of(later) == {}, "another process with this number"
            assert connections.total_of(ProcessKey(2**22 - 1, 1)) == 0


@pytest.mark.skipif(not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
async def test_connections_over_ipv6_count_too(spawn: Any) -> None:
    async with server("::1") as port:
        child = await client(spawn, HOLD, "::1", port)
        addresses = PlatformAddresses(
            HOSTS.get, (), SystemClock(), loopback={"www.linkedin.com": f"[::1]:{port}"}, hosts_file=None
        )
        for lister in listers():
            found = PlatformConnections(lister, addresses.platform_of).platforms_of(key_of(child.pid))
            assert found == {"linkedin": 1}


async def test_the_sampler_adds_up_connections_that_never_stand_open_together(spawn: Any) -> None:
    async with server() as port:
        addresses = PlatformAddresses(
            HOSTS.get, (), SystemClock(), loopback={"www.linkedin.com": f"127.0.0.1:{port}"}, hosts_file=None
        )
        sampler = Sampler(listers()[0], addresses.platform_of, interval=0.02)
        assert not sampler.active, "no candidate, no timer"
        child = await client(spawn, ONE_AFTER_ANOTHER, port)
        key = key_of(child.pid)
        sampler.watch(key)
        assert sampler.active
        async with asyncio.timeout(20):
            while sampler.platforms_of(key).get("linkedin", 0) < 3:  # noqa: ASYNC110 - the sampler sets no event
                await asyncio.sleep(0.01)
        assert sampler.total_of(key) <= 6
        child.kill()
        child.wait()
        async with asyncio.timeout(20):
            while sampler.active:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert sampler.platforms_of(key)["linkedin"] >= 3, "counts outlive the process until they are forgotten"
        sampler.forget(key)
        assert sampler.platforms_of(key) == {}


async def test_names_are_resolved_when_asked_and_then_not_for_ten_minutes() -> None:
    asked: list[str] = []

    async def resolver(host: str) -> Sequence[str]:
        asked.append(host)
        if host == "m.facebook.com":
            raise OSError("does not resolve")
        return {"www.linkedin.com": ["192.0.2.1", "192.0.2.9"], "www.facebook.com": ["192.0.2.2", "192.0.2.9"]}[host]

    clock = FixedClock()
    addresses = PlatformAddresses(HOSTS.get, HOSTS, clock, hosts_file=None, resolver=resolver)
    assert addresses.platform_of(packed("192.0.2.1"), 443) is None
    assert asked == []
    await asyncio.gather(addresses.refresh(), addresses.refresh())
    assert sorted(asked) == sorted(HOSTS)
    assert addresses.platform_of(packed("192.0.2.1"), 443) == "linkedin"
    assert addresses.platform_of(packed("::ffff:192.0.2.2"), 80) == "facebook"
    assert addresses.platform_of(packed("192.0.2.1"), 22) is None, "only the web's ports"
    assert addresses.platform_of(packed("192.0.2.9"), 443) is None, "claimed by two platforms: nobody's"
    clock.seconds = 599
    await addresses.refresh()
    assert len(asked) == 3
    clock.seconds = 601
    await addresses.refresh()
    assert len(asked) == 6


async def test_a_block_list_does_not_make_every_local_server_a_platform(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("0.0.0.0 www.linkedin.com\n127.0.0.1 www.facebook.com www.linkedin.com # blocked\n")

    async def resolver(host: str) -> Sequence[str]:
        return ["127.0.0.1", "0.0.0.0", "::1"]

    addresses = PlatformAddresses(HOSTS.get, HOSTS, FixedClock(), hosts_file=hosts, resolver=resolver)
    await addresses.refresh()
    for address in ("127.0.0.1", "0.0.0.0", "::1"):
        assert addresses.platform_of(packed(address), 443) is None


async def test_a_name_in_the_hosts_file_counts(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("nonsense\n\n# 192.0.2.8 www.linkedin.com\n192.0.2.7\tWWW.LinkedIn.com alias\n")
    addresses = PlatformAddresses(HOSTS.get, (), FixedClock(), hosts_file=hosts)
    await addresses.refresh()
    assert addresses.platform_of(packed("192.0.2.7"), 443) == "linkedin"
    assert addresses.platform_of(packed("192.0.2.8"), 443) is None


@pytest.mark.parametrize("text", ["", "127.0.0.1", "localhost:80", "127.0.0.1:0", "127.0.0.1:70000", "::1:80:x"])
def test_a_broken_address_in_the_map_is_refused_and_says_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:8080"):
        parse_endpoint(text)


@given(text=st.text())
def test_no_hosts_file_breaks_the_parser(text: str) -> None:
    list(parse_hosts(text))


def line(address: bytes, port: int, local_port: int, state: int, inode: int) -> bytes:
    """A line of /proc/net/tcp as the kernel prints it: 32-bit words in this machine's order."""
    words = struct.unpack(f"={len(address) // 4}I", address)
    shown = "".join(f"{word:08X}" for word in words)
    return (
        f"   0: {'0' * len(shown)}:{local_port:04X} {shown}:{port:04X} {state:02X} 00000000:00000000 00:00000000"
        f" 00000000     0        0 {inode} 1 0000000000000000 20 4 30 10 -1\n"
    ).encode()


ADDRESS = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16))


@given(ADDRESS, st.integers(0, 65535), st.integers(0, 65535), st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_a_table_line_is_read_as_the_kernel_wrote_it(
    address: bytes, port: int, local_port: int, state: int, inode: int
) -> None:
    heading = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    ((read_state, endpoint),) = parse_table(heading + line(address, port, local_port, state, inode))
    plain = address[12:] if address.startswith(bytes(10) + b"\xff\xff") else address
    assert (read_state, endpoint) == (state, Endpoint(plain, port, local_port, inode))


@given(st.binary(max_size=400))
def test_no_table_breaks_the_parser(data: bytes) -> None:
    list(parse_table(data))


def test_only_open_connections_that_began_here_are_kept() -> None:
    def row(state: int, local_port: int, inode: int) -> tuple[int, Endpoint]:
        return state, Endpoint(b"\1\2\3\4", 443, local_port, inode)

    rows: Iterable[tuple[int, Endpoint]] = [
        row(0x01, 40000, 1),  # established
        row(0x02, 40001, 2),  # being established
        row(0x06, 40002, 0),  # TIME_WAIT: nobody's any more
        row(0x0A, 8080, 3),  # listening
        row(0x01, 8080, 4),  # accepted by the listener
    ]
    kept: Mapping[int, Endpoint] = outgoing(rows)
    assert sorted(kept) == [1, 2]
