"""What does a script of the person's own do? From the facts about its code to evidence.

A library of the catalogue that exists to collect decides by being imported. A driver or an HTTP library is an engine
and says little; what speaks then is the shape: requests in a loop, pages taken apart, numbered pages walked, words
about people. A library the catalogue does not know is asked what it says of itself (`package.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from agent.content.catalogue import Catalogue, Kind, Tool
from agent.detection import weights
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify.folders import Distributions, normal
from agent.detection.identify.package import capability, describe
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.identify.parse.vocabulary import (
    DRIVERS,
    EVASION,
    JAVASCRIPT_HTTP,
    JAVASCRIPT_PARSERS,
    PYTHON_HTTP,
    PYTHON_PARSERS,
    SHELL_FETCHERS,
)
from agent.detection.names import join, library_name
from agent.model.findings import CollectMode, Evidence, EvidenceClass

LANGUAGES = {"python": "Python", "javascript": "JavaScript", "shell": "shell"}
MAX_UNKNOWN = 20
_INTERPRETER_TECHNIQUE = {"python": "T1059.006", "javascript": "T1059.007", "shell": "T1059.004"}
_TELLING_ENGINES = frozenset(["browser-automation", "scraper-framework", "ai-crawler", "site-mirror"])
"""Families whose engines say something by being imported; a client of an interface or of HTTP says nothing."""
_QUIET_LIBRARIES = frozenset(["http", "https", "html", "urllib", "urllib3", "w3lib"])
"""Named in a script's id only when nothing better is there."""


def judge(
    facts: CodeFacts, language: str, catalogue: Catalogue, distributions: Distributions, sites: Sequence[Path]
) -> Identified | None:
    """Say which tool a script is, or that it is the person's own collecting script, or None.

    Args:
        facts: The shape of its code.
        language: `python`, `javascript` or `shell`.
        catalogue: Every known tool.
        distributions: Which packages lie in which folder.
        sites: Package folders of the interpreter's environment.
    """
    weight, shape = loop_weight(facts)
    # What a shell script calls is a process of its own and is identified as such.
    tools = _tools(facts, language, catalogue) if language != "shell" else []
    collectors = [(tool, name) for tool, name in tools if tool.role == "collector"]
    drivers = [(tool, name) for tool, name in tools if tool.role != "collector" and tool.family in _TELLING_ENGINES]
    technique = _INTERPRETER_TECHNIQUE[language]
    collectors.sort(key=lambda one: (not _verified(one[0], language, catalogue), one[0].bulk != "always"))
    if collectors:
        tool, name = collectors[0]
        sure = _verified(tool, language, catalogue)
        strength = weights.IMPORT_COLLECTOR if sure else weights.NAME_UNVERIFIED
        looped = name.split(".")[0] in facts.looped or facts.in_loop
        rule = "imports.collector" if sure else weights.UNVERIFIED_RULE
        evidence = [Evidence(EvidenceClass.CODE, rule, f"a script imports {name}", strength)]
        if weight > strength:
            evidence.append(Evidence(EvidenceClass.CODE, "imports.loop", shape, weight))
        modes: tuple[CollectMode, ...] = (CollectMode.LOOP,) if looped and tool.bulk != "never" else ()
        return _of(tool, evidence, modes, technique)
    if drivers:
        tool, name = drivers[0]
        strength = weights.IMPORT_ENGINE if not facts.own_host else weights.IMPORT_ENGINE * weights.OWN_HOST_ONLY
        evidence = [Evidence(EvidenceClass.PACKAGE, "imports.engine", f"a script imports {name}", strength)]
        if weight:
            evidence.append(Evidence(EvidenceClass.CODE, "imports.loop", shape, weight))
        return _of(tool, evidence, _loop_mode(facts, weight), technique)
    unknown = _unknown(facts, language, distributions, sites)
    if unknown is not None:
        modes = _loop_mode(facts, weight) or ((CollectMode.LOOP,) if _looped(unknown, facts) else ())
        evidence = [*unknown.evidence]
        if weight:
            evidence.append(Evidence(EvidenceClass.CODE, "imports.loop", shape, weight))
        return Identified(
            unknown.tool,
            unknown.name,
            unknown.family,
            Role.SCRIPT,
            Bulk.MODES,
            tuple(evidence),
            modes,
            techniques=(*unknown.techniques, technique),
        )
    if weight == 0:
        return None
    libraries = _libraries(facts)
    said = join([library_name(name) for name in libraries])
    pieces = [Evidence(EvidenceClass.CODE, "imports.loop", shape, weight)]
    evading = sorted({name.split(".")[0] for name in facts.imports} & EVASION)
    if evading:
        detail = f"uses {join(evading)}, made to pass for a person's browser"
        pieces.append(Evidence(EvidenceClass.PACKAGE, "imports.evasion", detail, weights.IMPORT_EVASION))
    return Identified(
        tool=f"script:{','.join(libraries) or language}",
        name=f"A {LANGUAGES[language]} script" + (f" using {said}" if said else ""),
        family="browser-automation" if set(libraries) & DRIVERS else "generic-http",
        role=Role.SCRIPT,
        bulk=Bulk.MODES,
        evidence=tuple(pieces),
        modes=_loop_mode(facts, weight),
        techniques=("T1119", technique, "OAT-011"),
    )


