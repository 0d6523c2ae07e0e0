"""`gleanwatch ask FILE` and `gleanwatch ask -- COMMAND`: judged by the agent's own identification, nothing started."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agent.cli.ask import ask_about
from agent.cli.ask_command import Place, as_started, is_file_named, judge
from agent.content.catalogue import load_catalogue
from agent.content.platforms import load_platforms

CATALOGUE, PLATFORMS = load_catalogue(), load_platforms()
COLLECTS = """
import csv, requests
from bs4 import BeautifulSoup
rows = csv.writer(open("people.csv", "w"))
for number in range(1, 500):
    page = requests.get(f"https://www.linkedin.com/search/results/people/?page={number}")
    for card in BeautifulSoup(page.text, "html.parser").select(".profile"):
        rows.writerow([card.select_one(".name").text, card.select_one(".email").text])
"""
HARMLESS = "print(sum(range(10)))\n"


@pytest.fixture
def here(tmp_path: Path) -> Place:
    (tmp_path / "bin").mkdir()
    return Place(tmp_path, str(tmp_path / "bin"), tmp_path)


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def ask(folder: Path, *arguments: str, **env: str) -> Result:
    before = Path.cwd()
    os.chdir(folder)
    try:
        given = {"COLUMNS": "200", "GLEANWATCH_HOME": str(folder / "gw"), "HOME": str(folder), **env}
        return CliRunner().invoke(ask_about, list(arguments), env=given)
    finally:
        os.chdir(before)


def document(folder: Path, *arguments: str, **env: str) -> Any:
    done = ask(folder, "--json", *arguments, **env)
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


# As the kernel would start it


@pytest.mark.parametrize(
    ("text", "argv"),
    [
        ("#!/usr/bin/python3\n", ["/usr/bin/python3"]),
        ("#!/usr/bin/python3 -u\n", ["/usr/bin/python3", "-u"]),
        ("#!/usr/bin/env python3\n", ["python3"]),
        ("#!/usr/bin/env -S node --no-warnings\n", ["node", "--no-warnings"]),
        ("#!/usr/bin/env -S A=1 bash\n", ["bash"]),
        ("# no such line\n", ["python3"]),
        ("#!\n", []),
    ],
)
def test_the_first_line_of_a_script_is_followed(here: Place, text: str, argv: list[str]) -> None:
    file = here.cwd / "one.py"
    file.write_text(text + HARMLESS)
    started = as_started(["./one.py", "--fast"], here)
    assert started is not None
    assert list(started.argv) == ([*argv, str(file), "--fast"] if argv else ["./one.py", "--fast"])


def test_a_name_is_looked_up_on_the_path_and_nowhere_else(here: Place) -> None:
    tool = executable(here.cwd / "bin" / "mine", "#!/bin/sh\ntrue\n")
    started = as_started(["mine", "x"], here)
    assert started is not None
    assert started.argv == ("/bin/sh", str(tool), "x")
    assert as_started(["not-there"], here) is None


def test_what_is_no_plain_file_is_not_opened(here: Place) -> None:
    os.mkfifo(here.cwd / "pipe.py")
    assert as_started(["./pipe.py"], here) is None
    assert as_started(["./"], here) is None
    assert not is_file_named("pipe.py", here.cwd)
    assert not is_file_named("", here.cwd)


# Judged


async def test_a_script_is_judged_by_its_code_and_names_the_platforms_in_it(here: Place) -> None:
    (here.cwd / "collect.py").write_text(COLLECTS)
    judged = await judge(["./collect.py"], here, CATALOGUE, PLATFORMS)
    assert judged is not None
    assert judged.found is not None
    assert (judged.verdict, judged.platforms) == ("always", ("linkedin",))


async def test_ordinary_work_is_nothing_to_mention(here: Place) -> None:
    (here.cwd / "sum.py").write_text(HARMLESS)
    judged = await judge(["./sum.py", "https://www.linkedin.com/in/x"], here, CATALOGUE, PLATFORMS)
    assert judged is not None
    assert (judged.found, judged.verdict) == (None, "never")


async def test_a_command_of_the_catalogue_is_judged_though_it_is_not_installed(here: Place) -> None:
    many = await judge(["wget", "-r", "https://site.example/"], here, CATALOGUE, PLATFORMS)
    one = await judge(["wget", "https://site.example/page"], here, CATALOGUE, PLATFORMS)
    assert many is not None
    assert one is not None
    assert (many.verdict, one.flagged) == ("always", False)
    assert await judge(["no-such-program", "x"], here, CATALOGUE, PLATFORMS) is None
    assert await judge(["./wget", "-r"], here, CATALOGUE, PLATFORMS) is None


async def test_an_address_names_its_platform_and_what_is_none_does_no_harm(here: Place) -> None:
    words = ["wget", "-r", "https://www.youtube.com/@x", "x.com/somebody", "http://[::1", "a" * 5000 + ".com", "."]
    judged = await judge(words, here, CATALOGUE, PLATFORMS)
    assert judged is not None
    assert judged.platforms == ("x", "youtube")


# Said


def test_a_script_of_ones_own_is_answered_with_what_follows_and_what_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "collect.py").write_text(COLLECTS)
    for words in (["./collect.py"], ["collect.py"], ["--", "python3", "collect.py"]):
        said = document(tmp_path, "--jurisdiction", "in", *words)
        assert said["would_be_flagged"] == "always"
        assert said["platforms"] == ["linkedin"]
        about = {one["about"] for one in said["consequences"]}
        assert {"LinkedIn's terms", "The law: India"} <= about
        assert all(piece["rule"] and piece["title"] for piece in said["evidence"])
        assert "Researcher Access Program" in " ".join(way["way"] for way in said["instead"])
    read = ask(tmp_path, "./collect.py", "--jurisdiction", "IN").stdout
    for expected in ("Yes, as it stands here", "imports.loop", "The law: India", "not legal advice", "instead"):
        assert expected in read


def test_the_policys_place_is_told_and_its_reviewer_opens_what_is_unconfirmed(tmp_path: Path) -> None:
    (tmp_path / "collect.py").write_text(COLLECTS)
    (tmp_path / "gw").mkdir()
    policy = '[organisation]\nname = "A"\ncontact = "b"\n[monitoring]\njurisdiction = "CH"\n'
    for more, known in (("", False), ('[legal_reviewer]\nname = "Legal"\ndate = 2026-11-23\n', True)):
        (tmp_path / "policy.toml").write_text(policy + more)
        said = document(tmp_path, "./collect.py", GLEANWATCH_POLICY=str(tmp_path / "policy.toml"))
        swiss = [one["says"] for one in said["consequences"] if one["about"] == "The law: Switzerland"]
        assert any("generally accessible" in says for says in swiss) is known


def test_what_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    for words in (["./nothing.py"], ["--", "no-such-program", "-x"]):
        done = ask(tmp_path, *words)
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "is not known" in ask(tmp_path, "scrapy", "--jurisdiction", "ZZ").stderr


def test_ordinary_commands_are_answered_with_no(tmp_path: Path) -> None:
    said = document(tmp_path, "--", "ls", "-la")
    assert (said["would_be_flagged"], said["id"], said["consequences"]) == ("never", None, [])
    assert "Nothing about it speaks for collecting" in ask(tmp_path, "--", "ls", "-la").stdout
