"""The handlers of what is on record: every act, its receipt, its proof, «that was not me», and all of it as one file.

Nothing here is believed because it stands in the database: «Check» has the agent verify the proof at that moment, and
the mark on the page means exactly that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import aiohttp_jinja2
from aiohttp import web
from markupsafe import Markup

from agent.model.consent import ActView
from agent.model.purposes import ActKind, Channel
from agent.pages.language import text
from agent.pages.security import Refusal, Refused
from agent.web import downloads, receipts
from agent.web.purposes import CONTROLS
from agent.web.shared import Shared, back, entry_number

PER_PAGE: Final = 25
VERIFIER_NAME: Final = "verify_receipt.py"
_ALLOWS: Final = (ActKind.SHOWN, ActKind.ACKNOWLEDGED, ActKind.AUTHORISED, ActKind.GIVEN)


@dataclass(frozen=True, slots=True)
class RecordViews:
    """History, receipts, disputes, downloads.

    Attributes:
        shared: What every handler has.
        qr: Draws a receipt as an inline `<svg>`; None where nothing can.
        verifier: The program that checks a receipt without us; empty where it is not at hand.
    """

    shared: Shared
    qr: Callable[[bytes, str], str] | None
    verifier: bytes

    async def history(self, request: web.Request) -> web.Response:
        """Show acts, newest first, a page at a time; with `check`, one entry's proof is verified for this answer."""
        shared = self.shared
        before = request.query.get("before", "")
        under = entry_number(before) if before else None
        # One more than is shown says whether there is an older page.
        acts = await shared.face.history_before(under, PER_PAGE + 1, shared.language(request))
        asked = request.query.get("check", "")
        check = None
        if asked:
            try:
                check = await shared.face.check(entry_number(asked))
            except ValueError as error:
                raise Refused(Refusal.NOT_FOUND, why=str(error)) from error
        shown = acts[:PER_PAGE]
        context = shared.common(request, await shared.face.status()) | {
            "acts": shown,
            "before": before,
            "older": shown[-1].act.entry if len(acts) > PER_PAGE else None,
            "total": bool(acts) or under is not None,
            "check": check,
            "lang": shared.language(request),
            "verifier": bool(self.verifier),
        }
        return aiohttp_jinja2.render_template("history.html", request, context)

    async def receipt(self, request: web.Request) -> web.Response:
        """Show one receipt: its content, its proof verified for this answer, its QR code, how to check it elsewhere."""
        shared = self.shared
        entry = entry_number(request.match_info["entry"])
        receipt = await self._receipt(entry)
        try:
            check = await shared.face.check(entry)
            told = receipts.read(receipt)
        except ValueError as error:
            raise Refused(Refusal.NOT_FOUND, why=str(error)) from error
        context = shared.common(request, await shared.face.status()) | {
            "entry": entry,
            "told": told,
            "check": check,
            "picture": await self._picture(receipt),
            "size": len(receipt),
            "verifier": bool(self.verifier),
        }
        return aiohttp_jinja2.render_template("receipt.html", request, context)

    async def receipt_file(self, request: web.Request) -> web.Response:
        """Hand out one receipt."""
        entry = entry_number(request.match_info["entry"])
        return _file(await self._receipt(entry), "application/json", f"receipt-{entry}.json")

    async def verifier_file(self, _request: web.Request) -> web.Response:
        """Hand out the program that checks a receipt without us."""
        if not self.verifier:
            raise Refused(Refusal.NOT_FOUND)
        return _file(self.verifier, "text/x-python", VERIFIER_NAME)

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Hand out everything about the person in one archive."""
        archive = downloads.zipped(await self.shared.face.export(), self.shared.clock.now())
        return await downloads.send_zip(request, "gleanwatch-export.zip", archive)

    async def ask_dispute(self, request: web.Request) -> web.Response:
        """Show an act and what follows from saying «that was not me», before it is said."""
        shared = self.shared
        found = await self._disputable(request.match_info["entry"], shared.language(request))
        context = shared.common(request, await shared.face.status()) | {
            "one": found,
            "allowed": found.act.kind in _ALLOWS,
            "lang": shared.language(request),
        }
        return aiohttp_jinja2.render_template("dispute.html", request, context)

    async def dispute(self, request: web.Request) -> web.Response:
        """Record «that was not me» about an act."""
        form = await request.post()
        found = await self._disputable(str(form.get("entry")), self.shared.language(request))
        entry = found.act.entry or 0
        try:
            await self.shared.face.dispute(entry, Channel.PAGE, CONTROLS[ActKind.DISPUTED])
        except ValueError as error:
            raise Refused(Refusal.NOT_POSSIBLE, why=str(error)) from error
        return back("/history", "disputed", f"act-{entry}")

    async def _disputable(self, text: str, language: str) -> ActView:
        entry = entry_number(text)
        for one in await self.shared.face.history_before(entry + 1, 1, language):
            if one.act.entry == entry and not one.erased:
                if one.can_dispute and one.disputed_by is None:
                    return one
                raise Refused(Refusal.NOT_POSSIBLE, why="This act cannot be disputed, or it already is.")
        raise Refused(Refusal.NOT_FOUND)

    async def _receipt(self, entry: int) -> bytes:
        try:
            return await self.shared.face.receipt(entry)
        except ValueError as error:
            raise Refused(Refusal.NOT_FOUND, why=str(error)) from error

    async def _picture(self, receipt: bytes) -> Markup | None:
        """Return the QR code as an SVG element, or None where there can be none, as when the receipt is too long."""
        if self.qr is None:
            return None
        try:
            # Drawn by our own program from squares alone: nothing of the receipt stands in it as text.
            return Markup(await asyncio.to_thread(self.qr, receipt, text("Receipt as a QR code")))  # noqa: S704
        except ValueError:
            return None


def _file(content: bytes, media_type: str, name: str) -> web.Response:
    """Hand out a file under a name of ours."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, content_type=media_type, headers=headers)
