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
from aiohttp.typedefs import Handler, Middleware

from agent.model.face import AgentFace, NoticeText, Status
from agent.model.findings import Finding
from agent.model.ports import Clock
from agent.model.purposes import Mode
from agent.pages.language import LANGUAGES, current, telling_in, text
from agent.pages.security import FORM_FIELD, SESSION, Refusal, Refused
from agent.web import languages, overview
from agent.web.visits import Visits
from agent.web.wording import REFUSED, SAID

FINDING_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
PACKED: Final = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml"})
LEAST_PACKED: Final = 1_000
"""Bytes below which packing saves nothing."""
PAGES_A_SECOND: Final = 100
"""Refusals of strangers that are answered with a page in a second; the rest gets a few bytes."""
TOO_MANY: Final = b"Too many requests without a session. Try again in a moment.\n"
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
        """Return the language of the pages in this session; a choice by link is remembered."""
        visit = self.visits.of(request[SESSION])
        asked_for = request.query.get("lang", "")
        if asked_for in LANGUAGES:
            visit.language = asked_for
        return languages.choose("", visit.language, request.headers.get("Accept-Language", ""), LANGUAGES)

    def notice_language(self, request: web.Request) -> str:
        """Return the language of the notice in this session: that of the pages, where the notice may be shown in it."""
        wanted = self.language(request)
        return languages.choose("", wanted, request.headers.get("Accept-Language", ""), self.face.languages())

    def notice(self, request: web.Request) -> NoticeText:
        """Return the notice that holds, in this session's language."""
        return self.face.notice(self.notice_language(request))

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
            "said_texts": {key: text(said) for key, said in SAID.items()},
            "said": text(SAID[said]) if (said := request.query.get("said", "")) in SAID else None,
            "here": request.path,
            "language": current(),
            "page_languages": [(code, languages.NAMES[code], _in_language(request, code)) for code in LANGUAGES],
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


def _in_language(request: web.Request, code: str) -> str:
    """Return the address of the same place in another language, without what the last press said."""
    kept = {name: value for name, value in request.query.items() if name not in {"lang", "said"}}
    return str(request.rel_url.with_query({**kept, "lang": code}))


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


def in_its_language(shared: Shared) -> Middleware:
    """Return the middleware that tells each request in the language of its session."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        asked = shared.language(request) if SESSION in request else _asked_for(request)
        with telling_in(asked):
            answer = await handler(request)
        # No other site's request gets this far, so that nobody can learn from the length of a packed page what stands
        # beside a word of theirs.
        body = answer.body if isinstance(answer, web.Response) and answer.content_type in PACKED else None
        if isinstance(body, bytes) and len(body) > LEAST_PACKED:
            answer.enable_compression()
        return answer

    return middleware


def _asked_for(request: web.Request) -> str:
    return languages.choose("", "", request.headers.get("Accept-Language", ""), LANGUAGES)


class RefusedPages:
    """Says in plain words why a request was refused, without anything that a stranger must not learn.

    Whoever has no session can ask as often as they like, so what they are shown costs little: each page is made once a
    language and kept, and beyond so many a second all get the same few bytes.
    """

    def __init__(self, shared: Shared) -> None:
        """Start with none kept."""
        self._shared = shared
        self._kept: dict[tuple[Refusal, str], bytes] = {}
        self._second = -1
        self._shown = 0

    def __call__(self, request: web.Request, refused: Refused) -> web.Response:
        """Return the page of a refusal."""
        if SESSION in request:
            with telling_in(self._shared.language(request)):
                return _refused(request, refused, refused.why, inside=True)
        if self._too_many():
            return web.Response(status=429, body=TOO_MANY, content_type="text/plain", charset="utf-8")
        language = _asked_for(request)
        body = self._kept.get((refused.refusal, language))
        if body is None:
            with telling_in(language):
                made = _refused(request, refused, "", inside=False).body
            body = self._kept[(refused.refusal, language)] = made if isinstance(made, bytes) else b""
        return web.Response(status=refused.status, body=body, content_type="text/html", charset="utf-8")

    def _too_many(self) -> bool:
        second = int(self._shared.clock.monotonic())
        if second != self._second:
            self._second, self._shown = second, 0
        self._shown += 1
        return self._shown > PAGES_A_SECOND


def _refused(request: web.Request, refused: Refused, why: str, *, inside: bool) -> web.Response:
    """Make the page of a refusal in the language that is being told in."""
    title, what_now = REFUSED[refused.refusal]
    context = {
        "title": text(title),
        "text": text(what_now),
        "why": why,
        "session": inside,
        "language": current(),
    }
    return aiohttp_jinja2.render_template("refused.html", request, context, status=refused.status)
