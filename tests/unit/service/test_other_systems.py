"""The forms for macOS and Windows, generated and held against the elements that the systems' makers document."""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from agent.service.choose import manager_for
from agent.service.launchd import Launchd, property_list
from agent.service.opening import outside
from agent.service.plan import Outcome, Plan, Ran, plan_for
from agent.service.scheduled_task import ELEMENTS, NAMESPACE, ScheduledTask, task_xml
from agent.service.systemd import Systemd
from agent.settings.instance import locate

DOCUMENTED_KEYS = {
    "Label": str,
    "ProgramArguments": list,
    "EnvironmentVariables": dict,
    "WorkingDirectory": str,
    "RunAtLoad": bool,
    "KeepAlive": dict,
    "ThrottleInterval": int,
    "ExitTimeOut": int,
    "ProcessType": str,
    "LowPriorityIO": bool,
    "LimitLoadToSessionType": str,
    "Umask": int,
    "HardResourceLimits": dict,
    "StandardOutPath": str,
    "StandardErrorPath": str,
}
"""Keys of launchd.plist(5) that we use, with their types."""


class Programs:
    """Stands for the system's programs: remembers what was run; those named fail."""

    def __init__(self, *failing: str) -> None:
        self.failing = failing
        self.ran: list[Sequence[str]] = []

    def __call__(self, words: Sequence[str]) -> Ran | None:
        self.ran.append(tuple(words))
        return Ran(int(any(word in self.failing for word in words)), "")


def plan(home: Path, system: str, **env: str) -> Plan:
    python = "C:\\Program Files\\gw\\python.exe" if system == "win32" else "/opt/gw/bin/python3"
    return plan_for(locate(env, system, home, 501), env, Path(python))


def test_the_property_list_has_documented_keys_of_the_documented_types_only(tmp_path: Path) -> None:
    known = plistlib.loads(property_list(plan(tmp_path, "darwin")))
    assert {key: type(value) for key, value in known.items()} == DOCUMENTED_KEYS
    assert known["Umask"] == 0o077
    assert known["ProgramArguments"] == ["/opt/gw/bin/python3", "-P", "-m", "agent", "run", "--service"]
    assert known["StandardOutPath"] == known["StandardErrorPath"] == "/dev/null"


def test_a_launchd_agent_is_written_loaded_shown_and_removed(tmp_path: Path) -> None:
    run = Programs("bootout")
    own = Launchd(plan(tmp_path, "darwin"), tmp_path / "LaunchAgents", 501, run)
    assert own.status().outcome is Outcome.ABSENT
    assert own.install().outcome is Outcome.STARTED
    assert ("launchctl", "bootstrap", "gui/501", str(own.file)) in run.ran
    assert own.status().outcome is Outcome.STARTED
    assert own.remove().outcome is Outcome.REMOVED
    assert not own.file.exists()


def test_what_launchd_does_not_load_now_begins_with_the_next_log_in(tmp_path: Path) -> None:
    own = Launchd(plan(tmp_path, "darwin"), tmp_path / "LaunchAgents", 501, Programs("bootstrap", "print"))
    assert own.install().outcome is Outcome.WRITTEN
    assert own.status().outcome is Outcome.STOPPED


def test_a_moved_instance_is_another_launchd_agent(tmp_path: Path) -> None:
    moved = plistlib.loads(property_list(plan(tmp_path, "darwin", GLEANWATCH_HOME=str(tmp_path / "second"))))
    assert moved["Label"] != plistlib.loads(property_list(plan(tmp_path, "darwin")))["Label"]
    assert moved["EnvironmentVariables"] == {"GLEANWATCH_HOME": str(tmp_path / "second")}


def test_the_task_has_documented_elements_in_the_schemas_order_only(tmp_path: Path) -> None:
    document = ElementTree.fromstring(task_xml(plan(tmp_path, "win32"), "PC\\ada").decode("utf-16"))
    assert document.get("version") == "1.2"

    def check(element: ElementTree.Element) -> None:
        name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        assert element.tag != name, "it is in the schema's namespace"
        children = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]
        assert tuple(children) == tuple(ELEMENTS.get(name, ()))
        assert children or (element.text or "").strip()
        for child in element:
            check(child)

    check(document)


def test_the_task_runs_as_the_person_with_no_more_rights_and_for_ever(tmp_path: Path) -> None:
    document = ElementTree.fromstring(task_xml(plan(tmp_path, "win32"), "PC\\ada").decode("utf-16"))

    def text(name: str) -> str:
        found = document.find(f".//{{{NAMESPACE}}}{name}")
        assert found is not None
        return found.text or ""

    assert (text("RunLevel"), text("LogonType"), text("UserId")) == ("LeastPrivilege", "InteractiveToken", "PC\\ada")
    assert text("ExecutionTimeLimit") == "PT0S"
    assert text("DisallowStartIfOnBatteries") == "false"
    assert text("Command").endswith("pythonw.exe")
    assert text("Arguments") == "-P -m agent run --service"


def test_a_task_is_created_from_a_file_that_is_gone_afterwards(tmp_path: Path) -> None:
    run = Programs()
    own = ScheduledTask(plan(tmp_path, "win32"), tmp_path, "PC\\ada", run)
    assert own.install().outcome is Outcome.STARTED
    assert run.ran[0][:4] == ("schtasks", "/Create", "/TN", "\\gleanwatch")
    assert not list(tmp_path.glob("*.xml"))
    assert own.remove().outcome is Outcome.REMOVED


@pytest.mark.parametrize(("failing", "outcome"), [("/Create", Outcome.FAILED), ("/Run", Outcome.WRITTEN)])
def test_what_schtasks_refuses_is_said(failing: str, outcome: Outcome, tmp_path: Path) -> None:
    own = ScheduledTask(plan(tmp_path, "win32"), tmp_path, "PC\\ada", Programs(failing))
    assert own.install().outcome is outcome


def test_a_moved_instance_cannot_be_a_task_and_says_why(tmp_path: Path) -> None:
    moved = plan(tmp_path, "win32", GLEANWATCH_HOME=str(tmp_path))
    done = ScheduledTask(moved, tmp_path, "PC\\ada", Programs()).install()
    assert done.outcome is Outcome.FAILED and "GLEANWATCH_HOME" in done.detail


@pytest.mark.parametrize(
    ("system", "way"), [("linux", Systemd), ("darwin", Launchd), ("win32", ScheduledTask)], ids=str
)
def test_each_system_has_its_own_way(system: str, way: type, tmp_path: Path) -> None:
    made = manager_for(plan(tmp_path, system), {"USERNAME": "ada"}, tmp_path, 501, system=system, run=Programs())
    assert isinstance(made, way)
    assert made.show()


def test_a_browser_that_a_service_opens_is_started_outside_of_it() -> None:
    link = "http://gw-1.localhost:4/enter/abc"
    command = outside(link, {"INVOCATION_ID": "1"}, lambda name: f"/usr/bin/{name}")
    assert command is not None
    assert command[0] == "/usr/bin/systemd-run" and command[-2:] == ("/usr/bin/xdg-open", link)
    (described,) = [word for word in command if word.startswith("--description=")]
    assert link not in described, "the journal keeps a unit's description"


@pytest.mark.parametrize("env", [{}, {"INVOCATION_ID": "1"}], ids=["no service", "no systemd-run"])
def test_elsewhere_a_browser_is_opened_as_usual(env: dict[str, str]) -> None:
    assert outside("http://x/", env, lambda name: None if env else f"/usr/bin/{name}") is None
