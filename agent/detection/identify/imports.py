"""What does a script of the person's own do? From the facts about its code to evidence.

A library of the catalogue that exists to collect decides by being imported. A driver or an HTTP library is an engine
and says little; what speaks then is the shape: requests in a loop, pages taken apart, numbered pages walked, words
about people. A library the catalogue does not know is asked what it says of itself (`package.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from agent.content.catalogue import Catalogue, Kind, Tool
from agent.detection import weights
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify.folders import Distributions, is_file
from agent.detection.identify.package import identified as by_own_words
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.parse.vocabulary import (
    DRIVERS,
    EVASION,
    EXTRACTORS,
    JAVASCRIPT_HTTP,
    JAVASCRIPT_PARSERS,
    PLATFORM_LIBRARIES,
    PYTHON_HTTP,
    PYTHON_PARSERS,
    SHELL_FETCHERS,
    WORK_PLATFORMS,
)
from agent.detection.identify.shape import Shape, shape_of
from agent.detection.identify.unread import Why, unread
from agent.detection.identify.yara import strongest
from agent.detection.names import join, library_name
from agent.model.findings import CollectMode, Evidence, EvidenceClass

LANGUAGES = {
    "python": "Python",
    "javascript": "JavaScript",
    "shell": "shell",
    "perl": "Perl",
    "ruby": "Ruby",
    "php": "PHP",
    "java": "Java",
    "r": "R",
    "lua": "Lua",
    "go": "Go",
}
MAX_UNKNOWN = 20
_INTERPRETER_TECHNIQUE = {"python": "T1059.006", "javascript": "T1059.007", "shell": "T1059.004", "lua": "T1059.011"}
_FETCHING_ENGINES = frozenset(["scraper-framework", "ai-crawler", "site-mirror", "media-downloader", "serp-leadgen"])
"""Families whose libraries fetch pages themselves, so that a call in a loop is a request in a loop."""
_TELLING_ENGINES = frozenset(["browser-automation", "scraper-framework", "ai-crawler", "site-mirror"])
"""Families whose engines say something by being imported; a client of an interface or of HTTP says nothing."""
_QUIET_LIBRARIES = frozenset(["http", "https", "html", "urllib", "urllib3", "w3lib"])
"""Named in a script's id only when nothing better is there."""


def judge(
    facts: CodeFacts,
    language: str,
    catalogue: Catalogue,
    distributions: Distributions,
    sites: Sequence[Path],
    *,
    mark: str = "",
) -> Identified | None:
    """Say which tool a script is, or that it is the person's own collecting script, or None.

    Args:
        facts: The shape of its code.
        language: `python`, `javascript`, `shell` or another language that a reader exists for.
        catalogue: Every known tool.
        distributions: Which packages lie in which folder.
        sites: Package folders of the interpreter's environment.
        mark: A short keyed hash of the script, to tell scripts with the same libraries apart, or empty.
    """
    shape = shape_of(facts)
    technique = _INTERPRETER_TECHNIQUE.get(language, "T1059")
    # What a shell script calls is a process of its own and is identified as such; only a loop of them is seen here.
    tools = _tools(facts, language, catalogue) if language != "shell" else []
    collectors = [(tool, name) for tool, name in tools if tool.role == "collector"]
    drivers = [(tool, name) for tool, name in tools if tool.role != "collector" and tool.family in _TELLING_ENGINES]
    collectors.sort(key=lambda one: (not _verified(one[0], language, catalogue), one[0].bulk != "always"))
    if collectors:
        tool, name = collectors[0]
        sure = _verified(tool, language, catalogue)
        strength = weights.IMPORT_COLLECTOR if sure else weights.NAME_UNVERIFIED
        strength *= weights.TEST_IMPORTS if facts.tests else 1.0
        looped = name.split(".")[0] in facts.looped or facts.in_loop
        rule = "imports.collector" if sure else weights.UNVERIFIED_RULE
        evidence = [Evidence(EvidenceClass.CODE, rule, f"a script imports {name}", strength)]
        if shape.weight > strength:
            evidence.append(_shape_evidence(shape))
        modes: tuple[CollectMode, ...] = (CollectMode.LOOP,) if looped and tool.bulk != "never" else ()
        return _of(tool, evidence, modes, technique, shape.lowered)
    started = _started(facts, catalogue)
    if started is not None:
        tool, name = started
        detail = f"a script starts {name} again and again"
        evidence = [Evidence(EvidenceClass.CODE, "imports.runs", detail, weights.RUNS_COLLECTOR)]
        return _of(tool, evidence, (CollectMode.LOOP,), technique, "")
    if drivers:
        tool, name = drivers[0]
        # An agent of a language model walks by itself: no loop stands in the script.
        agent = tool.family == "ai-crawler" and name not in EXTRACTORS
        strength = weights.IMPORT_ENGINE if shape.weight or agent else weights.IMPORT_ENGINE_IDLE
        strength *= weights.OWN_HOST_ONLY if facts.own_host else 1.0
        strength *= weights.SHAPE_IS_TEST if facts.tests else 1.0
        evidence = [Evidence(EvidenceClass.PACKAGE, "imports.engine", f"a script imports {name}", strength)]
        # A driver called in a loop says nothing: what it does in there, the shape says.
        looped = name.split(".")[0] in facts.looped and tool.family in _FETCHING_ENGINES
        more, modes = _around(facts, shape, name if looped else "", told=True)
        evidence += more
        return _of(tool, evidence, modes, technique, shape.lowered)
    unknown, module = _unknown(facts, language, distributions, sites)
    if unknown is not None:
        looped = module.split(".")[0] in facts.looped
        drives = unknown.capability == "drives"
        told = drives or unknown.capability in ("crawls", "scrapes")
        more, modes = _around(facts, shape, module if looped else "", told=told, drives=drives)
        evidence = [*unknown.evidence, *more]
        modes = modes or ((CollectMode.LOOP,) if looped else ())
        return replace(
            unknown,
            role=Role.SCRIPT,
            bulk=Bulk.MODES,
            evidence=tuple(evidence),
            modes=modes,
            techniques=(*unknown.techniques, technique),
            lowered=shape.lowered,
        )
    if facts.yara:
        return _by_a_line(facts.yara, language, technique, mark)
    if (facts.opaque or facts.compiled) and shape.weight < weights.UNREAD:
        return unread(Why.PACKED if facts.opaque else Why.COMPILED, language, mark)
    if shape.weight == 0:
        return None
    return _own(facts, language, shape, technique, mark)


