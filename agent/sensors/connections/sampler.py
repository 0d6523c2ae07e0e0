"""Looks at the connections of suspected processes again and again, as long as somebody is suspected.

A program that opens a connection per request shows one at a time, and only for as long as that lasts, so a new
candidate is looked at many times a second at first, then less often, and hardly ever once nothing happens any more. Any
look serves all candidates. Before each pause it is reckoned what looks cost here, and the pause is made so long that
all of them together stay within `SHARE` of a core in the long run, whatever the machine has open. What is saved in
quiet times may be spent on the first seconds of a candidate. No candidate: no timer, nothing is asked of the kernel.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from agent.model.events import Activity, ProcessKey
from agent.model.health import Condition, Health, Part
from agent.model.ports import Clock
from agent.sensors.connections.sightings import FarEnds, Sockets
from agent.sensors.connections.tally import Tally
from agent.sensors.processes.ticker import Ticker

SHARE = 0.02
"""Part of a core that looking may take in the long run, on a machine where a look is dear: with few sockets and files a
look every half second is far less, and without a candidate it is nothing."""
BURST_SHARE = 0.1
"""Part of a core that it may take while `SAVED_SECONDS` of processor time, saved up in quieter times, last."""
SAVED_SECONDS = 1.0
FIRST_PACE, FIRST_SECONDS = 0.015, 3.0
"""Seconds between looks while a candidate is new, or while connections come and go that nobody is seen to hold."""
NEXT_PACE, NEXT_SECONDS = 0.125, 10.0
STEADY_PACE = 0.5
"""Seconds between looks at candidates that did something within the last `QUIET_SECONDS`."""
QUIET_PACE = 1.0
QUIET_SECONDS = 10.0
LONGEST_PACE = 1.5
"""What nobody looks at for longer is not seen to begin."""
DEAREST = 20.0
"""However dear a look is, it takes at most a twentieth of a core, even where that makes the pause longer."""
YOUNG_SECONDS = 10.0
"""A process that began at most so long ago did since then whatever its connections carried."""
_FRESH = 0.01
_MAX_ENDED = 256


class Sampler:
    """The `Connections` of `agent.model.ports`: `activity_of` says what was seen since `watch`. For one event loop.

    Args:
        sockets: Sees connections (`socket_lister`).
        far_ends: Knows what stands at a far end (`PlatformAddresses`).
        clock: Time.
        pace: Seconds between two looks, fixed; None to choose by what happens.
        cpu: Processor seconds that this thread has used.
    """

    def __init__(
        self,
        sockets: Sockets,
        far_ends: FarEnds,
        clock: Clock,
        *,
        pace: float | None = None,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self._sockets = sockets
        self._far_ends = far_ends
        self._clock = clock
        self._fixed = pace
        self._cpu = cpu
        self._tallies: dict[ProcessKey, Tally] = {}
        self._watched: dict[ProcessKey, float] = {}
        self._looked_at = -1.0
        self._cost = 0.0
        self._saved = SAVED_SECONDS
        self._saved_at = clock.monotonic()
        self._unowned = 0
        self._riddle = False
        self._ticker = Ticker(self.pace, self.sample)

    @property
    def active(self) -> bool:
        """Whether it is looking at anything."""
        return self._ticker.running

    def watch(self, key: ProcessKey) -> None:
        """Begin to count for a process; the first look comes at once, or with the next one where one was just made."""
        if key in self._watched:
            return
        now = self._clock.monotonic()
        self._watched[key] = now
        if key not in self._tallies:
            age = max(0.0, (self._clock.now() - key.started_at) / 1000)
            young = age <= YOUNG_SECONDS
            self._tallies[key] = Tally(now - age if young else now, young, last=now, active_at=now)
        if now - self._looked_at > _FRESH:
            self.sample()
        if self._watched and not self._ticker.running:
            self._ticker.start()
        elif self._watched:
            self._ticker.hurry()

    def unwatch(self, key: ProcessKey) -> None:
        """Stop looking at a process; its counts stay until `forget`, of the last 256 such processes."""
        if self._watched.pop(key, None) is not None:
            self._sockets.forget(key)
        if not self._watched:
            self._ticker.stop()
        ended = [old for old in self._tallies if old not in self._watched]
        for old in ended[:-_MAX_ENDED]:
            del self._tallies[old]

    def forget(self, key: ProcessKey) -> None:
        """Stop looking at a process and drop its counts."""
        self.unwatch(key)
        self._tallies.pop(key, None)

    def activity_of(self, key: ProcessKey) -> Activity:
        """What a process was seen to do since `watch`; all zero where it never was."""
        tally = self._tallies.get(key)
        return Activity() if tally is None else tally.activity(self._far_ends)

    def sample(self) -> None:
        """Look at every watched process once; one that is gone is watched no longer."""
        self._look(tuple(self._watched))

    def pace(self) -> float:
        """Seconds until the next look, by the youngest candidate, by whether any does something, and by the cost."""
        if self._fixed is not None:
            return self._fixed
        now = self._clock.monotonic()
        age = now - max(self._watched.values(), default=now)
        active = max((self._tallies[key].active_at for key in self._watched), default=now)
        if age < FIRST_SECONDS or self._riddle:
            wanted = FIRST_PACE
        elif age < NEXT_SECONDS:
            wanted = NEXT_PACE
        else:
            wanted = STEADY_PACE if now - active < QUIET_SECONDS else QUIET_PACE
        share = BURST_SHARE if self._saved > 0 else SHARE
        return min(max(wanted, self._cost / share), max(LONGEST_PACE, self._cost * DEAREST))

    def health(self) -> Health:
        """Say how connections are seen and what is missed."""
        loss = self._sockets.loss()
        missed = ["Connections over QUIC are not seen."]
        if loss.rows:
            missed.append("The table of connections was longer than is read.")
        if loss.closings or loss.unowned:
            missed.append("Some connections were too short to tell whose they were.")
        if loss.descriptors:
            missed.append("A program has more files open than are looked through at once.")
        if loss.unreadable:
            missed.append("Some programs may not be looked into.")
        degraded = bool(loss.rows or loss.descriptors or loss.unreadable)
        return Health(
            Part.CONNECTIONS, Condition.DEGRADED if degraded else Condition.WORKING, self._sockets.how, " ".join(missed)
        )

    def close(self) -> None:
        """Stop looking at all of them. It can be used again: nothing that it was given is closed."""
        for key in tuple(self._watched):
            self.unwatch(key)

    def _look(self, keys: Iterable[ProcessKey]) -> None:
        began = self._cpu()
        now = self._clock.monotonic()
        self._looked_at = now
        for key, sightings in self._sockets.look(keys).items():
            if sightings is None:
                self.unwatch(key)
            else:
                self._tallies[key].look(sightings, self._far_ends, now)
        spent = max(0.0, self._cpu() - began)
        # One dear look, such as the first at a process, does not silence the next ones for long.
        self._cost = 0.7 * self._cost + 0.3 * spent
        self._saved = min(SAVED_SECONDS, self._saved + SHARE * (now - self._saved_at)) - spent
        self._saved_at = now
        unowned = self._sockets.loss().unowned
        self._riddle = unowned > self._unowned
        self._unowned = unowned
