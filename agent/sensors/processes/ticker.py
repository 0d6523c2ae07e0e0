"""Calls something again and again on the event loop, at a pace that may change: the process sources' one timer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Ticker:
    """Calls `work` every `pace()` seconds until `stop`; an error in `work` goes to the loop's handler."""

    def __init__(self, pace: Callable[[], float], work: Callable[[], None]) -> None:
        self._pace = pace
        self._work = work
        self._handle: asyncio.TimerHandle | None = None
        self._running = False

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._running

    def start(self) -> None:
        """Begin; the first call comes after one pace."""
        self._running = True
        self._schedule()

    def hurry(self) -> None:
        """Apply a changed pace now instead of after the current wait."""
        if self._running:
            self._schedule()

    def stop(self) -> None:
        """End. No call comes after this."""
        self._running = False
        if self._handle is not None:
            self._handle.cancel()

    def _schedule(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = asyncio.get_running_loop().call_later(self._pace(), self._tick)

    def _tick(self) -> None:
        self._schedule()
        self._work()
