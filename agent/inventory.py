"""What is installed: a local card for every known tool that lies here, looked up anew when something is installed.

`open` lists packages, browsers of automation tools and browser extensions once, in a thread, and watches the folders
that they lie in (flat, never recursive). When something appears there the list is made again after a quiet moment. The
detector makes cards of it that are never flagged and never leave (DESIGN 3.14); what says nothing to it is forgotten at
once. A listing that fails is logged and counted, and the next one is made as if nothing had been; where the watching
itself fails, health says so and `open` begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agent.model.events import ExtensionFound, PackageFound
from agent.model.faults import described
from agent.model.health import Condition, Health, Part
from agent.model.tasks import end_task
from agent.sensors.caches import find_caches
from agent.sensors.extensions import find_extensions
from agent.sensors.packages import PackageSearch
from agent.sensors.watch import FolderWatch, Kind
from agent.sensors.watched import watched_folders
from native_host.browsers import profile_roots

log = logging.getLogger(__name__)

REST_SECONDS = 10.0
Found = Sequence[PackageFound | ExtensionFound]
OFF = Health(Part.INSTALLS, Condition.DEGRADED, "off", "What is installed is not looked at: the gate is not open.")
FAILED = Health(
    Part.INSTALLS,
    Condition.FAILED,
    "watching folders",
    "What is installed is not looked at: watching for it failed.",
    "Restart the agent.",
)
UNLISTED = Health(
    Part.INSTALLS,
    Condition.DEGRADED,
    "watching folders",
    "What was installed lately: the last look at it failed, the next is made when something is installed.",
    "Restart the agent to have it looked at now.",
)


class Inventory:
    """Lists what is installed and keeps the list fresh, on or off.

    Args:
        home: The person's home folder.
        env: The environment, for tools whose folder can be moved.
        on_found: Told everything that is installed, in the event loop.
        system: As `sys.platform`.
        count: Counts listings that failed, and watching that did.
    """

    def __init__(
        self,
        home: Path,
        env: Mapping[str, str],
        on_found: Callable[[Found], None],
        system: str = sys.platform,
        *,
        count: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._home = home
        self._env = env
        self._on_found = on_found
        self._system = system
        self._count = count
        self._factor = 1
        self._failed: Health | None = None
        self._watch: FolderWatch | None = None
        self._again = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def health(self) -> Health:
        """Say whether new installations are noticed."""
        return self._failed or (OFF if self._watch is None else self._watch.health())

    def open(self) -> None:
        """Begin; does nothing when it has begun already."""
        if self._task is None:
            self._again.set()
            self._failed = None
            self._task = asyncio.get_running_loop().create_task(self._follow())
            self._task.add_done_callback(self._ended)

    def slow(self, factor: int) -> None:
        """Rest so many times `REST_SECONDS`, less one, after each look; 1 is the usual pace, without a rest."""
        self._factor = factor

    async def close(self) -> None:
        """Stop looking."""
        task, self._task = self._task, None
        self._failed = None
        if task is not None:
            await end_task(task)
        watch, self._watch = self._watch, None
        if watch is not None:
            await asyncio.to_thread(watch.close)

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()

        def appeared(_kind: Kind, _folder: Path) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._again.set)

        self._watch = FolderWatch(appeared)
        await asyncio.to_thread(self._watch.start, await asyncio.to_thread(self._folders))
        while True:
            await self._again.wait()
            self._again.clear()
            try:
                self._on_found(await asyncio.to_thread(self._look))
                self._failed = None
            except Exception as problem:  # one listing that fails must not end those that follow
                self._failed = UNLISTED
                self._count("inventory.listing_failed")
                log.error("what is installed could not be listed: %s", described(problem))
            if self._factor > 1:  # what appears meanwhile is found by the next look
                await asyncio.sleep(REST_SECONDS * (self._factor - 1))

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say that watching failed and make room for a new beginning; one that was closed is no longer this one."""
        if task is self._task and not task.cancelled() and (problem := task.exception()) is not None:
            self._task, self._watch, self._failed = None, None, FAILED
            self._count("inventory.watching_failed")
            log.error("what is installed could not be watched: %s", described(problem))

    def _folders(self) -> list[tuple[Kind, Path]]:
        roots = profile_roots(self._system, self._home, self._env)
        return watched_folders(self._system, self._home, self._env, roots)

    def _look(self) -> Found:
        search = PackageSearch(self._system, self._home, self._env, time.monotonic)
        found: list[PackageFound | ExtensionFound] = list(search.find())
        found.extend(find_caches(self._system, self._home, self._env))
        found.extend(find_extensions(profile_roots(self._system, self._home, self._env)))
        return found
