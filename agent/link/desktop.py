"""Flags on the desktop: one notice for a new flag, through the system's own notification service.

A notice says only that there is a message: screens are shared, and what was seen is for the person first. Pressing it
opens their page, where the message and the answers to it are; once it was answered, wherever, the notice goes. Where
there is no service (a server, a container) the first failure is remembered as health and nothing is tried again until
the agent starts anew: a missing desktop is not an error.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from agent.model.findings import Finding
from agent.model.health import Condition, Health, Part
from agent.model.purposes import Act, ActKind, Channel

log = logging.getLogger(__name__)
# The library logs what it shows and prints a traceback where there is no desktop; health says both better.
logging.getLogger("desktop_notifier").setLevel(logging.CRITICAL)

DEADLINE_SECONDS = 5.0
MAX_SHOWN = 64
"""Notices that are remembered so as to take them away again."""


class NotShown(Exception):
    """The notification service took nothing."""


class Desktop:
    """Shows flags as desktop notices."""

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._health = Health(Part.DESKTOP, Condition.WORKING, "desktop notices, not needed yet")
        self._notifier: object | None = None
        self._shown: OrderedDict[str, str] = OrderedDict()
        # A flag can be answered while its notice is still being shown: taking it away waits until it has a name.
        self._one_at_a_time = asyncio.Lock()

    def health(self) -> Health:
        """Say whether notices reach the person."""
        return self._health

    async def show_flag(self, finding: Finding, on_open: Callable[[], None]) -> None:
        """Say that there is a message; pressing it calls `on_open`. Never raises: the page holds the record."""
        async with self._one_at_a_time:
            shown = await self._send(*FLAG_TEXT, on_open)
            if shown:
                self._shown[finding.id] = shown
                while len(self._shown) > MAX_SHOWN:
                    self._shown.popitem(last=False)

    async def show_message(self, on_open: Callable[[], None]) -> None:
        """Say that there is something to read, in a flag's words; pressing it calls `on_open`. Never raises."""
        await self._send(*FLAG_TEXT, on_open)

    async def withdraw_flag(self, finding_id: str) -> None:
        """Take the notice of a flag away: it was answered, wherever. Never raises."""
        async with self._one_at_a_time:
            shown = self._shown.pop(finding_id, "")
        if not shown:
            return
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                from desktop_notifier import DesktopNotifier

                if isinstance(self._notifier, DesktopNotifier):
                    await self._notifier.clear(shown)
        except Exception as problem:
            # A notice that stays says nothing more than that there was a message.
            log.info("a desktop notice could not be taken away: %s", type(problem).__name__)

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
    ) -> str:
        """Show one notice and return the system's name for it, empty where none was shown."""
        if not self._enabled or self._health.condition is Condition.FAILED:
            return ""
        shown = ""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                from desktop_notifier import Button, DesktopNotifier, Urgency

                if self._notifier is None:
                    self._notifier = DesktopNotifier(app_name="Gleanwatch")
                notifier = self._notifier
                if isinstance(notifier, DesktopNotifier):
                    taken = asyncio.Event()
                    shown = await notifier.send(
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
            self._health = Health(Part.DESKTOP, Condition.WORKING, "desktop notices")
        except Exception as problem:
            # Whatever a foreign notification service does, the flag itself must go on to page and pop-up.
            log.info("no desktop notice could be shown: %s", type(problem).__name__)
            self._health = Health(
                Part.DESKTOP,
                Condition.FAILED,
                "no notification service answered",
                missed="Flags are shown on your page and in the pop-up only.",
                action="Start the agent inside your desktop session to get notices.",
            )
            return ""
        return shown


FLAG_TEXT: Final = ("Gleanwatch", "Gleanwatch has a message for you.")
"""Title and text of a flag's notice. Nothing of the flag: somebody else may be looking at the same screen."""


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
        ActKind.ANSWERED: "an answer of yours",
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
