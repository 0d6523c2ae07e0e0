"""Purposes and the gate: what may be observed, and from when.

A *purpose* is one reason for looking at something. Each has a *gate*: `open` (observe), `waiting` (its notice was
shown, its lead days or acknowledgement are not there yet) or `closed`. `consent/` decides the gates, `link/` pushes
them to browsers, and every observation is judged by the gate at the time it was *observed*, not when it arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How this instance came to run (DESIGN 3.11)."""

    PERSONAL = "personal"
    MANAGED = "managed"
    TEST = "test"


class Purpose(StrEnum):
    """Every purpose of this release that has a gate. Mandatory ones rest on a notice, optional ones on consent."""

    DETECT = "security.detect-bulk-collection"
    HEALTH = "integrity.agent-health"
    LONGER_HISTORY = "self.longer-history"

    @property
    def optional(self) -> bool:
        """Whether the purpose rests on consent: off by default, withdrawn as easily as given."""
        return self is Purpose.LONGER_HISTORY


class GateState(StrEnum):
    """The three states of a gate."""

    OPEN = "open"
    WAITING = "waiting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Gate:
    """One purpose's gate.

    Attributes:
        purpose: What the gate belongs to.
        state: Whether observing for it is allowed now.
        since: When this state began, UTC milliseconds.
        until: For `waiting`: when it opens by itself, UTC milliseconds; None where it waits for an act.
        reason: One of the fixed texts' keys, such as `notice_not_shown`, `lead_days`, `not_acknowledged`, `objected`.
    """

    purpose: Purpose
    state: GateState
    since: int
    until: int | None = None
    reason: str = ""


class ActKind(StrEnum):
    """What a person can do about a purpose, or what was done towards them."""

    SHOWN = "shown"
    ACKNOWLEDGED = "acknowledged"
    OBJECTED = "objected"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class Channel(StrEnum):
    """Where an act came from. Never a script, a policy or a managed setting (DESIGN 3.10)."""

    PAGE = "page"
    EXTENSION = "extension"
    TERMINAL = "terminal"
    SELF = "self"
    """A test or demo instance that acknowledges its own notices, and is stamped as such."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act about one purpose.

    Attributes:
        purpose: What it is about.
        kind: What was done.
        at: UTC milliseconds.
        notice_sha256: Hex digest of the exact text that was shown.
        channel: Where it was done.
    """

    purpose: Purpose
    kind: ActKind
    at: int
    notice_sha256: str
    channel: Channel
