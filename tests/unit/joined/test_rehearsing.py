"""A rehearsal: what is shown is what the real parts decided, the same everywhere, and it leaves nothing behind.

The play runs on the real gates, detector, store and retention; nothing here stands in for any of them.
"""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from agent.cli.main import main
from agent.cli.rehearse import page, show
from agent.consent.ruling import RulingRefused, rule
from agent.content.jurisdictions import UnknownJurisdiction, load_jurisdictions
from agent.content.purposes import load_purposes
from agent.ledger.note import VerifierKey
from agent.model.purposes import GateState, Mode, Purpose
from agent.opening import StartError, read_rules
from agent.rehearsing.cast import ROLES, RUNS, VISITS
from agent.rehearsing.draft import Draft, read_draft
from agent.rehearsing.playing import HOUR_MS, LONGEST_PLAY_MINUTES, SWEEP_MS, Met, Played, play
from agent.rehearsing.rehearsal import USUAL_DAY, Rehearsal, rehearse
from agent.rehearsing.sides import DESIGNED, NOTHING, Scene, scenes
from agent.rehearsing.signing import FIRST_LINE, seal
from agent.settings.instance import locate
from agent.sweeping import SWEEP_SECONDS
from tests.support.places import clean_environment, short_folder
from tests.unit.joined.rig import managed, personal

POLICY = """\
[organisation]
name = "Example Ltd"
contact = "privacy@example.org"
[monitoring]
jurisdiction = "NO"
lead_days = 7
[references]
dpia = "DPIA 2026-07"
representatives = "minutes of 2 March 2026"
policy = "staff handbook, chapter 9"
"""
KEY = "compliance.acme.example+b012f2ef+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
APPROVALS = f'[approvals]\nkeys = ["{KEY}"]\n'
INSTANCE = locate({"GLEANWATCH_HOME": "/nowhere"}, "linux", Path("/nowhere"), 1000)


def drafted(policy: str) -> Draft:
    with short_folder() as folder:
        (folder / "policy.toml").write_text(policy, "utf-8")
        return read_draft(folder / "policy.toml", INSTANCE)


@cache
def played(policy: str = POLICY) -> tuple[Draft, Played]:
    """Play a policy once for all tests that ask for it."""
    with short_folder() as folder:
        path = folder / "policy.toml"
        path.write_text(policy, "utf-8")
        draft = read_draft(path, INSTANCE)
        (folder / "play").mkdir()
        return draft, asyncio.run(play(draft, USUAL_DAY, folder / "play"))


@cache
def rehearsed(policy: str = POLICY, codes: tuple[str, ...] = ("NO",)) -> Rehearsal:
    with short_folder() as folder:
        path = folder / "policy.toml"
        path.write_text(policy, "utf-8")
        return asyncio.run(rehearse(read_draft(path, INSTANCE), personal(), codes))


def met(role: str, policy: str = POLICY + APPROVALS) -> Met:
    return next(one for one in played(policy)[1].met if one.run.role == role)


def scene(title: str, policy: str = POLICY + APPROVALS) -> Scene:
    return next(one for one in scenes(*played(policy)) if one.title.lower().startswith(title))


# What happens to each program


def test_a_scraper_that_is_stopped_within_the_hold_never_leaves() -> None:
    stopped = met("stopped")
    assert stopped.flagged_at is not None
    assert stopped.reportable_at is None
    assert stopped.finding is not None
    assert stopped.finding.answer == "stopped"
    assert scene("a scraper that the person stops").team == (NOTHING,)


@pytest.mark.parametrize("hours", [1, 24, 72])
def test_one_that_goes_on_is_reportable_once_the_hold_is_over_and_not_before(hours: int) -> None:
    goes_on = met("goes-on", f"{POLICY}[detection]\nhold_hours = {hours}\n")
    assert goes_on.flagged_at is not None
    assert goes_on.reportable_at is not None
    assert goes_on.finding is not None
    assert goes_on.reportable_at == goes_on.finding.held_until, "both sides are told one time"
    assert goes_on.reportable_at - goes_on.flagged_at >= hours * HOUR_MS


