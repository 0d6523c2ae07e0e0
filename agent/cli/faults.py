"""`gleanwatch faults`: the reports that the agent keeps of its own faults, to be read, and to be taken away."""

from __future__ import annotations

import click
import msgspec

from agent import crashes
from agent.cli.asking import Failure, this_instance
from agent.cli.show import console, json_option, moment, print_json


@click.command()
@click.option("--remove", "take_away", is_flag=True, help="Take every report away.")
@json_option
def faults(take_away: bool, as_json: bool) -> None:
    """Show reports of the agent's own faults; they stay on this computer.

    A report has the kind of the error and the lines of our own code that it came through: no text of the error, nothing
    of what was being worked on.

    \b
    gleanwatch faults
    gleanwatch faults --remove
    """
    folder = this_instance().fault_dir
    if take_away:
        removed = crashes.remove(folder)
        if as_json:
            print_json({"removed": removed.gone, "left": removed.left})
        else:
            console().print(f"{removed.gone} taken away.")
        if removed.left:
            raise Failure(f"{removed.left} could not be taken away. Check the rights of {folder}")
        return
    known = crashes.kept(folder)
    if as_json:
        print_json({"folder": str(folder), "faults": msgspec.to_builtins(known)})
        return
    say = console()
    if not known:
        say.print("No fault of the agent's own is on record.")
        return
    for report in known:
        times = "once" if report.times == 1 else f"{report.times} times, last"
        say.print(f"[bold]{report.exception}[/], {times} {moment(report.last_at)}, release {report.release}")
        for place in report.places:
            say.print(f"  {place}", markup=False)
    say.print(f"They are in {folder}. Take them away: gleanwatch faults --remove", soft_wrap=True, markup=False)
