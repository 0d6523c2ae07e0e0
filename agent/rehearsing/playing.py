"""Plays the day through the real parts: gates, notice, detection, store and retention, under a clock moved by hand.

    notice shown → pages are tried at once → the person answers → days pass → the working day, minute by minute
                 → the hold runs out → findings close → retention deletes

What the relay asks of a page load (is its platform watched, was the gate open when it was seen?) is asked here by the
same function, `agent.link.checks.reason_against`; there is no browser. Identification, correlation, scoring, the hold
and `is_reportable` are the detector's own. The database is a real one in a folder that is thrown away.
"""

from __future__ import annotations

import datetime
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw

from agent.changes import Changes
from agent.consent.gate import GateHistory
from agent.consenting import ConsentParts, Consents
from agent.content.catalogue import load_catalogue
from agent.content.platforms import load_platforms
from agent.detection.correlate.shipped import load_rules
from agent.detection.findings import CLOSE_AFTER_MS, Detector
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.detection.organisation import InForce
from agent.detection.scoring import is_approved, is_reportable
from agent.link.checks import reason_against
from agent.model.approvals import ANY, Approval
from agent.model.consent import Press
from agent.model.events import Activity, CommandLine, PageLoad, ProcessEnded, ProcessKey, ProcessStarted
from agent.model.face import NoticeText, PageTotal
from agent.model.findings import Finding
from agent.model.organisation import LeftOut
from agent.model.purposes import ActKind, Channel, Gate, GateState, Purpose, StartRule
from agent.organisation import OrganisationFiles
from agent.rehearsing.cast import APPROVED_FAMILY, Day, Run, Visit
from agent.rehearsing.draft import Draft
from agent.store import acts, findings, page_loads, retention
from agent.store.database import Store, open_store

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
SWEEP_MS: Final = 10 * MINUTE_MS
"""How often the agent deletes what is over: `SWEEP_SECONDS` of `sweeping.py`, which a test compares."""
BEGINS_HOUR: Final = 8
LONGEST_PLAY_MINUTES: Final = 9 * 60
ANSWER_AFTER_MINUTES: Final = 5
_PLACE: Final = "/opt/rehearsal"  # nothing lies there: a tool is known by its name alone
_CLIENT: Final = "rehearsal"


@dataclass(slots=True)
class MovedClock:
    """A clock that only moves when it is moved; UTC milliseconds."""

    at: int

    def now(self) -> int:
        """UTC milliseconds."""
        return self.at

    def monotonic(self) -> float:
        """Seconds."""
        return self.at / 1000


@dataclass(frozen=True, slots=True)
class GateSeen:
    """The gates at one moment.

    Attributes:
        what: What has just happened, a key: `before`, `shown`, `answered`, `day`.
        at: UTC milliseconds.
        gates: Every purpose's.
    """

    what: str
    at: int
    gates: tuple[Gate, ...]


@dataclass(frozen=True, slots=True)
class Met:
    """What became of one program.

    Attributes:
        run: The program.
        started: UTC milliseconds.
        finding: As it stood last; None where nothing was found, or nobody was watching.
        flagged_at: When the person was first warned, or None.
        reportable_at: When it first became reportable, or None.
        approval: Reference of the approval that covers it, or empty.
        totals: Page loads in the finding's window, as far as they were still kept once it was reportable.
    """

    run: Run
    started: int
    finding: Finding | None
    flagged_at: int | None
    reportable_at: int | None
    approval: str
    totals: tuple[PageTotal, ...]


@dataclass(frozen=True, slots=True)
class Deleted:
    """One sweep: when, and how many rows it deleted."""

    at: int
    page_loads: int
    findings: int


