"""The gate: from the acts on record to «may this be observed», now and at any earlier time.

`decide` is pure: acts, the rules of this instance and the clock go in, a `Gate` comes out. `GateHistory` remembers
when each gate changed, because an observation is judged by the gate that held when it was *made*: a page seen a second
before the person objected and delivered a second after is kept, one seen after is not. The daemon stores every change
(`store.gates`) and feeds it back at start.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from agent.model.purposes import Act, ActKind, Gate, GateState, Mode, Purpose

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class GateRules:
    """What this instance asks for before a mandatory purpose may observe.

    Attributes:
        mode: Personal, managed or test.
        lead_days: Days between showing the notice and the first observation (managed mode).
        require_acknowledgement: Whether showing is not enough (managed mode).
        switched_off: Purposes that the policy does not use at all.
    """

    mode: Mode
    lead_days: int = 0
    require_acknowledgement: bool = True
    switched_off: frozenset[Purpose] = frozenset()


def decide(purpose: Purpose, acts: Iterable[Act], rules: GateRules, notice_sha256: str, now: int) -> Gate:
    """Say which gate holds for one purpose.

    Only acts about the notice that holds now count: a changed notice asks again. In personal mode nobody but the person
    decides, so nothing is observed until they said yes, and an objection stops it at once. In managed mode a mandatory
    purpose rests on its notice: «I have been shown this and I object» is put on record and counts as shown.

    Args:
        purpose: Whose gate.
        acts: Everything on record, in any order.
        rules: What this instance asks for.
        notice_sha256: Hex digest of the notice that holds.
        now: UTC milliseconds.

    Returns:
        The gate, with `since` the moment at which its state began as far as the acts tell.
    """
    if purpose in rules.switched_off:
        return Gate(purpose, GateState.CLOSED, 0, reason="switched_off")
    mine = sorted((a for a in acts if a.purpose is purpose and a.notice_sha256 == notice_sha256), key=lambda a: a.at)
    if purpose.optional:
        return _optional(purpose, mine)
    shown = next((a for a in mine if a.kind is ActKind.SHOWN), None)
    answers = [a for a in mine if a.kind in (ActKind.ACKNOWLEDGED, ActKind.OBJECTED)]
    if shown is None:
        return Gate(purpose, GateState.CLOSED, 0, reason="notice_not_shown")
    if rules.mode is not Mode.MANAGED:
        if not answers:
            return Gate(purpose, GateState.WAITING, shown.at, reason="not_acknowledged")
        last = answers[-1]
        if last.kind is ActKind.OBJECTED:
            return Gate(purpose, GateState.CLOSED, last.at, reason="objected")
        return Gate(purpose, GateState.OPEN, last.at)
    opens = shown.at + rules.lead_days * DAY_MS
    if rules.require_acknowledgement:
        if not answers:
            return Gate(purpose, GateState.WAITING, shown.at, reason="not_acknowledged")
        opens = max(opens, answers[0].at)
    if now < opens:
        return Gate(purpose, GateState.WAITING, shown.at, until=opens, reason="lead_days")
    return Gate(purpose, GateState.OPEN, opens)


def _optional(purpose: Purpose, acts: Sequence[Act]) -> Gate:
    """An optional purpose is open exactly while the last word on it is a consent."""
    last = next((a for a in reversed(acts) if a.kind in (ActKind.GIVEN, ActKind.WITHDRAWN)), None)
    if last is None:
        return Gate(purpose, GateState.CLOSED, 0, reason="not_given")
    if last.kind is ActKind.WITHDRAWN:
        return Gate(purpose, GateState.CLOSED, last.at, reason="withdrawn")
    return Gate(purpose, GateState.OPEN, last.at)


class GateHistory:
    """When each gate changed, for judging observations by the time they were made."""

    def __init__(self, past: Iterable[Gate] = ()) -> None:
        self._times: dict[Purpose, list[int]] = {p: [] for p in Purpose}
        self._gates: dict[Purpose, list[Gate]] = {p: [] for p in Purpose}
        self._known_until: dict[Purpose, int] = dict.fromkeys(Purpose, 0)
        for gate in sorted(past, key=lambda g: g.since):
            self.record(gate)

    def record(self, gate: Gate) -> bool:
        """Take in a gate; return whether anything that a person or browser sees has changed.

        A change can never reach back before the one before it: what was judged stays judged.
        """
        gates = self._gates[gate.purpose]
        # Also when nothing changed: then the state before is known to have held until that moment.
        since = self._known_until[gate.purpose] = max(gate.since, self._known_until[gate.purpose])
        if gates:
            last = gates[-1]
            if (last.state, last.until, last.reason) == (gate.state, gate.until, gate.reason):
                return False
        self._times[gate.purpose].append(since)
        gates.append(replace(gate, since=since))
        return True

    def current(self, purpose: Purpose) -> Gate:
        """Return the gate that holds now; closed when nothing was ever recorded."""
        gates = self._gates[purpose]
        return gates[-1] if gates else Gate(purpose, GateState.CLOSED, 0, reason="notice_not_shown")

    def all_current(self) -> tuple[Gate, ...]:
        """Return every purpose's gate, in the order of `Purpose`."""
        return tuple(self.current(p) for p in Purpose)

    def was_open(self, purpose: Purpose, at: int) -> bool:
        """Say whether observing for `purpose` was allowed at `at` (UTC milliseconds)."""
        index = bisect_right(self._times[purpose], at) - 1
        return index >= 0 and self._gates[purpose][index].state is GateState.OPEN
