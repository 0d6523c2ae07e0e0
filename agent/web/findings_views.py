"""The handlers of findings: the list with its filters, a page at a time, and one finding with everything about it.

What a list holds and how many each filter matches comes from the agent, counted in the database; here it is put into
words. A finding's page shows what is kept about it and nothing else: `detection.explain` says it from the same fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aiohttp_jinja2
from aiohttp import web

from agent.content.consequences import NOT_ADVICE
from agent.detection.explain import explain, said
from agent.model.answers import MOST_WORDS, disputed
from agent.model.face import FindingFilter
from agent.pages.security import SESSION, Refusal, Refused
from agent.web import overview
from agent.web.paging import Part, start_of
from agent.web.shared import Shared

PER_PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class FindingsViews:
    """Findings.

    Attributes:
        shared: What every handler has.
    """

    shared: Shared

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of these handlers."""
        return [web.get("/findings", self.listing), web.get("/findings/{finding}", self.finding)]

    async def listing(self, request: web.Request) -> web.Response:
        """Show findings, newest first, those of one filter, a page at a time."""
        shared = self.shared
        asked = request.query.get("show", "")
        try:
            which = FindingFilter(asked) if asked else None
        except ValueError as error:
            raise Refused(Refusal.NOT_FOUND) from error
        start = start_of(request)
        page = await shared.face.findings_page(which or FindingFilter.ALL, start, PER_PAGE)
        context = shared.common(request, await shared.face.status()) | {
            "which": (which or FindingFilter.ALL).value,
            "filters": [(one.value, page.counts.get(one, 0)) for one in FindingFilter],
            "found": page.found,
            "part": Part(start, len(page.found), page.total, PER_PAGE),
            "approved": overview.approved_ones(page.found, shared.face.added().approvals, shared.clock.now()),
            "answered": {f.id: said(f) for f in page.found},
            "disputed": {f.id for f in page.found if disputed(f.answer)},
        }
        return aiohttp_jinja2.render_template("findings.html", request, context)

    async def finding(self, request: web.Request) -> web.Response:
        """Show one finding with everything that is kept about it, what the person said of it included."""
        shared = self.shared
        found = await shared.find(request.match_info["finding"])
        status = await shared.face.status()
        language = shared.language(request)
        shared.visits.show(request[SESSION], "finding", found.id, came_back="said" in request.query)
        now = shared.clock.now()
        context = shared.common(request, status) | {
            "f": found,
            "approved": overview.approved_ones([found], shared.face.added().approvals, now).get(found.id),
            "told": explain(found),
            "disputed": disputed(found.answer),
            "consequences": await shared.face.consequences(found),
            "place": await shared.face.place(),
            "not_advice": NOT_ADVICE,
            "held": found.held_until is not None and found.held_until > now,
            "answers": await shared.face.answers_to(found.id, language),
            "most_words": MOST_WORDS,
        }
        return aiohttp_jinja2.render_template("finding.html", request, context)
