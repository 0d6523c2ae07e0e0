"""Changes to meaning, made past the agent by somebody who holds the database key: each is seen.

A real database is written once (`ledger_rig.written`), copied into memory, its triggers dropped, and changed by SQL in
every way that is listed here, one change at a time, each undone before the next. `ledger verify` must name what is
wrong; what leaves a log that is right in itself (an older copy, a cut-off tail, another history signed with the stolen
key) the witness must refuse. A change that leaves every row as it was is drawn again.

`GW_RELIABILITY=full` makes it ten thousand changes; the seed is fixed, so that a failure can be looked at.
"""

from __future__ import annotations

import asyncio
import collections
import hashlib
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import apsw
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agent.ledger import checkpoint as checkpoints
from agent.ledger import entry as entries
from agent.ledger import merkle, note
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.cosignature import Cosigner
from agent.ledger.entry import Entry
from agent.ledger.note import Signer
from agent.model.purposes import ActKind
from agent.store import acts, erasure, ledger
from agent.store.database import open_store
from agent.store.errors import StoreError
from tests.reliability import ledger_rig as rig
from tests.reliability.ledger_rig import Town

FULL = os.environ.get("GW_RELIABILITY") == "full"
CHANGES: Final = 10_000 if FULL else 300
FLIPS: Final = 2_000 if FULL else 60
SEED: Final = "gleanwatch"

Change = Callable[[apsw.Connection, random.Random], None]

KEYS: Final = {
    "ledger_key": ("id",),
    "ledger_log": ("number",),
    "ledger_entry": ("entry",),
    "ledger_checkpoint": ("log", "size"),
    "ledger_cosignature": ("log", "size", "witness"),
    "ledger_content": ("entry",),
    "notice_text": ("sha256",),
    "act": ("entry",),
    "gate": ("entry",),
}
"""What names a row of each table."""


@pytest.fixture(scope="module")
def town() -> Town:
    return Town()


@pytest.fixture(scope="module")
def database(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tampered")
    made = rig.written(
        folder / "gleanwatch.db", town, rig.drawn(SEED), [folder / f"older-{number}.db" for number in range(3)]
    )
    asyncio.run(made)
    return folder / "gleanwatch.db"


@pytest.fixture
def copy(database: Path) -> Iterator[apsw.Connection]:
    made = rig.in_memory(database)
    yield made
    made.close()


# Rows and values


def row_of(conn: apsw.Connection, chance: random.Random, table: str) -> dict[str, Any]:
    """Return one row of a table, drawn."""
    names = [column[1] for column in conn.execute(f"PRAGMA table_info({table})")]
    rows = conn.execute(f"SELECT * FROM {table} ORDER BY {', '.join(KEYS[table])}").fetchall()
    return dict(zip(names, chance.choice(rows), strict=True))


def put(conn: apsw.Connection, table: str, row: dict[str, Any], **new: Any) -> None:
    """Change columns of one row."""
    conn.execute(
        f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in new)} "
        f"WHERE {' AND '.join(f'{name} IS ?' for name in KEYS[table])}",
        (*new.values(), *(row[name] for name in KEYS[table])),
    )


def drop(conn: apsw.Connection, table: str, row: dict[str, Any]) -> None:
    conn.execute(
        f"DELETE FROM {table} WHERE {' AND '.join(f'{name} IS ?' for name in KEYS[table])}",
        tuple(row[name] for name in KEYS[table]),
    )


def add(conn: apsw.Connection, table: str, row: dict[str, Any]) -> None:
    conn.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def other(value: Any, chance: random.Random) -> Any:
    """Return another value: near by, cut, longer, empty, absent."""
    if isinstance(value, bytes):
        at = chance.randrange(len(value)) if value else 0
        flipped = value[:at] + bytes([value[at] ^ 1 << chance.randrange(8)]) + value[at + 1 :] if value else b"\0"
        return chance.choice(
            [flipped, flipped, value[:-1], value + b"\n", value[1:], b"", chance.randbytes(len(value)), value * 2]
        )
    if isinstance(value, str):
        at = chance.randrange(len(value)) if value else 0
        changed = value[:at] + chr((ord(value[at]) + 1) % 0x250 or 1) + value[at + 1 :] if value else "x"
        return chance.choice([changed, changed, value[:-1], f"{value} ", value.swapcase(), "", f"{value}\0", value * 2])
    if isinstance(value, int):
        return chance.choice([value + 1, value - 1, 0, -value, value + 86_400_000, 2**63 - 1, -(2**63), None])
    return chance.choice([0, 1, rig.T0, 2**63 - 1])


