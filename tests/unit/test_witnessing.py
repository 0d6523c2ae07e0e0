"""Witnessing: a real store, real witnesses behind real HTTP on loopback, a clock that only a test moves.

What is asked, when, with how little; what is kept; and what is said when a witness does not know the record again.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import apsw
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from agent.ledger import log as logs
from agent.ledger import note
from agent.ledger.cosignature import Cosigner
from agent.ledger.merkle import check_consistency
from agent.ledger.note import NoteError, VerifierKey
from agent.ledger.witness import MAX_ANSWER, Answer
from agent.ledger.witness import Witness as WitnessRules
from agent.model.health import Condition
from agent.settings.policy import Witness
from agent.store import audit, ledger
from agent.store.database import Store, open_store
from agent.witnessing import (
    EVERY_SECONDS,
    FIRST_SECONDS,
    GRAVE,
    HEARTBEAT_SECONDS,
    MOST_SECONDS,
    SPREAD,
    Witnessing,
    WitnessingParts,
    Word,
    post,
    wait_seconds,
)
from tests.support.waiting import until
from tests.support.witness_server import KeptStates, serving, witness_process

KEY = bytes(range(32))
AT = 1_795_000_000_000
SECONDS = AT // 1000


def cosigner(name: str = "witness.example") -> Cosigner:
    return Cosigner(name, name.encode().ljust(32, b"."))


@dataclass(slots=True)
class Clock:
    """Stands still until a test moves it."""

    seconds: float = 0.0

    def now(self) -> int:
        return AT + int(self.seconds * 1000)

    def monotonic(self) -> float:
        return self.seconds


@dataclass(slots=True)
class Asked:
    """What was sent to a witness, with its answers; `post` is the real one."""

    bodies: list[bytes] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    async def post(self, url: str, body: bytes) -> Answer:
        self.bodies.append(body)
        answer = await post(url, body, 5.0)
        self.statuses.append(answer.status)
        return answer

    @property
    def olds(self) -> list[int]:
        return [int(body.split(b"\n")[0].removeprefix(b"old ")) for body in self.bodies]


class Rig:
    """A ledger, and the witnesses that are to see it."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self.clock = Clock()
        self.asked = Asked()
        self.counted: Counter[str] = Counter()

    async def grow(self, entries: int = 1) -> None:
        for number in range(entries):
            await self.store.write(lambda tx, n=number: self.store.ledger.append(tx, "policy", AT + n, {}))  # type: ignore[misc]

    async def key(self, log: int = 1) -> VerifierKey:
        return await self.store.read(lambda conn: ledger.verifier(conn, log))

    async def rules(self, signer: Cosigner | None = None, name: str = "seen") -> WitnessRules:
        """Return a witness that knows every log there will be, with a memory of its own."""
        keys = [await self.key(number) for number in (1, 2, 3)]
        states = KeptStates(self.folder / f"{name}.sqlite")
        return WitnessRules(signer or cosigner(), {key.name: key for key in keys}, states, lambda: SECONDS)

    def asking(
        self, *witnesses: tuple[VerifierKey, str], post: Callable[[str, bytes], Awaitable[Answer]] | None = None
    ) -> Witnessing:
        return Witnessing(
            WitnessingParts(
                self.store,
                self.clock,
                [Witness(str(key), url) for key, url in witnesses],
                lambda name: self.counted.update([name]),
                lambda: 0.0,
                post or self.asked.post,
            )
        )

    async def kept(self) -> list[tuple[int, int, str]]:
        return await self.store.read(
            lambda conn: conn.execute("SELECT log, size, witness FROM ledger_cosignature ORDER BY 1, 2, 3").fetchall()
        )


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    store = open_store(tmp_path / "gleanwatch.db", KEY, Clock())
    yield Rig(tmp_path, store)
    await store.close()


def condition(asking: Witnessing) -> Condition | None:
    health = asking.health()
    return None if health is None else health.condition


# What is asked, and when


