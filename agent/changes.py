"""Who wants to know that something changed: one place to say it, any number to hear it.

A topic (`findings`, `pages`, `browsers`, `gates`, `health`) is all that travels: the listener asks again for what it
shows. A slow listener hears a topic once however often it changed meanwhile, and one that is gone is forgotten, so
nothing here can grow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from weakref import WeakSet


class Listener:
    """Hears every topic said since it was made; iterate over it."""

    def __init__(self) -> None:
        self._topics: dict[str, None] = {}
        self._wake = asyncio.Event()

    def hear(self, topic: str) -> None:
        """Take in a topic, once however often it is said."""
        self._topics[topic] = None
        self._wake.set()

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        await self._wake.wait()
        topic = next(iter(self._topics))
        del self._topics[topic]
        if not self._topics:
            self._wake.clear()
        return topic


class Changes:
    """Says topics to every listener."""

    def __init__(self) -> None:
        self._listeners: WeakSet[Listener] = WeakSet()

    def say(self, topic: str) -> None:
        """Tell every listener that `topic` changed."""
        for listener in tuple(self._listeners):
            listener.hear(topic)

    def listen(self) -> Listener:
        """Return a listener that hears from this moment on, for as long as somebody holds it."""
        listener = Listener()
        self._listeners.add(listener)
        return listener
