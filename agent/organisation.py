"""The organisation's own rules and approvals: read from beside the policy, taken up again whenever they change.

```
rules/*.yml       read (root's, in managed mode) → parsed in a process apart → sorted by `taken` → all good: they hold
                                                                                → one broken: named, those before stay
approvals/*.txt   read → verified with the keys of the policy → the good ones hold until they end, the others are named
```
Three folders are watched flat: both of these, and the policy's, in which they appear and vanish. Whatever changes is
looked at after a quiet moment; approvals also end by the clock. What the person was shown decides whether
rules that are taken are in force (`consenting.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from watchdog.events import (
    DirAttribEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)

from agent.detection.approvals import ApprovalRefused, read_approval
from agent.detection.organisation import OwnRules, taken
from agent.detection.sigma.apart import parse_apart
from agent.detection.sigma.form import RuleSet
from agent.ledger.note import NoteError, VerifierKey
from agent.model.approvals import Approval
from agent.model.faults import described
from agent.model.health import Condition, Health, Part
from agent.model.organisation import Folder, LeftOut
from agent.model.ports import Clock
from agent.model.tasks import end_task
from agent.pages.words import counted
from agent.sensors.observing import ACTION, Observed, end, observe
from agent.settings.beside import Beside, read_beside

log = logging.getLogger(__name__)

RULES: Final[Folder] = "rules"
APPROVALS: Final[Folder] = "approvals"
RULE_ENDINGS: Final = (".yml", ".yaml")
APPROVAL_ENDINGS: Final = (".txt",)
QUIET_SECONDS: Final = 0.5
"""Files that are put there together are taken together."""
MOST_QUIET: Final = 20
"""So many quiet moments are waited for where writing does not end."""
POLL_SECONDS: Final = 30.0
LOOK_SECONDS: Final = 60.0
"""While approvals hold: time between two looks at the clock, since a loop's timers do not count sleep."""
MAX_WHY: Final = 300
MAX_NAMED: Final = 3
"""So many files are named in a line of health; the pages name all."""

_EVENTS: Final[list[type[FileSystemEvent]]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    DirAttribEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileAttribEvent,
]
_SOURCES: Final = {RULES: RULE_ENDINGS, APPROVALS: APPROVAL_ENDINGS}


