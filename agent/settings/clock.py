"""The system's clock, as everybody in the house gets it; tests pass their own."""

from __future__ import annotations

import sys
import time


class SystemClock:
    """Implements `agent.model.ports.Clock` on the machine's own clocks."""

    def now(self) -> int:
        """UTC milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never go back and go on while the machine sleeps.

        Python's own `time.monotonic` stands still during sleep on Linux and macOS. On Linux CLOCK_BOOTTIME does not; on
        macOS CLOCK_MONOTONIC as the C library has it does not (clock_gettime(3)); Windows' counter goes on anyway.
        """
        if sys.platform == "linux":
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        if sys.platform == "darwin":
            return time.clock_gettime(time.CLOCK_MONOTONIC)
        return time.monotonic()
