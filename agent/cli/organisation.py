"""What the organisation adds, for the command line: asked of whoever holds the instance, printed for people.

The agent sends rules, approvals and what was left out one by one; here they become one `Added` again.
"""

from __future__ import annotations

from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape

from agent.cli.asking import Failure, NotRunning, ask, running
from agent.cli.show import moment
from agent.model.approvals import Approval
from agent.model.organisation import Added, LeftOut
from agent.model.own_rules import OwnRule
from agent.settings.instance import Instance

WAITS = "waits until you have read it: gleanwatch consent review"


def added(instance: Instance) -> Added:
    """Return what the organisation adds, as the instance tells it.

    Raises:
        Failure: The instance cannot be asked, or an agent of an older release runs on it.
    """
    answer = ask(instance, "organisation")
    return Added(
        rules=tuple(msgspec.convert(one["rule"], OwnRule) for one in answer.items if "rule" in one),
        since=answer.result["since"],
        earlier=answer.result["earlier"],
        approvals=tuple(msgspec.convert(one["approval"], Approval) for one in answer.items if "approval" in one),
        left_out=tuple(msgspec.convert(one["left_out"], LeftOut) for one in answer.items if "left_out" in one),
    )


def added_of(instance: Instance) -> Added | None:
    """Return what the organisation adds; None where an agent of an older release cannot say it."""
    try:
        return added(instance)
    except NotRunning:
        raise
    except Failure:
        return None


def added_where_it_runs(instance: Instance) -> Added | None:
    """Return what the organisation adds where an agent runs and can say it; None elsewhere."""
    return added_of(instance) if running(instance) else None


def added_json(one: Added) -> dict[str, Any]:
    """Return what the organisation adds for programs, with whether it waits to be read."""
    return {**msgspec.to_builtins(one), "waiting": one.waiting}


def state_of(one: Added) -> str:
    """Say in a few words whether the rules are in force."""
    return f"in force since {moment(one.since)}" if one.since is not None else WAITS


def print_added(say: Console, one: Added) -> None:
    """Print the rules with their state, what the compliance team approved, and what was left out."""
    if one.rules:
        say.print("\n[bold]Rules of your organisation[/]" + (" (those of before: see below)" if one.earlier else ""))
        for rule in one.rules:
            say.print(f"  {escape(rule.title)} ({rule.family}), {state_of(one)}", soft_wrap=True)
            say.print(f"    [dim]organisation.{escape(rule.id)}[/]", soft_wrap=True)
    if one.approvals:
        say.print("\n[bold]Approved by your compliance team[/]")
        for held in one.approvals:
            what = f"{held.family}, platform {held.platform}, until {moment(held.until)}"
            say.print(f"  {what}, reference {escape(held.reference)}", soft_wrap=True)
    if one.left_out:
        say.print("\n[bold yellow]Left out[/]")
        for out in one.left_out:
            where = f"{out.folder}/{out.file}" + (f":{out.line}" if out.folder == "rules" else "")
            say.print(f"  {escape(f'{where}: {out.why}')}", soft_wrap=True)
