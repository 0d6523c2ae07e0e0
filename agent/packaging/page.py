"""Puts the generated samples into docs/deploy.md, so that the page can never say other than the code.

    <!-- sample: chrome linux -->      the line stands in the page; the fenced block after it is written here

`python -m agent.packaging.page` says whether the page is current (exit 1 if not); with `--write` it makes it so.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from agent import __version__
from agent.packaging.policies import EXAMPLE_MANAGED, EXAMPLE_URL, Browser, System, deployment, sample

_PLACE = re.compile(r"(<!-- sample: (\w+) (\w+) -->\n)(?:\n?```\w*\n.*?```\n)?", re.DOTALL)


def filled(page: str) -> str:
    """Return a page with every sample in its place.

    Raises:
        ValueError: A place names a browser or system that there is not.
    """
    wanted = deployment(EXAMPLE_URL, __version__, managed=EXAMPLE_MANAGED)

    def block(found: re.Match[str]) -> str:
        made = sample(Browser(found[2]), System(found[3]), wanted)
        return f"{found[1]}\n```{made.language}\n{made.text}```\n"

    return _PLACE.sub(block, page)


def main() -> None:
    """Check or write docs/deploy.md of this checkout."""
    page = Path(__file__).resolve().parents[2] / "docs" / "deploy.md"
    text = page.read_text("utf-8")
    if "--write" in sys.argv[1:]:
        page.write_text(filled(text), "utf-8")
    elif filled(text) != text:
        sys.exit("docs/deploy.md has not the samples that the code gives: python -m agent.packaging.page --write")


if __name__ == "__main__":
    main()
