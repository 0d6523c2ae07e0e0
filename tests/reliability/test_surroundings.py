"""The world around the agent is wrong: folders open to others, long paths, a full disk, a damaged database, a policy
that cannot be followed, a second agent, a machine that sleeps.

Each must give one clear line that says what to do, and nothing acknowledged may be lost.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.agent import Agent, prepared_agent
from tests.support.client import RelayClient, connect, hello, load, new_client_id
from tests.support.waiting import until
from tests.support.wire import Message


async def refuses_to_start(agent: Agent, *words: str) -> None:
    """Start an agent that must end by itself with exit code 1 and one clear message."""
    before = len(agent.log)
    await agent.launch()
    code = await agent.wait()
    said = agent.log[before:]
    assert code == 1, said
    assert "Traceback" not in said
    for word in words:
        assert word in said, said


async def keep(agent: Agent, count: int, seed: int = 1) -> None:
    """Have some page loads acknowledged."""
    async with connect(agent.socket, new_client_id(seed)) as link:
        first = (await link.greet())["acked"] + 1
        for seq in range(first, first + count):
            await link.send(load(seq))
        await link.acknowledged(first + count - 1)


async def kept(agent: Agent) -> int:
    return (await agent.totals()).get(("linkedin", "profile"), 0)


async def test_a_second_agent_is_refused_and_the_first_goes_on(agent: Agent) -> None:
    await agent.start()
    await keep(agent, 5)
    second = Agent(agent.folder, agent.env)
    try:
        await refuses_to_start(second, "already runs", str(agent.pid))
    finally:
        await second.close()
    assert agent.running
    await keep(agent, 5)
    assert await kept(agent) == 10


async def test_a_killed_agent_does_not_stand_in_the_way_of_the_next(agent: Agent) -> None:
    await agent.start()
    await keep(agent, 5)
    await agent.kill()
    await agent.start()
    assert await kept(agent) == 5


async def test_a_socket_folder_open_to_others_is_refused(agent: Agent) -> None:
    await agent.start()
    await agent.stop()
    agent.socket.parent.chmod(0o755)
    await refuses_to_start(agent, "chmod 700")
    agent.socket.parent.chmod(0o700)
    await agent.start()


async def test_the_sockets_are_closed_to_others(agent: Agent) -> None:
    await agent.start()
    for path in (agent.socket, agent.socket.with_name("control.sock")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(agent.socket.parent.stat().st_mode) == 0o700


async def test_something_else_in_the_sockets_place_is_not_destroyed(agent: Agent) -> None:
    await agent.start()
    await agent.stop()
    agent.socket.write_text("somebody's file")
    await refuses_to_start(agent, "not a socket")
    assert agent.socket.read_text() == "somebody's file"


async def test_a_home_too_long_for_a_socket_path_still_works(folder: Path) -> None:
    deep = folder / ("a" * 60) / ("b" * 60)
    async with prepared_agent(folder, GLEANWATCH_HOME=str(deep)) as agent:
        await agent.start()
        assert len(bytes(agent.socket)) <= 100
        assert deep not in agent.socket.parents
        await keep(agent, 3)
        assert await kept(agent) == 3


async def test_a_sleeping_machine_loses_nothing(agent: Agent) -> None:
    await agent.start()
    async with connect(agent.socket, new_client_id(1)) as link:
        await link.greet()
        agent.suspend()
        for seq in range(1, 101):
            await link.send(load(seq))
        await asyncio.sleep(0.5)
        assert link.acked == 0
        agent.resume()
        await link.acknowledged(100)
    assert await kept(agent) == 100


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[None]:
    """Mount a small file system in memory over a folder; needs root on Linux."""
    import ctypes

    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("needs root on Linux to mount a small file system")
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={megabytes}m,mode=0700".encode()
    if libc.mount(b"tmpfs", bytes(place), b"tmpfs", 0, options) != 0:
        pytest.skip(f"cannot mount a small file system here: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        libc.umount2(bytes(place), 2)  # MNT_DETACH: also while something still holds a file in it


def fill(file: Path) -> None:
    """Write until the disk is full."""
    with file.open("ab", buffering=0) as sink:
        for size in (65_536, 4_096, 512):
            try:
                while True:
                    sink.write(b"\0" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC


async def test_a_full_disk_refuses_counts_and_recovers(folder: Path) -> None:
    async with prepared_agent(folder) as agent:
        with small_disk(agent.home, 16):
            await agent.start()
            await keep(agent, 50)
            filler = agent.home / "filler"
            async with connect(agent.socket, new_client_id(1)) as link:
                acked = (await link.greet())["acked"]
                fill(filler)
                refusal, sent = await send_until_refused(link, acked)
                assert refusal["reason"] == "store_full"
                assert "space" in refusal["detail"]
                acked = max(acked, link.acked)
                # The same connection takes them again once there is room.
                filler.unlink()
                for seq in range(acked + 1, sent + 1):
                    await link.send(load(seq))
                await link.acknowledged(sent)

                fill(filler)
                async with connect(agent.socket, new_client_id(2)) as newcomer:
                    await newcomer.send(hello(newcomer.client))
                    assert (await newcomer.expect("refuse"))["reason"] == "store_full"
                filler.unlink()
            assert agent.running
            assert (await agent.counters())["relay.store_full"] >= 2
            async with connect(agent.socket, new_client_id(1)) as link:
                assert (await link.greet())["acked"] == sent
            assert await kept(agent) == sent
            await agent.close()


async def send_until_refused(link: RelayClient, acked: int) -> tuple[Message, int]:
    """Send page loads until the agent refuses one; returns the refusal and the last number sent."""
    seq = acked
    for _ in range(400):
        for _ in range(50):
            seq += 1
            await link.send(load(seq))
        await asyncio.sleep(0.01)
        if link.seen("refuse"):
            return link.seen("refuse")[0], seq
    return await link.expect("refuse"), seq


async def test_a_full_disk_at_start_is_said_in_words(folder: Path) -> None:
    async with prepared_agent(folder) as agent:
        with small_disk(agent.home, 1):
            fill(agent.home / "filler")
            await refuses_to_start(agent, "space")


async def test_a_damaged_database_is_kept_and_said(agent: Agent) -> None:
    await agent.start()
    await keep(agent, 500)
    await agent.stop()
    database = next(agent.home.rglob("gleanwatch.db"))
    whole = database.read_bytes()
    damaged = bytearray(whole)
    damaged[4096 : len(damaged)] = os.urandom(len(damaged) - 4096)
    database.write_bytes(damaged)

    await agent.launch()

    async def settled() -> bool:
        return not agent.running or agent.socket.exists()

    await until(settled, "the agent to decide")
    said = agent.log
    assert "Traceback" not in said
    assert "damaged" in said
    kept_somewhere = [path.read_bytes() for path in database.parent.iterdir() if path.is_file()]
    assert bytes(damaged) in kept_somewhere, "the damaged file is kept, whatever happens next"


async def test_a_missing_key_never_makes_a_new_one_over_an_old_database(agent: Agent) -> None:
    await agent.start()
    await keep(agent, 5)
    await agent.stop()
    key = next(agent.home.rglob("gleanwatch.key"))
    hidden = key.read_bytes()
    key.unlink()
    database = next(agent.home.rglob("gleanwatch.db"))
    before = database.read_bytes()
    await refuses_to_start(agent, "key")
    assert database.read_bytes() == before
    assert not key.exists()

    key.write_bytes(hidden)
    key.chmod(0o600)
    await agent.start()
    assert await kept(agent) == 5


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("this is not toml", "policy"),
        ('[organisation]\nname = "Example Ltd"\ncontact = "help@example.org"\n', "monitoring"),
        (
            '[organisation]\nnam = "Example Ltd"\ncontact = "a"\n[monitoring]\njurisdiction = "NO"\n',
            "name",
        ),
        (
            '[organisation]\nname = "Example Ltd"\ncontact = "a"\n[monitoring]\njurisdiction = "NO"\nlead_days = -1\n',
            "lead_days",
        ),
    ],
    ids=["not TOML", "half of it", "a misspelt key", "a negative number"],
)
async def test_a_broken_policy_never_starts_as_if_there_were_none(folder: Path, text: str, word: str) -> None:
    policy = folder / "policy.toml"
    policy.write_text(text)
    async with prepared_agent(folder, "run", GLEANWATCH_POLICY=str(policy)) as agent:
        await refuses_to_start(agent, word)


async def test_asked_to_end_while_watching_begins_it_ends(agent: Agent) -> None:
    """The moment at which the sockets answer is the moment at which watching begins: both must be undone."""
    for _ in range(4):
        await agent.start()
        assert await agent.stop() == 0
        assert "Traceback" not in agent.log
        assert not agent.socket.exists(), "the next one finds a clean place"
