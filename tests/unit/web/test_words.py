"""No page shows a bare key: whatever has a closed list of keys in `model/` has words for exactly these."""

from __future__ import annotations

from enum import StrEnum

import pytest

from agent.model.consent import Erasable, Ground
from agent.model.findings import CollectMode, EvidenceClass, Level, Stage
from agent.model.health import Condition, Part
from agent.model.purposes import ActKind, Channel, Strength
from agent.pages.words import KINDS

CLOSED = {
    "stage": Stage,
    "level": Level,
    "evidence": EvidenceClass,
    "collect_mode": CollectMode,
    "part": Part,
    "condition": Condition,
    "act": ActKind,
    "channel": Channel,
    "strength": Strength,
    "strength_short": Strength,
    "erasable": Erasable,
    "erasable_means": Erasable,
    "ground": Ground,
}


@pytest.mark.parametrize(("kind", "keys"), CLOSED.items())
def test_every_key_has_words_and_no_word_is_left_over(kind: str, keys: type[StrEnum]) -> None:
    assert set(KINDS[kind]) == {key.value for key in keys}
    assert all(KINDS[kind].values())
