"""Regular expressions of rules: RE2 only, which takes time linear in the text whatever the pattern is.

What RE2 cannot do (looking around, back references, very large repetition) is refused with a reason when the rule is
loaded. Patterns and the memory of one expression are limited as well.

`required` reads a pattern for a text that every match of it holds, so that most events need not be searched at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import re2

MAX_PATTERN: Final = 4096
"""Characters of a pattern; the longest of SigmaHQ's has under a thousand."""
MAX_MEMORY: Final = 1 << 20
"""Bytes that RE2 may use for one expression's program and states."""


class RegexRefused(ValueError):
    """The pattern cannot be used; the message says why, for the author of the rule."""


def searcher(pattern: str, flags: str = "") -> Callable[[str], bool]:
    """Compile a pattern into what says whether a text holds it somewhere.

    Args:
        pattern: In RE2's syntax; case counts.
        flags: Of `i` (case does not count), `m` (`^` and `$` at every line), `s` (a dot is also a line's end).

    Raises:
        RegexRefused: It is too long, too large or no RE2 pattern.
    """
    if len(pattern) > MAX_PATTERN:
        raise RegexRefused(f"the regular expression has {len(pattern)} characters; at most {MAX_PATTERN} are allowed")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    options.case_sensitive = "i" not in flags
    options.dot_nl = "s" in flags
    try:
        compiled = re2.compile(f"(?m){pattern}" if "m" in flags else pattern, options)
    except re2.error as problem:
        said = problem.args[0] if problem.args else problem
        why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise RegexRefused(f"the regular expression cannot run on RE2, which is all that is used: {why}") from None
    search = compiled.search

    def found(text: str) -> bool:
        return search(text) is not None

    return found


# A text that every match holds

_CLASS: Final = re.compile(r"\[\^?\]?(?:\[:\^?[a-z]*:\]|\\.|[^\]\\])*\]", re.DOTALL)
_REPEAT: Final = re.compile(r"\{\d+(?:,\d*)?\}")
_FLAGS: Final = re.compile(r"\(\?[a-zA-Z-]*\)")
_PLAIN_ESCAPES: Final = frozenset("dDsSwWbBtnrfvaAz")


def required(pattern: str) -> str:
    """Return a text, without its case, that every text holds which the pattern is found in; empty where none is seen.

    Only what stands outside all groups, classes and alternatives is looked at, and only ASCII: what is not understood
    gives nothing rather than something wrong.
    """
    runs, run, at = [""], "", 0
    while at < len(pattern):
        char = pattern[at]
        step = 1
        if char == "|":
            return ""
        if char in "([":
            step = _group(pattern, at) if char == "(" else _class(pattern, at)
            if step == 0 or (at > 0 and _FLAGS.match(pattern, at)):  # what repeats after flags repeats what is before
                return ""
        elif char == "\\":
            step, escaped = 2, pattern[at + 1 : at + 2]
            if not escaped or not escaped.isascii() or (escaped.isalnum() and escaped not in _PLAIN_ESCAPES):
                return ""
            if not escaped.isalnum():
                run, at = run + escaped, at + step
                continue
        elif char in "*+?{":
            run = run[:-1]
            repeat = _REPEAT.match(pattern, at)
            step = repeat.end() - at if repeat else 1
        elif char.isascii() and char not in ".^$)]}":
            run, at = run + char, at + 1
            continue
        runs.append(run)
        run, at = "", at + step
    return max(*runs, run, key=len).casefold()


def _class(pattern: str, at: int) -> int:
    """Return how long the character class is that begins there; 0 where it cannot be told."""
    found = _CLASS.match(pattern, at)
    return found.end() - at if found else 0


def _group(pattern: str, start: int) -> int:
    """Return how long the group is that begins there; 0 where it cannot be told."""
    depth, at = 0, start
    while at < len(pattern):
        char, step = pattern[at], 1
        if char == "\\":
            if pattern[at + 1 : at + 2] == "Q":
                return 0
            step = 2
        elif char == "[":
            step = _class(pattern, at)
            if step == 0:
                return 0
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return at + 1 - start
        at += step
    return 0
