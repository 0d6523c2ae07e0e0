"""Sessions with browsers: `relay.sock`, one `RelaySession` for each native host that connects.

Bytes come in, `native_host.frames` cuts them into frames, `messages.decode` makes them messages. Page loads are judged
by the gate that held when they were observed, committed by `store/` together with the client's high-water mark, and
only then acknowledged; what arrives meanwhile waits and goes into the next commit. Detection gets them after the
acknowledgement. Everything refused is answered with a reason and counted, never raised: a browser cannot bring the
agent down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar, cast

from agent.consent.gate import GateHistory
from agent.link import local_socket, messages
from agent.link.asks import CannotAnswer
from agent.link.checks import FUTURE_MS, reason_against
from agent.link.messages import (
    ActOfPerson,
    Answer,
    Ask,
    Coverage,
    Hello,
    Load,
    LoadItem,
    Loads,
    OpenPage,
    Pause,
    Ping,
    Poison,
    Question,
    Refusal,
)
from agent.model.events import PageLoad
from agent.model.faults import described
from agent.model.findings import Finding
from agent.model.ports import Clock
from agent.model.purposes import Mode
from agent.store.database import StoreClosed, StoreError, StoreFull
from native_host.frames import Decoder, FrameError, encode

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_ANSWERS = 8
"""Answers of one connection that may wait for the database; more than a person presses, sent again later."""
MAX_QUESTIONS = 8
"""Questions of one connection that may be under way; more than the extension's pages ask at once."""
PAUSE_AT = 4_000
"""Page loads waiting for a commit beyond which nothing more is read from their connection."""
MAX_BACKLOG = 1_000_000
"""Bytes written to a connection and not read beyond which it is closed: what is read comes again over the next one."""
MAX_SESSIONS = 32
"""Connections at a time; more than one person's browsers and profiles."""


class Keeper(Protocol):
    """What a session needs from the store, in the words of this floor."""

    def greet(self, hello: Hello, at: int) -> Awaitable[int]:
        """Remember the client and return its highest stored sequence number."""
        ...

    def keep(self, client: str, loads: Sequence[PageLoad], high_water: int, at: int) -> Awaitable[None]:
        """Commit page loads and the client's high-water mark, durably and in one transaction."""
        ...


@dataclass(slots=True)
class RelaySettings:
    """What every session shares.

    Attributes:
        keeper: Where page loads are committed.
        gates: The history by which observations are judged.
        clock: Time.
        platforms: Platform keys that exist.
        page_classes: Page classes that may be sent.
        max_age_ms: How old an observation may be.
        agent_version: This release.
        mode: How this instance runs.
        organisation: Its name, or empty.
        count: Called with a counter's name for every refusal.
        on_loads: Called with page loads after they were acknowledged.
        on_change: Called when a browser came, went or said something new.
        page_link: Makes a one-time link to the local page.
        answer: Commits what the person said of a flag; false where that was not needed any more.
        ask: Answers what a page of the extension asks, or does what was pressed there.
        contact: Where a person turns to in managed mode, or empty.
    """

    keeper: Keeper
    gates: GateHistory
    clock: Clock
    platforms: frozenset[str]
    page_classes: frozenset[str]
    max_age_ms: int
    agent_version: str
    mode: Mode
    organisation: str
    count: Callable[[str], None]
    on_loads: Callable[[Sequence[PageLoad]], None]
    on_change: Callable[[], None]
    page_link: Callable[[], str]
    answer: Callable[[Answer], Awaitable[bool]]
    ask: Callable[[Question], Awaitable[object]]
    contact: str = ""
    flags: Sequence[Finding] = field(default_factory=tuple)