async def test_without_witnesses_nothing_runs_and_nothing_is_said(rig: Rig) -> None:
    asking = rig.asking()
    asking.start()
    await asking.look()
    await asking.close()
    assert asking.health() is None


async def test_a_cosignature_is_kept_checked_and_in_every_proof(rig: Rig) -> None:
    await rig.grow(5)
    async with serving(await rig.rules()) as url:
        asking = rig.asking((cosigner().verifier, url))
        assert condition(asking) is Condition.WORKING
        await asking.look()
    assert await rig.kept() == [(1, 5, "witness.example")]
    assert condition(asking) is Condition.WORKING
    await rig.grow(2)

    def look(conn: apsw.Connection) -> tuple[audit.Verification, bytes, bytes]:
        row = ledger.logs(conn)[0]
        found = audit.verify(conn, witnesses=[cosigner().verifier])
        return found, ledger.covering_checkpoint(conn, row, 4), ledger.covering_checkpoint(conn, row, 5)

    found, seen, unseen = await rig.store.read(look)
    assert (found.ok, found.witnesses, found.witnessed) == (True, ("witness.example",), 5)
    assert note.verified(note.parse(seen), [cosigner().verifier]) == (cosigner().verifier,)
    assert logs.checkpoint_of(seen).size == 5
    assert note.verified(note.parse(unseen), [cosigner().verifier]) == ()
    assert logs.checkpoint_of(unseen).size == 7


async def test_only_what_grew_is_sent_and_from_where_the_witness_stands(rig: Rig) -> None:
    await rig.grow(3)
    async with serving(await rig.rules()) as url:
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
        for _ in range(3):
            rig.clock.seconds += EVERY_SECONDS
            await asking.look()
        assert rig.asked.olds == [0]
        await rig.grow(4)
        await asking.look()  # not yet: ten minutes have not passed
        assert rig.asked.olds == [0]
        rig.clock.seconds += EVERY_SECONDS
        await asking.look()
    assert rig.asked.olds == [0, 3]
    assert rig.counted == {"witness.cosigned": 2}
    assert await rig.kept() == [(1, 3, "witness.example"), (1, 7, "witness.example")]


async def test_once_a_day_the_witness_hears_that_nothing_was_added(rig: Rig) -> None:
    await rig.grow(3)
    async with serving(await rig.rules()) as url:
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
        rig.clock.seconds += HEARTBEAT_SECONDS
        await asking.look()
        await asking.look()
    assert rig.asked.olds == [0, 3]
    assert await rig.kept() == [(1, 3, "witness.example")]


async def test_the_start_is_spread_and_asks_even_if_nothing_was_added(rig: Rig) -> None:
    await rig.grow(3)
    async with serving(await rig.rules()) as url:
        await rig.asking((cosigner().verifier, url)).look()
        parts = WitnessingParts(
            rig.store, rig.clock, [Witness(str(cosigner().verifier), url)], lambda _n: None, lambda: 0.5, rig.asked.post
        )
        asking = Witnessing(parts)
        await asking.look()
        assert rig.asked.olds == [0]
        rig.clock.seconds += FIRST_SECONDS / 2
        await asking.look()
    assert rig.asked.olds == [0, 3]


async def test_the_loop_asks_by_itself_and_stops_when_it_is_closed(rig: Rig) -> None:
    await rig.grow(3)
    async with serving(await rig.rules()) as url:
        asking = rig.asking((cosigner().verifier, url))
        asking.start()
        await until(rig.kept, "the cosignature")
        await rig.grow(1)
        rig.clock.seconds += EVERY_SECONDS
        await asking.close()
        asking.start()
        await until(lambda: len(rig.asked.bodies) == 2, "the second question")
        await asking.close()


