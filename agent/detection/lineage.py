"""Which running processes belong together: a recognised process, the helpers that it started, and who is gone already.

A driver's browser makes the driver's connections and a shell's `curl` makes the shell's, so what is below a recognised
process is followed and counted with it. Everything is bounded; nothing here knows more of a process than its number and
its start. `findings.py` is told of starts and ends and asks for the family of a process.
"""

from __future__ import annotations

from collections import OrderedDict

from agent.model.events import ProcessKey

MAX_FOLLOWED = 4096
MAX_GONE = 1024


class Lineage:
    """Recognised processes, the roots, and what runs below them."""

    def __init__(self) -> None:
        self._roots: set[ProcessKey] = set()
        self._root_of: OrderedDict[ProcessKey, ProcessKey] = OrderedDict()
        self._below: dict[ProcessKey, dict[ProcessKey, None]] = {}
        self._key_of_pid: dict[int, ProcessKey] = {}
        self._gone: OrderedDict[ProcessKey, None] = OrderedDict()

    def add_root(self, key: ProcessKey) -> bool:
        """Take in a recognised process; False when it ended while it was being identified."""
        if key in self._gone:
            del self._gone[key]
            return False
        self._roots.add(key)
        self._key_of_pid[key.pid] = key
        return True

    def follow(self, key: ProcessKey, parent: int) -> ProcessKey | None:
        """Take in a process that is nobody by itself, if a root is above it; return that root."""
        if key in self._gone:
            del self._gone[key]
            return None
        above = self.of_pid(parent)
        if above is None or above.started_at > key.started_at:
            return None
        root = self._root_of.get(above, above)
        if root not in self._roots:
            return None
        self._root_of[key] = root
        self._below.setdefault(root, {})[key] = None
        self._key_of_pid[key.pid] = key
        while len(self._root_of) > MAX_FOLLOWED:
            self._leave(next(iter(self._root_of)))
        return root

    def root_of(self, key: ProcessKey) -> ProcessKey | None:
        """Return the recognised process that a process belongs to: itself, or one above it."""
        return key if key in self._roots else self._root_of.get(key)

    def below(self, root: ProcessKey) -> list[ProcessKey]:
        """Return the helpers below a root, oldest first."""
        return list(self._below.get(root, ()))

    def of_pid(self, pid: int) -> ProcessKey | None:
        """Return the process that has a number now, if it is known here."""
        return self._key_of_pid.get(pid)

    def ended(self, key: ProcessKey) -> None:
        """Forget a process; one that nobody has met yet is remembered as gone for when its identity comes in."""
        if key not in self._roots and key not in self._root_of:
            self._gone[key] = None
            while len(self._gone) > MAX_GONE:
                self._gone.popitem(last=False)
        self.forget(key)

    def forget(self, key: ProcessKey) -> None:
        """Take a process out of everything; helpers of a root that is gone are followed no longer."""
        self._roots.discard(key)
        for helper in self._below.pop(key, ()):
            self._root_of.pop(helper, None)
            self._drop_pid(helper)
        self._leave(key)
        self._drop_pid(key)

    def clear(self) -> None:
        """Forget everything."""
        for held in (self._roots, self._root_of, self._below, self._key_of_pid, self._gone):
            held.clear()

    def _leave(self, key: ProcessKey) -> None:
        root = self._root_of.pop(key, None)
        if root is not None:
            self._below.get(root, {}).pop(key, None)
            self._drop_pid(key)

    def _drop_pid(self, key: ProcessKey) -> None:
        if self._key_of_pid.get(key.pid) == key:
            del self._key_of_pid[key.pid]
