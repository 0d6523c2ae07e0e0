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
from agent.service.plan import ARGUMENTS, Outcome, Plan, Ran, plan_for
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
    """Stands for the system's programs: remembers what was run; those named fail; some say something."""

    def __init__(self, *failing: str, **says: str) -> None:
        self.failing = failing
        self.says = says
        self.ran: list[Sequence[str]] = []

    def __call__(self, words: Sequence[str]) -> Ran | None:
        self.ran.append(tuple(words))
        said = next((text for word, text in self.says.items() if word in words), "")
        return Ran(int(any(word in self.failing for word in words)), said)


def plan(home: Path, system: str, **env: str) -> Plan:
    python = "C:\\Program Files\\gw\\python.exe" if system == "win32" else "/opt/gw/bin/python3"
    return plan_for(locate(env, system, home, 501), env, Path(python))


def test_the_property_list_has_documented_keys_of_the_documented_types_only(tmp_path: Path) -> None:
    known = plistlib.loads(property_list(plan(tmp_path, "darwin")))
    assert {key: type(value) for key, value in known.items()} == DOCUMENTED_KEYS
    assert known["Umask"] == 0o077
    assert known["ProgramArguments"] == ["/opt/gw/bin/python3", *ARGUMENTS, "--refusal-code", "0"]
    assert known["StandardOutPath"] == known["StandardErrorPath"] == "/dev/null"


LISTED = "PID\tStatus\tLabel\n-\t0\tcom.apple.SafariHistoryServiceAgent\n4711\t0\torg.gleanwatch.agent\n"
"""As `launchctl list` prints it, made after launchctl(1): no Mac was there to record it from."""


@pytest.mark.parametrize(
    ("listed", "outcome"),
    [
        (LISTED, Outcome.STARTED),
        (LISTED.replace("4711\t0", "-\t0"), Outcome.STOPPED),
        (LISTED.replace("4711\t0", "-\t-9"), Outcome.STOPPED),
        (LISTED.replace("agent", "agent-0badcafe"), Outcome.STOPPED),
        ("", Outcome.STOPPED),
    ],
    ids=["has a process", "loaded only", "killed", "another instance's", "not loaded"],
)
def test_loaded_is_not_yet_running(listed: str, outcome: Outcome, tmp_path: Path) -> None:
    own = Launchd(plan(tmp_path, "darwin"), tmp_path / "LaunchAgents", 501, Programs(list=listed))
    own.install()
    assert own.status().outcome is outcome


def test_where_it_cannot_start_launchd_is_told_success_since_it_starts_anew_after_anything_else(tmp_path: Path) -> None:
    known = plistlib.loads(property_list(plan(tmp_path, "darwin")))
    assert known["KeepAlive"] == {"SuccessfulExit": False}
    assert known["ProgramArguments"][-2:] == ["--refusal-code", "0"]


def test_a_launchd_agent_is_written_loaded_shown_and_removed(tmp_path: Path) -> None:
    run = Programs("bootout", list=LISTED)
    own = Launchd(plan(tmp_path, "darwin"), tmp_path / "LaunchAgents", 501, run)
    assert own.status().outcome is Outcome.ABSENT
    assert own.install().outcome is Outcome.STARTED
    assert ("launchctl", "bootstrap", "gui/501", str(own.file)) in run.ran
    assert own.status().outcome is Outcome.STARTED
    assert own.remove().outcome is Outcome.REMOVED
    assert not own.file.exists()


def test_what_launchd_does_not_load_now_begins_with_the_next_log_in(tmp_path: Path) -> None:
    own = Launchd(
        plan(tmp_path, "darwin"),
        tmp_path / "LaunchAgents",
        501,
        Programs("bootstrap", list=LISTED.replace("4711", "-")),
    )
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
    assert text("Arguments") == " ".join(ARGUMENTS)
    # It ends where it cannot start; should the scheduler take that for a failure, it does not try for ever.
    assert (text("Interval"), text("Count")) == ("PT1M", "5")


# Made after Microsoft's documents, in English and in German: no Windows was there to record them from.
CSV = {
    "English": '"\\gleanwatch","N/A","Running"',
    "German": '"\\gleanwatch","Nicht zutreffend","Wird ausgeführt"',
}
NONE = {
    "English": "ERROR: The system cannot find the file specified.",
    "German": "FEHLER: Das System kann die angegebene Datei nicht finden.",
}
LOADING = {
    "English": "#< CLIXML\n<Objs><Obj><TN><T>Preparing modules for first use.</T></TN></Obj>\n",
    "German": "#< CLIXML\n<Objs><Obj><TN><T>Module werden für erstmalige Verwendung vorbereitet.</T></TN></Obj>\n",
}


class Windows:
    """Stands for schtasks and PowerShell of a system in some language, where a task is registered and in a state."""

    def __init__(self, language: str, document: str, state: int | None) -> None:
        self.language, self.document, self.state = language, document, state

    def __call__(self, words: Sequence[str]) -> Ran | None:
        if words[0] == "powershell":
            assert "Get-ScheduledTask" in words[-1] and "'gleanwatch'" in words[-1]
            line = f"gleanwatch-state={self.state}\r\n" if self.state is not None else ""
            return Ran(int(self.state is None), LOADING[self.language] + line)
        assert words[:4] == ("schtasks", "/Query", "/TN", "\\gleanwatch")
        if not self.document:
            return Ran(1, NONE[self.language])
        return Ran(0, self.document if "/XML" in words else CSV[self.language])


def as_windows_keeps_it(home: Path) -> str:
    """The task's document as it comes back: accounts are numbers, the system has added what it likes."""
    own = task_xml(plan(home, "win32"), "PC\\ada").decode("utf-16")
    kept = own.replace("PC\\ada", "S-1-5-21-1-2-3-1001").replace("<URI>", "<Author>PC\\ada</Author><URI>")
    assert kept != own
    return f"\r\n{kept}\r\n\r\n"


@pytest.mark.parametrize("language", ["English", "German"])
@pytest.mark.parametrize(
    ("state", "outcome"),
    [(4, Outcome.STARTED), (3, Outcome.STOPPED), (2, Outcome.STOPPED), (1, Outcome.STOPPED), (None, Outcome.STOPPED)],
    ids=["running", "ready", "queued", "disabled", "no PowerShell"],
)
def test_how_a_task_is_does_not_depend_on_the_systems_language(
    language: str, state: int | None, outcome: Outcome, tmp_path: Path
) -> None:
    run = Windows(language, as_windows_keeps_it(tmp_path), state)
    assert ScheduledTask(plan(tmp_path, "win32"), tmp_path, "PC\\ada", run).status().outcome is outcome


@pytest.mark.parametrize("language", ["English", "German"])
def test_no_task_and_one_that_starts_another_release_are_said_to_be(language: str, tmp_path: Path) -> None:
    def status(document: str) -> Outcome:
        return (
            ScheduledTask(plan(tmp_path, "win32"), tmp_path, "PC\\ada", Windows(language, document, 4)).status().outcome
        )

    assert status("") is Outcome.ABSENT
    assert status(as_windows_keeps_it(tmp_path).replace("Program Files", "Programme")) is Outcome.OUTDATED


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
