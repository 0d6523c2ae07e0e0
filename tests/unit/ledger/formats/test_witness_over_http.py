"""A witness over real HTTP: what it has cosigned survives being killed, and a log finds its way back to it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest

from agent.ledger import cosignature, note
from agent.ledger.witness import SIZE_TYPE, Conflict, Cosigned, Refused, Witness, read_answer, request
from tests.support.witness_server import KeptStates, RunningWitness, post, serving, witness_process
from tests.unit.ledger.formats.trees import LOG, ORIGIN, SECONDS, WITNESS, Tree, seed

TREE = Tree.of(20)
FORK = Tree([*TREE.entries[:7], *[b"something else"] * 13])


async def submit(url: str, old: int, new: int, tree: Tree = TREE) -> Cosigned | Conflict | Refused:
    signed = tree.signed(new)
    answer = await post(url, request(old, tree.consistency(old, new), signed))
    return read_answer(answer.status, answer.content_type, answer.body, note.parse(signed), [WITNESS.verifier])


async def test_statuses_and_types_arrive_as_they_were_meant(tmp_path: Path) -> None:
    states = KeptStates(tmp_path / "seen.sqlite")
    async with serving(Witness(WITNESS, {ORIGIN: LOG.verifier}, states, lambda: SECONDS)) as url:
        assert isinstance(await submit(url, 0, 5), Cosigned)
        conflict = await post(url, request(0, [], TREE.signed(8)))
        assert (conflict.status, conflict.content_type, conflict.body) == (409, SIZE_TYPE, b"5\n")
        refused = await submit(url, 5, 12, Tree([b"again", *TREE.entries[1:]]))
        assert isinstance(refused, Refused)
        assert refused.status == 422
        assert (await post(url, b"hello")).status == 400
        where = f"{url}/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
        async with aiohttp.ClientSession() as session, session.get(where) as response:
            assert cosignature.check(note.parse(await response.read()), WITNESS.verifier) == SECONDS
    states.close()


async def test_a_killed_witness_remembers_what_it_cosigned(tmp_path: Path) -> None:
    def witness(fall_over: int = 0) -> AbstractAsyncContextManager[RunningWitness]:
        return witness_process(tmp_path, "witness.example", seed("witness"), [LOG.verifier], fall_over)

    async with witness() as running:
        assert isinstance(await submit(running.url, 0, 8), Cosigned)
        await running.kill()
    async with witness(fall_over=1) as running:
        assert await submit(running.url, 0, 10, FORK) == Conflict(8)
        assert isinstance(await submit(running.url, 8, 10, FORK), Refused)
        with pytest.raises(aiohttp.ClientError):  # remembers 12, and is killed before it can say so
            await submit(running.url, 8, 12)
    async with witness() as running:
        assert await submit(running.url, 8, 12) == Conflict(12)
        assert isinstance(await submit(running.url, 12, 12), Cosigned)
        assert isinstance(await submit(running.url, 12, 20), Cosigned)
