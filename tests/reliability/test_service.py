"""The service for real: a person's own systemd starts the agent from the unit that `gleanwatch setup` wrote.

The machine need not be run by systemd: the person's manager gets a mount namespace with a runtime folder and a control
group of its own. What cannot be tried that way are the ceilings, where their controllers belong to somebody else;
`test_ceilings.py` does that by hand.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.person import Person, second_person, shared_installation
from tests.support.places import CHECKOUT, short_folder

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's"),
    pytest.mark.timeout(400),
]

MANAGER = Path("/usr/lib/systemd/systemd")
# A mount namespace: what looks like a machine run by systemd, the person's runtime folder, their control group.
NEST = """
set -e
mount --make-rprivate /
mount -t tmpfs none /run
mkdir -p /run/systemd/system "/run/user/$1"
chown "$1" "/run/user/$1"; chmod 700 "/run/user/$1"
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p "/sys/fs/cgroup/$2/inner"
chown -R "$1" "/sys/fs/cgroup/$2"
echo $$ > "/sys/fs/cgroup/$2/inner/cgroup.procs"
shift 2
exec "$@"
"""


@contextmanager
def control_group(name: str) -> Iterator[None]:
    """Remove the control group, wherever its hierarchy is mounted, once nobody is in it."""
    yield
    for root in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")):
        for folder in sorted((root / name).rglob("*/"), reverse=True) if (root / name).is_dir() else ():
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            (root / name).rmdir()


def in_a_session(person: Person, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program as a person, in a session that their own service manager can run in."""
    words = ["unshare", "--mount", "sh", "-c", NEST, "nest", str(person.uid), person.name, *person.words(*command)]
    env = {
        **person.env,
        "XDG_RUNTIME_DIR": f"/run/user/{person.uid}",
        "GLEANWATCH_POLICY": str(person.home / "none.toml"),  # stamped as a test: it acknowledges its own notices
        "GLEANWATCH_DESKTOP": "off",
    }
    with control_group(person.name):
        return subprocess.run(words, env=env, cwd="/", capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, Any]]:
    """What a person's session saw, from setting up to uninstalling."""
    if os.getuid() or not MANAGER.exists() or shutil.which("unshare") is None:
        pytest.skip("a session of another person needs root, systemd and unshare")
    with short_folder() as folder, shared_installation() as installed:
        folder.chmod(0o711)
        with second_person(folder) as person:
            (person.home / ".config/chromium").mkdir(parents=True)
            for made in (person.home / ".config", person.home / ".config/chromium"):
                os.chown(made, person.uid, -1)
            script = folder / "session.py"
            script.write_text((CHECKOUT / "tests/support/session.py").read_text())
            script.chmod(0o644)
            demo = installed.packages / "agent/demo"
            done = in_a_session(person, installed.python, "-P", script, installed.command, demo)
            assert "Traceback" not in done.stderr, done.stderr
            if not done.stdout or not json.loads(done.stdout)["manager"]:
                pytest.skip(f"a service manager cannot run here: {done.stderr[-300:]}")
            yield json.loads(done.stdout)


def test_setting_up_starts_it_and_it_says_that_it_runs(told: dict[str, Any]) -> None:
    assert told["setup"]["service"]["outcome"] == "started", told
    assert told["up"] is True
    assert told["status"]["outcome"] == "started"


def test_the_kernel_has_taken_the_sandbox(told: dict[str, Any]) -> None:
    assert told["kernel"] == {"NoNewPrivs": "1", "Seccomp": "2"}


def test_from_within_it_sees_the_persons_programs(told: dict[str, Any]) -> None:
    assert told["flagged"] is True, told["health"]
    assert told["saw_its_pid"] is True


def test_a_namespace_would_have_blinded_it_which_is_why_the_unit_has_none(told: dict[str, Any]) -> None:
    assert told["blinded"] == {"plain": True, "ours": True, "namespace": False}


def test_killed_it_is_started_again(told: dict[str, Any]) -> None:
    assert told["started_again"] is True


def test_with_settings_that_are_wrong_it_says_why_and_is_left_alone_until_they_are_mended(told: dict[str, Any]) -> None:
    assert told["refused"]["outcome"] == "refused"
    assert "memory_mb" in told["refused"]["detail"]
    assert (told["tried_again"], told["mended"]) == (0, True)


def test_uninstalled_it_is_gone(told: dict[str, Any]) -> None:
    assert (told["uninstall"]["done"], told["gone"]) == (True, True), told["uninstall"]
