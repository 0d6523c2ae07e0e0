"""Where the rules that we ship lie, and what a list of rules shows beside them.

The rules are files below `agent/content/rules/`. Some evidence does not come from a rule in a file but from code that
judges: each such rule of ours has an id too, so that a person who asks what stands behind a finding gets an answer in
the same place. The code that has them hands them over as `BuiltIn`s.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

SHIPPED: Final = Path(str(files("agent.content"))) / "rules"
"""The folder of the rules that we ship."""


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A rule that is code.

    Attributes:
        id: As it stands in a finding's evidence.
        title: One line.
        description: What it looks at and why that counts, in words for anybody.
    """

    id: str
    title: str
    description: str
