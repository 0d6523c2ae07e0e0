"""The ledger inside the database: its tables as a log's storage, what is appended, what is sealed, what is erased.

```
append(tx, kind, at, content) → content sealed with a key of its own, key, salt → ledger_content
                              → commitment, kind, time                          → ledger_entry
seal(tx), once at the end of each transaction → the tree's nodes, one signed checkpoint
erase(tx, entries, ground)    → content, key and salt deleted, an «erased» entry appended
```
`append` and the rows that an entry speaks of are written in one transaction, so none is ever there without the other.
All functions run on the writer's thread unless they say that they only read.

A node of the tree lies with the entry that completed it: entry i completes the subtrees that end with it, one for each
1 at the end of binary i, and its own leaf. So everything a transaction adds lies at the end of a few tables.

Entries are numbered over all logs of a database, from 0. A log's own index is the entry less the log's first entry.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

import apsw
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agent.ledger import cosignature
from agent.ledger import entry as entries
from agent.ledger import note as notes
from agent.ledger.entry import Entry, Json
from agent.ledger.log import Log, LogError, checkpoint_of
from agent.ledger.note import NoteError, Signer, VerifierKey
from agent.model.face import CheckpointView, WitnessView

KEY_BYTES: Final = 32
_NONCE: Final = bytes(12)
"""Each key seals one content only, so its nonce need not change (RFC 5116 section 3.1)."""
MOST_RANGES: Final = 500
"""Ranges of entries that one «erased» entry names."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """One log of the ledger: its number from 1, and its first entry."""

    number: int
    first: int


class TableStorage:
    """One log's tables as `agent.ledger.log.Storage`. Reading works on any connection, adding on the writer's."""

    def __init__(
        self,
        connection: apsw.Connection,
        log: LogRow,
        end: int | None = None,
        fresh: Mapping[int, bytes] | None = None,
    ) -> None:
        """Look at one log.

        Args:
            connection: Where it lies.
            log: Which.
            end: The first entry that is not its own any more, None for the open log.
            fresh: Entries that this transaction wrote, so that they need not be read back.
        """
        self._tx = connection
        self._log = log
        self._end = end
        self._fresh = fresh
        self._number = 0

    def count(self) -> int:
        """Return how many entries the log has, sealed or not."""
        if self._end is not None:
            return self._end - self._log.first
        newest = self._tx.execute("SELECT max(entry) FROM ledger_entry").get
        return 0 if newest is None else int(newest) + 1 - self._log.first

    def entries(self, first: int, end: int) -> Iterable[bytes]:
        """Return entries by their index in this log."""
        low = self._log.first
        if self._fresh is not None:
            try:
                return [self._fresh[number] for number in range(low + first, low + end)]
            except KeyError as missing:
                raise LogError(
                    f"entry {missing} is covered by no checkpoint and was not written by this transaction"
                ) from None
        found = self._tx.execute(
            "SELECT bytes FROM ledger_entry WHERE entry >= ? AND entry < ? ORDER BY entry", (low + first, low + end)
        )
        return (row[0] for row in found)

    def node(self, level: int, index: int) -> bytes:
        """Return a subtree's hash; raise `KeyError` where it is not there."""
        completed_by = self._log.first + ((index + 1) << level) - 1
        found = self._tx.execute(
            "SELECT substr(nodes, ?, 32) FROM ledger_entry WHERE entry = ?", (1 + 32 * level, completed_by)
        ).get
        if found is None or len(found) != 32:
            raise KeyError((level, index))
        return cast(bytes, found)

    def add_nodes(self, first: int, nodes: Sequence[bytes]) -> None:
        """Keep, for each entry from `first` on, the hashes of the subtrees that it completed."""
        start = self._log.first + first
        self._tx.executemany(
            "UPDATE ledger_entry SET nodes = ? WHERE entry = ?", [(node, start + i) for i, node in enumerate(nodes)]
        )

    def last_checkpoint(self) -> bytes | None:
        """Return the newest signed checkpoint of this log."""
        found = self._tx.execute(
            "SELECT log, number, size, note FROM ledger_checkpoint ORDER BY log DESC, size DESC LIMIT 1"
        ).fetchone()
        if found is None:
            return None
        log, self._number, size, signed = found
        if log != self._log.number:
            return None
        covered = range(self._log.first, self._log.first + size)
        again = next((number for number in self._fresh or () if number in covered), None)
        if again is not None:
            raise LogError(f"entry {again} was signed before, and was not there any more when a new one was added")
        return cast(bytes, signed)

    def add_checkpoint(self, size: int, signed: bytes) -> None:
        """Keep a signed checkpoint; `last_checkpoint` was called before, in the same transaction."""
        self._tx.execute(
            "INSERT INTO ledger_checkpoint VALUES (?, ?, ?, ?)", (self._log.number, size, self._number + 1, signed)
        )


