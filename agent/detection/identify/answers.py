"""Makes the answer for a tool of the catalogue: who it is, by which identifier, and what it was asked for."""

from __future__ import annotations

from dataclasses import replace

from agent.content.catalogue import Catalogue, Tool
from agent.detection import weights
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify.modes import Asked, asked
from agent.detection.identify.program import Program
from agent.model.findings import Evidence, EvidenceClass

_ABLE = {
    "scraper-framework": "scrapes",
    "social-media-scraper": "scrapes",
    "media-downloader": "downloads",
    "site-mirror": "mirrors",
    "browser-automation": "drives",
    "ai-crawler": "crawls",
    "serp-leadgen": "searches",
    "api-harvester": "harvests",
    "generic-http": "fetches",
    "scraper-extension": "exports",
}
"""What the tools of a family are able to do."""


def of_tool(tool: Tool, pieces: tuple[Evidence, ...], what: Asked) -> Identified:
    """Return the answer for a tool, without evidence of what it was asked for."""
    return Identified(
        tool=tool.id,
        name=tool.name,
        family=tool.family,
        role=Role(tool.role),
        bulk=Bulk(tool.bulk),
        evidence=pieces,
        modes=what.modes,
        quiet=what.quiet,
        techniques=tuple(tool.techniques),
        capability=_ABLE[tool.family],
    )


def asked_of(tool: Tool, program: Program, pieces: tuple[Evidence, ...]) -> Identified:
    """Join who it is with what its command line asked for."""
    what = asked(tool, program.arguments)
    return with_modes(of_tool(tool, pieces, what), what, weights.FLAGS_MODE)


def with_modes(found: Identified, what: Asked, strength: float) -> Identified:
    """Add what a command line asked for.

    Args:
        found: Who it is.
        what: Ways of asking for many, each with the option that showed it.
        strength: What such a way says.
    """
    pieces = found.evidence
    if what.modes:
        how = ", ".join(f"{mode.value} ({why})" for mode, why in zip(what.modes, what.because, strict=True))
        unproven = all(piece.rule == weights.UNVERIFIED_RULE for piece in pieces)
        rule = weights.UNVERIFIED_RULE if unproven else "catalogue.mode"
        pieces = (*pieces, Evidence(EvidenceClass.FLAGS, rule, f"asked for many: {how}", strength))
    modes = tuple(sorted({*found.modes, *what.modes}))
    flags = tuple(sorted({*found.flags, *(why for why in what.because if why.startswith("-"))}))
    return replace(found, evidence=pieces, modes=modes, quiet=what.quiet, flags=flags)


def by_name(catalogue: Catalogue, tool: Tool, *, own_file: bool) -> Evidence:
    """Return what it says that a program was started by a tool's name.

    Args:
        catalogue: Every known tool.
        tool: Whose name it is.
        own_file: Whether the name is a file's of the person's own, which may be called anything.
    """
    if not catalogue.is_verified(tool, "executables"):
        strength = weights.NAME_UNVERIFIED
    elif tool.role != "collector":
        strength = weights.NAME_ENGINE
    else:
        strength = weights.NAME_SCRIPT if own_file else weights.NAME_COLLECTOR
    rule = weights.UNVERIFIED_RULE if strength == weights.NAME_UNVERIFIED else "catalogue.executable"
    return Evidence(EvidenceClass.NAME, rule, f"started by the name of {tool.name}", strength)


def says_nothing(found: Identified) -> bool:
    """An engine that was asked for one thing is nobody's business; a browser's driver may yet show what it is for."""
    return found.role is Role.ENGINE and found.family != "browser-automation" and not found.modes
