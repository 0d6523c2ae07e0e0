"""How many events a second one core evaluates: SigmaHQ's rules on real events, and a rule set of our own size.

Rules and events of other people are read from where they lie (`tests/conformance/sigma/cases.py`), never copied into
here: `GLEANWATCH_SIGMAHQ` names a checkout of SigmaHQ, `GLEANWATCH_VECTORS` the vectors. Processor time is counted,
not the clock's, since other programs run beside it. Peers of the same run are azuma, the one evaluator for Python that
reads these rules, and our own engine without its prefilter.

    GLEANWATCH_SIGMAHQ=... python -m tests.bench.bench_sigma [--json] [--quick]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from agent.detection.correlate import facts
from agent.detection.correlate.rules import PRODUCT, Rules
from agent.detection.correlate.shipped import load_rule_set
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.sigma import Engine, RuleSet, parse_apart
from agent.detection.sigma.files import rule_files
from agent.detection.sigma.parse import parse_in_process
from agent.model.events import Activity
from tests.bench.rows import Row, run
from tests.conformance.sigma.cases import SIGMAHQ, Event, sigmahq_cases, vector_cases

GOAL, GOAL_RATIO, GOAL_OWN = 8_000, 100, 200_000
PLACE = Path("rules") / "windows" / "process_creation"
OWN_RULES = 120
ROUNDS = 5

OWN_RULE = """title: Generated rule {number}
id: 00000000-0000-4000-8000-{number:012d}
logsource: {{category: process_creation, product: linux}}
detection:
  tool:
    Image|endswith: ['/tool{number}', '/tool{number}-cli']
  module:
    CommandLine|contains: ['-m package{number} ', 'package{number}.cmdline']
  many:
    CommandLine|contains: [' --recursive', ' --batch-file', ' --playlist-{number}']
  tests:
    ParentImage|endswith: ['/pytest', '/tox']
  condition: (tool or module) and many and not tests
