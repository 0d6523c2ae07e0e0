"""Consent, joined: the notices that hold, the acts on record, the gates they decide, and what each face shows of them.

```
press on page or terminal → checked (is this the text that holds? does the act fit the purpose?)
                          → one transaction: the text kept once, the acts in ledger and table
                          → every gate decided anew → its change recorded → browsers and watching told
```
The rules of the fold are in `consent/` and pure; here is what they need of store and clock. `face.py` offers it to page
and terminal, `proving.py` proves it, `erasing.py` takes it away.
"""

from __future__ import annotations

import asyncio
import datetime
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import apsw

from agent.changes import Changes
from agent.consent import standing
from agent.consent.gate import GateHistory, GateRules, decide
from agent.content.notices import LANGUAGES, difference, purpose_words
from agent.content.rules_notice import is_with_rules, with_rules
from agent.model.answers import ANSWERS
from agent.model.consent import Acted, ActView, Press, PurposeView
from agent.model.face import NoticeText
from agent.model.own_rules import OwnRule
from agent.model.ports import Clock
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Mode, Purpose, Strength
from agent.opening import Rulebook
from agent.store import acts, gates, notices, outbox, pauses, retention
from agent.store.database import Store
from agent.telling import Telling

STRENGTHS = {
    Channel.PAGE: Strength.PAGE_LINK,
    Channel.TERMINAL: Strength.TERMINAL_TYPED,
    Channel.EXTENSION: Strength.EXTENSION_PRESS,
    Channel.DESKTOP: Strength.DESKTOP_PRESS,
}
MINUTE_MS = 60_000
MOST_PAUSE_MINUTES = 24 * 60
"""The longest pause in one go; whoever wants none of it objects instead."""
TAKES_BACK = frozenset({ActKind.REFUSED, ActKind.WITHDRAWN, ActKind.EXPIRED})
"""Acts after which nothing of the purpose may leave any more."""


@dataclass(frozen=True, slots=True)
class ConsentParts:
    """What consent is joined with. All of it is built in `daemon.py`.

    Attributes:
        store: The database.
        clock: Time.
        history: When each gate changed.
        rulebook: Under which rules this instance runs.
        changes: Says what changed.
        on_gates: Called after a gate changed.
        on_act: Called after acts were recorded, with the first one.
        limits: How long things are kept where nobody chose a longer history.
    """

    store: Store
    clock: Clock
    history: GateHistory
    rulebook: Rulebook
    changes: Changes
    on_gates: Callable[[], None]
    on_act: Callable[[Act], None]
    limits: retention.Limits


@dataclass(frozen=True, slots=True)
class Erased:
    """Which erased acts are told: from which entry on, under which, and how many at most (negative: all)."""

    low: int = 0
    high: int = 2**62
    most: int = -1


