"""Asks every question about a started process in the order of DESIGN 3.8 and gives one answer.

```
command line → browser or its driver? → a known program? → whose package is it? → what does that say of itself?
             → what does the script do? → what is the executable made of?        → Identified, or nothing to mention
```
The first questions need the command line and names only, which is every tool of the catalogue that was started as
itself; scripts of the person's own and unknown executables are read, in the helper process. `refine` looks a second
time at a tool that was handed a script (`scrapy runspider x.py`), after the first finding is out. `installed` answers
for packages, browser extensions and automation browsers. The command line is forgotten when the answer is given.
"""

from __future__ import annotations

import os
import re
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from agent.content.catalogue import Catalogue, Kind, Tool
from agent.detection import weights
from agent.detection.context import recognised
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify import binary, browser, debian
from agent.detection.identify.answers import asked_of, by_name, of_tool, says_nothing, with_modes
from agent.detection.identify.entry_point import Entry, entry_of
from agent.detection.identify.executable import Form, Language, Program, program_of
from agent.detection.identify.folders import Distributions, absolute, is_file, normal, read_head
from agent.detection.identify.golang import is_unpublished
from agent.detection.identify.helper import TOO_LARGE, CodeReader
from agent.detection.identify.imports import judge
from agent.detection.identify.modes import Asked, asked_in_general
from agent.detection.identify.own_words import Said, capability
from agent.detection.identify.package import Packages, describe
from agent.detection.identify.parse.binary_facts import BinaryFacts
from agent.detection.identify.parse.vocabulary import SHELL_FETCHERS, all_own, hosts
from agent.detection.identify.renamed import KnownBuilds
from agent.detection.identify.standard_input import ProcStdin, StdinOf, given_to
from agent.detection.identify.unread import Why, unread
from agent.detection.identify.verdicts import Verdicts, stamp_of
from agent.detection.identify.yara import INTERPRETERS
from agent.model.events import CommandLine, ExtensionFound, PackageFound, ProcessStarted
from agent.model.findings import Evidence, EvidenceClass

_SCRIPT_ENDINGS = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "javascript",
}
_UNREAD = frozenset([Language.OTHER])
_FETCHING_WORDS = ("curl", "wget", "http", "done", "xargs", "parallel", "aria2", "lynx", "w3m")
"""One of these is in every shell script that is worth reading; most have none."""
_MAX_TAKEN = 256
_MAX_ARGUMENTS = 200
_ADDRESS = re.compile(r"(?:https?://|(?:[a-z0-9-]+\.)+[a-z]{2,}/)\S", re.IGNORECASE)


def nothing_above(_pid: int) -> tuple[str, ...]:
    """Know of no process above."""
    return ()


