"""What the faces ask, answered once: `AgentFace` over the store, the gates, the sessions and detection.

The page (`web/`) calls it directly, the command line through the control socket (`serve_command`), the pop-up through
the relay. Whatever changes goes into the database first and is said through `Changes` afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import apsw
import msgspec

from agent.changes import Changes
from agent.consent.gate import GateHistory, GateRules, decide
from agent.link.control import CommandError, Emit
from agent.model.face import BrowserState, NoticeText, PageTotal, Status
from agent.model.findings import Finding
from agent.model.health import Health
from agent.model.ports import Clock
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Mode, Purpose
from agent.store import acts, clients, counters, findings, gates, page_loads, retention
from agent.store.database import Store

DAY_MS = 86_400_000
ANSWERS = frozenset({"stopping", "work", "not_me"})
COMMAND_CHANNELS = {"terminal": Channel.TERMINAL}


@dataclass(slots=True)
class FaceParts:
    """Everything the face looks at. All of it is built in `daemon.py`."""

    store: Store
    clock: Clock
    history: GateHistory
    rules: GateRules
    notice: NoticeText
    changes: Changes
    limits: retention.Limits
    version: str
    mode: Mode
    organisation: str
    connected: Callable[[], frozenset[str]]
    health: Callable[[], Iterable[Health]]
    counts: Callable[[], Mapping[str, int]]
    page_link: Callable[[], str]
    start_try: Callable[[], Awaitable[None]]
    on_gates: Callable[[], None]
    on_act: Callable[[ActKind, Channel], None]
    on_answer: Callable[[str, str], Awaitable[Finding | None]]
    stop: Callable[[], None]


class Face:
    """The one implementation of `model.face.AgentFace`."""

    def __init__(self, parts: FaceParts) -> None:
        self._parts = parts
        self._started_at = parts.clock.now()
        self._acts: list[Act] = []

    async def load(self) -> None:
        """Read the acts on record and decide every gate anew.

        Raises:
            StoreError: The database cannot be read.
        """
        self._acts = list(await self._parts.store.read(acts.all_acts))
        await self.decide_gates()

    async def decide_gates(self) -> int | None:
        """Decide every gate from the acts and the clock; store and say what changed.

        Returns:
            When a waiting gate opens by itself, UTC milliseconds, or None.
        """
        parts = self._parts
        now = parts.clock.now()
        decided = [decide(p, self._acts, parts.rules, parts.notice.sha256, now) for p in Purpose]
        changed = []
        for gate in decided:
            before = parts.history.current(gate.purpose)
            # A gate that closes closes now: what was observed until this moment was observed lawfully.
            closes = before.state is GateState.OPEN and gate.state is not GateState.OPEN
            if parts.history.record(replace(gate, since=now) if closes else gate):
                changed.append(parts.history.current(gate.purpose))
        if changed:

            def keep_gates(tx: apsw.Connection) -> None:
                for gate in changed:
                    gates.record(tx, gate)

            await parts.store.write(keep_gates)
            parts.on_gates()
            parts.changes.say("gates")
        return min((g.until for g in decided if g.until is not None), default=None)

    async def status(self) -> Status:
        """Return everything the first screen needs."""
        parts = self._parts
        since = parts.clock.now() - DAY_MS

        def look(tx: apsw.Connection) -> _Kept:
            return _Kept(
                clients.listing(tx, since),
                tuple(page_loads.totals(tx, since)),
                counters.all_counters(tx),
                sum(1 for f in findings.open_findings(tx) if f.flagged),
                retention.next_deletion(tx, parts.limits),
            )

        kept = await parts.store.read(look)
        connected = parts.connected()
        counts = Counter(kept.counters)
        counts.update(parts.counts())
        browsers = [_shown(row, connected) for row in kept.clients]
        return Status(
            version=parts.version,
            mode=parts.mode,
            organisation=parts.organisation,
            started_at=self._started_at,
            gates=parts.history.all_current(),
            browsers=tuple(sorted(browsers, key=lambda b: not b.connected)),
            health=tuple(parts.health()),
            totals=kept.totals,
            counters=dict(counts),
            flagged=kept.flagged,
            next_deletion=kept.next_deletion,
        )

    async def findings(self, since: int | None = None) -> Sequence[Finding]:
        """Return findings, newest first."""
        return list(await self._parts.store.read(lambda tx: findings.listing(tx, since)))

    async def finding(self, finding_id: str) -> Finding | None:
        """Return one finding or None."""
        return await self._parts.store.read(lambda tx: findings.get(tx, finding_id))

    async def answer(self, finding_id: str, answer: str) -> Finding | None:
        """Record what the person says of a finding.

        Raises:
            ValueError: The answer is not one of the three.
        """
        if answer not in ANSWERS:
            raise ValueError(f"An answer is one of {', '.join(sorted(ANSWERS))}.")
        return await self._parts.on_answer(finding_id, answer)

    def notice(self) -> NoticeText:
        """Return the notice that holds now."""
        return self._parts.notice

    async def act(self, purpose: Purpose | None, kind: ActKind, notice_sha256: str, channel: Channel) -> Sequence[Gate]:
        """Record an act and return the gates that hold afterwards.

        Raises:
            ValueError: The text shown is not the notice that holds, or the act does not fit the purpose.
        """
        if notice_sha256 != self._parts.notice.sha256:
            raise ValueError("The notice has changed since it was shown. Read it again, then answer.")
        about = [purpose] if purpose is not None else [p for p in Purpose if not p.optional]
        consents = kind in (ActKind.GIVEN, ActKind.WITHDRAWN)
        for one in about:
            if kind is not ActKind.SHOWN and one.optional != consents:
                raise ValueError(f"«{kind.value}» does not fit {one.value}: see «gleanwatch consent --help».")
        now = self._parts.clock.now()
        done = [Act(one, kind, now, notice_sha256, channel) for one in about]
        if kind is ActKind.SHOWN:
            # Showing the same text again proves nothing new; the first time is what counts.
            known = {a.purpose for a in self._acts if a.kind is kind and a.notice_sha256 == notice_sha256}
            done = [a for a in done if a.purpose not in known]
        if done:

            def keep_acts(tx: apsw.Connection) -> None:
                for act in done:
                    acts.record(tx, act)

            await self._parts.store.write(keep_acts)
            self._acts.extend(done)
            self._parts.on_act(kind, channel)
            await self.decide_gates()
        return self._parts.history.all_current()

    async def try_collection(self) -> None:
        """Start the harmless collection of `gleanwatch try`."""
        await self._parts.start_try()

    def page_link(self) -> str:
        """Return a one-time link to the local page."""
        return self._parts.page_link()

    def changes(self) -> AsyncIterator[str]:
        """Yield topics as they change."""
        return self._parts.changes.listen()

    async def serve_command(self, command: str, args: Mapping[str, object], emit: Emit) -> object:
        """Run one command of the control socket.

        Raises:
            CommandError: The command is unknown or cannot be done; the text says what to do.
        """
        match command:
            case "status":
                return msgspec.to_builtins(await self.status())
            case "findings":
                return await self._send_findings(args, emit)
            case "finding":
                found = await self.finding(str(args.get("id")))
                if found is None:
                    raise CommandError("There is no such finding. «gleanwatch findings» lists them with their ids.")
                return msgspec.to_builtins(found)
            case "answer":
                try:
                    found = await self.answer(str(args.get("id")), str(args.get("answer")))
                except ValueError as problem:
                    raise CommandError(str(problem)) from None
                if found is None:
                    raise CommandError("There is no such finding. «gleanwatch findings» lists them with their ids.")
                return msgspec.to_builtins(found)
            case "notice":
                return msgspec.to_builtins(self.notice())
            case "act":
                return await self._act_by_command(args)
            case "page_link":
                return {"url": self.page_link()}
            case "try":
                await self.try_collection()
                return {}
            case "stop":
                self._parts.stop()
                return {}
        raise CommandError("The running agent does not know this command: it may be older than the command line.")

    async def _send_findings(self, args: Mapping[str, object], emit: Emit) -> object:
        since = args.get("since")
        start = since if isinstance(since, int) and not isinstance(since, bool) else None
        sent: dict[str, Finding] = {}

        async def send_new() -> None:
            for finding in reversed(await self.findings(start)):
                if sent.get(finding.id) != finding:
                    sent[finding.id] = finding
                    await emit(msgspec.to_builtins(finding))

        if not args.get("follow"):
            await send_new()
            return {}
        heard = self.changes()
        await send_new()
        async for topic in heard:
            if topic == "findings":
                await send_new()
        return {}

    async def _act_by_command(self, args: Mapping[str, object]) -> object:
        try:
            purpose = Purpose(str(args["purpose"])) if args.get("purpose") else None
            kind = ActKind(str(args.get("kind")))
            channel = COMMAND_CHANNELS[str(args.get("channel"))]
            held = await self.act(purpose, kind, str(args.get("notice_sha256")), channel)
        except (ValueError, KeyError) as problem:
            raise CommandError(str(problem)) from None
        return [msgspec.to_builtins(gate) for gate in held]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the first screen needs of the database, read at one moment."""

    clients: Sequence[clients.ClientRow]
    totals: tuple[PageTotal, ...]
    counters: Mapping[str, int]
    flagged: int
    next_deletion: int | None


def _shown(row: clients.ClientRow, connected: frozenset[str]) -> BrowserState:
    """A stored extension as a face shows it: its random id shortened to what tells two apart."""
    return BrowserState(
        client=row.client[:6],
        browser=row.browser,
        browser_version=row.browser_version,
        extension_version=row.extension_version,
        connected=row.client in connected,
        last_acked_at=row.last_acked_at,
        acked=row.acked,
        waiting=row.waiting,
        dropped=row.dropped,
        lost=row.lost,
    )
