"""Opens the encrypted database and runs work on it: a writer's, a reader's and a surveyor's thread, group commit.

The way of one write: `Store.write(fn)` puts the function and a future into a queue, in call order → the writer thread
takes everything that waits, opens one transaction and runs each function in a savepoint of its own → one commit, which
with `synchronous=FULL` returns when the data is on the disk → one call back into the event loop resolves every future
of that batch. So a lone write waits for one disk flush and nothing else, and a thousand that arrive during a flush
share the next. A transaction that appended to the ledger is sealed before its commit: one signed checkpoint over
everything in it (`ledger.py`).

Reads are short and go through the one reader. What goes through everything (`Store.survey`: verification, reading every
page again) gets a connection that is made for it and closed after it, so that no page waits behind it. While a survey
goes on, the log cannot be emptied, since that connection still sees the state before: `Store.checkpoint` waits for it.

SQLite's own checkpoints (copying the write-ahead log into the file) are done by the writer after the futures were
resolved, so that nobody waits for them. The file is encrypted by SQLite3 Multiple Ciphers (ChaCha20-Poly1305, a raw
256-bit key, an authentication tag on every page).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import hmac
import logging
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

import apsw

from agent.ledger.log import LogError
from agent.model.ports import Clock
from agent.store import schema
from agent.store.errors import (
    LedgerBroken,
    StoreClosed,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreKeyWrong,
    StoreNewer,
    translate,
)
from agent.store.ledger import Ledger

__all__ = [
    "LedgerBroken",
    "Store",
    "StoreClosed",
    "StoreCorrupt",
    "StoreError",
    "StoreFull",
    "StoreKeyWrong",
    "StoreNewer",
    "open_store",
    "set_aside",
]

T = TypeVar("T")

KEY_BYTES: Final = 32
MAX_GROUP: Final = 512
"""Most functions in one transaction: bounds how long a single one waits for its group."""
CHECKPOINT_PAGES: Final = 1000
"""Pages in the write-ahead log after which the writer copies them into the file."""

PATIENCE_STEPS: Final = 20_000
"""Steps of SQLite's machine after which a survey looks whether the store is being closed: some milliseconds."""

