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
    """The nine purposes. Mandatory ones rest on a notice, optional ones on consent.

    What each one means, on which legal basis, for whom and for how long is data (`content/purposes.yaml`). Which of
    them are optional stands in the code: no file of anybody's may turn a consent into a duty.
    """

    DETECT = "security.detect-bulk-collection"
    WARN = "security.jit-warning"
    REPORT = "compliance.signed-report"
    LEDGER = "accountability.notice-consent-ledger"
    HEALTH = "integrity.agent-health"
    RESEARCH = "research.tool-usage-stats"
    DIAGNOSTICS = "product.diagnostics"
    SHARE_LOG = "support.share-log-extract"
    LONGER_HISTORY = "self.longer-history"

    @property
    def optional(self) -> bool:
        """Whether the purpose rests on consent: off by default, withdrawn as easily as given."""
        return self in _OPTIONAL


_OPTIONAL = frozenset({Purpose.RESEARCH, Purpose.DIAGNOSTICS, Purpose.SHARE_LOG, Purpose.LONGER_HISTORY})


class StartRule(StrEnum):
    """What a mandatory purpose waits for, besides its lead days (DESIGN 3.10)."""

    SHOWN = "shown"
    ACKNOWLEDGED = "acknowledged"
    AUTHORISED = "authorised"
    """The person's express authorisation, where local law makes that the usual ground for watching at work."""


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
    """What a person did about a purpose, or what was done towards them."""

    SHOWN = "shown"
    ACKNOWLEDGED = "acknowledged"
    AUTHORISED = "authorised"
    """For a mandatory purpose whose start rule is `authorised`; taken back by objecting."""
    OBJECTED = "objected"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    """A consent whose time was over; recorded by the agent, never by a person."""
    ANSWERED = "answered"
    """What the person said of a finding, with a category and, if they like, words of their own."""
    DISPUTED = "disputed"
    """«That was not me», about an earlier act."""


class Channel(StrEnum):
    """Where an act came from. Never a script, a policy or a managed setting (DESIGN 3.10)."""

    PAGE = "page"
    EXTENSION = "extension"
    TERMINAL = "terminal"
    DESKTOP = "desktop"
    """A button of a desktop notice."""
    SELF = "self"
    """A test or demo instance that acknowledges its own notices, and is stamped as such."""
    CLOCK = "clock"
    """Nobody: a consent's time was over."""


class Strength(StrEnum):
    """How sure it is who acted. More than the session was never asked for, and the record says so."""

    PAGE_LINK = "page-link"
    """A page session, opened by a one-time link that only a process of this system user could get."""
    TERMINAL_TYPED = "terminal-typed"
    """Typed at a terminal of this system user."""
    EXTENSION_PRESS = "extension-press"
    """Pressed in the pop-up of a browser of this system user; any process of theirs could have said so."""
    DESKTOP_PRESS = "desktop-press"
    """Pressed on a notice of this system user's desktop; any process of theirs could have said so."""
    NONE = "none"
    """Nobody acted: the clock, or a test instance itself."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act about one purpose: recorded once, never changed. The state of consent is a fold over acts.

    Attributes:
        purpose: What it is about.
        kind: What was done.
        at: UTC milliseconds.
        notice_sha256: Hex digest of the exact text that was shown.
        channel: Where it was done.
        language: Language of that text, such as `en`.
        control: The id of the button, switch or prompt that was used, such as `notice.acknowledge`.
        dwell_ms: Milliseconds between showing the text and the act; None where that is not known.
        strength: How sure it is who acted.
        disputes: For `disputed`: the ledger entry of the act that is disputed.
        finding: For `answered`: the finding's id.
        category: For `answered`: one of `model.answers.ANSWERS`, or an earlier one; for `disputed`: empty.
        entry: The act's own number in the ledger; None before it was recorded.
    """

    purpose: Purpose
    kind: ActKind
    at: int
    notice_sha256: str
    channel: Channel
    language: str = "en"
    control: str = ""
    dwell_ms: int | None = None
    strength: Strength = Strength.NONE
    disputes: int | None = None
    finding: str = ""
    category: str = ""
    entry: int | None = None