async def test_every_log_is_seen_to_its_end_after_a_rotation(rig: Rig) -> None:
    await rig.grow(3)
    async with serving(await rig.rules()) as url:
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
        await rig.store.write(lambda tx: rig.store.ledger.rotate(tx, AT))
        await rig.grow(2)
        rig.clock.seconds += EVERY_SECONDS
        await asking.look()
        rig.clock.seconds += HEARTBEAT_SECONDS
        await asking.look()
    assert await rig.kept() == [(1, 3, "witness.example"), (1, 4, "witness.example"), (2, 3, "witness.example")]
    assert rig.asked.olds == [0, 3, 0, 3]  # the heartbeat is the open log's alone


async def test_several_witnesses_each_go_their_own_way(rig: Rig) -> None:
    await rig.grow(4)
    names = ("one.example", "two.example")
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(serving(await rig.rules(cosigner(n), n))) for n in names]
        first = rig.asking((cosigner(names[0]).verifier, urls[0]))
        await first.look()
        await rig.grow(3)
        both = rig.asking(*((cosigner(n).verifier, url) for n, url in zip(names, urls, strict=True)))
        await both.look()
    assert await rig.kept() == [(1, 4, "one.example"), (1, 7, "one.example"), (1, 7, "two.example")]
    health = both.health()
    assert health is not None
    assert health.how.startswith("2 of 2")


# What leaves


async def test_nothing_leaves_but_origin_size_root_signature_and_hashes(rig: Rig) -> None:
    await rig.store.write(lambda tx: rig.store.ledger.append(tx, "act", AT, {"words": "the secret words of a person"}))
    await rig.grow(4)
    async with serving(await rig.rules()) as url:
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
        await rig.grow(2)
        rig.clock.seconds += EVERY_SECONDS
        await asking.look()
    key = await rig.key()
    for body in rig.asked.bodies:
        head, _, signed = body.partition(b"\n\n")
        read = note.parse(signed)
        assert note.verified(read, [key]) == (key,)
        assert len(read.signatures) == 1
        assert len(read.text.splitlines()) == 3
        assert all(len(line) == 44 for line in head.split(b"\n")[1:])


async def test_the_request_carries_no_header_that_tells_of_this_program() -> None:
    seen: list[dict[str, str]] = []

    async def look(request: web.Request) -> web.Response:
        seen.append({name.lower(): value for name, value in request.headers.items()})
        return web.Response(text="x", headers={"Set-Cookie": "who=you"})

    async with listening(look) as url:
        await post(f"{url}/add-checkpoint", b"body")
        await post(f"{url}/add-checkpoint", b"body")
    for headers in seen:
        assert headers.keys() <= {"host", "accept", "accept-encoding", "content-length", "content-type"}
        assert headers["accept-encoding"] == "identity"  # nothing that unpacks to more than was read


async def test_a_redirection_is_not_followed() -> None:
    paths: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=307, headers={"Location": "/another"})

    async with listening(elsewhere) as url:
        assert (await post(f"{url}/add-checkpoint", b"body")).status == 307
    assert paths == ["/add-checkpoint"]


async def test_of_an_endless_answer_no_more_is_read_than_anybody_believes() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"x" * 65_536)
        return response

    async with listening(endless) as url:
        answer = await post(url, b"body")
    assert MAX_ANSWER < len(answer.body) <= MAX_ANSWER + 65_536


# A witness that does not sign


@asynccontextmanager
async def listening(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Serve one handler for every path on loopback."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def always(
    status: int, text: str = "no\n", content_type: str = "text/plain"
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=text.encode(), headers={"Content-Type": content_type})

    return handler


@pytest.mark.parametrize(
    ("status", "text", "word", "said"),
    [
        (403, "no\n", Word.REFUSED, "does not accept the signature"),
        (404, "no\n", Word.UNKNOWN, "gleanwatch.localhost/"),
        (400, "no\n", Word.REFUSED, "could not read the request"),
        (500, "no\n", Word.REFUSED, "try again later"),
        (301, "no\n", Word.REFUSED, "try again later"),
        (200, "no\n", Word.GARBLED, "no answer"),
        (200, "", Word.GARBLED, "no answer"),
        (200, "x" * (MAX_ANSWER + 1), Word.GARBLED, "not read"),
        (409, "7", Word.GARBLED, "size"),
    ],
)
async def test_who_does_not_sign_is_named_with_the_reason_and_asked_again_later(
    rig: Rig, status: int, text: str, word: Word, said: str
) -> None:
    await rig.grow(3)
    async with listening(always(status, text)) as url:
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
    health = asking.health()
    assert health is not None
    assert health.condition is Condition.DEGRADED
    assert "witness.example" in health.missed
    assert said in health.missed
    assert rig.counted == {f"witness.{word}": 1}
    assert await rig.kept() == []
    async with serving(await rig.rules()) as url:
        assert condition(rig.asking((cosigner().verifier, url))) is Condition.WORKING


