"""How many programs each way of seeing them catches, and what it costs while nothing happens.

Three watchers, each a process of its own so that its processor time is its own: our process connector, our polling, and
the peer, psutil's `process_iter` with names and command lines once a second. First all three watch the same programs of
known lifetimes, started twenty a second; caught means that the command line was read. Then each sits idle beside two
hundred sleeping processes, with its full comparisons (every 45 s) inside the window. Last, a machine at work: a hundred
starts a second, at least 95 of them repeats, each living 5 ms or longer.

    python -m tests.bench.bench_sensing [--json] [--quick] [--seconds 60]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import psutil

from agent.model.events import ProcessStarted
from agent.sensors.processes import choose_source
from agent.settings.clock import SystemClock
from tests.bench.rows import Row, show, table_console

WATCHERS = ("connector", "polling", "psutil")
LIFETIMES = ("0", "0.005", "0.05", "0.5", "3")
"""Seconds, as `sleep` takes them."""
PER_SECOND = 20
SLEEPERS = 200
BUSY_PER_SECOND = 100
RECONCILE_SECONDS = 45.0


async def watch_with_ours(kind: str, until: asyncio.Event) -> dict[str, Any]:
    """Run our source until told to stop; return the pids whose command line was read, and the cost."""
    source = await choose_source(
        SystemClock(), os.getuid(), 1.0, connector=kind == "connector", reconcile_seconds=RECONCILE_SECONDS
    )
    async for _ in source.existing():
        pass
    seen: list[int] = []

    async def collect() -> None:
        async for event in source.events():
            if isinstance(event, ProcessStarted) and event.command.argv:
                seen.append(event.key.pid)

    task = asyncio.create_task(collect())
    print("ready", flush=True)
    before, began = source.stats.started, time.process_time()
    await until.wait()
    cpu = time.process_time() - began
    meanwhile = source.stats.started + source.stats.unread - before
    await source.close()
    await task
    return {"pids": seen, "cpu": cpu, "how": source.health().how, "unread": source.stats.unread, "meanwhile": meanwhile}


async def watch_with_psutil(until: asyncio.Event) -> dict[str, Any]:
    """The peer: every process, once a second, by the library's own iterator."""
    wanted = ["pid", "name", "cmdline", "create_time"]
    seen: set[int] = set()
    before = 0.0
    while not until.is_set():
        for process in psutil.process_iter(wanted):
            if process.info["cmdline"]:
                seen.add(process.info["pid"])
        if not before:
            print("ready", flush=True)
            before = time.process_time()
        try:
            await asyncio.wait_for(until.wait(), 1.0)
        except TimeoutError:
            continue
    return {"pids": sorted(seen), "cpu": time.process_time() - before, "how": "process_iter"}


async def be_watcher(kind: str) -> None:
    """Watch until standard input ends, then print what was seen."""
    until = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), until.set)
    result = await (watch_with_psutil(until) if kind == "psutil" else watch_with_ours(kind, until))
    print(json.dumps(result), flush=True)


@dataclass
class Watcher:
    """A watcher in a process of its own."""

    kind: str
    process: subprocess.Popen[str]

    @classmethod
    def begin(cls, kind: str) -> Watcher:
        command = [sys.executable, "-m", "tests.bench.bench_sensing", "--as", kind]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return cls(kind, process)

    def end(self) -> dict[str, Any]:
        out, _ = self.process.communicate()  # closes its standard input, which ends it
        result: dict[str, Any] = json.loads(out)
        return result


