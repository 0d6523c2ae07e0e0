"""The ledger in the database: one signed checkpoint in each transaction, over all of it and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import apsw
import pytest

from agent.ledger import checkpoint as checkpoints
from agent.ledger import entry as entries
from agent.ledger import merkle, note
from agent.ledger.checkpoint import Checkpoint
from agent.ledger.log import prove
from agent.ledger.proof import check, encode, parse
from agent.model.events import PageLoad
from agent.store import audit, ledger, page_loads
from agent.store.audit import Verification
from agent.store.database import LedgerBroken, Store, open_store
from agent.store.ledger import Ledger
from tests.unit.store.conftest import KEY, ManualClock

AT = 1_795_000_000_000


def add(book: Ledger, number: int, tx: apsw.Connection) -> int:
    """Append one entry that says a number."""
    return book.append(tx, "policy", AT + number, {"number": number})


def add_and_fail(book: Ledger, tx: apsw.Connection) -> int:
    add(book, 99, tx)
    raise RuntimeError("what came after it failed")


async def sizes(store: Store) -> list[tuple[int, int]]:
    """Log and size of every checkpoint, in the order they were numbered."""
    found = await store.read(
        lambda conn: conn.execute("SELECT log, size FROM ledger_checkpoint ORDER BY number").fetchall()
    )
    return [(int(log), int(size)) for log, size in found]  # type: ignore[arg-type]


async def verified(store: Store) -> Verification:
    found = await store.read(lambda conn: audit.verify(conn, every_checkpoint=True))
    assert found.ok, found.problems
    return found


def keyed(path: Path) -> apsw.Connection:
    """Open the database past the agent, with its key."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    for statement in ("PRAGMA cipher = 'chacha20'", f"PRAGMA key = 'raw:{KEY.hex()}'"):
        connection.execute(statement).fetchall()
    return connection


# Appending and sealing


async def test_each_transaction_ends_in_one_checkpoint_over_everything(store: Store) -> None:
    for number in range(3):
        assert await store.write(partial(add, store.ledger, number)) == number
    assert await sizes(store) == [(1, 1), (1, 2), (1, 3)]
    await store.write(lambda tx: [add(store.ledger, number, tx) for number in range(3, 10)])
    assert await sizes(store) == [(1, 1), (1, 2), (1, 3), (1, 10)]
    assert (await verified(store)).checkpoints == 4


async def test_a_transaction_that_appends_nothing_has_no_checkpoint(
    store: Store, page_load: Callable[..., PageLoad]
) -> None:
    load = page_load(1)
    await store.write(lambda tx: page_loads.append(tx, "a-client", [load], 1, AT))
    assert await sizes(store) == []


async def test_a_group_commit_is_sealed_once(store: Store) -> None:
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()
    first = store.write(lambda _tx: asyncio.run_coroutine_threadsafe(gate.wait(), loop).result())
    waiting = [store.write(partial(add, store.ledger, number)) for number in range(20)]
    gate.set()
    await first
    assert await asyncio.gather(*waiting) == list(range(20))
    assert await sizes(store) == [(1, 20)]
    await verified(store)


async def test_what_is_rolled_back_leaves_no_hole_its_number_is_taken_again(store: Store) -> None:
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()
    first = store.write(lambda _tx: asyncio.run_coroutine_threadsafe(gate.wait(), loop).result())
    jobs = [partial(add, store.ledger, 0), partial(add_and_fail, store.ledger), partial(add, store.ledger, 1)]
    waiting = [store.write(job) for job in jobs]
    gate.set()
    await first
    one, failed, two = await asyncio.gather(*waiting, return_exceptions=True)
    assert (one, two) == (0, 1)
    assert isinstance(failed, RuntimeError)
    assert await sizes(store) == [(1, 2)]
    assert (await verified(store)).contents == 2


async def test_after_a_transaction_that_failed_alone_the_log_goes_on(store: Store) -> None:
    await store.write(partial(add, store.ledger, 0))
    with pytest.raises(RuntimeError):
        await store.write(partial(add_and_fail, store.ledger))
    assert await store.write(partial(add, store.ledger, 1)) == 1
    await verified(store)


async def test_after_a_restart_the_log_goes_on_under_the_same_key(path: Path, clock: ManualClock) -> None:
    keys = []
    for number in range(3):
        store = open_store(path, KEY, clock)
        assert await store.write(partial(add, store.ledger, number)) == number
        keys.append(await store.read(lambda conn: str(ledger.verifier(conn, 1))))
        await verified(store)
        await store.close()
    assert len(set(keys)) == 1


