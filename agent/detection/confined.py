"""Limits for the processes that read foreign files: processor time, memory, no files written, no core dumps.

Two kinds of process use them: the helper that reads code and executables (`identify/parse/main.py`) and the one that
reads rules (`sigma/parse_child.py`). Windows has no such limits; macOS none on memory.
"""

from __future__ import annotations

import sys
from types import FrameType


class TooSlow(Exception):
    """The request's processor time is spent."""


def confine(cpu_seconds: int, memory_bytes: int, *, address_bytes: int | None = None) -> None:
    """Put this process under its limits for the rest of its life.

    Args:
        cpu_seconds: Processor time of its whole life; the kernel ends it then.
        memory_bytes: What it may write to (RLIMIT_DATA).
        address_bytes: Addresses it may reserve (RLIMIT_AS), where that is to be more than the memory.
    """
    if sys.platform == "win32":
        return
    import resource
    import signal

    def lower(which: int, value: int) -> None:
        _, hard = resource.getrlimit(which)
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (ceiling, ceiling))

    def spent(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_FSIZE, 0)
    lower(resource.RLIMIT_CPU, cpu_seconds)
    if sys.platform != "darwin":
        lower(resource.RLIMIT_DATA, memory_bytes)
        lower(resource.RLIMIT_AS, address_bytes if address_bytes is not None else memory_bytes)
    signal.signal(signal.SIGPROF, spent)


def clock(seconds: float) -> None:
    """Let `TooSlow` be raised after so much processor time of this process; 0 calls it off."""
    if sys.platform != "win32":
        import signal

        signal.setitimer(signal.ITIMER_PROF, seconds)