class Ledger:
    """The one ledger of a database. Made when it is opened; appending and sealing belong to the writer's thread."""

    def __init__(self, new_bytes: Callable[[int], bytes]) -> None:
        """Take the source of randomness: a function that returns that many bytes."""
        self._new_bytes = new_bytes
        self._log: Log | None = None
        self._row: LogRow | None = None
        self._fresh: dict[int, bytes] = {}

    def open(self, tx: apsw.Connection) -> None:
        """Read the key and the open log, or make both in a new database; run inside a transaction."""
        if tx.execute("SELECT count(*) FROM ledger_key").get == 0:
            tx.execute("INSERT INTO ledger_key VALUES (1, ?)", (self._new_bytes(KEY_BYTES),))
            tx.execute("INSERT INTO ledger_log VALUES (1, 0)")
        rows = logs(tx)
        if not rows:
            raise LogError("the ledger's list of logs is empty: it was changed from outside")
        self._row = rows[-1]
        self._log = Log(signer(tx, self._row.number))

    def begin(self) -> None:
        """Note that a new transaction begins: what was appended before is committed, or gone."""
        self._fresh = {}

    def append(
        self, tx: apsw.Connection, kind: str, at: int, content: dict[str, Json], facts: dict[str, Json] | None = None
    ) -> int:
        """Add one entry with its content, and return its number.

        Args:
            tx: The writer's connection, inside the transaction that writes what the entry speaks of.
            kind: One of `agent.ledger.entry.KINDS`.
            at: UTC milliseconds.
            content: What the entry is about; only its salted fingerprint goes into the log.
            facts: What may stand in the open in the log itself; never anything about a person.

        Raises:
            EntryError: Something in it has no canonical form.
            LogError: Its number was used before: entries were removed from outside.
        """
        plain = entries.canonical(content)
        secrets = self._new_bytes(KEY_BYTES + entries.SALT_BYTES)
        key, salt = secrets[:KEY_BYTES], secrets[KEY_BYTES:]
        commitment = entries.commit(salt, plain)
        encoded = entries.encode(Entry(kind, at, commitment, facts or {}))
        tx.execute(
            "INSERT INTO ledger_entry (entry, bytes) "
            "VALUES ((SELECT coalesce(max(entry) + 1, 0) FROM ledger_entry), ?)",
            (encoded,),
        )
        number = tx.last_insert_rowid()
        sealed = AESGCM(key).encrypt(_NONCE, plain, commitment)
        try:
            tx.execute("INSERT INTO ledger_content VALUES (?, ?, ?, ?)", (number, key, salt, sealed))
        except apsw.ConstraintError:
            raise LogError(f"entry {number} is new, but a content of such an entry lies there already") from None
        # A number that was rolled back is taken again, and overwritten here.
        self._fresh[number] = encoded
        return number

    def seal(self, tx: apsw.Connection) -> None:
        """Put a signed checkpoint over what this transaction appended; does nothing when that was nothing.

        Raises:
            LogError: The tables contradict each other: nothing may be signed on top of that.
        """
        if self._fresh:
            row, log = self._current(tx)
            log.seal(TableStorage(tx, row, fresh=self._fresh))

    def _current(self, tx: apsw.Connection) -> tuple[LogRow, Log]:
        """Return the open log, read anew where a rotation was committed or undone since."""
        newest = tx.execute("SELECT max(number) FROM ledger_log").get
        if self._row is None or self._log is None or self._row.number != newest:
            self.open(tx)
        if self._row is None or self._log is None:
            raise LogError("the ledger is not open")
        return self._row, self._log

    def rotate(self, tx: apsw.Connection, at: int) -> tuple[str, str]:
        """Close the open log and begin the next, each bound to the other; return both origins.

        The old log's last entry names the next log's origin; the next log's first entry names the old one with its
        final size and root, so that neither can be swapped.
        """
        old, log = self._current(tx)
        new_origin = origin(tx, old.number + 1)
        self.append(tx, "rotate", at, {}, {"next": new_origin})
        self.seal(tx)
        storage = TableStorage(tx, old)
        closed = checkpoint_of(storage.last_checkpoint() or b"")
        tx.execute("INSERT INTO ledger_log VALUES (?, ?)", (old.number + 1, old.first + closed.size))
        # A log of its own begins with an entry of its own: from here on `seal` covers that one.
        root = base64.b64encode(closed.root).decode()
        self.append(tx, "rotate", at, {}, {"previous": closed.origin, "size": closed.size, "root": root})
        return log.key.name, new_origin

    def erase(
        self, tx: apsw.Connection, numbers: Iterable[int], ground: str, at: int, how: dict[str, Json] | None = None
    ) -> list[int]:
        """Delete content, key and salt of entries, put the fact on record, and return which ones had something left.

        Args:
            tx: The writer's connection.
            numbers: Entries; those without a content any more are passed over.
            ground: Why, one of `agent.model.consent.Ground`; it stands in the open.
            at: UTC milliseconds.
            how: The content of the «erased» entry, which does not.
        """
        gone = []
        for number in sorted(set(numbers)):
            tx.execute("DELETE FROM ledger_content WHERE entry = ?", (number,))
            if tx.changes():
                gone.append(number)
        spans = _ranges(gone)
        for start in range(0, len(spans), MOST_RANGES):
            named: list[Json] = [[low, high] for low, high in spans[start : start + MOST_RANGES]]
            self.append(tx, "erased", at, how or {}, {"entries": named, "ground": ground})
        return gone