def column_of(table: str, *names: str) -> Change:
    """One value of one row becomes another: a near one, or the one of another row."""

    def change(conn: apsw.Connection, chance: random.Random) -> None:
        row = row_of(conn, chance, table)
        name = chance.choice(names)
        value = row_of(conn, chance, table)[name] if chance.random() < 0.3 else other(row[name], chance)
        put(conn, table, row, **{name: value})

    return change


def swapped(table: str, *names: str) -> Change:
    """Two rows of a table exchange what they say."""

    def change(conn: apsw.Connection, chance: random.Random) -> None:
        one, two = row_of(conn, chance, table), row_of(conn, chance, table)
        put(conn, table, one, **{name: two[name] for name in names})
        put(conn, table, two, **{name: one[name] for name in names})

    return change


def deleted(table: str) -> Change:
    return lambda conn, chance: drop(conn, table, row_of(conn, chance, table))


def doubled(table: str) -> Change:
    """A row is there a second time, under another key."""

    def change(conn: apsw.Connection, chance: random.Random) -> None:
        row = row_of(conn, chance, table)
        name = chance.choice(KEYS[table])
        add(conn, table, row | {name: other(row[name], chance)})

    return change


# What somebody would change who knows the format


def rehashed(conn: apsw.Connection) -> None:
    """Give every entry the nodes that go with the bytes as they are now: every hash right, no signature."""
    rows = ledger.logs(conn)
    for place, row in enumerate(rows):
        end = rows[place + 1].first if place + 1 < len(rows) else 2**62
        frontier = merkle.Frontier()
        bodies: Any = conn.execute(
            "SELECT entry, bytes FROM ledger_entry WHERE entry >= ? AND entry < ? ORDER BY entry", (row.first, end)
        ).fetchall()
        for number, body in bodies:
            made = b"".join(node for _, _, node in frontier.append(merkle.leaf_hash(body)))
            conn.execute("UPDATE ledger_entry SET nodes = ? WHERE entry = ?", (made, number))


def forged_entry(conn: apsw.Connection, chance: random.Random, number: int) -> None:
    """One field of an entry is another, written as the agent would, with a content that goes with it."""
    entry = entries.decode(ledger.entry_bytes(conn, number))
    plain = entries.canonical({"at": chance.randrange(10**6), "kind": "acknowledged"})
    key, salt = chance.randbytes(32), chance.randbytes(32)
    commitment = entries.commit(salt, plain)
    made = chance.choice(
        [
            Entry(entry.kind, entry.at - chance.randrange(1, 10**9), entry.commitment, entry.facts),
            Entry(chance.choice(sorted(entries.KINDS - {entry.kind})), entry.at, entry.commitment, entry.facts),
            Entry(entry.kind, entry.at, entry.commitment, {"entries": [[0, 1]], "ground": "withdrawn"}),
            Entry(entry.kind, entry.at, commitment, entry.facts),
        ]
    )
    conn.execute("UPDATE ledger_entry SET bytes = ? WHERE entry = ?", (entries.encode(made), number))
    if made.commitment == commitment:
        sealed = AESGCM(key).encrypt(bytes(12), plain, commitment)
        conn.execute("REPLACE INTO ledger_content VALUES (?, ?, ?, ?)", (number, key, salt, sealed))


def entry_rewritten(conn: apsw.Connection, chance: random.Random) -> None:
    forged_entry(conn, chance, row_of(conn, chance, "ledger_entry")["entry"])


def entry_rewritten_and_rehashed(conn: apsw.Connection, chance: random.Random) -> None:
    entry_rewritten(conn, chance)
    rehashed(conn)


