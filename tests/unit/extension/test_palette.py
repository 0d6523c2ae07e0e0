"""What stands twice since extension and page cannot load each other's files, palette and mark: held equal here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
EXTENSION = ROOT / "extension"
LOCAL = ROOT / "agent" / "pages" / "static" / "style.css"
DARK = "@media (prefers-color-scheme: dark)"
OURS = {"--on-accent"}
"""What only the extension has: text on a ground of the accent, which the local page has nowhere."""


def palette(sheet: Path, scheme: str) -> dict[str, str]:
    """The variables that a sheet sets for every page of it, by name, in one colour scheme."""
    light, dark = sheet.read_text("utf-8").split(DARK, 1)
    block = re.search(r":root \{(.*?)\}", dark if scheme == "dark" else light, re.DOTALL)
    assert block is not None, sheet
    return dict(re.findall(r"(--[\w-]+): (.+?);", block[1]))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_extension_has_the_colours_of_the_local_page(scheme: str) -> None:
    extension, local = palette(EXTENSION / "palette.css", scheme), palette(LOCAL, scheme)
    shared = {name: value for name, value in extension.items() if name not in OURS}
    assert len(shared) > 8
    # Colours of chart series are the local page's alone.
    assert shared == {name: value for name, value in local.items() if not re.fullmatch(r"--gw-c\d", name)}


def test_both_schemes_set_the_same_colours() -> None:
    light, dark = palette(EXTENSION / "palette.css", "light"), palette(EXTENSION / "palette.css", "dark")
    assert set(light) - {"--gw-radius"} == set(dark)


@pytest.mark.parametrize("page", sorted(path.name for path in EXTENSION.glob("*.html")))
def test_every_page_takes_its_colours_from_there_and_from_nowhere_else(page: str) -> None:
    sheets = re.findall(r'rel="stylesheet" href="([\w.]+)"', (EXTENSION / page).read_text("utf-8"))
    assert sheets[0] == "palette.css"
    for sheet in sheets[1:]:
        text = (EXTENSION / sheet).read_text("utf-8")
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;\s])|rgba?\(|hsla?\(", text), sheet
        assert set(re.findall(r"var\((--[\w-]+)\)", text)) <= {*palette(EXTENSION / "palette.css", "light"), "--tone"}


def test_the_badge_has_two_of_these_colours() -> None:
    light = palette(EXTENSION / "palette.css", "light")
    named = re.findall(r'"(#[0-9a-f]{6})"', (EXTENSION / "background.js").read_text("utf-8"))
    assert sorted(named) == sorted([light["--gw-danger"], light["--gw-warn"], light["--on-accent"]])


def test_the_page_and_the_extension_have_one_mark() -> None:
    """Whoever sees both knows that they belong together."""
    assert LOCAL.with_name("icon.svg").read_bytes() == (EXTENSION / "icons/icon.svg").read_bytes()
