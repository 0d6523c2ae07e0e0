"""Other people's logs, appending durably in a process of their own, under the interpreter of `.venv-peers`.

The bench starts this file with that interpreter, so it imports nothing of ours. It is asked on stdin to append for some
seconds, which it does, one durable append after the other; on stdout comes how many and how long it took:

    {"seconds": 0.5} ─► {"appends": 61, "seconds": 0.504}

    pymerkle   SqliteTree.append_entry: one transaction each, as the library makes it; nothing is signed
    aics       IncrementalTileWriter over files that are synced, and a signed checkpoint after each append
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

VENV = Path(__file__).parents[2] / ".venv-peers"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


class Peer:
    """One of them, as the bench sees it."""

    def __init__(self, name: str, folder: Path, entry_bytes: int) -> None:
        """Start it; `missing` says why where it cannot run."""
        self.missing = ""
        if not PYTHON.exists():
            self.missing = "not here: `make bench` makes .venv-peers"
            return
        self._process = subprocess.Popen(
            [str(PYTHON), __file__, name, str(folder), str(entry_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self._read().strip() != "ready":
            _, said = self._process.communicate()
            self.missing = f"does not run here: {(said.strip().splitlines() or ['it ended'])[-1][:160]}"

    def rate(self, seconds: float) -> float:
        """Let it append for that long, and return its appends per second."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"seconds": seconds}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._read())
        return float(answer["appends"]) / float(answer["seconds"])

    def close(self) -> None:
        """End it, where it runs."""
        if not self.missing:
            self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def pymerkle(folder: Path) -> Callable[[bytes], object]:
    """Return its durable append of one entry."""
    from pymerkle import SqliteTree

    return SqliteTree(str(folder / "pymerkle.db")).append_entry


def aics(folder: Path) -> Callable[[bytes], object]:
    """Return its durable append of one entry with a signed checkpoint."""
    from aics_tlog import Checkpoint, DirectoryTileStore, IncrementalTileWriter, sign_checkpoint
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    origin, key = "bench.example/log", Ed25519PrivateKey.generate()
    store = DirectoryTileStore(folder / "tiles")
    writer = IncrementalTileWriter(store)

    def append(entry: bytes) -> None:
        writer.append([entry])
        head = Checkpoint(origin, writer.size, writer.root())
        store.write_checkpoint(sign_checkpoint(head, key, origin).to_bytes())

    return append


def main() -> None:
    """Serve until stdin ends."""
    name, folder, size = sys.argv[1:]
    append = {"pymerkle": pymerkle, "aics": aics}[name](Path(folder))
    entry = b"x" * int(size)
    append(entry)
    print("ready", flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)["seconds"]
        appends, start = 0, time.perf_counter()
        while time.perf_counter() - start < wanted:
            append(entry)
            appends += 1
        print(json.dumps({"appends": appends, "seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
