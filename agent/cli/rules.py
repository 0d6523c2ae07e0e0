"""`gleanwatch rules`: look at detection rules, check one's own, try them on events. Needs no agent and no instance.

Rule files are read in a process apart, as the agent reads them (`agent/detection/sigma/apart.py`), so that what is said
here of a rule is what the agent would say. `test` evaluates them with the agent's own engine on lines of JSON.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
import msgspec
from rich.markup import escape

from agent.cli.asking import Failure, this_instance
from agent.cli.group import Teaching
from agent.cli.organisation import added_json, added_where_it_runs, print_added, state_of
from agent.cli.pager import paged, pager_option
from agent.cli.progress import Tell, progress
from agent.cli.show import console, json_option, print_json
from agent.pages.words import counted

if TYPE_CHECKING:
    from agent.content.evidence import BuiltinRule
    from agent.detection.sigma import Correlation, Refusal, Rule, RuleSet

_FOLDER = click.Path(exists=True, path_type=Path)
_TELL_EVERY = 0.1
"""Seconds between two looks of the progress display."""
_OWN = "organisation."
"""What stands before the id of an organisation's rule in a finding's evidence."""


@click.group(cls=Teaching)
def rules() -> None:
    """Detection rules in the Sigma language: which there are, whether yours are good, what they match.

    A rule names where it looks (logsource), what it looks for (detection) and how that goes together (condition).
    Correlations join matches over time. Text compares without case; regular expressions run on RE2 only. What cannot be
    evaluated is refused when it is loaded, with its line and the reason, never skipped silently.

    \b
    Which rules work here?          gleanwatch rules list
    What does this one look for?    gleanwatch rules explain network.many
    Are mine good?                  gleanwatch rules check ./my-rules
    What would they match?          gleanwatch rules test --rules ./my-rules --events events.ndjson --json
    """


@rules.command()
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option(
    "--organisation",
    "as_own",
    is_flag=True,
    help="Check them as an organisation's own: what these may look at, and what they must say.",
)
@json_option
def check(folder: Path, as_own: bool, as_json: bool) -> None:
    """Load every rule below DIR (or one file) and say which are refused, where and why.

    Exit code 0 when all rules can be used, 1 when at least one is refused or there is none at all: fit for a build.

    \b
    gleanwatch rules check ./my-rules
    gleanwatch rules check ./my-rules/one.yml --json
    gleanwatch rules check --organisation /etc/gleanwatch/rules
    """
    found = _load([folder])
    if as_own:
        from agent.detection.organisation import taken

        own = taken(found)
        found = msgspec.structs.replace(found, rules=own.rules.rules, correlations=(), refusals=own.refused)
    if as_json:
        refused = [msgspec.to_builtins(each) for each in found.refusals]
        print_json({"rules": len(found.rules), "correlations": len(found.correlations), "refused": refused})
    else:
        for each in found.refusals:
            _say_refused(each, console())
        console().print(_summary(found))
    if found.refusals or not (found.rules or found.correlations):
        sys.exit(1)


@rules.command(name="list")
@click.option("--dir", "folder", type=_FOLDER, help="A folder of your own, instead of the rules that are shipped.")
@pager_option
@json_option
def list_rules(folder: Path | None, no_pager: bool, as_json: bool) -> None:
    """List rules: those that are shipped and those that are code, or those below a folder.

    Where an agent runs, your organisation's own rules are listed too, with whether they are in force.

    \b
    gleanwatch rules list
    gleanwatch rules list --dir ./my-rules --json
    """
    found, coded = _known(folder)
    own = added_where_it_runs(this_instance()) if folder is None else None
    filed: list[Rule | Correlation] = [*found.rules, *found.correlations]
    if as_json:
        listed = [_outline(rule) for rule in filed]
        listed += [{"id": each.id, "title": each.title, "kind": "code"} for each in coded]
        refused = [msgspec.to_builtins(each) for each in found.refusals]
        print_json({"rules": listed, "refused": refused, "organisation": added_json(own) if own is not None else None})
        return
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("id", no_wrap=True)
    table.add_column("title", min_width=24)
    wide = console().width >= 120  # --json has everything; a narrow terminal gets what is read
    for head in ("kind", "level", "file") if wide else ():
        table.add_column(head)
    for rule in filed:
        more = (_kind(rule), rule.level or "–", escape(rule.file)) if wide else ()
        table.add_row(escape(rule.id), escape(rule.title), *more)
    for each in coded:
        table.add_row(escape(each.id), escape(each.title), *(("code", "–", "–") if wide else ()))
    with paged(no_pager) as say:
        say.print(table)
        if own is not None:
            print_added(say, own)
    if found.refusals:
        where = f" {folder}" if folder is not None else ""
        console(stderr=True).print(f"{len(found.refusals)} refused; see: gleanwatch rules check{escape(where)}")


@rules.command()
@click.argument("rule_id", metavar="ID")
@click.option("--dir", "folder", type=_FOLDER, help="A folder of your own, instead of the rules that are shipped.")
@json_option
def explain(rule_id: str, folder: Path | None, as_json: bool) -> None:
    """Say in plain English when a rule matches. ID is its id, the beginning of it, or its name.

    \b
    gleanwatch rules explain catalogue.entry-point
    gleanwatch rules explain 0f06a3a5 --dir ./my-rules
    """
    from agent.content.evidence import BuiltinRule
    from agent.detection.sigma.words import meaning

    if folder is None and rule_id.startswith(_OWN):
        _explain_own(rule_id.removeprefix(_OWN), as_json=as_json)
        return
    found, coded = _known(folder)
    rule = _one(rule_id, found, coded)
    if isinstance(rule, BuiltinRule):
        if as_json:
            print_json(msgspec.to_builtins(rule) | {"kind": "code"})
            return
        console().print(f"[bold]{escape(rule.title)}[/]\n{escape(rule.id)}\n")
        for head, said in (("Looks at", rule.looks_at), ("Why it counts", rule.why), ("Its weight", rule.number)):
            console().print(f"[bold]{head}:[/] {escape(said)}")
        return
    if as_json:
        more = {"description": rule.description, "meaning": meaning(rule), "gleanwatch": rule.custom}
        print_json(_outline(rule) | more | {"tags": rule.tags, "line": rule.line})
        return
    to = console()
    to.print(f"[bold]{escape(rule.title)}[/]\n{escape(rule.id)}")
    if rule.description:
        to.print(f"\n{escape(rule.description.strip())}")
    to.print("")
    for line in meaning(rule):
        to.print(escape(line))
    if rule.level or rule.tags:
        to.print(f"\nLevel: {escape(rule.level or '–')}   Tags: {escape(', '.join(rule.tags) or '–')}")
    to.print(f"File: {escape(rule.file)}, line {rule.line}")


@rules.command()
@click.option("--rules", "folder", type=_FOLDER, required=True, help="A folder of rules, or one file.")
@click.option(
    "--events", type=click.File("rb"), required=True, help="Events, one a line of JSON; - for standard input."
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON for each event on stdout, and nothing else.")
def test(folder: Path, events: IO[bytes], as_json: bool) -> None:
    """Evaluate rules on events and say which match.

    Each line of the events is {"logsources": [{"category": ..., "product": ..., "service": ...}], "fields": {...}}; a
    rule looks at it where the rule's logsource is a subset of one of these. When it happened may stand beside them as
    "at" (milliseconds since 1970, or ISO 8601); else it is looked for in fields like UtcTime and @timestamp. Only
    correlations need it.

    With --json each line gives {"matches": [rule ids]}. A line that cannot be read gives no matches and an "error", and
    is counted at the end, on stderr. Rules that are refused are said there too, and do not stop the others. A rule that
    a correlation refers to shows only with that correlation's «generate: true».

    \b
    gleanwatch rules test --rules ./my-rules --events events.ndjson --json
    zcat events.ndjson.gz | gleanwatch rules test --rules ./my-rules --events -
    """
    from agent.detection.sigma import Engine
    from agent.detection.sigma.stream import LineJudge

    found = _load([folder])
    people = console(stderr=True)
    for each in found.refusals:
        _say_refused(each, people)
    engine = Engine(found)
    judge = LineJudge(engine)
    counts: Counter[str] = Counter()
    write = sys.stdout.buffer.write
    lines = 0
    with progress("Trying the rules") as tell:
        for line in _told(events, tell):
            lines += 1
            answer = judge.answer(line)
            if as_json:
                write(msgspec.json.encode(answer) + b"\n")
            else:
                counts.update(answer.matches)
    sys.stdout.flush()
    if not as_json:
        _show_counts(counts, found, lines)
    if judge.bad:
        people.print(f"{judge.bad} of {lines} lines could not be read; with --json each says why.")
    if engine.late:
        people.print(f"{engine.late} events came too late, by their own time, to count in correlations.")


# Loading


def _load(places: Sequence[Path]) -> RuleSet:
    from agent.detection.sigma import parse_apart
    from agent.detection.sigma.files import TooMany

    try:
        with progress("Reading rules") as tell:
            return asyncio.run(parse_apart(places, progress=tell))
    except TooMany as problem:
        raise Failure(str(problem)) from None
    except OSError as problem:
        why = problem.strerror or type(problem).__name__
        raise Failure(f"the rules cannot be read ({why}); check that the folder exists and is yours to read") from None


def _known(folder: Path | None) -> tuple[RuleSet, Sequence[BuiltinRule]]:
    """Return a folder's rules, or ours and those that are code."""
    from agent.content.evidence import builtin_rules
    from agent.detection.sigma import SHIPPED

    return (_load([SHIPPED]), tuple(builtin_rules().values())) if folder is None else (_load([folder]), ())