def _ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return sorted numbers as ranges, both ends included."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def logs(conn: apsw.Connection) -> list[LogRow]:
    """Return every log, oldest first (reads only)."""
    return [LogRow(*row) for row in conn.execute("SELECT number, first FROM ledger_log ORDER BY number")]


def entry_count(conn: apsw.Connection) -> int:
    """Return how many entries all logs have (reads only); they are numbered without gaps, and none is ever deleted."""
    newest = conn.execute("SELECT max(entry) FROM ledger_entry").get
    return 0 if newest is None else int(newest) + 1


def log_of(conn: apsw.Connection, number: int) -> tuple[LogRow, TableStorage]:
    """Return the log that holds an entry (reads only).

    Raises:
        KeyError: There is no such entry.
    """
    if conn.execute("SELECT 1 FROM ledger_entry WHERE entry = ?", (number,)).get is None:
        raise KeyError(number)
    rows = logs(conn)
    at = max(i for i, row in enumerate(rows) if row.first <= number)
    end = rows[at + 1].first if at + 1 < len(rows) else None
    return rows[at], TableStorage(conn, rows[at], end)


def opened_at(conn: apsw.Connection) -> int:
    """Return when the open log got its first entry, UTC milliseconds; far in the future while it has none."""
    found = conn.execute("SELECT bytes FROM ledger_entry WHERE entry = (SELECT max(first) FROM ledger_log)").get
    return 2**53 if found is None else entries.decode(found).at


def origin(conn: apsw.Connection, number: int) -> str:
    """Return the name of a log, which is also the name of its key (reads only)."""
    name = base64.b32encode(_drawn(conn, b"name", 10)).decode().lower()
    return f"gleanwatch.localhost/{name}/{number}"


