"""Status: the first line says whether all is well and what to do if not; the whole fits 80 columns and 24 lines."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.cli.status import Verdict, judge, show
from agent.model.organisation import Added
from agent.model.own_rules import OwnRule
from agent.settings.instance import locate
from tests.unit.cli.living import Living, living

NOW = 1_795_000_000_000
GATE = {"purpose": "security.detect-bulk-collection", "state": "open", "reason": "", "since": NOW, "until": None}
BROWSER = {
    "client": "abc123",
    "browser": "chromium",
    "browser_version": "153",
    "extension_version": "0.1.0",
    "connected": True,
    "last_acked_at": NOW,
    "acked": 4,
    "waiting": 3,
    "dropped": 2,
    "lost": 1,
    "missing": [],
}
PART = {"part": "processes", "condition": "working", "how": "polling", "missed": "", "action": ""}


def state(**fields: Any) -> dict[str, Any]:
    """A status as the agent sends it, of an instance where all is well."""
    return {
        "version": "0.1.0",
        "mode": "managed",
        "organisation": "Example Ltd",
        "contact": "privacy@example.org",
        "gates": [GATE],
        "browsers": [BROWSER],
        "health": [PART],
        "totals": [],
        "counters": {},
        "flagged": 0,
        "next_deletion": NOW,
        "paused_until": None,
        **fields,
    }


def gate(state: str, reason: str, until: int | None = None) -> dict[str, Any]:
    return {"gates": [{**GATE, "state": state, "reason": reason, "until": until}]}


FAILED = {"health": [{**PART, "condition": "failed", "how": "programs cannot be seen"}]}
NO_DESKTOP = {"health": [{**PART, "part": "desktop", "condition": "failed"}]}
AWAY = {**BROWSER, "connected": False}


@pytest.mark.parametrize(
    ("found", "asking", "well", "says", "do"),
    [
        ({}, 0, True, "All is well: watching, 1 browser connected", ""),
        ({"browsers": [BROWSER, BROWSER]}, 0, True, "All is well: watching, 2 browsers connected", ""),
        ({"browsers": [AWAY]}, 0, True, "All is well: watching, no browser is open", ""),
        ({}, 1, True, "All works, and 1 finding asks you", "gleanwatch findings"),
        ({}, 2, True, "2 findings ask you", "gleanwatch findings"),
        ({"browsers": []}, 0, False, "no browser was ever connected", "gleanwatch doctor"),
        ({"browsers": [{**BROWSER, "missing": ["x"]}]}, 0, False, "hides x from the extension", "gleanwatch doctor"),
        (
            gate("closed", "notice_not_shown"),
            0,
            False,
            "before you have answered the notice",
            "gleanwatch consent review",
        ),
        (gate("waiting", "not_acknowledged"), 0, False, "before you have answered", "gleanwatch consent review"),
        (gate("waiting", "lead_days", NOW), 0, True, "watching starts", ""),
        (gate("closed", "objected"), 0, True, "Off, as you decided", "gleanwatch consent review"),
        (gate("closed", "switched_off"), 0, True, "Off, as it is set up", ""),
        ({"paused_until": NOW}, 0, True, "Paused until", "gleanwatch consent resume"),
        (FAILED, 0, False, "programs cannot be seen", "gleanwatch doctor"),
        (NO_DESKTOP, 0, True, "All is well", ""),
    ],
)
def test_the_first_line(found: Mapping[str, Any], asking: int, well: bool, says: str, do: str) -> None:
    verdict = judge(state(**found), alive=True, asking=asking)
    assert says in verdict.said
    assert (verdict.well, verdict.do) == (well, do)


def test_the_gravest_thing_comes_first() -> None:
    """Without an agent nothing else matters; what the person decided matters more than what is broken meanwhile."""
    assert judge(state(**FAILED), alive=False, asking=3).do == "gleanwatch run"
    assert "Paused" in judge(state(**FAILED, paused_until=NOW), alive=True, asking=3).said
    assert "programs cannot be seen" in judge(state(**FAILED, browsers=[]), alive=True, asking=3).said


def test_the_fullest_status_fits_one_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    instance = locate({"GLEANWATCH_HOME": str(tmp_path)}, sys.platform, tmp_path, 0)
    long = "something that goes on for very long and says a lot of what is missed because of it " * 3
    purpose = {"title": "A purpose with a long title of its own", "in_use": True, "gate": GATE}
    finding = {"name": "some-tool-with-a-long-name" * 4, "level": "high", "id": "XbLrRsSN_aqe"}
    full = state(
        browsers=[BROWSER] * 9,
        health=[{**PART, "condition": "degraded", "how": long, "missed": long, "action": long}] * 9,
        totals=[{"platform": f"platform{n}", "page_class": "post", "count": 123_456} for n in range(9)],
        organisation="An organisation with a long name" * 2,
    )
    verdict = Verdict(False, "processes: " + long[:120], "gleanwatch doctor")
    added = Added(rules=(OwnRule("a", "A rule", "", "scraper-framework", ()),))
    link = "http://x.localhost:1/e/" + "y" * 60
    show(instance, verdict, full, views=[purpose] * 9, asking=[finding] * 9, own=added, link=link)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) + 1 <= 24, "with the second line that the link takes"
    assert [line for line in lines[:-1] if len(line) > 80] == []
    assert lines[0].startswith("Not well: ")
    assert lines[-1].endswith("y" * 60), "the link is whole, to be clicked or copied"


@pytest.fixture(scope="module")
def one() -> Iterator[Living]:
    with living() as running:
        yield running


def test_a_running_agent(one: Living) -> None:
    ran = one.run("status")
    assert ran.code == 0
    assert ran.out.startswith("Not well: programs are watched, but no browser was ever connected.")
    assert "/enter/" in ran.out.splitlines()[-1]
    document = one.run("status", "--json").json
    assert (document["running"], document["well"], document["do"]) == (True, False, "gleanwatch doctor")
    assert "/enter/" not in str(document), "a program that looks now and then is handed no links"


def test_a_pause_begins_and_ends_without_a_reason(one: Living) -> None:
    before = one.run("consent", "history", "--json").json
    assert one.run("consent", "pause", "--minutes", "5", "--json").json["paused_until"]
    assert one.run("status").out.startswith("Paused until ")
    assert one.run("doctor", "--json").json["ok"], "a pause is no fault"
    assert one.run("consent", "resume", "--json").json == {"paused_until": None, "watching": True}
    assert one.run("status", "--json").json["paused_until"] is None
    assert one.run("consent", "history", "--json").json == before, "a pause is no act"
    assert one.run("consent", "pause", "--minutes", "0").code == 2
    assert one.run("consent", "pause", "--minutes", "1441").code == 2


def test_without_an_agent_what_is_known_is_said_and_the_exit_code_is_1() -> None:
    with living() as gone:
        gone.run("try")
        gone.end(signal.SIGKILL)
        ran = gone.run("status")
        assert (ran.code, ran.err) == (1, "")
        assert ran.out.splitlines()[0] == "Not well: no agent runs here, so nothing is watched. → gleanwatch run"
        assert "Purposes" in ran.out
        told = gone.run("status", "--json")
        assert (told.code, told.json["running"], told.json["well"]) == (1, False, False)
        assert gone.run("consent", "pause").code == 1

        gone.database.write_bytes(b"x" * 8192)
        damaged = gone.run("status")
        assert (damaged.code, damaged.out.splitlines()[0][:9]) == (1, "Not well:")


def test_before_the_first_start() -> None:
    with living(started=False) as fresh:
        ran = fresh.run("status")
        assert ran.code == 1
        assert ran.out == "Not well: no agent runs here, and nothing is kept yet. → gleanwatch run\n"
        assert fresh.run("status", "--json").json["running"] is False
        assert not fresh.database.exists()
