"""What a policy asks for, held against what the jurisdiction allows: followed, or refused with every reason at once.

Policy, purposes and jurisdictions, all plain data, go in; a `Ruling` comes out: what mandatory purposes wait for, what
is switched off, which languages the notice must be shown in. The gate is built from it.

A policy can only narrow: switch purposes and platforms off, wait longer, ask for more. It has no key that adds a field
or lengthens a retention, and none that says whether a purpose is optional. What it asks for against the jurisdiction's
rules stops the agent before anything is observed: all that is wrong is said in one message, each with its reason, how
sure we are of that reason, and what to change (DESIGN 3.10, 3.11).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from agent.content.jurisdictions import UnknownJurisdiction, find
from agent.content.platforms import load_platforms
from agent.model.legal import Jurisdiction, PurposeFacts
from agent.model.purposes import Mode, Purpose, StartRule
from agent.settings.policy import Policy

_STRENGTH: Final = (StartRule.SHOWN, StartRule.ACKNOWLEDGED, StartRule.AUTHORISED)

_STARTS: Final = {
    StartRule.SHOWN: "that the notice was shown",
    StartRule.ACKNOWLEDGED: "that the person acknowledged the notice",
    StartRule.AUTHORISED: "that the person expressly authorised it",
}

_REFERENCES: Final = {
    "dpia": "an impact assessment",
    "representatives": "consulting the workers' representatives",
    "policy": "a written policy on monitoring that staff know",
    "regulator_filing": "a filing with the regulator",
    "posting": "posting the notice where staff see it",
}

_SURE: Final = {
    "A": "we read the text itself",
    "B": "from a secondary source",
    "C": "general knowledge that we did not check; ask counsel",
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """Under which rules this instance observes.

    Attributes:
        start: What mandatory purposes wait for.
        lead_days: Days between showing the notice and the first observation.
        switched_off: Purposes this organisation does without, with those that cannot be without them.
        platforms_off: Keys of platforms that are not watched.
        languages_required: Languages of which the notice must be shown in one; empty: any.
        jurisdiction: Its facts; None in personal and test mode.
    """

    start: StartRule
    lead_days: int
    switched_off: frozenset[Purpose]
    platforms_off: frozenset[str]
    languages_required: frozenset[str]
    jurisdiction: Jurisdiction | None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a policy asks for and cannot have.

    Attributes:
        key: Its key in the policy, as `section.key`.
        reason: Which rule it goes against, and how sure we are of that rule.
        mend: What to write instead.
    """

    key: str
    reason: str
    mend: str


class RulingRefused(Exception):
    """The policy is well formed and cannot be followed; nothing may be observed.

    Attributes:
        problems: Everything that is wrong with it.
    """

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        said = "; ".join(f"{problem.key}: {problem.reason}: {problem.mend}" for problem in problems)
        super().__init__(f"The policy cannot be followed, so nothing is observed. {said}")


def rule(
    mode: Mode,
    policy: Policy | None,
    purposes: Mapping[Purpose, PurposeFacts],
    jurisdictions: Mapping[str, Jurisdiction],
    platforms: Collection[str] | None = None,
) -> Ruling:
    """Say under which rules an instance observes.

    In personal mode nobody but the person decides, and a test instance acknowledges its own notices: both wait for the
    person's word and for no days, under no jurisdiction. What a test instance's policy switches off is off there too.

    Args:
        mode: How this instance runs.
        policy: The organisation's policy; needed in managed mode, not looked at in personal mode.
        purposes: As `load_purposes` returns them.
        jurisdictions: As `load_jurisdictions` returns them.
        platforms: Keys of the platforms there are; None: those that ship.

    Raises:
        RulingRefused: The policy asks for what cannot be; everything that is wrong with it is named.
        ValueError: Managed mode without a policy.
    """
    if mode is Mode.PERSONAL:
        policy = None
    elif mode is Mode.MANAGED and policy is None:
        raise ValueError("managed mode rests on a policy, and there is none")
    if policy is None:
        return Ruling(StartRule.ACKNOWLEDGED, 0, frozenset(), frozenset(), frozenset(), None)
    known = load_platforms().keys if platforms is None else frozenset(platforms)
    problems = [*_about_purposes(policy, purposes), *_about_platforms(policy, known)]
    jurisdiction = None
    if mode is Mode.MANAGED:
        try:
            jurisdiction = find(jurisdictions, policy.monitoring.jurisdiction)
        except UnknownJurisdiction as error:
            mend = (
                "name the place where the staff work; where it is not among these, Gleanwatch has no rules for it yet"
            )
            problems.append(Problem("monitoring.jurisdiction", str(error), mend))
        else:
            problems.extend(_about_jurisdiction(policy, jurisdiction))
    if problems:
        raise RulingRefused(tuple(problems))
    return Ruling(
        start=policy.monitoring.start if jurisdiction else StartRule.ACKNOWLEDGED,
        lead_days=policy.monitoring.lead_days if jurisdiction else 0,
        switched_off=_with_dependents(frozenset(policy.monitoring.purposes_off), purposes),
        platforms_off=frozenset(policy.monitoring.platforms_off),
        languages_required=jurisdiction.languages if jurisdiction else frozenset(),
        jurisdiction=jurisdiction,
    )


