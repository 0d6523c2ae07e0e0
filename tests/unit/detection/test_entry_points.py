"""Where the code begins that a process runs: files in every form, standard input, notebooks, runners of scripts."""

from __future__ import annotations

import io
import json
import os
import py_compile
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from agent.detection.identify.executable import program_of
from agent.detection.identify.standard_input import Given, ProcStdin, given_to, in_script
from agent.model.events import CommandLine

LEADS = """import requests, csv
from bs4 import BeautifulSoup
w = csv.writer(open('o.csv', 'w'))
for page in range(60):
    for li in BeautifulSoup(requests.get(f'https://site.example/people?page={page}').text).select('li.person'):
        w.writerow([li.text, li.select_one('.email').text])
"""
ORDINARY = "import json\nprint(json.dumps({'page': 1}))\n"


class Stdin:
    """Standard input as a test says it is."""

    def __init__(self, path: str = "", parent: CommandLine | None = None) -> None:
        self._path, self._parent = path, parent

    def file(self, pid: int) -> str:
        return self._path

    def is_pipe(self, pid: int) -> bool:
        return self._parent is not None

    def command_of(self, pid: int) -> CommandLine | None:
        return self._parent


def zipped(main: str, **modules: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("__main__.py", main)
        for name, text in modules.items():
            archive.writestr(f"{name}.py", text)
    return out.getvalue()


def notebook(*cells: str) -> str:
    made = [{"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": []} for cell in cells]
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "markdown", "source": ["# Leads"]}, *made]})


async def tools(world: Any, *argv: str) -> list[str]:
    return [found.tool for found in await world.start(*argv)]


async def test_a_zip_application_is_read_by_its_beginning_and_its_own_modules(world: Any, machine: Any) -> None:
    (machine.work / "sync.pyz").write_bytes(b"#!/usr/bin/env python3\n" + zipped("import leads", leads=LEADS))
    assert await tools(world, "python3", "sync.pyz") == ["script:bs4,requests"]


async def test_a_windows_launcher_with_a_script_in_it_is_known_by_the_package_it_starts(
    world: Any, machine: Any
) -> None:
    launcher = machine.work / "Scripts" / "notes.exe"
    launcher.parent.mkdir()
    launcher.write_bytes(
        b"MZ" + bytes(500) + zipped("import sys\nfrom scrapy.cmdline import execute\nsys.exit(execute())")
    )
    assert await tools(world, "python3", str(launcher)) == ["scrapy"]


async def test_compiled_code_is_read_by_its_names_and_never_unmarshalled(world: Any, machine: Any) -> None:
    machine.script("leads.py", LEADS)
    py_compile.compile(str(machine.work / "leads.py"), str(machine.work / "x.pyc"))
    assert await tools(world, "python3", "x.pyc") == ["script:bs4,requests"]


async def test_a_folder_is_run_by_its_main_module(world: Any, machine: Any) -> None:
    machine.script("job/__main__.py", LEADS)
    assert await tools(world, "python3", "job") == ["script:bs4,requests"]


async def test_a_module_of_ones_own_package_finds_its_neighbours(world: Any, machine: Any) -> None:
    machine.script("job/__init__.py", "")
    machine.script("job/run.py", "from job.leads import main")
    machine.script("job/leads.py", LEADS)
    assert await tools(world, "python3", "-m", "job.run") == ["script:bs4,requests"]


@pytest.mark.parametrize("text", ["exec(open('leads.py').read())", "import runpy\nrunpy.run_path('leads.py')"])
async def test_a_script_that_runs_another_by_its_file_is_read_with_it(world: Any, machine: Any, text: str) -> None:
    machine.script("leads.py", LEADS)
    machine.script("main.py", text)
    assert await tools(world, "python3", "main.py") == ["script:bs4,requests"]


@pytest.mark.parametrize(
    "argv",
    [
        ("python3", "-m", "cProfile", "-s", "time", "leads.py"),
        ("python3", "-m", "pdb", "leads.py"),
        ("python3", "-m", "coverage", "run", "leads.py"),
        ("python3", "-m", "debugpy", "--listen", "5678", "leads.py"),
        ("python3", "-m", "papermill", "leads.ipynb", "out.ipynb"),
        ("python3", "-m", "jupyter", "execute", "leads.ipynb"),
        ("python3", "-m", "nbconvert", "--to", "html", "--execute", "leads.ipynb"),
        ("python3", "-m", "ipykernel_launcher", "-f", "/run/kernel-1.json"),
    ],
    ids=lambda argv: " ".join(argv[1:4]),
)
async def test_a_program_around_a_script_is_looked_through(world: Any, machine: Any, argv: tuple[str, ...]) -> None:
    machine.script("leads.py", LEADS)
    machine.script("leads.ipynb", notebook("%matplotlib inline\n!ls", LEADS))
    assert await tools(world, *argv) == ["script:bs4,requests"]