def no_mark(_text: str) -> str:
    """Tell scripts apart by their libraries only."""
    return ""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A command line, taken apart once for all who ask about the same start; forgotten with it."""

    command: weakref.ref[CommandLine]
    program: Program
    entry: Entry


class Identifier:
    """Which tool is it? Holds caches only; safe to ask from many tasks."""

    def __init__(
        self,
        catalogue: Catalogue,
        reader: CodeReader,
        home: Path | None = None,
        stdin: StdinOf | None = None,
        *,
        above: Callable[[int], tuple[str, ...]] = nothing_above,
        mark: Callable[[str], str] = no_mark,
        monotonic: Callable[[], float] = time.monotonic,
        secret: bytes = b"",
    ) -> None:
        """Join the parts.

        Args:
            catalogue: Every known tool.
            reader: Reads foreign code in its helper process.
            home: The person's home folder, where `pip install --user` puts packages; None when there is none.
            stdin: Asks the system what an interpreter was given on standard input.
            above: Base names of the processes above one, nearest first.
            mark: Makes a short keyed hash of a script's path or code, to tell the person's own scripts apart.
            monotonic: Seconds that never go back.
            secret: Keys the memory of answers; random where left out.
        """
        self._stdin = stdin if stdin is not None else ProcStdin()
        self._catalogue = catalogue
        self._reader = reader
        reader.knows(name for tool in catalogue.tools for name in tool.imports)
        self._home = home
        self._above = above
        self._mark = mark
        self._distributions = Distributions()
        self._packages = Packages()
        self._debian = debian.DebianPackages()
        self._builds = KnownBuilds(name for tool in catalogue.tools for name in tool.executables)
        self._verdicts = Verdicts(secret or os.urandom(32), monotonic)
        self._taken: OrderedDict[int, _Taken] = OrderedDict()

    async def identify(self, event: ProcessStarted) -> Identified | None:
        """Answer which tool a process is, or None when it is none of ours to mention."""
        if event.key.pid == self._reader.pid:
            return None
        name = self._verdicts.name(event.command)
        held = self._verdicts.get(name)
        if held is not None:
            return held.answer
        taken = self._take(event)
        driven = self._browser(event, taken)
        if driven is not None:
            return driven  # who stands above it is part of the answer: not for another start
        program, entry = taken.program, taken.entry
        path = entry.script or (_executable(event.command) if program.language is None else "")
        stamp = stamp_of(path) if path else None
        facts = await self._look(program, event.command)
        renamed = self._renamed(facts, event)
        if renamed is not None:
            program, entry = renamed
            if entry.script:
                path, stamp = entry.script, stamp_of(entry.script)
        if program.language is not None:
            answer = await self._run(program, entry)
        else:
            answer = self._native(program, path, facts)
        if name is not None and program.form is not Form.NOTHING:
            package, plain = _package(taken), answer is None and self._plain(event.command, taken)
            self._verdicts.keep(name, path, stamp, answer, package=package, plain=plain)
        return answer

    def plain(self, event: ProcessStarted) -> bool:
        """Say whether it is remembered of a start that nothing of it is worth a thought, as of nearly all."""
        held = self._verdicts.get(self._verdicts.name(event.command))
        return held is not None and held.plain

    async def refine(self, event: ProcessStarted) -> Identified | None:
        """Read the script that a catalogued tool was handed, and return what it adds; None when it adds nothing."""
        path, language = _script_among(self._program(event), event.command.cwd)
        if not path:
            return None
        taken = self._take(event)
        first = self._known(taken.program, taken.entry) if taken.program.language is not None else None
        first = first or self._by_executable(taken.program)
        if first is None:
            return None
        facts = await self._reader.read_file(path, language)
        found = judge(facts, language, self._catalogue, self._distributions, ()) if facts is not None else None
        if found is None:
            return None
        modes = tuple(sorted({*first.modes, *found.modes}))
        return replace(first, evidence=(*first.evidence, *found.evidence), modes=modes)

    def fetcher(self, event: ProcessStarted) -> tuple[Identified, tuple[str, ...]] | None:
        """Answer for a program that fetches one address and ends, with keyed hashes of the addresses on its line.

        Returns:
            Who it is, as an engine that says nothing by itself; None for whatever else it is, or where every address is
            this machine's own.
        """
        program = self._program(event)
        if program.language is not None or len(program.arguments) > _MAX_ARGUMENTS:
            return None
        if program.word in SHELL_FETCHERS:
            found = self._by_executable(program)
        else:
            start = browser.started(program, event.command, ())
            found = browser.judge(start) if start is not None and start.one_page else None
        if found is None or found.quiet or found.role is not Role.ENGINE:
            return None
        addresses = {one for one in program.arguments if _ADDRESS.match(one) and not all_own(hosts(one))}
        return (found, tuple(sorted(self._verdicts.hash(one) for one in addresses))) if addresses else None

    def package_of(self, event: ProcessStarted) -> str | None:
        """Return the package that owns a process's code, empty where it is the person's own; None where unknown."""
        held = self._verdicts.get(self._verdicts.name(event.command))
        return held.package if held is not None else _package(self._take(event))

    def installed(self, found: PackageFound | ExtensionFound) -> Identified | None:
        """Answer which tool an installed package or browser extension is; None for what is not worth a card."""
        tool, kind = self._of_inventory(found)
        if tool is None:
            return _by_its_name(found) if isinstance(found, ExtensionFound) else None
        if tool.role != "collector" and tool.family == "generic-http":
            return None
        strength = weights.INVENTORY_COLLECTOR if tool.role == "collector" else weights.INVENTORY_ENGINE
        if not self._catalogue.is_verified(tool, kind):
            strength = weights.NAME_UNVERIFIED
        detail = "a browser extension is installed" if kind == "extensions" else f"a {kind} package is installed"
        if isinstance(found, PackageFound) and found.ecosystem == "cache":
            detail = "it has brought a browser of its own along"
        return of_tool(tool, (Evidence(EvidenceClass.PACKAGE, "inventory.installed", detail, strength),), Asked())

    def _of_inventory(self, found: PackageFound | ExtensionFound) -> tuple[Tool | None, Kind]:
        if isinstance(found, ExtensionFound):
            return self._catalogue.by_extension(found.extension_id), "extensions"
        if found.ecosystem == "npm":
            return self._catalogue.by_npm(found.name), "npm"
        if found.ecosystem == "debian":
            return self._catalogue.by_debian(found.name), "debian"
        tool = self._catalogue.by_pypi(found.name)
        if tool is None and found.ecosystem == "cache":
            return self._catalogue.by_npm(found.name), "npm"
        return tool, "pypi"

    def _held(self, event: ProcessStarted) -> _Taken | None:
        held = self._taken.get(event.key.pid)
        return held if held is not None and held.command() is event.command else None

    def _program(self, event: ProcessStarted) -> Program:
        """Return what runs, without looking for where its code begins."""
        held = self._held(event)
        return held.program if held is not None else program_of(event.command, event.name)

    def _take(self, event: ProcessStarted) -> _Taken:
        """Take a command line apart, or return how that was done a moment ago."""
        held = self._held(event)
        if held is not None:
            return held
        program = program_of(event.command, event.name)
        entry = self._entry(program, event.command, event) if program.language is not None else Entry()
        held = self._taken[event.key.pid] = _Taken(self._while_it_lasts(event), program, entry)
        while len(self._taken) > _MAX_TAKEN:
            self._taken.popitem(last=False)
        return held

    def _entry(self, program: Program, command: CommandLine, event: ProcessStarted) -> Entry:
        """Return where the code of an interpreter's process begins; `command` is its line under its usual name."""
        given = given_to(program, event.key.pid, event.parent, self._stdin)
        return entry_of(program, command, self._distributions, self._home, given)

    def _while_it_lasts(self, event: ProcessStarted) -> weakref.ref[CommandLine]:
        """Return a reference to a command line that drops what was taken from it when it goes."""
        taken, pid = self._taken, event.key.pid

        def gone(reference: weakref.ref[CommandLine]) -> None:
            if pid in taken and taken[pid].command is reference:
                del taken[pid]

        return weakref.ref(event.command, gone)

    def _plain(self, command: CommandLine, taken: _Taken) -> bool:
        """Say whether a program that is no tool is no fetching program or browser either, and no runner of others."""
        program = taken.program
        if program.language is None and (program.word in SHELL_FETCHERS or browser.started(program, command, ())):
            return False
        return recognised(program, _package(taken)) is None

    def _browser(self, event: ProcessStarted, taken: _Taken) -> Identified | None:
        """Answer for a browser, its driver, or a server that hands one to a language model."""
        entry = taken.entry
        needs: frozenset[str] = frozenset()
        if entry.package:
            if self._owner(entry)[0] is not None:
                return None
            said = describe(entry.ecosystem, entry.folder)
            needs = said.dependencies if said is not None else needs
        above = self._above(event.key.pid)
        start = browser.started(taken.program, event.command, above, package=entry.package, dependencies=needs)
        # One page printed is nobody's business; many are a fetching program's loop, which `fetcher` is asked about.
        return browser.judge(start) if start is not None and not start.one_page else None

    # Native programs

    async def _look(self, program: Program, command: CommandLine) -> BinaryFacts | None:
        """Return what a native program is made of that neither its name nor its place says anything of, or None."""
        path = _executable(command)
        if program.language is not None or self._by_executable(program) or not binary.worth_looking(path, program.base):
            return None
        return await binary.look(path, self._reader)

    def _renamed(self, facts: BinaryFacts | None, event: ProcessStarted) -> tuple[Program, Entry] | None:
        """Return what an interpreter under another name was given, for that is the program; None where it is none."""
        spoken = facts.yara if facts is not None else ()
        as_what = INTERPRETERS.get(next((rule for rule in spoken if rule in INTERPRETERS), ""))
        if as_what is None:
            return None
        called = replace(event.command, argv=(as_what, *event.command.argv[1:]), exe=as_what)
        inner = program_of(called)
        return inner, self._entry(inner, called, event)

    def _native(self, program: Program, path: str, facts: BinaryFacts | None) -> Identified | None:
        found = self._by_executable(program)
        if found is not None:
            return None if says_nothing(found) else found
        if debian.is_systems_own(path):
            package = self._debian.package_of(path)
            found = debian.judge(package) if package is not None else None
            return self._asked_in_general(found, program)
        if facts is None:
            return None
        found = binary.judge(facts, self._catalogue, name=program.base, name_of=self._builds.name_of)
        if found is None and facts.language == "go" and is_unpublished(facts.module):
            found = unread(Why.OWN_BUILD, "go", self._mark(path))
        tool = self._catalogue.by_id(found.tool) if found is not None else None
        if found is not None and tool is not None:
            found = asked_of(tool, program, found.evidence)
            return None if says_nothing(found) else found
        return self._asked_in_general(found, program)

    def _by_executable(self, program: Program) -> Identified | None:
        tool = self._catalogue.by_executable(program.word) or self._catalogue.by_executable(program.base)
        if tool is None:
            return None
        return asked_of(tool, program, (by_name(self._catalogue, tool, own_file=False),))

    def _asked_in_general(self, found: Identified | None, program: Program) -> Identified | None:
        """Add what a program outside the catalogue was asked for; for one thing, an engine is nobody's."""
        if found is None:
            return None
        found = with_modes(found, asked_in_general(program.arguments, found.capability), weights.FLAGS_GENERIC)
        return None if says_nothing(found) else found

    # Programs of interpreters

    async def _run(self, program: Program, entry: Entry) -> Identified | None:
        known = self._known(program, entry)
        if known is not None:
            return None if says_nothing(known) else known
        if entry.package and not entry.script:
            found = self._packages.identified(entry.ecosystem, entry.package, entry.folder)
            if found is not None:
                return self._asked_in_general(found, program)
            entry = _own_package(entry)
        if entry.installed and debian.is_systems_own(entry.script):
            package = self._debian.package_of(entry.script)
            return self._asked_in_general(debian.judge(package) if package is not None else None, program)
        return await self._own(program, entry)

    def _known(self, program: Program, entry: Entry) -> Identified | None:
        """Answer from the package, or from the name of the script; None when neither is known."""
        named = self._catalogue.by_executable(program.word) if _may_be_named(program, entry) else None
        tool, kind = self._owner(entry)
        if tool is not None:
            strength = weights.PACKAGE_COLLECTOR if tool.role == "collector" else weights.PACKAGE_ENGINE
            if not self._catalogue.is_verified(tool, kind):
                strength = weights.NAME_UNVERIFIED
            what = entry.package or entry.module.split(".")[0]
            rule = weights.UNVERIFIED_RULE if strength == weights.NAME_UNVERIFIED else "catalogue.entry-point"
            pieces: tuple[Evidence, ...] = (
                Evidence(EvidenceClass.PACKAGE, rule, f"its code belongs to {what}", strength),
            )
            if named is not None and named.id == tool.id:
                pieces = (*pieces, by_name(self._catalogue, tool, own_file=False))
            return asked_of(tool, program, pieces)
        if named is not None:
            own_file = not entry.installed or program.language in (Language.PYTHON, Language.JAVASCRIPT)
            return asked_of(named, program, (by_name(self._catalogue, named, own_file=own_file),))
        return None

    def _owner(self, entry: Entry) -> tuple[Tool | None, Kind]:
        if entry.ecosystem == "npm" and entry.package:
            return self._catalogue.by_npm(entry.package), "npm"
        if entry.package:
            tool = self._catalogue.by_pypi(entry.package)
            if tool is not None:
                return tool, "pypi"
        parts = entry.module.split(".")
        for length in range(len(parts), 0, -1):
            tool = self._catalogue.by_import(".".join(parts[:length])) if parts[0] else None
            if tool is not None:
                return tool, "imports"
        return None, "imports"

    async def _own(self, program: Program, entry: Entry) -> Identified | None:
        """Read the person's own script or code, in the helper process."""
        if program.language is None or program.language in _UNREAD:
            return None
        if program.language is Language.SHELL and not _may_fetch(entry):
            return None
        language = program.language.value
        if entry.script:
            read = await self._reader.reading(entry.script, language)
            facts, mark = read.facts, self._mark(entry.script)
            if read.reason == TOO_LARGE:
                return unread(Why.TOO_LARGE, language, mark)
        elif entry.code:
            facts, mark = await self._reader.read_code(entry.code, language), self._mark(entry.code)
        else:
            return None
        if facts is None:
            return None
        return judge(facts, language, self._catalogue, self._distributions, entry.sites, mark=mark)


