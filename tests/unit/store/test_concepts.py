"""What each concept's module keeps and gives back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from agent.model.events import PageLoad
from agent.model.face import PageTotal
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Finding, Level, ProcessRef, Stage
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Purpose
from agent.store import acts, clients, counters, cursors, findings, gates, page_loads
from agent.store.database import Store
from agent.store.page_loads import QUARTER_MS

MakeLoad = Callable[..., PageLoad]

FINDING = Finding(
    id="f1",
    tool="scrapy",
    name="Scrapy",
    family="scraper-framework",
    stage=Stage.COLLECTING,
    confidence=0.875,
    level=Level.HIGH,
    flagged=True,
    platforms=("linkedin", "x"),
    first_seen=100,
    last_seen=200,
    count=3,
    processes=(ProcessRef(42, 90, "python3"), ProcessRef(43, 95, "scrapy")),
    evidence=(Evidence(EvidenceClass.PACKAGE, "catalogue.entry-point", "the command belongs to scrapy", 0.8),),
    modes=(CollectMode.LIST, CollectMode.LOOP),
    techniques=("T1593.001", "OAT-011"),
    held_until=300,
)


async def test_a_first_hello_starts_at_zero_and_a_later_one_gets_the_mark(store: Store, page_load: MakeLoad) -> None:
    def hello(waiting: int, at: int) -> int:
        return waiting + at

    first = await store.write(lambda tx: clients.hello(tx, "a-client", "chromium", "121", "0.1.0", 4, 1, 2, 1000))
    await store.write(lambda tx: page_loads.append(tx, "a-client", [page_load(7)], 9, 1500))
    second = await store.write(lambda tx: clients.hello(tx, "a-client", "chromium", "122", "0.1.1", 0, 1, 2, 2000))
    assert (first, second) == (0, 9)
    (row,) = await store.read(lambda conn: clients.listing(conn, 0))
    assert row == clients.ClientRow("a-client", "chromium", "122", "0.1.1", 1500, 9, 0, 1, 2, 2000)


async def test_the_listing_leaves_out_browsers_not_seen_lately(store: Store) -> None:
    await store.write(lambda tx: clients.hello(tx, "old", "firefox", "140", "0.1.0", 0, 0, 0, 1000))
    await store.write(lambda tx: clients.hello(tx, "new", "firefox", "140", "0.1.0", 0, 0, 0, 3000))
    await store.write(lambda tx: clients.hello(tx, "busy", "edge", "140", "0.1.0", 0, 0, 0, 500))
    await store.write(lambda tx: page_loads.append(tx, "busy", [], 1, 4000))
    assert [row.client for row in await store.read(lambda conn: clients.listing(conn, 2000))] == ["busy", "new"]


async def test_loads_of_a_client_without_a_hello_are_kept_too(store: Store, page_load: MakeLoad) -> None:
    await store.write(lambda tx: page_loads.append(tx, "a-client", [page_load(1)], 1, 1000))
    assert await store.read(lambda conn: page_loads.high_water(conn, "a-client")) == 1


async def test_an_unknown_client_has_nothing_stored(store: Store) -> None:
    assert await store.read(lambda conn: page_loads.high_water(conn, "nobody")) == 0


async def test_page_loads_come_back_as_they_were(store: Store, page_load: MakeLoad) -> None:
    kept = [
        page_load(1, first=True, sequential=True),
        page_load(2, first=False, sequential=True, platform="x", page_class="post"),
        page_load(3, first=False, sequential=False),
    ]
    await store.write(lambda tx: page_loads.append(tx, "a-client", kept, 3, 1000))
    numbered = await store.read(lambda conn: page_loads.since_rowid(conn, 0, 10))
    assert [load for _row, load in numbered] == kept
    rows = [row for row, _load in numbered]
    assert await store.read(lambda conn: page_loads.since_rowid(conn, rows[0], 1)) == [(rows[1], kept[1])]
    assert await store.read(lambda conn: page_loads.since_rowid(conn, rows[2], 10)) == []


async def test_totals_count_by_platform_and_class(store: Store, page_load: MakeLoad) -> None:
    later = 2 * QUARTER_MS
    loads = [page_load(n, at=later + n) for n in range(1, 6)] + [page_load(6, at=50, platform="x", page_class="post")]
    await store.write(lambda tx: page_loads.append(tx, "a-client", loads, 6, later + 9))
    profiles = PageTotal("linkedin", "profile", 5, later + 5)
    # The quarter of an hour in which the time lies counts whole.
    assert await store.read(lambda conn: page_loads.totals(conn, later + 3)) == [profiles]
    assert await store.read(lambda conn: page_loads.totals(conn, later - 1)) == [profiles]
    assert await store.read(lambda conn: page_loads.totals(conn, 0)) == [profiles, PageTotal("x", "post", 1, 50)]


async def test_findings_come_back_as_they_were_and_change_in_place(store: Store) -> None:
    await store.write(lambda tx: findings.save(tx, FINDING))
    assert await store.read(lambda conn: findings.get(conn, "f1")) == FINDING
    changed = dataclasses.replace(FINDING, stage=Stage.RUNNING, count=4, last_seen=250, evidence=(), closed_at=400)
    await store.write(lambda tx: findings.save(tx, changed))
    assert await store.read(findings.listing) == [changed]
    assert await store.read(findings.open_findings) == []
    assert await store.read(lambda conn: findings.get(conn, "nothing")) is None


async def test_findings_are_listed_newest_first_from_a_time_on(store: Store) -> None:
    for number in range(4):
        one = dataclasses.replace(FINDING, id=f"f{number}", last_seen=100 * number)
        await store.write(lambda tx, one=one: findings.save(tx, one))
    assert [one.id for one in await store.read(lambda conn: findings.listing(conn, 100))] == ["f3", "f2", "f1"]
    assert [one.id for one in await store.read(findings.open_findings)] == ["f3", "f2", "f1", "f0"]


async def test_an_answer_outlives_what_detection_saves_afterwards(store: Store) -> None:
    await store.write(lambda tx: findings.save(tx, FINDING))
    assert await store.write(lambda tx: findings.set_answer(tx, "f1", "work", 500))
    await store.write(lambda tx: findings.save(tx, dataclasses.replace(FINDING, count=9)))
    kept = await store.read(lambda conn: findings.get(conn, "f1"))
    assert kept == dataclasses.replace(FINDING, count=9, answer="work")
    assert not await store.write(lambda tx: findings.set_answer(tx, "nothing", "work", 500))


async def test_acts_are_kept_in_order(store: Store) -> None:
    done = [
        Act(Purpose.DETECT, ActKind.SHOWN, 10, "ab" * 32, Channel.PAGE),
        Act(Purpose.DETECT, ActKind.ACKNOWLEDGED, 5, "ab" * 32, Channel.TERMINAL),
        Act(Purpose.LONGER_HISTORY, ActKind.GIVEN, 20, "cd" * 32, Channel.EXTENSION),
    ]
    entries = [await store.write(lambda tx, act=act: acts.record(tx, store.ledger, act)) for act in done]
    assert await store.read(acts.all_acts) == [
        dataclasses.replace(act, entry=entry) for act, entry in zip(done, entries, strict=True)
    ]


async def test_a_gate_told_again_adds_nothing_to_its_history(store: Store) -> None:
    closed = Gate(Purpose.DETECT, GateState.CLOSED, 0, None, "notice_not_shown")
    waiting = Gate(Purpose.DETECT, GateState.WAITING, 10, 500, "lead_days")
    other = Gate(Purpose.HEALTH, GateState.OPEN, 3)
    for gate in (closed, closed, other, waiting, waiting, other, closed):
        await store.write(lambda tx, gate=gate: gates.record(tx, store.ledger, gate, 1000))
    assert await store.read(gates.history) == [closed, other, waiting, closed]


async def test_counters_add_up(store: Store) -> None:
    await store.write(lambda tx: counters.add(tx, "frame_too_long"))
    await store.write(lambda tx: counters.add(tx, "frame_too_long", 4))
    await store.write(lambda tx: counters.add(tx, "replayed"))
    assert await store.read(counters.all_counters) == {"frame_too_long": 5, "replayed": 1}


async def test_cursors_start_at_zero_and_keep_what_was_set(store: Store) -> None:
    assert await store.read(lambda conn: cursors.get(conn, "detection")) == 0
    await store.write(lambda tx: cursors.set(tx, "detection", 7))
    await store.write(lambda tx: cursors.set(tx, "detection", 12))
    assert await store.read(lambda conn: cursors.get(conn, "detection")) == 12
