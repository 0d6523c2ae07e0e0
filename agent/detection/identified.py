"""The answer of identification: which tool one process is, in facts small enough to keep.

`identify/` makes it from a command line that it then forgets; `findings.py` joins it with connections and page loads.
Nothing in here is an argument, a path or a line of code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.model.findings import CollectMode, Evidence


class Role(StrEnum):
    """What a tool is by nature.

    A *collector* exists to collect; an *engine* (a browser driver, an HTTP library, curl) serves a thousand other ends
    and never decides a flag by its presence; a *script* is the person's own program, judged by its code alone.
    """

    COLLECTOR = "collector"
    ENGINE = "engine"
    SCRIPT = "script"


class Bulk(StrEnum):
    """When a tool asks for many: by nature, in certain modes only, or never."""

    ALWAYS = "always"
    MODES = "modes"
    NEVER = "never"


CAPABILITIES = frozenset(
    ["scrapes", "crawls", "mirrors", "downloads", "drives", "searches", "harvests", "fetches", "exports", "unread"]
)
"""What a tool is able to do, whatever it is called: scrape pages, crawl by links, mirror sites, download media, drive a
browser, ask search engines, page through an interface, fetch addresses, export what a page shows; `unread` stands for
what could not be looked into."""


@dataclass(frozen=True, slots=True)
class Identified:
    """One process, recognised.

    Attributes:
        tool: Catalogue id, `package:<ecosystem>:<name>` for a tool known only by what its package says of itself, or
            `script:<libraries>` for a script of the person's own.
        name: What a person calls it.
        family: One of the families of DESIGN 4.
        role: What it is by nature.
        bulk: When it asks for many.
        evidence: What spoke for it, by itself; the detector takes off what the surroundings say.
        modes: Ways in which this very process was asked for many.
        quiet: Asked only for help, its version or the like: never a reason for a flag.
        techniques: ATT&CK and OWASP ids.
        capability: What it is able to do, one of `CAPABILITIES`, or empty where only its family is known.
        flags: Names of the options it was started with that mean something, as the catalogue or our rules write them.
        lowered: Why its surroundings speak for ordinary work, in words; empty where nothing does.
    """

    tool: str
    name: str
    family: str
    role: Role
    bulk: Bulk
    evidence: tuple[Evidence, ...]
    modes: tuple[CollectMode, ...] = ()
    quiet: bool = False
    techniques: tuple[str, ...] = ()
    capability: str = ""
    flags: tuple[str, ...] = ()
    lowered: str = ""

    @property
    def asks_for_many(self) -> bool:
        """Whether this process runs in a way that asks for many at once (DESIGN 3.14)."""
        if self.quiet:
            return False
        return bool(self.modes) or (self.bulk is Bulk.ALWAYS and self.role is Role.COLLECTOR)