def _one(wanted: str, found: RuleSet, coded: Sequence[BuiltinRule]) -> Rule | Correlation | BuiltinRule:
    every: list[Rule | Correlation | BuiltinRule] = [*found.rules, *found.correlations, *coded]
    exact = [rule for rule in every if wanted.lower() == rule.id.lower() or wanted == getattr(rule, "name", None)]
    fitting = exact or [rule for rule in every if rule.id.lower().startswith(wanted.lower())]
    if len(fitting) == 1:
        return fitting[0]
    refused = [each for each in found.refusals if each.rule_id and each.rule_id.lower().startswith(wanted.lower())]
    if refused:
        raise Failure(f"{refused[0].file}:{refused[0].line}: this rule was refused: {refused[0].reason}")
    if fitting:
        raise Failure(f"{len(fitting)} rules begin with «{wanted}»; write more of the id: {fitting[0].id} …")
    raise Failure(f"no rule is called «{wanted}». gleanwatch rules list shows those there are")


def _explain_own(wanted: str, *, as_json: bool) -> None:
    """Say when a rule of the organisation matches, as the running agent tells people of it."""
    own = added_where_it_runs(this_instance())
    rule = next((one for one in own.rules if one.id == wanted), None) if own is not None else None
    if own is None or rule is None:
        raise Failure("your organisation has no such rule, or no agent runs that could say it. See: gleanwatch status")
    if as_json:
        print_json({**msgspec.to_builtins(rule), "since": own.since, "waiting": own.waiting})
        return
    to = console()
    to.print(f"[bold]{escape(rule.title)}[/]\n{_OWN}{escape(rule.id)}\n\n{escape(rule.description)}\n")
    to.print(f"A rule of your organisation about {rule.family}; {state_of(own)}.\nMatches when:")
    for line in rule.condition:
        to.print(f"  {escape(line)}")