def _around(
    facts: CodeFacts, shape: Shape, looped: str, *, told: bool, drives: bool = False
) -> tuple[list[Evidence], tuple[CollectMode, ...]]:
    """Return what a script does with an engine that it imports, as evidence, and whether it is a loop.

    Args:
        facts: The shape of its code.
        shape: What that comes to.
        looped: The engine's name where it is called again and again, or empty.
        told: Whether a text that tells to gather may be meant for the engine.
        drives: Whether the engine drives a browser, so that calling it in a loop is not yet asking in a loop.
    """
    loop = (CollectMode.LOOP,)
    if shape.weight >= weights.CODE_LOOP_KEEPS or (shape.weight and not looped):
        return [_shape_evidence(shape)], _loop_mode(shape)
    if facts.tests or facts.own_host:
        return [], ()
    if looped and not facts.few and not drives:
        # It fetches by itself what it is given: the loop around it is the crawl, though no request is seen in it.
        called = f"a script calls {looped} again and again"
        return [Evidence(EvidenceClass.CODE, "imports.loop", called, weights.LOOPED_ENGINE)], loop
    if facts.tells and told:
        says = "a text in the script tells what it drives to gather data of many"
        return [Evidence(EvidenceClass.CODE, "imports.told", says, weights.TOLD_TO_GATHER)], loop
    return [], ()


def _by_a_line(rules: Sequence[str], language: str, technique: str, mark: str) -> Identified | None:
    """Answer for code that could not be read, by the line in it that takes in a library."""
    spoken = strongest(rules)
    if spoken is None:
        return None
    says = f"a line in its code, which could not be read, {spoken.says}"
    return Identified(
        tool=f"script:{language}" + (f"#{mark}" if mark else ""),
        name=f"A {LANGUAGES.get(language, language)} script",
        family=spoken.family,
        role=Role.SCRIPT,
        bulk=Bulk.MODES,
        evidence=(Evidence(EvidenceClass.CODE, "imports.line", says, weights.UNREAD),),
        techniques=("T1119", technique, "OAT-011"),
        capability=spoken.does,
    )


def _own(facts: CodeFacts, language: str, shape: Shape, technique: str, mark: str) -> Identified:
    """Make the answer for a script of the person's own that no tool is behind."""
    libraries = _libraries(facts)
    said = join([library_name(name) for name in libraries])
    pieces = [_shape_evidence(shape)]
    evading = sorted({name.split(".")[0] for name in facts.imports} & EVASION)
    if evading:
        detail = f"uses {join(evading)}, made to pass for a person's browser"
        pieces.append(Evidence(EvidenceClass.PACKAGE, "imports.evasion", detail, weights.IMPORT_EVASION))
    family, capability = _nature(facts, libraries)
    return Identified(
        tool=f"script:{','.join(libraries) or language}" + (f"#{mark}" if mark else ""),
        name=f"A {LANGUAGES.get(language, language)} script" + (f" using {said}" if said else ""),
        family=family,
        role=Role.SCRIPT,
        bulk=Bulk.MODES,
        evidence=tuple(pieces),
        modes=_loop_mode(shape),
        techniques=("T1119", technique, "OAT-011"),
        capability=capability,
        lowered=shape.lowered,
    )


