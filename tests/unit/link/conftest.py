"""A relay server on a real socket in a short folder, with a store and gates that the test sets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from agent.link.relay import RelayServer
from tests.support.client import RelayClient, connect
from tests.support.places import short_folder
from tests.unit.link.keeping import House, MemoryKeeper

CLIENT = "A" * 22


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as place:
        yield place


@pytest.fixture
async def house() -> House:
    house = House(MemoryKeeper())
    house.open_gate()
    return house


@pytest.fixture
async def server(folder: Path, house: House) -> AsyncIterator[RelayServer]:
    serving = RelayServer(house.settings(), folder / "relay.sock", os.getuid())
    await serving.start()
    yield serving
    house.keeper.proceed.set()
    await serving.stop()
    await asyncio.sleep(0)


@pytest.fixture
def calling(server: RelayServer, folder: Path) -> Callable[..., AbstractAsyncContextManager[RelayClient]]:
    """Connect as a browser does, without a word said yet."""
    return lambda client=CLIENT: connect(folder / "relay.sock", client)


@pytest.fixture
async def browser(calling: Callable[..., AbstractAsyncContextManager[RelayClient]]) -> AsyncIterator[RelayClient]:
    """A browser that was welcomed."""
    async with calling() as link:
        await link.greet()
        await link.expect("flags")
        yield link
