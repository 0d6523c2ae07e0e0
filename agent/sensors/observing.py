"""Watches folders flat, with an event filter, and polls where the system has no watches left: for all who watch.

One watchdog observer for each who asks; never recursive, never without a filter, since the default events feed on the
observer's own directory walk (reference detection.md, task D).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

ACTION = "Raise fs.inotify.max_user_watches and fs.inotify.max_user_instances, then restart the agent."
"""What helps where the system's watches run out."""

Watched = Iterable[tuple[Path, FileSystemEventHandler]]


@dataclass(frozen=True, slots=True)
class Observed:
    """The outcome of `observe`.

    Attributes:
        observer: What runs, or None where nothing does; end it with `end`.
        failure: Why watching was refused and polling took over, or failed too; empty where watching works.
    """

    observer: BaseObserver | None
    failure: str = ""


def observe(
    watched: Watched,
    events: list[type[FileSystemEvent]],
    poll_seconds: float,
    polled: list[type[FileSystemEvent]] | None = None,
) -> Observed:
    """Watch folders flat.

    Args:
        watched: Existing folders, each with what is told of it.
        events: Kinds of event that are let through.
        poll_seconds: Time between two looks where polling is the fallback.
        polled: Kinds of event that are let through while polling, which knows no closing; the same where left out.
    """
    folders = list(watched)
    try:
        return Observed(_run(Observer(), folders, events))
    except OSError as error:
        failure = error.strerror or "the system refused to watch"
    with contextlib.suppress(OSError):  # not even that: the caller's health says that nothing is watched
        return Observed(_run(PollingObserver(timeout=poll_seconds), folders, polled or events), failure)
    return Observed(None, failure)


def end(observer: BaseObserver) -> None:
    """Stop an observer and wait until it is gone."""
    observer.stop()
    observer.join()


def _run(
    observer: BaseObserver, folders: list[tuple[Path, FileSystemEventHandler]], events: list[type[FileSystemEvent]]
) -> BaseObserver:
    try:
        observer.start()
        for folder, handler in folders:
            observer.schedule(handler, str(folder), event_filter=events)
    except Exception:
        observer.stop()
        raise
    return observer
