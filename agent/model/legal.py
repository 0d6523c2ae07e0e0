"""Purposes and jurisdictions as facts: what `content/` reads from its data files and everybody else decides by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.model.purposes import Purpose, StartRule


@dataclass(frozen=True, slots=True)
class PurposeFacts:
    """One purpose, as `content/purposes.yaml` states it. Words for people are in `content/notices/`, by key.

    Attributes:
        purpose: Which.
        in_use: Whether this release does anything for it. Where not, nobody is asked about it.
        leaves: Whether data of it can leave the laptop at all (then only in managed mode).
        basis: Jurisdiction code, or `default` → code of the legal basis, such as `A6-1-f`.
        categories: Keys of the data categories that are looked at or kept.
        recipients: Keys of who sees them: `person`, `organisation`, `researcher`.
        retention: Key of the retention rule that holds: `observations`, `findings`, `claims`, `longer`, `once`.
        consent_days: How long a consent holds, days; None for mandatory purposes.
        one_time: Whether a consent is used up by being used once.
        dpv: DPV 2.3 purpose terms.
        needs: Purposes without which this one cannot be, such as the ledger for everything else.
    """

    purpose: Purpose
    in_use: bool
    leaves: bool
    basis: Mapping[str, str]
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    retention: str
    consent_days: int | None
    one_time: bool
    dpv: tuple[str, ...]
    needs: tuple[Purpose, ...] = ()


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """One jurisdiction, as `content/jurisdictions.yaml` states it, with what it inherits filled in.

    Attributes:
        code: Such as `NO` or `US-NY`.
        name: In English.
        authority: The supervisory authority.
        statute: The law.
        start: What a mandatory purpose waits for at least.
        lead_days: Fewest days between showing the notice and the first observation.
        languages: Languages of which one must be used for the notice; empty: any.
        references: Keys of the references a policy must name: `dpia`, `representatives`, `policy`, `regulator_filing`,
            `posting`.
        forbids: Keys of what may not be done there, such as `behaviour-monitoring`.
        claims_years: How long claims about an act can be made, years.
        monitoring: The duty when watching at work, one or two sentences of our own, in English.
        certainty: `A`, `B` or `C`, per cell: `monitoring`, `claims_years` and so on.
    """

    code: str
    name: str
    authority: str
    statute: str
    start: StartRule
    lead_days: int
    languages: frozenset[str]
    references: frozenset[str]
    forbids: frozenset[str]
    claims_years: int
    monitoring: str
    certainty: Mapping[str, str] = field(default_factory=dict)
