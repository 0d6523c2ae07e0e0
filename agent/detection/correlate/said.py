"""What a rule answers, and who may be asked: the seam between findings and the rules that judge them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from agent.detection.correlate.facts import Fields
from agent.model.findings import CollectMode, Evidence


@dataclass(frozen=True, slots=True)
class Said:
    """A rule's answer: the evidence, whether it shows collecting or a way of asking for many, whether it flags."""

    evidence: Evidence
    collecting: bool
    mode: CollectMode | None
    flags: bool = False


class Judge(Protocol):
    """Answers what a fact says; `Rules` is the one there is, tests may have a smaller one."""

    def __call__(self, kind: str, fields: Fields, at: int, /) -> Sequence[Said]:
        """Return what the rules say of a fact of a kind, seen at a time (UTC milliseconds)."""
        ...


@runtime_checkable
class Remembering(Protocol):
    """A judge whose answer depends on the facts before, as that of rules over time does."""

    def forget(self) -> None:
        """Forget every fact: the next one is judged as the first."""
        ...
