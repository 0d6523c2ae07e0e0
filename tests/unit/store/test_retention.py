"""Retention by the clock: nothing goes before its time, everything goes at it, and what must stay stays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

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