def sleeper(seconds: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", seconds], stdin=subprocess.DEVNULL)


def capture(count: int) -> list[Row]:
    """Start programs of each lifetime while all watchers watch."""
    watchers = [Watcher.begin(kind) for kind in WATCHERS]
    started: dict[str, list[int]] = {lifetime: [] for lifetime in LIFETIMES}
    waiting = []
    for _ in range(count):
        for lifetime in LIFETIMES:
            child = sleeper(lifetime)
            started[lifetime].append(child.pid)
            waiting.append(child)
            time.sleep(1 / PER_SECOND)
    for child in waiting:
        child.wait()
    time.sleep(1.5)
    results = {watcher.kind: watcher.end() for watcher in watchers}
    rows = []
    for lifetime in LIFETIMES:
        pids = started[lifetime]
        share = {kind: len(set(pids) & set(result["pids"])) / len(pids) for kind, result in results.items()}
        lasting = float(lifetime) >= 0.05
        connector = results["connector"]
        note = f"{connector['unread']} announced and gone unread in the whole run" if lifetime == "0" else ""
        if not connector["how"].startswith("process connector"):
            note = "the process connector does not work here: polling was measured twice"
        rows.append(
            Row(
                f"programs that live {float(lifetime) * 1000:g} ms, caught by connector, {count} of them",
                "100 %" if lasting else "reported",
                f"{share['connector']:.0%}",
                f"{share['polling']:.0%} our polling, {share['psutil']:.0%} psutil.process_iter, every second",
                met=share["connector"] == 1 if lasting else None,
                note=note,
            )
        )
    return rows


def idle(seconds: float) -> list[Row]:
    """Let each watcher sit beside sleeping processes."""
    kept = [sleeper("100000") for _ in range(SLEEPERS - min(SLEEPERS, len(psutil.pids())))]
    try:
        processes = len(psutil.pids())
        watchers = [Watcher.begin(kind) for kind in WATCHERS]
        time.sleep(seconds)
        results = {watcher.kind: watcher.end() for watcher in watchers}
    finally:
        for child in kept:
            child.kill()
        for child in kept:
            child.wait()
    costs = {kind: result["cpu"] / seconds for kind, result in results.items()}
    peer = costs["psutil"]
    rows = []
    for kind in ("connector", "polling"):
        cost, starts = costs[kind], results[kind]["meanwhile"]
        # Programs that others start are work, not idleness: past one in ten seconds the goal cannot be judged.
        disturbed = starts > seconds / 10
        rows.append(
            Row(
                f"processor time of our {kind}, idle, {processes} processes, {seconds:g} s",
                "≤ 0.2 % of a core",
                f"{cost:.3%}",
                f"{peer:.3%} psutil.process_iter every second",
                f"1/{peer / cost:.0f}" if cost else "",
                met=True if cost <= 0.002 else None if disturbed else False,
                note=f"reading the {starts} programs that others started meanwhile is part of it" if starts else "",
            )
        )
    return rows


def busy(seconds: float) -> list[Row]:
    """Start a hundred short programs a second, nearly all of them the same, beside our connector."""
    watcher = Watcher.begin("connector")
    started: list[int] = []
    running: list[subprocess.Popen[bytes]] = []
    began = time.monotonic()
    while (now := time.monotonic()) < began + seconds:
        number = len(started)
        command = ["sleep", "0.005"] if number % 20 else ["sh", "-c", f": {number}; sleep 0.005"]
        running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
        started.append(running[-1].pid)
        running = [child for child in running if child.poll() is None]
        time.sleep(max(0.0, began + len(started) / BUSY_PER_SECOND - now))
    for child in running:
        child.wait()
    took = time.monotonic() - began
    time.sleep(1.0)
    result = watcher.end()
    share = len(set(started) & set(result["pids"])) / len(started)
    cost = result["cpu"] / took
    works = result["how"].startswith("process connector")
    rate = f"{len(started) / took:.0f} starts a second, 95 % repeats, each 5 ms or longer, {took:.0f} s"
    note = "" if works else "the process connector does not work here"
    return [
        Row(f"seen of {rate}", "≥ 99 %", f"{share:.2%}", met=share >= 0.99 if works else None, note=note),
        Row("processor time of our connector meanwhile", "≤ 5 % of a core", f"{cost:.2%}", met=cost <= 0.05),
    ]


def main() -> None:
    """Measure all, or be one of the watchers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quick", action="store_true", help="a short look: fewer programs, a shorter window")
    parser.add_argument("--seconds", type=float, default=None, help="length of the idle window")
    parser.add_argument("--as", dest="kind", choices=WATCHERS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.kind:
        asyncio.run(be_watcher(chosen.kind))
        return
    rows = capture(10 if chosen.quick else 60) + idle(chosen.seconds or (20.0 if chosen.quick else 60.0))
    rows += busy(10.0 if chosen.quick else 60.0)
    if chosen.json:
        print(json.dumps({"rows": [row.as_dict() for row in rows]}))
    else:
        show(rows, table_console())


if __name__ == "__main__":
    main()
