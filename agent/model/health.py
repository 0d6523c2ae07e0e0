"""Health: what works, what does not, and what is missed because of it. Shown to the person, never a score."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """The state of one part."""

    WORKING = "working"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Health:
    """One part's state.

    Attributes:
        part: Stable name, such as `processes`, `store`, `browser`.
        condition: How it is.
        how: What is at work, such as `process connector` or `polling every second`.
        missed: What is not seen because of it, in plain words; empty when nothing is.
        action: What the person can do about it; empty when nothing is to be done.
    """

    part: str
    condition: Condition
    how: str
    missed: str = ""
    action: str = ""
