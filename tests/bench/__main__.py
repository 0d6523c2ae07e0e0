"""Every bench, one table: `python -m tests.bench [--quick] [--json] [--only WORD]`, which is what `make bench` runs.

Each bench is a program of its own and runs alone, one after the other, so that none disturbs another; a bench that
fails gives a row that says so and does not stop the rest.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from tests.bench.rows import Row, show, table_console

HERE = Path(__file__).parent
QUICKER = {"bench_store": ["--rounds", "3"]}
"""How each bench is told to be quick, where not by `--quick`."""

ORDER = (
    "host",
    "store",
    "ledger",
    "socket",
    "page_load",
    "latency",
    "pages",
    "waits",
    "sensing",
    "connections",
    "sigma",
    "detection",
    "starts",
    "idle",
)


def bench_files(only: str) -> list[Path]:
    """Return the benches there are, in an order in which a reader expects them."""
    found = {path.stem.removeprefix("bench_"): path for path in HERE.glob("bench_*.py")}
    names = [name for name in ORDER if name in found] + sorted(found.keys() - set(ORDER))
    return [found[name] for name in names if only in name]


def measured(path: Path, quick: bool) -> list[Row]:
    """Run one bench and return its rows."""
    shorter = QUICKER.get(path.stem, ["--quick"])
    command = [sys.executable, "-m", f"tests.bench.{path.stem}", "--json", *(shorter if quick else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parents[1])
    name = path.stem.removeprefix("bench_")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return [Row(f"bench {name}", "", "failed", met=False, note=last[:200])]
    document = json.loads(done.stdout)
    return [Row(**row) for row in document["rows"]] if "rows" in document else store_rows(document)


def store_rows(numbers: dict[str, float]) -> list[Row]:
    """Put the numbers that the store's bench prints into rows."""
    raw, ratio = numbers["raw_fdatasync_per_s"], numbers["ratio_one_to_raw"]
    return [
        Row(
            "the store alone, one event at a time",
            "≥ 35 % of raw fdatasync, with room for the socket",
            f"{numbers['store_one_at_a_time_per_s']:,.0f}/s, p50 {numbers['store_one_at_a_time_p50_ms']:.2f} ms",
            f"{raw:,.0f}/s raw append + fdatasync",
            f"{ratio:.0%}",
            ratio >= 0.35,
        ),
        Row(
            "the store alone, many at once",
            "≥ 150,000/s, with room for the socket",
            f"{numbers['store_pipelined_events_per_s']:,.0f}/s",
            f"{numbers['store_eight_at_once_per_s']:,.0f}/s by eight callers",
            met=numbers["store_pipelined_events_per_s"] >= 150_000,
        ),
    ]


def main() -> int:
    """Run what was asked for and print it; exit code 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description="Measure everything that has a goal.")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quick", action="store_true", help="a short look: fewer repetitions, shorter windows")
    parser.add_argument("--only", default="", metavar="WORD", help="only the benches whose name holds this word")
    chosen = parser.parse_args()
    rows: list[Row] = []
    people = Console(stderr=True)
    for path in bench_files(chosen.only):
        with people.status(f"measuring: {path.stem.removeprefix('bench_')}"):
            rows += measured(path, chosen.quick)
    if chosen.json:
        print(json.dumps({"rows": [row.as_dict() for row in rows]}))
    else:
        show(rows, table_console())
    return int(any(row.met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
