"""What was a program asked to do that nobody wrote down? By options, words and addresses that mean «many» nearly
everywhere.

`is_quiet` tells help, versions, dry runs and settings; `many_of` the ways of asking for many, each with the option or
words that showed it, in our own spelling and never a value. What counts depends on what the program is able to do: a
name after a downloader is one thing to fetch, after a people finder it is one person of several; `-r` says much where
pages are fetched and nothing elsewhere. Pure; the command line stays in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from agent.model.findings import CollectMode

LARGE = 20
"""From this number on, a limit on results is a way of asking for many: one page of most search pages holds ten."""
MANY_PAGES = 2
MANY_ADDRESSES = 2
MANY_ADDRESSES_FETCHED = 4
"""A fetching program is often given two or three files of one release."""
MANY_NAMES = 2
MAX_ARGUMENTS = 2000
MAX_CHARACTERS = 2000
"""Of one argument. An address is shorter; what is longer is data."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_QUIET_FLAGS = _words("""
    help version dry-run simulate skip-download list-formats list-extractors list-sites list-subs list-options
    list-modules list-keywords show-config print-config update self-update upgrade check install-completion
    show-completion completion list-plugins list-spiders info usage licenses clear-cache no-download-at-all
""")
_QUIET_WORDS = _words("""
    help version update upgrade self-update config configure settings completion completions login logout auth init
    doctor setup install uninstall plugins extractors formats cache credits license man shell repl serve list-sites
    startproject genspider check edit settings bench
""")
_QUIET_SHORT = frozenset(["-h", "-V", "-?", "--h"])

_RECURSION = _words("""
    recursive recurse mirror spider crawl crawler deep depth max-depth crawl-depth maxdepth level levels follow
    follow-links follow-all max-pages page-limit whole-site entire-site full-site page-requisites domain-wide
    same-domain all-links links-depth max-recursive-depth concurrency-per-domain span-hosts sitemap from-sitemap
    limit-pages max-requests max-crawl-pages scope
""")
_LIST = _words("""
    input-file batch-file from-file url-file urls-file url-list urls-list input-list input-urls file-list links-file
    list-file ids-file users-file usernames-file user-list username-list profiles-file accounts-file names-file
    keywords-file queries-file query-file search-file targets target-list hosts-file domains-file emails-file
    email-list channels-file csv-input input-csv usernames urls links batch bulk read-from-file from-csv from-list
    download-archive archive-list
""")
_CHANNEL = _words("""
    playlist playlists playlist-start playlist-end playlist-items yes-playlist channel channels followers following
    followings followees friends connections members subscribers user users username profile profiles hashtag
    hashtags tag tags subreddit subreddits group groups album albums artist artists discography timeline posts
    all-posts comments stories story reels tagged likes highlights feed mentions replies retweets employees company
    companies staff people contacts board boards gallery chat chats all everything full complete whole entire
    all-videos all-images get-all download-all fetch-all scrape-all
""")
_NUMBERS = _words("""
    limit max-results max-items max-posts max-tweets max-videos max-images max-comments max-users max-profiles
    max-downloads max-urls max num count amount number num-results results n-results results-wanted total maximum
    size per-page top last
""")
_PAGES = frozenset(
    ["pages", "num-pages", "page-count", "pages-count", "last-page", "end-page", "page-range", "scrolls"]
)
_SWITCHED_OFF = frozenset(["0", "1", "false", "no", "none", "off"])

_RECURSION_WORDS = _words("""
    crawl spider mirror map clone rip copy archive-site sitemap runspider
""")
_CHANNEL_WORDS = _words("""
    user users profile profiles channel playlist playlists album artist discography hashtag tag subreddit group
    followers following followees timeline board gallery company employees people members comments posts tweets
    search-posts likes stories highlights feed all
