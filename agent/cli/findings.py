"""`gleanwatch findings`: what was recognised, why, and what to do now."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.markup import escape
from rich.text import Text

from agent.cli.asking import Failure, ask, follow, this_instance
from agent.cli.completion import finding_ids
from agent.cli.group import Teaching
from agent.cli.pager import paged, pager_option
from agent.cli.show import (
    LEVEL_STYLE,
    console,
    finding_json,
    hang,
    json_option,
    moment,
    print_json,
    show_consequences,
    told,
)
from agent.model.answers import ANSWERS, MOST_WORDS, WORDS, disputed
from agent.model.consequences import Consequence, Place
from agent.model.findings import Finding

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from agent.detection.explain import Explanation

WIDE = 110
"""Columns of a terminal from which family and platforms have columns of their own."""
_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Since(click.ParamType[int]):
    """A time: RFC 3339, seconds or milliseconds since 1970, or a span back from now such as 10m."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return UTC milliseconds."""
        if isinstance(value, int):
            return value
        text = str(value).strip()
        if found := re.fullmatch(r"(\d+)([smhd])", text):
            return int((time.time() - int(found[1]) * _SPANS[found[2]]) * 1000)
        if re.fullmatch(r"\d+(\.\d+)?", text):
            # Seconds of today have ten digits, milliseconds thirteen.
            return int(text) if len(text) >= 13 and text.isdigit() else int(float(text) * 1000)
        try:
            then = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"«{text}» is no time. Examples: 10m, 2026-11-23T10:00:00Z, 1795420415104.", param, ctx)
        return int((then if then.tzinfo else then.astimezone(UTC)).timestamp() * 1000)


@click.group(cls=Teaching, invoke_without_command=True)
@json_option
@click.option("--since", type=Since(), help="Only what was last seen at or after this: 10m, RFC 3339, or epoch.")
@click.option("--follow", "follows", is_flag=True, help="Go on as things change; with --json one document a line.")
@pager_option
@click.pass_context
def findings(ctx: click.Context, as_json: bool, since: int | None, follows: bool, no_pager: bool) -> None:
    """Show what was recognised, why, and what to do now. «findings explain ID» says more about one.

    \b
    gleanwatch findings
    gleanwatch findings --since 10m --json
    gleanwatch findings --follow
    gleanwatch findings explain ID
    gleanwatch findings answer ID
    """
    if ctx.invoked_subcommand is not None:
        return
    instance = this_instance()
    if follows:
        for item in follow(instance, "findings", {"since": since, "follow": True}):
            _print_one(*told(item), as_json=as_json)
        return
    items = [told(item) for item in reversed(ask(instance, "findings", {"since": since}).items)]
    if as_json:
        print_json({"findings": [finding_json(f, _now(), said) for f, said in items]})
        return
    found = [f for f, _said in items]
    if not found:
        console().print("Nothing was recognised. To see what a flag looks like: gleanwatch try")
        return
    with paged(no_pager) as say:
        say.print(_table(found, wide=say.width >= WIDE))


@findings.command()
@click.argument("finding_id", metavar="ID", shell_complete=finding_ids)
@pager_option
@json_option
def explain(finding_id: str, no_pager: bool, as_json: bool) -> None:
    """Say of one finding why it was made, by which rules, what follows, and what to do now.

    ID stands first in each line of «gleanwatch findings»; the Tab key finishes it.

    \b
    gleanwatch findings explain XbLrRsSN_aqe
    gleanwatch findings explain XbLrRsSN_aqe --json
    """
    from agent.detection.explain import explain as in_words

    item = ask(this_instance(), "finding", {"id": finding_id}).result
    f, consequences = told(item)
    reference = str(item.get("approval") or "")
    said = in_words(f)
    if as_json:
        signs = [
            {"class": e.cls.value, "rule": e.rule, "detail": e.detail, "title": s.title, "looks_at": s.looks_at}
            | {"why": s.speaks, "number": s.number, "weight": round(s.weight, 3)}
            for e, s in zip(f.evidence, said.signs, strict=True)
        ]
        more = {"headline": said.headline, "why": said.why, "meaning": said.meaning, "said": said.said, "now": said.now}
        instead = [msgspec.to_builtins(way) for way in said.instead]
        techniques = {"technique_names": said.techniques, "instead": instead, "approval": reference}
        print_json({**finding_json(f, _now(), consequences), "evidence": signs, **more, **techniques})
        return
    with paged(no_pager) as say:
        _show(say, f, said, consequences, reference)


@findings.command()
@click.option("--undo", is_flag=True, help="Take it back: its law is told of again.")
@json_option
def elsewhere(undo: bool, as_json: bool) -> None:
    """Say that you do not work in the country whose law is told of with findings; or take that back.

    It hides that law from what you are shown, on this computer and for you alone. Nothing else changes by it.

    \b
    gleanwatch findings elsewhere
    gleanwatch findings elsewhere --undo
    """
    place = msgspec.convert(ask(this_instance(), "elsewhere", {"said": not undo}).result, Place)
    if as_json:
        print_json(place)
    elif place.elsewhere:
        console().print(f"The law of {place.name} is hidden. Take it back with: gleanwatch findings elsewhere --undo")
    else:
        console().print(f"What the law of {place.name} says is shown with findings.")


