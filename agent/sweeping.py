"""Sweeping: every few minutes, what is over is deleted, and a log that has grown old is closed.

How long page loads are kept the person may change for themselves (the purpose «longer history»); all else comes from
the policy. The newest page loads that detection has judged are remembered by their row, so that after a restart only
the last window is judged again.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Final

import apsw

from agent.changes import Changes
from agent.consenting import Consents
from agent.content.notices import LONGER_DAYS
from agent.counting import Counting
from agent.erasing import Erasing
from agent.model.events import PageLoad
from agent.model.faults import described
from agent.model.ports import Clock
from agent.store import cursors, ledger, page_loads, retention
from agent.store.database import Store, StoreError

log = logging.getLogger(__name__)

DAY_MS: Final = 24 * 3_600_000
SWEEP_SECONDS: Final = 600.0
"""Time between two sweeps; nothing is kept longer than its time and this."""
ROTATE_AFTER_MS: Final = 365 * DAY_MS
"""Age at which the ledger closes a log and begins the next."""
WINDOW_MS: Final = 30 * 60_000
"""How far back detection is shown page loads again after a restart."""
MOST_REPLAYED: Final = 20_000
_CURSOR: Final = "detection"


@dataclass(frozen=True, slots=True)
class SweepParts:
    """What sweeping is built from.

    Attributes:
        store: The database.
        clock: Time.
        limits: How long things are kept, by policy.
        consents: Knows whether the person chose a longer history.
        erasing: Deletes what erasures have left in old logs.
        changes: Told when rows went.
        counting: Counts sweeps that failed.
    """

    store: Store
    clock: Clock
    limits: retention.Limits
    consents: Consents
    erasing: Erasing
    changes: Changes
    counting: Counting


class Sweeping:
    """Retention at work."""

    def __init__(self, parts: SweepParts) -> None:
        """Delete nothing yet."""
        self._parts = parts

    def limits(self) -> retention.Limits:
        """How long things are kept now."""
        if self._parts.consents.longer_history():
            return replace(self._parts.limits, observations_ms=LONGER_DAYS * DAY_MS)
        return self._parts.limits

    async def run(self) -> None:
        """Sweep now and then, until cancelled; a sweep that fails is counted, and the next one tries again."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except StoreError as problem:
                self._parts.counting.count("store.sweep_failed")
                log.warning("retention could not run: %s", described(problem))

    async def sweep(self) -> None:
        """Delete what is over.

        Raises:
            StoreError: The database cannot be written.
        """
        store, now, limits = self._parts.store, self._parts.clock.now(), self.limits()

        def note(tx: apsw.Connection) -> None:
            row = tx.execute("SELECT max(id) FROM page_load WHERE at < ?", (now - WINDOW_MS,)).get
            cursors.set(tx, _CURSOR, int(row or cursors.get(tx, _CURSOR)))
            if ledger.opened_at(tx) < now - ROTATE_AFTER_MS:
                store.ledger.rotate(tx, now)

        swept = await retention.swept(store, now, limits)
        await store.write(note)
        await self._parts.erasing.sweep(now)
        if swept.page_loads or swept.findings or swept.clients or swept.pauses:
            await store.checkpoint()
            self._parts.changes.say("pages")

    async def window(self) -> list[PageLoad]:
        """Return the page loads that detection is to see again after a restart, so that it forgets no rhythm.

        Raises:
            StoreError: The database cannot be read.
        """
        rows = await self._parts.store.read(
            lambda tx: page_loads.since_rowid(tx, cursors.get(tx, _CURSOR), MOST_REPLAYED)
        )
        return [load for _, load in rows if load.at >= self._parts.clock.now() - WINDOW_MS]
