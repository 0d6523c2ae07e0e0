"""`gleanwatch ask`: would this tool, script or command be flagged, why, what follows, and what is allowed instead?

A name is looked up in the catalogue by every identifier there is. What `situations` says is not written by hand: each
way of using the tool (installed, started, asked for many, talking to a watched platform) is put through the very
scoring that the agent uses. A script, a whole command line, or a program that is not in the catalogue is judged in
memory by the agent's own identification (`ask_command.py`). Asks no agent, starts nothing, stores nothing.
"""

from __future__ import annotations

import asyncio
import difflib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from agent.cli.ask_command import Judged, Place, is_file_named, judge
from agent.cli.asking import Failure, this_instance
from agent.cli.completion import platform_keys
from agent.cli.show import console, json_option, print_json, show_consequences
from agent.content.advice import ways
from agent.content.catalogue import KINDS, Catalogue, Kind, Mode, Tool, load_catalogue
from agent.content.consequences import consequences_of
from agent.content.jurisdictions import UnknownJurisdiction, load_jurisdictions
from agent.content.jurisdictions import find as find_jurisdiction
from agent.content.platforms import Platforms, load_platforms
from agent.content.terms import CERTAINTY, Terms, Way, load_terms
from agent.detection import weights
from agent.detection.explain import sign
from agent.detection.identify.modes import ALWAYS_QUIET, MANY_ADDRESSES, MANY_ADDRESSES_GENERIC
from agent.detection.scoring import flagged, level
from agent.model.consequences import Consequence
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Level, Stage