def test_collecting_with_high_confidence_is_reportable_at_once() -> None:
    media = met("media")
    assert media.finding is not None
    assert (media.finding.stage.value, media.finding.level.value) == ("collecting", "high")
    assert media.finding.platforms == ("youtube",)
    assert media.reportable_at is not None
    assert media.reportable_at - media.started < HOUR_MS
    assert {(total.platform, total.page_class) for total in media.totals} == {("youtube", "channel")}


def test_what_is_approved_is_listed_without_a_warning_and_stays() -> None:
    approved = met("approved")
    assert approved.finding is not None
    assert approved.flagged_at is None
    assert approved.reportable_at is None
    assert "approved until" in " ".join(scene("a tool that the compliance team").person)


def test_without_a_key_in_the_policy_nobody_can_approve() -> None:
    assert met("approved", POLICY).flagged_at is not None
    assert "nobody can approve" in " ".join(one.title for one in scenes(*played(POLICY)))


def test_an_ordinary_script_is_nobody_s_business() -> None:
    assert met("ordinary").finding is None
    assert scene("an ordinary script").team == (NOTHING,)


def test_the_whole_cast_appears() -> None:
    assert {run.role for run in RUNS} == set(ROLES)
    assert [one.run.role for one in played()[1].met] == [run.role for run in RUNS]


# What is observed, and from when


def test_nothing_is_counted_before_the_lead_days_are_over() -> None:
    assert played()[1].tried == {"gate_closed": 3}
    day = next(seen for seen in played()[1].gates if seen.what == "answered")
    gate = next(gate for gate in day.gates if gate.purpose is Purpose.DETECT)
    assert (gate.state, gate.reason) == (GateState.WAITING, "lead_days")


def test_every_page_of_a_watched_platform_is_counted_once_it_may_be() -> None:
    opened = sum(1 + len(visit.pauses) for visit in VISITS)
    assert sum(total.count for total in played()[1].totals) == opened
    assert played()[1].refused == {}


def test_a_platform_that_is_switched_off_is_neither_counted_nor_attributed() -> None:
    policy = POLICY.replace("lead_days = 7", 'lead_days = 7\nplatforms_off = ["youtube"]')
    whole = played(policy)[1]
    assert "youtube" not in {total.platform for total in whole.totals}
    assert whole.refused == {"unknown_platform": sum(1 + len(v.pauses) for v in VISITS if v.platform == "youtube")}
    media = met("media", policy).finding
    assert media is not None
    assert media.platforms == ()


def test_a_purpose_that_is_switched_off_ends_everything_that_rests_on_it() -> None:
    policy = POLICY.replace("lead_days = 7", 'purposes_off = ["security.detect-bulk-collection"]')
    whole = played(policy)[1]
    assert not whole.watched
    assert whole.totals == ()
    assert all(one.finding is None for one in whole.met)
    assert "the policy does without it" in " ".join(scene("the working day", policy).person)


def test_where_an_authorisation_is_needed_that_is_what_the_person_is_asked_for() -> None:
    policy = POLICY.replace('"NO"', '"CO"').replace("lead_days = 7", 'start = "authorised"')
    whole = played(policy)[1]
    assert whole.answer is not None
    assert whole.answer.value == "authorised"
    assert whole.watched


def test_retention_deletes_what_the_policy_says_when_it_says() -> None:
    policy = f"{POLICY}[retention]\nobservations_hours = 2\nfindings_days = 5\n"
    short, usual = played(policy)[1], played()[1]
    for whole in (short, usual):
        assert sum(each.page_loads for each in whole.deleted) == sum(total.count for total in usual.totals)
        assert sum(each.findings for each in whole.deleted) == 4
    assert short.deleted[-1].at < usual.deleted[-1].at - 80 * 24 * HOUR_MS


def test_retention_is_at_work_during_the_working_day_too() -> None:
    assert SWEEP_MS == SWEEP_SECONDS * 1000
    whole = played(f"{POLICY}[retention]\nobservations_hours = 1\n")[1]
    morning = min(one.started for one in whole.met)
    kept = [each.at for each in whole.deleted if each.page_loads]
    assert kept[0] < morning + LONGEST_PLAY_MINUTES * 60_000
    assert sum(total.count for total in whole.totals) < sum(total.count for total in played()[1].totals)


