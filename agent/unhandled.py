"""What nobody caught, said in the log by its kind and place: never with its text.

Python's own answer to an exception that ends a thread, a callback of the event loop, a task that nobody waits for or a
finalizer is to print it with its text to standard error, which a service keeps. A text can hold anything that was being
worked on (`model/faults.py`): here it is left out, as everywhere else. Whoever keeps crash reports is handed it. What
comes up again within a minute is counted, and said with its number at the minute's end: a fault that comes up a
thousand times a second would push all else out of the log.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from agent.model.faults import described

log = logging.getLogger(__name__)

SECONDS: Final = 60.0
"""How often the same fault is said."""

Keep = Callable[[BaseException, int], None]
"""Takes an exception and how often it came up since it was handed over last."""


Say = Callable[[str], None]
"""Writes one line of the log about a fault."""


def _in_loop(about: str) -> None:
    log.error("the event loop met with what nobody caught: %s", about)


def _left_undone(about: str) -> None:
    log.error("the event loop found something left undone: %s", about)


def _in_thread(about: str) -> None:
    log.error("a thread ended with what nobody caught: %s", about)


def _in_finalizer(about: str) -> None:
    log.error("what nobody caught came up while something was put away: %s", about)


def _keep_nothing(_problem: BaseException, _times: int) -> None:
    """Keep no report."""


def describe_unhandled(
    loop: asyncio.AbstractEventLoop, keep: Keep = _keep_nothing, *, seconds: float = SECONDS
) -> None:
    """From now on say what nobody caught without its text, in this loop and everywhere in this process.

    Args:
        loop: The event loop.
        keep: Handed each exception, in whichever thread it came up; what comes up again is handed over in the loop.
        seconds: How often the same fault is said and handed over.
    """
    teller = _Teller(loop, keep, seconds)
    loop.set_exception_handler(teller.in_the_loop)
    threading.excepthook = teller.in_a_thread
    sys.unraisablehook = teller.in_a_finalizer


@dataclass(slots=True)
class _Again:
    """How often a fault came up since it was said, and its last exception."""

    times: int = 0
    problem: BaseException | None = None


class _Teller:
    """Says each fault at most once in so many seconds."""

    def __init__(self, loop: asyncio.AbstractEventLoop, keep: Keep, seconds: float) -> None:
        self._loop = loop
        self._keep = keep
        self._seconds = seconds
        self._lock = threading.RLock()  # a finalizer can run in the middle of any line, also of these
        self._again: dict[tuple[Say, str], _Again] = {}

    def in_the_loop(self, _loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
        problem = told.get("exception")
        if isinstance(problem, asyncio.CancelledError):
            return  # ended on purpose, by us: nothing has failed
        if isinstance(problem, BaseException):
            self._tell(_in_loop, described(problem), problem)
        else:
            # Its message names what it was working on, arguments included: which things it speaks of has to do.
            self._tell(_left_undone, ", ".join(sorted(map(str, told))), None)

    def in_a_thread(self, told: threading.ExceptHookArgs) -> None:
        problem = told.exc_value
        if problem is not None and not isinstance(problem, SystemExit):
            self._tell(_in_thread, described(problem), problem)

    def in_a_finalizer(self, told: sys.UnraisableHookArgs) -> None:
        problem = told.exc_value
        if problem is not None:
            self._tell(_in_finalizer, described(problem), problem)

    def _tell(self, say: Say, about: str, problem: BaseException | None) -> None:
        fault = (say, about)
        with self._lock:
            again = self._again.get(fault)
            if again is not None:
                again.times += 1
                again.problem = problem
                return
            try:
                self._loop.call_soon_threadsafe(self._loop.call_later, self._seconds, self._look_again, fault)
            except RuntimeError:
                pass  # the loop has ended, and the process is about to: all that still comes up is said
            else:
                self._again[fault] = _Again()
        say(about)
        if problem is not None:
            self._keep(problem, 1)

    def _look_again(self, fault: tuple[Say, str]) -> None:
        with self._lock:
            again = self._again.pop(fault)
            if again.times:
                self._again[fault] = _Again()
                self._loop.call_later(self._seconds, self._look_again, fault)
        if again.times:
            say, about = fault
            say(f"{about} ({again.times} times more)")
            if again.problem is not None:
                self._keep(again.problem, again.times)
