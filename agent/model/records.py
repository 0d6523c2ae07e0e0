"""What a consent record is made from: plain facts of one act, gathered by `consenting.py`, written by `consent/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.model.face import NoticeText
from agent.model.purposes import Act, Mode


@dataclass(frozen=True, slots=True)
class Parties:
    """Who stands on either side.

    Attributes:
        mode: How this instance runs; in personal mode there is no organisation.
        organisation: Its name, or empty.
        contact: Where questions and objections go, or empty.
        address: The organisation's postal address, or empty.
        jurisdiction: Code such as `NO` or `US-NY`, or empty.
        authority: The supervisory authority's name, or empty.
        subject: The pseudonym of the person in these records: random, made once for this instance.
        dpia: The organisation's reference of its impact assessment, or empty.
        representatives: The organisation's reference of the consultation of workers' representatives, or empty.
    """

    mode: Mode
    organisation: str
    contact: str
    jurisdiction: str
    authority: str
    subject: str
    dpia: str = ""
    representatives: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Everything that goes into the record of one act.

    Attributes:
        act: The act, its `entry` set.
        record_id: The record's UUID, derived from log and entry, so that it is the same in every export.
        prior_id: The record before it about the same purpose, or empty.
        notice: The exact text shown.
        title: The purpose's title in the act's language.
        meaning: The purpose in plain words.
        basis: Code of the legal basis, such as `A6-1-f`; see `content/purposes.yaml`.
        categories: Keys of data categories.
        recipients: Keys of recipients.
        retention: How long it is kept, in words.
        dpv: DPV purpose terms, such as `dpv:PersonnelMonitoring`.
        expires_at: When a consent ends by itself, or None.
        words: The person's own words, or empty.
        parties: Who stands on either side.
        receipt: The receipt as in `ledger/receipt.py`, decoded JSON; None where it was not asked for.
    """

    act: Act
    record_id: str
    prior_id: str
    notice: NoticeText
    title: str
    meaning: str
    basis: str
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    retention: str
    dpv: tuple[str, ...]
    expires_at: int | None
    words: str
    parties: Parties
    receipt: Mapping[str, object] | None = None
