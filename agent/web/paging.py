"""Long lists a page at a time: where a page begins, as its address says, and which pages lie beside it."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from agent.pages.security import Refusal, Refused
from agent.web.shared import ENTRY


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a list.

    Attributes:
        start: How many entries lie before it.
        shown: How many are on it.
        total: How many there are in all.
        size: How many a full page has.
    """

    start: int
    shown: int
    total: int
    size: int

    @property
    def first(self) -> int:
        """Number of its first entry, counted from 1."""
        return self.start + 1

    @property
    def last(self) -> int:
        """Number of its last entry."""
        return self.start + self.shown

    @property
    def newer(self) -> int | None:
        """Where the page before it begins, or None."""
        return max(0, min(self.start, self.total) - self.size) if self.start > 0 else None

    @property
    def older(self) -> int | None:
        """Where the page after it begins, or None."""
        return self.last if self.shown and self.last < self.total else None


def start_of(request: web.Request) -> int:
    """Return how many entries a request passes over (`from`), 0 where it does not say.

    Raises:
        Refused: It is no number.
    """
    asked = request.query.get("from", "")
    if not asked:
        return 0
    if not ENTRY.fullmatch(asked):
        raise Refused(Refusal.NOT_FOUND)
    return int(asked)
