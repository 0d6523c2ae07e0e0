"""Preferences: what a person chose for themselves, that is no act: what is shown to them, and a pause.

Nothing of it widens what is observed, and nothing of it is ever reported.

One row a choice, by a name of our own; choosing anew replaces it and taking it back deletes it.
"""

from __future__ import annotations

import apsw

ELSEWHERE = "elsewhere"
"""«I do not work in this country»: the jurisdiction code that was meant. It holds for that code only."""
PAUSE = "pause"
"""From when until when the person pauses watching: two times in UTC milliseconds with a hyphen between them.

Only while they do; `pauses.py` reads and ends it."""


def get(conn: apsw.Connection, name: str) -> str:
    """Return what was chosen, an empty string where nothing was."""
    return str(conn.execute("SELECT value FROM preference WHERE name = ?", (name,)).get or "")


def choose(tx: apsw.Connection, name: str, value: str) -> None:
    """Keep a choice in place of the one before; an empty value takes it back."""
    if value:
        tx.execute("INSERT OR REPLACE INTO preference VALUES (?, ?)", (name, value))
    else:
        tx.execute("DELETE FROM preference WHERE name = ?", (name,))


def forget(tx: apsw.Connection) -> None:
    """Take every choice back about what is shown; a pause goes on, or erasing would start watching again."""
    tx.execute("DELETE FROM preference WHERE name <> ?", (PAUSE,))
