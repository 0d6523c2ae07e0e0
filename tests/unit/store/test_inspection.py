"""Looking into the database: counts are right, rows come as they are stored, secrets never come at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw
import pytest

from agent.model.events import PageLoad
from agent.model.face import FindingFilter, KeptTable
from agent.model.findings import Finding, Level, Stage
from agent.model.ports import Clock
from agent.store import erasure, findings, inspection, ledger, page_loads, pauses, retention, schema
from agent.store.database import Store, open_store
from agent.store.retention import Limits

LIMITS = Limits()
FINDING = Finding("f1", "scrapy", "Scrapy", "scraper-framework", Stage.RUNNING, 0.5, Level.LOW, False, (), 1, 2, 1)


def by_counting(conn: apsw.Connection) -> dict[str, int]:
    return {table: conn.execute(f"SELECT count(*) FROM {table}").get for table in schema.FIELDS}


async def fill(store: Store, page_load: Callable[..., PageLoad]) -> None:
    await store.write(
        lambda tx: page_loads.append(tx, "a" * 22, [page_load(n, at=n * 1000) for n in range(1, 8)], 7, 1)
    )
    await store.write(lambda tx: findings.save(tx, FINDING))
    await store.write(lambda tx: pauses.change(tx, (1000, 2000), None, 1500))
    for n in range(3):
        await store.write(partial(store.ledger.append, kind="gate", at=n, content={"n": n}))


async def test_how_much_is_kept_is_what_counting_every_row_gives(
    store: Store, page_load: Callable[..., PageLoad]
) -> None:
    await fill(store, page_load)
    kept = await store.read(lambda tx: inspection.kept(tx, LIMITS))
    assert {one.table: one.rows for one in kept} == await store.read(by_counting)
    (loads,) = [one for one in kept if one.table == "page_load"]
    assert (loads.rows, loads.oldest, loads.next_deletion) == (7, 1000, 1000 + LIMITS.observations_ms)
    assert loads.keeps_ms == LIMITS.observations_ms


COUNTED = ("ledger_content", "ledger_cosignature", "act", "gate")
COUNTED_BY = {
    "page_load": {"page_load", "page_quarter"},
    "page_quarter": {"page_quarter", "page_load"},
    **{table: {table, "row_count"} for table in COUNTED},
}
"""Tables whose page looks into another: one counts the other, and goes when that one goes."""


@pytest.mark.parametrize("table", schema.FIELDS)
async def test_what_one_table_holds_is_told_without_looking_into_the_others(
    store: Store, page_load: Callable[..., PageLoad], table: str
) -> None:
    await fill(store, page_load)
    looked_into = set()

    def look(conn: apsw.Connection) -> KeptTable:
        def note(action: int, name: str | None, *_rest: str | None) -> int:
            if action == apsw.SQLITE_READ:
                looked_into.add(name)
            return apsw.SQLITE_OK

        conn.authorizer = note
        return inspection.kept_in(conn, table, LIMITS)

    told = await store.survey(look)  # a connection of its own: no statement is prepared yet
    assert looked_into <= COUNTED_BY.get(table, {table})
    assert told in await store.read(lambda tx: inspection.kept(tx, LIMITS))


def put(tx: apsw.Connection, first: int, many: int) -> None:
    """Rows of the tables that grow with the ledger, as they lie there; what they say does not matter here."""
    for n in range(first, first + many):
        tx.execute("INSERT INTO ledger_content VALUES (?, x'00', x'00', x'00')", (n,))
        tx.execute("INSERT OR REPLACE INTO ledger_cosignature VALUES (1, ?, 'w', 'line')", (n,))
        tx.execute("INSERT INTO gate VALUES (?, 'detect', 'open', 0, NULL, '')", (n,))
        tx.execute("INSERT INTO act VALUES (?, '', '', 0, '', '', '', '', NULL, '', NULL, '', '')", (n,))


def real_counts(conn: apsw.Connection) -> dict[str, int]:
    return {table: conn.execute(f"SELECT count(*) FROM {table}").get for table in COUNTED}


def kept_counts(conn: apsw.Connection) -> dict[str, int]:
    return {str(name): int(count) for name, count in conn.execute("SELECT name, count FROM row_count")}


async def test_the_counts_are_the_real_ones_whatever_is_stored_replaced_deleted_or_undone(store: Store) -> None:
    await store.write(lambda tx: put(tx, 1000, 5))
    again = "INSERT OR REPLACE INTO ledger_cosignature VALUES (1, 1000, 'w', 'another line')"
    await store.write(lambda tx: tx.execute(again))
    for table, place in zip(COUNTED, ("entry", "size", "entry", "entry"), strict=True):
        await store.write(partial(apsw.Connection.execute, statements=f"DELETE FROM {table} WHERE {place} = 1003"))

    def undone(tx: apsw.Connection) -> None:
        put(tx, 2000, 3)
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(undone)
    assert set((await store.read(kept_counts)).values()) >= {4}
    assert await store.read(kept_counts) == await store.read(real_counts)


@pytest.mark.parametrize("table", [*COUNTED, "ledger_entry", "ledger_checkpoint", "page_load"])
async def test_saying_how_much_is_kept_takes_no_longer_when_more_is(
    store: Store, page_load: Callable[..., PageLoad], table: str
) -> None:
    def steps(conn: apsw.Connection) -> int:
        taken = 0

        def one_more() -> bool:
            nonlocal taken
            taken += 1
            return False

        conn.set_progress_handler(one_more, 1)
        inspection.kept_in(conn, table, LIMITS)
        conn.set_progress_handler(None)
        return taken

    await fill(store, page_load)
    await store.write(lambda tx: put(tx, 1000, 10))
    before = await store.read(steps)
    await store.write(lambda tx: put(tx, 2000, 300))
    await store.write(lambda tx: page_loads.append(tx, "a" * 22, [page_load(n, at=n) for n in range(8, 300)], 299, 1))
    for n in range(20):
        await store.write(partial(store.ledger.append, kind="gate", at=n, content={"n": n}))
    assert await store.read(steps) <= before + 5


async def test_a_database_of_the_release_before_gets_its_counts(tmp_path: Path, key: bytes, clock: Clock) -> None:
    path = tmp_path / "before.db"
    old = apsw.Connection(str(path))
    for statement in ("PRAGMA cipher = 'chacha20'", f"PRAGMA key = 'raw:{key.hex()}'"):
        old.execute(statement).fetchall()
    uncounted = next(version for version, sql in schema.MIGRATIONS if "CREATE TABLE row_count" in sql)
    for version, sql in schema.MIGRATIONS:
        if version < uncounted:
            old.execute(sql).fetchall()
            old.execute("INSERT INTO migration VALUES (?, 1)", (version,))
            old.execute(f"PRAGMA user_version = {version}")
    put(old, 1000, 7)
    old.close()
    store = open_store(path, key, clock)
    assert set((await store.read(kept_counts)).values()) == {7}
    await store.write(lambda tx: put(tx, 2000, 2))
    assert await store.read(kept_counts) == await store.read(real_counts) == dict.fromkeys(COUNTED, 9)
    await store.close()


@pytest.mark.parametrize("table", retention.RULES)
async def test_what_the_page_says_is_when_the_sweep_deletes(
    store: Store, page_load: Callable[..., PageLoad], table: str
) -> None:
    await fill(store, page_load)
    await store.write(lambda tx: findings.save(tx, dataclasses.replace(FINDING, id="closed", closed_at=77)))
    if table == "client":  # stays while its page loads do
        await store.write(erasure.page_loads)
        assert await store.write(erasure.page_loads_part)

    async def told() -> KeptTable:
        return await store.read(lambda tx: inspection.kept_in(tx, table, LIMITS))

    before = await told()
    assert before.next_deletion is not None
    await store.write(lambda tx: retention.sweep(tx, (before.next_deletion or 0) - 1, LIMITS))
    assert await told() == before
    await store.write(lambda tx: retention.sweep(tx, before.next_deletion or 0, LIMITS))
    assert (await told()).rows == before.rows - 1


async def test_an_empty_database_has_nothing_that_waits(store: Store) -> None:
    for one in await store.read(lambda tx: inspection.kept(tx, LIMITS)):
        assert one.next_deletion is None, one.table


async def test_no_secret_and_nothing_sealed_ever_comes(store: Store, page_load: Callable[..., PageLoad]) -> None:
    await fill(store, page_load)
    seed = await store.read(lambda tx: tx.execute("SELECT seed FROM ledger_key").get)
    (told,) = await store.read(lambda tx: inspection.latest(tx, "ledger_key", 9))
    assert told == {"id": 1, "seed": len(seed)}
    rows = await store.read(lambda tx: inspection.latest(tx, "ledger_content", 9))
    real = await store.read(lambda tx: tx.execute("SELECT entry, key, salt, sealed FROM ledger_content").fetchall())
    assert rows == [
        {"entry": entry, "key": len(key), "salt": len(salt), "sealed": len(sealed)}
        for entry, key, salt, sealed in reversed(real)
    ]
    for table in schema.FIELDS:
        for row in await store.read(partial(inspection.latest, table=table, limit=99)):
            assert not any(isinstance(value, bytes) for value in row.values()), table


async def test_what_is_text_comes_as_text(store: Store, page_load: Callable[..., PageLoad]) -> None:
    await fill(store, page_load)
    newest = (await store.read(lambda tx: inspection.latest(tx, "ledger_entry", 1)))[0]
    assert '"kind":"gate"' in str(newest["bytes"])
    state = (await store.read(lambda tx: inspection.latest(tx, "ledger_checkpoint", 1)))[0]
    assert str(state["note"]).startswith("gleanwatch.localhost/")


async def test_the_newest_rows_come_first_and_no_more_than_asked(
    store: Store, page_load: Callable[..., PageLoad]
) -> None:
    await fill(store, page_load)
    rows = await store.read(lambda tx: inspection.latest(tx, "page_load", 3))
    assert [row["seq"] for row in rows] == [7, 6, 5]
    assert set(rows[0]) == set(schema.FIELDS["page_load"])


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_part_by_part_is_all_of_it_once(store: Store, page_load: Callable[..., PageLoad], size: int) -> None:
    await fill(store, page_load)
    counts = await store.read(by_counting)
    for table in schema.FIELDS:
        seen: list[inspection.Row] = []
        after: tuple[str | int, ...] = ()
        while True:
            part = await store.read(partial(inspection.rows, table=table, after=after, limit=size))
            seen += part.rows
            after = part.last
            if not after:
                break
        assert len(seen) == counts[table], table
        keys = [tuple(row[name] for name in inspection.TABLES[table].key) for row in seen]
        assert keys == sorted(set(keys)), table


async def test_what_is_no_table_is_refused(store: Store) -> None:
    for name in ("sqlite_schema", "page_load; DROP TABLE act", ""):
        with pytest.raises(ValueError, match="no such table"):
            await store.read(partial(inspection.latest, table=name, limit=1))
    with pytest.raises(ValueError, match="does not fit its key"):
        await store.read(lambda tx: inspection.rows(tx, "page_load", (1, 2), 1))


def every_filter(conn: apsw.Connection, now: int) -> dict[FindingFilter, set[str]]:
    return {one: {f.id for f in findings.page(conn, one, 0, 99, now).found} for one in FindingFilter}


async def test_each_filter_of_findings_finds_what_it_says_and_counts_it(store: Store) -> None:
    warned = dataclasses.replace(FINDING, flagged=True, level=Level.HIGH)
    for one in (
        dataclasses.replace(warned, id="asks"),
        dataclasses.replace(warned, id="answered", answer="stopped"),
        dataclasses.replace(warned, id="approved", approved_until=1000),
        dataclasses.replace(warned, id="closed", closed_at=5),
        dataclasses.replace(FINDING, id="weak"),
        dataclasses.replace(FINDING, id="installed", stage=Stage.INSTALLED),
        dataclasses.replace(FINDING, id="hidden", level=Level.HIDDEN),
        dataclasses.replace(FINDING, id="own-rule", level=Level.HIDDEN, flagged=True, answer="approved"),
    ):
        await store.write(partial(findings.save, finding=one))
    found = await store.read(lambda tx: every_filter(tx, 999))
    assert found == {
        FindingFilter.ASKS: {"asks"},
        FindingFilter.FLAGGED: {"asks", "answered", "closed", "own-rule"},
        FindingFilter.OPEN: {"asks", "answered", "approved", "weak", "own-rule"},
        FindingFilter.INSTALLED: {"installed"},
        FindingFilter.CLOSED: {"closed"},
        FindingFilter.ALL: {"asks", "answered", "approved", "closed", "weak", "installed", "own-rule"},
    }
    page = await store.read(lambda tx: findings.page(tx, FindingFilter.ALL, 0, 99, 999))
    assert page.counts == {one: len(ids) for one, ids in found.items()}
    # An approval that has ended approves nothing any more.
    assert "approved" in (await store.read(lambda tx: every_filter(tx, 1000)))[FindingFilter.ASKS]


async def test_findings_come_newest_first_a_page_at_a_time(store: Store) -> None:
    for n in range(7):
        one = dataclasses.replace(FINDING, id=f"f{n}", last_seen=n)
        await store.write(partial(findings.save, finding=one))
    pages = [
        await store.read(partial(findings.page, which=FindingFilter.ALL, offset=start, limit=3, now=0))
        for start in (0, 3, 6, 9)
    ]
    assert [[f.id for f in page.found] for page in pages] == [["f6", "f5", "f4"], ["f3", "f2", "f1"], ["f0"], []]
    assert {page.total for page in pages} == {7}


async def test_a_finding_that_nobody_ever_stored_makes_an_empty_page(store: Store) -> None:
    page = await store.read(lambda tx: findings.page(tx, FindingFilter.ASKS, 0, 25, 0))
    assert (page.found, page.total, set(page.counts.values())) == ((), 0, {0})


async def test_the_newest_signed_states_come_first_with_their_times(
    store: Store, page_load: Callable[..., PageLoad]
) -> None:
    await fill(store, page_load)
    states = await store.read(lambda tx: ledger.latest_checkpoints(tx, 2))
    assert [state.number for state in states] == [states[0].number, states[0].number - 1]
    assert states[0].size == await store.read(ledger.entry_count)
    assert states[0].at == 2
    assert str(states[0].size) in states[0].note.splitlines()
