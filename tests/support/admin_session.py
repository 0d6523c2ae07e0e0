"""Runs as a person on a machine that a test made for them, beside the agent that the administrator's unit started.

Started by `tests/reliability/test_administrators_unit.py` from a unit of the system's manager. Standard library only:
the person's interpreter need not be ours. What came of each step goes into one JSON document.

    python admin_session.py GLEANWATCH DEMO_FOLDER OUT
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from session import COLLECT, agent_up, flagged, says, wait_for


def look(command: str, demo: str) -> dict[str, Any]:
    """Wait for the agent, look at its sandbox from outside, collect, and see whether it saw that."""
    up = bool(wait_for(lambda: agent_up(command), 90))
    told: dict[str, Any] = {"up": up}
    if not up:
        return told
    # The system's manager answers nobody else without a bus: the agent's own lock says which process it is.
    pid = int((Path.home() / ".local/share/gleanwatch/data/agent.lock").read_text())
    told["unit"] = Path(f"/proc/{pid}/cgroup").read_text().split("/")[-1].strip()
    mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    told["read_only"] = {words[4]: "ro" in words[5].split(",") for words in mounts}
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    told["kernel"] = {name: status[name] for name in ("NoNewPrivs", "Seccomp", "CapBnd", "Uid", "PPid")}
    told["health"] = {part["part"]: part["condition"] for part in says(command, "status")["health"]}
    collecting = subprocess.Popen([sys.executable, "-c", COLLECT], cwd=demo)
    found = wait_for(lambda: flagged(command))
    told["flagged"] = bool(found)
    told["saw_its_pid"] = bool(found) and collecting.pid in [one["pid"] for one in found[0]["processes"]]
    collecting.wait(60)
    return told


if __name__ == "__main__":
    *words, out = sys.argv[1:]
    os.umask(0o022)
    Path(out).write_text(json.dumps(look(*words)))
