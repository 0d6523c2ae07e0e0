"""Why this program exists: the authorities' two joint statements on data scraping, as data with sources.

`why.yaml` beside this file is the source and says what each key means; `load_why` reads and checks it once, the page
«Why this exists» shows it. What nobody confirmed (certainty C) is refused here: on this page it has no place.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Confirmed = Literal["A", "B"]


class WhyError(ValueError):
    """The shipped facts are wrong; the message says where."""


class Signatory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One authority that signed: its place's code and name, its own name, and a remark where one is needed."""

    code: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")]
    place: Sentence
    authority: Sentence
    remark: str = ""


class Addressee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One company that a statement was sent to, and the services it was named for."""

    company: Sentence
    services: Annotated[tuple[Sentence, ...], msgspec.Meta(min_length=1)]


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One joint statement; each part with its source and how sure we are of it.

    Attributes:
        key: Its stable name.
        date: When it was made.
        title: What it is called.
        who: Who signed, in a sentence.
        who_source: Where that stands.
        who_certainty: How sure we are of it.
        names_source: Where the list of names stands.
        names_certainty: How sure we are of the names.
        signed: Those who signed; of the second statement, those who were new.
        to: To whom it speaks.
        sent_to: To whom it was sent by name.
        to_source: Where that stands.
        to_certainty: How sure we are of it.
        says: What it says.
        says_source: Where that stands.
        says_certainty: How sure we are of it.
        asks: What it asks for.
        asks_source: Where that stands.
        asks_certainty: How sure we are of it.
    """

    key: str
    date: datetime.date
    title: Sentence
    who: Sentence
    who_source: Sentence
    who_certainty: Confirmed
    names_source: Sentence
    names_certainty: Confirmed
    signed: Annotated[tuple[Signatory, ...], msgspec.Meta(min_length=1)]
    to: Sentence
    sent_to: tuple[Addressee, ...]
    to_source: Sentence
    to_certainty: Confirmed
    says: Annotated[tuple[Sentence, ...], msgspec.Meta(min_length=1)]
    says_source: Sentence
    says_certainty: Confirmed
    asks: Annotated[tuple[Sentence, ...], msgspec.Meta(min_length=1)]
    asks_source: Sentence
    asks_certainty: Confirmed


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was written about the statements, what is so instead, where that stands and how sure we are of it."""

    claim: Sentence
    fact: Sentence
    source: Sentence
    certainty: Confirmed


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the page says.

    Attributes:
        schema_version: Of the file.
        checked: When the facts were last looked up.
        statements: Both, the earlier first.
        press: What was written wrongly of them.
        so_what: What follows for this program.
    """

    schema_version: Literal[1]
    checked: datetime.date
    statements: Annotated[tuple[Statement, ...], msgspec.Meta(min_length=2, max_length=2)]
    press: tuple[Correction, ...]
    so_what: tuple[Sentence, ...]


def parse_why(text: str | bytes) -> Why:
    """Read the facts.

    Raises:
        WhyError: They are wrong.
    """
    try:
        return msgspec.yaml.decode(text, type=Why, strict=False)
    except msgspec.DecodeError as error:
        raise WhyError(f"why.yaml: {error}") from error


@cache
def load_why() -> Why:
    """Return the facts that are shipped."""
    return parse_why(files("agent.content").joinpath("why.yaml").read_bytes())


def sentences() -> Iterator[str]:
    """Yield every English sentence of the page that comes from the data, for whoever translates them."""
    why = load_why()
    for one in why.statements:
        yield from (one.title, one.who, one.who_source, one.names_source, one.to, one.to_source)
        yield from (one.says_source, one.asks_source, *one.says, *one.asks)
        yield from (text for signed in one.signed for text in (signed.place, signed.remark) if text)
    for wrong in why.press:
        yield from (wrong.claim, wrong.fact, wrong.source)
    yield from why.so_what
