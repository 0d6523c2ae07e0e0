"""The command line as a contract: every command walked, its help, its JSON, its one line of error, its exit code."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from agent.cli.main import main
from agent.cli.pager import pager_of
from tests.support.agent import COMMAND
from tests.unit.cli.living import Living, living

ASKS_A_PERSON = {
    "run",
    "consent review",
    "consent allow",
    "consent refuse",
    "consent withdraw",
    "consent object",
    "consent dispute",
    "findings answer",
}
"""They do nothing but ask, or show for as long as they run: there is no document to give."""

SEES_A_BROWSER_OR_SYSTEM = {"demo", "service install", "service remove", "browser package", "browser policy"}
"""They give JSON too, and are tried where what they need is: a real browser, the system's service manager."""

DOCUMENTS: dict[str, list[str]] = {
    "status": [],
    "findings": [],
    "findings explain": ["{finding}"],
    "findings elsewhere": [],
    "scan": ["--demo"],
    "ask": ["yt-dlp", "--platform", "youtube"],
    "try": [],
    "consent show": [],
    "consent notice": [],
    "consent pause": ["--minutes", "1"],
    "consent resume": [],
    "consent history": [],
    "consent receipts": [],
    "consent export": ["{folder}/everything"],
    "consent erase": ["--what", "all", "--preview"],
    "ledger verify": [],
    "ledger checkpoint": [],
    "ledger prove": ["0"],
    "ledger receipt": ["{entry}"],
    "ledger export": ["{folder}/log"],
    "ledger rotate": [],
    "rules check": ["{rules}"],
    "rules list": [],
    "rules explain": ["network.many"],
    "rules test": ["--rules", "{rules}", "--events", "{events}"],
    "rehearse": ["{policy}"],
    "browser install": [],
    "browser status": [],
    "browser remove": ["--home", "{folder}"],
    "doctor": [],
    "setup": ["--no-service"],
    "service show": [],
    "service status": [],
    "faults": [],
    "uninstall": [],
    "completion": ["bash"],
}
"""Every command that shows something → its arguments beside --json."""

REFUSES = {"findings elsewhere": "where you work", "ledger rotate": "at a terminal"}
"""They cannot be done here, and say why on stderr; a document is not owed then."""

POLICY = """[organisation]
name = "Example Ltd"
contact = "x@example.org"
[monitoring]
jurisdiction = "NO"
[references]
representatives = "agreement 1"
dpia = "assessment 1"
"""
RULE = """title: A rule
id: 7f3a9c1e-2b64-4d0f-9a55-0c1d2e3f4a5b
logsource: {category: process_creation}
detection: {a: {Image|endswith: /x}, condition: a}
"""


def leaves() -> dict[str, click.Command]:
    """Every command by its words, groups that do something of their own included."""
    found: dict[str, click.Command] = {}

    def walk(group: click.Group, words: tuple[str, ...]) -> None:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if not isinstance(command, click.Group) or any("--json" in one.opts for one in command.params):
                found[" ".join((*words, name))] = command
            if isinstance(command, click.Group):
                walk(command, (*words, name))

    walk(main, ())
    return found


LEAVES = leaves()


@pytest.fixture(scope="module")
def one() -> Iterator[Living]:
    with living() as running:
        assert running.run("try").code == 0
        yield running


@pytest.mark.parametrize("words", LEAVES)
def test_every_help_has_an_example(words: str) -> None:
    said = LEAVES[words].get_help(click.Context(LEAVES[words], info_name=words))
    assert re.search(rf"^ +(sudo |zcat .*\| )?gleanwatch {words}", said, re.MULTILINE), said
    assert LEAVES[words].get_short_help_str(400).endswith((".", "?")), "a whole sentence stands in the list"


@pytest.mark.parametrize("words", LEAVES)
def test_every_command_that_shows_something_has_json(words: str) -> None:
    has = any("--json" in one.opts for one in LEAVES[words].params)
    assert has != (words in ASKS_A_PERSON)
    assert not has or (words in DOCUMENTS) != (words in SEES_A_BROWSER_OR_SYSTEM), "a new command: say how it is tried"


