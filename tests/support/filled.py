"""Fills an instance that is not running, straight into its database: page loads, a million in some seconds, or entries.

The instance must have been started once, so that its key, notice and gates are there. What is written is what `append`
writes for a browser that delivered for a whole day; entries of the ledger come a few under each checkpoint.
"""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import apsw

from agent.content.platforms import load_platforms
from agent.model.events import PageLoad
from agent.opening import open_instance
from agent.settings.clock import SystemClock
from agent.settings.instance import locate
from agent.store import clients, page_loads
from agent.store.database import Store

CLIENT = "filledfilledfilledfill"
BATCH = 50_000
HOURS = 23
PER_CHECKPOINT = 20


@asynccontextmanager
async def opened_store(env: Mapping[str, str], home: Path, *, demo: bool = True) -> AsyncIterator[Store]:
    """Open the database of an instance that is not running."""
    instance = locate(env, "linux", home, os.getuid(), demo=demo)
    opened = open_instance(instance, os.getuid(), SystemClock(), find_backend=lambda: None, say=lambda _text: None)
    try:
        yield opened.store
    finally:
        await opened.store.close()
        opened.close()


async def fill_ledger(env: Mapping[str, str], home: Path, many: int, *, demo: bool = True) -> None:
    """Append entries that stand for policies, with contents of the usual length.

    Args:
        env: The instance's environment.
        home: The person's home folder.
        many: How many.
        demo: Whether it is a demo instance.
    """
    now = SystemClock().now()
    async with opened_store(env, home, demo=demo) as store:

        def append(tx: apsw.Connection) -> None:
            for number in range(PER_CHECKPOINT):
                store.ledger.append(tx, "policy", now, {"sha256": f"{number:064x}", "jurisdiction": "NO"})

        for _ in range(0, many, PER_CHECKPOINT):
            await store.write(append)


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
    now = clock.now()
    begin = now - HOURS * 3_600_000
    async with opened_store(env, home, demo=demo) as store:
        await store.write(lambda tx: clients.hello(tx, CLIENT, "chromium", "148", "0.1.0", 0, 0, 0, now))
        for first in range(0, many, BATCH):
            loads = [
                PageLoad(CLIENT, seq + 1, *dice.choice(kinds), begin + (now - begin) * seq // many, True, False)
                for seq in range(first, min(first + BATCH, many))
            ]
            await store.write(
                lambda tx, loads=loads: page_loads.append(tx, CLIENT, loads, loads[-1].seq, now)  # type: ignore[misc]
            )
