"""The development corpus, which lies beside the checkout, run by its own runner with our agent and observer.

It is found by GLEANWATCH_CORPUS or at ../shared/corpus. Its prepared environments are kept where its runner keeps them.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.support.places import CHECKOUT

VARIABLE = "GLEANWATCH_CORPUS"
CACHE = Path("/var/tmp/wk")
AGENT_STARTS_WITHIN = 5.0
"""Seconds its runner waits before the first case."""


def found() -> Path | None:
    """Return its folder, or None where it is not on this machine."""
    folder = Path(os.environ.get(VARIABLE) or CHECKOUT.parent / "shared/corpus")
    return folder if (folder / "run_corpus.py").is_file() else None


def run(folder: Path, out: Path, agent: Path, choice: list[str]) -> list[dict[str, Any]]:
    """Run it and return its records.

    Args:
        folder: Where it lies.
        out: Where its runner writes records.
        agent: A folder for the watched agent.
        choice: Its runner's options that choose cases, isolation and preparation.
    """
    python = shlex.quote(sys.executable)
    place = shlex.quote(str(agent))
    env = {**os.environ, "PYTHONPATH": f"{CHECKOUT}:{os.environ.get('PYTHONPATH', '')}".rstrip(":")}
    command = [
        sys.executable,
        str(folder / "run_corpus.py"),
        "run",
        "--cache",
        str(CACHE),
        "--out",
        str(out),
        "--fresh",
    ]
    command += [
        "--agent",
        f"exec {python} -m tests.corpus.watched_agent {place}",
        "--agent-wait",
        str(AGENT_STARTS_WITHIN),
    ]
    command += ["--observer", f"{python} -m tests.corpus.observer {place}", *choice]
    subprocess.run(command, check=True, env=env, cwd=CHECKOUT)
    lenient = _lenient(folder)
    records = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    return [{**record, "allow_inventory": record["id"] in lenient} for record in records]


def tools_by_family(folder: Path) -> dict[str, list[str]]:
    """Return the ids of its collecting tools by family."""
    families: dict[str, list[str]] = {}
    for case in yaml.safe_load((folder / "tools.yaml").read_text("utf-8"))["cases"]:
        families.setdefault(case["family"], []).append(case["id"])
    return families


def _lenient(folder: Path) -> set[str]:
    """Return the ids of the ordinary programs that may be listed; its records do not say it."""
    cases = yaml.safe_load((folder / "benign.yaml").read_text("utf-8"))["cases"]
    return {case["id"] for case in cases if case.get("allow_inventory")}
