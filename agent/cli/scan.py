"""`gleanwatch scan`: what is on this machine now, judged exactly as the agent would judge it, and stored nowhere.

`look` reads the person's own processes once, searches every Python, Node and Debian place and every browser profile,
and gives all of it to the agent's own `Detector`, which lives in memory for as long as the scan lasts. So stage, level
and flag are those that the agent would give at this moment. `scan` first asks whether a scan is allowed at all: before
the notice was shown only a person at a terminal may look at their own machine (DESIGN 5), never a script.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from agent.cli.asking import Failure, NotRunning, ask, this_instance, uid
from agent.cli.progress import progress
from agent.cli.show import LEVEL_STYLE, console, finding_json, json_option, print_json
from agent.content.catalogue import FAMILIES, load_catalogue
from agent.content.platforms import load_platforms
from agent.content.ranges import load_ranges
from agent.detection.correlate.shipped import load_rules
from agent.detection.findings import Detector
from agent.detection.identified import Identified
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.model.events import ExtensionFound, PackageFound, ProcessStarted
from agent.model.findings import Finding, Stage
from agent.model.purposes import Purpose
from agent.sensors.caches import find_caches
from agent.sensors.connections.addresses import PlatformAddresses, Resolver, resolve
from agent.sensors.connections.platforms import PlatformConnections
from agent.sensors.connections.sockets import socket_lister
from agent.sensors.extensions import find_extensions
from agent.sensors.packages import PackageSearch
from agent.sensors.processes.choose import reader_for
from agent.sensors.processes.reader import ProcessReader, Reading
from agent.sensors.tree import CachedTree
from agent.settings.clock import SystemClock
from native_host.browsers import profile_roots

if TYPE_CHECKING:
    from agent.settings.instance import Instance

HOUR_MS = 3_600_000
NOTICE_NOT_SHOWN = frozenset({"notice_not_shown", "switched_off"})
"""Reasons of a gate that do not say that the notice was shown."""

Tell = Callable[[float, str], None]
"""Share done (0 to 1) and what is looked at now, in general words."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What is looked at; tests look at a small one of their own.

    Attributes:
        home: The person's home folder.
        env: The environment, for tools whose folder can be moved.
        reader: Reads the person's processes.
        system: As `sys.platform`.
        root: What absolute places start from.
        loopback: The instance's configured map, host name to `ip:port`.
        hold_ms: How long a flagged finding would be held, milliseconds.
        resolver: Host name to addresses, asked only where a recognised tool has a connection.
    """

    home: Path
    env: Mapping[str, str]
    reader: ProcessReader
    system: str = sys.platform
    root: Path = Path("/")
    loopback: Mapping[str, str] = field(default_factory=dict)
    hold_ms: int = 24 * HOUR_MS
    resolver: Resolver = resolve


@dataclass(frozen=True, slots=True)
class Seen:
    """What a scan saw.

    Attributes:
        findings: Tools, as the agent would list them.
        places: For each tool the places it was met in with its versions, such as `("pypi", "2.11")`.
        packages: Installed packages looked at, each (ecosystem, name, version) once.
        extensions: Browser extensions looked at.
        processes: Programs of this person looked at.
        complete: False when the walk below home was ended by a limit.
    """

    findings: Sequence[Finding]
    places: Mapping[str, Sequence[tuple[str, str]]]
    packages: int
    extensions: int
    processes: int
    complete: bool

    @property
    def running(self) -> int:
        """Number of the tools that run now."""
        return sum(1 for finding in self.findings if finding.stage is not Stage.INSTALLED)

    def counts(self) -> dict[str, int]:
        """Return the numbers of the summary."""
        return {
            "packages": self.packages,
            "extensions": self.extensions,
            "processes": self.processes,
            "tools": len(self.findings),
            "running": self.running,
        }


@click.command()
@json_option
@click.option("--demo", is_flag=True, help="For tests: look without asking whether the notice was shown.")
def scan(as_json: bool, demo: bool) -> None:
    """Look at what is on this machine now: programs, packages, browser extensions. Stores nothing.

    Before the notice was shown this works at a terminal only.

    \b
    gleanwatch scan
    gleanwatch scan --json > on-this-machine.json
    """
    from agent.opening import StartError, read_rules

    instance = this_instance(demo)
    if not demo:
        _require_notice(instance)
    try:
        rules = read_rules(instance)
    except StartError as problem:
        raise Failure(str(problem)) from None
    try:
        reader = reader_for(None if sys.platform == "win32" else uid())
    except (OSError, ValueError):
        raise Failure("programs cannot be seen. Check that /proc is mounted and readable, then scan again.") from None
    machine = Machine(
        Path.home(),
        os.environ,
        reader,
        loopback=rules.config.loopback,
        hold_ms=(rules.policy.detection.hold_hours if rules.policy else 24) * HOUR_MS,
    )
    with progress("Looking") as tell:
        seen = asyncio.run(look(machine, lambda done, what: tell(done, 1.0, what)))
    if as_json:
        now = int(time.time() * 1000)
        listed = [finding_json(finding, now) for finding in seen.findings]
        print_json({"scanned": seen.counts(), "complete": seen.complete, "findings": listed})
    else:
        show(seen)


def _require_notice(instance: Instance) -> None:
    """Refuse a scan that nobody at a terminal asks for before the notice was shown.

    Raises:
        Failure: The notice was not shown; the text says what to do.
    """
    if sys.stdin.isatty() and sys.stdout.isatty():
        return
    try:
        gates = ask(instance, "status").result["gates"]
    except NotRunning:
        gates = []
    if any(gate["purpose"] == Purpose.DETECT.value and gate["reason"] not in NOTICE_NOT_SHOWN for gate in gates):
        return
    raise Failure(
        "a scan from a script needs the notice to have been shown first. Read it with: gleanwatch consent review, "
        "or run the scan at a terminal."
    )


async def look(machine: Machine, tell: Tell = lambda done, what: None) -> Seen:
    """Look at one machine once.

    Args:
        machine: What to look at.
        tell: Told how far it is.
    """
    clock = SystemClock()
    tell(0.0, "Running programs")
    starts = _starts(machine.reader, clock.now())
    tree = CachedTree(machine.reader, agent=os.getpid())
    for started in starts:
        tree.saw(started)
    platforms = load_platforms()
    addresses = PlatformAddresses(
        platforms.platform_of_host,
        [host for key in platforms.keys for host in platforms.page_hosts(key)],
        clock,
        ranges=load_ranges(),
        loopback=machine.loopback,
        resolver=machine.resolver,
    )
    sockets = socket_lister(machine.reader, addresses.ports)
    code = CodeReader()
    # An entry of the catalogue that went wrong is left out, as in the agent, whose health names it.
    catalogue = load_catalogue(on_error=lambda _problem: None)
    identifier = Identifier(catalogue, code, machine.home, above=tree.ancestors)
    connections = PlatformConnections(sockets, addresses)
    detector = Detector(
        identifier.identify,
        connections,
        tree,
        clock,
        lambda: secrets.token_urlsafe(9),
        hold_ms=machine.hold_ms,
        refine=identifier.refine,
        recognise=identifier.installed,
        judge=load_rules(),
        package_of=identifier.package_of,
    )
    try:
        tell(0.1, "Installed packages")
        search = PackageSearch(
            machine.system,
            machine.home,
            machine.env,
            clock.monotonic,
            prefixes=_prefixes(starts),
            root=machine.root,
        )
        packages = list(
            search.find(lambda done, total, what: tell(0.1 + 0.6 * done / max(total, 1), what.capitalize()))
        )
        packages += find_caches(machine.system, machine.home, machine.env)
        tell(0.7, "Browser extensions")
        extensions = list(find_extensions(profile_roots(machine.system, machine.home, machine.env)))
        detector.installed([*packages, *extensions], complete=True)
        for done, started in enumerate(starts):
            tell(0.75 + 0.25 * done / len(starts), "Running programs")
            await detector.started(started)
            await detector.refine(started)
        if any(connections.activity_of(key).opened for key in detector.candidates()):
            # Only now are names resolved: a scan that met no talking tool asks no name server anything.
            await addresses.refresh()
            detector.tick(clock.now())
    finally:
        await code.close()
        sockets.close()
    findings = sorted(detector.open_findings(), key=_order)
    places = _places([*packages, *extensions], identifier.installed)
    return Seen(findings, places, len(packages), len(extensions), len(starts), search.complete)


def _starts(reader: ProcessReader, now: int) -> list[ProcessStarted]:
    """Read the person's processes, oldest first so that parents come before their children; not this one."""
    found = []
    for pid in reader.pids():
        reading = reader.read(pid) if pid != os.getpid() else None
        if isinstance(reading, Reading):
            who = reading.identity
            found.append(ProcessStarted(who.key, who.parent, who.name, reading.command, now))
    return sorted(found, key=lambda one: (one.key.started_at, one.key.pid))