def entries_swapped_whole(conn: apsw.Connection, chance: random.Random) -> None:
    """Two entries change places with everything that belongs to them."""
    one, two = (row_of(conn, chance, "ledger_entry")["entry"] for _ in range(2))
    for table in ("ledger_entry", "ledger_content", "act", "gate"):
        for before, after in ((one, -1), (two, one), (-1, two)):
            conn.execute(f"UPDATE {table} SET entry = ? WHERE entry = ?", (after, before))
    if chance.random() < 0.5:
        rehashed(conn)


def entry_taken_out(conn: apsw.Connection, chance: random.Random) -> None:
    """An entry is removed with everything that belongs to it, and those after it move up."""
    number = row_of(conn, chance, "ledger_entry")["entry"]
    for table in ("ledger_entry", "ledger_content", "act", "gate"):
        conn.execute(f"DELETE FROM {table} WHERE entry = ?", (number,))
        conn.execute(f"UPDATE {table} SET entry = -entry WHERE entry > ?", (number,))
        conn.execute(f"UPDATE {table} SET entry = -entry - 1 WHERE entry < 0")
    rehashed(conn)


def entry_slipped_in(conn: apsw.Connection, chance: random.Random) -> None:
    """A made-up entry stands behind, before or between the real ones."""
    count = conn.execute("SELECT count(*) FROM ledger_entry").get
    body = ledger.entry_bytes(conn, chance.randrange(count))
    number = chance.choice([count, count + 1, -1, chance.randrange(count)])
    if number in range(count):
        for table in ("ledger_entry", "ledger_content", "act", "gate"):
            conn.execute(f"UPDATE {table} SET entry = -entry - 1 WHERE entry >= ?", (number,))
            conn.execute(f"UPDATE {table} SET entry = -entry WHERE entry < 0")
    conn.execute("INSERT INTO ledger_entry VALUES (?, ?, ?)", (number, body, merkle.leaf_hash(body)))
    forged_entry(conn, chance, number)
    if chance.random() < 0.5:
        rehashed(conn)


def content_forged(conn: apsw.Connection, chance: random.Random) -> None:
    """Another content under a new key, for the commitment that is there, and the row that goes with it."""
    number = row_of(conn, chance, "act")["entry"]
    body = entries.decode(ledger.entry_bytes(conn, number))
    content = {**(ledger.content(conn, number) or {}), "kind": "given", "channel": "terminal"}
    key, salt = chance.randbytes(32), chance.randbytes(32)
    sealed = AESGCM(key).encrypt(bytes(12), entries.canonical(content), body.commitment)
    conn.execute("UPDATE ledger_content SET key = ?, salt = ?, sealed = ? WHERE entry = ?", (key, salt, sealed, number))
    conn.execute("UPDATE act SET kind = 'given', channel = 'terminal' WHERE entry = ?", (number,))


def erased_by_hand(conn: apsw.Connection, chance: random.Random) -> None:
    """A content and its row go, as if erased, without the ledger saying so."""
    number = row_of(conn, chance, "ledger_content")["entry"]
    for table in ("ledger_content", "act", "gate"):
        conn.execute(f"DELETE FROM {table} WHERE entry = ?", (number,))


def erased_put_back(conn: apsw.Connection, chance: random.Random) -> None:
    """An erased entry has a content again, or an erased act its row."""
    gone = conn.execute(
        "SELECT entry FROM ledger_entry WHERE entry NOT IN (SELECT entry FROM ledger_content)"
    ).fetchall()
    (number,) = chance.choice(gone)
    table = chance.choice(["ledger_content", "act", "gate"])
    add(conn, table, row_of(conn, chance, table) | {"entry": number})


def notice_rewritten(conn: apsw.Connection, chance: random.Random) -> None:
    """Another text, under its own fingerprint, and every act says that this is what was shown."""
    row = row_of(conn, chance, "notice_text")
    text = row["text"] + "And everything else, too.\n"
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    put(conn, "notice_text", row, text=text, sha256=sha256)
    if chance.random() < 0.7:
        conn.execute("UPDATE act SET notice_sha256 = ? WHERE notice_sha256 = ?", (sha256, row["sha256"]))