# The two other sides


def test_in_this_release_nothing_leaves_and_each_line_that_says_otherwise_is_marked() -> None:
    for one in scenes(*played(POLICY + APPROVALS)):
        for side in (one.team, one.researcher):
            assert side[0].startswith((NOTHING, "Nothing", f"[{DESIGNED}]"))
            assert len(side) == 1 or any(DESIGNED in line for line in side), side


def test_a_report_would_carry_no_hour_no_address_and_no_command_line() -> None:
    fields = "\n".join(line for one in scenes(*played(POLICY + APPROVALS)) for line in one.team[1:])
    assert "tool: yt-dlp" in fields
    assert "page loads in its window: youtube channel 2" in fields
    assert not re.search(r"\d\d:\d\d|https?:|somebody|/opt", fields)


def test_what_the_policy_does_without_never_leaves() -> None:
    off = 'purposes_off = ["compliance.signed-report", "research.tool-usage-stats"]'
    policy = POLICY.replace("lead_days = 7", off)
    assert "Nothing, ever" in scene("a media downloader", policy).team[0]
    assert all(
        "Nothing, ever" in one.researcher[0]
        for one in scenes(*played(policy))
        if one.when > "day 8" and "+1" in str(one)
    )


def test_nothing_private_of_the_play_is_shown_to_anybody() -> None:
    text = repr(scenes(*played(POLICY + APPROVALS)))
    for word in ("somebody", "monthly-report.py", "/opt/rehearsal", "archive.example", "https://"):
        assert word not in text


# Jurisdictions


def test_every_place_says_what_it_would_say_at_start() -> None:
    places = rehearsed(POLICY, ()).places
    known = load_jurisdictions()
    assert [place.code for place in places] == list(known)
    for place in places:
        try:
            drafted(POLICY.replace('"NO"', f'"{place.code}"'))
        except StartError as told:
            assert place.problems
            assert all(problem.reason in str(told) for problem in place.problems)
        else:
            assert not place.problems
    assert {"CO", "MA"} <= {place.code for place in places if place.problems}


def test_only_the_places_that_are_named_are_asked() -> None:
    assert [place.code for place in rehearsed(POLICY, ("CO", "NO")).places] == ["CO", "NO"]
    with pytest.raises(UnknownJurisdiction):
        rehearsed(POLICY, ("XX",))


# The hash


def test_the_hash_is_that_of_its_lines_and_each_line_can_be_checked() -> None:
    whole = rehearsed()
    text = "".join(f"{line}\n" for line in whole.sealed.lines)
    assert hashlib.sha256(text.encode()).hexdigest() == whole.sealed.sha256
    facts = dict(line.split(" ", 1) for line in whole.sealed.lines[1:])
    assert whole.sealed.lines[0] == FIRST_LINE
    assert facts["policy"] == hashlib.sha256(POLICY.encode()).hexdigest()
    assert facts["notice-en"] == hashlib.sha256(whole.text.encode()).hexdigest() == whole.notices["en"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "# a remark\n",
        lambda text: text.replace("lead_days = 7", "lead_days = 8"),
        lambda text: text + "[detection]\nhold_hours = 23\n",
    ],
    ids=["a remark", "a value of the notice", "the hold"],
)
def test_whatever_changes_in_the_policy_changes_the_hash(change: Callable[[str], str]) -> None:
    assert rehearsed(change(POLICY)).sealed.sha256 != rehearsed().sealed.sha256


def test_asking_other_places_or_another_day_is_another_rehearsal() -> None:
    draft = played()[0]
    assert rehearsed(POLICY, ("NO", "DE")).sealed != rehearsed().sealed
    later = asyncio.run(rehearse(draft, personal(), ("NO",), datetime.date(2027, 6, 1)))
    assert later.sealed != rehearsed().sealed


