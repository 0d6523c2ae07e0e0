"""From events to findings: the state machine that joins what is known of a tool over time.

A started process is identified (`identify/`, passed in), weighed by its surroundings (`context.py`) and joined to the
one open finding of its tool (`track.py`). What it does on the network, asked for on each tick, the helpers it starts,
page loads with a machine's rhythm, exports and packages found add to it: each is a fact that rules judge
(`correlate/`). Whatever changed is returned; storing and showing it is the daemon's business.

One finding per tool and standing. A process that by itself would not be flagged does not join a finding that is: it is
listed beside it, so that a harmless use of a tool never appears under a warning about another use, and one that would
not even be listed joins nothing that is shown. As a process rises, it takes its finding along or moves to the next.

Everything is bounded: processes per finding, candidates, helpers below them, remembered starts. No input can make this
grow without end, and none of it is an argument, an address or a path.
"""

from __future__ import annotations

import asyncio
import itertools
import weakref
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from agent.detection import weights
from agent.detection.cadence import Cadence, CadenceWindows
from agent.detection.context import ORDINARY, Surroundings, surroundings
from agent.detection.correlate import facts
from agent.detection.correlate.said import Judge, Remembering, Said
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify.executable import program_of
from agent.detection.identify.parse.vocabulary import SHELL_FETCHERS
from agent.detection.lineage import Lineage
from agent.detection.names import platform_name
from agent.detection.scoring import confidence, level, strongest
from agent.detection.track import Live, Standing, Track
from agent.model.approvals import Approval
from agent.model.events import (
    ExportWritten,
    ExtensionFound,
    MediaGrew,
    PackageFound,
    PageLoad,
    ProcessEnded,
    ProcessKey,
    ProcessStarted,
)
from agent.model.findings import Evidence, EvidenceClass, Finding, Level, ProcessRef, Stage
from agent.model.ports import Clock, Connections, ProcessTree

CLOSE_AFTER_MS = 30 * 60_000
AT_ONCE_MS = 10 * 60_000
"""An export belongs to what was going on in the ten minutes before it."""
RECENT_MS = 2 * AT_ONCE_MS
"""Page loads from before that say nothing of an export that is still to be judged."""
LOOP_GOES_ON_MS = 120_000
MAX_FINDINGS = 512
MAX_CANDIDATES = 256
MAX_ADDRESSES = 8
MAX_AROUND = 4096
MAX_RECENT_LOADS = 4096

Identify = Callable[[ProcessStarted], Awaitable[Identified | None]]
Fetcher = tuple[Identified, tuple[str, ...]]
"""Who it is, and keyed hashes of the addresses that it was given."""
Recognise = Callable[[PackageFound | ExtensionFound], Identified | None]
Slot = tuple[str, Standing]
"""A tool, and what its processes in this finding are by themselves."""


def no_rules(_kind: str, _fields: facts.Fields, _at: int) -> Sequence[Said]:
    """Judge nothing."""
    return ()


