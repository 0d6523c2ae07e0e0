"""What of a crawl the sampler sees, and what a look at the sockets costs.

A real crawler in a process of its own asks a real HTTP server on loopback, each request on a connection of its own or
all on one that is kept, at 2, 10 and 50 requests a second, while the sampler watches it. A page takes 30 ms, as one
from the same city does; an empty page of a server on the same machine takes 2 ms and is shown beside it. Then the
processor time of one look with 1 and with 20 candidates, beside tables of 50 and of 2,000 connections, by each way of
seeing sockets and by the peer, psutil's `net_connections` of the same processes.

    python -m tests.bench.bench_connections [--json] [--quick]
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable

import psutil

from agent.model.events import Activity, ProcessKey
from agent.sensors.connections import PlatformAddresses, Sampler, socket_lister
from agent.sensors.connections.diag import DiagTest, self_test
from agent.sensors.connections.sampler import SHARE, STEADY_PACE
from agent.sensors.processes import reader_for
from agent.sensors.processes.reader import Identity
from agent.settings.clock import SystemClock
from tests.bench.rows import Row, run

RATES = (2, 10, 50)
SERVER = """
import http.server, socketserver, sys, time
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_GET(self):
        time.sleep(float(sys.argv[1]))
        self.send_response(200)
        self.send_header("Content-Length", "3000")
        self.end_headers()
        self.wfile.write(b"x" * 3000)
    def log_message(self, *_): pass
