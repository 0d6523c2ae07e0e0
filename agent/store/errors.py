"""What can go wrong with the database, in words a person can act on.

Every error of this floor is a `StoreError`; no message holds a value that was stored or was about to be.
"""

from __future__ import annotations

import errno
from pathlib import Path

import apsw

_FULL_ERRNOS = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


class StoreError(Exception):
    """The database could not do what was asked; the message says what that means and what to do."""


class StoreClosed(StoreError):
    """The store was closed, or is closing."""


class StoreKeyWrong(StoreError):
    """The key is not the one that this database was made with. Nothing was changed."""


class StoreNewer(StoreError):
    """The database was written by a later release. Nothing was changed."""


class StoreCorrupt(StoreError):
    """The database is damaged. It is never deleted: `database.set_aside` keeps it under another name."""


class LedgerBroken(StoreError):
    """The ledger's tables contradict each other: nothing is signed on top of that, and nothing is mended silently."""


class StoreFull(StoreError):
    """There was no room on the disk for this transaction. Nothing of it was stored; send it again later."""


def translate(error: apsw.Error, connection: apsw.Connection | None, path: Path) -> StoreError | None:
    """Say an SQLite error in our words, or return None where it is the caller's own mistake.

    A disk without room shows itself in two ways: as SQLITE_FULL while a page is written, and as an input/output error
    with ENOSPC while the shared-memory file grows.
    """
    full = isinstance(error, apsw.FullError)
    if isinstance(error, apsw.IOError) and connection is not None:
        full = connection.system_errno in _FULL_ERRNOS
    if full:
        return StoreFull(
            f"no room on the disk that holds {path.name}: this was not stored. Free some space; what waits in the "
            "browser is sent again by itself."
        )
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return StoreCorrupt(
            f"{path.name} is damaged: a page of it cannot be read. It is left as it is; copy its folder before "
            "doing anything else."
        )
    if isinstance(error, apsw.IOError):
        return StoreError(
            f"{path.name} could not be read or written (input/output error). Check the disk; "
            "nothing of this was stored."
        )
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return StoreError(
            f"{path.name} is in use by another program and this was not stored. Is a second agent or a backup tool "
            "working on it?"
        )
    if isinstance(error, apsw.ReadOnlyError | apsw.CantOpenError | apsw.PermissionsError):
        return StoreError(f"{path.name} cannot be written. Check that the folder is yours and is not read-only.")
    return None
