"""Every sentence is translated into every language: nobody meets English on a page in their own."""

from __future__ import annotations

from pathlib import Path

import pytest

import agent
from agent.pages.language import LANGUAGES
from agent.web import translations

FOLDER = Path(agent.__file__).parent / "content" / "translations"


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_every_sentence_is_translated(code: str) -> None:
    made = translations.read(FOLDER / f"{code}.po", code)
    assert made is not None
    empty = [m.id for m in made if m.id and not (all(m.string or ()) if isinstance(m.id, tuple) else m.string)]
    assert empty == []
    assert not any(m.fuzzy for m in made if m.id), "what a tool guessed is no translation"
