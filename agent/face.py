"""What the faces ask, answered once: `AgentFace` over the store, consent, proofs, the sessions and detection.

The page (`web/`) calls it directly, the command line through the control socket (`serve_command`), the pop-up through
the relay. Whatever changes goes into the database first and is said through `Changes` afterwards.
"""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import apsw
import msgspec

from agent.changes import Changes
from agent.consent.gate import GateHistory
from agent.consenting import Consents
from agent.content.consequences import consequences_of
from agent.detection.approvals import covering
from agent.detection.scoring import is_approved
from agent.erasing import Erasing
from agent.link.control import CommandError, Emit
from agent.model.answers import MOST_WORDS
from agent.model.consent import Acted, ActView, Erasable, ErasurePreview, Ground, Press, ProofCheck, PurposeView
from agent.model.consequences import Consequence, Place
from agent.model.face import (
    BrowserState,
    ExportFile,
    FindingFilter,
    FindingPage,
    KeptTable,
    LedgerView,
    NoticeText,
    PageSlice,
    PageTotal,
    RowsPart,
    Status,
    VerifyResult,
)
from agent.model.findings import Finding, Stage
from agent.model.health import Health
from agent.model.organisation import Added
from agent.model.ports import Clock
from agent.model.purposes import Act, ActKind, Channel, Gate, Mode, Purpose
from agent.proving import Proving, in_parts
from agent.store import clients, counters, findings, inspection, page_loads, preferences, retention
from agent.store.database import Store
from agent.store.selfcheck import Tried

DAY_MS = 86_400_000
PART_BYTES = 32_768
"""Bytes of a file that one frame of the control socket carries."""
COMMAND_CHANNELS = {"terminal": Channel.TERMINAL}


@dataclass(slots=True)
class FaceParts:
    """Everything the face looks at. All of it is built in `daemon.py`."""

    store: Store
    clock: Clock
    history: GateHistory
    consents: Consents
    proving: Proving
    erasing: Erasing
    changes: Changes
    limits: Callable[[], retention.Limits]
    version: str
    mode: Mode
    organisation: str
    contact: str
    policy: Mapping[str, object]
    connected: Callable[[], Mapping[str, tuple[str, ...]]]
    """Client id → the platforms that its browser hides, of every browser that is connected."""
    health: Callable[[], Iterable[Health]]
    counts: Callable[[], Mapping[str, int]]
    page_link: Callable[[], str]
    start_try: Callable[[], Awaitable[None]]
    on_answer: Callable[[Act, str], Awaitable[Finding | None]]
    rotate: Callable[[], Awaitable[tuple[str, str]]]
    stop: Callable[[], None]
    try_store: Callable[[], AsyncIterator[Tried]]
    added: Callable[[], Added] = Added
    jurisdiction: tuple[str, str] = ("", "")
    """Code and name of the place where the policy says that the person works; empty where no policy says so."""
    reviewed: bool = False
    """Whether the policy names a legal reviewer and a date: then unconfirmed facts are shown too."""


