"""What each jurisdiction would refuse of a policy: the same policy, held against the rules of one after another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from agent.consent.ruling import Problem, RulingRefused, rule
from agent.content.jurisdictions import find, load_jurisdictions
from agent.content.notices import LANGUAGES
from agent.content.purposes import load_purposes
from agent.model.purposes import Mode
from agent.settings.policy import Policy


@dataclass(frozen=True, slots=True)
class Place:
    """One jurisdiction's answer.

    Attributes:
        code: Such as `NO`.
        name: In English.
        problems: What it refuses; empty: it allows the policy as it stands.
        languages_missing: Languages of which the notice would have to be shown in one, where we have none of them:
            there nothing is ever observed.
    """

    code: str
    name: str
    problems: tuple[Problem, ...]
    languages_missing: tuple[str, ...]


def everywhere(policy: Policy, codes: Iterable[str] = ()) -> tuple[Place, ...]:
    """Hold a policy against jurisdictions.

    Args:
        policy: The policy; its own jurisdiction is not looked at.
        codes: Which ones, in whatever order and however often named; none: every one there is.

    Raises:
        UnknownJurisdiction: There is none of that code.
    """
    known = load_jurisdictions()
    return tuple(_held_against(policy, find(known, code).code) for code in sorted(set(codes)) or known)


def _held_against(policy: Policy, code: str) -> Place:
    known, purposes = load_jurisdictions(), load_purposes()
    there = find(known, code)
    moved = msgspec.structs.replace(policy, monitoring=msgspec.structs.replace(policy.monitoring, jurisdiction=code))
    problems: tuple[Problem, ...] = ()
    try:
        rule(Mode.MANAGED, moved, purposes, known)
    except RulingRefused as refused:
        problems = refused.problems
    missing = there.languages if there.languages and not there.languages.intersection(LANGUAGES) else frozenset()
    return Place(code, there.name, problems, tuple(sorted(missing)))
