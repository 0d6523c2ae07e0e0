"""Findings as detection makes them and as the person answers them.

Detection saves a finding whole each time it changes; the person's answer is set apart, so that neither overwrites the
other. Lists inside a finding are kept as JSON, read back through msgspec, which checks every type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import apsw
import msgspec

from agent.model.face import FindingFilter, FindingPage
from agent.model.findings import CollectMode, Evidence, Finding, Level, ProcessRef, Stage

_COLUMNS: Final = (
    "id, tool, name, family, stage, confidence, level, flagged, platforms, first_seen, last_seen, count, processes, "
    "evidence, modes, techniques, answer, held_until, closed_at, lowered, approved_until"
)
_TEXTS: Final = msgspec.json.Decoder(tuple[str, ...])
_MODES: Final = msgspec.json.Decoder(tuple[CollectMode, ...])
_PROCESSES: Final = msgspec.json.Decoder(tuple[ProcessRef, ...])
_EVIDENCE: Final = msgspec.json.Decoder(tuple[Evidence, ...])

_SHOWN: Final = "(level <> 'hidden' OR flagged = 1)"
"""A rule of the organisation flags what by itself would not be listed."""
_WARNED: Final = "flagged = 1 AND (approved_until IS NULL OR approved_until <= :now)"
"""As `detection.scoring.is_approved` says it: what is approved is no flag."""
_FILTERS: Final[Mapping[FindingFilter, str]] = {
    FindingFilter.ASKS: f"{_WARNED} AND closed_at IS NULL AND answer = ''",
    FindingFilter.FLAGGED: _WARNED,
    FindingFilter.OPEN: "closed_at IS NULL AND stage <> 'installed'",
    FindingFilter.INSTALLED: "closed_at IS NULL AND stage = 'installed'",
    FindingFilter.CLOSED: "closed_at IS NOT NULL",
    FindingFilter.ALL: "1",
}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _finding(row: tuple[Any, ...]) -> Finding:
    return Finding(
        id=row[0],
        tool=row[1],
        name=row[2],
        family=row[3],
        stage=Stage(row[4]),
        confidence=row[5],
        level=Level(row[6]),
        flagged=bool(row[7]),
        platforms=_TEXTS.decode(row[8]),
        first_seen=row[9],
        last_seen=row[10],
        count=row[11],
        processes=_PROCESSES.decode(row[12]),
        evidence=_EVIDENCE.decode(row[13]),
        modes=_MODES.decode(row[14]),
        techniques=_TEXTS.decode(row[15]),
        answer=row[16],
        held_until=row[17],
        closed_at=row[18],
        lowered=row[19],
        approved_until=row[20],
    )


def save(tx: apsw.Connection, finding: Finding) -> None:
    """Store a finding as it is now. An answer already given stays when this finding does not carry one."""
    tx.execute(
        f"""INSERT INTO finding ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
            ON CONFLICT (id) DO UPDATE SET
                tool = excluded.tool, name = excluded.name, family = excluded.family, stage = excluded.stage,
                confidence = excluded.confidence, level = excluded.level, flagged = excluded.flagged,
                platforms = excluded.platforms, first_seen = excluded.first_seen, last_seen = excluded.last_seen,
                count = excluded.count, processes = excluded.processes, evidence = excluded.evidence,
                modes = excluded.modes, techniques = excluded.techniques,
                answer = iif(excluded.answer = '', answer, excluded.answer),
                held_until = excluded.held_until, closed_at = excluded.closed_at,
                lowered = excluded.lowered, approved_until = excluded.approved_until""",  # noqa: S608 -- our own column list
        (
            finding.id,
            finding.tool,
            finding.name,
            finding.family,
            finding.stage.value,
            finding.confidence,
            finding.level.value,
            int(finding.flagged),
            _json(finding.platforms),
            finding.first_seen,
            finding.last_seen,
            finding.count,
            _json(finding.processes),
            _json(finding.evidence),
            _json(finding.modes),
            _json(finding.techniques),
            finding.answer,
            finding.held_until,
            finding.closed_at,
            finding.lowered,
            finding.approved_until,
        ),
    )


def open_findings(conn: apsw.Connection) -> list[Finding]:
    """Return every finding that is not closed, newest first."""
    return [
        _finding(row)
        for row in conn.execute(
            f"SELECT {_COLUMNS} FROM finding WHERE closed_at IS NULL ORDER BY last_seen DESC, id"  # noqa: S608
        )
    ]


def listing(conn: apsw.Connection, since: int | None = None) -> list[Finding]:
    """Return findings last seen at or after `since` (UTC milliseconds; all when None), newest first."""
    return [
        _finding(row)
        for row in conn.execute(
            f"SELECT {_COLUMNS} FROM finding WHERE last_seen >= ? ORDER BY last_seen DESC, id",  # noqa: S608
            (-(2**63) if since is None else since,),
        )
    ]


def page(conn: apsw.Connection, which: FindingFilter, offset: int, limit: int, now: int) -> FindingPage:
    """Return part of a list of findings, newest first, with how many each filter matches.

    Args:
        conn: Any connection.
        which: Which findings the list shows; those that nobody is shown are never among them.
        offset: How many newer ones are passed over.
        limit: How many are returned at most.
        now: UTC milliseconds: an approval may have ended.
    """
    counted = ", ".join(f"coalesce(sum({where}), 0)" for where in _FILTERS.values())
    row = conn.execute(f"SELECT {counted} FROM finding WHERE {_SHOWN}", {"now": now}).fetchone()  # noqa: S608
    counts = dict(zip(_FILTERS, row or (0,) * len(_FILTERS), strict=True))
    found = conn.execute(
        f"""SELECT {_COLUMNS} FROM finding WHERE {_SHOWN} AND {_FILTERS[which]}
            ORDER BY last_seen DESC, id LIMIT :limit OFFSET :offset""",  # noqa: S608 -- our own words only
        {"now": now, "limit": limit, "offset": offset},
    )
    return FindingPage(tuple(_finding(one) for one in found), counts[which], counts)


def get(conn: apsw.Connection, finding_id: str) -> Finding | None:
    """Return one finding, or None when it does not exist."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM finding WHERE id = ?", (finding_id,)).fetchone()  # noqa: S608
    return None if row is None else _finding(row)


def answered_at(conn: apsw.Connection, finding_id: str) -> int:
    """Return when a finding was last answered, UTC milliseconds; -1 where it never was, or is not there."""
    found = conn.execute("SELECT answered_at FROM finding WHERE id = ?", (finding_id,)).get
    return -1 if found is None else int(found)


def set_answer(tx: apsw.Connection, finding_id: str, answer: str, at: int) -> bool:
    """Keep what the person said of a finding; False when there is no such finding."""
    tx.execute("UPDATE finding SET answer = ?, answered_at = ? WHERE id = ?", (answer, at, finding_id))
    return tx.changes() > 0