def _with_dependents(off: frozenset[Purpose], purposes: Mapping[Purpose, PurposeFacts]) -> frozenset[Purpose]:
    """Return what is off with everything that needs it, directly or not."""
    while more := {purpose for purpose, facts in purposes.items() if off.intersection(facts.needs)} - off:
        off |= more
    return off


def _about_purposes(policy: Policy, purposes: Mapping[Purpose, PurposeFacts]) -> Iterator[Problem]:
    """Refuse to observe without a record of the notice."""
    off = frozenset(policy.monitoring.purposes_off)
    left = [purpose for purpose, facts in purposes.items() if facts.in_use and purpose not in off]
    if Purpose.LEDGER in off and left:
        yield Problem(
            "monitoring.purposes_off",
            f"without {Purpose.LEDGER.value} nobody could show that people were told before anything was observed, so "
            f"{', '.join(purpose.value for purpose in left)} cannot be without it",
            f"take {Purpose.LEDGER.value} off the list, or do without Gleanwatch",
        )


def _about_platforms(policy: Policy, known: frozenset[str]) -> Iterator[Problem]:
    """Refuse platforms that there are not, and a policy that leaves none."""
    off = policy.monitoring.platforms_off
    for name in off:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
            yield Problem("monitoring.platforms_off", f"there is no platform {name!r}, and so it is not off", mend)
    if known and known <= frozenset(off):
        yield Problem(
            "monitoring.platforms_off",
            "leaves no platform to watch, while people would be told that they are watched",
            "leave at least one, or switch the purpose security.detect-bulk-collection off",
        )


def _about_jurisdiction(policy: Policy, there: Jurisdiction) -> Iterator[Problem]:
    """Refuse what is weaker than the place's rules, or forbidden by them."""
    monitoring = policy.monitoring
    place = f"{there.name} ({there.code})" if there.code not in there.name else there.name
    if monitoring.lead_days < there.lead_days:
        yield Problem(
            "monitoring.lead_days",
            f"{place} asks for at least {there.lead_days} days between notice and start"
            f"{_why(there, 'lead_days')}, and the policy has {monitoring.lead_days}",
            f"write lead_days = {there.lead_days} or more",
        )
    if _STRENGTH.index(monitoring.start) < _STRENGTH.index(there.start):
        yield Problem(
            "monitoring.start",
            f"{place} asks {_STARTS[there.start]} before watching starts{_why(there, 'start')}, and the policy "
            f"only {_STARTS[monitoring.start]}",
            f'write start = "{there.start.value}"',
        )
    if monitoring.start is StartRule.AUTHORISED and "employee-consent" in there.forbids:
        yield Problem(
            "monitoring.start",
            f"in {place} an employee's authorisation is hardly ever freely given, so that asking for it would pass off "
            f"a notice as a consent{_why(there, 'forbids')}",
            f'write start = "{StartRule.ACKNOWLEDGED.value}"',
        )
    for key in sorted(there.references):
        if not getattr(policy.references, key).strip():
            yield Problem(
                f"references.{key}",
                f"{place} asks for {_REFERENCES[key]}{_why(there, 'references')}, and the policy names none",
                f'write under [references]: {key} = "where it is found"',
            )


def _why(there: Jurisdiction, cell: str) -> str:
    """Return the law behind a rule and how sure we are of the rule, in brackets."""
    return f" ({there.statute}; {_SURE[there.certainty[cell]]})"
