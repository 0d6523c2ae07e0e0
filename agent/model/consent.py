"""What the faces show of consent and its record: purposes as told, acts with receipts, erasure before it is done.

Plain types between `consenting.py` and `proving.py`, which make them, and page, terminal and export, which show them.
Texts in them are already in the person's language; times are UTC milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.model.purposes import Act, ActKind, Gate, Purpose


@dataclass(frozen=True, slots=True)
class PurposeView:
    """One purpose as a person is told of it.

    Attributes:
        purpose: Which.
        optional: Whether it rests on consent.
        in_use: Whether this release and this organisation do anything for it; where not, nobody is asked about it.
        gate: Its gate now.
        standing: The act that holds now, or None when there was none: what the person last said about it.
        title: A few words.
        meaning: What is done, in plain words, one to three sentences.
        basis: The legal basis, in plain words with its article.
        categories: What is looked at, each in a few words.
        recipients: Who sees it, each in a few words.
        retention: How long it is kept, in words.
        expires_at: When a consent that holds ends by itself, or None.
        held: Whether an objection keeps this purpose's data on this computer.
    """

    purpose: Purpose
    optional: bool
    in_use: bool
    gate: Gate
    standing: Act | None
    title: str
    meaning: str
    basis: str
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    retention: str
    expires_at: int | None
    held: bool


@dataclass(frozen=True, slots=True)
class ActView:
    """One act in the history.

    Attributes:
        act: As recorded; its `entry` is set.
        title: The purpose's title.
        words: The person's own words with it, or empty.
        erased: Whether its content was erased: then only `entry`, `at` and kind of entry are still known.
        disputed_by: The entry of the dispute about it, or None.
        can_dispute: Whether «that was not me» makes sense for it.
    """

    act: Act
    title: str
    words: str
    erased: bool
    disputed_by: int | None
    can_dispute: bool


@dataclass(frozen=True, slots=True)
class ProofCheck:
    """What came of verifying one entry just now.

    Attributes:
        entry: Which.
        ok: Whether its proof holds.
        said: What was checked, or what failed, in one or two sentences.
        size: How many entries the signed checkpoint covers.
        witnesses: Names of the witnesses whose cosignatures hold; empty: nobody else has seen this log.
    """

    entry: int
    ok: bool
    said: str
    size: int
    witnesses: tuple[str, ...]


class Erasable(StrEnum):
    """What a person can have erased."""

    PAGE_LOADS = "page-loads"
    FINDINGS = "findings"
    WORDS = "words"
    """The person's own words and answers."""
    RECORD = "record"
    """The content of one act, by its entry."""
    ALL = "all"
    """Everything but the acts that still hold and what proves the rest."""


class Ground(StrEnum):
    """Why something is erased (GDPR 17(1))."""

    NOT_NEEDED = "not-needed"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    UNLAWFUL = "unlawful"
    RETENTION = "retention"
    """Its time was over: the sweeper's ground, never a person's."""


@dataclass(frozen=True, slots=True)
class ErasurePreview:
    """What would go and what would stay.

    Attributes:
        what: What was asked for.
        page_loads: How many page loads go.
        findings: How many findings go.
        entries: The ledger entries whose content goes.
        stays: For each thing that stays, one sentence that says what and why.
    """

    what: Erasable
    page_loads: int
    findings: int
    entries: tuple[int, ...]
    stays: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acted:
    """What pressing something has done.

    Attributes:
        gates: Every gate as it is afterwards.
        entries: The ledger entries that were made for it; none where it said nothing new.
    """

    gates: tuple[Gate, ...]
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Press:
    """How an act was made: what a face knows and the record keeps.

    Attributes:
        kind: What the person did.
        notice_sha256: The text they had before them.
        control: Which button, switch or prompt.
        dwell_ms: Milliseconds since the text was shown, or None.
    """

    kind: ActKind
    notice_sha256: str
    control: str
    dwell_ms: int | None = None
