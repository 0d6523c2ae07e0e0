"""A working day's starts: command lines of many kinds, over real files, for measuring what judging one of them costs.

Shells, version control, compilers, the system's own programs, Python and Node scripts of every size, console scripts of
a virtual environment, browsers with their renderers, unknown executables, and a few collectors. What can be real is
real: programs and libraries of this machine, the environment that runs the bench. The rest is written into a folder.
Every command line is another one, so that no answer comes from memory; the shares are those of a developer's machine,
whose starts are mostly small programs of the system.
"""

from __future__ import annotations

import itertools
import random
import shutil
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

from agent.model.events import CommandLine

GATHERS = """import csv
import requests
from bs4 import BeautifulSoup
rows = csv.writer(open("o.csv", "w"))
for page in range(60):
    soup = BeautifulSoup(requests.get(f"https://site{number}.example/people?page={{page}}").text)
    for li in soup.select("li.person"):
        rows.writerow([li.text, li.select_one(".email").text])
"""
ASKS = """import os, sys, requests
found = requests.get("https://api{number}.example/v1/issues", headers={{"Authorization": os.environ["TOKEN"]}}).json()
print(len(found), sys.version)
"""
WALKS = """const {{ chromium }} = require('playwright');
(async () => {{
  const page = await (await chromium.launch()).newPage();
  for (let i = 0; i < 200; i++) {{ await page.goto(`https://site{number}.example/in/${{i}}`); }}
}})();
"""
SERVES = """const http = require('http');
http.createServer((request, response) => response.end('{number}')).listen(3000);
"""
SHELL = """#!/bin/sh
set -e
cd "$(dirname "$0")"
for file in *.txt; do wc -l "$file"; done  # {number}
"""
LOOPS = """#!/bin/bash
for page in $(seq 1 500); do curl -s "https://site{number}.example/people?page=$page" >> people.html; sleep 1; done
"""

Make = Callable[[int], CommandLine]


