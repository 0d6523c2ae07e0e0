"""The units for systemd: read back unchanged, accepted by systemd itself, hardened, and never blinding the agent."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.service.plan import ARGUMENTS, HELPLESS, Outcome, Plan, Ran, plan_for
from agent.service.systemd import SANDBOX, Systemd, command_line, quoted, system_unit, units_folder, user_unit
from agent.settings.instance import locate

UID = 1000
HOME = Path("/home/ada")
BLINDING = {
    "PrivateUsers",
    "ProtectProc",
    "ProcSubset",
    "PrivatePIDs",
}
"""What hides other programs, whoever installs the unit."""
NEEDS_A_USER_NAMESPACE = {
    *BLINDING,
    "ProtectSystem",
    "ProtectHome",
    "ReadWritePaths",
    "ReadOnlyPaths",
    "InaccessiblePaths",
    "PrivateTmp",
    "PrivateDevices",
    "PrivateMounts",
    "PrivateIPC",
    "PrivateNetwork",
    "ProtectKernelTunables",
    "ProtectKernelModules",
    "ProtectKernelLogs",
    "ProtectControlGroups",
    "ProtectHostname",
    "ProtectClock",
    "CapabilityBoundingSet",
}
"""What a unit of a user can only have within a namespace from which the person's programs cannot be read."""


def plan(home: Path = HOME, **env: str) -> Plan:
    own = locate({"XDG_RUNTIME_DIR": f"/run/user/{UID}", **env}, "linux", home, UID)
    return plan_for(own, env, Path("/opt/a b/bin/python3"))


def settings(text: str) -> list[tuple[str, str]]:
    pairs = [line.partition("=") for line in text.splitlines() if line and line[0] not in "#["]
    assert all(mark == "=" for _, mark, _ in pairs)
    return [(key, value) for key, _, value in pairs]


class FakeSystemctl:
    """Stands for the session's service manager: answers by its verb, remembers what it was asked."""

    def __init__(self, **codes: int) -> None:
        self.codes = codes
        self.asked: list[str] = []

    def __call__(self, words: Sequence[str]) -> Ran | None:
        assert words[:2] == ("systemctl", "--user")
        self.asked.append(words[2])
        code = self.codes.get(words[2].replace("-", "_"), 0)
        return None if code < 0 else Ran(code, "")


def test_the_persons_own_unit_has_nothing_that_needs_a_user_namespace() -> None:
    assert not {key for key, _ in settings(user_unit(plan()))} & NEEDS_A_USER_NAMESPACE


def test_no_unit_hides_the_programs_that_are_to_be_seen() -> None:
    assert not {key for key, _ in settings(system_unit(plan(), UID))} & BLINDING


@pytest.mark.parametrize("text", [user_unit(plan()), system_unit(plan(), UID)], ids=["user", "system"])
def test_each_has_the_sandbox_the_ceilings_and_starts_again_within_limits(text: str) -> None:
    known = dict(settings(text))
    assert SANDBOX.items() <= known.items()
    assert known["NoNewPrivileges"] == "yes"
    assert {"MemoryMax", "MemoryHigh", "CPUQuota", "TasksMax"} <= known.keys()
    assert (known["Restart"], known["StartLimitBurst"]) == ("on-failure", "5")
    assert known["StandardOutput"] == "null"


def test_the_system_is_read_only_but_for_the_instances_folders() -> None:
    text = settings(system_unit(plan(), UID))
    assert ("ProtectSystem", "strict") in text
    assert [value for key, value in text if key == "ReadWritePaths"] == [
        "/home/ada/.local/share/gleanwatch",
        f"/run/user/{UID}",
    ]


def test_a_moved_instance_has_a_service_of_its_own_that_finds_it() -> None:
    moved = plan(GLEANWATCH_HOME="/srv/second one")
    assert moved.name != plan().name
    assert 'Environment="GLEANWATCH_HOME=/srv/second one"' in user_unit(moved).splitlines()


@given(st.text(st.characters(exclude_characters="\n\r\0", codec="utf-8"), min_size=1, max_size=30))
def test_any_path_is_read_back_unchanged(word: str) -> None:
    text = quoted(word)
    if text.startswith('"'):
        assert re.fullmatch(r'"(?:[^"\\]|\\.)*"', text)
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    assert "%" not in text.replace("%%", "")
    assert text.replace("%%", "%") == word
    assert "$" not in command_line([word]).replace("$$", "")


def test_a_line_break_cannot_smuggle_a_setting_in() -> None:
    with pytest.raises(ValueError, match="line break"):
        quoted("/home/ada\nExecStartPre=/bin/evil")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("kind", ["user", "system"])
