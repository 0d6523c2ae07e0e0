"""From events to findings: the state machine that joins what is known of a tool over time.

A started process is identified (`identify/`, passed in), weighed by its surroundings (`context.py`) and joined to the
one open finding of its tool. Connections asked for on each tick, page loads with a machine's rhythm and packages found
add to it. Whatever changed is returned; storing and showing it is the daemon's business. While a finding is open, its
stage only rises and a flag stays; it closes when none of its processes is alive and it was not seen for half an hour.

Everything is bounded: processes per finding, candidates, helpers below them, remembered starts. No input can make this
grow without end, and none of it is an argument, an address or a path.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from agent.detection import weights
from agent.detection.cadence import Cadence, CadenceWindows
from agent.detection.context import is_test_runner, multiplier
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify.executable import program_of
from agent.detection.names import platform_name
from agent.detection.scoring import confidence, flagged, level, strongest
from agent.model.events import ExtensionFound, PackageFound, PageLoad, ProcessEnded, ProcessKey, ProcessStarted
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Finding, Level, ProcessRef, Stage
from agent.model.ports import Clock, Connections, ProcessTree

CLOSE_AFTER_MS = 30 * 60_000
REFRESH_MS = 60_000
"""A finding that only goes on is handed out once a minute, not on every tick."""
MAX_PROCESSES = 32
MAX_FINDINGS = 512
MAX_FOLLOWED = 4096
MAX_CANDIDATES = 256
MAX_GONE = 1024
LOOP_STARTS = 4
LOOP_WITHIN_MS = 120_000
"""So many starts of one tool from one parent in this time are a loop around it."""

Identify = Callable[[ProcessStarted], Awaitable[Identified | None]]
Recognise = Callable[[PackageFound | ExtensionFound], Identified | None]


@dataclass(slots=True)
class _Open:
    """One open finding with what its next version is made from."""

    finding: Finding
    role: Role
    pieces: list[Evidence] = field(default_factory=list)
    asks: bool = False
    alive: dict[ProcessKey, Identified] = field(default_factory=dict)
    shown: Finding | None = None


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
    ) -> None:
        """Join the parts.

        Args:
            identify: Answers which tool a process is; `Identifier.identify`.
            connections: Who a process talks to, reduced to platforms.
            tree: What stands above a process.
            clock: Time.
            new_id: Makes the random id of a new finding.
            hold_ms: How long a flagged finding is held before it may be reported, milliseconds (DESIGN 3.14).
            refine: A slower second look at the same process; `Identifier.refine`.
            recognise: Answers which tool an installed package or extension is; `Identifier.installed`.
        """
        self._identify = identify
        self._connections = connections
        self._tree = tree
        self._clock = clock
        self._new_id = new_id
        self._hold_ms = hold_ms
        self._refine = refine
        self._recognise = recognise
        self._open: dict[str, _Open] = {}
        self._tool_of: dict[ProcessKey, str] = {}
        self._followed: OrderedDict[ProcessKey, ProcessKey] = OrderedDict()
        self._key_of_pid: dict[int, ProcessKey] = {}
        self._tests: OrderedDict[int, int] = OrderedDict()
        self._starts: OrderedDict[tuple[str, int], deque[int]] = OrderedDict()
        self._asking: dict[ProcessKey, ProcessStarted] = {}
        self._gone: OrderedDict[ProcessKey, None] = OrderedDict()
        self._cadence = CadenceWindows()

    async def started(self, event: ProcessStarted) -> list[Finding]:
        """Take in a process that began, or that replaced its program."""
        self._forget(event.key)
        factor = self._factor(event)
        self._asking[event.key] = event
        try:
            identified = await self._identify(event)
        finally:
            latest = self._asking.get(event.key) is event
            if latest:
                del self._asking[event.key]
        if not latest:
            return []  # It became another program meanwhile.
        if identified is None:
            self._follow(event)
            return []
        return self._absorb(event, identified, factor, again=False)

    async def refine(self, event: ProcessStarted) -> list[Finding]:
        """Look a second time and more closely at a process that `started` has recognised.

        Call it after the findings of `started` are out: it may wait for the helper process. Does nothing for processes
        that were not recognised, or where nothing more can be learned.
        """
        if self._refine is None or event.key not in self._tool_of:
            return []
        factor = self._factor(event)
        identified = await self._refine(event)
        if identified is None or event.key not in self._tool_of:
            return []
        return self._absorb(event, identified, factor, again=True)

    def ended(self, event: ProcessEnded) -> list[Finding]:
        """Take in that a process is gone."""
        tool = self._tool_of.get(event.key)
        if tool is None and event.key not in self._followed:
            # It may have ended before anybody came to look at it.
            self._gone[event.key] = None
            while len(self._gone) > MAX_GONE:
                self._gone.popitem(last=False)
        self._forget(event.key)
        if tool is None or tool not in self._open:
            return []
        track = self._open[tool]
        track.finding = replace(track.finding, last_seen=max(track.finding.last_seen, event.seen_at))
        return self._changed([track])

    def page_loads(self, loads: Sequence[PageLoad]) -> list[Finding]:
        """Take in page loads from browsers; a machine's rhythm is evidence."""
        verdicts: dict[str, tuple[Cadence, int]] = {}
        for verdict, at in self._cadence.add(loads):
            verdicts[verdict.platform] = (verdict, at)
        touched: list[_Open] = []
        for verdict, at in verdicts.values():
            touched += self._rhythm(verdict, at)
        return self._changed(touched)

    def tick(self, now: int) -> list[Finding]:
        """Ask for the connections of live candidates, and close what has not been seen for long.

        Args:
            now: UTC milliseconds.
        """
        touched = []
        for key in self.candidates():
            root = self._followed.get(key, key)
            tool = self._tool_of.get(root)
            if tool is None:
                continue
            track = self._open[tool]
            track.finding = replace(track.finding, last_seen=max(track.finding.last_seen, now))
            platforms = sorted(name for name, count in self._connections.platforms_of(key).items() if count > 0)
            if platforms:
                self._connected(track, track.alive[root], platforms)
            touched.append(track)
        changed = self._changed(touched)
        return changed + self._close(now)

    def candidates(self) -> list[ProcessKey]:
        """Return the live processes whose connections are worth sampling, and the helpers they started: at most 256."""
        keys = [key for track in self._open.values() for key, identified in track.alive.items() if not identified.quiet]
        roots = set(keys)
        keys += [key for key, root in self._followed.items() if root in roots]
        return keys[:MAX_CANDIDATES]

    def restore(self, findings: Iterable[Finding]) -> None:
        """Take up open findings from before a restart; closed ones are ignored.

        Processes that still run are reported as started again by the sensor and are recognised by their key.
        """
        for finding in findings:
            if finding.closed_at is None and finding.tool not in self._open:
                asks = finding.flagged and finding.stage is Stage.RUNNING
                role = Role.SCRIPT if finding.tool.startswith("script:") else Role.COLLECTOR
                self._open[finding.tool] = _Open(finding, role, list(finding.evidence), asks, {}, finding)

    def forget(self) -> None:
        """Forget every finding and process: what still runs is met again as if the agent had just started."""
        for held in (self._open, self._tool_of, self._followed, self._key_of_pid, self._tests, self._starts):
            held.clear()
        self._asking.clear()
        self._gone.clear()
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
        touched = []
        present = set()
        for item in found:
            identified = self._recognise(item)
            if identified is None:
                continue
            present.add(identified.tool)
            track = self._open.get(identified.tool)
            if track is None:
                track = self._begin(identified, Stage.INSTALLED, now)
                if track is None:
                    continue
            if track.finding.stage is Stage.INSTALLED:
                track.pieces = list(strongest([*track.pieces, *identified.evidence]))
                track.finding = replace(track.finding, last_seen=now)
            touched.append(track)
        changed = self._changed(touched)
        if complete:
            for tool, track in list(self._open.items()):
                if track.finding.stage is Stage.INSTALLED and tool not in present:
                    changed += self._shut(tool, track, now)
        return changed

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

    def _absorb(self, event: ProcessStarted, identified: Identified, factor: float, *, again: bool) -> list[Finding]:
        """Join one recognised process to the finding of its tool."""
        evidence = tuple(replace(piece, weight=piece.weight * factor) for piece in identified.evidence)
        identified = replace(identified, evidence=evidence)
        track = self._open.get(identified.tool)
        if track is not None and track.finding.stage is Stage.INSTALLED and level(evidence) is not Level.HIDDEN:
            # An installed card says nothing about what runs; from here on what runs speaks for itself.
            track.pieces = []
        if track is None:
            track = self._begin(identified, Stage.RUNNING, event.seen_at)
            if track is None:
                return []
        known = any(
            ref.pid == event.key.pid and ref.started_at == event.key.started_at for ref in track.finding.processes
        )
        below_own = self._tool_of.get(self._key_of_pid.get(event.parent, event.key)) == identified.tool
        finding = track.finding
        processes = finding.processes
        if not known:
            processes = (*processes, ProcessRef(event.key.pid, event.key.started_at, event.name))[-MAX_PROCESSES:]
        running = level(evidence) is not Level.HIDDEN or finding.stage is not Stage.INSTALLED
        track.pieces = list(strongest([*track.pieces, *evidence]))
        track.asks = track.asks or identified.asks_for_many
        modes = set(finding.modes) | set(identified.modes)
        if not again and not below_own and not identified.quiet and self._looping(event, identified.tool):
            modes.add(CollectMode.LOOP)
        track.finding = replace(
            finding,
            stage=Stage.RUNNING if running and finding.stage is Stage.INSTALLED else finding.stage,
            last_seen=max(finding.last_seen, event.seen_at),
            count=finding.count + (not known and not below_own and not again),
            processes=processes,
            modes=tuple(sorted(modes)),
            techniques=tuple(sorted({*finding.techniques, *identified.techniques})),
        )
        if event.key in self._gone:
            del self._gone[event.key]
        else:
            before = self._tool_of.get(event.key, identified.tool)
            if before != identified.tool and before in self._open:
                self._open[before].alive.pop(event.key, None)
            track.alive[event.key] = identified
            self._tool_of[event.key] = identified.tool
            self._key_of_pid[event.key.pid] = event.key
        return self._changed([track])

    def _begin(self, identified: Identified, stage: Stage, at: int) -> _Open | None:
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
        track = _Open(finding, identified.role)
        self._open[identified.tool] = track
        return track

    def _make_room(self) -> bool:
        """Forget one candidate that was never shown and no longer runs; False when there is none."""
        for tool, track in self._open.items():
            if track.shown is None and not track.alive:
                del self._open[tool]
                return True
        return False

    def _connected(self, track: _Open, identified: Identified, platforms: Sequence[str]) -> None:
        """Note that a process of this tool talks to watched platforms."""
        finding = track.finding
        together = tuple(sorted({*finding.platforms, *platforms}))
        known = ", ".join(platform_name(key) for key in together)
        piece = Evidence(EvidenceClass.NETWORK, "network.platform", f"connections to {known}", weights.NETWORK_PLATFORM)
        track.pieces = [one for one in track.pieces if one.rule != piece.rule]
        track.pieces = list(strongest([*track.pieces, piece]))
        stage = finding.stage
        # One download at somebody's wish is what a downloader is for: without a mode it stays `running`.
        if identified.role is not Role.COLLECTOR or identified.asks_for_many or CollectMode.LOOP in finding.modes:
            stage = Stage.COLLECTING
        track.finding = replace(finding, platforms=together, stage=stage)

    def _rhythm(self, verdict: Cadence, at: int) -> list[_Open]:
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
            tool = f"cadence:{verdict.platform}"
            track = self._open.get(tool) or self._begin(
                Identified(
                    tool=tool,
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
            finding = track.finding
            track.pieces = list(strongest([*track.pieces, piece]))
            track.finding = replace(
                finding,
                stage=Stage.COLLECTING,
                platforms=tuple(sorted({*finding.platforms, verdict.platform})),
                last_seen=max(finding.last_seen, at),
                count=max(1, finding.count),
            )
        return likely

    def _changed(self, tracks: Iterable[_Open]) -> list[Finding]:
        """Score the given findings anew and return those that differ from what was handed out."""
        changed = []
        for track in {id(one): one for one in tracks}.values():
            pieces = strongest(track.pieces)
            finding = track.finding
            how_sure = level(pieces)
            proven = level(piece for piece in pieces if piece.rule != weights.UNVERIFIED_RULE)
            warn = finding.flagged or flagged(proven, finding.stage, finding.modes, track.asks)
            held = finding.held_until
            if warn and held is None:
                held = self._clock.now() + self._hold_ms
            finding = track.finding = replace(
                finding,
                evidence=pieces,
                confidence=confidence(pieces),
                level=how_sure,
                flagged=warn,
                held_until=held,
            )
            if how_sure is Level.HIDDEN and track.shown is None:
                continue
            before = track.shown
            if (
                before is not None
                and replace(finding, last_seen=before.last_seen) == before
                and finding.last_seen - before.last_seen < REFRESH_MS
            ):
                continue
            track.shown = finding
            changed.append(finding)
        return changed

    def _close(self, now: int) -> list[Finding]:
        closed = []
        for tool, track in list(self._open.items()):
            idle = not track.alive and track.finding.stage is not Stage.INSTALLED
            if idle and now - track.finding.last_seen >= CLOSE_AFTER_MS:
                closed += self._shut(tool, track, now)
        return closed

    def _shut(self, tool: str, track: _Open, now: int) -> list[Finding]:
        del self._open[tool]
        return [] if track.shown is None else [replace(track.finding, closed_at=now)]

    def _looping(self, event: ProcessStarted, tool: str) -> bool:
        """Return whether the same parent started this tool again and again within two minutes."""
        key = (tool, event.parent)
        times = self._starts.setdefault(key, deque(maxlen=LOOP_STARTS))
        self._starts.move_to_end(key)
        while len(self._starts) > MAX_CANDIDATES:
            self._starts.popitem(last=False)
        times.append(event.key.started_at)
        return len(times) == LOOP_STARTS and times[-1] - times[0] <= LOOP_WITHIN_MS

    def _factor(self, event: ProcessStarted) -> float:
        """Return what the surroundings take off, and remember test runners for the processes below them."""
        program = program_of(event.command, event.name)
        tests = is_test_runner(program.word, program.arguments) or event.parent in self._tests
        # A runner that started the agent too is everybody's surroundings, and nobody's excuse.
        tests = tests and not self._tree.above_agent(event.key.pid)
        if tests:
            self._tests[event.key.pid] = event.key.started_at
            while len(self._tests) > MAX_FOLLOWED:
                self._tests.popitem(last=False)
        else:
            self._tests.pop(event.key.pid, None)
        return multiplier(tests, self._tree.ancestors(event.key.pid))

    def _follow(self, event: ProcessStarted) -> None:
        """Remember helpers that a candidate started: a driver's browser makes the driver's connections."""
        if event.key in self._gone:
            del self._gone[event.key]
            return
        parent = self._key_of_pid.get(event.parent)
        if parent is None or parent.started_at > event.key.started_at:
            return
        root = self._followed.get(parent, parent)
        if root not in self._tool_of:
            return
        self._followed[event.key] = root
        self._key_of_pid[event.key.pid] = event.key
        while len(self._followed) > MAX_FOLLOWED:
            oldest, _ = self._followed.popitem(last=False)
            self._drop_pid(oldest)

    def _forget(self, key: ProcessKey) -> None:
        """Take one process out of everything that is about live processes."""
        tool = self._tool_of.pop(key, None)
        if tool is not None and tool in self._open:
            self._open[tool].alive.pop(key, None)
        self._followed.pop(key, None)
        if self._tests.get(key.pid) == key.started_at:
            del self._tests[key.pid]
        self._drop_pid(key)

    def _drop_pid(self, key: ProcessKey) -> None:
        if self._key_of_pid.get(key.pid) == key:
            del self._key_of_pid[key.pid]
