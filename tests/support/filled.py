"""Fills an instance that is not running with page loads, straight into its database: a million in some seconds.

The instance must have been started once, so that its key, notice and gates are there. What is written is what `append`
writes for a browser that delivered for a whole day.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from pathlib import Path

from agent.content.platforms import load_platforms
from agent.model.events import PageLoad
from agent.opening import open_instance
from agent.settings.clock import SystemClock
from agent.settings.instance import locate
from agent.store import clients, page_loads

CLIENT = "filledfilledfilledfill"
BATCH = 50_000
HOURS = 23


async def fill_page_loads(env: Mapping[str, str], home: Path, many: int, *, demo: bool = True) -> None:
    """Store page loads of the last hours, spread over every platform and page class.

    Args:
        env: The instance's environment.
        home: The person's home folder.
        many: How many.
        demo: Whether it is a demo instance.
    """
    clock, platforms, dice = SystemClock(), load_platforms(), random.Random(7)
    kinds = [(platform, kind) for platform in sorted(platforms.keys) for kind in sorted(platforms.sendable_classes)]
    instance = locate(env, "linux", home, os.getuid(), demo=demo)
    opened = open_instance(instance, os.getuid(), clock, find_backend=lambda: None, say=lambda _text: None)
    try:
        now = clock.now()
        begin = now - HOURS * 3_600_000
        await opened.store.write(lambda tx: clients.hello(tx, CLIENT, "chromium", "148", "0.1.0", 0, 0, 0, now))
        for first in range(0, many, BATCH):
            loads = [
                PageLoad(CLIENT, seq + 1, *dice.choice(kinds), begin + (now - begin) * seq // many, True, False)
                for seq in range(first, min(first + BATCH, many))
            ]
            await opened.store.write(
                lambda tx, loads=loads: page_loads.append(tx, CLIENT, loads, loads[-1].seq, now)  # type: ignore[misc]
            )
    finally:
        await opened.store.close()
        opened.close()