def _nature(facts: CodeFacts, libraries: Sequence[str]) -> tuple[str, str]:
    """Return family and capability of a script of one's own, by what it does most tellingly."""
    if set(libraries) & DRIVERS:
        return "browser-automation", "drives"
    if facts.searches:
        return "serp-leadgen", "searches"
    if facts.media and facts.downloads:
        return "media-downloader", "downloads"
    if facts.platforms and facts.api:
        return "api-harvester", "harvests"
    if set(facts.platforms) - WORK_PLATFORMS:
        return "social-media-scraper", "scrapes"
    if facts.parses:
        return "generic-http", "crawls" if facts.follows else "scrapes"
    return "generic-http", "harvests" if facts.api and facts.walks else "fetches"


def _shape_evidence(shape: Shape) -> Evidence:
    return Evidence(EvidenceClass.CODE, "imports.loop", shape.says, shape.weight)


def _loop_mode(shape: Shape) -> tuple[CollectMode, ...]:
    return (CollectMode.LOOP,) if shape.weight >= weights.CODE_LOOP_KEEPS else ()


def _started(facts: CodeFacts, catalogue: Catalogue) -> tuple[Tool, str] | None:
    """Return a catalogued collector, downloader or asker of search engines that is started in a loop: by its name."""
    for name in facts.runs_in_loop:
        for spelled in (name, name.replace("_", "-")):
            tool = catalogue.by_executable(spelled)
            if tool is None or spelled in SHELL_FETCHERS or not catalogue.is_verified(tool, "executables"):
                continue  # what a loop around curl or wget is, its shape says
            if tool.role == "collector" or tool.family in ("serp-leadgen", "media-downloader"):
                return tool, spelled
    return None


def _of(
    tool: Tool, evidence: Sequence[Evidence], modes: tuple[CollectMode, ...], technique: str, lowered: str
) -> Identified:
    return Identified(
        tool=tool.id,
        name=tool.name,
        family=tool.family,
        role=Role(tool.role),
        bulk=Bulk(tool.bulk),
        evidence=tuple(evidence),
        modes=modes,
        techniques=tuple(sorted({*tool.techniques, technique})),
        lowered=lowered,
    )


def _verified(tool: Tool, language: str, catalogue: Catalogue) -> bool:
    kinds: tuple[Kind, ...] = ("imports",) if language == "python" else ("npm", "imports")
    return any(catalogue.is_verified(tool, kind) for kind in kinds)


def _tools(facts: CodeFacts, language: str, catalogue: Catalogue) -> list[tuple[Tool, str]]:
    """Return the catalogued tools among the imports, each once, by the longest name that is known."""
    found: dict[str, tuple[Tool, str]] = {}
    for name in facts.imports:
        tool = None
        key = name
        if language == "python":
            parts = name.split(".")
            for length in range(len(parts), 0, -1):
                key = ".".join(parts[:length])
                tool = catalogue.by_import(key)
                if tool is not None:
                    break
        else:
            tool = catalogue.by_npm(name) or catalogue.by_import(name)
        if tool is not None:
            found.setdefault(tool.id, (tool, key))
    return list(found.values())


def _unknown(
    facts: CodeFacts, language: str, distributions: Distributions, sites: Sequence[Path]
) -> tuple[Identified | None, str]:
    """Ask the first few libraries in no list what they say of themselves; return the surest answer and its module."""
    best: Identified | None = None
    of = ""
    for module, package, folder in _folders(facts, language, distributions, sites):
        made = by_own_words("npm" if language == "javascript" else "pypi", package, folder)
        if made is not None and (best is None or made.evidence[0].weight > best.evidence[0].weight):
            best, of = made, module
    return best, of


def _folders(
    facts: CodeFacts, language: str, distributions: Distributions, sites: Sequence[Path]
) -> Iterator[tuple[str, str, str]]:
    """Yield module, package and folder behind the imports that no list here knows, the nearest of each."""
    if language == "shell":
        return
    known = PYTHON_HTTP | PYTHON_PARSERS | DRIVERS | JAVASCRIPT_HTTP | JAVASCRIPT_PARSERS
    names = {name if language == "javascript" else name.split(".")[0] for name in facts.imports}
    for name in sorted(names - known)[:MAX_UNKNOWN]:
        for site in sites:
            if language == "javascript":
                folder = site / name if is_file(site / name / "package.json") else None
            else:
                owner = distributions.owner(name, site)
                folder = distributions.names(site).get(owner) if owner else None
            if folder is not None:
                yield name, (name if language == "javascript" else owner), str(folder)
                break


def _libraries(facts: CodeFacts) -> list[str]:
    tops = {name if name.startswith("@") else name.split(".")[0] for name in facts.imports}
    engines = PYTHON_HTTP | PYTHON_PARSERS | DRIVERS | JAVASCRIPT_HTTP | JAVASCRIPT_PARSERS | SHELL_FETCHERS
    known = tops & (engines | set(PLATFORM_LIBRARIES))
    telling = known - _QUIET_LIBRARIES
    return sorted(telling or known)[:4]
