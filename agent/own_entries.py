"""What the agent itself puts into the ledger: that it starts and stops, in which release, under which policy and rules.

An act of the person is recorded by `consenting`; these entries have nobody who acted. One is made only where something
changed since the last of its kind, so that a restart adds a line and not a page.
"""

from __future__ import annotations

import hashlib

import apsw
import msgspec

from agent import __version__
from agent.content.fingerprint import fingerprint
from agent.ledger.entry import Json
from agent.model.findings import Finding
from agent.model.ports import Clock
from agent.opening import Rulebook
from agent.store import erasure, ledger
from agent.store.database import Store


class OwnEntries:
    """Writes the agent's own entries; every method runs inside a write transaction."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Write nothing yet."""
        self._store, self._clock = store, clock

    def enter(self, tx: apsw.Connection, kind: str, content: dict[str, Json]) -> None:
        """Append one entry, now."""
        self._store.ledger.append(tx, kind, self._clock.now(), content)

    def started(self, tx: apsw.Connection, rules: Rulebook) -> None:
        """The agent starts, in which release and mode, and under which policy where that changed."""
        before = _last_content(tx, "agent-start")
        if before is not None and before.get("version") != __version__:
            self.enter(tx, "agent-update", {"from": before.get("version"), "to": __version__})
        self.enter(tx, "agent-start", {"version": __version__, "mode": rules.mode.value})
        if rules.policy is None:
            return
        digest = hashlib.sha256(msgspec.json.encode(rules.policy, order="deterministic")).hexdigest()
        policy: dict[str, Json] = {"sha256": digest, "jurisdiction": rules.policy.monitoring.jurisdiction}
        if _last_content(tx, "policy") != policy:
            self.enter(tx, "policy", policy)

    def rules(self, tx: apsw.Connection, own: str) -> None:
        """By which rules things are recognised, ours and the organisation's, where that changed.

        Args:
            tx: The transaction.
            own: SHA-256 of the organisation's rules, or empty where it has none.
        """
        rules: dict[str, Json] = {"shipped": fingerprint(), "organisation": own}
        if _last_content(tx, "rules") != rules:
            self.enter(tx, "rules", rules)

    def opened(self, tx: apsw.Connection, finding: Finding) -> None:
        """A finding was opened."""
        self.enter(tx, "finding-opened", opened_content(finding))


def opened_content(finding: Finding) -> dict[str, Json]:
    """What the ledger commits to when a finding is opened."""
    return {
        "id": finding.id,
        "tool": finding.tool,
        "family": finding.family,
        "stage": finding.stage.value,
        "level": finding.level.value,
        "flagged": finding.flagged,
    }


def _last_content(tx: apsw.Connection, kind: str) -> dict[str, Json] | None:
    """Return the content of the newest entry of a kind, None where there is none."""
    known = erasure.entries_of(tx, kind)
    return ledger.content(tx, known[-1]) if known else None
