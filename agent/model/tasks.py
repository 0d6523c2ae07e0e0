"""Ending a task of one's own: the one way in which everything that runs beside the agent is stopped."""

from __future__ import annotations

import asyncio
import logging

from agent.model.faults import described

log = logging.getLogger(__name__)


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it is over; what it had failed with goes to the log.

    It is not raised: whoever ends a task is about to end others too, and the fault is not theirs. Whoever waits can be
    cancelled in turn, which waiting for the task itself and suppressing its end would swallow.
    """
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (problem := task.exception()) is not None:
        log.error("a part of the agent had failed before it was ended: %s", described(problem))
