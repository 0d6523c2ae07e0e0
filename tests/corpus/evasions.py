"""The page that lists every evasion we thought of: what it is, which case tries it, what catches it.

It is written from the cases themselves (`python -m tests.corpus --write-evasions`), so that it cannot say what no case
does; a test holds the file to that.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.corpus.case import Case

PAGE = Path(__file__).with_name("EVASIONS.md")
_HEAD = """# Evasions

Ways to collect in bulk without looking like it, each tried by a case of `cases/`. Written by
`python -m tests.corpus --write-evasions` from the cases; change it there. What is held out is measured, never tuned to.

| the disguise | case | what catches it |
|---|---|---|
"""


def table(cases: Iterable[Case]) -> str:
    """Return the page."""
    rows = sorted((case for case in cases if case.evades), key=lambda case: case.id)
    return _HEAD + "".join(
        f"| {case.evades} | `{case.id}`{' (held out)' if case.split == 'holdout' else ''} | {case.signal} |\n"
        for case in rows
    )
