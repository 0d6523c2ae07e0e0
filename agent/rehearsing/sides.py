"""What the person, the compliance team and a researcher see of the played day, scene by scene.

The person's side is what the store and the gates really held. In this release nothing is sent to anybody: the other
two sides say so, and show what the design says would be sent, derived from the real findings' state (`reportable`),
field by field and marked as designed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.content.purposes import load_purposes
from agent.model.answers import WORDS
from agent.model.face import PageTotal
from agent.model.findings import Finding
from agent.model.purposes import ActKind, Gate, GateState, Purpose
from agent.rehearsing.cast import ROLES
from agent.rehearsing.draft import Draft
from agent.rehearsing.playing import BEGINS_HOUR, DAY_MS, HOUR_MS, MINUTE_MS, Met, Played

DESIGNED: Final = "designed, not built yet"
"""Stands before everything that no release does."""
NOTHING: Final = "Nothing."

_WHY_NOT: Final = {
    "notice_not_shown": "the notice was not shown yet",
    "not_acknowledged": "the person did not say yet that the notice was shown",
    "not_authorised": "the person did not authorise it yet",
    "lead_days": "the lead days are not over",
    "switched_off": "the policy does without it",
    "not_in_use": "this release does nothing for it",
    "language_missing": "the law asks for a language of the notice that this release lacks",
    "not_given": "nobody consented",
    "gate_closed": "the gate was not open when they were opened",
    "unknown_platform": "the policy switches the platform off",
    "unknown_class": "pages of that kind are never sent",
}
_ANSWERED: Final = {
    None: "The notice cannot be shown in a language that the law asks for: nothing starts.",
    ActKind.ACKNOWLEDGED: "presses «I have been shown this»; objecting would be as easy",
    ActKind.AUTHORISED: "authorises it expressly, since the policy asks for that",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene, three sides. Lines are whole sentences or `field: value`.

    Attributes:
        title: What happens.
        when: Day and time of the play.
        person: What the person sees.
        team: What the compliance team sees.
        researcher: What a researcher sees.
    """

    title: str
    when: str
    person: tuple[str, ...]
    team: tuple[str, ...]
    researcher: tuple[str, ...]


def scenes(draft: Draft, played: Played) -> tuple[Scene, ...]:
    """Return every scene in order."""
    told = [_notice(draft, played), _at_once(played), _answer(draft, played)]
    if not played.watched:
        gate = _gate(played, "day", Purpose.DETECT)
        return (*told, _not_watched(played, gate))
    told.append(_pages(draft, played))
    told += [_program(draft, played, met) for met in played.met]
    told += [_choices(draft, played), _gone(draft, played)]
    return tuple(told)


def moment(played: Played, at: int) -> str:
    """Say a moment of the play: its day, counted from the notice, and the time."""
    since = at - played.begins
    day, rest = divmod(since + BEGINS_HOUR * HOUR_MS, DAY_MS)
    return f"day {day + 1}, {rest // HOUR_MS:02}:{rest % HOUR_MS // MINUTE_MS:02}"


def _day(played: Played, at: int) -> str:
    return moment(played, at).partition(",")[0]


def _gate(played: Played, what: str, purpose: Purpose) -> Gate:
    seen = next(seen for seen in played.gates if seen.what == what)
    return next(gate for gate in seen.gates if gate.purpose is purpose)


def _at(played: Played, what: str) -> int:
    return next(seen.at for seen in played.gates if seen.what == what)


def _says(gate: Gate, played: Played) -> str:
    if gate.state is GateState.OPEN:
        return "Watching is on."
    why = _WHY_NOT.get(gate.reason, gate.reason)
    until = f", until {moment(played, gate.until)}" if gate.until is not None else ""
    return f"Nothing is observed: {why}{until}."


def _notice(draft: Draft, played: Played) -> Scene:
    organisation = draft.policy.organisation
    languages = ", ".join(played.notices)
    if not played.notices:
        person: tuple[str, ...] = (_ANSWERED[None],)
    else:
        first = next(iter(played.notices.values()))
        person = (
            f"Reads the notice «{first.notice}», version {first.version}, in one of {languages}.",
            f"It names {organisation.name} and whom to ask: {organisation.contact}.",
            _says(_gate(played, "shown", Purpose.DETECT), played),
        )
        if played.own_rules:
            person += (f"Reads {played.own_rules} of the organisation's own rules in plain words, at its end.",)
    return Scene("The notice is shown", moment(played, _at(played, "shown")), person, (NOTHING,), (NOTHING,))


