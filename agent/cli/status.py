"""`gleanwatch status`: whether all is well, on one screen, and what there is to know besides.

    the agent's status, purposes, findings → `judge` says in one line whether all is well and what to do if not
    → that line, the state in short, a fresh link to the person's page

Without a running agent the same is read from the database, as far as it can be opened, and the exit code is 1: nothing
is watched then. The whole fits a terminal of 80 columns and 24 lines: lists are cut, and say by how much.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from agent.cli.asking import Failure, NotRunning, ask, opened_once, running, this_instance
from agent.cli.show import UNFOLDED, console, json_option, moment, print_json

if TYPE_CHECKING:
    from agent.model.organisation import Added
    from agent.settings.instance import Instance

DETECT: Final = "security.detect-bulk-collection"
REVIEW: Final = "gleanwatch consent review"
RUN: Final = "gleanwatch run"
_ASKS: Final = frozenset({"notice_not_shown", "notice_changed", "not_acknowledged", "not_authorised"})
_LESSER: Final = frozenset({"desktop"})
"""Parts without which all is well: a warning comes by page, pop-up and terminal too."""
_SHOWN: Final = 2
"""Items of a list on the screen; what is beyond is counted."""
_LONGEST: Final = 110
"""Letters of the first line without what to do."""
_MARKS: Final = {"open": ("●", "green"), "waiting": ("◐", "yellow"), "closed": ("○", "dim")}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether all is well.

    Attributes:
        well: Whether it is; a pause and an objection are the person's own will and well.
        said: The first line, without what to do.
        do: The command that mends it or answers what is asked; empty where nothing is to be done.
    """

    well: bool
    said: str
    do: str = ""


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Say whether all is well, what is watched and kept, and print a fresh link to your page.

    The first line is the answer; with the command that mends it where something is wrong. Exit code 1 where no agent
    runs: then it says what is known all the same. More of what works and what does not: gleanwatch doctor

    \b
    gleanwatch status
    gleanwatch status --json
    """
    instance = this_instance()
    alive = running(instance)
    try:
        with opened_once(instance):
            state = ask(instance, "status").result
            views = ask(instance, "purposes").items
            asking = [one for one in ask(instance, "findings").items if _asks(one)] if state["flagged"] else []
            own = _added(instance)
    except Failure as problem:
        _unknown(problem, as_json)
        sys.exit(1)
    verdict = judge(state, alive=alive, asking=len(asking))
    if as_json:
        from agent.cli.organisation import added_json

        document = {"running": alive, "well": verdict.well, "said": verdict.said, "do": verdict.do, **state}
        asked = [one["id"] for one in asking]
        print_json({**document, "asks": asked, "organisation_adds": added_json(own) if own is not None else None})
    else:
        link = ask(instance, "page_link").result["url"] if alive else ""
        show(instance, verdict, state, views=views, asking=asking, own=own, link=link)
    if not alive:
        sys.exit(1)


def judge(state: Mapping[str, Any], *, alive: bool, asking: int) -> Verdict:
    """Say in one sentence whether all is well, and what to do if it is not; the gravest thing first.

    Args:
        state: The agent's status, as it sends it.
        alive: Whether an agent runs.
        asking: Number of findings that ask the person what they were.
    """
    if not alive:
        return Verdict(False, "no agent runs here, so nothing is watched", RUN)
    if state["paused_until"] is not None:
        return Verdict(True, f"Paused until {moment(state['paused_until'])}: nothing is watched", _RESUME)
    gate = next(gate for gate in state["gates"] if gate["purpose"] == DETECT)
    if gate["reason"] in _ASKS:
        return Verdict(False, "nothing is watched before you have answered the notice", REVIEW)
    if gate["reason"] == "lead_days" and gate["until"] is not None:
        return Verdict(True, f"All is well: the notice was shown, and watching starts {moment(gate['until'])}")
    if gate["state"] != "open":
        whose = "as you decided" if gate["reason"] in ("objected", "withdrawn", "refused") else "as it is set up"
        return Verdict(True, f"Off, {whose}: nothing is watched", REVIEW if whose == "as you decided" else "")
    for part in state["health"]:
        if part["condition"] == "failed" and part["part"] not in _LESSER:
            return Verdict(False, f"{part['part']}: {part['how']}", "gleanwatch doctor")
    on = [browser for browser in state["browsers"] if browser["connected"]]
    hidden = sorted({platform for browser in on for platform in browser["missing"]})
    if hidden:
        said = f"the browser hides {', '.join(hidden)} from the extension, so these are not seen"
        return Verdict(False, said, "gleanwatch doctor")
    if not state["browsers"]:
        return Verdict(False, "programs are watched, but no browser was ever connected", "gleanwatch doctor")
    who = f"{len(on)} browser{'' if len(on) == 1 else 's'} connected" if on else "no browser is open"
    if asking:
        what = "1 finding asks" if asking == 1 else f"{asking} findings ask"
        return Verdict(True, f"All works, and {what} you what it was: watching, {who}", "gleanwatch findings")
    return Verdict(True, f"All is well: watching, {who}")


_RESUME: Final = "gleanwatch consent resume"


def _asks(finding: Mapping[str, Any]) -> bool:
    return bool(finding["flagged"]) and finding["closed_at"] is None and not finding["answer"]


def _unknown(problem: Failure, as_json: bool) -> None:
    """Say what little is known where neither an agent nor the database answers."""
    fresh = isinstance(problem, NotRunning)
    said = "no agent runs here, and nothing is kept yet" if fresh else problem.message.rstrip(".")
    if as_json:
        print_json({"running": False, "well": False, "said": said, "do": RUN if fresh else "gleanwatch doctor"})
        return
    _first(Verdict(False, said, RUN if fresh else "gleanwatch doctor"))


def _first(verdict: Verdict) -> None:
    from rich.text import Text

    # Two lines of a narrow terminal at most, with what to do.
    found = verdict.said if len(verdict.said) <= _LONGEST else f"{verdict.said[: _LONGEST - 1]}…"
    said = found if verdict.well else f"Not well: {found}"
    say = console()
    line = Text(f"{said}.", style="bold green" if verdict.well else "bold red")
    if verdict.do:
        do = Text(f"→ {verdict.do}", style="not bold cyan")
        line.append(" " if line.cell_len + do.cell_len < say.width else "\n").append(do)
    say.print(line)


def show(
    instance: Instance,
    verdict: Verdict,
    state: Mapping[str, Any],
    *,
    views: Sequence[Mapping[str, Any]],
    asking: Sequence[Mapping[str, Any]],
    own: Added | None,
    link: str,
) -> None:
    """Print the whole screen.

    Args:
        instance: Where it lives.
        verdict: The first line.
        state: The agent's status, as it sends it.
        views: Every purpose, as the agent sends them.
        asking: Findings that ask the person what they were.
        own: What the organisation adds; None where nothing is known of it.
        link: A fresh link to the person's page; empty where no agent serves one.
    """
    from rich.table import Table
    from rich.text import Text

    _first(verdict)
    say = console()
    cut = say.width < UNFOLDED
    table = Table.grid(padding=(0, 2, 0, 0), expand=cut)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1 if cut else None)
    rows = (
        ("Purposes", _purposes(views)),
        ("Findings", [Text(f"⚑ {_plain(one['name'])} ({one['level']}), {one['id']}") for one in asking]),
        ("Browsers", [_browser(browser) for browser in state["browsers"]]),
        ("Health", [_part(part) for part in state["health"] if part["condition"] != "working"]),
        ("Kept", [_kept(state)]),
    )
    who = f"{state['organisation']}, {state['contact']}" if state["organisation"] else ""
    table.add_row("Release", Text(", ".join(filter(None, (f"{state['version']}, {state['mode']} mode", who)))))
    for head, items in rows:
        most = 5 if head == "Purposes" else _SHOWN
        for number, item in enumerate(items[:most]):
            table.add_row("" if number else head, item)
        if len(items) > most:
            table.add_row(
                "", Text(f"and {len(items) - most} more: {_MORE.get(head, 'gleanwatch doctor')}", style="dim")
            )
    table.add_row("Folder", Text(str(instance.data_dir)))
    say.print(table)
    if own is not None:
        _rules(own)
    if link:
        say.print(f"Your page, once, within a minute: {link}", soft_wrap=True)


_MORE: Final = {"Findings": "gleanwatch findings", "Purposes": "gleanwatch consent"}


def _purposes(views: Sequence[Mapping[str, Any]]) -> list[Any]:
    from rich.text import Text

    used = [view for view in views if view["in_use"]]
    lines = []
    for view in used:
        gate = view["gate"]
        mark, style = _MARKS[gate["state"]]
        since = f"since {moment(gate['since'])}" if gate["state"] == "open" and gate["since"] else ""
        waits = f"from {moment(gate['until'])}" if gate["state"] == "waiting" and gate["until"] else ""
        asks = "asks you" if gate["reason"] in _ASKS else ""
        lines.append(
            Text.assemble((f"{mark} ", style), view["title"], (f"  {since or waits or asks or gate['state']}", "dim"))
        )
    return lines


def _browser(known: Mapping[str, Any]) -> Any:
    from rich.text import Text

    mark = ("● ", "green") if known["connected"] else ("○ ", "dim")
    said = f"{known['browser']} {known['browser_version']}, "
    said += "connected" if known["connected"] else "not connected"
    if known["last_acked_at"] is not None:
        said += f", last heard {moment(known['last_acked_at'])}"
    line = Text.assemble(mark, _plain(said))
    if behind := [f"{name} {known[name]}" for name in ("waiting", "dropped", "lost") if known[name]]:
        line.append(f", {', '.join(behind)}", style="yellow")
    return line


def _part(part: Mapping[str, Any]) -> Any:
    from rich.text import Text

    mark = ("✗ ", "red") if part["condition"] == "failed" else ("• ", "yellow")
    said = f"{part['part']}: {part['how']}. {part['missed']} {part['action']}"
    return Text.assemble(mark, _plain(said.strip()))


def _kept(state: Mapping[str, Any]) -> Any:
    from rich.text import Text

    platforms: dict[str, int] = {}
    for total in state["totals"]:
        platforms[total["platform"]] = platforms.get(total["platform"], 0) + total["count"]
    most = sorted(platforms.items(), key=lambda pair: -pair[1])
    shown = ", ".join(f"{count:,} {platform}" for platform, count in most[:4])
    count = sum(platforms.values())
    said = f"{count:,} page load{'' if count == 1 else 's'} in 24 hours" + (f" ({shown})" if shown else "")
    deletion = state["next_deletion"]
    return Text(said + (f"; next deletion {moment(deletion)}" if deletion is not None else ""))


def _rules(own: Added) -> None:
    """Say that an organisation's own rules are there, and whether they wait to be read."""
    from agent.cli.organisation import state_of

    if own.waiting:
        said = f"[yellow]Rules that you have not read: {len(own.rules)}.[/] → {REVIEW}"
        console().print(said, soft_wrap=True)
    elif own.rules:
        console().print(f"Rules of your organisation: {len(own.rules)}, {state_of(own)}; gleanwatch rules list")


def _added(instance: Instance) -> Added | None:
    from agent.cli.organisation import added_of

    return added_of(instance)


def _plain(text: str) -> str:
    """Return text from elsewhere without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
