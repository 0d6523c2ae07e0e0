"""What the first screen says, from the agent's status and findings: pure functions, plain data in and out.

The screen answers three questions in this order: is it watching (`state_of`), what did it recognise (`sort_findings`),
what does it keep (`bars_of`). Whether the notice must stand in front of all that is decided here as well (`must_ask`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from markupsafe import Markup

from agent.detection.approvals import covering
from agent.detection.scoring import is_approved
from agent.model.approvals import Approval
from agent.model.face import PageTotal, Status
from agent.model.findings import Finding, Level, Stage
from agent.model.health import Condition
from agent.model.purposes import Gate, GateState, Mode, Purpose
from agent.pages import charts, words
from agent.web.purposes import ASKS

MOST_CARDS = 40
MOST_LISTED = 40


class Shape(StrEnum):
    """The mark beside the big line; each has its own form, so that colour is never needed to tell them apart."""

    WATCHING = "watching"
    GAPS = "gaps"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class State:
    """The big line.

    Attributes:
        shape: Its mark.
        line: A few words.
        detail: One or two sentences on why and what now.
        since: When this began, UTC milliseconds, or None where that says nothing.
        until: When watching begins by itself, or None.
        can_start: Whether «Start watching» makes sense.
        can_stop: Whether «Stop watching» makes sense.
    """

    shape: Shape
    line: str
    detail: str
    since: int | None = None
    until: int | None = None
    can_start: bool = False
    can_stop: bool = False

    @property
    def watching(self) -> bool:
        """Whether anything is looked at now."""
        return self.shape in (Shape.WATCHING, Shape.GAPS)


@dataclass(frozen=True, slots=True)
class ClassTotal:
    """Page loads of one kind of page."""

    label: str
    count: int
    last_at: int


@dataclass(frozen=True, slots=True)
class PlatformBar:
    """One platform's row: its name, its total, its drawing, its kinds of page (most first)."""

    label: str
    total: int
    drawing: Markup
    classes: tuple[ClassTotal, ...]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Findings as the screen shows them: `open_` as cards, the others as lists; `left_out` counts what is not shown."""

    open_: tuple[Finding, ...]
    installed: tuple[Finding, ...]
    closed: tuple[Finding, ...]
    left_out: int


def gate_of(gates: Iterable[Gate]) -> Gate:
    """Return the gate that decides whether anything is watched; closed when it is not among them."""
    for gate in gates:
        if gate.purpose is Purpose.DETECT:
            return gate
    return Gate(Purpose.DETECT, GateState.CLOSED, 0, reason="notice_not_shown")


def must_ask(gate: Gate) -> bool:
    """Say whether the notice must be the first screen: it was not shown yet, or an answer to it is awaited."""
    return gate.state is not GateState.OPEN and gate.reason in ASKS


def state_of(status: Status) -> State:
    """Put into one line whether this instance watches, and if not, why."""
    gate = gate_of(status.gates)
    free = status.mode is not Mode.MANAGED
    if gate.state is GateState.WAITING and gate.until is not None:
        return State(
            Shape.WAITING,
            "Waiting",
            "The notice was shown to you. Nothing is looked at before that.",
            until=gate.until,
        )
    if gate.state is not GateState.OPEN:
        return State(Shape.STOPPED, "Not watching", _why_not(gate.reason), gate.since or None, can_start=free)
    broken = [h for h in status.health if h.condition is Condition.FAILED]
    if broken:
        parts = words.listed([words.say(h.part, "part") for h in broken])
        return State(
            Shape.GAPS,
            "Watching, with gaps",
            f"Not working: {parts}. See below what is missed.",
            gate.since,
            can_stop=free,
        )
    connected = sum(b.connected for b in status.browsers)
    if connected == 0:
        return State(
            Shape.GAPS,
            "Watching programs only",
            "No browser is connected, so no page loads are counted.",
            gate.since,
            can_stop=free,
        )
    browsers = "One browser is" if connected == 1 else f"{connected} browsers are"
    return State(Shape.WATCHING, "Watching", f"{browsers} connected.", gate.since, can_stop=free)


def _why_not(reason: str) -> str:
    known = {
        "objected": "You chose not to be watched. Nothing is looked at.",
        "switched_off": "This instance is set not to watch. Nothing is looked at.",
        "not_in_use": "This instance is set not to watch. Nothing is looked at.",
        "language_missing": "The law here asks for a notice in a language that this release does not have. Nothing is "
        "looked at before there is one.",
        "notice_not_shown": "The notice was not shown to you yet. Nothing is looked at before that.",
        "notice_changed": "The notice has changed. Nothing is looked at before you have seen what is new.",
        "not_acknowledged": "The notice waits for your answer. Nothing is looked at before that.",
        "not_authorised": "The notice waits for your authorisation. Nothing is looked at without it.",
    }
    return known.get(reason, "Nothing is looked at.")


@dataclass(frozen=True, slots=True)
class Approved:
    """Until when a finding is approved (UTC milliseconds), and the reference to why; empty where none is held."""

    until: int
    reference: str


def approved_ones(findings: Iterable[Finding], approvals: Sequence[Approval], now: int) -> dict[str, Approved]:
    """Return for each finding that is approved now, by its id, how that is said."""
    told = {}
    for finding in findings:
        if finding.approved_until is not None and is_approved(finding, now):
            approval = covering(finding, approvals, now)
            told[finding.id] = Approved(finding.approved_until, approval.reference if approval is not None else "")
    return told


def sort_findings(findings: Sequence[Finding], now: int) -> Sorted:
    """Put what needs an answer first, then what is flagged, then how far it got and how sure it is, then the newest.

    What is approved needs no answer and is no flag.
    """
    # A rule of the organisation flags what by itself would not be listed.
    shown = [f for f in findings if f.level is not Level.HIDDEN or f.flagged]
    here = [f for f in shown if f.closed_at is None]
    running = [f for f in here if f.stage is not Stage.INSTALLED]
    still_open = sorted(running, key=lambda f: _urgency(f, now), reverse=True)
    installed = sorted((f for f in here if f.stage is Stage.INSTALLED), key=lambda f: f.name.lower())
    closed = sorted((f for f in shown if f.closed_at is not None), key=lambda f: f.last_seen, reverse=True)
    left_out = sum(max(0, len(found) - most) for found, most in ((still_open, MOST_CARDS), (closed, MOST_LISTED)))
    left_out += max(0, len(installed) - MOST_LISTED)
    return Sorted(tuple(still_open[:MOST_CARDS]), tuple(installed[:MOST_LISTED]), tuple(closed[:MOST_LISTED]), left_out)


def _urgency(finding: Finding, now: int) -> tuple[bool, bool, int, int, int]:
    warned = finding.flagged and not is_approved(finding, now)
    return (warned and not finding.answer, warned, finding.stage.rank, finding.level.rank, finding.last_seen)


def bars_of(totals: Sequence[PageTotal]) -> tuple[PlatformBar, ...]:
    """Group page loads by platform, most first, and draw each platform's bar on one common scale."""
    by_platform: dict[str, list[PageTotal]] = {}
    for total in totals:
        by_platform.setdefault(total.platform, []).append(total)
    sums = {platform: sum(t.count for t in rows) for platform, rows in by_platform.items()}
    longest = max(sums.values(), default=1)
    bars = []
    for platform in sorted(sums, key=lambda p: (-sums[p], p)):
        rows = sorted(by_platform[platform], key=lambda t: (-t.count, t.page_class))
        classes = tuple(ClassTotal(words.say(t.page_class, "page_class"), t.count, t.last_at) for t in rows)
        name = words.say(platform, "platform")
        spoken = f"{name}: " + words.listed([f"{c.count} {c.label}" for c in classes])
        drawing = charts.bar([charts.Segment(c.label, c.count) for c in classes], longest, spoken)
        bars.append(PlatformBar(name, sums[platform], drawing, classes))
    return tuple(bars)


def stage_sentence(finding: Finding) -> str:
    """Say how far a tool has got, and where."""
    where = words.listed([words.say(p, "platform") for p in finding.platforms])
    if finding.stage is Stage.COLLECTING:
        return f"Collecting from {where}" if where else "Collecting"
    if finding.stage is Stage.RUNNING:
        return f"Running, talks to {where}" if where else "Running"
    return "Installed, not seen running"
