"""Does a piece of work at once after a moment of calm, and gathers what comes soon after into one piece.

The connector uses it for what can wait: on a machine at work, most of what a start costs is to wake up for it and to
find the caches cold, so that five starts together cost little more than one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Gather:
    """Calls `work` after `soon`: now, or at the end of the time in which calls are gathered.

    Args:
        work: What to do; an error in it goes to the caller or to the loop's handler.
        seconds: How long what follows a call is gathered.
    """

    def __init__(self, work: Callable[[], None], seconds: float = 0.05) -> None:
        self._work = work
        self._seconds = seconds
        self._gathers_until = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def soon(self) -> None:
        """There is something to do."""
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._gathers_until:
            self._do()
        else:
            self._timer = loop.call_at(self._gathers_until, self._do)

    def stop(self) -> None:
        """Forget what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _do(self) -> None:
        self._timer = None
        self._gathers_until = asyncio.get_running_loop().time() + self._seconds
        self._work()
