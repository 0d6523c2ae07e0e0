"""`gleanwatch uninstall`: says before what goes and what stays, and afterwards that is how the home folder is."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent import crashes
from agent.crashes import FaultReport
from agent.keys.keystore import KeyLocked, database_key, forget_key, kept_in_store
from agent.settings.instance import locate, prepare
from tests.support.agent import Agent, prepared_agent
from tests.support.places import short_folder

FAULT = FaultReport(1, 1, 1, "0.1.0", "3.11", "Linux", "KeyError", ())


def walked(home: Path) -> set[str]:
    """Every file, link and folder below, but for what the test itself keeps beside the agent."""
    return {path.relative_to(home).as_posix() for path in home.rglob("*")} - {"agent.log", "run"}


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    """An agent at the usual places of a home with two browsers, prepared and not started."""
    with short_folder() as home:
        async with prepared_agent(home, "run", "--service") as agent:
            (home / "gw").rmdir()
            del agent.env["GLEANWATCH_HOME"]
            agent.env["GLEANWATCH_DESKTOP"] = "off"
            (home / ".config/chromium").mkdir(parents=True)
            (home / ".mozilla/firefox").mkdir(parents=True)
            yield agent


async def lived(agent: Agent) -> None:
    """Set up, install the service, let it run, keep a fault: leave every trace there can be. The agent runs on."""
    assert (await agent.command("setup", "--service")).code == 0
    await agent.start()
    crashes.keep(agent.folder / ".local/share/gleanwatch/faults", FAULT)
    assert (await agent.command("completion", "bash", "--install")).code == 0


async def test_all_that_was_listed_goes_and_all_that_is_left_was_listed(agent: Agent) -> None:
    before = walked(agent.folder)
    await lived(agent)
    told = (await agent.command("uninstall", "--json")).json
    assert told["done"] is False
    assert agent.running, "listing changes nothing"
    done = await agent.command("uninstall", "--yes", "--json")
    assert (done.code, done.json["done"], done.json["left"]) == (0, True, [])
    assert (done.json["goes"], done.json["stays"]) == (told["goes"], told["stays"])
    await agent.wait()
    left = walked(agent.folder) - before
    files = {name for name in left if (agent.folder / name).is_file() or (agent.folder / name).is_symlink()}
    data = agent.folder / ".local/share/gleanwatch/data"
    assert files and all((agent.folder / name).parent == data for name in files)
    assert any(str(data) in line for line in told["stays"])
    for name in ("log", "faults", "host"):
        assert not (data.parent / name).exists()


async def test_with_the_data_nothing_of_ours_is_left_at_all(agent: Agent) -> None:
    before = walked(agent.folder)
    await lived(agent)
    done = await agent.command("uninstall", "--data", "--yes", "--json")
    assert (done.code, done.json["left"]) == (0, [])
    left = walked(agent.folder) - before
    assert not [name for name in left if "gleanwatch" in name]
    assert not [name for name in left if (agent.folder / name).is_file()]


async def test_a_copy_can_be_taken_first(agent: Agent, tmp_path: Path) -> None:
    await lived(agent)
    copy = tmp_path / "mine"
    done = await agent.command("uninstall", "--data", "--export", str(copy), "--yes")
    assert done.code == 0, done.err
    assert "your proofs of which notices" in " ".join(done.out.split())
    assert any(copy.iterdir())


async def test_every_file_that_goes_is_named_and_how_the_extension_goes_is_said(agent: Agent) -> None:
    await lived(agent)
    told = (await agent.command("uninstall", "--json")).json
    goes = "\n".join(told["goes"])
    for name in ("gleanwatch.service", "NativeMessagingHosts", "native-messaging-hosts", "agent.log", "relay.sock"):
        assert name in goes
    assert "running agent is ended" in goes and "faults: 1" in goes and "bash-completion" in goes
    assert "chrome://extensions" in "\n".join(told["stays"]) and "pipx uninstall" in "\n".join(told["stays"])


async def test_where_nobody_can_type_the_word_nothing_is_changed(agent: Agent) -> None:
    await lived(agent)
    before = walked(agent.folder)
    done = await agent.command("uninstall")
    assert done.code == 1 and "Nothing was changed" in done.err
    assert agent.running
    assert walked(agent.folder) == before


async def test_a_browser_with_a_folder_of_its_own_is_listed_and_taken_away_as_well(agent: Agent) -> None:
    other = agent.folder / "work/chromium"
    assert (await agent.command("browser", "install", "--user-data-dir", str(other))).code == 0
    manifest = other / "NativeMessagingHosts/org.gleanwatch.relay.json"
    assert manifest.exists()
    told = (await agent.command("uninstall", "--json")).json
    assert f"What connects a browser: {manifest}" in told["goes"]
    done = await agent.command("uninstall", "--yes", "--json")
    assert (done.code, done.json["left"]) == (0, [])
    assert not manifest.exists()
    assert not (agent.folder / ".local/share/gleanwatch/host").exists()


async def test_a_file_of_the_persons_own_in_our_folder_stays_and_was_listed(agent: Agent) -> None:
    await lived(agent)
    mine = agent.folder / ".local/share/gleanwatch/data/my-notes.txt"
    mine.write_text("mine")
    done = await agent.command("uninstall", "--data", "--yes", "--json")
    assert f"A file that is not ours: {mine}" in done.json["stays"]
    assert mine.read_text() == "mine"


async def test_where_nothing_is_there_it_says_so_and_leaves_nothing(agent: Agent) -> None:
    before = walked(agent.folder)
    done = await agent.command("uninstall", "--yes")
    assert done.code == 0, done.err
    assert "nothing of it is here" in done.out
    assert walked(agent.folder) == before


async def test_a_second_instance_is_taken_away_by_itself(agent: Agent) -> None:
    await lived(agent)
    scripts = [path for path in agent.folder.rglob("*gleanwatch*") if "bash-completion" in path.parts]
    agent.env["GLEANWATCH_HOME"] = str(agent.folder / "second")
    assert (await agent.command("setup", "--service", "--json")).json["service"]["outcome"] in ("written", "started")
    assert (await agent.command("uninstall", "--yes", "--json")).json["left"] == []
    assert not (agent.folder / "second").exists()
    assert scripts and all(script.is_file() for script in scripts), "the Tab key's script is the first one's too"
    del agent.env["GLEANWATCH_HOME"]
    assert agent.running
    assert (await agent.command("service", "status", "--json")).json["outcome"] != "absent"


class Store:
    """A key store in memory."""

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.secrets[service, username]


def test_a_key_in_the_systems_store_is_taken_out_of_it(tmp_path: Path) -> None:
    own = locate({"GLEANWATCH_HOME": str(tmp_path / "gw")}, "linux", tmp_path, os.getuid())
    prepare(own, os.getuid())
    store = Store()
    database_key(own, store)
    assert kept_in_store(own) and store.secrets
    with pytest.raises(KeyLocked, match="stays in it"):
        forget_key(own, None)
    forget_key(own, store)
    assert not store.secrets
    forget_key(own, store)
