"""What is a native program that the catalogue does not know by its name? From the facts of its file to an answer.

`look` asks the helper process for the facts of an executable, once for each file; `worth_looking` says for which: not
for what a package manager owns, whose packages speak for themselves (`debian.py`), and not for browsers. `judge` asks,
in this order: is it a copy of a known program, does it carry a catalogued library, was it built from or does it carry
libraries that collecting programs are built from, what does it say of itself, which YARA rule spoke. Pure but for
`look`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from agent.content.catalogue import Catalogue, Tool
from agent.detection import weights
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify.closure import COLLECTING_LIBRARIES
from agent.detection.identify.debian import is_systems_own
from agent.detection.identify.own_words import Said, capability
from agent.detection.identify.package import from_words
from agent.detection.identify.parse.binary_facts import BinaryFacts
from agent.detection.identify.parse.vocabulary import (
    JAVASCRIPT_HTTP,
    JAVASCRIPT_PARSERS,
    PYTHON_HTTP,
    PYTHON_PARSERS,
)
from agent.detection.identify.yara import RULES, strongest
from agent.detection.names import join, library_name
from agent.model.findings import Evidence, EvidenceClass

FROZEN_COLLECTOR = 0.75
"""A catalogued collector's modules inside a frozen program (reference detection.md C3, «frozen strings»)."""
FROZEN_ENGINE = 0.4
FROZEN_PARTS = 0.35
"""A frozen program carries what fetches and what takes pages apart: listed; its walk on the network decides."""
_EVERYWHERE = frozenset(["http", "urllib", "html", "urllib3", "https"])
"""Of the standard library, or what comes along with anything."""
COPY = 0.85
"""The build id of a known program: as good as its name, which it was given away from."""

_TELLING = frozenset(["browser-automation", "scraper-framework", "ai-crawler", "site-mirror"])
_BROWSERS = re.compile(
    r"(?:google-)?chrome|chromium|firefox|msedge|microsoft-edge|brave|opera|vivaldi|safari|electron|code|webkit\w*"
)
_LIBRARIES = (
    # Go modules and Rust crates by the words that stand for what they do; the last part of a module's path decides.
    (
        re.compile(r"colly|geziyor|gocrawl|crawler|crawl|spider|scraper|scrape|katana|ferret|voyager|crawly"),
        "crawls",
        0.5,
    ),
    (
        re.compile(r"chromedp|rod|playwright-go|headless[-_]chrome|fantoccini|thirtyfour|chromiumoxide|selenium"),
        "drives",
        0.4,
    ),
    (
        re.compile(r"(?:youtube|ytdl|yt-dlp|instagram|goinsta|tiktok|twitter-scraper|bilibili|lux|annie)(?:-\w+)?"),
        "downloads",
        0.45,
    ),
    (re.compile(r"goquery|htmlquery|cascadia|soup|select|html5ever|kuchiki"), "scrapes", 0.2),
)
_FAMILY = {
    "crawls": "scraper-framework",
    "drives": "browser-automation",
    "downloads": "media-downloader",
    "scrapes": "scraper-framework",
}
_HAS = {
    "crawls": "was built with {}, made to crawl",
    "drives": "was built with {}, made to drive a browser",
    "downloads": "was built with {}, made to download media",
    "scrapes": "was built with {}, which takes pages apart",
}


class Reader(Protocol):
    """What reads executables: `helper.CodeReader`."""

    async def read_binary(self, path: str) -> BinaryFacts | None:
        """Return the facts of an executable, or None."""


def worth_looking(path: str, base: str) -> bool:
    """Return whether a native program's file should be looked at.

    Args:
        path: Its real, absolute path.
        base: Lower-case base name of what it was started as.
    """
    return path.startswith("/") and not is_systems_own(path) and _BROWSERS.fullmatch(base) is None


async def look(path: str, reader: Reader) -> BinaryFacts | None:
    """Return the facts of an executable, from memory where its file was looked at before; None when unreadable."""
    return await reader.read_binary(path)


def judge(
    facts: BinaryFacts, catalogue: Catalogue, *, name: str = "", name_of: Callable[[str], str] = lambda build: ""
) -> Identified | None:
    """Say which tool an executable is, or what it is able to do, or None.

    Args:
        facts: What it is made of.
        catalogue: Every known tool.
        name: Its base name, for the answer; empty leaves it out.
        name_of: Returns the known command that has a build id (`renamed.KnownBuilds.name_of`).
    """
    copied = _copy(facts, catalogue, name_of)
    if copied is not None:
        return copied
    carried = _carries(facts, catalogue)
    if carried is not None:
        return carried
    return max(
        (one for one in (_built(facts, name), _says(facts, name), _rules(facts, name)) if one is not None),
        key=lambda one: one.evidence[0].weight,
        default=None,
    )


def _copy(facts: BinaryFacts, catalogue: Catalogue, name_of: Callable[[str], str]) -> Identified | None:
    known = name_of(facts.build)
    tool = catalogue.by_executable(known) if known else None
    rule, detail, weight = "binary.build-id", f"a copy of {known} under another name", COPY
    if tool is None:
        for one in facts.yara:
            spoken = RULES.get(one)
            if spoken is not None and spoken.program:
                tool = catalogue.by_executable(spoken.program)
                rule, detail, weight = f"yara.{one}", spoken.says, spoken.weight
                if tool is not None:
                    break
    if tool is None:
        return None
    if tool.role != "collector":
        weight = weights.NAME_ENGINE
    return _of(tool, Evidence(EvidenceClass.NAME, rule, detail, weight))


