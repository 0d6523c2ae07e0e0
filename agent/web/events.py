"""The live view: one bounded stream of «something changed» per open page (server-sent events, HTML standard 9.2).

A topic of `AgentFace.changes` goes out as a name only; the page then fetches what it shows anew, so that a stream never
carries data. Topics that come in quick succession go out together, a comment every few seconds finds out whether
anybody still listens, and a stream ends with its session or with the agent, saying which.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import web

from agent.model.tasks import end_task
from agent.pages.security import SESSION, Refusal, Refused
from agent.pages.session import Session, Sessions

TOPICS: Final = frozenset({"findings", "pages", "browsers", "gates", "health", "acts"})
MOST_STREAMS: Final = 24


class Streams:
    """Every open stream, so that their number is bounded and all end when the server does."""

    def __init__(
        self,
        changes: Callable[[], AsyncIterator[str]],
        sessions: Sessions,
        *,
        heartbeat: float = 15.0,
        gather: float = 0.2,
    ) -> None:
        """Start with none.

        Args:
            changes: Returns a fresh iterator over topics.
            sessions: Says how long a session still lasts.
            heartbeat: Seconds between two signs of life.
            gather: Seconds in which topics are put together after the first.
        """
        self._changes = changes
        self._sessions = sessions
        self._heartbeat = heartbeat
        self._gather = gather
        self._open: set[asyncio.Event] = set()
        self._ended = False

    def __len__(self) -> int:
        return len(self._open)

    async def end_all(self, _app: web.Application) -> None:
        """End every stream. For `Application.on_shutdown`: the server does not wait for streams by itself."""
        self._ended = True
        for wake in self._open:
            wake.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer with a stream until the session, the page or the server ends.

        Raises:
            Refused: Too many streams are open.
        """
        if len(self._open) >= MOST_STREAMS:
            raise Refused(Refusal.TOO_MANY_STREAMS)
        wake = asyncio.Event()
        self._open.add(wake)
        topics: set[str] = set()
        listener = asyncio.create_task(self._listen(topics, wake))
        response = web.StreamResponse()
        response.content_type = "text/event-stream"
        response.charset = "utf-8"
        try:
            await response.prepare(request)
            await response.write(b"retry: 3000\n\n")
            await self._send(request, request[SESSION], response, topics, wake)
        except ConnectionError:
            pass  # The page was closed: nobody is left to tell.
        finally:
            self._open.discard(wake)
            await end_task(listener)
        return response

    async def _listen(self, topics: set[str], wake: asyncio.Event) -> None:
        """Collect topics; the set is bounded by the topics there are, however fast they come."""
        changes = self._changes()
        try:
            async for topic in changes:
                if topic in TOPICS:
                    topics.add(topic)
                    wake.set()
        finally:
            close = getattr(changes, "aclose", None)
            if close is not None:
                await close()

    async def _send(
        self,
        request: web.Request,
        session: Session,
        response: web.StreamResponse,
        topics: set[str],
        wake: asyncio.Event,
    ) -> None:
        while not self._ended:
            left = self._sessions.seconds_left(session)
            if left <= 0:
                await response.write(b"event: end\ndata: session\n\n")
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), min(self._heartbeat, left))
                await asyncio.sleep(0 if self._ended else self._gather)
            wake.clear()
            if request.transport is None or request.transport.is_closing():
                return
            if topics:
                names = " ".join(sorted(topics))
                topics.clear()
                await response.write(f"event: change\ndata: {names}\n\n".encode())
            else:
                await response.write(b": still here\n\n")
        await response.write(b"event: end\ndata: agent\n\n")
