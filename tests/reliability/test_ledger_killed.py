"""kill -9 while acts are put on record: no acknowledged entry is lost, and the log is the same log afterwards.

A child process (this file, run as a program) appends acts as fast as it can, several at once, erases some and now and
then rotates the log; it says each entry on its stdout only after the store said that it is durable. It is killed at a
random moment. Then the database is opened here: every acknowledged entry must be there with its content or its erasure,
`verify` must find nothing, and the tree must have grown out of every checkpoint that was seen after earlier kills.

`GW_RELIABILITY=full` makes it five hundred kills instead of ten, with a new database every fifty.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw
import pytest

from agent.ledger import log as logs
from agent.ledger.log import checkpoint_of
from agent.ledger.merkle import check_consistency
from agent.model.purposes import Act, ActKind, Channel, Purpose
from agent.settings.clock import SystemClock
from agent.store import acts, erasure, ledger
from agent.store.audit import Verification, verify
from agent.store.database import Store, open_store

KEY = bytes(range(1, 33))
KILLS = 500 if os.environ.get("GW_RELIABILITY") == "full" else 10
SAME_DATABASE = 50
"""Kills that one database goes through."""


async def append(path: Path) -> None:
    """Append without end, and say what is durable."""
    store = open_store(path, KEY, SystemClock())
    chance = random.Random()
    number = int(await store.read(lambda conn: conn.execute("SELECT count(*) FROM ledger_entry").get))
    while True:
        made = []
        for _ in range(chance.choice((1, 1, 3, 20))):
            number += 1
            act = Act(Purpose.DETECT, ActKind.SHOWN, number, "", Channel.SELF)
            made.append((number, store.write(recording(store, act))))
        for at, recorded in made:
            os.write(1, b"act %d %d\n" % (await recorded, at))
        if chance.random() < 0.1:
            await store.write(lambda tx: store.ledger.rotate(tx, 1))
        if chance.random() < 0.2:
            known = await store.read(lambda conn: erasure.entries_of(conn, "act"))
            some = chance.sample(known, min(3, len(known)))
            gone = await store.write(erasing(store, some))
            os.write(1, b"".join(b"erased %d 0\n" % entry for entry in gone))


def recording(store: Store, act: Act) -> Callable[[apsw.Connection], int]:
    return lambda tx: acts.record(tx, store.ledger, act, f"words {act.at}")


def erasing(store: Store, some: Sequence[int]) -> Callable[[apsw.Connection], list[int]]:
    return lambda tx: erasure.contents(tx, store.ledger, some, "withdrawn", 1)


def child(path: Path) -> subprocess.Popen[bytes]:
    checkout = Path(__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, __file__, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    )


class Seen:
    """What was acknowledged of one database, and the checkpoints it showed after each kill."""

    def __init__(self) -> None:
        self.acts: dict[int, int] = {}
        self.erased: set[int] = set()
        self.checkpoints: dict[int, list[tuple[int, bytes]]] = {}

    def take(self, said: bytes) -> None:
        """Take in the lines that a child wrote; the last one may have been cut by the kill."""
        for line in said.rpartition(b"\n")[0].splitlines():
            what, entry, at = line.split()
            if what == b"act":
                self.acts[int(entry)] = int(at)
            else:
                self.erased.add(int(entry))

    def hold(self, conn: apsw.Connection) -> None:
        """Hold the database against everything that was acknowledged and seen."""
        rows = {act.entry: act.at for act in acts.all_acts(conn)}
        there = {row[0] for row in conn.execute("SELECT entry FROM ledger_entry")}
        assert self.acts.keys() <= there, "an acknowledged entry is gone"
        left = {row[0] for row in conn.execute("SELECT entry FROM ledger_content")}
        assert not self.erased & left, "an acknowledged erasure was undone"
        for entry, at in self.acts.items():
            # An act may have been erased without its acknowledgement being read: then the ledger says so.
            assert rows.get(entry, at) == at
            assert entry in rows or entry not in left
        for row in ledger.logs(conn):
            self._grown(conn, row)

    def _grown(self, conn: apsw.Connection, row: ledger.LogRow) -> None:
        last = checkpoint_of(ledger.signed_checkpoint(conn, row))
        storage = ledger.TableStorage(conn, row, row.first + last.size)
        before = self.checkpoints.setdefault(row.number, [])
        for size, root in before:
            check_consistency(size, last.size, logs.consistency(storage, size, last.size), root, last.root)
        before.append((last.size, last.root))


async def looked_at(store: Store, seen: Seen) -> Verification:
    """Check one state of the database, all of it inside one transaction."""

    def look(conn: apsw.Connection) -> Verification:
        seen.hold(conn)
        return verify(conn, every_checkpoint=True)

    return await store.read(look)


@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
async def test_no_acknowledged_entry_is_lost_and_the_log_only_grows(tmp_path: Path) -> None:
    chance = random.Random()
    entries = 0
    for kill in range(KILLS):
        if kill % SAME_DATABASE == 0:
            path = tmp_path / f"{kill}.db"
            seen = Seen()
        appender = child(path)
        assert appender.stdout is not None
        said = appender.stdout.readline()
        assert said, "the child ended before it recorded anything"
        await asyncio.sleep(chance.uniform(0, 0.1))
        appender.send_signal(signal.SIGKILL)
        said += appender.stdout.read()
        assert appender.wait() == -signal.SIGKILL
        appender.stdout.close()
        known = len(seen.acts)
        seen.take(said)
        assert len(seen.acts) > known

        store = open_store(path, KEY, SystemClock())
        found = await looked_at(store, seen)
        await store.close()
        assert found.ok, f"kill {kill}: {found.problems[:3]}"
        entries += len(seen.acts) - known
    print(f"{KILLS} kills, {entries} acknowledged entries, none lost")


if __name__ == "__main__":
    asyncio.run(append(Path(sys.argv[1])))
