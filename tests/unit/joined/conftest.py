"""A clock that stands still, and everything joined over this test's own database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.opening import Rulebook
from tests.unit.joined.rig import Join, Joined, Joining, MovedClock, personal


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def join(tmp_path: Path, clock: MovedClock) -> Join:
    """Return a function that joins everything over this test's database, under rules that may change between starts."""

    def joining(rulebook: Rulebook | None = None) -> Joining:
        return Joining(tmp_path / "gleanwatch.db", rulebook or personal(), clock)

    return joining


@pytest.fixture
async def alone(join: Join) -> AsyncIterator[Joined]:
    """A person's own instance."""
    async with join() as joined:
        yield joined
