"""Looking into the database as its owner: how much each table holds, its newest rows, all of it part by part.

«My data» is made from here and from `schema.FIELDS`, so that the page can show no more and no less than is stored. Rows
come as they lie in their tables, but for bytes: those that a person can read come as text, all others (secrets,
encrypted contents, fingerprints of the tree) as how many there are. A secret never leaves this module.

Nothing here reads a table that grows without bound from end to end: page loads are counted by the table that counts
them, ledger entries and checkpoints by their running numbers, what goes with the ledger by `row_count`. Reads only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import apsw

from agent.model.face import KeptTable, RowsPart
from agent.store import retention
from agent.store.retention import Limits
from agent.store.schema import FIELDS

MOST_ROWS: Final = 10_000
"""Rows that one call returns at most."""

READABLE: Final = frozenset({("ledger_entry", "bytes"), ("ledger_checkpoint", "note")})
"""Bytes that are text and no secret. All other bytes are told by their number only."""

SIZED: Final = frozenset(
    {
        ("ledger_key", "seed"),
        ("ledger_entry", "nodes"),
        ("ledger_content", "key"),
        ("ledger_content", "salt"),
        ("ledger_content", "sealed"),
        ("outbox", "body"),
    }
)
"""Every column of which only the number of bytes is told; a test holds it and the tables together."""

Value = str | int | float | None
Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class _Table:
    """How one table is looked at.

    Attributes:
        key: Its primary key, column by column.
        newest: What its newest rows are sorted by, newest first.
        rows: A query for how many there are; the default counts them.
        oldest: An expression for the time of its oldest row, UTC milliseconds; empty where it has no times.
        goes_with: Which table's rule of `retention.RULES` says when its rows are deleted; empty: none does.
    """

    key: tuple[str, ...]
    newest: str
    rows: str = ""
    oldest: str = ""
    goes_with: str = ""


def _counted(name: str) -> str:
    """Return the query for how many rows a table holds that counts itself."""
    return f"SELECT count FROM row_count WHERE name = '{name}'"  # noqa: S608 -- our own names


TABLES: Final[Mapping[str, _Table]] = {
    "migration": _Table(("version",), "version DESC", oldest="min(at)"),
    "client": _Table(
        ("id",),
        "seen_at DESC, id DESC",
        oldest="min(seen_at)",
        goes_with="client",
    ),
    "page_kind": _Table(("id",), "id DESC"),
    "page_load": _Table(
        ("id",),
        "id DESC",
        rows="SELECT coalesce(sum(count), 0) FROM page_quarter",
        oldest="min(at)",
        goes_with="page_load",
    ),
    "page_quarter": _Table(("start", "kind"), "start DESC, kind", oldest="min(start)", goes_with="page_load"),
    "finding": _Table(
        ("id",),
        "last_seen DESC, id",
        oldest="min(last_seen)",
        goes_with="finding",
    ),
    "ledger_key": _Table(("id",), "id"),
    "ledger_log": _Table(("number",), "number DESC"),
    "ledger_entry": _Table(("entry",), "entry DESC", rows="SELECT coalesce(max(entry) + 1, 0) FROM ledger_entry"),
    "ledger_checkpoint": _Table(
        ("log", "size"),
        "log DESC, size DESC",
        # Numbers run from 1 without gaps, over all logs.
        rows="SELECT coalesce((SELECT number FROM ledger_checkpoint ORDER BY log DESC, size DESC LIMIT 1), 0)",
    ),
    "ledger_cosignature": _Table(
        ("log", "size", "witness"), "log DESC, size DESC, witness", rows=_counted("ledger_cosignature")
    ),
    "ledger_content": _Table(("entry",), "entry DESC", rows=_counted("ledger_content")),
    "notice_text": _Table(("sha256",), "version DESC, notice, language"),
    "act": _Table(("entry",), "entry DESC", rows=_counted("act"), oldest="(SELECT at FROM act ORDER BY entry LIMIT 1)"),
    "gate": _Table(
        ("entry",), "entry DESC", rows=_counted("gate"), oldest="(SELECT since FROM gate ORDER BY entry LIMIT 1)"
    ),
    "pause": _Table(("since",), "since DESC", oldest="min(since)", goes_with="pause"),
    "outbox": _Table(("id",), "id DESC", oldest="min(made_at)"),
    "counter": _Table(("name",), "name"),
    "row_count": _Table(("name",), "name"),
    "preference": _Table(("name",), "name"),
    "cursor": _Table(("name",), "name"),
}
"""Every table of `schema.FIELDS`; a test holds both together."""


def kept(conn: apsw.Connection, limits: Limits) -> list[KeptTable]:
    """Return every table with how much is in it, in the order of `schema.FIELDS`."""
    return [kept_in(conn, name, limits) for name in TABLES]


def kept_in(conn: apsw.Connection, name: str, limits: Limits) -> KeptTable:
    """Return how much is in one table, without looking at how much is in any other.

    Raises:
        ValueError: There is no such table.
    """
    table = _table(name)
    rows = int(conn.execute(table.rows or f"SELECT count(*) FROM {name}").get or 0)  # noqa: S608 -- our own names
    oldest = conn.execute(f"SELECT {table.oldest} FROM {name} LIMIT 1").get if table.oldest else None  # noqa: S608
    rule = table.goes_with
    due = retention.next_due(conn, rule, limits) if rule else None
    return KeptTable(name, rows, oldest, due, retention.kept_ms(rule, limits) if rule else None)


def latest(conn: apsw.Connection, table: str, limit: int) -> list[Row]:
    """Return the newest rows of one table.

    Raises:
        ValueError: There is no such table.
    """
    return _read(conn, table, f"ORDER BY {_table(table).newest} LIMIT ?", (min(limit, MOST_ROWS),))


def rows(conn: apsw.Connection, table: str, after: Sequence[str | int], limit: int) -> RowsPart:
    """Return rows of one table in the order of its key, those after a place.

    Args:
        conn: Any connection.
        table: Its name.
        after: `RowsPart.last` of the part before, or empty.
        limit: Rows at most.

    Raises:
        ValueError: There is no such table, or `after` is no place in it.
    """
    key = _table(table).key
    if after and len(after) != len(key):
        raise ValueError(f"The place in {table} from which to go on does not fit its key.")
    limit = max(1, min(limit, MOST_ROWS))
    names = ", ".join(key)
    where = f"WHERE ({names}) > ({', '.join('?' * len(key))}) " if after else ""
    found = _read(conn, table, f"{where}ORDER BY {names} LIMIT ?", (*after, limit))
    if len(found) < limit:
        return RowsPart(tuple(found), ())
    return RowsPart(tuple(found), tuple(value for name in key if isinstance(value := found[-1][name], str | int)))


def _table(name: str) -> _Table:
    found = TABLES.get(name)
    if found is None:
        raise ValueError("There is no such table.")
    return found


def _read(conn: apsw.Connection, table: str, rest: str, values: tuple[str | int, ...]) -> list[Row]:
    columns = tuple(FIELDS[table])
    asked = conn.execute(f"SELECT {', '.join(columns)} FROM {table} {rest}", values)  # noqa: S608 -- our own names
    return [{name: _told(table, name, value) for name, value in zip(columns, row, strict=True)} for row in asked]


def _told(table: str, column: str, value: str | float | bytes | None) -> Value:
    """Return a value as it may be shown: bytes as their number, or as text where they are text and no secret."""
    if not isinstance(value, bytes):
        return value
    return value.decode(errors="replace") if (table, column) in READABLE else len(value)