@findings.command()
@click.argument("finding_id", metavar="ID", shell_complete=finding_ids)
@click.argument("category", type=click.Choice(ANSWERS), required=False)
@click.option("--words", help=f"What you want to add, in your own words; at most {MOST_WORDS} characters.")
def answer(finding_id: str, category: str | None, words: str | None) -> None:
    """Say what a finding was: approved, stopped (I have stopped), mistaken (not what it looks like), not_me.

    Your answer is put on record with its time; the category is confirmed by typing it, at a terminal. Your own words
    are kept apart from it and can be erased: gleanwatch consent erase --what words

    \b
    gleanwatch findings answer XbLrRsSN_aqe
    gleanwatch findings answer XbLrRsSN_aqe approved --words "agreed with the library, ticket 12"
    """
    from agent.cli.consent_desk import Desk
    from agent.detection.explain import explain as in_words

    if words is not None and len(words) > MOST_WORDS:
        raise click.BadParameter(f"that is {len(words)} characters; {MOST_WORDS} are kept.", param_hint="--words")
    desk = Desk.to_answer()
    f, _consequences = told(desk.send("finding", {"id": finding_id}).result)
    desk.say.print(Text(in_words(f).headline, style="bold"))
    if category is not None:
        desk.confirm(category, f"say: {WORDS[category]}")
        chosen = category
    else:
        for key in ANSWERS:
            desk.say.print(Text.assemble((f"  {key:<10}", "bold"), WORDS[key]))
        chosen = desk.choose("Type your answer, or Enter to leave it", {**{key: key for key in ANSWERS}, "": ""})
        if not chosen:
            raise Failure("nothing was changed.")
    said = {"id": f.id, "answer": chosen, "words": words or "", "channel": "terminal", "control": "terminal.answer"}
    desk.send("answer", said)
    desk.say.print(f"Recorded for {escape(f.name)}: {WORDS[chosen]}.")


def _table(found: Sequence[Finding], *, wide: bool) -> Table:
    """Return findings as a table: what asks first, then what runs, then what is installed; newest first in each."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("id", no_wrap=True)
    table.add_column("tool, and why", ratio=1, overflow="fold")
    for head in ("family", "platforms") if wide else ():
        table.add_column(head)
    table.add_column("level", no_wrap=True)
    table.add_column("last seen", no_wrap=True)
    for f in sorted(found, key=lambda f: (not f.flagged, -f.stage.rank, -f.last_seen)):
        mark = "⚑ " if f.flagged else ""
        why = [f.stage.value, *(() if wide else f.platforms), _why(f)]
        what = Text.assemble((f.name, "bold" if f.flagged else ""), (f"\n{'; '.join(filter(None, why))}", "dim"))
        more = (f.family, ", ".join(f.platforms)) if wide else ()
        level = Text(f"{mark}{f.level.value}", style=LEVEL_STYLE[f.level.value])
        table.add_row(f.id, what, *more, level, moment(f.last_seen))
    return table


def _now() -> int:
    return int(time.time() * 1000)


def _why(f: Finding) -> str:
    """Say in one line why a finding was made, and that it is disputed where it is."""
    from agent.detection.explain import said

    strongest = f.evidence[0].detail if f.evidence else ""
    return f"{strongest}. {said(f)}" if disputed(f.answer) else strongest


def _print_one(f: Finding, consequences: Sequence[Consequence], *, as_json: bool) -> None:
    if as_json:
        print_json(finding_json(f, _now(), consequences))
        return
    mark = "⚑ " if f.flagged else "  "
    name, style = escape(f.name), LEVEL_STYLE[f.level.value]
    say = console()
    say.print(f"{moment(f.last_seen)} [{style}]{mark}{name}[/] {f.stage.value}, {f.level.value}: {escape(_why(f))}")


def _show(say: Console, f: Finding, said: Explanation, consequences: Sequence[Consequence], reference: str) -> None:
    """Print one finding in words."""
    say.print(Text(said.headline, style="bold"))
    times = "once" if f.count == 1 else f"{f.count:,} times"
    say.print(Text(f"{f.stage.value}, {f.level.value} ({f.confidence:.2f}), started {times}", style="dim"))
    say.print(Text(f"first seen {moment(f.first_seen)}, last seen {moment(f.last_seen)}", style="dim"))
    if f.flagged and f.held_until is not None and f.closed_at is None:
        say.print(Text(f"held for you alone until {moment(f.held_until)}{_left(f.held_until)}", style="dim"))
    if f.approved_until is not None and f.approved_until > _now():
        where = f", reference {reference}" if reference else ""
        say.print(Text(f"approved by your compliance team until {moment(f.approved_until)}{where}", style="green"))
    if said.said:
        say.print(Text(said.said, style="bold yellow" if disputed(f.answer) else "bold"))
    say.print("\n[bold]Why[/]")
    for one in said.signs:
        hang(say, one.says)
        more = f"{one.title} ({one.rule}, {one.weight:.2f}). {one.speaks}".rstrip()
        hang(say, Text(more, style="dim"), "", 3)
    for line in said.why[len(said.signs) :]:
        hang(say, line, "", 1)
    _list(say, "What it means", (said.meaning,))
    show_consequences(say, consequences)
    _list(say, "What to do now", said.now)
    if said.instead:
        _list(say, "What is allowed instead", [way.way for way in said.instead])
    if said.techniques:
        _list(say, "Known as", said.techniques)
    if f.flagged and f.closed_at is None:
        say.print(Text(f"\nSay what it was: gleanwatch findings answer {f.id}"))


def _list(say: Console, title: str, lines: Iterable[str]) -> None:
    say.print(f"\n[bold]{title}[/]")
    for line in lines:
        hang(say, line)


def _left(until: int) -> str:
    """Say how much of a hold is left, in whole hours or minutes; nothing once it is over."""
    minutes = (until - _now()) // 60_000
    if minutes <= 0:
        return ""
    return f" ({minutes // 60} h left)" if minutes >= 60 else f" ({minutes} min left)"
