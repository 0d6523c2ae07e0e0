"""Windows: the agent as a scheduled task that begins at log-on.

Designed and generated from Microsoft's documents, and held against them by tests; nothing here ever ran on Windows,
since there is none where this is made. The XML follows the Task Scheduler schema, version 1.2 (namespace below): every
element that is used is listed in `ELEMENTS`, in the order that the schema asks for, and a test holds the document
against that list. A task sets no environment: an instance that was moved by GLEANWATCH_HOME cannot be one.

What `schtasks` prints is in the language of the system, so none of its words is looked at: whether a task is there, its
exit status says; what it starts, its XML; whether it runs, a number that PowerShell is asked for (TASK_STATE of the
Task Scheduler: 4 is running, [MS-TSCH] 2.3.13).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import unescape

from agent.service.plan import INSTALL, TITLE, UPDATE, Done, Outcome, Plan, Runner
from native_host.own_files import write_whole

NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"

ELEMENTS: Final[Mapping[str, Sequence[str]]] = {
    "Task": ("RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"),
    "RegistrationInfo": ("Description", "URI"),
    "Triggers": ("LogonTrigger",),
    "LogonTrigger": ("Enabled", "UserId", "Delay"),
    "Principals": ("Principal",),
    "Principal": ("UserId", "LogonType", "RunLevel"),
    "Settings": (
        "AllowStartOnDemand",
        "RestartOnFailure",
        "MultipleInstancesPolicy",
        "DisallowStartIfOnBatteries",
        "StopIfGoingOnBatteries",
        "AllowHardTerminate",
        "StartWhenAvailable",
        "RunOnlyIfNetworkAvailable",
        "WakeToRun",
        "Enabled",
        "Hidden",
        "ExecutionTimeLimit",
        "Priority",
        "RunOnlyIfIdle",
    ),
    "RestartOnFailure": ("Interval", "Count"),
    "Actions": ("Exec",),
    "Exec": ("Command", "Arguments", "WorkingDirectory"),
}
"""Each element of ours with its children, in order."""

_TEXTS: Final[Mapping[str, str]] = {
    "Enabled": "true",
    "Delay": "PT10S",
    "LogonType": "InteractiveToken",
    "RunLevel": "LeastPrivilege",
    "AllowStartOnDemand": "true",
    "Interval": "PT1M",
    "Count": "5",
    "MultipleInstancesPolicy": "IgnoreNew",
    "DisallowStartIfOnBatteries": "false",
    "StopIfGoingOnBatteries": "false",
    "AllowHardTerminate": "true",
    "StartWhenAvailable": "true",
    "RunOnlyIfNetworkAvailable": "false",
    "WakeToRun": "false",
    "Hidden": "false",
    "ExecutionTimeLimit": "PT0S",
    "Priority": "7",
    "RunOnlyIfIdle": "false",
}


_DISABLED: Final = 1
_RUNNING: Final = 4


def task_xml(plan: Plan, account: str) -> bytes:
    """Return the task as the file that `schtasks /XML` reads: UTF-16 with its mark.

    Args:
        plan: What is to run.
        account: Whose task it is, as `MACHINE\\name`.
    """
    python, *arguments = plan.command
    texts = {
        **_TEXTS,
        "Description": TITLE,
        "URI": f"\\{plan.name}",
        "UserId": account,
        # The interpreter without a window of its own.
        "Command": python.removesuffix("python.exe") + "pythonw.exe" if python.endswith("python.exe") else python,
        "Arguments": subprocess.list2cmdline(arguments),
        "WorkingDirectory": "%SystemRoot%",
    }
    ElementTree.register_namespace("", NAMESPACE)
    document = _element("Task", texts)
    document.set("version", "1.2")
    text = ElementTree.tostring(document, encoding="unicode")
    return ('<?xml version="1.0" encoding="UTF-16"?>\n' + text).encode("utf-16")


def started_by(document: str) -> Sequence[str]:
    """Return what a task's XML starts: program, arguments, folder.

    The rest of a document is the system's to change: it writes accounts as numbers and adds elements of its own.
    """
    found = (re.search(f"<{name}>(.*?)</{name}>", document, re.DOTALL) for name in ELEMENTS["Exec"])
    return [unescape(each[1]) for each in found if each is not None]


def _element(name: str, texts: Mapping[str, str]) -> ElementTree.Element:
    element = ElementTree.Element(f"{{{NAMESPACE}}}{name}")
    if name in ELEMENTS:
        element.extend(_element(child, texts) for child in ELEMENTS[name])
    else:
        element.text = texts[name]
    if name == "Principal":
        element.set("id", "Author")
    if name == "Actions":
        element.set("Context", "Author")
    return element


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """The person's scheduled task.

    Attributes:
        plan: What is to run.
        folder: Where the XML is put for `schtasks` to read: a folder of the instance.
        account: Whose task it is.
        run: Runs `schtasks`.
    """

    plan: Plan
    folder: Path
    account: str
    run: Runner

    @property
    def _name(self) -> str:
        return f"\\{self.plan.name}"

    @property
    def start(self) -> str:
        """The command that starts it."""
        return f"schtasks /Run /TN {self._name}"

    def show(self) -> str:
        """Return what `install` hands over."""
        return task_xml(self.plan, self.account).decode("utf-16")

    def install(self, *, now: bool = True) -> Done:
        """Create the task and, `now`, run it."""
        if self.plan.moved:
            detail = "A task cannot carry GLEANWATCH_HOME: only the instance at its usual place can be a service here."
            return Done(Outcome.FAILED, self._name, detail)
        file = self.folder / f"{self.plan.name}.task.xml"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(file, task_xml(self.plan, self.account), 0o600)
            made = self._schtasks("/Create", "/TN", self._name, "/XML", str(file), "/F")
            file.unlink(missing_ok=True)
        except OSError as problem:
            return Done(Outcome.FAILED, self._name, f"It could not be written: {problem.strerror}.")
        if made is None:
            return Done(Outcome.FAILED, self._name, "schtasks did not take it: own tasks may be forbidden.")
        if not now:
            return Done(Outcome.WRITTEN, self._name)
        if self._schtasks("/Run", "/TN", self._name) is None:
            return Done(Outcome.WRITTEN, self._name, "It starts with your next log-on.")
        return Done(Outcome.STARTED, self._name)

    def remove(self) -> Done:
        """End the task and delete it."""
        if self._schtasks("/Query", "/TN", self._name) is None:
            return Done(Outcome.ABSENT, self._name)
        self._schtasks("/End", "/TN", self._name)
        if self._schtasks("/Delete", "/TN", self._name, "/F") is not None:
            return Done(Outcome.REMOVED, self._name)
        return Done(Outcome.FAILED, self._name, "schtasks could not delete it. Delete it in the Task Scheduler.")

    def status(self) -> Done:
        """Say whether it is there, starts what this release would start, and runs."""
        kept = self._schtasks("/Query", "/TN", self._name, "/XML", "ONE")
        if kept is None:
            return Done(Outcome.ABSENT, self._name, INSTALL)
        if started_by(kept) != started_by(self.show()):
            return Done(Outcome.OUTDATED, self._name, UPDATE)
        state = self._state()
        if state is None:
            return Done(Outcome.STOPPED, self._name, "Or so it seems: PowerShell did not say. See the Task Scheduler.")
        if state == _RUNNING:
            return Done(Outcome.STARTED, self._name)
        if state == _DISABLED:
            detail = "It was switched off. Switch it on in the Task Scheduler, or: gleanwatch service install"
            return Done(Outcome.STOPPED, self._name, detail)
        return Done(Outcome.STOPPED, self._name, f"It starts with your next log-on, or: {self.start}")

    def _state(self) -> int | None:
        ask = (
            f"'gleanwatch-state={{0:d}}' -f [int](Get-ScheduledTask -TaskPath '\\' -TaskName '{self.plan.name}').State"
        )
        ran = self.run(("powershell", "-NoProfile", "-NonInteractive", "-Command", ask))
        # What else PowerShell prints, such as how far a module is loaded, stands around our line.
        found = re.search(r"^gleanwatch-state=(\d+)\s*$", ran.said, re.MULTILINE) if ran is not None else None
        return int(found[1]) if found is not None else None

    def _schtasks(self, *words: str) -> str | None:
        """Return what it printed; None where it did not do it."""
        ran = self.run(("schtasks", *words))
        return ran.said if ran is not None and ran.code == 0 else None
