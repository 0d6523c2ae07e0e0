"""Proof, joined: receipts, checks made just now, verification of the whole ledger, and everything as files.

Reads the database only. The formats are `ledger/`'s, the tables `store/`'s; here they become what a person can take
away: a receipt that proves itself, a folder with every record about them, the log as plain files.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apsw
import msgspec

from agent.consent.bundle import bundle
from agent.consenting import Consents
from agent.ledger import log as logs
from agent.ledger import proof as proofs
from agent.ledger import receipt as receipts
from agent.ledger import tiles
from agent.ledger.entry import EntryError
from agent.ledger.log import LogError
from agent.ledger.merkle import ProofError
from agent.ledger.note import NoteError, VerifierKey
from agent.ledger.receipt import ReceiptError
from agent.model.consent import ProofCheck
from agent.model.face import ExportFile, LedgerView, VerifyResult
from agent.recording import records
from agent.store import audit, clients, counters, findings, ledger, notices, page_loads
from agent.store.audit import Verification
from agent.store.database import LedgerBroken, Store
from agent.store.errors import StoreError

NOBODY_ELSE = "No witness has seen this log: a rollback would not be seen."
LOADS_AT_ONCE = 2000
"""Page loads that an export reads at a time."""
LINES_AT_ONCE = 2000
"""Entries or checkpoints that an export reads at a time."""
MOST_CHECKPOINTS = 20
"""Checkpoints that the page about the ledger lists."""


class Proving:
    """What can be proved of one ledger."""

    def __init__(self, store: Store, consents: Consents, witnesses: Sequence[str]) -> None:
        """Take the database, the acts, and the verifier keys of the witnesses that the policy names."""
        self._store = store
        self._consents = consents
        self._witnesses = tuple(VerifierKey.parse(key) for key in witnesses)
        self._verifying: asyncio.Task[VerifyResult] | None = None

    async def receipt(self, entry: int) -> bytes:
        """Return the receipt of one entry.

        Raises:
            ValueError: There is no such entry, its content was erased, or it does not hold.
        """
        try:
            return await self._store.read(lambda tx: self._receipt(tx, entry))
        except KeyError:
            raise ValueError(_no_entry(entry)) from None
        except (LedgerBroken, EntryError, ReceiptError, ProofError, NoteError) as problem:
            raise ValueError(_not_proved(entry, problem)) from None

    async def check(self, entry: int) -> ProofCheck:
        """Verify one entry now.

        Raises:
            ValueError: There is no such entry.
        """
        try:
            return await self._store.read(lambda tx: self._check(tx, entry))
        except KeyError:
            raise ValueError(_no_entry(entry)) from None

    async def verify(self, every_checkpoint: bool, progress: Callable[[int, int], None]) -> Verification:
        """Verify the whole ledger; `progress` is called in this event loop."""
        loop = asyncio.get_running_loop()

        def tell(done: int, of: int) -> None:
            loop.call_soon_threadsafe(progress, done, of)

        return await self._store.survey(
            lambda tx: audit.verify(tx, every_checkpoint=every_checkpoint, witnesses=self._witnesses, progress=tell)
        )

    async def view(self) -> LedgerView:
        """Return what the page about the ledger shows: its newest checkpoints and what each named witness has seen."""

        def look(tx: apsw.Connection) -> LedgerView:
            rows = ledger.logs(tx)
            shown = ledger.latest_checkpoints(tx, MOST_CHECKPOINTS)
            return LedgerView(
                origin=ledger.origin(tx, rows[-1].number),
                entries=ledger.entry_count(tx),
                logs=len(rows),
                checkpoints=tuple(shown),
                signed=shown[0].number if shown else 0,
                witnesses=tuple(ledger.witness_view(tx, key) for key in self._witnesses),
                key=str(ledger.verifier(tx, rows[-1].number)),
            )

        return await self._store.read(look)

    async def verified(self) -> VerifyResult:
        """Verify the whole ledger and say it in plain words; whoever asks while that goes on gets the same answer.

        A long record is never gone through twice at once.
        """
        if self._verifying is None or self._verifying.done():
            self._verifying = asyncio.create_task(self._verified())
        # One who goes away must not end it for the others.
        return await asyncio.shield(self._verifying)

    async def _verified(self) -> VerifyResult:
        """Verify, a database that cannot be read included."""
        try:
            found = await self.verify(every_checkpoint=False, progress=lambda _done, _of: None)
        except StoreError as problem:
            return VerifyResult(ok=False, entries=0, checkpoints=0, contents=0, erased=0, faults=(str(problem),))
        return VerifyResult(
            ok=found.ok,
            entries=found.entries,
            checkpoints=found.checkpoints,
            contents=found.contents,
            erased=found.erased,
            faults=tuple(f"{problem.where}: {problem.what}" for problem in found.problems),
            remarks=tuple(found.remarks),
        )

    async def check_newest(self) -> ProofCheck:
        """Verify the newest signed checkpoint by proving the entry that it covers last.

        Raises:
            ValueError: Nothing was recorded yet, or the newest checkpoint cannot be read.
        """

        def look(tx: apsw.Connection) -> ProofCheck:
            row = ledger.logs(tx)[-1]
            size = logs.checkpoint_of(ledger.signed_checkpoint(tx, row)).size
            return self._check(tx, row.first + size - 1)

        try:
            return await self._store.read(look)
        except (LogError, LedgerBroken) as problem:
            raise ValueError(f"There is no checkpoint: {problem.__cause__ or problem}.") from None

    async def checkpoint(self) -> tuple[bytes, VerifierKey]:
        """Return the newest signed checkpoint with its cosignatures, and the log's key.

        Raises:
            ValueError: Nothing was recorded yet.
        """

        def look(tx: apsw.Connection) -> tuple[bytes, VerifierKey]:
            row = ledger.logs(tx)[-1]
            return ledger.signed_checkpoint(tx, row), ledger.verifier(tx, row.number)

        try:
            return await self._store.read(look)
        except LedgerBroken as problem:
            raise ValueError(f"There is no checkpoint: {problem.__cause__}.") from None

    async def proof(self, entry: int) -> tuple[bytes, bytes, VerifierKey]:
        """Return the proof of one entry, the entry's bytes, and the log's key.

        Raises:
            ValueError: There is no such entry.
        """
        try:
            proof, body, key = await self._store.read(lambda tx: _proof(tx, entry))
        except KeyError:
            raise ValueError(_no_entry(entry)) from None
        except LedgerBroken as problem:
            raise ValueError(_not_proved(entry, problem)) from None
        return proofs.encode(proof), body, key

    async def log_files(self) -> Mapping[str, ExportFile]:
        """Return every log as plain files: C2SP tiles, keys, and the entries as lines to read.

        Each is read while it is taken, a part at a time. They fit together all the same: the checkpoint is read first,
        and what lies under a checkpoint never changes.
        """
        found: dict[str, ExportFile] = {}
        for log in await self._store.read(_signed_logs):
            found |= {f"log-{log.row.number}/{name}": content for name, content in _log_files(self._store, log)}
        return found

    async def everything(self) -> Mapping[str, ExportFile]:
        """Return everything about the person as files: records, notices, receipts, proofs, verifier, a page to read.

        `kept.json`, which holds every page load, is read from the database while it is taken, part by part.
        """
        gathered, checks = [], {}
        for facts in await records(self._store, self._consents.telling, self._consents.acts):
            entry = facts.act.entry
            if entry is None:
                continue
            checks[entry] = await self.check(entry)
            proved = checks[entry].ok
            receipt = msgspec.json.decode(await self.receipt(entry), type=dict[str, Any]) if proved else None
            gathered.append(replace(facts, receipt=receipt))
        texts = await self._store.read(notices.all_kept)
        extra = {f"ledger/{name}": content for name, content in (await self.log_files()).items()}
        made = await asyncio.to_thread(bundle, gathered, texts, receipts.verifier(), extra, checks=checks)
        files: dict[str, ExportFile] = {**made, "kept.json": Kept(self._store)}
        return dict(sorted(files.items()))

    def _receipt(self, tx: apsw.Connection, entry: int) -> bytes:
        opened = ledger.opened_content(tx, entry)
        if opened is None:
            ledger.entry_bytes(tx, entry)
            raise ReceiptError("its content was erased")
        proof, body, key = _proof(tx, entry)
        content = msgspec.json.decode(opened[0], type=dict[str, Any])
        text = notices.get(tx, str(content.get("notice_sha256", "")))
        return receipts.receipt(
            body,
            opened[0],
            opened[1],
            proof,
            key,
            witnesses=self._witnesses,
            notice=text.text if text is not None else None,
        )

    def _check(self, tx: apsw.Connection, entry: int) -> ProofCheck:
        body = ledger.entry_bytes(tx, entry)
        size = 0
        try:
            if ledger.opened_content(tx, entry) is None:
                proof, body, key = _proof(tx, entry)
                found = proofs.check(proof, body, key, self._witnesses)
                size, names = found.checkpoint.size, found.witnesses
                said = "Its content was erased. That there was this entry, and when, is still proved."
            else:
                held = receipts.check_receipt(self._receipt(tx, entry))
                size, names = held.checkpoint.size, tuple(witness.name for witness in held.witnesses)
                said = (
                    "Content, place in the log and signature hold; the signed state covers "
                    f"{size} {'entry' if size == 1 else 'entries'}."
                )
        except (LogError, EntryError, ReceiptError, ProofError, NoteError) as problem:
            return ProofCheck(entry, ok=False, said=f"The proof does not hold: {problem}.", size=size, witnesses=())
        return ProofCheck(entry, ok=True, said=said if names else f"{said} {NOBODY_ELSE}", size=size, witnesses=names)


class Kept:
    """What is kept besides acts and notices, as one JSON document in parts: findings, page loads, browsers, counts.

    Page loads grow without bound, so they are read some thousands at a time, a line each, and never are in memory at
    once. The database's reader makes the JSON, and is free for others between two parts.
    """

    def __init__(self, store: Store) -> None:
        """Take the database; nothing is read yet."""
        self._store = store

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the document."""
        yield b'{\n "findings": ' + await self._store.read(lambda tx: _readable(findings.listing(tx)))
        yield b',\n "page_loads": ['
        after, between = 0, b"\n  "
        while True:
            part, after = await self._store.read(partial(_loads, after=after))
            if not part:
                break
            yield between + part
            between = b",\n  "
        yield b'\n ],\n "browsers": ' + await self._store.read(lambda tx: _readable(clients.listing(tx, 0)))
        yield b',\n "counters": ' + await self._store.read(lambda tx: _readable(counters.all_counters(tx))) + b"\n}\n"


