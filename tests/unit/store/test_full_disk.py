"""A disk without room, for real: a small file system in memory that is filled to the brim."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from agent.model.ports import Clock
from agent.store import counters
from agent.store.audit import verify
from agent.store.database import Store, StoreFull, open_store


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes; skipped where we may not mount one."""
    if sys.platform != "linux" or shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("a full disk needs a file system of our own: Linux, root")
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "gleanwatch-test", str(place)],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"no file system of our own: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path, leave: int) -> Path:
    """Take all the room but `leave` bytes; removing the returned file gives it back."""
    ballast = place / "ballast"
    state = os.statvfs(place)
    ballast.write_bytes(bytes(state.f_bavail * state.f_frsize - leave))
    return ballast


def add_many(tx: apsw.Connection, prefix: str, rows: int) -> None:
    tx.executemany("INSERT INTO counter VALUES (?, 1)", [(f"{prefix} {n} {'x' * 900}",) for n in range(rows)])


async def names(store: Store) -> set[str]:
    return {name.split()[0] for name in await store.read(counters.all_counters)}


async def test_only_what_does_not_fit_is_refused_and_the_writer_goes_on(
    small_disk: Path, key: bytes, clock: Clock
) -> None:
    path = small_disk / "gleanwatch.db"
    store = open_store(path, key, clock)
    await store.write(lambda tx: counters.add(tx, "before"))
    ballast = fill(small_disk, 300_000)
    # One group: they share a transaction until the big one breaks it.
    first = store.write(lambda tx: counters.add(tx, "small1"))
    huge = store.write(lambda tx: add_many(tx, "huge", 2000))
    last = store.write(lambda tx: counters.add(tx, "small2"))
    results = await asyncio.gather(first, huge, last, return_exceptions=True)
    assert isinstance(results[1], StoreFull)
    assert "Free some space" in str(results[1])
    assert (results[0], results[2]) == (None, None)
    assert await names(store) == {"before", "small1", "small2"}

    ballast.unlink()
    await store.write(lambda tx: counters.add(tx, "after"))
    await store.close()
    again = open_store(path, key, clock)
    assert await names(again) == {"before", "small1", "small2", "after"}
    await again.close()


async def test_filled_to_the_brim_it_keeps_what_it_acknowledged(small_disk: Path, key: bytes, clock: Clock) -> None:
    path = small_disk / "gleanwatch.db"
    store = open_store(path, key, clock)
    ballast = fill(small_disk, 400_000)
    acknowledged = set()
    refused = 0
    for number in range(1000):
        try:
            await store.write(lambda tx, number=number: add_many(tx, f"n{number}", 1))
        except StoreFull:
            refused += 1
            if refused == 5:
                break
        else:
            acknowledged.add(f"n{number}")
    assert refused == 5
    assert acknowledged
    assert await names(store) == acknowledged
    ballast.unlink()
    await store.write(lambda tx: counters.add(tx, "after"))
    await store.close()
    again = open_store(path, key, clock)
    assert await names(again) == acknowledged | {"after"}
    await again.close()


async def test_no_room_for_a_new_database_is_said_and_leaves_nothing_half_made(
    small_disk: Path, key: bytes, clock: Clock
) -> None:
    path = small_disk / "gleanwatch.db"
    ballast = fill(small_disk, 8192)
    with pytest.raises(StoreFull):
        open_store(path, key, clock)
    ballast.unlink()
    store = open_store(path, key, clock)
    await store.write(lambda tx: counters.add(tx, "after"))
    await store.close()


async def test_a_disk_that_fills_in_mid_append_leaves_a_ledger_that_holds(
    small_disk: Path, key: bytes, clock: Clock
) -> None:
    """What was acknowledged is in the ledger, what was refused is not, and the next entry follows the last."""
    path = small_disk / "gleanwatch.db"
    store = open_store(path, key, clock)

    def append(tx: apsw.Connection) -> int:
        return store.ledger.append(tx, "policy", 1, {"x": "y" * 3000})

    ballast = fill(small_disk, 300_000)
    acknowledged: list[int] = []
    refused = 0
    for _ in range(2000):
        try:
            acknowledged.append(await store.write(append))
        except StoreFull as full:
            assert "this was not stored" in str(full)
            refused += 1
            if refused == 5:
                break
    assert refused == 5
    assert acknowledged == list(range(len(acknowledged)))
    ballast.unlink()
    assert await store.write(append) == len(acknowledged)
    found = await store.read(lambda conn: verify(conn, every_checkpoint=True))
    assert found.ok, found.problems
    assert found.entries == len(acknowledged) + 1
    await store.close()