def test_naming_the_same_places_otherwise_is_the_same_rehearsal() -> None:
    assert rehearsed(POLICY, ("NO", "CO", "NO")).sealed.sha256 == rehearsed(POLICY, ("CO", "NO")).sealed.sha256


def test_the_policy_in_force_here_is_not_part_of_the_hash() -> None:
    draft = played()[0]
    one, other = (asyncio.run(rehearse(draft, force, ("NO",))) for force in (personal(), managed("GB")))
    assert one.sealed == other.sealed
    assert one.keys != other.keys
    assert one.notice != other.notice


def test_the_same_policy_in_force_shows_no_difference() -> None:
    draft = played()[0]
    same = asyncio.run(rehearse(draft, draft.rulebook, ("NO",)))
    assert same.keys == ()
    assert same.notice == ()


def test_the_same_input_gives_the_same_document_on_any_machine(tmp_path: Path) -> None:
    """Other time zones, languages, folders, persons and orders of hashing; nothing but the difference may differ."""
    documents = []
    for number, (zone, language) in enumerate([("Pacific/Kiritimati", "C"), ("America/St_Johns", "nb_NO.UTF-8")]):
        home = tmp_path / f"person {number}"
        home.mkdir()
        (home / "policy.toml").write_text(POLICY + APPROVALS, "utf-8")
        env = clean_environment(home, TZ=zone, LC_ALL=language, PYTHONHASHSEED=str(number + 1))
        code = "from agent.cli.main import main; main()"
        command = [sys.executable, "-c", code, "rehearse", "policy.toml", "--jurisdiction", "no", "--json"]
        done = subprocess.run(command, cwd=home, env=env, capture_output=True, check=False, timeout=100)
        assert done.returncode == 0, done.stderr.decode()
        documents.append(json.loads(done.stdout))
        kept = {path.name for path in Path(env["GLEANWATCH_HOME"]).iterdir()}
        assert kept == set(), "a rehearsal leaves nothing in the instance"
    assert documents[0] == documents[1]
    assert documents[0]["sealed"]["sha256"] == rehearsed(POLICY + APPROVALS).sealed.sha256


def test_what_lies_beside_the_policy_is_rehearsed_with_it(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY + '[notices]\nsupplement = "more.md"\n', "utf-8")
    (tmp_path / "more.md").write_text("Ask Ola.\n", "utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "broken.yml").write_text("title: 1\n", "utf-8")
    whole = asyncio.run(rehearse(read_draft(policy, INSTANCE), personal(), ("NO",)))
    assert "Ask Ola." in whole.text
    assert whole.left_out
    assert all("rules/" in one for one in whole.left_out)


def test_facts_stay_one_line() -> None:
    for name, value in (("a b", "c"), ("a", "b\nc"), ("", "x")):
        with pytest.raises(ValueError, match="one line"):
            seal([(name, value)])


# The command


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Any]:
    monkeypatch.setenv("GLEANWATCH_HOME", str(tmp_path / "home"))
    return lambda *words: CliRunner().invoke(main, ["rehearse", *map(str, words)])


