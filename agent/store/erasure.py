"""Erasure: what the person had erased is gone from the tables, and then from the file.

In one transaction: rows deleted, contents, keys and salts deleted, the «erased» entry appended. Page loads, of which
there may be a million, are doomed in it: up to which row they go is noted. They are then deleted some thousands at a
time, each part a transaction of its own, so that what is to be stored meanwhile waits for one part at most; what a
crash left of them goes with the next sweep, and is not read as page loads until then. Afterwards `compact`
gives the emptied pages back a few at a time, so that no other write waits long, and `Store.checkpoint` empties the
write-ahead log. `secure_delete` has overwritten what was deleted with zeros before. Never a full VACUUM: it would copy
the whole file, and stop everything meanwhile (DESIGN 3.13).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import apsw

from agent.ledger.entry import EntryError, Json, decode
from agent.store import acts, cursors, ledger
from agent.store.ledger import Ledger
from agent.store.page_loads import DOOMED
from agent.store.retention import ROWS_AT_ONCE

PAGES_AT_ONCE: Final = 64
"""Pages that one step of compacting gives back."""


def how_many_page_loads(conn: apsw.Connection) -> int:
    """Return how many page loads there are, by the table that counts them (reads only)."""
    return int(conn.execute("SELECT coalesce(sum(count), 0) FROM page_quarter").get)


def page_loads(tx: apsw.Connection) -> int:
    """Doom every page load that there is now, and return how many that are; `page_loads_part` deletes them."""
    last = tx.execute("SELECT max(id) FROM page_load").get
    if last is not None:
        cursors.set(tx, DOOMED, int(last))
    return how_many_page_loads(tx)


def page_loads_part(tx: apsw.Connection, most: int = ROWS_AT_ONCE) -> bool:
    """Delete up to so many of the page loads that are doomed; say whether there were any."""
    last = cursors.get(tx, DOOMED)
    if not last:
        return False
    tx.execute(
        "DELETE FROM page_load WHERE id IN (SELECT id FROM page_load WHERE id <= ? ORDER BY id LIMIT ?)", (last, most)
    )
    if tx.changes() < most:
        cursors.drop(tx, DOOMED)
    return True


def findings(tx: apsw.Connection) -> int:
    """Delete every finding, and return how many there were."""
    tx.execute("DELETE FROM finding")
    return int(tx.changes())


def answers(tx: apsw.Connection) -> None:
    """Take the person's answers out of the findings that stay."""
    tx.execute("UPDATE finding SET answer = '', answered_at = NULL WHERE answer <> ''")


def contents(  # noqa: PLR0917 -- what, why, when and how, in that order
    tx: apsw.Connection,
    book: Ledger,
    entries: Collection[int],
    ground: str,
    at: int,
    how: dict[str, Json] | None = None,
) -> list[int]:
    """Erase the contents of entries with the rows that they speak of, and put it on record.

    Args:
        tx: The writer's connection.
        book: The ledger.
        entries: Which.
        ground: Why, one of `agent.model.consent.Ground`.
        at: UTC milliseconds.
        how: The content of the «erased» entry: what was asked for and where; none for the sweeper.

    Returns:
        The entries that had a content.
    """
    gone = book.erase(tx, entries, ground, at, how)
    acts.erase(tx, gone)
    tx.executemany("DELETE FROM gate WHERE entry = ?", [(entry,) for entry in gone])
    # A text that no act names any more was shown to nobody who could still ask.
    tx.execute("DELETE FROM notice_text WHERE sha256 NOT IN (SELECT notice_sha256 FROM act)")
    return gone


def entries_of(conn: apsw.Connection, kind: str, before: int | None = None) -> list[int]:
    """Return the entries of one kind that still have a content (reads only).

    Args:
        conn: Any connection.
        kind: One of `agent.ledger.entry.KINDS`.
        before: Only those made before this, UTC milliseconds; None for all.
    """
    found = []
    for entry, body in conn.execute(
        """SELECT e.entry, bytes FROM ledger_entry e JOIN ledger_content c ON c.entry = e.entry
           WHERE instr(bytes, ?) ORDER BY e.entry""",
        (f'"kind":"{kind}"'.encode(),),
    ):
        try:
            read = decode(body)
        except EntryError:
            continue  # verification names it; what cannot be read cannot be told to be of this kind
        if read.kind == kind and (before is None or read.at < before):
            found.append(entry)
    return found


def findings_of(conn: apsw.Connection) -> dict[int, str]:
    """Return the finding that each «finding-opened» entry is about, where its content is still there (reads only)."""
    found = {}
    for entry in entries_of(conn, "finding-opened"):
        content = ledger.content(conn, entry) or {}
        found[entry] = str(content.get("id", ""))
    return found


def compact(tx: apsw.Connection) -> int:
    """Give back up to `PAGES_AT_ONCE` emptied pages, and return how many are left."""
    tx.execute(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE})").fetchall()
    return int(tx.pragma("freelist_count"))
