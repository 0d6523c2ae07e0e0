"""A store in a temporary folder, and a clock that only moves when a test moves it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.model.events import PageLoad
from agent.store.database import Store, open_store

KEY = bytes(range(32))


@dataclass(slots=True)
class ManualClock:
    """Implements `agent.model.ports.Clock`; time stands still until it is moved."""

    at: int = 1_795_000_000_000

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    def advance(self, milliseconds: int) -> None:
        self.at += milliseconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def key() -> bytes:
    return KEY


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gleanwatch.db"


@pytest.fixture
async def store(path: Path, clock: ManualClock) -> AsyncIterator[Store]:
    opened = open_store(path, KEY, clock)
    yield opened
    await opened.close()


@pytest.fixture
def page_load(clock: ManualClock) -> Callable[..., PageLoad]:
    """Make a page load with a number; everything else has a value that tests may change."""

    def make(seq: int, **fields: object) -> PageLoad:
        values: dict[str, object] = {
            "client": "a-client",
            "seq": seq,
            "platform": "linkedin",
            "page_class": "profile",
            "at": clock.now(),
            "first": True,
            "sequential": False,
        }
        return PageLoad(**(values | fields))  # type: ignore[arg-type]

    return make
