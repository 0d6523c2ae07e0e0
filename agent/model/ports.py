"""Protocols between floors: what a lower floor needs from a higher one, and the edges that tests replace.

`detection/` asks for a process's connections and `sensors/` has them; time, randomness and name resolution are passed
in so that no test has to patch anything.
"""

from __future__ import annotations

from typing import Protocol

from agent.model.events import Activity, ProcessKey


class Clock(Protocol):
    """Time, as everybody in the house gets it."""

    def now(self) -> int:
        """UTC milliseconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back and go on while the machine sleeps where the system can tell."""
        ...


class Connections(Protocol):
    """Who a process talks to, reduced to platforms."""

    def activity_of(self, key: ProcessKey) -> Activity:
        """What a process did since it is watched; all zero where nothing is known."""
        ...


class ProcessTree(Protocol):
    """What stands above a process."""

    def ancestors(self, pid: int) -> tuple[str, ...]:
        """Base names of the processes above, nearest first, up to those that stand above the agent too."""
        ...

    def above_agent(self, pid: int) -> bool:
        """Whether a process stands above the agent itself, and so says nothing special about its neighbours."""
        ...
