"""The store tried out: what works, what is broken for real, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from pathlib import Path

import pytest

from agent.store import counters, selfcheck
from agent.store.database import Store
from agent.store.selfcheck import Tried, try_out


async def tried(store: Store, key_file: Path | None = None) -> dict[str, Tried]:
    return {one.what: one async for one in try_out(store, key_file or store.path.parent / "none", os.getuid())}


async def test_a_whole_store_passes_everything(store: Store, path: Path) -> None:
    path.parent.chmod(0o700)
    found = await tried(store)
    assert list(found) == ["write", "pages", "room", "rights"]
    assert all(one.ok for one in found.values()), found


async def test_nothing_is_left_behind(store: Store, path: Path) -> None:
    await store.checkpoint()
    before = {file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith("-shm")}
    kept = await store.read(counters.all_counters)
    await tried(store)
    assert await store.read(counters.all_counters) == kept
    assert {f.name: f.read_bytes() for f in path.parent.iterdir() if not f.name.endswith("-shm")} == before


async def test_it_does_not_undo_what_is_written_beside_it(store: Store) -> None:
    both = [store.write(lambda tx, n=n: counters.add(tx, f"beside.{n}")) for n in range(20)]
    found = await tried(store)
    for one in both:
        await one
    assert found["write"].ok
    assert len(await store.read(counters.all_counters)) == 20


async def test_a_page_that_was_damaged_under_a_running_agent_is_found(store: Store, path: Path) -> None:
    """Pages that SQLite holds in memory are fine: what counts is what a later start would read."""
    await store.write(lambda tx: [counters.add(tx, f"{n} {'x' * 900}") for n in range(400)] and None)
    await store.checkpoint()
    assert (await tried(store))["pages"].ok
    whole = bytearray(path.read_bytes())
    for at in range(4096 * 3, len(whole), 4096):
        whole[at + 100] ^= 0xFF
    with path.open("r+b") as file:
        file.write(whole)
    found = (await tried(store))["pages"]
    assert not found.ok
    assert found.do == selfcheck.SET_ASIDE


async def test_reading_every_page_holds_nobody_up(store: Store) -> None:
    go_on = threading.Event()
    busy = store.read(lambda _tx: go_on.wait(30))  # the one reader that every page shares
    try:
        assert (await tried(store))["pages"].ok
        assert not busy.done()
    finally:
        go_on.set()
    await busy


@pytest.mark.parametrize("name", ["gleanwatch.db", "gleanwatch.db-wal", "gleanwatch.key"])
async def test_a_file_that_others_may_read_is_named_with_the_command_that_closes_it(
    store: Store, path: Path, name: str
) -> None:
    path.parent.chmod(0o700)
    key_file = path.parent / "gleanwatch.key"
    key_file.touch(mode=0o600)
    await store.write(lambda tx: counters.add(tx, "one"))
    (path.parent / name).chmod(0o644)
    found = (await tried(store, key_file))["rights"]
    assert not found.ok
    assert name in found.said
    mending = await asyncio.create_subprocess_shell(found.do)  # the very words that the person is told
    assert await mending.wait() == 0
    assert (await tried(store, key_file))["rights"].ok


async def test_little_room_is_told_before_it_is_none(store: Store, path: Path) -> None:
    free = shutil.disk_usage(path.parent).free

    async def room(**limits: int) -> Tried:
        found = [one async for one in try_out(store, path, os.getuid(), **limits)]
        return next(one for one in found if one.what == "room")

    scarce = await room(scarce_room=free * 2)
    assert (scarce.ok, scarce.scarce, bool(scarce.do)) == (True, True, True)
    assert not (await room(least_room=free * 2)).ok
