"""Notices that a folder of pictures or films grows quickly, by counting names, and only while somebody asks.

`look` counts the names with a media ending in each folder and holds the count against those of the last minute. It
opens no file and keeps no name. The folders are the person's own (Downloads, Desktop, Pictures, Videos), or one that
the caller adds, such as the working folder of a flagged process; a folder that appeared, or was written to, since then
is followed down, a few levels and a few folders only, since downloaders sort what they take by site and person.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.model.events import MediaGrew
from agent.model.ports import Clock

ENDINGS: Final = frozenset([
    "jpg", "jpeg", "png", "gif", "webp", "heic", "avif", "bmp", "mp4", "m4v", "mkv", "webm", "mov", "avi", "flv",
    "mp3", "m4a", "opus", "ogg", "flac", "wav", "aac", "m4s",
])  # fmt: skip
"""Endings of pictures, films and sound."""
FEWEST_FILES: Final = 10
WINDOW_SECONDS: Final = 60.0
"""So many new files in this time are a folder that grows: one download, or a person saving pictures, is less."""
_MOST_NAMES = 50_000
_MOST_FOLDERS = 32
_MOST_IDLE = 256
_UNWATCHED = -1
_SETTLED_MS = 2000
"""Two names within one tick of a file system's clock leave the same mark: a folder changed so lately is read again."""
_DEEPEST = 4


@dataclass(slots=True)
class _Folder:
    """One folder that is counted in.

    `base` is how many files it had when counting began, `idle` the folders in it that were there already, with the time
    of their last change, or `_UNWATCHED` where there are more than are looked at for one. `cut` says that the folder
    held more names then than were read, so that a further one need not be new.
    """

    path: Path
    depth: int
    base: int
    count: int
    stamp: int
    idle: dict[str, int]
    cut: bool = False


@dataclass(slots=True)
class _Watched:
    """One place: its folders, and how many files came in the last minute: (monotonic seconds, files so far)."""

    place: str
    folders: list[_Folder]
    counts: deque[tuple[float, int]] = field(default_factory=deque)
    told: int = 0


class MediaFolders:
    """Counts media files in folders. Not thread-safe; it reads folders and belongs into one thread.

    Args:
        clock: Time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._watched: dict[Path, _Watched] = {}

    def add(self, place: str, folder: Path) -> None:
        """Begin to count in a folder; what is in it now is where the count starts. Does nothing for a known one."""
        if folder not in self._watched:
            first = self._adopt(folder, 0, as_it_is=True)
            self._watched[folder] = _Watched(place, [first], deque([(self._clock.monotonic(), 0)]))

    def look(self) -> list[MediaGrew]:
        """Count anew, and return the places that grew by `FEWEST_FILES` or more within `WINDOW_SECONDS`.

        A place is told again once as many have come on top. Call it every few seconds.
        """
        return [grown for watched in self._watched.values() if (grown := self._look(watched)) is not None]

    def _look(self, watched: _Watched) -> MediaGrew | None:
        now = self._clock.monotonic()
        for folder in watched.folders:  # grows while it is walked: a new folder is looked into at once
            self._recount(watched, folder)
        total = sum(folder.count - folder.base for folder in watched.folders)
        counts = watched.counts
        while len(counts) > 1 and now - counts[1][0] >= WINDOW_SECONDS:
            counts.popleft()
        counts.append((now, total))
        since, start = min(counts, key=lambda one: one[1])
        grown = total - max(start, watched.told)
        if grown < FEWEST_FILES:
            # Files that go away again make room for new ones to be told.
            watched.told = min(watched.told, total)
            return None
        watched.told = total
        return MediaGrew(grown, max(0.1, now - since), watched.place, self._clock.now())

    def _recount(self, watched: _Watched, folder: _Folder) -> None:
        """Bring one folder's count up to date, and take in folders in it that appeared or were written to."""
        stamp = _changed_at(folder.path)
        new: list[tuple[str, bool]] = []
        if stamp != folder.stamp or stamp == 0 or abs(self._clock.now() - stamp // 1_000_000) < _SETTLED_MS:
            folder.stamp = stamp
            folder.count, below, _ = _count(folder.path)
            followed = {one.path.name for one in watched.folders if one.path.parent == folder.path}
            unknown = [name for name in below if name not in folder.idle and name not in followed]
            if folder.cut:
                folder.idle.update(dict.fromkeys(unknown, _UNWATCHED))
            else:
                new += [(name, False) for name in unknown]
        for name, before in list(folder.idle.items()):
            if before != _UNWATCHED and _changed_at(folder.path / name) != before:
                del folder.idle[name]
                new.append((name, True))
        for name, as_it_is in new if folder.depth < _DEEPEST else ():
            if len(watched.folders) >= _MOST_FOLDERS:
                return
            watched.folders.append(self._adopt(folder.path / name, folder.depth + 1, as_it_is=as_it_is))

    def _adopt(self, path: Path, depth: int, *, as_it_is: bool) -> _Folder:
        """Begin with a folder: with what is in it as nothing new, or, of one that has just appeared, all of it new."""
        if not as_it_is:
            return _Folder(path, depth, 0, 0, -1, {})
        stamp = _changed_at(path)
        count, below, cut = _count(path)
        idle = dict.fromkeys(below, _UNWATCHED)
        idle.update((name, _changed_at(path / name)) for name in below[:_MOST_IDLE])
        return _Folder(path, depth, count, count, stamp, idle, cut)


def _count(folder: Path) -> tuple[int, list[str], bool]:
    """Return how many media files lie in a folder, the names of the folders in it, links left out, and if it was cut.

    Of a folder with more names than are read the beginning counts, in whatever order the system has them.
    """
    count = 0
    below: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for seen, entry in enumerate(entries):
                if seen >= _MOST_NAMES:
                    return count, below, True
                if entry.name.rpartition(".")[2].lower() in ENDINGS:
                    count += 1
                elif not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                    below.append(entry.name)
    except OSError:
        return 0, [], False
    return count, below, False


def _changed_at(folder: Path) -> int:
    """Return when a name last appeared in a folder or went, in nanoseconds; 0 where it cannot be told."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