def notice_never_shown(conn: apsw.Connection, chance: random.Random) -> None:
    """A text lies among those that were shown, though nothing says that it was."""
    made = rig.notice(f"{chance.randrange(10, 99)}", "en")
    add(
        conn,
        "notice_text",
        {"sha256": made.sha256, "notice": "personal", "version": made.version, "language": "en", "text": made.text},
    )


def act_invented(conn: apsw.Connection, chance: random.Random) -> None:
    """An act that nobody did, beside an entry of another kind or of none."""
    row = row_of(conn, chance, "act")
    free = conn.execute("SELECT entry FROM ledger_entry WHERE entry NOT IN (SELECT entry FROM act)").fetchall()
    add(conn, "act", row | {"entry": chance.choice([*free, (10**6,)])[0], "kind": "acknowledged"})


def checkpoint_by_another_key(conn: apsw.Connection, chance: random.Random) -> None:
    """A checkpoint says what it said, or another root, and is signed by a key that is not the log's."""
    row = row_of(conn, chance, "ledger_checkpoint")
    stated = checkpoints.parse(note.parse(row["note"]).text)
    root = chance.choice([stated.root, chance.randbytes(32)])
    text = checkpoints.encode(Checkpoint(stated.origin, stated.size, root))
    line = Signer(stated.origin, chance.randbytes(32)).sign(text)
    if chance.random() < 0.3:
        line = row["note"].decode().partition("\n\n")[2] + line
    put(conn, "ledger_checkpoint", row, note=note.signed(text, line))


def checkpoint_added(conn: apsw.Connection, chance: random.Random) -> None:
    """One more checkpoint, for a size that has none, in another's words or signed by another key."""
    row = row_of(conn, chance, "ledger_checkpoint")
    number = conn.execute("SELECT max(number) + 1 FROM ledger_checkpoint").get
    add(conn, "ledger_checkpoint", row | {"size": chance.randrange(1, 200), "number": number})


def cosignature_by_another_key(conn: apsw.Connection, chance: random.Random) -> None:
    """A cosignature under the witness's name, by a key that is not the witness's."""
    row = row_of(conn, chance, "ledger_cosignature")
    signed = conn.execute(
        "SELECT note FROM ledger_checkpoint WHERE log = ? AND size = ?", (row["log"], row["size"])
    ).get
    line = Cosigner(row["witness"], chance.randbytes(32)).cosign(note.parse(signed), 1)
    put(conn, "ledger_cosignature", row, line=line)


def newest_cosignature_removed(conn: apsw.Connection, chance: random.Random) -> None:
    """The last thing that a witness saw of a log is not shown any more."""
    rows = conn.execute("SELECT log, max(size), witness FROM ledger_cosignature GROUP BY log, witness").fetchall()
    log, size, witness = chance.choice(rows)
    drop(conn, "ledger_cosignature", {"log": log, "size": size, "witness": witness})


def not_utf8(conn: apsw.Connection, chance: random.Random) -> None:
    """A text is no text any more."""
    table, name = chance.choice(
        [("act", "control"), ("gate", "reason"), ("notice_text", "text"), ("ledger_cosignature", "line")]
    )
    row = row_of(conn, chance, table)
    conn.execute(
        f"UPDATE {table} SET {name} = CAST(? AS TEXT) WHERE {' AND '.join(f'{key} IS ?' for key in KEYS[table])}",
        (str(row[name]).encode() + b"\xff", *(row[key] for key in KEYS[table])),
    )


def logs_listed_otherwise(conn: apsw.Connection, chance: random.Random) -> None:
    """A log more, or one that begins elsewhere."""
    count = conn.execute("SELECT count(*) FROM ledger_entry").get
    if chance.random() < 0.5:
        add(conn, "ledger_log", {"number": chance.choice([0, 3, 4, -1]), "first": chance.randrange(-1, count + 2)})
    else:
        put(conn, "ledger_log", row_of(conn, chance, "ledger_log"), first=chance.randrange(-1, count + 2))


