"""One-time links and the sessions they open, in memory only (DESIGN 3.20).

`make_link` hands out a 128-bit token that opens the page once, within 60 seconds. `redeem` turns it into a session with
a cookie value and a form token of its own. A session ends after twelve hours, when too many newer ones exist, or with
the agent. Tokens and cookie values are remembered by hash only, so that nothing readable in memory opens a page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent.model.ports import Clock

LINK_SECONDS: Final = 60.0
SESSION_SECONDS: Final = 12 * 3600.0
MOST_LINKS: Final = 32
MOST_SESSIONS: Final = 16


@dataclass(frozen=True, slots=True)
class Session:
    """An open session.

    Attributes:
        key: Hash of the cookie's value.
        form_token: What every form and script request must carry beside the cookie.
        ends_at: End on the monotonic clock, seconds.
    """

    key: str
    form_token: str
    ends_at: float


class Sessions:
    """Every link that may still be used and every session that is open; both bounded, oldest out first."""

    def __init__(self, clock: Clock, new_token: Callable[[], str]) -> None:
        """Start with none.

        Args:
            clock: Its monotonic time decides what is over.
            new_token: Returns at least 128 random bits, URL-safe.
        """
        self._clock = clock
        self._new_token = new_token
        self._links: dict[str, float] = {}
        self._sessions: dict[str, Session] = {}

    def make_link(self) -> str:
        """Return a token that opens the page once within 60 seconds."""
        self._forget_links()
        while len(self._links) >= MOST_LINKS:
            del self._links[next(iter(self._links))]
        token = self._new_token()
        self._links[_key(token)] = self._clock.monotonic() + LINK_SECONDS
        return token

    def redeem(self, token: str) -> tuple[str, Session] | None:
        """Use a link up; return the cookie's value and its session, or None when it was used, too old or never made."""
        self._forget_links()
        if self._links.pop(_key(token), None) is None:
            return None
        self._forget_sessions()
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        cookie = self._new_token()
        session = Session(_key(cookie), self._new_token(), self._clock.monotonic() + SESSION_SECONDS)
        self._sessions[session.key] = session
        return cookie, session

    def find(self, cookie: str) -> Session | None:
        """Return the session that a cookie's value belongs to, or None when there is none or it is over."""
        self._forget_sessions()
        return self._sessions.get(_key(cookie))

    def seconds_left(self, session: Session) -> float:
        """Return how long a session still lasts; 0 when it is over."""
        if session.key not in self._sessions:
            return 0.0
        return max(0.0, session.ends_at - self._clock.monotonic())

    def _forget_links(self) -> None:
        now = self._clock.monotonic()
        self._links = {key: end for key, end in self._links.items() if end > now}

    def _forget_sessions(self) -> None:
        now = self._clock.monotonic()
        self._sessions = {key: s for key, s in self._sessions.items() if s.ends_at > now}


def _key(token: str) -> str:
    """Return a token's hash: looking up by hash also keeps comparison time from telling anything about the token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
