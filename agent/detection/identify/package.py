"""What a package is: by the catalogue, or, where the catalogue does not know it, by what it says of itself.

An unknown package that is *run* or imported by a person's own script is asked three things: does its summary say that
it scrapes, crawls or downloads, does it name a social platform, and does it depend on libraries that such programs are
built from. Two of the three make a strong word, one a weak one; a package that speaks of testing, blocking or
documentation says nothing. What is read is the head of `METADATA` or `package.json`, bounded, and forgotten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.detection.identify.folders import METADATA_BYTES, normal, read_head

COLLECTING_LIBRARIES = frozenset(
    [
        "beautifulsoup4",
        "bs4",
        "lxml",
        "parsel",
        "selectolax",
        "scrapy",
        "playwright",
        "selenium",
        "yt-dlp",
        "youtube-dl",
        "gallery-dl",
        "curl-cffi",
        "cloudscraper",
        "fake-useragent",
        "undetected-chromedriver",
        "instaloader",
        "instagrapi",
        "twscrape",
        "snscrape",
        "crawlee",
        "crawl4ai",
        "requests-html",
        "mechanicalsoup",
        "pyppeteer",
        "newspaper4k",
        "trafilatura",
        "telethon",
        "praw",
        "puppeteer",
        "puppeteer-core",
        "puppeteer-extra",
        "cheerio",
        "playwright-core",
        "got-scraping",
        "ytdl-core",
        "node-html-parser",
        "user-agents",
        "website-scraper",
        "simplecrawler",
    ]
)
_COLLECTS = re.compile(
    r"\b(?:scrap(?:e[rs]?|ers|ing|y)|crawl(?:er|ers|ing|s)?|spiders?|harvest(?:er|ers|ing|s)?|osint|"
    r"(?:mass|bulk)[- ]download\w*|lead[- ]gen\w*|email[- ](?:finder|extractor)s?|data[- ](?:extraction|mining)|"
    r"enumerat\w+)\b"
)
_DOWNLOADS = re.compile(
    r"\b(?:download(?:s|er|ers|ing)?|rip(?:per|s)?|archiv(?:e|er|es|ing)|dump(?:s|er)?|mirror(?:s|ing)?|backup)\b"
)
_PLATFORM = re.compile(
    r"\b(?:instagram|facebook|linkedin|twitter|tiktok|youtube|threads|reddit|telegram|whatsapp|pinterest|snapchat|"
    r"tumblr|social[- ](?:media|networks?)|vk\.com|weibo|onlyfans|playlists?|galler(?:y|ies)|"
    r"google[- ](?:maps|search))\b"
)
_OTHERWISE = re.compile(
    r"\b(?:test(?:s|ing)?|mock\w*|lint\w*|block(?:s|er|ing)?|prevent\w*|protect\w*|detect(?:s|ion|or)?|"
    r"bot (?:api|framework)|"
    r"documentation|oauth|authenticat\w+|official|sdk|robots\.txt|changelog|type stubs|accessibility|"
    r"link check\w*|feeds?)\b"
)


@dataclass(frozen=True, slots=True)
class SelfDescription:
    """What a package says of itself: lower-case words, and names of what it depends on."""

    words: str
    dependencies: frozenset[str]


@dataclass(frozen=True, slots=True)
class Capability:
    """What an unknown package seems to be for.

    Attributes:
        family: One of the families of DESIGN 4.
        strong: Whether words and libraries or a platform agree.
        says: Fixed words for the evidence: `scraping`, `downloading`.
        libraries: Which collecting libraries it depends on, sorted, at most four.
    """

    family: str
    strong: bool
    says: str
    libraries: tuple[str, ...]


class _PackageJson(msgspec.Struct):
    name: str = ""
    description: str = ""
    keywords: list[str] | str = msgspec.field(default_factory=list)
    dependencies: dict[str, object] = msgspec.field(default_factory=dict)


def describe(ecosystem: str, folder: str) -> SelfDescription | None:
    """Read what an installed package says of itself.

    Args:
        ecosystem: `pypi` or `npm`.
        folder: Its `*.dist-info` folder or its package folder.

    Returns:
        The description, or None when there is none that can be read.
    """
    if not folder:
        return None
    if ecosystem == "npm":
        return _node(folder)
    text = ""
    for name in ("METADATA", "PKG-INFO"):
        text = read_head(str(Path(folder, name)), METADATA_BYTES)
        if text:
            break
    if not text:
        return None
    words: list[str] = []
    needs: set[str] = set()
    for line in text.split("\n\n", 1)[0].splitlines():
        field, _, value = line.partition(":")
        if field in ("Summary", "Keywords", "Classifier", "Name"):
            words.append(value.strip().lower())
        elif field == "Requires-Dist" and "extra ==" not in value:
            match = re.match(r"\s*([A-Za-z0-9][\w.-]*)", value)
            if match:
                needs.add(normal(match[1]))
    return SelfDescription("\n".join(words), frozenset(needs))


def capability(said: SelfDescription) -> Capability | None:
    """Judge a package by what it says of itself; None when it says nothing of collecting."""
    if _OTHERWISE.search(said.words):
        return None
    words = said.words.replace("_", " ").replace("-", " ")
    collects = bool(_COLLECTS.search(said.words) or _COLLECTS.search(words))
    downloads = bool(_DOWNLOADS.search(words))
    platform = bool(_PLATFORM.search(said.words))
    libraries = tuple(sorted(said.dependencies & COLLECTING_LIBRARIES)[:4])
    if collects:
        family = "social-media-scraper" if platform else "scraper-framework"
        return Capability(family, platform or bool(libraries), "scraping", libraries)
    if downloads and platform:
        return Capability("media-downloader", bool(libraries), "downloading", libraries)
    return None


def _node(folder: str) -> SelfDescription | None:
    text = read_head(str(Path(folder, "package.json")), 4 * METADATA_BYTES)
    try:
        data = msgspec.json.decode(text, type=_PackageJson)
    except (msgspec.DecodeError, RecursionError):
        return None
    keywords = data.keywords if isinstance(data.keywords, str) else "\n".join(data.keywords)
    return SelfDescription(
        f"{data.name}\n{data.description}\n{keywords}".lower(), frozenset(name.lower() for name in data.dependencies)
    )
