"""macOS: the agent as a launchd agent of the person's own (launchd.plist(5)).

Designed and generated from Apple's manuals, and held against them by tests; nothing here ever ran on a Mac, since there
is none where this is made. macOS has no ceiling for the memory or processor of such an agent: `ProcessType` Background
lets everything else go first, and the agent's own budget does the rest (`agent/budget.py`).

launchd knows no exit status after which it leaves an agent alone but one, success: `KeepAlive` asks for a start after
any other. An agent that cannot start therefore ends with success here, and `standing.py` says why it does not run.
"""

from __future__ import annotations

import plistlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.service.plan import INSTALL, NAME, UPDATE, Done, Outcome, Plan, Runner
from native_host.own_files import read_plain, write_whole

LABEL: Final = "org.gleanwatch.agent"


def label(plan: Plan) -> str:
    """Return the name by which launchd knows it."""
    return LABEL + plan.name.removeprefix(NAME)


def property_list(plan: Plan) -> bytes:
    """Return the agent's property list, as XML."""
    return plistlib.dumps(
        {
            "Label": label(plan),
            "ProgramArguments": [*plan.command, "--refusal-code", "0"],
            "EnvironmentVariables": dict(plan.environment),
            "WorkingDirectory": "/",
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 30,
            "ExitTimeOut": 20,
            "ProcessType": "Background",
            "LowPriorityIO": True,
            "LimitLoadToSessionType": "Aqua",
            "Umask": 0o077,
            "HardResourceLimits": {"Core": 0},
            # What the agent says of itself is in its own log, whose size is known.
            "StandardOutPath": "/dev/null",
            "StandardErrorPath": "/dev/null",
        }
    )


@dataclass(frozen=True, slots=True)
class Launchd:
    """The person's own launchd.

    Attributes:
        plan: What is to run.
        folder: `~/Library/LaunchAgents`.
        uid: The person's number.
        run: Runs `launchctl`.
    """

    plan: Plan
    folder: Path
    uid: int
    run: Runner

    @property
    def file(self) -> Path:
        """The property list's file."""
        return self.folder / f"{label(self.plan)}.plist"

    @property
    def start(self) -> str:
        """The command that starts it: loading it anew does, whether it is loaded or not."""
        return "gleanwatch service install"

    def show(self) -> str:
        """Return what `install` writes."""
        return property_list(self.plan).decode()

    def install(self, *, now: bool = True) -> Done:
        """Write the property list and, `now`, load it; a person's agents are loaded at each log-in by themselves."""
        where = str(self.file)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.file, property_list(self.plan), 0o644)
        except OSError as problem:
            return Done(Outcome.FAILED, where, f"It could not be written: {problem.strerror}. Check room and rights.")
        if not now:
            return Done(Outcome.WRITTEN, where)
        self._launchctl("bootout", f"gui/{self.uid}/{label(self.plan)}")
        if not self._launchctl("bootstrap", f"gui/{self.uid}", where):
            return Done(Outcome.WRITTEN, where, "It starts with your next log-in: launchctl could not load it now.")
        return Done(Outcome.STARTED, where)

    def remove(self) -> Done:
        """Unload it and take its file away."""
        where = str(self.file)
        if not self.file.exists():
            return Done(Outcome.ABSENT, where)
        self._launchctl("bootout", f"gui/{self.uid}/{label(self.plan)}")
        try:
            self.file.unlink(missing_ok=True)
        except OSError as problem:
            return Done(Outcome.FAILED, where, f"It could not be removed: {problem.strerror}.")
        return Done(Outcome.REMOVED, where)

    def status(self) -> Done:
        """Say whether it is installed as this release would, and whether it runs: loaded is not yet running."""
        where = str(self.file)
        try:
            text = read_plain(self.file)
        except OSError as problem:
            return Done(Outcome.FAILED, where, f"It cannot be read: {problem.strerror}.")
        if text is None:
            return Done(Outcome.ABSENT, where, INSTALL)
        if text != property_list(self.plan):
            return Done(Outcome.OUTDATED, where, UPDATE)
        if self._running():
            return Done(Outcome.STARTED, where)
        return Done(Outcome.STOPPED, where, f"It starts with your next log-in, or: {self.start}")

    def _running(self) -> bool:
        """Look into the list of jobs, whose columns launchctl(1) documents: process or a dash, last status, label."""
        ran = self.run(("launchctl", "list"))
        if ran is None or ran.code:
            return False
        return re.search(rf"^\d+\s+\S+\s+{re.escape(label(self.plan))}$", ran.said, re.MULTILINE) is not None

    def _launchctl(self, *words: str) -> bool:
        ran = self.run(("launchctl", *words))
        return ran is not None and ran.code == 0
