"""`gleanwatch service`: can be read before it is installed, is installed as shown, says how it is, goes again."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.cli.service import closed_to
from agent.service.plan import HELPLESS
from agent.settings.lock import InstanceLock
from tests.support.agent import Agent, answers, prepared_agent
from tests.support.places import short_folder
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the command line uses this system's own form")


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    with short_folder() as home:
        async with prepared_agent(home) as agent:
            yield agent


def prepared(agent: Agent) -> Path:
    """Make the folder of the lock, and return the lock's file."""
    folder = agent.home / "data"
    folder.mkdir(mode=0o700, parents=True)
    return folder / "agent.lock"


def unit(agent: Agent) -> Path:
    (found,) = (agent.folder / ".config/systemd/user").glob("*.service")
    return found


async def test_what_is_shown_is_what_is_installed(agent: Agent) -> None:
    shown = (await agent.command("service", "show")).out
    assert not (agent.folder / ".config").exists()
    done = await agent.command("service", "install")
    assert done.code == 0, done.err
    assert unit(agent).read_text() == shown


async def test_it_says_how_it_is_from_first_to_last(agent: Agent) -> None:
    outcomes = []
    for verb in ("status", "install", "status", "install", "remove", "status"):
        answer = await agent.command("service", verb, "--json")
        assert answer.code == 0, answer.err
        outcomes.append(answer.json["outcome"])
    assert outcomes == ["absent", "written", "stopped", "written", "removed", "absent"]


async def test_the_administrators_form_is_for_one_person_and_names_their_folders(agent: Agent) -> None:
    text = (await agent.command("service", "show", "--system")).out
    assert f"User={os.getuid()}" in text.splitlines()
    assert "ProtectSystem=strict" in text.splitlines()
    assert "GLEANWATCH_HOME" not in text


async def test_a_user_who_does_not_exist_is_said_to_be_none(agent: Agent) -> None:
    done = await agent.command("service", "show", "--system", "--user", "nobody-of-that-name")
    assert done.code == 1 and "there is no user" in done.err


def test_a_folder_that_is_closed_to_the_person_is_found_wherever_the_interpreter_leads() -> None:
    with short_folder() as folder:
        folder.chmod(0o755)
        program, link = folder / "theirs" / "python", folder / "python"
        program.parent.mkdir()
        program.touch(0o755)
        link.symlink_to(program)
        assert closed_to(link, 12345, 12345) is None
        program.parent.chmod(0o700)
        assert closed_to(link, 12345, 12345) == program.parent.resolve()
        assert closed_to(link, program.stat().st_uid, 12345) is None
        program.parent.chmod(0o755)
        program.chmod(0o744)
        assert closed_to(link, 12345, 12345) is not None


async def test_as_a_service_the_agent_prints_nothing_and_keeps_its_log(agent: Agent) -> None:
    agent.arguments = ("run", "--demo", "--service")
    await agent.start()
    await agent.command("try")
    assert await agent.findings(), "something was found that could have been printed"
    assert await agent.stop() == 0
    assert agent.log == ""
    lines = (agent.home / "log/agent.log").read_text().splitlines()
    assert lines[0].endswith("starts, test mode") and lines[-1].endswith("stopped")


async def test_as_a_service_it_still_says_why_it_could_not_start(agent: Agent) -> None:
    agent.arguments = ("run", "--demo", "--service")
    await agent.start()
    async with prepared_agent(agent.folder, "run", "--demo", "--service") as second:
        second.env.update(agent.env)
        await second.launch()
        assert await second.wait() == HELPLESS
    assert "already runs on this instance" in agent.log


async def test_where_it_cannot_start_it_says_why_and_asks_not_to_be_started_again(agent: Agent) -> None:
    assert (await agent.command("service", "install", "--json")).json["outcome"] == "written"
    agent.home.mkdir(exist_ok=True)
    (agent.home / "config.toml").write_text("[budget]\nmemory_mb = 'much'\n")
    agent.arguments = ("run", "--service")
    await agent.launch()
    assert await agent.wait() == HELPLESS
    for verb in ("status", "install"):
        done = await agent.command("service", verb, "--json")
        assert (done.code, done.json["outcome"]) == (1, "refused")
        assert "memory_mb" in done.json["detail"] and "systemctl --user start" in done.json["detail"]


async def test_a_damaged_database_is_named_as_the_reason(agent: Agent) -> None:
    agent.arguments = ("run", "--service")
    await agent.start()
    assert await agent.stop() == 0
    await agent.command("service", "install")
    (agent.home / "data/gleanwatch.db").write_bytes(b"not a database" * 1000)
    done = (await agent.command("service", "status", "--json")).json
    assert done["outcome"] == "refused" and "database" in done["detail"]


async def test_a_service_waits_for_who_looks_into_the_instance_for_a_moment(agent: Agent) -> None:
    agent.arguments = ("run", "--service", "--wait", "60")
    with InstanceLock(prepared(agent)):
        await agent.launch()
        await asyncio.sleep(1.5)
        assert agent.running
    await until(lambda: answers(agent.socket), "the agent's socket", seconds=60)


async def test_beside_an_agent_of_a_terminal_it_says_what_to_end(agent: Agent) -> None:
    agent.arguments = ("run", "--service")
    await agent.start()
    done = (await agent.command("service", "install", "--json")).json
    assert done["outcome"] == "written"
    said = (await agent.command("service", "status", "--json")).json
    assert said["outcome"] == "stopped" and "not the service" in said["detail"]


async def test_faults_are_shown_and_taken_away(agent: Agent) -> None:
    from agent import crashes

    crashes.keep(
        agent.home / "faults",
        crashes.FaultReport(1, 1, 1, "0.1.0", "3.11", "Linux", "KeyError", ("agent/x.py:1 in f",)),
    )
    await agent.start()
    parts = {part["part"]: part for part in (await agent.status())["health"]}
    assert parts["faults"]["condition"] == "degraded" and "KeyError" in parts["faults"]["missed"]
    assert parts["budget"]["condition"] == "working"
    assert "agent/x.py:1 in f" in (await agent.command("faults")).out
    assert (await agent.command("faults", "--remove", "--json")).json == {"removed": 1, "left": 0}
    assert "faults" not in {part["part"] for part in (await agent.status())["health"]}
