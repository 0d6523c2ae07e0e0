"""What becomes of the pages, and what else a Python program is: answers from its names and texts alone.

`python_code.py` knows what is asked for in loops; this module says whether pages are taken apart, rows kept, files
saved, keys sent, whether the program is a test, a server, a reader of feeds or a check, and whether its words are about
people. `of_names` answers all of it roughly for compiled code, where only names and texts are left.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.detection.identify.parse import vocabulary as words
from agent.detection.identify.parse.facts import MAX_IMPORTS, CodeFacts
from agent.detection.identify.parse.python_strings import Texts
from agent.detection.identify.parse.python_tree import Gathered

DRIVER_READS = frozenset(
    [
        "find_elements",
        "query_selector_all",
        "eval_on_selector",
        "eval_on_selector_all",
        "inner_text",
        "inner_texts",
        "all_inner_texts",
        "text_content",
        "all_text_contents",
        "inner_html",
        "get_attribute",
        "content",
        "page_source",
        "get_content",
        "eles",
        "select_all",
        "find_all",
    ]
)
BODIES = frozenset(
    [
        "text",
        "content",
        "json",
        "read",
        "iter_content",
        "iter_lines",
        "aiter_bytes",
        "iter_bytes",
        "raw",
        "body",
        "page_source",
        "html",
        "readlines",
        "getvalue",
    ]
)
STATUSES = frozenset(["status_code", "status", "getcode", "ok", "code", "raise_for_status", "reason", "elapsed"])
FILE_ENDING = re.compile(
    r"\.(?:zip|tar|t?gz|bz2|xz|zst|7z|parquet|csv|tsv|jsonl?|whl|deb|rpm|iso|bin|pt|pth|onnx|safetensors|gguf|h5|hdf5|nc|"
    r"grib2?|grb2?|npy|npz|tfrecord|arrow|sql|xml|yaml|yml|toml|exe|msi|dmg|jar|crate|tiff?|las|laz|shp|geojson|fasta|"
    r"fastq|fits|pdf|po|sha256|sig|asc|md|txt)(?![\w.])",
    re.IGNORECASE,
)
"""Files that a vendor lays out to be fetched: to fetch numbered ones is not to walk through pages."""
_PAGE_PATTERN = re.compile(r"<[a-zA-Z/(\[!]|href|\w=\\?[\"']|&lt;|</")
_KEEPS = re.compile(
    r"\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|COPY\s+\w+\s+FROM|MERGE\s+INTO)", re.IGNORECASE
)
_MODULE = re.compile(r"[A-Za-z_][\w.]{1,60}")
_LIBRARIES = (
    words.PYTHON_HTTP
    | words.PYTHON_PARSERS
    | words.DRIVERS
    | words.EXTRACTORS
    | words.EVASION
    | words.FEED_LIBRARIES
    | words.SEARCH_LIBRARIES
    | frozenset(words.PLATFORM_LIBRARIES)
)
"""What may be named of compiled code: there a library's name stands among all others."""
_CONSUMING = frozenset(["find", "findall", "finditer", "search", "match", "split", "compile", "sub"])
_CUTTING = frozenset(["split", "partition", "rpartition", "find", "index", "rsplit"])
NEXT_CALLS = frozenset(
    [
        "list_next",
        "fetch_next",
        "get_next_page",
        "next_page_token",
        "next_page",
        "next_cursor",
        "has_next",
        "has_next_page",
        "fetch_remaining",
        "Paginator",
        "flatten",
    ]
)
"""Attributes by which clients of interfaces go to the next page."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What becomes of what was asked for; attributes as in `CodeFacts`.

    Attributes:
        saves: Answers are saved as files, byte for byte.
        answers_json: Answers are read as JSON.
        checks: Words of programs that ask whether something is there.
    """

    parses: bool
    writes: bool
    saves: bool
    media: bool
    contacts: bool
    token: bool
    answers_json: bool
    feeds: bool
    checks: bool
    tests: bool
    serves: bool
    hides: bool
    says_so: bool
    tells: bool


