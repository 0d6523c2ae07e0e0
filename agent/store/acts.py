"""Acts: what a person did about a purpose, or what was done towards them. Added to, never changed."""

from __future__ import annotations

import apsw

from agent.model.purposes import Act, ActKind, Channel, Purpose


def record(tx: apsw.Connection, act: Act) -> None:
    """Add one act."""
    tx.execute(
        "INSERT INTO act (purpose, kind, at, notice_sha256, channel) VALUES (?, ?, ?, ?, ?)",
        (act.purpose.value, act.kind.value, act.at, act.notice_sha256, act.channel.value),
    )


def all_acts(conn: apsw.Connection) -> list[Act]:
    """Return every act in the order they were recorded."""
    return [
        Act(Purpose(purpose), ActKind(kind), at, sha256, Channel(channel))
        for purpose, kind, at, sha256, channel in conn.execute(
            "SELECT purpose, kind, at, notice_sha256, channel FROM act ORDER BY id"
        )
    ]
