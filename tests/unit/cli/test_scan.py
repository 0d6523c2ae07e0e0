"""`gleanwatch scan`: what it finds on a small machine of its own, what it says, who may ask for it, and what it leaves.

The machine is made of real folders and a real running program; only which processes are read is narrowed, to those that
a test started, since others run beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cli.scan import Machine, Seen, look, show
from agent.content.catalogue import load_catalogue
from agent.link.control import ControlServer, Emit
from agent.model.findings import Level, Stage
from agent.sensors.processes.choose import reader_for
from agent.sensors.processes.reader import Absence, Identity, Reading
from agent.settings.instance import locate
from tests.support.places import clean_environment, short_folder
from tests.unit.link.keeping import finding

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and dpkg's list")

COMMAND = [sys.executable, "-c", "from agent.cli.main import main; main()", "scan"]
KEYS = {
    *("id", "tool", "name", "family", "stage", "confidence", "level", "flagged", "reportable", "held_until"),
    *("approved", "approved_until", "lowered", "disputed"),
    *("platforms", "first_seen", "last_seen", "count", "processes", "evidence", "techniques"),
    *("consequences", "answer"),
}


class Only:
    """Reads the given processes for real, and knows of no other."""

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._reader = reader_for(os.getuid())

    def pids(self) -> Sequence[int]:
        return self._pids

    def identity(self, pid: int) -> Identity | Absence:
        return self._reader.identity(pid)

    def read(self, pid: int) -> Reading | Absence:
        return self._reader.read(pid)


async def nowhere(host: str) -> Sequence[str]:
    raise OSError("no name server is asked in tests")


def machine(folder: Path, *pids: int, **more: Any) -> Machine:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return Machine(home, {}, Only(*pids), system="linux", root=folder / "root", resolver=nowhere, **more)


def python_package(prefix: Path, name: str, version: str) -> Path:
    site = prefix / "lib" / "python3.11" / "site-packages"
    (site / f"{name.replace('-', '_')}-{version}.dist-info").mkdir(parents=True)
    (prefix / "pyvenv.cfg").touch()
    return site


@contextmanager
def running(folder: Path, tool: str, *arguments: str, talk: str = "pass") -> Iterator[int]:
    """Run a console script as pip installs it, whose program says when it is there and waits."""
    env = folder / "elsewhere" / "venv"
    site = python_package(env, tool, "1.5")
    (site / tool).mkdir()
    (site / tool / "__init__.py").write_text(
        f"import time\n\ndef main():\n    {talk}\n    print('on', flush=True)\n    time.sleep(60)\n"
    )
    (site / f"{tool}-1.5.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {tool}\nVersion: 1.5\n")
    (site / f"{tool}-1.5.dist-info" / "RECORD").write_text(f"{tool}/__init__.py,,\n")
    (env / "bin").mkdir()
    (env / "bin" / "python").symlink_to(sys.executable)
    script = env / "bin" / tool
    script.write_text(f"import sys\nsys.path.insert(0, {str(site)!r})\nfrom {tool} import main\nsys.exit(main())\n")
    argv = [str(env / "bin" / "python"), str(script), *arguments]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=folder) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"on\n"
            yield process.pid
        finally:
            process.kill()


def tools(seen: Seen) -> dict[str, Any]:
    return {finding.tool: finding for finding in seen.findings}


async def test_a_bare_machine_shows_nothing_and_says_what_to_do_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = await look(machine(tmp_path))
    # The interpreter that runs the scan is one of the Pythons found; ours may hold anything.
    bare = Seen([], {}, seen.packages, 0, 0, True)
    assert (seen.processes, seen.extensions, seen.running) == (0, 0, 0)
    show(bare)
    said = capsys.readouterr().out
    assert "No tool for bulk collection was found" in said
    assert "gleanwatch ask" in said
    assert "Nothing was stored" in said


async def test_packages_of_every_kind_are_listed_with_their_place_and_version(tmp_path: Path) -> None:
    python_package(tmp_path / "home" / "work" / ".venv", "instaloader", "4.14")
    python_package(tmp_path / "home" / ".local", "gallery_dl", "1.27.0")
    node = tmp_path / "root" / "usr" / "lib" / "node_modules" / "puppeteer"
    node.mkdir(parents=True)
    (node / "package.json").write_text('{"version": "23.1.0"}')
    dpkg = tmp_path / "root" / "var" / "lib" / "dpkg"
    dpkg.mkdir(parents=True)
    (dpkg / "status").write_text("Package: httrack\nStatus: install ok installed\nVersion: 3.49\n\n")
    seen = await look(machine(tmp_path))
    found = tools(seen)
    assert {"instaloader", "gallery-dl", "puppeteer", "httrack"} <= found.keys()
    for tool in ("instaloader", "gallery-dl", "puppeteer", "httrack"):
        assert (found[tool].stage, found[tool].flagged) == (Stage.INSTALLED, False)
    assert ("pypi", "4.14") in seen.places["instaloader"]
    assert ("pypi", "1.27.0") in seen.places["gallery-dl"]
    assert ("npm", "23.1.0") in seen.places["puppeteer"]
    assert ("debian", "3.49") in seen.places["httrack"]
    assert seen.packages >= 4
    assert seen.complete


async def test_an_extension_is_found_in_its_profile(tmp_path: Path) -> None:
    verified = (t for t in load_catalogue().tools if t.extensions and t.verified["extensions"] != "none")
    tool = next((t for t in verified if len(t.extensions[0]) == 32), None)
    if tool is None:
        pytest.skip("no extension of the catalogue is verified yet: none may make a card")
    place = tmp_path / "home" / ".config" / "chromium" / "Default" / "Extensions" / tool.extensions[0] / "2.1_0"
    place.mkdir(parents=True)
    seen = await look(machine(tmp_path))
    assert seen.extensions == 1
    assert tools(seen)[tool.id].stage is Stage.INSTALLED
    assert seen.places[tool.id] == [("extension of chromium", "2.1")]


async def test_extensions_are_counted_also_where_none_is_known(tmp_path: Path) -> None:
    (tmp_path / "home" / ".config" / "chromium" / "Default" / "Extensions" / ("a" * 32) / "1.0_0").mkdir(parents=True)
    seen = await look(machine(tmp_path))
    assert seen.extensions == 1


async def test_a_running_tool_is_judged_as_the_agent_judges_it(tmp_path: Path) -> None:
    with running(tmp_path, "instaloader", "somebody") as pid:
        seen = await look(machine(tmp_path, pid))
    found = tools(seen)["instaloader"]
    assert (found.stage, found.flagged) == (Stage.RUNNING, True)
    assert found.level.rank >= Level.MEDIUM.rank
    assert [process.pid for process in found.processes] == [pid]
    assert seen.running == 1
    # Its environment lies where no search looks: it was found by what runs in it.
    assert ("pypi", "1.5") in seen.places["instaloader"]
    assert "somebody" not in repr(seen)


async def test_a_running_tool_that_talks_to_a_watched_platform_is_collecting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as site:
        port = site.getsockname()[1]
        talk = f"import socket; talk = socket.create_connection(('127.0.0.1', {port}))"
        with running(tmp_path, "instaloader", "somebody", talk=talk) as pid:
            loopback = {"www.instagram.com": f"127.0.0.1:{port}"}
            seen = await look(machine(tmp_path, pid, loopback=loopback))
    found = tools(seen)["instaloader"]
    assert (found.stage, found.level, found.platforms) == (Stage.COLLECTING, Level.HIGH, ("instagram",))
    assert found.flagged


async def test_a_tool_asked_for_its_help_only_is_not_flagged(tmp_path: Path) -> None:
    with running(tmp_path, "instaloader", "--help") as pid:
        seen = await look(machine(tmp_path, pid))
    assert not tools(seen)["instaloader"].flagged


async def test_an_ordinary_program_is_not_listed(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec("/bin/sleep", "60")
    try:
        seen = await look(machine(tmp_path, process.pid))
    finally:
        process.kill()
        await process.wait()
    assert (seen.processes, seen.running) == (1, 0)


async def test_what_is_said_names_family_place_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    python_package(tmp_path / "home" / ".local", "scrapy", "2.11")
    with running(tmp_path, "instaloader", "somebody") as pid:
        show(await look(machine(tmp_path, pid)))
    said = capsys.readouterr().out
    for expected in ("social-media-scraper", "Instaloader", "running, pypi", "1.5", "⚑", "scraper-framework", "2.11"):
        assert expected in said
    assert "1 of them running" in said


async def test_progress_rises_to_its_end(tmp_path: Path) -> None:
    told: list[float] = []
    with running(tmp_path, "instaloader", "x") as pid:
        await look(machine(tmp_path, pid), lambda done, what: told.append(done))
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] <= 1


@settings(deadline=None)
@given(st.text(max_size=12))
def test_whatever_a_package_calls_itself_the_terminal_only_shows_it(text: str) -> None:
    one = finding(tool="x", name=f"a [b] {text}[/]", family="api-harvester")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        show(Seen([one], {"x": [("pypi", text), ("npm", "[/]")]}, 1, 0, 0, True))
    assert "[b]" in said.getvalue()
    assert all(character.isprintable() or character == "\n" for character in said.getvalue())


# Who may ask


def scan(env: Mapping[str, str], *options: str, stdin: int = subprocess.DEVNULL) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], env=env, stdin=stdin, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.fixture
def env() -> Iterator[dict[str, str]]:
    with short_folder() as folder:
        yield clean_environment(folder, PYTHONPATH=str(Path(__file__).parents[3]))


def test_a_script_may_not_scan_before_the_notice_was_shown(env: dict[str, str]) -> None:
    done = scan(env, "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "gleanwatch consent review" in done.stderr


def test_a_test_may_scan_and_gets_one_document_and_nothing_is_left_behind(env: dict[str, str]) -> None:
    before = sorted(Path(env["HOME"]).rglob("*"))
    done = scan(env, "--demo", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert set(document) == {"scanned", "complete", "findings"}
    assert set(document["scanned"]) == {"packages", "extensions", "processes", "tools", "running"}
    assert document["scanned"]["tools"] == len(document["findings"])
    assert document["scanned"]["processes"] >= 1
    for listed in document["findings"]:
        assert set(listed) == KEYS
    assert sorted(Path(env["HOME"]).rglob("*")) == before


@pytest.mark.parametrize(
    ("reason", "allowed"), [("notice_not_shown", False), ("not_acknowledged", True), ("objected", True), ("", True)]
)
async def test_the_gate_of_a_running_instance_says_whether_the_notice_was_shown(
    env: dict[str, str], reason: str, allowed: bool
) -> None:
    instance = locate(env, sys.platform, Path(env["HOME"]), os.getuid())
    instance.control_socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def handle(command: str, args: Mapping[str, object], emit: Emit) -> object:
        assert command == "status"
        return {"gates": [{"purpose": "security.detect-bulk-collection", "state": "closed", "reason": reason}]}

    control = ControlServer(instance.control_socket, os.getuid(), handle, lambda name: None)
    await control.start()
    try:
        done = await asyncio.to_thread(scan, env, "--json")
    finally:
        await control.stop()
    assert (done.returncode == 0) is allowed, done.stderr
    assert bool(done.stdout) is allowed


def test_a_person_at_a_terminal_may_always_scan(env: dict[str, str], read_terminal: Callable[[int], str]) -> None:
    import pty

    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(COMMAND, env={**env, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs) as run:
            os.close(theirs)
            said = read_terminal(ours)
        assert run.returncode == 0, said
    finally:
        os.close(ours)
    assert "Nothing was stored" in said


@pytest.fixture
def read_terminal() -> Callable[[int], str]:
    def read(terminal: int) -> str:
        said = b""
        while True:
            try:
                data = os.read(terminal, 65_536)
            except OSError:  # how Linux says that nobody holds the other end any more
                return said.decode("utf-8", "replace")
            said += data

    return read
