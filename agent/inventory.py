"""What is installed: a local card for every known tool that lies here, looked up anew when something is installed.

`open` lists packages, browsers of automation tools and browser extensions once, in a thread, and watches the folders
that they lie in (flat, never recursive). When something appears there the list is made again after a quiet moment. The
detector makes cards of it that are never flagged and never leave (DESIGN 3.14); what says nothing to it is forgotten at
once.
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
from agent.model.health import Condition, Health, Part
from agent.model.tasks import end_task
from agent.sensors.caches import find_caches
from agent.sensors.extensions import find_extensions
from agent.sensors.packages import PackageSearch
from agent.sensors.watch import FolderWatch, Kind
from agent.sensors.watched import watched_folders
from native_host.browsers import profile_roots

log = logging.getLogger(__name__)

Found = Sequence[PackageFound | ExtensionFound]
OFF = Health(Part.INSTALLS, Condition.DEGRADED, "off", "What is installed is not looked at: the gate is not open.")


class Inventory:
    """Lists what is installed and keeps the list fresh, on or off.

    Args:
        home: The person's home folder.
        env: The environment, for tools whose folder can be moved.
        on_found: Told everything that is installed, in the event loop.
        system: As `sys.platform`.
    """

    def __init__(
        self, home: Path, env: Mapping[str, str], on_found: Callable[[Found], None], system: str = sys.platform
    ) -> None:
        self._home = home
        self._env = env
        self._on_found = on_found
        self._system = system
        self._watch: FolderWatch | None = None
        self._again = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def health(self) -> Health:
        """Say whether new installations are noticed."""
        return OFF if self._watch is None else self._watch.health()

    def open(self) -> None:
        """Begin; does nothing when it has begun already."""
        if self._task is None:
            self._again.set()
            self._task = asyncio.get_running_loop().create_task(self._follow())

    async def close(self) -> None:
        """Stop looking."""
        task, self._task = self._task, None
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
                found = await asyncio.to_thread(self._look)
            except OSError as problem:
                log.warning("what is installed could not be listed: %s", type(problem).__name__)
                continue
            self._on_found(found)

    def _folders(self) -> list[tuple[Kind, Path]]:
        roots = profile_roots(self._system, self._home, self._env)
        return watched_folders(self._system, self._home, self._env, roots)

    def _look(self) -> Found:
        search = PackageSearch(self._system, self._home, self._env, time.monotonic)
        found: list[PackageFound | ExtensionFound] = list(search.find())
        found.extend(find_caches(self._system, self._home, self._env))
        found.extend(find_extensions(profile_roots(self._system, self._home, self._env)))
        return found
