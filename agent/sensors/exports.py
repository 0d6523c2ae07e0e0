"""Notices files of records that appear in Downloads and on the Desktop, and only while a finding is active.

`activate` begins to watch the folders, flat; `deactivate` ends it, and between the two nothing of these folders is
seen. A file of a known ending that was closed, or moved to its name (browsers write under another name first), is
looked into a moment later (`tables.py`): its format, the kinds of its columns and how many rows go to the callback,
where the columns look like people or their posts. Neither its name nor anything in it is kept. Where the system has no
watches left the folders are polled, and health says so.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver

from agent.model.events import ExportWritten
from agent.model.faults import described
from agent.model.health import Condition, Health, Part
from agent.model.ports import Clock
from agent.sensors.observing import ACTION, end, observe
from agent.sensors.present import is_folder
from agent.sensors.tables import FORMATS, look_into

log = logging.getLogger(__name__)

_CLOSES: list[type[FileSystemEvent]] = [FileClosedEvent, FileMovedEvent]
_CHANGES: list[type[FileSystemEvent]] = [FileCreatedEvent, FileModifiedEvent, FileMovedEvent]
FEWEST_ROWS = 5
"""Fewer records than this are a form or a settings file, not an export."""
_MOST_PENDING = 256
_MOST_KNOWN = 256


class Exports:
    """Watches for exports between `activate` and `deactivate`. Safe to call from any thread.

    Args:
        folders: What to watch, by place (`downloads`, `desktop`): see `userdirs.user_folders`.
        callback: Told of each export, in a thread of its own.
        clock: Gives `ExportWritten.at`.
        quiet_seconds: How long after its last event a file is looked into.
        poll_seconds: Time between two looks where polling is the fallback.
        closes: Whether the system tells when a file is closed; else every change puts the look off.
    """

    def __init__(
        self,
        folders: Mapping[str, Path],
        callback: Callable[[ExportWritten], None],
        clock: Clock,
        *,
        quiet_seconds: float = 1.0,
        poll_seconds: float = 5.0,
        closes: bool = sys.platform == "linux",
    ) -> None:
        self._folders = dict(folders)
        self._callback = callback
        self._clock = clock
        self._quiet_seconds = quiet_seconds
        self._poll_seconds = poll_seconds
        self._closes = closes
        self._lock = threading.Lock()
        self._active = False
        self._observer: BaseObserver | None = None
        self._failure = ""
        self._pending: OrderedDict[Path, tuple[str, float]] = OrderedDict()
        self._known: OrderedDict[Path, int] = OrderedDict()
        self._timer: threading.Timer | None = None
        self._left_out = 0
        self._failed = 0

    @property
    def active(self) -> bool:
        """Whether the folders are watched now."""
        return self._active

    def activate(self) -> None:
        """Begin to watch: a finding is active. Does nothing when it is watching already."""
        if self._active:
            return
        handlers = [(folder, _Handler(self._touched, place)) for place, folder in self._folders.items()]
        present = [(folder, handler) for folder, handler in handlers if is_folder(folder)]
        self._active = True
        observed = observe(present, _CLOSES if self._closes else _CHANGES, self._poll_seconds, _CHANGES)
        self._observer, self._failure = observed.observer, observed.failure

    def deactivate(self) -> None:
        """Stop watching and forget what was seen; nothing is called back after this. May be called twice."""
        with self._lock:
            self._active = False
            self._pending.clear()
            self._known.clear()
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        observer, self._observer = self._observer, None
        if observer is not None:
            end(observer)

    def health(self) -> Health:
        """Say whether exports are noticed; not watching is the ordinary state."""
        if self._observer is None:
            if self._failure:
                missed = f"files of records that appear: {self._failure}"
                return Health(Part.EXPORTS, Condition.FAILED, "watching Downloads and Desktop", missed, ACTION)
            return Health(Part.EXPORTS, Condition.WORKING, "not watching: no finding is active")
        left_out = [(self._left_out, "that came all at once"), (self._failed, "that could not be looked into")]
        missed = ", ".join(f"files {why}: {number}" for number, why in left_out if number)
        if self._failure:
            how = f"polling Downloads and Desktop every {self._poll_seconds:g} seconds"
            return Health(Part.EXPORTS, Condition.DEGRADED, how, f"noticed later: {self._failure}", ACTION)
        return Health(Part.EXPORTS, Condition.WORKING, "watching Downloads and Desktop", missed)

    def _touched(self, path: Path, place: str) -> None:
        if path.suffix.lower() not in FORMATS or path.name.startswith((".", "~")):
            return
        with self._lock:
            if not self._active:
                return
            if len(self._pending) >= _MOST_PENDING and path not in self._pending:
                self._left_out += 1
                return
            self._pending[path] = (place, self._clock.monotonic() + self._quiet_seconds)
            self._pending.move_to_end(path)
            if self._timer is None:
                self._wait(self._quiet_seconds)

    def _wait(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._look)
        self._timer.daemon = True
        self._timer.start()

    def _look(self) -> None:
        """Look into the files that have been left alone for long enough, and wait on for the rest."""
        now = self._clock.monotonic()
        with self._lock:
            if self._timer is None:
                return
            due = [(path, place) for path, (place, at) in self._pending.items() if at <= now]
            for path, _ in due:
                del self._pending[path]
            self._timer = None
            if self._pending:
                self._wait(max(0.01, min(at for _, at in self._pending.values()) - now))
        for path, place in due:
            try:
                found = self._judged(path, place)
                if found is not None and self._active:
                    self._callback(found)
            except Exception as problem:  # whatever one file brings about, the others are looked into
                self._failed += 1
                log.error("a file of records could not be looked into: %s", described(problem))

    def _judged(self, path: Path, place: str) -> ExportWritten | None:
        table = look_into(path)
        if table is None or not table.columns or table.rows < FEWEST_ROWS:
            return None
        with self._lock:
            before = self._known.get(path, 0)
            # The same file again says something new only once it has grown a good deal.
            if before and table.rows < 2 * before:
                return None
            self._known[path] = table.rows
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return ExportWritten(table.format, table.columns, table.rows, place, self._clock.now())


class _Handler(FileSystemEventHandler):
    """Passes on which file of one folder was touched."""

    def __init__(self, touched: Callable[[Path, str], None], place: str) -> None:
        self._touched = touched
        self._place = place

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Take an event that the filter let through."""
        target = event.dest_path if isinstance(event, FileMovedEvent) else event.src_path
        if target:
            self._touched(Path(os.fsdecode(target)), self._place)
