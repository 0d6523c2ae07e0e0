"""A finding in plain English: why it is there, what it means, what can be done now.

The page, the terminal and the desktop notice show the same sentences, made here from a finding's own fields and from
nothing else, so that a person reads exactly what is kept and would be reported.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.detection.names import join, platform_name
from agent.model.findings import CollectMode, EvidenceClass, Finding, Level, Stage

_LEVELS = {
    Level.HIDDEN: "There is next to nothing to go by.",
    Level.LOW: "This is a weak sign: it may well be something else.",
    Level.MEDIUM: "This is likely, not certain.",
    Level.HIGH: "Several independent signs agree.",
}
_MODES = {
    CollectMode.LIST: "a list of addresses",
    CollectMode.RECURSION: "page after page by following links",
    CollectMode.CHANNEL: "a whole channel, playlist or profile",
    CollectMode.LOOP: "one page after the other in a loop",
}
_CLASSES = {
    EvidenceClass.NAME: "Its name",
    EvidenceClass.PACKAGE: "Its package",
    EvidenceClass.CODE: "Its code",
    EvidenceClass.FLAGS: "How it was started",
    EvidenceClass.NETWORK: "Whom it talks to",
    EvidenceClass.CADENCE: "The rhythm of page loads",
    EvidenceClass.ARTEFACT: "What it wrote",
}
_SIGNS = {
    "rate": "more than twenty a minute",
    "even": "evenly spaced",
    "distinct": "hardly any of them twice",
    "sequential": "in the order of their numbers",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A finding in sentences.

    Attributes:
        headline: One line.
        why: One sentence for each piece of evidence, strongest first, and one for how sure that makes us.
        meaning: What it means that this was seen.
        now: What can be done now, most useful first.
    """

    headline: str
    why: tuple[str, ...]
    meaning: str
    now: tuple[str, ...]


def explain(finding: Finding) -> Explanation:
    """Say a finding in plain English."""
    return Explanation(headline(finding), why(finding), _meaning(finding), _now(finding))


def headline(finding: Finding) -> str:
    """Return one line that says what was seen, and where."""
    where = join([platform_name(key) for key in finding.platforms])
    if finding.stage is Stage.INSTALLED:
        return f"{finding.name} is installed on this computer."
    if finding.stage is Stage.RUNNING:
        how = join([_MODES[mode] for mode in finding.modes])
        return f"{finding.name} was started" + (f" and asked for {how}." if how else ".")
    if finding.tool.startswith("cadence:"):
        return f"{finding.name}."
    return f"{finding.name} is collecting" + (f" from {where}." if where else ".")


def why(finding: Finding) -> tuple[str, ...]:
    """Return one sentence for each piece of evidence, strongest first, and one for how sure they make us together."""
    said = [f"{_CLASSES[piece.cls]}: {_detail(piece.cls, piece.detail)}." for piece in finding.evidence]
    return (*said, _LEVELS[finding.level])


def _detail(cls: EvidenceClass, detail: str) -> str:
    if cls is not EvidenceClass.CADENCE:
        return detail
    head, _, signs = detail.partition(": ")
    return f"{head}, {join([_SIGNS.get(sign, sign) for sign in signs.split(', ')])}"


def _meaning(finding: Finding) -> str:
    if finding.stage is Stage.INSTALLED:
        return "Having a tool is not collecting. This card is for you alone; it is never flagged and never leaves."
    if not finding.flagged:
        return "Nothing was flagged. It is listed so that you see what the agent sees; it does not leave this computer."
    return (
        "This looks like gathering data in bulk. Where the data are about people, most platforms' terms forbid it and "
        "data protection law asks for a reason and for the people to be told."
    )


def _now(finding: Finding) -> tuple[str, ...]:
    if not finding.flagged:
        return ("Nothing needs to be done.",)
    if finding.closed_at is not None:
        return ("It has ended. Nothing needs to be done now.",)
    return (
        "Stop it if it is not needed: a first finding that is stopped while it is held never leaves this computer.",
        "Say that it is for work, and keep the reason, if somebody asked you for it.",
        "Say «that was not me» if you did not start it.",
    )
