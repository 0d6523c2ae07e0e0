"""Asks every question about a started process in the order of DESIGN 3.8 and gives one answer.

`identify` answers at once wherever the command line, the entry point or the package is enough, which is every tool of
the catalogue that was started by its own name; only a script of the person's own is read, in the helper process.
`refine` looks a second time at a tool that was handed a script (`scrapy runspider x.py`), after the first finding is
out. `installed` answers for packages and browser extensions. The command line is forgotten when the answer is given.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent.content.catalogue import Catalogue, Kind, Tool
from agent.detection import weights
from agent.detection.identified import Bulk, Identified, Role
from agent.detection.identify.entry_point import Entry, entry_of
from agent.detection.identify.executable import Form, Language, Program, program_of
from agent.detection.identify.folders import Distributions, absolute, read_head
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.imports import by_own_words, judge
from agent.detection.identify.modes import Asked, asked, asked_in_general
from agent.detection.identify.standard_input import ProcStdin, StdinOf, given_to
from agent.model.events import ExtensionFound, PackageFound, ProcessStarted
from agent.model.findings import Evidence, EvidenceClass

_SCRIPT_ENDINGS = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "javascript",
}


class Identifier:
    """Which tool is it? Holds caches only; safe to ask from many tasks."""

    def __init__(
        self, catalogue: Catalogue, reader: CodeReader, home: Path | None = None, stdin: StdinOf | None = None
    ) -> None:
        """Join the parts.

        Args:
            catalogue: Every known tool.
            reader: Reads foreign code in its helper process.
            home: The person's home folder, where `pip install --user` puts packages; None when there is none.
            stdin: Asks the system what an interpreter was given on standard input.
        """
        self._stdin = stdin if stdin is not None else ProcStdin()
        self._catalogue = catalogue
        self._reader = reader
        self._home = home
        self._distributions = Distributions()

    async def identify(self, event: ProcessStarted) -> Identified | None:
        """Answer which tool a process is, or None when it is none of ours to mention."""
        if event.key.pid == self._reader.pid:
            return None
        program = program_of(event.command, event.name)
        if program.language is None:
            return self._native(program)
        given = given_to(program, event.key.pid, event.parent, self._stdin)
        entry = entry_of(program, event.command, self._distributions, self._home, given)
        known = self._known(program, entry)
        if known is not None:
            return None if _says_nothing(known) else known
        return await self._own(program, entry)

    async def refine(self, event: ProcessStarted) -> Identified | None:
        """Read the script that a catalogued tool was handed, and return what it adds; None when it adds nothing."""
        program = program_of(event.command, event.name)
        if program.language is None:
            first = self._native(program)
        else:
            entry = entry_of(program, event.command, self._distributions, self._home)
            first = self._known(program, entry)
        if first is None:
            return None
        path, language = _script_among(program, event.command.cwd)
        if not path:
            return None
        facts = await self._reader.read_file(path, language)
        found = judge(facts, language, self._catalogue, self._distributions, ()) if facts is not None else None
        if found is None:
            return None
        modes = tuple(sorted({*first.modes, *found.modes}))
        return replace(first, evidence=(*first.evidence, *found.evidence), modes=modes)

    def installed(self, found: PackageFound | ExtensionFound) -> Identified | None:
        """Answer which tool an installed package or browser extension is; None for what is not worth a card."""
        tool, kind = self._of_inventory(found)
        if tool is None or (tool.role != "collector" and tool.family == "generic-http"):
            return None
        strength = weights.INVENTORY_COLLECTOR if tool.role == "collector" else weights.INVENTORY_ENGINE
        if not self._catalogue.is_verified(tool, kind):
            strength = weights.NAME_UNVERIFIED
        detail = "a browser extension is installed" if kind == "extensions" else f"a {kind} package is installed"
        return _made(tool, [Evidence(EvidenceClass.PACKAGE, "inventory.installed", detail, strength)], Asked())

    def _of_inventory(self, found: PackageFound | ExtensionFound) -> tuple[Tool | None, Kind]:
        if isinstance(found, ExtensionFound):
            return self._catalogue.by_extension(found.extension_id), "extensions"
        if found.ecosystem == "pypi":
            return self._catalogue.by_pypi(found.name), "pypi"
        if found.ecosystem == "npm":
            return self._catalogue.by_npm(found.name), "npm"
        return self._catalogue.by_debian(found.name) if found.ecosystem == "debian" else None, "debian"

    def _native(self, program: Program) -> Identified | None:
        tool = self._catalogue.by_executable(program.word) or self._catalogue.by_executable(program.base)
        if tool is None:
            return None
        found = self._asked(tool, program, [_name_evidence(tool, self._name_weight(tool, own_file=False))])
        return None if _says_nothing(found) else found

    def _known(self, program: Program, entry: Entry) -> Identified | None:
        """Answer from the package, or from the name of the script; None when neither is known."""
        by_name = self._catalogue.by_executable(program.word) if _may_be_named(program, entry) else None
        tool, kind = self._owner(entry)
        if tool is not None:
            strength = weights.PACKAGE_COLLECTOR if tool.role == "collector" else weights.PACKAGE_ENGINE
            if not self._catalogue.is_verified(tool, kind):
                strength = weights.NAME_UNVERIFIED
            what = entry.package or entry.module.split(".")[0]
            rule = weights.UNVERIFIED_RULE if strength == weights.NAME_UNVERIFIED else "catalogue.entry-point"
            pieces = [Evidence(EvidenceClass.PACKAGE, rule, f"its code belongs to {what}", strength)]
            if by_name is not None and by_name.id == tool.id:
                pieces.append(_name_evidence(tool, self._name_weight(tool, own_file=False)))
            return self._asked(tool, program, pieces)
        if by_name is not None:
            strength = self._name_weight(by_name, own_file=not _trusted(program, entry))
            return self._asked(by_name, program, [_name_evidence(by_name, strength)])
        if entry.package and not entry.script:
            made = by_own_words(entry.ecosystem, entry.package, entry.folder)
            if made is not None:
                return _with(made, asked_in_general(program.arguments), weights.FLAGS_GENERIC)
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

    def _asked(self, tool: Tool, program: Program, pieces: list[Evidence]) -> Identified:
        """Join who it is with what it was asked for."""
        what = asked(tool, program.arguments)
        return _with(_made(tool, pieces, what), what, weights.FLAGS_MODE)

    def _name_weight(self, tool: Tool, *, own_file: bool) -> float:
        if not self._catalogue.is_verified(tool, "executables"):
            return weights.NAME_UNVERIFIED
        if tool.role != "collector":
            return weights.NAME_ENGINE
        return weights.NAME_SCRIPT if own_file else weights.NAME_COLLECTOR

    async def _own(self, program: Program, entry: Entry) -> Identified | None:
        """Read the person's own script or code, in the helper process."""
        if program.language not in (Language.PYTHON, Language.JAVASCRIPT, Language.SHELL):
            return None
        language = program.language.value
        if program.language is Language.SHELL and not _fetches(entry):
            return None
        if entry.script:
            facts = await self._reader.read_file(entry.script, language)
        elif entry.code:
            facts = await self._reader.read_code(entry.code, language)
        else:
            return None
        if facts is None:
            return None
        return judge(facts, language, self._catalogue, self._distributions, entry.sites)


