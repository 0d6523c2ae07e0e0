"""Retention: what is deleted when, and the sweep that does it (DESIGN 3.16).

Raw observations go by when they were observed, findings by when they were closed, extensions that never came back
after the same time as findings. Acts and gates stay: they are the record that observing was allowed. Pauses are not of
that record: they go once no page load of that time would be taken any more. `sweeping.py` calls `swept` on its timer;
`secure_delete` overwrites what is deleted, and `Store.checkpoint` empties the write-ahead log afterwards. One part is
some thousands of rows and a transaction of its own, so that what is to be stored meanwhile waits for one part at most;
a sweep that is cut off is gone on with by the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import apsw

from agent.store.database import Store

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ROWS_AT_ONCE: Final = 5_000
"""Rows of one table that one transaction deletes at most: some hundredths of a second."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things are kept, in milliseconds.

    Attributes:
        observations_ms: Page loads, from when they were observed.
        findings_ms: Findings from when they were closed, extensions from when they last connected.
        pauses_ms: Pauses from when they were over: as long as page loads are taken after they were observed, however
            long those are kept then.
    """

    observations_ms: int = 24 * HOUR_MS
    findings_ms: int = 90 * DAY_MS
    pauses_ms: int = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Rule:
    """When rows of one table are deleted.

    Attributes:
        since: SQL for the moment from which a row's time runs, UTC milliseconds; NULL while it does not.
        keeps: Which of the limits says how long.
        unless: SQL for rows that stay all the same; empty: none.
        key: The column that tells rows apart.
    """

    since: str
    keeps: str
    unless: str = ""
    key: str = "id"


RULES: Final[Mapping[str, Rule]] = {
    "page_load": Rule("at", "observations_ms"),
    "finding": Rule("closed_at", "findings_ms"),
    "pause": Rule("until", "pauses_ms", key="since"),
    # A client whose loads are still kept stays: they name it.
    "client": Rule("max(seen_at, coalesce(acked_at, 0))", "findings_ms", "id IN (SELECT client FROM page_load)"),
}
"""Every table that the sweep empties, in its order. Nowhere else stands when something is deleted."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows were deleted, and whether more of them are over."""

    page_loads: int
    findings: int
    clients: int
    more: bool = False
    pauses: int = 0


def sweep(tx: apsw.Connection, now: int, limits: Limits, most: int = ROWS_AT_ONCE) -> Swept:
    """Delete a part of what is over, table by table, and return how much that was.

    Args:
        tx: The writer's connection.
        now: UTC milliseconds.
        limits: How long things are kept.
        most: Rows at most, of all tables together.
    """
    # Kept under a clock that ran ahead and was set right since: a time that is yet to come cannot have been paused.
    tx.execute("DELETE FROM pause WHERE since > ?", (now,))
    gone, left = dict.fromkeys(RULES, 0), most
    for table, rule in RULES.items():
        stays = f" AND NOT {rule.unless}" if rule.unless else ""
        tx.execute(
            f"""DELETE FROM {table} WHERE {rule.key} IN
                (SELECT {rule.key} FROM {table} WHERE {rule.since} <= ?{stays} ORDER BY {rule.since} LIMIT ?)""",  # noqa: S608 -- our own names
            (now - kept_ms(table, limits), left),
        )
        gone[table] = tx.changes()
        left -= gone[table]
        if left <= 0:
            break
    return Swept(gone["page_load"], gone["finding"], gone["client"], left <= 0, gone["pause"])


async def swept(store: Store, now: int, limits: Limits) -> Swept:
    """Delete everything that is over, part by part, and return how much that was.

    Raises:
        StoreError: The database cannot be written; what was deleted until then stays deleted.
    """
    gone = Swept(0, 0, 0, more=True)
    while gone.more:
        part = await store.write(lambda tx: sweep(tx, now, limits))
        gone = Swept(
            gone.page_loads + part.page_loads,
            gone.findings + part.findings,
            gone.clients + part.clients,
            part.more,
            gone.pauses + part.pauses,
        )
    return gone


def kept_ms(table: str, limits: Limits) -> int:
    """Return how long rows of one of the tables in `RULES` are kept, milliseconds."""
    return int(getattr(limits, RULES[table].keeps))


def next_due(conn: apsw.Connection, table: str, limits: Limits) -> int | None:
    """Return when the time of a row in one of the tables in `RULES` is over next, UTC milliseconds; None: of none."""
    first = conn.execute(f"SELECT min({RULES[table].since}) FROM {table}").get  # noqa: S608 -- our own names
    return None if first is None else int(first) + kept_ms(table, limits)


def next_deletion(conn: apsw.Connection, limits: Limits) -> int | None:
    """Return when the next row's time is over, UTC milliseconds; None when nothing is waiting to be deleted."""
    due = [at for table in RULES if (at := next_due(conn, table, limits)) is not None]
    return min(due, default=None)
