"""The notices: what a person is told before anything is looked at, as one exact text with a version and a hash.

The words lie in `notices/`: for each language a folder of Markdown texts, one for each mode plus the parts they share,
and one `words.<language>.yaml` with the short words (purposes, legal bases, button names, plurals). `render_notice`
puts the values of this instance into them (who runs it, on which ground, how long things are kept, when watching
starts) and hashes the result, so that the hash covers every value a person relies on: another retention or recipient is
another notice and asks again (DESIGN 3.10, 3.16). An organisation's supplement stands after our text and can change
nothing in it. The store keeps the hash with each act; pages and terminal show the text as it is. `docs/notices.md` says
how a text is changed or translated.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

import msgspec
from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

from agent.model.face import NoticeText
from agent.model.legal import PurposeFacts
from agent.model.purposes import Mode, Purpose, StartRule

LANGUAGES: Final = ("en", "de", "fr", "es", "nb")
"""The languages we have every text in, the first being the one that is shown where none was asked for."""

PLATFORMS: Final = ("Facebook", "Instagram", "Threads", "WhatsApp", "LinkedIn", "TikTok", "YouTube", "X")
"""The platforms that are watched without asking the browser for a further permission."""

LONGER_DAYS: Final = 90
"""How long page loads are kept where a person chose longer history, days (DESIGN 3.16)."""

SUPPLEMENT_BYTES: Final = 8192
"""The most that an organisation may add, UTF-8 bytes."""

NONE: Final[Mapping[Purpose, str]] = MappingProxyType({})
NO_REFERENCES: Final[Mapping[str, str]] = MappingProxyType({})

_LONGEST_VALUE: Final = 200
_CONTEXT: Final = 2
_HEAD = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_SAME_LANGUAGE: Final = {"no": "nb", "nn": "nb"}
# Which unit says the number of a value.
_UNIT_OF: Final = {
    "raw_hours": "hours",
    "finding_days": "days",
    "longer_days": "days",
    "consent_days": "days",
    "claims_years": "years",
}


@dataclass(frozen=True, slots=True)
class PurposeWords:
    """One purpose in a person's language: a title of a few words, and what is done in one to three sentences."""

    title: str
    meaning: str


class _Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One purpose in a words file."""

    title: str
    meaning: str


class OwnRulesWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands around an organisation's own rules (`rules_notice.py`)."""

    heading: str
    lead: str
    when: str
    fingerprint: str


class _Supplement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands around an organisation's own text."""

    heading: str
    lead: str


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole `words.<language>.yaml`."""

    language: str
    version: int
    units: dict[str, tuple[str, str]]
    join: tuple[str, str]
    nobody: str
    organisation: str
    closing: str
    supplement: _Supplement
    own_rules: OwnRulesWords
    press: dict[str, str]
    purpose: dict[Purpose, _Title]
    basis: dict[str, str]
    category: dict[str, str]
    recipient: dict[str, str]
    retention: dict[str, str]
    reference: dict[str, str]
    jurisdiction: dict[str, str]

    def counted(self, unit: str, number: int) -> str:
        """Say a number with its unit, such as «1 day» and «14 days»."""
        one, many = self.units[unit]
        return (one if number == 1 else many).format(n=number)

    def listed(self, names: Sequence[str]) -> str:
        """Say names as «A, B and C»."""
        if not names:
            return self.nobody
        if len(names) == 1:
            return names[0]
        plain, before_i = self.join
        sounds_i = re.match(r"h?i(?!e)", names[-1], re.IGNORECASE)
        return f"{', '.join(names[:-1])}{before_i if sounds_i else plain}{names[-1]}"

    def filled(self, text: str, values: Mapping[str, object]) -> str:
        """Put values into a text, numbers with their units."""
        said = {
            key: self.counted(_UNIT_OF[key], value) if isinstance(value, int) and key in _UNIT_OF else value
            for key, value in values.items()
        }
        return text.format(**said)

    def group(self, name: str) -> Mapping[str, str]:
        """Return one of the groups that `said` speaks from."""
        groups = {
            "basis": self.basis,
            "category": self.category,
            "recipient": self.recipient,
            "retention": self.retention,
            "reference": self.reference,
            "jurisdiction": self.jurisdiction,
            "press": self.press,
        }
        return groups[name]


class _Texts(BaseLoader):
    """Reads one language's notice texts, with their heads taken off."""

    def __init__(self, language: str) -> None:
        self._language = language

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, None]:
        """Return a text without its head; names come from this module and its texts only."""
        return _HEAD.sub("", _read(f"{self._language}/{template}.md")), None, None


