"""Picks the way in which a service is installed on this system, and runs the system's own programs for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.service.launchd import Launchd
from agent.service.plan import Plan, Ran, Runner
from agent.service.scheduled_task import ScheduledTask
from agent.service.standing import Manager
from agent.service.systemd import Systemd, units_folder

PROGRAM_SECONDS = 30.0


def run_program(words: Sequence[str]) -> Ran | None:
    """Run a program of the system to its end; None where there is no such program or it never ends."""
    program = shutil.which(words[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *words[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROGRAM_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Ran(done.returncode, done.stdout + done.stderr)


def manager_for(
    plan: Plan,
    env: Mapping[str, str],
    home: Path,
    uid: int,
    *,
    system: str = sys.platform,
    run: Runner = run_program,
) -> Manager:
    """Return the way that this system has.

    Args:
        plan: What is to run.
        env: The environment.
        home: The person's home folder.
        uid: The person's number; not looked at on Windows.
        system: As `sys.platform`.
        run: Runs a program of the system.
    """
    if system == "darwin":
        return Launchd(plan, home / "Library" / "LaunchAgents", uid, run)
    if system == "win32":
        account = f"{env.get('USERDOMAIN', '.')}\\{env.get('USERNAME', '')}"
        return ScheduledTask(plan, plan.writable[0], account, run)
    return Systemd(plan, units_folder(env, home), run)


def interpreter() -> Path:
    """Return the interpreter that runs this, as it is called: a virtual environment's own, not the one below it."""
    return Path(os.path.abspath(sys.executable))  # noqa: PTH100 - Path.resolve would follow the environment's link
