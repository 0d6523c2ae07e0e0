"""Cursors: how far a part of the agent has worked through a table. Kept in the transaction that did the work."""

from __future__ import annotations

import apsw


def get(conn: apsw.Connection, name: str) -> int:
    """Return the last row number that was worked through, 0 when none."""
    return int(conn.execute("SELECT value FROM cursor WHERE name = ?", (name,)).get or 0)


def drop(tx: apsw.Connection, name: str) -> None:
    """Forget how far the work got: it is done."""
    tx.execute("DELETE FROM cursor WHERE name = ?", (name,))


def set(tx: apsw.Connection, name: str, value: int) -> None:  # noqa: A001 -- read as cursors.set(...)
    """Keep how far the work got."""
    tx.execute(
        "INSERT INTO cursor (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )
