"""Where the Sigma rules that we ship lie: files below `agent/content/rules/`, read like anybody's.

Evidence that comes from code and not from such a file has its rules in `agent/content/evidence.yaml`;
`gleanwatch rules list` shows both.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

SHIPPED: Final = Path(str(files("agent.content"))) / "rules"
"""The folder."""
