"""The exact texts that were shown, each kept once under its SHA-256, which every act about it names."""

from __future__ import annotations

import apsw

from agent.ledger.entry import Json
from agent.model.face import NoticeText
from agent.store.ledger import Ledger


def keep(tx: apsw.Connection, ledger: Ledger, notice: NoticeText, at: int) -> int | None:
    """Keep a text that is about to be put on record as shown; return its ledger entry, None when it was kept before."""
    if tx.execute("SELECT 1 FROM notice_text WHERE sha256 = ?", (notice.sha256,)).get is not None:
        return None
    tx.execute(
        "INSERT INTO notice_text VALUES (?, ?, ?, ?, ?)",
        (notice.sha256, notice.notice, notice.version, notice.language, notice.text),
    )
    content: dict[str, Json] = {
        "notice": notice.notice,
        "version": notice.version,
        "language": notice.language,
        "sha256": notice.sha256,
    }
    return ledger.append(tx, "notice", at, content)


def get(conn: apsw.Connection, sha256: str) -> NoticeText | None:
    """Return a kept text, or None."""
    found = conn.execute("SELECT * FROM notice_text WHERE sha256 = ?", (sha256,)).fetchone()
    if found is None:
        return None
    sha256, notice, version, language, text = found
    return NoticeText(notice, version, language, text, sha256)


def all_kept(conn: apsw.Connection) -> list[NoticeText]:
    """Return every text that was ever shown here."""
    return [
        NoticeText(notice, version, language, text, sha256)
        for sha256, notice, version, language, text in conn.execute(
            "SELECT sha256, notice, version, language, text FROM notice_text ORDER BY notice, version, language, sha256"
        )
    ]
