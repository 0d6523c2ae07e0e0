"""What is written while a finding is active: tables of records in Downloads and on the desktop, folders of media.

`attend` is told after each change whether a finding is active. While one is, exports are noticed (`sensors/exports.py`)
and media counted every few seconds, in a thread; what is found goes to the detector. While none is, nothing is looked
at and what was counted is forgotten. A look that fails is logged and counted and costs no other; where the beginning
fails, the next word that a finding is active begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.model.events import ExportWritten, MediaGrew
from agent.model.faults import described
from agent.model.health import Condition, Health, Part
from agent.model.ports import Clock
from agent.model.tasks import end_task
from agent.sensors.exports import Exports
from agent.sensors.media import MediaFolders
from agent.sensors.userdirs import user_folders

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
FAILED = Health(
    Part.EXPORTS,
    Condition.FAILED,
    "watching Downloads and Desktop",
    "Tables of records and folders of media that appear: looking for them failed.",
    "Restart the agent.",
)
_EXPORTS = ("downloads", "desktop")


class Artefacts:
    """Exports and media, on or off. For one event loop.

    Args:
        home: The person's home folder.
        env: The environment, for folders that were moved.
        clock: Time.
        on_export: Told of each export, in the event loop.
        on_media: Told of each folder that grew, in the event loop.
        system: As `sys.platform`.
        look_seconds: Time between two looks at media.
        count: Counts looks and beginnings that failed.
    """

    def __init__(
        self,
        home: Path,
        env: Mapping[str, str],
        clock: Clock,
        on_export: Callable[[ExportWritten], None],
        on_media: Callable[[MediaGrew], None],
        *,
        system: str = sys.platform,
        look_seconds: float = LOOK_SECONDS,
        count: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._home, self._env, self._clock, self._system = home, env, clock, system
        self._look_seconds = look_seconds
        self._count = count
        self._on_export = on_export
        self._on_media = on_media
        self._exports: Exports | None = None
        self._factor = 1
        self._failed: Health | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def on(self) -> bool:
        """Whether anything is looked at."""
        return self._task is not None

    def health(self) -> Health | None:
        """Say whether exports are noticed; None while nothing is looked at."""
        return self._exports.health() if self._exports is not None else self._failed

    def slow(self, factor: int) -> None:
        """Wait so many times as long between two looks at media; 1 is the usual pace."""
        self._factor = factor

    async def attend(self, active: bool) -> None:
        """Begin or stop to look, as a finding is active or none is."""
        if active and self._task is None:
            self._failed = None
            self._task = asyncio.get_running_loop().create_task(self._look())
            self._task.add_done_callback(self._ended)
        elif not active:
            await self.close()

    async def close(self) -> None:
        """Stop looking and forget what was counted."""
        task, self._task = self._task, None
        self._failed = None
        if task is not None:
            await end_task(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say that looking failed and make room for a new beginning; one that was closed is no longer this one."""
        if task is self._task and not task.cancelled() and (problem := task.exception()) is not None:
            self._task, self._failed = None, FAILED
            self._count("artefacts.failed")
            log.error("exports and media could not be looked at: %s", described(problem))

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()

        def exported(written: ExportWritten) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._on_export, written)

        folders = await asyncio.to_thread(user_folders, self._system, self._home, self._env)
        exports = Exports({place: folders[place] for place in _EXPORTS if place in folders}, exported, self._clock)
        media = MediaFolders(self._clock)
        beginning = loop.create_task(asyncio.to_thread(exports.activate))
        try:
            await asyncio.shield(beginning)
            self._exports = exports
            for place in _EXPORTS:
                if place in folders:
                    await asyncio.to_thread(media.add, place, folders[place])
            while True:
                await asyncio.sleep(self._look_seconds * self._factor)
                try:
                    for grown in await asyncio.to_thread(media.look):
                        self._on_media(grown)
                except Exception as problem:  # one look that fails must not end those that follow
                    self._count("artefacts.look_failed")
                    log.error("folders of media could not be looked at: %s", described(problem))
        finally:
            self._exports = None
            await asyncio.shield(_put_away(beginning, exports))


async def _put_away(beginning: asyncio.Task[None], exports: Exports) -> None:
    """Stop watching, once it has begun: its thread goes on whatever is decided, and would begin after the end."""
    await asyncio.wait([beginning])
    await asyncio.to_thread(exports.deactivate)
