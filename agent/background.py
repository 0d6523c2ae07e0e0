"""Work that runs beside the agent: started from anywhere, ended together, and never silent when it fails.

A task that nobody waits for would take its fault with it. Here each one is held until it is done, and a fault is handed
to one place, which counts it and keeps a report of it; the agent goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

from agent.model.faults import described

log = logging.getLogger(__name__)


class Background:
    """Tasks of one agent."""

    def __init__(self, on_fault: Callable[[BaseException], None]) -> None:
        """Hold no task yet.

        Args:
            on_fault: Told of what a task failed with.
        """
        self._on_fault = on_fault
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run something until it is done or `end` is called."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def end(self) -> None:
        """Cancel what still runs, and wait for it."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("a part of the agent failed: %s", described(problem))
            self._on_fault(problem)
