"""Plain words for every key of the organisation's policy and of the person's own configuration, with their values.

A key comes in as `settings/` names it (`monitoring.lead_days`) with its value as plain data; out come what it is, what
it means for the person, the value in words, and whether it is what holds without anybody setting it. A key of another
release is shown as itself: a page that fails over a word helps nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from agent.pages import words
from agent.pages.language import many, text, told_plain
from agent.settings.config import Config
from agent.settings.policy import Policy

REVIEWER: Final = "legal_reviewer.name"
"""Who reviewed our facts is shown to nobody (docs/policy.md); that somebody did is."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names that the values are told with.

    Attributes:
        place: Of the jurisdiction in the policy.
        purposes: Purpose → its title.
    """

    place: str = ""
    purposes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeyWords:
    """What one key is, and what it means for the person."""

    title: str
    means: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One key as the page shows it.

    Attributes:
        key: As the file names it.
        title: In a few words.
        means: What it means for the person.
        value: The value in words; several where it is a list, none where nothing is set.
        ours: Whether the value is the one that holds without anybody setting it; None where there is no such value.
    """

    key: str
    title: str
    means: str
    value: tuple[str, ...]
    ours: bool | None


def policy_settings(policy: Mapping[str, object], names: Names) -> tuple[Setting, ...]:
    """Return every key of a policy that the page shows, in the file's order; nothing of an empty one."""
    known, defaults = policy_words(), defaults_of(Policy)
    return tuple(
        Setting(
            key,
            known[key].title if key in known else key,
            known[key].means if key in known else "",
            told(key, value, names),
            _plain(value) == defaults[key] if key in defaults else None,
        )
        for key, value in policy.items()
    )


def config_settings() -> tuple[Setting, ...]:
    """Return every key that a person can set, each with the value that holds where they set none."""
    known = config_words()
    return tuple(
        Setting(key, known[key].title, known[key].means, (_default_in_words(value),), True)
        for key, value in defaults_of(Config).items()
        if key in known
    )


def defaults_of(form: type[msgspec.Struct]) -> dict[str, object]:
    """Return what each key of a file is where nobody sets it, as plain data; a key that must be set is left out."""
    found: dict[str, object] = {}
    for section in msgspec.structs.fields(form):
        inner = section.type
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            found |= {f"{section.name}.{key}": value for key, value in defaults_of(inner).items()}
        elif section.default is not msgspec.NODEFAULT:
            found[section.name] = _plain(section.default)
        elif section.default_factory is not msgspec.NODEFAULT:
            found[section.name] = _plain(section.default_factory())
    return found


def _plain(value: object) -> object:
    """Return a value as plain data, its sequences as tuples."""
    plain = msgspec.to_builtins(value)
    return tuple(plain) if isinstance(plain, (list, tuple)) else plain


def told(key: str, value: object, names: Names) -> tuple[str, ...]:
    """Say a policy's value in words; nothing where nothing is set."""
    if value in ("", None, (), []):
        return ()
    match key:
        case "monitoring.jurisdiction":
            return (f"{told_plain(names.place)} ({value})" if names.place else str(value),)
        case "monitoring.lead_days" | "retention.findings_days":
            return (many("%(num)s day", "%(num)s days", _number(value)),)
        case "retention.observations_hours" | "detection.hold_hours":
            return (many("%(num)s hour", "%(num)s hours", _number(value)),)
        case "monitoring.start":
            return (_start(str(value)),)
        case "monitoring.purposes_off":
            return tuple(names.purposes.get(str(one), str(one)) for one in _all(value))
        case "monitoring.platforms_off":
            return tuple(words.say(str(one), "platform") for one in _all(value))
        case "ledger.witnesses":
            return tuple(_witness(one) for one in _all(value))
        case "approvals.keys":
            return tuple(str(one).partition("+")[0] for one in _all(value))
        case "supplement":
            return (many("A text of one word", "A text of %(num)s words", len(str(value).split())),)
        case _ if key == REVIEWER:
            return (text("Somebody is named"),)
    return (str(value),)


def _start(rule: str) -> str:
    match rule:
        case "shown":
            return text("that the notice was shown to you")
        case "acknowledged":
            return text("that you said that you were shown it, with or without an objection")
        case "authorised":
            return text("that you expressly authorise it")
    return rule


def _witness(value: object) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    return f"{str(value.get('key', '')).partition('+')[0]} ({value.get('url', '')})"


def _number(value: object) -> int:
    return value if isinstance(value, int) else int(str(value))


