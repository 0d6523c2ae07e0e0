"""Erasure: gone from the tables, then from the file, its free list and its log; that it was erased stays on record.

What lies on the disk is read by `tests/support/decrypted.py`, page by page and frame by frame, without SQLite: the same
search finds what is looked for before, and nothing after.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import apsw
import pytest

from agent.ledger import entry
from agent.model.consent import Erasable, Ground
from agent.model.events import PageLoad
from agent.model.face import NoticeText
from agent.model.findings import Evidence, EvidenceClass, Finding, Level, Stage
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Purpose
from agent.store import acts, audit, erasure, findings, gates, ledger, notices, page_loads
from agent.store.database import Store, open_store
from tests.support import decrypted
from tests.unit.joined.rig import Joined, Joining, MovedClock, personal
from tests.unit.store.conftest import KEY

WORDS = "I was only looking for a plumber in Walthamstow"
TOOL = "needle-in-the-haystack"
MANY = 150
"""Findings: enough for whole pages to be emptied."""
MakeLoad = Callable[..., PageLoad]


def finding(number: int) -> Finding:
    return Finding(
        id=f"needle-finding-{number:04d}",
        tool=f"{TOOL}-{number:04d}",
        name="Needle",
        family="generic-http",
        stage=Stage.RUNNING,
        confidence=0.5,
        level=Level.MEDIUM,
        flagged=True,
        platforms=("linkedin",),
        first_seen=100,
        last_seen=200,
        count=1,
        processes=(),
        evidence=(Evidence(EvidenceClass.PACKAGE, "catalogue.entry-point", f"{TOOL}: {'why ' * 20}", 0.5),),
    )


def answer(number: int) -> Act:
    return Act(
        Purpose.WARN,
        ActKind.ANSWERED,
        1_795_000_000_000 + number,
        "",
        Channel.PAGE,
        control="finding.answer",
        finding=f"needle-finding-{number:04d}",
        category="work",
    )


def record(book: ledger.Ledger, number: int, tx: apsw.Connection) -> list[int]:
    """A finding with its entry, and the answer to it: as detection and the person would."""
    found = finding(number)
    findings.save(tx, found)
    opened = book.append(tx, "finding-opened", 1_795_000_000_000, {"id": found.id, "tool": found.tool})
    findings.set_answer(tx, found.id, "work", 300)
    return [opened, acts.record(tx, book, answer(number), WORDS)]


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that any connection runs, as SQLite's own trace says it."""
    ran: list[str] = []

    def listen(connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: ran.append(str(event["sql"])))

    apsw.connection_hooks.append(listen)
    yield ran
    apsw.connection_hooks.remove(listen)


@pytest.fixture
async def joined(path: Path, statements: list[str]) -> AsyncIterator[Joined]:
    async with Joining(path, personal(), MovedClock()) as made:
        await made.press(ActKind.SHOWN)
        await made.press(ActKind.ACKNOWLEDGED)
        yield made


async def needles(store: Store, entries: list[int]) -> list[bytes]:
    """What must not be found any more: content, key and salt of each entry, and what stands in clear in rows."""

    def look(conn: apsw.Connection) -> list[bytes]:
        found = [TOOL.encode(), b"needle-finding-"]
        for number in entries:
            row = conn.execute("SELECT key, salt, sealed FROM ledger_content WHERE entry = ?", (number,)).fetchone()
            assert row is not None
            found += [bytes(part) for part in row]
        return found

    return await store.read(look)


def found(path: Path, wanted: list[bytes], to: Path) -> list[bytes]:
    """Return which of them stand anywhere in a copy of file and log, every page decrypted with the key."""
    copy = to / "copy.db"
    copy.write_bytes(path.read_bytes())
    copy.with_name("copy.db-wal").write_bytes(path.with_name(path.name + "-wal").read_bytes())
    whole = b"\0".join(decrypted.pages(copy, KEY))
    return [each for each in wanted if each in whole]


