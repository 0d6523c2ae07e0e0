"""The database as a whole: encrypted, one writer, each write all or nothing, every failure in words."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
import threading
from pathlib import Path

import apsw
import pytest

from agent.model.ports import Clock
from agent.store import counters, schema
from agent.store.database import (
    MAX_GROUP,
    Store,
    StoreClosed,
    StoreCorrupt,
    StoreError,
    StoreKeyWrong,
    StoreNewer,
    open_store,
    set_aside,
)


async def filled(path: Path, key: bytes, clock: Clock) -> None:
    """Leave a closed database with some rows behind."""
    store = open_store(path, key, clock)
    for number in range(300):
        await store.write(lambda tx, number=number: counters.add(tx, f"counter {number}", number))
    await store.close()


async def test_nothing_on_the_disk_can_be_read_without_the_key(store: Store, path: Path) -> None:
    word = "a-word-to-look-for"
    await store.write(lambda tx: counters.add(tx, word))
    for file in path.parent.iterdir():
        content = file.read_bytes()
        assert word.encode() not in content, file.name
        assert not content.startswith(b"SQLite format 3"), file.name
    await store.close()
    content = path.read_bytes()
    assert len(content) > 4096
    assert b"SQLite format 3" not in content
    assert word.encode() not in content
    plain = sqlite3.connect(path)
    with pytest.raises(sqlite3.DatabaseError):
        plain.execute("SELECT * FROM counter")
    plain.close()


@pytest.mark.skipif(sys.platform == "win32", reason="rights are not kept in a mode on Windows")
async def test_files_are_the_owners_alone(store: Store, path: Path) -> None:
    await store.write(lambda tx: counters.add(tx, "one"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert set(modes) >= {path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-key"}
    assert set(modes.values()) == {0o600}


async def test_it_is_written_the_way_durability_needs(store: Store) -> None:
    def settings(tx: apsw.Connection) -> dict[str, object]:
        return {name: tx.pragma(name) for name in ("journal_mode", "synchronous", "secure_delete", "cipher")}

    assert await store.write(settings) == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "cipher": "chacha20",
    }


async def test_what_was_written_is_there_after_closing(path: Path, key: bytes, clock: Clock) -> None:
    await filled(path, key, clock)
    again = open_store(path, key, clock)
    found = await again.read(counters.all_counters)
    await again.close()
    assert found == {f"counter {number}": number for number in range(300)}


async def test_closing_finishes_what_was_submitted(path: Path, key: bytes, clock: Clock) -> None:
    store = open_store(path, key, clock)
    waiting = [store.write(lambda tx: counters.add(tx, "n")) for _ in range(MAX_GROUP * 2 + 3)]
    await store.close()
    await asyncio.gather(*waiting)
    assert not path.with_name(f"{path.name}-wal").exists()
    with pytest.raises(StoreClosed):
        store.write(lambda tx: counters.add(tx, "n"))
    with pytest.raises(StoreClosed):
        store.read(counters.all_counters)
    await store.close()
    again = open_store(path, key, clock)
    assert await again.read(counters.all_counters) == {"n": MAX_GROUP * 2 + 3}
    await again.close()


async def test_writes_happen_in_the_order_they_were_asked_for(store: Store) -> None:
    order: list[int] = []
    await asyncio.gather(*(store.write(lambda _tx, n=n: order.append(n)) for n in range(2000)))
    assert order == list(range(2000))


async def test_a_failing_write_undoes_only_its_own_part(store: Store) -> None:
    def fails(tx: apsw.Connection) -> None:
        counters.add(tx, "undone")
        raise ValueError("mine")

    waiting = []
    for _ in range(50):
        waiting += [
            store.write(lambda tx: counters.add(tx, "kept")),
            store.write(fails),
            store.write(lambda tx: tx.execute("INSERT INTO counter VALUES (NULL, 'not a number')")),
        ]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert results[0::3] == [None] * 50
    assert [(type(result), str(result)) for result in results[1::3]] == [(ValueError, "mine")] * 50
    assert all(isinstance(result, apsw.ConstraintError) for result in results[2::3])
    assert await store.read(counters.all_counters) == {"kept": 50}


async def test_giving_up_waiting_does_not_disturb_the_others(store: Store) -> None:
    given_up = store.write(lambda tx: counters.add(tx, "given up"))
    given_up.cancel()
    await store.write(lambda tx: counters.add(tx, "kept"))
    assert (await store.read(counters.all_counters))["kept"] == 1


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError):
        await store.read(lambda conn: counters.add(conn, "sneaked in"))
    assert await store.read(counters.all_counters) == {}


async def test_a_read_sees_one_state_while_writes_go_on(store: Store) -> None:
    """Two counters that are always raised together are never seen apart."""

    def both(tx: apsw.Connection) -> None:
        counters.add(tx, "left")
        counters.add(tx, "right")

    def look(conn: apsw.Connection) -> tuple[int, int]:
        return (
            int(conn.execute("SELECT value FROM counter WHERE name = 'left'").get or 0),
            int(conn.execute("SELECT value FROM counter WHERE name = 'right'").get or 0),
        )

    writes = [store.write(both) for _ in range(300)]
    reads = [store.read(look) for _ in range(300)]
    await asyncio.gather(*writes)
    assert all(left == right for left, right in await asyncio.gather(*reads))


async def test_the_log_is_emptied_when_asked(store: Store, path: Path) -> None:
    await store.write(lambda tx: counters.add(tx, "one"))
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    await store.checkpoint()
    assert path.with_name(f"{path.name}-wal").stat().st_size == 0


async def test_a_survey_sees_one_state_while_others_read_and_write(store: Store) -> None:
    await store.write(lambda tx: counters.add(tx, "one"))
    begun, go_on = threading.Event(), threading.Event()

    def look(conn: apsw.Connection) -> tuple[dict[str, int], dict[str, int]]:
        first = counters.all_counters(conn)
        begun.set()
        go_on.wait(30)
        return dict(first), dict(counters.all_counters(conn))

    survey = asyncio.ensure_future(store.survey(look))
    await asyncio.to_thread(begun.wait, 30)
    await store.write(lambda tx: counters.add(tx, "one"))
    assert await store.read(counters.all_counters) == {"one": 2}
    go_on.set()
    assert await survey == ({"one": 1}, {"one": 1})


async def test_a_survey_cannot_write_and_what_fails_in_it_reaches_who_asked(store: Store) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        await store.survey(lambda tx: counters.add(tx, "one"))
    assert await store.survey(lambda tx: tx.execute("SELECT 7").get) == 7


async def test_the_log_is_emptied_after_a_survey_that_still_needs_it(store: Store, path: Path) -> None:
    """What was erased is gone from the disk when `checkpoint` says so, whoever was verifying meanwhile."""
    begun, go_on = threading.Event(), threading.Event()

    def look(conn: apsw.Connection) -> None:
        counters.all_counters(conn)
        begun.set()
        go_on.wait(30)

    gone = asyncio.ensure_future(store.survey(look))
    await asyncio.to_thread(begun.wait, 30)
    gone.cancel()  # who asked went away; the thread goes on
    await store.write(lambda tx: counters.add(tx, "one"))
    emptied = asyncio.ensure_future(store.checkpoint())
    await store.write(lambda tx: counters.add(tx, "two"))
    assert not emptied.done()
    go_on.set()
    await emptied
    assert path.with_name(f"{path.name}-wal").stat().st_size == 0


async def test_closing_ends_a_survey(store: Store) -> None:
    begun = threading.Event()

    def endless(conn: apsw.Connection) -> None:
        begun.set()
        conn.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        ).fetchall()

    survey = asyncio.ensure_future(store.survey(endless))
    await asyncio.to_thread(begun.wait, 30)
    await store.close()
    with pytest.raises(StoreClosed):
        await survey
    with pytest.raises(StoreClosed):
        await store.survey(counters.all_counters)


async def test_the_log_does_not_grow_without_bound(store: Store, path: Path) -> None:
    """Thousands of commits write many times what the log may hold."""
    for _ in range(40):
        await asyncio.gather(*(store.write(lambda tx: tx.execute("DELETE FROM counter")) for _ in range(3)))
        for batch in range(10):
            await store.write(
                lambda tx, batch=batch: tx.executemany(
                    "INSERT OR REPLACE INTO counter VALUES (?, 1)", [(f"{batch} {n} {'x' * 200}",) for n in range(60)]
                )
            )
    assert path.with_name(f"{path.name}-wal").stat().st_size < 16_777_216


async def test_a_wrong_key_is_told_from_a_damaged_file(path: Path, key: bytes, clock: Clock) -> None:
    await filled(path, key, clock)
    before = path.read_bytes()
    with pytest.raises(StoreKeyWrong, match=r"not the one that gleanwatch\.db was made with"):
        open_store(path, bytes(32), clock)
    assert path.read_bytes() == before
    again = open_store(path, key, clock)
    await again.close()


async def test_a_wrong_key_opens_nothing_even_without_its_check_value(path: Path, key: bytes, clock: Clock) -> None:
    await filled(path, key, clock)
    path.with_name(f"{path.name}-key").unlink()
    with pytest.raises(StoreError):
        open_store(path, bytes(32), clock)
    again = open_store(path, key, clock)
    assert len(await again.read(counters.all_counters)) == 300
    await again.close()


def test_a_key_of_the_wrong_length_is_refused(path: Path, clock: Clock) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        open_store(path, b"short", clock)
    assert not path.exists()


@pytest.mark.parametrize("where", ["first page", "middle", "cut short", "not a database"])
async def test_a_damaged_file_is_named_as_such_and_kept(where: str, path: Path, key: bytes, clock: Clock) -> None:
    await filled(path, key, clock)
    content = bytearray(path.read_bytes())
    if where == "first page":
        content[40:80] = bytes(40)
    elif where == "middle":
        for start in range(4096 + 100, len(content), 4096):
            content[start : start + 40] = bytes(40)
    elif where == "cut short":
        del content[len(content) // 2 :]
    else:
        content[:] = b"this was a database once\n" * 1000
    path.write_bytes(content)
    with pytest.raises(StoreCorrupt, match="damaged"):
        open_store(path, key, clock)
    assert path.read_bytes() == content

    kept = set_aside(path, clock)
    assert kept.read_bytes() == content
    assert not path.exists()
    fresh = open_store(path, key, clock)
    await fresh.write(lambda tx: counters.add(tx, "fresh"))
    assert await fresh.read(counters.all_counters) == {"fresh": 1}
    await fresh.close()


async def test_setting_aside_twice_keeps_both(path: Path, key: bytes, clock: Clock) -> None:
    path.write_bytes(b"first")
    first = set_aside(path, clock)
    path.write_bytes(b"second")
    second = set_aside(path, clock)
    assert (first.read_bytes(), second.read_bytes()) == (b"first", b"second")


async def test_damage_met_while_running_is_said_and_the_writer_goes_on(path: Path, key: bytes, clock: Clock) -> None:
    await filled(path, key, clock)
    store = open_store(path, key, clock)

    def meet_damage(_tx: apsw.Connection) -> None:
        raise apsw.CorruptError("as SQLite says it")

    with pytest.raises(StoreCorrupt):
        await store.write(meet_damage)
    await store.write(lambda tx: counters.add(tx, "counter 1"))
    await store.close()


async def test_a_database_of_a_later_release_is_refused_untouched(path: Path, key: bytes, clock: Clock) -> None:
    store = open_store(path, key, clock)
    await store.write(lambda tx: counters.add(tx, "one"))
    await store.write(lambda tx: tx.execute(f"PRAGMA user_version = {schema.VERSION + 1}").fetchall())
    await store.close()
    before = path.read_bytes()
    with pytest.raises(StoreNewer, match="later release"):
        open_store(path, key, clock)
    assert path.read_bytes() == before


async def test_a_missing_folder_is_said_in_words(tmp_path: Path, key: bytes, clock: Clock) -> None:
    with pytest.raises(StoreError, match="could not be"):
        open_store(tmp_path / "nowhere" / "gleanwatch.db", key, clock)