class RelaySession(asyncio.Protocol):
    """One native host's connection, from its first byte to its last."""

    def __init__(self, server: RelayServer) -> None:
        self._server = server
        self._settings = server.settings
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._waiting: list[LoadItem | Poison] = []
        self._greeting: Hello | None = None
        self._busy = False
        self._mark = 0
        self._paused = False
        self._unread = False
        self._failed = False
        self._last = 0
        self._caller = ""
        self._answers = 0
        self._questions = 0
        self.client = ""
        self.missing: tuple[str, ...] = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Check who is calling before reading a byte."""
        self._transport = cast(asyncio.Transport, transport)
        uid = local_socket.peer_uid(transport.get_extra_info("socket"))
        if uid is not None and uid not in (self._server.uid, 0):
            self._settings.count("relay.foreign_uid")
            self._transport.abort()
            return
        self._server.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the session; what was not acknowledged comes again over the next one."""
        if self._decoder.pending:
            self._settings.count("relay.frame_short")
        self._server.forget(self)
        self._transport = None
        self._settings.on_change()

    def data_received(self, data: bytes) -> None:
        """Take in bytes as they come."""
        while True:
            refusal: Refusal | None = None
            try:
                bodies = self._decoder.feed(data)
            except FrameError as problem:
                bodies, data = problem.frames, b""
                refusal = Refusal(problem.reason, str(problem))
            for body in bodies:
                self._receive(body)
            if refusal is None:
                return
            self._refuse(refusal)
            if refusal.reason == "frame_too_long":
                # What follows cannot be told apart from what was too long, and is not a frame that came short.
                self._decoder = Decoder()
                if self._transport is not None:
                    self._transport.close()
                return

    def send(self, body: bytes) -> None:
        """Send one message; a connection that has gone swallows it, and one that reads nothing is closed."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MAX_BACKLOG:
            self._settings.count("relay.not_reading")
            self._transport.abort()
            return
        self._transport.write(encode(body))

    def close(self) -> None:
        """End the connection, after what was written."""
        if self._transport is not None:
            self._transport.close()

    def cut(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    @property
    def greeted(self) -> bool:
        """Whether a browser has said who it is."""
        return bool(self._caller)

    def pause_writing(self) -> None:
        """Read nothing more from whoever does not read: each question would add an answer to those that wait."""
        self._unread = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on where what was written has been read."""
        self._unread = False
        if self._transport is not None and not self._paused:
            self._transport.resume_reading()

    def _receive(self, body: bytes) -> None:
        message = messages.decode(body)
        match message:
            case Load():
                self._queue((message,))
            case Loads():
                self._queue(message.loads)
            case Hello():
                self._hear(message)
            case Ping():
                self.send(messages.PONG)
            case Answer():
                self._take_answer(message)
            case Coverage():
                self._cover(message)
            case Ask() | ActOfPerson() | Pause():
                self._take_question(message)
            case OpenPage():
                self.send(messages.encode_page(self._settings.page_link()))
            case Refusal():
                self._refuse(message)

    def _hear(self, hello: Hello) -> None:
        """Take in who is calling; what is said again over the same connection must be about the same queue."""
        if (self._caller or hello.client) != hello.client:
            self._refuse(Refusal("bad_field", "One connection serves one client: open another one for this queue."))
            return
        self._caller = hello.client
        self._greeting = hello
        self._failed = False
        self._work_on()

    def _refuse(self, refusal: Refusal) -> None:
        self._settings.count(f"relay.{refusal.reason}")
        log.warning("refused a frame: %s (%s)", refusal.reason, refusal.detail)
        self.send(messages.encode_refuse(refusal))
        if refusal.salvage and (self.client or self._greeting is not None):
            self._queue(refusal.salvage)

    def _take_answer(self, answer: Answer) -> None:
        """Have an answer committed, then say so. Page loads neither wait for it nor it for them."""
        settings = self._settings
        if not self.client and self._greeting is None:
            self._refuse(Refusal("no_hello", "Say hello first, so that the agent knows who is speaking."))
        elif answer.at > settings.clock.now() + FUTURE_MS:
            # It can never be taken, so it is over: sent again it would still come from the future for long.
            settings.count("relay.answer_in_future")
            self.send(messages.encode_answered(answer, recorded=False))
        elif self._answers >= MAX_ANSWERS:
            settings.count("relay.answers_busy")
        else:
            work = asyncio.ensure_future(settings.answer(answer))
            self._answers += 1
            work.add_done_callback(partial(self._answer_done, answer))

    def _answer_done(self, answer: Answer, work: asyncio.Future[bool]) -> None:
        self._answers -= 1
        if work.cancelled():
            return
        problem = work.exception()
        if problem is None:
            self.send(messages.encode_answered(answer, recorded=work.result()))
        elif isinstance(problem, StoreFull):
            self._refuse(_later("store_full", "The disk is full: free some space."))
        elif isinstance(problem, StoreError):
            if not isinstance(problem, StoreClosed):
                self._refuse(_later("store_failed", "The agent could not store your answer."))
        else:
            self._settings.count("relay.session_failed")
            log.error("an answer could not be taken: %s", described(problem))
            if self._transport is not None:
                self._transport.close()

    def _cover(self, coverage: Coverage) -> None:
        """Remember which watched platforms the browser hides; names that are none of ours are left out."""
        known = self._settings.platforms
        self.missing = tuple(sorted({name for name in coverage.missing if name in known}))
        self._settings.on_change()

    def _take_question(self, question: Question) -> None:
        """Have a question answered. Nothing else waits for it."""
        settings = self._settings
        if not self.client and self._greeting is None:
            self._refuse(Refusal("no_hello", "Say hello first, so that the agent knows who is asking."))
        elif self._questions >= MAX_QUESTIONS:
            settings.count("relay.questions_busy")
            if not self._unread:
                self.send(messages.encode_not_told(question.ask, "Too much was asked at once. Try again in a moment."))
        else:
            work = asyncio.ensure_future(settings.ask(question))
            self._questions += 1
            work.add_done_callback(partial(self._question_done, question.ask))

    def _question_done(self, ask: int, work: asyncio.Future[object]) -> None:
        self._questions -= 1
        if work.cancelled():
            return
        problem = work.exception()
        if problem is None:
            for part in messages.encode_told(ask, work.result()):
                self.send(part)
        elif isinstance(problem, CannotAnswer):
            self.send(messages.encode_not_told(ask, str(problem)))
        elif isinstance(problem, StoreFull):
            self.send(messages.encode_not_told(ask, "The disk is full: free some space, then try again."))
        else:
            self._settings.count("relay.question_failed")
            log.error("a question could not be answered: %s", described(problem))
            self.send(messages.encode_not_told(ask, "The agent could not do that. Run «gleanwatch doctor»."))

    def _queue(self, loads: Sequence[LoadItem | Poison]) -> None:
        if not self.client and self._greeting is None:
            self._refuse(Refusal("no_hello", "Say hello first, so that the agent knows whose numbers these are."))
            return
        # Numbers rise; one that goes back says that the extension begins again, from its oldest. What is still under
        # way from before a failure goes on rising from the last that came, also from a replay that failed in its turn.
        begins_again = loads[0].seq <= self._last
        self._last = loads[-1].seq
        if self._failed and not begins_again:
            self._settings.count("relay.after_failure")
            return
        self._failed = False
        self._waiting.extend(loads)
        if len(self._waiting) > PAUSE_AT and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._work_on()

    def _work_on(self) -> None:
        """Begin the next commit, unless one is under way: what comes meanwhile goes into the one after it.

        Plain callbacks and no task of its own: a lone page load waits for the disk and for nothing else.
        """
        if self._busy:
            return
        settings, now = self._settings, self._settings.clock.now()
        if self._greeting is not None:
            hello = self._greeting
            self._wait_for(partial(settings.keeper.greet, hello, now), partial(self._greeted, hello))
            return
        while self._waiting and not self._busy:
            batch, self._waiting = self._waiting, []
            self._go_on_reading()
            kept, dropped, mark = self._judge(batch, now)
            if mark > self._mark:
                commit = partial(settings.keeper.keep, self.client, kept, mark, now)
                self._wait_for(commit, partial(self._kept, kept, dropped, mark))
            else:
                self.send(messages.encode_ack(self._mark, dropped))

    def _wait_for(self, begin: Callable[[], Awaitable[T]], done: Callable[[T], None]) -> None:
        try:
            work = asyncio.ensure_future(begin())
        except StoreClosed:
            # The agent is stopping: nothing is acknowledged any more, and everything comes again over the next one.
            self._waiting.clear()
            self._greeting = None
            return
        self._busy = True
        work.add_done_callback(partial(self._done, done))

    def _done(self, done: Callable[[T], None], work: asyncio.Future[T]) -> None:
        """Go on after the store answered, whatever it answered."""
        self._busy = False
        if work.cancelled():
            return
        problem = work.exception()
        if problem is None:
            done(work.result())
        elif isinstance(problem, StoreFull):
            self._fail(Refusal("store_full", "The disk is full: free some space. Nothing acknowledged is lost."))
        elif isinstance(problem, StoreError):
            self._fail(Refusal("store_failed", "The agent could not store this; it will take it again later."))
        else:
            self._settings.count("relay.session_failed")
            log.error("a browser session failed: %s", described(problem))
            self._waiting.clear()
            self._greeting = None
            if self._transport is not None:
                self._transport.close()
        self._work_on()

    def _greeted(self, hello: Hello, mark: int) -> None:
        """Answer a stored greeting, unless the same client greeted anew meanwhile."""
        settings = self._settings
        self._mark = mark
        self.client = hello.client
        if self._greeting is hello:
            self._greeting = None
        self.send(
            messages.encode_welcome(
                settings.agent_version, settings.mode, settings.organisation, self._mark, settings.contact
            )
        )
        self.send(messages.encode_gate(settings.gates.all_current()))
        self.send(messages.encode_flags(settings.flags))
        settings.on_change()

    def _kept(self, kept: Sequence[PageLoad], dropped: Sequence[tuple[int, str]], mark: int, _stored: None) -> None:
        """Acknowledge what is durably stored, then let detection have it."""
        self._mark = mark
        self.send(messages.encode_ack(mark, dropped))
        if kept:
            self._settings.on_loads(kept)

    def _go_on_reading(self) -> None:
        if self._paused and self._transport is not None:
            self._paused = False
            if not self._unread:
                self._transport.resume_reading()

    def _fail(self, refusal: Refusal) -> None:
        """Say that nothing could be stored, and take nothing newer until the extension begins again.

        An acknowledgement speaks for every number below it: storing what is still under way here, after its
        predecessors could not be stored, would tell the extension to forget those.
        """
        self._waiting.clear()
        self._go_on_reading()
        self._greeting = None
        self._failed = True
        self._refuse(refusal)

    def _judge(self, batch: Sequence[LoadItem | Poison], now: int) -> tuple[list[PageLoad], list[tuple[int, str]], int]:
        """Split a batch into what is kept and what is dropped and why; also return the new high-water mark."""
        settings, client, mark = self._settings, self.client, self._mark
        kept: list[PageLoad] = []
        dropped: list[tuple[int, str]] = []
        for load in batch:
            seq = load.seq
            if seq <= mark:
                settings.count("relay.replayed")
                continue
            mark = seq
            if isinstance(load, Poison):
                dropped.append((seq, "bad_field"))
                continue
            reason = reason_against(settings, load.platform, load.page_class, load.at, now)
            if not reason:
                kept.append(PageLoad(client, seq, load.platform, load.page_class, load.at, load.first, load.sequential))
                continue
            settings.count(f"relay.{reason}")
            dropped.append((seq, reason))
        return kept, dropped, mark