class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
server = Server(("127.0.0.1", 0), Page)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
CRAWLER = """
import http.client, sys, time
port, rate, count, kept = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "kept"
print(flush=True)
sys.stdin.readline()
there, begun = None, time.monotonic()
for number in range(count):
    there = there or http.client.HTTPConnection("127.0.0.1", port)
    there.request("GET", "/%d" % number)
    there.getresponse().read()
    if not kept:
        there.close()
        there = None
    time.sleep(max(0.0, begun + (number + 1) / rate - time.monotonic()))
print(flush=True)
sys.stdin.readline()
"""
HOLDER = """
import socket, sys, time
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(int(sys.argv[2]))]
print(flush=True)
time.sleep(600)
"""


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def said(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def key_of(pid: int) -> ProcessKey:
    identity = reader_for(os.getuid()).identity(pid)
    assert isinstance(identity, Identity)
    return identity.key


def known(port: int) -> PlatformAddresses:
    host = "bench.example.com"
    loopback = {host: f"127.0.0.1:{port}"}
    return PlatformAddresses({host: "bench"}.get, (), SystemClock(), loopback=loopback, hosts_file=None)


async def watched(port: int, rate: int, seconds: float, kept: bool) -> tuple[Activity, int, float]:
    """Crawl while the sampler watches; return what it saw, how many requests there were, and its share of a core."""
    addresses = known(port)
    sockets = socket_lister(reader_for(os.getuid()), addresses.ports)
    sampler = Sampler(sockets, addresses, SystemClock())
    count = int(rate * seconds)
    crawler = start(CRAWLER, port, rate, count, "kept" if kept else "new")
    await asyncio.to_thread(said, crawler)
    key = key_of(crawler.pid)
    cpu, began = time.process_time(), time.monotonic()
    sampler.watch(key)
    go(crawler)
    await asyncio.to_thread(said, crawler)
    sampler.sample()
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    seen = sampler.activity_of(key)
    sampler.close()
    sockets.close()
    crawler.kill()
    crawler.communicate()
    return seen, count, share


async def crawls(seconds: float) -> list[Row]:
    rows = []
    test = self_test()
    for page, words in ((0.03, "a page takes 30 ms"), (0.0, "an empty page, 2 ms")):
        server = start(SERVER, page)
        port = int(said(server))
        try:
            for kept in (False, True):
                for rate in RATES:
                    seen, count, share = await watched(port, rate, seconds, kept)
                    what = "turns" if kept else "opened"
                    got = seen.turns if kept else seen.opened
                    part = got / count
                    judged = test.closings and page > 0
                    rows.append(
                        Row(
                            f"{rate} requests/s for {seconds:g} s, "
                            f"{'one kept connection' if kept else 'a connection each'}, {words}: seen as {what}",
                            "90 % to 110 %" if page else "reported",
                            f"{part:.0%} ({got} of {count}), {seen.steady} of {seen.looks} looks with something new",
                            f"{share:.2%} of a core, the first seconds of a candidate",
                            met=0.9 <= part <= 1.1 if judged else None,
                            note=test.why,
                        )
                    )
        finally:
            server.kill()
            server.communicate()
    return rows


def cost(look: Callable[[], object], repeat: int) -> float:
    """Processor seconds of one look, the median of `repeat`."""
    look()
    taken = []
    for _ in range(repeat):
        began = time.thread_time()
        look()
        taken.append(time.thread_time() - began)
    return sorted(taken)[len(taken) // 2]


def costs(keys: list[ProcessKey], ports: frozenset[int], repeat: int) -> tuple[float, float, float]:
    """Processor seconds of a look by socket diagnostics, by /proc, and by psutil."""
    reader = reader_for(os.getuid())
    found = []
    for test in (self_test, lambda: DiagTest(False, False)):
        sockets = socket_lister(reader, ports, test=test)
        found.append(cost(lambda eyes=sockets: eyes.look(keys), repeat))  # type: ignore[misc]
        sockets.close()
    peer = cost(lambda: [psutil.Process(key.pid).net_connections("tcp") for key in keys], max(3, repeat // 5))
    return found[0], found[1], peer


def looks(repeat: int) -> list[Row]:
    rows = []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    test = self_test()
    for candidates, table in ((1, 50), (20, 50), (1, 2000), (20, 2000)):
        with socket.create_server(("127.0.0.1", 0), backlog=4096) as listening:
            port = listening.getsockname()[1]
            accepted: list[socket.socket] = []
            children, others = [], []
            try:
                for _ in range(candidates):
                    children.append(start(HOLDER, port, 2))
                    said(children[-1])
                while len(others) + 2 * candidates < table // 2:
                    others.append(socket.create_connection(("127.0.0.1", port)))
                while len(accepted) < len(others) + 2 * candidates:
                    accepted.append(listening.accept()[0])
                keys = [key_of(child.pid) for child in children]
                mine, slower, peer = costs(keys, known(port).ports, repeat)
            finally:
                for child in children:
                    child.kill()
                    child.communicate()
                for one in (*others, *accepted):
                    one.close()
        rows.append(
            Row(
                f"processor time of one look, {candidates} candidate{'s' * (candidates > 1)}, {table:,} sockets",
                "≤ 1 % of a core with a pause of a second at most",
                f"{mine * 1e3:.2f} ms: a pause of {max(STEADY_PACE, mine / SHARE):.2f} s, "
                f"{mine / max(STEADY_PACE, mine / SHARE):.2%} of a core",
                f"{slower * 1e3:.1f} ms our /proc/net/tcp, {peer * 1e3:.1f} ms psutil.net_connections",
                f"1/{peer / mine:.0f}",
                met=mine / SHARE <= 1.0 if test.table else None,
                note=test.why,
            )
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return rows


async def sustained(seconds: float) -> Row:
    """Watch twenty programs, each with a request a second on a kept connection, after their first seconds are over."""
    server = start(SERVER, 0.0)
    port = int(said(server))
    addresses = known(port)
    sockets = socket_lister(reader_for(os.getuid()), addresses.ports)
    sampler = Sampler(sockets, addresses, SystemClock())
    crawlers = [start(CRAWLER, port, 1, 10_000, "kept") for _ in range(20)]
    try:
        for crawler in crawlers:
            said(crawler)
            sampler.watch(key_of(crawler.pid))
            go(crawler)
        await asyncio.sleep(12)
        cpu, began = time.process_time(), time.monotonic()
        await asyncio.sleep(seconds)
        share = (time.process_time() - cpu) / (time.monotonic() - began)
    finally:
        sampler.close()
        sockets.close()
        for child in (*crawlers, server):
            child.kill()
            child.communicate()
    return Row(
        f"20 candidates that all do something, watched for {seconds:g} s after their first 12",
        "≤ 1 % of a core",
        f"{share:.2%}",
        met=share <= 0.01,
    )


async def measure(quick: bool) -> list[Row]:
    """Measure all three."""
    return [
        *await crawls(5.0 if quick else 15.0),
        *looks(20 if quick else 100),
        await sustained(10.0 if quick else 30.0),
    ]


if __name__ == "__main__":
    run(measure, __doc__ or "")
