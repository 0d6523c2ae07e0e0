"""The store in the words of a browser's session: who greets is remembered, what it sends is committed.

`relay` asks for no more than this (`relay.Keeper`), so that its tests need no database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from agent.link.messages import Hello
from agent.model.events import PageLoad
from agent.store import clients, page_loads
from agent.store.database import Store


@dataclass(frozen=True, slots=True)
class StoreKeeper:
    """A `relay.Keeper` over the encrypted database."""

    store: Store

    def greet(self, hello: Hello, at: int) -> asyncio.Future[int]:
        """Remember the client and return its high-water mark."""

        def say_hello(tx: apsw.Connection) -> int:
            return clients.hello(
                tx,
                hello.client,
                hello.browser,
                hello.browser_version,
                hello.extension_version,
                hello.waiting,
                hello.dropped,
                hello.lost,
                at,
            )

        return self.store.write(say_hello)

    def keep(self, client: str, loads: Sequence[PageLoad], high_water: int, at: int) -> asyncio.Future[None]:
        """Commit page loads with the client's high-water mark."""
        return self.store.write(lambda tx: page_loads.append(tx, client, loads, high_water, at))
