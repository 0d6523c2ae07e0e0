"""What the agent says about one case: asked over its control socket, reduced to a verdict with its reasons.

    python -m tests.corpus.observer FOLDER        CASE_START, CASE_PIDS in the environment

prints `{"findings": [...]}` for the runner of the development corpus; `about` is the same for our own. A finding counts
for a case when it names one of the case's processes; it is a `flag` when flagged, nothing when its level is `hidden`,
and `inventory` otherwise. With it go
the words a person would read, the seconds from start to flag, and whether it was already flagged before the case began
(`carried`: then this case was not recognised by what it did itself).
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.settings.instance import locate
from native_host.frames import Decoder, encode
from tests.support.places import clean_environment

ANSWER_SECONDS = 30.0


class Unreachable(Exception):
    """No agent answers, or it stopped answering."""


def _socket(folder: Path) -> Path:
    env = clean_environment(folder / "desk")
    return locate(env, sys.platform, folder / "desk", os.getuid()).control_socket


def _ask(folder: Path, args: Mapping[str, object], patience: float | None) -> Iterator[dict[str, Any]]:
    request = {"v": 1, "kind": "request", "id": 1, "command": "findings", "args": dict(args)}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(patience)
        try:
            link.connect(str(_socket(folder)))
            link.sendall(encode(json.dumps(request).encode()))
            decoder = Decoder()
            while data := link.recv(65_536):
                for body in decoder.feed(data):
                    message = json.loads(body)
                    if message["kind"] != "item":
                        return
                    yield message["result"]
        except OSError as problem:
            raise Unreachable(str(problem)) from None
    raise Unreachable("the agent closed the connection")


def follow(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield findings as they change, until the agent ends.

    Raises:
        Unreachable: It does not answer, or went away.
    """
    yield from _ask(folder, {"since": None, "follow": True}, None)


def about(folder: Path, started: float, pids: set[int]) -> list[dict[str, Any]]:
    """Return what the agent says about some processes.

    Args:
        folder: The watched agent's folder.
        started: Epoch seconds at which the case began.
        pids: The case's processes.

    Raises:
        Unreachable: No agent answers.
    """
    said = list(_ask(folder, {"since": int(started * 1000) - 500}, ANSWER_SECONDS))
    history = _history(folder)
    return [_verdict(f, history, started, pids) for f in said if pids & {p["pid"] for p in f["processes"]}]


def _history(folder: Path) -> list[dict[str, Any]]:
    path = folder / "changes.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.endswith("}")]


def _verdict(
    finding: Mapping[str, Any], history: list[dict[str, Any]], started: float, pids: set[int]
) -> dict[str, Any]:
    flags = [c for c in history if c["id"] == finding["id"] and c["flagged"]]
    ours = [c["at"] for c in flags if c["at"] >= started and pids & set(c["pids"])]
    return {
        "verdict": "flag" if finding["flagged"] else "none" if finding["level"] == "hidden" else "inventory",
        "tool": finding["tool"],
        "family": finding["family"],
        "stage": finding["stage"],
        "confidence": round(finding["confidence"], 3),
        "platforms": finding["platforms"],
        "evidence": [{"class": e["cls"], "rule": e["rule"], "detail": e["detail"]} for e in finding["evidence"]],
        "carried": any(c["at"] < started for c in flags),
        "seconds": round(min(ours) - started, 2) if ours else None,
    }


def main() -> None:
    """Answer the runner of the development corpus."""
    pids = {int(pid) for pid in os.environ["CASE_PIDS"].split()}
    print(json.dumps({"findings": about(Path(sys.argv[1]), float(os.environ["CASE_START"]), pids)}))


if __name__ == "__main__":
    main()