async def test_the_log_knows_a_witness_by_its_key_and_no_name_or_address(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    await rig.grow(3)
    async with listening(always(403)) as url:
        await rig.asking((cosigner().verifier, url)).look()
    (line,) = caplog.messages
    assert line == f"a witness (key {cosigner().verifier.key_id.hex()}): refused"
    assert "witness.example" not in caplog.text and url not in caplog.text


async def test_a_cosignature_by_somebody_else_is_not_kept(rig: Rig) -> None:
    await rig.grow(3)
    async with serving(await rig.rules(cosigner("stranger.example"))) as url:
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
    assert (await rig.kept(), rig.counted) == ([], {"witness.garbled": 1})


async def test_a_witness_that_is_down_or_never_answers_is_asked_again(rig: Rig) -> None:
    await rig.grow(3)
    forever = asyncio.Event()

    async def hang(_request: web.Request) -> web.StreamResponse:
        await forever.wait()
        return web.Response()

    async with listening(hang) as url:
        asking = rig.asking((cosigner().verifier, url), post=partial(post, timeout_seconds=0.1))
        await asking.look()
        forever.set()
    rig.clock.seconds += EVERY_SECONDS
    await asking.look()  # nobody listens there any more
    assert rig.counted == {"witness.unreached": 2}
    assert condition(asking) is Condition.DEGRADED


async def test_the_longer_a_witness_is_silent_the_less_often_it_is_asked(rig: Rig) -> None:
    await rig.grow(3)
    async with listening(always(503)) as url:
        asking = rig.asking((cosigner().verifier, url))
        asked = []
        for _ in range(20):
            await asking.look()
            asked.append(len(rig.asked.bodies))
            rig.clock.seconds += EVERY_SECONDS
    assert asked == [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 6]


async def test_once_it_signs_an_earlier_silence_counts_no_more(rig: Rig) -> None:
    await rig.grow(3)
    rules = await rig.rules()
    statuses = [503, 503, 503, 200, 503, 503]

    async def wavering(request: web.Request) -> web.Response:
        if statuses.pop(0) == 503:
            return web.Response(status=503)
        answer = rules.add_checkpoint(await request.read())
        return web.Response(status=answer.status, body=answer.body)

    async with listening(wavering) as url:
        asking = rig.asking((cosigner().verifier, url))
        for _ in range(4):
            await asking.look()
            rig.clock.seconds += MOST_SECONDS
        assert condition(asking) is Condition.WORKING
        await rig.grow(1)
        await asking.look()
        rig.clock.seconds += EVERY_SECONDS
        await asking.look()
    assert statuses == []


async def test_a_witness_killed_before_it_could_answer_is_met_where_it_stands(rig: Rig) -> None:
    """It remembered the checkpoint and fell over: asked from the old size it names the new one, and signs then."""
    await rig.grow(4)
    key = await rig.key()
    seed = b"witness.example".ljust(32, b".")
    async with witness_process(rig.folder, "witness.example", seed, [key], fall_over=1) as running:
        asking = rig.asking((cosigner().verifier, running.url))
        await asking.look()
        assert condition(asking) is Condition.DEGRADED
        await running.process.wait()
    await rig.grow(3)
    async with witness_process(rig.folder, "witness.example", seed, [key]) as running:
        asking = rig.asking((cosigner().verifier, running.url))
        await asking.look()
    assert rig.asked.olds == [0, 0, 4]
    assert rig.asked.statuses[-2:] == [409, 200]
    assert await rig.kept() == [(1, 7, "witness.example")]
    assert condition(asking) is Condition.WORKING


async def test_a_conflict_is_answered_once_and_not_for_ever(rig: Rig) -> None:
    await rig.grow(9)
    named = iter(range(1, 9))

    async def wavering(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=409, body=f"{next(named)}\n".encode(), headers={"Content-Type": "text/x.tlog.size"})

    async with listening(wavering) as url:
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
    assert rig.asked.olds == [0, 1]
    assert rig.counted == {"witness.garbled": 1}


# A record that a witness does not know again


async def restored(rig: Rig, change: Callable[[Path], object]) -> None:
    """Close the database, let somebody do something with its file, and open it again."""
    await rig.store.close()
    change(rig.folder / "gleanwatch.db")
    rig.store = open_store(rig.folder / "gleanwatch.db", KEY, rig.clock)


async def put_back(rig: Rig, url: str) -> None:
    """Let the witness see 8 entries of a log of which only a copy with 5 is left."""
    await rig.grow(5)
    copy = rig.folder / "copy.db"
    await restored(rig, lambda path: shutil.copy(path, copy))
    await rig.grow(3)
    await rig.asking((cosigner().verifier, url)).look()
    await restored(rig, lambda path: shutil.copy(copy, path))


async def test_an_older_copy_put_back_is_seen_and_said_loudly(rig: Rig) -> None:
    async with serving(await rig.rules()) as url:
        await put_back(rig, url)
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
        health = asking.health()
        assert health is not None
        assert health.condition is Condition.FAILED
        assert "8 entries of this log, which now has 5" in health.missed
        assert "ledger verify" in health.action
        assert rig.counted["witness.rolled_back"] == 1
        rig.clock.seconds += MOST_SECONDS
        await asking.look()
        assert rig.asked.olds[1:] == [0]  # not asked again so soon
        rig.clock.seconds += HEARTBEAT_SECONDS
        await asking.look()
        assert rig.counted["witness.rolled_back"] == 2
    rig.clock.seconds += HEARTBEAT_SECONDS
    await asking.look()  # the witness is gone: what it saw is not unsaid by that
    assert rig.counted["witness.unreached"] == 1
    assert condition(asking) is Condition.FAILED


async def test_an_older_copy_that_grew_past_the_witness_is_another_history(rig: Rig) -> None:
    async with serving(await rig.rules()) as url:
        await put_back(rig, url)
        await rig.grow(7)
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
    assert condition(asking) is Condition.FAILED
    assert rig.asked.statuses[-2:] == [409, 422]
    assert rig.counted["witness.other_history"] == 1
    assert await rig.kept() == []


async def test_only_a_signature_takes_back_what_a_witness_has_seen(rig: Rig) -> None:
    await rig.grow(5)
    rules = await rig.rules()
    statuses = [422, 503]

    async def mending(request: web.Request) -> web.StreamResponse:
        if statuses:
            return web.Response(status=statuses.pop(0))
        answer = rules.add_checkpoint(await request.read())
        return web.Response(status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type})

    async with listening(mending) as url:
        asking = rig.asking((cosigner().verifier, url))
        seen = []
        for _ in range(3):
            await asking.look()
            seen.append(condition(asking))
            rig.clock.seconds += 2 * HEARTBEAT_SECONDS
    assert seen == [Condition.FAILED, Condition.FAILED, Condition.WORKING]


