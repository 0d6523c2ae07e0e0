"""How the cost of reading grows with the length of what is read, measured as this thread's own work.

Something is read at two lengths, one four times the other: what is read once costs about four times as much, what is
looked at again from each place sixteen times. The ratio holds on a slow machine as on a fast one.
"""

from __future__ import annotations

import time
from collections.abc import Callable

NOISE_SECONDS = 0.02


def grows_with_the_length(read: Callable[[int], Callable[[], object]], longest: int) -> bool:
    """Whether reading costs no more than the length; `read` makes a text of that length and returns its reading."""

    def cost(length: int) -> float:
        reading = read(length)
        best = float("inf")
        for _ in range(3):
            began = time.thread_time()
            reading()
            best = min(best, time.thread_time() - began)
            if best > 1:
                break  # long past noise
        return best

    return cost(longest) <= 9 * cost(longest // 4) + NOISE_SECONDS
