"""What the handlers of every page share: the agent, this session's language and dwell times, the way back after a form.

A handler asks `common` for what the frame of a page needs, adds its own, and renders; after a form it goes `back` by a
path it names itself, never by one it was sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import aiohttp_jinja2
from aiohttp import web

from agent.model.face import AgentFace, NoticeText, Status
from agent.model.findings import Finding
from agent.model.ports import Clock
from agent.model.purposes import Mode
from agent.pages.security import FORM_FIELD, SESSION, Refusal, Refused
from agent.web import languages, overview
from agent.web.visits import Visits
from agent.web.wording import REFUSED, SAID

FINDING_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
ENTRY: Final = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Shared:
    """What every handler has.

    Attributes:
        face: The agent.
        visits: What is remembered of each session.
        clock: The instance's clock.
    """

    face: AgentFace
    visits: Visits
    clock: Clock

    def language(self, request: web.Request) -> str:
        """Return the language to tell this session in; a choice by link is remembered."""
        visit = self.visits.of(request[SESSION])
        asked_for = request.query.get("lang", "")
        offered = self.face.languages()
        chosen = languages.choose(asked_for, visit.language, request.headers.get("Accept-Language", ""), offered)
        if chosen == asked_for:
            visit.language = chosen
        return chosen

    def notice(self, request: web.Request) -> NoticeText:
        """Return the notice that holds, in this session's language."""
        return self.face.notice(self.language(request))

    def common(self, request: web.Request, status: Status) -> dict[str, Any]:
        """Return what every page with a session needs."""
        return {
            "status": status,
            "mode": status.mode,
            "test": status.mode is Mode.TEST,
            "managed": status.mode is Mode.MANAGED,
            "state": overview.state_of(status),
            "form_field": FORM_FIELD,
            "form_token": request[SESSION].form_token,
            "said_texts": SAID,
            "said": SAID.get(request.query.get("said", "")),
            "here": request.path,
        }

    def language_links(self, request: web.Request) -> list[tuple[str, str]]:
        """Return code and own name of each language that is offered."""
        return [(code, languages.NAMES.get(code, code)) for code in self.face.languages()]

    async def find(self, finding_id: str) -> Finding:
        """Return a finding.

        Raises:
            Refused: There is none of that id.
        """
        found = await self.face.finding(finding_id) if FINDING_ID.fullmatch(finding_id) else None
        if found is None:
            raise Refused(Refusal.NOT_FOUND)
        return found


def back(path: str, said: str, place: str = "") -> web.Response:
    """Send the browser on after a form; 303 makes it a plain read.

    Args:
        path: Where to.
        said: Key of what the page then says.
        place: Id of the part of the page to go to, or empty.
    """
    return web.Response(status=303, headers={"Location": f"{path}?said={said}" + (f"#{place}" if place else "")})


def entry_number(text: str) -> int:
    """Return the number of a ledger entry that a request names.

    Raises:
        Refused: It is no number.
    """
    if not ENTRY.fullmatch(text):
        raise Refused(Refusal.NOT_FOUND)
    return int(text)


def refused_page(request: web.Request, refused: Refused) -> web.Response:
    """Say in plain words why a request was refused, without anything that a stranger must not learn."""
    title, text = REFUSED[refused.refusal]
    inside = SESSION in request
    context = {"title": title, "text": text, "why": refused.why if inside else "", "session": inside}
    return aiohttp_jinja2.render_template("refused.html", request, context, status=refused.status)
