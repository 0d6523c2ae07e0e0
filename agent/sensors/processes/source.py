"""The one interface behind every way of seeing processes, and what a source counts about itself.

    source = await choose_source(clock, uid, ...)      tested and subscribed: nothing is missed from here on
    async for started in source.existing(): ...         what ran before
    async for event in source.events(): ...             what starts and ends, until close()

A start that `existing()` yielded is not repeated by `events()`, and the other way round.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from agent.model.events import ProcessEnded, ProcessStarted
from agent.model.health import Health

ProcessEvent = ProcessStarted | ProcessEnded


@dataclass(slots=True)
class SourceStats:
    """What a source saw and did not see since it began. Counts only.

    Attributes:
        started: Starts reported, those running at the beginning included.
        ended: Ends reported.
        unread: Starts announced by the kernel whose process was gone before anything of it, its owner included, could
            be read; and programs that a further exec replaced before they could be read.
        overflows: Times the kernel said that it dropped announcements; each is followed by a full scan.
        lost: Events that nobody fetched in time.
        found_late: Starts, ends and replaced programs that only the reconciliation found.
    """

    started: int = 0
    ended: int = 0
    unread: int = 0
    overflows: int = 0
    lost: int = 0
    found_late: int = 0


class ProcessSource(Protocol):
    """A way of learning which processes of one person start and end. Used from one event loop."""

    @property
    def stats(self) -> SourceStats:
        """The counts so far; the same object every time."""
        ...

    async def probe(self) -> Health:
        """Try whether this way works here, and begin to observe if it does. Takes at most about a second."""
        ...

    def existing(self) -> AsyncIterator[ProcessStarted]:
        """Yield the processes that run already, each once."""
        ...

    def events(self) -> AsyncIterator[ProcessEvent]:
        """Yield starts and ends as they are seen, until `close`. One consumer."""
        ...

    def health(self) -> Health:
        """Say what is at work and what it misses."""
        ...

    def slow(self, factor: int) -> None:
        """Wait so many times as long between two looks. What the system announces is taken as at any other time."""
        ...

    async def close(self) -> None:
        """Stop observing and end `events`. May be called twice."""
        ...