""")
_SEARCH_WORDS = frozenset(["search", "text", "images", "news", "videos", "dork", "find"])
_READS_PAGES = frozenset(["scrapes", "crawls", "mirrors", "downloads", "fetches", "drives", "exports", ""])
_NAMES_PEOPLE = frozenset(["harvests"])
_TAKES_CHANNELS = frozenset(["scrapes", "crawls", "downloads", "harvests", "searches", "exports"])
_SHORT_RECURSION = frozenset(["-r", "-m", "-R"])
_SHORT_LIST = frozenset(["-i", "-a", "-f", "-l", "-L", "-u", "-I"])
_SHORT_NUMBER = frozenset(["-n", "-m", "-l", "-c", "-N", "-k"])
_LIST_ENDINGS = (".txt", ".csv", ".tsv", ".list", ".lst", ".urls", ".links", ".jsonl", ".ndjson", ".xlsx")
_AT_FILE = re.compile(r"@[\w./\\-]+")
_OUTPUT = re.compile(
    r"^-{1,2}(?:o|out\w*|output[\w-]*|w|write\w*|save\w*|export\w*|log[\w-]*|filename|dest\w*|to|O|P|d|dir\w*)$"
)
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_BARE = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}/\S*", re.IGNORECASE)
_WHOLE = re.compile(
    r"/(?:playlists?|channels?|c|user|users|u|album|albums|artists?|sets|hashtags?|tags?|explore|groups?|boards?|"
    r"galler(?:y|ies)|collections?|likes|favorites|followers|following|members|people|employees|search|results|"
    r"archive|sitemap\.xml|feed)(?:/|$)|/@[\w.-]+(?:/(?:videos|shorts|streams|playlists|posts))?/?$|/r/[\w-]+/?$"
)
_PATTERN = re.compile(r"\[\d+-\d+(?::\d+)?\]|\{\d+\.\.\d+\}|\{[^{}\s]+,[^{}\s]+\}|%d|\[[a-z]-[a-z]\]")
_SITE_SEARCH = re.compile(r"(?:^|\s|\()(?:site|inurl|intitle):\S+", re.IGNORECASE)
_NAME_LIKE = re.compile(r"@?[A-Za-z0-9][\w.-]{1,60}")


def shortened(arguments: Sequence[str]) -> Sequence[str]:
    """Cut arguments to what can say something: one can be made so long that looking through it takes minutes."""
    return [arg[:MAX_CHARACTERS] for arg in arguments]


def is_quiet(arguments: Sequence[str]) -> bool:
    """Return whether a program was only asked for help, its version, its settings or to pretend."""
    if any(_option(arg)[0] in _QUIET_FLAGS for arg in arguments if arg.startswith("--")):
        return True
    if any(arg in _QUIET_SHORT for arg in arguments[:2]):
        return True
    first = next((arg.lower() for arg in arguments if arg and not arg.startswith("-")), "")
    return first in _QUIET_WORDS and not any(_SCHEME.match(arg) for arg in arguments)


def _is_list_file(text: str) -> bool:
    """Say whether an argument is a file of many things, by its ending or as `@file`."""
    return text.lower().endswith(_LIST_ENDINGS) or _AT_FILE.fullmatch(text) is not None


def many_of(arguments: Sequence[str], capability: str) -> Mapping[CollectMode, str]:
    """Return the ways of asking for many and what showed each.

    Args:
        arguments: The command line after the program.
        capability: One of `CAPABILITIES`, or empty.
    """
    arguments = shortened(arguments[:MAX_ARGUMENTS])
    found: dict[CollectMode, str] = {}
    for mode, why in (
        *_by_options(arguments, capability),
        *_by_words(arguments, capability),
        *_by_addresses(arguments, capability),
    ):
        found.setdefault(mode, why)
    return found


def _by_options(arguments: Sequence[str], capability: str) -> Iterator[tuple[CollectMode, str]]:
    for index, arg in enumerate(arguments):
        if not arg.startswith("-") or len(arg) < 2:
            continue
        after = arguments[index + 1] if index + 1 < len(arguments) else ""
        name, value = _option(arg)
        value = value or ("" if after.startswith("-") else after)
        if arg.startswith("--"):
            yield from _long(name, value, capability)
        elif arg in _SHORT_RECURSION and capability in ("mirrors", "crawls", "fetches"):
            yield CollectMode.RECURSION, arg
        elif arg in _SHORT_LIST and _is_list_file(value):
            yield CollectMode.LIST, arg
        elif arg in _SHORT_NUMBER and capability in _TAKES_CHANNELS and _number(value) >= LARGE:
            yield CollectMode.LIST if capability == "searches" else CollectMode.CHANNEL, arg


def _long(name: str, value: str, capability: str) -> Iterator[tuple[CollectMode, str]]:
    off = value.lower() in _SWITCHED_OFF
    if name in _PAGES:
        if _number(value) >= MANY_PAGES or "-" in value:
            yield CollectMode.LOOP, f"--{name}"
    elif name in _NUMBERS:
        if capability in _TAKES_CHANNELS and _number(value) >= LARGE:
            yield CollectMode.LIST if capability == "searches" else CollectMode.CHANNEL, f"--{name}"
    elif name in _RECURSION:
        if not off and value != "1":
            yield CollectMode.RECURSION, f"--{name}"
    elif name in _LIST:
        if not off:
            yield CollectMode.LIST, f"--{name}"
    elif name in _CHANNEL and not off and (capability in _TAKES_CHANNELS or name.startswith(("playlist", "all-"))):
        yield CollectMode.CHANNEL, f"--{name}"


def _by_words(arguments: Sequence[str], capability: str) -> Iterator[tuple[CollectMode, str]]:
    words = list(_operands(arguments))
    lowered = [word.lower() for word in words]
    if capability in _READS_PAGES - {"fetches"}:
        for word in lowered[:2]:
            if word in _RECURSION_WORDS and capability:
                yield CollectMode.RECURSION, word
    if capability in _TAKES_CHANNELS:
        for word in lowered[:3]:
            for part in re.split(r"[-_:]", word) if re.fullmatch(r"[a-z]+(?:[-_:][a-z]+)*", word) else ():
                if part in _CHANNEL_WORDS:
                    yield CollectMode.CHANNEL, part
    if any(_is_list_file(word) for word in words) and capability not in ("exports", "drives"):
        yield CollectMode.LIST, "a file as a list"
    if any(_SITE_SEARCH.search(word) for word in arguments if len(word) < 500) and capability in (
        "searches",
        "scrapes",
        "harvests",
        "",
    ):
        yield CollectMode.LIST, "a search limited to sites"
    if capability in _NAMES_PEOPLE:
        names = [word for word in _names(arguments) if word.lower() not in _CHANNEL_WORDS | _SEARCH_WORDS]
        if len(names) >= MANY_NAMES:
            yield CollectMode.LIST, "several names"


def _by_addresses(arguments: Sequence[str], capability: str) -> Iterator[tuple[CollectMode, str]]:
    addresses = []
    for arg in arguments:
        text = arg.split("=", 1)[1] if arg.startswith("-") and "=" in arg else arg
        if _SCHEME.match(text) or (not text.startswith(("-", "/", ".")) and _BARE.fullmatch(text)):
            addresses.append(text)
    if len({text for text in addresses if _SCHEME.match(text)}) >= (
        MANY_ADDRESSES_FETCHED if capability == "fetches" else MANY_ADDRESSES
    ):
        yield CollectMode.LIST, "several addresses"
    for text in addresses:
        if _PATTERN.search(text):
            yield CollectMode.LOOP, "a pattern of addresses"
        if capability in _TAKES_CHANNELS:
            try:
                parts = urlsplit(text if _SCHEME.match(text) else "https://" + text)
            except ValueError:
                continue
            if _WHOLE.search(parts.path) or "list=" in parts.query:
                yield CollectMode.CHANNEL, "the kind of address"


def _names(arguments: Sequence[str]) -> list[str]:
    """Return what may be names of people: plain words, without numbers and without what follows an option."""
    before = ""
    names = []
    for arg in arguments:
        plain = not arg.startswith("-") and _NAME_LIKE.fullmatch(arg) is not None and not arg.isdecimal()
        if plain and not before.startswith("-"):
            names.append(arg)
        before = arg
    return names


def _operands(arguments: Sequence[str]) -> Iterator[str]:
    """Yield what is neither an option, nor the value of an option that names an output, nor an address."""
    skip = False
    for arg in arguments:
        if arg.startswith("-") and len(arg) > 1:
            skip = "=" not in arg and _OUTPUT.match(arg) is not None
            continue
        if not skip and arg and not _SCHEME.match(arg):
            yield arg
        skip = False


def _option(arg: str) -> tuple[str, str]:
    """Return an option's name in one spelling, and the value that is written with it."""
    name, _, value = arg.lstrip("-").partition("=")
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name[:60])
    return spaced.lower().replace("_", "-"), value


def _number(value: str) -> int:
    return int(value) if value.isdecimal() and len(value) < 10 else 0
