"""The handlers of the first screen, of findings and of what is kept: each asks the agent, and shows or passes on.

A form's answer is a redirect back to the page it came from (by name, never by an address it sent), so that everything
works without a script and going back never sends a form twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp_jinja2
from aiohttp import web

from agent.content.consequences import NOT_ADVICE
from agent.detection.explain import explain, said, why
from agent.model.answers import ANSWERS, disputed
from agent.model.consent import Press
from agent.model.face import Status
from agent.model.purposes import ActKind, Channel
from agent.pages.language import current
from agent.pages.security import COOKIE, SESSION, Refusal, Refused
from agent.pages.session import SESSION_SECONDS, Sessions
from agent.web import overview, purposes
from agent.web.consent_views import ConsentViews
from agent.web.shared import Shared, back
from agent.web.wording import EXTENSION_FIELDS

MOST_WORDS: Final = 500


@dataclass(frozen=True, slots=True)
class Views:
    """The handlers of one instance.

    Attributes:
        shared: What every handler has.
        consent: Shows the notice where it must come first.
        sessions: Links and sessions.
        fields: Table → column → what is kept there.
    """

    shared: Shared
    consent: ConsentViews
    sessions: Sessions
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
            answer = aiohttp_jinja2.render_template("entered.html", request, {"language": current()})
            answer.headers["Refresh"] = "0; url=/"
        answer.set_cookie(COOKIE, cookie, path="/", httponly=True, samesite="Strict", max_age=int(SESSION_SECONDS))
        return answer

    async def first(self, request: web.Request) -> web.Response:
        """Show the overview, or the notice where that has to come first."""
        status = await self.shared.face.status()
        if overview.must_ask(overview.gate_of(status.gates)):
            return await self.consent.notice_page(request, status)
        return aiohttp_jinja2.render_template("overview.html", request, await self._overview(request, status))

    async def fragment(self, request: web.Request) -> web.Response:
        """Return what changes on the overview, for the script; 204 when the whole page has to be loaded anew."""
        status = await self.shared.face.status()
        if overview.must_ask(overview.gate_of(status.gates)):
            return web.Response(status=204)
        return aiohttp_jinja2.render_template("live.html", request, await self._overview(request, status))

    async def finding(self, request: web.Request) -> web.Response:
        """Show one finding with everything that is kept about it, what the person said of it included."""
        shared = self.shared
        found = await shared.find(request.match_info["finding"])
        status = await shared.face.status()
        language = shared.language(request)
        history = await shared.face.history(language)
        shared.visits.show(request[SESSION], "finding", found.id, came_back="said" in request.query)
        context = shared.common(request, status) | {
            "f": found,
            "approved": overview.approved_ones([found], shared.face.added().approvals, shared.clock.now()).get(
                found.id
            ),
            "told": explain(found),
            "disputed": disputed(found.answer),
            "consequences": await shared.face.consequences(found),
            "place": await shared.face.place(),
            "not_advice": NOT_ADVICE,
            "stage": overview.stage_sentence(found),
            "answers": [one for one in history if one.act.finding == found.id and not one.erased],
            "most_words": MOST_WORDS,
        }
        return aiohttp_jinja2.render_template("finding.html", request, context)

    async def kept(self, request: web.Request) -> web.Response:
        """List every field that is kept, and every field that a browser sends."""
        status = await self.shared.face.status()
        context = self.shared.common(request, status) | {"fields": self.fields, "messages": EXTENSION_FIELDS}
        return aiohttp_jinja2.render_template("fields.html", request, context)

    async def answer(self, request: web.Request) -> web.Response:
        """Record what the person says of a finding, with words of their own where they like."""
        shared = self.shared
        form = await request.post()
        answer = str(form.get("answer"))
        if answer not in ANSWERS:
            raise Refused(Refusal.BAD_FORM)
        words = _own_words(str(form.get("words") or ""))
        found = await shared.find(str(form.get("finding")))
        press = Press(
            ActKind.ANSWERED,
            shared.notice(request).sha256,
            purposes.CONTROLS[ActKind.ANSWERED],
            shared.visits.dwell_ms(request[SESSION], str(form.get("from")), found.id),
        )
        if await shared.face.answer(found.id, answer, words, press, Channel.PAGE) is None:
            raise Refused(Refusal.NOT_FOUND)
        return back(f"/findings/{found.id}" if form.get("from") == "finding" else "/", "answered")

    async def elsewhere(self, request: web.Request) -> web.Response:
        """Keep whether the person works elsewhere than where the policy says; it changes what is shown to them."""
        form = await request.post()
        found = await self.shared.find(str(form.get("finding")))
        hide = str(form.get("elsewhere")) == "yes"
        try:
            await self.shared.face.work_elsewhere(hide)
        except ValueError as problem:
            raise Refused(Refusal.NOT_POSSIBLE, why=str(problem)) from problem
        return back(f"/findings/{found.id}", "elsewhere" if hide else "here_again", "law")

    async def try_it(self, request: web.Request) -> web.Response:
        """Start the harmless collection."""
        await self.shared.face.try_collection()
        return back("/", "trying")

    async def _overview(self, request: web.Request, status: Status) -> dict[str, Any]:
        shared = self.shared
        now, added = shared.clock.now(), shared.face.added()
        found = overview.sort_findings(await shared.face.findings(), now)
        notice = shared.notice(request)
        return shared.common(request, status) | {
            "notice": notice,
            "consent_line": purposes.summary(await shared.face.purposes(notice.language)),
            "found": found,
            "added": added,
            "approved": overview.approved_ones(found.open_, added.approvals, now),
            "why": {f.id: why(f) for f in found.open_},
            "answered": {f.id: said(f) for f in (*found.open_, *found.closed)},
            "disputed": {f.id for f in (*found.open_, *found.closed) if disputed(f.answer)},
            "stages": {f.id: overview.stage_sentence(f) for f in (*found.open_, *found.installed, *found.closed)},
            "bars": overview.bars_of(status.totals),
            "kept_total": sum(t.count for t in status.totals),
            "counters": sorted((name, n) for name, n in status.counters.items() if n),
        }


def _own_words(text: str) -> str:
    """Return what a person wrote, its line ends as they typed them and without characters that cannot be seen.

    Raises:
        Refused: It is longer than can be kept.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    words = "".join(c for c in lines if c.isprintable() or c == "\n").strip()
    if len(words) > MOST_WORDS:
        raise Refused(Refusal.WORDS_TOO_LONG)
    return words
