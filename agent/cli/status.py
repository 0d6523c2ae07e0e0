"""`gleanwatch status` and `gleanwatch doctor`: what works, what does not, and what to do about it."""

from __future__ import annotations

import os
import sys
from typing import Any

import click
import msgspec
from rich.markup import escape

from agent.cli.asking import Failure, NotRunning, ask, opened_once, running, this_instance
from agent.cli.consent_words import why
from agent.cli.organisation import added_json, added_of, state_of
from agent.cli.show import console, json_option, moment, print_json
from agent.model.consent import PurposeView
from agent.model.purposes import Mode
from agent.settings.instance import Instance


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Say what works, what is watched and what is kept, and print a fresh link to your page."""
    instance = this_instance()
    alive = running(instance)
    try:
        with opened_once(instance):
            state = ask(instance, "status").result
            views = [msgspec.convert(one, PurposeView) for one in ask(instance, "purposes").items]
            own = added_of(instance)
    except NotRunning:
        if not as_json:
            raise
        print_json({"running": False})
        return
    if as_json:
        print_json({"running": alive, **state, "organisation_adds": added_json(own) if own is not None else None})
        return
    say = console()
    say.print(f"[bold]Gleanwatch {state['version']}[/], {state['mode']}, {'running' if alive else 'not running'}")
    for view in views:
        if view.in_use:
            say.print(f"  {view.title}: {why(view, Mode(state['mode']))}", soft_wrap=True)
    for known in state["browsers"]:
        is_on = "connected" if known["connected"] else "not connected"
        say.print(
            f"  {known['browser']} {known['browser_version']}, extension {known['extension_version']} "
            f"({known['client']}…): {is_on}, last acknowledged "
            f"{moment(known['last_acked_at'])}, waiting {known['waiting']}, dropped {known['dropped']}, "
            f"lost {known['lost']}"
        )
    for part in state["health"]:
        if part["condition"] != "working":
            say.print(f"  [yellow]{part['part']}: {part['how']}.[/] {part['missed']} {part['action']}", soft_wrap=True)
    if own is not None and own.waiting:
        whose = state["organisation"] or "Your organisation"
        say.print(
            f"  [yellow]{escape(whose)} has rules ({len(own.rules)}) that you have not read.[/] "
            "They hold once you were shown the notice with them: gleanwatch consent review",
            soft_wrap=True,
        )
    elif own is not None and own.rules:
        say.print(f"  Rules of your organisation: {len(own.rules)}, {state_of(own)}; gleanwatch rules list")
    kept = sum(total["count"] for total in state["totals"])
    say.print(
        f"  Kept: {kept} page loads; open flags: {state['flagged']}; next deletion {moment(state['next_deletion'])}"
    )
    say.print(f"  Data folder: {instance.data_dir}", soft_wrap=True)
    if alive:
        say.print(f"  Your page, once, within a minute: {ask(instance, 'page_link').result['url']}", soft_wrap=True)
    else:
        say.print("  Start it with: gleanwatch run")


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check everything and say what to mend. Exit code 1 when something is broken."""
    instance = this_instance()
    checks = list(_checks(instance))
    bad = [c for c in checks if c["state"] == "broken"]
    if as_json:
        print_json({"ok": not bad, "checks": checks})
    else:
        marks = {"fine": "[green]✓[/]", "note": "[yellow]•[/]", "broken": "[red]✗[/]"}
        for check in checks:
            say = f"{marks[check['state']]} {check['what']}: {check['found']}"
            console().print(say + (f" → {check['do']}" if check["do"] else ""), soft_wrap=True)
    if bad:
        raise Failure(f"{len(bad)} thing{'s' if len(bad) > 1 else ''} to mend: see above.")


def _checks(instance: Instance) -> Any:
    from agent.opening import StartError, read_rules

    yield _check("fine", "Python", sys.version.split()[0])
    where = "GLEANWATCH_HOME" if os.environ.get("GLEANWATCH_HOME") else "the usual place"
    yield _check("fine", "instance", f"{instance.root} ({where})")
    try:
        rules = read_rules(instance)
    except StartError as problem:
        yield _check("broken", "policy and configuration", str(problem))
        return
    if not running(instance):
        yield _check("fine", "mode", rules.mode.value)
        yield _check("broken", "agent", "not running", "gleanwatch run")
        return
    state = ask(instance, "status").result
    yield _check("fine", "agent", f"running, version {state['version']}, {state['mode']} mode")
    for gate in state["gates"]:
        kind = "fine" if gate["state"] == "open" else "note"
        do = "gleanwatch consent review" if gate["reason"] in ("notice_not_shown", "not_acknowledged") else ""
        yield _check(kind, gate["purpose"], gate["state"] + (f" ({gate['reason']})" if gate["reason"] else ""), do)
    for part in state["health"]:
        kind = {"working": "fine", "degraded": "note", "failed": "note"}[part["condition"]]
        yield _check(kind, part["part"], f"{part['how']}. {part['missed']}".strip(), part["action"])
    refused = {name: n for name, n in state["counters"].items() if n}
    if refused:
        yield _check("note", "refused so far", ", ".join(f"{name} {n}" for name, n in sorted(refused.items())))
    from agent.cli.browser import places_report

    for result in places_report(instance):
        kind = "note" if result.detail or result.caveat else "fine"
        yield _check(kind, result.title, result.outcome.value, result.detail or result.caveat)


def _check(state: str, what: str, found: str, do: str = "") -> dict[str, str]:
    return {"state": state, "what": what, "found": found, "do": do}