@pytest.mark.parametrize("words", DOCUMENTS)
def test_json_is_one_document_and_nothing_else(words: str, one: Living, tmp_path: Path) -> None:
    if words.startswith("service") and sys.platform != "linux":
        pytest.skip("another system's services")
    (tmp_path / "events").write_text('{"logsources": [], "fields": {}}\n' * 2, "utf-8")
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    (tmp_path / "rule.yml").write_text(RULE, "utf-8")
    known = {
        "folder": str(tmp_path),
        "rules": str(tmp_path / "rule.yml"),
        "events": str(tmp_path / "events"),
        "policy": str(tmp_path / "policy.toml"),
        "finding": one.run("findings", "--json").json["findings"][0]["id"],
        "entry": str(one.run("consent", "history", "--json").json["history"][0]["act"]["entry"]),
    }
    ran = one.run(*words.split(), *(word.format(**known) for word in DOCUMENTS[words]), "--json")
    if words == "browser remove":  # it takes the launcher along
        assert one.run("browser", "install").code == 0
    if words == "consent pause":  # whichever test comes next may be one that waits for something to be seen
        assert one.run("consent", "resume").code == 0
    assert ran.err.count("\n") <= 1, ran.err
    if words in REFUSES:
        assert (ran.code, ran.out) == (1, "")
        assert REFUSES[words] in ran.err
        return
    documents = [json.loads(line) for line in ran.out.splitlines()]
    assert len(documents) == (2 if words == "rules test" else 1), ran
    assert ran.code in (0, 1), "misuse is not what this is"
    assert "\x1b" not in ran.out


def test_trying_twice_in_a_row_is_seen_twice(one: Living) -> None:
    """The first collection still runs when the second is asked for; each is answered by a flag of its own."""
    time.sleep(2.0)
    assert one.run("try", "--json").json["finding"]["flagged"]
    time.sleep(2.0)
    assert one.run("try", "--json").json["finding"]["flagged"]


