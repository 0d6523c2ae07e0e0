"""Command lines of programs that nobody wrote down: one thing, many, or nothing but help."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detection.identified import CAPABILITIES
from agent.detection.identify.modes import asked_in_general
from agent.model.findings import CollectMode

LIST, RECURSION, CHANNEL, LOOP = CollectMode.LIST, CollectMode.RECURSION, CollectMode.CHANNEL, CollectMode.LOOP


@pytest.mark.parametrize(
    ("capability", "line", "modes"),
    [
        ("crawls", "https://site.example --depth 3", {RECURSION}),
        ("crawls", "crawl people -o out.json", {RECURSION, CHANNEL}),
        ("mirrors", "-r https://site.example/", {RECURSION}),
        ("fetches", "-m https://site.example/", {RECURSION}),
        ("fetches", "-i urls.txt", {LIST}),
        ("downloads", "--batch-file=urls.txt", {LIST}),
        ("downloads", "links.txt -o out", {LIST}),
        ("downloads", "https://a.example/1 https://a.example/2", {LIST}),
        ("downloads", "https://video.example/@someone/videos", {CHANNEL}),
        ("downloads", "https://music.example/playlist/37i9dQZ", {CHANNEL}),
        ("downloads", "https://video.example/watch?v=1&list=PL2", {CHANNEL}),
        ("downloads", "video.example/channel/UC1", {CHANNEL}),
        ("downloads", "--playlist-items 1-50 https://v.example/x", {CHANNEL}),
        ("scrapes", "reddit-user someone", {CHANNEL}),
        ("scrapes", "--pages 5 company", {LOOP, CHANNEL}),
        ("scrapes", "https://site.example/list?page=[1-200]", {LOOP}),
        ("harvests", "anna ben", {LIST}),
        ("harvests", "--followers anna", {CHANNEL}),
        ("harvests", "anna --limit 10000", {CHANNEL}),
        ("harvests", "--usernames-file people.csv", {LIST}),
        ("searches", 'text -q "site:people.example cfo email" -m 50', {LIST}),
        ("searches", "cfo --max-results 200", {LIST}),
        ("", "--recursive https://site.example", {RECURSION}),
    ],
)
def test_many_is_seen_in_options_words_and_addresses(capability: str, line: str, modes: set[CollectMode]) -> None:
    assert set(asked_in_general(shlex.split(line), capability).modes) == modes


@pytest.mark.parametrize(
    ("capability", "line"),
    [
        ("downloads", "https://video.example/watch?v=1"),
        ("downloads", "-o out.mp4 https://video.example/watch?v=1"),
        ("downloads", "-P urls.txt https://video.example/watch?v=1"),
        ("downloads", "--depth=0 --limit 5 https://video.example/watch?v=1"),
        ("fetches", "https://a.example/a.zip https://a.example/a.zip.sha256"),
        ("fetches", "-n 4 https://a.example/a.zip"),
        ("crawls", "https://site.example --depth 1"),
        ("crawls", "--recursive=false https://site.example"),
        ("searches", "weather in berlin -m 5"),
        ("harvests", "anna"),
        ("drives", "--headless https://site.example"),
        ("", "build -r --all -n 500 -v user"),
        ("", "-m pytest -n 50"),
        ("", ""),
    ],
)
def test_one_thing_is_not_many(capability: str, line: str) -> None:
    asked = asked_in_general(shlex.split(line), capability)
    assert asked.modes == () and not asked.quiet


@pytest.mark.parametrize(
    "line",
    [
        "--help",
        "-h",
        "--recursive --help",
        "-V",
        "--version",
        "--dry-run --playlist x",
        "--simulate https://v.example/playlist?list=1",
        "--list-formats https://v.example/1",
        "config set all",
        "update",
        "completions bash",
    ],
)
def test_help_settings_and_rehearsals_are_quiet(line: str) -> None:
    asked = asked_in_general(shlex.split(line), "downloads")
    assert asked.quiet and asked.modes == ()


def test_the_reason_is_in_our_words_and_never_a_value() -> None:
    asked = asked_in_general(["--batchFile=/home/me/secret.txt", "--Playlist", "hush"], "downloads")
    assert asked.because == ("--batch-file", "--playlist")


@given(st.sampled_from(sorted(CAPABILITIES)), st.lists(st.text(max_size=40), max_size=30))
def test_no_command_line_is_too_strange_and_nothing_of_it_is_kept(capability: str, arguments: list[str]) -> None:
    asked = asked_in_general([f"x{one}" for one in arguments], capability)
    assert len(asked.modes) == len(asked.because) == len(set(asked.modes))
    assert not {because for because in asked.because if because.startswith("x")}


def test_two_megabytes_of_arguments_are_read_within_a_bound() -> None:
    asked_in_general(["a" * 2_000_000, *["--x" * 10] * 100_000], "downloads")