def taken(found: Gathered, texts: Sequence[str], tops: set[str], folder: Texts) -> Taken:
    """Answer everything that names and texts of a program tell.

    Args:
        found: What stands in the program.
        texts: Its texts, put together where they are constant.
        tops: First parts of its imports.
        folder: Folds constants.
    """
    called = {site.name for site in found.sites}
    patterns = _patterns(found, folder, _CONSUMING if tops & {"re", "regex", "re2"} else _CUTTING)
    modes = _modes(found, folder)
    wide = " ".join(text[:200] for text in texts[:3000])
    named = "\n".join(sorted(found.names))[:60_000]
    feed_texts = any(words.FEED.search(text) for text in texts if len(text) < 300)
    return Taken(
        parses=_parses(found, tops, called, patterns),
        writes=_writes(texts, tops, called, modes),
        saves=bool(called & {"urlretrieve", "download", "download_file", "copyfileobj", "dload"})
        or (
            bool(
                found.attributes
                & {"content", "iter_content", "read", "aiter_bytes", "iter_bytes", "aread", "iter_chunked"}
            )
            and ("b" in "".join(modes) or "write_bytes" in called)
        ),
        media=bool(words.MEDIA.search(wide) or words.MEDIA.search(named)),
        contacts=any(map(words.asks_contacts, texts)),
        token=any(words.has_token(text) for text in texts if len(text) < 120)
        or any(words.has_token(name) for name in found.names),
        answers_json=_json(found, tops, called),
        feeds=bool(tops & words.FEED_LIBRARIES) or (("xml" in tops or "lxml" in tops) and feed_texts),
        checks=bool(words.CHECKS.search(wide) or words.CHECKS.search(named)),
        tests=is_test(found, tops),
        serves=bool(tops & words.SERVERS or found.imports & {"aiohttp.web", "http.server"})
        and bool(called & words.SERVES_CALLS),
        hides=any(words.HIDES.search(text) for text in texts if len(text) < 600)
        or any(words.HIDES.search(name) for name in found.names),
        says_so=bool(words.SAYS_SO.search(words.CAMEL.sub("_", named)))
        or any(words.SAYS_SO.search(text) for text in (*found.documentation, *texts) if len(text) < 2000),
        tells=any(words.tells_to_gather(text) for text in texts),
    )


def people(found: Gathered, texts: Iterable[str], *, pages: bool) -> bool:
    """Return whether a program's words are about people.

    Args:
        found: What stands in the program.
        texts: Its texts.
        pages: Whether it takes pages apart: there, several weaker words together count as well.
    """
    mail = bool({name.split(".")[0] for name in found.imports} & words.MAIL_LIBRARIES)
    weak: set[str] = set()
    for text in (*texts, *found.names):
        if mail and re.search(r"e-?mail|phone|contact", text, re.IGNORECASE) and not words.EMAIL_PATTERN.search(text):
            continue
        if words.about_people(text):
            return True
        if pages and len(weak) < 3:
            weak |= words.maybe_people(text)
    return len(weak) >= 3


def of_names(names: Iterable[str], libraries: frozenset[str] = frozenset()) -> CodeFacts:
    """Answer for compiled code, of which only names and texts are read: whether something loops is not to be seen.

    Args:
        names: The names and short texts that stand in it: the person's own among them, which go no further.
        libraries: Which may be named, besides those of `vocabulary.py`.
    """
    held = sorted(set(names))
    known = libraries | _LIBRARIES
    imports = {library for name in held for library in [_library(name, known)] if library}
    tops = {name.split(".")[0] for name in held if _MODULE.fullmatch(name)}
    web = bool(tops & (words.PYTHON_HTTP - {"http", "h2"} | words.DRIVERS))
    parses = bool(tops & words.PYTHON_PARSERS - {"html"}) and bool(set(held) & words.PARSE_CALLS)
    turns = bool({"range", "append", "extend", "next", "pop", "count"} & set(held))
    return CodeFacts(
        imports=tuple(sorted(imports)[:MAX_IMPORTS]),
        requests=web,
        in_loop=web and parses and turns,
        drives=bool(tops & words.DRIVERS) and turns,
        parses=parses,
        writes=bool(set(held) & words.WRITE_CALLS),
        walks=any(words.PAGE_WORD.search(name) for name in held if len(name) < 200) and turns,
        people=any(words.about_people(name) for name in held),
        platforms=tuple(sorted(set().union(*(words.platforms(name) for name in held)))),
        compiled=True,
    )