# Errors


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["stauts"], "status"),
        (["consent", "revew"], "review"),
        (["findings", "expain"], "explain"),
        (["ledger", "verfy"], "verify"),
        (["rules", "lst"], "list"),
        (["browser", "instal"], "install"),
        (["status", "--jsn"], "--json"),
    ],
)
def test_what_was_meant_is_suggested(one: Living, words: list[str], meant: str) -> None:
    ran = one.run(*words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert meant in ran.err
    assert f"See: gleanwatch {' '.join(words[:-1])}".rstrip() in ran.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["ledger", "prove"], 2),
        (["ledger", "prove", "x"], 2),
        (["consent", "allow", "nothing.like-it"], 2),
        (["consent", "pause", "--minutes", "-1"], 2),
        (["nothing at all \x1b[31m"], 2),
        (["findings", "explain", "nobody"], 1),
        (["consent", "object"], 1),
        (["report"], 1),
    ],
)
def test_an_error_is_one_line_on_stderr(one: Living, words: list[str], code: int) -> None:
    ran = one.run(*words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (code, "", 1), ran
    assert ran.err.startswith("gleanwatch: ")
    assert "\x1b" not in ran.err


def test_a_reader_that_has_enough_is_no_error(one: Living) -> None:
    line = f"{COMMAND} rules list | head -n 1"
    done = subprocess.run(["sh", "-c", line], env=one.env, capture_output=True, text=True, check=True)
    assert (done.stderr, done.stdout.count("\n")) == ("", 1)


def test_a_terminal_that_has_no_such_letters_gets_question_marks_and_json_stays_utf8(one: Living) -> None:
    ran = one.run("doctor", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (ran.code, ran.err) == (0, "")
    assert "? policy and configuration" in ran.out
    subprocess.run(
        [COMMAND, "consent", "notice", "--json"],
        env={**one.env, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
    ).stdout.decode("utf-8")


# Terminals


def at_terminal(one: Living, *words: str, columns: int = 80, lines: int = 24, **env: str) -> str:
    """Everything that a command writes to a terminal of a size, escape sequences included."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    kept = {name: value for name, value in one.env.items() if name not in ("COLUMNS", "LINES")}
    process = subprocess.Popen(
        [COMMAND, *words],
        env={**kept, "TERM": "xterm-256color", "PAGER": "", **env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 65_536):
            said += piece
    except OSError:  # how Linux says that nobody holds the other end any more
        pass
    finally:
        os.close(ours)
    process.wait(60)
    return said.decode("utf-8", "replace").replace("\r\n", "\n")


SHOWN = [["status"], ["consent"], ["doctor"], ["findings", "--no-pager"], ["rules", "list", "--no-pager"], ["--help"]]
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7][0-9;]*m")
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>])")


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_colour_at_a_terminal_and_nowhere_else(one: Living, words: list[str]) -> None:
    if words != ["--help"]:
        assert COLOUR.search(at_terminal(one, *words)) or words[0] == "rules"
    assert not COLOUR.search(at_terminal(one, *words, NO_COLOR="1"))
    assert "\x1b" not in one.run(*words).out
    dumb = at_terminal(one, *words, TERM="dumb")
    assert "\x1b" not in dumb, "a terminal that knows no escape sequence gets none, not of a progress line either"
    assert dumb.strip()


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
@pytest.mark.parametrize("columns", [80, 120])
def test_nothing_is_wider_than_the_terminal(one: Living, words: list[str], columns: int) -> None:
    said = ESCAPES.sub("", at_terminal(one, *words, columns=columns, NO_COLOR="1"))
    wide = [line for line in said.split("\n") if len(line.split("\r")[-1].rstrip()) > columns]
    assert [line for line in wide if "/enter/" not in line] == [], "only a link is never cut"


def pager(folder: Path) -> tuple[Path, Path]:
    """A pager that keeps what it got and what it was told by LESS."""
    program, kept = folder / "pager", folder / "kept"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$LESS" > {kept}\ncat >> {kept}\n', "utf-8")
    program.chmod(0o700)
    return program, kept


def test_what_is_longer_than_the_screen_goes_through_the_pager(one: Living, tmp_path: Path) -> None:
    program, kept = pager(tmp_path)
    said = at_terminal(one, "rules", "list", PAGER=str(program))
    told = kept.read_text("utf-8").splitlines()
    assert told[0] == "FRX"
    assert len(told) > 24
    assert "network.many" not in said, "the pager has it, not the screen"


@pytest.mark.parametrize("words", [["consent", "history"], ["consent", "notice"], ["findings"], ["consent", "show"]])
def test_long_output_of_every_kind_is_paged(one: Living, tmp_path: Path, words: list[str]) -> None:
    program, kept = pager(tmp_path)
    at_terminal(one, *words, PAGER=str(program), lines=3)
    assert kept.exists()


@pytest.mark.parametrize(
    ("words", "env", "lines"),
    [
        (["rules", "list", "--no-pager"], {}, 24),
        (["rules", "list", "--json"], {}, 24),
        (["rules", "list"], {"TERM": "dumb"}, 24),
        (["rules", "list"], {}, 2000),
    ],
)
def test_a_pager_only_where_somebody_pages(
    one: Living, tmp_path: Path, words: list[str], env: dict[str, str], lines: int
) -> None:
    program, kept = pager(tmp_path)
    said = at_terminal(one, *words, **{"PAGER": str(program), **env}, lines=lines)
    assert not kept.exists()
    assert "network.many" in said


def test_a_pipe_is_never_paged(one: Living, tmp_path: Path) -> None:
    program, kept = pager(tmp_path)
    assert "network.many" in one.run("rules", "list", PAGER=str(program)).out
    assert not kept.exists()


def test_a_pager_that_fails_to_start_loses_nothing(one: Living, tmp_path: Path) -> None:
    broken = tmp_path / "pager"
    broken.write_bytes(b"\x7fELF nothing")
    broken.chmod(0o700)
    assert "network.many" in at_terminal(one, "rules", "list", PAGER=str(broken))


@pytest.mark.parametrize("value", ["", "cat", "no-such-pager-anywhere", "'unbalanced"])
def test_pagers_that_are_none(value: str) -> None:
    assert pager_of({"PAGER": value}) is None


def test_a_pager_may_have_arguments() -> None:
    assert pager_of({"PAGER": "sh -c 'cat; true'"}) == ["sh", "-c", "cat; true"]


def test_progress_is_shown_to_a_terminal_and_leaves_nothing(one: Living, tmp_path: Path) -> None:
    for words in (["ledger", "verify"], ["doctor"], ["consent", "export", str(tmp_path / "out")], ["scan", "--demo"]):
        assert "\x1b[2K" in at_terminal(one, *words), words  # a line that was there was cleared again
        assert not one.run(*[w if w != str(tmp_path / "out") else str(tmp_path / "two") for w in words]).err
