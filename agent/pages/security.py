"""The guard before every request and the headers on every answer (DESIGN 3.20).

A page on the loopback interface is in reach of every site the person visits and of every local program. So each
request must name the exact Host of this run (`gw-<random>.localhost:<port>`: stops DNS rebinding, and keeps the cookie
away from other local ports), must not have been started by another site (Sec-Fetch-Site, Origin), must carry the
session's cookie, and, to change anything, the session's form token. What is refused gets a page that says why, and is
counted by name.

Specifications: Fetch (Origin and `Sec-Fetch-*`), Content Security Policy 3, RFC 9110 15.5.20 (421), RFC 6265bis
(SameSite).
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiohttp import ClientConnectionError, hdrs, web
from aiohttp.typedefs import Handler, Middleware

from agent.pages.session import Session, Sessions

log = logging.getLogger(__name__)

COOKIE: Final = "gleanwatch"
FORM_FIELD: Final = "form_token"
FORM_HEADER: Final = "X-Gleanwatch-Form-Token"
FORM_TYPE: Final = "application/x-www-form-urlencoded"
MOST_FORM_BYTES: Final = 16_384

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""No inline script or style, nothing from elsewhere, no framing, forms to ourselves only."""

HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: under it browsers send `Origin: null` with a plain form (Fetch, «append a request Origin
    # header»), and forms must work without a script. To other sites `same-origin` tells just as little.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), clipboard-read=()",
}


class Refusal(StrEnum):
    """Why a request was refused; the value is the name it is counted under."""

    WRONG_HOST = "web.wrong_host"
    CROSS_SITE = "web.cross_site"
    WRONG_ORIGIN = "web.wrong_origin"
    NO_SESSION = "web.no_session"
    LINK_USED = "web.link_used"
    WRONG_FORM_TOKEN = "web.wrong_form_token"  # noqa: S105  a counter's name
    BAD_FORM = "web.bad_form"
    NOTICE_CHANGED = "web.notice_changed"
    WORDS_TOO_LONG = "web.words_too_long"
    NOT_POSSIBLE = "web.not_possible"
    TOO_MANY_STREAMS = "web.too_many_streams"
    NOT_FOUND = "web.not_found"
    FAILED = "web.failed"


STATUS: Final = {
    Refusal.WRONG_HOST: 421,
    Refusal.CROSS_SITE: 403,
    Refusal.WRONG_ORIGIN: 403,
    Refusal.NO_SESSION: 401,
    Refusal.LINK_USED: 403,
    Refusal.WRONG_FORM_TOKEN: 403,
    Refusal.BAD_FORM: 400,
    Refusal.NOTICE_CHANGED: 409,
    Refusal.WORDS_TOO_LONG: 422,
    Refusal.NOT_POSSIBLE: 409,
    Refusal.TOO_MANY_STREAMS: 503,
    Refusal.NOT_FOUND: 404,
    Refusal.FAILED: 500,
}


class Refused(Exception):
    """A handler or the guard refuses a request; the guard turns it into a page and counts it."""

    def __init__(self, refusal: Refusal, status: int | None = None, why: str = "") -> None:
        """Refuse.

        Args:
            refusal: Why, by name.
            status: The HTTP status, where it is not the refusal's own.
            why: What the agent said to it, for the person's eyes.
        """
        super().__init__(refusal.value)
        self.refusal = refusal
        self.status = STATUS[refusal] if status is None else status
        self.why = why


@dataclass(frozen=True, slots=True)
class Rules:
    """What one face's guard goes by.

    Attributes:
        host: Returns the exact Host that requests must name now.
        sessions: Who is let in.
        entry: Path prefix that opens sessions; needs none, and may be reached from outside the page.
        assets: Path prefix of files that hold nothing personal; needs no session.
        streams: Paths of event streams: their Origin is checked like that of a POST.
        refused_page: Makes the page for a refusal.
        on_refused: Called with the name of each refusal.
    """

    host: Callable[[], str]
    sessions: Sessions
    entry: str
    assets: str
    streams: frozenset[str]
    refused_page: Callable[[web.Request, Refused], web.Response]
    on_refused: Callable[[str], None]


SESSION: Final = web.RequestKey("session", Session)
"""Where a handler finds the session of its request."""

_ANSWERING: Final = web.RequestKey("answering", web.StreamResponse)
"""The answer of which something was sent already."""


