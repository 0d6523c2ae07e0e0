"""The language of the pages: English sentences go in, the person's language comes out.

English is written where it is shown, in templates (`{% trans %}`, `_()`) and in code (`text`, `many`); it is the key
under which `agent/content/translations/<language>.po` holds the other languages (gettext's format, so that translators
use their own tools). The application sets the language of each request with `telling_in`; a sentence that nobody
translated is shown in English, never left out.

Sentences that a lower floor made with values in them (evidence, health) arrive finished: `told` finds the sentence that
they were made from (`agent/content/sentences.yaml`) and says it anew, with the same values in their places:

| a place named | holds |
|---|---|
| `%(said…)s` | words of ours, told anew in their turn: one piece, or several with commas between them |
| `%(listed…)s` | such words as «A, B and C» |
| `%(parts…)s` | pieces with semicolons between them |
| `%(num…)s` | a number; of a sentence with a plural, `%(num)s` chooses the form |
| anything else | a name, kept as it is |

Whole sentences that stand one after the other are found one by one.

The catalogues are read on the first use of a language other than English, and Babel with them: an agent whose pages
nobody opens pays for neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import IO, Final

from markupsafe import Markup, escape

LANGUAGES: Final = ("en", "de", "fr", "es", "nb")
PLACE: Final = re.compile(r"%\((\w+)\)s")
SENTENCE: Final = "sentence"
"""Mark (a comment for translators) of a message that is made on a lower floor, values and all."""

_AGAIN: Final = "said"
_LIST: Final = "listed"
_PARTS: Final = "parts"
_NUMBER: Final = "num"
_DIGITS: Final = r"[0-9][0-9., \u202f]*"
_DEEPEST: Final = 4
_MOST_SENTENCES: Final = 12
_LISTED = re.compile(r"(?P<first>.+) and (?P<last>.+?)", re.DOTALL)
_NEXT = re.compile(r"(?<=[.!?]) (?=[A-ZÀ-Ý«])")

_language: ContextVar[str] = ContextVar("language", default="en")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One way in which a lower floor says something.

    Attributes:
        pattern: Finds the values again in what was said.
        english: Its key in the catalogue.
        counts: Whether it has forms for numbers, chosen by the place `num`.
    """

    pattern: re.Pattern[str]
    english: str
    counts: bool


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """One language's sentences.

    Attributes:
        language: Whose.
        one: English → the sentence.
        several: English singular → the forms for each kind of number.
        sentences: What lower floors say; those with most words of their own first.
    """

    language: str
    one: Mapping[str, str]
    several: Mapping[str, tuple[str, ...]]
    sentences: tuple[Sentence, ...]


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
    return unfilled_many(one, several, number) % {_NUMBER: thousands(number), **values}


def told(sentence: str) -> Markup:
    """Say a finished English sentence of a lower floor in the current language.

    Returns:
        The sentence, safe for a page; inside an element that names it as English where no translation is known.
    """
    if current() == "en" or not sentence:
        return escape(sentence)
    found = _told(catalogue(current()), sentence)
    return escape(found) if found is not None else Markup('<span lang="en">{}</span>').format(sentence)


def told_plain(sentence: str) -> str:
    """Say a finished English text of a lower floor, such as a finding's name, without a mark; as it is if unknown."""
    if current() == "en" or not sentence:
        return sentence
    found = _told(catalogue(current()), sentence)
    return sentence if found is None else found


def listed(words: Sequence[str]) -> str:
    """Say words one after the other: «A, B and C»."""
    if len(words) < 2:
        return "".join(words)
    if current() != "en":
        from babel.lists import format_list

        return format_list(list(words), style="standard", locale=current())
    return f"{', '.join(words[:-1])} and {words[-1]}"


def thousands(number: int) -> str:
    """Say a number with a thin space between thousands, which every one of our languages reads."""
    return f"{number:,}".replace(",", "\u202f")


def decimal(number: float, digits: int) -> str:
    """Say a number with so many digits behind the mark, which is a comma in most of our languages."""
    said = f"{number:.{digits}f}"
    return said if current() == "en" else said.replace(".", ",")


def plural(language: str, number: int) -> int:
    """Return which form a number takes: French counts 0 and 1 as one, the others 1 alone."""
    return int(abs(number) > 1 if language == "fr" else number != 1)


