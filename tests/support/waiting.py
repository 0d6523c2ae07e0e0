"""Waiting for something another process does, without sleeping for a guessed time.

Every wait names what it waits for, so that a test that gives up says what never came.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any


class NeverCameError(AssertionError):
    """What was waited for did not happen in time."""


async def until(look: Callable[[], Any], what: str, seconds: float = 20.0, every: float = 0.02) -> Any:
    """Call `look` until it returns something true, and return that.

    Args:
        look: A plain or an async function.
        what: What is waited for, for the message.
        seconds: How long to wait at most; generous, since the machine may be busy.
        every: Seconds between two looks.

    Raises:
        NeverCameError: It stayed false.
    """
    end = time.monotonic() + seconds
    while True:
        seen = look()
        value = await seen if inspect.isawaitable(seen) else seen
        if value:
            return value
        if time.monotonic() > end:
            raise NeverCameError(f"waited {seconds:g} s in vain for {what}; last seen: {value!r}")
        await asyncio.sleep(every)
