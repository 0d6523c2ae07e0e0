"""An agent that remembers what it was asked for: stands in for the daemon behind the page's tests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from agent.content.consequences import consequences_of
from agent.content.notices import LANGUAGES, difference, purpose_words, render_notice, said
from agent.content.purposes import basis_for, load_purposes
from agent.detection.scoring import is_approved
from agent.model.consent import Acted, ActView, Erasable, ErasurePreview, Ground, Press, ProofCheck, PurposeView
from agent.model.consequences import Consequence, Place
from agent.model.face import (
    BrowserState,
    CheckpointView,
    ExportFile,
    FindingFilter,
    FindingPage,
    KeptTable,
    LedgerView,
    NoticeText,
    PageSlice,
    PageTotal,
    RowsPart,
    Status,
    VerifyResult,
    WitnessView,
)
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Finding, Level, ProcessRef, Stage
from agent.model.health import Condition, Health
from agent.model.organisation import Added
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Mode, Purpose, Strength

NOW = 1_790_000_000_000
MINUTE = 60_000
DAY = 24 * 60 * MINUTE
WORDS = (ActKind.ACKNOWLEDGED, ActKind.AUTHORISED, ActKind.OBJECTED, ActKind.GIVEN, ActKind.REFUSED, ActKind.WITHDRAWN)
FACTS = load_purposes()
UNUSED = frozenset({Purpose.REPORT, Purpose.RESEARCH, Purpose.DIAGNOSTICS, Purpose.SHARE_LOG})


@dataclass(frozen=True)
class Pressed:
    """One call of `act`, as it came in."""

    purpose: Purpose | None
    press: Press
    channel: Channel
    language: str


class StillClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> int:
        return NOW + int((self.seconds - 1000) * 1000)

    def monotonic(self) -> float:
        return self.seconds


def a_finding(finding_id: str = "f1", name: str = "Scrapy", **changes: object) -> Finding:
    found = Finding(
        id=finding_id,
        tool="scrapy",
        name=name,
        family="scraper-framework",
        stage=Stage.COLLECTING,
        confidence=0.97,
        level=Level.HIGH,
        flagged=True,
        platforms=("linkedin",),
        first_seen=NOW - 42 * MINUTE,
        last_seen=NOW - 1 * MINUTE,
        count=3,
        processes=(ProcessRef(4711, NOW - 42 * MINUTE, "python3"), ProcessRef(4720, NOW - 2 * MINUTE, "scrapy")),
        evidence=(
            Evidence(EvidenceClass.PACKAGE, "catalogue.entry-point", "Started through the entry point of scrapy", 0.9),
            Evidence(EvidenceClass.NETWORK, "network.platform", "14 connections to LinkedIn", 0.6),
            Evidence(EvidenceClass.FLAGS, "flags.crawl", "Asked to crawl", 0.4),
        ),
        modes=(CollectMode.RECURSION,),
        techniques=("T1593.001", "OAT-011"),
        held_until=NOW + 24 * 60 * MINUTE,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


class FakeFace:
    """What the page needs of an agent, in memory. Its gates know the page's cases only, not the law."""

    def __init__(self, mode: Mode = Mode.PERSONAL, gate: Gate | None = None, *, authorised: bool = False) -> None:
        self.mode = mode
        self.authorised = authorised
        self.gate = gate or Gate(Purpose.DETECT, GateState.OPEN, NOW - 60 * MINUTE)
        self.gates: dict[Purpose, Gate] = {}
        self.found: list[Finding] = []
        self.browsers: tuple[BrowserState, ...] = ()
        self.totals: tuple[PageTotal, ...] = ()
        self.health: tuple[Health, ...] = ()
        self.counters: dict[str, int] = {}
        self.next_deletion: int | None = None
        self.pressed: list[Pressed] = []
        self.record: list[Act] = []
        self.words: dict[int, str] = {}
        self.gone: set[int] = set()
        self.unused = UNUSED
        self.expires: dict[Purpose, int] = {}
        self.witnesses: tuple[str, ...] = ()
        self.proof_fails = False
        self.checked: list[int] = []
        self.erased: list[tuple[Erasable, Ground, int | None, Channel]] = []
        self.refuses = ""
        self.there = Place("NO", "Norway", elsewhere=False) if mode is Mode.MANAGED else Place("", "", elsewhere=False)
        self.adds = Added()
        self.tries = 0
        self.stored: dict[str, list[dict[str, str | int | float | None]]] = {}
        self.verified = 0
        self.counted_all = 0
        self.listeners: list[asyncio.Queue[str]] = []
        self.offered: tuple[str, ...] = LANGUAGES
        self.before: dict[str, str] = {}
        self.breaks = False
        self.slices: tuple[PageSlice, ...] = ()
        self.paused_until: int | None = None
        self.pauses: list[int] = []
        self.policy_values: Mapping[str, object] = {}
        self.asked_pages: list[tuple[FindingFilter, int, int]] = []
        self._texts: dict[str, NoticeText] = {}

    @property
    def text(self) -> NoticeText:
        return self.notice()

    def _gate_of(self, purpose: Purpose) -> Gate:
        if purpose in self.unused:
            return Gate(purpose, GateState.CLOSED, 0, reason="not_in_use")
        if purpose in self.gates:
            return self.gates[purpose]
        if purpose.optional:
            return Gate(purpose, GateState.CLOSED, 0, reason="not_given")
        return replace(self.gate, purpose=purpose)

    async def status(self) -> Status:
        if self.breaks:
            raise RuntimeError("a secret that must not be shown")
        return Status(
            version="0.1.0",
            mode=self.mode,
            organisation="Acme" if self.mode is Mode.MANAGED else "",
            started_at=NOW - 61 * MINUTE,
            gates=tuple(self._gate_of(p) for p in Purpose),
            browsers=self.browsers,
            health=self.health,
            totals=self.totals,
            counters=self.counters,
            flagged=sum(f.flagged and f.closed_at is None for f in self.found),
            next_deletion=self.next_deletion,
            contact="dpo@acme.example" if self.mode is Mode.MANAGED else "",
            paused_until=self.paused_until,
        )

    async def findings(self, since: int | None = None) -> Sequence[Finding]:
        return self.found

    async def findings_page(self, which: FindingFilter, offset: int = 0, limit: int = 25) -> FindingPage:
        shown = sorted((f for f in self.found if f.level is not Level.HIDDEN or f.flagged), key=lambda f: -f.last_seen)
        matching = {one: [f for f in shown if _matches(f, one)] for one in FindingFilter}
        counts = {one: len(found) for one, found in matching.items()}
        self.asked_pages.append((which, offset, limit))
        return FindingPage(tuple(matching[which][offset : offset + limit]), counts[which], counts)

    async def timeline(self, since: int, step_ms: int = 900_000) -> Sequence[PageSlice]:
        return [one for one in self.slices if one.start >= since]

    async def pause(self, minutes: int) -> Sequence[Gate]:
        if not 0 <= minutes <= 24 * 60:
            raise ValueError("A pause lasts at most a day.")
        self.pauses.append(minutes)
        self.paused_until = NOW + minutes * MINUTE if minutes else None
        self.gate = (
            Gate(Purpose.DETECT, GateState.WAITING, NOW, self.paused_until, "paused")
            if minutes
            else Gate(Purpose.DETECT, GateState.OPEN, NOW)
        )
        self.say("gates")
        return tuple(self._gate_of(p) for p in Purpose)

    def policy(self) -> Mapping[str, object]:
        return self.policy_values

    async def finding(self, finding_id: str) -> Finding | None:
        return next((f for f in self.found if f.id == finding_id), None)

    async def answer(
        self, finding_id: str, category: str, words: str, press: Press | None, channel: Channel
    ) -> Finding | None:
        if await self.finding(finding_id) is None:
            return None
        assert press is not None
        self.pressed.append(Pressed(Purpose.WARN, press, channel, "en"))
        entry = self._put(Purpose.WARN, press, channel, finding=finding_id, category=category)
        if words:
            self.words[entry] = words
        self.found = [replace(f, answer=category) if f.id == finding_id else f for f in self.found]
        self.say("findings")
        return await self.finding(finding_id)

    async def consequences(self, finding: Finding) -> Sequence[Consequence]:
        return consequences_of(finding.platforms, self.there.code, elsewhere=self.there.elsewhere)

    async def place(self) -> Place:
        return self.there

    async def work_elsewhere(self, elsewhere: bool) -> Place:
        if not self.there.code:
            raise ValueError("No policy says where you work, so no law of one place is told of.")
        self.there = replace(self.there, elsewhere=elsewhere)
        return self.there

    def added(self) -> Added:
        return self.adds

    def languages(self) -> Sequence[str]:
        return self.offered

    def notice(self, language: str = "en") -> NoticeText:
        if language not in self._texts:
            self._texts[language] = render_notice(
                self.mode,
                language,
                purposes=[f for f in FACTS.values() if f.purpose not in self.unused],
                organisation="Acme",
                contact="dpo@acme.example",
                jurisdiction="NO" if self.mode is Mode.MANAGED else "",
                lead_days=14,
            )
        return self._texts[language]

    async def difference(self, language: str = "en") -> Sequence[tuple[str, str]] | None:
        before = self.before.get(language)
        return difference(before, self.notice(language).text) or None if before is not None else None

    async def purposes(self, language: str = "en") -> Sequence[PurposeView]:
        values = {"raw_hours": 24, "finding_days": 90, "claims_years": 3, "organisation": "Acme"}
        words = purpose_words(language)
        views = []
        for purpose in Purpose:
            facts = FACTS[purpose]
            standing = self._standing(purpose)
            views.append(
                PurposeView(
                    purpose=purpose,
                    optional=purpose.optional,
                    in_use=purpose not in self.unused,
                    gate=self._gate_of(purpose),
                    standing=standing,
                    title=words[purpose].title,
                    meaning=words[purpose].meaning,
                    basis=said(language, "basis", basis_for(facts, "NO" if self.mode is Mode.MANAGED else "")),
                    categories=tuple(said(language, "category", key) for key in facts.categories),
                    recipients=tuple(said(language, "recipient", key, **values) for key in facts.recipients),
                    retention=said(language, "retention", facts.retention, **values),
                    expires_at=self.expires.get(purpose),
                    held=self.mode is Mode.MANAGED and standing is not None and standing.kind is ActKind.OBJECTED,
                )
            )
        return views

    def _standing(self, purpose: Purpose) -> Act | None:
        gone = {act.disputes for act in self.record}
        said_of_it = [a for a in self.record if a.purpose is purpose and a.kind in WORDS and a.entry not in gone]
        return said_of_it[-1] if said_of_it else None

    async def history(self, language: str = "en") -> Sequence[ActView]:
        disputed = {a.disputes: a.entry for a in self.record if a.disputes is not None}
        words = purpose_words(language)
        return [
            ActView(
                act=act,
                title=words[act.purpose].title,
                words=self.words.get(act.entry or 0, ""),
                erased=act.entry in self.gone,
                disputed_by=disputed.get(act.entry),
                can_dispute=act.kind is not ActKind.DISPUTED and act.channel is not Channel.CLOCK,
            )
            for act in reversed(self.record)
        ]

    async def history_before(self, before: int | None, limit: int, language: str = "en") -> Sequence[ActView]:
        every = await self.history(language)
        return [one for one in every if before is None or (one.act.entry or 0) < before][:limit]

    async def answers_to(self, finding_id: str, language: str = "en") -> Sequence[ActView]:
        return [one for one in await self.history(language) if one.act.finding == finding_id and not one.erased]

    def _put(self, purpose: Purpose, press: Press, channel: Channel, **more: object) -> int:
        entry = len(self.record) + 3
        act = Act(
            purpose=purpose,
            kind=press.kind,
            at=NOW + len(self.record),
            notice_sha256=press.notice_sha256,
            channel=channel,
            control=press.control,
            dwell_ms=press.dwell_ms,
            strength=Strength.PAGE_LINK if channel is Channel.PAGE else Strength.NONE,
            entry=entry,
        )
        self.record.append(replace(act, **more))  # type: ignore[arg-type]
        return entry

    async def act(self, purpose: Purpose | None, press: Press, channel: Channel) -> Acted:
        language = next((one for one in self.languages() if self.notice(one).sha256 == press.notice_sha256), None)
        if language is None:
            raise ValueError("the notice has changed")
        if self.refuses:
            raise ValueError(self.refuses)
        self.pressed.append(Pressed(purpose, press, channel, language))
        about = [purpose] if purpose else [p for p in Purpose if not p.optional and p not in self.unused]
        first = len(self.record)
        for one in about:
            self._put(one, press, channel, language=language)
            self._move(one, press.kind)
        if purpose is None or purpose is Purpose.DETECT:
            self.gate = self.gates.pop(Purpose.DETECT, self.gate)
        self.say("gates")
        made = tuple(act.entry for act in self.record[first:] if act.entry is not None)
        return Acted(tuple(self._gate_of(p) for p in Purpose), made)

    def _move(self, purpose: Purpose, kind: ActKind) -> None:
        """Move a gate as far as the page's cases need it."""
        before = self._gate_of(purpose)
        opens = Gate(purpose, GateState.OPEN, NOW)
        match kind:
            case ActKind.SHOWN if before.reason in ("notice_not_shown", "notice_changed"):
                reason = "not_authorised" if self.authorised else "not_acknowledged"
                self.gates[purpose] = Gate(purpose, GateState.WAITING, NOW, reason=reason)
            case ActKind.ACKNOWLEDGED | ActKind.AUTHORISED | ActKind.GIVEN:
                self.gates[purpose] = opens
            case ActKind.OBJECTED if self.mode is not Mode.MANAGED or self.authorised:
                self.gates[purpose] = Gate(purpose, GateState.CLOSED, NOW, reason="objected")
            case ActKind.OBJECTED if before.reason == "not_acknowledged":
                self.gates[purpose] = opens
            case ActKind.REFUSED | ActKind.WITHDRAWN:
                self.gates[purpose] = Gate(purpose, GateState.CLOSED, NOW, reason=kind.value)

    async def dispute(self, entry: int, channel: Channel, control: str = "") -> Sequence[Gate]:
        if self.refuses:
            raise ValueError(self.refuses)
        about = next(a for a in self.record if a.entry == entry)
        press = Press(ActKind.DISPUTED, about.notice_sha256, control)
        self.pressed.append(Pressed(about.purpose, press, channel, "en"))
        self._put(about.purpose, press, channel, disputes=entry)
        return tuple(self._gate_of(p) for p in Purpose)

    async def receipt(self, entry: int) -> bytes:
        act = next((a for a in self.record if a.entry == entry), None)
        if act is None or entry in self.gone:
            raise ValueError(f"Entry {entry} has no content here: it was erased, or there is no such entry.")
        told = {k: v for k, v in msgspec.to_builtins(act).items() if k != "entry" and v not in ("", None)}
        if entry in self.words:
            told["words"] = self.words[entry]
        payload = json.dumps(told, sort_keys=True, separators=(",", ":"))
        salt = bytes(range(32))
        commitment = hmac.new(salt, payload.encode(), hashlib.sha256).hexdigest()
        key = "gleanwatch.localhost/abcdefghijklmnop/1+1f2e3d4c+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
        path = "\n".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(4))
        return json.dumps(
            {
                "v": 1,
                "kind": "gleanwatch-receipt",
                "entry": json.dumps({"at": act.at, "commitment": commitment, "kind": "act", "v": 1}),
                "payload": payload,
                "salt": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                "proof": f"c2sp.org/tlog-proof@v1\nindex {entry}\n{path}\n\n{key}\n{len(self.record) + 3}\n",
                "key": key,
                "witnesses": [],
            }
        ).encode()

    async def check(self, entry: int) -> ProofCheck:
        if all(a.entry != entry for a in self.record):
            raise ValueError(f"There is no entry {entry}.")
        self.checked.append(entry)
        size = len(self.record) + 3
        good = f"Content, place in the log and signature hold; the signed state covers {size} entries."
        if not self.witnesses:
            good += " No witness has seen this log: a rollback would not be seen."
        bad = "The entry is not the one that the signed checkpoint covers: the record was changed."
        return ProofCheck(entry, not self.proof_fails, bad if self.proof_fails else good, size, self.witnesses)

    async def erase_preview(self, what: Erasable, entry: int | None = None) -> ErasurePreview:
        if what is Erasable.RECORD and all(a.entry != entry for a in self.record):
            raise ValueError(f"There is no entry {entry}.")
        every = what is Erasable.ALL
        return ErasurePreview(
            what,
            sum(t.count for t in self.totals) if every or what is Erasable.PAGE_LOADS else 0,
            len(self.found) if every or what is Erasable.FINDINGS else 0,
            (entry,) if entry is not None else tuple(self.words) if every or what is Erasable.WORDS else (),
            (
                "The acts that still hold: without them nobody could tell that you were asked, nor what you answered.",
                "The bare entries of the log: taking one out would break the proof of all the others.",
            ),
        )

    async def erase(self, what: Erasable, ground: Ground, entry: int | None, channel: Channel) -> ErasurePreview:
        if self.refuses:
            raise ValueError(self.refuses)
        went = await self.erase_preview(what, entry)
        self.erased.append((what, ground, entry, channel))
        self.gone |= set(went.entries)
        return went

    async def kept_in(self, table: str) -> KeptTable:
        return KeptTable(table, len(self.stored.get(table, ())))

    async def kept(self) -> Sequence[KeptTable]:
        self.counted_all += 1
        return [KeptTable(name, len(rows)) for name, rows in self.stored.items()]

    async def latest(self, table: str, limit: int = 20) -> Sequence[Mapping[str, str | int | float | None]]:
        return self.stored.get(table, [])[:limit]

    async def rows(self, table: str, after: Sequence[str | int] = (), limit: int = 1000) -> RowsPart:
        start = int(after[0]) if after else 0
        part = self.stored.get(table, [])[start : start + min(limit, 2)]
        more = len(self.stored.get(table, [])) > start + len(part)
        return RowsPart(tuple(part), (start + len(part),) if more else ())

    async def ledger(self) -> LedgerView:
        note = "gleanwatch.localhost/abcdefghijklmnop/1\n3\nAAAA=\n\n— gleanwatch.localhost/abcdefghijklmnop/1 BBBB=\n"
        seen = tuple(WitnessView(name, 3, NOW - MINUTE) for name in self.witnesses)
        return LedgerView(
            origin="gleanwatch.localhost/abcdefghijklmnop/1",
            entries=len(self.record) + 3,
            logs=1,
            checkpoints=(CheckpointView(2, 1, 3, note, NOW - MINUTE), CheckpointView(1, 1, 1, note, NOW - DAY)),
            signed=2,
            witnesses=seen,
            key="gleanwatch.localhost/abcdefghijklmnop/1+1f2e3d4c+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
        )

    async def ledger_files(self) -> Mapping[str, ExportFile]:
        return {"log-1/checkpoint": b"", "log-1/key": b""}

    async def verify(self) -> VerifyResult:
        self.verified += 1
        faults = ("entry 2: its content is not what the entry commits to",) if self.proof_fails else ()
        remarks = () if self.witnesses else ("No witness has seen this log.",)
        entries = len(self.record) + 3
        return VerifyResult(not self.proof_fails, entries, 2, entries, 0, faults, remarks)

    async def export(self) -> Mapping[str, ExportFile]:
        return {"index.html": b"<!doctype html>", "receipts/3.json": b"{}", "notices/a.md": b"# Notice"}

    async def try_collection(self) -> None:
        self.tries += 1

    def page_link(self) -> str:
        raise AssertionError("a page never asks for a link to itself: links come from Links.make")

    def say(self, topic: str) -> None:
        for listener in self.listeners:
            listener.put_nowait(topic)

    async def changes(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.listeners.append(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.listeners.remove(queue)


def _matches(finding: Finding, which: FindingFilter) -> bool:
    here = finding.closed_at is None
    match which:
        case FindingFilter.ASKS:
            return here and finding.flagged and not finding.answer and not is_approved(finding, NOW)
        case FindingFilter.FLAGGED:
            return finding.flagged
        case FindingFilter.OPEN:
            return here and finding.stage is not Stage.INSTALLED
        case FindingFilter.INSTALLED:
            return here and finding.stage is Stage.INSTALLED
        case FindingFilter.CLOSED:
            return not here
        case FindingFilter.ALL:
            return True


def fill(face: FakeFace) -> None:
    """Give a face what a busy day leaves behind."""
    face.found = [
        a_finding(),
        a_finding(
            "f2",
            "A script with requests and bs4",
            tool="script:bs4+requests",
            family="generic-http",
            level=Level.MEDIUM,
            stage=Stage.RUNNING,
            confidence=0.72,
            platforms=(),
            answer="approved",
            techniques=(),
            modes=(CollectMode.LOOP,),
            evidence=(
                Evidence(EvidenceClass.CODE, "script.imports", "The script uses requests and bs4", 0.6),
                Evidence(EvidenceClass.CADENCE, "cadence.loop", "31 requests in 60 seconds, evenly spaced", 0.3),
            ),
        ),
        a_finding(
            "f3",
            "yt-dlp",
            tool="yt-dlp",
            family="media-downloader",
            level=Level.LOW,
            stage=Stage.INSTALLED,
            flagged=False,
            processes=(),
            platforms=(),
            confidence=0.4,
            held_until=None,
            evidence=(Evidence(EvidenceClass.NAME, "catalogue.name", "Installed as the package yt-dlp", 0.4),),
        ),
        a_finding(
            "f4",
            "HTTrack",
            tool="httrack",
            family="site-mirror",
            closed_at=NOW - 300 * MINUTE,
            answer="stopped",
            last_seen=NOW - 320 * MINUTE,
        ),
    ]
    face.browsers = (
        BrowserState("Ab3dE9", "chromium", "142", "0.1.0", True, NOW - 4000, 812, 0, 0, 0),
        BrowserState("zz81Qw", "firefox", "140", "0.0.9", False, NOW - 95 * MINUTE, 55, 3, 2, 1),
    )
    face.totals = (
        PageTotal("linkedin", "profile", 1312, NOW - MINUTE),
        PageTotal("linkedin", "search", 220, NOW - 2 * MINUTE),
        PageTotal("linkedin", "people_list", 41, NOW - 9 * MINUTE),
        PageTotal("youtube", "media", 310, NOW - 3 * MINUTE),
        PageTotal("x", "post", 96, NOW - 30 * MINUTE),
        PageTotal("x", "profile", 40, NOW - 30 * MINUTE),
        PageTotal("facebook", "group", 12, NOW - 300 * MINUTE),
    )
    hour = 60 * MINUTE
    day = [
        (age, total.platform, total.page_class, count)
        for total in face.totals
        for age, count in ((0, total.count // 4), (1, total.count // 3), (2, total.count // 6), (17, total.count // 9))
        if count
    ]
    face.slices = tuple(
        PageSlice(NOW - NOW % (15 * MINUTE) - age * hour, platform, page_class, count)
        for age, platform, page_class, count in sorted(day, key=lambda one: (-one[0], one[1:]))
    )
    face.health = (
        Health("processes", Condition.WORKING, "process connector"),
        Health("store", Condition.WORKING, "encrypted, key in the system's key store"),
        Health(
            "browser",
            Condition.DEGRADED,
            "native messaging",
            "private windows and browsers without the extension",
            "load the extension into Firefox",
        ),
        Health(
            "desktop",
            Condition.FAILED,
            "no notification service on the session bus",
            "desktop notices; flags stand here",
            "start a notification service",
        ),
    )
    face.counters = {"web.no_session": 2, "link.replayed": 14, "bad_field": 1}
    face.next_deletion = NOW + 34 * MINUTE
