"""What is software able to do, by its own words and by what it is built on? From a self-description to a capability.

Input: `Said`, the name, summary, keywords and first paragraph of a package (`package.py` reads them) and the hints of
its dependency closure (`closure.py`). Every entry of `lexicon.py` is looked for in each of them; the place decides how
much it counts. What speaks for an act is added up with what it acts on and what it is built on, and what speaks
otherwise is taken away, so that «Python SDK for an API that crawls any website» still crawls and «scrapes metrics for
monitoring» does nothing here. Pure: text in, `Capability` or None out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.detection.identify.lexicon import lexicon

PLACES = {"summary": 1.0, "keywords": 0.7, "name": 0.6, "about": 0.5}
"""How much a word counts by where it stands: a summary is one careful sentence, a first paragraph is advertising."""
LISTED_FROM = 2.0
"""Sum of weights from which software is mentioned at all."""
SURE_FROM = 3.4
"""Sum of weights from which its own words may raise a flag together with what it was asked for."""
SECOND = 0.2
"""How much a second entry of the same kind adds."""
MAX_WEIGHT = 0.75
ONE_BY_ONE_FROM = 1.4
"""A summary that says «download», or a name or paragraph that says «downloader»."""
MAX_TEXT = 2000
_ACTS = ("scrapes", "crawls", "mirrors", "searches", "harvests", "downloads", "drives", "fetches")
_FAMILY = {
    "scrapes": "scraper-framework",
    "crawls": "scraper-framework",
    "mirrors": "site-mirror",
    "searches": "serp-leadgen",
    "harvests": "social-media-scraper",
    "downloads": "media-downloader",
    "drives": "browser-automation",
    "fetches": "generic-http",
}
_SAYS = {
    "scrapes": "scraping",
    "crawls": "crawling",
    "mirrors": "copying whole sites",
    "searches": "searching the web",
    "harvests": "gathering data about people",
    "downloads": "downloading",
    "drives": "driving a browser",
    "fetches": "fetching files",
}
_HELPS: Mapping[str, tuple[str, ...]] = {
    "scrapes": ("platform", "place", "pages", "many", "evasion", "unofficial"),
    "crawls": ("platform", "place", "pages", "many", "evasion"),
    "mirrors": ("pages", "many", "platform"),
    "searches": ("pages", "unofficial", "platform", "many"),
    "harvests": ("platform", "unofficial", "many"),
    "downloads": ("platform", "place", "media", "many", "unofficial"),
    "drives": ("evasion", "many"),
    "fetches": ("many",),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What software says of itself, in lower case.

    Attributes:
        name: Its name, with spaces for dashes.
        summary: One line.
        keywords: Keywords and topics.
        about: The first paragraph of its description.
        built_on: Collecting libraries among its dependencies, with their weight.
    """

    name: str = ""
    summary: str = ""
    keywords: str = ""
    about: str = ""
    built_on: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capability:
    """What an unknown package seems to be for.

    Attributes:
        does: One of `CAPABILITIES`.
        family: One of the families of DESIGN 4.
        weight: 0 to `MAX_WEIGHT`: how surely, as a piece of evidence.
        says: Fixed words for the evidence: `scraping`, `downloading`.
        libraries: Which collecting libraries it depends on, sorted, at most four.
        words: The words that spoke, at most four, from the software's own public description.
        score: The sum that the weight was made from.
        one_by_one: Whether it speaks of downloading too: such a program is often asked for one thing.
    """

    does: str
    family: str
    weight: float
    says: str
    libraries: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    score: float = 0.0
    one_by_one: bool = False

    @property
    def strong(self) -> bool:
        """Whether it may raise a flag together with what it was asked for."""
        return self.score >= SURE_FROM


def capability(said: Said) -> Capability | None:
    """Judge software by what it says of itself; None when it says nothing of collecting."""
    texts = {place: getattr(said, place)[:MAX_TEXT] for place in PLACES}
    spoken: dict[str, float] = {}
    words: dict[str, list[str]] = {}
    for entry in lexicon().speaks:
        best, word = 0.0, ""
        for place, factor in PLACES.items():
            if factor * entry.weight > best and texts[place]:
                match = entry.pattern.search(texts[place])
                if match is not None:
                    best, word = factor * entry.weight, match[0]
        if best:
            held = spoken.get(entry.kind, 0.0)
            # Two entries of one kind often see the same word: the second adds a little only.
            spoken[entry.kind] = max(held, best) + (SECOND * min(held, best))
            words.setdefault(entry.kind, []).append(word.strip())
    _names_a_platform(spoken, words)
    best_act, best_score = "", 0.0
    for act in _ACTS:
        if act not in spoken:
            continue
        score = _score(act, spoken, texts, said.built_on)
        if score > best_score:
            best_act, best_score = act, score
    if best_score < LISTED_FROM:
        return None
    return Capability(
        does=best_act,
        family=_family(best_act, spoken),
        weight=_weight(best_score),
        says=_SAYS[best_act],
        libraries=tuple(sorted(said.built_on, key=lambda one: (-said.built_on[one], one))[:4]),
        words=tuple(dict.fromkeys(word for kind in (best_act, *_HELPS[best_act]) for word in words.get(kind, ())))[:4],
        score=round(best_score, 3),
        one_by_one=spoken.get("downloads", 0.0) >= ONE_BY_ONE_FROM and best_act != "mirrors",
    )


def _names_a_platform(spoken: dict[str, float], words: dict[str, list[str]]) -> None:
    """What takes from a people's platform, or wraps its interface, harvests, though it may never say so."""
    ways = [kind for kind in ("api", "unofficial", "takes") if kind in spoken]
    if "platform" in spoken and ways and "harvests" not in spoken:
        spoken["harvests"] = max(spoken.get("takes", 0.0), spoken.get("api", 0.0), 0.2)
        words["harvests"] = words.get("api", []) or words.get("takes", [])


def _score(act: str, spoken: Mapping[str, float], texts: Mapping[str, str], built_on: Mapping[str, float]) -> float:
    helps = sum(spoken.get(kind, 0.0) for kind in _HELPS[act])
    others = sum(0.35 * spoken[other] for other in _ACTS if other != act and other in spoken)
    built = min(1.6, sum(sorted(built_on.values(), reverse=True)[:3]))
    away = 0.0
    for entry in lexicon().against:
        if entry.only and act not in entry.only:
            continue
        worst = 0.0
        for place, factor in PLACES.items():
            if factor * entry.weight < worst and texts[place] and entry.pattern.search(texts[place]):
                worst = factor * entry.weight
        away += worst
    return spoken[act] + helps + others + built + away


def _weight(score: float) -> float:
    """2.0 is .3, mentioned; 3.4 is .6, which is medium; then slowly up to the most that own words may say."""
    if score < SURE_FROM:
        return round(0.3 + (score - LISTED_FROM) / (SURE_FROM - LISTED_FROM) * 0.3, 3)
    return round(min(MAX_WEIGHT, 0.6 + (score - SURE_FROM) * 0.05), 3)


def _family(act: str, spoken: Mapping[str, float]) -> str:
    platform = "platform" in spoken
    if act in ("scrapes", "crawls") and platform:
        return "social-media-scraper"
    if act == "harvests" and "api" in spoken and "unofficial" not in spoken:
        return "api-harvester"
    return _FAMILY[act]
