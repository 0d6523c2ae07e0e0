"""What a person is told: the notice that holds, and each purpose in plain words, out of everything it depends on.

Policy, jurisdiction, purposes and the day go in once, at start; notices in every language come out, and the words of a
purpose for whoever shows it. `consenting.py` decides by the hashes of these texts.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from agent.content.notices import LANGUAGES, PLATFORMS, purpose_words, render_notice, said
from agent.content.platforms import load_platforms
from agent.content.purposes import basis_for, load_purposes
from agent.model.consent import PurposeView
from agent.model.face import NoticeText
from agent.model.legal import PurposeFacts
from agent.model.purposes import Act, Gate, Mode
from agent.model.records import Parties
from agent.opening import Rulebook

CLAIMS_YEARS = 3
"""How long acts are kept where no jurisdiction says how long claims can be made."""


def notices_for(rulebook: Rulebook, on: datetime.date) -> Mapping[str, NoticeText]:
    """Render the notice that holds on a day, in every language in which it may be shown, best first."""
    policy, ruling, loopback = rulebook.policy, rulebook.ruling, sorted(rulebook.config.loopback)
    languages = [name for name in LANGUAGES if not ruling.languages_required or name in ruling.languages_required]
    purposes = [f for p, f in load_purposes().items() if p not in ruling.switched_off]
    if rulebook.mode is Mode.PERSONAL or policy is None:
        return {name: render_notice(rulebook.mode, name, purposes=purposes, loopback=loopback) for name in languages}
    code = ruling.jurisdiction.code if ruling.jurisdiction is not None else ""
    watched = [name for name in PLATFORMS if name.lower() not in ruling.platforms_off]
    return {
        name: render_notice(
            rulebook.mode,
            name,
            purposes=purposes,
            organisation=policy.organisation.name,
            contact=policy.organisation.contact,
            address=policy.organisation.address,
            jurisdiction=code,
            authority=ruling.jurisdiction.authority if ruling.jurisdiction is not None else "",
            basis={f.purpose: basis_for(f, code, on) for f in purposes} if code else {},
            lead_days=ruling.lead_days,
            start=ruling.start,
            raw_hours=policy.retention.observations_hours,
            finding_days=policy.retention.findings_days,
            claims_years=claims_years(rulebook),
            platforms=watched or sorted(load_platforms().keys - ruling.platforms_off),
            loopback=loopback,
            references={key: getattr(policy.references, key) for key in policy.references.__struct_fields__},
            witnesses=[witness.key.partition("+")[0] for witness in policy.ledger.witnesses],
            supplement=policy.supplement,
        )
        for name in languages
    }


def claims_years(rulebook: Rulebook) -> int:
    """Return how long acts are kept, years."""
    there = rulebook.ruling.jurisdiction
    return there.claims_years if there is not None else CLAIMS_YEARS


class Telling:
    """The words of one instance on one day."""

    def __init__(self, rulebook: Rulebook, on: datetime.date) -> None:
        self.purposes = load_purposes()
        self.texts = notices_for(rulebook, on)
        """Language → the notice that holds, best language first; empty where a language is required that we lack."""
        self._rulebook = rulebook
        self._on = on

    def notice(self, language: str) -> NoticeText:
        """Return the notice that holds, in the first language where ours lacks the one asked for."""
        if not self.texts:
            needed = ", ".join(sorted(self._rulebook.ruling.languages_required))
            text = (
                f"Nothing is observed: the notice would have to be shown in one of these languages, and this release "
                f"has it in none of them: {needed}.\n"
            )
            return NoticeText("language-missing", "0", "en", text, "")
        return self.texts.get(language) or next(iter(self.texts.values()))

    def view(
        self,
        facts: PurposeFacts,
        language: str,
        *,
        gate: Gate,
        stands: Act | None,
        in_use: bool,
        held: bool,
        ends: int | None,
    ) -> PurposeView:
        """Return one purpose as a face shows it; for the other arguments see `PurposeView`."""
        title, meaning = self.meaning(facts, language)
        values = self._values()
        return PurposeView(
            purpose=facts.purpose,
            optional=facts.purpose.optional,
            in_use=in_use,
            gate=gate,
            standing=stands,
            title=title,
            meaning=meaning,
            basis=said(language, "basis", self.basis(facts)),
            categories=tuple(said(language, "category", key, **values) for key in facts.categories),
            recipients=tuple(said(language, "recipient", key, **values) for key in facts.recipients),
            retention=self.retention(facts, language),
            expires_at=ends,
            held=held,
        )

    def meaning(self, facts: PurposeFacts, language: str) -> tuple[str, str]:
        """Return title and meaning of a purpose."""
        words = purpose_words(language, raw_hours=self._raw_hours())[facts.purpose]
        return words.title, words.meaning

    def basis(self, facts: PurposeFacts) -> str:
        """Return the code of a purpose's legal basis here, today."""
        there = self._rulebook.ruling.jurisdiction
        return basis_for(facts, there.code if there is not None else "", self._on)

    def retention(self, facts: PurposeFacts, language: str) -> str:
        """Say how long what is kept for a purpose is kept."""
        return said(language, "retention", facts.retention, **self._values())

    def parties(self, subject: str) -> Parties:
        """Return who stands on either side of every record; `subject` is the random name that stands for the person."""
        policy, there = self._rulebook.policy, self._rulebook.ruling.jurisdiction
        return Parties(
            mode=self._rulebook.mode,
            organisation=policy.organisation.name if policy is not None else "",
            contact=policy.organisation.contact if policy is not None else "",
            jurisdiction=there.code if there is not None else "",
            authority=there.authority if there is not None else "",
            subject=subject,
            dpia=policy.references.dpia if policy is not None else "",
            representatives=policy.references.representatives if policy is not None else "",
            address=policy.organisation.address if policy is not None else "",
        )

    def _raw_hours(self) -> int:
        policy = self._rulebook.policy
        return policy.retention.observations_hours if policy is not None else 24

    def _values(self) -> Mapping[str, str | int]:
        policy = self._rulebook.policy
        return {
            "raw_hours": self._raw_hours(),
            "finding_days": policy.retention.findings_days if policy is not None else 90,
            "claims_years": claims_years(self._rulebook),
            "organisation": policy.organisation.name if policy is not None else "",
        }
