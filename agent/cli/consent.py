"""`gleanwatch consent`: the notice, and the answers to it, at the terminal.

An answer is typed by a person at a terminal, never taken from a pipe or an argument (DESIGN 3.10). The acts go through
the same `Face` as those of the page.
"""

from __future__ import annotations

import sys

import click
import msgspec

from agent.cli.asking import Failure, ask, this_instance
from agent.cli.show import console, json_option, moment, print_json
from agent.model.face import NoticeText
from agent.model.purposes import ActKind, Mode


@click.group(invoke_without_command=True)
@click.pass_context
def consent(ctx: click.Context) -> None:
    """Read the notice; start, stop or object to watching.

    Without a subcommand: show. Receipts, export and erasure come with the ledger and are not in this release yet.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@consent.command()
@json_option
def show(as_json: bool = False) -> None:
    """Say which purposes are open, waiting or closed, and why."""
    gates = ask(this_instance(), "status").result["gates"]
    if as_json:
        print_json({"gates": gates})
        return
    from rich.table import Table

    table = Table("purpose", "gate", "since", "why", box=None, header_style="bold")
    for gate in gates:
        style = "green" if gate["state"] == "open" else "yellow" if gate["state"] == "waiting" else "dim"
        until = f" until {moment(gate['until'])}" if gate["until"] else ""
        since = moment(gate["since"]) if gate["since"] else "–"
        why = gate["reason"].replace("_", " ")
        table.add_row(gate["purpose"], f"[{style}]{gate['state']}{until}[/]", since, why)
    console().print(table)


@consent.command()
def review() -> None:
    """Print the notice that holds and ask for your answer."""
    instance = this_instance()
    notice = _notice()
    print_notice(notice)
    _need_terminal()
    _record(ActKind.SHOWN, notice)
    answer = ask_typed(Mode(ask(instance, "status").result["mode"]))
    if answer is not ActKind.SHOWN:
        _record(answer, notice)
    show.callback(as_json=False)  # type: ignore[misc]


@consent.command("object")
def object_to() -> None:
    """Say no. In personal mode watching stops at once."""
    _need_terminal()
    notice = _notice()
    if not click.confirm("Put on record that you object to being watched?", default=False):
        raise Failure("nothing was changed.")
    _record(ActKind.SHOWN, notice)
    _record(ActKind.OBJECTED, notice)
    show.callback(as_json=False)  # type: ignore[misc]


@consent.command()
@click.argument("purpose")
def withdraw(purpose: str) -> None:
    """Take back the consent to an optional purpose."""
    _need_terminal()
    if not click.confirm(f"Withdraw your consent to {purpose}?", default=False):
        raise Failure("nothing was changed.")
    _record(ActKind.WITHDRAWN, _notice(), purpose)
    show.callback(as_json=False)  # type: ignore[misc]


def print_notice(notice: NoticeText) -> None:
    """Print a notice as the text that its hash covers."""
    from rich.markdown import Markdown
    from rich.panel import Panel

    say = console()
    say.print(Panel(Markdown(notice.text), title=f"Notice, version {notice.version}", padding=(1, 2)))
    say.print(f"[dim]SHA-256 of this text: {notice.sha256}[/]")


def ask_typed(mode: Mode) -> ActKind:
    """Ask for a typed answer and return it; an empty one means that the notice was shown and nothing more."""
    if mode is Mode.MANAGED:
        hint = "Type «seen» (I have been shown this), «object» (shown, and I object), or Enter to decide later"
    else:
        hint = "Type «yes» to start watching, «no» not to, or Enter to decide later"
    words = {
        "yes": ActKind.ACKNOWLEDGED,
        "seen": ActKind.ACKNOWLEDGED,
        "no": ActKind.OBJECTED,
        "object": ActKind.OBJECTED,
        "": ActKind.SHOWN,
    }
    while True:
        typed: str = click.prompt(hint, default="", show_default=False).strip().lower()
        if typed in words:
            return words[typed]


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Failure("an answer is typed by a person at a terminal, never read from a pipe. Or use your page.")


def _notice() -> NoticeText:
    return msgspec.convert(ask(this_instance(), "notice").result, NoticeText)


def _record(kind: ActKind, notice: NoticeText, purpose: str | None = None) -> None:
    args = {"kind": kind.value, "notice_sha256": notice.sha256, "channel": "terminal", "purpose": purpose}
    ask(this_instance(), "act", args)