def _package(taken: _Taken) -> str | None:
    if taken.program.language is None:
        return None
    return taken.entry.package or ("" if taken.entry.script or taken.entry.code else None)


def _executable(command: CommandLine) -> str:
    return command.exe.removesuffix(" (deleted)")


def _script_among(program: Program, cwd: str) -> tuple[str, str]:
    """Return path and language of the first script among a tool's arguments, or two empty strings."""
    for argument in program.arguments[:16]:
        language = _SCRIPT_ENDINGS.get(Path(argument).suffix.lower(), "") if len(argument) < 4096 else ""
        path = absolute(argument, cwd) if language and not argument.startswith("-") else ""
        if path and is_file(path):
            return path, language
    return "", ""


def _may_fetch(entry: Entry) -> bool:
    """Return whether a shell's script or code speaks of fetching or of a loop at all: most need not be read."""
    text = entry.code or read_head(entry.script, 65_536)
    return any(word in text for word in _FETCHING_WORDS)


def _may_be_named(program: Program, entry: Entry) -> bool:
    """Return whether a script's name says something: not with a language's ending; a shell's only where installed."""
    if program.form is not Form.SCRIPT or Path(program.target).suffix.lower() in _SCRIPT_ENDINGS:
        return False
    return program.language in (Language.PYTHON, Language.JAVASCRIPT, Language.JAVA) or entry.installed


