"""Runs our YARA rules over foreign bytes, in the helper process only, compiled once for the life of a helper.

`Scanner` is told where the engine is installed, since the helper runs without any package folder of its own: the folder
is put on the path for this one import and taken off again. Without the engine, or where a rule file is broken, nothing
matches and `load` gives no rules; that is counted by the parent, not fatal.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SECONDS = 1
"""How long one scan may take."""


class Scanner:
    """All rules, compiled at the first `load`."""

    def __init__(self, engine: str, folder: Path) -> None:
        """Remember where things are.

        Args:
            engine: The folder that the engine is installed in, or an empty string.
            folder: Where the rule files lie.
        """
        self._engine = engine
        self._folder = folder
        self._scanner: Any = None

    def load(self, compiled: bytes) -> bytes:
        """Make ready, and return the compiled rules, which spare the next helper 40 ms; none without the engine.

        Args:
            compiled: What an earlier call returned, or nothing.
        """
        if not self._engine:
            return b""
        sys.path.append(self._engine)
        try:
            import yara_x

            if compiled:
                rules = yara_x.Rules.deserialize_from(io.BytesIO(compiled))
            else:
                compiler = yara_x.Compiler()
                for path in sorted(self._folder.glob("*.yar")):
                    compiler.add_source(path.read_text(encoding="utf-8"))
                rules = compiler.build()
                out = io.BytesIO()
                rules.serialize_into(out)
                compiled = out.getvalue()
            self._scanner = yara_x.Scanner(rules)
            self._scanner.set_timeout(SECONDS)
        except Exception:  # whatever is wrong with the engine, code can still be read without it
            self._scanner, compiled = None, b""
        finally:
            sys.path.remove(self._engine)
        return compiled

    def scan(self, data: bytes) -> Iterable[str]:
        """Return the names of the rules that match, sorted; none where a scan fails or takes too long."""
        if self._scanner is None or not data:
            return ()
        try:
            return sorted(rule.identifier for rule in self._scanner.scan(data).matching_rules)
        except Exception:  # a time-out: what else is known of the file still counts
            return ()