level: medium
"""
"""A rule as ours are: a program or a module, asked for many, outside of tests."""

OWN_EVENTS = (
    {
        "Image": "/usr/bin/tool7",
        "CommandLine": "tool7 --recursive https://site.example/people",
        "ParentImage": "/usr/bin/bash",
        "User": "someone",
        "CurrentDirectory": "/home/someone/work",
    },
    {
        "Image": "/usr/bin/git",
        "CommandLine": "git -C /home/someone/work status --porcelain=v2 --branch",
        "ParentImage": "/usr/share/code/code",
        "User": "someone",
        "CurrentDirectory": "/home/someone/work",
    },
)
OWN_SOURCE = ({"category": "process_creation", "product": "linux"},)


def rate(judge: Callable[[Event], object], events: Sequence[Event], seconds: float) -> float:
    """Return events a second of processor time: the best of some rounds, since others use the caches too."""
    best = 0.0
    for _ in range(ROUNDS):
        done, before = 0, time.process_time()
        while (spent := time.process_time() - before) < seconds / ROUNDS:
            for event in events:
                judge(event)
            done += len(events)
        best = max(best, done / spent)
    return best


def engine_rate(rules: RuleSet, events: Sequence[Event], seconds: float, *, prefilter: bool = True) -> float:
    """Return the rate of our engine."""
    engine = Engine(rules, prefilter=prefilter)
    for event in events:  # what is built once for each kind of event is not what is measured here
        engine.match(event.logsources, event.fields, 0)
    return rate(lambda event: engine.match(event.logsources, event.fields, 0), events, seconds)


def azuma_rate(folder: Path, events: Sequence[Event]) -> tuple[float, int]:
    """Return the rate of azuma on the same rules and some of the events, and how many rules it could read."""
    from azuma import Rule

    rules = []
    for path in rule_files(folder):
        try:
            rules.append(Rule.model_validate_yaml(path.read_text("utf-8")))
        except Exception:
            continue
    done, before = 0, time.process_time()
    for event in events:
        for rule in rules:
            rule.match(event.fields)
        done += 1
    return done / (time.process_time() - before), len(rules)


async def sigmahq_rows(root: Path, quick: bool) -> list[Row]:
    """Measure on SigmaHQ's rules for starting programs on Windows."""
    folder = root / PLACE
    rules = parse_in_process(folder)
    cases = vector_cases() + sigmahq_cases()
    events = [event for case in cases for event in case.events if _starts(event)]
    seconds = 1.0 if quick else 5.0
    ours = engine_rate(rules, events, seconds)
    bare = engine_rate(rules, events, seconds / 2, prefilter=False)
    theirs, read = azuma_rate(folder, events[:: max(1, len(events) // (3 if quick else 30))])
    what = f"{len(rules.rules):,} rules of SigmaHQ for starting programs, {len(events)} real events"
    return [
        Row(
            what,
            f"≥ {GOAL:,} events/s a core",
            f"{ours:,.0f}/s",
            f"{bare:,.0f}/s without the prefilter",
            f"{ours / bare:.0f} ×",
            ours >= GOAL,
        ),
        Row(
            "the same beside azuma",
            f"≥ {GOAL_RATIO} × azuma",
            f"{ours:,.0f}/s",
            f"{theirs:,.0f}/s azuma, {read:,} rules",
            f"{ours / theirs:,.0f} ×",
            ours >= GOAL_RATIO * theirs,
        ),
        await reading(root / "rules"),
    ]


async def reading(folder: Path) -> Row:
    """Measure reading all of SigmaHQ's rules apart, and what stays in memory."""
    before = time.perf_counter()
    rules = await parse_apart([folder])
    took = time.perf_counter() - before
    return Row(
        f"reading {len(rules.rules):,} rules in a process apart",
        "every rule loads or is refused with a reason",
        f"{took:.1f} s; {len(rules.refusals)} refused",
        f"{resident(folder)} MB resident with them compiled, {resident(None)} MB with none",
        met=all(refusal.reason for refusal in rules.refusals),
    )


def resident(folder: Path | None) -> int:
    """Return the megabytes of a fresh process that holds an engine of a folder's rules."""
    code = (
        "import asyncio,sys,resource,psutil;from pathlib import Path;from agent.detection.sigma import *;"
        "e=Engine(asyncio.run(parse_apart([Path(p) for p in sys.argv[1:]])));"
        "e.match([{'category':'process_creation','product':'windows'}],{'CommandLine':'x'},0);"
        "print(psutil.Process().memory_info().rss>>20)"
    )
    arguments = [] if folder is None else [str(folder)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return int(done.stdout)


async def own_rows(quick: bool) -> list[Row]:
    """Measure on a rule set of the size of our own."""
    with tempfile.TemporaryDirectory() as name:
        for number in range(OWN_RULES):
            (Path(name) / f"{number:03d}.yml").write_text(OWN_RULE.format(number=number))
        before = time.perf_counter()
        rules = await parse_apart([Path(name)])
        took = time.perf_counter() - before
    events = [Event([dict(source) for source in OWN_SOURCE], fields) for fields in OWN_EVENTS]
    seconds = 1.0 if quick else 5.0
    ours = engine_rate(rules, events, seconds)
    bare = engine_rate(rules, events, seconds, prefilter=False)
    return [
        Row(
            f"{len(rules.rules)} rules of our own kind, a match and an ordinary program by turns",
            f"≥ {GOAL_OWN:,} events/s a core",
            f"{ours:,.0f}/s",
            f"{bare:,.0f}/s without the prefilter",
            f"{ours / bare:.1f} ×",
            ours >= GOAL_OWN,
            f"read in a process apart in {took:.2f} s",
        )
    ]


SEEN = Activity(seconds=4.0, opened=9, hosts=2, turns=40, received=900_000, own=1, steady=6, looks=8)
"""What a process in the middle of its work has done: a program that talks to a service, and is no collector."""


def facts_of_a_day() -> list[tuple[str, facts.Fields]]:
    """Return facts as detection makes them: what live processes do, most of it little, and a program in a loop."""
    quiet = Identified("curl", "curl", "generic-http", Role.ENGINE, Bulk.MODES, (), capability="fetches")
    script = Identified("script:requests", "A script", "api-harvester", Role.SCRIPT, Bulk.MODES, ())
    tool = Identified("scrapy", "Scrapy", "scraper-framework", Role.COLLECTOR, Bulk.ALWAYS, (), capability="crawls")
    begun = Activity(seconds=0.5, opened=1, hosts=1, turns=1, looks=1)
    walked = replace(SEEN, opened=160, hosts=3, turns=400, platforms={"linkedin": 150}, steady=30, looks=32)
    day = [
        (facts.ACTIVITY, facts.activity(who, 0.4, (), seen, busy=1, started=0))
        for who in (quiet, script, tool)
        for seen in (begun, begun, SEEN)
    ]
    day.append((facts.ACTIVITY, facts.activity(tool, 0.9, (), walked, busy=30, started=0)))
    return [*day, (facts.FETCH, facts.fetch("curl", 4711, "d41d8cd98f00b204"))]


async def shipped_rows(quick: bool) -> list[Row]:
    """Measure on the rules that the agent comes with, and on facts as it makes them."""
    rules = load_rule_set()
    engine, judge = Engine(rules), Rules(rules)
    events = [Event([{"category": kind, "product": PRODUCT}], dict(fields)) for kind, fields in facts_of_a_day()]
    day = facts_of_a_day()
    seconds = 1.0 if quick else 5.0
    alone = rate(lambda event: engine.match(event.logsources, event.fields, 0), events, seconds)
    with_words = rate(lambda _: [judge(kind, fields, 0) for kind, fields in day], events[:1], seconds) * len(day)
    return [
        Row(
            f"the {len(rules.rules)} rules that are shipped, on facts of live processes",
            f"≥ {GOAL_OWN:,} events/s a core",
            f"{alone:,.0f}/s",
            f"{with_words:,.0f}/s with the evidence put into words",
            met=alone >= GOAL_OWN,
        )
    ]


def _starts(event: Event) -> bool:
    return any(source.get("category") == "process_creation" for source in event.logsources)


async def measure(quick: bool) -> list[Row]:
    """Measure and return the rows."""
    rows = [*await own_rows(quick), *await shipped_rows(quick)]
    if SIGMAHQ is None or not (SIGMAHQ / PLACE).is_dir():
        note = "set GLEANWATCH_SIGMAHQ to a checkout of SigmaHQ's rules"
        return [*rows, Row("SigmaHQ's rules", f"≥ {GOAL:,} events/s a core", "not measured", note=note)]
    return [*rows, *await sigmahq_rows(SIGMAHQ, quick)]


if __name__ == "__main__":
    run(measure, __doc__ or "")
