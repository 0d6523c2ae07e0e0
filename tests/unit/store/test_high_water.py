"""The law of the high-water mark: whatever is sent again, late or out of order, each number is stored at most once."""

from __future__ import annotations

import random

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.model.events import PageLoad
from agent.store import clients, page_loads, schema

CLIENTS = ("one", "two")


def connection() -> apsw.Connection:
    conn = apsw.Connection(":memory:")
    for _version, sql in schema.MIGRATIONS:
        conn.execute(sql).fetchall()
    return conn


def load(client: str, seq: int) -> PageLoad:
    return PageLoad(client, seq, "x", ("profile", "post", "search")[seq % 3], 1000 + seq, seq % 2 == 0, seq % 5 == 0)


messages = st.lists(
    st.tuples(
        st.sampled_from(CLIENTS),
        st.lists(st.integers(1, 40), max_size=12),
        st.integers(0, 45),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(messages)
def test_any_interleaving_replay_and_reorder(sent: list[tuple[str, list[int], int, bool]]) -> None:
    conn = connection()
    marks = dict.fromkeys(CLIENTS, 0)
    seen: dict[str, set[int]] = {client: set() for client in CLIENTS}
    for client, numbers, high_water, rolled_back in sent:
        conn.execute("SAVEPOINT message")
        page_loads.append(conn, client, [load(client, seq) for seq in numbers], high_water, 5)
        if rolled_back:  # The agent died before the commit: neither events nor mark are there.
            conn.execute("ROLLBACK TO message")
        else:
            # What lies above the mark is stored, what does not is not.
            seen[client] |= {seq for seq in numbers if seq > marks[client]}
            marks[client] = max([marks[client], high_water, *numbers])
        conn.execute("RELEASE message")
        assert page_loads.high_water(conn, client) == marks[client]
    stored = [one for _row, one in page_loads.since_rowid(conn, 0, 10_000)]
    assert len({(one.client, one.seq) for one in stored}) == len(stored)
    for client in CLIENTS:
        assert {one.seq for one in stored if one.client == client} == seen[client]
    assert all(one == load(one.client, one.seq) for one in stored)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(1, 60), st.randoms(use_true_random=False))
def test_at_least_once_becomes_exactly_once(count: int, most: int, chance: random.Random) -> None:
    """A sender that forgets only what is acknowledged, over a line that loses answers: all there, in order, once."""
    conn = connection()
    waiting = list(range(1, count + 1))
    while waiting:
        batch = waiting[: chance.randint(1, most)]
        page_loads.append(conn, "one", [load("one", seq) for seq in batch], batch[-1], 5)
        if chance.random() < 0.6:  # The answer arrived.
            acked = clients.hello(conn, "one", "firefox", "140", "0.1", 0, 0, 0, 6)
            waiting = [seq for seq in waiting if seq > acked]
    assert [one.seq for _row, one in page_loads.since_rowid(conn, 0, 1000)] == list(range(1, count + 1))


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1203])
def test_batches_of_any_size_are_stored_whole(count: int) -> None:
    conn = connection()
    page_loads.append(conn, "one", [load("one", seq) for seq in range(1, count + 1)], 0, 5)
    stored = [one for _row, one in page_loads.since_rowid(conn, 0, 5000)]
    assert stored == [load("one", seq) for seq in range(1, count + 1)]
    assert page_loads.high_water(conn, "one") == count