def _script_among(program: Program, cwd: str) -> tuple[str, str]:
    """Return path and language of the first script among a tool's arguments, or two empty strings."""
    for argument in program.arguments[:16]:
        language = _SCRIPT_ENDINGS.get(Path(argument).suffix.lower(), "")
        path = absolute(argument, cwd) if language and not argument.startswith("-") else ""
        if path and Path(path).is_file():
            return path, language
    return "", ""


def _made(tool: Tool, pieces: list[Evidence], what: Asked) -> Identified:
    return Identified(
        tool=tool.id,
        name=tool.name,
        family=tool.family,
        role=Role(tool.role),
        bulk=Bulk(tool.bulk),
        evidence=tuple(pieces),
        modes=what.modes,
        quiet=what.quiet,
        techniques=tuple(tool.techniques),
    )


def _with(found: Identified, what: Asked, strength: float) -> Identified:
    """Add what the command line asked for."""
    pieces = found.evidence
    if what.modes:
        how = ", ".join(f"{mode.value} ({why})" for mode, why in zip(what.modes, what.because, strict=True))
        unproven = all(piece.rule == weights.UNVERIFIED_RULE for piece in pieces)
        rule = weights.UNVERIFIED_RULE if unproven else "catalogue.mode"
        pieces = (*pieces, Evidence(EvidenceClass.FLAGS, rule, f"asked for many: {how}", strength))
    return replace(found, evidence=pieces, modes=what.modes, quiet=what.quiet)


def _name_evidence(tool: Tool, strength: float) -> Evidence:
    rule = weights.UNVERIFIED_RULE if strength == weights.NAME_UNVERIFIED else "catalogue.executable"
    return Evidence(EvidenceClass.NAME, rule, f"started by the name of {tool.name}", strength)


def _fetches(entry: Entry) -> bool:
    """Return whether a shell's script or code speaks of fetching at all: most never do, and need not be read."""
    text = entry.code or read_head(entry.script, 65_536)
    return ("curl" in text or "wget" in text or "http" in text) and "done" in text


def _may_be_named(program: Program, entry: Entry) -> bool:
    """Return whether a script's name says something: not with a language's ending; a shell's only where installed."""
    if program.form is not Form.SCRIPT or Path(program.target).suffix.lower() in _SCRIPT_ENDINGS:
        return False
    return program.language in (Language.PYTHON, Language.JAVASCRIPT, Language.JAVA) or entry.installed


def _trusted(program: Program, entry: Entry) -> bool:
    return entry.installed and program.language not in (Language.PYTHON, Language.JAVASCRIPT)


def _says_nothing(found: Identified) -> bool:
    """An engine that was asked for one thing is nobody's business; a browser's driver may yet show what it is for."""
    return found.role is Role.ENGINE and found.family != "browser-automation" and not found.modes
