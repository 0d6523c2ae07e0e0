"""In which language a person is told: what they chose by a link, else what their browser asks for, else ours.

The pages are told in every language of `agent.pages.language`; a notice in those that the policy's law allows. Where
the two differ, the notice and what it says of each purpose carry their own `lang`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from agent.content.notices import best_language

NAMES: Final[Mapping[str, str]] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "nb": "Norsk bokmål",
}
"""Each language's name in itself."""

_LONGEST_HEADER: Final = 400


def wanted(accept_language: str) -> list[str]:
    """Return the languages a browser asks for, best first (RFC 9110 12.5.4); what cannot be read is left out."""
    asked: list[tuple[float, str]] = []
    for part in accept_language[:_LONGEST_HEADER].split(","):
        tag, _, weight = part.partition(";")
        tag = tag.strip()
        if not tag or tag == "*":
            continue
        quality = _quality(weight)
        if quality > 0:
            asked.append((-quality, tag))
    # Sorting by weight alone keeps the order in which equals were named.
    return [tag for _, tag in sorted(asked, key=lambda pair: pair[0])]


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, max(0.0, float(value))) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def choose(asked_for: str, remembered: str, accept_language: str, offered: Sequence[str]) -> str:
    """Return the language to tell in.

    Args:
        asked_for: What the link said, or empty.
        remembered: What was chosen earlier in this session, or empty.
        accept_language: What the browser asks for.
        offered: What there is, best first; at least one.
    """
    for chosen in (asked_for, remembered):
        if chosen in offered:
            return chosen
    return best_language(wanted(accept_language), offered)
