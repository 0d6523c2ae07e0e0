"""What is to run as a service: the command, its environment, its folders, and the system's ceilings for it.

Made from the instance and the environment of whoever installs it, and put into each system's own form by the modules
beside it. Plain data: nothing here starts or writes anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from agent.settings.instance import Instance

NAME: Final = "gleanwatch"
TITLE: Final = "Gleanwatch: sees bulk collecting on this computer and tells you first"
ARGUMENTS: Final = ("-P", "-m", "agent", "run", "--service", "--wait", "60")
"""For the interpreter. `-P`: a folder called `agent` in the person's home must not be taken for ours. `--wait`: a
command that looks into the instance for a moment must not cost the person their service until the next log-in."""

HELPLESS: Final = 78
"""Exit status of a service that cannot start, where starting it again would come to the same: EX_CONFIG of sysexits(3).
No system starts it again after this one; what happened to it by chance it does."""

INSTALL: Final = "Install it with: gleanwatch service install"
UPDATE: Final = "Another release wrote it. Bring it up to date: gleanwatch service install"

_MOVES: Final = ("GLEANWATCH_HOME", "GLEANWATCH_POLICY", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
"""Variables that say where the instance lives: a service must find the same one."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What the system enforces, where it can: far above the agent's own budget, which slows it down long before.

    Attributes:
        memory_high_mb: Above it the system takes memory back and slows the agent.
        memory_max_mb: Above it the system ends it; it is then started anew.
        cpu_percent: Of one core.
        tasks: Processes and threads.
    """

    memory_high_mb: int = 384
    memory_max_mb: int = 512
    cpu_percent: int = 60
    tasks: int = 96


@dataclass(frozen=True, slots=True)
class Plan:
    """One service.

    Attributes:
        name: The service's name: `gleanwatch`, with a mark of its own for an instance that was moved.
        command: Interpreter and arguments, the interpreter as an absolute path.
        environment: What the service must have in its environment.
        writable: Every folder that the agent writes to.
        moved: Whether the instance is not at its usual place.
        ceilings: See `Ceilings`.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    writable: tuple[Path, ...]
    moved: bool
    ceilings: Ceilings = Ceilings()


class Outcome(StrEnum):
    """What was done or found."""

    STARTED = "started"
    """It is installed and runs."""
    WRITTEN = "written"
    """It is installed and begins with the next log-in."""
    FAILED = "failed"
    REMOVED = "removed"
    ABSENT = "absent"
    STOPPED = "stopped"
    """It is installed and does not run."""
    REFUSED = "refused"
    """It is installed, and the agent cannot start: the detail says why."""
    OUTDATED = "outdated"
    """It is installed in another form than this release would write."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it.

    Attributes:
        outcome: See `Outcome`.
        where: The file or the name that the system knows it by.
        detail: What it means and what to do; empty where nothing is to be said.
    """

    outcome: Outcome
    where: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program of the system gave: its exit status and what it said, both streams."""

    code: int
    said: str


Runner = Callable[[Sequence[str]], Ran | None]
"""Runs a program of the system to its end; None where there is no such program."""


def plan_for(instance: Instance, env: Mapping[str, str], python: Path) -> Plan:
    """Return what is to run for an instance.

    Args:
        instance: Where it lives.
        env: The environment of whoever installs it.
        python: The interpreter, as an absolute path.
    """
    moved = bool(env.get("GLEANWATCH_HOME"))
    mark = f"-{hashlib.sha256(bytes(instance.root)).hexdigest()[:8]}" if moved else ""
    folders = (instance.root, instance.data_dir, instance.run_dir, instance.host_dir)
    inner = {one for one in folders for other in folders if one != other and one.is_relative_to(other)}
    return Plan(
        NAME + mark,
        (str(python), *ARGUMENTS),
        {name: env[name] for name in _MOVES if env.get(name)},
        tuple(one for one in dict.fromkeys(folders) if one not in inner),
        moved,
    )
