"""What the demonstration knows at one moment, and what it makes of it at the end.

    performance writes into `Story` → `screen` draws it, again and again → `outcome` judges it → table and JSON

Everything kept or flagged in here was read from the agent's own control socket, as any other command would read it;
what happened is the demonstration's own doing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.detection.explain import why
from agent.model.face import PageTotal
from agent.model.findings import Finding, Stage

SPIDER: Final = "scrapy spider"
LOOP: Final = "requests loop"
TOOLS: Final = (SPIDER, LOOP)


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: seconds since the beginning, a sentence, and whether the agent said it as a flag."""

    at: float
    text: str
    flag: bool = False


@dataclass(slots=True)
class Story:
    """The demonstration so far.

    Attributes:
        seconds: How long it is to run.
        clock: Seconds that never go back.
        told: Called with each happening, for plain lines.
        happenings: What happened, oldest first.
        pids: Tool → its process, once it was started.
        totals: Page loads kept, as the agent said last.
        findings: Findings, as the agent said last.
        asked: How often each command was asked over the control socket.
        outside: Most connections of the agent to other machines seen at once, and most look-ups at a name server; None
            where the system does not say.
        page_sessions: Sessions of the local page that were opened.
        requests: Pages that the invented site has served.
        pictures: Files that were saved.
        hints: What could not be shown, and what to do about it.
        browsing: Whether a browser takes part.
    """

    seconds: float
    clock: Callable[[], float]
    told: Callable[[Happening], None] = lambda happening: None
    happenings: list[Happening] = field(default_factory=list)
    pids: dict[str, int] = field(default_factory=dict)
    totals: tuple[PageTotal, ...] = ()
    findings: tuple[Finding, ...] = ()
    asked: Counter[str] = field(default_factory=Counter)
    outside: tuple[int, int] | None = None
    page_sessions: int = 0
    requests: int = 0
    pictures: list[Path] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    browsing: bool = False
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self._began

    def tell(self, text: str, flag: bool = False) -> None:
        """Put down what happened now."""
        happening = Happening(self.elapsed, text, flag)
        self.happenings.append(happening)
        self.told(happening)

    def hint(self, text: str) -> None:
        """Put down what could not be shown, with what to do about it."""
        self.hints.append(text)
        self.tell(text)

    def learn(self, totals: tuple[PageTotal, ...], findings: tuple[Finding, ...]) -> None:
        """Take in what the agent says now, and put down every flag that is new or has got further."""
        before = {f.id: (f.flagged, f.stage) for f in self.findings}
        self.totals, self.findings = totals, findings
        for finding in findings:
            if finding.flagged and before.get(finding.id) != (True, finding.stage):
                self.tell(f"Gleanwatch flagged {said(finding)}", flag=True)

    def finding_of(self, tool: str) -> Finding | None:
        """Return the finding that names a tool's process, a flagged one before another."""
        pid = self.pids.get(tool)
        about = [f for f in self.findings if any(process.pid == pid for process in f.processes)]
        return max(about, key=lambda f: (f.flagged, f.confidence), default=None)


def said(finding: Finding) -> str:
    """Say a finding in half a line."""
    return f"{finding.name} ({'collecting' if finding.stage is Stage.COLLECTING else 'running'}, {finding.level.value})"


def reason(finding: Finding) -> str:
    """Return the strongest reason of a finding, without the closing stop."""
    return why(finding)[0].rstrip(".") if finding.evidence else ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went.

    Attributes:
        story: What it is about.
        missing: What should have been seen and was not, with what to do; empty when all went well.
    """

    story: Story
    missing: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether page loads were counted and each tool was flagged."""
        return not self.missing


def judge(story: Story) -> Outcome:
    """Compare what was seen with what was to be seen."""
    missing = []
    if not story.totals:
        why_not = "the browser's pages did not arrive" if story.browsing else "there was no browser"
        missing.append(f"No page load was counted: {why_not}.")
    for tool in TOOLS:
        finding = story.finding_of(tool)
        if tool not in story.pids:
            missing.append(f"The {tool} was not flagged: it did not run.")
        elif finding is None:
            missing.append(f"The {tool} was not flagged: the agent did not recognise it.")
        elif not finding.flagged:
            missing.append(f"The {tool} was not flagged: it was seen ({said(finding)}), but not as collecting in bulk.")
    return Outcome(story, tuple(missing))
