"""The handlers of erasing: choose what and on which ground, see what would go and what stays, confirm, read what went.

Choosing and seeing are plain reads; only the last press changes anything. What went is told once from the session's
memory, since an address must not say what somebody erased.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aiohttp_jinja2
from aiohttp import web

from agent.model.consent import Erasable, ErasurePreview, Ground
from agent.model.purposes import Channel
from agent.pages.security import SESSION, Refusal, Refused
from agent.web.shared import Shared, entry_number

WHAT: Final = (Erasable.PAGE_LOADS, Erasable.FINDINGS, Erasable.WORDS, Erasable.ALL)
"""What can be chosen here; one act's content is chosen in the history."""

GROUNDS: Final = (Ground.NOT_NEEDED, Ground.WITHDRAWN, Ground.OBJECTED, Ground.UNLAWFUL)
"""A person's grounds; that its time was over is the sweeper's."""


@dataclass(frozen=True, slots=True)
class EraseViews:
    """Erasure.

    Attributes:
        shared: What every handler has.
    """

    shared: Shared

    async def erase(self, request: web.Request) -> web.Response:
        """Ask what and why; once both are said, show what would go and what stays."""
        shared = self.shared
        what, ground, entry = _chosen(
            request.query.get("what", ""), request.query.get("ground", ""), request.query.get("entry", "")
        )
        context = shared.common(request, await shared.face.status()) | {
            "what": what,
            "ground": ground,
            "entry": entry,
            "offered": [option.value for option in WHAT],
            "grounds": [option.value for option in GROUNDS],
        }
        if what is None or ground is None:
            return aiohttp_jinja2.render_template("erase.html", request, context)
        try:
            preview = await shared.face.erase_preview(what, entry)
        except ValueError as error:
            raise Refused(Refusal.NOT_POSSIBLE, why=str(error)) from error
        context |= {"preview": preview, "nothing": _is_empty(preview)}
        return aiohttp_jinja2.render_template("erase_preview.html", request, context)

    async def erase_now(self, request: web.Request) -> web.Response:
        """Erase what was confirmed."""
        form = await request.post()
        what, ground, entry = _chosen(*(str(form.get(name) or "") for name in ("what", "ground", "entry")))
        if what is None or ground is None:
            raise Refused(Refusal.BAD_FORM)
        try:
            went = await self.shared.face.erase(what, ground, entry, Channel.PAGE)
        except ValueError as error:
            raise Refused(Refusal.NOT_POSSIBLE, why=str(error)) from error
        self.shared.visits.of(request[SESSION]).erased = went
        return web.Response(status=303, headers={"Location": "/erased"})

    async def erased(self, request: web.Request) -> web.Response:
        """Say what went; where nothing was erased in this session, go where it can be."""
        shared = self.shared
        went = shared.visits.of(request[SESSION]).erased
        if went is None:
            return web.Response(status=303, headers={"Location": "/erase"})
        context = shared.common(request, await shared.face.status()) | {"went": went}
        return aiohttp_jinja2.render_template("erased.html", request, context)


def _is_empty(preview: ErasurePreview) -> bool:
    return not (preview.page_loads or preview.findings or preview.entries)


def _chosen(what: str, ground: str, entry: str) -> tuple[Erasable | None, Ground | None, int | None]:
    """Return what was chosen; None where it was not said yet.

    Raises:
        Refused: It is none of what can be chosen, or a single act without its number.
    """
    try:
        asked, why = Erasable(what) if what else None, Ground(ground) if ground else None
    except ValueError as error:
        raise Refused(Refusal.BAD_FORM) from error
    if why is not None and why not in GROUNDS:
        raise Refused(Refusal.BAD_FORM)
    if (asked is Erasable.RECORD) != bool(entry):
        raise Refused(Refusal.BAD_FORM)
    return asked, why, entry_number(entry) if entry else None
