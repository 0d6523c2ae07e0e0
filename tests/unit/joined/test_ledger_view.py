"""What the page about the ledger and the history show, over a real database: witnesses, verification, pages of acts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import apsw

from agent.ledger import note
from agent.ledger.cosignature import Cosigner
from agent.model.consent import ActView, Erasable, Ground
from agent.model.purposes import ActKind, Channel, Purpose
from agent.proving import MOST_CHECKPOINTS, Proving
from agent.store import acts, erasure, ledger
from tests.unit.joined.rig import Joined
from tests.unit.joined.test_erasing import fill

SECONDS = 1_795_000_000


def cosigner(name: str) -> Cosigner:
    return Cosigner(name, name.encode().ljust(32, b"."))


def sign(tx: apsw.Connection, witness: Cosigner) -> int:
    """Have a witness cosign the newest checkpoint; return how many entries that covers."""
    row = ledger.logs(tx)[-1]
    size, text = ledger.newest_checkpoint(tx, row) or (0, b"")
    ledger.keep_cosignature(tx, row, size, witness.verifier.name, witness.cosign(note.parse(text), SECONDS))
    return row.first + size


def proving(joined: Joined, *witnesses: Cosigner) -> Proving:
    return Proving(joined.store, joined.consents, [str(one.verifier) for one in witnesses])


def counting(conn: apsw.Connection, look: Callable[[], object]) -> int:
    """Return how many steps of SQLite's machine a look takes."""
    steps = 0

    def step() -> bool:
        nonlocal steps
        steps += 1
        return False

    conn.set_progress_handler(step, 1)
    try:
        look()
    finally:
        conn.set_progress_handler(None)
    return steps


async def test_the_newest_signed_states_are_shown_and_no_more_of_them(alone: Joined) -> None:
    for _ in range(MOST_CHECKPOINTS + 2):
        await alone.press(ActKind.GIVEN, Purpose.LONGER_HISTORY)
    view = await alone.proving.view()
    assert len(view.checkpoints) == MOST_CHECKPOINTS
    assert [one.number for one in view.checkpoints] == [view.signed - n for n in range(MOST_CHECKPOINTS)]
    assert view.checkpoints[0].size == view.entries == await alone.store.read(ledger.entry_count)
    assert view.checkpoints[0].at == alone.clock.now()
    assert note.VerifierKey.parse(view.key).name == view.origin
    assert view.witnesses == ()