_READING: Final = "BEGIN"
_WRITING: Final = "BEGIN IMMEDIATE"
_CLOSED: Final = "the database is closed: the agent is stopping"

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    """One function on its way through a thread, and what became of it."""

    fn: Callable[[apsw.Connection], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


def _resolve(jobs: Sequence[_Job]) -> None:
    """Hand results to whoever still waits (runs in the event loop)."""
    for job in jobs:
        if job.future.done():  # The caller gave up waiting; what was stored stays stored.
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def _deliver(jobs: Sequence[_Job]) -> None:
    """Wake each event loop once for all of its jobs."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, theirs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # That loop is closed: nobody waits any more.
            loop.call_soon_threadsafe(_resolve, theirs)


def _nothing(_tx: apsw.Connection) -> None:
    """A write that writes nothing: its future says that everything before it is done."""


class Store:
    """One open database. Made by `open_store`; every method belongs to the event loop's thread.

    Functions given to `write` and `read` run in other threads: plain data in, plain data out, and no effect outside the
    database, since a write may be run again when a neighbour of its group filled the disk.
    """

    def __init__(
        self,
        path: Path,
        writer: apsw.Connection,
        reader: apsw.Connection,
        ledger: Ledger,
        connect: Callable[[], apsw.Connection],
    ) -> None:
        """Take what `open_store` opened, and what makes one more connection that can only read."""
        self.ledger = ledger
        self._path = path
        self._connect = connect
        self._writes: SimpleQueue[_Job | None] = SimpleQueue()
        self._reads: SimpleQueue[_Job | None] = SimpleQueue()
        self._surveys: SimpleQueue[_Job | None] = SimpleQueue()
        self._old_state = asyncio.Lock()
        """Held while a survey sees a state that is not the newest, or the log is emptied."""
        self._closed = False
        self._log_pages = 0
        self._empty_log_wanted = False
        writer.set_wal_hook(self._note_log_size)
        self._writer = threading.Thread(target=self._write_all, args=(writer,), name="store-writer", daemon=True)
        self._reader = threading.Thread(target=self._read_all, args=(reader,), name="store-reader", daemon=True)
        self._surveyor = threading.Thread(target=self._survey_all, name="store-surveyor", daemon=True)
        for thread in (self._writer, self._reader, self._surveyor):
            thread.start()

    @property
    def path(self) -> Path:
        """The database's file."""
        return self._path

    def write(self, fn: Callable[[apsw.Connection], T]) -> asyncio.Future[T]:
        """Run `fn` on the writer in one transaction; the future resolves after it is durably on the disk.

        Work is done in the order of the calls, several calls share one commit, and each is all or nothing: when `fn`
        raises, only its own part is undone and only its own caller gets the exception.

        Args:
            fn: Gets the writer's connection, inside a transaction. May be run more than once; must not commit.

        Returns:
            A future, so that a caller may go on and collect the answers later. Awaiting it may raise `StoreFull`,
            `StoreCorrupt`, another `StoreError`, or whatever `fn` raised.

        Raises:
            StoreClosed: The store was closed.
        """
        return self._submit(self._writes, fn)

    def read(self, fn: Callable[[apsw.Connection], T]) -> asyncio.Future[T]:
        """Run `fn` on the reader, which sees one consistent state of what was committed and cannot write.

        Everybody shares the reader: what takes longer than some milliseconds is read in parts, or is a `survey`.

        Raises:
            StoreClosed: The store was closed.
        """
        return self._submit(self._reads, fn)

    async def survey(self, fn: Callable[[apsw.Connection], T]) -> T:
        """Run `fn`, which takes its time, on a connection of its own, whose pages are all read from the disk.

        It sees one consistent state and cannot write; reads and writes go on beside it. There is one survey at a time.
        Closing the store ends it.

        Raises:
            StoreClosed: The store was closed, or was closed meanwhile.
        """
        await self._old_state.acquire()
        try:
            future = self._submit(self._surveys, fn)
        except StoreClosed:
            self._old_state.release()
            raise
        # Who asked may go away; the thread still reads then.
        future.add_done_callback(lambda _done: self._old_state.release())
        return await asyncio.shield(future)

    async def checkpoint(self) -> None:
        """Move everything out of the write-ahead log and empty it: after a sweep nothing deleted stays there."""
        async with self._old_state:
            self._empty_log_wanted = True
            await self.write(_nothing)

    async def close(self) -> None:
        """Finish what was submitted, empty the log, and let go of the file. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        # The writer last: SQLite removes the log when the last connection goes, if that one may write.
        self._surveys.put(None)
        self._reads.put(None)
        await asyncio.to_thread(self._surveyor.join)
        await asyncio.to_thread(self._reader.join)
        self._writes.put(None)
        await asyncio.to_thread(self._writer.join)

    def _submit(self, queue: SimpleQueue[_Job | None], fn: Callable[[apsw.Connection], T]) -> asyncio.Future[T]:
        if self._closed:
            raise StoreClosed(_CLOSED)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        queue.put(_Job(fn, future, loop))
        return future

    def _note_log_size(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    # The reader's thread

    def _read_all(self, connection: apsw.Connection) -> None:
        while (job := self._reads.get()) is not None:
            self._run_alone(connection, job, _READING)
            _deliver([job])
        connection.close()

    # The surveyor's thread

    def _survey_all(self) -> None:
        while (job := self._surveys.get()) is not None:
            try:
                connection = self._connect()
            except apsw.Error as error:
                job.error = translate(error, None, self._path) or error
            else:
                connection.set_progress_handler(lambda: self._closed, PATIENCE_STEPS)
                self._run_alone(connection, job, _READING)
                if isinstance(job.error, apsw.InterruptError):
                    job.error = StoreClosed(_CLOSED)
                connection.close()
            _deliver([job])

    # The writer's thread

    def _write_all(self, connection: apsw.Connection) -> None:
        more = True
        while more:
            group: list[_Job] = []
            job = self._writes.get()
            while job is not None:
                group.append(job)
                if len(group) == MAX_GROUP:
                    break
                try:
                    job = self._writes.get_nowait()
                except Empty:
                    break
            more = job is not None
            if group:
                self._run_group(connection, group)
                if self._empty_log_wanted:
                    self._empty_log_wanted = False
                    self._checkpoint(connection, apsw.SQLITE_CHECKPOINT_TRUNCATE)
                _deliver(group)
            if self._log_pages >= CHECKPOINT_PAGES:
                self._checkpoint(connection, apsw.SQLITE_CHECKPOINT_PASSIVE)
        self._checkpoint(connection, apsw.SQLITE_CHECKPOINT_TRUNCATE)
        connection.close()

    def _checkpoint(self, connection: apsw.Connection, mode: int) -> None:
        """Copy the log into the file as far as readers allow. Without room the log stays: nothing is lost by that."""
        self._log_pages = 0
        try:
            connection.wal_checkpoint(mode=mode)
        except apsw.Error as error:
            _log.warning("checkpoint of %s put off: %s", self._path.name, type(error).__name__)

    def _run_group(self, connection: apsw.Connection, group: Sequence[_Job]) -> None:
        """Run every job of a group and commit once; when the whole transaction is lost, run each one by itself."""
        if len(group) == 1:
            self._run_alone(connection, group[0], _WRITING)
            return
        try:
            connection.execute(_WRITING)
            self.ledger.begin()
            for job in group:
                self._run_in_savepoint(connection, job)
            self.ledger.seal(connection)
            connection.execute("COMMIT")
        except (apsw.Error, LogError):
            # SQLite gave up the transaction as a whole (a full disk, an input/output error), or the ledger cannot be
            # sealed: who caused it is found, and who did not is stored, by trying one at a time.
            _roll_back(connection)
            for job in group:
                job.result = job.error = None
                self._run_alone(connection, job, _WRITING)

    def _run_in_savepoint(self, connection: apsw.Connection, job: _Job) -> None:
        connection.execute("SAVEPOINT job")
        try:
            job.result = job.fn(connection)
        except Exception as error:
            if not connection.in_transaction:
                raise apsw.AbortError from error
            job.error = self._explain(error, connection)
            connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")

    def _run_alone(self, connection: apsw.Connection, job: _Job, begin: str) -> None:
        try:
            connection.execute(begin)
            if begin == _READING:
                job.result = job.fn(connection)
            else:
                self.ledger.begin()
                job.result = job.fn(connection)
                self.ledger.seal(connection)
            connection.execute("COMMIT")
        except Exception as error:
            job.result = None
            job.error = self._explain(error, connection)
            _roll_back(connection)

    def _explain(self, error: Exception, connection: apsw.Connection) -> Exception:
        if isinstance(error, LogError):
            broken = LedgerBroken(
                f"the ledger in {self._path.name} contradicts itself ({error}). Nothing was added to it. "
                "To see where: gleanwatch ledger verify"
            )
            broken.__cause__ = error
            return broken
        if isinstance(error, apsw.Error) and (ours := translate(error, connection, self._path)) is not None:
            ours.__cause__ = error
            return ours
        return error


def _roll_back(connection: apsw.Connection) -> None:
    """Undo an open transaction; SQLite has already done so after some errors."""
    if connection.in_transaction:
        with contextlib.suppress(apsw.Error):
            connection.execute("ROLLBACK")


def open_store(path: Path, key: bytes, clock: Clock, new_bytes: Callable[[int], bytes] = secrets.token_bytes) -> Store:
    """Open the database, make it when it is not there, and bring it to this release's schema.

    Args:
        path: The database file; its folder exists and is ours alone.
        key: 32 random bytes.
        clock: For noting when tables were made or changed.
        new_bytes: Returns that many random bytes, for the ledger's keys and salts.

    Raises:
        StoreKeyWrong: The key is another one.
        StoreCorrupt: The file is damaged; it is left as it is.
        StoreNewer: A later release wrote it.
        StoreFull: No room for a new database or its migration.
        StoreError: It cannot be opened or written.
        ValueError: The key is not 32 bytes long.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"the database key must be {KEY_BYTES} bytes long")
    try:
        fresh = not path.exists() or path.stat().st_size == 0
    except OSError as error:
        raise StoreError(
            f"{path.name} cannot be looked at: {error.strerror}. Check that its folder is yours."
        ) from error
    known = not fresh and _key_is_known(path, key)
    if fresh:
        _note_key(path, key)
    writer: apsw.Connection | None = None
    try:
        if fresh:
            # SQLite gives the log and the shared-memory file the same rights as this one.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600))
        writer = _connect(path, key, apsw.SQLITE_OPEN_READWRITE)
        ledger = Ledger(new_bytes)
        _prepare_writer(writer, path, clock.now(), ledger)
        reader = _connect(path, key, apsw.SQLITE_OPEN_READONLY)
    except LogError as error:
        if writer is not None:
            writer.close()
        raise LedgerBroken(f"the ledger in {path.name} cannot be opened: {error}. It is left as it is.") from error
    except (apsw.Error, OSError) as error:
        ours = _opening_error(error, writer, path, key_known=fresh or known)
        if writer is not None:
            writer.close()
        raise ours from error
    except StoreError:
        if writer is not None:
            writer.close()
        raise
    if not fresh and not known:
        _note_key(path, key)
    return Store(path, writer, reader, ledger, partial(_connect, path, key, apsw.SQLITE_OPEN_READONLY))


