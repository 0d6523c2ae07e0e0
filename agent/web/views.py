"""The handlers of entering and of what is pressed on findings: each asks the agent, and passes on.

A form's answer is a redirect back to the page it came from (by name, never by an address it sent), so that everything
works without a script and going back never sends a form twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp_jinja2
from aiohttp import web

from agent.model.answers import ANSWERS, MOST_WORDS
from agent.model.consent import Press
from agent.model.purposes import ActKind, Channel
from agent.pages.language import current
from agent.pages.security import COOKIE, SESSION, Refusal, Refused
from agent.pages.session import SESSION_SECONDS, Sessions
from agent.web import purposes
from agent.web.shared import Shared, back


@dataclass(frozen=True, slots=True)
class Views:
    """The handlers of one instance.

    Attributes:
        shared: What every handler has.
        sessions: Links and sessions.
    """

    shared: Shared
    sessions: Sessions

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

    async def try_it(self, request: web.Request) -> web.Response:
        """Start the harmless collection."""
        await self.shared.face.try_collection()
        return back("/", "trying")


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
