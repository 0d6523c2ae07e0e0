"""Durable page loads through the agent's socket: one at a time and in a stream, beside the disk's own limit and a peer.

In turns, so that a noisy neighbour hits all alike: raw append and fdatasync of one event's size in the agent's own
folder; single events to the agent, each after the acknowledgement of the one before; a stream of single events; a
stream of replay frames. Then the same single events, as heartbeats over HTTP, to ActivityWatch's aw-server, which is
installed into a temporary environment of its own where the package index can be reached.

    python -m tests.bench.bench_socket [--json] [--quick]
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import statistics
import subprocess
import time
import venv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.relay_socket import BenchLink, frames, replay_frames
from tests.bench.rows import Row, run
from tests.support.agent import running_agent
from tests.support.places import clean_environment, short_folder
from tests.support.processes import started
from tests.support.waiting import until

PEER = ("aw-server==0.12.0", "aw-core==0.5.18", "aw-client", "peewee<3.18")
"""aw-server as of 2026 answers every call with an error under peewee 4."""

EVENT_BYTES = 265


def raw_rate(folder: Path, count: int) -> float:
    """Append and fdatasync one event's size; writes per second."""
    flush: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)
    descriptor = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        begin = time.perf_counter()
        for _ in range(count):
            os.write(descriptor, b"x" * EVENT_BYTES)
            flush(descriptor)
        return count / (time.perf_counter() - begin)
    finally:
        os.close(descriptor)


class AgentLoad:
    """The loads on the agent, and the number reached."""

    def __init__(self, link: BenchLink) -> None:
        self.link = link
        self.next = 1

    def single(self, count: int) -> float:
        """One at a time; events per second."""
        ready = frames(self.next, count)
        begin = time.perf_counter()
        self.link.one_by_one(ready, self.next)
        taken = time.perf_counter() - begin
        self.next += count
        return count / taken

    def stream(self, count: int, make: Callable[[int, int], list[bytes]]) -> float:
        """All at once; events per second until the last acknowledgement."""
        data = b"".join(make(self.next, count))
        begin = time.perf_counter()
        self.link.pipelined(data, self.next + count - 1)
        taken = time.perf_counter() - begin
        self.next += count
        return count / taken


async def measure(quick: bool) -> list[Row]:
    """Measure everything; see the module's docstring."""
    rounds, singles, stream = (3, 200, 20_000) if quick else (7, 500, 60_000)
    raw: list[float] = []
    single: list[float] = []
    streamed: list[float] = []
    replayed: list[float] = []
    with short_folder() as folder:
        async with running_agent(folder) as agent:
            link = await asyncio.to_thread(BenchLink, agent.socket, 1)
            on_agent = AgentLoad(link)
            for _ in range(rounds):
                raw.append(await asyncio.to_thread(raw_rate, agent.home, singles))
                single.append(await asyncio.to_thread(on_agent.single, singles))
                streamed.append(await asyncio.to_thread(on_agent.stream, stream, frames))
                replayed.append(await asyncio.to_thread(on_agent.stream, stream, replay_frames))
            link.close()
            kept = sum((await agent.totals()).values())
            assert kept == on_agent.next - 1, f"{kept} kept of {on_agent.next - 1} acknowledged"
        peer, why_not = await peer_rate(folder, 100 if quick else 400)
    limit, reached = statistics.median(raw), statistics.median(single)
    rows = [
        Row(
            "durable page loads through the socket, one at a time",
            "≥ 35 % of raw fdatasync",
            f"{reached:,.0f}/s",
            f"{limit:,.0f}/s raw append + fdatasync",
            f"{reached / limit:.0%}",
            reached / limit >= 0.35,
        ),
        Row(
            "the same beside ActivityWatch's aw-server",
            "≥ 4 ×",
            f"{reached:,.0f}/s",
            f"{peer:,.0f}/s aw-server 0.12.0, heartbeats" if peer else "",
            f"{reached / peer:.1f} ×" if peer else "",
            reached / peer >= 4 if peer else None,
            why_not,
        ),
    ]
    for what, values in (("one page load a frame", streamed), ("replay frames of 500", replayed)):
        value = statistics.median(values)
        rows.append(
            Row(
                f"durable page loads in a stream, {what}",
                "≥ 150,000/s",
                f"{value:,.0f}/s",
                f"{limit:,.0f}/s raw, one at a time",
                f"{value / limit:,.0f} ×",
                value >= 150_000,
            )
        )
    return rows


async def peer_rate(folder: Path, count: int) -> tuple[float, str]:
    """Install and run the peer and send it heartbeats one at a time.

    Returns:
        Heartbeats per second, or 0 and the reason why it could not be measured.
    """
    place = folder / "peer"
    venv.create(place, with_pip=True)
    install = [str(place / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEER]
    pip = await asyncio.to_thread(lambda: subprocess.run(install, capture_output=True, text=True, check=False))
    if pip.returncode != 0:
        return 0.0, "aw-server could not be installed here: " + (pip.stderr.strip().splitlines() or ["?"])[-1][:120]
    home = folder / "peer-home"
    home.mkdir()
    port = 20_000 + os.getpid() % 20_000
    where = ["--testing", "--host", "127.0.0.1", "--port", str(port), "--storage", "peewee"]
    env = clean_environment(home)
    async with started([place / "bin/aw-server", *where], folder / "peer.log", env) as server:
        try:
            await until(lambda: server.returncode is not None or heartbeat_bucket(port), "aw-server", seconds=60)
        except AssertionError:
            return 0.0, "aw-server did not answer"
        if server.returncode is not None:
            return 0.0, "aw-server ended by itself"
        begin = time.perf_counter()
        await asyncio.to_thread(heartbeats, port, count)
        return count / (time.perf_counter() - begin), ""


def post(port: int, path: str, body: object) -> int:
    """Post JSON over a connection of its own, since the server closes each; returns the status."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        link.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = link.getresponse()
        answer.read()
        return answer.status
    finally:
        link.close()


def heartbeat_bucket(port: int) -> bool:
    """Make the bucket, once the server is there."""
    try:
        return post(port, "/api/0/buckets/b1", {"client": "bench", "type": "web.tab.current", "hostname": "h"}) < 400
    except OSError:
        return False


def heartbeats(port: int, count: int) -> None:
    """Send heartbeats, each after the answer to the one before; none may be merged with its neighbour."""
    for number in range(count):
        now = datetime.now(UTC).isoformat()
        data = {"url": f"https://site.example/p/{number}", "title": f"Page {number}", "audible": False}
        status = post(port, "/api/0/buckets/b1/heartbeat?pulsetime=0", {"timestamp": now, "duration": 0, "data": data})
        assert status == 200, f"aw-server answered {status}"


if __name__ == "__main__":
    run(measure, __doc__ or "")