def _opening_error(
    error: apsw.Error | OSError, writer: apsw.Connection | None, path: Path, *, key_known: bool
) -> StoreError:
    if isinstance(error, OSError):
        return StoreError(f"{path.name} could not be made: {error.strerror}. Check that its folder is there and yours.")
    if isinstance(error, apsw.NotADBError) and not key_known:
        return StoreKeyWrong(
            f"this key does not open {path.name}: it is another database's key, or the file's first page is damaged. "
            "Nothing was changed; put the right key back."
        )
    return translate(error, writer, path) or StoreError(
        f"{path.name} could not be opened ({type(error).__name__}). Check its folder's rights and the disk."
    )


def set_aside(path: Path, clock: Clock) -> Path:
    """Rename a damaged database, with its log and key check, so that a new one can be made; nothing is deleted.

    Returns:
        The new name: the old one with `.damaged-` and the time.
    """
    at = datetime.fromtimestamp(clock.now() / 1000, UTC).strftime("%Y%m%dT%H%M%S")
    kept = path.with_name(f"{path.name}.damaged-{at}")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.name}.damaged-{at}-{number}")
    for ending in ("-wal", "-shm", _CHECK_ENDING, ""):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(kept.with_name(kept.name + ending))
    return kept


_CHECK_ENDING: Final = "-key"