def _library(name: str, known: frozenset[str]) -> str:
    """Return the longest beginning of a dotted name that is a known library's, or an empty string."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def _parses(found: Gathered, tops: set[str], called: set[str], patterns: list[str]) -> bool:
    parsers = tops & (words.PYTHON_PARSERS - {"html", "w3lib", "lxml"})
    markup = any(name.startswith("lxml.html") for name in found.imports)
    if "lxml" in tops and (markup or not any(name.startswith("lxml.etree") for name in found.imports)):
        parsers = parsers | {"lxml"}
    if parsers and called & words.PARSE_CALLS:
        return True
    if "lxml" in tops and called & {"HTML", "HTMLParser"}:
        return True
    if any(name.startswith("html.parser") for name in found.imports) or "HTMLParser" in found.bases:
        return True
    if tops & {"pandas", "polars"} and "read_html" in called:
        return True
    if tops & words.DRIVERS and (called | found.attributes) & DRIVER_READS:
        return True
    if (
        tops & words.DRIVERS
        and called & {"evaluate", "execute_script", "run_js"}
        and any("innerText" in text or "querySelector" in text or "textContent" in text for text in found.texts)
    ):
        return True
    if tops & words.EXTRACTORS and called & {
        "extract",
        "summary",
        "get_text",
        "extract_plain_text",
        "article",
        "html2text",
    }:
        return True
    return any(_PAGE_PATTERN.search(text) or words.EMAIL_PATTERN.search(text) for text in patterns)


def _patterns(found: Gathered, folder: Texts, calls: frozenset[str]) -> list[str]:
    patterns = []
    for site in found.sites:
        if site.name in calls and site.call.args:
            patterns.append(folder.text(site.call.args[0]))
    return patterns


def _modes(found: Gathered, folder: Texts) -> list[str]:
    """Return the modes in which files are opened to be written."""
    modes = []
    for site in found.sites:
        if site.name in ("open", "fdopen", "async_open", "TextIOWrapper"):
            given: list[ast.expr] = [
                *site.call.args[:2],
                *(one.value for one in site.call.keywords if one.arg == "mode"),
            ]
            modes += [mode for mode in map(folder.text, given) if re.fullmatch(r"[wax][bt+]{0,2}", mode)]
    return modes


def _writes(texts: Sequence[str], tops: set[str], called: set[str], modes: list[str]) -> bool:
    if modes or called & (words.WRITE_CALLS - {"write", "dump"}):
        return True
    if "dump" in called and tops & {"json", "pickle", "yaml", "joblib", "ujson", "orjson"}:
        return True
    if tops & {"openpyxl", "xlsxwriter", "xlwt", "gspread", "pymongo", "motor", "tinydb", "dataset", "jsonlines"}:
        return True
    return any(_KEEPS.match(text) for text in texts)


def _json(found: Gathered, tops: set[str], called: set[str]) -> bool:
    if "json" in called:
        return True
    return bool(tops & {"json", "orjson", "ujson", "simplejson", "msgspec"}) and bool(
        called & {"loads", "load", "decode"}
    )


def is_test(found: Gathered, tops: set[str]) -> bool:
    """Return whether a program is a test: by its classes, or by its functions' names and what they claim."""
    if found.bases & {"TestCase", "HttpUser", "FastHttpUser", "IsolatedAsyncioTestCase", "LiveServerTestCase"}:
        return True
    named = any(name.startswith("test_") for name in found.definitions)
    return named and (found.asserts > 0 or bool(tops & words.TEST_LIBRARIES) or "expect" in found.owner)
