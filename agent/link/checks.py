"""What is asked of every page load before it is kept: by the relay of real ones, by the rehearsal of invented ones.

platform, page class, moment → `reason_against` → empty, or the reason that is counted and told to the extension
"""

from __future__ import annotations

from typing import Protocol

from agent.consent.gate import GateHistory
from agent.model.purposes import Purpose

FUTURE_MS = 5_000
"""How far ahead of the agent's clock a browser's may be."""


class Rules(Protocol):
    """What page loads are held against."""

    @property
    def gates(self) -> GateHistory:
        """The history of the gates."""

    @property
    def platforms(self) -> frozenset[str]:
        """Keys of the platforms that are watched."""

    @property
    def page_classes(self) -> frozenset[str]:
        """Page classes that may be sent."""

    @property
    def max_age_ms(self) -> int:
        """How old an observation may be."""


def reason_against(rules: Rules, platform: str, page_class: str, at: int, now: int) -> str:
    """Return why a page load is not kept; empty where it is.

    Args:
        rules: What it is held against.
        platform: Its platform's key.
        page_class: Its page class.
        at: When it was seen, UTC milliseconds.
        now: UTC milliseconds.
    """
    if at > now + FUTURE_MS:
        return "time_in_future"
    if at < now - rules.max_age_ms:
        return "time_too_old"
    if platform not in rules.platforms:
        return "unknown_platform"
    if page_class not in rules.page_classes:
        return "unknown_class"
    if not rules.gates.was_open(Purpose.DETECT, at):
        return "gate_closed"
    return ""