def _prefixes(starts: Iterable[ProcessStarted]) -> set[Path]:
    """Return the prefixes of the Pythons that run now, this one included.

    What was typed names a virtual environment, what runs names the Python behind it: both count.
    """
    found = {Path(sys.prefix)}
    for started in starts:
        command = started.command
        typed = command.argv[0] if command.argv and os.sep in command.argv[0] else ""
        for path in (Path(command.cwd or os.sep, typed) if typed else None, Path(command.exe) if command.exe else None):
            if path is not None and path.name.lower().startswith(("python", "pypy")):
                # <prefix>/bin/python, <prefix>/Scripts/python.exe in an environment, <prefix>/python.exe on Windows.
                found |= {path.parent.parent, path.parent} if os.name == "nt" else {path.parent.parent}
    return found


def _places(
    found: Iterable[PackageFound | ExtensionFound],
    recognise: Callable[[PackageFound | ExtensionFound], Identified | None],
) -> dict[str, list[tuple[str, str]]]:
    """Return where each tool is installed, with its version; each place and version once."""
    places: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for item in found:
        identified = recognise(item)
        if identified is not None:
            where = item.ecosystem if isinstance(item, PackageFound) else f"extension of {item.browser}"
            places[identified.tool][where, item.version] = None
    return {tool: list(seen) for tool, seen in places.items()}


