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

import datetime
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import apsw

from agent.changes import Changes
from agent.consent import standing
from agent.consent.gate import GateHistory, GateRules, decide
from agent.consent.standing import PERMISSIVE
from agent.content.notices import LANGUAGES, PLATFORMS, difference, purpose_words, render_notice, said
from agent.content.platforms import load_platforms
from agent.content.purposes import basis_for, load_purposes
from agent.ledger.entry import decode as decode_entry
from agent.model.consent import ActView, Press, PurposeView
from agent.model.face import NoticeText
from agent.model.legal import PurposeFacts
from agent.model.ports import Clock
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Mode, Purpose, Strength
from agent.model.records import Parties, RecordFacts
from agent.opening import Rulebook
from agent.store import acts, gates, ledger, notices, outbox, retention
from agent.store.database import Store

CLAIMS_YEARS = 3
"""How long acts are kept where no jurisdiction says how long claims can be made."""
MOST_WORDS = 500
"""Characters of a person's own words with an answer."""
STRENGTHS = {Channel.PAGE: Strength.PAGE_LINK, Channel.TERMINAL: Strength.TERMINAL_TYPED}
FORBIDS = frozenset({ActKind.OBJECTED, ActKind.REFUSED, ActKind.WITHDRAWN})
"""A «no» is taken from a page that still shows an earlier text: withdrawing must be as easy as giving."""
TAKES_BACK = frozenset({ActKind.REFUSED, ActKind.WITHDRAWN, ActKind.EXPIRED})
"""Acts after which nothing of the purpose may leave any more."""
RECORD_NAMES = uuid.UUID("6f0b1f4e-6c55-5b0c-9f0e-2f1d6a0c7a11")
"""The namespace of record ids (RFC 9562 section 5.5), so that a record has the same id in every export."""


def notices_for(rulebook: Rulebook, on: datetime.date) -> Mapping[str, NoticeText]:
    """Render the notice that holds on a day, in every language in which it may be shown, best first."""
    policy, ruling, loopback = rulebook.policy, rulebook.ruling, sorted(rulebook.config.loopback)
    languages = [name for name in LANGUAGES if not ruling.languages_required or name in ruling.languages_required]
    purposes = [f for p, f in load_purposes().items() if p not in ruling.switched_off]
    if rulebook.mode is Mode.PERSONAL or policy is None:
        return {name: render_notice(rulebook.mode, name, purposes=purposes, loopback=loopback) for name in languages}
    code = ruling.jurisdiction.code if ruling.jurisdiction is not None else ""
    watched = [name for name in PLATFORMS if name.lower() not in ruling.platforms_off]
    return {
        name: render_notice(
            rulebook.mode,
            name,
            purposes=purposes,
            organisation=policy.organisation.name,
            contact=policy.organisation.contact,
            jurisdiction=code,
            authority=ruling.jurisdiction.authority if ruling.jurisdiction is not None else "",
            basis={f.purpose: basis_for(f, code, on) for f in purposes} if code else {},
            lead_days=ruling.lead_days,
            start=ruling.start,
            raw_hours=policy.retention.observations_hours,
            finding_days=policy.retention.findings_days,
            claims_years=claims_years(rulebook),
            platforms=watched or sorted(load_platforms().keys - ruling.platforms_off),
            loopback=loopback,
            references={key: getattr(policy.references, key) for key in policy.references.__struct_fields__},
            witnesses=[witness.key.partition("+")[0] for witness in policy.ledger.witnesses],
            supplement=policy.supplement,
        )
        for name in languages
    }


def claims_years(rulebook: Rulebook) -> int:
    """Return how long acts are kept, years."""
    there = rulebook.ruling.jurisdiction
    return there.claims_years if there is not None else CLAIMS_YEARS


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


