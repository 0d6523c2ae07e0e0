"""A program without a session cannot use up the agent's file descriptors: it goes on answering, and says little of it.

The real agent runs with few descriptors; a program opens as many connections to its page as it gets, says nothing and
opens new ones all the time.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.support.agent import Agent
from tests.support.client import connect, load, new_client_id
from tests.support.places import clean_environment, short_folder
from tests.support.waiting import until

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit(1) of util-linux sets the limit"),
]

LINK = re.compile(r"http://(gw-[0-9a-z]+\.localhost:(\d+))(/enter/[A-Za-z0-9_-]+)")
DESCRIPTORS = 160
HELD = 400
CROWD = """
import socket, sys, time
port, held = int(sys.argv[1]), []
said = False
while True:
    link = socket.socket()
    link.settimeout(1)
    try:
        link.connect(("127.0.0.1", port))
    except OSError:
        link.close()
        continue
    held.append(link)
    if len(held) >= %d:
        if not said:
            print("held", flush=True)
            said = True
        held.pop(0).close()
        time.sleep(0.01)
"""


@asynccontextmanager
async def a_crowd(port: int) -> AsyncIterator[None]:
    """Hold connections from a program of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-IS", "-c", CROWD % HELD, str(port), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"held\n"
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def lines(agent: Agent) -> int:
    """How many lines its log has."""
    return sum(file.read_bytes().count(b"\n") for file in (agent.home / "log").glob("agent.log*"))


def descriptors(agent: Agent) -> int:
    """How many file descriptors it has open (proc(5))."""
    return len(list(Path(f"/proc/{agent.pid}/fd").iterdir()))


async def test_the_agent_goes_on_while_a_program_takes_every_connection_it_gets() -> None:
    with short_folder() as folder:
        limit = ("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}")
        agent = Agent(folder, clean_environment(folder), prefix=limit)
        try:
            await agent.start()
            process = psutil.Process(agent.pid)
            await until(lambda: any(each.status == "LISTEN" for each in process.net_connections("tcp")), "the page")
            port = next(each.laddr.port for each in process.net_connections("tcp") if each.status == "LISTEN")
            before = lines(agent)
            async with a_crowd(port):
                assert descriptors(agent) < DESCRIPTORS
                await page_answers(agent)
                async with connect(agent.socket, new_client_id(1)) as browser:
                    await browser.greet()
                    await browser.send(load(1))
                    await browser.acknowledged(1)
                await asyncio.sleep(3)
                assert descriptors(agent) < DESCRIPTORS
                assert (await agent.counters())["web.crowded"] > 100
            assert lines(agent) - before < 50
            faults = agent.home / "faults"
            assert not faults.exists() or not list(faults.iterdir())
        finally:
            await agent.close()


async def page_answers(agent: Agent) -> None:
    """Open the page by a fresh link and read it, each time over a connection of its own."""
    said = await agent.command("status")
    link = LINK.search(said.out.replace("\n", ""))
    assert link is not None, said.err
    host, port, entry = link.groups()
    jar = aiohttp.DummyCookieJar()
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", cookie_jar=jar) as http,
        http.get(entry, headers={"Host": host}, allow_redirects=False) as answer,
    ):
        cookie = answer.cookies["gleanwatch"].value
    for _ in range(5):
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{port}", cookie_jar=jar) as http,
            http.get("/", headers={"Host": host, "Cookie": f"gleanwatch={cookie}"}) as answer,
        ):
            assert answer.status == 200
            assert "Gleanwatch" in await answer.text()
