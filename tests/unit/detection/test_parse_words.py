"""Words that readers look for can all be found: names are compared in lower case, so are the words."""

from __future__ import annotations

from dataclasses import fields

import pytest

from agent.detection.identify.parse.grammar import Grammar, words
from agent.detection.identify.parse.javascript_code import GRAMMAR
from agent.detection.identify.parse.languages import READERS
from agent.detection.identify.parse.small_languages import GRAMMARS

TABLES = {**GRAMMARS, "javascript": GRAMMAR}


def test_a_word_with_capitals_is_refused() -> None:
    with pytest.raises(ValueError, match="cURL"):
        words("requests cURL")


@pytest.mark.parametrize("grammar", TABLES.values(), ids=TABLES)
def test_every_word_of_a_table_can_match(grammar: Grammar) -> None:
    for one in fields(Grammar):
        held = getattr(grammar, one.name)
        if isinstance(held, frozenset):
            assert held == {word.lower() for word in held}, one.name


def test_a_listener_that_waits_in_the_background_is_a_server() -> None:
    source = b"""Import-Module Pode
$listener.BeginGetContext($callback, $listener)
"""
    assert READERS["powershell"].read(source, lambda name: None).serves