class Consents:
    """The acts of this instance and what follows from them."""

    def __init__(self, parts: ConsentParts) -> None:
        self._parts = parts
        self._purposes = load_purposes()
        self._acts: list[Act] = []
        self._texts = notices_for(parts.rulebook, self._today())
        ruling = parts.rulebook.ruling
        leaves = parts.rulebook.mode is Mode.MANAGED
        self._rules = GateRules(
            parts.rulebook.mode,
            start=ruling.start,
            lead_days=ruling.lead_days,
            switched_off=ruling.switched_off,
            not_in_use=frozenset(p for p, f in self._purposes.items() if not f.in_use or (f.leaves and not leaves)),
            notices=frozenset(text.sha256 for text in self._texts.values()),
            language_missing=not self._texts,
        )

    async def load(self) -> None:
        """Read the acts on record and decide every gate anew.

        Raises:
            StoreError: The database cannot be read.
        """
        self._acts = await self._parts.store.read(acts.all_acts)
        await self.decide_gates()

    @property
    def acts(self) -> Sequence[Act]:
        """Every act on record, in order."""
        return self._acts

    @property
    def rules(self) -> GateRules:
        """What this instance asks for before it may observe."""
        return self._rules

    def longer_history(self) -> bool:
        """Whether the person chose to keep the facts of page loads longer."""
        return self._parts.history.current(Purpose.LONGER_HISTORY).state is GateState.OPEN

    # Notices

    def languages(self) -> Sequence[str]:
        """Return the languages in which the notice can be shown here, best first."""
        return tuple(self._texts) or LANGUAGES[:1]

    def notice(self, language: str = "en") -> NoticeText:
        """Return the notice that holds now, in the first language where ours lacks the one asked for."""
        if not self._texts:
            needed = ", ".join(sorted(self._parts.rulebook.ruling.languages_required))
            text = (
                f"Nothing is observed: the notice would have to be shown in one of these languages, and this release "
                f"has it in none of them: {needed}.\n"
            )
            return NoticeText("language-missing", "0", "en", text, "")
        return self._texts.get(language) or next(iter(self._texts.values()))

    async def difference(self, language: str = "en") -> Sequence[tuple[str, str]] | None:
        """Say how the notice differs from the last one that the person answered; None where it does not."""
        answered = [a for a in self._acts if a.kind not in (ActKind.SHOWN, ActKind.DISPUTED, ActKind.ANSWERED)]
        if not answered or answered[-1].notice_sha256 in self._rules.notices:
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
        rulebook = self._parts.rulebook
        policy = rulebook.policy
        words = purpose_words(language, raw_hours=self._raw_hours())
        values: dict[str, str | int] = {
            "raw_hours": self._raw_hours(),
            "finding_days": policy.retention.findings_days if policy is not None else 90,
            "claims_years": claims_years(rulebook),
            "organisation": policy.organisation.name if policy is not None else "",
        }
        views = []
        for purpose, facts in self._purposes.items():
            stands = standing.standing(purpose, self._acts)
            views.append(
                PurposeView(
                    purpose=purpose,
                    optional=purpose.optional,
                    in_use=purpose not in self._rules.not_in_use and purpose not in self._rules.switched_off,
                    gate=self._parts.history.current(purpose),
                    standing=stands,
                    title=words[purpose].title,
                    meaning=words[purpose].meaning,
                    basis=said(language, "basis", self._basis(facts)),
                    categories=tuple(said(language, "category", key, **values) for key in facts.categories),
                    recipients=tuple(said(language, "recipient", key, **values) for key in facts.recipients),
                    retention=said(language, "retention", facts.retention, **values),
                    expires_at=standing.expires_at(stands, facts) if stands is not None else None,
                    held=rulebook.mode is Mode.MANAGED and standing.held(purpose, self._acts),
                )
            )
        return sorted(views, key=lambda view: view.optional)

    async def history(self, language: str = "en") -> Sequence[ActView]:
        """Return every act on record, newest first; of erased ones only that there was one."""
        words = await self._parts.store.read(_own_words)
        gone = await self._parts.store.read(_erased_acts)
        disputed = standing.disputes(self._acts)
        titles = purpose_words(language)
        known = {a.entry for a in self._acts}
        views = [
            ActView(
                act=act,
                title=titles[act.purpose].title,
                words=words.get(act.entry or 0, ""),
                erased=False,
                disputed_by=disputed.get(act.entry) if act.entry is not None else None,
                can_dispute=_can_dispute(act) and act.entry not in disputed,
            )
            for act in self._acts
        ]
        for entry, at in gone:
            if entry not in known:
                # What it was about is erased; only the entry's number and time are still known.
                blank = Act(Purpose.LEDGER, ActKind.ANSWERED, at, "", Channel.CLOCK, entry=entry)
                views.append(ActView(blank, "", "", erased=True, disputed_by=None, can_dispute=False))
        return sorted(views, key=lambda view: view.act.entry or 0, reverse=True)

    # Acts

    async def act(
        self, purpose: Purpose | None, press: Press, channel: Channel, language: str = "en"
    ) -> Sequence[Gate]:
        """Record an act and return the gates that hold afterwards.

        Raises:
            ValueError: The text shown is not the notice that holds, or the act does not fit the purpose.
        """
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
        if made:
            await self._record(made, text)
        return self._parts.history.all_current()

    async def _text_of(self, press: Press) -> NoticeText:
        """Return the text that was before the person: one that holds, or for a «no» any that was ever shown."""
        for text in self._texts.values():
            if text.sha256 == press.notice_sha256:
                return text
        if press.kind in FORBIDS:
            before = await self._parts.store.read(lambda tx: notices.get(tx, press.notice_sha256))
            if before is not None:
                return before
        raise ValueError("The notice has changed since it was shown. Read it again, then answer.")

    async def dispute(self, entry: int, channel: Channel, control: str = "") -> Sequence[Gate]:
        """Record «that was not me» about an earlier act and return the gates that hold afterwards.

        Raises:
            ValueError: There is no such act, or it cannot be disputed.
        """
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
        return self._parts.history.all_current()

    def answer_of(self, finding_id: str, category: str, press: Press | None, channel: Channel) -> Act:
        """Return the act that records an answer to a finding; whoever stores the answer stores it too.

        Raises:
            ValueError: The category is none of the three.
        """
        if category not in ("stopping", "work", "not_me"):
            raise ValueError("An answer is one of stopping, work, not_me.")
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
        """Return the entries of acts that may not be erased.

        An act stays while it still decides something. A dispute, or a «no», also stays while the act that it takes back
        is on record: without it that act would speak again, should the same notice ever hold again.

        Args:
            candidates: Entries that are about to go together.
        """
        stands = {standing.standing(p, self._acts) for p in Purpose}
        stay = {
            a.entry
            for a in self._acts
            if a in stands or (a.notice_sha256 in self._rules.notices and a.kind is not ActKind.ANSWERED)
        }
        left: dict[Purpose, int] = {}
        for act in self._acts:
            gone = act.entry in candidates and act.entry not in stay
            if act.kind is ActKind.DISPUTED:
                if any(a.entry == act.disputes and (a.entry in stay or a.entry not in candidates) for a in self._acts):
                    stay.add(act.entry)
            elif act.kind in FORBIDS | TAKES_BACK:
                if left.get(act.purpose):
                    stay.add(act.entry)
            elif act.kind in PERMISSIVE and not gone:
                left[act.purpose] = left.get(act.purpose, 0) + 1
        return frozenset(entry for entry in stay if entry is not None)

    async def _record(self, made: Sequence[Act], text: NoticeText | None) -> None:
        book = self._parts.store.ledger

        def keep(tx: apsw.Connection) -> list[int]:
            if text is not None:
                notices.keep(tx, book, text, made[0].at)
            numbers = [acts.record(tx, book, act) for act in made]
            for act in made:
                if act.kind in TAKES_BACK:
                    self._let_go(tx, act)
            return numbers

        numbers = await self._parts.store.write(keep)
        recorded = [replace(act, entry=number) for act, number in zip(made, numbers, strict=True)]
        self._acts.extend(recorded)
        self._parts.on_act(recorded[0])
        self._parts.changes.say("acts")
        await self.decide_gates()

    def _let_go(self, tx: apsw.Connection, act: Act) -> None:
        """What was kept for a consent goes in the transaction that takes it back, whether or not an agent runs."""
        outbox.empty(tx, act.purpose)
        if act.purpose is Purpose.LONGER_HISTORY:
            retention.sweep(tx, act.at, self._parts.limits)

    # Gates

    async def decide_gates(self) -> int | None:
        """Record what expired, decide every gate from the acts and the clock, store and say what changed.

        Returns:
            When a gate changes next by itself, UTC milliseconds, or None.
        """
        parts = self._parts
        now = parts.clock.now()
        over = standing.expiries(self._acts, self._purposes, now)
        if over:
            given = {p: standing.standing(p, self._acts) for p in over}
            ended = [
                Act(p, ActKind.EXPIRED, now, a.notice_sha256, Channel.CLOCK, a.language)
                for p, a in given.items()
                if a is not None
            ]
            await self._record(ended, None)  # decides the gates, this time with nothing left to expire
            return await self.decide_gates()
        decided = [decide(p, self._acts, self._rules, now) for p in Purpose]
        changed = []
        for gate in decided:
            if parts.history.take(gate, now):
                changed.append(parts.history.current(gate.purpose))
        if changed:

            def keep_gates(tx: apsw.Connection) -> None:
                for gate in changed:
                    gates.record(tx, parts.store.ledger, gate, now)

            await parts.store.write(keep_gates)
            parts.on_gates()
            parts.changes.say("gates")
        due = [gate.until for gate in decided if gate.until is not None]
        ends = standing.next_expiry(self._acts, self._purposes)
        return min(due if ends is None else [*due, ends], default=None)

    # Records

    def parties(self, subject: str) -> Parties:
        """Return who stands on either side of every record."""
        rulebook = self._parts.rulebook
        policy, there = rulebook.policy, rulebook.ruling.jurisdiction
        return Parties(
            mode=rulebook.mode,
            organisation=policy.organisation.name if policy is not None else "",
            contact=policy.organisation.contact if policy is not None else "",
            jurisdiction=there.code if there is not None else "",
            authority=there.authority if there is not None else "",
            subject=subject,
            dpia=policy.references.dpia if policy is not None else "",
            representatives=policy.references.representatives if policy is not None else "",
        )

    async def records(self) -> Sequence[RecordFacts]:
        """Return what the consent record of every act is made from, oldest first, without receipts."""
        store = self._parts.store
        words = await store.read(_own_words)
        texts = {t.sha256: t for t in await store.read(notices.all_kept)}
        subject = await store.read(ledger.subject)
        names = await store.read(_record_names)
        parties = self.parties(subject)
        before: dict[Purpose, str] = {}
        found = []
        for act in self._acts:
            if act.entry is None:
                continue
            facts = self._purposes[act.purpose]
            title = purpose_words(act.language, raw_hours=self._raw_hours())[act.purpose]
            record_id = str(uuid.uuid5(RECORD_NAMES, names[act.entry]))
            found.append(
                RecordFacts(
                    act=act,
                    record_id=record_id,
                    prior_id=before.get(act.purpose, ""),
                    notice=texts.get(act.notice_sha256) or NoticeText("", "", act.language, "", act.notice_sha256),
                    title=title.title,
                    meaning=title.meaning,
                    basis=self._basis(facts),
                    categories=facts.categories,
                    recipients=facts.recipients,
                    retention=self._retention(facts, act.language),
                    dpv=facts.dpv,
                    expires_at=standing.expires_at(act, facts),
                    words=words.get(act.entry, ""),
                    parties=parties,
                )
            )
            before[act.purpose] = record_id
        return found

    def _basis(self, facts: PurposeFacts) -> str:
        there = self._parts.rulebook.ruling.jurisdiction
        return basis_for(facts, there.code if there is not None else "", self._today())

    def _today(self) -> datetime.date:
        return datetime.datetime.fromtimestamp(self._parts.clock.now() / 1000, datetime.UTC).date()

    def _raw_hours(self) -> int:
        policy = self._parts.rulebook.policy
        return policy.retention.observations_hours if policy is not None else 24

    def _retention(self, facts: PurposeFacts, language: str) -> str:
        policy = self._parts.rulebook.policy
        return said(
            language,
            "retention",
            facts.retention,
            raw_hours=self._raw_hours(),
            finding_days=policy.retention.findings_days if policy is not None else 90,
            claims_years=claims_years(self._parts.rulebook),
        )


