"""Flags on the desktop: one notice for a new flag, through the system's own notification service.

Texts are fixed templates around the tool's name. Where there is no service (a server, a container) the first failure is
remembered as health and nothing is tried again until the agent starts anew: a missing desktop is not an error.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType

from agent.model.findings import Finding, Stage
from agent.model.health import Condition, Health
from agent.model.purposes import Act, ActKind, Channel

log = logging.getLogger(__name__)
# The library logs what it shows and prints a traceback where there is no desktop; health says both better.
logging.getLogger("desktop_notifier").setLevel(logging.CRITICAL)

DEADLINE_SECONDS = 5.0


class NotShown(Exception):
    """The notification service took nothing."""


class Desktop:
    """Shows flags as desktop notices."""

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._health = Health("desktop", Condition.WORKING, "desktop notices, not needed yet")
        self._notifier: object | None = None

    def health(self) -> Health:
        """Say whether notices reach the person."""
        return self._health

    async def show_flag(self, finding: Finding, on_open: Callable[[], None]) -> None:
        """Show one flag; pressing it calls `on_open`. Never raises: the page holds the record."""
        title, text = flag_text(finding)
        await self._send(title, text, on_open)

    async def show_act(self, act: Act, on_open: Callable[[], None], on_dispute: Callable[[], None]) -> None:
        """Tell the person that an act was put on record in their name: it may not have been them (DESIGN 3.10).

        Args:
            act: The act.
            on_open: Called when the notice is pressed.
            on_dispute: Called when «That was not me» is pressed.
        """
        title, text = act_text(act.kind, act.channel)
        await self._send(title, text, on_open, {"That was not me": on_dispute})

    async def _send(
        self,
        title: str,
        text: str,
        on_open: Callable[[], None],
        buttons: Mapping[str, Callable[[], None]] = MappingProxyType({}),
    ) -> None:
        if not self._enabled or self._health.condition is Condition.FAILED:
            return
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                from desktop_notifier import Button, DesktopNotifier, Urgency

                if self._notifier is None:
                    self._notifier = DesktopNotifier(app_name="Gleanwatch")
                notifier = self._notifier
                if isinstance(notifier, DesktopNotifier):
                    taken = asyncio.Event()
                    await notifier.send(
                        title=title,
                        message=text,
                        urgency=Urgency.Normal,
                        buttons=[Button(title=name, on_pressed=pressed) for name, pressed in buttons.items()],
                        on_dispatched=taken.set,
                        on_clicked=on_open,
                    )
                    # The library swallows its failures; only this call says that the service took the notice.
                    if not taken.is_set():
                        raise NotShown
            self._health = Health("desktop", Condition.WORKING, "desktop notices")
        except Exception as problem:
            # Whatever a foreign notification service does, the flag itself must go on to page and pop-up.
            log.info("no desktop notice could be shown: %s", type(problem).__name__)
            self._health = Health(
                "desktop",
                Condition.FAILED,
                "no notification service answered",
                missed="Flags are shown on your page and in the pop-up only.",
                action="Start the agent inside your desktop session to get notices.",
            )


def flag_text(finding: Finding) -> tuple[str, str]:
    """Return title and text of a flag's notice: what was seen and what the person can do."""
    doing = "is collecting" if finding.stage is Stage.COLLECTING else "was started to collect many pages"
    where = f" from {', '.join(finding.platforms)}" if finding.platforms else ""
    why = f" Why: {finding.evidence[0].detail}." if finding.evidence else ""
    return (
        "A bulk-collection tool is running",
        f"{finding.name} {doing}{where}.{why} Nobody was told. Open your page to answer.",
    )


def act_text(kind: ActKind, channel: Channel) -> tuple[str, str]:
    """Return title and text of an act's notice."""
    what = {
        ActKind.SHOWN: "that the notice was shown to you",
        ActKind.ACKNOWLEDGED: "that you have been shown the notice",
        ActKind.AUTHORISED: "that you authorise being watched",
        ActKind.OBJECTED: "that you object to being watched",
        ActKind.GIVEN: "your consent",
        ActKind.REFUSED: "that you refuse consent",
        ActKind.WITHDRAWN: "that you withdrew your consent",
        ActKind.EXPIRED: "that your consent has run out",
        ActKind.ANSWERED: "your answer about a flagged tool",
        ActKind.DISPUTED: "that an earlier act was not yours",
    }[kind]
    where = {
        Channel.PAGE: ", on your page",
        Channel.EXTENSION: ", in the browser",
        Channel.TERMINAL: ", at a terminal",
        Channel.DESKTOP: ", by a desktop notice",
        Channel.SELF: ", by this test instance itself",
        Channel.CLOCK: ", as its time was over",
    }[channel]
    return ("Put on record in your name", f"Gleanwatch noted {what}{where}. Was that not you? Open your page.")
