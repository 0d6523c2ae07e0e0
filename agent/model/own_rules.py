"""An organisation's own rule as people are told of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnRule:
    """One rule of the organisation.

    Attributes:
        id: Its UUID.
        title: One line.
        description: Why the organisation has it, in its own words.
        family: The family of tools it is about.
        condition: When it matches, in words, line by line, inner lines indented by two spaces.
    """

    id: str
    title: str
    description: str
    family: str
    condition: tuple[str, ...]
