"""The readable page of an export and the text beside it: facts of every act in, one self-contained HTML document out.

    acts ─ fold (standing.py) ─► what holds now, per purpose
    acts ─ newest first ───────► every act, with its proof's state, its files and, where asked for, its QR code
    notices ───────────────────► the exact texts

The page has no script and refers to nothing but the files beside it; its one style sheet is named by hash in the page's
own Content-Security-Policy, so that even a text that got through the escaping could load and run nothing. Every value
is escaped by the template engine. Titles and meanings are in the language of the act, the page's own words in English.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from agent.consent import qr, standing
from agent.consent.records import mode_of, receipt_for, said_at
from agent.content.notices import said
from agent.model.answers import WORDS
from agent.model.consent import ProofCheck
from agent.model.face import NoticeText
from agent.model.purposes import Act, ActKind, Channel, Mode, Purpose, Strength
from agent.model.records import Parties, RecordFacts

_DONE: Final[Mapping[ActKind, str]] = {
    ActKind.SHOWN: "The notice was shown to you",
    ActKind.ACKNOWLEDGED: "You said «I have been shown this»",
    ActKind.AUTHORISED: "You authorised it",
    ActKind.OBJECTED: "You said «I have been shown this and I object»",
    ActKind.GIVEN: "You gave your consent",
    ActKind.REFUSED: "You refused",
    ActKind.WITHDRAWN: "You withdrew your consent",
    ActKind.EXPIRED: "Your consent ended by itself",
    ActKind.ANSWERED: "You answered a finding",
    ActKind.DISPUTED: "You said «that was not me»",
}
_WHERE: Final[Mapping[Channel, str]] = {
    Channel.PAGE: "on the local page",
    Channel.EXTENSION: "in the browser's pop-up",
    Channel.TERMINAL: "at a terminal",
    Channel.DESKTOP: "on a desktop notice",
    Channel.SELF: "by the test instance itself",
    Channel.CLOCK: "by the clock",
}
_SURE: Final[Mapping[Strength, str]] = {
    Strength.PAGE_LINK: "a session of this system user, opened by a one-time link",
    Strength.TERMINAL_TYPED: "typed at a terminal of this system user",
    Strength.EXTENSION_PRESS: "pressed in the Gleanwatch pop-up of a browser of this system user",
    Strength.DESKTOP_PRESS: "pressed on a desktop notice of this system user",
    Strength.NONE: "nobody was asked who they are",
}
_MODES: Final[Mapping[Mode, str]] = {
    Mode.PERSONAL: "You run Gleanwatch for yourself: no organisation stands behind it, nothing leaves the computer.",
    Mode.MANAGED: "",
    Mode.TEST: "Made by a test or demonstration instance. It says nothing about anybody's consent.",
}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Files:
    """Where an act's files lie in the folder; empty where there is none. `problem`: why there is no record."""

    record: str
    receipt: str
    kantara: str
    problem: str


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act as the page shows it."""

    entry: int
    done: str
    title: str
    purpose: str
    answer: str
    words: str
    stamp: str
    when: str
    where: str
    sure: str
    details: tuple[tuple[str, str], ...]
    notice: str
    disputed_by: int | None
    disputes: int | None
    expires: str
    check: ProofCheck | None
    erased: bool
    files: Files
    code: Markup
    code_problem: str


@dataclass(frozen=True, slots=True)
class PurposeRow:
    """One purpose as the page shows it: what it is, and what the person last said of it that still holds."""

    purpose: str
    title: str
    meaning: str
    optional: bool
    basis: str
    categories: tuple[str, ...]
    recipients: tuple[str, ...]
    retention: str
    holds: str
    holds_entry: int | None


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice text, line by line, each with whether it is a heading."""

    notice: NoticeText
    lines: tuple[tuple[str, bool], ...]
    acts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """Who the page is about."""

    mode: str
    test: bool
    organisation: str
    contact: str
    jurisdiction: str
    authority: str
    subject: str


def index(
    ordered: Mapping[int, RecordFacts],
    notices: Sequence[NoticeText],
    files: Mapping[int, Files],
    checks: Mapping[int, ProofCheck],
    codes: Collection[int] | None,
) -> str:
    """Write the page.

    Args:
        ordered: Every act's facts by entry, oldest first.
        notices: The exact texts.
        files: By entry, the act's files.
        checks: By entry, what came of verifying it just now.
        codes: Entries to draw as a QR code; None: what holds now about each purpose.
    """
    acts = [facts.act for facts in ordered.values()]
    purposes = _purposes(ordered, acts)
    drawn = {row.holds_entry for row in purposes} if codes is None else set(codes)
    disputed = standing.disputes(acts)
    rows = [
        _row(entry, facts, files[entry], checks.get(entry), disputed.get(entry), draw=entry in drawn)
        for entry, facts in ordered.items()
    ]
    style = _environment().get_template("index.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template("index.html")
        .render(
            head=_head(ordered),
            purposes=purposes,
            acts=rows[::-1],
            notices=[_notice(text, acts) for text in notices],
            style=Markup(style),  # noqa: S704  our own file; nothing is put into it
            policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        )
    )