async def test_erased_findings_are_nowhere_in_the_file_its_free_list_or_its_log(
    joined: Joined, path: Path, tmp_path: Path, statements: list[str]
) -> None:
    store = joined.store
    entries: list[int] = []
    for number in range(MANY):
        entries += await store.write(partial(record, store.ledger, number))
    await joined.consents.load()
    wanted = await needles(store, entries)
    log_before = found(path, wanted, tmp_path)
    assert log_before == wanted, "the search must find what is there"
    await store.checkpoint()
    assert found(path, wanted, tmp_path) == wanted, "and in the file alone"
    size = path.stat().st_size

    statements.clear()
    await joined.erasing.erase(Erasable.FINDINGS, Ground.NOT_NEEDED, None, Channel.PAGE)

    assert found(path, wanted, tmp_path) == []
    assert path.with_name(path.name + "-wal").stat().st_size == 0
    assert await store.read(lambda conn: conn.pragma("freelist_count")) == 0
    assert path.stat().st_size < size
    assert not [sql for sql in statements if re.match(r"\s*VACUUM", sql, re.IGNORECASE)]
    assert any("incremental_vacuum" in sql for sql in statements)
    state = await store.read(lambda conn: audit.verify(conn, every_checkpoint=True))
    assert state.ok, state.problems
    assert state.erased == len(entries)


@pytest.mark.parametrize("what", [Erasable.WORDS, Erasable.RECORD, Erasable.ALL])
async def test_each_way_of_erasing_leaves_nothing_of_what_it_names(
    joined: Joined, path: Path, tmp_path: Path, what: Erasable
) -> None:
    store = joined.store
    opened, answered = await store.write(partial(record, store.ledger, 1))
    await joined.consents.load()
    wanted = (await needles(store, [answered]))[2:]
    assert found(path, wanted, tmp_path) == wanted
    await joined.erasing.erase(what, Ground.WITHDRAWN, answered if what is Erasable.RECORD else None, Channel.PAGE)
    assert found(path, wanted, tmp_path) == []
    assert await store.read(lambda conn: ledger.content(conn, answered)) is None
    assert (await store.read(lambda conn: ledger.content(conn, opened)) is None) == (what is Erasable.ALL)
    assert (await store.read(audit.verify)).ok


async def test_erased_page_loads_are_not_in_the_file(
    joined: Joined, path: Path, tmp_path: Path, page_load: MakeLoad
) -> None:
    """Their times stand in their rows as whole numbers: a time that nothing else has is the needle."""
    store = joined.store
    at = 0x0000_5E_ED_1E_AF_01
    load = page_load(1, at=at)
    await store.write(lambda tx: page_loads.append(tx, "a-client", [load], 1, 1000))
    needle = at.to_bytes(6, "big")
    assert found(path, [needle], tmp_path) == [needle]
    await joined.erasing.erase(Erasable.PAGE_LOADS, Ground.OBJECTED, None, Channel.PAGE)
    assert found(path, [needle], tmp_path) == []


async def test_without_the_key_of_its_own_a_content_left_in_a_backup_of_the_log_says_nothing(store: Store) -> None:
    """Each content has a key and a salt of its own, so that deleting them erases it wherever else its bytes lie."""
    numbers = [await store.write(lambda tx: store.ledger.append(tx, "policy", 1, {"same": "text"})) for _ in range(3)]
    rows = await store.read(lambda conn: conn.execute("SELECT key, salt, sealed FROM ledger_content").fetchall())
    bodies = await store.read(lambda conn: [ledger.entry_bytes(conn, number) for number in numbers])
    for column in zip(*rows, strict=True):
        assert len(set(column)) == 3
    assert len(set(bodies)) == 3


async def test_contents_go_with_their_rows_and_the_ledger_says_which_and_why(store: Store) -> None:
    gate = Gate(Purpose.DETECT, GateState.OPEN, 1)
    first = await store.write(lambda tx: gates.record(tx, store.ledger, gate, 1))
    assert first is not None
    more = await store.write(partial(record, store.ledger, 1))
    gone = await store.write(lambda tx: erasure.contents(tx, store.ledger, [first, *more], "not-needed", 2))
    assert gone == [first, *more]
    assert await store.read(acts.all_acts) == []
    assert await store.read(gates.history) == []
    newest = await store.read(lambda conn: conn.execute("SELECT max(entry) FROM ledger_entry").get)
    said = await store.read(lambda conn: entry.decode(ledger.entry_bytes(conn, newest)))
    assert (said.kind, said.facts) == ("erased", {"entries": [[first, more[-1]]], "ground": "not-needed"})


