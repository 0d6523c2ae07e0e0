"""Pauses: when the person had watching stopped. A pause is nobody's business: it is in no ledger and in no gate's row.

```
pressed → `preference`: from when until when → over, or ended early → `pause`: when that was
        → `retention`: gone as soon as no page load of that time would be taken any more
```
What the gates would have been without it is recorded as ever (`gates.py`); a pause only lies over it.
"""

from __future__ import annotations

import apsw

from agent.store import preferences


def running(conn: apsw.Connection) -> tuple[int, int] | None:
    """Return from when until when the person pauses watching, UTC milliseconds; None where they do not."""
    begin, _, end = preferences.get(conn, preferences.PAUSE).partition("-")
    return (int(begin), int(end)) if begin.isdigit() and end.isdigit() else None


def past(conn: apsw.Connection) -> list[tuple[int, int]]:
    """Return every pause that is over and may still have to be known: from when, until when, UTC milliseconds."""
    return [(since, until) for since, until in conn.execute("SELECT since, until FROM pause ORDER BY since")]


def change(
    tx: apsw.Connection, before: tuple[int, int] | None, after: tuple[int, int] | None, now: int
) -> tuple[int, int] | None:
    """Keep a pause in place of the one before, which thereby ends, and return when that one was.

    Args:
        tx: The writer's connection.
        before: The pause that was kept, if any.
        after: The one that holds from now on, if any.
        now: UTC milliseconds.

    Returns:
        From when until when watching was stopped by the one before; None where it never was.
    """
    preferences.choose(tx, preferences.PAUSE, f"{after[0]}-{after[1]}" if after is not None else "")
    if before is None or now <= before[0]:
        return None
    since, until = before[0], min(before[1], now)
    tx.execute("INSERT OR REPLACE INTO pause VALUES (?, ?)", (since, until))
    return since, until


def erase(tx: apsw.Connection) -> bool:
    """Delete every pause that is over, and say whether there was one. One that runs goes on."""
    tx.execute("DELETE FROM pause")
    return bool(tx.changes())
