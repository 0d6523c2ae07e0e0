"""What the consent page says of each purpose: whether it is on and why, what stands on record, what can be pressed.

`PurposeView`s come from the agent in the person's language; here the state of their gate becomes a sentence in it
and the acts that make sense now become buttons. Three rules shape the buttons: a choice never has a louder side, taking
back is one press like giving, and a button that the notice names carries the notice's own words for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.content.notices import said
from agent.model.consent import PurposeView
from agent.model.purposes import Act, ActKind, Channel, GateState, Mode
from agent.pages import words
from agent.pages.language import current, many, text, unfilled

ASKS: Final = frozenset({"notice_not_shown", "notice_changed", "not_acknowledged", "not_authorised"})
"""Reasons of a gate that waits for the person to read or answer the notice."""

UNREAD: Final = frozenset({"notice_not_shown", "notice_changed"})
"""Those of them where the notice that holds was not shown yet: it must be read before it can be answered."""

CONTROLS: Final = {
    ActKind.SHOWN: "notice.show",
    ActKind.ACKNOWLEDGED: "notice.acknowledge",
    ActKind.OBJECTED: "notice.object",
    ActKind.AUTHORISED: "notice.authorise",
    ActKind.GIVEN: "purpose.allow",
    ActKind.REFUSED: "purpose.refuse",
    ActKind.WITHDRAWN: "purpose.withdraw",
    ActKind.ANSWERED: "finding.answer",
    ActKind.DISPUTED: "act.dispute",
}
"""What the record calls the button behind each kind of act."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words, and the moment that belongs into their place `%(when)s`: UTC milliseconds, or None where there is none."""

    words: str
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One button: what it records, what stands on it, and in which language."""

    kind: ActKind
    label: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Card:
    """One purpose on its card.

    Attributes:
        view: What the agent tells.
        on: Whether something is done for it now.
        waits: Whether it waits for the person.
        state: Whether it is on, and if not, when it will be and why.
        standing: What the person last said and still holds.
        ends: When a consent ends by itself, or None.
        choices: The buttons.
    """

    view: PurposeView
    on: bool
    waits: bool
    state: Sentence
    standing: Sentence | None
    ends: int | None
    choices: tuple[Choice, ...]

    @property
    def asks(self) -> bool:
        """Whether consent or an authorisation can be given on it now: then nothing of what it is about is folded away.

        Who agrees must have it before them. What rests on a notice is only answered after that was read, where it is.
        """
        return any(choice.kind in (ActKind.GIVEN, ActKind.AUTHORISED) for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Cards:
    """Every purpose, as the page shows them.

    Attributes:
        mandatory: Those that rest on a notice.
        optional: Those that rest on consent.
        unused: Those for which nothing is done here, so that nobody is asked.
        unread: Whether the notice has to be read before anything can be answered.
    """

    mandatory: tuple[Card, ...]
    optional: tuple[Card, ...]
    unused: tuple[PurposeView, ...]
    unread: bool


def cards_of(views: Sequence[PurposeView], mode: Mode, language: str = "en") -> Cards:
    """Sort purposes into those that rest on a notice, those that rest on consent, and those that are not used.

    Args:
        views: Every purpose.
        mode: How this instance runs.
        language: The language in which the views are told.
    """
    used = [view for view in views if view.in_use]
    unread = any(view.gate.reason in UNREAD for view in used if not view.optional)
    cards = [_card(view, mode, language, unread) for view in used]
    return Cards(
        mandatory=tuple(card for card in cards if not card.view.optional),
        optional=tuple(card for card in cards if card.view.optional),
        unused=tuple(view for view in views if not view.in_use),
        unread=unread,
    )


def summary(views: Sequence[PurposeView]) -> str:
    """Say in one line how many purposes are on and whether one waits for an answer."""
    used = [view for view in views if view.in_use]
    if not used:
        return text("Nothing is asked of you here.")
    on = sum(view.gate.state is GateState.OPEN for view in used)
    asking = sum(view.gate.reason in ASKS for view in used if not view.optional)
    held = sum(view.held for view in used)
    if len(used) == 1:
        told = [text("The only purpose is on.") if on else text("The only purpose is off.")]
    else:
        told = [many("%(num)s of %(all)s purposes is on.", "%(num)s of %(all)s purposes are on.", on, all=len(used))]
    if asking:
        told.append(many("%(num)s waits for your answer.", "%(num)s wait for your answer.", asking))
    if held:
        told.append(many("You object to %(num)s.", "You object to %(num)s.", held))
    return " ".join(told)


def _card(view: PurposeView, mode: Mode, language: str, unread: bool) -> Card:
    gate = view.gate
    return Card(
        view=view,
        on=gate.state is GateState.OPEN,
        waits=not view.optional and gate.reason in ASKS,
        state=_state(view, mode),
        standing=_standing(view.standing, mode) if view.standing is not None else None,
        ends=view.expires_at,
        choices=() if unread or gate.reason == "language_missing" else _choices(view, mode, language),
    )


def needs_authorisation(view: PurposeView, mode: Mode) -> bool:
    """Say whether a mandatory purpose waits for an authorisation here.

    In managed mode only that start rule lets an objection close a gate: elsewhere it is put on record and holds data.
    """
    if view.optional or mode is not Mode.MANAGED:
        return False
    authorised = view.standing is not None and view.standing.kind is ActKind.AUTHORISED
    return authorised or view.gate.reason in ("not_authorised", "objected")


def notice_choices(views: Sequence[PurposeView], mode: Mode, language: str = "en") -> tuple[Choice, ...]:
    """Return the buttons under the notice, which speak of every purpose that rests on it together."""
    if any(view.gate.reason == "language_missing" for view in views):
        return ()
    if mode is Mode.MANAGED:
        if any(needs_authorisation(view, mode) for view in views if view.in_use):
            return _authorise(language)
        return _shown(language)
    if any(view.in_use and not view.optional and view.gate.state is GateState.OPEN for view in views):
        return (_named(ActKind.OBJECTED, "stop", language),)
    return (_named(ActKind.ACKNOWLEDGED, "start", language), _named(ActKind.OBJECTED, "not_start", language))


def _named(kind: ActKind, key: str, language: str) -> Choice:
    """Return a button that the notice speaks of, in the notice's words."""
    return Choice(kind, said(language, "press", key), language)


