"""Tells when packages, extensions or automation browsers are installed, by watching the folders in which they appear.

One watchdog observer, flat watches only, at most 200, always with an event filter: the default events feed on the
observer's own directory walk, and recursion over site-packages or HOME costs thousands of watches that the person's
editor needs too. Only that something appeared is passed on, two seconds after the first of it; what it was, a scan
finds out. Where the system has no watches left (ENOSPC, EMFILE), the same folders are polled once a minute instead, and
health says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver

from agent.model.health import Condition, Health, Part
from agent.sensors.observing import ACTION, end, observe
from agent.sensors.present import is_folder

Kind = Literal["packages", "extensions", "caches"]
Callback = Callable[[Kind, Path], None]
"""Kind and watched folder; called in a thread of its own."""

MAX_WATCHES = 200
_NOT_STARTED = "not started yet"
_EVENTS: list[type[FileSystemEvent]] = [DirCreatedEvent, DirMovedEvent, FileCreatedEvent, FileMovedEvent]


class FolderWatch:
    """Watches folders until `close`.

    Args:
        callback: Told once for each folder in which something appeared.
        quiet_seconds: Time in which further events of a folder are taken together.
        poll_seconds: Time between two looks where polling is the fallback.
    """

    def __init__(self, callback: Callback, quiet_seconds: float = 2.0, poll_seconds: float = 60.0) -> None:
        self._callback = callback
        self._quiet_seconds = quiet_seconds
        self._poll_seconds = poll_seconds
        self._observer: BaseObserver | None = None
        self._failure = _NOT_STARTED
        self._left_out = 0
        self._lock = threading.Lock()
        self._pending: set[tuple[Kind, Path]] = set()
        self._timer: threading.Timer | None = None
        self._closed = False

    def start(self, folders: Iterable[tuple[Kind, Path]]) -> Health:
        """Watch these folders; those that do not exist are passed over, those beyond the limit counted."""
        wanted = [(kind, folder) for kind, folder in dict.fromkeys(folders) if is_folder(folder)]
        self._left_out = max(0, len(wanted) - MAX_WATCHES)
        folders_and_handlers = [
            (folder, _Handler(self._appeared, kind, folder)) for kind, folder in wanted[:MAX_WATCHES]
        ]
        observed = observe(folders_and_handlers, _EVENTS, self._poll_seconds)
        self._observer, self._failure = observed.observer, observed.failure
        if self._closed:  # meanwhile: whoever closed it found nothing to end yet
            self.close()
        return self.health()

    def health(self) -> Health:
        """Say how the folders are watched and what is missed."""
        if self._observer is None:
            missed = f"what is installed between two scans: {self._failure}"
            return Health(
                Part.INSTALLS,
                Condition.FAILED,
                "watching folders",
                missed,
                "" if self._failure is _NOT_STARTED else ACTION,
            )
        if self._failure:
            return Health(
                Part.INSTALLS,
                Condition.DEGRADED,
                f"polling every {self._poll_seconds:g} seconds",
                f"new packages and extensions are noticed later: {self._failure}",
                ACTION,
            )
        missed = f"{self._left_out} further folders, looked at by the regular scan only" if self._left_out else ""
        return Health(Part.INSTALLS, Condition.WORKING, "watching folders", missed)

    def close(self) -> None:
        """Stop watching; nothing is called back after this. May be called twice."""
        with self._lock:
            self._closed = True
            self._pending.clear()
            if self._timer is not None:
                self._timer.cancel()
        if self._observer is not None:
            end(self._observer)
            self._observer = None

    def _appeared(self, kind: Kind, folder: Path) -> None:
        with self._lock:
            if self._closed:
                return
            self._pending.add((kind, folder))
            if self._timer is None:
                self._timer = threading.Timer(self._quiet_seconds, self._deliver)
                self._timer.daemon = True
                self._timer.start()

    def _deliver(self) -> None:
        with self._lock:
            pending, self._pending, self._timer = self._pending, set(), None
        for kind, folder in sorted(pending):
            self._callback(kind, folder)


class _Handler(FileSystemEventHandler):
    """Passes on that something appeared in one folder."""

    def __init__(self, appeared: Callback, kind: Kind, folder: Path) -> None:
        self._appeared = appeared
        self._kind: Kind = kind
        self._folder = folder

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Take an event that the filter let through."""
        self._appeared(self._kind, self._folder)
