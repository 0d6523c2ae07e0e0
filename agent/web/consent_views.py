"""The handlers of notice and consent: what is told, and what a person says to it.

Every act names the text that lay before the person by its SHA-256 and language, the button by its id, and the time
between. An act about another text than the one that holds is refused: nobody answers what they did not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aiohttp_jinja2
from aiohttp import web

from agent.consent.standing import FORBIDS
from agent.model.consent import Press
from agent.model.face import Status
from agent.model.purposes import ActKind, Channel, Mode, Purpose
from agent.pages.security import SESSION, Refusal, Refused
from agent.web import difference, overview, purposes
from agent.web.shared import Shared, back

_OF_THE_NOTICE: Final = (ActKind.SHOWN, ActKind.ACKNOWLEDGED, ActKind.AUTHORISED, ActKind.OBJECTED)
_OF_ONE: Final = (
    ActKind.ACKNOWLEDGED,
    ActKind.AUTHORISED,
    ActKind.OBJECTED,
    ActKind.GIVEN,
    ActKind.REFUSED,
    ActKind.WITHDRAWN,
)

_FREE: Final = {ActKind.ACKNOWLEDGED: "started", ActKind.OBJECTED: "stopped"}
"""What an act means where the person alone decides."""

_NOTICE: Final = "notice"
_CONSENT: Final = "consent"


@dataclass(frozen=True, slots=True)
class ConsentViews:
    """Notice, purposes and acts.

    Attributes:
        shared: What every handler has.
    """

    shared: Shared

    async def notice(self, request: web.Request) -> web.Response:
        """Show the notice that holds."""
        return await self.notice_page(request, await self.shared.face.status())

    async def notice_page(self, request: web.Request, status: Status) -> web.Response:
        """Show the notice that holds, with what has changed since the person last answered, and the buttons."""
        shared = self.shared
        text = shared.notice(request)
        views = await shared.face.purposes(text.language)
        changed = await shared.face.difference(text.language)
        gate = overview.gate_of(status.gates)
        unread, added = gate.reason in purposes.UNREAD, shared.face.added()
        shared.visits.show(request[SESSION], _NOTICE, text.sha256, came_back="said" in request.query)
        context = shared.common(request, status) | {
            "text": text,
            "languages": shared.language_links(request),
            "changed": difference.grouped(changed or ()),
            "gate": gate,
            "unread": unread or added.waiting,
            "new_rules": added.rules if added.waiting and not unread else (),
            "asking": overview.must_ask(gate),
            "choices": purposes.notice_choices(views, status.mode, text.language),
        }
        return aiohttp_jinja2.render_template("notice.html", request, context)

    async def consent(self, request: web.Request) -> web.Response:
        """Show every purpose on its own card."""
        shared = self.shared
        status = await shared.face.status()
        text = shared.notice(request)
        views = await shared.face.purposes(text.language)
        shared.visits.show(request[SESSION], _CONSENT, text.sha256, came_back="said" in request.query)
        context = shared.common(request, status) | {
            "text": text,
            "languages": shared.language_links(request),
            "cards": purposes.cards_of(views, status.mode, text.language),
            "summary": purposes.summary(views),
            "added": shared.face.added(),
        }
        return aiohttp_jinja2.render_template("consent.html", request, context)

    async def act(self, request: web.Request) -> web.Response:
        """Record an act about the notice as a whole, or about one purpose."""
        shared = self.shared
        form = await request.post()
        purpose, kind = _meant(str(form.get("purpose") or ""), str(form.get("kind")))
        seen, language = str(form.get("notice")), str(form.get("language"))
        if language not in shared.face.languages() or shared.face.notice(language).sha256 != seen:
            raise Refused(Refusal.NOTICE_CHANGED)
        came_from = str(form.get("from"))
        place = _NOTICE if kind is ActKind.SHOWN else came_from
        press = Press(kind, seen, purposes.CONTROLS[kind], shared.visits.dwell_ms(request[SESSION], place, seen))
        status = await shared.face.status()
        try:
            unread = overview.gate_of(status.gates).reason in purposes.UNREAD
            # Rules that were added are to be read too, though nobody needs to read them to say no.
            unread_rules = shared.face.added().waiting and (came_from == _NOTICE or kind not in FORBIDS)
            if kind is not ActKind.SHOWN and (unread or unread_rules):
                if came_from != _NOTICE:
                    raise Refused(Refusal.NOTICE_CHANGED)
                # The pressed button stands under the text: without a script this is how we learn that it was shown.
                shown = Press(ActKind.SHOWN, seen, purposes.CONTROLS[ActKind.SHOWN])
                await shared.face.act(None, shown, Channel.PAGE)
            await shared.face.act(purpose, press, Channel.PAGE)
        except ValueError as error:
            raise Refused(Refusal.NOT_POSSIBLE, why=str(error)) from error
        said = kind.value if status.mode is Mode.MANAGED else _FREE.get(kind, kind.value)
        if came_from != _CONSENT:
            return back("/", said)
        return back(
            "/consent", f"{said}_one" if purpose else said, f"purpose-{purpose.name.lower()}" if purpose else ""
        )


def _meant(purpose: str, kind: str) -> tuple[Purpose | None, ActKind]:
    """Return what a form is about.

    Raises:
        Refused: It names no purpose or no act of ours, or an act that is not made here.
    """
    try:
        about, done = Purpose(purpose) if purpose else None, ActKind(kind)
    except ValueError as error:
        raise Refused(Refusal.BAD_FORM) from error
    if done not in (_OF_THE_NOTICE if about is None else _OF_ONE):
        raise Refused(Refusal.BAD_FORM)
    return about, done