async def test_the_key_is_named_after_the_log_and_says_nothing_about_the_person(store: Store) -> None:
    key = await store.read(lambda conn: ledger.verifier(conn, 1))
    host, name, number = key.name.split("/")
    assert (host, number) == ("gleanwatch.localhost", "1")
    assert len(name) == 16
    assert name == name.lower()
    subject = await store.read(ledger.subject)
    assert subject not in key.name
    assert len(subject) == 22


async def test_two_databases_have_nothing_in_common(tmp_path: Path, clock: ManualClock) -> None:
    seen: list[str] = []
    for number in range(2):
        store = open_store(tmp_path / f"{number}.db", KEY, clock)
        seen += await store.read(lambda conn: [ledger.origin(conn, 1), ledger.subject(conn)])
        await store.close()
    assert len(set(seen)) == 4


async def test_the_entry_says_only_kind_time_and_a_fingerprint(store: Store) -> None:
    number = await store.write(lambda tx: store.ledger.append(tx, "act", AT, {"purpose": "p", "kind": "objected"}))
    body = await store.read(lambda conn: ledger.entry_bytes(conn, number))
    read = entries.decode(body)
    assert (read.kind, read.at, read.facts) == ("act", AT, {})
    assert b"objected" not in body
    opened = await store.read(lambda conn: ledger.opened_content(conn, number))
    assert opened is not None
    plain, salt = opened
    assert plain == b'{"kind":"objected","purpose":"p"}'
    assert entries.commit(salt, plain) == read.commitment


async def test_an_entry_is_proved_by_the_newest_checkpoint(store: Store) -> None:
    for number in range(13):
        await store.write(partial(add, store.ledger, number))

    def proof_of(conn: apsw.Connection, number: int) -> bytes:
        row, storage = ledger.log_of(conn, number)
        return encode(prove(storage, number - row.first, ledger.signed_checkpoint(conn, row)))

    for number in range(13):
        body = await store.read(lambda conn, number=number: ledger.entry_bytes(conn, number))  # type: ignore[misc]
        key = await store.read(lambda conn: ledger.verifier(conn, 1))
        proof = parse(await store.read(partial(proof_of, number=number)))
        assert check(proof, body, key).checkpoint.size == 13


async def test_what_is_not_there_is_said(store: Store) -> None:
    await store.write(partial(add, store.ledger, 0))
    for look in (ledger.entry_bytes, ledger.log_of):
        with pytest.raises(KeyError):
            await store.read(partial(look, number=7))
    assert await store.read(lambda conn: ledger.opened_content(conn, 7)) is None
    assert await store.read(lambda conn: ledger.content(conn, 7)) is None


# Nothing foreign is sealed


def slip_in(path: Path, *, nodes: bool) -> None:
    """Insert an entry by SQL, past the agent: another process that has the key."""
    intruder = keyed(path)
    body = entries.encode(entries.Entry("act", AT, bytes(32)))
    number = intruder.execute("SELECT count(*) FROM ledger_entry").get
    intruder.execute(
        "INSERT INTO ledger_entry VALUES (?, ?, ?)", (number, body, merkle.leaf_hash(body) if nodes else None)
    )
    intruder.close()


@pytest.mark.parametrize("nodes", [False, True])
async def test_a_foreign_entry_is_never_sealed_and_the_rest_is_stored(
    store: Store, path: Path, page_load: Callable[..., PageLoad], nodes: bool
) -> None:
    await store.write(partial(add, store.ledger, 0))
    slip_in(path, nodes=nodes)
    refused = store.write(partial(add, store.ledger, 1))
    stored = store.write(lambda tx: page_loads.append(tx, "a-client", [page_load(1)], 1, AT))
    with pytest.raises(LedgerBroken) as raised:
        await refused
    assert "entry 1" in str(raised.value)
    assert path.name in str(raised.value)
    assert "Nothing was added" in str(raised.value)
    assert "gleanwatch ledger verify" in str(raised.value)
    await stored
    assert await store.read(lambda conn: page_loads.high_water(conn, "a-client")) == 1
    assert await sizes(store) == [(1, 1)]
    found = await store.read(audit.verify)
    assert any("covered by no signed checkpoint" in problem.what for problem in found.problems)


