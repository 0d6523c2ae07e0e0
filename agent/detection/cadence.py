"""The rhythm of page loads: does somebody read, or does something walk through a list.

Page loads of one browser on one platform go into a window of the last 30. Four signs are looked at (reference
detection.md C4), and two or more of them in one window make a verdict:

* rate: more than 20 pages a minute,
* evenness: the pauses vary less than a person's do (coefficient of variation under .35),
* breadth: more than 95 % of the pages were not seen before,
* sequence: more than half of the pages' numbers follow the one before.

Bounded: at most `MAX_WINDOWS` windows, the least recently used goes first; a pause of half an hour starts a new one.
The thresholds come from simulated, not from recorded behaviour; they are kept conservative for that reason.
"""

from __future__ import annotations

import itertools
import math
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from agent.detection import weights
from agent.model.events import PageLoad

WINDOW = 30
MAX_WINDOWS = 64
MAX_PAUSE_MS = 30 * 60_000
RATE_PER_MINUTE = weights.CADENCE_RATE
EVEN_BELOW = weights.CADENCE_EVEN
DISTINCT_ABOVE = weights.CADENCE_DISTINCT
SEQUENTIAL_ABOVE = weights.CADENCE_SEQUENTIAL
SIGNS_NEEDED = 2


@dataclass(frozen=True, slots=True)
class Cadence:
    """A window that looks like a machine's.

    Attributes:
        platform: Where.
        signs: Which of `rate`, `even`, `distinct`, `sequential` were seen, in that order; at least two.
        loads: How many page loads the window holds.
        per_minute: Their rate.
    """

    platform: str
    signs: tuple[str, ...]
    loads: int
    per_minute: float


def judge(platform: str, loads: list[PageLoad]) -> Cadence | None:
    """Judge one full window, ordered by time.

    Args:
        platform: The platform they are from.
        loads: At least `WINDOW` page loads; fewer say nothing.

    Returns:
        The verdict, or None when it looks like a person or says too little.
    """
    if len(loads) < WINDOW:
        return None
    pauses = [max(0, after.at - before.at) for before, after in itertools.pairwise(loads)]
    span = sum(pauses)
    mean = span / len(pauses)
    per_minute = math.inf if span == 0 else len(pauses) * 60_000 / span
    deviation = math.sqrt(sum((pause - mean) ** 2 for pause in pauses) / len(pauses))
    signs = []
    if per_minute > RATE_PER_MINUTE:
        signs.append("rate")
    if mean == 0 or deviation / mean < EVEN_BELOW:
        signs.append("even")
    if sum(load.first for load in loads) / len(loads) > DISTINCT_ABOVE:
        signs.append("distinct")
    if sum(load.sequential for load in loads) / len(loads) > SEQUENTIAL_ABOVE:
        signs.append("sequential")
    if len(signs) < SIGNS_NEEDED:
        return None
    return Cadence(platform, tuple(signs), len(loads), per_minute)


class CadenceWindows:
    """The last 30 page loads per browser and platform, judged as they come in."""

    def __init__(self, max_windows: int = MAX_WINDOWS) -> None:
        self._max = max_windows
        self._windows: OrderedDict[tuple[str, str], deque[PageLoad]] = OrderedDict()

    def add(self, loads: Iterable[PageLoad]) -> list[tuple[Cadence, int]]:
        """Take page loads in and return the verdicts on their windows, each with the time of its last load.

        A window is judged at the end of the batch and, in a long one (a replayed queue), whenever it holds nothing but
        loads that were not judged yet: every load is judged, and none more than once a batch.
        """
        unjudged: dict[tuple[str, str], int] = {}
        verdicts: list[tuple[Cadence, int]] = []
        for load in loads:
            key = (load.client, load.platform)
            window = self._window(key)
            if window and load.at - window[-1].at > MAX_PAUSE_MS:
                window.clear()
            window.append(load)
            unjudged[key] = unjudged.get(key, 0) + 1
            if unjudged[key] >= WINDOW:
                unjudged[key] = 0
                self._judge(window, verdicts)
        for key, count in unjudged.items():
            if count and key in self._windows:
                self._judge(self._windows[key], verdicts)
        return verdicts

    def _window(self, key: tuple[str, str]) -> deque[PageLoad]:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = deque(maxlen=WINDOW)
            while len(self._windows) > self._max:
                self._windows.popitem(last=False)
        self._windows.move_to_end(key)
        return window

    def _judge(self, window: deque[PageLoad], verdicts: list[tuple[Cadence, int]]) -> None:
        if len(window) == WINDOW:
            verdict = judge(window[-1].platform, sorted(window, key=lambda one: one.at))
            if verdict is not None:
                verdicts.append((verdict, window[-1].at))

    def __len__(self) -> int:
        return len(self._windows)
