"""What stands above a process: the names of its ancestors, for detection to tell a test runner from a spider.

Names come from the starts that the process source reports (`saw`) and, for a process that was never reported, from one
look at it. Kept in a bounded table, ended processes included, since a short-lived parent is often gone when it is asked
for. Processes of other people are not read: the list of ancestors ends there.
"""

from __future__ import annotations

from collections import OrderedDict

from agent.model.events import ProcessKey, ProcessStarted
from agent.sensors.processes.reader import Absence, Identity, ProcessReader

_DEEPEST = 32


class CachedTree:
    """The `ProcessTree` of `agent.model.ports`.

    Args:
        reader: Looks at processes that were not reported.
        limit: Number of processes remembered.
        agent: The agent's own pid, None where it stands nowhere. Whatever is above it (a shell, a service manager, the
            tests of the agent itself) is the surroundings of everything and tells nothing apart.
    """

    def __init__(self, reader: ProcessReader, limit: int = 4096, agent: int | None = None) -> None:
        self._reader = reader
        self._limit = limit
        self._agent = agent
        self._above_agent: frozenset[int] | None = None
        self._known: OrderedDict[int, tuple[ProcessKey, int, str]] = OrderedDict()

    def saw(self, started: ProcessStarted) -> None:
        """Take note of a start."""
        self._keep(started.key, started.parent, started.name)

    def above_agent(self, pid: int) -> bool:
        """Whether a process stands above the agent itself."""
        if self._above_agent is None:
            line: list[int] = []
            here = None if self._agent is None else self._look(self._agent)
            while here is not None and here[1] > 0 and here[1] not in line and len(line) < _DEEPEST:
                line.append(here[1])
                here = self._look(here[1])
            self._above_agent = frozenset(line)
        return pid in self._above_agent

    def parent(self, pid: int) -> int:
        """Return the parent of a process, 0 where it is not known."""
        entry = self._entry(pid)
        return entry[1] if entry is not None else 0

    def ancestors(self, pid: int) -> tuple[str, ...]:
        """Base names of the processes above, nearest first, up to the agent and those that stand above it too."""
        names: list[str] = []
        child = self._entry(pid)
        while child is not None and len(names) < _DEEPEST:
            if self.above_agent(child[1]) or child[1] == self._agent:
                break
            parent = self._entry(child[1])
            if parent is None:
                break
            if parent[0].started_at > child[0].started_at:
                # The number was given to a later process: look at who has it now, which can only be a living parent.
                parent = self._look(child[1])
                if parent is None or parent[0].started_at > child[0].started_at:
                    break
            names.append(parent[2])
            child = parent
        return tuple(names)

    def _entry(self, pid: int) -> tuple[ProcessKey, int, str] | None:
        return self._known.get(pid) or self._look(pid)

    def _look(self, pid: int) -> tuple[ProcessKey, int, str] | None:
        found = self._reader.identity(pid) if pid > 0 else Absence.GONE
        return self._keep(found.key, found.parent, found.name) if isinstance(found, Identity) else None

    def _keep(self, key: ProcessKey, parent: int, name: str) -> tuple[ProcessKey, int, str]:
        entry = (key, parent, name)
        self._known[key.pid] = entry
        self._known.move_to_end(key.pid)
        while len(self._known) > self._limit:
            self._known.popitem(last=False)
        return entry