async def test_it_stays_refused_after_a_restart(path: Path, clock: ManualClock) -> None:
    store = open_store(path, KEY, clock)
    await store.write(partial(add, store.ledger, 0))
    await store.close()
    slip_in(path, nodes=True)
    store = open_store(path, KEY, clock)
    with pytest.raises(LedgerBroken, match="entry 1"):
        await store.write(partial(add, store.ledger, 1))
    assert await sizes(store) == [(1, 1)]
    await store.close()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE ledger_entry SET nodes = zeroblob(64) WHERE entry = 1", "do not give the root signed at size 3"),
        ("UPDATE ledger_entry SET nodes = NULL WHERE entry = 1", "a node of the tree of size 3 is missing"),
        ("DELETE FROM ledger_entry WHERE entry = 2", "entry 2 is new, but a content of such an entry"),
        ("DELETE FROM ledger_entry WHERE entry = 2; DELETE FROM ledger_content WHERE entry = 2", "entry 2 was signed"),
        ("DELETE FROM ledger_entry; DELETE FROM ledger_content", "entry 0 was signed before"),
        ("UPDATE ledger_checkpoint SET note = x'00' WHERE size = 3", "a stored checkpoint cannot be read"),
        (
            "UPDATE ledger_checkpoint SET note = (SELECT note FROM ledger_checkpoint WHERE size = 1) WHERE size = 3",
            "entry 1 is covered by no checkpoint",
        ),
        ("UPDATE ledger_log SET number = 2", "entry 0 is covered by no checkpoint"),
    ],
)
async def test_nothing_is_signed_on_top_of_what_was_changed(
    path: Path, clock: ManualClock, change: str, says: str
) -> None:
    store = open_store(path, KEY, clock)
    for number in range(3):
        await store.write(partial(add, store.ledger, number))
    await store.close()
    intruder = keyed(path)
    for (name,) in intruder.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        intruder.execute(f"DROP TRIGGER {name}")
    intruder.execute(change).fetchall()
    intruder.close()
    store = open_store(path, KEY, clock)
    before = await sizes(store)
    for _ in range(2):
        with pytest.raises(LedgerBroken, match=says):
            await store.write(partial(add, store.ledger, 3))
    assert await sizes(store) == before
    assert not (await store.read(audit.verify)).ok
    await store.close()


async def test_a_ledger_without_its_key_is_not_opened(path: Path, clock: ManualClock) -> None:
    store = open_store(path, KEY, clock)
    await store.write(partial(add, store.ledger, 0))
    await store.close()
    intruder = keyed(path)
    intruder.execute("UPDATE ledger_key SET seed = x'00'")
    intruder.close()
    with pytest.raises(LedgerBroken, match="key is missing or damaged"):
        open_store(path, KEY, clock)


async def test_our_own_code_cannot_change_an_entry_by_mistake(store: Store) -> None:
    await store.write(partial(add, store.ledger, 0))
    for statement in (
        "UPDATE ledger_entry SET bytes = x'00'",
        "UPDATE ledger_entry SET nodes = x'00'",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_checkpoint SET size = 2",
        "DELETE FROM ledger_checkpoint",
    ):
        with pytest.raises(apsw.ConstraintError, match=r"is never (changed|deleted)"):
            await store.write(lambda tx, statement=statement: tx.execute(statement).fetchall())  # type: ignore[misc]
    await verified(store)


# Rotation


async def test_rotation_closes_one_log_and_binds_it_to_the_next(store: Store) -> None:
    for number in range(3):
        await store.write(partial(add, store.ledger, number))
    closed, opened = await store.write(lambda tx: store.ledger.rotate(tx, AT))
    await store.write(partial(add, store.ledger, 5))
    assert (closed, opened) == tuple(await store.read(lambda conn: [ledger.origin(conn, n) for n in (1, 2)]))
    last, first = await store.read(lambda conn: [entries.decode(ledger.entry_bytes(conn, n)) for n in (3, 4)])
    end = checkpoints.parse(
        note.parse(await store.read(lambda conn: ledger.signed_checkpoint(conn, ledger.logs(conn)[0]))).text
    )
    assert last.facts == {"next": opened}
    assert (end.origin, end.size) == (closed, 4)
    assert (first.facts["previous"], first.facts["size"]) == (closed, 4)
    assert await sizes(store) == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2)]
    assert (await verified(store)).logs == 2
    assert await store.read(lambda conn: ledger.log_of(conn, 3)[0].number) == 1
    assert await store.read(lambda conn: ledger.log_of(conn, 4)[0].number) == 2


async def test_a_rotation_that_is_rolled_back_never_was(store: Store) -> None:
    await store.write(partial(add, store.ledger, 0))

    def rotate_and_fail(tx: apsw.Connection) -> None:
        store.ledger.rotate(tx, AT)
        add(store.ledger, 98, tx)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.write(rotate_and_fail)
    assert await store.write(partial(add, store.ledger, 1)) == 1
    assert (await verified(store)).logs == 1
    # And in a group, where its neighbours stay.
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()
    first = store.write(lambda _tx: asyncio.run_coroutine_threadsafe(gate.wait(), loop).result())
    neighbours = [store.write(partial(add, store.ledger, 2))]
    failing = store.write(rotate_and_fail)
    neighbours.append(store.write(partial(add, store.ledger, 3)))
    gate.set()
    await first
    with pytest.raises(RuntimeError):
        await failing
    assert await asyncio.gather(*neighbours) == [2, 3]
    assert (await verified(store)).logs == 1
    await store.write(lambda tx: store.ledger.rotate(tx, AT))
    assert (await verified(store)).logs == 2


