"""The one place where the parts are built and joined: the agent in the foreground, from start to Ctrl-C.

The way of the data, wired here: a browser's page load comes in through `link.relay`, is judged by the gate's history
and committed by `store`; after its acknowledgement `watching` hands it to detection, which also hears of every process
that starts. A finding that changed is committed, then said everywhere at once: to every browser, to the desktop, to the
page. The person's answers come back through `face`, which the page and the command line share.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import apsw
import msgspec

from agent import __version__, crashes
from agent.artefacts import Artefacts
from agent.budget import MINUTE, Budget, Limits, OwnProcesses
from agent.changes import Changes, Listener
from agent.consent.gate import GateHistory
from agent.consent.qr import qr_svg
from agent.consenting import ConsentParts, Consents
from agent.content.catalogue import Catalogue, load_catalogue
from agent.content.consequences import place_of
from agent.content.fingerprint import fingerprint
from agent.content.notices import LONGER_DAYS
from agent.content.platforms import load_platforms
from agent.content.ranges import load_ranges
from agent.detection.correlate.said import Judge
from agent.detection.correlate.shipped import load_rules
from agent.detection.findings import Detector, no_rules
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.detection.organisation import InForce
from agent.detection.scoring import is_approved
from agent.erasing import Erasing, ErasingParts
from agent.face import Face, FaceParts
from agent.inventory import Inventory
from agent.ledger import receipt as receipts
from agent.ledger.entry import Json
from agent.link.asks import Asks
from agent.link.control import ControlServer
from agent.link.desktop import Desktop
from agent.link.local_socket import SocketError
from agent.link.messages import Answer, Hello
from agent.link.relay import RelayServer, RelaySettings
from agent.model.consent import Press
from agent.model.events import PageLoad
from agent.model.faults import described
from agent.model.findings import Finding, Stage
from agent.model.health import Condition, Health, Part
from agent.model.organisation import Added
from agent.model.ports import Clock
from agent.model.purposes import Act, ActKind, Channel, Gate, GateState, Mode, Purpose
from agent.opening import Opened, StartError
from agent.organisation import OrganisationFiles
from agent.proving import Proving
from agent.sensors.connections.addresses import PlatformAddresses, resolve
from agent.sensors.connections.contained import contained
from agent.sensors.connections.endpoints import proxies_of
from agent.sensors.connections.sampler import Sampler
from agent.sensors.connections.sockets import socket_lister
from agent.sensors.processes.choose import reader_for
from agent.sensors.tree import CachedTree
from agent.service.opening import open_link
from agent.settings.policy import flattened
from agent.store import acts, clients, counters, cursors, erasure, findings, gates, ledger, page_loads, retention
from agent.store.database import Store, StoreError
from agent.store.schema import FIELDS
from agent.store.selfcheck import try_out
from agent.telling import claims_years
from agent.unhandled import describe_unhandled
from agent.watching import Watching, WatchParts
from agent.web.app import build_app
from agent.web.serving import Serving, serve
from agent.witnessing import Witnessing, WitnessingParts

log = logging.getLogger(__name__)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SWEEP_SECONDS = 600.0
FLUSH_SECONDS = 5.0
GATHER_SECONDS = 0.1
REPLAY_MS = 30 * 60_000
ROTATE_AFTER_MS = 365 * DAY_MS
"""Age at which the ledger closes a log and begins the next."""
LATE = -1
"""Stands for the entry of an answer that was not recorded, since one as late as it stands already."""
CURSOR = "detection"


@dataclass(frozen=True, slots=True)
class StoreKeeper:
    """The store in the words of `link.relay.Keeper`."""

    store: Store

    def greet(self, hello: Hello, at: int) -> asyncio.Future[int]:
        """Remember the client and return its high-water mark."""

        def say_hello(tx: apsw.Connection) -> int:
            return clients.hello(
                tx,
                hello.client,
                hello.browser,
                hello.browser_version,
                hello.extension_version,
                hello.waiting,
                hello.dropped,
                hello.lost,
                at,
            )

        return self.store.write(say_hello)

    def keep(self, client: str, loads: Sequence[PageLoad], high_water: int, at: int) -> asyncio.Future[None]:
        """Commit page loads with the client's high-water mark."""
        return self.store.write(lambda tx: page_loads.append(tx, client, loads, high_water, at))