@pytest.mark.parametrize(
    "wrong",
    [
        "nonsense",
        POLICY.replace("lead_days", "lead_day"),
        POLICY.replace("lead_days = 7", 'start = "authorised"'),
        POLICY.replace('"NO"', '"MA"'),
        POLICY + '[[ledger.witnesses]]\nkey = "w+00000000+AAAAAAAAAAAAAAAAAAAAAAAA"\nurl = "https://w.example"\n',
    ],
    ids=["no TOML", "unknown key", "forbidden start", "missing reference", "no witness's key"],
)
def test_a_wrong_policy_is_told_as_at_start(run: Callable[..., Any], tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(wrong, "utf-8")
    done = run(path)
    assert done.exit_code == 1
    at_start = replace(INSTANCE, policy_file=path, mode_hint=Mode.TEST)
    try:
        # Test mode reads a file that is not root's and is under no place's law: that is asked for next.
        policy = read_rules(at_start).policy
        rule(Mode.MANAGED, policy, load_purposes(), load_jurisdictions())
    except (StartError, RulingRefused) as told:
        assert str(told) in done.stderr
    else:
        pytest.fail("the agent itself would start")


def test_the_sample_of_the_page_for_compliance_teams_can_be_rehearsed(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "policy.md").read_text("utf-8")
    (tmp_path / "supplement.md").write_text("More.\n", "utf-8")
    path = tmp_path / "policy.toml"
    path.write_text(page.partition("## A whole sample")[2].partition("```toml\n")[2].partition("```")[0], "utf-8")
    draft = read_draft(path, INSTANCE)
    for witness in draft.policy.ledger.witnesses:
        assert str(VerifierKey.parse(witness.key)) == witness.key


def test_a_policy_that_is_not_there_is_said(run: Callable[..., Any], tmp_path: Path) -> None:
    done = run(tmp_path / "gone.toml")
    assert done.exit_code == 1
    assert "gone.toml" in done.stderr


def test_what_is_no_plain_file_is_refused_and_never_waited_for(run: Callable[..., Any], tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no named pipes of this kind")
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        done = run(path, "--jurisdiction", "NO")
        assert done.exit_code != 0
        assert f"{path}: is not a plain file" in done.stderr


def test_a_file_without_end_is_read_as_far_as_a_policy_may_go(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "long.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # all zeros, and none of them on the disk
    done = run(path, "--jurisdiction", "NO")
    assert done.exit_code != 0
    assert "is longer than 65536 bytes" in done.stderr


READS = """
import sys
from pathlib import Path
from agent.rehearsing.draft import read_draft
from agent.settings.instance import locate
path, opened = Path(sys.argv[1]), []
def hear(event, told):
    if event == "open" and told[:2] == (str(path), "r"):
        opened.append(1)
sys.addaudithook(hear)
read_draft(path, locate({"GLEANWATCH_HOME": "/nowhere"}, "linux", Path("/nowhere"), 1000))
print(len(opened))
"""


def test_the_draft_is_read_once_so_that_what_is_hashed_is_what_was_parsed(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, "utf-8")
    # In a process of its own: what listens to a process's openings stays in it.
    done = subprocess.run([sys.executable, "-c", READS, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]
    assert read_draft(path, INSTANCE).content == POLICY.encode()


def test_an_unknown_place_is_said_with_the_nearest(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    done = run(tmp_path / "policy.toml", "--jurisdiction", "XX")
    assert done.exit_code == 1
    assert "XX" in done.stderr


def printed(whole: Rehearsal, width: int) -> str:
    say = Console(width=width, record=True, file=io.StringIO(), highlight=False)
    show(say, whole)
    return say.export_text()


@pytest.mark.parametrize("width", [60, 99, 100, 180])
def test_wide_terminals_show_the_sides_beside_each_other_and_narrow_ones_below(width: int) -> None:
    text = printed(rehearsed(POLICY + APPROVALS), width)
    first = next(line for line in text.splitlines() if "The person sees" in line)
    assert ("A researcher sees" in first) is (width >= 100)
    assert max(len(line) for line in text.splitlines() if "sha256" not in line and "notice-" not in line) <= max(
        width, 90
    )
    assert rehearsed(POLICY + APPROVALS).sealed.sha256 in text


def test_the_page_is_one_file_without_script_that_says_the_same(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY.replace("Example Ltd", "<script>alert(1)</script>"), "utf-8")
    done = run(tmp_path / "policy.toml", "--jurisdiction", "NO", "--html", tmp_path / "out.html", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    html = (tmp_path / "out.html").read_text("utf-8")
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=", html)
    assert told["sealed"]["sha256"] in html
    assert all(each["title"] in html for each in told["scenes"])


def test_the_page_escapes_and_shows_every_change() -> None:
    whole = rehearsed(POLICY + APPROVALS, ("NO", "MA"))
    html = page(whole)
    assert "regulator_filing" in html
    assert "monitoring.lead_days" in html


def test_the_play_throws_its_database_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    draft = played()[0]
    asyncio.run(rehearse(draft, personal(), ("NO",)))
    assert list(tmp_path.iterdir()) == []
