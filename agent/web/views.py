"""The handlers: each asks the agent through `AgentFace`, and shows or passes on what a person did.

A form's answer is a redirect back to the page it came from (by name, never by an address it sent), so that everything
works without a script and going back never sends a form twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp_jinja2
from aiohttp import web

from agent.model.face import AgentFace, NoticeText, Status
from agent.model.findings import Finding
from agent.model.purposes import ActKind, Channel, Mode
from agent.pages.security import COOKIE, FORM_FIELD, SESSION, Refusal, Refused
from agent.pages.session import SESSION_SECONDS, Sessions
from agent.web import overview
from agent.web.wording import EXTENSION_FIELDS, REFUSED, SAID

_FINDING_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ANSWERS: Final = ("stopping", "work", "not_me")
_ACTS: Final = {k.value: k for k in (ActKind.SHOWN, ActKind.ACKNOWLEDGED, ActKind.OBJECTED)}

_FREE: Final = {ActKind.SHOWN: "shown", ActKind.ACKNOWLEDGED: "started", ActKind.OBJECTED: "stopped"}
"""What an act means where the person alone decides."""


@dataclass(frozen=True, slots=True)
class Views:
    """The handlers of one instance.

    Attributes:
        face: The agent.
        sessions: Links and sessions.
        explain: Returns the sentences that say why a finding was made.
        fields: Table → column → what is kept there.
    """

    face: AgentFace
    sessions: Sessions
    explain: Callable[[Finding], Sequence[str]]
    fields: Mapping[str, Mapping[str, str]]

    async def enter(self, request: web.Request) -> web.Response:
        """Use up a one-time link: set the cookie and go on to the first screen."""
        opened = self.sessions.redeem(request.match_info["token"])
        if opened is None:
            raise Refused(Refusal.LINK_USED)
        cookie, _session = opened
        if request.headers.get("Sec-Fetch-Site") in (None, "none", "same-origin"):
            answer = web.Response(status=303, headers={"Location": "/"})
        else:
            # Opened from the extension: on a redirect the browser would hold a Strict cookie back, since another
            # origin started the navigation. A page of our own that goes on by itself starts a new one.
            answer = aiohttp_jinja2.render_template("entered.html", request, {})
            answer.headers["Refresh"] = "0; url=/"
        answer.set_cookie(COOKIE, cookie, path="/", httponly=True, samesite="Strict", max_age=int(SESSION_SECONDS))
        return answer

    async def first(self, request: web.Request) -> web.Response:
        """Show the overview, or the notice where that has to come first."""
        status = await self.face.status()
        if overview.must_ask(overview.gate_of(status.gates)):
            return self._notice(request, status, asking=True)
        return aiohttp_jinja2.render_template("overview.html", request, await self._overview(request, status))

    async def fragment(self, request: web.Request) -> web.Response:
        """Return what changes on the overview, for the script; 204 when the whole page has to be loaded anew."""
        status = await self.face.status()
        if overview.must_ask(overview.gate_of(status.gates)):
            return web.Response(status=204)
        return aiohttp_jinja2.render_template("live.html", request, await self._overview(request, status))

    async def finding(self, request: web.Request) -> web.Response:
        """Show one finding with everything that is kept about it."""
        found = await self._find(request.match_info["finding"])
        status = await self.face.status()
        context = self._common(request, status) | {
            "f": found,
            "why": self.explain(found),
            "stage": overview.stage_sentence(found),
        }
        return aiohttp_jinja2.render_template("finding.html", request, context)

    async def notice(self, request: web.Request) -> web.Response:
        """Show the notice that holds."""
        return self._notice(request, await self.face.status(), asking=False)

    async def kept(self, request: web.Request) -> web.Response:
        """List every field that is kept, and every field that a browser sends."""
        status = await self.face.status()
        context = self._common(request, status) | {"fields": self.fields, "messages": EXTENSION_FIELDS}
        return aiohttp_jinja2.render_template("fields.html", request, context)

    async def act(self, request: web.Request) -> web.Response:
        """Record that the notice was shown, acknowledged or objected to."""
        form = await request.post()
        kind = _ACTS.get(str(form.get("kind")))
        if kind is None:
            raise Refused(Refusal.BAD_FORM)
        seen = str(form.get("notice"))
        if seen != self.face.notice().sha256:
            raise Refused(Refusal.NOTICE_CHANGED)
        try:
            status = await self.face.status()
            gate = overview.gate_of(status.gates)
            if kind is not ActKind.SHOWN and gate.reason == "notice_not_shown":
                # The pressed button stands under the text: without a script this is how we learn that it was shown.
                await self.face.act(None, ActKind.SHOWN, seen, Channel.PAGE)
            await self.face.act(None, kind, seen, Channel.PAGE)
        except ValueError as error:
            raise Refused(Refusal.NOTICE_CHANGED) from error
        return _back("/", kind.value if status.mode is Mode.MANAGED else _FREE[kind])

    async def answer(self, request: web.Request) -> web.Response:
        """Record what the person says of a finding."""
        form = await request.post()
        answer = str(form.get("answer"))
        if answer not in _ANSWERS:
            raise Refused(Refusal.BAD_FORM)
        found = await self._find(str(form.get("finding")))
        if await self.face.answer(found.id, answer) is None:
            raise Refused(Refusal.NOT_FOUND)
        return _back(f"/findings/{found.id}" if form.get("from") == "finding" else "/", "answered")

    async def try_it(self, request: web.Request) -> web.Response:
        """Start the harmless collection."""
        await self.face.try_collection()
        return _back("/", "trying")

    async def _find(self, finding_id: str) -> Finding:
        if not _FINDING_ID.fullmatch(finding_id):
            raise Refused(Refusal.NOT_FOUND)
        found = await self.face.finding(finding_id)
        if found is None:
            raise Refused(Refusal.NOT_FOUND)
        return found

    def _common(self, request: web.Request, status: Status) -> dict[str, Any]:
        """Return what every page with a session needs."""
        return {
            "status": status,
            "test": status.mode is Mode.TEST,
            "managed": status.mode is Mode.MANAGED,
            "state": overview.state_of(status),
            "form_field": FORM_FIELD,
            "form_token": request[SESSION].form_token,
            "said_texts": SAID,
            "said": SAID.get(request.query.get("said", "")),
            "here": request.path,
        }

    async def _overview(self, request: web.Request, status: Status) -> dict[str, Any]:
        found = overview.sort_findings(await self.face.findings())
        return self._common(request, status) | {
            "notice": self.face.notice(),
            "found": found,
            "why": {f.id: self.explain(f) for f in found.open_},
            "stages": {f.id: overview.stage_sentence(f) for f in (*found.open_, *found.installed, *found.closed)},
            "bars": overview.bars_of(status.totals),
            "kept_total": sum(t.count for t in status.totals),
            "counters": sorted((name, n) for name, n in status.counters.items() if n),
        }

    def _notice(self, request: web.Request, status: Status, *, asking: bool) -> web.Response:
        text: NoticeText = self.face.notice()
        context = self._common(request, status) | {
            "text": text,
            "asking": asking,
            "gate": overview.gate_of(status.gates),
        }
        return aiohttp_jinja2.render_template("notice.html", request, context)


def _back(path: str, said: str) -> web.Response:
    """Send the browser on after a form; 303 makes it a plain read."""
    return web.Response(status=303, headers={"Location": f"{path}?said={said}"})


def refused_page(request: web.Request, refusal: Refusal, status: int) -> web.Response:
    """Say in plain words why a request was refused, without anything that a stranger must not learn."""
    title, text = REFUSED[refusal]
    context = {"title": title, "text": text, "session": SESSION in request}
    return aiohttp_jinja2.render_template("refused.html", request, context, status=status)