def readme(ordered: Mapping[int, RecordFacts], files: Mapping[int, Files]) -> str:
    """Write the text that says what lies in the folder and how to check it."""
    receipts = [file.receipt for file in files.values() if file.receipt]
    return (
        _environment()
        .get_template("README.txt")
        .render(
            acts=len(ordered),
            receipts=len(receipts),
            example=receipts[-1] if receipts else "receipts/1.json",
            kantara=any(file.kantara for file in files.values()),
            problems=sum(1 for file in files.values() if file.problem),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("agent.consent", "templates"),
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _head(ordered: Mapping[int, RecordFacts]) -> Head | None:
    if not ordered:
        return None
    last = ordered[max(ordered)]
    parties: Parties = last.parties
    mode = mode_of(last)
    own = mode is Mode.PERSONAL
    return Head(
        mode=_MODES[mode],
        test=mode is Mode.TEST,
        organisation="" if own else parties.organisation,
        contact="" if own else parties.contact,
        jurisdiction="" if own else parties.jurisdiction,
        authority="" if own else parties.authority,
        subject=parties.subject,
    )


def _purposes(ordered: Mapping[int, RecordFacts], acts: Sequence[Act]) -> list[PurposeRow]:
    newest: dict[Purpose, RecordFacts] = {}
    for facts in ordered.values():
        newest[facts.act.purpose] = facts
    rows = []
    for purpose in Purpose:
        if purpose not in newest:
            continue
        facts = newest[purpose]
        language = facts.act.language
        holds = standing.standing(purpose, acts)
        rows.append(
            PurposeRow(
                purpose=purpose.value,
                title=facts.title,
                meaning=facts.meaning,
                optional=purpose.optional,
                basis=said(language, "basis", facts.basis),
                categories=tuple(said(language, "category", key) for key in facts.categories),
                recipients=_recipients(facts),
                retention=facts.retention,
                holds=_holds(holds, purpose),
                holds_entry=None if holds is None else holds.entry,
            )
        )
    return rows


def _recipients(facts: RecordFacts) -> tuple[str, ...]:
    own = mode_of(facts) is Mode.PERSONAL or not facts.parties.organisation
    keys = ("person",) if own else facts.recipients
    return tuple(said(facts.act.language, "recipient", key, organisation=facts.parties.organisation) for key in keys)


def _holds(act: Act | None, purpose: Purpose) -> str:
    if act is None:
        return "You have said nothing of it: it stays off." if purpose.optional else "You have said nothing of it yet."
    return f"{_DONE[act.kind]}, {_when(act.at)}."


def _row(
    entry: int, facts: RecordFacts, files: Files, check: ProofCheck | None, disputed_by: int | None, *, draw: bool
) -> ActRow:
    act = facts.act
    erased = bool(files.receipt) and "payload" not in receipt_for(facts)
    code, code_problem = Markup(), ""
    if draw and files.receipt and not erased:
        try:
            code = Markup(qr.qr_svg(json.dumps(receipt_for(facts)).encode()))  # noqa: S704  drawn by us; holds paths and numbers only
        except qr.QrError as error:
            code_problem = str(error)
    details = [
        ("Entry in the log", str(entry)),
        ("Purpose", act.purpose.value),
        ("How sure it is who acted", _SURE[act.strength]),
        ("Language of the notice", act.language),
    ]
    if act.control:
        details.append(("Button, switch or prompt", act.control))
    if act.dwell_ms is not None:
        details.append(("From showing the text to the act", f"{act.dwell_ms / 1000:.1f} s"))
    if act.finding:
        details.append(("Finding", act.finding))
    return ActRow(
        entry=entry,
        done=_DONE[act.kind],
        title=facts.title,
        purpose=act.purpose.value,
        answer=WORDS.get(act.category, act.category),
        words=facts.words,
        stamp=said_at(act.at),
        when=_when(act.at),
        where=_WHERE[act.channel],
        sure=_SURE[act.strength],
        details=tuple(details),
        notice=act.notice_sha256,
        disputed_by=disputed_by,
        disputes=act.disputes,
        expires="" if facts.expires_at is None else _when(facts.expires_at),
        check=check,
        erased=erased,
        files=files,
        code=code,
        code_problem=code_problem,
    )


def _notice(text: NoticeText, acts: Sequence[Act]) -> NoticeRow:
    return NoticeRow(
        notice=text,
        lines=tuple((line, line.startswith("#")) for line in text.text.splitlines()),
        acts=tuple(act.entry for act in acts if act.notice_sha256 == text.sha256 and act.entry is not None),
    )


def _when(at: int) -> str:
    """Say UTC milliseconds for people: the export may be read in any place, so the time zone stands with it."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    # Built by hand: names must not follow the locale of who exports, and not every system's strftime knows `%-d`.
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} UTC"
