"""What nobody caught, said in the log by its kind and place: never with its text.

Python's own answer to an exception that ends a thread, a callback of the event loop, a task that nobody waits for or a
finalizer is to print it with its text to standard error, which a service keeps. A text can hold anything that was being
worked on (`model/faults.py`): here it is left out, as everywhere else. Whoever keeps crash reports is handed each.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from agent.model.faults import described

log = logging.getLogger(__name__)


Keep = Callable[[BaseException], None]


def _keep_nothing(_problem: BaseException) -> None:
    """Keep no report."""


def describe_unhandled(loop: asyncio.AbstractEventLoop, keep: Keep = _keep_nothing) -> None:
    """From now on say what nobody caught without its text, in this loop and everywhere in this process.

    Args:
        loop: The event loop.
        keep: Handed each exception, in whichever thread it came up.
    """
    loop.set_exception_handler(partial(_in_the_loop, keep))
    threading.excepthook = partial(_in_a_thread, keep)
    sys.unraisablehook = partial(_in_a_finalizer, keep)


def _in_the_loop(keep: Keep, _loop: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
    problem = told.get("exception")
    if isinstance(problem, asyncio.CancelledError):
        return  # ended on purpose, by us: nothing has failed
    if isinstance(problem, BaseException):
        log.error("the event loop met with what nobody caught: %s", described(problem))
        keep(problem)
    else:
        # Its message names what it was working on, arguments included: which things it speaks of has to do.
        log.error("the event loop found something left undone: %s", ", ".join(sorted(map(str, told))))


def _in_a_thread(keep: Keep, told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
        log.error("a thread ended with what nobody caught: %s", described(told.exc_value))
        keep(told.exc_value)


def _in_a_finalizer(keep: Keep, told: sys.UnraisableHookArgs) -> None:
    if told.exc_value is not None:
        log.error("what nobody caught came up while something was put away: %s", described(told.exc_value))
        keep(told.exc_value)
