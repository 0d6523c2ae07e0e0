"""kill -9 while page loads stream into the store: everything that was acknowledged is there, exactly once.

A child process (this file, run as a program) stores page loads as fast as it can, single ones and batches mixed, and
says each number on its stdout only after the store said it is durable. It is killed at a random moment, the database is
opened here and looked at, and the next child goes on from the high-water mark: the same database through every kill.
`GW_RELIABILITY=full` makes it a hundred kills instead of eight.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from agent.model.events import PageLoad
from agent.settings.clock import SystemClock
from agent.store import clients, page_loads
from agent.store.database import open_store

KEY = bytes(range(1, 33))
CLIENT = "killed-again-and-again"
KILLS = 100 if os.environ.get("GW_RELIABILITY") == "full" else 8


def load(seq: int) -> PageLoad:
    return PageLoad(
        CLIENT, seq, "linkedin", ("profile", "search", "post")[seq % 3], 1_000_000 + seq, seq % 2 == 0, False
    )


async def stream(path: Path) -> None:
    """Store page loads without end, as the link does: several messages under way, acknowledged in order."""
    store = open_store(path, KEY, SystemClock())
    mark = await store.write(lambda tx: clients.hello(tx, CLIENT, "chromium", "121", "0.1", 0, 0, 0, 1))
    chance = random.Random()
    seq = mark
    while True:
        waiting = []
        for _ in range(chance.randint(1, 20)):
            # What was stored but not yet acknowledged when it was killed is sent again, as an extension would.
            first = max(1, seq + 1 - chance.choice((0, 0, 3)))
            batch = [load(number) for number in range(first, seq + 1 + chance.choice((1, 1, 1, 60)))]
            seq = batch[-1].seq
            waiting.append(
                (seq, store.write(lambda tx, batch=batch: page_loads.append(tx, CLIENT, batch, batch[-1].seq, 2)))
            )
        for reached, stored in waiting:
            await stored
            os.write(1, b"%d\n" % reached)


def counts(conn: apsw.Connection) -> tuple[int, int]:
    """Return how many rows there are, and how many do not follow the one before (the first: are not number 1)."""
    rows = conn.execute("SELECT count(*) FROM page_load").get
    wrong = conn.execute(
        """SELECT count(*) FROM (SELECT seq, lag(seq, 1, 0) OVER (ORDER BY id) AS before FROM page_load)
           WHERE seq <> before + 1"""
    ).get
    return int(rows), int(wrong)


def child(path: Path) -> subprocess.Popen[bytes]:
    checkout = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, __file__, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    )


@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
async def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(tmp_path: Path) -> None:
    path = tmp_path / "gleanwatch.db"
    chance = random.Random()
    acknowledged = 0
    for kill in range(KILLS):
        writer = child(path)
        assert writer.stdout is not None
        said = writer.stdout.readline()
        assert said, "the child ended before it stored anything"
        await asyncio.sleep(chance.uniform(0, 0.15))
        writer.send_signal(signal.SIGKILL)
        # Whole lines only: the last one may have been cut by the kill.
        lines = (said + writer.stdout.read()).rpartition(b"\n")[0].split()
        assert writer.wait() == -signal.SIGKILL
        writer.stdout.close()
        assert int(lines[0]) > acknowledged
        acknowledged = int(lines[-1])

        store = open_store(path, KEY, SystemClock())
        mark = await store.read(lambda conn: page_loads.high_water(conn, CLIENT))
        how_many, out_of_step = await store.read(counts)
        latest = await store.read(lambda conn, after=how_many - 2000: page_loads.since_rowid(conn, after, 2000))
        await store.close()
        assert mark >= acknowledged, f"kill {kill}: acknowledged {acknowledged}, stored up to {mark}"
        assert out_of_step == 0, f"kill {kill}: a number is missing, doubled or out of order"
        assert how_many == mark
        assert all(one == load(one.seq) for _row, one in latest)
        assert latest[-1][1].seq == mark


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
async def test_killed_while_the_database_is_made(tmp_path: Path) -> None:
    """At whatever moment of its first start it dies, the next start works."""
    chance = random.Random()
    for attempt in range(KILLS):
        folder = tmp_path / str(attempt)
        folder.mkdir(mode=0o700)
        writer = child(folder / "gleanwatch.db")
        while not any(folder.iterdir()):
            assert writer.poll() is None, "the child ended before it made anything"
            await asyncio.sleep(0)
        await asyncio.sleep(chance.uniform(0, 0.01))
        writer.kill()
        writer.communicate()
        store = open_store(folder / "gleanwatch.db", KEY, SystemClock())
        assert await store.read(lambda conn: page_loads.high_water(conn, CLIENT)) >= 0
        await store.close()


if __name__ == "__main__":
    asyncio.run(stream(Path(sys.argv[1])))