def _own_package(entry: Entry) -> Entry:
    """Return where to read in a package that was installed from a folder of this machine: the module it begins in.

    Such a package (PEP 610, `direct_url.json`) was published nowhere, so that its words are nobody's advertisement and
    its code is a script of the person's own.
    """
    if entry.ecosystem != "pypi" or not entry.module or "file:" not in read_head(f"{entry.folder}/direct_url.json"):
        return replace(entry, script="")
    base = Path(Path(entry.folder).parent, *entry.module.split("."))
    for candidate in (base.with_name(base.name + ".py"), base / "__main__.py", base / "__init__.py"):
        if is_file(candidate):
            return replace(entry, script=str(candidate), installed=False)
    return replace(entry, script="")


def _by_its_name(found: ExtensionFound) -> Identified | None:
    """Answer for an extension that the catalogue does not know by what its name says, where it may read pages."""
    if not found.reads_pages or not found.name:
        return None
    able = capability(Said(name=normal(found.name).replace("-", " "), summary=found.name.lower()))
    if able is None:
        return None
    detail = f"an extension that may read pages calls itself {able.says}"
    return Identified(
        tool=f"extension:{found.extension_id}",
        name=found.name[:80],
        family="scraper-extension",
        role=Role.COLLECTOR,
        bulk=Bulk.MODES,
        evidence=(Evidence(EvidenceClass.PACKAGE, "inventory.own-words", detail, weights.INVENTORY_ENGINE),),
        techniques=("T1119", "T1176", "OAT-011"),
        capability="exports",
    )
