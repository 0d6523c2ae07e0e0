"""The handlers of the page about the ledger: its signed states, who has seen them, verification at this moment, files.

Nothing is believed because it stands in the database. «Verify now» goes through every entry again and the answer says
what was checked; on a long record the page answers when that is done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aiohttp_jinja2
from aiohttp import web

from agent.web import downloads
from agent.web.shared import Shared

LONG: Final = 50_000
"""Entries from which on the page says beforehand that verifying takes a while."""
A_SECOND: Final = 40_000
"""Entries that are verified in about a second; a slow computer takes a few times as long."""


@dataclass(frozen=True, slots=True)
class LedgerViews:
    """The ledger.

    Attributes:
        shared: What every handler has.
    """

    shared: Shared

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of these handlers."""
        return [
            web.get("/ledger", self.ledger),
            web.get("/ledger.zip", self.files, allow_head=False),
            web.get("/verify", self.moved),
            web.post("/verify", self.verify),
        ]

    async def ledger(self, request: web.Request) -> web.Response:
        """Show the newest signed states, the witnesses, and the ways to check."""
        return await self._page(request, verify=False)

    async def verify(self, request: web.Request) -> web.Response:
        """Verify every log, checkpoint and content now, and show what came of it on the same page."""
        return await self._page(request, verify=True)

    async def files(self, request: web.Request) -> web.StreamResponse:
        """Hand out every log as plain files in one archive."""
        found = await self.shared.face.ledger_files()
        archive = downloads.zipped(found, self.shared.clock.now(), "gleanwatch-ledger")
        return await downloads.send_zip(request, "gleanwatch-ledger.zip", archive)

    async def moved(self, _request: web.Request) -> web.Response:
        """Send on whoever loads the answer of «Verify now» anew by its address."""
        return web.Response(status=303, headers={"Location": "/ledger"})

    async def _page(self, request: web.Request, *, verify: bool) -> web.Response:
        shared = self.shared
        result = await shared.face.verify() if verify else None
        view = await shared.face.ledger()
        context = shared.common(request, await shared.face.status()) | {
            "view": view,
            "result": result,
            "verified_at": shared.clock.now() if verify else None,
            "seconds": max(2, view.entries // A_SECOND) if view.entries >= LONG else None,
        }
        return aiohttp_jinja2.render_template("ledger.html", request, context)