async def test_a_forked_log_gets_no_second_signature(rig: Rig) -> None:
    """Two copies of one database grow apart: whichever comes second is refused, though its own signatures hold."""
    await rig.grow(5)
    twin_path = rig.folder / "twin.db"
    await restored(rig, lambda path: shutil.copy(path, twin_path) and None)
    shutil.copy(rig.folder / "gleanwatch.db-key", rig.folder / "twin.db-key")
    twin = Rig(rig.folder, open_store(twin_path, KEY, rig.clock))
    await rig.grow(3)
    await twin.grow(4)
    async with serving(await rig.rules()) as url:
        first, second = rig.asking((cosigner().verifier, url)), twin.asking((cosigner().verifier, url))
        await first.look()
        await second.look()
    assert condition(first) is Condition.WORKING
    assert condition(second) is Condition.FAILED
    assert await twin.kept() == []
    await twin.store.close()


async def test_entries_that_are_gone_are_noticed_by_the_cosignature_that_stayed(rig: Rig) -> None:
    """Only entries and checkpoints were cut off: the kept cosignature tells before anybody is asked."""
    await rig.grow(6)
    async with serving(await rig.rules()) as url:
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()

        def cut(tx: apsw.Connection) -> None:
            for trigger in ("ledger_entry_is_kept", "ledger_checkpoint_is_kept"):
                tx.execute(f"DROP TRIGGER {trigger}")
            tx.execute("DELETE FROM ledger_entry WHERE entry >= 4")
            tx.execute("DELETE FROM ledger_checkpoint WHERE size > 4")

        await rig.store.write(cut)
        rig.clock.seconds += EVERY_SECONDS
        await asking.look()
    assert len(rig.asked.bodies) == 1
    assert condition(asking) is Condition.FAILED
    assert rig.counted["witness.rolled_back"] == 1


