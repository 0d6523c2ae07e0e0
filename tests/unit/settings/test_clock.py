"""The system's clock: UTC milliseconds, and a count that only goes forward."""

from __future__ import annotations

import time

from agent.settings.clock import SystemClock


def test_now_is_utc_milliseconds() -> None:
    before = time.time()
    now = SystemClock().now()
    assert before * 1000 - 1 <= now <= time.time() * 1000 + 1


def test_monotonic_goes_forward_in_seconds() -> None:
    clock = SystemClock()
    first = clock.monotonic()
    time.sleep(0.01)
    assert clock.monotonic() - first >= 0.009
