"""`gleanwatch rules`: what it prints, what its exit code says, and that its output is one line for each event."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli.rules import rules
from tests.unit.detection.sigma.making import ID, rule_text

GOOD = '{"logsources": [{"category": "test"}], "fields": {"f": "a"}}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "good.yml").write_text(rule_text("f: a", more="name: my-rule\ndescription: Because.\n"))
    (tmp_path / "events.ndjson").write_text(GOOD + "nonsense\n" + GOOD.replace('"a"', '"b"'))
    return tmp_path


def ask(*arguments: object) -> Result:
    return CliRunner().invoke(rules, [str(each) for each in arguments])


def test_check_says_that_all_is_good(folder: Path) -> None:
    result = ask("check", folder / "rules")
    assert (result.exit_code, result.stdout) == (0, "1 rule and 0 correlations can be used.\n")
    assert json.loads(ask("check", folder / "rules", "--json").stdout) == {"rules": 1, "correlations": 0, "refused": []}


def test_check_says_what_is_refused_where_and_why_and_fails(folder: Path) -> None:
    (folder / "rules" / "bad.yml").write_text(rule_text("f|expand: '%x%'", rule_id=f"{ID[:-1]}2"))
    result = ask("check", folder / "rules")
    assert result.exit_code == 1
    assert "bad.yml:7" in result.stdout
    assert "placeholder" in result.stdout
    (refused,) = json.loads(ask("check", folder / "rules", "--json").stdout)["refused"]
    assert refused["rule_id"] == f"{ID[:-1]}2"
    assert refused["line"] == 7


def test_check_of_nothing_fails(tmp_path: Path) -> None:
    assert ask("check", tmp_path).exit_code == 1
    assert ask("check", tmp_path / "nowhere").exit_code == 2


def test_list_shows_ours_and_those_that_are_code_or_those_of_a_folder(folder: Path) -> None:
    ours = json.loads(ask("list", "--json").stdout)["rules"]
    assert {"event", "event_count", "code"} <= {rule["kind"] for rule in ours}
    listed = json.loads(ask("list", "--dir", folder / "rules", "--json").stdout)["rules"]
    assert [rule["id"] for rule in listed] == [ID]
    assert "a rule" in ask("list", "--dir", folder / "rules").stdout


@pytest.mark.parametrize("rule_id", [ID, ID.upper(), "my-rule", ID[:9]])
def test_explain_says_it_in_english(folder: Path, rule_id: str) -> None:
    result = ask("explain", rule_id, "--dir", folder / "rules")
    assert "Because." in result.stdout
    assert "f is «a»" in result.stdout


def test_explain_of_what_is_not_there_says_what_to_do(folder: Path) -> None:
    result = ask("explain", "nothing", "--dir", folder / "rules")
    assert result.exit_code == 1
    assert "rules list" in result.stderr


def test_explain_knows_rules_that_are_code() -> None:
    known = [rule for rule in json.loads(ask("list", "--json").stdout)["rules"] if rule["kind"] == "code"]
    assert known[0]["title"] in ask("explain", known[0]["id"]).stdout


def test_test_gives_one_line_for_each_event(folder: Path) -> None:
    result = ask("test", "--rules", folder / "rules", "--events", folder / "events.ndjson", "--json")
    assert result.exit_code == 0
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["matches"] for answer in answers] == [[ID], [], []]
    assert "error" in answers[1]
    assert "1 of 3 lines" in result.stderr


def test_test_for_people_counts(folder: Path) -> None:
    result = ask("test", "--rules", folder / "rules", "--events", folder / "events.ndjson")
    assert ID in result.stdout
    assert "3 events tried" in result.stdout


def test_the_real_command_reads_a_pipe(folder: Path) -> None:
    command = [sys.executable, "-c", "from agent.cli.main import main; main()", "rules", "test"]
    command += ["--rules", str(folder / "rules"), "--events", "-", "--json"]
    done = subprocess.run(command, input=GOOD * 3, capture_output=True, text=True, check=True)
    assert done.stdout == f'{{"matches":["{ID}"]}}\n' * 3
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["check", "list", "explain", "test"])
def test_help_teaches(command: str) -> None:
    result = ask(command, "--help")
    assert result.exit_code == 0
    assert len(result.stdout) > 200
