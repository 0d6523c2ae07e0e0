"""From pieces of evidence to a confidence, a level and the question whether a person is warned. Pure functions.

Independent classes of evidence are combined by noisy-OR (`1 - product(1 - weight)`), the strongest piece of each class
counting once, so that ten hints of one kind never add up to certainty (reference detection.md C3, DESIGN 3.14).
`findings.py` calls this each time a finding learns something.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.detection import weights
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Finding, Level, Stage

LOW_FROM = weights.LEVEL_LOW
MEDIUM_FROM = weights.LEVEL_MEDIUM
HIGH_ABOVE = weights.LEVEL_HIGH
HIGH_NEEDS_CLASSES = 2


def strongest(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Return the strongest piece of each class, strongest first; ties are settled by rule and detail, not by order."""
    best: dict[EvidenceClass, Evidence] = {}
    for piece in evidence:
        held = best.get(piece.cls)
        if held is None or _rank(piece) < _rank(held):
            best[piece.cls] = piece
    return tuple(sorted(best.values(), key=_rank))


def confidence(evidence: Iterable[Evidence]) -> float:
    """Return the noisy-OR of the strongest piece of each class: 0 to 1, weights outside that range are cut to it."""
    doubt = 1.0
    for piece in strongest(evidence):
        doubt *= 1.0 - min(1.0, max(0.0, piece.weight))
    return round(1.0 - doubt, 9)


def level(evidence: Iterable[Evidence]) -> Level:
    """Return the confidence in words: < .3 hidden, .3 to .6 low, to .85 medium, above high, which needs two classes."""
    pieces = tuple(evidence)
    value = confidence(pieces)
    if value < LOW_FROM:
        return Level.HIDDEN
    if value < MEDIUM_FROM:
        return Level.LOW
    classes = {piece.cls for piece in pieces if piece.weight > 0}
    if value > HIGH_ABOVE and len(classes) >= HIGH_NEEDS_CLASSES:
        return Level.HIGH
    return Level.MEDIUM


def flagged(how_sure: Level, stage: Stage, modes: Iterable[CollectMode], asks_for_many: bool) -> bool:
    """Return whether the person is warned: at least medium, and collecting or running in a mode that asks for many.

    Args:
        how_sure: The level.
        stage: How far the tool has got; `installed` is never flagged.
        modes: Modes seen so far.
        asks_for_many: Whether the tool asks for many by nature and was not only asked for its help or version.
    """
    if how_sure.rank < Level.MEDIUM.rank:
        return False
    if stage is Stage.COLLECTING:
        return True
    return stage is Stage.RUNNING and (asks_for_many or any(True for _ in modes))


def _rank(piece: Evidence) -> tuple[float, str, str, str]:
    return (-piece.weight, piece.cls.value, piece.rule, piece.detail)


def is_reportable(finding: Finding, now: int) -> bool:
    """Say whether a finding may leave the laptop, were there somewhere to send it (DESIGN 3.14).

    Collecting with high confidence, or flagged and still in use after the hold that the person saw counting down.

    Args:
        finding: The finding as it stands.
        now: UTC milliseconds.
    """
    if not finding.flagged or is_approved(finding, now):
        return False
    if finding.stage is Stage.COLLECTING and finding.level is Level.HIGH:
        return True
    return finding.held_until is not None and now >= finding.held_until and finding.last_seen >= finding.held_until


def is_approved(finding: Finding, now: int) -> bool:
    """Say whether the compliance team has approved what a finding is, as of now (UTC milliseconds)."""
    return finding.approved_until is not None and now < finding.approved_until
