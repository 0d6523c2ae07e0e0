"""What the first screen says, from what the agent tells: pure functions, plain data in and out.

The screen answers three questions in this order: is it watching (`state_of`), what asks for an answer
(`stage_sentence`, `approved_ones`), what was counted today (`day_of`). Whether the notice must stand in front of all
that is decided here as well (`must_ask`). Nothing here grows with what is kept: a day has 24 columns, a list its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from markupsafe import Markup

from agent.detection.approvals import covering
from agent.detection.scoring import is_approved
from agent.model.approvals import Approval
from agent.model.face import BrowserState, PageSlice, Status
from agent.model.findings import Finding, Stage
from agent.model.health import Condition
from agent.model.purposes import Gate, GateState, Mode, Purpose
from agent.pages import charts, words
from agent.pages.language import listed, many, text, thousands
from agent.web.purposes import ASKS

HOURS: Final = 24
MOST_LABELS: Final = 4
HOUR_MS: Final = 3_600_000


class Shape(StrEnum):
    """The mark beside the big line; each has its own form, so that colour is never needed to tell them apart."""

    WATCHING = "watching"
    GAPS = "gaps"
    WAITING = "waiting"
    PAUSED = "paused"
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

    @property
    def paused(self) -> bool:
        """Whether the person paused it."""
        return self.shape is Shape.PAUSED


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """One platform of a day: its name, its square in the chart, its total, its kinds of page (most first)."""

    label: str
    swatch: Markup
    total: int
    classes: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class HourRow:
    """One hour that had page loads: how it is called, and how many on each platform of the day."""

    label: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """Page loads of the last 24 hours.

    Attributes:
        drawing: The chart; the platforms lie in it as they stand in `platforms`, the first on top.
        marks: Names of evenly spaced hours, for below the chart.
        most: The highest number in one hour, which the chart's top stands for.
        total: All of them.
        platforms: Each platform, by its name.
        hours: Each hour that had any, the latest first.
    """

    drawing: Markup
    marks: tuple[str, ...]
    most: int
    total: int
    platforms: tuple[PlatformRow, ...]
    hours: tuple[HourRow, ...]


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
    if gate.state is GateState.WAITING and gate.reason == "paused":
        return State(
            Shape.PAUSED,
            text("Paused by you"),
            text("Nothing is looked at. It goes on by itself; nobody asks why, and nothing of it is reported."),
            until=gate.until,
        )
    if gate.state is GateState.WAITING and gate.until is not None:
        return State(
            Shape.WAITING,
            text("Not started yet"),
            text("The notice was shown to you. Nothing is looked at before its days are over."),
            until=gate.until,
        )
    if gate.state is not GateState.OPEN:
        return State(Shape.STOPPED, text("Not watching"), _why_not(gate.reason), gate.since or None, can_start=free)
    shape, line, detail = _how_well(status)
    return State(shape, line, detail, gate.since, can_stop=free)


def _how_well(status: Status) -> tuple[Shape, str, str]:
    """Say how well an open gate is made use of."""
    broken = [words.say(h.part, "part") for h in status.health if h.condition is Condition.FAILED]
    if broken:
        missing = text("Not working: %(parts)s. The page «Health» says what is missed.", parts=listed(broken))
        return Shape.GAPS, text("Watching, with gaps"), missing
    connected = [browser for browser in status.browsers if browser.connected]
    if not connected:
        alone = text("No browser is connected, so no page loads are counted.")
        return Shape.GAPS, text("Watching programs only"), alone
    hidden = sorted({platform for browser in connected for platform in browser.missing})
    if hidden:
        sites = listed([words.say(platform, "platform") for platform in hidden])
        gap = text("A browser does not let Gleanwatch see %(sites)s, so page loads there are not counted.", sites=sites)
        return Shape.GAPS, text("Watching, with gaps"), gap
    seen = many("One browser is connected.", "%(num)s browsers are connected.", len(connected))
    return Shape.WATCHING, text("Watching"), seen


def _why_not(reason: str) -> str:
    match reason:
        case "objected":
            return text("You chose not to be watched. Nothing is looked at.")
        case "switched_off" | "not_in_use":
            return text("This instance is set not to watch. Nothing is looked at.")
        case "language_missing":
            return text(
                "The law here asks for a notice in a language that this release does not have. Nothing is looked at "
                "before there is one."
            )
        case "notice_not_shown":
            return text("The notice was not shown to you yet. Nothing is looked at before that.")
        case "notice_changed":
            return text("The notice has changed. Nothing is looked at before you have seen what is new.")
        case "not_acknowledged":
            return text("The notice waits for your answer. Nothing is looked at before that.")
        case "not_authorised":
            return text("The notice waits for your authorisation. Nothing is looked at without it.")
    return text("Nothing is looked at.")


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


def first_hour(now: int, zone: tzinfo | None) -> int:
    """Return when the first of the last 24 hours on the clock here began, UTC milliseconds; this is the last one."""
    here = _here(now, zone)
    # On the time line and not on the clock, which shows one hour twice at the end of summer time.
    into = timedelta(minutes=here.minute, seconds=here.second, microseconds=here.microsecond) // timedelta(
        milliseconds=1
    )
    return now - into - (HOURS - 1) * HOUR_MS


def day_of(slices: Iterable[PageSlice], now: int, zone: tzinfo | None) -> Day | None:
    """Draw the page loads of the last 24 hours, by hour and platform.

    Args:
        slices: Hours, or parts of them; those before the first hour are left out.
        now: UTC milliseconds.
        zone: The person's time zone; None for the machine's.

    Returns:
        The day, or None where there was nothing.
    """
    first = first_hour(now, zone)
    by_hour: dict[str, Counter[int]] = {}
    by_class: dict[str, Counter[str]] = {}
    for one in slices:
        hour = (one.start - first) // HOUR_MS
        if 0 <= hour < HOURS:
            by_hour.setdefault(one.platform, Counter())[hour] += one.count
            by_class.setdefault(one.platform, Counter())[one.page_class] += one.count
    if not by_hour:
        return None
    known = list(words.PLATFORM)
    order = sorted(by_hour, key=lambda p: (known.index(p) if p in known else len(known), p))
    labels = _clocks([first + hour * HOUR_MS for hour in range(HOURS)], zone)
    counts = {hour: tuple(by_hour[platform][hour] for platform in order) for hour in range(HOURS)}
    total = sum(sum(row) for row in counts.values())
    # The first platform lies on top, as it stands first in the list.
    layers = [
        charts.Series(_slot(platform), tuple(by_hour[platform][hour] for hour in range(HOURS)))
        for platform in reversed(order)
    ]
    drawing = charts.columns(
        layers,
        [f"{labels[hour]}: {thousands(sum(counts[hour]))}" for hour in range(HOURS)],
        many(
            "One page load in the last 24 hours. The table below has the numbers.",
            "%(num)s page loads in the last 24 hours, by hour and platform. The table below has the numbers.",
            total,
        ),
    )
    return Day(
        drawing,
        tuple(labels[hour] for hour in range(0, HOURS, HOURS // MOST_LABELS)),
        max(sum(row) for row in counts.values()),
        total,
        tuple(_platform_row(platform, by_class[platform]) for platform in order),
        tuple(HourRow(labels[hour], counts[hour]) for hour in reversed(range(HOURS)) if any(counts[hour])),
    )


def _platform_row(platform: str, classes: Counter[str]) -> PlatformRow:
    kinds = sorted(classes.items(), key=lambda pair: (-pair[1], pair[0]))
    named = tuple((words.say(page_class, "page_class"), count) for page_class, count in kinds)
    return PlatformRow(words.say(platform, "platform"), charts.swatch(_slot(platform)), classes.total(), named)


def _slot(platform: str) -> int:
    """Return a platform's place in the palette: the same on every day."""
    known = list(words.PLATFORM)
    return known.index(platform) if platform in known else charts.SLOTS - 1