WAYS: Final[dict[str, Change]] = {
    "entry, some bytes": column_of("ledger_entry", "bytes"),
    "entry, rewritten in good form": entry_rewritten,
    "entry, rewritten and every hash with it": entry_rewritten_and_rehashed,
    "entry, a hash": column_of("ledger_entry", "nodes"),
    "entry, renumbered": column_of("ledger_entry", "entry"),
    "entry, deleted": deleted("ledger_entry"),
    "entry, doubled": doubled("ledger_entry"),
    "entry, slipped in": entry_slipped_in,
    "entry, taken out and the rest moved up": entry_taken_out,
    "order, bytes of two swapped": swapped("ledger_entry", "bytes"),
    "order, bytes and hashes of two swapped": swapped("ledger_entry", "bytes", "nodes"),
    "order, two swapped with all that is theirs": entries_swapped_whole,
    "checkpoint, some bytes": column_of("ledger_checkpoint", "note"),
    "checkpoint, its place": column_of("ledger_checkpoint", "log", "size", "number"),
    "checkpoint, two swapped": swapped("ledger_checkpoint", "note"),
    "checkpoint, numbers of two swapped": swapped("ledger_checkpoint", "number"),
    "checkpoint, by another key": checkpoint_by_another_key,
    "checkpoint, deleted": deleted("ledger_checkpoint"),
    "checkpoint, added": checkpoint_added,
    "cosignature, its line": column_of("ledger_cosignature", "line"),
    "cosignature, its place": column_of("ledger_cosignature", "log", "size", "witness"),
    "cosignature, two swapped": swapped("ledger_cosignature", "line"),
    "cosignature, by another key": cosignature_by_another_key,
    "cosignature, doubled": doubled("ledger_cosignature"),
    "cosignature, the newest removed": newest_cosignature_removed,
    "content, key, salt or cipher text": column_of("ledger_content", "key", "salt", "sealed"),
    "content, renumbered": column_of("ledger_content", "entry"),
    "content, two swapped": swapped("ledger_content", "key", "salt", "sealed"),
    "content, one part of two swapped": swapped("ledger_content", "salt"),
    "content, forged with its row": content_forged,
    "content, deleted": deleted("ledger_content"),
    "content, doubled": doubled("ledger_content"),
    "content, deleted as if erased": erased_by_hand,
    "content, put back after erasure": erased_put_back,
    "act, a field": column_of(
        "act", "purpose", "kind", "at", "notice_sha256", "channel", "language", "control", "dwell_ms", "strength",
        "disputes", "finding", "category",
    ),
    "act, renumbered": column_of("act", "entry"),
    "act, two swapped": swapped("act", "kind", "at", "purpose", "notice_sha256"),
    "act, deleted": deleted("act"),
    "act, doubled": doubled("act"),
    "act, invented": act_invented,
    "gate, a field": column_of("gate", "purpose", "state", "since", "until", "reason"),
    "gate, renumbered": column_of("gate", "entry"),
    "gate, two swapped": swapped("gate", "state", "since", "until", "reason"),
    "gate, deleted": deleted("gate"),
    "gate, doubled": doubled("gate"),
    "notice, text or fingerprint": column_of("notice_text", "text", "sha256"),
    "notice, its name, version or language": column_of("notice_text", "notice", "version", "language"),
    "notice, rewritten with its fingerprint": notice_rewritten,
    "notice, one never shown": notice_never_shown,
    "notice, deleted": deleted("notice_text"),
    "text, not UTF-8": not_utf8,
    "logs, a value": column_of("ledger_log", "number", "first"),
    "logs, listed otherwise": logs_listed_otherwise,
    "logs, deleted": deleted("ledger_log"),
    "seed, changed": column_of("ledger_key", "seed"),
    "seed, deleted": deleted("ledger_key"),
}  # fmt: skip
"""Every way in which one statement or a few change what the record says."""


