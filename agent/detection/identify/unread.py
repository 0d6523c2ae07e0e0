"""A program that cannot be looked into: its code is packed, too large to read, or compiled.

That says nothing by itself: the answer is hidden, and makes it only worth a look at what the program does on the
network. Published programs are not meant: what a package manager owns, or what names a public source, is known by that.
"""

from __future__ import annotations

from enum import StrEnum

from agent.detection import weights
from agent.detection.identified import Bulk, Identified, Role
from agent.model.findings import Evidence, EvidenceClass


class Why(StrEnum):
    """Why a program could not be read; the value is the last part of the rule's id."""

    PACKED = "packed"
    COMPILED = "compiled"
    TOO_LARGE = "too-large"
    OWN_BUILD = "own-build"


_RULES = {
    Why.PACKED: ("unread.packed", "runs code that it carries packed or encrypted"),
    Why.COMPILED: ("unread.compiled", "was compiled, so that what it asks for again and again cannot be seen"),
    Why.TOO_LARGE: ("unread.too-large", "its code is too large to read"),
    Why.OWN_BUILD: ("unread.own-build", "was compiled from somebody's own source, published nowhere"),
}


def unread(why: Why, language: str, mark: str) -> Identified:
    """Return the answer for a program that cannot be looked into.

    Args:
        why: Why not.
        language: What it is written in, or empty.
        mark: A short keyed hash, to tell such programs apart, or empty.
    """
    rule, says = _RULES[why]
    return Identified(
        tool=f"unread:{language or 'program'}" + (f"#{mark}" if mark else ""),
        name="A program that cannot be looked into",
        family="generic-http",
        role=Role.SCRIPT,
        bulk=Bulk.MODES,
        evidence=(Evidence(EvidenceClass.CODE, rule, says, weights.UNREAD),),
        # T1027 is hiding what a file holds: neither a compiler nor size does.
        techniques=(*(("T1027",) if why is Why.PACKED else ()), "T1119", "OAT-011"),
        capability="unread",
    )
