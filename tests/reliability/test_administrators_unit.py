"""The administrator's unit for real: a systemd of the whole system starts the agent for one person, in its sandbox.

The machine need not be run by systemd: the manager is the first process of a process namespace, with a runtime folder
and a control group of its own. Stand-ins take the place of the units of the person's session, which need a log-in. What
cannot be tried that way are the ceilings, where their controllers belong to somebody else.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.reliability.test_service import MANAGER, control_group
from tests.support.person import second_person, shared_installation
from tests.support.places import CHECKOUT, short_folder

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's"),
    pytest.mark.timeout(400),
]

NEST = """
set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir -p /run/systemd/system /run/user
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$1/inner"
echo $$ > "/sys/fs/cgroup/$1/inner/cgroup.procs"
umount /sys/fs/cgroup
export container=gleanwatch-test SYSTEMD_UNIT_PATH="$2" SYSTEMD_LOG_TARGET=console
exec unshare --cgroup --pid --fork --kill-child --mount-proc sh -c '
  mount -t cgroup2 none /sys/fs/cgroup
  exec "$0" --system --unit=looked-at.target --show-status=no' "$3"
"""
SESSION = """
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'mkdir -p -m 700 /run/user/{uid} && chown {uid} /run/user/{uid}'
"""
LOOKING = """
[Unit]
DefaultDependencies=no
After={unit}
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
User={uid}
Environment=XDG_RUNTIME_DIR=/run/user/{uid} {environment}
ExecStart={command}
StandardError=file:{errors}
"""
TEST_INSTANCE = "[Unit]\nDefaultDependencies=no\n[Service]\nEnvironment={environment}\n"


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Any]]:
    """What a person saw whose administrator installed the unit as docs/install.md says."""
    if os.getuid() or not MANAGER.exists() or shutil.which("unshare") is None:
        pytest.skip("a system of its own needs root, systemd and unshare")
    with short_folder() as folder, shared_installation() as installed:
        folder.chmod(0o711)
        with second_person(folder) as person:
            assert person.runs(installed.command, "setup", "--no-service", "--json").returncode == 0
            shown = subprocess.run(
                [installed.command, "service", "show", "--system", "--user", person.name],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            unit = f"gleanwatch-{person.name}.service"
            # Stamped as a test: it acknowledges its own notices.
            environment = f"GLEANWATCH_POLICY={person.home}/none.toml GLEANWATCH_DESKTOP=off"
            out, errors = person.home / "told.json", folder / "errors"
            scripts = folder / "scripts"
            scripts.mkdir(mode=0o755)
            for name in ("session.py", "admin_session.py"):
                (scripts / name).write_text((CHECKOUT / "tests/support" / name).read_text())
            words = (
                *(installed.python, scripts / "admin_session.py"),
                *(installed.command, installed.packages / "agent/demo", out),
            )
            units = {
                unit: shown,
                f"{unit}.d/test.conf": TEST_INSTANCE.format(environment=environment),
                f"user-runtime-dir@{person.uid}.service": SESSION.format(uid=person.uid),
                f"user@{person.uid}.service": SESSION.format(uid=person.uid),
                "looking.service": LOOKING.format(
                    unit=unit, uid=person.uid, environment=environment, command=" ".join(map(str, words)), errors=errors
                ),
                "looked-at.target": f"[Unit]\nDefaultDependencies=no\nWants=looking.service {unit}\n",
            }
            for name, text in units.items():
                (folder / "units" / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / "units" / name).write_text(text)
            nest = ["unshare", "--mount", "sh", "-c", NEST, "nest", person.name, str(folder / "units"), str(MANAGER)]
            with control_group(person.name):
                done = subprocess.run(
                    nest, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False
                )
            if not out.exists():
                problem = errors.read_text() if errors.exists() else ""
                assert "Traceback" not in problem, problem
                pytest.skip(f"a system's manager cannot run here: {done.stderr[-600:]}")
            yield {**json.loads(out.read_text()), "uid": person.uid, "home": str(person.home), "name": unit}


def test_the_systems_manager_runs_it_as_the_person(told: dict[str, Any]) -> None:
    assert told["up"] is True, told
    assert (told["unit"], told["kernel"]["PPid"]) == (told["name"], "1")
    assert told["kernel"]["Uid"].split() == [str(told["uid"])] * 4


def test_the_system_and_the_home_are_read_only_but_for_the_instances_folders(told: dict[str, Any]) -> None:
    read_only = told["read_only"]
    assert read_only["/"] is True
    assert read_only[f"{told['home']}/.local/share/gleanwatch"] is False
    assert read_only[f"/run/user/{told['uid']}"] is False


def test_the_kernel_has_taken_the_rest_of_the_sandbox(told: dict[str, Any]) -> None:
    assert (told["kernel"]["NoNewPrivs"], told["kernel"]["Seccomp"]) == ("1", "2")
    assert int(told["kernel"]["CapBnd"], 16) == 0


def test_from_within_it_sees_the_persons_programs(told: dict[str, Any]) -> None:
    assert told["flagged"] is True, told["health"]
    assert told["saw_its_pid"] is True