@pytest.mark.timeout(1800)
def test_every_change_to_meaning_is_seen(copy: apsw.Connection, town: Town) -> None:
    assert rig.found_by(copy, town) == ""
    before = rig.kept(copy)
    chance = random.Random(SEED)
    seen: collections.Counter[tuple[str, str]] = collections.Counter()
    missed = []
    names = list(WAYS)
    made = 0
    while made < CHANGES:
        way = names[made % len(names)]
        copy.execute("SAVEPOINT change")
        try:
            WAYS[way](copy, chance)
        except (apsw.ConstraintError, apsw.MismatchError):
            changed = False  # the database itself does not take it: a text where a number belongs, a key twice
        else:
            changed = rig.kept(copy) != before
        if changed:
            made += 1
            by = rig.found_by(copy, town)
            seen[way, by] += 1
            if not by:
                missed.append((made, way, _difference(before, rig.kept(copy))))
        copy.execute("ROLLBACK TO change")
        copy.execute("RELEASE change")
    print(*(f"{count:6} {by or 'NOT SEEN':8} {way}" for (way, by), count in sorted(seen.items())), sep="\n")
    assert not missed, f"{len(missed)} of {made} changes were not seen: {missed[:5]}"
    assert rig.found_by(copy, town) == "", "the copy was not put back as it was"


def test_every_truncation_is_seen(copy: apsw.Connection, town: Town) -> None:
    """The last k entries go with everything that belongs to them, for every k there is."""
    by: dict[int, str] = {}
    for cut in range(copy.execute("SELECT count(*) FROM ledger_entry").get):
        copy.execute("SAVEPOINT cut")
        cut_off(copy, cut)
        by[cut] = rig.found_by(copy, town)
        copy.execute("ROLLBACK TO cut")
        copy.execute("RELEASE cut")
    print(collections.Counter(by.values()))
    assert "" not in by.values(), [cut for cut, who in by.items() if not who]
    assert "witness" in by.values(), "a tail that ends at a checkpoint leaves a log that is right in itself"


def cut_off(conn: apsw.Connection, first: int) -> None:
    """Remove every entry from `first` on, its content and row, and every log and checkpoint that speaks of it."""
    for table in ("ledger_entry", "ledger_content", "act", "gate"):
        conn.execute(f"DELETE FROM {table} WHERE entry >= ?", (first,))
    for table in ("ledger_checkpoint", "ledger_cosignature"):
        conn.execute(
            f"DELETE FROM {table} WHERE size + (SELECT first FROM ledger_log WHERE number = log) > ?", (first,)
        )
    conn.execute("DELETE FROM ledger_log WHERE number > 1 AND first >= ?", (first,))
    told = {ledger.content(conn, number)["sha256"] for number in erasure.entries_of(conn, "notice")}  # type: ignore[index]
    for (sha256,) in conn.execute("SELECT sha256 FROM notice_text").fetchall():
        if sha256 not in told:
            conn.execute("DELETE FROM notice_text WHERE sha256 = ?", (sha256,))


@pytest.mark.parametrize("number", range(3))
def test_a_restored_older_copy_is_right_in_itself_and_the_witness_refuses_it(
    database: Path, town: Town, number: int
) -> None:
    older = rig.in_memory(database.with_name(f"older-{number}.db"))
    assert rig.checked(older, town).ok
    assert town.objects(older)


@pytest.mark.parametrize("rotate", [False, True])
@pytest.mark.parametrize("more", [1, 2, 5, 40])
@pytest.mark.parametrize("number", range(3))
def test_two_forks_are_both_right_in_themselves_and_the_witness_takes_one(
    database: Path, town: Town, number: int, more: int, rotate: bool
) -> None:
    """An older copy that went on otherwise, to fewer, as many or more entries."""
    fork = rig.in_memory(database.with_name(f"older-{number}.db"))
    rig.appended(fork, rig.drawn(f"fork {number} {more}"), more, rotate=rotate)
    assert rig.checked(fork, town).ok
    assert town.objects(fork)


