"""What the terminal says of purposes, gates and acts: keys of the record become sentences a person can act on.

Nothing here asks or prints: views come in as the agent sent them, plain text goes out. Titles, meanings and legal bases
are already in the person's language (`content/`); the frame around them is the command line's English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from agent.model.answers import WORDS
from agent.model.consent import ActView, PurposeView
from agent.model.purposes import Act, ActKind, Channel, GateState, Mode

REVIEW: Final = "gleanwatch consent review"

_DONE: Final[Mapping[ActKind, str]] = {
    ActKind.SHOWN: "the notice was shown to you",
    ActKind.ACKNOWLEDGED: "you said «I have been shown this»",
    ActKind.AUTHORISED: "you authorised it",
    ActKind.OBJECTED: "you objected",
    ActKind.GIVEN: "you allowed it",
    ActKind.REFUSED: "you refused it",
    ActKind.WITHDRAWN: "you took your consent back",
    ActKind.EXPIRED: "your consent ended by itself, its time was over",
    ActKind.ANSWERED: "you answered a finding",
    ActKind.DISPUTED: "you said «that was not me»",
}
_CHANNELS: Final[Mapping[Channel, str]] = {
    Channel.PAGE: "local page",
    Channel.EXTENSION: "browser pop-up",
    Channel.TERMINAL: "terminal",
    Channel.DESKTOP: "desktop notice",
    Channel.SELF: "this test instance itself",
    Channel.CLOCK: "nobody: the clock",
}

_WHY: Final[Mapping[str, str]] = {
    "notice_not_shown": "Not started: its notice was not shown to you yet.",
    "notice_changed": "Stopped: the notice has changed and asks again.",
    "not_acknowledged": "Not started: it waits until you say that you have been shown the notice.",
    "not_authorised": "Not started: here it needs your express authorisation, and you have not given it.",
    "language_missing": (
        "Not started: the law here asks for a notice in a language that this release does not have. "
        "Nothing is observed until it has."
    ),
    "paused": "Paused by you.",
    "objected": "Off.",
    "switched_off": "Off: the organisation's policy does without it.",
    "not_in_use": "Off: nothing in this release does anything for it.",
    "not_given": "Off, and stays off unless you allow it.",
    "refused": "Off.",
    "withdrawn": "Off.",
    "expired": "Off. It asks again, it does not go on by itself.",
}
_DO: Final[Mapping[str, str]] = {
    "notice_not_shown": REVIEW,
    "notice_changed": REVIEW,
    "not_acknowledged": REVIEW,
    "not_authorised": REVIEW,
    "paused": "gleanwatch consent resume",
}


def when(at: int) -> str:
    """Say a moment (UTC milliseconds) in this machine's time, such as `2026-11-23 14:05`."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def plain(text: str) -> str:
    """Return somebody's own words without anything that a terminal would obey, such as an escape sequence."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def done(act: Act, mode: Mode) -> str:
    """Say what an act was, as a sentence's end: «you objected»."""
    if act.kind is ActKind.ANSWERED:
        said = WORDS.get(act.category, plain(act.category))
        return f"you answered a finding: «{said}»"
    if act.kind is ActKind.DISPUTED and act.disputes is not None:
        return f"you said of entry {act.disputes}: «that was not me»"
    if act.kind is ActKind.ACKNOWLEDGED and mode is Mode.PERSONAL:
        return "you said yes"
    if act.channel is Channel.SELF:
        # Nobody sat there: a test instance must never read as if a person had answered.
        return f"recorded by this test instance itself: {act.kind.value}"
    return _DONE.get(act.kind, act.kind.value)


def by(act: Act) -> str:
    """Say where an act was done."""
    return _CHANNELS.get(act.channel, act.channel.value)


def why(view: PurposeView, mode: Mode) -> str:
    """Say whether a purpose is on, and if not, when or under which condition it starts.

    Args:
        view: The purpose as the agent tells it.
        mode: How this instance runs: in personal mode it is the person's yes that is waited for.
    """
    gate = view.gate
    if gate.state is GateState.OPEN:
        ends = f" Ends by itself {when(view.expires_at)}." if view.expires_at is not None else ""
        return f"On since {when(gate.since)}.{ends}" if gate.since else f"On.{ends}"
    if gate.reason == "lead_days" and gate.until is not None:
        return (
            f"Starts by itself {when(gate.until)}: the days between notice and start are not over yet. "
            "It waits for nothing else."
        )
    if gate.reason == "paused" and gate.until is not None:
        return f"Paused by you until {when(gate.until)}; then it goes on by itself."
    said = _WHY.get(gate.reason, f"Off: {gate.reason.replace('_', ' ')}." if gate.reason else "Off.")
    if gate.reason == "not_acknowledged" and mode is not Mode.MANAGED:
        said = "Not started: it waits for your yes."
    if gate.until is not None:
        said += f" Not before {when(gate.until)} in any case."
    return said


def mend(view: PurposeView) -> str:
    """Return the command that changes why a purpose waits, or an empty string where the person has nothing to do."""
    return _DO.get(view.gate.reason, "")


def last_word(view: PurposeView, mode: Mode) -> str:
    """Say what stands on record about a purpose, with its date, or that nothing does."""
    if view.standing is None:
        return "You have not answered yet." if not view.optional else "You have not answered; that counts as no."
    act = view.standing
    said = f"{done(act, mode)} ({when(act.at)}, {by(act)})"
    return said[0].upper() + said[1:] + "."


def needs_authorisation(views: Sequence[PurposeView], mode: Mode) -> bool:
    """Say whether mandatory purposes wait for an express authorisation here.

    In managed mode only that start rule lets an objection close a gate, so a closed gate tells it as well.
    """
    return mode is Mode.MANAGED and any(
        v.gate.reason in ("not_authorised", "objected")
        or (v.standing is not None and v.standing.kind is ActKind.AUTHORISED)
        for v in views
        if not v.optional
    )


def objection_means(mode: Mode, *, authorisation: bool) -> str:
    """Say what objecting does here, before anybody types it."""
    if mode is not Mode.MANAGED:
        return f"What you object to stops at once. Start it again the same way: {REVIEW}"
    stops = (
        "It takes your authorisation back: what it was for stops at once."
        if authorisation
        else "It does not stop the watching by itself: your organisation has to answer it."
    )
    return (
        f"Your objection is put on record with its time. {stops} Until it is answered, or you take it back, the data "
        f"of that purpose stays on this computer and nothing of it is reported. You take it back with: {REVIEW}"
    )


def told(one: ActView, mode: Mode) -> str:
    """Say one act of the history in one line."""
    said = "erased: only its time and its place in the record are left" if one.erased else done(one.act, mode)
    return said[0].upper() + said[1:]
