"""A short folder and an agent of its own for each test; whatever was started is ended by its pid afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.agent import Agent, prepared_agent
from tests.support.places import short_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short temporary folder."""
    with short_folder() as place:
        yield place


@pytest.fixture
async def agent(folder: Path) -> AsyncIterator[Agent]:
    """An agent that is prepared but not started."""
    async with prepared_agent(folder) as made:
        yield made