def _at_once(played: Played) -> Scene:
    many = sum(played.tried.values())
    person = tuple(f"{_pages_word(n)} of {many}: {_became(reason)}." for reason, n in played.tried.items())
    return Scene("Pages opened at once", moment(played, _at(played, "shown")), person, (NOTHING,), (NOTHING,))


def _became(reason: str) -> str:
    if reason == "kept":
        return "counted"
    return f"not counted, since {_WHY_NOT.get(reason, reason)}"


def _pages_word(number: int) -> str:
    return f"{number} page" if number == 1 else f"{number} pages"


def _answer(draft: Draft, played: Played) -> Scene:
    at = _at(played, "answered")
    if played.answer is None:
        person: tuple[str, ...] = (_ANSWERED[None],)
    else:
        person = (
            f"The person {_ANSWERED[played.answer]}. It is in the ledger, with a receipt.",
            _says(_gate(played, "answered", Purpose.DETECT), played),
            f"Lead days of the policy: {draft.rulebook.ruling.lead_days}.",
        )
    team = (f"[{DESIGNED}] That the notice was shown, and whether it was acknowledged.",)
    return Scene("The answer", moment(played, at), person, team, (NOTHING,))


def _not_watched(played: Played, gate: Gate) -> Scene:
    refused = sum(played.refused.values())
    person = (
        _says(gate, played),
        f"{_pages_word(refused)} opened, none counted. {len(played.met)} programs ran unseen.",
    )
    return Scene("The working day", moment(played, _at(played, "day")), person, (NOTHING,), (NOTHING,))


def _pages(draft: Draft, played: Played) -> Scene:
    hours = draft.policy.retention.observations_hours
    person = [f"{platform}: {count} ({kinds})" for platform, count, kinds in _by_platform(played.totals)]
    person += [f"{_pages_word(n)} {_became(reason)}." for reason, n in played.refused.items()]
    person += [f"Kept on this computer for {hours} hours, then deleted. No address, title or name is known."]
    return Scene("Page loads of the day", moment(played, _at(played, "day")), tuple(person), (NOTHING,), (NOTHING,))


def _by_platform(totals: Sequence[PageTotal]) -> list[tuple[str, int, str]]:
    found: list[tuple[str, int, str]] = []
    for platform in sorted({total.platform for total in totals}):
        mine = sorted((t for t in totals if t.platform == platform), key=lambda t: t.page_class)
        kinds = ", ".join(f"{total.page_class} {total.count}" for total in mine)
        found.append((platform, sum(total.count for total in mine), kinds))
    return found


def _program(draft: Draft, played: Played, met: Met) -> Scene:
    title = ROLES[met.run.role]
    if met.run.role == "approved" and not draft.policy.approvals.keys:
        title = "a tool that nobody can approve: the policy names no key"
    return Scene(
        title[0].upper() + title[1:],
        moment(played, met.started),
        _to_the_person(draft, played, met),
        _to_the_team(draft, played, met),
        _to_a_researcher(draft, met),
    )


def _to_the_person(draft: Draft, played: Played, met: Met) -> tuple[str, ...]:
    finding = met.finding
    if finding is None:
        return ("Nothing: no finding, and nothing is kept of it.",)
    said = [f"{finding.name} ({finding.family}): {finding.stage.value}, confidence {finding.level.value}."]
    said += [f"Because: {piece.detail}." for piece in finding.evidence]
    if met.flagged_at is None:
        why = (
            f"approved until {_day(played, finding.approved_until)} ({met.approval})" if finding.approved_until else ""
        )
        said.append(f"Listed, no warning{f': {why}' if why else ''}.")
        return tuple(said)
    said.append(f"Warned at {moment(played, met.flagged_at)}, before anybody else hears of it.")
    if finding.answer:
        said.append(f"Answers: «{WORDS.get(finding.answer, finding.answer)}».")
    if met.reportable_at is None:
        said.append(
            f"Over within the {draft.policy.detection.hold_hours} hours of the hold: it never leaves this computer."
        )
    elif finding.held_until is not None and met.reportable_at >= finding.held_until:
        said.append(
            f"Sees the hold count down to {moment(played, finding.held_until)}. Still in use then: it may be reported."
        )
    else:
        said.append(
            f"Collecting with high confidence: it may be reported at once, at {moment(played, met.reportable_at)}."
        )
    return tuple(said)