def _here(at: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)


def _clocks(moments: Sequence[int], zone: tzinfo | None) -> list[str]:
    """Say each moment as the clock here shows it, and what the clock shows twice with what it is behind or before UTC.

    So both hours of the night in which summer time ends can be told apart: «02:00 (UTC+2)», then «02:00 (UTC+1)».
    """
    shown = [f"{_here(at, zone):%H:%M}" for at in moments]
    twice = {clock for clock, times in Counter(shown).items() if times > 1}
    return [
        f"{clock} ({_offset(_here(at, zone))})" if clock in twice else clock
        for at, clock in zip(moments, shown, strict=True)
    ]


def _offset(here: datetime) -> str:
    minutes = (here.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def seen_browsers(browsers: Sequence[BrowserState], most: int) -> tuple[tuple[BrowserState, ...], int]:
    """Return the first browsers, connected ones that hide something before the others, and how many are left."""
    order = sorted(browsers, key=lambda b: (not b.connected, not b.missing))
    return tuple(order[:most]), max(0, len(order) - most)


def stage_sentence(finding: Finding) -> str:
    """Say how far a tool has got, and where."""
    where = listed([words.say(p, "platform") for p in finding.platforms])
    if finding.stage is Stage.COLLECTING:
        return text("Collecting from %(where)s", where=where) if where else text("Collecting")
    if finding.stage is Stage.RUNNING:
        return text("Running, talks to %(where)s", where=where) if where else text("Running")
    return text("Installed, not seen running")
