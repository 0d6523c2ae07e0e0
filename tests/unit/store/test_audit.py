"""What `ledger verify` says of a whole database: nothing of an honest one, and of a changed one what and where.

That every change is seen is shown in `tests/reliability/test_ledger_tampered.py`; here is what is said.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace

import apsw
import pytest

from agent.ledger import note
from agent.ledger.cosignature import Cosigner
from agent.model.face import NoticeText
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Purpose
from agent.store import acts, audit, erasure, gates, ledger, notices
from agent.store.audit import Verification
from agent.store.database import Store

AT = 1_795_000_000_000
TEXT = "What is looked for, and nothing else.\n"
NOTICE = NoticeText("personal", "1", "en", TEXT, hashlib.sha256(TEXT.encode()).hexdigest())
SHOWN = Act(Purpose.DETECT, ActKind.SHOWN, AT, NOTICE.sha256, Channel.PAGE)
WITNESS = Cosigner("witness.example", bytes(32))

NOTICE_ENTRY, SHOWN_ENTRY, OPEN_ENTRY, START_ENTRY, WORDS_ENTRY = range(5)


@pytest.fixture
async def book(store: Store) -> AsyncIterator[Store]:
    """A store with a small honest history, without the triggers that guard against mistakes."""

    def show(tx: apsw.Connection) -> None:
        notices.keep(tx, store.ledger, NOTICE, AT)
        acts.record(tx, store.ledger, SHOWN)

    await store.write(show)
    await store.write(lambda tx: gates.record(tx, store.ledger, Gate(Purpose.DETECT, GateState.OPEN, AT), AT))
    await store.write(lambda tx: store.ledger.append(tx, "monitoring-start", AT, {"purpose": "detect"}))
    answered = replace(SHOWN, kind=ActKind.ANSWERED, finding="f1", category="work", dwell_ms=None)
    await store.write(lambda tx: acts.record(tx, store.ledger, answered, "my own words"))

    def unguard(tx: apsw.Connection) -> None:
        for (name,) in tx.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            tx.execute(f"DROP TRIGGER {name}")

    await store.write(unguard)
    yield store


async def change(store: Store, sql: str, *values: object) -> None:
    await store.write(lambda tx: tx.execute(sql, values).fetchall())


async def verified(store: Store, *witnesses: note.VerifierKey) -> Verification:
    return await store.read(lambda conn: audit.verify(conn, every_checkpoint=True, witnesses=witnesses))


async def said(store: Store, *witnesses: note.VerifierKey) -> list[str]:
    return [f"{problem.where}: {problem.what}" for problem in (await verified(store, *witnesses)).problems]


async def cosign(store: Store, by: Cosigner = WITNESS) -> None:
    def keep(tx: apsw.Connection) -> None:
        row = ledger.logs(tx)[0]
        newest = ledger.newest_checkpoint(tx, row)
        assert newest is not None
        line = by.cosign(note.parse(newest[1]), AT // 1000)
        ledger.keep_cosignature(tx, row, newest[0], by.verifier.name, line)

    await store.write(keep)


async def test_of_an_honest_ledger_it_says_what_it_checked(book: Store) -> None:
    found = await verified(book)
    assert found.ok
    assert (found.entries, found.logs, found.checkpoints, found.signatures) == (5, 1, 4, 4)
    assert (found.contents, found.erased, found.witnesses, found.witnessed) == (5, 0, (), 0)
    assert "The notice was shown first (entry 1), observing began after it (entry 3)." in found.remarks


async def test_an_empty_ledger_holds(store: Store) -> None:
    found = await verified(store)
    assert found.ok
    assert (found.entries, found.logs, found.checkpoints) == (0, 1, 0)
    assert "Nothing was observed yet." in found.remarks


async def test_by_itself_it_verifies_the_last_signature_and_the_tree_under_the_others(book: Store) -> None:
    found = await book.read(audit.verify)
    assert (found.checkpoints, found.signatures) == (4, 1)


async def test_without_a_witness_it_says_what_cannot_be_seen(book: Store) -> None:
    assert any("nothing was cut off its end" in remark for remark in (await verified(book)).remarks)
    await cosign(book)
    found = await verified(book, WITNESS.verifier)
    assert (found.witnesses, found.witnessed) == (("witness.example",), 5)
    assert not any("cut off" in remark for remark in found.remarks)
    # A witness that nobody named counts for nothing.
    assert (await verified(book)).witnesses == ()


async def test_progress_reaches_the_end(book: Store) -> None:
    steps: list[tuple[int, int]] = []
    await book.read(lambda conn: audit.verify(conn, progress=lambda done, of: steps.append((done, of))))
    assert steps == sorted(steps)
    assert steps[-1] == (10, 10)


@pytest.mark.parametrize(
    ("sql", "where", "what"),
    [
        (f"UPDATE act SET kind = 'objected' WHERE entry = {SHOWN_ENTRY}", "entry 1", "from the ledger in: kind"),
        (f"UPDATE act SET dwell_ms = 0 WHERE entry = {WORDS_ENTRY}", "entry 4", "from the ledger in: dwell_ms"),
        (f"UPDATE act SET disputes = 0 WHERE entry = {WORDS_ENTRY}", "entry 4", "from the ledger in: disputes"),
        (f"DELETE FROM act WHERE entry = {SHOWN_ENTRY}", "entry 1", "its row is gone from the table that decides"),
        ("UPDATE act SET entry = 77 WHERE entry = 1", "act 77", "the ledger has no such entry"),
        ("UPDATE gate SET state = 'closed', until = 0", "entry 2", "differs from the ledger in: state, until"),
        ("UPDATE notice_text SET text = text || '.'", "notice", "its fingerprint differs"),
        ("UPDATE notice_text SET version = '2'", "notice", "its name, version or language is not what the ledger says"),
        ("UPDATE notice_text SET text = CAST(x'ff' AS TEXT)", "the notices", "not UTF-8"),
        ("UPDATE act SET control = CAST(x'ff' AS TEXT)", "acts and gates", "not UTF-8"),
        ("DELETE FROM notice_text", "entry 1", "is not kept any more"),
        ("UPDATE ledger_content SET salt = zeroblob(32) WHERE entry = 4", "entry 4", "not what the entry commits to"),
        ("UPDATE ledger_content SET key = x'00' WHERE entry = 4", "entry 4", "cannot be opened with its key"),
        ("DELETE FROM ledger_content WHERE entry = 4", "entry 4", "gone, though no entry says that it was erased"),
        ("UPDATE ledger_content SET entry = 9 WHERE entry = 4", "entry 9", "is not in the ledger"),
        ("UPDATE ledger_entry SET bytes = CAST(bytes || ' ' AS BLOB) WHERE entry = 3", "entry 3", "what was hashed"),
        ("UPDATE ledger_entry SET nodes = CAST(nodes || 'x' AS BLOB) WHERE entry = 3", "entry 3", "a node of the tree"),
        ("DELETE FROM ledger_entry WHERE entry = 2", "the entries", "go up to 4, but 4 are there"),
        ("DELETE FROM ledger_checkpoint WHERE size = 3", "the checkpoints", "gaps"),
        ("UPDATE ledger_checkpoint SET number = 9 WHERE size = 3", "the checkpoints", "out of order"),
        ("UPDATE ledger_checkpoint SET log = 2 WHERE size = 5", "the checkpoints", "not in the list of logs"),
        ("UPDATE ledger_checkpoint SET note = CAST(note || 'x' AS BLOB)", "checkpoint of size 5", "line"),
        ("DELETE FROM ledger_checkpoint WHERE size = 5", "entry 4", "1 entry is covered by no signed checkpoint"),
        ("DELETE FROM ledger_checkpoint", "the last checkpoint", "there is none"),
        ("DELETE FROM ledger_log", "the list of logs", "does not begin with log 1"),
        ("UPDATE ledger_log SET first = -9223372036854775808", "the list of logs", "cannot be told"),
        ("INSERT INTO ledger_log VALUES (2, 4)", "entry 4", "does not bind log 2"),
        ("UPDATE ledger_key SET seed = zeroblob(32)", "checkpoint of size 5", "not signed by this log's key"),
        ("DELETE FROM ledger_key", "the logs", "missing or damaged"),
    ],
)  # fmt: skip
async def test_what_was_changed_is_named_with_its_place(book: Store, sql: str, where: str, what: str) -> None:
    await change(book, sql)
    problems = await said(book)
    assert any(problem.startswith(where) and what in problem for problem in problems), problems


async def test_a_text_that_the_ledger_never_spoke_of_is_named(book: Store) -> None:
    text = "You agreed to everything.\n"
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    await change(book, "INSERT INTO notice_text VALUES (?, 'personal', '1', 'en', ?)", sha256, text)
    assert await said(book) == [
        f"notice {sha256[:12]}: is kept as a text that was shown, but the ledger has no such notice"
    ]


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE ledger_cosignature SET witness = 'another.example'", "is not by another.example"),
        ("UPDATE ledger_cosignature SET size = 77", "a witness has seen more than this log shows"),
        ("UPDATE ledger_cosignature SET size = 3", "is wrong"),
        ("UPDATE ledger_cosignature SET log = 2", "some belong to a log that is not in the list"),
        ("UPDATE ledger_cosignature SET line = line || line", "more than one line"),
        ("UPDATE ledger_cosignature SET line = rtrim(line, char(10))", "does not end in a newline"),
    ],
)
async def test_a_changed_cosignature_is_named(book: Store, sql: str, what: str) -> None:
    await cosign(book)
    assert await said(book, WITNESS.verifier) == []
    await change(book, sql)
    assert any(what in problem for problem in await said(book, WITNESS.verifier))


async def test_a_cosignature_by_another_key_under_the_witnesss_name_is_named(book: Store) -> None:
    await cosign(book, Cosigner(WITNESS.verifier.name, bytes([7]) * 32))
    assert await said(book, WITNESS.verifier) == [
        "cosignature of the checkpoint of size 5: is by a key that is not witness.example's, under its name"
    ]


async def test_erasure_is_no_problem_and_its_undoing_is_one(book: Store) -> None:
    row = await book.read(lambda conn: conn.execute("SELECT * FROM ledger_content WHERE entry = 4").fetchone())
    assert row is not None
    await book.write(lambda tx: erasure.contents(tx, book.ledger, [WORDS_ENTRY], "withdrawn", AT))
    found = await verified(book)
    assert (found.ok, found.contents, found.erased) == (True, 5, 1)
    await change(book, "INSERT INTO ledger_content VALUES (?, ?, ?, ?)", *row)
    assert any("though the ledger says that it was erased" in problem for problem in await said(book))


async def test_a_text_erased_with_its_act_is_no_problem(book: Store) -> None:
    await book.write(lambda tx: erasure.contents(tx, book.ledger, [SHOWN_ENTRY, WORDS_ENTRY], "not-needed", AT))
    assert await book.read(notices.all_kept) == []
    found = await verified(book)
    assert found.ok, found.problems
    assert any("is not readable" in remark for remark in found.remarks)


async def test_a_text_that_outlives_its_own_entry_is_no_problem(book: Store) -> None:
    """The sweeper erases old entries; a text stays while an act names it."""
    await book.write(lambda tx: erasure.contents(tx, book.ledger, [NOTICE_ENTRY], "retention", AT))
    assert await book.read(notices.all_kept) == [NOTICE]
    assert await said(book) == []


async def test_a_text_taken_away_alone_is_named_also_when_no_act_names_it(store: Store) -> None:
    await store.write(lambda tx: notices.keep(tx, store.ledger, NOTICE, AT))
    assert await said(store) == []
    await change(store, "DELETE FROM notice_text")
    assert await said(store) == [f"notice {NOTICE.sha256[:12]}: is not kept any more, though no act was erased"]


async def test_a_closed_log_without_its_successor_is_named(book: Store) -> None:
    await book.write(lambda tx: book.ledger.rotate(tx, AT))
    assert await said(book) == []
    for sql in (
        "DELETE FROM ledger_log WHERE number = 2",
        "DELETE FROM ledger_checkpoint WHERE log = 2",
        "DELETE FROM ledger_entry WHERE entry = 6",
        "DELETE FROM ledger_content WHERE entry = 6",
    ):
        await change(book, sql)
    assert await said(book) == ["entry 5: closes log 1, but the log that follows it is not there"]


async def test_observing_before_the_notice_is_remarked(store: Store) -> None:
    await store.write(lambda tx: store.ledger.append(tx, "monitoring-start", AT, {}))
    await store.write(lambda tx: acts.record(tx, store.ledger, replace(SHOWN, notice_sha256="")))
    found = await verified(store)
    assert any("Observing began at entry 0" in remark for remark in found.remarks)
