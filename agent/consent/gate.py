"""The gate: from the acts on record to «may this be observed», now and at any earlier time.

`decide` is pure: acts, the rules of this instance and the clock go in, a `Gate` comes out. `GateHistory` remembers
when each gate changed, because an observation is judged by the gate that held when it was *made*: a page seen a second
before the person objected and delivered a second after is kept, one seen after is not. The daemon stores every change
(`store.gates`) and feeds it back at start.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from agent.consent.standing import CONSENT_WORDS, DAY_MS, NOTICE_WORDS, PERMISSIVE, disputed_at, in_order
from agent.model.purposes import Act, ActKind, Gate, GateState, Mode, Purpose, StartRule


class GateReason(StrEnum):
    """Why a gate is not open: every value that `Gate.reason` can have; empty when it is open."""

    SWITCHED_OFF = "switched_off"
    """Closed: the organisation's policy does not use this purpose."""
    NOT_IN_USE = "not_in_use"
    """Closed: this release does nothing for this purpose."""
    LANGUAGE_MISSING = "language_missing"
    """Closed: the jurisdiction requires the notice in a language that we do not have."""
    NOTICE_NOT_SHOWN = "notice_not_shown"
    """Closed: the notice was not shown, and none before it was answered."""
    NOTICE_CHANGED = "notice_changed"
    """Closed: an earlier notice was answered, the one that holds was not shown yet (for a consent: not agreed to)."""
    NOT_ACKNOWLEDGED = "not_acknowledged"
    """Waiting: shown, and nobody has said so yet."""
    NOT_AUTHORISED = "not_authorised"
    """Waiting: shown, and the person has not authorised it, which is needed here."""
    LEAD_DAYS = "lead_days"
    """Waiting: opens by itself at `until`."""
    OBJECTED = "objected"
    """Closed: the person objected, and here that decides."""
    NOT_GIVEN = "not_given"
    """Closed: an optional purpose about which nothing was said yet."""
    REFUSED = "refused"
    """Closed: consent was refused."""
    WITHDRAWN = "withdrawn"
    """Closed: consent was withdrawn."""
    EXPIRED = "expired"
    """Closed: the time of a consent was over."""
    PAUSED = "paused"
    """Waiting: the person paused watching; goes on by itself at `until`."""


