"""The handlers of the first screen and of the pages that explain it: overview, pause, health, why, reports.

Each asks the agent for what the page shows and no more: the overview takes at most ten findings and one day of counts,
however much is kept. A pause is a plain form like every other press.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

import aiohttp_jinja2
from aiohttp import web

from agent.content.why import load_why
from agent.detection.explain import said, why
from agent.model.answers import disputed
from agent.model.face import FindingFilter, Status
from agent.model.health import Condition
from agent.model.purposes import Mode
from agent.pages.security import Refusal, Refused
from agent.web import overview, purposes
from agent.web.consent_views import ConsentViews
from agent.web.shared import Shared, back

MOST_ASKING: Final = 3
MOST_OPEN: Final = 10
MOST_BROWSERS: Final = 4
MOST_TROUBLED: Final = 4
MOST_REASONS: Final = 2
PAUSES: Final = {"60": 60, "0": 0}
"""What the form of a pause may say → minutes."""


@dataclass(frozen=True, slots=True)
class FrontViews:
    """The handlers of one instance.

    Attributes:
        shared: What every handler has.
        consent: Shows the notice where it must come first.
        zone: The person's time zone; None for the machine's.
    """

    shared: Shared
    consent: ConsentViews
    zone: tzinfo | None = None

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of these pages."""
        return [
            web.get("/", self.first),
            web.get("/fragment/overview", self.fragment),
            web.get("/health", self.health),
            web.get("/why", self.why),
            web.get("/reports", self.reports),
            web.post("/pause", self.pause),
        ]

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

    async def pause(self, request: web.Request) -> web.Response:
        """Stop watching for an hour, or go on at once. No reason is asked."""
        form = await request.post()
        minutes = PAUSES.get(str(form.get("minutes")))
        if minutes is None:
            raise Refused(Refusal.BAD_FORM)
        try:
            await self.shared.face.pause(minutes)
        except ValueError as problem:
            raise Refused(Refusal.NOT_POSSIBLE, why=str(problem)) from problem
        return back("/", "paused" if minutes else "resumed")

    async def health(self, request: web.Request) -> web.Response:
        """Show every part, what came in wrong, and which releases speak with each other."""
        status = await self.shared.face.status()
        context = self.shared.common(request, status) | {
            "counters": sorted((name, n) for name, n in status.counters.items() if n),
            "working": sum(h.condition is Condition.WORKING for h in status.health),
        }
        return aiohttp_jinja2.render_template("health.html", request, context)

    async def why(self, request: web.Request) -> web.Response:
        """Show why this program exists: what the authorities wrote, and what the press made of it."""
        status = await self.shared.face.status()
        context = self.shared.common(request, status) | {"facts": load_why()}
        return aiohttp_jinja2.render_template("why.html", request, context)

    async def reports(self, request: web.Request) -> web.Response:
        """Show that no report leaves this computer, and what one would and would never hold."""
        status = await self.shared.face.status()
        witnesses = bool(self.shared.face.policy().get("ledger.witnesses")) and status.mode is Mode.MANAGED
        context = self.shared.common(request, status) | {"witnesses": witnesses}
        return aiohttp_jinja2.render_template("reports.html", request, context)

    async def _overview(self, request: web.Request, status: Status) -> dict[str, Any]:
        shared = self.shared
        now, added = shared.clock.now(), shared.face.added()
        asking = await shared.face.findings_page(FindingFilter.ASKS, 0, MOST_ASKING)
        going_on = await shared.face.findings_page(FindingFilter.OPEN, 0, MOST_OPEN)
        asked = {f.id for f in asking.found}
        others = [f for f in going_on.found if f.id not in asked][: MOST_OPEN - len(asking.found)]
        listed = [*asking.found, *others]
        notice = shared.notice(request)
        # What does not work at all stands before what is limited.
        troubled = [h for h in status.health if h.condition is Condition.FAILED]
        troubled += [h for h in status.health if h.condition is Condition.DEGRADED]
        browsers, more_browsers = overview.seen_browsers(status.browsers, MOST_BROWSERS)
        first = overview.first_hour(now, self.zone)
        managed = status.mode is Mode.MANAGED
        return shared.common(request, status) | {
            "notice": notice,
            "consent_line": purposes.summary(await shared.face.purposes(notice.language)),
            "asking": asking,
            "held": {f.id for f in asking.found if managed and f.held_until is not None and f.held_until > now},
            "day_since": first,
            "others": others,
            "counts": {which.value: number for which, number in going_on.counts.items()},
            "added": added,
            "approved": overview.approved_ones(listed, added.approvals, now),
            "why": {f.id: why(f)[:MOST_REASONS] for f in asking.found},
            "answered": {f.id: said(f) for f in others},
            "disputed": {f.id for f in others if disputed(f.answer)},
            "stages": {f.id: overview.stage_sentence(f) for f in listed},
            "day": overview.day_of(await shared.face.timeline(first, overview.HOUR_MS), now, self.zone),
            "browsers": browsers,
            "more_browsers": more_browsers,
            "troubled": troubled[:MOST_TROUBLED],
            "more_troubled": max(0, len(troubled) - MOST_TROUBLED),
            "working": len(status.health) - len(troubled),
        }
