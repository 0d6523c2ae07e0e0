"""The schema: migrations only go forward, and every column is described in plain words."""

from __future__ import annotations

from pathlib import Path

import apsw

from agent.model.ports import Clock
from agent.store import schema
from agent.store.database import Store, open_store


def live_columns(conn: apsw.Connection) -> dict[str, list[str]]:
    tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {
        table: [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
        for table in tables
        if not table.startswith("sqlite_")
    }


async def test_every_column_of_the_live_database_is_described(store: Store) -> None:
    live = await store.read(live_columns)
    assert {table: sorted(columns) for table, columns in live.items()} == {
        table: sorted(fields) for table, fields in schema.FIELDS.items()
    }


def test_descriptions_are_sentences() -> None:
    for table, fields in schema.FIELDS.items():
        for column, meaning in fields.items():
            assert meaning.endswith("."), (table, column)
            assert meaning[0].isupper(), (table, column)


def test_there_is_no_place_for_what_must_never_be_kept() -> None:
    """DESIGN 3.21: the code has no place to put addresses, titles, content, arguments or paths."""
    columns = {column for fields in schema.FIELDS.values() for column in fields}
    assert not columns & {"url", "address", "title", "query", "content", "argv", "cmdline", "cwd", "exe", "path", "env"}


def test_versions_rise_by_one() -> None:
    assert [version for version, _sql in schema.MIGRATIONS] == list(range(1, schema.VERSION + 1))


async def test_each_earlier_release_is_brought_forward(tmp_path: Path, key: bytes, clock: Clock) -> None:
    """A database stopped at any version ends with the same tables as a new one."""
    whole = open_store(tmp_path / "new.db", key, clock)
    wanted = await whole.read(live_columns)
    await whole.close()
    for stop_at in range(schema.VERSION):
        path = tmp_path / f"at-{stop_at}.db"
        old = apsw.Connection(str(path))
        for statement in ("PRAGMA cipher = 'chacha20'", f"PRAGMA key = 'raw:{key.hex()}'"):
            old.execute(statement).fetchall()
        for version, sql in schema.MIGRATIONS[:stop_at]:
            old.execute(sql).fetchall()
            old.execute("INSERT INTO migration VALUES (?, 1)", (version,))
            old.execute(f"PRAGMA user_version = {version}")
        old.close()
        store = open_store(path, key, clock)
        assert await store.read(live_columns) == wanted
        assert await store.read(lambda conn: conn.pragma("user_version")) == schema.VERSION
        await store.close()
