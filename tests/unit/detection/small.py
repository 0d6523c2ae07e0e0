"""A detector with nothing around it: the test says who a program is, and what rules say.

For tests that are about findings over time and not about recognising: `Small.of` answers by the name that a start
carries, `judged` and `ruled` stand for our rules and the organisation's.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from agent.detection.correlate.facts import FINDING, Fields
from agent.detection.correlate.said import Judge, Said
from agent.detection.findings import Detector, no_rules
from agent.detection.identified import Bulk, Identified, Role
from agent.model.events import (
    CommandLine,
    ExtensionFound,
    PackageFound,
    PageLoad,
    ProcessEnded,
    ProcessKey,
    ProcessStarted,
)
from agent.model.findings import Evidence, EvidenceClass, Finding
from tests.unit.detection.conftest import Sockets, Time, Tree

SECOND = 1000
MINUTE = 60 * SECOND


def who(
    tool: str,
    weight: float = 0.5,
    *,
    family: str = "media-downloader",
    bulk: Bulk = Bulk.NEVER,
    role: Role = Role.COLLECTOR,
    capability: str = "",
) -> Identified:
    """Return a recognised tool by its name alone."""
    piece = Evidence(EvidenceClass.NAME, "test.name", f"named {tool}", weight)
    return Identified(tool, tool, family, role, bulk, (piece,), capability=capability)


def organisation(*, loads: int = 0, capability: str | None = None) -> Judge:
    """Return an organisation's rule that asks for page loads or for a capability, and flags."""

    def judge(kind: str, fields: Fields, _at: int) -> Sequence[Said]:
        enough = fields["loads"] >= loads  # type: ignore[operator]  # the fact is a number
        if kind != FINDING or not enough or capability not in (None, fields["capability"]):
            return ()
        return [Said(Evidence(EvidenceClass.RULE, "organisation.r", "the rule", 0.0), False, None, flags=True)]

    return judge


class Small:
    """A detector whose answers the test writes into `of`."""

    def __init__(self, judge: Judge = no_rules, first_id: str = "f1") -> None:
        self.of: dict[str, Identified | None] = {}
        self.package: dict[str, str | None] = {}
        self.cards: dict[str, Identified] = {}
        self.time, self.sockets, self.tree = Time(), Sockets(), Tree()
        self._pids = itertools.count(1000)
        ids = itertools.chain([first_id], (f"g{n}" for n in itertools.count()))
        self.detector = Detector(
            self._identify,
            self.sockets,
            self.tree,
            self.time,
            lambda: next(ids),
            hold_ms=MINUTE,
            refine=self._look_closer,
            recognise=self._recognise,
            judge=judge,
            package_of=lambda event: self.package.get(event.name),
            fetcher=self._fetches,
        )

    async def _identify(self, event: ProcessStarted) -> Identified | None:
        return self.of.get(event.name)

    async def _look_closer(self, _event: ProcessStarted) -> Identified | None:
        return None

    def _recognise(self, found: PackageFound | ExtensionFound) -> Identified | None:
        return self.cards.get(found.name)

    def _fetches(self, event: ProcessStarted) -> tuple[Identified, tuple[str, ...]] | None:
        return (who("curl", 0.3, role=Role.ENGINE), (str(event.key.pid),)) if event.name == "curl" else None

    def event(self, name: str, *, parent: int = 1, began: int | None = None, pid: int | None = None) -> ProcessStarted:
        """Return a start that is seen now, of a process that began at `began`."""
        key = ProcessKey(next(self._pids) if pid is None else pid, self.time.at if began is None else began)
        return ProcessStarted(key, parent, name, CommandLine((name,), f"/opt/{name}", "/"), self.time.at)

    def seen_again(self, event: ProcessStarted) -> ProcessStarted:
        """Return a start that is reported anew now, as after a pause."""
        return ProcessStarted(
            event.key, event.parent, event.name, CommandLine(event.command.argv, "", "/"), self.time.at
        )

    async def start(self, name: str, **more: int) -> ProcessStarted:
        """Start a program and return how it was reported."""
        event = self.event(name, **more)
        await self.detector.started(event)
        return event

    def end(self, event: ProcessStarted) -> list[Finding]:
        """End a process."""
        return self.detector.ended(ProcessEnded(event.key, self.time.at))

    def load(self, *, ago: int = 0, seq: int = 1) -> PageLoad:
        """Return a page load of so many milliseconds ago."""
        return PageLoad("c", seq, "youtube", "video", self.time.at - ago, True, False)

    def open(self) -> dict[str, Finding]:
        """Return the open findings that are shown, by id."""
        return {found.id: found for found in self.detector.open_findings()}
