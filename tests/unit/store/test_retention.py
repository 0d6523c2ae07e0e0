"""Retention by the clock: nothing goes before its time, everything goes at it, and what must stay stays."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

import apsw

from agent.model.events import PageLoad
from agent.model.findings import Finding, Level, Stage
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Purpose
from agent.store import acts, clients, findings, gates, page_loads, retention
from agent.store.database import Store
from agent.store.retention import DAY_MS, HOUR_MS, Limits, Swept

LIMITS = Limits()
FINDING = Finding("f1", "scrapy", "Scrapy", "scraper-framework", Stage.RUNNING, 0.5, Level.LOW, False, (), 1, 2, 1)


async def test_page_loads_go_after_a_day_and_not_before(
    store: Store, clock: object, page_load: Callable[..., PageLoad]
) -> None:
    start = page_load(1).at
    early, late = page_load(1), page_load(2, at=start + HOUR_MS)
    await store.write(lambda tx: page_loads.append(tx, "a-client", [early, late], 2, start))
    assert await store.read(lambda conn: retention.next_deletion(conn, LIMITS)) == start + DAY_MS
    before = await store.write(lambda tx: retention.sweep(tx, start + DAY_MS - 1, LIMITS))
    assert before == Swept(0, 0, 0)
    due = await store.write(lambda tx: retention.sweep(tx, start + DAY_MS, LIMITS))
    assert due == Swept(1, 0, 0)
    assert [load for _row, load in await store.read(lambda conn: page_loads.since_rowid(conn, 0, 9))] == [late]
    assert await store.read(lambda conn: retention.next_deletion(conn, LIMITS)) == start + DAY_MS + HOUR_MS


async def test_the_mark_outlives_the_page_loads(store: Store, page_load: Callable[..., PageLoad]) -> None:
    """Otherwise a late replay would be stored a second time."""
    start = page_load(1).at
    await store.write(lambda tx: page_loads.append(tx, "a-client", [page_load(1)], 1, start))
    await store.write(lambda tx: retention.sweep(tx, start + 2 * DAY_MS, LIMITS))
    assert await store.read(lambda conn: page_loads.high_water(conn, "a-client")) == 1


async def test_a_cursor_never_meets_a_row_number_again(store: Store, page_load: Callable[..., PageLoad]) -> None:
    """After everything was swept, new rows still come after where detection left off."""
    start = page_load(1).at
    await store.write(lambda tx: page_loads.append(tx, "a-client", [page_load(1), page_load(2)], 2, start))
    last = (await store.read(lambda conn: page_loads.since_rowid(conn, 0, 9)))[-1][0]
    await store.write(lambda tx: retention.sweep(tx, start + DAY_MS, LIMITS))
    await store.write(lambda tx: page_loads.append(tx, "a-client", [page_load(3)], 3, start + DAY_MS))
    assert [load.seq for _row, load in await store.read(lambda conn: page_loads.since_rowid(conn, last, 9))] == [3]


async def test_findings_go_ninety_days_after_they_closed(store: Store) -> None:
    closed = dataclasses.replace(FINDING, id="closed", closed_at=1000)
    still_open = dataclasses.replace(FINDING, id="open")
    await store.write(lambda tx: findings.save(tx, closed))
    await store.write(lambda tx: findings.save(tx, still_open))
    assert await store.read(lambda conn: retention.next_deletion(conn, LIMITS)) == 1000 + 90 * DAY_MS
    assert await store.write(lambda tx: retention.sweep(tx, 999 + 90 * DAY_MS, LIMITS)) == Swept(0, 0, 0)
    assert await store.write(lambda tx: retention.sweep(tx, 1000 + 90 * DAY_MS, LIMITS)) == Swept(0, 1, 0)
    assert await store.read(findings.listing) == [still_open]
    assert await store.read(lambda conn: retention.next_deletion(conn, LIMITS)) is None


async def test_browsers_that_never_came_back_are_forgotten(store: Store) -> None:
    await store.write(lambda tx: clients.hello(tx, "gone", "chromium", "121", "0.1", 0, 0, 0, 1000))
    await store.write(lambda tx: clients.hello(tx, "here", "chromium", "121", "0.1", 0, 0, 0, 5000))
    assert await store.write(lambda tx: retention.sweep(tx, 1000 + 90 * DAY_MS, LIMITS)) == Swept(0, 0, 1)
    assert [row.client for row in await store.read(lambda conn: clients.listing(conn, 0))] == ["here"]


async def test_a_shorter_policy_deletes_sooner(store: Store, page_load: Callable[..., PageLoad]) -> None:
    start = page_load(1).at
    short = Limits(observations_ms=2 * HOUR_MS, findings_ms=DAY_MS)
    await store.write(lambda tx: page_loads.append(tx, "a-client", [page_load(1)], 1, start))
    assert await store.read(lambda conn: retention.next_deletion(conn, short)) == start + 2 * HOUR_MS
    assert (await store.write(lambda tx: retention.sweep(tx, start + 2 * HOUR_MS, short))).page_loads == 1


async def test_acts_and_gates_stay(store: Store) -> None:
    act = Act(Purpose.DETECT, ActKind.SHOWN, 1, "ab" * 32, Channel.PAGE)
    gate = Gate(Purpose.DETECT, GateState.OPEN, 1)
    entry = await store.write(lambda tx: acts.record(tx, store.ledger, act))
    await store.write(lambda tx: gates.record(tx, store.ledger, gate, 2))
    await store.write(lambda tx: retention.sweep(tx, 10_000 * DAY_MS, LIMITS))
    assert await store.read(acts.all_acts) == [dataclasses.replace(act, entry=entry)]
    assert await store.read(gates.history) == [gate]


async def test_nothing_kept_means_nothing_to_delete(store: Store) -> None:
    assert await store.read(lambda conn: retention.next_deletion(conn, LIMITS)) is None


def put(tx: apsw.Connection, many: int, at: int) -> None:
    loads = [PageLoad("a-client", n + 1, "linkedin", "profile", at, True, False) for n in range(many)]
    page_loads.append(tx, "a-client", loads, many, at)


async def test_one_transaction_deletes_no_more_than_a_part_and_says_that_there_is_more(store: Store) -> None:
    await store.write(lambda tx: put(tx, 7, 1000))
    await store.write(lambda tx: findings.save(tx, dataclasses.replace(FINDING, closed_at=1000)))
    over = 1000 + 90 * DAY_MS
    parts = [await store.write(lambda tx: retention.sweep(tx, over, LIMITS, 3)) for _ in range(4)]
    assert parts == [Swept(3, 0, 0, more=True), Swept(3, 0, 0, more=True), Swept(1, 1, 1, more=True), Swept(0, 0, 0)]


async def test_a_sweep_of_very_many_goes_to_its_end_and_lets_others_write_in_between(store: Store) -> None:
    many = 3 * retention.ROWS_AT_ONCE + 1
    await store.write(lambda tx: put(tx, many, 1000))
    sweeping = asyncio.ensure_future(retention.swept(store, 1000 + DAY_MS, LIMITS))
    await asyncio.sleep(0)  # its first part waits at the writer
    new = PageLoad("b-client", 1, "x", "post", 1000 + DAY_MS, True, False)
    await store.write(lambda tx: page_loads.append(tx, "b-client", [new], 1, new.at))
    assert not sweeping.done()
    assert await sweeping == Swept(many, 0, 0)
    assert [load for _, load in await store.read(lambda tx: page_loads.since_rowid(tx, 0, 9))] == [new]


async def test_a_sweep_that_was_cut_off_is_gone_on_with_by_the_next(store: Store) -> None:
    await store.write(lambda tx: put(tx, 7, 1000))
    await store.write(lambda tx: retention.sweep(tx, 1000 + DAY_MS, LIMITS, 3))
    assert await retention.swept(store, 1000 + DAY_MS, LIMITS) == Swept(4, 0, 0)
