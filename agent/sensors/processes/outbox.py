"""Carries a source's events from the callback that found them to the one consumer of `events()`. Bounded.

After a moment of calm an event is handed over at once. What follows soon after is gathered for a little while: on a
machine at work, most of what a start costs is to wake up for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence

from agent.sensors.processes.source import ProcessEvent, SourceStats

_LIMIT = 8192
_GATHER_SECONDS = 0.05


class Outbox:
    """A queue in one event loop. When nobody fetches, the oldest events give way and are counted as lost."""

    def __init__(self, stats: SourceStats, limit: int = _LIMIT, gather_seconds: float = _GATHER_SECONDS) -> None:
        self._gather = gather_seconds
        self._calm_from = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stats = stats
        self._limit = limit
        self._events: deque[ProcessEvent] = deque()
        self._wake = asyncio.Event()
        self._closed = False

    def put(self, events: Sequence[ProcessEvent]) -> None:
        """Add events for the consumer."""
        if not events or self._closed:
            return
        self._events.extend(events)
        while len(self._events) > self._limit:
            self._events.popleft()
            self._stats.lost += 1
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._timer = loop.call_at(max(loop.time(), self._calm_from), self._hand_over)

    def _hand_over(self) -> None:
        self._timer = None
        self._calm_from = asyncio.get_running_loop().time() + self._gather
        self._wake.set()

    async def events(self) -> AsyncIterator[ProcessEvent]:
        """Yield events in order; ends after `close` once everything was fetched."""
        while True:
            while self._events:
                yield self._events.popleft()
            if self._closed:
                return
            self._wake.clear()
            await self._wake.wait()

    def close(self) -> None:
        """Let `events` end."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._wake.set()