async def test_what_is_erased_already_is_passed_over_and_not_said_twice(store: Store) -> None:
    number = await store.write(lambda tx: store.ledger.append(tx, "policy", 1, {}))
    assert await store.write(lambda tx: erasure.contents(tx, store.ledger, [number], "not-needed", 2)) == [number]
    count = await store.read(lambda conn: conn.execute("SELECT count(*) FROM ledger_entry").get)
    assert await store.write(lambda tx: erasure.contents(tx, store.ledger, [number, 77], "not-needed", 3)) == []
    assert await store.read(lambda conn: conn.execute("SELECT count(*) FROM ledger_entry").get) == count


async def test_a_text_goes_with_the_last_act_that_names_it(store: Store) -> None:
    text = NoticeText("personal", "1", "en", "what was shown\n", "cd" * 32)

    def show(tx: apsw.Connection) -> list[int]:
        notices.keep(tx, store.ledger, text, 1)
        act = replace(answer(1), notice_sha256=text.sha256)
        return [acts.record(tx, store.ledger, act), acts.record(tx, store.ledger, act)]

    one, two = await store.write(show)
    await store.write(lambda tx: erasure.contents(tx, store.ledger, [one], "withdrawn", 2))
    assert await store.read(lambda conn: notices.get(conn, text.sha256)) == text
    await store.write(lambda tx: erasure.contents(tx, store.ledger, [two], "withdrawn", 2))
    assert await store.read(lambda conn: notices.get(conn, text.sha256)) is None


async def test_entries_of_a_kind_are_those_with_a_content_and_before_a_time(store: Store) -> None:
    numbers = await store.write(
        lambda tx: [store.ledger.append(tx, "finding-opened", at, {"id": f"f{at}"}) for at in (10, 20, 30)]
    )
    await store.write(lambda tx: store.ledger.append(tx, "policy", 15, {}))
    await store.write(lambda tx: erasure.contents(tx, store.ledger, numbers[:1], "retention", 40))
    assert await store.read(lambda conn: erasure.entries_of(conn, "finding-opened")) == numbers[1:]
    assert await store.read(lambda conn: erasure.entries_of(conn, "finding-opened", 30)) == numbers[1:2]
    assert await store.read(erasure.findings_of) == {numbers[1]: "f20", numbers[2]: "f30"}


async def test_compacting_gives_back_a_few_pages_at_a_time(store: Store) -> None:
    """So that no other write waits for the whole of it."""
    await store.write(
        lambda tx: tx.executemany("INSERT INTO counter VALUES (?, 1)", [(f"{n} {'x' * 3000}",) for n in range(300)])
    )
    await store.write(lambda tx: tx.execute("DELETE FROM counter") and None)
    free = await store.read(lambda conn: conn.pragma("freelist_count"))
    assert free > 2 * erasure.PAGES_AT_ONCE
    steps = 0
    while left := await store.write(erasure.compact):
        assert left == free - erasure.PAGES_AT_ONCE
        free, steps = left, steps + 1
    assert steps >= 2


async def test_what_an_agent_erased_right_before_it_was_killed_is_gone_after_the_next_start(
    store: Store, path: Path, tmp_path: Path, clock: MovedClock
) -> None:
    opened, answered = await store.write(partial(record, store.ledger, 1))
    needles = await store.read(
        lambda tx: tx.execute("SELECT key, salt, sealed FROM ledger_content WHERE entry = ?", (answered,)).fetchone()
    )
    await store.write(lambda tx: erasure.contents(tx, store.ledger, [opened, answered], "not-needed", clock.now()))
    # Files as a kill leaves them: the erasure is committed, nothing was compacted, the log is full.
    killed = tmp_path / "killed"
    killed.mkdir()
    for name in ("", "-wal", "-key"):
        (killed / f"{path.name}{name}").write_bytes(path.with_name(f"{path.name}{name}").read_bytes())
    left = killed / path.name
    assert all(decrypted.holds(left, KEY, needle) for needle in needles)
    again = open_store(left, KEY, clock)
    try:
        assert not any(decrypted.holds(left, KEY, needle) for needle in needles)
        assert (await again.read(audit.verify)).ok
    finally:
        await again.close()
