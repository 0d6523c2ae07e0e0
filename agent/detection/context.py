"""What the surroundings of a process take away from the evidence: tests, builds, installations, editors, documentation.

A browser driver under a test runner is what browser drivers are made for; a package manager that names a scraper
installs it and runs nothing. `surroundings` answers for one process, from its own command line, from the package that
owns its code, and from what stands above it. The answer is a factor for the weight of what identification found, and
the reason in words: evidence is multiplied down and never dropped, and what a process *does* (network, cadence,
exports) is not multiplied at all, so that no surroundings are a hiding place (reference detection.md C2, C3).

Nor is a name: a script of the person's own that is merely called `pytest` is no test runner. Where the caller knows
that the code belongs to no package, an interpreted program's name excuses nothing; and where it knows the surroundings
of the parent process, names of ancestors are not asked at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agent.detection import context_names as names
from agent.detection.identify.executable import Form, Program
from agent.detection.weights import CONTEXT_BUILD, CONTEXT_CI, CONTEXT_DEBUG, CONTEXT_INSTALL, CONTEXT_TEST


class Setting(StrEnum):
    """What goes on around a process."""

    TESTS = "tests"
    BUILD_MACHINE = "build machine"
    INSTALLING = "installing"
    BUILDING = "building"
    CHECKING = "checking"
    EDITING = "editing"
    DOCUMENTING = "documenting"
    DEBUGGING = "debugging"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What speaks for ordinary work around one process.

    Attributes:
        factor: What to multiply the weight of its identification with: 1 where nothing speaks for ordinary work.
        why: The reason in words for the finding (`Identified.lowered`); empty where there is none.
        setting: What goes on, or None. Pass it on as `above` for the processes that this one starts.
    """

    factor: float = 1.0
    why: str = ""
    setting: Setting | None = None


ORDINARY: Final = Surroundings()
"""Nothing speaks for ordinary work."""

_MEANING: dict[Setting, Surroundings] = {
    one.setting: one
    for one in (
        Surroundings(CONTEXT_TEST, "it tests, or runs under a test runner", Setting.TESTS),
        Surroundings(CONTEXT_CI, "it runs on a build machine", Setting.BUILD_MACHINE),
        Surroundings(CONTEXT_INSTALL, "it installs software and runs none of it", Setting.INSTALLING),
        Surroundings(CONTEXT_BUILD, "it is part of building software", Setting.BUILDING),
        Surroundings(CONTEXT_BUILD, "it checks code and runs none of it", Setting.CHECKING),
        Surroundings(CONTEXT_BUILD, "an editor started it for the code on the screen", Setting.EDITING),
        Surroundings(CONTEXT_BUILD, "it makes documentation or checks its links", Setting.DOCUMENTING),
        Surroundings(CONTEXT_DEBUG, "it runs under a debugger or profiler", Setting.DEBUGGING),
    )
    if one.setting is not None
}

_BY_NAME: dict[str, Setting] = {
    name: setting
    for listed, setting in (
        (names.DEBUGGING, Setting.DEBUGGING),
        (names.BUILDING, Setting.BUILDING),
        (names.DOCUMENTING, Setting.DOCUMENTING),
        (names.CHECKING, Setting.CHECKING),
        (names.EDITING, Setting.EDITING),
        (names.TESTS, Setting.TESTS),
        (names.BUILD_MACHINES, Setting.BUILD_MACHINE),
    )
    for name in listed
}
_VALUE_OPTIONS = frozenset(["-C", "--cwd", "--dir", "--prefix", "--project", "-p", "--directory", "-w", "--filter"])


def recognised(program: Program, package: str | None = None) -> Setting | None:
    """Say what setting a process makes by itself; None for most programs.

    Args:
        program: The command line, taken apart (`executable.program_of`).
        package: Normalised name of the package that owns its code; empty where it is known to belong to none; None
            where nobody has looked, and the program's name has to do.
    """
    verb, following = _verbs(program.arguments)
    if verb == "tool" and following != "run":
        verb = "add"  # `uv tool install`
    for name in _names(program, package):
        if verb in names.INSTALL_COMMANDS.get(name, ()) or name in names.INSTALLERS:
            return Setting.INSTALLING
        if verb in names.TEST_COMMANDS.get(name, ()):
            return Setting.TESTS
        if verb in names.BUILD_COMMANDS.get(name, ()):
            return Setting.BUILDING
        found = _BY_NAME.get(name)
        if found is not None:
            return found
    return None


def surroundings(
    program: Program,
    ancestors: Sequence[str],
    *,
    package: str | None = None,
    above: Surroundings | None = None,
) -> Surroundings:
    """Say what the surroundings of a process speak for; the most telling reason where there are several.

    Args:
        program: The command line, taken apart.
        ancestors: Base names of the processes above, nearest first (`ProcessTree.ancestors`).
        package: As for `recognised`.
        above: What this function answered for the parent process, where the caller has kept it; None where the parent
            is not known, and the names of the ancestors have to do.
    """
    reasons = []
    own = recognised(program, package)
    if own is not None:
        reasons.append(_MEANING[own])
    if above is not None and above.setting is not None:
        reasons.append(above)
    for name in ancestors if above is None else ():
        plain = name.lower().removesuffix(".exe")
        setting = _BY_NAME.get(plain)
        if setting is None and plain in names.INSTALLERS:
            setting = Setting.INSTALLING
        if setting is not None:
            reasons.append(_MEANING[setting])
    return min(reasons, key=lambda one: one.factor, default=ORDINARY)


def _names(program: Program, package: str | None) -> list[str]:
    """Return the names that count: the package's and the program's own, or only what a script cannot borrow."""
    word = program.word or program.base
    if program.language is None:
        return list(dict.fromkeys([word, program.base]))
    if program.form is Form.MODULE and word.split(".")[0] in names.STANDARD_MODULES:
        return [word.split(".")[0]]
    if program.form is Form.NOTHING:
        return [program.base]
    if package is None:
        return [word]
    if not package:
        # A framework's own `manage.py test` is everybody's own file by design.
        return [word] if word in ("manage", "artisan") else []
    return [package, word] if names.OWNERS.get(word) == package else [package]


def _verbs(arguments: Sequence[str]) -> tuple[str, str]:
    """Return the first two arguments that are neither options nor the values of some."""
    found: list[str] = []
    skip = False
    for argument in arguments[:8]:
        if skip:
            skip = False
        elif argument in _VALUE_OPTIONS:
            skip = True
        elif not argument.startswith(("-", "+")):
            found.append(argument.lower())
    return (*found, "", "")[0], (*found, "", "")[1]
