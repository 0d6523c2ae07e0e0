"""What software says of itself: sentences as packages write them, and what each of them makes it able to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detection.identified import CAPABILITIES
from agent.detection.identify.lexicon import FILE, lexicon, read_lexicon
from agent.detection.identify.own_words import LISTED_FROM, MAX_WEIGHT, SURE_FROM, Said, capability
from agent.detection.weights import LEVEL_MEDIUM

COLLECTS = [
    ("a fast web scraper for humans", "scrapes", True),
    ("python sdk for an api: crawl and convert any website", "crawls", True),
    ("high-level web crawling and scraping framework", "scrapes", True),
    ("distributed spider for web pages", "crawls", True),
    ("scrape public pages of facebook without an api key", "scrapes", True),
    ("youtube video downloader in pure javascript", "downloads", True),
    ("command-line program to download image galleries and playlists", "downloads", False),
    ("download photos and stories along with captions from instagram", "downloads", True),
    ("copy websites to your computer for offline browsing", "mirrors", True),
    ("archive entire web sites with the wayback machine", "mirrors", True),
    ("metasearch library that brings results of many services together", "searches", False),
    ("search google from python and get organic results", "searches", True),
    ("find social media accounts by username", "harvests", True),
    ("osint tool: e-mail finder and lead generation", "harvests", True),
    ("unofficial private api for instagram", "harvests", True),
    ("a wrapper for the reddit api", "harvests", False),
    ("linkedin api for python", "harvests", False),
    ("package for collecting tiktok videos and comments", "harvests", True),
    ("headless chrome automation library, undetected", "drives", True),
    ("browser automation for ai agents", "drives", False),
    ("download utility with segments", "fetches", True),
    ("微博爬虫, 用python爬取数据", "scrapes", True),
]
DOES_NOT = [
    "http library for humans",
    "promise based http client for the browser",
    "a testing framework with fixtures",
    "end-to-end testing for web apps",
    "a micro web framework",
    "the official sdk for a cloud storage service",
    "client library to download and publish models and datasets on the hub",
    "scrapes metrics for prometheus",
    "exporter that scrapes targets and sends metrics",
    "fastest directory crawler for node",
    "crawl the file system and hash files",
    "block bots, crawlers and scrapers in your web server",
    "recognise bots and crawlers by the user agent string",
    "parser for robots.txt",
    "feed parser for rss and atom",
    "html and xml parser",
    "css selector engine",
    "downloads and installs platform-specific binaries",
    "an easy to use package installer, downloads packages",
    "download market data and stock prices",
    "amazon s3 transfer manager: download and upload files",
    "the slack platform sdk",
    "a chat bot framework for telegram bots",
    "webhooks and notifications for discord",
    "facebook login strategy for passport",
    "type definitions for a web scraper",
    "embed youtube videos: a player component for react",
    "share buttons for twitter and facebook",
    "image processing: resize and compress images",
    "save and load json files",
    "database dump and backup",
    "progress meter for loops",
    "wrapper for the maps javascript api",
    "link checker for documentation",
    "sitemap generator for seo",
    "official python library for a language model api",
    "data analysis with tables",
    "extract comments from source code",
    "cd ripper and tagger",
    "sees when a program scrapes the web in bulk and keeps a record of notice and consent",
    "prevents scraping of e-mail addresses from your pages",
    "",
]


@pytest.mark.parametrize(("summary", "does", "sure"), COLLECTS)
def test_a_sentence_that_speaks_of_collecting_is_heard(summary: str, does: str, sure: bool) -> None:
    found = capability(Said(summary=summary))
    assert found is not None and found.does == does
    assert found.strong == sure
    assert found.words, "the words that spoke are named"


@pytest.mark.parametrize("summary", DOES_NOT)
def test_an_ordinary_sentence_says_nothing(summary: str) -> None:
    assert capability(Said(summary=summary)) is None


@pytest.mark.parametrize("summary", [summary for summary, _, _ in COLLECTS])
def test_where_a_word_stands_decides_how_much_it_counts(summary: str) -> None:
    said = (Said(about=summary), Said(name=summary), Said(keywords=summary), Said(summary=summary))
    scores = [capability(one) for one in said]
    sums = [found.score if found is not None else 0.0 for found in scores]
    assert sums == sorted(sums)


def test_libraries_strengthen_words_and_say_nothing_alone() -> None:
    said = "save comments of videos from youtube"
    bare, built = capability(Said(summary=said)), capability(Said(summary=said, built_on={"yt-dlp": 1.2}))
    assert (bare.score if bare else 0.0) < (built.score if built else 0.0)
    assert capability(Said(summary="tables and plots", built_on={"yt-dlp": 1.2, "selenium": 0.7})) is None


def test_a_downloader_is_asked_for_one_thing_at_a_time() -> None:
    found = capability(Said(summary="dumb downloader that scrapes the web for videos"))
    assert found is not None and found.one_by_one


def test_the_border_between_mentioned_and_sure_is_where_scoring_has_it() -> None:
    weights = [found.weight for summary, _, _ in COLLECTS if (found := capability(Said(summary=summary)))]
    assert all(0.3 <= weight <= MAX_WEIGHT for weight in weights)
    for summary, _, sure in COLLECTS:
        found = capability(Said(summary=summary))
        assert found is not None and (found.weight >= LEVEL_MEDIUM) == sure
    assert LISTED_FROM < SURE_FROM


@given(st.text(max_size=400), st.text(max_size=2000))
def test_no_text_is_too_strange(summary: str, about: str) -> None:
    found = capability(Said(summary=summary.lower(), about=about.lower()))
    assert found is None or (found.does in CAPABILITIES and found.weight <= MAX_WEIGHT)


@pytest.mark.parametrize("summary", [summary for summary, _, _ in COLLECTS])
@pytest.mark.parametrize("other", ["type definitions only", "unit testing", "prometheus metrics"])
def test_what_takes_away_never_adds(summary: str, other: str) -> None:
    alone, taken = capability(Said(summary=summary)), capability(Said(summary=f"{summary} - {other}"))
    assert alone is not None
    assert taken is None or taken.score < alone.score


def test_the_shipped_words_name_no_package_and_are_whole() -> None:
    words = lexicon()
    assert len(words.speaks) > 20 and len(words.against) > 15
    assert all(entry.weight > 0 for entry in words.speaks) and all(entry.weight < 0 for entry in words.against)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kind: scrapes", "kind: scrape", "unknown kind"),
        ("weight: 3.6", "weight: -3.6", "wrong sign"),
        ("'to scrap'", "'(('", "no pattern"),
    ],
)
def test_a_broken_entry_is_refused_with_what_to_correct(old: str, new: str, says: str) -> None:
    text = (
        "for:\n  - {kind: scrapes, weight: 3.6, words: ['to scrap']}\n"
        "against:\n  - {kind: against, weight: -1, words: [test]}\n"
    )
    assert read_lexicon(text).speaks[0].kind == "scrapes"
    with pytest.raises(ValueError, match=says):
        read_lexicon(text.replace(old, new))
    assert FILE.is_file()