def loop_weight(facts: CodeFacts) -> tuple[float, str]:
    """Return how much the shape of the code says, and a fixed sentence for it; 0 where no requests are in a loop."""
    if not facts.in_loop:
        return 0.0, ""
    parts = ["walks pages in a browser in a loop" if facts.drives else "requests pages in a loop"]
    weight = weights.CODE_LOOP
    if facts.parses or facts.writes:
        weight = weights.CODE_LOOP_KEEPS
    if facts.parses:
        parts.append("takes them apart")
    if facts.writes:
        parts.append("writes what it finds")
    if facts.walks:
        parts.append("goes through numbered pages or links")
        if facts.parses or facts.drives or facts.people:
            weight = weights.CODE_LOOP_WALKS
    if facts.people:
        parts.append("looks for data about people")
        if facts.walks and (facts.parses or facts.drives):
            weight = weights.CODE_LOOP_PEOPLE
    if facts.own_host:
        weight *= weights.OWN_HOST_ONLY
    return weight, ", ".join(parts)


def _loop_mode(facts: CodeFacts, weight: float) -> tuple[CollectMode, ...]:
    return (CollectMode.LOOP,) if facts.in_loop and weight >= weights.CODE_LOOP_KEEPS else ()


def _of(tool: Tool, evidence: Sequence[Evidence], modes: tuple[CollectMode, ...], technique: str) -> Identified:
    return Identified(
        tool=tool.id,
        name=tool.name,
        family=tool.family,
        role=Role(tool.role),
        bulk=Bulk(tool.bulk),
        evidence=tuple(evidence),
        modes=modes,
        techniques=tuple(sorted({*tool.techniques, technique})),
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


def _unknown(facts: CodeFacts, language: str, distributions: Distributions, sites: Sequence[Path]) -> Identified | None:
    """Ask the first few libraries that are in neither list what they say of themselves; return the surest answer."""
    best: Identified | None = None
    for package, folder in _folders(facts, language, distributions, sites):
        made = by_own_words("npm" if language == "javascript" else "pypi", package, folder)
        if made is not None and (best is None or made.evidence[0].weight > best.evidence[0].weight):
            best = made
    return best


def _folders(
    facts: CodeFacts, language: str, distributions: Distributions, sites: Sequence[Path]
) -> Iterator[tuple[str, str]]:
    """Yield name and folder of the packages behind the imports that no list here knows, the nearest of each."""
    if language == "shell":
        return
    known = PYTHON_HTTP | PYTHON_PARSERS | DRIVERS | JAVASCRIPT_HTTP | JAVASCRIPT_PARSERS
    names = {name if language == "javascript" else name.split(".")[0] for name in facts.imports}
    for name in sorted(names - known)[:MAX_UNKNOWN]:
        for site in sites:
            if language == "javascript":
                folder = site / name if (site / name / "package.json").is_file() else None
            else:
                folder = distributions.names(site).get(normal(name))
            if folder is not None:
                yield (name if language == "javascript" else normal(name)), str(folder)
                break


def by_own_words(ecosystem: str, package: str, folder: str) -> Identified | None:
    """Identify a package that the catalogue does not know by what it says of itself, or return None."""
    said = describe(ecosystem, folder)
    able = capability(said) if said is not None else None
    if able is None:
        return None
    detail = f"{package} describes itself as {able.says}"
    if able.libraries:
        detail += f" and is built on {join([library_name(name) for name in able.libraries])}"
    strength = weights.PACKAGE_SELF_STRONG if able.strong else weights.PACKAGE_SELF_WEAK
    return Identified(
        tool=f"package:{ecosystem}:{package}",
        name=package,
        family=able.family,
        role=Role.COLLECTOR,
        bulk=Bulk.ALWAYS if able.strong and able.says == "scraping" else Bulk.MODES,
        evidence=(Evidence(EvidenceClass.PACKAGE, "package.own-words", detail, strength),),
        techniques=("T1119", "OAT-011"),
    )


def _looped(unknown: Identified, facts: CodeFacts) -> bool:
    return normal(unknown.name) in {normal(name) for name in facts.looped}


def _libraries(facts: CodeFacts) -> list[str]:
    tops = {name if name.startswith("@") else name.split(".")[0] for name in facts.imports}
    known = tops & (PYTHON_HTTP | PYTHON_PARSERS | DRIVERS | JAVASCRIPT_HTTP | JAVASCRIPT_PARSERS | SHELL_FETCHERS)
    telling = known - _QUIET_LIBRARIES
    return sorted(telling or known)[:4]
