"""The history of every gate: what lets `consent/` judge an observation by when it was made, across restarts."""

from __future__ import annotations

import apsw

from agent.model.purposes import Gate, GateState, Purpose


def record(tx: apsw.Connection, gate: Gate) -> None:
    """Add a gate's new state. The same state told again adds nothing, so a restart leaves no trace here."""
    last = tx.execute(
        "SELECT state, since, until, reason FROM gate WHERE purpose = ? ORDER BY id DESC LIMIT 1", (gate.purpose.value,)
    ).fetchone()
    now = (gate.state.value, gate.since, gate.until, gate.reason)
    if last != now:
        tx.execute(
            "INSERT INTO gate (purpose, state, since, until, reason) VALUES (?, ?, ?, ?, ?)", (gate.purpose.value, *now)
        )


def history(conn: apsw.Connection) -> list[Gate]:
    """Return every recorded state of every gate, in the order they were recorded."""
    return [
        Gate(Purpose(purpose), GateState(state), since, until, reason)
        for purpose, state, since, until, reason in conn.execute(
            "SELECT purpose, state, since, until, reason FROM gate ORDER BY id"
        )
    ]