async def test_a_witness_is_told_with_what_it_has_seen_and_one_that_signed_nothing_says_so(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    council, silent = cosigner("council.example"), cosigner("silent.example")
    seen = await alone.store.write(lambda tx: sign(tx, council))
    await alone.press(ActKind.ACKNOWLEDGED)
    view = await proving(alone, council, silent).view()
    first, second = view.witnesses
    assert (first.name, first.size, first.at) == ("council.example", seen, SECONDS * 1000)
    assert first.size < view.entries
    assert (second.name, second.size, second.at) == ("silent.example", 0, None)


async def test_what_a_witness_saw_before_a_rotation_counts_until_it_has_signed_the_new_log(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    council = cosigner("council.example")
    seen = await alone.store.write(lambda tx: sign(tx, council))
    await alone.store.write(lambda tx: alone.store.ledger.rotate(tx, alone.clock.now()))
    view = await proving(alone, council).view()
    assert (view.logs, view.witnesses[0].size) == (2, seen)
    again = await alone.store.write(lambda tx: sign(tx, council))
    assert (await proving(alone, council).view()).witnesses[0].size == again == view.entries


async def test_a_line_that_is_not_the_witness_s_own_counts_as_none(alone: Joined) -> None:
    await alone.press(ActKind.SHOWN)
    council, other = cosigner("council.example"), Cosigner("council.example", bytes(32))
    await alone.store.write(lambda tx: sign(tx, other))
    (told,) = (await proving(alone, council).view()).witnesses
    assert (told.size, told.at) == (0, None)


async def test_verifying_says_what_was_checked_and_that_no_witness_saw_it(alone: Joined) -> None:
    await fill(alone)
    await alone.erasing.erase(Erasable.WORDS, Ground.NOT_NEEDED, None, Channel.PAGE)
    found = await alone.proving.verified()
    assert found.ok
    assert found.entries == await alone.store.read(ledger.entry_count)
    assert (found.erased, found.contents) == (1, found.entries - 1)
    assert found.faults == ()
    assert any("No witness has seen this log" in remark for remark in found.remarks)


async def test_pressing_again_while_it_is_verified_goes_through_the_record_once(alone: Joined) -> None:
    await fill(alone)
    given_up = asyncio.ensure_future(alone.proving.verified())
    await asyncio.sleep(0)
    given_up.cancel()
    first, second = await asyncio.gather(alone.proving.verified(), alone.proving.verified())
    assert first is second
    assert first.ok
    assert await alone.proving.verified() is not first, "what is asked later is verified anew"


async def test_nobody_who_only_reads_waits_for_verifying_and_verifying_for_nobody(alone: Joined) -> None:
    await fill(alone)
    go_on = threading.Event()
    busy = alone.store.read(lambda _tx: go_on.wait(30))  # the one reader that every page shares
    try:
        assert (await alone.proving.verified()).ok
        assert not busy.done()
    finally:
        go_on.set()
    assert await busy


async def test_verifying_names_what_was_changed(alone: Joined) -> None:
    await fill(alone)
    entry = alone.consents.acts[0].entry

    def change(tx: apsw.Connection) -> None:
        tx.execute("UPDATE ledger_content SET salt = zeroblob(32) WHERE entry = ?", (entry,))

    await alone.store.write(change)
    found = await alone.proving.verified()
    assert not found.ok
    assert any(f"entry {entry}" in fault for fault in found.faults)


async def test_the_history_in_pages_is_the_history_whole(alone: Joined) -> None:
    await fill(alone)
    for _ in range(9):
        await alone.press(ActKind.GIVEN, Purpose.LONGER_HISTORY)
        await alone.press(ActKind.WITHDRAWN, Purpose.LONGER_HISTORY)
    await alone.erasing.erase(Erasable.WORDS, Ground.NOT_NEEDED, None, Channel.PAGE)
    whole = await alone.consents.history()
    assert any(one.erased for one in whole)
    for size in (1, 2, 5, 100):
        pages: list[ActView] = []
        before: int | None = None
        while page := await alone.consents.history_before(before, size):
            pages += page
            before = page[-1].act.entry
        assert pages == whole, size


async def test_the_end_of_the_history_is_found_without_walking_over_what_is_no_act(alone: Joined) -> None:
    """Counted in steps of SQLite's machine: a record ten times as long costs its last page no step more."""
    await fill(alone)
    await alone.erasing.erase(Erasable.WORDS, Ground.NOT_NEEDED, None, Channel.PAGE)
    few = len(await alone.consents.history())

    def others(tx: apsw.Connection) -> None:
        for number in range(300):
            alone.store.ledger.append(tx, "policy", number, {"number": number})

    async def steps() -> int:
        counted = await alone.store.read(lambda tx: counting(tx, lambda: acts.erased(tx, 0, 2**62, 25)))
        assert len(await alone.consents.history_before(None, 25)) == few
        return counted

    await alone.store.write(others)
    once = await steps()
    for _ in range(9):
        await alone.store.write(others)
    assert await steps() == once


async def test_of_many_erased_acts_one_page_is_read(alone: Joined) -> None:
    for _ in range(40):
        await alone.press(ActKind.GIVEN, Purpose.LONGER_HISTORY)
        await alone.press(ActKind.WITHDRAWN, Purpose.LONGER_HISTORY)
    entries = [act.entry or 0 for act in alone.consents.acts]
    await alone.store.write(
        lambda tx: erasure.contents(tx, alone.store.ledger, entries, Ground.NOT_NEEDED.value, alone.clock.now())
    )
    newest = await alone.store.read(lambda tx: acts.erased(tx, limit=5))
    assert [entry for entry, _ in newest] == sorted(entries, reverse=True)[:5]
    five, fifty = [
        await alone.store.read(lambda tx, most=most: counting(tx, lambda: acts.erased(tx, limit=most)))  # type: ignore[misc]
        for most in (5, 50)
    ]
    assert five * 5 < fifty


async def test_what_was_said_of_a_finding_is_found_without_the_rest(alone: Joined) -> None:
    await fill(alone)
    whole = await alone.consents.history()
    (answer,) = [one for one in whole if one.act.kind is ActKind.ANSWERED]
    assert await alone.consents.answers_to(answer.act.finding) == [answer]
    assert answer.words
    assert await alone.consents.answers_to("another") == []