async def test_a_notebook_that_is_only_converted_is_not_read(world: Any, machine: Any) -> None:
    machine.script("leads.ipynb", notebook(LEADS))
    assert await tools(world, "python3", "-m", "nbconvert", "--to", "html", "leads.ipynb") == []


async def test_a_kernel_runs_the_notebook_that_was_changed_last(world: Any, machine: Any) -> None:
    os.utime(machine.script("old.ipynb", notebook(LEADS)), (1, 1))
    machine.script("new.ipynb", notebook(ORDINARY))
    assert await tools(world, "python3", "-m", "ipykernel_launcher", "-f", "k.json") == []


async def test_a_project_that_is_installed_in_place_is_the_persons_own(world: Any, machine: Any) -> None:
    env = machine.environment()
    info = machine.distribution(env, "dailyjob", summary="internal")
    url = (machine.work / "project").as_uri()
    (info / "direct_url.json").write_text(json.dumps({"url": url, "dir_info": {"editable": True}}))
    machine.script("project/src/dailyjob/__init__.py", "")
    machine.script("project/src/dailyjob/cli.py", LEADS)
    script = machine.console_script(env, "dailyjob", "dailyjob.cli")
    assert await tools(world, str(env / "bin" / "python"), str(script)) == ["script:bs4,requests"]


@pytest.mark.parametrize("launcher", ["uv", "uvx", "pipx", "poetry", "hatch", "rye", "conda", "pdm"])
async def test_a_launcher_itself_is_no_finding_its_child_is(world: Any, machine: Any, launcher: str) -> None:
    machine.script("leads.py", LEADS)
    assert await tools(world, launcher, "run", "leads.py") == []
    assert await tools(world, "python3", "leads.py") == ["script:bs4,requests"]


def command(*argv: str, cwd: Path | str = "/") -> CommandLine:
    return CommandLine(argv, argv[0], str(cwd))


def given(stdin: Stdin, *argv: str) -> Given:
    return given_to(program_of(command(*argv)), 10, 9, stdin)


def test_a_file_on_standard_input_is_opened_anew() -> None:
    assert given(Stdin("/proc/10/fd/0"), "python3", "-") == Given(path="/proc/10/fd/0")
    assert given(Stdin("/proc/10/fd/0"), "python3", "x.py") == Given()


def test_a_terminal_or_a_script_of_its_own_gives_nothing() -> None:
    assert given(Stdin(), "python3") == Given()


@pytest.mark.parametrize(
    "start", ["python3 - <<EOF", "python3 <<'EOF'", 'cat <<"EOF" | python3', "\tpython3.11 <<-EOF"]
)
def test_a_short_here_document_is_read_from_the_shell_script(tmp_path: Path, start: str) -> None:
    (tmp_path / "a.sh").write_text(f"cd /\ncat <<OTHER\nno\nOTHER\n{start}\nimport requests\nEOF\necho done\n")
    assert given(Stdin(parent=command("bash", "a.sh", cwd=tmp_path)), "python3", "-") == Given(code="import requests")


def test_here_strings_and_files_fed_by_cat_are_found(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("import os")
    assert in_script("python3 <<< 'import requests'", "python3", "/").code == "import requests"
    assert in_script("cat x.txt | python3 -", "python3", str(tmp_path)).path == str(tmp_path / "x.txt")
    assert in_script("cat missing | python3", "python3", str(tmp_path)) == Given()
    shell = command("bash", "-c", "python3 - <<E\nimport httpx\nE\n")
    assert given(Stdin(parent=shell), "python3").code == "import httpx"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
def test_linux_is_asked_about_a_real_process_and_its_deleted_file(tmp_path: Path) -> None:
    path = tmp_path / "gone.py"
    path.write_text("import sys\nsys.stdin.close\nimport time\ntime.sleep(30)\n")
    with path.open() as handle:
        child = subprocess.Popen([sys.executable, "-"], stdin=handle)
    path.unlink()
    try:
        asked = ProcStdin()
        until = time.monotonic() + 10
        while not asked.file(child.pid) and time.monotonic() < until:
            time.sleep(0.01)
        assert Path(asked.file(child.pid)).read_text().startswith("import sys")
        mine = asked.command_of(os.getpid())
        assert mine is not None and mine.cwd == str(Path.cwd())
        assert ProcStdin(uid=os.getuid() + 1).file(child.pid) == ""
    finally:
        child.kill()
        child.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="byte strings on the command line")
@pytest.mark.parametrize("target", ["\udcff\udcfe.py", "a/" * 1_000_000, "x" * 2_000_000, "\0.py", ""])
async def test_no_command_line_hurts(world: Any, target: str) -> None:
    assert await world.start("python3", target) == []
    assert await world.start("python3", "-m", target) == []
    assert await world.start("python3", "-m", "cProfile", target) == []
