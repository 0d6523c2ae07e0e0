"""Flagging: a finding from the moment it changed until its question is answered, the same at every face.

```
page loads stored ──► gathered a moment ──► detection ─┐
programs seen ─────────────────────────────────────────┴─► changed ──► committed ──► pages · browsers · desktop
answer pressed (pop-up, page, terminal) ──► committed with its entry in the ledger ──► detection ──► the same three
```
A finding is committed before anybody is told of it, and an answer before anybody is told that it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import apsw

from agent.background import Background
from agent.changes import Changes
from agent.consenting import Consents
from agent.counting import Counting
from agent.detection.scoring import is_approved
from agent.link.desktop import Desktop
from agent.link.messages import Answer
from agent.link.relay import RelayServer
from agent.model.consent import Press
from agent.model.events import PageLoad
from agent.model.findings import Finding, Stage
from agent.model.ports import Clock
from agent.model.purposes import Act, ActKind, Channel
from agent.own_entries import OwnEntries
from agent.sensing import Sensing
from agent.store import acts, findings
from agent.store.database import Store

GATHER_SECONDS: Final = 0.1
"""How long page loads are gathered before they are judged."""
_LATE: Final = -1
"""Stands for the entry of an answer that was not recorded, since one as late as it stands already."""


@dataclass(frozen=True, slots=True)
class FlagParts:
    """What flagging is built from.

    Attributes:
        store: The database.
        clock: Time.
        entries: Puts on record that a finding was opened.
        consents: Makes and remembers acts.
        background: Runs what nobody waits for.
        counting: Counts answers that came late or to nothing.
        changes: Told what changed.
        desktop: Shows and takes back flags.
        open_page: Opens the person's page.
        sensing: Returns the sensors, whose detection judges; they are built after this, and tell it what they found.
        relay: Returns the browsers' sessions, built after this likewise.
    """

    store: Store
    clock: Clock
    entries: OwnEntries
    consents: Consents
    background: Background
    counting: Counting
    changes: Changes
    desktop: Desktop
    open_page: Callable[[], None]
    sensing: Callable[[], Sensing]
    relay: Callable[[], RelayServer]


class Flagging:
    """What was found, on its way to the person and back."""

    def __init__(self, parts: FlagParts) -> None:
        """Join the parts; no finding is known yet."""
        self._parts = parts
        self._shown: set[str] = set()
        self._gathered: list[PageLoad] = []
        self._judging: asyncio.TimerHandle | None = None

    def loaded(self, loads: Sequence[PageLoad]) -> None:
        """Gather stored page loads for a moment: judged together they cost a fraction, and no browser waits."""
        self._gathered.extend(loads)
        if self._judging is None:
            self._judging = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._judge)

    def stop(self) -> None:
        """Judge no more page loads."""
        if self._judging is not None:
            self._judging.cancel()

    def found(self, changed: Sequence[Finding]) -> None:
        """Take in findings that changed."""
        if changed:
            self._parts.background.start(self._keep(changed))

    async def tell_browsers(self) -> None:
        """Say to every browser which flags there are.

        Raises:
            StoreError: The findings cannot be read.
        """
        now = self._parts.clock.now()
        known = await self._parts.store.read(findings.open_findings)
        self._parts.relay().push_flags([f for f in known if f.flagged and not is_approved(f, now)])

    def forget(self) -> None:
        """After an erasure: forget what detection holds, and look anew at what still runs."""
        self._parts.sensing().detector.forget()
        self._shown.clear()
        self._parts.relay().push_flags(())
        self._parts.background.start(self._parts.sensing().look_anew())

    async def answered_in_browser(self, said: Answer) -> bool:
        """Commit an answer that was pressed in a pop-up; false where it came again, too late, or about nothing."""
        press = Press(ActKind.ANSWERED, "", "popup.answer", said.dwell_ms)
        act = self._parts.consents.answer_of(said.finding, said.category, press, Channel.EXTENSION)
        # Never before it was pressed: what is sent again is told by the time of the answer that stands.
        act = replace(act, at=max(act.at, said.at))
        return await self.answered(act, "", pressed_at=said.at) is not None

    async def answered(self, act: Act, words: str, pressed_at: int | None = None) -> Finding | None:
        """Commit an answer and close its question everywhere.

        Args:
            act: The answer.
            words: The person's own words, or empty.
            pressed_at: When it was pressed, for answers that may come again or late; an answer of that time or later
                stands already then.

        Returns:
            The finding with it; None where there is no such finding, or the answer came again or late.
        """
        store = self._parts.store

        def keep(tx: apsw.Connection) -> int | None:
            if pressed_at is not None and findings.answered_at(tx, act.finding) >= pressed_at:
                return _LATE
            if not findings.set_answer(tx, act.finding, act.category, act.at):
                return None
            return acts.record(tx, store.ledger, act, words)

        entry = await store.write(keep)
        if entry is None or entry == _LATE:
            if pressed_at is not None:
                self._parts.counting.count("relay.answer_unknown" if entry is None else "relay.answer_late")
            return None
        self._parts.consents.recorded(replace(act, entry=entry))
        self._parts.sensing().detector.answer(act.finding, act.category)
        self._parts.changes.say("findings")
        await self.tell_browsers()
        self._parts.background.start(self._parts.desktop.withdraw_flag(act.finding))
        return await store.read(lambda tx: findings.get(tx, act.finding))

    def _judge(self) -> None:
        loads, self._gathered, self._judging = self._gathered, [], None
        self._parts.changes.say("pages")
        self._parts.sensing().page_loads(loads)

    async def _keep(self, changed: Sequence[Finding]) -> None:
        parts = self._parts

        def save_all(tx: apsw.Connection) -> None:
            for finding in changed:
                if finding.stage is not Stage.INSTALLED and findings.get(tx, finding.id) is None:
                    parts.entries.opened(tx, finding)
                findings.save(tx, finding)

        await parts.store.write(save_all)
        parts.changes.say("findings")
        await self.tell_browsers()
        for finding in changed:
            asks = finding.flagged and finding.closed_at is None and not finding.answer
            if is_approved(finding, parts.clock.now()):
                if finding.id in self._shown:
                    # Once the approval ends, it is warned about like one that is new.
                    self._shown.remove(finding.id)
                    parts.background.start(parts.desktop.withdraw_flag(finding.id))
            elif asks and finding.id not in self._shown:
                self._shown.add(finding.id)
                parts.background.start(parts.desktop.show_flag(finding, parts.open_page))