class Detector:
    """Joins events into findings. Not thread-safe: lives in the daemon's event loop.

    Every method returns the findings that changed, in their new form, ready to be stored and shown; findings below
    `low` are kept as candidates inside and never returned.
    """

    def __init__(
        self,
        identify: Identify,
        connections: Connections,
        tree: ProcessTree,
        clock: Clock,
        new_id: Callable[[], str],
        *,
        hold_ms: int,
        refine: Identify | None = None,
        recognise: Recognise | None = None,
        judge: Judge = no_rules,
        package_of: Callable[[ProcessStarted], str | None] = lambda _event: None,
        plain: Callable[[ProcessStarted], bool] = lambda _event: False,
        fetcher: Callable[[ProcessStarted], Fetcher | None] = lambda _event: None,
        parent_of: Callable[[int], int] = lambda _pid: 0,
    ) -> None:
        """Join the parts.

        Args:
            identify: Answers which tool a process is; `Identifier.identify`.
            connections: What a process does on the network, as counts.
            tree: What stands above a process.
            clock: Time.
            new_id: Makes the random id of a new finding.
            hold_ms: How long a flagged finding is held before it may be reported, milliseconds (DESIGN 3.14).
            refine: A slower second look at the same process; `Identifier.refine`.
            recognise: Answers which tool an installed package or extension is; `Identifier.installed`.
            judge: Says what facts mean; `correlate.rules.Rules`.
            package_of: The package that owns a process's code, empty where it is known to belong to none, None where
                nobody can tell; `Identifier.package_of`.
            plain: Says whether it is remembered of a start that nothing of it is worth a thought; `Identifier.plain`.
            fetcher: Answers for a program that fetches one address and ends; `Identifier.fetcher`.
            parent_of: The parent of a process, 0 where unknown.
        """
        self._identify = identify
        self._connections = connections
        self._tree = tree
        self._clock = clock
        self._new_id = new_id
        self._hold_ms = hold_ms
        self._refine = refine
        self._recognise = recognise
        self._judge = judge
        self._package_of = package_of
        self._plain = plain
        self._fetcher = fetcher
        self._parent_of = parent_of
        self._open: dict[Slot, Track] = {}
        self._slot_of: dict[ProcessKey, Slot] = {}
        self._lineage = Lineage()
        self._around: OrderedDict[int, tuple[int, Surroundings]] = OrderedDict()
        self._asking: dict[ProcessKey, ProcessStarted] = {}
        self._answered: dict[int, asyncio.Event] = {}
        self._loops: OrderedDict[tuple[str, int], tuple[int, Sequence[Said]]] = OrderedDict()
        self._cadence = CadenceWindows()
        self._recent_loads: deque[PageLoad] = deque(maxlen=MAX_RECENT_LOADS)
        self._installed: dict[str, Identified] = {}
        self._without_place: list[Finding] = []
        self._organisation: Judge = no_rules
        self._approvals: Sequence[Approval] = ()
        self.left_out = 0
        """Recognised processes for which no finding could be opened, since as many as are kept were open."""

    async def started(self, event: ProcessStarted) -> list[Finding]:
        """Take in a process that began, or that replaced its program."""
        if self.passes(event):
            return []
        self._forget(event.key)
        around = self._surroundings(event)
        answered = asyncio.Event()
        self._asking[event.key] = event
        self._answered[event.key.pid] = answered
        try:
            identified = await self._identify(event)
            # Whose helper it is can be said once it is known what stands above: a driver's browser starts while the
            # driver's script is still being read.
            above = self._answered.get(event.parent)
            if above is not None and above is not answered:
                await above.wait()
        finally:
            answered.set()
            if self._answered.get(event.key.pid) is answered:
                del self._answered[event.key.pid]
            latest = self._asking.get(event.key) is event
            if latest:
                del self._asking[event.key]
        if not latest:
            return []  # It became another program meanwhile.
        if identified is None or self._is_helper(event, identified):
            root = self._lineage.follow(event.key, event.parent)
            slot = self._slot_of.get(root) if root is not None else None
            if root is not None and slot is not None and program_of(event.command, event.name).word in SHELL_FETCHERS:
                self._open[slot].alive[root].fetchers += 1
            if root is None:
                return self._fetched(event, around)
            return []
        return self._absorb(event, identified, around)

    def passes(self, event: ProcessStarted) -> bool:
        """Take in a start of which it is remembered that it is nobody's, as nearly all are; where it is not, say no.

        Nothing of it is worth a thought but what it hands on: the surroundings of its parent.
        """
        below = event.parent in self._answered or self._lineage.of_pid(event.parent) is not None
        if below or not self._plain(event):
            return False
        self._asking.pop(event.key, None)
        self._forget(event.key)
        held = self._around.get(event.parent)
        self._remember(event.key, held[1] if held is not None else ORDINARY, known=held is not None)
        return True

    async def refine(self, event: ProcessStarted) -> list[Finding]:
        """Look a second time and more closely at a process that `started` has recognised.

        Call it after the findings of `started` are out: it may wait for the helper process. Does nothing for processes
        that were not recognised, or where nothing more can be learned.
        """
        live = self._live_of(event.key)
        if self._refine is None or live is None or live.command() is not event.command:
            return []
        identified = await self._refine(event)
        # Meanwhile it may have ended, or have become another program, which is another tool's or is looked at itself.
        if identified is None or self._live_of(event.key) is not live:
            return []
        live.found = _weighed(identified, self._surroundings(event))
        live.known = confidence(identified.evidence)
        return self._spoke(event.key, live)

    def ended(self, event: ProcessEnded) -> list[Finding]:
        """Take in that a process is gone."""
        root = self._lineage.root_of(event.key)
        changed: list[Finding] = []
        if root is not None and (slot := self._slot_of.get(root)) is not None:
            track = self._open[slot]
            live = track.alive[root]
            track.finding = replace(track.finding, last_seen=max(track.finding.last_seen, event.seen_at))
            # Its last connections: a program that lives for a second is looked at when it ends, not on a tick.
            self._look(root, live, event.seen_at)
            changed = self._spoke(root, live)
            if event.key != root:
                done = self._connections.activity_of(event.key)
                live.past = facts.together([done] if live.past is None else [live.past, done])
        self._lineage.ended(event.key)
        self._forget(event.key)
        return changed

    def page_loads(self, loads: Sequence[PageLoad]) -> list[Finding]:
        """Take in page loads from browsers; a machine's rhythm is evidence."""
        now = self._clock.now()
        # What a browser hands in late is no longer recent, and must not push out what is.
        self._recent_loads.extend(load for load in loads if abs(now - load.at) <= RECENT_MS)
        verdicts: dict[str, tuple[Cadence, int]] = {}
        for verdict, at in self._cadence.add(loads):
            verdicts[verdict.platform] = (verdict, at)
        touched: list[Track] = []
        for verdict, at in verdicts.values():
            touched += self._rhythm(verdict, at)
        return self._changed(touched)

    def exported(self, written: ExportWritten) -> list[Finding]:
        """Take in that a file of records appeared: it may belong to whatever is active."""
        return self._artefact(
            facts.EXPORT, lambda finding, about: facts.export(finding, about, written), written.at, cards=True
        )

    def media_grew(self, grown: MediaGrew) -> list[Finding]:
        """Take in that a folder of pictures or films grew: it may belong to whatever is active."""
        return self._artefact(
            facts.MEDIA, lambda finding, about: facts.media(finding, about, grown), grown.at, cards=False
        )

    def tick(self, now: int) -> list[Finding]:
        """Look at what live candidates do, and close what has not been seen for long.

        Args:
            now: UTC milliseconds.
        """
        changed = []
        for key in list(self._slot_of):
            # Asked anew for each: what one of them says may lift the finding that the next one is under.
            slot = self._slot_of.get(key)
            if slot is None:
                continue
            track = self._open[slot]
            live = track.alive[key]
            track.finding = replace(track.finding, last_seen=max(track.finding.last_seen, now))
            self._look(key, live, now)
            changed += self._spoke(key, live)
        return changed + self._close(now)

    def living(self) -> set[ProcessKey]:
        """Return the processes of open findings that nobody said had ended."""
        return set(self._slot_of)

    def candidates(self) -> list[ProcessKey]:
        """Return the live processes whose connections are worth sampling, and the helpers they started: at most 256."""
        keys = []
        for key, slot in self._slot_of.items():
            if self._open[slot].alive[key].watched:
                keys.append(key)
                keys += self._lineage.below(key)
        return keys[:MAX_CANDIDATES]

    def active(self) -> bool:
        """Say whether a finding is active, so that exports may be looked at.

        Active is what is shown and was seen within the last ten minutes; of what is only installed, an extension that
        exports, while pages of watched platforms are being loaded.
        """
        now = self._clock.now()
        if any(self._is_active(track, now, cards=False) for track in self._open.values()):
            return True
        # Of all that is recent: browsers hand in their queues in any order.
        return any(self._is_active(track, now, cards=True) for track in self._open.values()) and any(
            abs(now - load.at) <= AT_ONCE_MS for load in self._recent_loads
        )

    def _is_active(self, track: Track, at: int, *, cards: bool) -> bool:
        if track.shown is None:
            return False
        if track.finding.stage is Stage.INSTALLED:
            # A card's time is when it was last looked for: whether it was used, page loads have to tell.
            return cards and _exports(track)
        return at - track.finding.last_seen <= AT_ONCE_MS

    def restore(self, findings: Iterable[Finding]) -> None:
        """Take up open findings from before a restart; closed ones are ignored.

        Processes that still run are reported as started again by the sensor and are recognised by their key. Two of a
        tool may have been flagged: the second was listed at first, and takes that place again where it is free. What
        finds no place is closed with the next tick.
        """
        beside = []
        for finding in findings:
            if finding.closed_at is None and not self._take_up(
                finding, Standing.FLAGGED if finding.flagged else Standing.LISTED
            ):
                beside.append(finding)
        for finding in beside:
            if not self._take_up(finding, Standing.LISTED):
                self._without_place.append(finding)

    def _take_up(self, finding: Finding, standing: Standing) -> bool:
        """Hold a finding from before a restart under its tool and a standing; False where that is taken."""
        slot = (finding.tool, standing)
        if slot in self._open:
            return False
        role = Role.ENGINE if finding.family == "browser-automation" else Role.COLLECTOR
        role = Role.SCRIPT if finding.tool.startswith("script:") else role
        ruled = {piece.rule: piece for piece in finding.evidence if piece.cls is EvidenceClass.RULE}
        best = tuple(piece for piece in finding.evidence if piece.cls is not EvidenceClass.RULE)
        self._open[slot] = Track(finding, role, best, ruled, shown=finding, slot=slot, restored=True)
        return True

    def forget(self) -> None:
        """Forget every finding and process: what still runs is met again as if the agent had just started."""
        self._open.clear()
        self._slot_of.clear()
        self._around.clear()
        self._lineage.clear()
        self._loops.clear()
        if isinstance(self._judge, Remembering):
            self._judge.forget()
        self._recent_loads.clear()
        self._installed.clear()
        self._without_place.clear()
        self._asking.clear()
        self._cadence = CadenceWindows()

    def installed(self, found: Sequence[PackageFound | ExtensionFound], complete: bool = False) -> list[Finding]:
        """Take in packages and extensions found on this machine: cards for the person, never flagged.

        Args:
            found: What was found.
            complete: Whether this is everything; cards of what is no longer there are closed then.
        """
        if self._recognise is None:
            return []
        now = self._clock.now()
        present: dict[str, Identified] = {}
        for item in found:
            identified = self._recognise(item)
            if identified is not None:
                before = present.get(identified.tool, identified)
                evidence = strongest([*before.evidence, *identified.evidence])
                present[identified.tool] = replace(before, evidence=evidence)
        changed = self._changed([track for one in present.values() if (track := self._card(one, now)) is not None])
        if complete:
            for slot, track in list(self._open.items()):
                if track.finding.stage is Stage.INSTALLED and slot[0] not in present:
                    changed += self._shut(slot, track, now)
        known = present if complete else {**self._installed, **present}
        self._installed = dict(itertools.islice(known.items(), MAX_FINDINGS))
        return changed

    def _card(self, identified: Identified, now: int) -> Track | None:
        """Return the card of what is installed, or what is listed of it already; None where nothing more is kept."""
        slot = (identified.tool, Standing.LISTED)
        track = self._open.get(slot) or self._begin(slot, identified, Stage.INSTALLED, now)
        if track is not None and track.finding.stage is Stage.INSTALLED:
            track.best = strongest([*track.best, *identified.evidence])
            track.finding = replace(track.finding, last_seen=now)
        return track

    def follow(self, organisation: Judge, approvals: Sequence[Approval]) -> list[Finding]:
        """Put an organisation's rules and approvals in force; they hold for what is open, too.

        Args:
            organisation: The rules that the person was told of.
            approvals: What the compliance team has approved.
        """
        self._organisation, self._approvals = organisation, tuple(approvals)
        return self._changed(self._open.values())

    def answer(self, finding_id: str, answer: str) -> Finding | None:
        """Keep what the person said of an open finding and return it; None when there is no such open finding."""
        for track in self._open.values():
            if track.finding.id == finding_id:
                track.finding = replace(track.finding, answer=answer)
                self._changed([track])
                return track.shown
        return None

    def open_findings(self) -> list[Finding]:
        """Return every open finding that is shown, newest first."""
        shown = [track.shown for track in self._open.values() if track.shown is not None]
        return sorted(shown, key=lambda finding: (-finding.last_seen, finding.id))

    # Processes

    def _is_helper(self, event: ProcessStarted, identified: Identified) -> bool:
        """Say whether a browser, or what drives one, was started by a recognised process: then it is that one's."""
        if identified.family != "browser-automation" or identified.modes or not _by_its_name_only(identified):
            return False
        above = self._lineage.of_pid(event.parent)
        root = self._lineage.root_of(above) if above is not None else None
        return root is not None and self._slot_of[root][0] != identified.tool

    def _absorb(self, event: ProcessStarted, identified: Identified, around: Surroundings) -> list[Finding]:
        """Join one recognised process to the finding of its tool."""
        live = _live(event, identified, around)
        above = self._lineage.of_pid(event.parent)
        root = self._lineage.root_of(above) if above is not None else None
        below_own = root is not None and self._slot_of[root][0] == identified.tool
        if root is not None and not below_own:
            self._fetches_for(root, identified)
        if not below_own and not identified.quiet and self._known_under(live) is None:
            live.hear(self._started_again(identified, live, event))
        return self._take(event, live, counts=not below_own)

    def _take(self, event: ProcessStarted, live: Live, *, counts: bool) -> list[Finding]:
        """Put a recognised process under its finding, unless it ended meanwhile."""
        alive = self._lineage.add_root(event.key)
        track = self._place(event.key, live, event.seen_at, counts=counts)
        if track is None:
            self.left_out += 1
            self._lineage.forget(event.key)
            return []
        if not alive:
            track.alive.pop(event.key, None)
            self._slot_of.pop(event.key, None)
            self._lineage.forget(event.key)
        return self._changed([track])

    def _started_again(self, identified: Identified, live: Live, event: ProcessStarted) -> Sequence[Said]:
        """Ask whether this start is one of many; once it is, so are those of the same parent that follow it soon."""
        # When it began, not when the agent learned of it: all that runs is met at once when watching begins.
        began = event.key.started_at
        said = self._judge(facts.START, facts.start(identified, live.all_modes, event.parent), began)
        return self._loop_around((identified.tool, event.parent), began, said)

    def _loop_around(self, what: tuple[str, int], began: int, said: Sequence[Said]) -> Sequence[Said]:
        """Return what was said of a start below a parent, or was said of one that began shortly before or after."""
        held = self._loops.get(what)
        if not said and held is not None and abs(began - held[0]) <= LOOP_GOES_ON_MS:
            said = held[1]
        if said:
            self._loops[what] = (began, said)
            self._loops.move_to_end(what)
            while len(self._loops) > MAX_CANDIDATES:
                self._loops.popitem(last=False)
        return said

    def _fetched(self, event: ProcessStarted, around: Surroundings) -> list[Finding]:
        """Ask whether a fetching program is one of many, each for another address, below the same process."""
        fetcher = self._fetcher(event)
        if fetcher is None:
            return []
        identified, addresses = fetcher
        began = event.key.started_at
        new: list[Said] = []
        for parent in dict.fromkeys((event.parent, self._parent_of(event.parent))):
            for address in addresses[:MAX_ADDRESSES] if parent > 1 else ():
                new += self._judge(facts.FETCH, facts.fetch(identified.tool, parent, address), began)
        said = self._loop_around((identified.tool, event.parent), began, new)
        if not said:
            return []
        live = _live(event, identified, around)
        live.hear(said)
        return self._take(event, live, counts=True)

    def _fetches_for(self, root: ProcessKey, identified: Identified) -> None:
        """Note that a recognised process has started a tool of another kind, as a shell starts `curl`."""
        slot = self._slot_of.get(root)
        if slot is not None and not identified.quiet:
            self._open[slot].alive[root].fetchers += 1

    def _place(self, key: ProcessKey, live: Live, at: int, *, counts: bool) -> Track | None:
        """Put a process under the finding that it belongs to: the tool's own, or the one beside it."""
        tool = live.found.tool
        slot = self._known_under(live) or (tool, Standing.FLAGGED if self._ruled(live, at) else live.standing())
        track = self._open.get(slot)
        card = self._open.get((tool, Standing.LISTED))
        # A card of what is installed becomes the finding; so does the one of the starts that this one made a loop.
        becomes = card is not None and (not card.finding.processes or bool(live.modes))
        if track is None and slot[1] is Standing.FLAGGED and becomes:
            track = self._rename((tool, Standing.LISTED), slot)
        if track is None:
            track = self._begin(slot, live.found, Stage.RUNNING, at)
            if track is None:
                return None
        track.take(key, live, at, counts=counts)
        self._slot_of[key] = slot
        return track

    def _known_under(self, live: Live) -> Slot | None:
        """Return the finding that lists a process already: it is reported again, after a pause or a restart."""
        for standing in reversed(Standing):
            track = self._open.get((live.found.tool, standing))
            if track is not None and live.ref in track.finding.processes:
                return track.slot
        return None

    def _live_of(self, key: ProcessKey) -> Live | None:
        """Return what is known of a recognised process that runs."""
        slot = self._slot_of.get(key)
        return self._open[slot].alive.get(key) if slot is not None else None

    def _ruled(self, live: Live, at: int) -> bool:
        """Say whether the organisation's rules flag a process by itself: then it belongs under the warning."""
        found = live.found
        alone = Finding(
            id="",
            tool=found.tool,
            name=found.name,
            family=found.family,
            stage=Stage.COLLECTING if live.collecting else Stage.RUNNING,
            confidence=0.0,
            level=level(live.pieces),
            flagged=False,
            platforms=tuple(sorted(live.seen.platforms)),
            first_seen=at,
            last_seen=at,
            count=1,
            modes=tuple(sorted(live.all_modes)),
        )
        said = self._organisation(
            facts.FINDING, facts.standing(alone, facts.About(found.capability, tuple(sorted(found.flags)))), at
        )
        return any(one.flags for one in said)

    def _look(self, key: ProcessKey, live: Live, at: int) -> None:
        """Ask what a process and its helpers did, and what that says; nothing where its identity says nothing."""
        if not live.watched:
            return
        parts = [self._connections.activity_of(one) for one in (key, *self._lineage.below(key))]
        before, seen = live.seen, facts.together([*parts, *([live.past] if live.past is not None else [])])
        live.busy += seen.opened > before.opened or seen.turns > before.turns
        live.seen = seen
        said = facts.activity(live.found, live.sure, live.all_modes, seen, busy=live.busy, started=live.fetchers)
        live.hear(self._judge(facts.ACTIVITY, said, at))

    def _spoke(self, key: ProcessKey, live: Live) -> list[Finding]:
        """Let a live process speak anew; one that has become reason for a flag moves to the tool's own finding."""
        slot = self._slot_of[key]
        track = self._open[slot]
        now = live.standing()
        if now <= slot[1]:
            track.weigh(live)
            return self._changed([track])
        wanted = (slot[0], now)
        alone = slot[1] is Standing.HIDDEN or track.finding.processes == (live.ref,)
        if wanted not in self._open and alone and slot[1] is not Standing.HIDDEN:
            self._rename(slot, wanted).weigh(live)
            return self._changed([self._open[wanted]])
        del track.alive[key]
        target = self._open.get(wanted) or self._begin(wanted, live.found, Stage.RUNNING, track.finding.first_seen)
        if target is None:
            track.alive[key] = live
            return []
        target.take(key, live, track.finding.last_seen, counts=True)
        self._slot_of[key] = wanted
        return self._changed([track, target])

    def _rename(self, before: Slot, after: Slot) -> Track:
        """Let a finding rise as a whole."""
        track = self._open[after] = self._open.pop(before)
        track.slot = after
        for key in track.alive:
            self._slot_of[key] = after
        return track

    def _forget(self, key: ProcessKey) -> None:
        """Take one process out of everything that is about live processes."""
        slot = self._slot_of.pop(key, None)
        if slot is not None and slot in self._open:
            self._open[slot].alive.pop(key, None)
        self._lineage.forget(key)
        held = self._around.get(key.pid)
        if held is not None and held[0] == key.started_at:
            del self._around[key.pid]

    def _surroundings(self, event: ProcessStarted) -> Surroundings:
        """Return what the surroundings take off, and remember it for the processes below."""
        held = self._around.get(event.parent)
        package = self._package_of(event)
        around = surroundings(
            program_of(event.command, event.name),
            self._tree.ancestors(event.key.pid),
            package=package,
            above=held[1] if held is not None else None,
        )
        # That it is ordinary is known where more than a name says so: of whom its code is, or of who stands above.
        return self._remember(event.key, around, known=package is not None or held is not None)

    def _remember(self, key: ProcessKey, around: Surroundings, *, known: bool) -> Surroundings:
        """Remember what a process hands on, where that is known or takes something off, and return it."""
        self._around.pop(key.pid, None)
        # A runner that started the agent too is everybody's surroundings, and nobody's excuse.
        if self._tree.above_agent(key.pid):
            return ORDINARY
        if known or around.factor != 1.0:
            self._around[key.pid] = (key.started_at, around)
            while len(self._around) > MAX_AROUND:
                self._around.popitem(last=False)
        return around

    # Findings

    def _begin(self, slot: Slot, identified: Identified, stage: Stage, at: int) -> Track | None:
        if len(self._open) >= MAX_FINDINGS and not self._make_room():
            return None
        finding = Finding(
            id=self._new_id(),
            tool=identified.tool,
            name=identified.name,
            family=identified.family,
            stage=stage,
            confidence=0.0,
            level=Level.HIDDEN,
            flagged=False,
            platforms=(),
            first_seen=at,
            last_seen=at,
            count=0,
            techniques=tuple(sorted(identified.techniques)),
        )
        track = self._open[slot] = Track(finding, identified.role, slot=slot)
        return track

    def _make_room(self) -> bool:
        """Forget one candidate that was never shown and no longer runs; False when there is none."""
        for slot, track in self._open.items():
            if track.shown is None and not track.alive:
                del self._open[slot]
                return True
        return False

    def _rhythm(self, verdict: Cadence, at: int) -> list[Track]:
        """Give a verdict on page loads to the tools that may have made them, or to a finding of its own."""
        weight = weights.CADENCE_TWO_SIGNS if len(verdict.signs) == 2 else weights.CADENCE_MORE_SIGNS
        where = platform_name(verdict.platform)
        signs = ", ".join(verdict.signs)
        piece = Evidence(
            EvidenceClass.CADENCE, "cadence.window", f"{verdict.loads} page loads on {where}: {signs}", weight
        )
        likely = [
            track
            for track in self._open.values()
            if track.alive and (verdict.platform in track.finding.platforms or track.role is Role.ENGINE)
        ]
        if not likely:
            slot = (f"cadence:{verdict.platform}", Standing.FLAGGED)
            track = self._open.get(slot) or self._begin(
                slot,
                Identified(
                    tool=slot[0],
                    name=f"Page loads on {where} in a machine's rhythm",
                    family="browser-automation",
                    role=Role.SCRIPT,
                    bulk=Bulk.NEVER,
                    evidence=(),
                    techniques=("T1119", "OAT-011"),
                ),
                Stage.COLLECTING,
                at,
            )
            likely = [track] if track is not None else []
        for track in likely:
            track.hear([Said(piece, collecting=True, mode=None)], at, [verdict.platform])
        return likely

    def _artefact(
        self, kind: str, fields_of: Callable[[Finding, facts.About], facts.Fields], at: int, *, cards: bool
    ) -> list[Finding]:
        """Give what was written to the findings that were active just before, and to cards of what exports."""
        touched = []
        for track in list(self._open.values()):
            finding = track.finding
            if not self._is_active(track, at, cards=cards):
                continue
            said = self._judge(kind, fields_of(finding, self._about(track, at)), at)
            if said:
                track.hear(said, at)
                touched.append(track)
        return self._changed(touched)

    def _changed(self, tracks: Iterable[Track]) -> list[Finding]:
        """Return those of the given findings that differ from what was handed out."""
        now = self._clock.now()
        versions = []
        for track in {id(one): one for one in tracks}.values():
            if track.finding.stage is not Stage.INSTALLED:
                standing = facts.standing(track.finding, self._about(track, now))
                said = self._organisation(facts.FINDING, standing, now)
                track.obey(said, in_force=self._organisation is not no_rules)
            self._settle(track)
            versions.append(track.next_version(now, self._hold_ms, self._approvals))
        return [version for version in versions if version is not None]

    def _settle(self, track: Track) -> None:
        """Let a finding that rose as a whole, by a rhythm, an export or a rule, stand where it belongs."""
        tool, standing = track.slot
        risen = Standing.FLAGGED if track.finding.flagged else standing
        if risen > standing and (tool, risen) not in self._open and track.slot in self._open:
            self._rename(track.slot, (tool, risen))

    def _about(self, track: Track, at: int) -> facts.About:
        """Return what is known of a finding's tool beside the finding."""
        platforms = track.finding.platforms
        loads = [
            load
            for load in self._recent_loads
            if 0 <= at - load.at <= AT_ONCE_MS and (not platforms or load.platform in platforms)
        ]
        classes = tuple(sorted({load.page_class for load in loads}))
        return facts.About(track.capability, tuple(sorted(track.flags)), classes, len(loads))

    def _close(self, now: int) -> list[Finding]:
        closed, self._without_place = [replace(one, closed_at=now) for one in self._without_place], []
        cards = []
        for slot, track in list(self._open.items()):
            idle = not track.alive and track.finding.stage is not Stage.INSTALLED
            if idle and now - track.finding.last_seen >= CLOSE_AFTER_MS:
                closed += self._shut(slot, track, now)
                # Its card had become this finding; it is installed still.
                installed = self._installed.get(slot[0])
                if installed is not None and (slot[0], Standing.LISTED) not in self._open:
                    cards.append(self._card(installed, now))
        return closed + self._changed([card for card in cards if card is not None])

    def _shut(self, slot: Slot, track: Track, now: int) -> list[Finding]:
        del self._open[slot]
        return [] if track.shown is None else [replace(track.finding, closed_at=now)]


def _live(event: ProcessStarted, identified: Identified, around: Surroundings) -> Live:
    ref = ProcessRef(event.key.pid, event.key.started_at, event.name)
    return Live(ref, _weighed(identified, around), confidence(identified.evidence), command=weakref.ref(event.command))


def _weighed(identified: Identified, around: Surroundings) -> Identified:
    """Return an identity with what its surroundings take off."""
    if around.factor == 1.0:
        return identified
    evidence = tuple(replace(piece, weight=piece.weight * around.factor) for piece in identified.evidence)
    return replace(identified, evidence=evidence, lowered=identified.lowered or around.why)


def _by_its_name_only(identified: Identified) -> bool:
    """Say whether nothing was read of it that would speak for itself."""
    return not any(piece.cls is EvidenceClass.CODE for piece in identified.evidence)


def _exports(track: Track) -> bool:
    """Say whether a card is of something that exports from inside the browser."""
    return track.finding.family == "scraper-extension"
