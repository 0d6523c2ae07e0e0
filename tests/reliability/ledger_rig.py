"""A real ledger to be attacked: a small history written through the store, its witnesses, and copies to change.

`written(path)` makes a database as the agent would: notices, acts of every kind, gates, findings, answers with words,
erasures, a rotation, cosignatures. `in_memory(path)` gives a copy of it, decrypted, with the triggers gone: what
somebody has who holds the key. `Town` is the witnesses, who remember what they saw wherever the database goes.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import apsw

from agent.ledger import log as logs
from agent.ledger import note
from agent.ledger.cosignature import Cosigner
from agent.ledger.entry import Json
from agent.ledger.log import LogError
from agent.ledger.note import VerifierKey
from agent.ledger.witness import Conflict, Cosigned, Refused, Seen, Witness, read_answer, request
from agent.model.face import NoticeText
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Purpose, Strength
from agent.store import acts, erasure, gates, ledger, notices
from agent.store.audit import Verification, verify
from agent.store.database import Store, open_store

KEY = bytes(range(32))
T0 = 1_795_000_000_000
TABLES = (
    "ledger_key",
    "ledger_log",
    "ledger_entry",
    "ledger_checkpoint",
    "ledger_cosignature",
    "ledger_content",
    "notice_text",
    "act",
    "gate",
)
"""Everything that the ledger is, and what it speaks for."""


@dataclass(slots=True)
class ManualClock:
    """Implements `agent.model.ports.Clock`; time stands still until it is moved."""

    at: int = T0

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000


def drawn(seed: object) -> Callable[[int], bytes]:
    """Return a source of bytes that gives the same ones for the same seed."""
    return random.Random(str(seed)).randbytes


def keyed(path: Path, flags: int = apsw.SQLITE_OPEN_READWRITE) -> apsw.Connection:
    """Open a database with its key, past the agent."""
    connection = apsw.Connection(str(path), flags=flags)
    for statement in ("PRAGMA cipher = 'chacha20'", f"PRAGMA key = 'raw:{KEY.hex()}'"):
        connection.execute(statement).fetchall()
    return connection


def in_memory(path: Path) -> apsw.Connection:
    """Return a decrypted copy that lives in memory, without triggers."""
    source = keyed(path)
    whole = bytearray(source.serialize("main"))
    source.close()
    # Bytes 18 and 19 say «write-ahead log», which a database in memory cannot have.
    whole[18] = whole[19] = 1
    copy = apsw.Connection(":memory:")
    copy.deserialize("main", bytes(whole))
    for (name,) in copy.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        copy.execute(f'DROP TRIGGER "{name}"')
    return copy


def kept(conn: apsw.Connection) -> Mapping[str, frozenset[tuple[object, ...]]]:
    """Return every row of the ledger and of what it speaks for, to see whether a change changed anything.

    Texts come as bytes, since a changed one need not be UTF-8.
    """
    found = {}
    for table in TABLES:
        names = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
        columns = ", ".join(f"typeof({name}), CAST({name} AS BLOB)" for name in names)
        found[table] = frozenset(conn.execute(f"SELECT {columns} FROM {table}").fetchall())
    return found


def copied(path: Path, to: Path) -> Path:
    """Copy a database with its log and key check, as a backup of the folder would."""
    for ending in ("", "-wal", "-key"):
        part = path.with_name(path.name + ending)
        if part.exists():
            shutil.copyfile(part, to.with_name(to.name + ending))
    return to


# Witnesses


class States:
    """What a witness remembers, in memory."""

    def __init__(self, latest: Mapping[str, Seen] | None = None) -> None:
        self.by_origin = dict(latest or {})

    def latest(self, origin: str) -> Seen | None:
        return self.by_origin.get(origin)

    def advance(self, origin: str, old_size: int | None, seen: Seen) -> bool:
        self.by_origin[origin] = seen
        return True


@dataclass(slots=True)
class Town:
    """Witnesses that know the logs of one database."""

    cosigners: Sequence[Cosigner] = field(
        default_factory=lambda: [
            Cosigner(f"witness.example/{name}", hashlib.sha256(name.encode()).digest()) for name in ("a", "b")
        ]
    )
    states: list[States] = field(default_factory=lambda: [States(), States()])
    known: dict[str, VerifierKey] = field(default_factory=dict)

    @property
    def keys(self) -> list[VerifierKey]:
        return [cosigner.verifier for cosigner in self.cosigners]

    def cosign(self, tx: apsw.Connection) -> None:
        """Show the open log to every witness and keep the cosignatures, as the agent would."""
        row = ledger.logs(tx)[-1]
        key = ledger.verifier(tx, row.number)
        self.known[key.name] = key
        for place, cosigner in enumerate(self.cosigners):
            answer = self._asked(tx, row, cosigner, self.states[place])
            if not isinstance(answer, Cosigned):
                raise AssertionError(f"the witness does not cosign an honest log: {answer}")
            size, _ = _newest(tx, row)
            for line in answer.lines:
                ledger.keep_cosignature(tx, row, size, cosigner.verifier.name, line)

    def objects(self, conn: apsw.Connection) -> str:
        """Return what a witness has against this database, "" for nothing: asked as for a cosignature, remembered not.

        A log that it cosigned is missing, is shorter than it was, did not grow out of what it was, or does not show
        the cosignature that the witness gave last.
        """
        rows = {ledger.origin(conn, row.number): row for row in ledger.logs(conn)}
        for cosigner, states in zip(self.cosigners, self.states, strict=True):
            for origin, seen in states.by_origin.items():
                row = rows.get(origin)
                if row is None:
                    return f"{origin} is not there any more"
                try:
                    answer = self._asked(conn, row, cosigner, States(states.by_origin))
                except LogError as problem:
                    return str(problem)
                if isinstance(answer, Conflict):
                    return f"409: the witness has seen {answer.size}"
                if isinstance(answer, Refused):
                    return f"{answer.status}: {answer.meaning}"
                shown = conn.execute(
                    "SELECT count(*) FROM ledger_cosignature WHERE log = ? AND size = ? AND witness = ?",
                    (row.number, seen.size, cosigner.verifier.name),
                ).get
                if not shown:
                    return "the cosignature it gave last is not shown"
        return ""

    def _asked(
        self, conn: apsw.Connection, row: ledger.LogRow, cosigner: Cosigner, states: States
    ) -> Cosigned | Conflict | Refused:
        """Ask one witness by the protocol, from the size that it has, as far as the log reaches that."""
        size, signed = _newest(conn, row)
        seen = states.latest(ledger.origin(conn, row.number))
        old = min(seen.size if seen is not None else 0, size)
        storage = ledger.TableStorage(conn, row, row.first + size)
        path = logs.consistency(storage, old, size) if old else []
        answer = Witness(cosigner, self.known, states, lambda: T0 // 1000).add_checkpoint(request(old, path, signed))
        return read_answer(answer.status, answer.content_type, answer.body, note.parse(signed), [cosigner.verifier])


def _newest(conn: apsw.Connection, row: ledger.LogRow) -> tuple[int, bytes]:
    found = conn.execute(
        "SELECT size, note FROM ledger_checkpoint WHERE log = ? ORDER BY size DESC LIMIT 1", (row.number,)
    ).fetchone()
    if found is None:
        raise LogError("this log has no checkpoint")
    return int(found[0]), bytes(found[1])


def appended(conn: apsw.Connection, new_bytes: Callable[[int], bytes], entries: int, *, rotate: bool = False) -> None:
    """Add entries to a copy as the agent would, each sealed by itself: what goes on from an older copy, or a fork."""
    book = ledger.Ledger(new_bytes)
    book.open(conn)
    for number in range(entries):
        book.begin()
        if rotate and number == 0:
            book.rotate(conn, T0)
        book.append(conn, "agent-start", T0 + 90_000 + number, {"mode": "personal"})
        book.seal(conn)


def found_by(conn: apsw.Connection, town: Town) -> str:
    """Return who sees that something is wrong: `verify`, `witness`, or "" for nobody."""
    if not checked(conn, town).ok:
        return "verify"
    return "witness" if town.objects(conn) else ""


def checked(conn: apsw.Connection, town: Town) -> Verification:
    """Verify everything, with every signature."""
    return verify(conn, every_checkpoint=True, witnesses=town.keys)


# The history


def notice(version: str, language: str) -> NoticeText:
    """Return a notice with its fingerprint."""
    text = f"# Notice {version} ({language})\n\nBulk collection is looked for, and nothing else.\n"
    return NoticeText("personal", version, language, text, hashlib.sha256(text.encode()).hexdigest())


FIRST, SECOND = notice("1", "en"), notice("2", "de")
SHOWN = Act(
    Purpose.DETECT, ActKind.SHOWN, T0, FIRST.sha256, Channel.PAGE, "en", "notice.shown", None, Strength.PAGE_LINK
)


async def written(path: Path, town: Town, new_bytes: Callable[[int], bytes], older: Sequence[Path] = ()) -> None:
    """Write the history into a new database.

    Args:
        path: Where; the database is closed afterwards.
        town: The witnesses that cosign it.
        new_bytes: The ledger's randomness; its first 32 bytes are the seed.
        older: Where to leave copies of it on the way, as backups would: up to three.
    """
    clock = ManualClock()
    store = open_store(path, KEY, clock, new_bytes)
    backups = iter(older)

    async def back_up() -> None:
        to = next(backups, None)
        if to is not None:
            await store.checkpoint()
            copied(path, to)

    try:
        await _begun(store)
        await store.write(town.cosign)
        await back_up()
        await _answered(store)
        await store.write(town.cosign)
        await back_up()
        await store.write(lambda tx: store.ledger.rotate(tx, T0 + 60_000))
        await _asked_again(store)
        await store.write(town.cosign)
        await back_up()
        await _erased(store)
        await store.write(town.cosign)
    finally:
        await store.close()


async def said(store: Store, *made: Act, words: str = "") -> list[int]:
    """Put acts on record in one transaction, and return their entries."""

    def put(tx: apsw.Connection) -> list[int]:
        return [acts.record(tx, store.ledger, act, words) for act in made]

    return await store.write(put)


async def noted(store: Store, kind: str, at: int, content: dict[str, Json]) -> int:
    """Append one entry in a transaction of its own, and return its number."""
    return await store.write(lambda tx: store.ledger.append(tx, kind, at, content))


async def _gate(store: Store, gate: Gate, at: int) -> None:
    await store.write(lambda tx: gates.record(tx, store.ledger, gate, at))


async def _begun(store: Store) -> None:
    await noted(store, "agent-start", T0, {"mode": "personal", "version": "0.3.0"})
    await noted(store, "rules", T0 + 1, {"sha256": hashlib.sha256(b"rules").hexdigest()})
    for purpose in (Purpose.DETECT, Purpose.WARN):
        await _gate(store, Gate(purpose, GateState.CLOSED, 0, None, "notice_not_shown"), T0 + 2)

    def show(tx: apsw.Connection) -> None:
        notices.keep(tx, store.ledger, FIRST, T0 + 10)
        for purpose in (Purpose.DETECT, Purpose.WARN, Purpose.LEDGER):
            acts.record(tx, store.ledger, replace(SHOWN, purpose=purpose, at=T0 + 10))

    await store.write(show)
    await _gate(store, Gate(Purpose.DETECT, GateState.WAITING, T0 + 10, T0 + 86_400_000, "lead_days"), T0 + 11)
    await said(store, replace(SHOWN, kind=ActKind.ACKNOWLEDGED, at=T0 + 12, control="notice.acknowledge", dwell_ms=0))
    await _gate(store, Gate(Purpose.DETECT, GateState.OPEN, T0 + 12), T0 + 12)
    await noted(store, "monitoring-start", T0 + 13, {"purpose": Purpose.DETECT.value})


async def _answered(store: Store) -> None:
    for number in range(10):
        await noted(store, "finding-opened", T0 + 100 + 10 * number, {"id": f"finding-{number}", "tool": "scrapy"})
        answer = replace(
            SHOWN,
            purpose=Purpose.WARN,
            kind=ActKind.ANSWERED,
            at=T0 + 105 + 10 * number,
            control="finding.answer",
            dwell_ms=4000 + number,
            finding=f"finding-{number}",
            category=("stopping", "work", "not_me")[number % 3],
        )
        await said(store, answer, words=f"what I was doing, in words {number}")
    # Several at once share a transaction, so one checkpoint covers them.
    optional = replace(SHOWN, purpose=Purpose.LONGER_HISTORY, control="purpose.switch", at=T0 + 300)
    await asyncio.gather(
        *(
            said(store, replace(optional, kind=kind, at=T0 + 300 + place))
            for place, kind in enumerate((ActKind.GIVEN, ActKind.WITHDRAWN, ActKind.REFUSED, ActKind.GIVEN))
        )
    )
    await said(
        store, replace(optional, kind=ActKind.EXPIRED, channel=Channel.CLOCK, strength=Strength.NONE, at=T0 + 310)
    )


async def _asked_again(store: Store) -> None:
    def show(tx: apsw.Connection) -> int:
        notices.keep(tx, store.ledger, SECOND, T0 + 70_000)
        return acts.record(tx, store.ledger, replace(SHOWN, at=T0 + 70_000, notice_sha256=SECOND.sha256, language="de"))

    shown = await store.write(show)
    objected = replace(SHOWN, kind=ActKind.OBJECTED, notice_sha256=SECOND.sha256, language="de", at=T0 + 70_100)
    await said(store, objected, replace(objected, kind=ActKind.DISPUTED, disputes=shown, control="history.dispute"))
    await _gate(store, Gate(Purpose.DETECT, GateState.CLOSED, T0 + 70_100, None, "objected"), T0 + 70_100)
    await noted(store, "agent-stop", T0 + 70_200, {})
    await noted(store, "agent-start", T0 + 70_300, {"mode": "personal", "version": "0.3.1"})
    await noted(store, "agent-update", T0 + 70_301, {"before": "0.3.0", "after": "0.3.1"})


async def _erased(store: Store) -> None:
    def take(tx: apsw.Connection) -> None:
        opened = sorted(erasure.findings_of(tx))
        answers = [act.entry for act in acts.all_acts(tx) if act.kind is ActKind.ANSWERED and act.entry is not None]
        erasure.contents(tx, store.ledger, [*opened[:2], *answers[1:4], *answers[6:7]], "withdrawn", T0 + 80_000)

    await store.write(take)
    await noted(store, "policy", T0 + 80_001, {"sha256": hashlib.sha256(b"policy").hexdigest()})
    await said(store, replace(SHOWN, kind=ActKind.ACKNOWLEDGED, notice_sha256=SECOND.sha256, at=T0 + 80_002))
