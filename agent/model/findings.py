"""Findings: what was recognised, how sure we are, and why (DESIGN 3.14, 3.15 and 4).

Evidence of independent classes is combined by noisy-OR into a confidence, the confidence gives a level, and level,
stage and mode say whether the person is shown a flag. `detection/` makes findings, `store/` keeps them, `link/`, `web/`
and the desktop show them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Stage(StrEnum):
    """How far a tool has got; each stage includes the ones before."""

    INSTALLED = "installed"
    RUNNING = "running"
    COLLECTING = "collecting"

    @property
    def rank(self) -> int:
        """0, 1 or 2: for comparing stages."""
        return list(Stage).index(self)


class Level(StrEnum):
    """The confidence in words. `hidden` is below what anybody is shown."""

    HIDDEN = "hidden"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """0 to 3: for comparing levels."""
        return list(Level).index(self)


class EvidenceClass(StrEnum):
    """Independent kinds of evidence; a finding counts the strongest piece of each once."""

    NAME = "name"
    PACKAGE = "package"
    CODE = "code"
    FLAGS = "flags"
    NETWORK = "network"
    CADENCE = "cadence"
    ARTEFACT = "artefact"
    RULE = "rule"
    """A rule of the organisation: its word, not a measurement."""


class CollectMode(StrEnum):
    """Ways of being asked for many at once."""

    LIST = "list"
    RECURSION = "recursion"
    CHANNEL = "channel"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason, small enough to keep: never an argument, a path or a line of code.

    Attributes:
        cls: Which independent class it belongs to.
        rule: The stable id of the rule that spoke, such as `catalogue.entry-point`.
        detail: Library names, flag names, counts or base names put into a fixed template.
        weight: 0 to 1, its own confidence.
    """

    cls: EvidenceClass
    rule: str
    detail: str
    weight: float


@dataclass(frozen=True, slots=True)
class ProcessRef:
    """A process behind a finding: number, start in UTC milliseconds, base name."""

    pid: int
    started_at: int
    name: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One tool seen on this machine. Times are UTC milliseconds.

    Attributes:
        id: Random, stable for the life of the finding.
        tool: Catalogue id; or `script:<libraries>#<mark>` for a script of the person's own, `package:`, `program:`,
            `extension:`, `browser:`, `cadence:` or `unread:` with what tells it apart.
        name: What a person calls it.
        family: One of the families of DESIGN 4.
        stage: `installed`, `running` or `collecting`.
        confidence: 0 to 1.
        level: The confidence in words.
        flagged: Whether the person is warned.
        modes: The ways in which it was asked for many.
        platforms: Platforms it was seen to talk to, sorted.
        first_seen: When it was first seen.
        last_seen: When it was last seen.
        count: How many times it was started.
        processes: The processes behind it, newest last, at most 32.
        evidence: The strongest piece of each class, strongest first.
        techniques: ATT&CK and OWASP ids.
        answer: What the person said of it, or an empty string.
        held_until: End of the hold before a flagged finding may be reported; None where it is not flagged.
        closed_at: When it was closed, or None.
        lowered: Why its surroundings speak for ordinary work, in words; empty where nothing does.
        approved_until: Until when the compliance team has approved what it is; None where it has not.
    """

    id: str
    tool: str
    name: str
    family: str
    stage: Stage
    confidence: float
    level: Level
    flagged: bool
    platforms: tuple[str, ...]
    first_seen: int
    last_seen: int
    count: int
    processes: tuple[ProcessRef, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    modes: tuple[CollectMode, ...] = ()
    techniques: tuple[str, ...] = ()
    answer: str = ""
    held_until: int | None = None
    closed_at: int | None = field(default=None)
    lowered: str = ""
    approved_until: int | None = None