def test_systemd_itself_takes_it_without_a_remark(kind: str, tmp_path: Path) -> None:
    real = plan_for(locate({}, "linux", HOME, UID), {}, Path(shutil.which("python3") or "/usr/bin/python3"))
    text = user_unit(real) if kind == "user" else system_unit(real, UID)
    unit = tmp_path / f"{kind}-gleanwatch.service"
    unit.write_text(text)
    manager = ["--user"] if kind == "user" else []
    env = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(
        ["systemd-analyze", *manager, "verify", "--man=no", unit], capture_output=True, text=True, check=False, env=env
    )
    about_ours = [line for line in done.stderr.splitlines() if unit.name in line and "Unknown" in line]
    assert (done.returncode, about_ours) == (0, []), done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize(("kind", "highest"), [("user", 6.5), ("system", 2.2)])
def test_its_exposure_as_systemd_scores_it_does_not_grow(kind: str, highest: float, tmp_path: Path) -> None:
    unit = tmp_path / f"{kind}-gleanwatch.service"
    unit.write_text(user_unit(plan()) if kind == "user" else system_unit(plan(), UID))
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={round(highest * 10)}", unit],
        check=False,
        capture_output=True,
        text=True,
    )
    if "Overall exposure" not in done.stdout:
        pytest.skip("this systemd cannot score a unit that is not installed")
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_installed_it_starts_with_the_session_and_now(tmp_path: Path) -> None:
    ctl = FakeSystemctl()
    own = Systemd(plan(tmp_path), units_folder({}, tmp_path), ctl)
    assert own.install().outcome is Outcome.STARTED
    assert ctl.asked == ["daemon-reload", "restart"]
    wish = tmp_path / ".config/systemd/user/default.target.wants/gleanwatch.service"
    assert wish.resolve() == own.unit
    assert own.status().outcome is Outcome.STARTED
    assert own.install().outcome is Outcome.STARTED


def test_without_a_service_manager_it_waits_for_the_next_log_in(tmp_path: Path) -> None:
    own = Systemd(plan(tmp_path), units_folder({}, tmp_path), FakeSystemctl(daemon_reload=-1, is_active=-1))
    done = own.install()
    assert done.outcome is Outcome.WRITTEN and "gleanwatch run" in done.detail
    assert own.status().outcome is Outcome.STOPPED


def test_what_did_not_start_says_where_to_look(tmp_path: Path) -> None:
    own = Systemd(plan(tmp_path), units_folder({}, tmp_path), FakeSystemctl(restart=1))
    done = own.install()
    assert done.outcome is Outcome.FAILED and "systemctl --user status gleanwatch.service" in done.detail


@pytest.mark.parametrize("text", [user_unit(plan()), system_unit(plan(), UID)], ids=["user", "system"])
def test_what_cannot_start_is_not_started_again_and_what_was_killed_is(text: str) -> None:
    known = dict(settings(text))
    assert known["RestartPreventExitStatus"] == str(HELPLESS)
    assert known["Restart"] == "on-failure"


def test_removed_nothing_of_it_is_left(tmp_path: Path) -> None:
    ctl = FakeSystemctl()
    own = Systemd(plan(tmp_path), units_folder({}, tmp_path), ctl)
    own.install()
    assert own.remove().outcome is Outcome.REMOVED
    assert "stop" in ctl.asked
    assert not list((tmp_path / ".config").rglob("*gleanwatch*"))
    assert own.remove().outcome is Outcome.ABSENT


def test_a_unit_of_somebody_else_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    own = Systemd(plan(tmp_path), units_folder({}, tmp_path), FakeSystemctl())
    own.folder.mkdir(parents=True)
    own.unit.write_text("[Service]\nExecStart=/bin/true\n")
    for done in (own.install(), own.remove(), own.status()):
        assert done.outcome is Outcome.FAILED and "not ours" in done.detail
    assert own.unit.read_text().startswith("[Service]")


def test_one_of_another_release_is_said_to_be(tmp_path: Path) -> None:
    own = Systemd(plan(tmp_path), units_folder({}, tmp_path), FakeSystemctl())
    own.install()
    own.unit.write_text(own.unit.read_text().replace("TasksMax", "TasksMax=7\n#"))
    assert own.status().outcome is Outcome.OUTDATED


def test_the_command_is_the_interpreter_with_our_package_and_nothing_of_the_current_folder() -> None:
    (line,) = [value for key, value in settings(user_unit(plan())) if key == "ExecStart"]
    assert shlex.split(line) == ["/opt/a b/bin/python3", *ARGUMENTS]