def subject(conn: apsw.Connection) -> str:
    """Return the random-looking name that stands for the person in records (reads only)."""
    return base64.urlsafe_b64encode(_drawn(conn, b"subject", 16)).decode().rstrip("=")


def _drawn(conn: apsw.Connection, what: bytes, length: int) -> bytes:
    """Draw a name from the seed, so that it cannot be changed without changing every signature too."""
    return hmac.digest(_seed(conn), b"gleanwatch ledger " + what, "sha256")[:length]


def _seed(conn: apsw.Connection) -> bytes:
    found = conn.execute("SELECT seed FROM ledger_key").get
    if not isinstance(found, bytes) or len(found) != KEY_BYTES:
        raise LogError("the ledger's own key is missing or damaged")
    return found


def signer(conn: apsw.Connection, number: int) -> Signer:
    """Return the key that signs a log: the same secret for each, under that log's name."""
    return _signer(origin(conn, number), _seed(conn))


@lru_cache(maxsize=4)
def _signer(name: str, seed: bytes) -> Signer:
    return Signer(name, seed)


def verifier(conn: apsw.Connection, number: int) -> VerifierKey:
    """Return the public key of a log (reads only)."""
    return signer(conn, number).verifier


def entry_bytes(conn: apsw.Connection, number: int) -> bytes:
    """Return an entry exactly as it was hashed (reads only).

    Raises:
        KeyError: There is no such entry.
    """
    found = conn.execute("SELECT bytes FROM ledger_entry WHERE entry = ?", (number,)).get
    if found is None:
        raise KeyError(number)
    return cast(bytes, found)


def opened_content(conn: apsw.Connection, number: int) -> tuple[bytes, bytes] | None:
    """Return the canonical content of an entry with its salt, or None where it was erased (reads only).

    Raises:
        KeyError: There is no such entry.
        LogError: It does not belong to this entry.
    """
    found = conn.execute("SELECT key, salt, sealed FROM ledger_content WHERE entry = ?", (number,)).fetchone()
    if found is None:
        return None
    key, salt, sealed = found
    return unseal(number, entries.decode(entry_bytes(conn, number)).commitment, sealed, key, salt), salt


def unseal(number: int, commitment: bytes, sealed: bytes, key: bytes, salt: bytes) -> bytes:
    """Open a content and hold it against the entry's commitment.

    Raises:
        LogError: It was changed, or belongs to another entry.
    """
    try:
        plain = AESGCM(key).decrypt(_NONCE, sealed, commitment)
    except (InvalidTag, ValueError):
        raise LogError(f"entry {number}: its content cannot be opened with its key: one of them was changed") from None
    if len(salt) != entries.SALT_BYTES or entries.commit(salt, plain) != commitment:
        raise LogError(f"entry {number}: its content is not what the entry commits to")
    return plain


def content(conn: apsw.Connection, number: int) -> dict[str, Json] | None:
    """Return the content of an entry as an object, or None where it was erased (reads only)."""
    opened = opened_content(conn, number)
    return None if opened is None else msgspec.json.decode(opened[0], type=dict)


def signed_checkpoint(conn: apsw.Connection, log: LogRow) -> bytes:
    """Return the newest checkpoint of a log with every cosignature of it (reads only).

    Raises:
        LogError: The log has none.
    """
    return _with_cosignatures(conn, log, None)


def _with_cosignatures(conn: apsw.Connection, log: LogRow, size: int | None) -> bytes:
    """Return the checkpoint of a size, None for the newest, with every cosignature of it."""
    row = conn.execute(
        "SELECT size, note FROM ledger_checkpoint WHERE log = ? AND size = coalesce(?, size) "
        "ORDER BY size DESC LIMIT 1",
        (log.number, size),
    ).fetchone()
    if row is None:
        raise LogError("this log has no checkpoint yet")
    lines = conn.execute(
        "SELECT line FROM ledger_cosignature WHERE log = ? AND size = ? ORDER BY witness", (log.number, row[0])
    )
    return cast(bytes, row[1]) + "".join(line for (line,) in lines).encode()


