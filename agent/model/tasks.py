"""Ending a task of one's own: the one way in which everything that runs beside the agent is stopped."""

from __future__ import annotations

import asyncio


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it is over.

    Whoever waits can be cancelled in turn, which waiting for the task itself and suppressing its end would swallow.

    Raises:
        Exception: What the task had failed with.
    """
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