def _can_dispute(act: Act) -> bool:
    return act.kind is not ActKind.DISPUTED and act.channel not in (Channel.CLOCK, Channel.SELF)


def _own_words(conn: apsw.Connection) -> dict[int, str]:
    """Read the person's own words from the contents of answers."""
    found = {}
    for (entry,) in conn.execute("SELECT entry FROM act WHERE kind = ? ORDER BY entry", (ActKind.ANSWERED.value,)):
        content = ledger.content(conn, entry) or {}
        if isinstance(text := content.get("words"), str):
            found[entry] = text
    return found


def _erased_acts(conn: apsw.Connection) -> list[tuple[int, int]]:
    """Return entry and time of acts whose content was erased."""
    found = conn.execute(
        """SELECT entry, bytes FROM ledger_entry WHERE instr(bytes, ?)
           AND entry NOT IN (SELECT entry FROM ledger_content)""",
        (b'"kind":"act"',),
    )
    return [(entry, decode_entry(body).at) for entry, body in found]


def _record_names(conn: apsw.Connection) -> dict[int, str]:
    """Return, for each act's entry, the log's name with the index in it."""
    rows = ledger.logs(conn)
    names = {}
    for (entry,) in conn.execute("SELECT entry FROM act"):
        row = max((r for r in rows if r.first <= entry), key=lambda r: r.number)
        names[entry] = f"{ledger.origin(conn, row.number)}#{entry - row.first}"
    return names
