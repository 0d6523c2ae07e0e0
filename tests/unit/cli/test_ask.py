"""`gleanwatch ask`: finds the tool that is meant, and says of it exactly what the agent would do."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cli.ask import ask_about, find, nearest, situations, would_be_flagged
from agent.content.advice import ways
from agent.content.catalogue import KINDS, Catalogue, Tool, load_catalogue
from agent.content.platforms import load_platforms
from agent.content.terms import CERTAINTY, TermsError, load_terms, parse_terms
from agent.detection.correlate.shipped import load_rules
from agent.detection.findings import Detector
from agent.detection.identify.helper import CodeReader
from agent.detection.identify.identifier import Identifier
from agent.model.events import Activity, CommandLine, ProcessKey, ProcessStarted
from tests.unit.link.keeping import NOW, StillClock

CATALOGUE = load_catalogue()


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(ask_about, list(arguments), env={"COLUMNS": "200"})


def document(*arguments: str) -> Any:
    done = ask(*arguments, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def tool(name: str) -> Tool:
    found = find(CATALOGUE, name)
    assert found is not None, name
    return found


# Which tool is meant


@pytest.mark.parametrize("name", ["yt-dlp", "YT-DLP", " yt-dlp ", "yt_dlp"])
def test_a_tool_is_found_however_its_name_is_written(name: str) -> None:
    assert tool(name).id == "yt-dlp"


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CATALOGUE.tools), st.data())
def test_every_identifier_of_every_tool_leads_to_a_tool_that_has_it(one: Tool, data: st.DataObject) -> None:
    assert tool(one.id) is one
    name = data.draw(st.sampled_from([name for kind in KINDS for name in one.identifiers(kind)]))
    found = tool(name)
    named = {
        found.id,
        found.name.casefold(),
        *(other.casefold() for kind in KINDS for other in found.identifiers(kind)),
    }
    assert name.casefold() in named


def test_an_unknown_name_is_answered_with_the_nearest_known_ones() -> None:
    done = ask("instaloadr")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Did you mean instaloader" in done.stderr
    assert done.stderr.count("\n") == 1
    assert ask("qqqqqqqqqqqq").stderr.count("\n") == 1
    assert nearest("scrapi", ["Scrapy", "wget"]) == ["Scrapy"]


def test_an_unknown_platform_is_answered_with_the_watched_ones() -> None:
    done = ask("scrapy", "--platform", "myspace")
    assert (done.exit_code, done.stdout) == (1, "")
    assert all(key in done.stderr for key in load_platforms().keys)


# What is said is what the agent does


@pytest.fixture
async def reader() -> AsyncIterator[CodeReader]:
    one = CodeReader()
    yield one
    await one.close()


class Talking:
    """Every process talks to a watched platform, or none does."""

    def __init__(self, talks: bool) -> None:
        self._talks = talks

    def activity_of(self, key: ProcessKey) -> Activity:
        return (
            Activity(seconds=8, opened=6, hosts=1, platforms={"linkedin": 6}, steady=6, looks=16)
            if self._talks
            else Activity()
        )


class NoTree:
    def ancestors(self, pid: int) -> tuple[str, ...]:
        return ()

    def above_agent(self, pid: int) -> bool:
        return False


async def agent_flags(reader: CodeReader, argv: list[str], *, talks: bool = False) -> bool:
    """Let the agent's own detector see one process, and return whether it flags it."""
    identifier = Identifier(CATALOGUE, reader)
    ids = (f"f{number}" for number in itertools.count())
    detector = Detector(
        identifier.identify,
        Talking(talks),
        NoTree(),
        StillClock(),
        lambda: next(ids),
        hold_ms=1,
        refine=None,
        judge=load_rules(),
    )
    key = ProcessKey(4_000_000, NOW)
    await detector.started(ProcessStarted(key, 1, argv[0][:15], CommandLine(tuple(argv), f"/opt/{argv[0]}", "/"), NOW))
    detector.tick(NOW)
    return any(finding.flagged for finding in detector.open_findings())


def native(catalogue: Catalogue) -> list[Tool]:
    """Tools that a program's name gives away, checked against the real thing."""
    return [one for one in catalogue.tools if one.executables and catalogue.is_verified(one, "executables")]


def test_there_are_tools_to_compare() -> None:
    assert len(native(CATALOGUE)) > 50


