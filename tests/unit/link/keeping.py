"""A store that lives in memory and does what a test tells it: be slow, be full, fail, and count what it was given.

It keeps the promise that `link.relay.Keeper` asks for: everything of one call or nothing of it, and nothing twice.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.consent.gate import GateHistory
from agent.link.messages import Answer, Hello, Question
from agent.link.relay import RelaySettings
from agent.model.events import PageLoad
from agent.model.findings import Evidence, EvidenceClass, Finding, Level, Stage
from agent.model.purposes import Gate, GateState, Mode, Purpose

NOW = 1_800_000_000_000
DAY_MS = 86_400_000
MARKER = "Zx9marker"
"""What is sent to be found again where it must not be."""


@dataclass
class StillClock:
    """Time as the test sets it."""

    at: int = NOW

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000


@dataclass
class MemoryKeeper:
    """Implements `Keeper`.

    Attributes:
        stored: Every page load of each client, in the order in which it was stored.
        marks: Each client's high-water mark.
        fails: What the next calls raise, one each; None lets the call through.
        proceed: While it is not set, every commit waits.
        commits: Number of `keep` calls that stored.
    """

    stored: dict[str, list[PageLoad]] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    fails: list[Exception | None] = field(default_factory=list)
    proceed: asyncio.Event = field(default_factory=asyncio.Event)
    commits: int = 0
    hellos: list[Hello] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.proceed.set()

    async def _pass(self) -> None:
        await asyncio.sleep(0)
        await self.proceed.wait()
        failure = self.fails.pop(0) if self.fails else None
        if failure is not None:
            raise failure

    async def greet(self, hello: Hello, at: int) -> int:
        await self._pass()
        self.hellos.append(hello)
        return self.marks.get(hello.client, 0)

    async def keep(self, client: str, loads: Sequence[PageLoad], high_water: int, at: int) -> None:
        await self._pass()
        mark = self.marks.get(client, 0)
        self.stored.setdefault(client, []).extend(load for load in loads if load.seq > mark)
        self.marks[client] = max(mark, high_water)
        self.commits += 1

    def seqs(self, client: str) -> list[int]:
        return [load.seq for load in self.stored.get(client, [])]


@dataclass
class House:
    """What stands around a session, with what it was told."""

    keeper: MemoryKeeper
    clock: StillClock = field(default_factory=StillClock)
    gates: GateHistory = field(default_factory=GateHistory)
    counts: Counter[str] = field(default_factory=Counter)
    detected: list[PageLoad] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)
    told: object = None
    changes: int = 0

    def open_gate(self, at: int = 0) -> None:
        self.gates.record(Gate(Purpose.DETECT, GateState.OPEN, at))

    def close_gate(self, at: int) -> None:
        self.gates.record(Gate(Purpose.DETECT, GateState.CLOSED, at, reason="objected"))

    async def answer(self, said: Answer) -> bool:
        """Keep an answer as the database does: with the keeper's failures, and nothing twice."""
        await self.keeper._pass()
        if said in self.answers:
            return False
        self.answers.append(said)
        return True

    async def ask(self, question: Question) -> object:
        """Answer a question with what is to be told, else with its own number, after the keeper's failures."""
        await self.keeper._pass()
        self.asked.append(question)
        return {"asked": question.ask} if self.told is None else self.told

    def settings(self) -> RelaySettings:
        def changed() -> None:
            self.changes += 1

        return RelaySettings(
            keeper=self.keeper,
            gates=self.gates,
            clock=self.clock,
            platforms=frozenset({"linkedin", "x"}),
            page_classes=frozenset({"profile", "search"}),
            max_age_ms=DAY_MS,
            agent_version="9.9.9",
            mode=Mode.PERSONAL,
            organisation="",
            count=lambda name: self.counts.update([name]),
            on_loads=self.detected.extend,
            on_change=changed,
            page_link=lambda: "http://gw-a.localhost:1/enter?token=t",
            answer=self.answer,
            ask=self.ask,
        )


def finding(**fields: Any) -> Finding:
    """Make a flagged finding; fields replace."""
    values: dict[str, Any] = {
        "id": "f1",
        "tool": "yt-dlp",
        "name": "yt-dlp",
        "family": "media-downloader",
        "stage": Stage.COLLECTING,
        "confidence": 0.9,
        "level": Level.HIGH,
        "flagged": True,
        "platforms": ("youtube",),
        "first_seen": NOW,
        "last_seen": NOW,
        "count": 1,
        "evidence": (Evidence(EvidenceClass.NAME, "catalogue.executable", "started by the name of yt-dlp", 0.9),),
    }
    return Finding(**(values | fields))


async def call_as_nobody(path: Path, said: bytes) -> int:
    """Connect as another user, which only root can; return how many bytes came back.

    Rights that keep strangers out are the first door; here both stand open, so that only the kernel's word is left.
    """
    code = (
        "import os, socket, sys\n"
        "link = socket.socket(socket.AF_UNIX)\n"
        "os.setuid(65534)\n"
        "link.connect(sys.argv[1])\n"
        "try:\n    link.sendall(sys.stdin.buffer.read()); print(len(link.recv(100)))\n"
        "except ConnectionError:\n    print(0)\n"
    )
    path.parent.chmod(0o711)
    path.chmod(0o666)
    argv = [sys.executable, "-IS", "-c", code, str(path)]
    done = await asyncio.to_thread(subprocess.run, argv, input=said, capture_output=True, timeout=30, check=True)
    return int(done.stdout)