class OrganisationFiles:
    """What lies beside one policy. For one event loop.

    Args:
        policy: Where the policy lies.
        keys: The verifier keys that the policy names under `approvals.keys`.
        clock: Time.
        on_change: Awaited after rules or approvals, or what is left out of them, are not what they were.
        require_root: Whether files must be root's; always, save in test mode.
        quiet_seconds: How long nothing must happen before what changed is looked at.
        poll_seconds: Time between two looks where the system's watches run out.
    """

    def __init__(
        self,
        policy: Path,
        keys: Sequence[str],
        clock: Clock,
        on_change: Callable[[], Awaitable[None]],
        *,
        require_root: bool,
        quiet_seconds: float = QUIET_SECONDS,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._on_change = on_change
        self._require_root = require_root
        self._quiet_seconds = quiet_seconds
        self._poll_seconds = poll_seconds
        self._keys, self._bad_keys = _verifiers(keys)
        self.rules = OwnRules()
        """The rules that are taken."""
        self.earlier = False
        """Whether they are those of before, since one that lies there now is broken."""
        self._approvals: tuple[Approval, ...] = ()
        self._left_out: dict[Folder, tuple[LeftOut, ...]] = {RULES: (), APPROVALS: self._bad_keys}
        self._read: dict[Folder, str] = {}
        self._touched = asyncio.Event()
        self._untold = False
        """Whether a change waits to be told, since telling it failed."""
        self._observed = Observed(None)
        self._watched: tuple[tuple[Path, int, int], ...] = ()
        self._task: asyncio.Task[None] | None = None

    def approvals(self) -> tuple[Approval, ...]:
        """Return the approvals that hold now."""
        now = self._clock.now()
        return tuple(approval for approval in self._approvals if now < approval.until)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What could not be taken of what lies there now."""
        return (*self._left_out[RULES], *self._left_out[APPROVALS])

    def health(self) -> list[Health]:
        """Say what is taken, what is left out and why, and whether changes are noticed."""
        told = []
        if self.rules.told or self._left_out[RULES]:
            how = counted(len(self.rules.told), "rule")
            told.append(self._health_of(RULES, f"{how}, as they were before" if self.earlier else how))
        held = self.approvals()
        if held or self._left_out[APPROVALS]:
            told.append(self._health_of(APPROVALS, counted(len(held), "approval")))
        if self._observed.failure:
            how = f"polling every {self._poll_seconds:g} seconds"
            missed = f"Rules and approvals are taken up later: {self._observed.failure}."
            told.append(Health(Part.ORGANISATION, Condition.DEGRADED, how, missed, ACTION))
        return told

    async def look(self) -> bool:
        """Read what lies there now and take what can be taken; say whether anything is not what it was."""
        before = (self.rules.sha256, self.earlier, self.approvals(), self.left_out)
        for folder, take in ((RULES, self._take_rules), (APPROVALS, self._take_approvals)):
            found = await asyncio.to_thread(
                read_beside, self._policy, folder, _SOURCES[folder], require_root=self._require_root
            )
            fingerprint = hashlib.sha256(repr(found).encode()).hexdigest()
            if self._read.get(folder) != fingerprint and await take(found):
                self._read[folder] = fingerprint
        return before != (self.rules.sha256, self.earlier, self.approvals(), self.left_out)

    def open(self) -> None:
        """Begin to watch; does nothing when it has begun already."""
        if self._task is None:
            self._touched.set()
            self._task = asyncio.get_running_loop().create_task(self._follow())

    async def close(self) -> None:
        """Stop watching; what was taken stays."""
        task, self._task = self._task, None
        if task is not None:
            await end_task(task)
        await asyncio.to_thread(self._unwatch)

    # Taking

    async def _take_rules(self, found: Beside) -> bool:
        """Take the rules; where one of them is broken, those of before stay. False where they could not be read."""
        place = self._policy.parent / RULES
        out = [LeftOut(RULES, name, 1, _short(why)) for name, why in found.refused]
        try:
            parsed = await parse_apart([place / name for name, _ in found.files]) if found.files else RuleSet()
        except (OSError, ValueError) as problem:
            # A file went away while it was read, or no process could be started: it is tried again in a while.
            why = f"they could not be read just now ({type(problem).__name__}); this is tried again"
            self._left_out[RULES] = (LeftOut(RULES, RULES, 1, why),)
            asyncio.get_running_loop().call_later(self._poll_seconds, self._touched.set)
            return False
        sorted_ = taken(parsed)
        out += [LeftOut(RULES, one.file, one.line, _short(one.reason)) for one in sorted_.refused]
        self._left_out[RULES] = tuple(out)
        self.earlier = bool(out) and RULES in self._read
        if not self.earlier:
            self.rules = sorted_
        return True

    async def _take_approvals(self, found: Beside) -> bool:
        """Take each approval that is right; the others are left out."""
        out = [*self._bad_keys, *(LeftOut(APPROVALS, name, 1, _short(why)) for name, why in found.refused)]
        held: list[Approval] = []
        for name, text in found.files:
            try:
                held.append(read_approval(text.encode(), self._keys, self._clock.now()))
            except ApprovalRefused as problem:
                out.append(LeftOut(APPROVALS, name, 1, _short(str(problem))))
        self._left_out[APPROVALS] = tuple(out)
        self._approvals = tuple(sorted(held, key=lambda one: (one.until, one.family, one.platform, one.reference)))
        return True

    # Watching

    async def _follow(self) -> None:
        held = self.approvals()
        while True:
            try:
                if await self._stirred():
                    # Watched before it is read: what comes between the two is looked at next.
                    await asyncio.to_thread(self._watch, asyncio.get_running_loop())
                    self._untold |= await self.look()
                self._untold |= held != self.approvals()
                held = self.approvals()
                if self._untold:
                    await self._on_change()
                    self._untold = False
            except Exception as problem:
                # Whatever lies there, and whatever becomes of it, must not end the watching of it.
                log.error("what lies beside the policy could not be taken: %s", described(problem))

    async def _stirred(self) -> bool:
        """Wait until something changed and is quiet again; False where only time went by and an approval may end."""
        blind = self._failed
        ends = [approval.until for approval in self.approvals()]
        waits = [max(0.01, (min(ends) - self._clock.now()) / 1000), LOOK_SECONDS] if ends else []
        waits += [self._poll_seconds] if blind or self._untold else []
        try:
            async with asyncio.timeout(min(waits, default=None)):
                await self._touched.wait()
        except TimeoutError:
            return blind
        for _ in range(MOST_QUIET):
            self._touched.clear()
            await asyncio.sleep(self._quiet_seconds if self._watched else 0)
            if not self._touched.is_set():
                break
        self._touched.clear()
        return True

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Watch the folders that are there, anew where they are others than before. Blocks for a moment."""
        folders = _folders(self._policy.parent)
        if folders == self._watched and not self._failed:
            return
        self._unwatch()
        stir = _Stir(self._policy.parent, loop, self._touched)
        self._observed = observe([(path, stir) for path, _, _ in folders], _EVENTS, self._poll_seconds)
        self._watched = folders

    @property
    def _failed(self) -> bool:
        """Whether nothing says that something changed: no observer could be had, or the policy's folder is gone."""
        return not self._watched or self._observed.observer is None

    def _unwatch(self) -> None:
        observed, self._observed = self._observed, Observed(None)
        if observed.observer is not None:
            end(observed.observer)

    def _health_of(self, folder: Folder, how: str) -> Health:
        out = self._left_out[folder]
        if not out:
            return Health(Part(folder), Condition.WORKING, how)
        named = "; ".join(f"{one.file}: {one.why}" for one in out[:MAX_NAMED])
        more = f"; and {len(out) - MAX_NAMED} more" if len(out) > MAX_NAMED else ""
        action = (
            "Tell whoever keeps these rules; «gleanwatch rules check» shows line and reason."
            if folder == RULES
            else "Tell whoever signs approvals: each is read as it lies there, and refused where it was changed."
        )
        return Health(Part(folder), Condition.DEGRADED, how, f"Left out: {named}{more}.", action)


class _Stir(FileSystemEventHandler):
    """Says that something changed in one of the folders; of the policy's own only these two count."""

    def __init__(self, above: Path, loop: asyncio.AbstractEventLoop, touched: asyncio.Event) -> None:
        self._above, self._loop, self._touched = above, loop, touched

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Take an event that the filter let through."""
        paths = [Path(str(path)) for path in (event.src_path, event.dest_path) if path]
        if any(path.parent != self._above or path.name in _SOURCES for path in paths):
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._touched.set)


def _folders(above: Path) -> tuple[tuple[Path, int, int], ...]:
    """Return which of the folders are there, each with what tells it from another of the same name."""
    found = []
    for path in (above, above / RULES, above / APPROVALS):
        with contextlib.suppress(OSError):
            state = path.stat()
            if path.is_dir():
                found.append((path, state.st_dev, state.st_ino))
    return tuple(found)


def _verifiers(keys: Sequence[str]) -> tuple[tuple[VerifierKey, ...], tuple[LeftOut, ...]]:
    good, bad = [], []
    for number, text in enumerate(keys):
        try:
            good.append(VerifierKey.parse(text))
        except NoteError as problem:
            bad.append(LeftOut(APPROVALS, f"approvals.keys[{number}]", 1, _short(str(problem))))
    return tuple(good), tuple(bad)


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= MAX_WHY else f"{plain[: MAX_WHY - 1]}…"
