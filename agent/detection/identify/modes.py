"""What was a catalogued tool asked to do: only its version, one thing, or many at once?

Looks at options, the first words and the addresses of a command line, in memory only; what comes out is the mode and
the name of the option as the catalogue writes it, never a value. `general_modes.py` answers the same for programs that
the catalogue does not know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from agent.content.catalogue import Mode, Tool
from agent.detection.identify.general_modes import is_quiet, many_of, shortened
from agent.model.findings import CollectMode

MANY_ADDRESSES = 2
MANY_ADDRESSES_GENERIC = 10
ALWAYS_QUIET = frozenset(["--help", "--version"])
_RANGE = re.compile(r"https?://\S{0,2000}?(?:\[(?:\d+-\d+|[a-z]-[a-z])|\{[^{}\s]+,[^{}\s]+\})", re.IGNORECASE)
"""An address that stands for many, as curl's globbing writes it: page=[1-300], {anna,ben}."""
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_BARE = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command line asks for.

    Attributes:
        quiet: Nothing but help, a version or the like.
        modes: Ways of asking for many.
        because: For each mode what asked for it, as the catalogue writes it: `-r`, `crawl`, `several addresses`.
    """

    quiet: bool = False
    modes: tuple[CollectMode, ...] = ()
    because: tuple[str, ...] = ()


def asked(tool: Tool, arguments: Sequence[str]) -> Asked:
    """Judge a catalogued tool's arguments.

    Args:
        tool: The catalogue's entry.
        arguments: The command line after the program.
    """
    arguments = shortened(arguments)
    words = [arg.lower() for arg in arguments if arg and not arg.startswith("-")]
    if _quiet(tool, arguments, words):
        return Asked(quiet=True)
    found: dict[CollectMode, str] = {}
    gnu = any(flag.startswith("--") for mode in tool.modes for flag in mode.flags)
    for mode in tool.modes:
        kind = CollectMode(mode.mode)
        why = _mode(mode, arguments, words, clusters=gnu)
        if why and kind not in found:
            found[kind] = why
    if tool.bulk != "never" and CollectMode.LIST not in found and any(_RANGE.match(arg) for arg in arguments[:200]):
        found[CollectMode.LIST] = "a range of addresses"
    many = MANY_ADDRESSES_GENERIC if tool.family == "generic-http" else MANY_ADDRESSES
    many = many if tool.bulk != "never" else MANY_ADDRESSES_GENERIC
    if CollectMode.LIST not in found and _addresses(arguments) >= many:
        found[CollectMode.LIST] = "several addresses"
    return Asked(False, tuple(found), tuple(found.values()))


def asked_in_general(arguments: Sequence[str], capability: str = "") -> Asked:
    """Judge the arguments of a program that is not in the catalogue.

    Args:
        arguments: The command line after the program.
        capability: What the program is able to do, one of `CAPABILITIES`; empty where that is not known, and then
            only what means many in most programs counts.
    """
    if is_quiet(arguments):
        return Asked(quiet=True)
    found = many_of(arguments, capability)
    return Asked(False, tuple(found), tuple(found.values()))


def _quiet(tool: Tool, arguments: Sequence[str], words: Sequence[str]) -> bool:
    if ALWAYS_QUIET & set(arguments):
        return True
    for mark in tool.quiet:
        if mark.startswith("-"):
            if any(arg == mark or arg.startswith(mark + "=") for arg in arguments):
                return True
        elif words[:1] == [mark.lower()]:
            return True
    return False


def _mode(mode: Mode, arguments: Sequence[str], words: Sequence[str], *, clusters: bool) -> str:
    for flag in mode.flags:
        if any(_has_flag(arg, flag, clusters) for arg in arguments):
            return flag
    for word in mode.subcommands:
        if word.lower() in words[:3]:
            return word
    if mode.url_paths:
        places = _places(arguments)
        for pattern in mode.url_paths:
            if any(re.search(pattern, place, re.IGNORECASE) for place in places):
                return "the kind of address"
    return ""


def _has_flag(arg: str, flag: str, clusters: bool) -> bool:
    if arg == flag or arg.startswith(flag + "="):
        return True
    if len(flag) != 2 or flag[0] != "-" or not arg.startswith("-") or arg.startswith("--"):
        return False
    letters = arg[1:].split("=", 1)[0]
    if not clusters:
        return False
    # `-rl2` and `-mk` are clusters; `-np`, `-nd` are words of their own in the programs that have them.
    return letters[:1] == flag[1] or (
        flag[1] in letters and 2 <= len(letters) <= 4 and letters.isalpha() and letters[0] != "n"
    )


def _addresses(arguments: Sequence[str]) -> int:
    return sum(1 for arg in arguments if _SCHEME.match(arg))


def _places(arguments: Sequence[str]) -> list[str]:
    """Return the path of every address among the arguments. In memory only."""
    places = []
    for argument in arguments:
        address = argument.split("=", 1)[1] if argument.startswith("-") and "=" in argument else argument
        if not _SCHEME.match(address):
            if not _BARE.match(address):
                continue
            address = "https://" + address
        try:
            parts = urlsplit(address)
        except ValueError:
            continue
        places.append(parts.path)
    return places