_NO = {
    ActKind.REFUSED: GateReason.REFUSED,
    ActKind.WITHDRAWN: GateReason.WITHDRAWN,
    ActKind.EXPIRED: GateReason.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class GateRules:
    """What this instance asks for before it may observe.

    Attributes:
        mode: Personal, managed or test.
        start: What a mandatory purpose waits for besides its lead days (managed mode only: elsewhere nobody but the
            person decides, and that takes a yes).
        lead_days: Days between showing the notice and the first observation (managed mode only).
        switched_off: Purposes that the policy does not use at all.
        not_in_use: Purposes for which this release does nothing.
        notices: SHA-256 in hex of every text that holds now: the same notice in each language. Nothing opens by an act
            about another text.
        language_missing: Whether the jurisdiction requires a language that we do not have.
        paused: From when until when the person paused watching, UTC milliseconds; None where they did not.
    """

    mode: Mode
    start: StartRule = StartRule.ACKNOWLEDGED
    lead_days: int = 0
    switched_off: frozenset[Purpose] = frozenset()
    not_in_use: frozenset[Purpose] = frozenset()
    notices: frozenset[str] = frozenset()
    language_missing: bool = False
    paused: tuple[int, int] | None = None


def decide(purpose: Purpose, acts: Iterable[Act], rules: GateRules, now: int) -> Gate:
    """Say which gate holds for one purpose (DESIGN 3.10, 3.16).

    Only acts about a notice that holds can open anything: a changed notice asks again. What forbids counts whichever
    text was before the person, once it came after the word that it takes back: a withdrawal from a page that still
    shows yesterday's text is a withdrawal.

    In personal and test mode nothing is observed until the person said yes, and an objection stops it at once. In
    managed mode a mandatory purpose rests on its notice: «I have been shown this and I object» is put on record, holds
    the data back (`standing.held`), and says like an acknowledgement that the notice was seen; only where an
    authorisation is needed does it close the gate. An optional purpose is open exactly while its last word is a
    consent.

    Args:
        purpose: Whose gate.
        acts: Everything on record, in any order.
        rules: What this instance asks for.
        now: UTC milliseconds.

    Returns:
        The gate, with `since` the moment at which its state began as far as the acts tell, and as reason one of
        `GateReason`.
    """
    if purpose in rules.switched_off:
        return _not_open(purpose, 0, GateReason.SWITCHED_OFF)
    if purpose in rules.not_in_use:
        return _not_open(purpose, 0, GateReason.NOT_IN_USE)
    if rules.language_missing:
        return _not_open(purpose, 0, GateReason.LANGUAGE_MISSING)
    gate = _by_acts(purpose, _Record(purpose, acts, rules.notices), rules, now)
    if purpose is Purpose.DETECT and gate.state is GateState.OPEN and rules.paused is not None:
        begin, end = rules.paused
        # Held against its end alone: a clock that was set back must not end a pause.
        if now < end:
            return _waits(purpose, begin, GateReason.PAUSED, until=end)
        return replace(gate, since=max(gate.since, end))
    return gate


def _by_acts(purpose: Purpose, record: _Record, rules: GateRules, now: int) -> Gate:
    """What the acts alone decide; a pause only ever takes away from that."""
    if purpose.optional:
        return _optional(purpose, record)
    shown = record.first(ActKind.SHOWN)
    if shown is None:
        changed = any(act.kind in NOTICE_WORDS for act in record.about_earlier_notices())
        reason = GateReason.NOTICE_CHANGED if changed else GateReason.NOTICE_NOT_SHOWN
        return _not_open(purpose, record.undone_at, reason)
    if rules.mode is not Mode.MANAGED:
        return _personal(purpose, record, shown)
    return _managed(purpose, record, shown, rules, now)


class _Record:
    """What is on record about one purpose, with disputes taken into account.

    Attributes:
        mine: Every act about the purpose, in the order in which they were made.
        undone_at: When one of them was last disputed for the first time, UTC milliseconds; 0 when none was.
    """

    def __init__(self, purpose: Purpose, acts: Iterable[Act], notices: frozenset[str]) -> None:
        ordered = in_order(acts)
        self._disputed = disputed_at(ordered)
        self._notices = notices
        self.mine = [act for act in ordered if act.purpose is purpose]
        undone = (self._disputed[a.entry] for a in self.mine if a.entry is not None and a.entry in self._disputed)
        self.undone_at = max(undone, default=0)

    def allows(self, act: Act) -> bool:
        """Whether an act can open something: it is about a notice that holds and nobody disputed it."""
        return act.notice_sha256 in self._notices and act.entry not in self._disputed

    def _undone(self, act: Act) -> bool:
        return act.kind in PERMISSIVE and act.entry in self._disputed

    def first(self, *kinds: ActKind) -> Act | None:
        """The first act of one of these kinds that can open something."""
        return next((act for act in self.mine if act.kind in kinds and self.allows(act)), None)

    def about_earlier_notices(self) -> list[Act]:
        """What was done about texts that do not hold any more, in order."""
        return [a for a in self.mine if a.notice_sha256 not in self._notices and not self._undone(a)]

    def words(self, kinds: frozenset[ActKind]) -> list[Act]:
        """What was said since the notice that holds was first shown or spoken of, in order.

        From then on everything that forbids counts, under whichever text, disputed or not.
        """
        about = (i for i, act in enumerate(self.mine) if act.notice_sha256 in self._notices)
        begin = next(about, len(self.mine))
        return [
            act for act in self.mine[begin:] if act.kind in kinds and (act.kind not in PERMISSIVE or self.allows(act))
        ]


def _personal(purpose: Purpose, record: _Record, shown: Act) -> Gate:
    """Nobody but the person decides: open from a yes until a no."""
    run = _last_run(record.words(NOTICE_WORDS), lambda act: act.kind is ActKind.OBJECTED)
    if not run:
        return _waits(purpose, max(shown.at, record.undone_at), GateReason.NOT_ACKNOWLEDGED)
    if run[0].kind is ActKind.OBJECTED:
        return _not_open(purpose, run[0].at, GateReason.OBJECTED)
    return Gate(purpose, GateState.OPEN, run[0].at)


def _managed(purpose: Purpose, record: _Record, shown: Act, rules: GateRules, now: int) -> Gate:
    """The notice decides: shown, its lead days over, and answered or authorised where that is asked for."""
    opens = shown.at + rules.lead_days * DAY_MS
    waiting_since = max(shown.at, record.undone_at)
    match rules.start:
        case StartRule.SHOWN:
            pass
        case StartRule.ACKNOWLEDGED:
            answer = record.first(*NOTICE_WORDS)
            if answer is None:
                return _waits(purpose, waiting_since, GateReason.NOT_ACKNOWLEDGED)
            opens = max(opens, answer.at)
        case StartRule.AUTHORISED:
            words = record.words(frozenset({ActKind.AUTHORISED, ActKind.OBJECTED}))
            run = _last_run(words, lambda act: act.kind is ActKind.OBJECTED)
            if not run:
                return _waits(purpose, waiting_since, GateReason.NOT_AUTHORISED)
            if run[0].kind is ActKind.OBJECTED:
                return _not_open(purpose, run[0].at, GateReason.OBJECTED)
            opens = max(opens, run[0].at)
    if now < opens:
        return _waits(purpose, waiting_since, GateReason.LEAD_DAYS, until=opens)
    return Gate(purpose, GateState.OPEN, opens)


def _optional(purpose: Purpose, record: _Record) -> Gate:
    """An optional purpose is open exactly while the last word on it is a consent."""
    run = _last_run(record.words(CONSENT_WORDS), lambda act: act.kind)
    if run and run[0].kind is ActKind.GIVEN:
        return Gate(purpose, GateState.OPEN, run[0].at)
    if run:
        return _not_open(purpose, run[0].at, _NO[run[0].kind])
    # A changed notice asks again for what was agreed to; a no is not undone by another text.
    before = next((a for a in reversed(record.about_earlier_notices()) if a.kind in CONSENT_WORDS), None)
    if before is None:
        return _not_open(purpose, record.undone_at, GateReason.NOT_GIVEN)
    return _not_open(purpose, record.undone_at, _NO.get(before.kind, GateReason.NOTICE_CHANGED))


def _last_run(words: Sequence[Act], meaning: Callable[[Act], object]) -> Sequence[Act]:
    """The words at the end that mean the same: saying it again does not make the state begin anew."""
    begin = len(words)
    while begin > 0 and meaning(words[begin - 1]) == meaning(words[-1]):
        begin -= 1
    return words[begin:]


def _not_open(purpose: Purpose, since: int, reason: GateReason) -> Gate:
    return Gate(purpose, GateState.CLOSED, since, reason=reason.value)


def _waits(purpose: Purpose, since: int, reason: GateReason, until: int | None = None) -> Gate:
    return Gate(purpose, GateState.WAITING, since, until=until, reason=reason.value)


class GateHistory:
    """When each gate changed, for judging observations by the time they were made."""

    def __init__(self, past: Iterable[Gate] = ()) -> None:
        self._times: dict[Purpose, list[int]] = {p: [] for p in Purpose}
        self._gates: dict[Purpose, list[Gate]] = {p: [] for p in Purpose}
        self._known_until: dict[Purpose, int] = dict.fromkeys(Purpose, 0)
        self._decided_at: dict[Purpose, int | None] = dict.fromkeys(Purpose)
        self._pauses: tuple[tuple[int, int], ...] = ()
        for gate in sorted(past, key=lambda g: g.since):
            self.record(gate)

    def record(self, gate: Gate) -> bool:
        """Take in a gate; return whether anything that a person or browser sees has changed.

        A change can never reach back before the one before it: what was judged stays judged.
        """
        gates = self._gates[gate.purpose]
        # Also when nothing changed: then the state before is known to have held until that moment.
        since = self._known_until[gate.purpose] = max(gate.since, self._known_until[gate.purpose])
        if gates:
            last = gates[-1]
            if (last.state, last.until, last.reason) == (gate.state, gate.until, gate.reason):
                return False
        self._times[gate.purpose].append(since)
        gates.append(replace(gate, since=since))
        return True

    def dated(self, gate: Gate, now: int) -> Gate:
        """Return what was decided at `now` (UTC milliseconds) with the moment from which it holds, to be recorded.

        A gate opens and closes with the act or on the date that did it, where that came after the decision before this
        one; else now. So what this agent decided of a moment stays true of it, whatever today's acts and rules would
        make of that time: a purpose that was switched off for a week was closed that week, and what was observed until
        a notice changed was observed lawfully.
        """
        before, decided_at = self.current(gate.purpose), self._decided_at[gate.purpose]
        self._decided_at[gate.purpose] = now
        if (before.state is GateState.OPEN) == (gate.state is GateState.OPEN):
            since = gate.since
        else:
            new = decided_at is not None and decided_at < gate.since <= now
            since = gate.since if new else now
        return replace(gate, since=max(since, self._known_until[gate.purpose]))

    def opens(self, gate: Gate) -> bool:
        """Say whether taking this gate in would open what is not open now."""
        return gate.state is GateState.OPEN and self.current(gate.purpose).state is not GateState.OPEN

    def paused(self, pauses: Iterable[tuple[int, int]]) -> None:
        """Take in when watching was paused (from, until; UTC milliseconds), in place of what was known of it.

        It lies over the gates: in a pause nothing was allowed, whatever they say.
        """
        self._pauses = tuple(pauses)

    def current(self, purpose: Purpose) -> Gate:
        """Return the gate that holds now; closed when nothing was ever recorded."""
        gates = self._gates[purpose]
        return gates[-1] if gates else Gate(purpose, GateState.CLOSED, 0, reason="notice_not_shown")

    def all_current(self) -> tuple[Gate, ...]:
        """Return every purpose's gate, in the order of `Purpose`."""
        return tuple(self.current(p) for p in Purpose)

    def was_open(self, purpose: Purpose, at: int) -> bool:
        """Say whether observing for `purpose` was allowed at `at` (UTC milliseconds)."""
        if purpose is Purpose.DETECT and any(begin <= at < end for begin, end in self._pauses):
            return False
        index = bisect_right(self._times[purpose], at) - 1
        return index >= 0 and self._gates[purpose][index].state is GateState.OPEN