class Face:
    """The one implementation of `model.face.AgentFace`."""

    def __init__(self, parts: FaceParts) -> None:
        self._parts = parts
        self._started_at = parts.clock.now()

    async def status(self) -> Status:
        """Return everything the first screen needs."""
        parts = self._parts
        now = parts.clock.now()
        since = now - DAY_MS
        limits = parts.limits()

        def look(tx: apsw.Connection) -> _Kept:
            return _Kept(
                clients.listing(tx, since),
                tuple(page_loads.totals(tx, since)),
                counters.all_counters(tx),
                sum(1 for f in findings.open_findings(tx) if f.flagged and not is_approved(f, now)),
                retention.next_deletion(tx, limits),
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
            contact=parts.contact,
            paused_until=parts.consents.paused_until(),
        )

    async def findings(self, since: int | None = None) -> Sequence[Finding]:
        """Return findings, newest first."""
        return list(await self._parts.store.read(lambda tx: findings.listing(tx, since)))

    async def findings_page(self, which: FindingFilter, offset: int = 0, limit: int = 25) -> FindingPage:
        """Return part of a list of findings, newest first, with how many each filter matches."""
        now = self._parts.clock.now()
        return await self._parts.store.read(lambda tx: findings.page(tx, which, offset, limit, now))

    async def timeline(self, since: int, step_ms: int = page_loads.QUARTER_MS) -> Sequence[PageSlice]:
        """Return page loads kept from `since` on, by stretches of `step_ms`, oldest first."""
        return await self._parts.store.read(lambda tx: page_loads.timeline(tx, since, step_ms))

    async def finding(self, finding_id: str) -> Finding | None:
        """Return one finding or None."""
        return await self._parts.store.read(lambda tx: findings.get(tx, finding_id))

    async def answer(
        self, finding_id: str, category: str, words: str, press: Press | None, channel: Channel
    ) -> Finding | None:
        """Record what the person says of a finding.

        Raises:
            ValueError: The category is none of them, or the words are too many.
        """
        words = words.strip()
        if len(words) > MOST_WORDS:
            raise ValueError(f"At most {MOST_WORDS} characters of your own words are kept; these are {len(words)}.")
        return await self._parts.on_answer(self._parts.consents.answer_of(finding_id, category, press, channel), words)

    async def consequences(self, finding: Finding) -> Sequence[Consequence]:
        """Return what terms and law say of a finding; of what is only installed they say nothing."""
        if finding.stage is Stage.INSTALLED:
            return ()
        there = await self.place()
        return consequences_of(finding.platforms, there.code, reviewed=self._parts.reviewed, elsewhere=there.elsewhere)

    async def place(self) -> Place:
        """Return the place whose law is told of, and whether the person said that they do not work there."""
        code, name = self._parts.jurisdiction
        said = await self._parts.store.read(lambda tx: preferences.get(tx, preferences.ELSEWHERE))
        return Place(code, name, elsewhere=bool(code) and said == code)

    async def work_elsewhere(self, elsewhere: bool) -> Place:
        """Keep whether the person works elsewhere than where the policy says, and return what holds now.

        Raises:
            ValueError: No jurisdiction is configured.
        """
        code, _name = self._parts.jurisdiction
        if not code:
            raise ValueError("No policy says where you work, so no law of one place is told of.")
        await self._parts.store.write(
            lambda tx: preferences.choose(tx, preferences.ELSEWHERE, code if elsewhere else "")
        )
        self._parts.changes.say("findings")
        return await self.place()

    def added(self) -> Added:
        """Return what the organisation adds beside its policy."""
        return self._parts.added()

    def languages(self) -> Sequence[str]:
        """Return the languages in which the notice can be shown here, best first."""
        return self._parts.consents.languages()

    def notice(self, language: str = "en") -> NoticeText:
        """Return the notice that holds now."""
        return self._parts.consents.notice(language)

    async def difference(self, language: str = "en") -> Sequence[tuple[str, str]] | None:
        """Say how the notice differs from the last one that the person answered."""
        return await self._parts.consents.difference(language)

    async def purposes(self, language: str = "en") -> Sequence[PurposeView]:
        """Return every purpose, mandatory ones first."""
        return self._parts.consents.purposes(language)

    async def history(self, language: str = "en") -> Sequence[ActView]:
        """Return every act on record, newest first."""
        return await self._parts.consents.history(language)

    async def history_before(self, before: int | None, limit: int, language: str = "en") -> Sequence[ActView]:
        """Return the newest acts with a number under `before` (None: of all), newest first, `limit` at most."""
        return await self._parts.consents.history_before(before, limit, language)

    async def answers_to(self, finding_id: str, language: str = "en") -> Sequence[ActView]:
        """Return what the person said of one finding, newest first."""
        return await self._parts.consents.answers_to(finding_id, language)

    async def act(self, purpose: Purpose | None, press: Press, channel: Channel) -> Acted:
        """Record an act; return its entries and the gates that hold afterwards.

        Raises:
            ValueError: The text shown is not the notice that holds, or the act does not fit the purpose.
        """
        return await self._parts.consents.act(purpose, press, channel)

    async def pause(self, minutes: int) -> Sequence[Gate]:
        """Stop watching for some minutes, or go on at once with 0, and return the gates that hold afterwards.

        Raises:
            ValueError: More than a day, or fewer than none.
        """
        return await self._parts.consents.pause(minutes)

    async def dispute(self, entry: int, channel: Channel, control: str = "") -> Sequence[Gate]:
        """Record «that was not me» about an earlier act and return the gates that hold afterwards.

        Raises:
            ValueError: There is no such act, or it cannot be disputed.
        """
        return await self._parts.consents.dispute(entry, channel, control)

    async def receipt(self, entry: int) -> bytes:
        """Return the receipt of one entry.

        Raises:
            ValueError: There is no such entry, or its content was erased.
        """
        return await self._parts.proving.receipt(entry)

    async def check(self, entry: int) -> ProofCheck:
        """Verify one entry now.

        Raises:
            ValueError: There is no such entry.
        """
        return await self._parts.proving.check(entry)

    async def erase_preview(self, what: Erasable, entry: int | None = None) -> ErasurePreview:
        """Say what erasing would take away and what stays.

        Raises:
            ValueError: There is no such entry, or none was named for `record`.
        """
        return await self._parts.erasing.preview(what, entry)

    async def erase(self, what: Erasable, ground: Ground, entry: int | None, channel: Channel) -> ErasurePreview:
        """Erase, put the fact on record, compact the database, and return what went.

        Raises:
            ValueError: As `erase_preview`, or nothing of it is there.
        """
        return await self._parts.erasing.erase(what, ground, entry, channel)

    async def kept(self) -> Sequence[KeptTable]:
        """Return every table that is kept, with how much is in it."""
        limits = self._parts.limits()
        return await self._parts.store.read(lambda tx: inspection.kept(tx, limits))

    async def kept_in(self, table: str) -> KeptTable:
        """Return how much is in one table; no other is counted.

        Raises:
            ValueError: There is no such table.
        """
        limits = self._parts.limits()
        return await self._parts.store.read(lambda tx: inspection.kept_in(tx, table, limits))

    async def latest(self, table: str, limit: int = 20) -> Sequence[Mapping[str, str | int | float | None]]:
        """Return the newest rows of one table, secrets and sealed bytes as sizes.

        Raises:
            ValueError: There is no such table.
        """
        return await self._parts.store.read(lambda tx: inspection.latest(tx, table, limit))

    async def rows(self, table: str, after: Sequence[str | int] = (), limit: int = 1000) -> RowsPart:
        """Return rows of one table in the order of its key, part by part.

        Raises:
            ValueError: There is no such table, or `after` is no place in it.
        """
        return await self._parts.store.read(lambda tx: inspection.rows(tx, table, after, limit))

    async def ledger(self) -> LedgerView:
        """Return what the page about the ledger shows."""
        return await self._parts.proving.view()

    async def ledger_files(self) -> Mapping[str, ExportFile]:
        """Return every log of the ledger as plain files."""
        return await self._parts.proving.log_files()

    async def verify(self) -> VerifyResult:
        """Verify every log, checkpoint and content now."""
        return await self._parts.proving.verified()

    def policy(self) -> Mapping[str, object]:
        """Return the organisation's policy as it holds: dotted key → value; empty without one."""
        return self._parts.policy

    async def export(self) -> Mapping[str, ExportFile]:
        """Return everything about the person as files: name → content."""
        return await self._parts.proving.everything()

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
                return await self._told(found)
            case "place":
                return msgspec.to_builtins(await self.place())
            case "organisation":
                return await self._send_added(emit)
            case "page_link":
                return {"url": self.page_link()}
            case "try":
                await self.try_collection()
                return {}
            case "stop":
                self._parts.stop()
                return {}
            case "selfcheck":
                return await self._try_out(emit)
        try:
            return await self._serve_consent(command, args, emit)
        except (ValueError, KeyError) as problem:
            raise CommandError(str(problem) if isinstance(problem, ValueError) else f"{problem} is missing.") from None

    async def _serve_consent(self, command: str, args: Mapping[str, object], emit: Emit) -> object:
        """Run one command about notices, acts, proofs or erasure.

        Raises:
            CommandError: The command is unknown.
            ValueError: It cannot be done, or an argument is wrong.
            KeyError: An argument is missing.
        """
        proving, language = self._parts.proving, str(args.get("language") or "en")
        match command:
            case "notice":
                return msgspec.to_builtins(self.notice(language))
            case "difference":
                return {"lines": await self.difference(language)}
            case "purposes":
                return await _send_all(await self.purposes(language), emit)
            case "history":
                return await _send_all(await self.history(language), emit)
            case "act":
                purpose = Purpose(str(args["purpose"])) if args.get("purpose") else None
                acted = await self.act(purpose, _press(args, ActKind(str(args["kind"]))), _channel(args))
                return [msgspec.to_builtins(gate) for gate in acted.gates]
            case "pause":
                minutes = args["minutes"]
                if not isinstance(minutes, int) or isinstance(minutes, bool):
                    raise ValueError("minutes is a whole number.")
                return [msgspec.to_builtins(gate) for gate in await self.pause(minutes)]
            case "dispute":
                held = await self.dispute(_entry(args), _channel(args), str(args.get("control") or ""))
                return [msgspec.to_builtins(gate) for gate in held]
            case "answer":
                found = await self.answer(
                    str(args["id"]),
                    str(args["answer"]),
                    str(args.get("words") or ""),
                    _press(args, ActKind.ANSWERED),
                    _channel(args),
                )
                if found is None:
                    raise CommandError("There is no such finding. «gleanwatch findings» lists them with their ids.")
                return msgspec.to_builtins(found)
            case "elsewhere":
                return msgspec.to_builtins(await self.work_elsewhere(bool(args["said"])))
            case "receipt":
                return msgspec.json.decode(await self.receipt(_entry(args)))
            case "check":
                return msgspec.to_builtins(await self.check(_entry(args)))
            case "erase_preview":
                return msgspec.to_builtins(await self.erase_preview(Erasable(str(args["what"])), _entry_or_none(args)))
            case "erase":
                what, ground = Erasable(str(args["what"])), Ground(str(args["ground"]))
                return msgspec.to_builtins(await self.erase(what, ground, _entry_or_none(args), _channel(args)))
            case "export":
                return await send_files(await self.export(), emit)
            case "ledger_verify":
                return await self._verify(bool(args.get("every_checkpoint")), emit)
            case "ledger_checkpoint":
                signed, key = await proving.checkpoint()
                return {"note": signed.decode(), "key": str(key)}
            case "ledger_prove":
                proof, entry, key = await proving.proof(_entry(args))
                return {"proof": proof.decode(), "entry": entry.decode(), "key": str(key)}
            case "ledger_export":
                return await send_files(await proving.log_files(), emit)
            case "ledger_rotate":
                closed, opened = await self._parts.rotate()
                return {"closed": closed, "opened": opened}
        raise CommandError("The running agent does not know this command: it may be older than the command line.")

    async def _try_out(self, emit: Emit) -> object:
        """Try the store, sending each thing as it is known, then prove the newest entry of the ledger."""
        async for tried in self._parts.try_store():
            await emit(msgspec.to_builtins(tried))
        try:
            return msgspec.to_builtins(await self._parts.proving.check_newest())
        except ValueError as problem:
            return {"entry": None, "ok": False, "said": str(problem), "size": 0, "witnesses": []}

    async def _verify(self, every_checkpoint: bool, emit: Emit) -> object:
        """Verify the ledger, sending how far it is while it goes on."""
        steps: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        work = asyncio.ensure_future(
            self._parts.proving.verify(every_checkpoint, lambda done, of: steps.put_nowait((done, of)))
        )
        while not work.done() or not steps.empty():
            step = asyncio.ensure_future(steps.get())
            await asyncio.wait((work, step), return_when=asyncio.FIRST_COMPLETED)
            if not step.done():
                step.cancel()
                break
            done, of = step.result()
            await emit({"done": done, "of": of})
        found = await work
        return {"ok": found.ok, **msgspec.to_builtins(found), "payloads": found.contents}

    async def _told(self, finding: Finding) -> object:
        """Return a finding as the command line gets it: with what terms and law say, and any approval's reference."""
        said = msgspec.to_builtins(await self.consequences(finding))
        approval = covering(finding, self.added().approvals, self._parts.clock.now())
        reference = approval.reference if approval is not None else ""
        return {**msgspec.to_builtins(finding), "consequences": said, "approval": reference}

    async def _send_added(self, emit: Emit) -> object:
        """Send rules, approvals and what was left out one by one: together they may be longer than a frame."""
        added = self.added()
        parts = (("rule", added.rules), ("approval", added.approvals), ("left_out", added.left_out))
        for name, items in parts:
            for item in items:
                await emit({name: msgspec.to_builtins(item)})
        return {"since": added.since, "earlier": added.earlier, "waiting": added.waiting}

    async def _send_findings(self, args: Mapping[str, object], emit: Emit) -> object:
        since = args.get("since")
        start = since if isinstance(since, int) and not isinstance(since, bool) else None
        sent: dict[str, Finding] = {}

        async def send_new() -> None:
            for finding in reversed(await self.findings(start)):
                if sent.get(finding.id) != finding:
                    sent[finding.id] = finding
                    await emit(await self._told(finding))

        if not args.get("follow"):
            await send_new()
            return {}
        heard = self.changes()
        await send_new()
        async for topic in heard:
            if topic == "findings":
                await send_new()
        return {}