class Day:
    """Makes command lines, each another one.

    Args:
        folder: Where scripts and copies of programs are written.
        rng: Chance.
    """

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._folder = folder
        self._rng = rng
        self._cwd = str(folder)
        standard = Path(sysconfig.get_path("stdlib"))
        self._modules = [path for path in sorted(standard.glob("*.py")) if path.stem.isidentifier()]
        self._packaged = sorted(Path(sysconfig.get_path("purelib")).glob("*/*.py"))
        self._tools = [path for path in sorted(Path(sys.executable).parent.iterdir()) if _is_script(path)]
        self._system = [path for path in sorted(Path("/usr/bin").iterdir()) if _is_binary(path)]
        self._kinds: tuple[tuple[str, int, Make], ...] = (
            ("shells", 16, self._shell),
            ("git", 12, self._git),
            ("compilers", 10, self._compiler),
            ("the system's own programs", 22, self._of_system),
            ("console scripts of an environment", 8, self._console),
            ("Python modules and code", 6, self._module),
            ("Python scripts of every size", 8, self._script),
            ("small scripts of one's own", 6, self._own),
            ("Node scripts", 4, self._node),
            ("browsers and their renderers", 5, self._browser),
            ("unknown executables", 2, self._unknown),
            ("collectors", 1, self._collector),
        )

    def starts(self) -> Iterator[tuple[str, CommandLine]]:
        """Yield kinds and command lines, in a mixed order."""
        names = [name for name, share, _ in self._kinds for _ in range(share)]
        makers = {name: make for name, _, make in self._kinds}
        for number in itertools.count(1):
            name = self._rng.choice(names)
            yield name, makers[name](number)

    def _line(self, exe: str, *argv: str) -> CommandLine:
        return CommandLine(argv, exe, self._cwd)

    def _written(self, name: str, text: str, number: int) -> str:
        path = self._folder / name
        path.write_text(text.format(number=number))
        return str(path)

    def _shell(self, number: int) -> CommandLine:
        kind = number % 4
        if kind == 0:
            return self._line("/usr/bin/bash", "bash", self._written(f"job{number}.sh", SHELL, number))
        if kind == 1:
            return self._line("/usr/bin/dash", "sh", "-c", f"test -f Makefile && make -C build{number} all")
        code = f"cd /tmp && export BRANCH=feature/{number} && if [ -d src ]; then grep -rn main src | head; fi"
        return self._line("/usr/bin/bash", "/bin/bash", "-c", code)

    def _git(self, number: int) -> CommandLine:
        more = (
            ("status", "--porcelain=v2", "--branch", f"--ignored=no-{number}"),
            ("log", "-n", str(number), "--format=%H %s"),
            ("fetch", "--prune", "origin", f"feature/{number}"),
            ("diff", "--stat", f"HEAD~{number}"),
        )
        return self._line("/usr/bin/git", "git", *more[number % len(more)])

    def _compiler(self, number: int) -> CommandLine:
        flags = ("-O2", "-Wall", "-Isrc", "-std=c17", "-c", f"src/part{number}.c", "-o", f"build/part{number}.o")
        rust = (
            "--crate-name",
            f"part{number}",
            "--edition=2021",
            "src/lib.rs",
            "--emit=dep-info,link",
            "-C",
            "opt-level=3",
        )
        javac = ("-d", "out", "-cp", "lib/*", f"src/Part{number}.java")
        return (
            self._line("/usr/bin/gcc", "gcc", *flags),
            self._line("/usr/lib/gcc/x86_64-linux-gnu/12/cc1", "cc1", "-quiet", *flags),
            self._line("/usr/bin/as", "as", "--64", "-o", f"/tmp/cc{number}.o", f"/tmp/cc{number}.s"),
            self._line("/usr/bin/rustc", "rustc", *rust),
            self._line("/usr/bin/make", "make", "-j4", f"part{number}"),
            self._line("/usr/bin/javac", "javac", *javac),
        )[number % 6]

    def _of_system(self, number: int) -> CommandLine:
        path = self._rng.choice(self._system)
        return self._line(str(path), path.name, "--verbose", f"file{number}.txt")

    def _console(self, number: int) -> CommandLine:
        path = self._rng.choice(self._tools)
        return self._line(sys.executable, sys.executable, str(path), "--config", f"setup{number}.cfg", "src")

    def _module(self, number: int) -> CommandLine:
        more = (
            ("-m", "json.tool", f"data{number}.json"),
            ("-m", "http.server", str(8000 + number)),
            ("-m", "pip", "install", "-r", f"requirements{number}.txt"),
            ("-c", f"import sys, json; print(json.load(open('a{number}.json'))['version'])"),
            ("-m", "pytest", "-q", f"tests/test_part{number}.py"),
        )
        return self._line(sys.executable, "python3", *more[number % len(more)])

    def _script(self, number: int) -> CommandLine:
        """Start a copy of a real module, from a hundred bytes to hundreds of kilobytes."""
        path = self._folder / f"tool{number}.py"
        shutil.copy(self._rng.choice(self._packaged if number % 2 else self._modules), path)
        return self._line("/usr/bin/python3", "python3", str(path), "--input", "a.csv")

    def _own(self, number: int) -> CommandLine:
        return self._line("/usr/bin/python3", "python3", self._written(f"own{number}.py", ASKS, number))

    def _node(self, number: int) -> CommandLine:
        return self._line("/usr/bin/node", "node", self._written(f"serve{number}.js", SERVES, number))

    def _browser(self, number: int) -> CommandLine:
        exe = "/usr/lib/chromium/chromium"
        if number % 6 == 0:
            return self._line(exe, exe, f"--profile-directory=Profile {number}")
        kind = ("renderer", "gpu-process", "utility")[number % 3]
        options = ("--lang=en-GB", "--num-raster-threads=2", f"--renderer-client-id={number}", "--enable-crashpad")
        return self._line(exe, exe, f"--type={kind}", *options, f"--shared-files=v8_context_snapshot_data:{number}")

    def _unknown(self, number: int) -> CommandLine:
        path = self._folder / f"program{number}"
        path.write_bytes(self._rng.choice(self._system).read_bytes() + b"\0" * number)
        path.chmod(0o755)
        return self._line(str(path), str(path), "--threads", "4", f"list{number}.txt")

    def _collector(self, number: int) -> CommandLine:
        kind = number % 4
        if kind == 0:
            return self._line("/usr/bin/python3", "python3", self._written(f"people{number}.py", GATHERS, number))
        if kind == 1:
            return self._line("/usr/bin/node", "node", self._written(f"walk{number}.js", WALKS, number))
        if kind == 2:
            return self._line("/usr/bin/bash", "bash", self._written(f"loop{number}.sh", LOOPS, number))
        return self._line("/usr/bin/wget", "wget", "-r", "-l", "5", f"https://site{number}.example/")


def _is_binary(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF" and path.stat().st_size < 16 << 20
    except OSError:
        return False


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return False
