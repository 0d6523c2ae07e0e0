"""The language of the pages: English sentences go in, the person's language comes out.

English is written where it is shown, in templates (`{% trans %}`, `_()`) and in code (`text`, `many`); it is the key
under which `agent/content/translations/<language>.po` holds the other languages (gettext's format, so that translators
use their own tools). The application sets the language of each request with `telling_in`; a sentence that nobody
translated is shown in English, never left out.

Sentences that a lower floor made with values in them (evidence, health) arrive finished: `told` finds the sentence that
they were made from and says it anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Final

from markupsafe import Markup, escape

LANGUAGES: Final = ("en", "de", "fr", "es", "nb")
PLACE: Final = re.compile(r"%\((\w+)\)s")
SENTENCE: Final = "sentence"
"""Mark (a comment for translators) of a message that is made on a lower floor, values and all."""

_language: ContextVar[str] = ContextVar("language", default="en")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One language's sentences.

    Attributes:
        one: English → the sentence.
        several: English singular → the forms for each kind of number.
        sentences: Patterns of what lower floors say, with the English that they come from; longest first.
    """

    one: Mapping[str, str]
    several: Mapping[str, tuple[str, ...]]
    sentences: tuple[tuple[re.Pattern[str], str], ...]


@contextmanager
def telling_in(language: str) -> Iterator[None]:
    """Tell everything inside in one language; one that we do not have is English."""
    before = _language.set(language if language in LANGUAGES else "en")
    try:
        yield
    finally:
        _language.reset(before)


def current() -> str:
    """Return the language that is told in now."""
    return _language.get()


def unfilled(english: str) -> str:
    """Return a sentence in the current language with its places open, as templates want it."""
    return english if current() == "en" else catalogue(current()).one.get(english, english)


def unfilled_many(one: str, several: str, number: int) -> str:
    """Return the form of a sentence that fits a number, with its places open."""
    forms = None if current() == "en" else catalogue(current()).several.get(one)
    if forms is None:
        return one if number == 1 else several
    return forms[plural(current(), number)]


def text(english: str, **values: object) -> str:
    """Say a sentence in the current language; `%(name)s` in it stands for the value of that name, `%%` for a `%`."""
    return unfilled(english) % values


def many(one: str, several: str, number: int, **values: object) -> str:
    """Say a sentence about a number of things; `%(num)s` in it is the number, as people write it."""
    return unfilled_many(one, several, number) % {"num": thousands(number), **values}


def told(sentence: str) -> Markup:
    """Say a finished English sentence of a lower floor in the current language.

    Returns:
        The sentence, safe for a page; inside an element that names it as English where no translation is known.
    """
    if current() == "en" or not sentence:
        return escape(sentence)
    found = _told(current(), sentence)
    return escape(found) if found is not None else Markup('<span lang="en">{}</span>').format(sentence)


def thousands(number: int) -> str:
    """Say a number with a thin space between thousands, which every one of our languages reads."""
    return f"{number:,}".replace(",", "\u202f")


def plural(language: str, number: int) -> int:
    """Return which form a number takes: French counts 0 and 1 as one, the others 1 alone."""
    return int(abs(number) > 1 if language == "fr" else number != 1)


@lru_cache(maxsize=4096)
def _told(language: str, sentence: str) -> str | None:
    known = catalogue(language)
    if sentence in known.one:
        return known.one[sentence]
    for pattern, english in known.sentences:
        if match := pattern.fullmatch(sentence):
            values = {name: known.one.get(value, value) for name, value in match.groupdict().items()}
            return known.one[english] % values
    return None


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Catalogue:
    """Read one language's sentences; an empty catalogue for a language without a file."""
    from babel.messages.pofile import read_po

    place = resources.files("agent.content") / "translations" / f"{language}.po"
    if language == "en" or not place.is_file():
        return Catalogue({}, {}, ())
    with place.open("rb") as file:
        read = read_po(file, locale=language)
    one: dict[str, str] = {}
    several: dict[str, tuple[str, ...]] = {}
    sentences: list[tuple[re.Pattern[str], str]] = []
    for message in read:
        if not message.id:
            continue
        if isinstance(message.id, (list, tuple)):
            if message.string and not isinstance(message.string, str) and all(message.string):
                several[message.id[0]] = tuple(message.string)
        elif message.string and isinstance(message.string, str):
            one[message.id] = message.string
            if SENTENCE in message.auto_comments and PLACE.search(message.id):
                sentences.append((pattern_of(message.id), message.id))
    sentences.sort(key=lambda pair: -len(pair[1]))
    return Catalogue(one, several, tuple(sentences))


def pattern_of(english: str) -> re.Pattern[str]:
    """Return a pattern that finds the values again in a sentence made from `english`."""
    parts = PLACE.split(english)
    seen: set[str] = set()
    pattern = ""
    for index, part in enumerate(parts):
        if index % 2 == 0:
            pattern += re.escape(part.replace("%%", "%"))
        elif part in seen:
            pattern += f"(?P={part})"
        else:
            seen.add(part)
            pattern += f"(?P<{part}>.+?)"
    return re.compile(pattern, re.DOTALL)
