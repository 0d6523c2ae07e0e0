"""`gleanwatch try`: start the harmless collection and wait for its flag."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from agent.cli.asking import Failure, ask, this_instance
from agent.cli.progress import progress
from agent.cli.show import console, finding_json, json_option, print_json, told
from agent.model.consequences import Consequence
from agent.model.findings import Finding

TOOL = "gleanwatch-try"
PATIENCE_SECONDS = 30.0


@click.command("try")
@json_option
def attempt(as_json: bool) -> None:
    """Start a harmless collection of your own and watch it being flagged.

    The running agent starts a small program that serves forty invented profiles on this machine and reads them one
    after the other. Nothing leaves the machine; the flag is what you would see of a real tool.

    \b
    gleanwatch try
    """
    instance = this_instance()
    gates = {gate["purpose"]: gate for gate in ask(instance, "status").result["gates"]}
    if gates["security.detect-bulk-collection"]["state"] != "open":
        raise Failure("nothing is watched now. Read the notice first: gleanwatch consent review")
    begun = time.time()
    ask(instance, "try")
    since = int((begun - 1) * 1000)
    with progress("A harmless collection is running; waiting for its flag"):
        while time.time() - begun < PATIENCE_SECONDS:
            for item in ask(instance, "findings", {"since": since}).items:
                found, consequences = told(item)
                if found.tool == TOOL and found.flagged:
                    _show(found, consequences, time.time() - begun, as_json)
                    return
            time.sleep(0.1)
    raise Failure("no flag came. «gleanwatch doctor» says what is not seen on this machine.")


def _show(found: Finding, consequences: Sequence[Consequence], seconds: float, as_json: bool) -> None:
    if as_json:
        document = finding_json(found, int(time.time() * 1000), consequences)
        print_json({"seconds": round(seconds, 3), "finding": document})
        return
    say = console()
    say.print(f"[bold green]Seen after {seconds:.1f} s:[/] {found.name} ({found.stage.value}, {found.level.value})")
    for piece in found.evidence:
        say.print(f"  • {piece.detail}")
    say.print(f"More: gleanwatch findings explain {found.id}")
