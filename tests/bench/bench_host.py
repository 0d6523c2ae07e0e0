"""How fast the native host starts and how small it stays, beside a bare interpreter of the same run.

    make an instance → install the launcher → 40 times, in turn: a bare `python3 -IS -c pass`, a host with one frame

«First frame passed on» is the time from starting the process to the agent's having the whole frame, which lies ready in
the host's pipe as an extension's first message does. «Agent up» is the time to the host's own first word. Both are
measured in turn with the bare interpreter, so that a busy machine slows all alike; the ratio is what counts.
The agent's side of the frames is measured too, since everything it does goes through it.

    python -m tests.bench.bench_host [--json] [--quick]
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from native_host import launcher
from native_host.frames import Decoder, encode
from native_host.manifests import ADDONS, ORIGINS
from tests.bench.rows import Row, percentile, run, spread

ROUNDS = 40
WARM_UP = 2  # the first starts fill the file cache
BARE = Path("/usr/bin/python3")
GOAL_RATIO, GOAL_MB, GOAL_FRAMES = 2.5, 12.0, 150_000
FRAME = encode(b'{"v":1,"kind":"ping"}')


def bare_start(python: Path) -> float:
    """Return the seconds a bare interpreter takes from start to end."""
    begun = time.perf_counter()
    subprocess.run([python, "-IS", "-c", "pass"], check=True)
    return time.perf_counter() - begun


def first_frame(program: Path, listener: socket.socket) -> tuple[float, float]:
    """Start a host with a frame ready; return the seconds until the agent has it, and the host's resident megabytes."""
    begun = time.perf_counter()
    with subprocess.Popen([program, ORIGINS[0]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        process.stdin.write(FRAME)
        link, _ = listener.accept()
        with link:
            decoder = Decoder()
            while not decoder.feed(link.recv(65536)):
                pass
            passed_on = time.perf_counter() - begun
            resident = psutil.Process(process.pid).memory_info().rss / 1e6
        process.stdin.close()
    return passed_on, resident


def agent_up(program: Path, listener: socket.socket) -> float:
    """Start a host; return the seconds until it has said that the agent is there."""
    begun = time.perf_counter()
    with subprocess.Popen([program, ORIGINS[0]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        decoder = Decoder()
        while not decoder.feed(process.stdout.read(65536)):
            pass
        said = time.perf_counter() - begun
        listener.accept()[0].close()
        process.stdin.close()
    return said


def decoding() -> float:
    """Return how many small frames a second the agent's decoder takes, from pieces of 64 KiB."""
    stream = encode(b"x" * 100) * 200_000
    pieces = [stream[start : start + 65536] for start in range(0, len(stream), 65536)]
    decoder = Decoder()
    begun = time.perf_counter()
    frames = sum(len(decoder.feed(piece)) for piece in pieces)
    return frames / (time.perf_counter() - begun)


async def measure(quick: bool) -> list[Row]:
    """Start hosts and bare interpreters in turn and return the rows."""
    bare: list[float] = []
    passed_on: list[float] = []
    up: list[float] = []
    resident: list[float] = []
    with tempfile.TemporaryDirectory(prefix="gw-") as name, socket.socket(socket.AF_UNIX) as listener:
        path = Path(name) / "s"
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(30)
        python = launcher.choose_python(sys.platform)
        launcher.write(Path(name) / "host", path, (*ORIGINS, *ADDONS), python)
        program = Path(name) / "host" / launcher.NAME
        reference = BARE if os.access(BARE, os.X_OK) else python
        for number in range(WARM_UP + (10 if quick else ROUNDS)):
            plain = bare_start(reference)
            first, size = first_frame(program, listener)
            said = agent_up(program, listener)
            if number >= WARM_UP:
                bare.append(plain)
                passed_on.append(first)
                up.append(said)
                resident.append(size)
    rate = decoding()
    return [
        start_row("native host: start → first frame passed on", passed_on, bare),
        start_row("native host: start → «agent up» said", up, bare),
        Row(
            "native host: memory",
            f"≤ {GOAL_MB:.0f} MB resident",
            f"{max(resident):.1f} MB, the largest",
            met=max(resident) <= GOAL_MB,
        ),
        Row(
            "frames taken apart, 100 bytes each",
            f"≥ {GOAL_FRAMES:,} /s",
            f"{rate:,.0f} /s",
            met=rate >= GOAL_FRAMES,
        ),
    ]


def start_row(what: str, took: list[float], bare: list[float]) -> Row:
    """Return one row of start times beside the bare interpreter's."""
    ratio = percentile(took, 0.5) / percentile(bare, 0.5)
    return Row(
        what,
        f"≤ {GOAL_RATIO} × bare python3 -IS",
        spread(took),
        f"bare python3 -IS -c pass: {spread(bare)}",
        f"{ratio:.2f} × at p50, {percentile(took, 0.95) / percentile(bare, 0.95):.2f} × at p95",
        ratio <= GOAL_RATIO,
    )


if __name__ == "__main__":
    run(measure, __doc__ or "")
