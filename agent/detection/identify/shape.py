"""How much does the shape of a program say? Independent hints that add up, and kinds of ordinary work that take away.

No single hint makes a collection: every pattern here is half of some ordinary program. A clearly collecting shape has
several at once (it asks in a loop, goes from page to page, takes pages apart, keeps rows, and looks for people), and a
combination nobody has thought of adds up the same way. `HINTS` and `ORDINARY` are the whole judgement, in one place;
the numbers' reasons stand beside them in `weights.py`. Facts in, a weight between 0 and 1 and a sentence out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.detection import weights
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.parse.vocabulary import EXTRACTORS, WORK_PLATFORMS


@dataclass(frozen=True, slots=True)
class Shape:
    """What the shape of a program comes to.

    Attributes:
        weight: As a piece of evidence, 0 to `weights.SHAPE_MOST`; 0 where nothing is asked for again and again.
        says: A fixed sentence for what was seen.
        lowered: Why it looks like ordinary work, in words; empty where nothing does.
    """

    weight: float = 0.0
    says: str = ""
    lowered: str = ""


Asked = Callable[[CodeFacts], bool]


def _social(facts: CodeFacts) -> bool:
    return bool(set(facts.platforms) - WORK_PLATFORMS)


def _work(facts: CodeFacts) -> bool:
    return bool(facts.platforms) and not _social(facts) and facts.people


def _reads_platform(facts: CodeFacts) -> bool:
    return _social(facts) and (facts.walks or facts.people or facts.parses or facts.downloads)


def _takes_media(facts: CodeFacts) -> bool:
    found = facts.parses or facts.follows or facts.lists or facts.drives or _social(facts)
    return facts.media and facts.downloads and found


def _keyed(facts: CodeFacts) -> bool:
    """Asks with a key that its owner gave out, and takes no pages apart."""
    other = facts.parses or facts.drives or facts.searches or _takes_media(facts) or _social(facts)
    return facts.token and not other


def _interface(facts: CodeFacts) -> bool:
    """An interface's answers, not pages; of no place where people present themselves, and not to save pictures."""
    return facts.api and not _social(facts) and not facts.searches and not facts.media and not facts.drives


HINTS: tuple[tuple[Asked, float, str], ...] = (
    (lambda f: f.drives, weights.SHAPE_DRIVEN, "walks pages in a browser in a loop"),
    (lambda f: f.walks and not f.scrolls, weights.SHAPE_WALKS, "goes through numbered pages or links"),
    (lambda f: f.scrolls, weights.SHAPE_WALKS, "scrolls pages on and on"),
    (
        lambda f: f.lists and not f.walks and (f.parses or f.drives or f.media or f.searches),
        weights.SHAPE_LIST,
        "works through a list",
    ),
    (lambda f: f.parses, weights.SHAPE_PARSES, "takes pages apart"),
    (lambda f: f.writes or f.downloads, weights.SHAPE_KEEPS, "writes what it finds"),
    (lambda f: f.people, weights.SHAPE_PEOPLE, "looks for data about people"),
    (lambda f: f.contacts, weights.SHAPE_CONTACTS, "looks for addresses or numbers"),
    (_reads_platform, weights.SHAPE_PLATFORM, "asks a platform where people present themselves"),
    (lambda f: _social(f) and not _reads_platform(f), weights.SHAPE_WORK_PLATFORM, "names such a platform"),
    (_work, weights.SHAPE_WORK_PLATFORM, "asks a platform for people"),
    (lambda f: f.searches, weights.SHAPE_SEARCHES, "asks search engines"),
    (_takes_media, weights.SHAPE_MEDIA, "saves pictures or films"),
    (lambda f: f.media and not _takes_media(f), weights.SHAPE_PICTURES, "saves pictures"),
    (lambda f: f.hides, weights.SHAPE_HIDES, "passes for a person's browser"),
    (
        lambda f: f.parses and bool({name.split(".")[0] for name in f.imports} & EXTRACTORS),
        weights.SHAPE_EXTRACTS,
        "takes the text out of any page",
    ),
    (
        lambda f: f.says_so and (f.parses or f.drives or f.downloads),
        weights.SHAPE_SAYS_SO,
        "speaks of scraping or crawling itself",
    ),
)
"""What adds up, on top of asking in a loop: (is it so, how much, how it is said)."""

ORDINARY: tuple[tuple[Asked, float, str], ...] = (
    (lambda f: f.own_host, weights.OWN_HOST_ONLY, "every address in it is this machine"),
    (lambda f: f.tests, weights.SHAPE_IS_TEST, "it is a test"),
    (lambda f: f.serves, weights.SHAPE_SERVES, "it is a server or a bot that waits to be asked"),
    (lambda f: f.feeds, weights.SHAPE_FEEDS, "it reads feeds"),
    (lambda f: f.heads, weights.SHAPE_CHECKS, "it only checks whether something is there"),
    (lambda f: f.sends and not f.parses, weights.SHAPE_SENDS, "it only sends"),
    (
        lambda f: _keyed(f) and not _work(f),
        weights.SHAPE_KEYED_INTERFACE,
        "it asks an interface that it was given a key for",
    ),
    (lambda f: _interface(f) and f.token and _work(f), weights.SHAPE_INTERFACE, "it was given a key"),
    (lambda f: _interface(f) and not f.token and not f.people, weights.SHAPE_INTERFACE, "it asks an interface"),
    (
        lambda f: f.few and not f.walks and not _social(f) and not f.searches,
        weights.SHAPE_FEW,
        "what it asks for is fixed and few",
    ),
    (
        lambda f: f.downloads and not (f.media or f.parses or f.people or f.platforms),
        weights.SHAPE_FILES,
        "it fetches files that are laid out for it",
    ),
)
"""What takes away: kinds of ordinary work, each multiplied onto the sum."""


def shape_of(facts: CodeFacts) -> Shape:
    """Add up the hints of a program and take away what ordinary work explains.

    Args:
        facts: The shape of its code, from any language's reader.
    """
    if not facts.in_loop:
        return Shape()
    parts = [] if facts.drives else ["requests pages in a loop"]
    weight = weights.SHAPE_LOOP
    for asked, much, said in HINTS:
        if asked(facts):
            weight += much
            parts.append(said)
    weight = min(weight, weights.SHAPE_MOST)
    lowered = []
    for asked, factor, said in ORDINARY:
        if asked(facts):
            weight *= factor
            lowered.append(said)
    return Shape(round(weight, 6), ", ".join(parts), ", ".join(lowered))
