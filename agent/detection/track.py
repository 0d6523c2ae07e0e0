"""One open finding and what its next version is made from.

A track collects what its live processes say. Evidence of one process is never mixed with another's: the finding shows
the pieces of the process that speaks loudest, and those that are about the tool as a whole (a rhythm of page loads, an
export). While it is open its stage only rises and a flag stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from agent.detection import weights
from agent.detection.approvals import covering
from agent.detection.correlate.said import Said
from agent.detection.identified import Identified, Role
from agent.detection.scoring import confidence, flagged, level, strongest
from agent.model.approvals import Approval
from agent.model.events import Activity, CommandLine, ProcessKey
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Finding, Level, ProcessRef, Stage

MAX_PROCESSES = 32
REFRESH_MS = 60_000
"""A finding that only goes on is handed out once a minute, not on every tick."""


class Standing(IntEnum):
    """What a process is by itself: nothing that anybody is shown, listed, or reason for a flag.

    A tool has one open finding for each, so that a harmless use never stands under a warning about another use, and a
    start that says nothing never joins what is shown.
    """

    HIDDEN = 0
    LISTED = 1
    FLAGGED = 2


@dataclass(slots=True)
class Live:
    """One running process of a recognised tool.

    Attributes:
        ref: The process as a finding lists it.
        found: Who it is; its evidence already weighed by the surroundings.
        known: How sure its identity makes us before that: a test runner is no reason not to look.
        modes: Ways of being asked for many that the correlation found.
        said: What rules said of its activity, by the rule's id.
        collecting: Whether one of them shows collecting.
        seen: Its activity, as of the last look.
        past: What its ended helpers did.
        busy: Ticks in which it, or a helper, exchanged or opened something new: a walk goes on, a start-up does not.
        fetchers: How many programs that fetch it has started.
        command: The command line that it was recognised by, held weakly; None once that is gone. A process keeps its
            number and start when it replaces its program, and is another `Live` then.
    """

    ref: ProcessRef
    found: Identified
    known: float = 0.0
    modes: set[CollectMode] = field(default_factory=set)
    said: dict[str, Evidence] = field(default_factory=dict)
    collecting: bool = False
    seen: Activity = field(default_factory=Activity)
    past: Activity | None = None
    busy: int = 0
    fetchers: int = 0
    command: Callable[[], CommandLine | None] = lambda: None

    @property
    def pieces(self) -> tuple[Evidence, ...]:
        """Everything that speaks for it."""
        return (*self.found.evidence, *self.said.values())

    @property
    def all_modes(self) -> set[CollectMode]:
        """Ways in which it was asked for many, by its command line and by what it did."""
        return {*self.found.modes, *self.modes}

    @property
    def sure(self) -> float:
        """How sure its identity alone makes us, 0 to 1, whatever its surroundings take off."""
        return max(self.known, confidence(self.found.evidence))

    @property
    def watched(self) -> bool:
        """Whether it is worth looking at what it does: activity of a process that is nobody says nothing."""
        return not self.found.quiet and self.sure >= weights.WATCHED_FROM

    @property
    def listed(self) -> bool:
        """Whether what speaks for it is enough to be listed."""
        return level(self.pieces) is not Level.HIDDEN

    def hear(self, said: Iterable[Said]) -> None:
        """Take in what rules said of it."""
        for one in said:
            self.said[one.evidence.rule] = one.evidence
            self.collecting = self.collecting or one.collecting
            if one.mode is not None:
                self.modes.add(one.mode)

    def standing(self, more: Iterable[Evidence] = ()) -> Standing:
        """Say what it is by itself, with `more` that is known of its tool as a whole."""
        more = tuple(more)
        if self.warns(more):
            return Standing.FLAGGED
        return Standing.LISTED if level((*self.pieces, *more)) is not Level.HIDDEN else Standing.HIDDEN

    def warns(self, more: Iterable[Evidence] = ()) -> bool:
        """Say whether this process by itself is reason enough for a flag; what nobody verified does not count."""
        proven = [piece for piece in (*self.pieces, *more) if piece.rule != weights.UNVERIFIED_RULE]
        stage = Stage.COLLECTING if self.collecting else Stage.RUNNING
        return flagged(level(proven), stage, self.all_modes, self.found.asks_for_many)


@dataclass(slots=True)
class Track:
    """One open finding.

    Attributes:
        finding: As it stands, changes not yet handed out included.
        role: What the tool is by nature.
        best: The pieces of the process that spoke loudest so far.
        shared: Pieces about the tool as a whole.
        alive: Its running processes.
        shown: As it was handed out last; None where nobody has seen it.
        slot: Under which tool and standing it is held.
        capability: What the tool is able to do, or empty.
        flags: Names of the options that its processes were started with.
        restored: Whether it is from before a restart and no process has spoken since: what its tool is able to do, and
            with which options it was started, is not known.
    """

    finding: Finding
    role: Role
    best: tuple[Evidence, ...] = ()
    shared: dict[str, Evidence] = field(default_factory=dict)
    alive: dict[ProcessKey, Live] = field(default_factory=dict)
    shown: Finding | None = None
    slot: tuple[str, Standing] = ("", Standing.HIDDEN)
    capability: str = ""
    flags: frozenset[str] = frozenset()
    restored: bool = False

    def take(self, key: ProcessKey, live: Live, at: int, *, counts: bool) -> None:
        """Take in a process; `counts` says whether it is a start of its own."""
        finding = self.finding
        # Also one that says nothing by itself, where it belongs under a warning: a card is never that.
        running = live.listed or self.slot[1] is Standing.FLAGGED
        if finding.stage is Stage.INSTALLED and running:
            # An installed card says nothing about what runs; from here on what runs speaks for itself.
            self.best = ()
        known = live.ref in finding.processes
        self.alive[key] = live
        self.finding = replace(
            finding,
            stage=Stage.RUNNING if running and finding.stage is Stage.INSTALLED else finding.stage,
            last_seen=max(finding.last_seen, at),
            count=finding.count + (counts and not known),
            processes=finding.processes if known else (*finding.processes, live.ref)[-MAX_PROCESSES:],
            techniques=tuple(sorted({*finding.techniques, *live.found.techniques})),
        )
        self.weigh(live)

    def weigh(self, live: Live) -> None:
        """Let one process speak: the finding rises to what it shows."""
        self.restored = False
        finding = self.finding
        pieces = strongest(live.pieces)
        lowered = finding.lowered
        if _loudness(pieces) >= _loudness(self.best):
            self.best, lowered = pieces, live.found.lowered
        self.capability = self.capability or live.found.capability
        self.flags |= frozenset(live.found.flags)
        stage = finding.stage
        if live.collecting and live.listed:
            stage = Stage.COLLECTING
        self.finding = replace(
            finding,
            stage=stage,
            modes=tuple(sorted({*finding.modes, *live.all_modes})),
            platforms=tuple(sorted({*finding.platforms, *live.seen.platforms})),
            flagged=finding.flagged or live.warns(self.shared.values()),
            lowered=lowered,
        )

    def hear(self, said: Iterable[Said], at: int, platforms: Iterable[str] = ()) -> None:
        """Take in what rules said of the tool as a whole; of one rule the strongest answer stays."""
        stage = self.finding.stage
        for one in said:
            held = self.shared.get(one.evidence.rule)
            if held is None or one.evidence.weight >= held.weight:
                self.shared[one.evidence.rule] = one.evidence
            stage = Stage.COLLECTING if one.collecting else stage
        finding = replace(
            self.finding,
            stage=stage,
            platforms=tuple(sorted({*self.finding.platforms, *platforms})),
            last_seen=max(self.finding.last_seen, at),
            count=max(1, self.finding.count),
        )
        proven = [piece for piece in (*self.best, *self.shared.values()) if piece.rule != weights.UNVERIFIED_RULE]
        warn = flagged(level(proven), stage, finding.modes, asks_for_many=False)
        self.finding = replace(finding, flagged=finding.flagged or warn)

    def obey(self, said: Iterable[Said], *, in_force: bool = True) -> None:
        """Take in what the organisation's own rules say now: a rule that matches flags by itself.

        Args:
            said: What they say of the finding as it is known.
            in_force: Whether there are any. What they said before a restart stays until they can be asked anew.
        """
        if not (self.restored and in_force):
            for rule in [rule for rule, piece in self.shared.items() if piece.cls is EvidenceClass.RULE]:
                del self.shared[rule]
        for one in said:
            self.shared[one.evidence.rule] = one.evidence
            self.finding = replace(self.finding, flagged=self.finding.flagged or one.flags)

    def _ruled(self) -> tuple[Evidence, ...]:
        """Return every rule of the organisation that matches, not the strongest only: they are no measurements."""
        return tuple(
            sorted((one for one in self.shared.values() if one.cls is EvidenceClass.RULE), key=lambda e: e.rule)
        )

    def next_version(self, now: int, hold_ms: int, approvals: Sequence[Approval] = ()) -> Finding | None:
        """Return the finding as it is now where that differs from what was handed out; None where it does not.

        Args:
            now: UTC milliseconds.
            hold_ms: How long a flagged finding is held before it may be reported.
            approvals: What the compliance team has approved.
        """
        measured = [piece for piece in (*self.best, *self.shared.values()) if piece.cls is not EvidenceClass.RULE]
        pieces = (*strongest(measured), *self._ruled())
        how_sure = level(pieces)
        held = self.finding.held_until
        if self.finding.flagged and held is None:
            held = now + hold_ms
        approval = covering(self.finding, approvals, now)
        finding = self.finding = replace(
            self.finding,
            evidence=pieces,
            confidence=confidence(pieces),
            level=how_sure,
            held_until=held,
            approved_until=approval.until if approval is not None else None,
        )
        if how_sure is Level.HIDDEN and self.shown is None and not finding.flagged:
            return None
        before = self.shown
        if (
            before is not None
            and replace(finding, last_seen=before.last_seen) == before
            and finding.last_seen - before.last_seen < REFRESH_MS
        ):
            return None
        self.shown = finding
        return finding


def _loudness(pieces: tuple[Evidence, ...]) -> tuple[int, float]:
    return level(pieces).rank, confidence(pieces)
