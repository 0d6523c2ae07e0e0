"""Our own rules, ready to use: written out in the engine's form, so that the agent never loads a parser.

The rules are the YAML files of `agent/content/rules/`; `python -m agent.detection.correlate.shipped --write` (part of
`make generate`) parses them into `rules.json` beside them, without `--write` it says whether that file is current.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import msgspec

from agent.detection.correlate.rules import Rules
from agent.detection.sigma.form import RuleSet
from agent.detection.sigma.shipped import SHIPPED

WRITTEN: Final = SHIPPED / "rules.json"


def load_rule_set(path: Path = WRITTEN) -> RuleSet:
    """Return our own rules in the engine's form.

    Raises:
        OSError, msgspec.DecodeError: The file is missing or damaged: the installation is.
    """
    return msgspec.json.decode(path.read_bytes(), type=RuleSet)


def load_rules(path: Path = WRITTEN) -> Rules:
    """Return our own rules, ready to be asked."""
    return Rules(load_rule_set(path))


def written(folder: Path = SHIPPED) -> bytes:
    """Parse the YAML files of a folder and return what `rules.json` has to be.

    Raises:
        ValueError: A rule is refused; the text says which and why.
    """
    from agent.detection.sigma.parse import parse_in_process

    rules = parse_in_process(folder)
    if rules.refusals:
        first = rules.refusals[0]
        raise ValueError(f"{first.file}, line {first.line}: {first.reason}")
    Rules(rules)
    return msgspec.json.format(msgspec.json.encode(rules, order="deterministic"), indent=1) + b"\n"


def main() -> None:
    """Write `rules.json`, or say whether it is current."""
    made = written()
    if "--write" in sys.argv[1:]:
        WRITTEN.write_bytes(made)
    elif not WRITTEN.exists() or WRITTEN.read_bytes() != made:
        sys.exit("agent/content/rules/rules.json is not what the rules say. Run: make generate")


if __name__ == "__main__":
    main()
