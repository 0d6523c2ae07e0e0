"""Builds the person's local page: one application, its guard, its routes, and the maker of one-time links.

`build_app` is called once by `daemon.py`; `serving.serve` then binds a port, which `port_of` tells the guard. A link
from `Links.make` opens `/enter/<token>`, which sets the cookie of a session; everything else needs that cookie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType
from typing import Final

from aiohttp import web

from agent.model.face import AgentFace
from agent.model.ports import Clock
from agent.pages import assets
from agent.pages.render import set_up
from agent.pages.security import MOST_FORM_BYTES, Rules, add_headers, guard
from agent.pages.session import Sessions
from agent.web.consent_views import ConsentViews
from agent.web.data_views import DataViews
from agent.web.erase_views import EraseViews
from agent.web.events import Streams
from agent.web.findings_views import FindingsViews
from agent.web.front_views import FrontViews
from agent.web.ledger_views import LedgerViews
from agent.web.organisation_views import OrganisationViews
from agent.web.record_views import RecordViews
from agent.web.settings_views import SettingsViews
from agent.web.shared import RefusedPages, Shared, in_its_language
from agent.web.views import Views
from agent.web.visits import Visits

EVENTS: Final = "/events"
_NO_FIELDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Links:
    """Makes one-time links to the page."""

    _sessions: Sessions
    _host: Callable[[], str]

    def make(self) -> str:
        """Return a link that opens the page once, within 60 seconds."""
        return f"http://{self._host()}/enter/{self._sessions.make_link()}"


def build_app(
    face: AgentFace,
    *,
    host_label: str,
    port_of: Callable[[], int],
    clock: Clock,
    new_token: Callable[[], str],
    on_refused: Callable[[str], None],
    fields: Mapping[str, Mapping[str, str]] = _NO_FIELDS,
    qr: Callable[[bytes, str], str] | None = None,
    verifier: bytes = b"",
    zone: tzinfo | None = None,
    heartbeat: float = 15.0,
) -> tuple[web.Application, Links]:
    """Build the page.

    Args:
        face: The agent.
        host_label: The random part of the page's name, lower-case letters and digits, new for each run.
        port_of: Returns the port that is bound.
        clock: The instance's clock.
        new_token: Returns at least 128 random bits, URL-safe.
        on_refused: Called with a counter's name for each refused request.
        fields: Table → column → what is kept there, for «My data».
        qr: Draws a receipt, with a title, as an inline `<svg>`; raises ValueError where it is too long. None: no
            pictures.
        verifier: The stand-alone program that checks a receipt, to be handed out; empty: none is at hand.
        zone: The person's time zone; None for the machine's.
        heartbeat: Seconds between two signs of life on the live view.

    Returns:
        The application and the maker of its links.

    Raises:
        ValueError: `host_label` cannot be part of a host name.
    """
    if not (host_label.isascii() and host_label.isalnum() and host_label == host_label.lower()):
        raise ValueError("The random part of the page's name must be lower-case letters and digits.")

    def host() -> str:
        return f"gw-{host_label}.localhost:{port_of()}"

    sessions = Sessions(clock, new_token)
    streams = Streams(face.changes, sessions, heartbeat=heartbeat)
    shared = Shared(face, Visits(clock), clock)
    rules = Rules(
        host=host,
        sessions=sessions,
        entry="/enter/",
        assets="/static/",
        streams=frozenset({EVENTS}),
        refused_page=RefusedPages(shared),
        on_refused=on_refused,
    )
    app = web.Application(middlewares=[guard(rules), in_its_language(shared)], client_max_size=MOST_FORM_BYTES)
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(streams.end_all)
    set_up(app, "agent.web", clock=clock, zone=zone)
    consent, record, erasing = ConsentViews(shared), RecordViews(shared, qr, verifier), EraseViews(shared)
    views = Views(shared, sessions)
    app.add_routes(
        [
            *FindingsViews(shared).routes(),
            *DataViews(shared, fields).routes(),
            *LedgerViews(shared).routes(),
            web.get("/enter/{token}", views.enter, allow_head=False),
            *FrontViews(shared, consent, zone).routes(),
            *SettingsViews(shared).routes(),
            web.get("/notice", consent.notice),
            web.get("/consent", consent.consent),
            web.get("/organisation", OrganisationViews(shared).organisation),
            web.get("/history", record.history),
            web.get("/history/{entry}/dispute", record.ask_dispute),
            web.get("/receipts/{entry}.json", record.receipt_file, allow_head=False),
            web.get("/receipts/{entry}", record.receipt),
            web.get("/verify_receipt.py", record.verifier_file),
            web.get("/export.zip", record.export, allow_head=False),
            web.get("/erase", erasing.erase),
            web.get("/erased", erasing.erased),
            web.get(EVENTS, streams.handle, allow_head=False),
            web.post("/act", consent.act),
            web.post("/dispute", record.dispute),
            web.post("/erase", erasing.erase_now),
            web.post("/answer", views.answer),
            web.post("/try", views.try_it),
            web.get("/static/{name}", assets.handler(assets.load("agent.pages", "agent.web"))),
        ]
    )
    return app, Links(sessions, host)
