"""Retention: what is deleted when, and the sweep that does it (DESIGN 3.16).

Raw observations go by when they were observed, findings by when they were closed, extensions that never came back
after the same time as findings. Acts and gates stay: they are the record that observing was allowed. `daemon.py` calls
`sweep` on its timer and shows `next_deletion`; `secure_delete` overwrites what is deleted, and `Store.checkpoint`
empties the write-ahead log afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    tx.execute("DELETE FROM page_load WHERE at <= ?", (now - limits.observations_ms,))
    page_loads = tx.changes()
    tx.execute("DELETE FROM finding WHERE closed_at <= ?", (now - limits.findings_ms,))
    findings = tx.changes()
    # A client whose loads are still kept stays: they name it.
    tx.execute(
        """DELETE FROM client WHERE max(seen_at, coalesce(acked_at, 0)) <= ?
           AND id NOT IN (SELECT client FROM page_load)""",
        (now - limits.findings_ms,),
    )
    return Swept(page_loads, findings, tx.changes())


def next_deletion(conn: apsw.Connection, limits: Limits) -> int | None:
    """Return when the next row's time is over, UTC milliseconds; None when nothing is waiting to be deleted."""
    return conn.execute(  # type: ignore[no-any-return]
        """SELECT min(due) FROM (
               SELECT min(at) + ?1 AS due FROM page_load
               UNION ALL SELECT min(closed_at) + ?2 FROM finding WHERE closed_at IS NOT NULL
               UNION ALL SELECT min(max(seen_at, coalesce(acked_at, 0))) + ?2 FROM client)""",
        (limits.observations_ms, limits.findings_ms),
    ).get
