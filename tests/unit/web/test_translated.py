"""Every sentence of the pages is there in every language, with its places and marks: what a file lacks is named."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib import resources

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from agent.pages.language import LANGUAGES, PLACE
from tests.support.places import EXTENSION

OTHERS = [language for language in LANGUAGES if language != "en"]
MARK = re.compile(r"</?\w+[^>]*>")


def catalogue(language: str) -> Catalog:
    with (resources.files("agent.content") / "translations" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def sides(message: Message) -> list[tuple[str, str]]:
    """English and translation, form by form."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    forms = list(message.string)
    return [(message.id[0], forms[0]), *((message.id[1], form) for form in forms[1:])]


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_left_untranslated(language: str) -> None:
    missing = [one.id for one in catalogue(language) if one.id and not all(said for _, said in sides(one))]
    assert missing == []


@pytest.mark.parametrize("language", OTHERS)
def test_places_and_marks_are_the_same(language: str) -> None:
    wrong = []
    for message in catalogue(language):
        for english, said in sides(message) if message.id else ():
            places, wanted = Counter(PLACE.findall(said)), Counter(PLACE.findall(english))
            # «One page load» may be said with its number and without.
            same = places == wanted if isinstance(message.id, str) else set(places) <= set(PLACE.findall(message.id[1]))
            if not same or Counter(MARK.findall(said)) != Counter(MARK.findall(english)):
                wrong.append((english, said))
    assert wrong == []


@pytest.mark.parametrize("language", OTHERS)
def test_the_extension_has_the_same_messages_with_the_same_places(language: str) -> None:
    def read(name: str) -> dict[str, dict[str, object]]:
        return json.loads((EXTENSION / "_locales" / name / "messages.json").read_text("utf-8"))  # type: ignore[no-any-return]

    english, other = read("en"), read(language)
    assert other.keys() == english.keys()
    place = re.compile(r"\$\w+\$?")
    for key, message in english.items():
        said = other[key]
        assert str(said["message"]).strip(), key
        assert said.get("placeholders") == message.get("placeholders"), key
        assert set(place.findall(str(said["message"]))) == set(place.findall(str(message["message"]))), key
    assert len(str(other["extension_description"]["message"])) <= 132, "stores take no longer one"
