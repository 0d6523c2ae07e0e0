"""Consent, proof and erasure over a real database, without the daemon around them: what each test joins for itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agent.changes import Changes
from agent.consent.gate import GateHistory
from agent.consent.ruling import rule
from agent.consenting import ConsentParts, Consents
from agent.content.jurisdictions import load_jurisdictions
from agent.content.purposes import load_purposes
from agent.erasing import Erasing, ErasingParts
from agent.model.consent import Press
from agent.model.purposes import Act, ActKind, Channel, Gate, Mode, Purpose
from agent.opening import Rulebook
from agent.proving import Proving
from agent.settings.config import Config
from agent.settings.policy import Monitoring, Organisation, Policy, References, Retention
from agent.store import gates, retention
from agent.store.database import Store, open_store
from agent.telling import claims_years

KEY = bytes(range(32))
DAY_MS = 86_400_000


@dataclass(slots=True)
class MovedClock:
    """A clock that only moves when a test moves it."""

    at: int = 1_795_000_000_000

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    def advance(self, *, days: float = 0, ms: int = 0) -> None:
        self.at += int(days * DAY_MS) + ms


@dataclass(slots=True)
class Joined:
    """Everything that was joined, with what it said."""

    store: Store
    clock: MovedClock
    consents: Consents
    proving: Proving
    erasing: Erasing
    history: GateHistory
    heard: list[Act] = field(default_factory=list)
    pushed: list[int] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)

    async def press(
        self,
        kind: ActKind,
        purpose: Purpose | None = None,
        *,
        language: str = "en",
        control: str = "a.button",
        dwell_ms: int | None = 1500,
    ) -> None:
        """What a person does on the page."""
        sha256 = self.consents.notice(language).sha256
        await self.consents.act(purpose, Press(kind, sha256, control, dwell_ms), Channel.PAGE)

    def gate(self, purpose: Purpose = Purpose.DETECT) -> Gate:
        return self.history.current(purpose)


class Join(Protocol):
    """Joins everything over this test's database, under rules that may change between starts."""

    def __call__(self, rulebook: Rulebook | None = None) -> Joining: ...


class Joining:
    """Joins everything over one database file, and again after a restart."""

    def __init__(self, path: Path, rulebook: Rulebook, clock: MovedClock) -> None:
        self._path = path
        self._rulebook = rulebook
        self._clock = clock
        self._joined: Joined | None = None

    async def __aenter__(self) -> Joined:
        store = open_store(self._path, KEY, self._clock)
        history, changes = GateHistory(), Changes()
        heard: list[Act] = []
        pushed: list[int] = []
        forgotten: list[int] = []
        consents = Consents(
            ConsentParts(
                store,
                self._clock,
                history,
                self._rulebook,
                changes,
                lambda: pushed.append(1),
                heard.append,
                retention.Limits(),
            )
        )
        for gate in await store.read(gates.history):
            history.record(gate)
        await consents.load()
        erasing = Erasing(
            ErasingParts(
                store,
                self._clock,
                consents,
                self._rulebook.mode,
                claims_years(self._rulebook),
                changes,
                lambda: forgotten.append(1),
            )
        )
        proving = Proving(store, consents, ())
        self._joined = Joined(store, self._clock, consents, proving, erasing, history, heard, pushed, forgotten)
        return self._joined

    async def __aexit__(self, *_exc: object) -> None:
        assert self._joined is not None
        await self._joined.store.close()


def personal() -> Rulebook:
    """Nobody but the person."""
    return Rulebook(Mode.PERSONAL, None, Config(), rule(Mode.PERSONAL, None, load_purposes(), load_jurisdictions()))


def managed(
    jurisdiction: str = "GB",
    *,
    organisation: str = "Example Ltd",
    retention: Retention | None = None,
    **monitoring: object,
) -> Rulebook:
    """An organisation's laptop; every reference is named, so that each jurisdiction is content."""
    policy = Policy(
        organisation=Organisation(organisation, "privacy@example.org"),
        monitoring=Monitoring(jurisdiction, **monitoring),  # type: ignore[arg-type]
        references=References("D-1", "R-1", "P-1", "F-1", "B-1"),
        retention=retention or Retention(),
    )
    return Rulebook(Mode.MANAGED, policy, Config(), rule(Mode.MANAGED, policy, load_purposes(), load_jurisdictions()))