def _check_value(key: bytes) -> bytes:
    """What is kept beside the database to recognise its key: one-way, and of no use for opening anything."""
    return hmac.new(key, b"gleanwatch database key, check value, version 1", hashlib.sha256).hexdigest().encode()


def _key_is_known(path: Path, key: bytes) -> bool:
    """Compare the key with the check value beside the database; False where there is none to compare with.

    To SQLite a wrong key and a damaged first page look alike: this tells them apart.

    Raises:
        StoreKeyWrong: It is another key.
    """
    check = path.with_name(path.name + _CHECK_ENDING)
    try:
        kept = check.read_bytes().strip()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{check.name} could not be read: {error.strerror}. Check that it is yours.") from error
    if not hmac.compare_digest(kept, _check_value(key)):
        raise StoreKeyWrong(
            f"this key is not the one that {path.name} was made with. Nothing was changed. If the key store or the key "
            "file was replaced, put the old one back; without it the database cannot be read by anybody."
        )
    return True


def _note_key(path: Path, key: bytes) -> None:
    """Write the check value, durably: before a new database, or after an old one was opened with this key."""
    check = path.with_name(path.name + _CHECK_ENDING)
    try:
        with os.fdopen(os.open(check, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(_check_value(key))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        kind = StoreFull if error.errno == errno.ENOSPC else StoreError
        raise kind(
            f"{check.name} could not be written: {error.strerror}. Check room and rights of its folder."
        ) from error


def _connect(path: Path, key: bytes, flags: int) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=flags)
    try:
        connection.set_busy_timeout(5000)
        for statement in ("PRAGMA cipher = 'chacha20'", f"PRAGMA key = 'raw:{key.hex()}'"):
            connection.execute(statement).fetchall()
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except apsw.Error:
        connection.close()
        raise
    return connection


def _prepare_writer(writer: apsw.Connection, path: Path, now: int, ledger: Ledger) -> None:
    """Check the file, set how it is written, migrate it, and open the ledger in it.

    Raises:
        StoreCorrupt: A page is damaged or tables contradict themselves.
        StoreNewer: A later release wrote it.
        apsw.Error: Anything else.
    """
    version = int(writer.pragma("user_version"))
    if version > schema.VERSION:
        raise StoreNewer(
            f"{path.name} was written by a later release of gleanwatch (its schema is {version}, this program knows up "
            f"to {schema.VERSION}). Nothing was changed. Install that release again, or a newer one."
        )
    if writer.execute("PRAGMA quick_check(1)").get != "ok":
        raise StoreCorrupt(f"{path.name} is damaged: its tables contradict each other. It is left as it is.")
    for statement in (
        # Only a new file takes this on: emptied pages can then be given back a few at a time.
        "PRAGMA auto_vacuum = INCREMENTAL",
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA secure_delete = ON",
        "PRAGMA foreign_keys = ON",
        "PRAGMA temp_store = MEMORY",
        # Ours to do, after the futures were resolved.
        "PRAGMA wal_autocheckpoint = 0",
        # A burst may make the log large: the next time it starts over it is cut back to this.
        "PRAGMA journal_size_limit = 16777216",
    ):
        writer.execute(statement).fetchall()
    for reached, sql in schema.MIGRATIONS:
        if reached > version:
            writer.execute("BEGIN IMMEDIATE")
            try:
                writer.execute(sql).fetchall()
                writer.execute("INSERT INTO migration (version, at) VALUES (?, ?)", (reached, now))
                writer.execute(f"PRAGMA user_version = {reached}")
                writer.execute("COMMIT")
            except apsw.Error:
                _roll_back(writer)
                raise
    writer.execute("BEGIN IMMEDIATE")
    try:
        ledger.open(writer)
        writer.execute("COMMIT")
    except (apsw.Error, LogError):
        _roll_back(writer)
        raise
    # An agent that was killed right after an erasure left what it erased in the log: it goes before anything else.
    with contextlib.suppress(apsw.Error):
        writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
