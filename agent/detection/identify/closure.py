"""What is a package built on? Its dependencies among what is installed beside it, walked breadth first and bounded.

`package.py` passes the direct dependencies and a way to ask for those of any other; what comes back are the collecting
libraries among them with a weight that halves with each step away. A package that everything leads to, a cycle or a
tree of thousands ends at `MAX_DEPTH` and `MAX_PACKAGES`. Pure but for what `needs` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

MAX_DEPTH = 4
MAX_PACKAGES = 200

COLLECTING_LIBRARIES: Mapping[str, float] = {
    name: weight
    for weight, names in (
        # Exists to collect: building on it is nearly saying so.
        (
            1.2,
            "yt-dlp youtube-dl gallery-dl instaloader instagrapi twscrape snscrape scrapy crawlee crawl4ai twint "
            "facebook-scraper pytube pytubefix ytdl-core @distube/ytdl-core website-scraper simplecrawler "
            "x-ray praw asyncpraw snoowrap youtubei.js got-scraping instagram-private-api",
        ),
        # Made to drive browsers, to pass for one or to evade being told from one.
        (
            0.7,
            "playwright selenium undetected-chromedriver seleniumbase patchright camoufox pyppeteer nodriver zendriver "
            "botasaurus playwright-core puppeteer puppeteer-core puppeteer-extra puppeteer-extra-plugin-stealth "
            "cloudscraper curl-cffi fake-useragent user-agents requests-html mechanicalsoup telethon pyrogram "
            "fake-headers tls-client primp browserforge",
        ),
        # Takes pages apart.
        (
            0.5,
            "beautifulsoup4 bs4 parsel selectolax lxml pyquery cheerio node-html-parser trafilatura newspaper3k "
            "newspaper4k readability-lxml jsdom justext mutagen linkedom",
        ),
    )
    for name in names.split()
}
"""Libraries that collecting programs are built from; the weights are in the unit of `lexicon.py`."""


def closure(direct: Iterable[str], needs: Callable[[str], frozenset[str] | None]) -> Mapping[str, float]:
    """Walk the dependencies; return the collecting libraries with the weight that their distance leaves them.

    Args:
        direct: What the package itself depends on.
        needs: What another package depends on; None where it is not installed.
    """
    found: dict[str, float] = {}
    seen: set[str] = set()
    level = sorted(set(direct))
    for depth in range(MAX_DEPTH):
        following: set[str] = set()
        for name in level:
            if name in seen:
                continue
            if len(seen) >= MAX_PACKAGES:
                return found
            seen.add(name)
            if name in COLLECTING_LIBRARIES:
                found.setdefault(name, COLLECTING_LIBRARIES[name] / 2**depth)
            elif depth + 1 < MAX_DEPTH:
                following |= needs(name) or frozenset()
        level = sorted(following - seen)
    return found
