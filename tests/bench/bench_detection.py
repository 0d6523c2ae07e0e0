"""How fast a process is identified: a catalogued tool by its command line, a script of one's own by its code.

Everything is real: the shipped catalogue, an environment on disk with a console script and metadata, scripts that are
all different (so that no answer comes from memory), the helper process. Beside it stands a bare interpreter's start,
which is what the start of the helper is made of, and what a poll for the same processes would cost at the least.

    python -m tests.bench.bench_detection [--json] [--quick]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from agent.content.catalogue import load_catalogue
from agent.detection.findings import Detector
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.model.events import CommandLine, ProcessKey, ProcessStarted
from tests.bench.rows import Row, percentile, run, spread

SCRIPT = (
    "import requests, csv\nfrom bs4 import BeautifulSoup\nw = csv.writer(open('o.csv', 'w'))\n# {number}\n"
    "for page in range(60):\n    soup = BeautifulSoup(requests.get(f'https://site.example/people?page={{page}}').text)\n"
    "    for li in soup.select('li.person'):\n        w.writerow([li.text, li.select_one('.email').text])\n"
)
ENTRY = "import sys\nfrom scrapy.cmdline import execute\nif __name__ == '__main__':\n    sys.exit(execute())\n"
GOAL_MS = 200.0


class Still:
    """A clock that stands, no sockets, no parents: only identification is measured."""

    def now(self) -> int:
        """Return any time."""
        return 1

    def monotonic(self) -> float:
        """Return any time."""
        return 0.0

    def platforms_of(self, key: ProcessKey) -> Mapping[str, int]:
        """Return no platforms."""
        return {}

    def ancestors(self, pid: int) -> tuple[str, ...]:
        """Return no ancestors."""
        return ()

    def above_agent(self, pid: int) -> bool:
        """Return that nothing stands above."""
        return False


def environment(folder: Path, packages: int = 80) -> Path:
    """Make an environment of ordinary size and return it."""
    site = folder / "venv" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    for number in range(packages):
        (site / f"package_{number}-1.0.dist-info").mkdir()
    info = site / "scrapy-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: scrapy\n")
    (folder / "venv" / "bin").mkdir()
    (folder / "venv" / "bin" / "scrapy").write_text(ENTRY)
    return folder / "venv"


def bare_starts() -> list[float]:
    """Return how long a bare interpreter takes to start and end, ten times, in seconds."""
    took = []
    for _ in range(10):
        before = time.perf_counter()
        subprocess.run([sys.executable, "-IS", "-c", "pass"], check=True)
        took.append(time.perf_counter() - before)
    return took


async def timed(detector: Detector, commands: list[CommandLine], first_pid: int) -> list[float]:
    """Hand one started process after the other to the detector and return the seconds each took to its finding."""
    took = []
    for number, command in enumerate(commands):
        event = ProcessStarted(ProcessKey(first_pid + number, number), 1, "python3", command, number)
        before = time.perf_counter()
        await detector.started(event)
        took.append(time.perf_counter() - before)
    return took


async def measure(quick: bool) -> list[Row]:
    """Measure and return the rows."""
    times = 200 if quick else 2000
    still = Still()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder)
        for number in range(times):
            (folder / f"s{number}.py").write_text(SCRIPT.format(number=number))
        catalogue = load_catalogue()
        reader = CodeReader()
        detector = Detector(Identifier(catalogue, reader).identify, still, still, still, lambda: "id", hold_ms=1)
        python, cwd = str(env / "bin" / "python"), str(folder)
        tool = CommandLine((python, str(env / "bin" / "scrapy"), "crawl", "x"), "/usr/bin/python3", cwd)
        other = CommandLine(("git", "status"), "/usr/bin/git", cwd)
        scripts = [CommandLine(("python3", f"s{number}.py"), "/usr/bin/python3", cwd) for number in range(times)]
        cold = (await timed(detector, scripts[:1], 1))[0]
        tools = await timed(detector, [tool] * times, 100_000)
        others = await timed(detector, [other] * times, 200_000)
        read = await timed(detector, scripts[1:], 300_000)
        again = await timed(detector, scripts[-400:], 400_000)
        await reader.close()
        bare = bare_starts()
    return [
        row("catalogued tool: event → finding", tools),
        row("script of one's own: event → finding, helper running", read),
        row("script read before", again),
        row("program that is nobody's business", others),
        Row(
            "first script: the helper starts and answers",
            f"≤ {GOAL_MS:.0f} ms",
            f"{cold * 1000:.1f} ms",
            f"bare python -IS {percentile(bare, 0.5) * 1000:.1f} ms",
            f"{cold / percentile(bare, 0.5):.1f} ×",
            cold * 1000 <= GOAL_MS,
        ),
    ]


def row(what: str, took: list[float]) -> Row:
    """Return one row of times to a finding."""
    rate = len(took) / sum(took)
    return Row(
        what,
        f"p95 ≤ {GOAL_MS:.0f} ms with sensing",
        spread(took),
        ratio=f"{rate:,.0f} /s",
        met=percentile(took, 0.95) * 1000 <= GOAL_MS,
    )


if __name__ == "__main__":
    run(measure, __doc__ or "")
