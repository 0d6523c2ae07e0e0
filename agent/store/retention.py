"""Retention: what is deleted when, and the sweep that does it (DESIGN 3.16).

Raw observations go by when they were observed, findings by when they were closed, extensions that never came back
after the same time as findings. Acts and gates stay: they are the record that observing was allowed. `daemon.py` calls
`sweep` on its timer and shows `next_deletion`; `secure_delete` overwrites what is deleted, and `Store.checkpoint`
empties the write-ahead log afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import apsw

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things are kept, in milliseconds.

    Attributes:
        observations_ms: Page loads, from when they were observed.
        findings_ms: Findings from when they were closed, extensions from when they last connected.
    """

    observations_ms: int = 24 * HOUR_MS
    findings_ms: int = 90 * DAY_MS


@dataclass(frozen=True, slots=True)
class Rule:
    """When rows of one table are deleted.

    Attributes:
        since: SQL for the moment from which a row's time runs, UTC milliseconds; NULL while it does not.
        keeps: Which of the limits says how long.
        unless: SQL for rows that stay all the same; empty: none.
    """

    since: str
    keeps: str
    unless: str = ""


RULES: Final[Mapping[str, Rule]] = {
    "page_load": Rule("at", "observations_ms"),
    "finding": Rule("closed_at", "findings_ms"),
    # A client whose loads are still kept stays: they name it.
    "client": Rule("max(seen_at, coalesce(acked_at, 0))", "findings_ms", "id IN (SELECT client FROM page_load)"),
}
"""Every table that the sweep empties, in its order. Nowhere else stands when something is deleted."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows one sweep deleted."""

    page_loads: int
    findings: int
    clients: int


def sweep(tx: apsw.Connection, now: int, limits: Limits) -> Swept:
    """Delete everything whose time is over and return how much that was.

    Args:
        tx: The writer's connection.
        now: UTC milliseconds.
        limits: How long things are kept.
    """
    gone = {}
    for table, rule in RULES.items():
        stays = f" AND NOT {rule.unless}" if rule.unless else ""
        tx.execute(f"DELETE FROM {table} WHERE {rule.since} <= ?{stays}", (now - kept_ms(table, limits),))  # noqa: S608 -- our own names
        gone[table] = tx.changes()
    return Swept(gone["page_load"], gone["finding"], gone["client"])


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
