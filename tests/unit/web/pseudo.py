"""A language in which every sentence of ours is written in wide letters: what is left in narrow ones was forgotten.

`catalogue` makes it out of the same ids that translators get and reads it back the same way; `narrow` gives the words
of a page that are still narrow, apart from what is the same in every language: names, code, a notice in its own
language.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from html.parser import HTMLParser

from agent.pages import language
from agent.web import translations

LANGUAGE = "de"
_KEPT = re.compile(r"%\(\w+\)s|%%|<[^>]*>|&\w+;")
_WORD = re.compile(r"[A-Za-z]{2,}")
_SAME = frozenset({"script", "style", "code", "pre", "bdi", "time"})
_SPOKEN = ("aria-label", "title", "alt", "placeholder")
_EMPTY = frozenset({"meta", "link", "img", "input", "br", "hr", "path", "circle", "rect", "line", "use"})


def wide(english: str) -> str:
    """Write a sentence in wide letters, all but places and marks."""
    parts = _KEPT.split(english)
    kept = [*_KEPT.findall(english), ""]
    return "".join(_letters(part) + mark for part, mark in zip(parts, kept, strict=True))


def _letters(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalpha() else c for c in text)


def catalogue() -> language.Catalogue:
    """Return the language, read as any other is."""
    made = translations.in_step(None, translations.template(), LANGUAGE)
    for message in made:
        if message.id:
            message.string = wide(message.id) if isinstance(message.id, str) else tuple(map(wide, message.id))
    return language.read(io.BytesIO(translations.as_text(made)), LANGUAGE)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        other = tag != "html" and ("hreflang" in values or values.get("lang", "en") != "en")
        same = tag in _SAME or other or bool(self.open and self.open[-1][1])
        if not same:
            self.said += [value for name in _SPOKEN if (value := values.get(name))]
        if tag not in _EMPTY:
            self.open.append((tag, same))

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            if self.open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if not (self.open and self.open[-1][1]):
            self.said.append(data)


def narrow(page: str, names: Iterable[str]) -> list[str]:
    """Return what a page says in narrow letters, names left out."""
    reader = _Reader()
    reader.feed(page)
    found = []
    for said in reader.said:
        left = said
        for name in sorted(names, key=len, reverse=True):
            left = left.replace(name, "")
        if _WORD.search(left):
            found.append(" ".join(said.split()))
    return found