def _later(reason: str, why: str) -> Refusal:
    """Refuse an answer for now."""
    return Refusal(reason, f"{why} Your answer is taken again later.", "answer")


class RelayServer:
    """The listening side: holds every session and tells all of them what changed."""

    def __init__(self, settings: RelaySettings, path: Path, uid: int) -> None:
        self.settings = settings
        self.uid = uid
        self.sessions: set[RelaySession] = set()
        self._nameless: dict[RelaySession, None] = {}  # oldest first; some may have said their name since
        self._path = path
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            SocketError: The folder is not safe or the name is taken.
        """
        sock = local_socket.bind(self._path, self.uid)
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: RelaySession(self), sock=sock)

    def admit(self, session: RelaySession) -> None:
        """Take a connection in; where there are too many, at the cost of the oldest that has not said who it is."""
        self.sessions.add(session)
        self._nameless[session] = None
        if len(self.sessions) > MAX_SESSIONS:
            self.settings.count("relay.crowded")
            oldest = next(each for each in self._nameless if not each.greeted)
            self.forget(oldest)
            oldest.cut()

    def forget(self, session: RelaySession) -> None:
        """Take out what was closed."""
        self.sessions.discard(session)
        self._nameless.pop(session, None)

    def connected(self) -> dict[str, tuple[str, ...]]:
        """Return the client ids that have a session now, each with the platforms that its browser hides."""
        return {s.client: s.missing for s in self.sessions if s.client}

    def push_gates(self) -> None:
        """Tell every browser which gates hold."""
        body = messages.encode_gate(self.settings.gates.all_current())
        for session in self.sessions:
            if session.client:
                session.send(body)

    def push_flags(self, flags: Sequence[Finding]) -> None:
        """Tell every browser which flags are open; the ones that come later get them with their welcome."""
        self.settings.flags = tuple(flags)
        body = messages.encode_flags(flags)
        for session in self.sessions:
            if session.client:
                session.send(body)

    async def stop(self) -> None:
        """Close every connection and take the socket away."""
        if self._server is None:
            return  # never bound: what lies at the path is not ours
        self._server.close()
        for session in tuple(self.sessions):
            session.close()
        self._path.unlink(missing_ok=True)