def _all(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else (value,)


def _default_in_words(value: object) -> str:
    if value in ({}, (), ""):
        return text("none")
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def policy_words() -> dict[str, KeyWords]:
    """Return the words of every key of a policy, in the current language."""
    return {
        "organisation.name": KeyWords(
            text("Who is responsible"),
            text("The organisation that runs Gleanwatch here. It answers for what is done with it."),
        ),
        "organisation.contact": KeyWords(
            text("Whom you can ask"), text("Questions and objections go there. You need not go through your manager.")
        ),
        "organisation.address": KeyWords(text("Its postal address"), text("Stands in the notice and on your records.")),
        "monitoring.jurisdiction": KeyWords(
            text("Where you work"),
            text(
                "Its rules decide what the notice must say and when watching may begin; a finding's page says what its "
                "law says."
            ),
        ),
        "monitoring.lead_days": KeyWords(
            text("Days between notice and start"),
            text("Nothing is looked at before that many days after the notice was first shown to you."),
        ),
        "monitoring.start": KeyWords(
            text("What watching waits for besides"),
            text("Neither showing nor acknowledging means that you agree."),
        ),
        "monitoring.purposes_off": KeyWords(
            text("What your organisation does without"), text("Nothing is done for these purposes here.")
        ),
        "monitoring.platforms_off": KeyWords(
            text("Platforms that are not watched"), text("No page load there is counted, and no program's connection.")
        ),
        "references.dpia": KeyWords(
            text("The impact assessment"),
            text("Where your organisation weighed what this means for you. You can ask to see it."),
        ),
        "references.representatives": KeyWords(
            text("What staff representatives said"), text("How they were consulted, or that there are none.")
        ),
        "references.policy": KeyWords(
            text("The written policy on monitoring"), text("The paper that you should know already.")
        ),
        "references.regulator_filing": KeyWords(
            text("The filing with the regulator"), text("Where the law asks for one before watching may begin.")
        ),
        "references.posting": KeyWords(
            text("Where the notice hangs"), text("A place where you can read it without this computer.")
        ),
        "notices.supplement": KeyWords(
            text("A text of its own, by file name"),
            text("It stands at the end of the notice and changes no word of ours."),
        ),
        "supplement": KeyWords(
            text("The text that it adds to the notice"),
            text("You find it in the notice. When it changes you are shown the notice again."),
        ),
        "ledger.witnesses": KeyWords(
            text("Who else confirms the record"),
            text("They see how many entries it has and a hash, nothing of what is in it."),
        ),
        "retention.observations_hours": KeyWords(
            text("How long page loads are kept"),
            text("It can be made shorter than 24 hours, never longer; only you can choose longer history."),
        ),
        "retention.findings_days": KeyWords(
            text("How long findings are kept after they are over"),
            text("It can be made shorter than 90 days, never longer."),
        ),
        "detection.hold_hours": KeyWords(
            text("How long a flag is yours alone"),
            text("What you stop within this time never leaves. In this release nothing leaves afterwards either."),
        ),
        "approvals.keys": KeyWords(
            text("Who may approve a kind of collecting"), text("What one of these has signed is not flagged to you.")
        ),
        "legal_reviewer.name": KeyWords(
            text("Whether somebody reviewed what is said of terms and law"),
            text("With a reviewer you are also told facts that we could not confirm ourselves, marked as such."),
        ),
        "legal_reviewer.date": KeyWords(text("When that was"), text("Facts may have changed since.")),
    }


def config_words() -> dict[str, KeyWords]:
    """Return the words of every key of the person's own configuration, in the current language."""
    return {
        "loopback": KeyWords(
            text("Names served on this computer"),
            text("For a demonstration or a test: names of platforms that this computer itself answers for."),
        ),
        "pages.port": KeyWords(text("The port of these pages"), text("With 0 a free one is taken at each start.")),
        "sensing.poll_seconds": KeyWords(
            text("Seconds between two looks"),
            text("Where the system has to be asked again and again: more seconds take less power and see less."),
        ),
        "keys.store": KeyWords(
            text("Where the key of a new database is kept"),
            text("«auto»: in the system's key store where there is one. «file»: in a file that only you can read."),
        ),
        "budget.memory_mb": KeyWords(
            text("Memory the agent may take, megabytes"), text("Above it, the agent looks less often, and says so.")
        ),
        "budget.cpu_percent": KeyWords(
            text("Processor time it may take, percent of one core"), text("Counted over a minute, as above.")
        ),
    }