def _to_the_team(draft: Draft, played: Played, met: Met) -> tuple[str, ...]:
    finding = met.finding
    if finding is None or met.reportable_at is None:
        return (NOTHING,)
    if Purpose.REPORT in draft.rulebook.ruling.switched_off:
        return (f"Nothing, ever: the policy does without {Purpose.REPORT.value}.",)
    return (
        f"Nothing in this release. [{DESIGNED}] From {moment(played, met.reportable_at)} a report could carry:",
        *(f"{name}: {value}" for name, value in report_fields(played, finding, met.totals)),
        "No other page load and no count, no address, no hour, no command line.",
    )


def report_fields(played: Played, finding: Finding, totals: Sequence[PageTotal]) -> tuple[tuple[str, str], ...]:
    """Return what the design says a report carries of one reportable finding (DESIGN 3.14, 3.15): name → value."""
    counted = "; ".join(f"{platform} {kinds}" for platform, _, kinds in _by_platform(totals))
    return (
        ("tool", finding.tool),
        ("name", finding.name),
        ("family", finding.family),
        ("stage", finding.stage.value),
        ("confidence", f"{finding.confidence:.2f} ({finding.level.value})"),
        ("platforms", ", ".join(finding.platforms) or "none seen"),
        ("first seen", _day(played, finding.first_seen)),
        ("last seen", _day(played, finding.last_seen)),
        ("started", f"{finding.count} times" if finding.count != 1 else "once"),
        ("evidence", "; ".join(f"{piece.rule}: {piece.detail}" for piece in finding.evidence)),
        ("techniques", ", ".join(finding.techniques) or "none"),
        ("answer", WORDS.get(finding.answer, finding.answer) or "none"),
        ("page loads in its window", counted or "none kept"),
    )


def _to_a_researcher(draft: Draft, met: Met) -> tuple[str, ...]:
    if Purpose.RESEARCH in draft.rulebook.ruling.switched_off:
        return (f"Nothing, ever: the policy does without {Purpose.RESEARCH.value}.",)
    if met.finding is None:
        return (NOTHING,)
    return (
        "Nothing: nobody consented.",
        f"[{DESIGNED}] With the person's consent: one sealed count, {met.finding.family} +1, in a sum with noise.",
    )


def _choices(draft: Draft, played: Played) -> Scene:
    optional = [purpose for purpose in load_purposes() if purpose.optional]
    off = draft.rulebook.ruling.switched_off
    person = tuple(
        f"{purpose.value}: {'the policy does without it' if purpose in off else 'off until the person allows it'}."
        for purpose in optional
    )
    team = ("Nothing: acts on optional purposes never leave the computer. Nobody can list who refused.",)
    return Scene("Optional purposes", moment(played, _at(played, "day")), person, team, (NOTHING,))


def _gone(draft: Draft, played: Played) -> Scene:
    keeps = draft.policy.retention
    person = [
        f"Page loads go after {keeps.observations_hours} hours, findings {keeps.findings_days} days after they end."
    ]
    loads = [each for each in played.deleted if each.page_loads]
    rows = [each for each in played.deleted if each.findings]
    if loads:
        many = sum(each.page_loads for each in loads)
        person.append(f"{_pages_word(many)} deleted by {moment(played, loads[-1].at)}.")
    if rows:
        person.append(f"{sum(each.findings for each in rows)} findings deleted by {_day(played, rows[-1].at)}.")
    person.append("The ledger keeps that people were told, and what they answered, until claims lapse.")
    at = played.deleted[-1].at if played.deleted else _at(played, "day")
    return Scene("What is left in the end", moment(played, at), tuple(person), (NOTHING,), (NOTHING,))