_MODES: Final = {
    "list": "a list of addresses",
    "recursion": "page after page by following links",
    "channel": "a whole channel, playlist or profile",
    "loop": "one address after the other from a pattern",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """One way of using a tool, and what the agent makes of it.

    Attributes:
        how: The situation in words.
        shown_by: Options, subcommands or addresses that show it; empty where nothing in particular does.
        flagged: Whether the person is warned.
        level: The confidence in words.
    """

    how: str
    shown_by: tuple[str, ...]
    flagged: bool
    level: Level


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that is said of one tool.

    Attributes:
        tool: The catalogue's entry.
        situations: Ways of using it.
        verified: Kinds of identifier that were checked.
        platform: Key of the platform that was asked about, or None.
        terms: What that platform's terms say, None where nobody asked, we have not read them, or what we know of them
            is unconfirmed.
        consequences: What terms and law say.
    """

    tool: Tool
    situations: tuple[Situation, ...]
    verified: tuple[Kind, ...]
    platform: str | None
    terms: Terms | None
    consequences: tuple[Consequence, ...]

    @property
    def quiet(self) -> list[str]:
        """Options and subcommands with which nothing is flagged."""
        return sorted({*self.tool.quiet, *ALWAYS_QUIET})


@click.command("ask")
@click.argument("words", metavar="TOOL | FILE | -- COMMAND …", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--platform",
    metavar="P",
    shell_complete=platform_keys,
    help="Also say what this platform's terms allow: linkedin, x, youtube …",
)
@click.option("--jurisdiction", metavar="CODE", help="Tell the law of this place, such as NO; else that of the policy.")
@json_option
def ask_about(words: tuple[str, ...], platform: str | None, jurisdiction: str | None, as_json: bool) -> None:
    """Would this be flagged, why, what follows, and what is allowed instead? Starts nothing and stores nothing.

    TOOL is a name, a package, a command or an id of the catalogue, such as yt-dlp. FILE is a script of yours. A whole
    command line follows after --.

    \b
    gleanwatch ask yt-dlp --platform youtube
    gleanwatch ask ./collect.py --jurisdiction IN
    gleanwatch ask -- yt-dlp --flat-playlist https://www.youtube.com/@somebody
    """
    catalogue, platforms = load_catalogue(on_error=lambda _problem: None), load_platforms()
    key = _platform_key(platforms, platform) if platform is not None else None
    law = _law(jurisdiction)
    named = words[0] if len(words) == 1 and not is_file_named(words[0], Path.cwd()) else None
    found = find(catalogue, named) if named is not None else None
    if found is not None:
        said = consequences_of([key] if key is not None else (), law.code, reviewed=law.reviewed)
        terms = load_terms().get(key) if key is not None else None
        if terms is not None and terms.certainty == "C" and not law.reviewed:
            terms = None
        verified = tuple(kind for kind in KINDS if kind in found.verified and catalogue.is_verified(found, kind))
        answer = Answer(found, situations(catalogue, found), verified, key, terms, said)
        if as_json:
            print_json(_document(answer))
        else:
            _show(answer, platforms)
        return
    judged = asyncio.run(judge(words, _here(law), catalogue, platforms))
    if judged is None:
        if named is None:
            raise Failure(f"«{words[0][:64]}» is no file or program here. Check its name, or ask from its folder.")
        raise Failure(_unknown(named, nearest(named, _names(catalogue))))
    meant = tuple(sorted({*judged.platforms, *([key] if key is not None else [])}))
    said = consequences_of(meant, law.code, reviewed=law.reviewed) if judged.found is not None else ()
    if as_json:
        print_json(_judged_document(judged, meant, said))
    else:
        _show_judged(judged, meant, said)


@dataclass(frozen=True, slots=True)
class _Law:
    """Which law is told, whether a legal reviewer is named, and what a test instance serves on this machine."""

    code: str
    reviewed: bool
    loopback: Mapping[str, str]


def _law(asked: str | None) -> _Law:
    """Read the place from the policy where the person named none; without a policy no law is told.

    Raises:
        Failure: There is no such place.
    """
    from agent.opening import StartError, read_rules

    code, reviewed, loopback = "", False, dict[str, str]()
    try:
        rules = read_rules(this_instance())
        if rules.policy is not None:
            code, reviewed = rules.policy.monitoring.jurisdiction, rules.policy.legal_reviewer.named
        loopback = dict(rules.config.loopback)
    except StartError:
        pass  # The agent itself says what is wrong with the policy; a question is still answered without it.
    if asked is not None:
        try:
            code = find_jurisdiction(load_jurisdictions(), asked.strip().upper()).code
        except UnknownJurisdiction as problem:
            raise Failure(f"{problem}.") from None
    return _Law(code, reviewed, loopback)


def _here(law: _Law) -> Place:
    return Place(Path.cwd(), os.environ.get("PATH", os.defpath), Path.home(), law.loopback)


def find(catalogue: Catalogue, name: str) -> Tool | None:
    """Return the tool that a person means by a name: id, name, package, command, module or extension id."""
    name = name.strip()
    lowered = name.casefold()
    by_name = next((tool for tool in catalogue.tools if tool.name.casefold() == lowered), None)
    look_ups = (
        catalogue.by_executable,
        catalogue.by_pypi,
        catalogue.by_npm,
        catalogue.by_debian,
        catalogue.by_import,
        catalogue.by_extension,
    )
    spellings = dict.fromkeys((name, lowered))
    by_identifier = (look_up(spelling) for look_up in look_ups for spelling in spellings)
    return catalogue.by_id(lowered) or by_name or next((tool for tool in by_identifier if tool is not None), None)


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return up to three known names that are spelt like a name."""
    spelt = {one.casefold(): one for one in known}
    return [spelt[one] for one in difflib.get_close_matches(name.casefold(), spelt, n=3, cutoff=0.6)]


def situations(catalogue: Catalogue, tool: Tool) -> tuple[Situation, ...]:
    """Put every way of using a tool through the agent's scoring."""
    return tuple(_situations(catalogue, tool))


def would_be_flagged(seen: Sequence[Situation]) -> str:
    """Sum up: `always` (by being started), `sometimes`, or `never`."""
    if not any(one.flagged for one in seen):
        return "never"
    return "always" if all(one.flagged for one in seen if one.how != _INSTALLED) else "sometimes"


_INSTALLED: Final = "installed and not running"


def _situations(catalogue: Catalogue, tool: Tool) -> Iterator[Situation]:
    who, proven = _recognised(catalogue, tool)
    collects = tool.role == "collector"
    asks = collects and tool.bulk == "always"

    def judged(
        how: str, shown_by: Iterable[str], more: Sequence[Evidence], stage: Stage, modes: Sequence[CollectMode] = ()
    ) -> Situation:
        pieces = (who, *more)
        # What nobody verified never decides a flag: neither its name nor the options that the entry gives for it.
        counted = pieces if proven else tuple(piece for piece in more if piece.cls is EvidenceClass.NETWORK)
        return Situation(how, tuple(shown_by), flagged(level(counted), stage, modes, asks), level(pieces))

    yield Situation(_INSTALLED, (), flagged=False, level=Level.LOW)
    if tool.extensions and not (tool.executables or tool.pypi or tool.npm or tool.debian or tool.imports):
        return  # An extension runs inside the browser: it is seen as installed, and what it loads as page loads.
    engine_alone = not collects and tool.family != "browser-automation"
    # An engine that was asked for one thing is not even mentioned.
    yield (
        Situation("started for one thing", (), flagged=False, level=Level.HIDDEN)
        if engine_alone
        else judged("started", (), (), Stage.RUNNING)
    )
    asked = Evidence(EvidenceClass.FLAGS, "catalogue.mode", "", weights.FLAGS_MODE)
    for mode in tool.modes:
        kind = CollectMode(mode.mode)
        yield judged(f"asked for {_MODES[mode.mode]}", _shown_by(mode), (asked,), Stage.RUNNING, (kind,))
    if tool.bulk != "never":
        many = MANY_ADDRESSES_GENERIC if tool.family == "generic-http" else MANY_ADDRESSES
        yield judged(f"asked for {many} addresses or more at once", (), (asked,), Stage.RUNNING, (CollectMode.LIST,))
    if not engine_alone:
        network = Evidence(EvidenceClass.NETWORK, "network.platform", "", weights.NETWORK_PLATFORM)
        stage = Stage.COLLECTING if asks or not collects else Stage.RUNNING
        yield judged("talking to a watched platform", (), (network,), stage)


def _recognised(catalogue: Catalogue, tool: Tool) -> tuple[Evidence, bool]:
    """Return what the strongest verified identifier that a running program shows says, and whether there is one."""
    collects = tool.role == "collector"
    by_kind: dict[Kind, tuple[EvidenceClass, float]] = {
        "executables": (EvidenceClass.NAME, weights.NAME_COLLECTOR if collects else weights.NAME_ENGINE),
        "pypi": (EvidenceClass.PACKAGE, weights.PACKAGE_COLLECTOR if collects else weights.PACKAGE_ENGINE),
        "npm": (EvidenceClass.PACKAGE, weights.PACKAGE_COLLECTOR if collects else weights.PACKAGE_ENGINE),
        "imports": (EvidenceClass.CODE, weights.IMPORT_COLLECTOR if collects else weights.IMPORT_ENGINE),
    }
    known = [by_kind[kind] for kind in by_kind if tool.identifiers(kind) and catalogue.is_verified(tool, kind)]
    if not known:
        return Evidence(EvidenceClass.NAME, weights.UNVERIFIED_RULE, "", weights.NAME_UNVERIFIED), False
    cls, strength = max(known, key=lambda one: one[1])
    return Evidence(cls, "catalogue", "", strength), True


def _shown_by(mode: Mode) -> tuple[str, ...]:
    return (*mode.flags, *mode.subcommands, *(("the form of the address",) if mode.url_paths else ()))


def _names(catalogue: Catalogue) -> Iterator[str]:
    for tool in catalogue.tools:
        yield tool.id
        yield tool.name
        for kind in KINDS:
            if kind != "extensions":
                yield from tool.identifiers(kind)


def _platform_key(platforms: Platforms, name: str) -> str:
    lowered = name.strip().casefold()
    for key in platforms.keys:
        if lowered in (key, platforms.name(key).casefold()):
            return key
    raise Failure(f"«{name[:64]}» is no watched platform. Watched are {', '.join(sorted(platforms.keys))}.")


def _unknown(name: str, suggestions: Sequence[str]) -> str:
    said = f"«{name[:64]}» is not in the catalogue."
    if suggestions:
        return f"{said} Did you mean {', '.join(suggestions)}?"
    return f"{said} A program that is not listed is judged by its package, its imports and what it does."


def _document(answer: Answer) -> dict[str, Any]:
    tool = answer.tool
    return {
        "id": tool.id,
        "name": tool.name,
        "family": tool.family,
        "role": tool.role,
        "homepage": tool.homepage,
        "collects": tool.collects,
        "made_for": list(tool.domains),
        "would_be_flagged": would_be_flagged(answer.situations),
        "situations": [
            {"how": one.how, "shown_by": one.shown_by, "flagged": one.flagged, "level": one.level.value}
            for one in answer.situations
        ],
        "quiet": answer.quiet,
        "verified": list(answer.verified),
        "techniques": list(tool.techniques),
        "platform": answer.platform,
        "terms": msgspec.to_builtins(answer.terms) if answer.terms is not None else None,
        "consequences": [msgspec.to_builtins(one) for one in answer.consequences],
        "instead": [msgspec.to_builtins(way) for way in _ways(answer)],
    }


def _judged_document(judged: Judged, platforms: Sequence[str], consequences: Sequence[Consequence]) -> dict[str, Any]:
    found = judged.found
    evidence: list[dict[str, Any]] = []
    if found is not None:
        evidence = [
            {"class": e.cls.value, "rule": e.rule, "detail": e.detail, "title": sign(e).title} for e in found.evidence
        ]
    family = found.family if found is not None else ""
    return {
        "id": found.tool if found is not None else None,
        "name": found.name if found is not None else judged.name,
        "family": found.family if found is not None else None,
        "role": found.role.value if found is not None else None,
        "capability": found.capability if found is not None else "",
        "would_be_flagged": judged.verdict,
        "level": judged.level.value,
        "situations": [{"how": how, "flagged": flag} for how, flag in _situations_of(judged)] if found else [],
        "modes": [mode.value for mode in found.modes] if found is not None else [],
        "evidence": evidence,
        "lowered": found.lowered if found is not None else "",
        "techniques": list(found.techniques) if found is not None else [],
        "platforms": list(platforms),
        "consequences": [msgspec.to_builtins(one) for one in consequences],
        "instead": [msgspec.to_builtins(way) for way in ways(family, platforms)] if found is not None else [],
    }


def _situations_of(judged: Judged) -> tuple[tuple[str, bool], ...]:
    return (
        ("started like this", judged.flagged),
        ("started like this again and again", judged.looped),
        ("talking to a watched platform", judged.talking),
    )


def _ways(answer: Answer) -> tuple[Way, ...]:
    return ways(answer.tool.family, [answer.platform] if answer.platform is not None else ())


def _show(answer: Answer, platforms: Platforms) -> None:
    say, tool, terms = console(), answer.tool, answer.terms
    made_for = ", ".join(platforms.name(one) for one in tool.domains)
    say.print(f"[bold]{escape(tool.name)}[/] ({tool.family}) {escape(tool.homepage)}", soft_wrap=True)
    say.print(f"  {escape(tool.collects)}" + (f" Made for {made_for}." if made_for else ""))
    verdict = {
        "always": "[bold red]Yes[/], whenever it runs.",
        "sometimes": "[yellow]Only in some situations.[/]",
        "never": "[green]No[/], not by itself.",
    }[would_be_flagged(answer.situations)]
    say.print(f"\n[bold]Would it be flagged?[/] {verdict}")
    for one in answer.situations:
        mark = "[red]⚑ flagged[/]  " if one.flagged else "[green]not flagged[/]"
        shown_by = f" ({escape(', '.join(one.shown_by))})" if one.shown_by else ""
        say.print(f"  {mark} {one.how}{shown_by}", soft_wrap=True)
    if len(answer.situations) > 1:
        say.print(f"  [green]not flagged[/] with {escape(', '.join(answer.quiet))}", soft_wrap=True)
    if tool.role == "engine" and tool.imports:
        say.print("  A script of your own that uses it is judged by what the script does.")
    if not answer.verified:
        say.print("  Nobody has checked its identifiers yet; until then it never decides a flag.")
    if answer.platform is not None and terms is None:
        say.print(f"\n[bold]What {escape(platforms.name(answer.platform))} says[/]")
        say.print("  What we know of its terms is not confirmed. Read them before you collect anything there.")
    elif answer.platform is not None and answer.platform in tool.domains:
        say.print(f"\nIt is made for {escape(platforms.name(answer.platform))}.")
    show_consequences(say, answer.consequences)
    _show_ways(say, _ways(answer))
    if answer.platform is None:
        say.print(
            f"  What one platform says of it: gleanwatch ask {tool.id} --platform {(*tool.domains, 'linkedin')[0]}"
        )


def _show_judged(judged: Judged, platforms: Sequence[str], consequences: Sequence[Consequence]) -> None:
    say, found = console(), judged.found
    verdict = {
        "always": "[bold red]Yes[/], as it stands here.",
        "sometimes": "[yellow]Only in some situations.[/]",
        "never": "[green]No.[/]",
    }[judged.verdict]
    if found is None:
        say.print(f"[bold]{escape(judged.name)}[/]\n\n[bold]Would it be flagged?[/] {verdict}")
        say.print("  Nothing about it speaks for collecting in bulk: not its name, its package or its code.")
        return
    say.print(f"[bold]{escape(found.name)}[/] ({found.family})", soft_wrap=True)
    say.print(f"\n[bold]Would it be flagged?[/] {verdict}")
    for how, flag in _situations_of(judged):
        say.print(f"  {'[red]⚑ flagged[/]  ' if flag else '[green]not flagged[/]'} {how}")
    say.print("\n[bold]Why[/]")
    for piece in found.evidence:
        known = sign(piece)
        say.print(Text(f"  • {known.says}"))
        say.print(Text(f"    {known.title} ({known.rule}). {known.speaks}".rstrip(), style="dim"))
    if found.lowered:
        say.print(Text(f"  Lowered: {found.lowered}."))
    show_consequences(say, consequences)
    _show_ways(say, ways(found.family, platforms))


def _show_ways(say: Console, allowed: Iterable[Way]) -> None:
    say.print("\n[bold]What is allowed instead[/]")
    for way in allowed:
        say.print(Text(f"  • {way.way}"))
        if way.source:
            say.print(Text(f"    {way.source}; {CERTAINTY[way.certainty]}.", style="dim"))
