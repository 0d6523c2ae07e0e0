"""Completion in the shells themselves: what the Tab key offers, that it is quick, and where the script goes."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.cli.completion import SHELLS, place
from agent.content.platforms import load_platforms
from agent.model.purposes import Purpose
from tests.support.agent import COMMAND
from tests.unit.cli.living import Living, living

# How each shell is asked what it would offer. bash and zsh call our function as their line editors do, zsh with the two
# commands in place that would show what is offered; fish says it by itself.
TYPED = {
    "bash": (
        'eval "$(gleanwatch completion bash)"\n'
        "COMP_WORDS=({line}); COMP_CWORD={last}; _gleanwatch_completion gleanwatch\n"
        'printf "%s\\n" "${{COMPREPLY[@]}}"'
    ),
    "zsh": (
        "compdef() {{ }}\n"
        "_describe() {{ print -rl -- ${{${{(P)3}}%%:*}} }}\n"
        "compadd() {{ local name=${{@[-1]}}; print -rl -- ${{(P)name}} }}\n"
        'eval "$(gleanwatch completion zsh)"\n'
        "words=({line}); CURRENT={last}+1; _gleanwatch_completion"
    ),
    "fish": "gleanwatch completion fish | source\ncomplete --do-complete {quoted}",
}


@pytest.fixture(scope="module")
def one() -> Iterator[Living]:
    with living() as running:
        assert running.run("try").code == 0
        yield running


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    if shutil.which(request.param) is None:
        pytest.skip(f"there is no {request.param} here")
    return str(request.param)


def offered(shell: str, env: Mapping[str, str], *words: str) -> list[str]:
    """What a shell offers after `gleanwatch WORDS`, by the script that the product prints."""
    path = f"{COMMAND.parent}{os.pathsep}{env['PATH']}"
    line = shlex.join(["gleanwatch", *words])
    typed = " ".join(["gleanwatch", *words])
    asked = TYPED[shell].format(line=line, quoted=shlex.quote(typed), last=len(words))
    done = subprocess.run(
        [shell, *(("--norc",) if shell == "bash" else ()), "-c", asked],
        env={**env, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not done.stderr, done.stderr
    return [text.split("\t")[0] for text in done.stdout.split("\n") if text]


def test_commands_are_offered(shell: str, one: Living) -> None:
    assert offered(shell, one.env, "fin") == ["findings"]
    assert {"status", "doctor", "consent"} <= set(offered(shell, one.env, ""))
    assert "review" in offered(shell, one.env, "consent", "")
    assert "--every-checkpoint" in offered(shell, one.env, "ledger", "verify", "--")


def test_purposes_are_offered(shell: str, one: Living) -> None:
    assert set(offered(shell, one.env, "consent", "allow", "")) == {p.value for p in Purpose if p.optional}


def test_platforms_are_offered(shell: str, one: Living) -> None:
    assert set(offered(shell, one.env, "ask", "yt-dlp", "--platform", "")) == set(load_platforms().keys)


def test_ids_of_findings_come_from_the_running_agent(shell: str, one: Living) -> None:
    def known() -> set[str]:
        return {found["id"] for found in one.run("findings", "--json").json["findings"]}

    before = known()
    told = set(offered(shell, one.env, "findings", "explain", ""))
    assert before
    assert before <= told <= known(), "what is found meanwhile may be told or not"
    assert offered(shell, one.env, "findings", "explain", min(before)[:6])


def complete(env: Mapping[str, str], *words: str) -> tuple[str, str]:
    """What the program answers to the Tab key, and the modules that it imported for it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", COMMAND],
        env={
            **env,
            "_GLEANWATCH_COMPLETE": "bash_complete",
            "COMP_WORDS": shlex.join(["gleanwatch", *words]),
            "COMP_CWORD": str(len(words)),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, done.stderr


def test_without_an_agent_there_are_no_ids_and_no_complaint() -> None:
    with living(started=False) as fresh:
        said, imported = complete(fresh.env, "findings", "explain", "")
        assert not [line for line in said.splitlines() if line.startswith("plain,") and not line.startswith("plain,--")]
        assert "Traceback" not in imported
        assert not fresh.database.exists(), "the Tab key starts nothing"


@pytest.mark.parametrize("words", [("",), ("fin",), ("findings", "explain", ""), ("ask", "x", "--platform", "")])
def test_the_tab_key_loads_nothing_slow(one: Living, words: tuple[str, ...]) -> None:
    _, imported = complete(one.env, *words)
    for slow in ("aiohttp", "apsw", "cryptography", "jinja2", "sigma", "agent.daemon", "yara_x"):
        assert f" {slow}\n" not in imported, f"{slow} is imported for a Tab"


def test_install_says_where_it_put_the_script_and_does_it_once(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GLEANWATCH_HOME": str(tmp_path / "gw")}
    for each in SHELLS:
        run = [COMMAND, "completion", each, "--install"]
        said = subprocess.run(run, env=env, capture_output=True, text=True, check=True).stdout
        path = place(each, env, tmp_path)
        assert str(path) in said.replace("\n", "")
        assert "_GLEANWATCH_COMPLETE" in path.read_text("utf-8")
        again = subprocess.run(run, env=env, capture_output=True, text=True, check=True).stdout
        assert "was there already" in again


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    path = place("bash", env, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text("mine", "utf-8")
    done = subprocess.run(
        [COMMAND, "completion", "bash", "--install"], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, path.read_text("utf-8")) == (1, "mine")
    assert "Move it away" in done.stderr
