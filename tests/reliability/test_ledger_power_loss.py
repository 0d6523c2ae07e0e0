"""The power goes while a transaction is written: the ledger is as it was before it, or as after, and never between.

A real database is left with its write-ahead log, as the disk has it right after a transaction. Then the disk is made to
have kept less: the log is cut at every byte of that last transaction, its tail is zeroed or filled with rubbish, single
sectors of it are lost, and for a copying of the log into the file that was cut short, sectors of the file are old ones.
Each time SQLite recovers, every row is compared, and `verify` must find nothing.

`GW_RELIABILITY=full` cuts at every byte; otherwise at the ends of frames, beside them, and at some bytes between.
"""

from __future__ import annotations

import asyncio
import collections
import os
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agent.model.purposes import ActKind
from agent.store.audit import verify
from agent.store.database import open_store
from tests.reliability import ledger_rig as rig
from tests.support import decrypted

FULL = os.environ.get("GW_RELIABILITY") == "full"
SECTOR = 512
SAMPLE = 400 if FULL else 40

State = Mapping[str, frozenset[tuple[object, ...]]]


@dataclass(frozen=True)
class Disk:
    """What the disk had.

    Attributes:
        file: The database file, under the log.
        log: The whole write-ahead log.
        begins: Where in the log the last transaction begins.
        before: Every row before it.
        after: Every row after it.
        copied: The file after the log was copied into it.
    """

    file: bytes
    log: bytes
    begins: int
    before: State
    after: State
    copied: bytes


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    return asyncio.run(_written(tmp_path_factory.mktemp("power") / "gleanwatch.db"))


async def _written(path: Path) -> Disk:
    await rig.written(path, rig.Town(), rig.drawn("power"))
    store = open_store(path, rig.KEY, rig.ManualClock(), rig.drawn("more"))
    log = path.with_name(path.name + "-wal")
    for number in range(3):
        await rig.noted(store, "policy", rig.T0 + 90_000 + number, {"number": number})
    before, begins = await store.read(rig.kept), len(log.read_bytes())
    await rig.said(
        store,
        replace(rig.SHOWN, kind=ActKind.WITHDRAWN, at=rig.T0 + 90_010),
        replace(rig.SHOWN, kind=ActKind.GIVEN, at=rig.T0 + 90_010),
    )
    after, file, whole = await store.read(rig.kept), path.read_bytes(), log.read_bytes()
    # The last transaction's frames may lie over older ones: where it ends is what SQLite marks as a commit.
    ends = decrypted.commits(whole)
    assert ends[-1] == len(whole)
    assert begins in ends
    await store.checkpoint()
    copied = path.read_bytes()
    await store.close()
    return Disk(file, whole, begins, before, after, copied)


class Recovered:
    """Opens what is left of a disk, and says which state it is in."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._path = folder / "gleanwatch.db"
        self._disk = disk
        self.found: collections.Counter[str] = collections.Counter()

    def left(self, log: bytes, file: bytes | None = None) -> str:
        """Return `before` or `after`; anything else fails."""
        self.lay(log, file)
        conn = rig.keyed(self._path)
        try:
            rows = rig.kept(conn)
            state = "before" if rows == self._disk.before else "after" if rows == self._disk.after else "neither"
            if state == "neither" or not self.found[state]:
                # Equal rows verify equally: each state once is enough.
                conn.execute("BEGIN")
                found = verify(conn, every_checkpoint=True)
                assert found.ok, found.problems[:3]
                conn.execute("COMMIT")
        finally:
            conn.close()
        self.found[state] += 1
        return state

    def lay(self, log: bytes, file: bytes | None = None) -> Path:
        """Put file and log there, as if the computer had just started."""
        self._path.write_bytes(self._disk.file if file is None else file)
        self._path.with_name(f"{self._path.name}-wal").write_bytes(log)
        self._path.with_name(f"{self._path.name}-shm").unlink(missing_ok=True)
        return self._path


@pytest.fixture
def recovered(tmp_path: Path, disk: Disk) -> Recovered:
    return Recovered(tmp_path, disk)


def cuts(disk: Disk) -> Iterable[int]:
    """Return where the log is cut: every byte of the last transaction, or those where something changes and a few."""
    if FULL:
        return range(disk.begins, len(disk.log))
    frame = 24 + decrypted.PAGE
    near = {
        at + beside
        for at in range(disk.begins, len(disk.log) + 1, frame)
        for beside in (-SECTOR, -1, 0, 1, 23, 24, 25, SECTOR)
    }
    between = random.Random("cuts").sample(range(disk.begins, len(disk.log)), SAMPLE)
    return sorted(at for at in {*near, *between} if disk.begins <= at < len(disk.log))


@pytest.mark.timeout(1800)
def test_cut_at_every_byte_of_the_last_transaction(disk: Disk, recovered: Recovered) -> None:
    assert recovered.left(disk.log) == "after"
    for cut in cuts(disk):
        assert recovered.left(disk.log[:cut]) == "before", cut
    print(f"{len(disk.log) - disk.begins} bytes of the last transaction: {dict(recovered.found)}")


def test_a_tail_of_zeros_or_rubbish(disk: Disk, recovered: Recovered) -> None:
    chance = random.Random("tails")
    for _ in range(SAMPLE):
        cut = chance.randrange(disk.begins, len(disk.log))
        length = len(disk.log) - cut
        assert recovered.left(disk.log[:cut] + bytes(length)) == ("before" if any(disk.log[cut:]) else "after")
        assert recovered.left(disk.log[:cut] + chance.randbytes(length)) == "before"


def test_sectors_that_never_reached_the_disk(disk: Disk, recovered: Recovered) -> None:
    """Sectors are written in any order: some of the last transaction are missing, later ones are there."""
    chance = random.Random("sectors")
    for _ in range(SAMPLE):
        log = bytearray(disk.log)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(disk.begins, len(log))
            end = min(len(log), at - at % SECTOR + SECTOR)
            log[at:end] = bytes(end - at)
        assert recovered.left(bytes(log)) == ("before" if bytes(log) != disk.log else "after")


def test_the_file_half_copied_from_the_log(disk: Disk, recovered: Recovered) -> None:
    """While the log is copied into the file, any sectors of the file may be old or new: the log has them all."""
    chance = random.Random("copying")
    assert disk.copied != disk.file
    for _ in range(SAMPLE):
        file = bytearray(disk.file.ljust(len(disk.copied), b"\0"))
        for at in range(0, len(file), SECTOR):
            if chance.random() < 0.5:
                file[at : at + SECTOR] = disk.copied[at : at + SECTOR]
        assert recovered.left(disk.log, bytes(file)) == "after"


async def test_the_agent_goes_on_from_what_was_left(disk: Disk, recovered: Recovered) -> None:
    for cut in (disk.begins, disk.begins + 1, len(disk.log) - 1, len(disk.log)):
        store = open_store(recovered.lay(disk.log[:cut]), rig.KEY, rig.ManualClock())
        before = await store.read(lambda conn: conn.execute("SELECT max(entry) FROM ledger_entry").get)
        assert await rig.noted(store, "agent-start", rig.T0 + 99_000, {}) == before + 1
        found = await store.read(lambda conn: verify(conn, every_checkpoint=True))
        await store.close()
        assert found.ok, found.problems


def test_a_flipped_bit_in_the_log_ends_it_there(disk: Disk, recovered: Recovered) -> None:
    """What lay in the log behind it is gone as if it had not been: a rollback, which only a witness sees."""
    at = disk.begins + 24 + 100
    log = bytearray(disk.log)
    log[at] ^= 1
    assert recovered.left(bytes(log)) == "before"