def _carries(facts: BinaryFacts, catalogue: Catalogue) -> Identified | None:
    """Return the catalogued tool whose code a frozen program carries: a collector before a driver."""
    tools: dict[str, tuple[Tool, str]] = {}
    for module in facts.modules:
        if facts.language == "javascript":
            tool = catalogue.by_npm(module) or catalogue.by_import(module)
        else:
            tool = catalogue.by_import(module)
        if tool is not None:
            tools.setdefault(tool.id, (tool, module))
    decisive = [one for one in tools.values() if one[0].role == "collector"]
    telling = [one for one in tools.values() if one[0].role != "collector" and one[0].family in _TELLING]
    if not decisive and not telling:
        return None
    tool, module = (decisive or telling)[0]
    weight = FROZEN_COLLECTOR if decisive else FROZEN_ENGINE
    evidence = Evidence(EvidenceClass.CODE, "binary.frozen", f"carries {library_name(module)} inside", weight)
    return _of(tool, evidence)


def _built(facts: BinaryFacts, name: str) -> Identified | None:
    """Judge by the libraries that a program was built from or carries, where the catalogue knows none of them."""
    best: tuple[float, str, str] | None = None
    for path in facts.dependencies:
        last = re.sub(r"/v\d+$", "", path).rsplit("/", 1)[-1].lower()
        for pattern, does, weight in _LIBRARIES:
            if pattern.fullmatch(last.removeprefix("go-").removesuffix("-go")) and (best is None or weight > best[0]):
                best = (weight, does, last)
    if best is None:
        carried = _known_names(facts.modules)
        if not carried:
            return _fetches_and_parses(facts, name)
        weight = round(min(0.6, 0.5 * max(COLLECTING_LIBRARIES[one] for one in carried)), 3)
        if _fetches_and_parses(facts, name) is not None:
            weight = max(weight, FROZEN_PARTS)
        detail = f"carries {join([library_name(one) for one in carried[:4]])} inside"
        return _unknown(facts, name, "scrapes", Evidence(EvidenceClass.CODE, "binary.carries", detail, weight))
    weight, does, library = best
    evidence = Evidence(EvidenceClass.CODE, "binary.built-with", _HAS[does].format(library), weight)
    return _unknown(facts, name, does, evidence)


def _fetches_and_parses(facts: BinaryFacts, name: str) -> Identified | None:
    """Judge a frozen program that carries what fetches pages and what takes them apart."""
    modules = {module.replace("-", "_") for module in facts.modules}
    fetch = sorted(modules & (PYTHON_HTTP | JAVASCRIPT_HTTP) - _EVERYWHERE)
    parse = sorted(modules & (PYTHON_PARSERS | JAVASCRIPT_PARSERS) - _EVERYWHERE)
    if not (facts.frozen and fetch and parse):
        return None
    detail = (
        f"carries {library_name(fetch[0])}, which fetches pages, and {library_name(parse[0])}, which takes them apart"
    )
    return _unknown(facts, name, "scrapes", Evidence(EvidenceClass.CODE, "binary.carries", detail, FROZEN_PARTS))


def _known_names(modules: Iterable[str]) -> list[str]:
    names = {module.replace("_", "-").lower() for module in modules}
    return sorted(names & COLLECTING_LIBRARIES.keys(), key=lambda one: (-COLLECTING_LIBRARIES[one], one))


def _says(facts: BinaryFacts, name: str) -> Identified | None:
    """Ask a Go program's module path and an application's own description."""
    path = re.sub(r"/v\d+$", "", facts.module)
    words = " ".join(re.split(r"[-_./]+", path.lower().removeprefix("github.com/"))) if "/" in path else ""
    said = Said(name=f"{words} {facts.name}".strip(), summary=facts.description)
    # A name is all that a Go program says of itself: it counts as much as a summary.
    found = capability(replace(said, summary=words) if words and not facts.description else said)
    if found is None:
        return None
    return from_words(_tool(facts, name), _shown(facts, name), _shown(facts, name), found)


def _rules(facts: BinaryFacts, name: str) -> Identified | None:
    spoken = strongest(facts.yara)
    if spoken is None:
        return None
    rule = next(one for one in facts.yara if RULES.get(one) is spoken)
    evidence = Evidence(EvidenceClass.CODE, f"yara.{rule}", spoken.says, spoken.weight)
    return replace(_unknown(facts, name, spoken.does, evidence), family=spoken.family)


def _unknown(facts: BinaryFacts, name: str, does: str, evidence: Evidence) -> Identified:
    return Identified(
        tool=_tool(facts, name),
        name=_shown(facts, name),
        family=_FAMILY.get(does, "generic-http"),
        role=Role.ENGINE if does in ("drives", "fetches") else Role.COLLECTOR,
        bulk=Bulk.MODES,
        evidence=(evidence,),
        techniques=("T1119", "OAT-011"),
        capability=does,
    )


def _of(tool: Tool, evidence: Evidence) -> Identified:
    return Identified(
        tool=tool.id,
        name=tool.name,
        family=tool.family,
        role=Role(tool.role),
        bulk=Bulk(tool.bulk),
        evidence=(evidence,),
        techniques=tuple(sorted({*tool.techniques, "T1036.003"})),
    )


def _tool(facts: BinaryFacts, name: str) -> str:
    return f"program:{_shown(facts, name)}"


def _shown(facts: BinaryFacts, name: str) -> str:
    """Return a name that may be shown: what the program is called, else what it was built as."""
    last = re.sub(r"/v\d+$", "", facts.module).rsplit("/", 1)[-1]
    for one in (name, last, facts.name):
        kept = re.sub(r"[^\w.+-]", "", one)[:60]
        if kept:
            return kept
    return facts.frozen or facts.language or "unknown"