@lru_cache(maxsize=4096)
def _told(known: Catalogue, sentence: str, depth: int = 0) -> str | None:
    whole = _whole(known, sentence, depth)
    if whole is not None:
        return whole
    # The longest beginning that is known, and then the rest: «It is a test. Nothing was sent.»
    for end in reversed([match.start() for match in _NEXT.finditer(sentence)][:_MOST_SENTENCES]):
        first = _whole(known, sentence[:end], depth)
        rest = _told(known, sentence[end + 1 :], depth) if first is not None else None
        if first is not None and rest is not None:
            return f"{first} {rest}"
    return None


def _whole(known: Catalogue, sentence: str, depth: int) -> str | None:
    # A finished sentence holds a bare percent sign where its key, a format, holds two.
    same = known.one.get(sentence.replace("%", "%%"))
    if same is not None:
        return same % {}
    if depth == _DEEPEST:
        return None
    first = None
    for candidate in known.sentences:
        match = candidate.pattern.fullmatch(sentence)
        if match is None:
            continue
        values = {name: _value(known, name, value, depth + 1) for name, value in match.groupdict().items()}
        if None not in values.values():
            return _filled(known, candidate, {name: value or "" for name, value in values.items()})
        # Another way of taking it apart may leave nothing unknown.
        if first is None:
            first = candidate, {name: _heard(known, match[name], value, depth + 1) for name, value in values.items()}
    return None if first is None else _filled(known, *first)


def _filled(known: Catalogue, sentence: Sentence, values: Mapping[str, str]) -> str:
    if not sentence.counts:
        return known.one[sentence.english] % values
    number = int(re.sub(r"\D", "", values[_NUMBER]) or 0)
    return known.several[sentence.english][plural(known.language, number)] % values


def _value(known: Catalogue, name: str, value: str, depth: int) -> str | None:
    """Say what stands in a place anew, where the place is for words of ours; None where some of them are unknown."""
    if not name.startswith((_AGAIN, _LIST, _PARTS)):
        return value
    whole = _told(known, value, depth)
    if whole is not None:
        return whole
    if name.startswith(_LIST):
        # Names stand in lists as often as words.
        match = _LISTED.fullmatch(value)
        items = [*match["first"].split(", "), match["last"]] if match else value.split(", ")
        return listed([_told(known, item, depth) or item for item in items])
    if name.startswith(_PARTS):
        return "; ".join(_told(known, item, depth) or item for item in value.split("; "))
    told = [_told(known, item, depth) for item in value.split(", ")]
    return None if None in told else ", ".join(filter(None, told))


def _heard(known: Catalogue, value: str, told: str | None, depth: int) -> str:
    """Return what was told of a value, or as much of it as is known."""
    return told if told is not None else ", ".join(_told(known, item, depth) or item for item in value.split(", "))


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Catalogue:
    """Read one language's sentences; an empty catalogue for a language without a file."""
    place = resources.files("agent.content") / "translations" / f"{language}.po"
    if language == "en" or not place.is_file():
        return Catalogue(language, {}, {}, ())
    with place.open("rb") as file:
        return read(file, language)


def read(file: IO[bytes], language: str) -> Catalogue:
    """Read a catalogue from a file in gettext's format; what is not translated yet is left out."""
    from babel.messages.pofile import read_po

    one: dict[str, str] = {}
    several: dict[str, tuple[str, ...]] = {}
    sentences: list[Sentence] = []
    for message in read_po(file, locale=language):
        made_below = SENTENCE in message.auto_comments
        if isinstance(message.id, (list, tuple)):
            if message.string and not isinstance(message.string, str) and all(message.string):
                key = message.id[0]
                several[key] = tuple(message.string)
                if made_below:
                    sentences += [Sentence(pattern_of(form), key, counts=True) for form in message.id]
        elif message.id and message.string and isinstance(message.string, str):
            one[message.id] = message.string
            if made_below and PLACE.search(message.id):
                sentences.append(Sentence(pattern_of(message.id), message.id, counts=False))
    sentences.sort(key=lambda each: -len(PLACE.sub("", each.english)))
    return Catalogue(language, one, several, tuple(sentences))


def pattern_of(english: str) -> re.Pattern[str]:
    """Return a pattern that finds the values again in a sentence made from `english`; `num` stands for digits alone."""
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
            # What stands in brackets ends with the first one that closes: «(-r), … (-i)» are two.
            within = "[^()]+" if parts[index - 1].endswith("(") else ".+?"
            pattern += f"(?P<{part}>{_DIGITS if part.startswith(_NUMBER) else within})"
    return re.compile(pattern, re.DOTALL)
