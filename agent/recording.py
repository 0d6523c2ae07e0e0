"""Records: what the consent record of every act is made from, gathered out of the store and what was told.

`consent/records.py` writes them out; `proving.py` puts the receipts in and makes the folder.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

import apsw

from agent.consent import standing
from agent.model.face import NoticeText
from agent.model.purposes import Act, Purpose
from agent.model.records import RecordFacts
from agent.store import acts, ledger, notices
from agent.store.database import Store
from agent.telling import Telling

RECORD_NAMES = uuid.UUID("6f0b1f4e-6c55-5b0c-9f0e-2f1d6a0c7a11")
"""The namespace of record ids (RFC 9562 section 5.5), so that a record has the same id in every export."""


async def records(store: Store, telling: Telling, known: Iterable[Act]) -> Sequence[RecordFacts]:
    """Return what the record of every act is made from, oldest first, without receipts."""
    words = await store.read(acts.own_words)
    texts = {t.sha256: t for t in await store.read(notices.all_kept)}
    places = await store.read(_places)
    parties = telling.parties(await store.read(ledger.subject))
    before: dict[Purpose, str] = {}
    found = []
    for act in known:
        if act.entry is None:
            continue
        facts = telling.purposes[act.purpose]
        title, meaning = telling.meaning(facts, act.language)
        record_id = str(uuid.uuid5(RECORD_NAMES, places[act.entry]))
        found.append(
            RecordFacts(
                act=act,
                record_id=record_id,
                prior_id=before.get(act.purpose, ""),
                notice=texts.get(act.notice_sha256) or NoticeText("", "", act.language, "", act.notice_sha256),
                title=title,
                meaning=meaning,
                basis=telling.basis(facts),
                categories=facts.categories,
                recipients=facts.recipients,
                retention=telling.retention(facts, act.language),
                dpv=facts.dpv,
                expires_at=standing.expires_at(act, facts),
                words=words.get(act.entry, ""),
                parties=parties,
            )
        )
        before[act.purpose] = record_id
    return found


def _places(conn: apsw.Connection) -> dict[int, str]:
    """Return, for each act's entry, the log's name with the index in it."""
    rows = ledger.logs(conn)
    names = {}
    for (entry,) in conn.execute("SELECT entry FROM act"):
        row = max((r for r in rows if r.first <= entry), key=lambda r: r.number)
        names[entry] = f"{ledger.origin(conn, row.number)}#{entry - row.first}"
    return names