def newest_checkpoint(conn: apsw.Connection, log: LogRow) -> tuple[int, bytes] | None:
    """Return size and note of a log's newest checkpoint with our signature only, None for an empty log (reads only)."""
    return conn.execute(
        "SELECT size, note FROM ledger_checkpoint WHERE log = ? ORDER BY size DESC LIMIT 1", (log.number,)
    ).fetchone()


def first_size(conn: apsw.Connection, log: LogRow) -> int:
    """Return how many entries a log's first checkpoint covers, 0 for an empty log (reads only)."""
    return int(conn.execute("SELECT min(size) FROM ledger_checkpoint WHERE log = ?", (log.number,)).get or 0)


def checkpoints_between(conn: apsw.Connection, log: LogRow, above: int, up_to: int) -> list[tuple[int, bytes]]:
    """Return size and note of a log's checkpoints with `above` < size <= `up_to`, in order (reads only)."""
    found = conn.execute(
        "SELECT size, note FROM ledger_checkpoint WHERE log = ? AND size > ? AND size <= ? ORDER BY size",
        (log.number, above, up_to),
    )
    return [(size, note) for size, note in found]


def latest_checkpoints(conn: apsw.Connection, limit: int) -> list[CheckpointView]:
    """Return the newest checkpoints over all logs, newest first, with our own signature only (reads only)."""
    firsts = {row.number: row.first for row in logs(conn)}
    return [
        CheckpointView(number, log, size, note.decode(), _written_at(conn, firsts[log] + size - 1))
        for number, log, size, note in conn.execute(
            "SELECT number, log, size, note FROM ledger_checkpoint ORDER BY log DESC, size DESC LIMIT ?", (limit,)
        )
    ]


def _written_at(conn: apsw.Connection, number: int) -> int | None:
    """Return when an entry was written, UTC milliseconds; None where it is not there any more."""
    found = conn.execute("SELECT bytes FROM ledger_entry WHERE entry = ?", (number,)).get
    return None if found is None else entries.decode(found).at


def witness_view(conn: apsw.Connection, key: VerifierKey) -> WitnessView:
    """Return what a witness has seen: how many entries its newest valid signature covers, and when (reads only)."""
    for row in reversed(logs(conn)):
        size = cosigned_size(conn, row, key.name)
        if size:
            try:
                seconds = cosignature.check(notes.parse(_with_cosignatures(conn, row, size)), key)
            except NoteError:
                break  # a line that is not this witness's: verification says so
            return WitnessView(key.name, row.first + size, seconds * 1000 or None)
    return WitnessView(key.name, 0, None)


def cosigned_size(conn: apsw.Connection, log: LogRow, witness: str) -> int:
    """Return the size of the newest checkpoint that a witness cosigned, by its name; 0 for none (reads only)."""
    found = conn.execute(
        "SELECT max(size) FROM ledger_cosignature WHERE log = ? AND witness = ?", (log.number, witness)
    ).get
    return 0 if found is None else int(found)


def keep_cosignature(tx: apsw.Connection, log: LogRow, size: int, witness: str, line: str) -> None:
    """Keep a witness's line with the checkpoint of that size; its later word takes the place of its earlier one."""
    tx.execute("INSERT OR REPLACE INTO ledger_cosignature VALUES (?, ?, ?, ?)", (log.number, size, witness, line))


def covering_checkpoint(conn: apsw.Connection, log: LogRow, number: int) -> bytes:
    """Return the checkpoint that an entry is best proved by, with its cosignatures: the newest that a witness has seen.

    Where no cosigned checkpoint covers the entry yet, it is the newest one (reads only).

    Raises:
        LogError: The log has none.
    """
    witnessed = conn.execute(
        "SELECT max(size) FROM ledger_cosignature WHERE log = ? AND size > ?", (log.number, number - log.first)
    ).get
    return _with_cosignatures(conn, log, witnessed)