def _shown(language: str) -> tuple[Choice, ...]:
    return (_named(ActKind.ACKNOWLEDGED, "shown", language), _named(ActKind.OBJECTED, "object", language))


def _authorise(language: str) -> tuple[Choice, ...]:
    return (_named(ActKind.AUTHORISED, "authorise", language), _named(ActKind.OBJECTED, "not_authorise", language))


def _choices(view: PurposeView, mode: Mode, language: str) -> tuple[Choice, ...]:
    """Return what can be pressed now: both sides where nothing stands on record, else the way back."""
    told = view.standing.kind if view.standing is not None else None
    if view.optional:
        return _consent_choices(told, view.gate.state is GateState.OPEN, language)
    if view.gate.reason in ASKS:
        told = None  # What was said was said to an earlier notice.
    if mode is not Mode.MANAGED:
        start = Choice(ActKind.ACKNOWLEDGED, text("Start"), current())
        if view.gate.state is GateState.OPEN:
            return (Choice(ActKind.OBJECTED, text("Stop"), current()),)
        return (
            (start,) if told is ActKind.OBJECTED else (start, Choice(ActKind.OBJECTED, text("Do not start"), current()))
        )
    if told in (ActKind.ACKNOWLEDGED, ActKind.AUTHORISED):
        return (_named(ActKind.OBJECTED, "object", language),)
    if needs_authorisation(view, mode):
        both = _authorise(language)
        return both[:1] if told is ActKind.OBJECTED else both
    if told is ActKind.OBJECTED:
        return (_named(ActKind.ACKNOWLEDGED, "take_back", language),)
    return _shown(language)


def _consent_choices(told: ActKind | None, on: bool, language: str) -> tuple[Choice, ...]:
    allow, refuse = _named(ActKind.GIVEN, "agree", language), _named(ActKind.REFUSED, "refuse", language)
    withdraw = _named(ActKind.WITHDRAWN, "withdraw", language)
    if told is ActKind.GIVEN:
        return (withdraw,) if on else (allow, withdraw)
    if told in (ActKind.REFUSED, ActKind.WITHDRAWN):
        return (allow,)
    return (allow, refuse)


def _state(view: PurposeView, mode: Mode) -> Sentence:
    """Say whether a purpose is on; if not, when it will be and why."""
    gate = view.gate
    if gate.state is GateState.OPEN:
        return Sentence(unfilled("On since %(when)s."), gate.since) if gate.since else Sentence(text("On."))
    if gate.until is not None:
        return Sentence(
            unfilled("Starts %(when)s: the days between notice and start are not over. Off until then."), gate.until
        )
    if gate.reason == "not_acknowledged" and mode is not Mode.MANAGED:
        return Sentence(text("Off. It starts when you say so, and not before."))
    if gate.reason == "objected" and mode is not Mode.MANAGED:
        return Sentence(text("Off, because you stopped it."))
    return Sentence(words.say(gate.reason or "closed", "gate"))


def _standing(act: Act, mode: Mode) -> Sentence:
    """Say what stands on record, with its date."""
    done, when = words.done(act.kind, mode), "%(when)s"
    if act.channel is Channel.SELF:
        return Sentence(text("This test instance itself: «%(act)s», %(when)s.", act=done, when=when), act.at)
    if act.channel is Channel.CLOCK:
        return Sentence(unfilled("Your consent was over, %(when)s."), act.at)
    return Sentence(text("You: «%(act)s», %(when)s.", act=done, when=when), act.at)
