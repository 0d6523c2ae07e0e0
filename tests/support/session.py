"""Runs as a person inside a session that a test made for them: their own service manager, and the service under it.

Started by `tests/reliability/test_service.py` in a mount namespace of its own. Standard library only: the person's
interpreter need not be ours. Each step's outcome goes into one JSON document on standard output; the service manager is
ended by its own number.

    python session.py GLEANWATCH DEMO_FOLDER MODE
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNIT = "gleanwatch.service"
TOOL = "gleanwatch-try"
STATE = ("systemctl", "--user", "is-system-running")
COLLECT = "import gleanwatch_try; gleanwatch_try.collect()"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


def wait_for(look: Callable[[], Any], seconds: float = 40.0) -> Any:
    """Call until it returns something true, and return that; the last answer when it never does."""
    end = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return seen


def main_pid() -> int:
    """The number of the service's process; 0 while there is none."""
    return int(run("systemctl", "--user", "show", "-p", "MainPID", "--value", UNIT).stdout.strip() or 0)


def says(command: str, *words: str) -> Any:
    """Return what `gleanwatch … --json` says, or its error in words."""
    done = run(command, *words, "--json")
    return json.loads(done.stdout) if done.stdout else {"error": done.stderr}


def agent_up(command: str) -> bool:
    """Whether the agent answers."""
    return bool(says(command, "status").get("running"))


def flagged(command: str) -> list[Any]:
    """Return the findings about the collection, once they are flagged."""
    return [one for one in says(command, "findings")["findings"] if one["tool"] == TOOL and one["flagged"]]


def live(command: str, demo: str) -> dict[str, Any]:
    """Set up, look at the running service, collect outside of it, kill it, take it away."""
    told: dict[str, Any] = {"setup": says(command, "setup", "--service")}
    told["up"] = wait_for(lambda: agent_up(command))
    told["status"] = says(command, "service", "status")
    first = main_pid()
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{first}/status").read_text().splitlines() if ":\t" in line
    )
    told["kernel"] = {name: status[name] for name in ("NoNewPrivs", "Seccomp")}
    told["health"] = {part["part"]: part["how"] for part in says(command, "status")["health"]}

    collecting = subprocess.Popen([sys.executable, "-c", COLLECT], cwd=demo)
    found = wait_for(lambda: flagged(command))
    told["flagged"] = bool(found)
    told["saw_its_pid"] = bool(found) and collecting.pid in [one["pid"] for one in found[0]["processes"]]
    collecting.wait(60)

    os.kill(first, signal.SIGKILL)
    told["started_again"] = bool(wait_for(lambda: main_pid() not in (0, first))) and wait_for(lambda: agent_up(command))
    told |= refused(command)
    told["journal"] = run("systemctl", "--user", "status", "--no-pager", UNIT).stdout
    told["uninstall"] = says(command, "uninstall", "--yes")
    told["gone"] = main_pid() == 0 and not agent_up(command)
    return told


def refused(command: str) -> dict[str, Any]:
    """Give it settings that it refuses, see that it is left alone and says why; mend them and start it."""
    settings = Path.home() / ".config/gleanwatch/config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("[budget]\nmemory_mb = 'much'\n")
    run("systemctl", "--user", "restart", UNIT)
    before = tries()
    wait_for(lambda: run("systemctl", "--user", "is-failed", UNIT).returncode == 0)
    time.sleep(8)  # longer than the unit waits between two starts
    told = {"refused": says(command, "service", "status"), "tried_again": tries() - before}
    settings.unlink()
    run("systemctl", "--user", "start", UNIT)
    return {**told, "mended": wait_for(lambda: agent_up(command))}


def tries() -> int:
    """How often the service manager started it again by itself."""
    return int(run("systemctl", "--user", "show", "-p", "NRestarts", "--value", UNIT).stdout.strip() or 0)


def blinded() -> dict[str, Any]:
    """Try to read another program of the same person from units with and without a namespace of their own."""
    ways = {
        "plain": (),
        "ours": ("-pNoNewPrivileges=yes", "-pSystemCallFilter=@system-service", "-pRestrictNamespaces=yes"),
        "namespace": ("-pPrivateUsers=yes", "-pProtectSystem=strict"),
    }
    other = subprocess.Popen(["sleep", "100"])
    unit = ("systemd-run", "--user", "--wait", "--pipe", "--quiet")
    try:
        return {
            name: run(*unit, *way, "readlink", f"/proc/{other.pid}/exe").returncode == 0 for name, way in ways.items()
        }
    finally:
        other.kill()


def main(command: str, demo: str) -> None:
    """Start the service manager, go through the steps, print what came of them."""
    manager = subprocess.Popen(
        ["/usr/lib/systemd/systemd", "--user"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        ready = wait_for(
            lambda: run("systemctl", "--user", "is-system-running").stdout.strip() in ("running", "degraded")
        )
        told: dict[str, Any] = {"manager": bool(ready)}
        if ready:
            told["blinded"] = blinded()
            told |= live(command, demo)
        print(json.dumps(told))
    finally:
        manager.terminate()
        manager.wait(30)


if __name__ == "__main__":
    main(*sys.argv[1:])
