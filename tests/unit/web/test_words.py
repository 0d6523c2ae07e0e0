"""No page shows a bare key: whatever has a closed list of keys in `model/` has words for exactly these."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path

import pytest

import agent
from agent.model.answers import WORDS
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


def test_the_pop_up_calls_the_answers_what_the_page_calls_them() -> None:
    file = Path(__file__).parents[3] / "extension" / "_locales" / "en" / "messages.json"
    texts = {key: value["message"] for key, value in json.loads(file.read_text(encoding="utf-8")).items()}
    start = "state_answer_"
    assert {key.removeprefix(start): text for key, text in texts.items() if key.startswith(start)} == dict(WORDS)


def test_whatever_is_counted_by_a_name_of_its_own_has_words() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(agent.__file__).parent.rglob("*.py")]
    named = {name for source in sources for name in re.findall(r'count\(\s*"([a-z_]+\.[a-z_]+)"', source)}
    assert named, "the agent counts"
    assert named <= set(KINDS["counter"])