async def nowhere(_host: str) -> Sequence[str]:
    """Resolve no name."""
    return ()


class Daemon:
    """A running agent."""

    def __init__(self, opened: Opened, clock: Clock, uid: int, home: Path) -> None:
        """Build and join the parts; nothing runs before `start`."""
        rules, policy, ruling = opened.rulebook, opened.rulebook.policy, opened.rulebook.ruling
        self._opened, self._clock, self._store = opened, clock, opened.store
        self._counts: Counter[str] = Counter()
        self._flush: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._gate_timer: asyncio.TimerHandle | None = None
        self._judged_soon: list[PageLoad] = []
        self._judging: asyncio.TimerHandle | None = None
        self._gates_changed = asyncio.Event()
        self._shown_flags: set[str] = set()
        self._try: asyncio.subprocess.Process | None = None
        self._serving: Serving | None = None
        self._broken: list[Health] = []
        self._started = False
        self._in_force: tuple[str, Judge] = ("", no_rules)
        self._asked_to_read = ""
        self.stopping = asyncio.Event()
        self.changes = Changes()
        self.desktop = Desktop(enabled=os.environ.get("GLEANWATCH_DESKTOP", "on") != "off")
        self._limits = retention.Limits(
            observations_ms=(policy.retention.observations_hours if policy else 24) * HOUR_MS,
            findings_ms=(policy.retention.findings_days if policy else 90) * DAY_MS,
        )
        platforms = load_platforms()
        watched = platforms.keys - ruling.platforms_off
        catalogue = load_catalogue(on_error=lambda problem: self._report_broken(Part.CATALOGUE, str(problem)))
        # For measuring how much rests on names: a test instance can be told to know none of a family.
        if rules.mode is Mode.TEST and (unknown := os.environ.get("GLEANWATCH_WITHOUT_FAMILY")):
            catalogue = Catalogue(tool for tool in catalogue.tools if tool.family != unknown)
        self._code = CodeReader(loopback=rules.config.loopback)
        reader = reader_for(uid)
        tree = CachedTree(reader, agent=os.getpid())
        identifier = Identifier(
            catalogue, self._code, home, above=tree.ancestors, mark=opened.key.mark, monotonic=clock.monotonic
        )
        addresses = PlatformAddresses(
            platforms.platform_of_host,
            [host for key in sorted(watched) for host in platforms.page_hosts(key)],
            clock,
            ranges=load_ranges(),
            watched=watched,
            loopback=rules.config.loopback,
            proxies=proxies_of(os.environ),
            # A demo or test stays on this machine, its questions to a name server included.
            resolver=nowhere if rules.mode is Mode.TEST and not contained() else resolve,
        )
        self._sockets = socket_lister(reader, addresses.ports)
        sampler = Sampler(self._sockets, addresses, clock)
        self._detector = Detector(
            identifier.identify,
            sampler,
            tree,
            clock,
            # An id is typed after a command: none may begin like an option.
            lambda: secrets.token_urlsafe(9).replace("-", "_"),
            hold_ms=(policy.detection.hold_hours if policy else 24) * HOUR_MS,
            refine=identifier.refine,
            recognise=identifier.installed,
            judge=load_rules(),
            package_of=identifier.package_of,
            plain=identifier.plain,
            fetcher=identifier.fetcher,
            parent_of=tree.parent,
        )
        self.watching = Watching(
            WatchParts(
                self._detector,
                tree,
                sampler,
                addresses,
                clock,
                uid,
                rules.config.sensing.poll_seconds,
                lambda pid: pid in (os.getpid(), self._code.pid),
            ),
            self._found,
            lambda active: self._start(self.artefacts.attend(active)),
        )
        self.inventory = Inventory(home, os.environ, self.watching.installed, count=self.count)
        self.artefacts = Artefacts(
            home, os.environ, clock, self.watching.exported, self.watching.media_grew, count=self.count
        )
        own = rules.config.budget
        # For tests: nobody waits for a minute to pass.
        minute = float(os.environ.get("GLEANWATCH_BUDGET_MINUTE", MINUTE)) if rules.mode is Mode.TEST else MINUTE
        self._budget = Budget(
            Limits(own.memory_mb, own.cpu_percent),
            OwnProcesses(self._not_our_work).read,
            self._slow,
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
                limits=self._limits,
            )
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
                forget_findings=self._forget_findings,
            )
        )
        organisation = policy.organisation.name if policy else ""
        contact = policy.organisation.contact if policy else ""
        asks = Asks(lambda: self.face, clock.now)
        self.relay = RelayServer(
            RelaySettings(
                keeper=StoreKeeper(self._store),
                gates=self._history,
                clock=clock,
                platforms=watched,
                page_classes=platforms.sendable_classes,
                max_age_ms=self._limits.observations_ms,
                agent_version=__version__,
                mode=rules.mode,
                organisation=organisation,
                count=self.count,
                on_loads=self._loaded,
                on_change=lambda: self.changes.say("browsers"),
                page_link=self._page_link,
                answer=self._answered_in_browser,
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
                limits=self._retention,
                version=__version__,
                mode=rules.mode,
                organisation=organisation,
                contact=contact,
                policy=flattened(policy) if policy is not None else {},
                connected=self.relay.connected,
                health=self._health,
                counts=self._unflushed,
                page_link=self._page_link,
                start_try=self._start_try,
                on_answer=self._answered,
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
            await self._store.write(self._note_start)
            await self.load()
            await self._store.write(self._note_rules)
            if self._opened.rulebook.mode is Mode.TEST:
                await self._acknowledge_itself()
            self._detector.restore(await self._store.read(findings.open_findings))
            # Before anything is judged: what is approved is not warned about for a moment.
            self._obey()
            self._replay(await self._store.read(lambda tx: page_loads.since_rowid(tx, cursors.get(tx, CURSOR), 20_000)))
            await self._sweep()
            self._push_flags(await self.face.findings())
            self._serving = await serve(self._app, self._opened.rulebook.config.pages.port)
            await self._control.start()
            await self.relay.start()
        except (SocketError, StoreError, OSError) as problem:
            raise StartError(str(problem)) from None
        self._started = True
        if self.organisation is not None:
            self._count_left_out()
            self._ask_to_read()
            self.organisation.open()
        self._start(self._follow_acts(self.changes.listen()))
        self._start(self._follow_gates())
        self._start(self._sweep_for_ever())
        self._start(self._budget.run())
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
        for timer in (self._gate_timer, self._judging):
            if timer is not None:
                timer.cancel()
        # Before what they could still open is closed: whoever follows the gates may be turning watching on just now,
        # and a cancellation can get lost in there (asyncio.wait_for before Python 3.12): it looks at `stopping` too.
        self.stopping.set()
        self._gates_changed.set()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.organisation is not None:
            await self.organisation.close()
        await self.watching.close()
        await self.inventory.close()
        await self.artefacts.close()
        self._sockets.close()
        await self._witnessing.close()
        if self._serving is not None:
            await self._serving.close()
        if self._try is not None and self._try.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._try.terminate()
        await self._code.close()
        if self._flush is not None:
            self._flush.cancel()
        with contextlib.suppress(StoreError):
            await self._flush_counts()
            if self._started:
                await self._store.write(lambda tx: self._enter(tx, "agent-stop", {}))
        await self._store.close()
        self._opened.close()

    def background(self, work: Coroutine[None, None, None]) -> None:
        """Run something beside the agent until it is done or the agent stops."""
        self._start(work)

    def gate(self, purpose: Purpose) -> Gate:
        """Return one purpose's gate as it is now."""
        return self._history.current(purpose)

    def count(self, name: str) -> None:
        """Count a refusal; counts reach the database together, a few seconds later at most."""
        self._counts[name] += 1
        if self._flush is None:
            loop = asyncio.get_running_loop()
            self._flush = loop.call_later(FLUSH_SECONDS, lambda: self._start(self._flush_counts()))

    def _unflushed(self) -> Counter[str]:
        """What is counted and not stored yet, with what detection had to leave out and code that could not be read."""
        return (
            self._counts
            + self.watching.counts()
            + Counter({f"code.{reason}": n for reason, n in self._code.unread.items()})
        )

    async def _flush_counts(self) -> None:
        self._flush = None
        counted, self._counts = self._counts, Counter()

        def add_all(tx: apsw.Connection) -> None:
            for name, n in counted.items():
                counters.add(tx, name, n)

        try:
            await self._store.write(add_all)
        except StoreError:
            self._counts.update(counted)

    def _page_link(self) -> str:
        return self._links.make()

    def _open_page(self) -> None:
        """Open the local page in the person's own browser: they pressed a notice."""
        self._start(asyncio.to_thread(open_link, self._page_link(), os.environ))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            self.count("agent.task_failed")
            log.error("a part of the agent failed: %s", described(problem))
            self.keep_fault(problem)

    def keep_fault(self, problem: BaseException) -> None:
        """Keep a report of a fault of the agent's own, on this computer."""
        crashes.keep(self._opened.instance.fault_dir, crashes.report_of(problem, self._clock.now()))

    def _slow(self, factor: int) -> None:
        """Make every sensor wait so many times as long; nothing that a person or a browser hands over waits."""
        for sensor in (self.watching, self.inventory, self.artefacts):
            sensor.slow(factor)

    def _not_our_work(self) -> Sequence[int]:
        return () if self._try is None or self._try.returncode is not None else (self._try.pid,)

    def _report_broken(self, part: Part, text: str) -> None:
        log.warning("%s: %s", part, text)
        self._counts[f"{part}.broken"] += 1
        self._broken.append(Health(part, Condition.DEGRADED, "an entry is left out", missed=text))

    def _health(self) -> list[Health]:
        connected = self.relay.connected()
        known = load_platforms()
        hidden = [known.name(key) for key in sorted({key for missing in connected.values() for key in missing})]
        return [
            self.watching.health(),
            *(self.watching.network_health() if self.watching.on else ()),
            self.inventory.health(),
            *([] if (artefacts := self.artefacts.health()) is None else [artefacts]),
            (
                Health(
                    Part.BROWSERS,
                    Condition.DEGRADED,
                    f"{len(connected)} connected",
                    missed=f"Page loads of {', '.join(hidden)}: a browser hides these sites.",
                    action="Allow the sites again in the Gleanwatch pop-up of that browser.",
                )
                if hidden
                else Health(Part.BROWSERS, Condition.WORKING, f"{len(connected)} connected")
            )
            if connected
            else Health(
                Part.BROWSERS,
                Condition.DEGRADED,
                "none connected",
                missed="Page loads are not seen.",
                action="Load the extension: gleanwatch browser status says where it is registered.",
            ),
            *([] if self.organisation is None else self.organisation.health()),
            Health(Part.STORE, Condition.WORKING, f"encrypted; its key is in {self._opened.key.where}"),
            self.desktop.health(),
            self._budget.health(),
            *([] if (faults := crashes.health(self._opened.instance.fault_dir)) is None else [faults]),
            *([] if (witnesses := self._witnessing.health()) is None else [witnesses]),
            *self._broken,
        ]

    # The ledger

    def _enter(self, tx: apsw.Connection, kind: str, content: dict[str, Json]) -> None:
        self._store.ledger.append(tx, kind, self._clock.now(), content)

    def _note_start(self, tx: apsw.Connection) -> None:
        """Put on record that the agent starts, in which release and mode, and under which policy where that changed."""
        rules = self._opened.rulebook
        before = _last_content(tx, "agent-start")
        if before is not None and before.get("version") != __version__:
            self._enter(tx, "agent-update", {"from": before.get("version"), "to": __version__})
        self._enter(tx, "agent-start", {"version": __version__, "mode": rules.mode.value})
        if rules.policy is None:
            return
        digest = hashlib.sha256(msgspec.json.encode(rules.policy, order="deterministic")).hexdigest()
        policy: dict[str, Json] = {"sha256": digest, "jurisdiction": rules.policy.monitoring.jurisdiction}
        if _last_content(tx, "policy") != policy:
            self._enter(tx, "policy", policy)

    def _note_rules(self, tx: apsw.Connection) -> None:
        """Put on record by which rules things are recognised, ours and the organisation's, where that changed."""
        own = self.organisation.rules.sha256 if self.organisation is not None else ""
        rules: dict[str, Json] = {"shipped": fingerprint(), "organisation": own}
        if _last_content(tx, "rules") != rules:
            self._enter(tx, "rules", rules)

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
            self._start(self.desktop.show_act(act, self._open_page, lambda: self._start(self._disputed(act))))

    async def _disputed(self, act: Act) -> None:
        """File «that was not me», pressed on a desktop notice."""
        if act.entry is not None:
            with contextlib.suppress(ValueError):  # disputed on the page meanwhile, or nothing to dispute
                await self.consents.dispute(act.entry, Channel.DESKTOP, "desktop.dispute")

    def _gates_moved(self) -> None:
        self.relay.push_gates()
        self._gates_changed.set()

    async def _follow_gates(self) -> None:
        """Turn watching on and off with its gate, also when a waiting gate opens by itself."""
        while not self.stopping.is_set():
            await self._gates_changed.wait()
            self._gates_changed.clear()
            opens_at = await self.consents.decide_gates()
            if self._gate_timer is not None:
                self._gate_timer.cancel()
            if opens_at is not None:
                delay = max(0.0, (opens_at - self._clock.now()) / 1000)
                # The loop's timers do not count sleep: look again at least every minute.
                loop = asyncio.get_running_loop()
                self._gate_timer = loop.call_later(min(delay, 60.0), self._gates_changed.set)
            if self._history.current(Purpose.DETECT).state is GateState.OPEN:
                if not self.watching.on:
                    # On record before the first thing is seen.
                    await self._store.write(lambda tx: self._enter(tx, "monitoring-start", {}))
                await self.watching.open()
                self.inventory.open()
            else:
                await self.watching.close()
                await self.inventory.close()
                await self.artefacts.close()
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
        self.watching.follow(self._in_force[1], self.organisation.approvals())

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
                self._start(self.desktop.show_message(self._open_page))

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

    # Page loads and findings

    def _loaded(self, loads: Sequence[PageLoad]) -> None:
        """Gather acknowledged page loads for a moment: judged together they cost a fraction, and no browser waits."""
        self._judged_soon.extend(loads)
        if self._judging is None:
            self._judging = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._judge_loads)

    def _judge_loads(self) -> None:
        loads, self._judged_soon, self._judging = self._judged_soon, [], None
        self.changes.say("pages")
        self.watching.page_loads(loads)

    def _replay(self, rows: Sequence[tuple[int, PageLoad]]) -> None:
        """Give detection the last window again, so that a restart does not make it forget a rhythm."""
        recent = [load for _, load in rows if load.at >= self._clock.now() - REPLAY_MS]
        if recent:
            self.watching.page_loads(recent)

    def _found(self, changed: Sequence[Finding]) -> None:
        if changed:
            self._start(self._keep(changed))

    async def _keep(self, changed: Sequence[Finding]) -> None:
        def save_all(tx: apsw.Connection) -> None:
            for finding in changed:
                if finding.stage is not Stage.INSTALLED and findings.get(tx, finding.id) is None:
                    self._enter(tx, "finding-opened", _opened_content(finding))
                findings.save(tx, finding)

        await self._store.write(save_all)
        self.changes.say("findings")
        self._push_flags(await self.face.findings())
        for finding in changed:
            asks = finding.flagged and finding.closed_at is None and not finding.answer
            if self._approved(finding):
                if finding.id in self._shown_flags:
                    # Once the approval ends, it is warned about like one that is new.
                    self._shown_flags.remove(finding.id)
                    self._start(self.desktop.withdraw_flag(finding.id))
            elif asks and finding.id not in self._shown_flags:
                self._shown_flags.add(finding.id)
                self._start(self.desktop.show_flag(finding, self._open_page))

    def _push_flags(self, known: Sequence[Finding]) -> None:
        self.relay.push_flags([f for f in known if f.flagged and f.closed_at is None and not self._approved(f)])

    def _approved(self, finding: Finding) -> bool:
        return is_approved(finding, self._clock.now())

    def _forget_findings(self) -> None:
        """After an erasure: forget what detection holds, and look anew at what still runs."""
        self._detector.forget()
        self._shown_flags.clear()
        self._push_flags(())
        self._start(self._watch_anew())

    async def _watch_anew(self) -> None:
        if self.watching.on:
            await self.watching.close()
            await self.watching.open()

    async def _answered_in_browser(self, said: Answer) -> bool:
        """Commit an answer that was pressed in a pop-up; false where it came again, too late, or about nothing."""
        press = Press(ActKind.ANSWERED, "", "popup.answer", said.dwell_ms)
        act = self.consents.answer_of(said.finding, said.category, press, Channel.EXTENSION)
        # Never before it was pressed: what is sent again is told by the time of the answer that stands.
        act = replace(act, at=max(act.at, said.at))
        return await self._answered(act, "", pressed_at=said.at) is not None

    async def _answered(self, act: Act, words: str, pressed_at: int | None = None) -> Finding | None:
        """Commit an answer and close its question everywhere.

        Args:
            act: The answer.
            words: The person's own words, or empty.
            pressed_at: When it was pressed, for answers that may come again or late; an answer of that time or later
                stands already then.

        Returns:
            The finding with it; None where there is no such finding, or the answer came again or late.
        """

        def keep(tx: apsw.Connection) -> int | None:
            if pressed_at is not None and findings.answered_at(tx, act.finding) >= pressed_at:
                return LATE
            if not findings.set_answer(tx, act.finding, act.category, act.at):
                return None
            return acts.record(tx, self._store.ledger, act, words)

        entry = await self._store.write(keep)
        if entry is None or entry == LATE:
            if pressed_at is not None:
                self.count("relay.answer_unknown" if entry is None else "relay.answer_late")
            return None
        self.consents.recorded(replace(act, entry=entry))
        self._detector.answer(act.finding, act.category)
        self.changes.say("findings")
        self._push_flags(await self.face.findings())
        self._start(self.desktop.withdraw_flag(act.finding))
        return await self.face.finding(act.finding)

    async def _start_try(self) -> None:
        """Run the harmless collection as a program of its own, so that it is seen like any other."""
        if self._try is not None and self._try.returncode is None:
            # Whoever asks again waits for a flag of this one, not of one that was seen already.
            with contextlib.suppress(ProcessLookupError):
                self._try.terminate()
            await self._try.wait()
        folder = Path(__file__).parent / "demo"
        self._try = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "import gleanwatch_try; gleanwatch_try.collect()",
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    # Retention

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self._sweep()
            except StoreError as problem:
                self.count("store.sweep_failed")
                log.warning("retention could not run: %s", described(problem))

    def _retention(self) -> retention.Limits:
        """How long things are kept now; the person may have chosen a longer history for themselves."""
        if self.consents.longer_history():
            return replace(self._limits, observations_ms=LONGER_DAYS * DAY_MS)
        return self._limits

    async def _sweep(self) -> None:
        now, limits = self._clock.now(), self._retention()

        def sweep(tx: apsw.Connection) -> retention.Swept:
            swept = retention.sweep(tx, now, limits)
            row = tx.execute("SELECT max(id) FROM page_load WHERE at < ?", (now - REPLAY_MS,)).get
            cursors.set(tx, CURSOR, int(row or cursors.get(tx, CURSOR)))
            if ledger.opened_at(tx) < now - ROTATE_AFTER_MS:
                self._store.ledger.rotate(tx, now)
            return swept

        swept = await self._store.write(sweep)
        await self._erasing.sweep(now)
        if swept.page_loads or swept.findings or swept.clients:
            await self._store.checkpoint()
            self.changes.say("pages")


def _last_content(tx: apsw.Connection, kind: str) -> dict[str, Json] | None:
    """Return the content of the newest entry of a kind, None where there is none."""
    known = erasure.entries_of(tx, kind)
    return ledger.content(tx, known[-1]) if known else None


def _opened_content(finding: Finding) -> dict[str, Json]:
    """What the ledger commits to when a finding is opened."""
    return {
        "id": finding.id,
        "tool": finding.tool,
        "family": finding.family,
        "stage": finding.stage.value,
        "level": finding.level.value,
        "flagged": finding.flagged,
    }


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
