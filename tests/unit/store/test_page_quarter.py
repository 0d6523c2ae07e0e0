"""The counts by quarter of an hour are what counting the page loads themselves gives, whatever was done to them."""

from __future__ import annotations

from pathlib import Path

import apsw
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model.events import PageLoad
from agent.model.ports import Clock
from agent.store import erasure, page_loads, retention, schema
from agent.store.database import open_store
from agent.store.page_loads import QUARTER_MS
from agent.store.retention import Limits

KINDS = (("linkedin", "profile"), ("linkedin", "search"), ("x", "post"))
HOURS = 3_600_000
LIMITS = Limits(observations_ms=2 * HOURS)

Counts = dict[tuple[int, int], tuple[int, int]]

loads = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(min_value=0, max_value=6 * HOURS), st.booleans()),
    max_size=12,
)
"""Kind, time and whether it is sent twice."""
steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), loads),
        st.tuples(st.just("sweep"), st.integers(min_value=0, max_value=9 * HOURS)),
        st.tuples(st.just("erase"), st.none()),
        st.tuples(st.just("undone"), loads),
    ),
    max_size=12,
)


def counted(conn: apsw.Connection) -> Counts:
    """What the table of counts says."""
    return {
        (start, kind): (count, last_at)
        for start, kind, count, last_at in conn.execute("SELECT start, kind, count, last_at FROM page_quarter")
    }


def real(conn: apsw.Connection) -> dict[tuple[int, int], int]:
    """What counting every page load gives."""
    return {
        (start, kind): count
        for start, kind, count in conn.execute(
            "SELECT at - at % 900000 AS start, kind, count(*) FROM page_load GROUP BY start, kind"
        )
    }


def fresh() -> apsw.Connection:
    conn = apsw.Connection(":memory:")
    for _version, sql in schema.MIGRATIONS:
        conn.execute(sql)
    return conn


def put(conn: apsw.Connection, told: list[tuple[tuple[str, str], int, bool]], seq: int) -> int:
    """Append page loads, some of them twice; return the highest number used."""
    made = []
    for (platform, page_class), at, twice in told:
        seq += 1
        made += [PageLoad("c" * 22, seq, platform, page_class, at, True, False)] * (2 if twice else 1)
    page_loads.append(conn, "c" * 22, made, seq, 0)
    return seq


@settings(deadline=None, max_examples=60)
@given(steps)
def test_after_any_sequence_of_appending_sweeping_and_erasing_the_counts_are_the_real_ones(
    done: list[tuple[str, object]],
) -> None:
    conn, seq = fresh(), 0
    for what, told in done:
        if what == "append":
            assert isinstance(told, list)
            seq = put(conn, told, seq)
        elif what == "sweep":
            assert isinstance(told, int)
            retention.sweep(conn, told, LIMITS)
        elif what == "erase":
            erasure.page_loads(conn)
            while erasure.page_loads_part(conn, 3):
                pass
        else:
            assert isinstance(told, list)
            conn.execute("BEGIN")
            put(conn, told, seq)
            conn.execute("ROLLBACK")
        counts = counted(conn)
        assert {key: count for key, (count, _) in counts.items()} == real(conn)
        # The latest time lies inside its quarter; only a deletion may leave it at a page load that is gone.
        assert all(start <= last_at < start + QUARTER_MS for (start, _), (_, last_at) in counts.items())
        assert sum(one.count for one in page_loads.totals(conn, 0)) == sum(real(conn).values())
        assert sum(one.count for one in page_loads.timeline(conn, 0)) == sum(real(conn).values())
        hours: dict[tuple[int, str, str], int] = {}
        for one in page_loads.timeline(conn, 0):
            key = (one.start - one.start % (4 * QUARTER_MS), one.platform, one.page_class)
            hours[key] = hours.get(key, 0) + one.count
        by_hour = page_loads.timeline(conn, 0, 4 * QUARTER_MS)
        assert [((one.start, one.platform, one.page_class), one.count) for one in by_hour] == sorted(hours.items())


@settings(deadline=None, max_examples=30)
@given(loads, loads)
def test_without_a_deletion_the_latest_time_is_the_latest_page_load(
    first: list[tuple[tuple[str, str], int, bool]], second: list[tuple[tuple[str, str], int, bool]]
) -> None:
    conn = fresh()
    put(conn, second, put(conn, first, 0))
    latest = {
        (start, kind): at
        for start, kind, at in conn.execute(
            "SELECT at - at % 900000 AS start, kind, max(at) FROM page_load GROUP BY start, kind"
        )
    }
    assert {key: last_at for key, (_, last_at) in counted(conn).items()} == latest


async def test_a_database_of_the_release_before_keeps_its_page_loads_and_gets_their_counts(
    tmp_path: Path, key: bytes, clock: Clock
) -> None:
    path = tmp_path / "before.db"
    old = apsw.Connection(str(path))
    for statement in ("PRAGMA cipher = 'chacha20'", f"PRAGMA key = 'raw:{key.hex()}'"):
        old.execute(statement).fetchall()
    for version, sql in schema.MIGRATIONS[:3]:
        old.execute(sql).fetchall()
        old.execute("INSERT INTO migration VALUES (?, 1)", (version,))
        old.execute(f"PRAGMA user_version = {version}")
    put(old, [(KINDS[n % 3], n * QUARTER_MS // 7, n % 5 == 0) for n in range(100)], 0)
    before = real(old)
    old.close()
    store = open_store(path, key, clock)
    assert (
        {where: count for where, (count, _) in (await store.read(counted)).items()} == before == await store.read(real)
    )
    # From now on the table counts by itself.
    more = PageLoad("c" * 22, 1000, "x", "post", 5, True, False)
    await store.write(lambda tx: page_loads.append(tx, "c" * 22, [more], 1000, 5))
    assert sum(count for count, _ in (await store.read(counted)).values()) == 101
    await store.close()
