"""How fast page loads become durable, beside the disk's own limit in the same run, on the same folder.

Four things in turn, several rounds, so that a noisy neighbour hits all of them alike: raw append and fdatasync of one
event's size; one event at a time through `Store.write`; the same with eight callers at once; batches of 500 submitted
without waiting. Prints medians and their ratio to raw; `--json` prints one document.

    python tests/bench/bench_store.py [--json] [--dir FOLDER] [--rounds 7]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from agent.model.events import PageLoad
from agent.settings.clock import SystemClock
from agent.store import page_loads
from agent.store.database import Store, open_store

CLIENT = "benchbenchbenchbench00"
SINGLES = 400
BATCHES, BATCH = 60, 500
EVENT_BYTES = 265
"""One event as JSON on the wire."""


def load(seq: int, at: int) -> PageLoad:
    return PageLoad(CLIENT, seq, "linkedin", "profile", at, True, False)


class Run:
    """One run: the store, the raw file, and the sequence number reached."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.store = store
        self.clock = SystemClock()
        self.seq = 0
        self.raw = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self.flush: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)
        self.waits: list[float] = []

    def next_load(self) -> PageLoad:
        self.seq += 1
        return load(self.seq, self.clock.now())

    async def raw_flush(self) -> float:
        data = b"x" * EVENT_BYTES
        start = time.perf_counter()
        for _ in range(SINGLES):
            os.write(self.raw, data)
            self.flush(self.raw)
        return SINGLES / (time.perf_counter() - start)

    async def one(self) -> None:
        event = self.next_load()
        await self.store.write(lambda tx: page_loads.append(tx, CLIENT, [event], event.seq, event.at))

    async def one_at_a_time(self) -> float:
        start = last = time.perf_counter()
        for _ in range(SINGLES):
            await self.one()
            now = time.perf_counter()
            self.waits.append(now - last)
            last = now
        return SINGLES / (time.perf_counter() - start)

    async def eight_at_once(self) -> float:
        async def caller() -> None:
            for _ in range(SINGLES // 8):
                await self.one()

        start = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(8)))
        return SINGLES / (time.perf_counter() - start)

    async def pipelined(self) -> float:
        start = time.perf_counter()
        waiting = []
        for _ in range(BATCHES):
            batch = [self.next_load() for _ in range(BATCH)]
            waiting.append(
                self.store.write(
                    lambda tx, batch=batch: page_loads.append(tx, CLIENT, batch, batch[-1].seq, batch[-1].at)
                )
            )
            await asyncio.sleep(0)  # As a socket would: the loop turns between messages.
        await asyncio.gather(*waiting)
        return BATCHES * BATCH / (time.perf_counter() - start)


async def measure(folder: Path, rounds: int) -> dict[str, object]:
    store = open_store(folder / "bench.db", os.urandom(32), SystemClock())
    run = Run(folder, store)
    ways: dict[str, Callable[[], Awaitable[float]]] = {
        "raw": run.raw_flush,
        "one": run.one_at_a_time,
        "eight": run.eight_at_once,
        "pipelined": run.pipelined,
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(rounds + 1):
        for name, way in ways.items():
            rate = await way()
            if round_number:  # The first round only warms up.
                rates[name].append(rate)
    stored = await store.read(lambda conn: conn.execute("SELECT count(*), count(DISTINCT seq) FROM page_load").get)
    await store.close()
    os.close(run.raw)
    median = {name: statistics.median(values) for name, values in rates.items()}
    ratios = [one / raw for one, raw in zip(rates["one"], rates["raw"], strict=True)]
    waits = sorted(run.waits)
    return {
        "rounds": rounds,
        "raw_fdatasync_per_s": round(median["raw"]),
        "store_one_at_a_time_per_s": round(median["one"]),
        "store_one_at_a_time_p50_ms": round(waits[len(waits) // 2] * 1000, 3),
        "store_one_at_a_time_p99_ms": round(waits[len(waits) * 99 // 100] * 1000, 3),
        "store_eight_at_once_per_s": round(median["eight"]),
        "store_pipelined_events_per_s": round(median["pipelined"]),
        "ratio_one_to_raw": round(statistics.median(ratios), 3),
        "ratio_one_to_raw_worst_best": [round(min(ratios), 3), round(max(ratios), 3)],
        "sent": run.seq,
        "stored": stored[0],
        "stored_distinct": stored[1],
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--dir", type=Path, help="folder on the disk to measure")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    place = tempfile.TemporaryDirectory(dir=options.dir) if options.dir else tempfile.TemporaryDirectory()
    with place as folder, contextlib.suppress(KeyboardInterrupt):
        result = asyncio.run(measure(Path(folder), options.rounds))
        if options.json:
            print(json.dumps(result))
            return
        for name, value in result.items():
            print(f"{name:32} {value}")


if __name__ == "__main__":
    main()
