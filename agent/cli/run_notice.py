"""The notice at the start of `gleanwatch run`: shown and asked for at the terminal while the agent already runs.

The question is put through the running agent's own face, so that page, pop-up and terminal can never disagree, and it
waits beside everything else: Ctrl-C ends the agent as always, and an answer that is given on the page meanwhile ends
the question. A line is read by a thread that nobody waits for, straight from the file descriptor: a thread of a pool,
or one inside Python's own buffered reader, would keep the process alive until somebody pressed Enter.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence

from agent.cli.consent_desk import language_of
from agent.cli.consent_review import CONTROLS, about_notice, print_options, typed_words
from agent.cli.consent_show import print_difference, print_notice
from agent.cli.consent_words import needs_authorisation
from agent.cli.show import console
from agent.model.consent import Press, PurposeView
from agent.model.face import AgentFace
from agent.model.ports import Clock
from agent.model.purposes import ActKind, Channel, Mode

ASKS = frozenset({"notice_not_shown", "notice_changed", "not_acknowledged", "not_authorised"})
"""Reasons of a gate that wait for the person."""

ReadLine = Callable[[], Awaitable[str]]
"""Waits for one typed line; an empty one at the end of input."""


def due(views: Sequence[PurposeView]) -> bool:
    """Say whether a mandatory purpose waits for the person."""
    return any(v.in_use and not v.optional and v.gate.reason in ASKS for v in views)


async def ask_at_start(face: AgentFace, mode: Mode, clock: Clock, read_line: ReadLine) -> None:
    """Show the notice where it is due and take one answer for every purpose that rests on it.

    Args:
        face: The running agent's.
        mode: How this instance runs; a test instance answers itself and is not asked.
        clock: Time.
        read_line: Where typed lines come from.

    Raises:
        ValueError: The notice changed while it stood there, so the answer was not recorded.
    """
    if mode is Mode.TEST:
        return
    language = language_of(os.environ)
    if not due(await face.purposes(language)):
        return
    say = console()
    notice = face.notice(language)
    if lines := await face.difference(language):
        print_difference(say, lines)
    print_notice(say, notice)
    shown_at = clock.monotonic()

    async def record(kind: ActKind, dwell_ms: int | None) -> None:
        press = Press(kind, notice.sha256, CONTROLS[kind], dwell_ms)
        await face.act(None, press, Channel.TERMINAL)

    await record(ActKind.SHOWN, None)
    views = await face.purposes(language)
    options = about_notice(
        mode, notice.language, authorisation=needs_authorisation(views, mode), answered=not due(views)
    )
    print_options(say, options)
    answered = await _answer(face, language, typed_words(options), read_line)
    if answered is not None:
        await record(answered, round((clock.monotonic() - shown_at) * 1000))
    say.print("[dim]Purpose by purpose, and the optional ones: gleanwatch consent review[/]\n")


def at_terminal() -> bool:
    """Say whether a person can read and type here now: a terminal at both ends, and this program in its foreground."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    # A background job that reads from its terminal is stopped by the system, watching and all.
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return True  # a terminal that does not control jobs stops nobody


async def terminal_line() -> str:
    """Wait for one line typed at the terminal."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[str] = loop.create_future()

    def give(line: str) -> None:
        if not typed.done():
            typed.set_result(line)

    def read() -> None:
        try:
            line = os.read(sys.stdin.fileno(), 4096).decode("utf-8", "replace")
        except OSError:
            line = ""  # the terminal is gone: as good as «later»
        with contextlib.suppress(RuntimeError):  # the agent has ended meanwhile, and its loop with it
            loop.call_soon_threadsafe(give, line)

    threading.Thread(target=read, name="typed-line", daemon=True).start()
    return await typed


async def _answer(
    face: AgentFace, language: str, known: Mapping[str, ActKind | None], read_line: ReadLine
) -> ActKind | None:
    """Return what the typed word stands for; None for «later», and when it was answered elsewhere meanwhile."""
    say = console()
    elsewhere = asyncio.ensure_future(_answered_elsewhere(face, language))
    try:
        while True:
            say.print("Your answer: ", end="")
            typing = asyncio.ensure_future(read_line())
            try:
                await asyncio.wait({typing, elsewhere}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                typing.cancel()
            if elsewhere.done():
                say.print("\n[dim]Answered elsewhere meanwhile.[/]")
                return None
            word = typing.result().strip().casefold()
            if word in known:
                return known[word]
            say.print("  [yellow]Not understood; nothing was recorded.[/]")
    except asyncio.CancelledError:
        say.print()  # what the agent says at its end begins a line of its own
        raise
    finally:
        elsewhere.cancel()


async def _answered_elsewhere(face: AgentFace, language: str) -> None:
    """Return when what waited for the person waits no more; never where nothing did."""
    heard = face.changes()
    if not due(await face.purposes(language)):
        await asyncio.Event().wait()
    async for topic in heard:
        if topic == "gates" and not due(await face.purposes(language)):
            return
