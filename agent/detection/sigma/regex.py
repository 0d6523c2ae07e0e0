"""Regular expressions of rules: RE2 only, which takes time linear in the text whatever the pattern is.

What RE2 cannot do (looking around, back references, very large repetition) is refused with a reason when the rule is
loaded. Patterns and the memory of one expression are limited as well.
"""

from __future__ import annotations

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