async def _send_all(items: Iterable[object], emit: Emit) -> object:
    for item in items:
        await emit(msgspec.to_builtins(item))
    return {}


async def send_files(files: Mapping[str, ExportFile], emit: Emit) -> object:
    """Send files in parts that fit into frames."""
    for name, content in files.items():
        held = b""
        async for more in in_parts(content):
            held += more
            while len(held) > PART_BYTES:
                await emit({"name": name, "part": base64.b64encode(held[:PART_BYTES]).decode(), "last": False})
                held = held[PART_BYTES:]
        await emit({"name": name, "part": base64.b64encode(held).decode(), "last": True})
    return {}


def _press(args: Mapping[str, object], kind: ActKind) -> Press:
    dwell = args.get("dwell_ms")
    return Press(
        kind,
        str(args.get("notice_sha256") or ""),
        str(args.get("control") or "")[:64],
        dwell if isinstance(dwell, int) and not isinstance(dwell, bool) and dwell >= 0 else None,
    )


def _channel(args: Mapping[str, object]) -> Channel:
    channel = COMMAND_CHANNELS.get(str(args.get("channel")))
    if channel is None:
        raise ValueError("An act comes from a page or a terminal, never from elsewhere.")
    return channel


def _entry(args: Mapping[str, object]) -> int:
    entry = _entry_or_none(args)
    if entry is None:
        raise ValueError("Say which entry, by its number.")
    return entry


def _entry_or_none(args: Mapping[str, object]) -> int | None:
    entry = args.get("entry")
    if entry is None:
        return None
    if isinstance(entry, bool) or not isinstance(entry, int) or not 0 <= entry < 2**62:
        raise ValueError("An entry is a whole number from 0.")
    return entry


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the first screen needs of the database, read at one moment."""

    clients: Sequence[clients.ClientRow]
    totals: tuple[PageTotal, ...]
    counters: Mapping[str, int]
    flagged: int
    next_deletion: int | None


def _shown(row: clients.ClientRow, connected: Mapping[str, tuple[str, ...]]) -> BrowserState:
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
        missing=connected.get(row.client, ()),
    )
