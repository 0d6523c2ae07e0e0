"""The closed list of facts that rules may read (DESIGN 3.15): what was seen, as flat fields, never an argument or name.

`findings.py` makes one of these whenever something changed and hands it to `rules.py`. The kinds are Sigma categories
of the product `gleanwatch`; `docs/rules.md` lists every field for whoever writes a rule, and a test holds the two
together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent.detection.identified import Identified
from agent.model.events import Activity, ExportWritten, MediaGrew
from agent.model.findings import Finding

Fields = Mapping[str, object]

ACTIVITY: Final = "activity"
"""What one process did on the network since it is watched."""
START: Final = "start"
"""A recognised tool was started."""
FETCH: Final = "fetch"
"""A program that fetches one address and ends was started."""
EXPORT: Final = "export"
"""A file of records appeared while something was going on."""
MEDIA: Final = "media"
"""A folder of pictures or films grew while something was going on."""
FINDING: Final = "finding"
"""A finding as it stands: all that an organisation's rule sees."""

KINDS: Final = (ACTIVITY, START, FETCH, EXPORT, MEDIA, FINDING)

PEOPLE_COLUMNS: Final = frozenset(["email", "phone", "profile", "username", "employer", "followers"])
"""Kinds of column that make a table one about people; a name or a place alone does not."""


def identity(found: Identified, modes: Collection[str]) -> dict[str, object]:
    """Say who it is: the part that every fact about a tool begins with."""
    return {
        "tool": found.tool,
        "family": found.family,
        "capability": found.capability,
        "role": found.role.value,
        "asks": found.asks_for_many or bool(modes),
        "modes": sorted(modes),
        "flags": list(found.flags),
        "lowered": bool(found.lowered),
    }


def activity(
    found: Identified, sure: float, modes: Collection[str], seen: Activity, *, busy: int, started: int
) -> Fields:
    """Say what a process and the helpers it started did.

    Args:
        found: Who it is.
        sure: How sure its identity alone makes us.
        modes: Ways in which it was asked for many.
        seen: Its connections, and those of its helpers, added up.
        busy: In how many ticks of half a second something new was exchanged or opened.
        started: How many programs that fetch it has started.
    """
    foreign = seen.opened - seen.own
    platforms = sum(seen.platforms.values())
    return {
        **identity(found, modes),
        "sure": round(sure, 3),
        "opened": foreign,
        "own": seen.own,
        "unattributed": max(0, foreign - platforms),
        "hosts": seen.hosts,
        "turns": seen.turns if foreign > 0 else 0,
        "kilobytes": seen.received // 1024,
        "platforms": sorted(name for name, count in seen.platforms.items() if count > 0),
        "platform_connections": platforms,
        "busy": busy,
        "per_host": round(max(seen.turns, foreign) / max(1, seen.hosts), 1) if foreign > 0 else 0.0,
        "steady": seen.steady,
        "looks": seen.looks,
        "seconds": round(seen.seconds, 1),
        "started": started,
    }


def start(found: Identified, modes: Collection[str], parent: int) -> Fields:
    """Say that a recognised tool was started, and below which process; the number is for grouping only."""
    return {**identity(found, modes), "parent": parent}


def fetch(word: str, parent: int, address: str) -> Fields:
    """Say that a fetching program was started for an address; parent and address are for grouping only.

    Args:
        word: The program's name.
        parent: Number of the process that started it, or that started the shell around it.
        address: A keyed hash of the address, known to nobody else.
    """
    return {"program": word, "parent": parent, "address": address}


def export(finding: Finding, about: About, written: ExportWritten) -> Fields:
    """Say that records were written while a finding was active.

    Args:
        finding: The finding that it may belong to.
        about: What else is known of it.
        written: The file's shape.
    """
    return {
        **standing(finding, about),
        "format": written.format,
        "columns": list(written.columns),
        "people_columns": len(PEOPLE_COLUMNS & set(written.columns)),
        "rows": written.rows,
    }


def media(finding: Finding, about: About, grown: MediaGrew) -> Fields:
    """Say that a folder of media grew while a finding was active."""
    per_minute = grown.files * 60 / grown.seconds if grown.seconds > 0 else float(grown.files)
    return {**standing(finding, about), "files": grown.files, "files_per_minute": round(per_minute, 1)}


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a finding's tool beside the finding.

    Attributes:
        capability: What it is able to do, or empty.
        flags: Names of the options that it was started with and that mean something.
        page_classes: Classes of pages of its platforms that browsers loaded in the ten minutes before.
        loads: How many such pages.
    """

    capability: str = ""
    flags: tuple[str, ...] = ()
    page_classes: tuple[str, ...] = ()
    loads: int = 0


def standing(finding: Finding, about: About) -> dict[str, object]:
    """Say how a finding stands: all that an organisation's rule sees."""
    return {
        "tool": finding.tool,
        "family": finding.family,
        "capability": about.capability,
        "flags": list(about.flags),
        "modes": [mode.value for mode in finding.modes],
        "stage": finding.stage.value,
        "level": finding.level.value,
        "platforms": list(finding.platforms),
        "page_classes": list(about.page_classes),
        "loads": about.loads,
        "count": finding.count,
    }


def together(parts: Sequence[Activity]) -> Activity:
    """Add up what a process and its helpers did; they were watched at the same time, so looks and seconds do not add.

    A helper's far ends may be its parent's too: the largest number counts.
    """
    if not parts:
        return Activity()
    if len(parts) == 1:
        return parts[0]
    platforms: dict[str, int] = {}
    for part in parts:
        for name, count in part.platforms.items():
            platforms[name] = platforms.get(name, 0) + count
    return replace(
        parts[0],
        seconds=max(part.seconds for part in parts),
        opened=sum(part.opened for part in parts),
        hosts=max(part.hosts for part in parts),
        turns=sum(part.turns for part in parts),
        received=sum(part.received for part in parts),
        own=sum(part.own for part in parts),
        platforms=platforms,
        steady=sum(part.steady for part in parts),
        looks=sum(part.looks for part in parts),
    )