def test_a_log_rebuilt_whole_with_the_stolen_seed_is_refused_by_the_witness(
    database: Path, town: Town, tmp_path: Path
) -> None:
    copy = rig.in_memory(database)
    seed = copy.execute("SELECT seed FROM ledger_key").get
    elsewhere = rig.drawn("another history")
    drawn = iter([seed])
    rebuilt = tmp_path / "rebuilt.db"
    asyncio.run(rig.written(rebuilt, Town(), lambda count: next(drawn, b"") or elsewhere(count)))
    forged = rig.in_memory(rebuilt)
    # No witness would sign for it: what the attacker can show is without.
    forged.execute("DELETE FROM ledger_cosignature")
    found = rig.checked(forged, town)
    assert found.ok
    assert any("No witness" in remark for remark in found.remarks)
    assert ledger.origin(forged, 1) == ledger.origin(copy, 1)
    assert "422" in town.objects(forged)


def test_what_a_newer_statement_says_again_can_be_removed_unseen(copy: apsw.Connection, town: Town) -> None:
    """Not a change to meaning, and said plainly in the threat model: nothing holds a checkpoint but its signature."""
    found = copy.execute(
        """SELECT log, size, number FROM ledger_checkpoint c WHERE log = 1 AND size > 3
           AND NOT EXISTS (SELECT 1 FROM ledger_cosignature s WHERE s.log = c.log AND s.size = c.size) LIMIT 1"""
    ).fetchone()
    assert found is not None
    log, size, number = found
    copy.execute("DELETE FROM ledger_checkpoint WHERE log = ? AND size = ?", (log, size))
    assert rig.found_by(copy, town) == "verify"
    copy.execute("UPDATE ledger_checkpoint SET number = number - 1 WHERE number > ?", (number,))
    copy.execute("DELETE FROM ledger_cosignature WHERE log = 1 AND size = (SELECT min(size) FROM ledger_cosignature)")
    state = rig.checked(copy, town)
    assert state.ok
    assert state.witnesses == tuple(key.name for key in town.keys)
    assert town.objects(copy) == ""


def test_what_nobody_sees_and_the_threat_model_says_so(copy: apsw.Connection, town: Town) -> None:
    """With the stolen seed: a false act at the end, and its removal again before a witness looked."""
    before = copy.execute("SELECT count(*) FROM ledger_entry").get
    thief = ledger.Ledger(rig.drawn("thief"))
    thief.open(copy)
    thief.begin()
    false = acts.record(copy, thief, replace(rig.SHOWN, kind=ActKind.ACKNOWLEDGED, at=rig.T0 + 95_000))
    thief.seal(copy)
    assert rig.found_by(copy, town) == ""
    # It cannot be slipped in earlier, nor hidden: it stands in the history as the newest act.
    assert acts.all_acts(copy)[-1].entry == false == before
    cut_off(copy, before)
    assert rig.found_by(copy, town) == ""
    assert rig.checked(copy, town).entries == before


async def test_flipped_bits_in_the_raw_file_are_refused_or_change_nothing(database: Path, tmp_path: Path) -> None:
    source = rig.keyed(database)
    before = rig.kept(source)
    source.close()
    whole = database.read_bytes()
    chance = random.Random(SEED)
    outcomes: collections.Counter[str] = collections.Counter()
    for _ in range(FLIPS):
        flipped = bytearray(whole)
        # The first page is where the format lies: a share of the flips goes there.
        reach = 4096 if chance.random() < 0.2 else len(whole)
        for _ in range(chance.choice((1, 1, 1, 2, 8))):
            flipped[chance.randrange(reach)] ^= 1 << chance.randrange(8)
        path = rig.copied(database, tmp_path / "flipped.db")
        path.write_bytes(bytes(flipped))
        try:
            store = open_store(path, rig.KEY, rig.ManualClock())
        except StoreError as refused:
            outcomes[type(refused).__name__] += 1
        else:
            assert await store.read(rig.kept) == before
            outcomes["every row unchanged"] += 1
            await store.close()
    print(outcomes)
    assert set(outcomes) <= {"StoreCorrupt", "StoreKeyWrong", "StoreNewer", "StoreError", "every row unchanged"}
    assert outcomes["StoreCorrupt"] > FLIPS // 2


def _difference(before: Any, after: Any) -> dict[str, Any]:
    return {
        table: (sorted(map(str, before[table] - after[table])), sorted(map(str, after[table] - before[table])))
        for table in before
        if before[table] != after[table]
    }
