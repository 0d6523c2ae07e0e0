"""Acts: what a person did about a purpose, or what was done towards them. Added to, never changed.

Each act is an entry of the ledger, whose content is the whole act with the person's own words; the row here is the same
without the words, for deciding the gates. `audit.py` holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import apsw

from agent.ledger.entry import Json, decode
from agent.model.purposes import Act, ActKind, Channel, Purpose, Strength
from agent.store import ledger as book
from agent.store.ledger import Ledger

COLUMNS: Final = (
    "purpose",
    "kind",
    "at",
    "notice_sha256",
    "channel",
    "language",
    "control",
    "dwell_ms",
    "strength",
    "disputes",
    "finding",
    "category",
)
"""The fields of an act that are kept, in the order of the table."""

_INSERT: Final = f"INSERT INTO act VALUES (?, {', '.join('?' * len(COLUMNS))})"  # noqa: S608 -- place-holders only


def record(tx: apsw.Connection, ledger: Ledger, act: Act, words: str = "") -> int:
    """Add one act to the ledger and to the table, and return its entry.

    Args:
        tx: The writer's connection.
        ledger: Where it is appended.
        act: The act; its `entry` is not looked at.
        words: What the person wrote with it, kept in the ledger's content only.
    """
    fields = {name: getattr(act, name) for name in COLUMNS}
    number = ledger.append(tx, "act", act.at, content_of(fields, words))
    tx.execute(_INSERT, (number, *fields.values()))
    return number


def content_of(fields: dict[str, Json], words: str) -> dict[str, Json]:
    """Return the content of an act's entry: its fields and words, without those that say nothing."""
    said = fields | {"words": words}
    return {name: str(v) if isinstance(v, str) else v for name, v in said.items() if v not in (None, "")}


def all_acts(conn: apsw.Connection) -> list[Act]:
    """Return every act in the order they were recorded."""
    return [
        Act(
            Purpose(purpose),
            ActKind(kind),
            at,
            sha256,
            Channel(channel),
            language,
            control,
            dwell_ms,
            Strength(strength),
            disputes,
            finding,
            category,
            entry,
        )
        for (
            entry,
            purpose,
            kind,
            at,
            sha256,
            channel,
            language,
            control,
            dwell_ms,
            strength,
            disputes,
            finding,
            category,
        ) in conn.execute("SELECT * FROM act ORDER BY entry")
    ]


def erase(tx: apsw.Connection, entries: list[int]) -> None:
    """Delete the rows of acts whose content is erased in the same transaction."""
    tx.executemany("DELETE FROM act WHERE entry = ?", [(entry,) for entry in entries])


def own_words(conn: apsw.Connection, entries: Iterable[int] | None = None) -> dict[int, str]:
    """Read the person's own words from the contents of answers.

    Args:
        conn: Any connection.
        entries: Numbers of answers; None for every one.
    """
    if entries is None:
        answered = conn.execute("SELECT entry FROM act WHERE kind = ? ORDER BY entry", (ActKind.ANSWERED.value,))
        entries = [entry for (entry,) in answered]
    found = {}
    for entry in entries:
        content = book.content(conn, entry) or {}
        if isinstance(text := content.get("words"), str):
            found[entry] = text
    return found


def erased(conn: apsw.Connection, low: int = 0, high: int = 2**62, limit: int = -1) -> list[tuple[int, int]]:
    """Return entry and time of acts whose content was erased, newest first.

    Walks backwards over acts only (the index `ledger_entry_act`) and stops at the limit, so that a page of the history
    looks at its own acts, however long the record is.

    Args:
        conn: Any connection.
        low: The first entry that counts.
        high: The first that does not any more.
        limit: Most that are returned; negative: all.
    """
    return [(entry, decode(body).at) for entry, body in conn.execute(_ERASED, (low, high, limit))]


_ERASED: Final = """
    SELECT entry, bytes FROM ledger_entry AS e INDEXED BY ledger_entry_act
    WHERE instr(bytes, x'226b696e64223a2261637422') AND entry >= ? AND entry < ?
        AND NOT EXISTS (SELECT 1 FROM ledger_content AS c WHERE c.entry = e.entry)
        AND NOT EXISTS (SELECT 1 FROM act AS a WHERE a.entry = e.entry)
    ORDER BY entry DESC LIMIT ?"""