def _read(name: str) -> str:
    """Return one shipped text."""
    place = files("agent.content").joinpath("notices", *name.split("/"))
    if not place.is_file():
        raise TemplateNotFound(name)
    return place.read_text(encoding="utf-8")


def _head(text: str) -> dict[str, str]:
    """Return the `key: value` lines that stand before a notice's text."""
    match = _HEAD.match(text)
    if match is None:
        raise ValueError(
            "A notice text has lost its head (three dashes, notice, language, version). Reinstall Gleanwatch."
        )
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in match[1].splitlines())}


@cache
def words_of(language: str) -> Words:
    """Return one language's short words."""
    return msgspec.yaml.decode(_read(f"words.{language}.yaml").encode(), type=Words)


@cache
def _environment(language: str) -> Environment:
    """Return what renders one language's texts."""
    environment = Environment(  # noqa: S701  the result is Markdown text; whoever shows it as HTML escapes it
        loader=_Texts(language),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    words = words_of(language)

    def counting(unit: str) -> Callable[[int], str]:
        return lambda number: words.counted(unit, number)

    environment.filters.update({unit: counting(unit) for unit in words.units})
    return environment


def _value(text: str) -> str:
    """Make a policy's value harmless inside a notice: one line, no control or marking characters, bounded."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(re.sub(r"[*`~\\<>#\[\]]", "", plain).split())[:_LONGEST_VALUE].strip()


def best_language(wanted: Sequence[str], offered: Sequence[str] = LANGUAGES) -> str:
    """Return the offered language that suits best.

    Args:
        wanted: Languages as a browser, a system or a person names them (`de-AT`, `nn`, `fr_FR.UTF-8`), best first.
        offered: What there is, at least one.

    Returns:
        One of `offered`, as it stands there; its first where none of the wanted ones is offered. Regions are not told
        apart, and both written forms of Norwegian count as `nb`.
    """
    have = {_language(name): name for name in reversed(offered)}
    return next((have[key] for key in map(_language, wanted) if key in have), offered[0])


def _language(name: str) -> str:
    """Return the language alone of a name such as `de-AT`, `fr_FR.UTF-8` or `es;q=0.8`."""
    primary = re.split(r"[-_.@;]", name.strip().lower(), maxsplit=1)[0]
    return _SAME_LANGUAGE.get(primary, primary)


def purpose_words(language: str = "en", *, raw_hours: int = 24) -> Mapping[Purpose, PurposeWords]:
    """Return every purpose in plain words, those that this release does not use included.

    Args:
        language: One of `LANGUAGES`, or a name that `best_language` understands.
        raw_hours: How long page loads are kept where nobody chose longer history, hours.
    """
    words = words_of(best_language([language]))
    values = {"raw_hours": raw_hours, "longer_days": LONGER_DAYS}
    return {p: PurposeWords(t.title, words.filled(t.meaning, values)) for p, t in words.purpose.items()}


def said(language: str, group: str, key: str, **values: str | int) -> str:
    """Say a key in a person's language.

    Args:
        language: One of `LANGUAGES`, or a name that `best_language` understands.
        group: `basis`, `category`, `recipient`, `retention`, `reference`, `jurisdiction` or `press` (names of buttons).
        key: The key. One that this release does not know is said as it stands, a region with its country's name.
        values: What the words speak of; more than needed does no harm. `retention` needs `raw_hours`, `finding_days`
            and `claims_years` (whole numbers); `recipient` says the name of the `organisation` where it gets one.

    Raises:
        KeyError: There is no such group, or a number is missing.
    """
    words = words_of(best_language([language]))
    text = words.group(group).get(key)
    if text is None:
        country = words.jurisdiction.get(key.partition("-")[0]) if group == "jurisdiction" else None
        return f"{country} ({key})" if country else key
    known = {"longer_days": LONGER_DAYS, **values}
    return words.filled(text, known | {"organisation": known.get("organisation") or words.organisation})


def difference(before: str, after: str) -> list[tuple[str, str]]:
    """Say line by line how a text became another.

    Returns:
        Each line with its mark: `+` new, `-` gone, a space for unchanged. Of a long unchanged stretch only the lines
        next to a change are left, with «…» for the others. Empty when the texts have the same lines.
    """
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        return []
    lines: list[tuple[str, str]] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += _shortened(old[i1:i2], first=i1 == 0, last=i2 == len(old))
        else:
            lines += [("-", line) for line in old[i1:i2]]
            lines += [("+", line) for line in new[j1:j2]]
    return lines


def _shortened(same: Sequence[str], *, first: bool, last: bool) -> list[tuple[str, str]]:
    """Return an unchanged stretch, its middle left out where that saves lines."""
    head = 0 if first else _CONTEXT
    tail = 0 if last else _CONTEXT
    if len(same) <= head + tail + 1:
        return [(" ", line) for line in same]
    kept = [*same[:head], "…", *same[len(same) - tail :]]
    return [(" ", line) for line in kept]


def render_notice(
    mode: Mode,
    language: str = "en",
    *,
    purposes: Sequence[PurposeFacts],
    organisation: str = "",
    contact: str = "",
    address: str = "",
    jurisdiction: str = "",
    authority: str = "",
    basis: Mapping[Purpose, str] = NONE,
    lead_days: int = 0,
    start: StartRule = StartRule.SHOWN,
    raw_hours: int = 24,
    finding_days: int = 90,
    claims_years: int = 3,
    platforms: Sequence[str] = PLATFORMS,
    loopback: Sequence[str] = (),
    references: Mapping[str, str] = NO_REFERENCES,
    witnesses: Sequence[str] = (),
    supplement: str = "",
) -> NoticeText:
    """Return the notice that holds for an instance, exactly as it must be shown.

    Args:
        mode: Which of the three notices.
        language: One of `LANGUAGES`.
        purposes: The purposes this instance uses, in the order in which they are told; those that this release does
            nothing for are left out, since nobody is asked about them.
        organisation: Who runs it; needed in managed mode.
        contact: Where questions and objections go; needed in managed mode.
        address: Its postal address, or empty.
        jurisdiction: Whose law applies: a code such as `NO`, or a name.
        authority: The supervisory authority's name.
        basis: Code of each purpose's legal basis; where one is missing, the purpose's default.
        lead_days: Days between showing and watching (managed mode).
        start: What watching waits for besides (managed mode).
        raw_hours: How long page loads are kept, hours.
        finding_days: How long findings are kept after they closed, days.
        claims_years: How long the record of acts is kept, years.
        platforms: Names of the watched platforms.
        loopback: Names that lead to this machine and count as a platform (demonstrations).
        references: What the organisation refers to, by key (`dpia`, `representatives`, ...); empty ones are left out.
        witnesses: Names of those who get the record's length and fingerprint.
        supplement: What the organisation adds, in Markdown of its own.

    Returns:
        The text in the notices' small Markdown, with the SHA-256 of its UTF-8 bytes.

    Raises:
        ValueError: A language that we lack, a managed notice without an organisation or contact, a number that cannot
            be, or a supplement that is too long or nobody's.
    """
    organisation, contact = _value(organisation), _value(contact)
    if language not in LANGUAGES:
        raise ValueError(f"There is no notice in «{language}». Choose one of: {', '.join(LANGUAGES)}.")
    if mode is Mode.MANAGED and not (organisation and contact):
        raise ValueError("A managed notice must say who runs it and whom to ask: set `organisation` and `contact`.")
    if lead_days < 0 or min(raw_hours, finding_days, claims_years) <= 0:
        raise ValueError("A notice needs lead days of 0 or more and retention times above 0. Correct the policy.")
    used = [facts for facts in purposes if facts.in_use]
    if not used or not platforms:
        raise ValueError("A notice needs at least one purpose and one platform.")
    words = words_of(language)
    values: dict[str, str | int] = {
        "raw_hours": raw_hours,
        "finding_days": finding_days,
        "claims_years": claims_years,
        "organisation": organisation,
    }

    def told(facts: PurposeFacts) -> dict[str, object]:
        """One purpose as the texts speak of it."""
        title = purpose_words(language, raw_hours=raw_hours)[facts.purpose]
        code = basis.get(facts.purpose, facts.basis.get("default", "")) if mode is Mode.MANAGED else ""
        return {
            "title": title.title,
            "meaning": title.meaning,
            "basis": said(language, "basis", _value(code)),
            "categories": words.listed([said(language, "category", key) for key in facts.categories]),
            "recipients": words.listed([said(language, "recipient", key, **values) for key in facts.recipients]),
            "retention": said(language, "retention", facts.retention, **values),
            "consent_days": facts.consent_days,
            "one_time": facts.one_time,
        }

    place = _value(jurisdiction)
    head = _head(_read(f"{language}/{mode.value}.md"))
    body = (
        _environment(language)
        .get_template(mode.value)
        .render(
            mode=mode.value,
            organisation=organisation,
            contact=contact,
            address=_value(address),
            jurisdiction=said(language, "jurisdiction", place),
            authority=_value(authority),
            mandatory=[told(facts) for facts in used if not facts.purpose.optional],
            optional=[told(facts) for facts in used if facts.purpose.optional],
            lead_days=lead_days,
            start=start.value,
            raw_hours=raw_hours,
            finding_days=finding_days,
            claims_years=claims_years,
            platforms=words.listed([_value(name) for name in platforms]),
            lookups=mode is not Mode.TEST,
            loopback=[_value(name) for name in loopback],
            references=[(said(language, "reference", k), _value(v)) for k, v in references.items() if _value(v)],
            witnesses=", ".join(_value(name) for name in witnesses),
            press=words.press,
        )
    )
    closing = words.closing.format(notice=head["notice"], version=head["version"])
    text = _spaced(f"{body}\n\n{closing}\n") + _added(supplement, organisation, words)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return NoticeText(head["notice"], head["version"], head["language"], text, digest)


def _spaced(text: str) -> str:
    """Return a text with one empty line before every heading and nowhere more than one."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"\n(?=#)", "\n\n", text)).strip() + "\n"


def _added(supplement: str, organisation: str, words: Words) -> str:
    """Return an organisation's own section, or nothing where it says nothing.

    It stands after our closing line and under a heading that says whose it is. Its headings are smaller than ours, and
    nothing in it can become a link, a picture, a rule or HTML, so that it cannot pass for our text.
    """
    if len(supplement.encode()) > SUPPLEMENT_BYTES:
        raise ValueError(f"The supplement is longer than {SUPPLEMENT_BYTES} bytes. Shorten it.")
    text = "\n".join(plain_line(line) for line in supplement.splitlines()).strip()
    if not text:
        return ""
    if not organisation:
        raise ValueError("A supplement must be somebody's: set `organisation`, or take the supplement away.")
    heading = words.supplement.heading.format(organisation=organisation)
    lead = words.supplement.lead.format(organisation=organisation)
    return "\n" + _spaced(f"## {heading}\n{lead}\n\n{text}")


def plain_line(line: str) -> str:
    """Return one line of an organisation's text with only paragraphs, list items, small headings and bold left."""
    plain = re.sub(r"[`~\\<>\[\]|]", "", "".join(c if c.isprintable() else " " for c in line))
    plain = re.sub(r"[a-zA-Z][a-zA-Z0-9+.-]*:/+", "", plain).strip()
    heading, words = plain.startswith("#"), plain.replace("#", "").strip()
    item = re.match(r"([-*+]\s+)+", words)
    words = words[item.end() :] if item else words
    if not re.fullmatch(r"[^*]*(\*\*[^*\s]([^*]*[^*\s])?\*\*[^*]*)*", words):  # bold only in whole pairs
        words = words.replace("*", "").strip()
    if re.fullmatch(r"(\d+[.)]|[-=_:+*\s])*", words):  # a rule, or what makes a heading of the line above
        return ""
    if heading:
        return f"#### {words.replace('*', '')}"
    return f"- {words}" if item else words
