"""Page loads: each stored exactly once, whatever is sent again or out of order.

The extension sends at least once and numbers its events; `append` stores what lies above the client's high-water mark
and advances the mark in the same transaction, so that either both are on the disk or neither (DESIGN 3.4). Detection
reads on from its cursor with `since_rowid`; the pages show `totals` and the `timeline`, counts which the table keeps by
itself.

Rows are inserted many at a time by one statement: SQLite's calls give up Python's interpreter lock, and a writer that
does so once per row crawls whenever the event loop is busy.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, cast

import apsw

from agent.model.events import PageLoad
from agent.model.face import PageSlice, PageTotal
from agent.store import cursors

DOOMED: Final = "erased page loads"
"""Cursor: up to this row the person had everything erased, and the last of it is not deleted yet."""
ROWS_PER_STATEMENT: Final = 500
"""Rows in one INSERT: five values each stay far under SQLite's 32,766, and the text within apsw's statement cache."""

_FIRST: Final = 1
_SEQUENTIAL: Final = 2

Numbered = tuple[int, PageLoad]


@lru_cache(maxsize=ROWS_PER_STATEMENT + 1)
def _insert(rows: int) -> str:
    values = ",".join(["(?,?,?,?,?)"] * rows)
    return f"INSERT INTO page_load (client, seq, kind, at, marks) VALUES {values}"  # noqa: S608 -- place-holders only


def _kind(tx: apsw.Connection, platform: str, page_class: str) -> int:
    """Return the small number of a platform and page class, making it when it is new."""
    found = tx.execute("SELECT id FROM page_kind WHERE platform = ? AND page_class = ?", (platform, page_class)).get
    if found is None:
        found = tx.execute(
            "INSERT INTO page_kind (platform, page_class) VALUES (?, ?) RETURNING id", (platform, page_class)
        ).get
    return int(found)


def append(tx: apsw.Connection, client: str, loads: Sequence[PageLoad], high_water: int, at: int) -> None:
    """Store what is new of one client's events and advance its high-water mark, in this transaction.

    Events at or below the mark, and second copies within `loads`, are skipped: they are stored already. Order does not
    matter; the mark never goes back.

    Args:
        tx: The writer's connection.
        client: The random id of the client's queue.
        loads: Its events, in any order; may be empty when everything of a message was deliberately dropped.
        high_water: Everything up to this number is dealt with (stored or deliberately dropped).
        at: Now, UTC milliseconds.
    """
    row = tx.execute("SELECT id, acked FROM client WHERE client = ?", (client,)).fetchone()
    if row is None:  # No hello was stored (a fresh database under a connection that is still open).
        row = tx.execute(
            """INSERT INTO client (client, browser, browser_version, extension_version, waiting, dropped, lost,
                                   seen_at, acked)
               VALUES (?, 'other', '', '', 0, 0, 0, ?, 0) RETURNING id, acked""",
            (client, at),
        ).fetchone()
    number, mark = cast("tuple[int, int]", row)
    kinds: dict[tuple[str, str], int] = {}
    values: list[int] = []
    for load in sorted(loads, key=lambda one: one.seq):
        if load.seq <= mark:
            continue
        mark = load.seq
        pair = (load.platform, load.page_class)
        kind = kinds.get(pair)
        if kind is None:
            kind = kinds[pair] = _kind(tx, *pair)
        marks = (_FIRST if load.first else 0) | (_SEQUENTIAL if load.sequential else 0)
        values += (number, load.seq, kind, load.at, marks)
    per_statement = ROWS_PER_STATEMENT * 5
    for start in range(0, len(values), per_statement):
        part = values[start : start + per_statement]
        tx.execute(_insert(len(part) // 5), part)
    # `mark` began as what is stored, so this never goes back.
    tx.execute("UPDATE client SET acked = ?, acked_at = ? WHERE id = ?", (max(mark, high_water), at, number))


def high_water(conn: apsw.Connection, client: str) -> int:
    """Return the highest sequence number of this client that is dealt with, 0 when none."""
    return int(conn.execute("SELECT acked FROM client WHERE client = ?", (client,)).get or 0)


QUARTER_MS: Final = 900_000
"""The table's own grain: a quarter of an hour begins a day in every time zone there is."""


def totals(conn: apsw.Connection, since: int) -> list[PageTotal]:
    """Return how many page loads are kept from `since` on, by platform and page class, most first.

    Counted by quarters of an hour: the one in which `since` lies counts whole.
    """
    return [
        PageTotal(*row)
        for row in conn.execute(
            """SELECT platform, page_class, sum(count) AS many, max(last_at) FROM page_quarter
               JOIN page_kind ON page_kind.id = page_quarter.kind
               WHERE start >= ? GROUP BY kind ORDER BY many DESC, platform, page_class""",
            (since - since % QUARTER_MS,),
        )
    ]


def timeline(conn: apsw.Connection, since: int, step_ms: int = QUARTER_MS) -> list[PageSlice]:
    """Return how many page loads are kept from each stretch of time from `since` on, oldest first.

    Args:
        conn: Where to read.
        since: UTC milliseconds; the quarter of an hour in which it lies counts whole.
        step_ms: Length of a stretch: whole quarters of an hour, put together by the database.
    """
    begin = since - since % QUARTER_MS
    return [
        PageSlice(begin + number * step_ms, platform, page_class, count)
        for number, platform, page_class, count in conn.execute(
            """SELECT (start - ?1) / ?2 AS number, platform, page_class, sum(count) FROM page_quarter
               JOIN page_kind ON page_kind.id = page_quarter.kind
               WHERE start >= ?1 GROUP BY number, kind ORDER BY number, platform, page_class""",
            (begin, step_ms),
        )
    ]


def since_rowid(conn: apsw.Connection, rowid: int, limit: int) -> list[Numbered]:
    """Return up to `limit` page loads stored after row `rowid` with their row numbers, in the order of storing.

    None that the person had erased, though its row may still wait to be deleted.
    """
    return [
        (row, PageLoad(client, seq, platform, page_class, at, bool(marks & _FIRST), bool(marks & _SEQUENTIAL)))
        for row, client, seq, platform, page_class, at, marks in conn.execute(
            """SELECT page_load.id, client.client, seq, platform, page_class, at, marks FROM page_load
               JOIN page_kind ON page_kind.id = page_load.kind JOIN client ON client.id = page_load.client
               WHERE page_load.id > ? ORDER BY page_load.id LIMIT ?""",
            (max(rowid, cursors.get(conn, DOOMED)), limit),
        )
    ]