# Saying


def _outline(rule: Rule | Correlation) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "kind": _kind(rule),
        "level": rule.level,
        "name": rule.name,
        "file": rule.file,
    }


def _kind(rule: Rule | Correlation) -> str:
    return getattr(rule, "type", "event")


def _summary(found: RuleSet) -> str:
    loaded = f"{counted(len(found.rules), 'rule')} and {counted(len(found.correlations), 'correlation')} can be used"
    return f"{loaded}; {len(found.refusals)} refused." if found.refusals else f"{loaded}."


def _say_refused(refusal: Refusal, to: Any) -> None:
    name = f" ({refusal.title or refusal.rule_id})" if refusal.title or refusal.rule_id else ""
    to.print(f"[red]refused[/] {escape(f'{refusal.file}:{refusal.line}{name}: {refusal.reason}')}", soft_wrap=True)


def _show_counts(counts: Counter[str], found: RuleSet, lines: int) -> None:
    from rich.table import Table

    titles = {rule.id: rule.title for rule in (*found.rules, *found.correlations)}
    if not counts:
        console().print(f"No rule matched in {counted(lines, 'event')}.")
        return
    table = Table("events", "id", "title", box=None, header_style="bold")
    for rule_id, number in counts.most_common():
        table.add_row(str(number), escape(rule_id), escape(titles.get(rule_id, "")))
    console().print(table)
    console().print(f"{counted(lines, 'event')} tried.")


def _told(events: IO[bytes], tell: Tell) -> Iterable[bytes]:
    """Yield the lines, telling now and then how much of the file they are."""
    try:
        size: int | None = os.fstat(events.fileno()).st_size or None
    except (OSError, ValueError):
        size = None
    read, next_look = 0, 0.0
    for line in events:
        read += len(line)
        if (now := time.monotonic()) >= next_look:
            tell(read, size)
            next_look = now + _TELL_EVERY
        yield line
