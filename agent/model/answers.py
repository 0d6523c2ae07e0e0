"""What a person can say of a finding, and which of these answers dispute it.

An answer is kept as one of these keys with the finding and in the ledger, whichever face it came from. What earlier
releases called them stays readable, since what somebody said is never rewritten; it is not offered any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ANSWERS: Final = ("approved", "stopped", "mistaken", "not_me")
"""«This is approved», «I have stopped», «This is not what it looks like», «That was not me», in the order shown."""

WORDS: Final[Mapping[str, str]] = {
    "approved": "This is approved",
    "stopped": "I have stopped",
    "mistaken": "This is not what it looks like",
    "not_me": "That was not me",
    "stopping": "I have stopped it",
    "work": "This is for my work",
}
"""Each answer as it stands on its button; the last two are on record from before and are not offered any more."""

MOST_WORDS: Final = 500
"""Characters of a person's own words that are kept with an answer."""

DISPUTING: Final = frozenset({"mistaken", "not_me"})
"""Answers that say that the finding is wrong: wherever it is shown, it is shown with them."""


def disputed(answer: str) -> bool:
    """Return whether an answer says that the finding is wrong."""
    return answer in DISPUTING
