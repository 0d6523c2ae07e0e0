"""The notices: what a person is told before anything is looked at, as one exact text with a version and a hash.

The words lie in `notices/*.en.md`, one file for each mode plus the parts they share. `render_notice` puts the values of
this instance into them (who runs it, how long things are kept, when watching starts) and hashes the result, so that the
hash covers every value a person relies on: another retention or recipient is another notice and asks again
(DESIGN 3.10, 3.16). The store keeps the hash with each act; pages and terminal show the text as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import Final

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from agent.model.face import NoticeText
from agent.model.purposes import Mode, Purpose

PURPOSE_WORDS: Final[Mapping[Purpose, str]] = {
    Purpose.DETECT: "**Why: to recognise bulk collection.** To see which tools gather data from the platforms below.",
    Purpose.HEALTH: "**Why: to say what works.** The agent notes when it starts, stops or misses something.",
    Purpose.LONGER_HISTORY: (
        "**Longer history.** Keep the facts of page loads for 90 days instead, for your own page only. It is off until "
        "you switch it on, and switched off the same way; switching it off deletes the older ones."
    ),
}
"""Each purpose in plain words, as the notice says it (DESIGN 3.10)."""

PLATFORMS: Final = ("Facebook", "Instagram", "Threads", "WhatsApp", "LinkedIn", "TikTok", "YouTube", "X")
"""The platforms that are watched without asking the browser for a further permission."""

_LONGEST_VALUE: Final = 200
_HEAD = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)


class _Texts(BaseLoader):
    """Reads the shipped notice texts, with their heads taken off."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, None]:
        """Return a text without its head; names come from this module and its texts only."""
        return _HEAD.sub("", _read(template)), None, None


def _read(name: str) -> str:
    """Return one shipped text."""
    place = files("agent.content").joinpath("notices", name)
    if not place.is_file():
        raise TemplateNotFound(name)
    return place.read_text(encoding="utf-8")


def _head(text: str) -> dict[str, str]:
    """Return the `key: value` lines that stand before a notice's text."""
    match = _HEAD.match(text)
    if match is None:
        raise ValueError(
            "A notice text has lost its head (three dashes, notice, language, version). Reinstall Gleanwatch."
        )
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in match[1].splitlines())}


def _counted(word: str) -> Callable[[int], str]:
    """Return a filter that says «1 day», «14 days»."""

    def say(number: int) -> str:
        return f"{number} {word}" if number == 1 else f"{number} {word}s"

    return say


def _value(text: str) -> str:
    """Make a policy's value harmless inside a notice: one line, no control or marking characters, bounded."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(re.sub(r"[*`<>#\[\]]", "", plain).split())[:_LONGEST_VALUE]


def render_notice(
    mode: Mode,
    *,
    purposes: Sequence[Purpose],
    organisation: str = "",
    contact: str = "",
    lead_days: int = 0,
    acknowledgement: bool = False,
    raw_hours: int = 24,
    finding_days: int = 90,
    platforms: Sequence[str] = PLATFORMS,
    loopback: Sequence[str] = (),
) -> NoticeText:
    """Return the notice that holds for an instance, exactly as it must be shown.

    Args:
        mode: Which of the three notices.
        purposes: The purposes this instance uses, in the order in which they are told.
        organisation: Who runs it; needed in managed mode.
        contact: Where questions and objections go; needed in managed mode.
        lead_days: Days between showing and watching (managed mode).
        acknowledgement: Whether showing is not enough (managed mode).
        raw_hours: How long page loads are kept, hours.
        finding_days: How long findings are kept after they closed, days.
        platforms: Names of the watched platforms.
        loopback: Names that lead to this machine and count as a platform (demonstrations).

    Returns:
        The text in the notices' small Markdown, with the SHA-256 of its UTF-8 bytes.

    Raises:
        ValueError: A managed notice without an organisation or contact, or a number that cannot be.
    """
    organisation, contact = _value(organisation), _value(contact)
    if mode is Mode.MANAGED and not (organisation and contact):
        raise ValueError("A managed notice must say who runs it and whom to ask: set `organisation` and `contact`.")
    if lead_days < 0 or raw_hours <= 0 or finding_days <= 0:
        raise ValueError("A notice needs lead days of 0 or more and retention times above 0. Correct the policy.")
    if not purposes or not platforms:
        raise ValueError("A notice needs at least one purpose and one platform.")
    environment = Environment(  # noqa: S701  the result is Markdown text; whoever shows it as HTML escapes it
        loader=_Texts(), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update(days=_counted("day"), hours=_counted("hour"))
    name = f"{mode.value}.en.md"
    head = _head(_read(name))
    body = environment.get_template(name).render(
        organisation=organisation,
        contact=contact,
        mandatory=[PURPOSE_WORDS[p] for p in purposes if not p.optional],
        optional=[PURPOSE_WORDS[p] for p in purposes if p.optional],
        lead_days=lead_days,
        acknowledgement=acknowledgement,
        raw_hours=raw_hours,
        finding_days=finding_days,
        platforms=_list(platforms),
        lookups=mode is not Mode.TEST,
        loopback=[_value(n) for n in loopback],
    )
    body = re.sub(r"\n{3,}", "\n\n", re.sub(r"\n(?=#)", "\n\n", body)).strip()
    text = f"{body}\n\nNotice «{head['notice']}», version {head['version']}.\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return NoticeText(head["notice"], head["version"], head["language"], text, digest)


def _list(names: Sequence[str]) -> str:
    """Say names as «A, B and C»."""
    clean = [_value(n) for n in names]
    return clean[0] if len(clean) == 1 else f"{', '.join(clean[:-1])} and {clean[-1]}"