async def test_a_tree_with_a_hole_is_not_sent(rig: Rig) -> None:
    await rig.grow(6)
    async with serving(await rig.rules()) as url:
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
        await rig.grow(1)

        def hole(tx: apsw.Connection) -> None:
            tx.execute("DROP TRIGGER ledger_entry_stays")
            tx.execute("UPDATE ledger_entry SET nodes = x''")

        await rig.store.write(hole)
        rig.clock.seconds += EVERY_SECONDS
        await asking.look()
    health = asking.health()
    assert health is not None
    assert health.condition is Condition.FAILED
    assert "contradicts itself" in health.missed
    assert rig.asked.olds == [0]


# Keys, waits


def test_a_key_that_is_none_is_refused_when_it_is_built() -> None:
    with pytest.raises(NoteError):
        Witnessing(
            WitnessingParts(
                None,  # type: ignore[arg-type]
                Clock(),
                [Witness("witness.example+00000000+" + "A" * 44, "https://witness.example")],
                lambda _name: None,
                lambda: 0.0,
            )
        )


@given(st.sampled_from(Word), st.integers(0, 10_000), st.floats(0, 1))
def test_waits_are_never_short_and_never_longer_than_a_day_and_a_bit(word: Word, failures: int, draw: float) -> None:
    wait = wait_seconds(word, failures, draw)
    assert wait >= EVERY_SECONDS / 2
    assert wait <= (HEARTBEAT_SECONDS if word in GRAVE else MOST_SECONDS) * (1 + SPREAD)


@given(st.integers(1, 100))
def test_who_cannot_be_reached_is_asked_less_and_less_often(failures: int) -> None:
    one, more = (wait_seconds(Word.UNREACHED, n, 0.0) for n in (failures, failures + 1))
    assert EVERY_SECONDS <= one <= more <= MOST_SECONDS


async def test_what_is_sent_proves_growth_to_anybody(rig: Rig) -> None:
    """Not only to our own witness: path and roots pass the plain check."""
    roots = {}
    await rig.grow(5)
    async with serving(await rig.rules()) as url:
        asking = rig.asking((cosigner().verifier, url))
        await asking.look()
        await rig.grow(6)
        rig.clock.seconds += EVERY_SECONDS
        await asking.look()
    for body in rig.asked.bodies:
        head, _, signed = body.partition(b"\n\n")
        checkpoint = logs.checkpoint_of(signed)
        roots[checkpoint.size] = checkpoint.root
    path = [base64.b64decode(line) for line in head.split(b"\n")[1:]]
    check_consistency(5, 11, path, roots[5], roots[11])