async def test_several_rotations_in_a_row(store: Store) -> None:
    for _ in range(4):
        await store.write(lambda tx: store.ledger.rotate(tx, AT))
    await store.write(partial(add, store.ledger, 0))
    assert (await verified(store)).logs == 5


async def test_only_the_right_log_binds(store: Store) -> None:
    """Held against a fork of the first log of the same size, the second log's first entry does not fit."""
    await store.write(partial(add, store.ledger, 0))
    await store.write(lambda tx: store.ledger.rotate(tx, AT))

    def fork(tx: apsw.Connection) -> Verification:
        """Sign another first log with the right key, in a transaction that is never committed."""
        for table in ("ledger_entry_stays", "ledger_checkpoint_stays"):
            tx.execute(f"DROP TRIGGER {table}")
        body = entries.encode(entries.Entry("policy", AT, bytes(32)))
        tx.execute("UPDATE ledger_entry SET bytes = ? WHERE entry = 0", (body,))
        frontier = merkle.Frontier()
        signer = ledger.signer(tx, 1)
        for number in range(2):
            made = frontier.append(merkle.leaf_hash(ledger.entry_bytes(tx, number)))
            text = checkpoints.encode(Checkpoint(signer.verifier.name, number + 1, frontier.root()))
            tx.execute("UPDATE ledger_entry SET nodes = ? WHERE entry = ?", (b"".join(n for *_, n in made), number))
            tx.execute(
                "UPDATE ledger_checkpoint SET note = ? WHERE log = 1 AND size = ?",
                (note.signed(text, signer.sign(text)), number + 1),
            )
        return audit.verify(tx, every_checkpoint=True)

    def forked(tx: apsw.Connection) -> None:
        raise LookupError(fork(tx).problems)

    with pytest.raises(LookupError) as raised:
        await store.write(forked)
    assert "does not bind log 2 to the end of log 1" in str(raised.value)
    await verified(store)


# The clock, and erasure


async def test_a_clock_set_back_changes_no_order_and_is_remarked(store: Store) -> None:
    for at in (AT, AT + 1000, AT - 3 * 3_600_000, AT - 3 * 3_600_000 + 1):
        await store.write(lambda tx, at=at: store.ledger.append(tx, "policy", at, {}))  # type: ignore[misc]
    found = await verified(store)
    said = [remark for remark in found.remarks if "set back" in remark]
    assert said == ["The clock was set back by 3 hours before entry 2; the order of entries holds."]


async def test_what_is_erased_is_named_in_ranges_with_its_ground(store: Store) -> None:
    await store.write(lambda tx: [add(store.ledger, number, tx) for number in range(12)])
    gone = await store.write(lambda tx: store.ledger.erase(tx, [9, 1, 2, 3, 3, 5, 50, 10], "withdrawn", AT))
    assert gone == [1, 2, 3, 5, 9, 10]
    said = entries.decode(await store.read(lambda conn: ledger.entry_bytes(conn, 12)))
    assert said.facts == {"entries": [[1, 3], [5, 5], [9, 10]], "ground": "withdrawn"}
    assert await store.read(lambda conn: ledger.content(conn, 2)) is None
    found = await verified(store)
    assert (found.erased, found.contents) == (6, 7)


async def test_very_many_are_named_in_several_entries(store: Store) -> None:
    count = 2 * ledger.MOST_RANGES + 10
    await store.write(lambda tx: [add(store.ledger, number, tx) for number in range(2 * count)])
    gone = await store.write(lambda tx: store.ledger.erase(tx, range(0, 2 * count, 2), "retention", AT))
    assert len(gone) == count
    assert await store.read(lambda conn: conn.execute("SELECT count(*) FROM ledger_entry").get) == 2 * count + 3
    assert (await verified(store)).erased == count


async def test_nothing_to_erase_says_nothing(store: Store) -> None:
    assert await store.write(lambda tx: store.ledger.erase(tx, [1, 2], "withdrawn", AT)) == []
    assert await sizes(store) == []


async def test_a_content_in_anothers_place_is_refused(store: Store) -> None:
    await store.write(lambda tx: [add(store.ledger, number, tx) for number in range(2)])
    await store.write(
        lambda tx: tx.execute(
            "UPDATE ledger_content SET (key, salt, sealed) = "
            "(SELECT key, salt, sealed FROM ledger_content WHERE entry = 0) WHERE entry = 1"
        ).fetchall()
    )
    with pytest.raises(LedgerBroken, match="entry 1: its content cannot be opened"):
        await store.read(lambda conn: ledger.opened_content(conn, 1))