def guard(rules: Rules) -> Middleware:
    """Return the middleware that lets through what `rules` allow and answers everything else itself."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            await _check(request, rules)
            return await handler(request)
        except Refused as refused:
            return _refuse(request, rules, refused)
        except web.HTTPException as answer:
            if answer.status < 400:
                raise
            refusal = Refusal.NOT_FOUND if answer.status in (404, 405) else Refusal.BAD_FORM
            return _refuse(request, rules, Refused(refusal, answer.status))
        except Exception as error:
            begun: web.StreamResponse | None = request.get(_ANSWERING)
            if isinstance(error, ConnectionResetError | ClientConnectionError) and _gone(request):
                # A download that the person cancelled is no fault of ours. Nobody reads what is returned.
                return web.Response() if begun is None else begun
            # The message may hold what was being shown: only the kind of error is written down.
            log.error("A page failed with %s; the agent goes on. Run `gleanwatch doctor`.", type(error).__name__)
            if begun is None:
                return _refuse(request, rules, Refused(Refusal.FAILED))
            # A page in the middle of a file would pass for its end: the connection is cut, which browsers tell.
            rules.on_refused(Refusal.FAILED.value)
            if request.transport is not None:
                request.transport.abort()
            return begun

    return middleware


def _gone(request: web.Request) -> bool:
    """Whether whoever asked has closed the connection."""
    return request.transport is None or request.transport.is_closing()


async def add_headers(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Put the fixed headers on an answer, whatever made it. For `Application.on_response_prepare`."""
    request[_ANSWERING] = response
    response.headers.update(HEADERS)
    response.headers.pop(hdrs.SERVER, None)


def _refuse(request: web.Request, rules: Rules, refused: Refused) -> web.Response:
    rules.on_refused(refused.refusal.value)
    return rules.refused_page(request, refused)


async def _check(request: web.Request, rules: Rules) -> None:
    """Raise `Refused` unless the request may be handled."""
    host = rules.host()
    if request.headers.getall(hdrs.HOST, []) != [host]:
        raise Refused(Refusal.WRONG_HOST)
    entering = request.path.startswith(rules.entry)
    _check_site(request, rules, f"http://{host}", entering)
    if entering or request.path.startswith(rules.assets):
        if request.method not in (hdrs.METH_GET, hdrs.METH_HEAD):
            raise Refused(Refusal.NOT_FOUND, 405)
        return
    session = rules.sessions.find(request.cookies.get(COOKIE, ""))
    if session is None:
        raise Refused(Refusal.NO_SESSION)
    request[SESSION] = session
    if _changes(request):
        await _check_form(request, session)


def _changes(request: web.Request) -> bool:
    return request.method not in (hdrs.METH_GET, hdrs.METH_HEAD)


def _check_site(request: web.Request, rules: Rules, origin: str, entering: bool) -> None:
    """Refuse what another site started. A missing header is not held against a plain read, only against a change."""
    site = request.headers.get("Sec-Fetch-Site")
    came_from = request.headers.get(hdrs.ORIGIN)
    if came_from is not None and came_from != origin and not entering:
        raise Refused(Refusal.WRONG_ORIGIN)
    if _changes(request):
        if came_from is None:
            raise Refused(Refusal.WRONG_ORIGIN)
        if site not in (None, "same-origin"):
            raise Refused(Refusal.CROSS_SITE)
    elif request.path in rules.streams:
        # A browser sends no Origin with a stream from its own page, but then it always says where it came from.
        if came_from is None and site is None:
            raise Refused(Refusal.WRONG_ORIGIN)
        if site not in (None, "same-origin"):
            raise Refused(Refusal.CROSS_SITE)
    elif site not in (None, "same-origin", "none") and not entering:
        # A link is typed, pasted or opened by the extension; nobody else links into these pages.
        raise Refused(Refusal.CROSS_SITE)


async def _check_form(request: web.Request, session: Session) -> None:
    """Refuse a change whose body is not a small plain form, or that does not carry the session's form token."""
    if request.content_type != FORM_TYPE:
        raise Refused(Refusal.BAD_FORM, 415)
    try:
        form = await request.post()
    except (ValueError, LookupError) as error:
        raise Refused(Refusal.BAD_FORM) from error
    given = request.headers.get(FORM_HEADER) or form.get(FORM_FIELD)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.form_token.encode()):
        raise Refused(Refusal.WRONG_FORM_TOKEN)