class Consents:
    """The acts of this instance and what follows from them."""

    def __init__(self, parts: ConsentParts) -> None:
        self._parts = parts
        self._acts: list[Act] = []
        # Page, terminal and clock may speak at once: each sees what the one before it recorded.
        self._one_at_a_time = asyncio.Lock()
        self._more_to_delete = False
        self._on_record = GateHistory()
        """The gates as acts and policy alone make them: what is recorded. A pause lies over it in `parts.history`."""
        self._unrecorded: list[Gate] = []
        """Gates that closed and could not be stored yet."""
        self._kept_pause: tuple[int, int] | None = None
        """The pause as it is stored."""
        self._past_pauses: list[tuple[int, int]] = []
        today = datetime.datetime.fromtimestamp(parts.clock.now() / 1000, datetime.UTC).date()
        self.telling = Telling(parts.rulebook, today)
        self._texts = self.telling.texts
        self._bare = self.telling.texts
        """The notice that holds without the organisation's own rules, by language; `_texts` has them at its end."""
        ruling = parts.rulebook.ruling
        managed = parts.rulebook.mode is Mode.MANAGED
        unused = (p for p, f in self.telling.purposes.items() if not f.in_use or (f.leaves and not managed))
        self._rules = GateRules(
            parts.rulebook.mode,
            start=ruling.start,
            lead_days=ruling.lead_days,
            switched_off=ruling.switched_off,
            not_in_use=frozenset(unused),
            notices=frozenset(text.sha256 for text in self._texts.values()),
            language_missing=not self._texts,
        )

    async def load(self) -> None:
        """Read the acts, gates and pauses that were stored and decide every gate anew.

        Raises:
            StoreError: The database cannot be read.
        """
        store = self._parts.store
        self._acts = await store.read(acts.all_acts)
        for gate in await store.read(gates.history):
            self._on_record.record(gate)
        self._kept_pause = await store.read(pauses.running)
        self._past_pauses = await store.read(pauses.past)
        self._rules = replace(self._rules, paused=self._kept_pause)
        self._tell_pauses()
        await self._accept_notices()
        await self.decide_gates()

    async def tell_rules(self, rules: Sequence[OwnRule], sha256: str) -> None:
        """Put the organisation's own rules at the end of the notice.

        The notice without them, and with earlier rules, goes on to hold: rules add nothing to what is observed. What is
        new is read by itself; until it was shown, `rules_told` has no time.

        Args:
            rules: The rules, none to tell of none.
            sha256: Their fingerprint.
        """
        policy = self._parts.rulebook.policy
        organisation = policy.organisation.name if policy is not None else ""
        self._texts = {name: with_rules(text, rules, sha256, organisation) for name, text in self._bare.items()}
        await self._accept_notices()
        await self.decide_gates()
        self._parts.changes.say("acts")

    def rules_told(self) -> int | None:
        """Return when the notice with the organisation's rules as they are now was first shown, UTC milliseconds.

        None where it was not, or where somebody said that it was not shown to them.
        """
        disputed = standing.disputes(self._acts)
        now = {text.sha256 for text in self._texts.values()}
        shown = (a for a in self._acts if a.kind is ActKind.SHOWN and a.notice_sha256 in now)
        return min((a.at for a in shown if a.entry not in disputed), default=None)

    async def _accept_notices(self) -> None:
        """Let those texts hold that tell of everything observed: the notice, with any rules at its end."""
        kept = await self._parts.store.read(notices.all_kept)
        with_others = {text.sha256 for text in kept if any(is_with_rules(text, bare) for bare in self._bare.values())}
        current = {text.sha256 for text in (*self._bare.values(), *self._texts.values())}
        self._rules = replace(self._rules, notices=frozenset(current | with_others))

    @property
    def acts(self) -> Sequence[Act]:
        """Every act on record, in order."""
        return self._acts

    def longer_history(self) -> bool:
        """Whether the person chose to keep the facts of page loads longer."""
        return self._parts.history.current(Purpose.LONGER_HISTORY).state is GateState.OPEN

    # Notices

    def languages(self) -> Sequence[str]:
        """Return the languages in which the notice can be shown here, best first."""
        return tuple(self._texts) or LANGUAGES[:1]

    def notice(self, language: str = "en") -> NoticeText:
        """Return the notice that holds now, in the first language where ours lacks the one asked for."""
        text = self.telling.notice(language)
        return self._texts.get(text.language, text)

    async def difference(self, language: str = "en") -> Sequence[tuple[str, str]] | None:
        """Say how the notice differs from the last one that the person answered; None where it does not."""
        answered = [a for a in self._acts if a.kind not in (ActKind.SHOWN, ActKind.DISPUTED, ActKind.ANSWERED)]
        if not answered or answered[-1].notice_sha256 in {text.sha256 for text in self._texts.values()}:
            return None
        before = await self._parts.store.read(lambda tx: notices.get(tx, answered[-1].notice_sha256))
        if before is None:
            return None
        # Held against the same language as then: a translation is not a change.
        after = self._texts.get(before.language) or self.notice(language)
        return difference(before.text, after.text) or None

    # Purposes and history

    def purposes(self, language: str = "en") -> Sequence[PurposeView]:
        """Return every purpose, mandatory ones first, with its words in `language`."""
        unused = self._rules.not_in_use | self._rules.switched_off
        managed = self._parts.rulebook.mode is Mode.MANAGED
        views = []
        for purpose, facts in self.telling.purposes.items():
            stands = standing.standing(purpose, self._acts)
            views.append(
                self.telling.view(
                    facts,
                    language,
                    gate=self._parts.history.current(purpose),
                    stands=stands,
                    in_use=purpose not in unused,
                    held=managed and standing.held(purpose, self._acts),
                    ends=standing.expires_at(stands, facts) if stands is not None else None,
                )
            )
        return sorted(views, key=lambda view: view.optional)

    async def history(self, language: str = "en") -> Sequence[ActView]:
        """Return every act on record, newest first; of erased ones only that there was one."""
        return await self._told(self._acts, language, Erased())

    async def history_before(self, before: int | None, limit: int, language: str = "en") -> Sequence[ActView]:
        """Return the newest acts with a number under `before` (None: of all), newest first, `limit` at most.

        Only as much of the record is read as those acts span.
        """
        high = 2**62 if before is None else before
        end = bisect_left(self._acts, high, key=lambda act: act.entry or 0)
        known = self._acts[max(0, end - limit) : end]
        low = (known[0].entry or 0) if len(known) == limit else 0
        return (await self._told(known, language, Erased(low, high, limit)))[:limit]

    async def answers_to(self, finding: str, language: str = "en") -> Sequence[ActView]:
        """Return what the person said of one finding, newest first, as far as it is still there."""
        return await self._told([act for act in self._acts if act.finding == finding], language, None)

    async def _told(self, told: Sequence[Act], language: str, with_erased: Erased | None) -> Sequence[ActView]:
        """Say acts as faces show them, newest first, with erased ones between them."""
        answered = [act.entry for act in told if act.kind is ActKind.ANSWERED and act.entry is not None]
        words = await self._parts.store.read(lambda tx: acts.own_words(tx, answered))
        gone: list[tuple[int, int]] = []
        if with_erased is not None:
            span = with_erased
            gone = await self._parts.store.read(lambda tx: acts.erased(tx, span.low, span.high, span.most))
        disputed = standing.disputes(self._acts)
        titles = purpose_words(language)
        views = [
            ActView(
                act=act,
                title=titles[act.purpose].title,
                words=words.get(act.entry or 0, ""),
                erased=False,
                disputed_by=disputed.get(act.entry) if act.entry is not None else None,
                can_dispute=_can_dispute(act) and act.entry not in disputed,
            )
            for act in told
        ]
        for entry, at in gone:
            # What it was about is erased; only the entry's number and time are still known.
            blank = Act(Purpose.LEDGER, ActKind.ANSWERED, at, "", Channel.CLOCK, entry=entry)
            views.append(ActView(blank, "", "", erased=True, disputed_by=None, can_dispute=False))
        return sorted(views, key=lambda view: view.act.entry or 0, reverse=True)

    # Acts

    async def act(self, purpose: Purpose | None, press: Press, channel: Channel) -> Acted:
        """Record an act; return its entries and the gates that hold afterwards.

        Raises:
            ValueError: The text shown is not the notice that holds, or the act does not fit the purpose.
        """
        async with self._one_at_a_time:
            made = await self._act(purpose, press, channel)
        await self._delete_the_rest()
        return Acted(self._parts.history.all_current(), tuple(made))

    async def _act(self, purpose: Purpose | None, press: Press, channel: Channel) -> Sequence[int]:
        text = await self._text_of(press)
        unused = self._rules.not_in_use | self._rules.switched_off
        if purpose is None:
            shown = press.kind is ActKind.SHOWN
            about = [p for p in Purpose if p not in unused and (shown or not p.optional)]
        elif purpose in unused:
            raise ValueError(f"Nothing is done for {purpose.value} here, so there is nothing to say about it yet.")
        else:
            about = [purpose]
        for one in about:
            why_not = standing.fits(one, press.kind, self._rules.start, self._rules.mode)
            if why_not:
                raise ValueError(why_not)
        now = self._parts.clock.now()
        made = [
            Act(
                one,
                press.kind,
                now,
                press.notice_sha256,
                channel,
                text.language,
                press.control,
                press.dwell_ms,
                STRENGTHS.get(channel, Strength.NONE),
            )
            for one in about
        ]
        if press.kind is ActKind.SHOWN:
            # Showing the same text again proves nothing new, unless somebody said that it was not shown to them.
            disputed = standing.disputes(self._acts)
            known = {
                a.purpose
                for a in self._acts
                if a.kind is ActKind.SHOWN and a.notice_sha256 == press.notice_sha256 and a.entry not in disputed
            }
            made = [a for a in made if a.purpose not in known]
        return await self._record(made, text) if made else ()

    async def _text_of(self, press: Press) -> NoticeText:
        """Return the text that was before the person: one that holds, or for a «no» any that was ever shown."""
        for text in self._texts.values():
            if text.sha256 == press.notice_sha256:
                return text
        # A «no» is taken from a page that still shows an earlier text: withdrawing must be as easy as giving.
        if press.kind in standing.FORBIDS:
            before = await self._parts.store.read(lambda tx: notices.get(tx, press.notice_sha256))
            if before is not None:
                return before
        raise ValueError("The notice has changed since it was shown. Read it again, then answer.")

    async def pause(self, minutes: int) -> Sequence[Gate]:
        """Stop watching for some minutes, or go on at once with 0, and return the gates that hold afterwards.

        No act: the state of consent stays as it is, and so does what is on record of the gates.

        Raises:
            ValueError: More than a day, or fewer than none.
            StoreError: It could not be stored. It holds all the same, and is stored with the next decision; what could
                not be ended goes on.
        """
        if not 0 <= minutes <= MOST_PAUSE_MINUTES:
            raise ValueError(
                f"A pause lasts 1 to {MOST_PAUSE_MINUTES} minutes. To stop for good, object: gleanwatch consent object."
            )
        async with self._one_at_a_time:
            now = self._parts.clock.now()
            if minutes:
                self._rules = replace(self._rules, paused=(now, now + minutes * MINUTE_MS))
            else:
                await self._keep([], None, now)  # before anything opens
                self._rules = replace(self._rules, paused=None)
            await self._decide()
        return self._parts.history.all_current()

    def paused_until(self) -> int | None:
        """Return until when the person paused watching, UTC milliseconds; None where they did not, or it is over."""
        paused = self._rules.paused
        return paused[1] if paused is not None and paused[1] > self._parts.clock.now() else None

    async def dispute(self, entry: int, channel: Channel, control: str = "") -> Sequence[Gate]:
        """Record «that was not me» about an earlier act and return the gates that hold afterwards.

        Raises:
            ValueError: There is no such act, or it cannot be disputed.
        """
        async with self._one_at_a_time:
            await self._dispute(entry, channel, control)
        await self._delete_the_rest()
        return self._parts.history.all_current()

    async def _dispute(self, entry: int, channel: Channel, control: str) -> None:
        act = next((a for a in self._acts if a.entry == entry), None)
        if act is None:
            raise ValueError(f"There is no act with the number {entry}. «gleanwatch consent history» lists them.")
        if not _can_dispute(act):
            raise ValueError("Only what a person did can be disputed; this was recorded by the clock or is a dispute.")
        if entry in standing.disputes(self._acts):
            raise ValueError(f"Act {entry} is disputed already.")
        made = Act(
            act.purpose,
            ActKind.DISPUTED,
            self._parts.clock.now(),
            act.notice_sha256,
            channel,
            act.language,
            control,
            strength=STRENGTHS.get(channel, Strength.NONE),
            disputes=entry,
        )
        await self._record([made], None)

    def answer_of(self, finding_id: str, category: str, press: Press | None, channel: Channel) -> Act:
        """Return the act that records an answer to a finding; whoever stores the answer stores it too.

        Raises:
            ValueError: The category is none of them.
        """
        if category not in ANSWERS:
            raise ValueError(f"An answer is one of {', '.join(ANSWERS)}.")
        shown = next((a for a in reversed(self._acts) if a.kind is ActKind.SHOWN), None)
        return Act(
            Purpose.WARN,
            ActKind.ANSWERED,
            self._parts.clock.now(),
            shown.notice_sha256 if shown is not None else "",
            channel,
            shown.language if shown is not None else "en",
            press.control if press is not None else "",
            press.dwell_ms if press is not None else None,
            STRENGTHS.get(channel, Strength.NONE),
            finding=finding_id,
            category=category,
        )

    def recorded(self, act: Act) -> None:
        """Take in an act that was recorded elsewhere, in the transaction of what it is about."""
        self._acts.append(act)
        self._parts.on_act(act)
        self._parts.changes.say("acts")

    def forget(self, entries: Sequence[int]) -> None:
        """Drop acts whose content was erased."""
        gone = set(entries)
        self._acts = [a for a in self._acts if a.entry not in gone]
        self._parts.changes.say("acts")

    def must_stay(self, candidates: Collection[int] = ()) -> frozenset[int]:
        """Return the entries of acts that may not be erased, though these `candidates` go together."""
        return standing.must_stay(self._acts, self._rules.notices, candidates)

    async def _record(self, made: Sequence[Act], text: NoticeText | None) -> Sequence[int]:
        """Store acts, decide the gates anew, and return the acts' entries."""
        book = self._parts.store.ledger

        def keep(tx: apsw.Connection) -> tuple[list[int], bool]:
            if text is not None:
                notices.keep(tx, book, text, made[0].at)
            numbers = [acts.record(tx, book, act) for act in made]
            left = [self._let_go(tx, act) for act in made if act.kind in TAKES_BACK]
            return numbers, any(left)

        numbers, more = await self._parts.store.write(keep)
        self._more_to_delete |= more
        recorded = [replace(act, entry=number) for act, number in zip(made, numbers, strict=True)]
        self._acts.extend(recorded)
        self._parts.on_act(recorded[0])
        self._parts.changes.say("acts")
        await self._decide()
        return numbers

    def _let_go(self, tx: apsw.Connection, act: Act) -> bool:
        """Delete what was kept for a consent, in the transaction that takes it back; say whether more of it is left.

        Of very many page loads the first part goes here and the rest afterwards, or with the next sweep: from this
        transaction on nothing keeps them longer.
        """
        outbox.empty(tx, act.purpose)
        return act.purpose is Purpose.LONGER_HISTORY and retention.sweep(tx, act.at, self._parts.limits).more

    async def _delete_the_rest(self) -> None:
        """Go on with what `_let_go` began, while acts and gates go on too."""
        if self._more_to_delete:
            self._more_to_delete = False
            await retention.swept(self._parts.store, self._parts.clock.now(), self._parts.limits)

    # Gates

    async def decide_gates(self) -> int | None:
        """Record what expired, decide every gate from the acts and the clock, store and say what changed.

        Returns:
            When a gate changes next by itself, UTC milliseconds, or None.
        """
        async with self._one_at_a_time:
            change = await self._decide()
        await self._delete_the_rest()
        return change

    async def _decide(self) -> int | None:
        parts = self._parts
        now = parts.clock.now()
        over = standing.expiries(self._acts, self.telling.purposes, now)
        if over:
            given = {p: standing.standing(p, self._acts) for p in over}
            ended = [
                Act(p, ActKind.EXPIRED, now, a.notice_sha256, Channel.CLOCK, a.language)
                for p, a in given.items()
                if a is not None
            ]
            await self._record(ended, None)  # decides the gates, this time with nothing left to expire
            return await self._decide()
        self._shorten_pause(now)
        recorded = [
            self._on_record.dated(decide(p, self._acts, replace(self._rules, paused=None), now), now) for p in Purpose
        ]
        decided = [decide(p, self._acts, self._rules, now) for p in Purpose]
        held = [parts.history.dated(gate, now) for gate in decided]
        # What closes closes at once, stored or not; what opens is stored before.
        self._unrecorded += [g for g in recorded if not self._on_record.opens(g) and self._on_record.record(g)]
        opening = [gate for gate in recorded if self._on_record.opens(gate)]
        closed = [parts.history.record(gate) for gate in held if not parts.history.opens(gate)]
        self._tell_pauses()
        if any(closed):
            self._gates_moved()
        paused = self._rules.paused
        pause_over = paused is not None and paused[1] <= now
        await self._keep(opening, None if pause_over else paused, now)
        if pause_over:
            self._rules = replace(self._rules, paused=None)
        for gate in opening:
            self._on_record.record(gate)
        opened = [parts.history.record(gate) for gate in held if parts.history.opens(gate)]
        if any(opened):
            self._gates_moved()
        due = [gate.until for gate in decided if gate.until is not None]
        ends = standing.next_expiry(self._acts, self.telling.purposes)
        return min(due if ends is None else [*due, ends], default=None)

    def _shorten_pause(self, now: int) -> None:
        """A pause is never longer from now on than it was when it was pressed, whatever the clock said then."""
        if (paused := self._rules.paused) is not None and now < paused[0]:
            self._rules = replace(self._rules, paused=(now, now + paused[1] - paused[0]))

    async def _keep(self, opening: Sequence[Gate], paused: tuple[int, int] | None, now: int) -> None:
        """Store what is not stored yet: gates that closed, gates that are about to open, and the pause.

        Raises:
            StoreError: It cannot be stored; what closed is stored the next time.
        """
        parts, before = self._parts, self._kept_pause
        closed = tuple(self._unrecorded)
        if not (closed or opening or before != paused):
            return

        def keep(tx: apsw.Connection) -> tuple[int, int] | None:
            for gate in (*closed, *opening):
                gates.record(tx, parts.store.ledger, gate, now)
            return pauses.change(tx, before, paused, now) if before != paused else None

        was = await parts.store.write(keep)
        del self._unrecorded[: len(closed)]
        self._kept_pause = paused
        if was is not None:
            self._past_pauses.append(was)
        self._tell_pauses()

    def _tell_pauses(self) -> None:
        """Let page loads be judged by every pause that is known."""
        running = {pause for pause in (self._rules.paused, self._kept_pause) if pause is not None}
        self._parts.history.paused([*self._past_pauses, *running])

    def _gates_moved(self) -> None:
        self._parts.on_gates()
        self._parts.changes.say("gates")

    def on_record(self, purpose: Purpose) -> Gate:
        """Return one purpose's gate as it is on record: as it would be without a pause."""
        return self._on_record.current(purpose)


def _can_dispute(act: Act) -> bool:
    return act.kind is not ActKind.DISPUTED and act.channel not in (Channel.CLOCK, Channel.SELF)
