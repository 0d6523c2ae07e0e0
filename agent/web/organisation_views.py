"""The page of what the organisation adds beside its policy: its rules in words, its approvals, what was left out."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp_jinja2
from aiohttp import web

from agent.web.shared import Shared


@dataclass(frozen=True, slots=True)
class OrganisationViews:
    """One page.

    Attributes:
        shared: What every handler has.
    """

    shared: Shared

    async def organisation(self, request: web.Request) -> web.Response:
        """Show each rule with when it matches and since when it holds, each approval, and what could not be taken."""
        shared = self.shared
        context = shared.common(request, await shared.face.status()) | {"added": shared.face.added()}
        return aiohttp_jinja2.render_template("organisation.html", request, context)
