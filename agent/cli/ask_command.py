"""Judges a command line or a script before anybody runs it, by the very identification that the agent uses.

```
what was typed → what the kernel would make of it (PATH, «#!» line) → Identifier, in memory → Judged
```
Nothing is started, asked or stored: the entry file and package metadata are read as the agent would read them, and the
command line is forgotten with the answer.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from agent.content.catalogue import Catalogue
from agent.content.platforms import Platforms
from agent.detection import weights
from agent.detection.identified import Identified, Role
from agent.detection.identify.executable import Form, program_of
from agent.detection.identify.folders import absolute
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.detection.identify.parse.facts import CodeFacts
from agent.detection.scoring import flagged, level
from agent.model.events import CommandLine, ProcessKey, ProcessStarted
from agent.model.findings import CollectMode, Evidence, EvidenceClass, Level, Stage

_HEAD_BYTES: Final = 256
"""As much of a file's first line as the Linux kernel looks at."""
_INTERPRETERS: Final = {
    ".py": "python3",
    ".js": "node",
    ".mjs": "node",
    ".cjs": "node",
    ".ts": "node",
    ".sh": "bash",
    ".bash": "bash",
    ".pl": "perl",
    ".rb": "ruby",
    ".php": "php",
    ".r": "Rscript",
    ".lua": "lua",
    ".pyz": "python3",
}
"""With what a script is run that does not say so itself."""
_LONGEST_ADDRESS: Final = 2048
_NEVER: Final = ProcessKey(2**31 - 1, 0)
"""A process that cannot be: nothing of a real one is looked at."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the agent would make of a command.

    Attributes:
        name: Base name of the program or script.
        found: Which tool it would be recognised as; None where it is nothing to mention.
        level: How sure the start alone makes it.
        flagged: Whether the start alone is a warning.
        talking: Whether it is one once it talks to a watched platform.
        looped: Whether it is one when it is started again and again.
        platforms: Watched platforms that its arguments or its code name, sorted.
    """

    name: str
    found: Identified | None
    level: Level
    flagged: bool
    talking: bool
    looped: bool
    platforms: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """Sum up: `always` (by being started), `sometimes`, or `never`."""
        if self.flagged:
            return "always"
        return "sometimes" if self.talking or self.looped else "never"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command would be started: what a shell knows besides the words."""

    cwd: Path
    path: str
    home: Path | None
    loopback: Mapping[str, str] = field(default_factory=dict)


def is_file_named(word: str, cwd: Path) -> bool:
    """Return whether a word means a file rather than a name: it is written as a path, or is a script that lies here."""
    if not word:
        return False
    return os.sep in word or (Path(word).suffix.lower() in _INTERPRETERS and (cwd / word).is_file())


def as_started(words: Sequence[str], place: Place) -> CommandLine | None:
    """Return a command as the kernel would start it, with its `#!` line followed; None where there is no such program.

    A script that is not executable is taken to be run by the interpreter of its ending, as `python3 script.py` does.
    """
    word = words[0]
    file = _file_of(word, place)
    if file is None:
        return None
    interpreter = _interpreter(file)
    if interpreter is None:
        return CommandLine(tuple(words), os.path.realpath(file), str(place.cwd))
    program = shutil.which(interpreter[0], path=place.path) or interpreter[0]
    argv = (interpreter[0], *interpreter[1:], str(file), *words[1:])
    return CommandLine(argv, os.path.realpath(program), str(place.cwd))


async def judge(words: Sequence[str], place: Place, catalogue: Catalogue, platforms: Platforms) -> Judged | None:
    """Judge a command; None where there is no such program or file, and no tool of that name either.

    Args:
        words: The command line, at least one word.
        place: Where it would be started.
        catalogue: Every known tool.
        platforms: The watched platforms.
    """
    command = as_started(words, place)
    base = Path(words[0]).name
    if command is None:
        if os.sep in words[0] or catalogue.by_executable(base.lower()) is None:
            return None
        command = CommandLine(tuple(words), "", str(place.cwd))
    event = ProcessStarted(_NEVER, 1, base[:15], command, 0)
    reader = CodeReader(loopback=place.loopback)
    try:
        identifier = Identifier(catalogue, reader, place.home)
        found = await identifier.identify(event)
        if found is not None:
            found = await identifier.refine(event) or found
        in_code = await _platforms_of_script(event, reader) if found is not None else frozenset()
    finally:
        await reader.close()
    in_words = {key for word in words[1:] if (key := _platform_in(word, platforms))}
    named = tuple(sorted(in_words | (in_code & platforms.keys)))
    if found is None:
        return Judged(base, None, Level.HIDDEN, flagged=False, talking=False, looped=False, platforms=named)
    return _weighed(base, found, named)


def _weighed(base: str, found: Identified, named: tuple[str, ...]) -> Judged:
    """Put a recognised command through the agent's scoring: as it starts, as it talks to a platform, and in a loop."""
    proven = [piece for piece in found.evidence if piece.rule != weights.UNVERIFIED_RULE]
    asks = found.asks_for_many
    network = Evidence(EvidenceClass.NETWORK, "network.platform", "", weights.NETWORK_PLATFORM)
    stage = Stage.COLLECTING if asks or found.role is not Role.COLLECTOR else Stage.RUNNING
    loud = not found.quiet
    return Judged(
        name=base,
        found=replace(found, evidence=tuple(sorted(found.evidence, key=lambda piece: -piece.weight))),
        level=level(found.evidence),
        flagged=flagged(level(proven), Stage.RUNNING, found.modes, asks),
        talking=loud and flagged(level([*proven, network]), stage, found.modes, asks),
        looped=loud and flagged(level(proven), Stage.RUNNING, [*found.modes, CollectMode.LOOP], asks),
        platforms=named,
    )


async def _platforms_of_script(event: ProcessStarted, reader: CodeReader) -> frozenset[str]:
    """Return the platforms that a script's own code names; the reader has read it already, so it answers at once."""
    program = program_of(event.command, event.name)
    if program.language is None or program.form is not Form.SCRIPT:
        return frozenset()
    facts = await reader.read_file(absolute(program.target, event.command.cwd), program.language.value)
    return frozenset(facts.platforms) if isinstance(facts, CodeFacts) else frozenset()


def _file_of(word: str, place: Place) -> Path | None:
    if is_file_named(word, place.cwd):
        file = place.cwd / word
        return file if file.is_file() else None
    found = shutil.which(word, path=place.path)
    return Path(found) if found else None


def _interpreter(file: Path) -> tuple[str, ...] | None:
    """Return what a script is run with, and its one argument; None for what is no script."""
    try:
        with file.open("rb") as opened:
            line = opened.read(_HEAD_BYTES).partition(b"\n")[0]
    except OSError:
        line = b""
    if not line.startswith(b"#!"):
        by_ending = _INTERPRETERS.get(file.suffix.lower())
        return (by_ending,) if by_ending is not None else None
    words = line[2:].decode("utf-8", "replace").strip().split(None, 1)
    if not words:
        return None
    if Path(words[0]).name != "env":
        return tuple(words)
    rest = words[1].removeprefix("-S").split() if len(words) > 1 else []
    named = [word for word in rest if "=" not in word]
    return tuple(named) or None


def _platform_in(word: str, platforms: Platforms) -> str | None:
    """Return the watched platform that an argument names by its address."""
    if "." not in word or len(word) > _LONGEST_ADDRESS:
        return None
    try:
        host = urlsplit(word if "://" in word else f"//{word}").hostname
    except ValueError:
        return None
    return platforms.platform_of_host(host) if host else None
