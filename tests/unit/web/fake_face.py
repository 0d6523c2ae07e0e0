"""An agent that remembers what it was asked for: stands in for the daemon behind the page's tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from agent.content.notices import render_notice
from agent.model.face import BrowserState, NoticeText, PageTotal, Status
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Finding, Level, ProcessRef, Stage
from agent.model.health import Condition, Health
from agent.model.purposes import ActKind, Channel, Gate, GateState, Mode, Purpose

NOW = 1_790_000_000_000
MINUTE = 60_000


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
    """What the page needs of an agent, in memory."""

    def __init__(self, mode: Mode = Mode.PERSONAL, gate: Gate | None = None) -> None:
        self.mode = mode
        self.gate = gate or Gate(Purpose.DETECT, GateState.OPEN, NOW - 60 * MINUTE)
        self.found: list[Finding] = []
        self.browsers: tuple[BrowserState, ...] = ()
        self.totals: tuple[PageTotal, ...] = ()
        self.health: tuple[Health, ...] = ()
        self.counters: dict[str, int] = {}
        self.next_deletion: int | None = None
        self.acts: list[tuple[Purpose | None, ActKind, str, Channel]] = []
        self.tries = 0
        self.listeners: list[asyncio.Queue[str]] = []
        self.text = render_notice(
            mode,
            purposes=(Purpose.DETECT, Purpose.HEALTH),
            organisation="Acme",
            contact="dpo@acme.example",
            lead_days=14,
        )
        self.breaks = False

    async def status(self) -> Status:
        if self.breaks:
            raise RuntimeError("a secret that must not be shown")
        return Status(
            version="0.1.0",
            mode=self.mode,
            organisation="Acme" if self.mode is Mode.MANAGED else "",
            started_at=NOW - 61 * MINUTE,
            gates=(self.gate,),
            browsers=self.browsers,
            health=self.health,
            totals=self.totals,
            counters=self.counters,
            flagged=sum(f.flagged and f.closed_at is None for f in self.found),
            next_deletion=self.next_deletion,
        )

    async def findings(self, since: int | None = None) -> Sequence[Finding]:
        return self.found

    async def finding(self, finding_id: str) -> Finding | None:
        return next((f for f in self.found if f.id == finding_id), None)

    async def answer(self, finding_id: str, answer: str) -> Finding | None:
        self.found = [replace(f, answer=answer) if f.id == finding_id else f for f in self.found]
        self.say("findings")
        return await self.finding(finding_id)

    def notice(self) -> NoticeText:
        return self.text

    async def act(self, purpose: Purpose | None, kind: ActKind, notice_sha256: str, channel: Channel) -> Sequence[Gate]:
        if notice_sha256 != self.text.sha256:
            raise ValueError("the notice has changed")
        self.acts.append((purpose, kind, notice_sha256, channel))
        if kind is ActKind.ACKNOWLEDGED:
            self.gate = Gate(Purpose.DETECT, GateState.OPEN, NOW)
        elif kind is ActKind.OBJECTED:
            self.gate = Gate(Purpose.DETECT, GateState.CLOSED, NOW, reason="objected")
        elif self.gate.reason == "notice_not_shown":
            self.gate = Gate(Purpose.DETECT, GateState.WAITING, NOW, reason="not_acknowledged")
        self.say("gates")
        return (self.gate,)

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
            answer="work",
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
            answer="stopping",
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