@dataclass(frozen=True, slots=True)
class Played:
    """What happened.

    Attributes:
        begins: When the first day begins, UTC milliseconds.
        notices: Language → the notice, rules at its end included.
        answer: How the person answered the notice; None where nothing was asked.
        gates: At the moments that matter.
        watched: Whether the working day was watched.
        tried: Page loads right after the notice was shown: reason of refusal (or `kept`) → how many.
        refused: Page loads of the working day that were not kept: reason → how many.
        totals: Page loads kept at the end of the working day.
        met: What became of each program.
        deleted: What retention deleted, and when.
        own_rules: How many rules of the organisation's own were told of.
        own_rules_sha256: Their fingerprint; empty: none.
        approvals: Approvals in force, the rehearsal's own included.
        left_out: What lies beside the policy and could not be taken.
    """

    begins: int
    notices: Mapping[str, NoticeText]
    answer: ActKind | None
    gates: tuple[GateSeen, ...]
    watched: bool
    tried: Mapping[str, int]
    refused: Mapping[str, int]
    totals: tuple[PageTotal, ...]
    met: tuple[Met, ...]
    deleted: tuple[Deleted, ...]
    own_rules: int
    own_rules_sha256: str
    approvals: tuple[Approval, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(slots=True)
class _Actor:
    """A program while it plays."""

    run: Run
    key: ProcessKey
    finding: Finding | None = None
    flagged_at: int | None = None
    reportable_at: int | None = None
    totals: tuple[PageTotal, ...] = ()
    over: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the relay would ask of page loads; see `agent.link.checks.Rules`."""

    gates: GateHistory
    platforms: frozenset[str]
    page_classes: frozenset[str]
    max_age_ms: int


@dataclass(slots=True)
class _Surroundings:
    """What the detector asks of a machine: connections of the actors, and nothing above any process."""

    clock: MovedClock
    watched: frozenset[str]
    actors: dict[ProcessKey, _Actor] = field(default_factory=dict)

    def activity_of(self, key: ProcessKey) -> Activity:
        actor = self.actors.get(key)
        if actor is None or not actor.run.turns:
            return Activity()
        seconds = (self.clock.at - key.started_at) / 1000
        turns, looks = int(seconds / 60 * actor.run.turns), int(seconds / 60)
        # What is switched off is not attributed: it is a connection like any other.
        platforms = {actor.run.platform: turns} if actor.run.platform in self.watched else {}
        return Activity(seconds, turns, min(turns, 4), turns * 3, turns * 200_000, 0, platforms, looks, looks)

    def ancestors(self, _pid: int) -> tuple[str, ...]:
        return ()

    def above_agent(self, _pid: int) -> bool:
        return False


async def play(draft: Draft, on: datetime.date, folder: Path, day: Day | None = None) -> Played:
    """Play a day under a draft.

    Args:
        draft: The policy.
        on: The day on which the notice is shown.
        folder: An empty folder of ours alone, which the caller throws away.
        day: What is played; None: the usual day.
    """
    begins = int(datetime.datetime(on.year, on.month, on.day, BEGINS_HOUR, tzinfo=datetime.UTC).timestamp() * 1000)
    clock = MovedClock(begins)
    store = open_store(folder / "rehearsal.db", bytes(32), clock)
    reader = CodeReader()
    try:
        return await _Play(draft, clock, store, reader, day or Day()).whole()
    finally:
        await reader.close()
        await store.close()


class _Play:
    """One performance."""

    def __init__(self, draft: Draft, clock: MovedClock, store: Store, reader: CodeReader, day: Day) -> None:
        policy, self._day = draft.policy, day
        self._draft, self._clock, self._store, self._begins = draft, clock, store, clock.at
        self._limits = retention.Limits(
            policy.retention.observations_hours * HOUR_MS, policy.retention.findings_days * DAY_MS
        )
        self._hold_ms = policy.detection.hold_hours * HOUR_MS
        platforms = load_platforms()
        self._watched = frozenset(platforms.keys - draft.rulebook.ruling.platforms_off)
        self._history = GateHistory()
        self._asked = _Asked(self._history, self._watched, platforms.sendable_classes, self._limits.observations_ms)
        self._consents = Consents(
            ConsentParts(
                store,
                clock,
                self._history,
                draft.rulebook,
                Changes(),
                lambda: None,
                lambda _act: None,
                self._limits,
            )
        )
        self._around = _Surroundings(clock, self._watched)
        identifier = Identifier(load_catalogue(on_error=lambda _problem: None), reader)
        numbers = itertools.count(1)
        self._detector = Detector(
            identifier.identify,
            self._around,
            self._around,
            clock,
            lambda: f"rehearsed-{next(numbers)}",
            hold_ms=self._hold_ms,
            judge=load_rules(),
            package_of=identifier.package_of,
            plain=identifier.plain,
        )
        self._seq = itertools.count(1)
        self._pids = itertools.count(1000)
        self._actors: list[_Actor] = []
        self._deleted: list[Deleted] = []
        self._gates: list[GateSeen] = []

    async def whole(self) -> Played:
        """Play it."""
        rules = await self._beside()
        await self._consents.load()
        await self._consents.tell_rules(rules.rules.told, rules.rules.sha256)
        self._note("before")
        await self._press(ActKind.SHOWN)
        self._note("shown")
        tried = await self._visit([Visit(0, "linkedin", "profile", (60, 60))], self._clock.at)
        self._clock.at = self._begins + 10 * MINUTE_MS
        answer = await self._answer()
        self._note("answered")
        # The working day is the first one after the last lead day, and never the day of the notice itself.
        morning = self._begins + max(1, self._draft.rulebook.ruling.lead_days) * DAY_MS + HOUR_MS
        self._clock.at = morning
        await self._consents.decide_gates()
        self._note("day")
        watched = self._history.current(Purpose.DETECT).state is GateState.OPEN
        approvals = self._approvals(rules, morning)
        refused: Counter[str] = Counter()
        if watched:
            self._detector.follow(InForce(rules.rules), approvals)
        refused += await self._work(morning, watched=watched)
        totals = tuple(await self._store.read(lambda tx: page_loads.totals(tx, morning)))
        if watched:
            await self._hold_runs_out()
        await self._time_goes_by()
        return Played(
            begins=self._begins,
            notices={name: self._consents.notice(name) for name in self._consents.telling.texts},
            answer=answer,
            gates=tuple(self._gates),
            watched=watched,
            tried=dict(sorted(tried.items())),
            refused=dict(sorted(refused.items())),
            totals=totals,
            met=tuple(self._became(actor, approvals) for actor in self._actors),
            deleted=tuple(self._deleted),
            own_rules=len(rules.rules.told),
            own_rules_sha256=rules.rules.sha256 if rules.rules.told else "",
            approvals=approvals,
            left_out=rules.left_out,
        )

    # What lies beside the policy

    async def _beside(self) -> OrganisationFiles:
        async def nobody() -> None:
            return None

        keys = self._draft.policy.approvals.keys
        beside = OrganisationFiles(self._draft.path, keys, self._clock, nobody, require_root=False)
        await beside.look()
        return beside

    def _approvals(self, beside: OrganisationFiles, at: int) -> tuple[Approval, ...]:
        """Return the approvals beside the policy, and one of our own where somebody could sign one."""
        keys = self._draft.policy.approvals.keys
        if not keys:
            return beside.approvals()
        ours = Approval(APPROVED_FAMILY, ANY, at + 30 * DAY_MS, "REHEARSAL", keys[0].partition("+")[0])
        return (*beside.approvals(), ours)

    # The notice

    async def _answer(self) -> ActKind | None:
        """Answer as most do: authorise where that is asked, else acknowledge; nobody gives an optional consent."""
        if not self._consents.telling.texts:
            return None
        kind = ActKind.ACKNOWLEDGED
        if self._draft.rulebook.ruling.start is StartRule.AUTHORISED:
            kind = ActKind.AUTHORISED
        return kind if await self._press(kind) else None

    async def _press(self, kind: ActKind) -> bool:
        if not self._consents.telling.texts:
            return False
        sha256 = self._consents.notice("en").sha256
        await self._consents.act(None, Press(kind, sha256, "rehearsal", None), Channel.PAGE)
        return True

    def _note(self, what: str) -> None:
        self._gates.append(GateSeen(what, self._clock.at, self._history.all_current()))

    # The working day

    async def _work(self, morning: int, *, watched: bool) -> Counter[str]:
        """Play the day minute by minute and return what was not kept of its page loads, by reason."""
        refused: Counter[str] = Counter()
        starts = {run.minute: run for run in self._day.runs}
        visits = {visit.minute: visit for visit in self._day.visits}
        for minute in range(LONGEST_PLAY_MINUTES):
            self._clock.at = morning + minute * MINUTE_MS
            if minute in visits:
                refused += await self._visit([visits[minute]], self._clock.at)
            if minute in starts:
                await self._start(starts[minute], watched=watched)
            if watched:
                await self._minute()
            if minute * MINUTE_MS % SWEEP_MS == 0:
                await self._sweep()
        del refused["kept"]
        return refused

    async def _visit(self, visits: Sequence[Visit], at: int) -> Counter[str]:
        """Open pages; return what became of them."""
        became: Counter[str] = Counter()
        kept: list[PageLoad] = []
        for visit in visits:
            moments = itertools.accumulate((0, *visit.pauses))
            for moment in moments:
                seq, when = next(self._seq), at + moment * 1000
                # A browser hands it in as soon as it was seen.
                reason = reason_against(self._asked, visit.platform, visit.page_class, when, now=when)
                became[reason or "kept"] += 1
                if not reason:
                    kept.append(PageLoad(_CLIENT, seq, visit.platform, visit.page_class, when, True, False))
        if kept:
            now = self._clock.at
            await self._store.write(lambda tx: page_loads.append(tx, _CLIENT, kept, kept[-1].seq, now))
            await self._heard(self._detector.page_loads(kept))
        return became

    async def _start(self, run: Run, *, watched: bool) -> None:
        key = ProcessKey(next(self._pids), self._clock.at)
        actor = _Actor(run, key)
        self._actors.append(actor)
        self._around.actors[key] = actor
        if watched:
            command = CommandLine(run.argv, f"{_PLACE}/bin/{run.argv[0]}", _PLACE)
            event = ProcessStarted(key, 1, run.argv[0], command, self._clock.at)
            await self._heard(await self._detector.started(event))

    async def _minute(self) -> None:
        """Let one look of the agent pass: connections, ends, answers, and who has become reportable."""
        now = self._clock.at
        await self._heard(self._detector.tick(now))
        for actor in self._actors:
            minutes = (now - actor.key.started_at) // MINUTE_MS
            if actor.run.minutes is not None and minutes >= actor.run.minutes and not actor.over:
                await self._end(actor)
            if actor.run.answer and actor.flagged_at is not None and actor.finding is not None:
                due = now - actor.flagged_at >= ANSWER_AFTER_MINUTES * MINUTE_MS
                if due and not actor.finding.answer:
                    await self._answered(actor.finding, actor.run.answer)
        await self._who_is_reportable()

    async def _end(self, actor: _Actor) -> None:
        actor.over = True
        await self._heard(self._detector.ended(ProcessEnded(actor.key, self._clock.at)))

    async def _answered(self, finding: Finding, answer: str) -> None:
        act = self._consents.answer_of(finding.id, answer, None, Channel.PAGE)
        book, at = self._store.ledger, self._clock.at

        def keep(tx: apsw.Connection) -> None:
            acts.record(tx, book, act)
            findings.set_answer(tx, finding.id, answer, at)

        await self._store.write(keep)
        changed = self._detector.answer(finding.id, answer)
        await self._heard([changed] if changed is not None else [])

    async def _heard(self, changed: Sequence[Finding]) -> None:
        """Keep what changed, as the daemon does, and remember whose it is."""
        for finding in changed:
            await self._store.write(_saving(finding))
            for actor in self._actors:
                mine = any(process.pid == actor.key.pid for process in finding.processes)
                if mine:
                    actor.finding = finding
                    # What is approved is listed and not warned about.
                    if finding.flagged and actor.flagged_at is None and not is_approved(finding, self._clock.at):
                        actor.flagged_at = self._clock.at

    async def _who_is_reportable(self) -> None:
        """Note who may leave from now on, and count page loads in the window of whoever may and still goes on."""
        now = self._clock.at
        for actor in self._actors:
            current = next((f for f in self._detector.open_findings() if self._is(f, actor)), None)
            if current is None or not is_reportable(current, now):
                continue
            if actor.reportable_at is None:
                actor.reportable_at = now
            actor.finding = current
            if not actor.over:
                actor.totals = tuple(await self._store.read(_totals_since(current.first_seen)))

    @staticmethod
    def _is(finding: Finding, actor: _Actor) -> bool:
        return actor.finding is not None and finding.id == actor.finding.id

    # Afterwards

    async def _hold_runs_out(self) -> None:
        """Go on, half-hour by half-hour and to the end of each hold, until all are over; what still runs ends then."""
        last = self._clock.at + self._hold_ms + HOUR_MS
        while self._clock.at < last:
            ends = (each.held_until for each in self._detector.open_findings() if each.held_until is not None)
            self._clock.at = min((self._clock.at + HOUR_MS // 2, *(end for end in ends if end > self._clock.at)))
            await self._sweep()
            await self._minute()
        for actor in self._actors:
            if not actor.over:
                await self._end(actor)
        self._clock.at += CLOSE_AFTER_MS + MINUTE_MS
        await self._heard(self._detector.tick(self._clock.at))

    async def _time_goes_by(self) -> None:
        """Let retention do its work until nothing is left."""
        while (due := await self._store.read(lambda tx: retention.next_deletion(tx, self._limits))) is not None:
            self._clock.at = max(self._clock.at, due)
            if not await self._sweep():
                break

    async def _sweep(self) -> bool:
        now = self._clock.at
        swept = await self._store.write(lambda tx: retention.sweep(tx, now, self._limits))
        if swept.page_loads or swept.findings:
            self._deleted.append(Deleted(now, swept.page_loads, swept.findings))
        return bool(swept.page_loads or swept.findings or swept.clients)

    def _became(self, actor: _Actor, approvals: Sequence[Approval]) -> Met:
        finding = actor.finding
        covered = finding is not None and finding.approved_until is not None
        reference = next((a.reference for a in approvals if finding and a.until == finding.approved_until), "")
        return Met(
            actor.run,
            actor.key.started_at,
            finding,
            actor.flagged_at,
            actor.reportable_at,
            reference if covered else "",
            actor.totals,
        )


def _totals_since(since: int) -> Callable[[apsw.Connection], list[PageTotal]]:
    return lambda tx: page_loads.totals(tx, since)


def _saving(finding: Finding) -> Callable[[apsw.Connection], None]:
    return lambda tx: findings.save(tx, finding)
