"""`gleanwatch findings`: what was recognised, why, and what to do now."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from rich.markup import escape
from rich.text import Text

from agent.cli.asking import Failure, ask, follow, this_instance
from agent.cli.consent_words import CATEGORIES
from agent.cli.show import LEVEL_STYLE, console, finding_json, json_option, moment, print_json
from agent.model.findings import Finding

MAX_WORDS = 500
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


@click.group(invoke_without_command=True)
@json_option
@click.option("--since", type=Since(), help="Only what was last seen at or after this: 10m, RFC 3339, or epoch.")
@click.option("--follow", "follows", is_flag=True, help="Go on as things change; with --json one document a line.")
@click.pass_context
def findings(ctx: click.Context, as_json: bool, since: int | None, follows: bool) -> None:
    """Show what was recognised, why, and what to do now. «findings explain ID» says more about one."""
    if ctx.invoked_subcommand is not None:
        return
    instance = this_instance()
    if follows:
        for item in follow(instance, "findings", {"since": since, "follow": True}):
            _print_one(msgspec.convert(item, Finding), as_json)
        return
    found = [msgspec.convert(item, Finding) for item in reversed(ask(instance, "findings", {"since": since}).items)]
    if as_json:
        print_json({"findings": [finding_json(f, _now()) for f in found]})
        return
    if not found:
        console().print("Nothing was recognised. To see what a flag looks like: gleanwatch try")
        return
    from rich.table import Table

    table = Table(
        "id", "tool", "family", "stage", "level", "platforms", "last seen", "why", box=None, header_style="bold"
    )
    for f in found:
        mark = "⚑ " if f.flagged else ""
        why = f.evidence[0].detail if f.evidence else ""
        row = (f.name, f.family, f.stage.value, f"[{LEVEL_STYLE[f.level.value]}]{mark}{f.level.value}[/]")
        table.add_row(f.id, *row, ", ".join(f.platforms), moment(f.last_seen), why)
    console().print(table)


@findings.command()
@click.argument("finding_id", metavar="ID")
@json_option
def explain(finding_id: str, as_json: bool) -> None:
    """Say of one finding why it was made, what it means and what to do now."""
    from agent.detection.explain import explain as in_words

    f = msgspec.convert(ask(this_instance(), "finding", {"id": finding_id}).result, Finding)
    said = in_words(f)
    if as_json:
        print_json({**finding_json(f, _now()), "headline": said.headline, "why": said.why, "now": said.now})
        return
    say = console()
    say.print(f"[bold]{said.headline}[/]")
    say.print(f"[dim]{f.stage.value}, {f.level.value} ({f.confidence:.2f}), first seen {moment(f.first_seen)}[/]\n")
    for title, lines in (("Why", said.why), ("What it means", (said.meaning,)), ("What to do now", said.now)):
        say.print(f"[bold]{title}[/]")
        for line in lines:
            say.print(f"  • {line}")


@findings.command()
@click.argument("finding_id", metavar="ID")
@click.argument("category", type=click.Choice(list(CATEGORIES)), required=False)
@click.option("--words", help=f"What you want to add, in your own words; at most {MAX_WORDS} characters.")
def answer(finding_id: str, category: str | None, words: str | None) -> None:
    """Say what a finding was: stopping (I have stopped it), work (it is for my work), not_me.

    Your answer is put on record with its time; the category is confirmed by typing it, at a terminal. Your own words
    are kept apart from it and can be erased: gleanwatch consent erase --what words

    \b
    gleanwatch findings answer XbLrRsSN_aqe
    gleanwatch findings answer XbLrRsSN_aqe work --words "agreed with the library, ticket 12"
    """
    from agent.cli.consent_desk import Desk
    from agent.detection.explain import explain as in_words

    if words is not None and len(words) > MAX_WORDS:
        raise click.BadParameter(f"that is {len(words)} characters; {MAX_WORDS} are kept.", param_hint="--words")
    desk = Desk.to_answer()
    f = msgspec.convert(desk.send("finding", {"id": finding_id}).result, Finding)
    desk.say.print(Text(in_words(f).headline, style="bold"))
    if category is not None:
        desk.confirm(category, f"say: {CATEGORIES[category]}")
        chosen = category
    else:
        for key, meaning in CATEGORIES.items():
            desk.say.print(Text.assemble((f"  {key:<10}", "bold"), meaning))
        chosen = desk.choose("Type your answer, or Enter to leave it", {**{key: key for key in CATEGORIES}, "": ""})
        if not chosen:
            raise Failure("nothing was changed.")
    said = {"id": f.id, "answer": chosen, "words": words or "", "channel": "terminal", "control": "terminal.answer"}
    desk.send("answer", said)
    desk.say.print(f"Recorded for {escape(f.name)}: {CATEGORIES[chosen]}.")


def _now() -> int:
    return int(time.time() * 1000)


def _print_one(f: Finding, as_json: bool) -> None:
    if as_json:
        print_json(finding_json(f, _now()))
        return
    why = f.evidence[0].detail if f.evidence else ""
    mark = "⚑ " if f.flagged else "  "
    style = LEVEL_STYLE[f.level.value]
    console().print(f"{moment(f.last_seen)} [{style}]{mark}{f.name}[/] {f.stage.value}, {f.level.value}: {why}")
