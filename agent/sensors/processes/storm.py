"""Keeps a storm of starts from one parent (`make -j`, a shell loop) from costing more than it tells.

Up to a limit per second every start of a parent passes; beyond it, only the first of each program name in that second.
What is left out is counted by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class _Parent:
    """What one parent started in the current second."""

    starts: int = 0
    names: set[str] = field(default_factory=set)


class StormGuard:
    """Decides start by start whether it passes.

    Args:
        per_second: Starts of one parent per second that all pass.
    """

    def __init__(self, per_second: int = 200) -> None:
        self._usual = self._per_second = per_second
        self._second = 0
        self._parents: dict[int, _Parent] = {}

    def slow(self, factor: int) -> None:
        """Let so many times fewer of them pass; 1 is the usual number."""
        self._per_second = max(1, self._usual // factor)

    def admit(self, parent: int, name: str, now: float) -> bool:
        """Say whether a start of `name` by `parent` at `now` (monotonic seconds) passes."""
        second = int(now)
        if second != self._second:
            self._second = second
            self._parents.clear()
        seen = self._parents.setdefault(parent, _Parent())
        seen.starts += 1
        passes = seen.starts <= self._per_second or name not in seen.names
        seen.names.add(name)
        return passes
