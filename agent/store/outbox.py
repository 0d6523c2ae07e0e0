"""The outbox: reports that wait to be sent. Withdrawing empties it, an objection holds it, for the purpose concerned.

This release makes no report, so nothing is ever put in; emptying and holding are here already, because a person's «no»
must reach everything that could still leave (DESIGN 3.10, 3.14).
"""

from __future__ import annotations

from collections.abc import Collection

import apsw

from agent.model.purposes import Purpose


def empty(tx: apsw.Connection, purpose: Purpose) -> int:
    """Delete everything that waits for one purpose, and return how much that was."""
    tx.execute("DELETE FROM outbox WHERE purpose = ?", (purpose.value,))
    return tx.changes()


def sendable(conn: apsw.Connection, held: Collection[Purpose]) -> list[int]:
    """Return the ids of what may be sent now, oldest first: nothing of a purpose that an objection holds."""
    names = {purpose.value for purpose in held}
    return [number for number, name in conn.execute("SELECT id, purpose FROM outbox ORDER BY id") if name not in names]
