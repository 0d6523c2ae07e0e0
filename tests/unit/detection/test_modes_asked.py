"""What a tool was asked for, by the shipped catalogue: one thing, many, or only its help."""

from __future__ import annotations

import pytest

from agent.content.catalogue import Catalogue
from agent.detection.identify.modes import asked, asked_in_general
from agent.model.findings import CollectMode

LIST, RECURSION, CHANNEL = CollectMode.LIST, CollectMode.RECURSION, CollectMode.CHANNEL
ONE = "https://www.youtube.com/watch?v=abc"


@pytest.mark.parametrize(
    ("tool", "arguments", "modes"),
    [
        ("wget", ["-r", "https://a.example/"], {RECURSION}),
        ("wget", ["-m", "https://a.example/"], {RECURSION}),
        ("wget", ["-mk", "https://a.example/"], {RECURSION}),
        ("wget", ["--mirror", "https://a.example/"], {RECURSION}),
        ("wget", ["-i", "urls.txt"], {LIST}),
        ("wget", ["--input-file=urls.txt"], {LIST}),
        ("wget", ["-np", "-nv", "-c", "https://a.example/f.zip"], set()),
        ("wget", ["https://a.example/f.zip"], set()),
        ("curl", ["-sSL", "https://a.example/"], set()),
        ("curl", ["https://a.example/1", "https://a.example/2"], set()),
        ("yt-dlp", [ONE], set()),
        ("yt-dlp", ["-P", "dir", "https://www.youtube.com/@nasa/videos"], {CHANNEL}),
        ("yt-dlp", ["www.youtube.com/@nasa"], {CHANNEL}),
        ("yt-dlp", ["https://www.youtube.com/playlist?list=PL1"], {CHANNEL}),
        ("yt-dlp", ["--batch-file", "urls.txt"], {LIST}),
        ("yt-dlp", [ONE, ONE + "d"], {LIST}),
        ("scrapy", ["crawl", "people"], {RECURSION}),
    ],
)
def test_modes_are_read_from_options_words_and_addresses(
    catalogue: Catalogue, tool: str, arguments: list[str], modes: set[CollectMode]
) -> None:
    entry = catalogue.by_id(tool)
    assert entry is not None
    assert set(asked(entry, arguments).modes) == modes


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("scrapy", ["--help"]),
        ("scrapy", ["shell", "https://a.example"]),
        ("yt-dlp", ["--version"]),
        ("wget", ["-r", "--help"]),
    ],
)
def test_help_and_versions_are_quiet(catalogue: Catalogue, tool: str, arguments: list[str]) -> None:
    entry = catalogue.by_id(tool)
    assert entry is not None
    assert asked(entry, arguments).quiet
    assert asked(entry, arguments).modes == ()


def test_why_names_the_option_never_its_value(catalogue: Catalogue) -> None:
    entry = catalogue.by_id("wget")
    assert entry is not None
    assert asked(entry, ["--input-file=/home/me/secret"]).because == ("--input-file",)


def test_programs_that_nobody_knows_are_read_by_common_options() -> None:
    assert asked_in_general(["--max-pages", "5"]).modes == (RECURSION,)
    assert asked_in_general(["https://a.example", "https://b.example"]).modes == (LIST,)
    assert asked_in_general(["build", "-v"]).modes == ()
    assert asked_in_general(["--crawl", "--help"]).quiet


def test_a_broken_address_is_no_error(catalogue: Catalogue) -> None:
    entry = catalogue.by_id("yt-dlp")
    assert entry is not None
    assert asked(entry, ["https://[::1", "http://"]).modes == (LIST,)
