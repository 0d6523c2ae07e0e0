"""Opens a link in the person's browser from a service, without the browser inheriting what the service is under.

A browser that a unit of systemd starts would live in that unit: under its memory ceiling and its sandbox, and be ended
with it. There the service manager is asked to start it as a unit of its own instead.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from shutil import which
from typing import Final

OPENER: Final = "xdg-open"


def outside(link: str, env: Mapping[str, str], find: Callable[[str], str | None] = which) -> Sequence[str] | None:
    """Return the command that opens a link outside of this unit; None where this is none, or it cannot be done.

    Args:
        link: A one-time link of ours. It stands in no journal: the unit is described in our own words.
        env: The environment; systemd sets INVOCATION_ID in whatever it starts.
        find: Finds a program.
    """
    runner, opener = find("systemd-run"), find(OPENER)
    if not env.get("INVOCATION_ID") or runner is None or opener is None:
        return None
    return (
        *(runner, "--user", "--quiet", "--collect", "--no-block", "--description=Opens your Gleanwatch page", "--"),
        *(opener, link),
    )


def open_link(link: str, env: Mapping[str, str]) -> None:
    """Open a link in the default browser, which may block until it is up."""
    command = outside(link, env)
    if command is not None and subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0:
        return
    import webbrowser

    webbrowser.open(link)
