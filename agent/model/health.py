"""Health: what works, what does not, and what is missed because of it. Shown to the person, never a score."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """The state of one part."""

    WORKING = "working"
    DEGRADED = "degraded"
    FAILED = "failed"


class Part(StrEnum):
    """What has a state of its own; the value is its name wherever a program reads it."""

    PROCESSES = "processes"
    """Programs that start."""
    CONNECTIONS = "connections"
    """What suspected programs do on the network."""
    ADDRESSES = "platform addresses"
    """Which address is which platform's."""
    INSTALLS = "installs"
    """What is installed."""
    EXPORTS = "exports"
    """New tables in Downloads and on the desktop."""
    BROWSERS = "browsers"
    RULES = "rules"
    """Rules of the organisation."""
    APPROVALS = "approvals"
    """Approvals of the organisation."""
    ORGANISATION = "organisation"
    """Whether changes of both are noticed."""
    STORE = "store"
    DESKTOP = "desktop"
    """Desktop notices."""
    WITNESSES = "witnesses"
    """Who else has seen the ledger."""
    CATALOGUE = "catalogue"
    """The list of known tools."""
    BUDGET = "budget"
    """How much of the computer the agent itself takes."""
    FAULTS = "faults"
    """Faults of the agent's own."""


@dataclass(frozen=True, slots=True)
class Health:
    """One part's state.

    Attributes:
        part: Which.
        condition: How it is.
        how: What is at work, such as `process connector` or `polling every second`.
        missed: What is not seen because of it, in plain words; empty when nothing is.
        action: What the person can do about it; empty when nothing is to be done.
    """

    part: Part
    condition: Condition
    how: str
    missed: str = ""
    action: str = ""
