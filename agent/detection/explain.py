"""A finding in plain English: why it is there, what it means, what can be done now.

The page, the terminal and the extension's page show the same sentences, made here from a finding's own fields and from
the data in `content/` (what each rule looks at, what to do about each family), and from nothing else: a person reads
exactly what is kept and would be reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.content.advice import to_do, ways
from agent.content.evidence import rule_of
from agent.content.terms import Way
from agent.detection.names import join, platform_name, technique_name
from agent.model.answers import disputed
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Finding, Level, Stage

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
    EvidenceClass.RULE: "Your organisation",
}
_SIGNS = {
    "rate": "more than twenty a minute",
    "even": "evenly spaced",
    "distinct": "hardly any of them twice",
    "sequential": "in the order of their numbers",
}
_SAID = {
    "approved": "You said that this is approved.",
    "stopped": "You said that you have stopped it.",
    "mistaken": "Disputed: said to be not what it looks like.",
    "not_me": "Disputed: said to have been started by somebody else.",
    "stopping": "You said that you have stopped it.",
    "work": "You said that it is for your work.",
}
_AFTER = {
    "approved": "Keep the approval where you can show it: who gave it, for what, until when.",
    "stopped": "If it starts again it is seen again, and you are asked again once it is over and begins anew.",
    "mistaken": "Say in your own words what it is, if you like: your answer stays with the finding wherever it goes.",
    "not_me": "Tell whoever looks after this computer: somebody or something else may have started it.",
}


@dataclass(frozen=True, slots=True)
class Sign:
    """One piece of evidence with the rule behind it.

    Attributes:
        cls: Its class, in words.
        says: What was seen, as one sentence.
        rule: The rule's id.
        title: What the rule is called; the id where it is not one of ours.
        looks_at: What the rule looks at; empty where it is not one of ours.
        speaks: Why that speaks for collecting in bulk, likewise.
        number: Where its weight comes from, likewise.
        weight: Its own confidence, 0 to 1.
    """

    cls: str
    says: str
    rule: str
    title: str
    looks_at: str
    speaks: str
    number: str
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A finding in sentences.

    Attributes:
        headline: One line.
        why: One sentence for each piece of evidence, strongest first, one for what speaks against it where something
            does, and one for how sure that makes us.
        signs: Each piece of evidence with the rule behind it, in the same order.
        meaning: What it means that this was seen.
        said: What the person said of it, in a sentence; empty where they said nothing.
        now: What can be done now, most useful first.
        instead: What is allowed instead; empty where nothing was flagged.
        techniques: Public techniques with their names.
    """

    headline: str
    why: tuple[str, ...]
    signs: tuple[Sign, ...]
    meaning: str
    said: str
    now: tuple[str, ...]
    instead: tuple[Way, ...]
    techniques: tuple[str, ...]


def explain(finding: Finding) -> Explanation:
    """Say a finding in plain English."""
    return Explanation(
        headline=headline(finding),
        why=why(finding),
        signs=tuple(sign(piece) for piece in finding.evidence),
        meaning=_meaning(finding),
        said=said(finding),
        now=_now(finding),
        instead=ways(finding.family, finding.platforms) if finding.flagged else (),
        techniques=tuple(technique_name(key) for key in finding.techniques),
    )


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
    """Return one sentence for each piece of evidence, strongest first, what speaks against it, and how sure we are."""
    against = (f"Counted for less: {finding.lowered}.",) if finding.lowered else ()
    return (*(_sentence(piece) for piece in finding.evidence), *against, _LEVELS[finding.level])


def said(finding: Finding) -> str:
    """Say what the person said of a finding, in one sentence; an answer that disputes it says so first."""
    if not finding.answer:
        return ""
    return _SAID.get(finding.answer, f"You said: {finding.answer.replace('_', ' ')}.")


def sign(piece: Evidence) -> Sign:
    """Return a piece of evidence with the words of the rule behind it."""
    rule = rule_of(piece.rule)
    return Sign(
        cls=_CLASSES[piece.cls],
        says=_sentence(piece),
        rule=piece.rule,
        title=rule.title if rule is not None else piece.rule,
        looks_at=rule.looks_at if rule is not None else "",
        speaks=rule.why if rule is not None else "",
        number=rule.number if rule is not None else "",
        weight=piece.weight,
    )


def _sentence(piece: Evidence) -> str:
    return f"{_CLASSES[piece.cls]}: {_detail(piece.cls, piece.detail)}."


def _detail(cls: EvidenceClass, detail: str) -> str:
    if cls is EvidenceClass.FLAGS:
        # «recursion (-r)» is our own key with the option that showed it.
        return re.sub(r"\b(list|recursion|channel|loop)(?= \()", lambda key: _MODES[CollectMode(key[1])], detail)
    if cls is not EvidenceClass.CADENCE:
        return detail
    head, _, signs = detail.partition(": ")
    return f"{head}, {join([_SIGNS.get(sign, sign) for sign in signs.split(', ')])}" if signs else detail


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
    if finding.closed_at is not None and not disputed(finding.answer):
        return ("It has ended. Do not pass on what it collected before you know that you may keep it.",)
    after = _AFTER.get(finding.answer)
    first = (after,) if after is not None else ()
    if finding.answer:
        return (*first, *to_do(finding.family)[1:])
    return (
        *to_do(finding.family),
        "Say what it was. A first finding that is stopped while it is held never leaves this computer.",
    )
