"""Another implementation, by somebody else, checks what we sign, and we check what it signs: aics-tlog, aics-witness.

They want Python 3.12 and live in `.venv-peers`; `make crosscheck` makes it and runs this file. Without it these tests
are skipped: nothing that an ordinary run must know depends on other people's programs.

    our database → receipts, exported log ─► aics-tlog      aics-tlog's log and witness ─► agent.ledger
    our ledger ─► agent.witnessing ─► aics-witness, a process of its own over loopback ─► cosignature kept and checked
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from agent.ledger import cosignature, note, tiles
from agent.ledger import log as logs
from agent.ledger import proof as proofs
from agent.ledger import receipt as receipts
from agent.ledger.cosignature import Cosigner
from agent.ledger.merkle import check_consistency, check_inclusion, leaf_hash
from agent.ledger.note import VerifierKey
from agent.ledger.proof import TlogProof
from agent.ledger.receipt import ReceiptError
from agent.model.health import Condition
from agent.model.purposes import Act, ActKind, Channel, Purpose, Strength
from agent.settings.policy import Witness
from agent.store import acts, audit, ledger
from agent.store.database import Store, open_store
from agent.witnessing import HEARTBEAT_SECONDS, Witnessing, WitnessingParts
from tests.support.processes import end, started
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-peers" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
AT = 1_795_000_000_000
SIZE = 37
WITNESS = Cosigner("witness.example/1", bytes(range(32)))


def missing() -> str:
    """Return why there is no second opinion, or nothing."""
    if not PYTHON.exists():
        return "no .venv-peers: «make crosscheck» makes it, where a Python 3.12 or newer is found"
    done = subprocess.run([PYTHON, "-c", "import aics_tlog, aics_witness"], capture_output=True, check=False)
    return "" if done.returncode == 0 else "aics-tlog does not run in .venv-peers: it wants Python 3.12 or newer"


WHY_NOT = missing()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


class Opinion:
    """The other implementation, answering questions."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("second_opinion.py")
        self._process = subprocess.Popen([PYTHON, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, do: str, **question: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **question}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def on_receipt(self, receipt: bytes, key: VerifierKey, quorum: int = 1) -> dict[str, Any]:
        witnesses = [str(WITNESS.verifier)]
        return self.ask("receipt", receipt=receipt.decode(), key=str(key), witnesses=witnesses, quorum=quorum)

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def opinion() -> Iterator[Opinion]:
    opened = Opinion()
    yield opened
    opened.close()


@dataclass(slots=True)
class Clock:
    """Stands still until a test moves it."""

    seconds: float = 0.0

    def now(self) -> int:
        return AT

    def monotonic(self) -> float:
        return self.seconds


def act(number: int) -> Act:
    return Act(
        Purpose.DETECT,
        ActKind.ACKNOWLEDGED,
        AT + number,
        "",
        Channel.PAGE,
        "en",
        "notice.acknowledge",
        12_000 + number,
        Strength.PAGE_LINK,
    )


async def grow(store: Store, entries: int, first: int = 0) -> None:
    for number in range(first, first + entries):
        await store.write(lambda tx, n=number: acts.record(tx, store.ledger, act(n), "in my own words: å, «ß»"))  # type: ignore[misc]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(tmp_path / "gleanwatch.db", bytes(range(32)), Clock())
    await grow(opened, SIZE)
    yield opened
    await opened.close()


def cosign(tx: apsw.Connection) -> None:
    """Let our own witness sign the newest checkpoint."""
    row = ledger.logs(tx)[-1]
    newest = ledger.newest_checkpoint(tx, row)
    assert newest is not None
    ledger.keep_cosignature(
        tx, row, newest[0], WITNESS.verifier.name, WITNESS.cosign(note.parse(newest[1]), AT // 1000)
    )


def made_receipt(conn: apsw.Connection, number: int) -> tuple[bytes, VerifierKey]:
    """Make the receipt of an entry as the agent gives it out."""
    row, storage = ledger.log_of(conn, number)
    opened = ledger.opened_content(conn, number)
    assert opened is not None
    key = ledger.verifier(conn, row.number)
    proof = logs.prove(storage, number - row.first, ledger.covering_checkpoint(conn, row, number))
    body = ledger.entry_bytes(conn, number)
    return receipts.receipt(body, *opened, proof, key, witnesses=[WITNESS.verifier]), key


# They check ours


async def test_every_receipt_of_ours_holds_for_them(store: Store, opinion: Opinion) -> None:
    await store.write(cosign)
    for number in range(SIZE):
        receipt, key = await store.read(lambda conn, n=number: made_receipt(conn, n))  # type: ignore[misc]
        assert opinion.on_receipt(receipt, key) == {
            "ok": True,
            "said": f"entry {number} of {SIZE}, seen by {WITNESS.verifier.name}",
        }


async def test_receipts_of_every_size_of_log_hold_for_them(tmp_path: Path, opinion: Opinion) -> None:
    store = open_store(tmp_path / "growing.db", bytes(range(32)), Clock())
    for size in range(1, 18):
        await grow(store, 1, size)
        for number in range(size):
            receipt, key = await store.read(lambda conn, n=number: made_receipt(conn, n))  # type: ignore[misc]
            assert opinion.on_receipt(receipt, key, quorum=0)["ok"]
    await store.close()


async def test_after_a_rotation_and_an_erasure_too(store: Store, opinion: Opinion) -> None:
    await store.write(lambda tx: store.ledger.rotate(tx, AT))
    await store.write(lambda tx: store.ledger.erase(tx, [3], "withdrawn", AT))
    await grow(store, 4)
    for number in (0, 4, SIZE + 3, SIZE + 6):
        receipt, key = await store.read(lambda conn, n=number: made_receipt(conn, n))  # type: ignore[misc]
        assert opinion.on_receipt(receipt, key, quorum=0)["ok"]


def path_bit(document: dict[str, Any]) -> None:
    proof = proofs.parse(document["proof"].encode())
    first = bytes([proof.path[0][0] ^ 1]) + proof.path[0][1:]
    document["proof"] = proofs.encode(replace(proof, path=(first, *proof.path[1:]))).decode()


def other_index(document: dict[str, Any]) -> None:
    proof = proofs.parse(document["proof"].encode())
    document["proof"] = proofs.encode(replace(proof, index=proof.index ^ 1)).decode()


def shorter_path(document: dict[str, Any]) -> None:
    proof = proofs.parse(document["proof"].encode())
    document["proof"] = proofs.encode(replace(proof, path=proof.path[:-1])).decode()


def checkpoint_changed(what: str, to: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        proof = proofs.parse(document["proof"].encode())
        changed = re.sub(what, to, proof.checkpoint.decode(), count=1, flags=re.MULTILINE).encode()
        assert changed != proof.checkpoint
        document["proof"] = proofs.encode(TlogProof(proof.index, proof.path, changed)).decode()

    return change


def in_text(part: str, what: str, to: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        assert what in document[part]
        document[part] = document[part].replace(what, to)

    return change


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "the act": in_text("payload", "acknowledged", "objected"),
    "the person's words": in_text("payload", "in my own words", "in your words"),
    "the time in the entry": in_text("entry", '"at":1795', '"at":1794'),
    "the kind in the entry": in_text("entry", '"kind":"act"', '"kind":"gate"'),
    "the salt": lambda d: d.update(salt=base64.b64encode(bytes(32)).decode()),
    "one bit of the path": path_bit,
    "the index": other_index,
    "a path without its end": shorter_path,
    "the size that was signed": checkpoint_changed(f"^{SIZE}$", str(SIZE + 1)),
    "the origin that was signed": checkpoint_changed("/1$", "/2"),
    "the root that was signed": checkpoint_changed("^[A-Za-z0-9+/]{2}(?=[A-Za-z0-9+/]{41}=$)", "AA"),
    "the log's signature": checkpoint_changed(r"(?<=/1 )(.{20}).{4}", r"\1AAAA"),
    "the witness's signature": checkpoint_changed(r"(?<=witness.example/1 )(.{40}).{4}", r"\1AAAA"),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_what_was_changed_is_refused_by_them_and_by_us(name: str, store: Store, opinion: Opinion) -> None:
    await store.write(cosign)
    receipt, key = await store.read(lambda conn: made_receipt(conn, 20))
    document = json.loads(receipt)
    CHANGES[name](document)
    changed = json.dumps(document).encode()
    with pytest.raises(ReceiptError):
        receipts.check_receipt(changed, key)
    assert not opinion.on_receipt(changed, key)["ok"]


async def test_they_see_our_log_grow_from_every_size_to_every_size(store: Store, opinion: Opinion) -> None:
    def look(conn: apsw.Connection) -> list[tuple[int, int, list[str], list[str]]]:
        _, storage = ledger.log_of(conn, 0)
        roots = {
            size: base64.b64encode(logs.checkpoint_of(signed).root).decode()
            for size, signed in conn.execute("SELECT size, note FROM ledger_checkpoint")
        }
        return [
            (
                old,
                new,
                [roots[old], roots[new]],
                [base64.b64encode(h).decode() for h in logs.consistency(storage, old, new)],
            )
            for old in roots
            for new in roots
            if 0 < old <= new
        ]

    shown = await store.read(look)
    assert len(shown) == SIZE * (SIZE + 1) // 2
    for old, new, roots, path in shown:
        assert opinion.ask("consistency", old=old, new=new, roots=roots, path=path)["ok"]
        if path:
            assert not opinion.ask("consistency", old=old, new=new, roots=roots, path=path[:-1])["ok"]


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700])
async def test_they_audit_our_exported_log_tile_by_tile(size: int, tmp_path: Path, opinion: Opinion) -> None:
    store = open_store(tmp_path / "long.db", bytes(range(32)), Clock())

    def many(tx: apsw.Connection) -> None:
        for number in range(size):
            acts.record(tx, store.ledger, act(number))

    await store.write(many)

    def export(conn: apsw.Connection) -> tuple[VerifierKey, list[bytes]]:
        row, storage = ledger.log_of(conn, 0)
        signed = ledger.signed_checkpoint(conn, row)
        (tmp_path / "log").mkdir()
        (tmp_path / "log" / "checkpoint").write_bytes(signed)
        for tile in tiles.layout(size):
            file = tmp_path / "log" / tile.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(tile.content(storage.entries, storage.node))
        return ledger.verifier(conn, 1), list(storage.entries(0, size))

    key, bodies = await store.read(export)
    await store.close()
    answer = opinion.ask("tiles", folder=str(tmp_path / "log"), key=str(key))
    assert answer["ok"], answer
    assert [base64.b64decode(entry) for entry in answer["entries"]] == bodies
    tile = next((tmp_path / "log" / "tile" / "0").rglob("000*/*" if size < 256 else "000"))
    tile.write_bytes(bytes([tile.read_bytes()[0] ^ 1]) + tile.read_bytes()[1:])
    assert not opinion.ask("tiles", folder=str(tmp_path / "log"), key=str(key))["ok"]


# We check theirs


def test_their_checkpoints_cosignatures_and_paths_hold_for_us(opinion: Opinion) -> None:
    entries = [f"entry {number}".encode() for number in range(SIZE)]
    theirs = opinion.ask("log", entries=[base64.b64encode(e).decode() for e in entries], at=AT // 1000)
    key, witness = VerifierKey.parse(theirs["key"]), VerifierKey.parse(theirs["witness"])
    roots = []
    for signed in map(base64.b64decode, theirs["checkpoints"]):
        read = note.parse(signed)
        assert note.verified(read, [key]) == (key,)
        assert cosignature.check(read, witness) == AT // 1000
        roots.append(logs.checkpoint_of(signed).root)
    for index, path in enumerate(theirs["inclusion"]):
        hashes = [base64.b64decode(each) for each in path]
        check_inclusion(leaf_hash(entries[index]), index, SIZE, hashes, roots[-1])
        last = base64.b64decode(theirs["checkpoints"][-1])
        assert proofs.check(TlogProof(index, tuple(hashes), last), entries[index], key, [witness]).witnesses
    for old, path in enumerate(theirs["consistency"], 1):
        check_consistency(old, SIZE, [base64.b64decode(each) for each in path], roots[old - 1], roots[-1])


# Their witness sees our log


@asynccontextmanager
async def their_witness(folder: Path, logs_known: list[VerifierKey]) -> AsyncIterator[tuple[VerifierKey, str]]:
    """Run aics-witness as its own manual says; its key and address come out."""
    config = folder / "witness.json"
    command = [str(PYTHON), "-m", "aics_witness"]

    def told(*words: str) -> str:
        done = subprocess.run(
            [*command, *words, "--config", str(config)], capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    key = VerifierKey.parse((await asyncio.to_thread(told, "init", "--name", "aics.example/w1")).splitlines()[0])
    for known in logs_known:
        await asyncio.to_thread(told, "add-log", "--origin", known.name, "--vkey", str(known))
    output = folder / "witness.out"
    output.unlink(missing_ok=True)
    serve = [*command, "serve", "--listen", "127.0.0.1:0", "--config", str(config)]
    async with started(serve, output, cwd=folder) as process:
        found = await until(
            lambda: (
                re.search(r"listening on (http://127\.0\.0\.1:\d+)", output.read_text()) if output.exists() else None
            ),
            "aics-witness to listen",
        )
        yield key, found[1]
        await end(process)


def asking(store: Store, clock: Clock, key: VerifierKey, url: str, count: Callable[[str], None]) -> Witnessing:
    return Witnessing(WitnessingParts(store, clock, [Witness(str(key), url)], count, lambda: 0.0))


async def test_their_witness_cosigns_our_log_as_it_grows_and_across_its_restart(store: Store, tmp_path: Path) -> None:
    clock, counted = Clock(), []
    known = [await store.read(lambda conn: ledger.verifier(conn, 1))]
    async with their_witness(tmp_path, known) as (key, url):
        witnessing = asking(store, clock, key, url, counted.append)
        await witnessing.look()
        await grow(store, 5)
        clock.seconds += HEARTBEAT_SECONDS
        await witnessing.look()
    await grow(store, 1)
    async with their_witness(tmp_path, known) as (key, url):
        await asking(store, clock, key, url, counted.append).look()
    assert counted == ["witness.cosigned"] * 3
    found = await store.read(lambda conn: audit.verify(conn, witnesses=[key]))
    assert (found.ok, found.witnesses, found.witnessed) == (True, ("aics.example/w1",), SIZE + 6)


async def test_their_witness_refuses_an_older_copy_of_our_log_that_was_put_back(tmp_path: Path) -> None:
    clock, counted = Clock(), []
    path, copy = tmp_path / "log.db", tmp_path / "copy.db"
    store = open_store(path, bytes(range(32)), clock)
    await grow(store, 5)
    await store.close()
    copy.write_bytes(path.read_bytes())
    store = open_store(path, bytes(range(32)), clock)
    await grow(store, 3)
    known = [await store.read(lambda conn: ledger.verifier(conn, 1))]
    async with their_witness(tmp_path, known) as (key, url):
        await asking(store, clock, key, url, counted.append).look()
        await store.close()
        path.write_bytes(copy.read_bytes())
        store = open_store(path, bytes(range(32)), clock)
        rolled_back = asking(store, clock, key, url, counted.append)
        await rolled_back.look()
        await grow(store, 7, 100)
        forked = asking(store, clock, key, url, counted.append)
        await forked.look()
    await store.close()
    assert counted == ["witness.cosigned", "witness.rolled_back", "witness.other_history"]
    for each in (rolled_back, forked):
        health = each.health()
        assert health is not None
        assert health.condition is Condition.FAILED
