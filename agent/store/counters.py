"""Counters: refusals and other things that are counted and otherwise forgotten."""

from __future__ import annotations

import apsw


def add(tx: apsw.Connection, name: str, n: int = 1) -> None:
    """Add `n` to a counter, making it when it is new. Names come from our own fixed lists, never from outside."""
    tx.execute(
        "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        (name, n),
    )


def all_counters(conn: apsw.Connection) -> dict[str, int]:
    """Return every counter by name."""
    return dict(conn.execute("SELECT name, value FROM counter ORDER BY name"))
