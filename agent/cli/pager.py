"""Long output through a pager: what is longer than the screen is read page by page, everything else is printed at once.

    a command prints to the console that `paged` gives → held back → longer than the screen? → PAGER, else stdout

Only at a terminal, never for `--json`, never on a terminal that cannot move its cursor. PAGER names the program, empty
or `cat` for none. `less` is the default and is told, unless LESS says otherwise, to keep colours (R), to leave the text
on the screen (X) and to end by itself where one screen is enough (F).
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import click
from rich.console import Console

from agent.cli.show import console

pager_option = click.option("--no-pager", is_flag=True, help="Print at once, however long it is.")


@contextmanager
def paged(no_pager: bool = False) -> Iterator[Console]:
    """Give a console whose text goes through the pager when it is longer than the screen.

    Args:
        no_pager: Print at once in any case.
    """
    to = console()
    command = None if no_pager or not to.is_terminal or to.is_dumb_terminal else pager_of(os.environ)
    if command is None:
        yield to
        return
    held = to.capture()
    try:
        with held:
            yield to
    finally:
        # What was printed before a failure is shown all the same.
        text = held.get()
        if text.count("\n") < to.height or not _page(command, text):
            sys.stdout.write(text)
            sys.stdout.flush()


def pager_of(env: Mapping[str, str]) -> Sequence[str] | None:
    """Return the pager's command line, or None where there is none or none is wanted.

    Args:
        env: PAGER.
    """
    named = env.get("PAGER")
    try:
        words = ["less"] if named is None else shlex.split(named)
    except ValueError:
        return None
    if not words or words == ["cat"] or shutil.which(words[0]) is None:
        return None
    return words


def _page(command: Sequence[str], text: str) -> bool:
    """Show a text; say whether the pager could be started."""
    env = {"LESS": "FRX", "LESSCHARSET": "utf-8", **os.environ}
    try:
        pager = subprocess.Popen(command, stdin=subprocess.PIPE, env=env)
    except OSError:
        return False
    # Ctrl-C belongs to the pager; whoever leaves it early closes the pipe.
    with suppress(BrokenPipeError, KeyboardInterrupt):
        pager.communicate(text.encode(errors="replace"))
    while True:
        with suppress(KeyboardInterrupt):
            pager.wait()
            return True
