"""The one place where the parts are built and joined: the agent in the foreground, from start to Ctrl-C.

The way of the data, wired here: a browser's page load comes in through `link.relay`, is judged by the gate's history
and committed by `store`; after its acknowledgement `watching` hands it to detection, which also hears of every process
that starts. A finding that changed is committed, then said everywhere at once: to every browser, to the desktop, to the
page. The person's answers come back through `face`, which the page and the command line share.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path

import apsw

from agent import __version__, crashes
from agent.background import Background
from agent.budget import MINUTE, Budget, Limits, OwnProcesses
from agent.changes import Changes, Listener
from agent.consent.gate import GateHistory
from agent.consent.qr import qr_svg
from agent.consenting import ConsentParts, Consents
from agent.content.consequences import place_of
from agent.content.platforms import load_platforms
from agent.counting import Counting
from agent.detection.correlate.said import Judge
from agent.detection.findings import no_rules
from agent.detection.organisation import InForce
from agent.erasing import Erasing, ErasingParts
from agent.face import Face, FaceParts
from agent.flagging import Flagging, FlagParts
from agent.ledger import receipt as receipts
from agent.link.asks import Asks
from agent.link.control import ControlServer
from agent.link.desktop import Desktop
from agent.link.keeper import StoreKeeper
from agent.link.local_socket import SocketError
from agent.link.reach import browsers_health
from agent.link.relay import RelayServer, RelaySettings
from agent.model.consent import Press
from agent.model.health import Condition, Health, Part
from agent.model.organisation import Added
from agent.model.ports import Clock
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Mode, Purpose
from agent.opening import Opened, StartError
from agent.organisation import OrganisationFiles
from agent.own_entries import OwnEntries
from agent.proving import Proving
from agent.sensing import SenseParts, Sensing
from agent.service.opening import open_link
from agent.settings.policy import flattened
from agent.store import findings, gates, retention
from agent.store.database import StoreError
from agent.store.schema import FIELDS
from agent.store.selfcheck import try_out
from agent.sweeping import Sweeping, SweepParts
from agent.telling import claims_years
from agent.trying import Trying
from agent.unhandled import describe_unhandled
from agent.web.app import build_app
from agent.web.serving import Serving, serve
from agent.witnessing import Witnessing, WitnessingParts

log = logging.getLogger(__name__)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
GATE_RETRY_MS = 5_000
"""Time until gates that could not be stored are tried again."""


class Daemon:
    """A running agent."""

    def __init__(self, opened: Opened, clock: Clock, uid: int, home: Path) -> None:
        """Build and join the parts; nothing runs before `start`."""
        rules, policy, ruling = opened.rulebook, opened.rulebook.policy, opened.rulebook.ruling
        self._opened, self._clock, self._store = opened, clock, opened.store
        self._background = Background(self._failed)
        self._counting = Counting(opened.store, self._background)
        self._entries = OwnEntries(opened.store, clock)
        self._trying = Trying()
        self._gate_timer: asyncio.TimerHandle | None = None
        self._gates_changed = asyncio.Event()
        self._monitoring: Gate | None = None
        """The open gate on record for which «monitoring started» was entered; a pause changes nothing of it."""
        self._serving: Serving | None = None
        self._broken: list[Health] = []
        self._started = False
        self._in_force: tuple[str, Judge] = ("", no_rules)
        self._asked_to_read = ""
        self.stopping = asyncio.Event()
        self.changes = Changes()
        self.desktop = Desktop(enabled=os.environ.get("GLEANWATCH_DESKTOP", "on") != "off")
        limits = retention.Limits(
            observations_ms=(policy.retention.observations_hours if policy else 24) * HOUR_MS,
            findings_ms=(policy.retention.findings_days if policy else 90) * DAY_MS,
            pauses_ms=(policy.retention.observations_hours if policy else 24) * HOUR_MS,
        )
        self._history = GateHistory()
        self.consents = Consents(
            ConsentParts(
                self._store,
                clock,
                self._history,
                rules,
                self.changes,
                on_gates=self._gates_moved,
                on_act=self._acted,
                limits=limits,
            )
        )
        self._flagging = Flagging(
            FlagParts(
                opened.store,
                clock,
                self._entries,
                self.consents,
                self._background,
                self._counting,
                self.changes,
                self.desktop,
                self._open_page,
                sensing=lambda: self._sensing,
                relay=lambda: self.relay,
            )
        )
        platforms = load_platforms()
        self._sensing = Sensing(
            SenseParts(
                opened,
                clock,
                uid,
                home,
                self.count,
                self.background,
                self._flagging.found,
                self._report_broken,
            )
        )
        own = rules.config.budget
        # For tests: nobody waits for a minute to pass.
        minute = float(os.environ.get("GLEANWATCH_BUDGET_MINUTE", MINUTE)) if rules.mode is Mode.TEST else MINUTE
        self._budget = Budget(
            Limits(own.memory_mb, own.cpu_percent),
            OwnProcesses(self._trying.pids).read,
            self._sensing.slow,
            clock.monotonic,
            minute=minute,
            on_change=lambda: self.changes.say("health"),
        )
        # Whoever has no policy has no organisation: nothing is looked for beside it.
        self.organisation = (
            OrganisationFiles(
                opened.instance.policy_file,
                policy.approvals.keys,
                clock,
                self._organisation_changed,
                require_root=rules.mode is not Mode.TEST,
            )
            if policy is not None
            else None
        )
        self._proving = Proving(
            self._store, self.consents, [witness.key for witness in policy.ledger.witnesses] if policy else ()
        )
        # A test instance has nobody to send to.
        named = policy.ledger.witnesses if policy is not None and rules.mode is Mode.MANAGED else ()
        self._witnessing = Witnessing(
            WitnessingParts(self._store, clock, named, self.count, secrets.SystemRandom().random)
        )
        self._erasing = Erasing(
            ErasingParts(
                self._store,
                clock,
                self.consents,
                rules.mode,
                claims_years(rules),
                self.changes,
                forget_findings=self._flagging.forget,
            )
        )
        self._sweeping = Sweeping(
            SweepParts(opened.store, clock, limits, self.consents, self._erasing, self.changes, self._counting)
        )
        organisation = policy.organisation.name if policy else ""
        contact = policy.organisation.contact if policy else ""
        asks = Asks(lambda: self.face, clock.now)
        self.relay = RelayServer(
            RelaySettings(
                keeper=StoreKeeper(self._store),
                gates=self._history,
                clock=clock,
                platforms=platforms.keys - ruling.platforms_off,
                page_classes=platforms.sendable_classes,
                max_age_ms=limits.observations_ms,
                agent_version=__version__,
                mode=rules.mode,
                organisation=organisation,
                count=self.count,
                on_loads=self._flagging.loaded,
                on_change=lambda: self.changes.say("browsers"),
                page_link=self._page_link,
                answer=self._flagging.answered_in_browser,
                ask=asks.answer,
                contact=contact,
            ),
            opened.instance.relay_socket,
            uid,
        )
        self.face = Face(
            FaceParts(
                store=self._store,
                clock=clock,
                history=self._history,
                consents=self.consents,
                proving=self._proving,
                erasing=self._erasing,
                changes=self.changes,
                limits=self._sweeping.limits,
                version=__version__,
                mode=rules.mode,
                organisation=organisation,
                contact=contact,
                policy=flattened(policy) if policy is not None else {},
                connected=self.relay.connected,
                health=self._health,
                counts=self._unflushed,
                page_link=self._page_link,
                start_try=self._trying.start,
                on_answer=self._flagging.answered,
                rotate=self._rotate,
                stop=self.stopping.set,
                try_store=lambda: try_out(self._store, opened.instance.key_file, uid),
                added=self._added,
                # A test instance is under no jurisdiction, and still tells the law of the place that its policy names.
                jurisdiction=place_of(policy.monitoring.jurisdiction) if policy is not None else ("", ""),
                reviewed=policy is not None and policy.legal_reviewer.named,
            )
        )
        self._app, self._links = build_app(
            self.face,
            host_label=secrets.token_hex(6),
            port_of=lambda: self._serving.port if self._serving is not None else 0,
            clock=clock,
            new_token=lambda: secrets.token_urlsafe(24),
            on_refused=self.count,
            fields=FIELDS,
            qr=qr_svg,
            verifier=receipts.verifier(),
        )
        self._control = ControlServer(opened.instance.control_socket, uid, self.face.serve_command, count=self.count)

    async def start(self) -> None:
        """Begin to listen and, if the gate is open, to watch.

        Raises:
            StartError: A socket or port cannot be had, or the database cannot be read.
        """
        try:
            await self._store.write(lambda tx: self._entries.started(tx, self._opened.rulebook))
            await self.load()
            await self._store.write(self._note_rules)
            if self._opened.rulebook.mode is Mode.TEST:
                await self._acknowledge_itself()
            self._sensing.detector.restore(await self._store.read(findings.open_findings))
            # Before anything is judged: what is approved is not warned about for a moment.
            self._obey()
            if recent := await self._sweeping.window():
                self._sensing.page_loads(recent)
            await self._sweeping.sweep()
            await self._flagging.tell_browsers()
            port = self._opened.rulebook.config.pages.port
            self._serving = await serve(self._app, port, self.count)
            await self._control.start()
            await self.relay.start()
        except (SocketError, StoreError, OSError) as problem:
            raise StartError(str(problem)) from None
        self._started = True
        if self.organisation is not None:
            self._count_left_out()
            self._ask_to_read()
            self.organisation.open()
        self.background(self._follow_acts(self.changes.listen()))
        self.background(self._follow_gates())
        self.background(self._sweeping.run())
        self.background(self._budget.run())
        self._gates_changed.set()

    async def load(self) -> None:
        """Read gates and acts and decide every gate anew: all that a command without a running agent needs.

        Raises:
            StoreError: The database cannot be read.
        """
        for gate in await self._store.read(gates.history):
            self._history.record(gate)
        await self.consents.load()
        if self.organisation is not None and await self.organisation.look():
            await self.consents.tell_rules(self.organisation.rules.told, self.organisation.rules.sha256)

    async def stop(self) -> None:
        """End everything in order: first what comes in, then what watches, last the database."""
        await self.relay.stop()
        await self._control.stop()
        self._flagging.stop()
        if self._gate_timer is not None:
            self._gate_timer.cancel()
        # Before what they could still open is closed: whoever follows the gates may be turning watching on just now,
        # and a cancellation can get lost in there (asyncio.wait_for before Python 3.12): it looks at `stopping` too.
        self.stopping.set()
        self._gates_changed.set()
        await self._background.end()
        if self.organisation is not None:
            await self.organisation.close()
        await self._sensing.close()
        await self._witnessing.close()
        if self._serving is not None:
            await self._serving.close()
        self._trying.end()
        with contextlib.suppress(StoreError):
            await self._counting.flush()
            if self._started:
                await self._store.write(lambda tx: self._entries.enter(tx, "agent-stop", {}))
        await self._store.close()
        self._opened.close()

    def gate(self, purpose: Purpose) -> Gate:
        """Return one purpose's gate as it is now."""
        return self._history.current(purpose)

    def count(self, name: str) -> None:
        """Count a refusal; counts reach the database together, a few seconds later at most."""
        self._counting.count(name)

    def background(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the agent until it is done or the agent stops."""
        self._background.start(work)

    def _unflushed(self) -> Counter[str]:
        """What is counted and not stored yet, with what detection had to leave out."""
        return self._counting.waiting() + self._sensing.counts()

    def _page_link(self) -> str:
        return self._links.make()

    def _open_page(self) -> None:
        """Open the local page in the person's own browser: they pressed a notice."""
        self.background(asyncio.to_thread(open_link, self._page_link(), os.environ))

    def _failed(self, problem: BaseException) -> None:
        self.count("agent.task_failed")
        self.keep_fault(problem)

    def keep_fault(self, problem: BaseException, times: int = 1) -> None:
        """Keep a report of a fault of the agent's own, on this computer."""
        crashes.keep(self._opened.instance.fault_dir, crashes.report_of(problem, self._clock.now(), times))

    def _report_broken(self, part: Part, text: str) -> None:
        log.warning("%s: %s", part, text)
        self._counting.note(f"{part}.broken")
        self._broken.append(Health(part, Condition.DEGRADED, "an entry is left out", missed=text))

    def _health(self) -> list[Health]:
        return [
            *self._sensing.health(),
            browsers_health(self.relay.connected(), load_platforms().name),
            *([] if self.organisation is None else self.organisation.health()),
            Health(Part.STORE, Condition.WORKING, f"encrypted; its key is in {self._opened.key.where}"),
            self.desktop.health(),
            self._budget.health(),
            *([] if (faults := crashes.health(self._opened.instance.fault_dir)) is None else [faults]),
            *([] if (witnesses := self._witnessing.health()) is None else [witnesses]),
            *self._broken,
        ]

    # The ledger

    def _note_rules(self, tx: apsw.Connection) -> None:
        self._entries.rules(tx, self.organisation.rules.sha256 if self.organisation is not None else "")

    async def _rotate(self) -> tuple[str, str]:
        now = self._clock.now()
        return await self._store.write(lambda tx: self._store.ledger.rotate(tx, now))

    # Gates

    async def _acknowledge_itself(self) -> None:
        """A test or demo instance has no person to ask; it says so on every page (DESIGN 3.11)."""
        sha256 = self.face.notice().sha256
        await self.face.act(None, Press(ActKind.SHOWN, sha256, "self"), Channel.SELF)
        if self._history.current(Purpose.DETECT).reason == "not_acknowledged":
            await self.face.act(None, Press(ActKind.ACKNOWLEDGED, sha256, "self"), Channel.SELF)

    def _acted(self, act: Act) -> None:
        """Say on the desktop that something was put on record, unless nobody did anything."""
        if act.kind is not ActKind.SHOWN and act.channel is not Channel.SELF:
            self.background(self.desktop.show_act(act, self._open_page, lambda: self.background(self._disputed(act))))

    async def _disputed(self, act: Act) -> None:
        """File «that was not me», pressed on a desktop notice."""
        if act.entry is not None:
            with contextlib.suppress(ValueError):  # disputed on the page meanwhile, or nothing to dispute
                await self.consents.dispute(act.entry, Channel.DESKTOP, "desktop.dispute")

    def _gates_moved(self) -> None:
        self.relay.push_gates()
        self._gates_changed.set()

    async def _enter_monitoring(self) -> None:
        """Put on record that watching starts before the first thing is seen: with its gate, not after a pause.

        Raises:
            StoreError: It cannot be written.
        """
        gate = self.consents.on_record(Purpose.DETECT)
        if gate.state is not GateState.OPEN:
            self._monitoring = None
        elif gate != self._monitoring:
            self._monitoring = None
            await self._store.write(lambda tx: self._entries.enter(tx, "monitoring-start", {}))
            self._monitoring = gate

    async def _follow_gates(self) -> None:
        """Turn watching on and off with its gate, also when a waiting gate opens by itself."""
        while not self.stopping.is_set():
            await self._gates_changed.wait()
            self._gates_changed.clear()
            try:
                opens_at = await self.consents.decide_gates()
                await self._enter_monitoring()
            except StoreError:
                # What closed is closed all the same, and is stored with the next try.
                self.count("store.gates_failed")
                opens_at = self._clock.now() + GATE_RETRY_MS
            if self._gate_timer is not None:
                self._gate_timer.cancel()
            if opens_at is not None:
                delay = max(0.0, (opens_at - self._clock.now()) / 1000)
                # The loop's timers do not count sleep: look again at least every minute.
                loop = asyncio.get_running_loop()
                self._gate_timer = loop.call_later(min(delay, 60.0), self._gates_changed.set)
            if self._monitoring is not None and self._history.current(Purpose.DETECT).state is GateState.OPEN:
                await self._sensing.open()
            else:
                await self._sensing.shut()
            # The notice names the witnesses: nothing goes to them before it was shown.
            if self._history.current(Purpose.LEDGER).state is GateState.CLOSED:
                await self._witnessing.close()
            else:
                self._witnessing.start()
            self.changes.say("health")

    # What the organisation adds

    async def _organisation_changed(self) -> None:
        """Tell of the rules that lie there now, and follow what may be followed."""
        if self.organisation is None:
            return
        rules = self.organisation.rules
        self._count_left_out()
        try:
            await self.consents.tell_rules(rules.told, rules.sha256)
            await self._store.write(self._note_rules)
        finally:
            # What was taken away stops at once, also where that cannot be written down: telling it is tried again.
            self._obey()
        self._ask_to_read()
        self.changes.say("health")

    def _obey(self) -> None:
        """Put the rules in force that the person was told of, and the approvals that hold now."""
        if self.organisation is None:
            return
        rules = self.organisation.rules
        told = bool(rules.told) and self.consents.rules_told() is not None
        if self._in_force[0] != (rules.sha256 if told else ""):
            self._in_force = (rules.sha256, InForce(rules)) if told else ("", no_rules)
        self._sensing.follow(self._in_force[1], self.organisation.approvals())

    async def _follow_acts(self, heard: Listener) -> None:
        """Decide anew what is in force whenever acts change: a text was shown, a showing disputed or erased."""
        async for topic in heard:
            if topic == "acts":
                self._obey()

    def _ask_to_read(self) -> None:
        """Say once on the desktop that there is something to read; nothing of what it is."""
        if self.organisation is not None and self._added().waiting:
            waiting = self.organisation.rules.sha256
            if waiting != self._asked_to_read:
                self._asked_to_read = waiting
                self.background(self.desktop.show_message(self._open_page))

    def _count_left_out(self) -> None:
        for one in self.organisation.left_out if self.organisation is not None else ():
            self.count(f"{one.folder}.left_out")

    def _added(self) -> Added:
        """Everything that the organisation adds, as the faces show it."""
        own = self.organisation
        if own is None:
            return Added()
        since = self.consents.rules_told() if own.rules.told else None
        return Added(own.rules.told, since, own.earlier, own.approvals(), own.left_out)


async def run(opened: Opened, clock: Clock, uid: int, home: Path, on_ready: Callable[[Daemon], None]) -> None:
    """Run the agent until it is asked to stop (SIGINT, SIGTERM or the control socket).

    Args:
        opened: The open instance; closed at the end in any case.
        clock: Time.
        uid: Who runs it.
        home: The person's home folder.
        on_ready: Called once everything listens.

    Raises:
        StartError: A socket or port cannot be had, or the database cannot be read.
    """
    daemon = Daemon(opened, clock, uid, home)
    loop = asyncio.get_running_loop()
    describe_unhandled(loop, daemon.keep_fault)
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers in its event loop
            loop.add_signal_handler(number, daemon.stopping.set)
    try:
        await daemon.start()
        on_ready(daemon)
        await daemon.stopping.wait()
    finally:
        await daemon.stop()