async def test_each_verdict_is_what_the_detector_says_of_that_program(reader: CodeReader) -> None:
    for one in native(CATALOGUE):
        command = one.executables[0]
        said = {situation.how: situation for situation in situations(CATALOGUE, one)}
        started = said.get("started") or said["started for one thing"]
        assert await agent_flags(reader, [command]) == started.flagged, f"{one.id} started"
        if "talking to a watched platform" in said:
            flags = await agent_flags(reader, [command], talks=True)
            assert flags == said["talking to a watched platform"].flagged, f"{one.id} talking"
        for mode in one.modes:
            for shown in (*mode.flags, *mode.subcommands):
                if shown in one.quiet:
                    continue
                (situation,) = {s for s in situations(CATALOGUE, one) if shown in s.shown_by}
                assert await agent_flags(reader, [command, shown]) == situation.flagged, f"{one.id} {shown}"


async def test_what_is_said_to_be_quiet_is(reader: CodeReader) -> None:
    for one in native(CATALOGUE):
        for quiet in (*one.quiet[:3], "--help"):
            assert not await agent_flags(reader, [one.executables[0], quiet]), f"{one.id} {quiet}"


def test_nothing_is_flagged_for_being_installed() -> None:
    for one in CATALOGUE.tools:
        assert not situations(CATALOGUE, one)[0].flagged


def test_what_nobody_verified_is_never_flagged() -> None:
    for one in CATALOGUE.tools:
        if not any(CATALOGUE.is_verified(one, kind) for kind in one.verified):
            assert would_be_flagged(situations(CATALOGUE, one)) == "never", one.id


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("instaloader", "always"), ("scrapy", "always"), ("yt-dlp", "sometimes"), ("wget", "sometimes"), ("bs4", "never")],
)
def test_the_verdict_sums_up(name: str, verdict: str) -> None:
    assert document(name)["would_be_flagged"] == verdict


# What is said


def test_the_document_says_what_it_is_when_it_is_flagged_and_what_is_allowed() -> None:
    said = document("yt-dlp", "--platform", "youtube")
    assert (said["id"], said["family"], said["platform"]) == ("yt-dlp", "media-downloader", "youtube")
    assert said["collects"].endswith(".")
    by_how = {situation["how"]: situation for situation in said["situations"]}
    assert by_how["started"]["flagged"] is False
    assert by_how["asked for a list of addresses"]["flagged"] is True
    assert "--batch-file" in by_how["asked for a list of addresses"]["shown_by"]
    assert "--help" in said["quiet"]
    assert "executables" in said["verified"]
    assert set(said["terms"]) >= {"document", "substance", "effective", "certainty", "instead"}
    assert said["instead"]


def test_without_a_platform_nobody_s_terms_are_said() -> None:
    said = document("scrapy")
    assert (said["platform"], said["terms"]) == (None, None)


def test_a_person_reads_the_same() -> None:
    done = ask("instaloader", "--platform", "Instagram")
    assert done.exit_code == 0
    for expected in (
        "Instaloader",
        "Yes, whenever it runs",
        "⚑ flagged",
        "--help",
        "not legal advice",
        "It is made for",
    ):
        assert expected in done.stdout
    terms = load_terms()["instagram"]
    assert terms.document in done.stdout
    assert terms.effective in done.stdout
    read = " ".join(done.stdout.split())
    assert all(way.way in read for way in ways("social-media-scraper", ["instagram"]))


@pytest.mark.parametrize("one", CATALOGUE.tools[:: max(1, len(CATALOGUE.tools) // 40)], ids=lambda one: one.id)
def test_every_tool_can_be_said(one: Tool) -> None:
    assert ask(one.id).exit_code == 0
    assert document(one.id)["id"] == one.id


def test_no_agent_is_asked_and_nothing_is_stored(tmp_path: Any) -> None:
    runner = CliRunner()
    done = runner.invoke(ask_about, ["scrapy"], env={"GLEANWATCH_HOME": str(tmp_path / "gw"), "HOME": str(tmp_path)})
    assert done.exit_code == 0
    assert list(tmp_path.iterdir()) == []


# The terms


def test_every_watched_platform_has_its_terms_and_no_other() -> None:
    terms = load_terms()
    assert terms.keys() == load_platforms().keys
    for entry in terms.values():
        assert entry.certainty in CERTAINTY
        assert entry.substance.endswith(".")
        assert entry.document
        assert entry.instead


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema_version: 2\nchecked: 2026-01-01\nterms: []", "schema_version"),
        ("schema_version: 1\nchecked: 2026-01-01\nterms: [{platform: x}]", "document"),
        ("[", "not well formed"),
        (
            "schema_version: 1\nchecked: 2026-01-01\nterms:\n"
            + "- {platform: x, document: d, substance: s, effective: '', certainty: A, instead: []}\n" * 2,
            "twice",
        ),
    ],
)
def test_broken_terms_are_refused_with_the_place(text: str, said: str) -> None:
    with pytest.raises(TermsError, match=said):
        parse_terms(text)
