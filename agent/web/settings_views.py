"""The page of settings: what the organisation set, what it adds, what the person can choose, each in plain words.

What the organisation set is shown and never changed here; the choices below it are the person's, each by one press, and
none of them is told to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp_jinja2
from aiohttp import web

from agent.pages.security import Refusal, Refused
from agent.web.settings_words import Names, config_settings, policy_settings
from agent.web.shared import Shared, back


@dataclass(frozen=True, slots=True)
class SettingsViews:
    """The handlers of one instance.

    Attributes:
        shared: What every handler has.
    """

    shared: Shared

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this page."""
        return [web.get("/settings", self.settings), web.post("/elsewhere", self.elsewhere)]

    async def settings(self, request: web.Request) -> web.Response:
        """Show every key of the policy with its value, what the organisation adds, and what the person can choose."""
        shared = self.shared
        status, place = await shared.face.status(), await shared.face.place()
        views = await shared.face.purposes(shared.notice_language(request))
        titles = {view.purpose.value: view.title for view in views}
        context = shared.common(request, status) | {
            "policy": policy_settings(shared.face.policy(), Names(place.name, titles)),
            "own": config_settings(),
            "added": shared.face.added(),
            "place": place,
            "notice_language": shared.notice_language(request),
            "optional": [view for view in views if view.optional and view.in_use],
        }
        return aiohttp_jinja2.render_template("settings.html", request, context)

    async def elsewhere(self, request: web.Request) -> web.Response:
        """Keep whether the person works elsewhere than where the policy says; it changes what is shown to them.

        Pressed beside the law that a finding names, it leads back there; pressed in the settings, to those.
        """
        form = await request.post()
        hide = str(form.get("elsewhere")) == "yes"
        path, place = "/settings", "choices"
        if (finding := form.get("finding")) is not None:
            path, place = f"/findings/{(await self.shared.find(str(finding))).id}", "law"
        try:
            await self.shared.face.work_elsewhere(hide)
        except ValueError as problem:
            raise Refused(Refusal.NOT_POSSIBLE, why=str(problem)) from problem
        return back(path, "elsewhere" if hide else "here_again", place)
