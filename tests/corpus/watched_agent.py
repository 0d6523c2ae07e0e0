"""An agent of its own for one measurement, and what it said, with the moment it said it.

    python -m tests.corpus.watched_agent FOLDER

starts `gleanwatch run --demo` in FOLDER, follows its findings over the control socket as they change, and writes each
change as a line into FOLDER/changes.jsonl: time, finding, verdict, processes. It ends, and the agent with it, when it
is told to. The moments are what the time from start to flag is reckoned from.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.corpus.observer import Unreachable, follow
from tests.support.places import clean_environment

COMMAND = Path(os.environ.get("GW_COMMAND") or Path(sys.executable).with_name("gleanwatch"))
STARTING = 60.0


def desk(folder: Path) -> Path:
    """The home folder of the person whose agent it is."""
    return folder / "desk"


def changes(folder: Path) -> Path:
    """The file the changes are written to."""
    return folder / "changes.jsonl"


def main() -> None:
    """Start the agent, follow it, end it."""
    folder = Path(sys.argv[1]).resolve()
    home = desk(folder)
    for part in ("Downloads", "Desktop", "Pictures", "Videos"):
        (home / part).mkdir(parents=True, exist_ok=True)
    passed = {name: os.environ[name] for name in ("GLEANWATCH_WITHOUT_FAMILY",) if name in os.environ}
    env = clean_environment(home, **passed)
    with (folder / "agent.log").open("ab") as log:
        agent = subprocess.Popen([COMMAND, "run", "--demo"], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def end(_signal: int, _frame: object) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, end)
    try:
        _follow(folder, agent)
    finally:
        agent.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            agent.wait(8)
        if agent.poll() is None:
            agent.kill()


def _follow(folder: Path, agent: subprocess.Popen[bytes]) -> None:
    since = time.time()
    with changes(folder).open("a", encoding="utf-8") as out:
        while agent.poll() is None:
            try:
                for finding in follow(folder):
                    out.write(json.dumps({"at": time.time(), **brief(finding)}) + "\n")
                    out.flush()
            except Unreachable:
                if time.time() - since > STARTING:
                    raise SystemExit(f"the agent did not start; see {folder}/agent.log") from None
            time.sleep(0.1)


def brief(finding: dict[str, Any]) -> dict[str, Any]:
    """Keep of a finding what a change is judged by."""
    return {
        "id": finding["id"],
        "tool": finding["tool"],
        "stage": finding["stage"],
        "flagged": finding["flagged"],
        "confidence": finding["confidence"],
        "pids": [process["pid"] for process in finding["processes"]],
    }


if __name__ == "__main__":
    main()
