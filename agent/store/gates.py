"""The history of every gate: what lets `consent/` judge an observation by when it was made, across restarts.

Each change of a gate is an entry of the ledger too, so that «notice before the first observation» can be shown.
"""

from __future__ import annotations

from typing import Final

import apsw

from agent.ledger.entry import Json
from agent.model.purposes import Gate, GateState, Purpose
from agent.store.ledger import Ledger

COLUMNS: Final = ("purpose", "state", "since", "until", "reason")
"""The fields of a gate's state, in the order of the table."""


def record(tx: apsw.Connection, ledger: Ledger, gate: Gate, at: int) -> int | None:
    """Add a gate's new state and return its entry. The same state told again adds nothing: a restart leaves no trace.

    Args:
        tx: The writer's connection.
        ledger: Where it is appended.
        gate: The state; its `since` may lie before now.
        at: Now, UTC milliseconds.
    """
    last = tx.execute(
        "SELECT state, since, until, reason FROM gate WHERE purpose = ? ORDER BY entry DESC LIMIT 1",
        (gate.purpose.value,),
    ).fetchone()
    now = (gate.state.value, gate.since, gate.until, gate.reason)
    if last == now:
        return None
    number = ledger.append(tx, "gate", at, content_of(gate))
    tx.execute("INSERT INTO gate VALUES (?, ?, ?, ?, ?, ?)", (number, gate.purpose.value, *now))
    return number


def content_of(gate: Gate) -> dict[str, Json]:
    """Return the content of a gate's entry."""
    content: dict[str, Json] = {
        "purpose": gate.purpose.value,
        "state": gate.state.value,
        "since": gate.since,
        "reason": str(gate.reason),
    }
    return content if gate.until is None else content | {"until": gate.until}


def history(conn: apsw.Connection) -> list[Gate]:
    """Return every recorded state of every gate, in the order they were recorded."""
    return [
        Gate(Purpose(purpose), GateState(state), since, until, reason)
        for purpose, state, since, until, reason in conn.execute(
            "SELECT purpose, state, since, until, reason FROM gate ORDER BY entry"
        )
    ]
