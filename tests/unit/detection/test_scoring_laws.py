"""The laws of the score: bounded, order does not matter, more evidence never lowers, one class never makes a high."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.detection.scoring import confidence, flagged, level, strongest
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Level, Stage

pieces = st.builds(
    Evidence,
    cls=st.sampled_from(EvidenceClass),
    rule=st.sampled_from(["a.b", "c.d"]),
    detail=st.sampled_from(["one", "two"]),
    weight=st.floats(0, 1),
)
many = st.lists(pieces, max_size=12)


def piece(cls: EvidenceClass, weight: float) -> Evidence:
    return Evidence(cls, "rule", "detail", weight)


@given(many)
def test_a_confidence_is_between_0_and_1(evidence: list[Evidence]) -> None:
    assert 0 <= confidence(evidence) <= 1


@given(many, st.randoms())
def test_the_order_of_evidence_does_not_matter(evidence: list[Evidence], random: object) -> None:
    shuffled = list(evidence)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert confidence(shuffled) == confidence(evidence)
    assert level(shuffled) is level(evidence)
    assert strongest(shuffled) == strongest(evidence)


@given(many, pieces)
def test_more_evidence_never_lowers_anything(evidence: list[Evidence], extra: Evidence) -> None:
    assert confidence([*evidence, extra]) >= confidence(evidence)
    assert level([*evidence, extra]).rank >= level(evidence).rank


@given(many)
def test_only_the_strongest_piece_of_a_class_counts(evidence: list[Evidence]) -> None:
    assert confidence(strongest(evidence)) == confidence(evidence)
    assert len(strongest(evidence)) == len({one.cls for one in evidence})


@given(st.lists(st.builds(piece, st.just(EvidenceClass.NAME), st.floats(0, 1)), max_size=6))
def test_one_class_alone_is_never_high(evidence: list[Evidence]) -> None:
    assert level(evidence) is not Level.HIGH


@given(many, st.sampled_from(Stage), st.lists(st.sampled_from(CollectMode), max_size=2), st.booleans())
def test_a_flag_needs_medium_and_collecting_or_a_mode(
    evidence: list[Evidence], stage: Stage, modes: list[CollectMode], asks: bool
) -> None:
    sure = level(evidence)
    warned = flagged(sure, stage, modes, asks)
    assert warned == (
        sure in (Level.MEDIUM, Level.HIGH)
        and (stage is Stage.COLLECTING or (stage is Stage.RUNNING and (asks or bool(modes))))
    )


def test_the_levels_lie_where_the_design_puts_them() -> None:
    name, net = EvidenceClass.NAME, EvidenceClass.NETWORK
    assert level([]) is Level.HIDDEN
    assert level([piece(name, 0.29)]) is Level.HIDDEN
    assert level([piece(name, 0.3)]) is Level.LOW
    assert level([piece(name, 0.6)]) is Level.MEDIUM
    assert level([piece(name, 0.99)]) is Level.MEDIUM
    assert level([piece(name, 0.8), piece(net, 0.5)]) is Level.HIGH
