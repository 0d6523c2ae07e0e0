"""`gleanwatch setup` from the wheel alone, in a folder far from any checkout, as `pipx install` leaves it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.support.agent import running_agent
from tests.support.installed import Installed, build_wheel, install_wheel
from tests.support.places import CHECKOUT, EXTENSION, clean_environment, short_folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    return install_wheel(build_wheel(folder), folder / "venv")


@dataclass
class Person:
    """Somebody with a home of their own, who runs what was installed."""

    installed: Installed
    home: Path
    env: dict[str, str]

    def runs(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `gleanwatch` in the person's home, where no checkout is."""
        return subprocess.run(
            [self.installed.command, *arguments],
            cwd=self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def told(self, *arguments: str) -> dict[str, object]:
        done = self.runs(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        told: dict[str, object] = json.loads(done.stdout)
        return told


@pytest.fixture
def person(installed: Installed) -> Iterator[Person]:
    with short_folder() as home:
        env = clean_environment(home)
        del env["GLEANWATCH_HOME"]  # as everybody has it: at the usual places
        (home / ".config/chromium").mkdir(parents=True)
        (home / ".mozilla/firefox").mkdir(parents=True)
        yield Person(installed, home, env)


def files(folder: Path, *ignored: str) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if path.suffix not in {".pyc", *ignored}}


def in_git(folder: str) -> set[str]:
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", folder]
    done = subprocess.run(asked, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is not a git checkout")
    return {name for name in done.stdout.splitlines() if (CHECKOUT / name).is_file()}


@pytest.mark.parametrize("package", ["agent", "native_host"])
def test_the_wheel_has_every_file_of_a_package(package: str, installed: Installed) -> None:
    there = {f"{package}/{name}" for name in files(installed.packages / package)}
    assert in_git(package) - there == set()


def test_the_wheel_has_the_extension_as_it_stands(installed: Installed) -> None:
    brought = installed.packages / "agent" / "extension"
    assert files(brought) == files(EXTENSION)
    assert all((brought / name).read_bytes() == (EXTENSION / name).read_bytes() for name in files(EXTENSION))


def test_nothing_of_the_checkout_is_on_its_path(installed: Installed, tmp_path: Path) -> None:
    code = "import agent, native_host, sys; print(agent.__file__, native_host.__file__, *sys.path, sep='\\n')"
    done = subprocess.run(
        [installed.python, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    own = str(installed.folder)
    lines = done.stdout.splitlines()
    assert all(line.startswith(own) for line in lines[:2])
    assert str(CHECKOUT) not in lines


def test_setup_connects_each_browser_says_where_the_extension_is_and_what_is_next(person: Person) -> None:
    told = person.told("setup")
    assert told["ok"] is True and told["service"] is None
    extension = Path(str(told["extension"]))
    assert json.loads((extension / "manifest.json").read_text())["name"]
    assert extension.is_relative_to(person.installed.folder)
    launcher = person.home / ".local/share/gleanwatch/host/gleanwatch_native_host"
    for folder in (".config/chromium/NativeMessagingHosts", ".mozilla/native-messaging-hosts"):
        manifest = json.loads((person.home / folder / "org.gleanwatch.relay.json").read_text())
        assert manifest["path"] == str(launcher)
    assert os.access(launcher, os.X_OK)
    steps = told["next"]
    assert isinstance(steps, list)
    assert any(str(extension) in step for step in steps) and any("gleanwatch run" in step for step in steps)


def test_a_second_time_changes_nothing(person: Person) -> None:
    def state() -> dict[str, tuple[bytes, int]]:
        found = (path for path in person.home.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}

    person.told("setup")
    before = state()
    told = person.told("setup")
    assert state() == before
    assert {one["outcome"] for one in told["browsers"]} == {"already there"}  # type: ignore[attr-defined]


def test_with_the_service_wanted_it_is_installed_and_starts_this_installation(person: Person) -> None:
    told = person.told("setup", "--service")
    assert told["service"]["outcome"] in ("written", "started")  # type: ignore[index]
    unit = (person.home / ".config/systemd/user/gleanwatch.service").read_text()
    assert f"ExecStart={person.installed.python} -P -m agent run --service" in unit
    assert person.told("service", "remove")["outcome"] == "removed"


def test_where_no_browser_is_it_says_so_and_is_no_failure(person: Person) -> None:
    for folder in (".config/chromium", ".mozilla/firefox", ".mozilla", ".config"):
        (person.home / folder).rmdir()
    person.env["PATH"] = str(person.home)  # no browser's program either
    told = person.told("setup")
    assert told["browsers"] == []
    assert "none was found" in str(told["next"])


def test_setting_up_for_root_by_mistake_is_refused(person: Person) -> None:
    if os.getuid():
        pytest.skip("only root can have come by sudo")
    person.env["SUDO_USER"] = "ada"
    done = person.runs("setup")
    assert done.returncode == 1
    assert "without sudo" in done.stderr
    assert not (person.home / ".local/share/gleanwatch").exists()


def test_a_file_in_the_way_is_named_left_alone_and_fails_the_setup(person: Person) -> None:
    theirs = person.home / ".config/chromium/NativeMessagingHosts/org.gleanwatch.relay.json"
    theirs.parent.mkdir(parents=True)
    theirs.write_text('{"name": "org.gleanwatch.relay", "path": "/opt/other"}')
    done = person.runs("setup", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["ok"] is False
    assert "/opt/other" in theirs.read_text()


class Here(AbstractResolver):
    """Every name is this machine, as browsers have it for names under `localhost`."""

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


async def test_the_installed_agent_runs_and_shows_its_page(
    installed: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.agent.COMMAND", installed.command)
    connector = aiohttp.TCPConnector(resolver=Here())
    with short_folder() as folder:
        async with running_agent(folder) as agent, aiohttp.ClientSession(connector=connector) as browser:
            said = (await agent.command("status")).out
            link = next(word for word in said.split() if word.startswith("http://"))
            answer = await browser.get(link)
            assert answer.status == 200
            assert "Gleanwatch" in await answer.text()
