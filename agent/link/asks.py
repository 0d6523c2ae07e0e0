"""What the extension's own pages ask and do, answered out of the agent's one face.

```
page of the extension → background → `ask`, `act` or `pause` → `Asks.answer` → a plain document → `told`, in parts
```
A question gets the words and states that the local page shows, so that no two faces can differ; an act is recorded by
the same rules, with the extension as its channel. What cannot be done comes back as a sentence and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Final

import msgspec

from agent.content.notices import said
from agent.link.messages import ActOfPerson, Ask, Pause, Question
from agent.model.consent import Press
from agent.model.face import AgentFace
from agent.model.purposes import ActKind, Channel, Purpose

PRESS: Final = (
    "start",
    "stop",
    "not_start",
    "shown",
    "object",
    "take_back",
    "authorise",
    "not_authorise",
    "agree",
    "refuse",
    "withdraw",
)
"""The buttons that a notice speaks of: a page that has them says on them what the notice calls them."""


class CannotAnswer(Exception):
    """A question that has no answer, or an act that does not fit: the text says why and what to do."""


class Asks:
    """Answers questions of the extension's pages."""

    def __init__(self, face: Callable[[], AgentFace], now: Callable[[], int], zone: tzinfo | None = None) -> None:
        """Join it.

        Args:
            face: Returns the agent's face; asked at every question, since the face is built after the sessions.
            now: Returns UTC milliseconds.
            zone: The person's time zone; None for the machine's.
        """
        self._face, self._now, self._zone = face, now, zone

    async def answer(self, question: Question) -> object:
        """Return the document that answers a question.

        Raises:
            CannotAnswer: It has no answer, or the act does not fit.
        """
        try:
            match question:
                case ActOfPerson():
                    return await self._act(question)
                case Pause():
                    return {"gates": msgspec.to_builtins(await self._face().pause(question.minutes))}
                case Ask(what="notice"):
                    return await self._notice(question.language)
                case Ask(what="purposes"):
                    return {"purposes": msgspec.to_builtins(await self._face().purposes(question.language or "en"))}
                case Ask(what="today"):
                    return await self._today()
                case Ask(what="receipt"):
                    return {"receipt": (await self._face().receipt(question.entry)).decode()}
        except ValueError as problem:
            raise CannotAnswer(str(problem)) from problem
        raise AssertionError(question)

    async def _notice(self, language: str) -> Mapping[str, object]:
        """The notice word for word, who is responsible, and what can be done about it here."""
        face = self._face()
        status, offered = await face.status(), list(face.languages())
        shown = face.notice(language if language in offered else offered[0])
        return {
            **msgspec.to_builtins(shown),
            "languages": offered,
            "mode": status.mode.value,
            "organisation": status.organisation,
            "contact": status.contact,
            "difference": await face.difference(shown.language),
            "gates": msgspec.to_builtins(status.gates),
            "press": {key: said(shown.language, "press", key) for key in PRESS},
        }

    async def _today(self) -> Mapping[str, object]:
        """How many page loads of each platform are kept since midnight, by the person's clock."""
        # Without a zone a naive time, which the machine's own rules place: midnight's offset need not be that of now.
        now = datetime.fromtimestamp(self._now() / 1000, self._zone)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        since = int(midnight.timestamp() * 1000)
        counts: dict[str, int] = {}
        for part in await self._face().timeline(since):
            counts[part.platform] = counts.get(part.platform, 0) + part.count
        ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        return {"since": since, "platforms": [{"platform": name, "count": count} for name, count in ordered]}

    async def _act(self, said: ActOfPerson) -> Mapping[str, object]:
        face, kind = self._face(), ActKind(said.act)
        purpose = Purpose(said.purpose) if said.purpose else None
        press = Press(kind, said.notice_sha256, said.control, said.dwell_ms)
        acted = await face.act(purpose, press, Channel.EXTENSION)
        return {"gates": msgspec.to_builtins(acted.gates), "entries": list(acted.entries)}
