"""What the page remembers of one session while it lasts: the language chosen, and when a text lay before the person.

A page notes at rendering what it shows; the press that follows reads how long that was ago, so that the record can say
how long a text lay before somebody who answered it. Measured here and not in the browser: a script could say anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.model.consent import ErasurePreview
from agent.model.ports import Clock
from agent.pages.session import MOST_SESSIONS, Session


@dataclass(slots=True)
class Visit:
    """One session's memory.

    Attributes:
        language: The language chosen by hand, or empty.
        shown: Place (such as `notice`) → the text shown there last and when, seconds on the monotonic clock.
        erased: What the last erasure took away, until it was told.
    """

    language: str = ""
    shown: dict[str, tuple[str, float]] = field(default_factory=dict)
    erased: ErasurePreview | None = None


class Visits:
    """Every session's memory; as many as there can be sessions, oldest out first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._visits: dict[str, Visit] = {}

    def of(self, session: Session) -> Visit:
        """Return a session's memory; a new one is empty."""
        visit = self._visits.get(session.key)
        if visit is None:
            while len(self._visits) >= MOST_SESSIONS:
                del self._visits[next(iter(self._visits))]
            visit = self._visits[session.key] = Visit()
        return visit

    def show(self, session: Session, place: str, text: str, *, came_back: bool = False) -> None:
        """Note that a text is put before the person now.

        Args:
            session: Whose page.
            place: Which page; one text is remembered for each.
            text: What identifies the text, such as its SHA-256.
            came_back: Whether the page only comes back after a press on it: then the text has lain there all along.
        """
        shown = self.of(session).shown
        before = shown.get(place)
        if came_back and before is not None and before[0] == text:
            return
        shown[place] = (text, self._clock.monotonic())

    def dwell_ms(self, session: Session, place: str, text: str) -> int | None:
        """Return the milliseconds since a text was put before the person at a place; None where it was not.

        With a page open twice the later showing counts: rather too short than too long.
        """
        before = self.of(session).shown.get(place)
        if before is None or before[0] != text:
            return None
        return max(0, round((self._clock.monotonic() - before[1]) * 1000))
