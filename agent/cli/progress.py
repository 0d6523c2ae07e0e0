"""How far something is that takes longer than a person likes to wait in silence.

    work that calls `tell(done, of, what)` → one moving line on stderr, gone when it ends → nothing where nobody looks

Every command that can take more than a second shows it this way: verify, export, receipts, erase, scan, rules, doctor,
try. It goes to stderr, so that stdout stays what was asked for, and only to a terminal that can move its cursor.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from agent.cli.show import console


class Tell(Protocol):
    """Says how far it is; anything not given stays as it was said before."""

    def __call__(self, done: float, of: float | None = None, what: str | None = None, *, count: str = "") -> None:
        """Say it.

        Args:
            done: How much is done.
            of: Of how much; None where nobody knows.
            what: What is done now.
            count: What to show instead of a share, such as `3.1 MiB`.
        """


@contextmanager
def progress(what: str) -> Iterator[Tell]:
    """Show that something goes on, and how far it is, until the block ends.

    Args:
        what: What is being done, as a person would say it: «Verifying».
    """
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    to = console(stderr=True)
    watched = to.is_terminal and not to.is_dumb_terminal
    with Progress(*columns, console=to, transient=True, disable=not watched) as bar:
        task = bar.add_task(what, total=None, count="")

        def tell(done: float, of: float | None = None, what: str | None = None, *, count: str = "") -> None:
            share = count or (f"{100 * done / of:3.0f} %" if of else "")
            bar.update(task, completed=done, total=of, description=what, count=share)

        yield tell