@dataclass(frozen=True, slots=True)
class _SignedLog:
    """One log up to its newest checkpoint.

    Attributes:
        row: Which.
        size: How many entries the checkpoint covers.
        signed: The checkpoint with its cosignatures.
        key: The log's key.
        begins: Size of its first checkpoint.
    """

    row: ledger.LogRow
    size: int
    signed: bytes
    key: VerifierKey
    begins: int


class _Read:
    """A file that is read from the database while it is taken: one part for each function."""

    def __init__(self, store: Store, parts: Iterable[Callable[[apsw.Connection], bytes]]) -> None:
        self._store = store
        self._parts = tuple(parts)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield await self._store.read(part)


async def in_parts(content: ExportFile) -> AsyncIterator[bytes]:
    """Yield a file's content, whatever form it has."""
    if isinstance(content, bytes):
        yield content
    else:
        async for part in content:
            yield part


def _loads(tx: apsw.Connection, after: int) -> tuple[bytes, int]:
    """Return page loads after a row as JSON, a line each, and the last row; empty when there are none."""
    found = page_loads.since_rowid(tx, after, LOADS_AT_ONCE)
    return b",\n  ".join(msgspec.json.encode(load) for _, load in found), found[-1][0] if found else after


def _readable(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


def _proof(tx: apsw.Connection, entry: int) -> tuple[proofs.TlogProof, bytes, VerifierKey]:
    row, storage = ledger.log_of(tx, entry)
    signed = ledger.covering_checkpoint(tx, row, entry)
    return (
        logs.prove(storage, entry - row.first, signed),
        ledger.entry_bytes(tx, entry),
        ledger.verifier(tx, row.number),
    )


def _signed_logs(tx: apsw.Connection) -> list[_SignedLog]:
    """Return every log that holds something."""
    found = []
    for row in ledger.logs(tx):
        try:
            signed = ledger.signed_checkpoint(tx, row)
        except LogError:
            continue  # a log that was begun and holds nothing yet
        size, key = logs.checkpoint_of(signed).size, ledger.verifier(tx, row.number)
        found.append(_SignedLog(row, size, signed, key, ledger.first_size(tx, row)))
    return found


def _log_files(store: Store, log: _SignedLog) -> Iterator[tuple[str, ExportFile]]:
    row, size = log.row, log.size

    def tile(tx: apsw.Connection, *, of: tiles.Tile) -> bytes:
        storage = ledger.TableStorage(tx, row, row.first + size)
        return of.content(storage.entries, storage.node)

    def lines(tx: apsw.Connection, *, first: int) -> bytes:
        storage = ledger.TableStorage(tx, row, row.first + size)
        return b"".join(entry + b"\n" for entry in storage.entries(first, min(size, first + LINES_AT_ONCE)))

    def states(tx: apsw.Connection, *, above: int) -> bytes:
        # By size and not by how many came before: of so many entries there are at most so many checkpoints.
        found = ledger.checkpoints_between(tx, row, above, min(size, above + LINES_AT_ONCE))
        return b"".join(note if of == log.begins else b"\n" + note for of, note in found)

    yield "checkpoint", log.signed
    for one in tiles.layout(size):
        yield one.name, _Read(store, [partial(tile, of=one)])
    yield "key", f"{log.key}\n".encode()
    yield "entries.ndjson", _Read(store, [partial(lines, first=at) for at in range(0, size, LINES_AT_ONCE)])
    yield "checkpoints", _Read(store, [partial(states, above=at) for at in range(0, size, LINES_AT_ONCE)])


def _not_proved(entry: int, problem: Exception) -> str:
    why = problem.__cause__ if isinstance(problem, LedgerBroken) else problem
    return f"Entry {entry} cannot be proved: {why}. See: gleanwatch ledger verify"


def _no_entry(entry: int) -> str:
    return f"There is no entry {entry} in the ledger. «gleanwatch consent history» lists acts with their numbers."
