"""What our YARA rules mean: for each rule of `agent/content/yara/*.yar` a capability, a weight and fixed words.

The rules themselves run in the helper process only (`parse/scan.py`), where the engine's 15 MB are gone with it after
half a minute; what comes back are their names, and here is what each says. A test holds the two together. Plain data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one rule says when it matches.

    Attributes:
        does: One of `CAPABILITIES`.
        family: One of the families of DESIGN 4.
        weight: 0 to 1, as a piece of evidence.
        says: Fixed words for the evidence.
        program: The command that an executable is a copy of, as the catalogue calls it, or empty.
    """

    does: str
    family: str
    weight: float
    says: str
    program: str = ""


_SURE = 0.7
_DRIVER = 0.4
_TEXTS = 0.45

RULES: Mapping[str, Spoken] = {
    "imports_python_scraping": Spoken("scrapes", "scraper-framework", _SURE, "takes in a scraping library"),
    "imports_python_people": Spoken(
        "harvests", "social-media-scraper", 0.5, "takes in a library for people's platforms"
    ),
    "imports_python_media": Spoken("downloads", "media-downloader", 0.6, "takes in a media downloader"),
    "imports_python_driver": Spoken("drives", "browser-automation", _DRIVER, "takes in a browser driver"),
    "imports_python_search": Spoken("searches", "serp-leadgen", 0.5, "takes in a search library"),
    "imports_node_scraping": Spoken("scrapes", "scraper-framework", _SURE, "takes in a scraping library"),
    "imports_node_media": Spoken("downloads", "media-downloader", 0.6, "takes in a media downloader"),
    "imports_node_driver": Spoken("drives", "browser-automation", _DRIVER, "takes in a browser driver"),
    "imports_other_scraping": Spoken("scrapes", "scraper-framework", 0.4, "takes in a library that takes pages apart"),
    "is_wget": Spoken("fetches", "site-mirror", _SURE, "has the texts of wget inside", "wget"),
    "is_wget2": Spoken("fetches", "site-mirror", _SURE, "has the texts of wget2 inside", "wget2"),
    "is_curl": Spoken("fetches", "generic-http", _SURE, "has the texts of curl inside", "curl"),
    "is_aria2": Spoken("fetches", "media-downloader", _SURE, "has the texts of aria2 inside", "aria2c"),
    "is_httrack": Spoken("mirrors", "site-mirror", _SURE, "has the texts of httrack inside", "httrack"),
    "is_axel": Spoken("fetches", "generic-http", _SURE, "has the texts of axel inside", "axel"),
    "is_yt_dlp": Spoken("downloads", "media-downloader", _SURE, "has the code of yt-dlp inside", "yt-dlp"),
    "is_youtube_dl": Spoken("downloads", "media-downloader", _SURE, "has the code of youtube-dl inside", "youtube-dl"),
    "is_gallery_dl": Spoken("downloads", "media-downloader", _SURE, "has the code of gallery-dl inside", "gallery-dl"),
    "carries_go_scraping": Spoken("crawls", "scraper-framework", 0.6, "was built with a scraping library"),
    "carries_go_driver": Spoken("drives", "browser-automation", _DRIVER, "was built with a browser driver"),
    "carries_rust_scraping": Spoken("crawls", "scraper-framework", 0.5, "was built with a scraping library"),
    "carries_rust_driver": Spoken("drives", "browser-automation", _DRIVER, "was built with a browser driver"),
    "texts_of_a_crawler": Spoken("crawls", "scraper-framework", _TEXTS, "speaks of crawling in its messages"),
    "texts_of_a_media_downloader": Spoken("downloads", "media-downloader", _TEXTS, "speaks of downloading media"),
    "texts_of_a_people_search": Spoken("harvests", "social-media-scraper", _TEXTS, "speaks of gathering people's data"),
}
"""By the rule's name in the rule files."""


INTERPRETERS: Mapping[str, str] = {
    "is_python": "python3",
    "is_node": "node",
    "is_perl": "perl",
    "is_ruby": "ruby",
    "is_bash": "bash",
}
"""Rules that know an interpreter's executable, whatever it is called; they say nothing of what it runs."""


def strongest(rules: Iterable[str]) -> Spoken | None:
    """Return what the surest of some rules says, or None; names that are not ours are passed over."""
    spoken = [RULES[rule] for rule in rules if rule in RULES]
    return max(spoken, key=lambda one: (one.weight, one.says), default=None)