def _order(finding: Finding) -> tuple[int, bool, int, str]:
    """By family, within it what is flagged first, then what has got furthest."""
    known = finding.family in FAMILIES
    family = FAMILIES.index(finding.family) if known else len(FAMILIES)
    return family, not finding.flagged, -finding.stage.rank, finding.name.casefold()


def show(seen: Seen) -> None:
    """Print a table by family, and the summary."""
    say = console()
    if seen.findings:
        for table in _tables(seen):
            say.print(table)
    else:
        say.print("[green]No tool for bulk collection was found.[/]")
        say.print("  Whether one would be flagged, before you install it:  gleanwatch ask TOOL")
        say.print("  What a flag looks like:                               gleanwatch try")
    counts = seen.counts()
    say.print(
        f"{counts['packages']:,} packages, {counts['extensions']:,} browser extensions and {counts['processes']:,} "
        f"programs looked at; {counts['tools']} known tools, {counts['running']} of them running. Nothing was stored.",
        soft_wrap=True,
    )
    if not seen.complete:
        say.print(
            "[yellow]The walk below your home folder stopped at its limit: environments further down are missing.[/]",
            soft_wrap=True,
        )
    if any(finding.flagged for finding in seen.findings):
        say.print("⚑ would be flagged. Why, and what is allowed instead: gleanwatch ask TOOL")


def _tables(seen: Seen) -> Iterator[Table]:
    """Yield one table for each family, all with the same columns; the first carries their names."""
    rows = [(finding.family, tuple(_row(finding, seen.places.get(finding.tool, ())))) for finding in seen.findings]
    widths = [max(cell_len(row[column]) for _, row in rows) for column in range(3)]
    for index, (family, listed) in enumerate(groupby(rows, key=lambda row: row[0])):
        table = Table(
            title=family, title_justify="left", title_style="bold cyan", box=None, show_header=not index, expand=False
        )
        for column, width, widest in zip(("tool", "where", "version"), widths, (28, 26, 20), strict=True):
            table.add_column(column, width=min(max(width, len(column)), widest), overflow="fold")
        table.add_column("stage", width=10)
        table.add_column("level", width=8)
        table.add_column("why", overflow="fold")
        for _, row in listed:
            table.add_row(*row)
        yield table


def _row(finding: Finding, places: Sequence[tuple[str, str]]) -> Iterator[str]:
    where = dict.fromkeys(["running"] if finding.stage is not Stage.INSTALLED else [])
    where.update(dict.fromkeys(place for place, _ in places))
    versions = dict.fromkeys(version for _, version in places if version)
    mark = "⚑ " if finding.flagged else ""
    yield _plain(finding.name)
    yield _plain(", ".join(where))
    yield _plain(", ".join(versions))
    yield finding.stage.value
    yield f"[{LEVEL_STYLE[finding.level.value]}]{mark}{finding.level.value}[/]"
    yield _plain(finding.evidence[0].detail if finding.evidence else "")


def _plain(text: str) -> str:
    """Return a foreign text so that a terminal shows it and does not obey it."""
    return escape("".join(character if character.isprintable() else "?" for character in text))
