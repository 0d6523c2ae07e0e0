"""Counts of what was refused or left out: taken in memory at once, added to the database together a little later.

A count must cost whoever refuses something nothing, and what floods the agent must not flood the disk: a name and a
number wait here for some seconds. What cannot be written stays, and goes with the next.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

import apsw

from agent.background import Background
from agent.store import counters
from agent.store.database import Store, StoreError

FLUSH_SECONDS: Final = 5.0
"""Longest time a count waits in memory."""


class Counting:
    """Every count of a running agent that is not in the database yet."""

    def __init__(self, store: Store, background: Background) -> None:
        """Count nothing yet."""
        self._store, self._background = store, background
        self._counts: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def count(self, name: str) -> None:
        """Count once; needs a running loop."""
        self._counts[name] += 1
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(FLUSH_SECONDS, lambda: self._background.start(self.flush()))

    def note(self, name: str) -> None:
        """Count once while nothing runs yet: it is written with the first count that comes, or at the end."""
        self._counts[name] += 1

    def waiting(self) -> Counter[str]:
        """Return what is not in the database yet."""
        return self._counts.copy()

    async def flush(self) -> None:
        """Add to the database what waits; where that fails it goes on waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        counted, self._counts = self._counts, Counter()

        def add_all(tx: apsw.Connection) -> None:
            for name, n in counted.items():
                counters.add(tx, name, n)

        try:
            await self._store.write(add_all)
        except StoreError:
            self._counts.update(counted)
