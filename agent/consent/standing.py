"""What the acts on record amount to: which word stands, what was disputed, what an objection holds, what expires.

Acts are recorded once and never changed, so every state is a fold over them. One sentence carries all of it: **a
dispute takes away what an act allowed, never what it forbade**; «that was not me» can close a gate and never opens one.

The acts of this person go in, in any order; plain answers come out. `gate.py` decides on top of it what may be
observed. A consent ends by an act too: whoever keeps the acts records what `expiries` names before deciding any gate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from agent.model.legal import PurposeFacts
from agent.model.purposes import Act, ActKind, Mode, Purpose, StartRule

DAY_MS = 86_400_000

PERMISSIVE = frozenset({ActKind.SHOWN, ActKind.ACKNOWLEDGED, ActKind.AUTHORISED, ActKind.GIVEN})
"""Acts that can allow something; a dispute about one makes it as if it had not happened."""

CONSENT_WORDS = frozenset({ActKind.GIVEN, ActKind.REFUSED, ActKind.WITHDRAWN, ActKind.EXPIRED})
"""What can be said of an optional purpose."""

FORBIDS = frozenset({ActKind.OBJECTED, ActKind.REFUSED, ActKind.WITHDRAWN, ActKind.EXPIRED})
"""Acts that take back what was allowed before."""

NOTICE_WORDS = frozenset({ActKind.ACKNOWLEDGED, ActKind.AUTHORISED, ActKind.OBJECTED})
"""What can be said of a mandatory purpose."""


def in_order(acts: Iterable[Act]) -> list[Act]:
    """Put acts into the order in which they were made.

    The ledger's numbering is that order, whatever the clock said: a clock set back reorders nothing. Acts without a
    number (not recorded yet) stand among the numbered ones by their time, behind those of the same time; among
    themselves, equal times keep the order in which they came.
    """
    numbered: list[tuple[int, Act]] = []
    loose: list[Act] = []
    for act in acts:
        if act.entry is None:
            loose.append(act)
        else:
            numbered.append((act.entry, act))
    numbered.sort(key=lambda pair: pair[0])
    loose.sort(key=lambda act: act.at)
    ordered: list[Act] = []
    waiting = iter(loose)
    next_loose = next(waiting, None)
    for _, act in numbered:
        while next_loose is not None and next_loose.at < act.at:
            ordered.append(next_loose)
            next_loose = next(waiting, None)
        ordered.append(act)
    if next_loose is not None:
        ordered += [next_loose, *waiting]
    return ordered


def disputes(acts: Iterable[Act]) -> Mapping[int, int]:
    """Return the entry of each disputed act → the entry of the (first) dispute about it.

    Disputes that are not in the ledger yet have no entry to name and are left out; `decide` heeds them all the same.
    """
    found: dict[int, int] = {}
    for act in in_order(acts):
        if act.kind is ActKind.DISPUTED and act.disputes is not None and act.entry is not None:
            found.setdefault(act.disputes, act.entry)
    return found


def disputed_at(acts: Iterable[Act]) -> Mapping[int, int]:
    """Return the entry of each disputed act → when it was first disputed, UTC milliseconds."""
    found: dict[int, int] = {}
    for act in in_order(acts):
        if act.kind is ActKind.DISPUTED and act.disputes is not None:
            found.setdefault(act.disputes, act.at)
    return found


def standing(purpose: Purpose, acts: Iterable[Act]) -> Act | None:
    """Return what the person last said of `purpose` and still holds, under whichever notice; None when nothing.

    A disputed acknowledgement, authorisation or consent does not hold; a disputed objection, refusal, withdrawal or
    expiry does.
    """
    words = CONSENT_WORDS if purpose.optional else NOTICE_WORDS
    ordered = in_order(acts)
    disputed = disputed_at(ordered)
    for act in reversed(ordered):
        if act.purpose is purpose and act.kind in words and not (act.kind in PERMISSIVE and act.entry in disputed):
            return act
    return None


def held(purpose: Purpose, acts: Iterable[Act]) -> bool:
    """Say whether an objection that was not taken back keeps this purpose's data on this computer.

    An objection is taken back by acknowledging or authorising afterwards, never by a dispute nor by a changed notice.
    """
    last = standing(purpose, acts)
    return last is not None and last.kind is ActKind.OBJECTED


def expires_at(act: Act, facts: PurposeFacts) -> int | None:
    """Return when a consent ends by itself, UTC milliseconds; None for other acts and for consents without an end."""
    if act.kind is not ActKind.GIVEN or facts.consent_days is None:
        return None
    return act.at + facts.consent_days * DAY_MS


def expiries(acts: Iterable[Act], facts: Mapping[Purpose, PurposeFacts], now: int) -> list[Purpose]:
    """Return the purposes whose consent stands and is over at `now` (UTC milliseconds): to be recorded as expired."""
    return [purpose for purpose, end in _ends(acts, facts) if end <= now]


def next_expiry(acts: Iterable[Act], facts: Mapping[Purpose, PurposeFacts]) -> int | None:
    """Return when the first of the consents that stand ends by itself, UTC milliseconds; None when none does."""
    return min((end for _, end in _ends(acts, facts)), default=None)


def _ends(acts: Iterable[Act], facts: Mapping[Purpose, PurposeFacts]) -> list[tuple[Purpose, int]]:
    """The purposes whose consent stands and ends, in the order of `Purpose`, with its end."""
    known = list(acts)
    ends = []
    for purpose in Purpose:
        last = standing(purpose, known)
        if last is not None and purpose in facts:
            end = expires_at(last, facts[purpose])
            if end is not None:
                ends.append((purpose, end))
    return ends


def fits(purpose: Purpose, kind: ActKind, start: StartRule, mode: Mode) -> str:
    """Say why a person cannot do this about this purpose here; empty when they can.

    Args:
        purpose: What it would be about.
        kind: What they would do.
        start: What mandatory purposes wait for here.
        mode: How this instance runs.
    """
    match kind:
        case ActKind.SHOWN:
            return ""
        case ActKind.ACKNOWLEDGED | ActKind.OBJECTED if purpose.optional:
            return f"{purpose.value} is optional: there is nothing to acknowledge or object to. Give or refuse consent."
        case ActKind.AUTHORISED if purpose.optional:
            return f"{purpose.value} is optional: it needs no authorisation. Give or refuse consent."
        case ActKind.AUTHORISED if mode is not Mode.MANAGED or start is not StartRule.AUTHORISED:
            return "Nothing here waits for an authorisation. Acknowledge the notice, or object."
        case ActKind.ACKNOWLEDGED | ActKind.OBJECTED | ActKind.AUTHORISED:
            return ""
        case ActKind.GIVEN | ActKind.REFUSED | ActKind.WITHDRAWN if not purpose.optional:
            return f"{purpose.value} does not rest on consent. Acknowledge its notice, or object."
        case ActKind.GIVEN | ActKind.REFUSED | ActKind.WITHDRAWN:
            return ""
        case ActKind.EXPIRED:
            return "A consent expires by itself. To end it now, withdraw it."
        case ActKind.ANSWERED:
            return "An answer belongs to a finding. Name the finding."
        case ActKind.DISPUTED:
            return "A dispute belongs to an earlier act. Name its entry."


def must_stay(acts: Iterable[Act], notices: Collection[str], candidates: Collection[int]) -> frozenset[int]:
    """Return the entries of acts that may not be erased.

    An act stays while it still decides something. A dispute, or a «no», also stays while the act that it takes back is
    on record: without it that act would speak again, should the same notice ever hold again.

    Args:
        acts: Everything on record, in order.
        notices: SHA-256 of every text that holds now.
        candidates: Entries that are about to go together.
    """
    known = [act for act in acts if act.entry is not None]
    stands = {standing(p, known) for p in Purpose}
    stay = {a.entry for a in known if a in stands or (a.notice_sha256 in notices and a.kind is not ActKind.ANSWERED)}
    left = {a.entry for a in known if a.entry in stay or a.entry not in candidates}
    allowed: set[Purpose] = set()
    for act in known:
        if (act.kind is ActKind.DISPUTED and act.disputes in left) or (act.kind in FORBIDS and act.purpose in allowed):
            stay.add(act.entry)
        elif act.kind in PERMISSIVE and act.entry in left:
            allowed.add(act.purpose)
    return frozenset(entry for entry in stay if entry is not None)
