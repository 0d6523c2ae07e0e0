"""Carries a source's events from the callback that found them to the one consumer of `events()`. Bounded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence

from agent.sensors.processes.source import ProcessEvent, SourceStats

_LIMIT = 8192


class Outbox:
    """A queue in one event loop. When nobody fetches, the oldest events give way and are counted as lost."""

    def __init__(self, stats: SourceStats, limit: int = _LIMIT) -> None:
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
        self._wake.set()
