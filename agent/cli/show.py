"""What commands print: JSON for programs on stdout and nothing else there, rich text for people."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from rich.console import Console

from agent.detection.explain import explain
from agent.detection.scoring import is_reportable
from agent.model.findings import Finding

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout and nothing else.")

LEVEL_STYLE = {"high": "bold red", "medium": "yellow", "low": "dim", "hidden": "dim"}


def console(stderr: bool = False) -> Console:
    """Return a console for people."""
    return Console(stderr=stderr, highlight=False)


def print_json(value: object) -> None:
    """Write one JSON document."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def finding_json(finding: Finding, now: int) -> dict[str, Any]:
    """Return a finding as the command line's contract has it (DESIGN 5); times are UTC milliseconds."""
    return {
        "id": finding.id,
        "tool": finding.tool,
        "name": finding.name,
        "family": finding.family,
        "stage": finding.stage.value,
        "confidence": round(finding.confidence, 3),
        "level": finding.level.value,
        "flagged": finding.flagged,
        "reportable": is_reportable(finding, now),
        "held_until": finding.held_until,
        "approved": False,
        "platforms": list(finding.platforms),
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "count": finding.count,
        "processes": [{"pid": p.pid, "started_at": p.started_at, "name": p.name} for p in finding.processes],
        "evidence": [{"class": e.cls.value, "rule": e.rule, "detail": e.detail} for e in finding.evidence],
        "techniques": list(finding.techniques),
        "consequences": [explain(finding).meaning],
        "answer": finding.answer,
    }


def moment(at: int | None) -> str:
    """Say a time of this machine's day, or a dash."""
    if at is None:
        return "–"
    then = datetime.fromtimestamp(at / 1000, UTC).astimezone()
    today = datetime.now(UTC).astimezone().date()
    return then.strftime("%H:%M:%S" if then.date() == today else "%Y-%m-%d %H:%M")
