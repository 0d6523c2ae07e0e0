"""The store tried out: a write that is taken back, every page read again, room on the disk, rights of the files.

    Store → one `Tried` for each thing, in order, for `gleanwatch doctor` (which shows them) and nobody else

It uses the database as the agent does, by its one writer and a survey, and leaves nothing: the row that it writes is
read back inside the same transaction, which is then undone; the file that it writes beside the database has no name
that outlives it. Nothing of what is stored is looked at, and nothing of it is said.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import stat
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from agent.store.database import Store
from agent.store.errors import StoreCorrupt, StoreError, StoreFull

LEAST_ROOM: Final = 32 << 20
"""Bytes: with less, a burst of page loads or compacting after an erasure may not fit."""
SCARCE_ROOM: Final = 256 << 20
"""Bytes: with less, the person is told before it is too late."""

SET_ASIDE: Final = "gleanwatch run --set-aside"
MAKE_ROOM: Final = "Free some room on this disk"
CHECK_DISK: Final = "Check the disk and who else uses it"

_PROBE: Final = "selfcheck.probe"
_BESIDE: Final = ("", "-wal", "-shm", "-key")
"""Endings of the files that make up the database."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was tried.

    Attributes:
        what: Its name: `write`, `pages`, `room` or `rights`.
        ok: Whether it works.
        said: What was found, as a sentence without its full stop.
        do: A command that mends it, or what to do where no command can; empty where nothing is to be done.
        scarce: It works, and soon may not.
    """

    what: str
    ok: bool
    said: str
    do: str = ""
    scarce: bool = False


class _Undone(Exception):
    """Takes the transaction back."""


async def try_out(
    store: Store,
    key_file: Path,
    uid: int,
    *,
    system: str = sys.platform,
    least_room: int = LEAST_ROOM,
    scarce_room: int = SCARCE_ROOM,
) -> AsyncIterator[Tried]:
    """Try everything, one thing after the other.

    Args:
        store: The open database.
        key_file: The database's key, where there is no key store; need not exist.
        uid: Who must own the files.
        system: As `sys.platform`; Windows has no such rights to look at.
        least_room: Bytes that must be free.
        scarce_room: Bytes below which the person is told.
    """
    yield await _write(store)
    yield await _pages(store)
    yield await asyncio.to_thread(_room, store.path.parent, least_room, scarce_room)
    if system != "win32":
        files = [store.path.with_name(store.path.name + ending) for ending in _BESIDE]
        yield await asyncio.to_thread(_rights, (store.path.parent, *files, key_file), uid)


async def _write(store: Store) -> Tried:
    def probe(tx: apsw.Connection) -> None:
        tx.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (_PROBE, 1))
        if tx.execute("SELECT value FROM counter WHERE name = ?", (_PROBE,)).get != 1:
            raise StoreError("What was written did not come back")
        raise _Undone

    try:
        await store.write(probe)
    except _Undone:
        return Tried("write", True, "a row was written, read back and taken back")
    except StoreError as problem:
        return _failed("write", problem)
    raise AssertionError("the probe always ends by taking itself back")


async def _pages(store: Store) -> Tried:
    try:
        # A new connection: it has nothing in memory that it could judge pages by.
        if await store.survey(lambda tx: str(tx.execute("PRAGMA quick_check(1)").get)) == "ok":
            return Tried("pages", True, "every page was read from the disk and is whole")
    except StoreError as problem:
        return _failed("pages", problem)
    return Tried("pages", False, f"{store.path.name} is damaged: its tables contradict each other", SET_ASIDE)


def _failed(what: str, problem: StoreError) -> Tried:
    do = MAKE_ROOM if isinstance(problem, StoreFull) else SET_ASIDE if isinstance(problem, StoreCorrupt) else CHECK_DISK
    return Tried(what, False, str(problem).rstrip("."), do)


def _room(folder: Path, least: int, scarcely: int) -> Tried:
    free = shutil.disk_usage(folder).free
    said = f"{free / (1 << 20):,.0f} MiB are free"
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(os.urandom(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        return Tried("room", False, f"{said}, but nothing can be written there ({problem.strerror})", MAKE_ROOM)
    if free < least:
        return Tried("room", False, f"only {said}", MAKE_ROOM)
    scarce = free < scarcely
    return Tried("room", True, f"only {said}" if scarce else said, MAKE_ROOM if scarce else "", scarce)


def _rights(paths: tuple[Path, ...], uid: int) -> Tried:
    open_to_others, foreign = [], []
    for path in paths:
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue  # the key is in the system's key store, or the log is empty just now
        if found.st_uid != uid:
            foreign.append(path)
        elif stat.S_IMODE(found.st_mode) & 0o077:
            open_to_others.append(path)
    if foreign:
        names = ", ".join(path.name for path in foreign)
        mend = shlex.join(["sudo", "chown", str(uid), *map(str, foreign)])
        return Tried("rights", False, f"{names} belongs to another user", mend)
    if open_to_others:
        names = ", ".join(path.name for path in open_to_others)
        mend = shlex.join(["chmod", "go-rwx", *map(str, open_to_others)])
        return Tried("rights", False, f"other users may open {names}", mend)
    return Tried("rights", True, "only you can open its files")
